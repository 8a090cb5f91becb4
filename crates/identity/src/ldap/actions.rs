//! What is done with accounts that live in the directory. Only the program itself runs these.

use super::{METHOD, store};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Field, Input, Kind},
};
use stoa_tenancy::{
    token::store as tokens,
    user::store::{self as users, Brief, NewUser},
};

/// Lets somebody in whom the directory knows: makes his account, or brings it up to date.
pub static ADMIT: Action = Action {
    name: "directory_account.admit",
    about: "Make the account of somebody whom the directory knows, or bring it up to date.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::text("directory_id", 300, "What the directory calls the entry for ever.").required(),
        Field::text("dn", 1000, "Where the entry is."),
        Field::text("username", 128, "Name to sign in with.").required(),
        Field::text("email", 320, "Address to write to."),
        Field::text("first_name", 100, "First name."),
        Field::text("last_name", 100, "Last name."),
        Field::new("create", Kind::Bool, "Whether to make an account that is not there."),
    ],
    events: &["user_creation_succeeded", "user_update_succeeded", "user_activated"],
    run: |cx, input| Box::pin(admit(cx, input)),
};

/// Switches an account off whose entry is gone.
pub static GONE: Action = Action {
    name: "directory_account.gone",
    about: "Switch an account off whose entry is no longer in the directory. All its sessions end.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::new("user_id", Kind::Int, "Key of the user.").required().max(i64::MAX)],
    events: &["user_deactivated"],
    run: |cx, input| Box::pin(gone(cx, input)),
};

fn by_program(cx: &Cx<'_>) -> Result<()> {
    match cx.actor.system {
        true => Ok(()),
        false => Err(Error::Forbidden(Box::new(Decision::rule("Only the program itself does this.")))),
    }
}

async fn admit(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let text = |name: &str| input.text(name).unwrap_or_default().to_owned();
    let (directory_id, username) = (text("directory_id"), text("username"));
    let Some(id) = store::user_of(cx.tx, &directory_id).await? else {
        // The name may be somebody's here: a local account, or an entry's that had the name before. He keeps it.
        if users::id_of(cx.tx, &username).await?.is_some() {
            tracing::warn!(username, "a person of the directory has the name of another account, and is not let in");
            return Ok(Done::unchanged().answer(json!({"user_id": null})));
        }
        if input.bool("create") != Some(true) {
            return Ok(Done::unchanged().answer(json!({"user_id": null})));
        }
        return create(cx, &input, &directory_id, username).await;
    };
    store::bind(cx.tx, id, &directory_id, &text("dn"), cx.now).await?;
    let before = users::brief(cx.tx, id).await?;
    let mut changes = Vec::new();
    let mut columns = Vec::new();
    for (column, old) in
        [("email", &before.email), ("first_name", &before.first_name), ("last_name", &before.last_name)]
    {
        let new = text(column);
        if new != *old && !new.is_empty() {
            changes.push(Change { field: column.into(), before: old.clone().into(), after: new.clone().into() });
            columns.push((column, Val::Text(new)));
        }
    }
    let back = store::switched_off(&mut *cx.tx, id).await?.as_deref() == Some(store::GONE);
    if back {
        columns.push(("is_active", Val::Bool(true)));
        columns.push(("deactivation_reason", Val::from("")));
    }
    let answer = json!({"user_id": id});
    if columns.is_empty() {
        return Ok(Done::unchanged().answer(answer));
    }
    columns.push(("modified", Val::Time(cx.now)));
    users::set(cx.tx, id, columns).await?;
    let name = &before.username;
    let event = match back {
        true => before.event("user_activated", format!("User {name} is in the directory again.")),
        false => before.event("user_update_succeeded", format!("User {name} has been updated from the directory.")),
    };
    Ok(Done::event(event.changes(changes)).made("user", id, before.uuid).answer(answer))
}

async fn create(cx: &mut Cx<'_>, input: &Input, directory_id: &str, username: String) -> Result<Done> {
    let text = |name: &str| input.text(name).unwrap_or_default().to_owned();
    let clock = cx.clock().clone();
    let new = NewUser {
        username,
        email: text("email"),
        first_name: text("first_name"),
        last_name: text("last_name"),
        token_lifetime: Some(users::TOKEN_LIFETIME),
        ..NewUser::default()
    };
    let (id, uuid) = users::create_user(cx.tx, &clock, cx.now, new).await?;
    let columns = vec![("registration_method", Val::from(METHOD)), ("identity_source", Val::from(METHOD))];
    users::set(cx.tx, id, columns).await?;
    store::bind(cx.tx, id, directory_id, &text("dn"), cx.now).await?;
    let user = users::brief(cx.tx, id).await?;
    let message = format!("User {} has been created from the directory.", user.username);
    Ok(Done::event(user.event("user_creation_succeeded", message))
        .made("user", id, uuid)
        .answer(json!({"user_id": id})))
}

async fn gone(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let user: Brief = users::brief(cx.tx, input.int("user_id").unwrap_or_default()).await?;
    if !user.active || user.registration_method != METHOD {
        return Ok(Done::unchanged());
    }
    let columns = vec![
        ("is_active", Val::Bool(false)),
        ("deactivation_reason", Val::from(store::GONE)),
        ("modified", Val::Time(cx.now)),
    ];
    users::set(cx.tx, user.id, columns).await?;
    tokens::end_all(cx.tx, user.id).await?;
    let message = format!("User {} has been deactivated: no longer in the directory.", user.username);
    Ok(Done::event(user.event("user_deactivated", message)))
}
