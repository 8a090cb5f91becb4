//! What needs whom is computed every six hours, and when it is asked for; people are mailed once a day.

use super::actions::{DIGEST, REFRESH};
use serde_json::{Map, Value};
use std::sync::Arc;
use stoa_kernel::{
    action::Action,
    door::{Call, Caller, Core},
    field::Mode,
    store::jobs::{Periodic, Runner},
};
use stoa_tenancy::user::actions::{DIGEST_JOB, REFRESH_JOB};

/// Lets a node compute it, and mail it.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let all: [(&'static str, i64, &'static Action); 2] =
        [(REFRESH_JOB, 6 * 3600, &REFRESH), (DIGEST_JOB, 3600, &DIGEST)];
    for (kind, every_seconds, action) in all {
        let core = core.clone();
        runner.periodic.push(Periodic { kind, every_seconds });
        runner.handlers.insert(
            kind,
            Arc::new(move |_, job, _| {
                let (core, payload) = (core.clone(), job.payload.clone());
                Box::pin(async move {
                    let given = payload.as_object().into_iter().flatten();
                    let named = given.filter(|(name, value)| {
                        !value.is_null() && action.fields.iter().any(|field| field.name == name.as_str())
                    });
                    let body: Map<_, _> = named.map(|(name, value)| (name.clone(), value.clone())).collect();
                    let call = Call { action, via: None, target: None, body: Value::Object(body), mode: Mode::Whole };
                    core.perform(&Caller::system(), call).await.map(|_| ())
                })
            }),
        );
    }
}
