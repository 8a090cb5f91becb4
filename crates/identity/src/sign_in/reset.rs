//! Setting a new password with a code from a letter, for those who forgot theirs.
//!
//! Who asks gets the same answer at the same time, whether there is such an account or not: the request only queues a job, and the
//! job looks. A letter goes to people with a password that is kept here; staff get one only if they have a second factor, as
//! a mailbox alone must not open an account that can do everything.

use super::store;
use crate::second_factor::store as factors;
use serde_json::json;
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    door::{Caller, Core},
    field::{Field, Input},
    store::jobs::{self, NewJob, Runner},
};
use stoa_tenancy::{
    letter::{self, Letter},
    settings::Settings,
    token::{login, notice},
    user::{
        password::{self, Passwords},
        store as users,
    },
};

const JOB: &str = "password.reset";

/// Asks for a letter.
pub static ASK: Action = Action {
    name: "password_reset.ask",
    about: "Ask for a letter with a code to set a new password.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[
        Field::text("username", 128, "Name to sign in with."),
        Field::text("email", 320, "Address of the account."),
    ],
    events: &[],
    run: |cx, input| Box::pin(ask(cx, input)),
};

/// Writes the letters. Only the program itself runs it.
pub static SEND: Action = Action {
    name: "password_reset.send",
    about: "Write the letters that somebody asked for who forgot his password.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::text("login", 320, "The name or address that was sent.").required()],
    events: &["password_reset_requested"],
    run: |cx, input| Box::pin(send(cx, input)),
};

/// Sets what is stored of the new password. Run by [`set`] only, which checks and hashes it before the transaction begins.
pub static SET: Action = Action {
    name: "password_reset.set",
    about: "Set a new password with a code from a letter. All sessions of the user end.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[
        Field::text("code", 64, "The code.").required().secret(),
        Field::text("password_hash", 1000, "What is stored of the new password.").required().secret(),
    ],
    events: &["user_password_updated"],
    run: |cx, input| Box::pin(store_new(cx, input)),
};

/// What happens here later.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    runner.handlers.insert(
        JOB,
        Arc::new(move |_, job, _| {
            let core = core.clone();
            Box::pin(async move {
                let body = json!({"login": job.payload["login"]});
                login::run(&core, &Caller::system(), &SEND, body).await.map(|_| ())
            })
        }),
    );
}

async fn ask(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let sent = [input.text("username"), input.text("email")].into_iter().flatten().find(|text| !text.is_empty());
    let login = sent.ok_or_else(|| Error::invalid("Send a username or an email."))?;
    // One request for a name waits at a time; so many of them do no more than one.
    let unique_key = Some(format!("{JOB}:{}", login.to_lowercase()));
    let job = NewJob { kind: JOB, payload: json!({"login": login}), run_at: cx.now, unique_key };
    jobs::enqueue(cx.tx, &job).await?;
    Ok(Done::unchanged())
}

async fn send(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    if !cx.actor.system {
        return Err(Error::Forbidden(Box::new(Decision::rule("Only the program itself does this."))));
    }
    let mut done = Done::unchanged();
    if !super::is_open(&Settings::load(&mut *cx.tx).await?, super::LOCAL) {
        return Ok(done);
    }
    for id in store::who_forgot(cx.tx, input.text("login").unwrap_or_default()).await? {
        let user = users::brief(cx.tx, id).await?;
        if !may(cx, &user).await? {
            continue;
        }
        let clock = cx.clock().clone();
        let Some(code) = store::forgot(cx.tx, &clock, cx.now, user.id).await? else { continue };
        let context = json!({
            "username": user.username,
            "full_name": user.full_name(),
            "hours": 1,
            "link": format!("/password_reset/{code}/"),
        });
        let letter = Letter { to: &user.email, key: "users.password_reset", context, language: "", unique: None };
        letter::queue(cx.tx, cx.now, letter).await?;
        let message = format!("A letter to set a new password has been written to user {}.", user.username);
        done = done.and(user.event("password_reset_requested", message));
    }
    Ok(done)
}

/// Whether a mailbox is enough for this user. Asked when the letter is written and again when its code is used.
async fn may(cx: &mut Cx<'_>, user: &users::Brief) -> Result<bool> {
    Ok(user.active
        && user.registration_method == "default"
        && (!user.staff || factors::factors(&mut *cx.tx, user.id).await?.any()))
}

/// Sets a new password with a code.
///
/// # Errors
/// Invalid for a code that is unknown, used or over, and for a weak password.
pub async fn set(core: &Arc<Core>, caller: &Caller, code: &str, new_password: &str) -> Result<()> {
    let user = store::forgetful(&mut core.store.reader(), code, core.now()).await?.ok_or_else(no_code)?;
    password::check_for(core, user, new_password).await?;
    let hash = Passwords::of(core).enter().await?.hash(&core.clock, new_password).await?;
    login::run(core, caller, &SET, json!({"code": code, "password_hash": hash})).await.map(|_| ())
}

fn no_code() -> Error {
    Error::field("code", "The code is unknown, used or too old.")
}

async fn store_new(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = store::take_reset(cx.tx, input.text("code").unwrap_or_default(), cx.now).await?.ok_or_else(no_code)?;
    let user = users::brief(cx.tx, id).await?;
    if !may(cx, &user).await? {
        return Err(no_code());
    }
    // Ends all sessions too.
    users::set_password_hash(cx.tx, user.id, input.text("password_hash").unwrap_or_default(), cx.now).await?;
    store::drop_challenges(cx.tx, user.id).await?;
    notice::send(cx, &user, notice::PASSWORD_RESET).await?;
    let message = format!("Password of user {} has been set with a code from a letter.", user.username);
    Ok(Done::event(user.event("user_password_updated", message)))
}
