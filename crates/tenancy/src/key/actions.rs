//! What can be done with SSH keys: everybody adds his own, and removes them; staff remove anybody's.

use super::{rules, store, views::KEYS};
use crate::{user::store as users, version};
use stoa_kernel::{
    Error, Result, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    field::{Field, Input},
    id, record,
};

/// Keys that one user can have.
const KEYS_MAX: i64 = 100;

const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name; the comment of the key if it is left out.").stored(),
    Field::text("public_key", 2000, "The key, in OpenSSH's form on one line.").required().stored(),
];

/// Adds a key of one's own.
pub static CREATE: Action = Action {
    name: "ssh_key.create",
    about: "Add an SSH key of one's own.",
    target: Target::Nothing,
    needs: Needs::InPerson(&Needs::SignedIn),
    from: &[],
    fields: FIELDS,
    events: &["ssh_key_creation_succeeded"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Removes a key.
pub static DELETE: Action = Action {
    name: "ssh_key.delete",
    about: "Remove an SSH key.",
    target: Target::Thing(&KEYS),
    needs: Needs::Any(&[Needs::Own, Needs::Staff]),
    from: &[],
    fields: &[],
    events: &["ssh_key_deletion_succeeded"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    if cx.actor.id == 0 {
        return Err(Error::Forbidden(Box::new(Decision::rule("Keys belong to users."))));
    }
    let text = input.text("public_key").unwrap_or_default().trim().to_owned();
    let key = rules::parse(&text).map_err(|message| Error::field("public_key", message))?;
    let name = match input.text("name").map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => key.comment.chars().take(150).collect(),
    };
    // The user's row is locked, so that parallel calls count right.
    let user = users::brief(cx.tx, cx.actor.id).await?;
    if store::count(cx.tx, user.id).await? >= KEYS_MAX {
        return Err(Error::LimitExceeded(format!("A user can have at most {KEYS_MAX} keys.")));
    }
    input.set("name", name.clone());
    input.set("public_key", text);
    let uuid = cx.uuid();
    let more = vec![
        ("uuid", Val::Uuid(uuid)),
        ("user_id", Val::Int(user.id)),
        ("fingerprint_md5", key.md5().into()),
        ("fingerprint_sha256", key.sha256().into()),
        ("fingerprint_sha512", key.sha512().into()),
        ("type", Val::from(&key.kind)),
        ("created", Val::Time(cx.now)),
        ("modified", Val::Time(cx.now)),
    ];
    let made = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await;
    let id = made.map_err(|error| error.on_duplicate("ssh_keys.user_id,name", "name", "This field must be unique."))?;
    version::store::write(cx, &KEYS, FIELDS, uuid, "Created").await?;
    let message =
        format!("SSH key {name} has been created for user {} with username {}.", user.full_name(), user.username);
    let event = user
        .event("ssh_key_creation_succeeded", message)
        .fact("ssh_key_uuid", id::hex(&uuid))
        .fact("ssh_key_name", name)
        .feed("ssh_key", id);
    Ok(Done::event(event).made("ssh_key", id, uuid))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    let key = store::brief(cx.tx, id).await?;
    let user = users::brief(cx.tx, key.user_id).await?;
    store::delete(cx.tx, id).await?;
    version::store::forget(cx.tx, "ssh_key", id).await?;
    let name = key.name;
    let message =
        format!("SSH key {name} has been deleted for user {} with username {}.", user.full_name(), user.username);
    let event = user
        .event("ssh_key_deletion_succeeded", message)
        .fact("ssh_key_uuid", id::hex(&uuid))
        .fact("ssh_key_name", name);
    Ok(Done::event(event))
}
