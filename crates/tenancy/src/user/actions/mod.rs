//! What can be done with users. Staff make and remove them; everybody edits his own profile. The address has its own way
//! ([`super::email`]), and so have passwords ([`super::password`]). What is refused to whom is in
//! `guard`, what the command line does in `machine`, what needs a service that is not there yet in `remote`.

mod guard;
mod machine;
mod remote;

pub(super) use guard::protected;
pub use machine::{INSTALL, ISSUE};
pub use remote::{DIGEST_JOB, NOTIFY, PULL, PULL_ATTRIBUTES, REFRESH_JOB, SYNC_ALL, UPDATE_ACTIONS};

use super::{
    rules,
    store::{self, Brief},
    views::USERS,
};
use crate::{agreement::store as agreement, file::store as file, settings::Settings, token::store as tokens, version};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Check, Field, Input, Kind, Who},
    record,
};

/// Whether new users count as having agreed to the terms.
const AUTO_AGREE: &str = "AUTO_APPROVE_USER_TOS";

const COUNTRY: Check = Check::By(rules::country);

const USERNAME: Field = Field::text("username", 128, "Name to sign in with: lower-case letters, digits and @ . + - _.")
    .check(Check::By(rules::username))
    .stored();
const EMAIL: Field = Field::text("email", 320, "Address to write to; later it changes through `change_email`.")
    .check(Check::Email)
    .stored();

/// What can be sent about a new user.
const FIELDS: &[Field] = &with([USERNAME.required(), EMAIL.required()]);
/// What can be sent about a user who exists: name and address may be sent back, but not changed.
const CHANGES: &[Field] = &with([USERNAME.fixed(), EMAIL.fixed()]);

const fn with(first: [Field; 2]) -> [Field; PROFILE.len() + 2] {
    let mut all = [first[0]; PROFILE.len() + 2];
    all[1] = first[1];
    let mut at = 0;
    while at < PROFILE.len() {
        all[at + 2] = PROFILE[at];
        at += 1;
    }
    all
}

/// The rest of a profile. What only staff may set is refused from others if it would change.
const PROFILE: &[Field] = &[
    Field::text("slug", 50, "Short name in addresses.").check(Check::Slug).only(Who::Staff).stored(),
    Field::text("first_name", 100, "First name.").stored(),
    Field::text("last_name", 100, "Last name.").stored(),
    Field::text("native_name", 100, "Name in its own script.").stored(),
    Field::text("job_title", 120, "What the person does.").stored(),
    Field::text("organization", 255, "The organization that the person is of.").stored(),
    Field::text("phone_number", 255, "Telephone number.").check(Check::By(rules::phone)).stored(),
    Field::text("description", 4096, "Notes of staff.").only(Who::Staff).stored(),
    Field::new("is_active", Kind::Bool, "Whether the account can be used.").only(Who::Staff).stored(),
    Field::new("is_staff", Kind::Bool, "Whether the user is staff.").only(Who::Staff).stored(),
    Field::new("is_support", Kind::Bool, "Whether the user is a support agent.").only(Who::Staff).stored(),
    Field::new(
        "is_robot",
        Kind::Bool,
        "Whether it is the account of a program, which uses personal access tokens and does not sign in.",
    )
    .only(Who::Staff)
    .stored(),
    Field::new("is_identity_manager", Kind::Bool, "Whether the user manages identities of others.")
        .only(Who::Staff)
        .stored(),
    Field::new("managed_isds", Kind::Texts, "Sources of identities that the user manages.").only(Who::Staff).stored(),
    Field::new("can_use_personal_access_tokens", Kind::Bool, "Whether the user can have personal access tokens.")
        .only(Who::Staff)
        .stored(),
    Field::text("deactivation_reason", 512, "Why the account is not active.").only(Who::Staff).stored(),
    Field::new("token_lifetime", Kind::Int, "Seconds after its last use at which a login token ends; null for never.")
        .min(60)
        .nullable()
        .only(Who::Own)
        .stored(),
    Field::new("agree_with_policy", Kind::Bool, "That the user agrees to the terms."),
    Field::new("notifications_enabled", Kind::Bool, "Whether the user gets mail.").only(Who::Staff).stored(),
    Field::text("preferred_language", 10, "Language code.").stored(),
    Field::new("affiliations", Kind::Texts, "How the person belongs to the organization.").only(Who::Staff).stored(),
    Field::new("birth_date", Kind::Date, "Day of birth.").nullable().stored(),
    Field::text("gender", 10, "`male`, `female` or `unknown`; ISO 5218 numbers are read too.")
        .nullable()
        .check(Check::By(rules::gender))
        .stored(),
    Field::text("personal_title", 50, "Title, such as Dr.").stored(),
    Field::text("place_of_birth", 255, "Place of birth.").stored(),
    Field::text("address", 255, "Postal address.").stored(),
    Field::text("country_of_residence", 2, "Country code.").check(COUNTRY).stored(),
    Field::text("nationality", 2, "Country code of the first citizenship.").check(COUNTRY).stored(),
    Field::new("nationalities", Kind::Texts, "Country codes of all citizenships.").stored(),
    Field::text("organization_country", 2, "Country code of the organization.").check(COUNTRY).stored(),
    Field::text("organization_type", 255, "Type of the organization, a SCHAC URN.").stored(),
    Field::text("organization_registry_code", 255, "Registration code of the organization.").stored(),
    Field::text("organization_vat_code", 20, "VAT number of the organization.").stored(),
    Field::text("organization_address", 255, "Address of the organization.").stored(),
    Field::new("image", Kind::File, "Portrait.").nullable().stored_in("image_id"),
    // Who asserts his own assurance proves nothing.
    Field::new("eduperson_assurance", Kind::Texts, "Assurance profiles that the identity provider vouches for.")
        .only(Who::Staff)
        .stored(),
];

/// Makes a user.
pub static CREATE: Action = Action {
    name: "user.create",
    about: "Make a user.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["user_has_been_created_by_staff"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a user.
pub static UPDATE: Action = Action {
    name: "user.update",
    about: "Change a profile: one's own, or for staff anybody's. Staff also activate and deactivate accounts.",
    target: Target::Thing(&USERS),
    needs: Needs::Any(&[Needs::Staff, Needs::Own]),
    from: &[],
    fields: CHANGES,
    events: &["user_update_succeeded", "user_activated", "user_deactivated", "token_lifetime_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a user without a history.
pub static DELETE: Action = Action {
    name: "user.delete",
    about: "Remove a user who has left no trace. One with a history is deactivated instead.",
    target: Target::Thing(&USERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["user_deletion_succeeded"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Sets what is stored of a password. Run by [`super::password::change`] only, which checks and hashes it before the
/// transaction begins.
pub static SET_PASSWORD: Action = Action {
    name: "user.change_password",
    about: "Set a user's password. All logins of the user end.",
    target: Target::Thing(&USERS),
    needs: Needs::InPerson(&Needs::Staff),
    from: &[],
    fields: &[Field::text("password_hash", 1000, "What is stored of the new password.").required().secret()],
    events: &["user_password_updated_by_staff"],
    run: |cx, input| Box::pin(set_password(cx, input)),
};

/// Takes a user's password away, so that he signs in otherwise or not at all.
pub static REMOVE_PASSWORD: Action = Action {
    name: "user.remove_password",
    about: "Take a user's password away. All logins of the user end.",
    target: Target::Thing(&USERS),
    needs: Needs::InPerson(&Needs::Staff),
    from: &[],
    fields: &[],
    events: &["user_password_updated_by_staff"],
    run: |cx, _| Box::pin(remove_password(cx)),
};

/// What an action writes into the version of a user.
pub(crate) async fn keep(cx: &mut Cx<'_>, uuid: stoa_kernel::id::Uuid, comment: &str) -> Result<()> {
    version::store::write(cx, &USERS, FIELDS, uuid, comment).await
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    settle(&mut input)?;
    file::save(cx, FIELDS, &mut input).await?;
    input.drop("token_lifetime");
    guard::no_power(cx, &input)?;
    let uuid = cx.uuid();
    let name = input.text("username").unwrap_or_default().to_owned();
    if input.text("slug").is_none_or(str::is_empty) {
        let slug = record::slug(cx.tx, store::TABLE, &name).await?;
        input.set("slug", slug);
    }
    let more = vec![
        ("uuid", Val::Uuid(uuid)),
        ("token_lifetime", Val::Int(store::TOKEN_LIFETIME)),
        ("date_joined", Val::Time(cx.now)),
        ("modified", Val::Time(cx.now)),
    ];
    let id = store::insert(cx.tx, FIELDS, &input, more).await?;
    if Settings::load(&mut *cx.tx).await?.is_on(AUTO_AGREE) {
        store::set(cx.tx, id, vec![("agreement_date", Val::Time(cx.now))]).await?;
        let clock = cx.clock().clone();
        agreement::consent(cx.tx, &clock, id, None, "setting", cx.now).await?;
    }
    keep(cx, uuid, "Created").await?;
    let user = store::brief(cx.tx, id).await?;
    let message = format!("User {name} has been created by staff user {}.", cx.actor.username);
    Ok(Done::event(user.event("user_has_been_created_by_staff", message)).made("user", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    settle(&mut input)?;
    let before = store::brief(cx.tx, cx.found.id).await?;
    let fate = store::fate(cx.tx, before.id).await?;
    let own = cx.found.id == cx.actor.id;
    protect(&input, own)?;
    if fate.erased || fate.merged_into.is_some() {
        return Err(Error::Conflict("The account is gone: nothing about it can be changed.".into()));
    }
    // Nobody agrees to anything for somebody else.
    let in_person = own && cx.actor.impersonator.is_none();
    let agreed = agree(&input, &before, in_person, cx.body)?;
    file::save(cx, CHANGES, &mut input).await?;
    let mut more = vec![("modified", Val::Time(cx.now))];
    more.extend(activity(&mut input, &before, &cx.actor.username));
    let id = before.id;
    let mut changes = record::update(cx, store::TABLE, id, CHANGES, &input, more).await?;
    guard::admit(cx, &before, &changes).await?;
    if agreed {
        let (clock, address) = (cx.clock().clone(), cx.actor.address.map(|address| address.to_string()));
        agreement::consent(cx.tx, &clock, id, address, "person", cx.now).await?;
        store::set(cx.tx, id, vec![("agreement_date", Val::Time(cx.now)), ("modified", Val::Time(cx.now))]).await?;
        let after = cx.now.to_string().into();
        changes.push(Change { field: "agreement_date".into(), before: Value::Null, after });
    }
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    follow(cx, &before, &changes).await?;
    keep(cx, before.uuid, "Changed").await?;
    let user = store::brief(cx.tx, id).await?;
    Ok(events(&user, changes))
}

/// What follows from a change: an account that was switched off has no logins left, and a new lifetime moves their ends.
async fn follow(cx: &mut Cx<'_>, before: &Brief, changes: &[Change]) -> Result<()> {
    let changed = |name: &str| changes.iter().find(|change| change.field == name);
    if changed("is_active").is_some_and(|change| change.after == json!(false)) {
        tokens::end_every(cx.tx, before.id).await?;
        store::drop_email(cx.tx, before.id).await?;
    }
    if let Some(change) = changed("token_lifetime") {
        tokens::set_lifetime(cx.tx, before.id, change.after.as_i64()).await?;
    }
    Ok(())
}

/// The events of a change: one in most cases; switching the account on or off and the lifetime of tokens have their own.
fn events(user: &Brief, changes: Vec<Change>) -> Done {
    let mut done = Done::unchanged();
    let (mut active, rest): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change| {
        matches!(change.field.as_str(), "is_active" | "deactivation_reason" | "is_admin_deactivated")
    });
    let (lifetime, mut rest): (Vec<Change>, Vec<Change>) =
        rest.into_iter().partition(|change| change.field == "token_lifetime");
    let name = &user.username;
    match active.iter().find(|change| change.field == "is_active").map(|change| &change.after) {
        Some(after) => {
            let (kind, word) = match after == &json!(true) {
                true => ("user_activated", "activated"),
                false => ("user_deactivated", "deactivated"),
            };
            done = done.and(user.event(kind, format!("User {name} has been {word}.")).changes(active));
        }
        None => rest.append(&mut active),
    }
    if !lifetime.is_empty() {
        let message = format!("Token lifetime of {name} has been changed. {}", record::describe(&lifetime));
        done = done.and(user.event("token_lifetime_updated", message).changes(lifetime));
    }
    if !rest.is_empty() {
        let message = format!("User {name} has been updated. {}", record::describe(&rest));
        done = done.and(user.event("user_update_succeeded", message).changes(rest));
    }
    done
}

/// Brings what was sent into the stored form, and refuses what the table of fields can't tell.
fn settle(input: &mut Input) -> Result<()> {
    if let Some(word) = input.text("gender").and_then(rules::gender_word) {
        input.set("gender", word);
    }
    if let Some(Value::Array(codes)) = input.json("nationalities")
        && let Some(wrong) = codes.iter().filter_map(Value::as_str).find_map(rules::country)
    {
        return Err(Error::field("nationalities", wrong));
    }
    Ok(())
}

/// Staff can't switch themselves off or make themselves regular: so there is always somebody left.
fn protect(input: &Input, own: bool) -> Result<()> {
    for (field, message) in [
        ("is_active", "You can't deactivate your own account."),
        ("is_staff", "You can't take staff status from your own account."),
    ] {
        if own && input.bool(field) == Some(false) {
            return Err(Error::field(field, message));
        }
    }
    Ok(())
}

/// Whether the user agrees to the terms with this change. He must, at the first change to his own account after they came into
/// force, unless he is staff.
fn agree(input: &Input, before: &Brief, own: bool, body: &Value) -> Result<bool> {
    if before.agreed.is_some() || !own {
        return Ok(false);
    }
    let agrees = input.bool("agree_with_policy") == Some(true);
    let only_deactivates =
        body.as_object().is_some_and(|body| body.len() == 1) && input.bool("is_active") == Some(false);
    if !agrees && !before.staff && !only_deactivates {
        return Err(Error::field("agree_with_policy", "User must agree with the policy."));
    }
    Ok(agrees)
}

/// What goes with switching an account on or off: the reason and whether a person did it.
fn activity(input: &mut Input, before: &Brief, by: &str) -> Option<(&'static str, Val)> {
    let after = input.bool("is_active").filter(|after| *after != before.active)?;
    if after {
        input.set("deactivation_reason", "");
    } else if input.text("deactivation_reason").is_none_or(str::is_empty) {
        input.set("deactivation_reason", format!("Manually deactivated by {by}"));
    }
    Some(("is_admin_deactivated", Val::Bool(!after)))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let user = store::brief(cx.tx, cx.found.id).await?;
    if user.id == cx.actor.id {
        return Err(Error::Conflict("You can't delete your own account.".into()));
    }
    let advice = || {
        let name = &user.username;
        Error::Conflict(format!("Cannot delete user {name}, whom the record names. Deactivate the account instead."))
    };
    if store::has_history(cx.tx, user.id).await? {
        return Err(advice());
    }
    version::store::forget(cx.tx, "user", user.id).await?;
    store::delete(cx.tx, user.id).await.map_err(|error| match error {
        Error::Dangling(_) => advice(),
        other => other,
    })?;
    Ok(Done::event(user.event("user_deletion_succeeded", format!("User {} has been deleted.", user.username))))
}

async fn set_password(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    cx.in_person()?;
    let user = guard::present(cx).await?;
    store::set_password_hash(cx.tx, user.id, input.text("password_hash").unwrap_or_default(), cx.now).await?;
    let message = format!("Password of user {} has been changed by staff user {}.", user.username, cx.actor.username);
    Ok(Done::event(user.event("user_password_updated_by_staff", message)))
}

async fn remove_password(cx: &mut Cx<'_>) -> Result<Done> {
    cx.in_person()?;
    let user = guard::present(cx).await?;
    store::set_password_hash(cx.tx, user.id, "", cx.now).await?;
    let message = format!("Password of user {} has been removed by staff user {}.", user.username, cx.actor.username);
    let done = Done::event(user.event("user_password_updated_by_staff", message));
    Ok(done.answer(json!({"status": "password removed"})))
}
