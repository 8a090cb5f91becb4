//! Finding the hooks that want an event, from the record, in its order.

use super::{
    rules::wants,
    send,
    store::{self, Find, Ready},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use stoa_kernel::{
    Result,
    door::Core,
    id::Uuid,
    store::jobs::{Periodic, Runner},
};

/// Events that are looked at in one transaction.
const PASS: i64 = 500;

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    let serving = core.clone();
    runner.periodic.push(Periodic { kind: "hooks.serve", every_seconds: 5 });
    runner.handlers.insert(
        "hooks.serve",
        Arc::new(move |_, _, _| {
            let core = serving.clone();
            Box::pin(async move {
                find(&core).await?;
                send::start(&core);
                Ok(())
            })
        }),
    );
    runner.periodic.push(Periodic { kind: "hooks.sweep", every_seconds: 86_400 });
    runner
        .handlers
        .insert("hooks.sweep", Arc::new(|db, _, now| Box::pin(async move { store::sweep(&db, now).await.map(drop) })));
}

/// Looks at every event that was not looked at before.
async fn find(core: &Arc<Core>) -> Result<()> {
    let hooks: Vec<Arc<Ready>> = store::ready(&core.store).await?.into_iter().map(Arc::new).collect();
    loop {
        let cursor = store::cursor(&core.store).await?;
        let now = core.now();
        if hooks.is_empty() {
            let position = store::newest(&core.store).await?;
            let to = store::Cursor { position, missing: Vec::new() };
            if to != cursor {
                store::advance(&core.store, &cursor, &to, Vec::new(), now).await?;
            }
            return Ok(());
        }
        let fresh = store::fresh(&core.store, &cursor, PASS).await?;
        let to = cursor.after(&fresh, now);
        if to == cursor {
            return Ok(());
        }
        let finds = matches(core, &hooks, &fresh).await?;
        if !store::advance(&core.store, &cursor, &to, finds, now).await? {
            return Ok(());
        }
        if fresh.is_empty() {
            return Ok(());
        }
    }
}

/// Which of the hooks want which of the events, in the order of the events. Each owner is asked about once.
async fn matches(core: &Core, hooks: &[Arc<Ready>], fresh: &[store::Fresh]) -> Result<Vec<Find>> {
    let mut wanted: BTreeMap<Uuid, Vec<(i64, &Arc<Ready>)>> = BTreeMap::new();
    let mut by_kind: HashMap<&str, Vec<&Arc<Ready>>> = HashMap::new();
    for event in fresh {
        let takers = by_kind
            .entry(event.kind.as_str())
            .or_insert_with(|| hooks.iter().filter(|hook| wants(&hook.types, &hook.groups, &event.kind)).collect());
        for hook in takers.iter().filter(|hook| hook.created < event.created) {
            wanted.entry(hook.user).or_default().push((event.id, hook));
        }
    }
    let mut finds = Vec::new();
    for (user, pairs) in wanted {
        let mut events: Vec<i64> = pairs.iter().map(|(event, _)| *event).collect();
        events.dedup();
        let seen = send::permitted(core, user, events).await?;
        let seen: HashMap<i64, _> = seen.into_iter().map(|(event, told)| (event, Arc::new(told))).collect();
        for (event, hook) in pairs {
            let Some(told) = seen.get(&event) else { continue };
            // Who gave a role quietly meant no letters about it.
            let quiet = told.context.get("suppress_email").and_then(serde_json::Value::as_bool) == Some(true);
            if hook.email.is_some() && quiet {
                continue;
            }
            finds.push(Find { hook: hook.clone(), event, told: told.clone(), uuid: core.clock.uuid() });
        }
    }
    finds.sort_by_key(|find| find.event);
    Ok(finds)
}
