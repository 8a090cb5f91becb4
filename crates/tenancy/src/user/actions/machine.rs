//! What an operator does on the machine itself. Only the program runs these, never a caller.

use super::{
    super::{rules, store, views::USERS},
    FIELDS,
};
use crate::{token::store as tokens, version};
use serde_json::json;
use stoa_kernel::{
    Result, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    field::{Check, Field, Input, Kind},
    record,
};

/// Makes or changes a user from the command line. Only the program itself runs it.
pub static INSTALL: Action = Action {
    name: "user.install",
    about: "Make a user, or change one, on the machine itself.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::text("username", 128, "Name to sign in with.").required().check(Check::By(rules::username)).stored(),
        Field::text("email", 320, "Address to write to.").check(Check::Email).stored(),
        Field::new("is_staff", Kind::Bool, "Whether the user is staff.").stored(),
        Field::new("is_support", Kind::Bool, "Whether the user is a support agent.").stored(),
        Field::text("password_hash", 1000, "What is stored of the password.").secret().stored_in("password"),
    ],
    events: &["user_creation_succeeded", "user_update_succeeded"],
    run: |cx, input| Box::pin(install(cx, input)),
};

/// Issues a login token from the command line. Only the program itself runs it.
pub static ISSUE: Action = Action {
    name: "token.issue",
    about: "Issue a login token for a user, on the machine itself.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::new("user_id", Kind::Int, "Key of the user.").required()],
    events: &["token_created"],
    run: |cx, input| Box::pin(issue(cx, input)),
};

fn by_program(cx: &Cx<'_>) -> Result<()> {
    let decision = match cx.actor.system {
        true => return Ok(()),
        false => Decision::rule("This is done on the machine itself."),
    };
    decision.required().map(|_| ())
}

async fn install(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let name = input.text("username").unwrap_or_default().to_owned();
    let (id, kind, word) = match store::id_of(cx.tx, &name).await? {
        Some(id) => {
            record::update(cx, store::TABLE, id, INSTALL.fields, &input, vec![]).await?;
            store::set(cx.tx, id, vec![("is_active", Val::Bool(true)), ("modified", Val::Time(cx.now))]).await?;
            (id, "user_update_succeeded", "updated")
        }
        None => {
            let slug = record::slug(cx.tx, store::TABLE, &name).await?;
            let more = vec![
                ("uuid", Val::Uuid(cx.uuid())),
                ("slug", Val::Text(slug)),
                ("token_lifetime", Val::Int(store::TOKEN_LIFETIME)),
                ("date_joined", Val::Time(cx.now)),
                ("modified", Val::Time(cx.now)),
            ];
            (store::insert(cx.tx, INSTALL.fields, &input, more).await?, "user_creation_succeeded", "created")
        }
    };
    if input.has("password_hash") {
        tokens::end_all(cx.tx, id).await?;
    }
    let user = store::brief(cx.tx, id).await?;
    version::store::write(cx, &USERS, FIELDS, user.uuid, "On the command line").await?;
    Ok(Done::event(user.event(kind, format!("User {name} has been {word}."))).made("user", id, user.uuid))
}

async fn issue(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let user = store::brief(cx.tx, input.int("user_id").unwrap_or_default()).await?;
    let clock = cx.clock().clone();
    let new = tokens::NewSession { user_id: user.id, method: "COMMAND_LINE", ..Default::default() };
    let secret = tokens::issue_session(cx.tx, &clock, cx.now, &new).await?;
    let message = format!("Token has been created for {} user.", user.username);
    Ok(Done::event(user.event("token_created", message)).answer(json!({"token": secret})))
}
