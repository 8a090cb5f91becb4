//! Plans, and applying them.
//!
//! A plan is made in a rehearsal: what there is to do is done, looked at and taken back, so what the plan says of permissions is
//! what applying it will make of them. Applying reads, compares and does in one transaction; a plan that was shown before is
//! applied only if what it was made from is still so in that transaction.

use super::{Declaration, read::words, rules, step::Step, store};
use crate::access::simulate;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use stoa_kernel::{
    Error, Result,
    access::Actor,
    action::Done,
    door::{Caller, Core, Series},
};

/// The form of saved plans.
const FORM: i64 = 1;

/// What it takes to make things as they are declared.
#[derive(Debug, Default)]
pub struct Plan {
    /// The steps, in order.
    pub(super) steps: Vec<Step>,
    /// What is there, is not declared, and stays as it is.
    pub(super) left: Vec<String>,
    /// Digests of what was read, by part.
    pub(super) present: BTreeMap<String, String>,
    /// Digest of the declaration.
    pub(super) declaration: String,
    /// What people could do more or less, and what else is touched; null where there is nothing to do.
    pub(super) consequences: Value,
    /// What would still differ when all is done.
    pub(super) remains: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// As data: to be shown, or to be kept and applied later.
    pub fn saved(&self) -> Value {
        json!({
            "form": FORM,
            "declaration": self.declaration,
            "present": self.present,
            "steps": self.steps.iter().map(Step::told).collect::<Vec<_>>(),
            "not_declared": self.left,
            "remains": self.remains,
            "consequences": self.consequences,
        })
    }
}

/// Plans: says what it would take, and what people could do more or less then.
///
/// # Errors
/// Invalid for what is wrong with the declaration, or what an action refuses, by file and line.
pub async fn plan(core: &Arc<Core>, caller: &Caller, declared: Arc<Declaration>) -> Result<Plan> {
    let rehearsal = core.rehearse(caller, move |mut series| {
        let declared = declared.clone();
        Box::pin(async move {
            let mut plan = compare(&mut series, &declared, false).await?;
            if plan.is_empty() {
                return Ok((plan, None));
            }
            let steps = Arc::new(plan.steps.clone());
            let seen = simulate::look(&mut series, &|series| {
                let steps = steps.clone();
                Box::pin(async move { run(series, &steps).await })
            })
            .await?;
            plan.remains = remains(&mut series, &declared).await?;
            Ok((plan, Some(seen)))
        })
    });
    let (mut plan, seen) = rehearsal.await?;
    if let Some(seen) = seen {
        let about = json!({"name": "declared.apply", "about": "Make things as they are declared."});
        plan.consequences = simulate::tell(core, about, seen)?;
    }
    Ok(plan)
}

/// Compares with all that is there, so that what is not declared is told too. Tries nothing out.
///
/// # Errors
/// Invalid for what is wrong with the declaration, by file and line.
pub async fn drift(core: &Arc<Core>, caller: &Caller, declared: Arc<Declaration>) -> Result<Plan> {
    let rehearsal = core.rehearse(caller, move |mut series| {
        let declared = declared.clone();
        Box::pin(async move { compare(&mut series, &declared, true).await })
    });
    rehearsal.await
}

/// Makes things as they are declared, all or nothing. With a plan that was kept, exactly what it says.
///
/// # Errors
/// Invalid for what is wrong with the declaration, or what an action refuses, by file and line; conflict if the plan is not of
/// this declaration or of the present world.
pub async fn apply(core: &Arc<Core>, caller: &Caller, declared: Arc<Declaration>, kept: Option<Value>) -> Result<Plan> {
    let kept = Arc::new(kept);
    core.perform_all(caller, move |mut series| {
        let (declared, kept) = (declared.clone(), kept.clone());
        Box::pin(async move {
            let mut plan = compare(&mut series, &declared, false).await?;
            if let Some(kept) = kept.as_ref() {
                still(kept, &plan)?;
            }
            if !plan.is_empty() {
                run(&mut series, &plan.steps).await?;
                plan.remains = remains(&mut series, &declared).await?;
            }
            Ok(plan)
        })
    })
    .await
}

async fn compare(series: &mut Series<'_>, declared: &Declaration, wide: bool) -> Result<Plan> {
    let present = store::present(series.tx, declared, wide, series.now).await?;
    let rules::Steps { steps, left } = rules::steps(declared, &present, series.now)?;
    let (present, declaration) = (present.digests(), declared.digest());
    Ok(Plan { steps, left, present, declaration, ..Plan::default() })
}

/// What still differs, now that all is done: what an action stores otherwise than it was declared, or what something else made
/// of it at once.
async fn remains(series: &mut Series<'_>, declared: &Declaration) -> Result<Vec<String>> {
    let left = compare(series, declared, false).await?;
    Ok(left.steps.iter().map(ToString::to_string).collect())
}

/// Runs steps, and gives all that was done as if it were one thing.
async fn run(series: &mut Series<'_>, steps: &[Step]) -> Result<(Done, Actor)> {
    let (mut made, mut all, mut by) = (BTreeMap::new(), Done::default(), Actor::default());
    for step in steps {
        let call = step.call(&made)?;
        let (done, actor) = series.run(&call).await.map_err(|error| at(step, error))?;
        if let (Some(item), Some(uuid)) = (step.makes, done.uuid) {
            made.insert(item, uuid);
        }
        all.events.extend(done.events);
        by = actor;
    }
    Ok((all, by))
}

/// The error of a step, with the step and its place.
fn at(step: &Step, error: Error) -> Error {
    match error {
        Error::Unavailable(_) | Error::Broken(_) | Error::Unauthenticated(_) | Error::TooMany { .. } => error,
        other => {
            let place = step.place.as_ref().map_or_else(|| "not declared".to_owned(), ToString::to_string);
            Error::field(place, format!("{step}: {}", words(&other)))
        }
    }
}

/// Whether a plan that was kept is still what there is to do.
fn still(kept: &Value, plan: &Plan) -> Result<()> {
    if kept["form"] != FORM {
        return Err(Error::invalid("This is no plan that this version of the program has made."));
    }
    if kept["declaration"] != plan.declaration {
        return Err(Error::Conflict("The declaration changed since the plan. Plan again.".into()));
    }
    let before = |part: &str| kept["present"].get(part).and_then(Value::as_str);
    let mut parts: Vec<&str> = plan
        .present
        .iter()
        .filter(|(part, now)| before(part) != Some(now.as_str()))
        .map(|(part, _)| part.as_str())
        .collect();
    let known = kept["present"].as_object().into_iter().flatten().map(|(part, _)| part.as_str());
    parts.extend(known.filter(|part| !plan.present.contains_key(*part)));
    if !parts.is_empty() {
        let text = format!("The world changed since the plan: {}. Plan again.", parts.join(", "));
        return Err(Error::Conflict(text));
    }
    // Lines may have moved; what is done may not.
    let steps = |told: &Value| {
        let mut told = told.clone();
        told.as_object_mut().map(|told| told.remove("at"));
        told.to_string()
    };
    let then: Vec<String> = kept["steps"].as_array().into_iter().flatten().map(steps).collect();
    let now: Vec<String> = plan.steps.iter().map(|step| steps(&step.told())).collect();
    if then != now {
        return Err(Error::Conflict("What there is to do changed since the plan. Plan again.".into()));
    }
    Ok(())
}

/// The identifier under which everything of one application is on record.
pub fn request(core: &Core) -> String {
    let uuid = core.clock.uuid().simple().to_string();
    format!("apply-{}", &uuid[uuid.len() - 12..])
}
