//! What needs whom is computed every six hours, and when it is asked for.

use super::actions::REFRESH;
use serde_json::json;
use std::sync::Arc;
use stoa_kernel::{
    door::{Call, Caller, Core},
    field::Mode,
    store::jobs::{Periodic, Runner},
};

/// Kind of the job; its payload may name one `user` by key and one `provider_action_type`.
const KIND: &str = "user_actions.refresh";

/// Lets a node compute it.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    runner.periodic.push(Periodic { kind: KIND, every_seconds: 6 * 3600 });
    runner.handlers.insert(
        KIND,
        Arc::new(move |_, job, _| {
            let (core, payload) = (core.clone(), job.payload.clone());
            Box::pin(async move {
                let mut body = json!({});
                for name in ["user", "provider_action_type"] {
                    if let Some(value) = payload.get(name).filter(|value| !value.is_null()) {
                        body[name] = value.clone();
                    }
                }
                let call = Call { action: &REFRESH, via: None, target: None, body, mode: Mode::Whole };
                core.perform(&Caller::system(), call).await.map(|_| ())
            })
        }),
    );
}
