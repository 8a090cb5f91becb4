//! Mail hooks. Letters go to an address only if it is the owner's own, or if its holder has agreed by the link in a letter:
//! otherwise anybody could fill a stranger's mailbox.

use super::{EVENT_GROUPS, EVENT_TYPES, IS_ACTIVE, KEEPERS, begin, choose, event, in_person};
use crate::hook::{store, views::EMAIL_HOOKS};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Check, Field, Input},
    id::Uuid,
    record,
};
use stoa_tenancy::{
    access::directory::hash,
    letter::{self, Letter},
    user::store as users,
};

const FIELDS: &[Field] = &[
    Field::text("email", 320, "Where letters go.").required().check(Check::Email).stored(),
    IS_ACTIVE,
    EVENT_TYPES,
    EVENT_GROUPS,
];

/// Makes a mail hook.
pub static CREATE: Action = Action {
    name: "email_hook.create",
    about: "Have events sent as letters.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: FIELDS,
    events: &["email_hook_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a mail hook.
pub static UPDATE: Action = Action {
    name: "email_hook.update",
    about: "Change where letters about events go, about which, or whether any.",
    target: Target::Thing(&EMAIL_HOOKS),
    needs: KEEPERS,
    from: &[],
    fields: FIELDS,
    events: &["email_hook_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a mail hook.
pub static DELETE: Action = Action {
    name: "email_hook.delete",
    about: "Remove a mail hook.",
    target: Target::Thing(&EMAIL_HOOKS),
    needs: KEEPERS,
    from: &[],
    fields: &[],
    events: &["email_hook_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Agrees to get letters: the holder of an address, by what was sent there.
pub static CONFIRM: Action = Action {
    name: "email_hook.confirm",
    about: "Agree to get letters about events, by the code in a letter that asks for it.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[Field::text("token", 64, "The code in the letter.").required().secret()],
    events: &["email_hook_confirmed"],
    run: |cx, input| Box::pin(confirm(cx, input)),
};

/// Whether an address needs no asking: it is the owner's.
fn is_own(owner: &users::Brief, email: &str) -> bool {
    !owner.email.is_empty() && owner.email.to_lowercase() == email.to_lowercase()
}

/// Asks the holder of an address to agree.
async fn ask(cx: &mut Cx<'_>, hook: Uuid, owner: &users::Brief, email: &str) -> Result<()> {
    let token: String = cx.clock().secret::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
    // The one who asks is counted, not the owner: else somebody else's quota could be used up.
    if !store::ask(cx.tx, &hash(&token), hook, cx.actor.id, email, cx.now).await? {
        let message = "Too many addresses were asked today.".to_owned();
        return Err(Error::TooMany { message, retry_after: 86_400 });
    }
    let context = json!({"author_full_name": owner.full_name(), "email": email,
                         "link": format!("/hooks/confirm/{token}/")});
    let letter = Letter { to: email, key: "structure.email_hook_confirm", context, language: "", unique: None };
    letter::queue(cx.tx, cx.now, letter).await
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let owner = begin(cx, &mut input).await?;
    let email = input.text("email").unwrap_or_default().to_owned();
    let (uuid, own) = (cx.uuid(), is_own(&owner, &email));
    let more = vec![
        ("uuid", Val::Uuid(uuid)),
        ("kind", "email".into()),
        ("user_id", Val::Int(owner.id)),
        ("is_confirmed", Val::Bool(own)),
        ("created", Val::Time(cx.now)),
        ("modified", Val::Time(cx.now)),
    ];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    if !own {
        ask(cx, uuid, &owner, &email).await?;
    }
    let message = format!("A mail hook to {email} has been created.");
    let event = event("email_hook_created", message, &uuid, owner.id).fact("hook_email", email);
    Ok(Done::event(event).made("email_hook", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    in_person(cx)?;
    choose(&mut input)?;
    let (id, uuid, now) = (cx.found.id, cx.found.uuid, cx.now);
    let before = store::brief(cx.tx, id).await?;
    let mut more = vec![("modified", Val::Time(now))];
    let moved =
        input.text("email").filter(|email| email.to_lowercase() != before.email.to_lowercase()).map(str::to_owned);
    if let Some(email) = &moved {
        let owner = users::brief(cx.tx, before.user_id).await?;
        let own = is_own(&owner, email);
        more.push(("is_confirmed", Val::Bool(own)));
        if !own {
            ask(cx, uuid, &owner, email).await?;
        }
    }
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, more).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let email = moved.unwrap_or(before.email);
    let message = format!("The mail hook to {email} has been updated.");
    let event = event("email_hook_updated", message, &uuid, before.user_id).fact("hook_email", email).changes(changes);
    Ok(Done::event(event))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    let hook = store::brief(cx.tx, id).await?;
    store::delete(cx.tx, id).await?;
    let message = format!("The mail hook to {} has been deleted.", hook.email);
    Ok(Done::event(event("email_hook_deleted", message, &uuid, hook.user_id).fact("hook_email", hook.email)))
}

async fn confirm(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let token = input.text("token").unwrap_or_default();
    // One answer to everything that is not a code that was sent and not used.
    let (id, uuid, owner) = store::agree(cx.tx, &hash(token), cx.now).await?.ok_or(Error::NotFound)?;
    let event = event("email_hook_confirmed", "The holder of an address agreed to get letters.", &uuid, owner);
    Ok(Done::event(event).made("email_hook", id, uuid).answer(json!({"detail": "You will get letters about events."})))
}
