//! What a rule means for a person: whether it fits, in which organization, which project, which roles, which order. Nothing is
//! written here.

use super::{
    rules::{Check, checks, matches},
    store::{self, Candidate, Details, Rule},
};
use crate::{offering, plan};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    access::{Found, Role},
    action::Cx,
    id,
};
use stoa_tenancy::{
    grant::{behalf, direct, store as grants, store::Person},
    personal_project::{
        self, Place, Wanted,
        rules::{DEFAULT, is_personal, resolve},
    },
    role,
    settings::Settings,
};

/// What becomes of a role.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is given.
    Given,
    /// The person holds it already.
    Held,
    /// It is left out: why.
    Refused(String),
}

impl Outcome {
    fn shown(&self, role: &Role) -> Value {
        let (action, reason) = match self {
            Outcome::Given => ("grant", ""),
            Outcome::Held => ("held", ""),
            Outcome::Refused(why) => ("skip", why.as_str()),
        };
        json!({"role": role.name, "action": action, "reason": reason})
    }
}

/// What a rule means for a person.
#[derive(Debug)]
pub struct Verdict {
    /// The person.
    pub person: Person,
    /// What is known of him.
    pub details: Details,
    /// How each list fits.
    pub checks: Vec<Check>,
    /// Whether the rule fits.
    pub matched: bool,
    /// Whether his details come from where he signs in.
    pub protected: bool,
    /// The organizations that are called like his, where the rule asks for that; two stand for more.
    pub candidates: Vec<Candidate>,
    /// Why nothing happens although the rule fits.
    pub blocked: Option<String>,
    /// The organization.
    pub customer: Option<Found>,
    /// The role in the organization, and what becomes of it.
    pub customer_role: Option<(Role, Outcome)>,
    /// The name that the project is to have.
    pub project_name: Option<String>,
    /// The project: there or to be made.
    pub project: Option<Place>,
    /// Whether the project is the person's own.
    pub personal: bool,
    /// The role in the project, and what becomes of it.
    pub project_role: Option<(Role, Outcome)>,
    /// Whether an order is placed; why not if not. `None` without a plan.
    pub order: Option<std::result::Result<(), String>>,
}

impl Verdict {
    /// Whether anything can happen.
    pub fn acts(&self) -> bool {
        self.matched && self.blocked.is_none()
    }

    /// Why nothing happens; empty if something does.
    pub fn reason(&self) -> String {
        match (&self.blocked, self.matched) {
            (_, false) => "The rule does not fit the user.".into(),
            (Some(why), true) => why.clone(),
            (None, true) => String::new(),
        }
    }

    /// Whether its project is new or there.
    pub fn project_action(&self) -> Option<&'static str> {
        match &self.project {
            Some(Place::Existing(_)) => Some("existing"),
            Some(Place::New(_)) => Some("create"),
            None => None,
        }
    }

    /// As the dry run shows it.
    pub fn shown(&self, rule: &Rule) -> Value {
        let role = |role: &Option<(Role, Outcome)>| role.as_ref().map(|(role, outcome)| outcome.shown(role));
        let project = self.project.as_ref().map(|place| match place {
            Place::Existing(uuid) => json!({"action": "existing", "uuid": id::hex(uuid), "name": self.project_name}),
            Place::New(name) => json!({"action": "create", "uuid": null, "name": name}),
        });
        let order = self.order.as_ref().map(|order| match order {
            Ok(()) => json!({"action": "create", "reason": ""}),
            Err(why) => json!({"action": "skip", "reason": why}),
        });
        json!({
            "rule_uuid": id::hex(&rule.uuid),
            "rule_name": rule.name,
            "matched": self.matched,
            "would_provision": self.acts(),
            "reason": self.reason(),
            "checks": self.checks.iter().map(Check::shown).collect::<Vec<_>>(),
            "customer_uuid": self.customer.as_ref().map(|found| id::hex(&found.uuid)),
            "customer_name": self.customer.as_ref().map(|found| found.name.clone()),
            "customer_role": role(&self.customer_role),
            "project": project,
            "project_role": role(&self.project_role),
            "order": order,
        })
    }
}

/// What a rule means for a person now. Others make no project in the organization until the transaction ends.
pub async fn evaluate(cx: &mut Cx<'_>, rule: &Rule, person: Person) -> Result<Verdict> {
    let details = store::details(cx.tx, person.id).await?;
    let settings = Settings::load(&mut *cx.tx).await?;
    let methods = settings.texts("PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS");
    let checks = checks(&rule.criteria, &details.known);
    let mut verdict = Verdict {
        matched: matches(&checks),
        protected: methods.contains(&details.registration_method),
        candidates: Vec::new(),
        blocked: None,
        customer: None,
        customer_role: None,
        project_name: None,
        project: None,
        personal: false,
        project_role: None,
        order: None,
        person,
        details,
        checks,
    };
    if verdict.matched && !verdict.person.is_active {
        verdict.blocked = Some("The user is not active.".into());
    }
    if verdict.acts() {
        organization(cx, rule, &mut verdict).await?;
    }
    if verdict.acts() {
        provision(cx, rule, &mut verdict).await?;
    }
    Ok(verdict)
}

/// The organization: the one that the rule names, or the only one that is called like the person's; that counts only where
/// the person can't say himself where he is from.
async fn organization(cx: &mut Cx<'_>, rule: &Rule, verdict: &mut Verdict) -> Result<()> {
    let named = match rule.customer_id {
        Some(id) => store::customer(cx.tx, id).await?,
        None => {
            if !verdict.details.organization.is_empty() {
                verdict.candidates = store::customers_named(cx.tx, &verdict.details.organization).await?;
            }
            let why = match verdict.candidates.as_slice() {
                _ if !verdict.protected => {
                    "The user could have chosen the organization: its registration method is not protected."
                }
                [] => "No organization is called like the user's.",
                [_] => "",
                _ => "More than one organization is called like the user's.",
            };
            if !why.is_empty() {
                verdict.blocked = Some(why.into());
                return Ok(());
            }
            verdict.candidates.first().cloned()
        }
    };
    let found = match named {
        Some(named) => behalf::scope(cx, "customer", named.uuid).await?,
        None => None,
    };
    let Some(found) = found else {
        verdict.blocked = Some("The organization is gone.".into());
        return Ok(());
    };
    if grants::organization(cx.tx, found.id).await?.closed {
        verdict.blocked = Some("The organization is blocked or archived.".into());
    }
    verdict.customer = Some(found);
    Ok(())
}

async fn provision(cx: &mut Cx<'_>, rule: &Rule, verdict: &mut Verdict) -> Result<()> {
    let Some(customer) = verdict.customer.clone() else { return Ok(()) };
    if let Some(id) = rule.customer_role_id {
        let role = role::store::by_id(cx.tx, id).await?;
        let outcome = outcome(cx, customer.clone(), &role, &verdict.person).await?;
        verdict.customer_role = Some((role, outcome));
    }
    let role = match rule.project_role_id {
        Some(id) if rule.create_project => role::store::by_id(cx.tx, id).await?,
        _ => return Ok(()),
    };
    let template = rule.template.as_deref().filter(|text| !text.is_empty()).unwrap_or(DEFAULT);
    let name = resolve(template, &verdict.person);
    let personal = is_personal(template);
    let wanted = Wanted { customer_id: customer.id, name: &name, person: &verdict.person, role_id: role.id, personal };
    let (place, count) = personal_project::look(cx, wanted).await?;
    verdict.personal = personal;
    verdict.project_name = Some(name);
    let mine = matches!(place, Place::Existing(_)) && personal;
    if count > 1 && !mine {
        verdict.blocked = Some("More than one project of the organization has this name.".into());
        return Ok(());
    }
    let mut there = None;
    let outcome = match &place {
        Place::Existing(uuid) => {
            let found = behalf::scope(cx, "project", *uuid).await?.ok_or(Error::NotFound)?;
            there = Some(found.id);
            outcome(cx, found, &role, &verdict.person).await?
        }
        Place::New(_) => admitted(cx, &customer, &role, &verdict.person).await?,
    };
    if let (Outcome::Refused(why), Place::New(_)) = (&outcome, &place) {
        verdict.blocked = Some(format!("No project is made for somebody who may not enter it. {why}"));
    }
    verdict.order = ordered(cx, rule, &verdict.person, there).await?;
    verdict.project = Some(place);
    verdict.project_role = Some((role, outcome));
    Ok(())
}

/// What becomes of a role at a scope that is there.
pub async fn outcome(cx: &mut Cx<'_>, scope: Found, role: &Role, person: &Person) -> Result<Outcome> {
    match direct::would_give(cx, scope, role.clone(), person.clone()).await {
        Ok(true) => Ok(Outcome::Given),
        Ok(false) => Ok(Outcome::Held),
        Err(Error::Forbidden(decision)) => Ok(Outcome::Refused(decision.to_string())),
        Err(Error::Invalid(invalid)) => {
            let all: Vec<String> = invalid.fields.into_values().flatten().collect();
            Ok(Outcome::Refused(all.join(" ")))
        }
        Err(other) => Err(other),
    }
}

/// What becomes of a role in a project that is to be made.
async fn admitted(cx: &mut Cx<'_>, customer: &Found, role: &Role, person: &Person) -> Result<Outcome> {
    let organization = grants::organization(cx.tx, customer.id).await?;
    match role::offered::require(cx.tx, role.id, customer.id, &customer.places).await {
        Err(Error::Invalid(invalid)) => {
            let all: Vec<String> = invalid.fields.into_values().flatten().collect();
            return Ok(Outcome::Refused(all.join(" ")));
        }
        asked => asked?,
    }
    Ok(match (role.active, organization.restriction.admits(&person.traits)) {
        (false, _) => Outcome::Refused("Role is not active.".into()),
        (_, false) => Outcome::Refused("The organization does not let the user in.".into()),
        _ => Outcome::Given,
    })
}

/// Whether the rule's plan is ordered in a project; one that is to be made has no orders yet.
pub async fn ordered(
    cx: &mut Cx<'_>,
    rule: &Rule,
    person: &Person,
    project_id: Option<i64>,
) -> Result<Option<std::result::Result<(), String>>> {
    let Some(plan) = rule.plan_id else { return Ok(None) };
    let plan = plan::store::load(cx.tx, plan).await?.ok_or(Error::NotFound)?;
    let offering = offering::store::load(cx.tx, plan.offering_id).await?.ok_or(Error::NotFound)?;
    if !offering.state.sells() {
        return Ok(Some(Err("The offering is not available.".into())));
    }
    let has = match project_id {
        Some(project) => store::has_ordered(cx.tx, person.id, project, offering.id).await?,
        None => false,
    };
    Ok(Some(if has { Err("The user has an order for this offering in the project.".into()) } else { Ok(()) }))
}
