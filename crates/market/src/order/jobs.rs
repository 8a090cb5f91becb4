//! What happens to orders later: those that waited for a day go on when it has come.

use super::{actions::progress, store};
use crate::resource;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};
use stoa_kernel::{
    Error, Result, Time, Tx,
    action::{Cx, Done, Listener},
    door::{Call, Caller, Core},
    event::Event,
    field::Mode,
    id,
    store::jobs::{Handler, Periodic, Runner},
};
use stoa_tenancy::{
    access::{permissions::Permission::OrderApprove, simulate::Difference},
    role,
};

/// Looks for orders whose day has come, every ten minutes.
const RELEASE: Periodic = Periodic { kind: "order.release", every_seconds: 600 };

/// Adds what happens later to the runner.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    let handler: Handler = Arc::new(move |_, _, _| {
        let core = core.clone();
        Box::pin(async move { release_due(&core).await.map(drop) })
    });
    runner.handlers.insert(RELEASE.kind, handler);
    runner.periodic.push(RELEASE);
}

/// Lets every order go on whose day has come. Gives how many did. Bears being done twice.
pub async fn release_due(core: &Arc<Core>) -> Result<usize> {
    let due = store::due(&mut core.store.reader(), core.now().date()).await?;
    let mut moved = 0;
    for uuid in due {
        let call = Call {
            action: &progress::RELEASE,
            via: None,
            target: Some(id::hex(&uuid)),
            body: serde_json::Value::Null,
            mode: Mode::Whole,
        };
        match core.perform(&Caller::system(), call).await {
            Ok(_) => moved += 1,
            // Somebody else moved it meanwhile.
            Err(Error::Conflict(_) | Error::NotFound) => {}
            Err(error) => tracing::warn!(%error, order = %uuid, "an order was not released"),
        }
    }
    Ok(moved)
}

/// Orders and resources follow their project to another organization.
pub const LISTENERS: [Listener; 1] =
    [Listener { event: "project_update_succeeded", run: |cx, event| Box::pin(follow(cx, event)) }];

async fn follow(cx: &mut Cx<'_>, event: &Event) -> Result<()> {
    if !event.changes.iter().any(|change| change.field == "customer") || cx.found.thing != "project" {
        return Ok(());
    }
    store::follow_project(cx.tx, cx.found.id).await?;
    crate::resource::store::follow_project(cx.tx, cx.found.id).await
}

/// What else a change of access touches here: orders that wait for an approver and would have none left, and resources that go on
/// running in projects that it ends.
pub fn touched<'a>(
    tx: &'a mut Tx,
    _: &'a Core,
    differences: &'a [Difference],
    done: &'a Done,
    now: Time,
) -> BoxFuture<'a, Result<Vec<Value>>> {
    Box::pin(async move {
        let places = |kind: &str, lost: &dyn Fn(&Difference) -> bool| -> Vec<i64> {
            let lost = differences.iter().filter(|difference| lost(difference));
            let scopes: BTreeSet<i64> = lost
                .filter_map(|one| one.scope.as_ref())
                .filter(|(scope, _)| scope == kind)
                .map(|(_, id)| *id)
                .collect();
            scopes.into_iter().collect()
        };
        let approval = |one: &Difference| one.lost.contains(OrderApprove.id());
        let (projects, customers) = (places("project", &approval), places("customer", &approval));
        let mut touched = Vec::new();
        if !projects.is_empty() || !customers.is_empty() {
            let roles = role::store::active(tx).await?;
            let able =
                roles.iter().filter(|role| role.permissions.contains(OrderApprove.id())).map(|role| role.id).collect();
            for (uuid, name) in store::without_approver(tx, able, projects, customers, now).await? {
                let text = format!("Nobody but staff could approve the order of {name}.");
                touched.push(
                    json!({"what": "order_without_approver", "uuid": id::hex(&uuid), "name": name, "text": text}),
                );
            }
        }
        if done.events.iter().any(|event| event.kind.starts_with("project_")) {
            let ended = places("project", &|one| !one.lost.is_empty());
            for (uuid, name, count) in resource::store::running_in(tx, ended).await? {
                let text = format!("{count} resources of the project {name} would go on without these people.");
                touched.push(json!({"what": "running_resources", "uuid": id::hex(&uuid), "name": name, "count": count, "text": text}));
            }
        }
        Ok(touched)
    })
}
