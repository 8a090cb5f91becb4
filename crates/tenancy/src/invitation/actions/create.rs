//! Making invitations, and asking before whether somebody is invited already.

use super::{EMAIL, ROLE, SCOPE, event, proceed, role_for, scope, twice};
use crate::{
    grant::behalf,
    invitation::{
        rules,
        store::{self, New},
    },
    settings::Settings,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{
        Field, Input,
        Kind::{self, Rows, Text},
        is_email,
    },
    id::{self, Uuid},
    view::Column,
};

/// What can be said about the invited person; the setting INVITATION_ALLOWED_FIELDS says which of these there are.
const ABOUT: [Field; 6] = [
    Field::text("full_name", 100, "Name of the invited person."),
    Field::text("native_name", 100, "Name in its own script."),
    Field::text("phone_number", 255, "Telephone number."),
    Field::text("organization", 255, "The invited person's organization."),
    Field::text("job_title", 120, "What the invited person does."),
    Field::text("civil_number", 50, "Civil number that the accepting person must have."),
];

const FIELDS: &[Field] = &[
    SCOPE,
    ROLE.required(),
    EMAIL.required(),
    ABOUT[0],
    ABOUT[1],
    ABOUT[2],
    ABOUT[3],
    ABOUT[4],
    ABOUT[5],
    Field::text("extra_invitation_text", 2000, "What the inviter adds."),
];

/// Invites somebody to a role.
pub static CREATE: Action = Action {
    name: "invitation.create",
    about: "Invite somebody to a role, by mail. Takes the right to give roles there, and what the role carries.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: FIELDS,
    events: &["user_invitation_created", "user_creation_succeeded"],
    run: |cx, input| Box::pin(create(cx, input)),
};

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (scope, team) = scope(cx, input.text("scope").unwrap_or_default()).await?;
    let role = role_for(cx, input.uuid("role"), team.scope).await?;
    let (email, role_id) = (input.text("email").unwrap_or_default(), role.id);
    behalf::would_allow(cx, &scope, role, Some(email)).await?;
    let settings = Settings::load(&mut *cx.tx).await?;
    let allowed = settings.texts("INVITATION_ALLOWED_FIELDS");
    let about = ABOUT.iter().filter(|field| allowed.iter().any(|name| name == field.name)).map(|field| field.name);
    let about = about.chain(["extra_invitation_text"]);
    let start = store::start_of(cx.tx, &scope).await?;
    let customer_id = scope.at(team.owner).ok_or_else(|| Error::broken("a scope without an organization"))?;
    let key = rules::key(email);
    let new = New {
        uuid: cx.uuid(),
        now: cx.now,
        by: cx.actor.id,
        scope: &scope,
        customer_id,
        role_id,
        email,
        email_key: &key,
        about: about.filter_map(|name| Some((name, input.text(name)?))).collect(),
        state: rules::first_state(&settings, cx.actor.is_staff(), cx.today(), start),
        expires: rules::expires(&settings, cx.now, start),
    };
    let uuid = new.uuid;
    let id = store::insert(cx.tx, new).await.map_err(twice)?;
    let more = proceed(cx, id, &settings, false).await?;
    let invitation = store::hold(cx.tx, id).await?;
    let done = Done::event(event("user_invitation_created", &invitation)).made("invitation", id, uuid);
    Ok(more.into_iter().fold(done, Done::and))
}

const ITEM: &[Column] =
    &[Column::new("email", Text, "", "The address."), Column::new("role", Kind::Uuid, "", "Identifier of the role.")];

/// Says who of several is invited already.
pub static CHECK_DUPLICATES: Action = Action {
    name: "invitation.check_duplicates",
    about: "Find out which of several addresses are invited to a role already, or hold a role there.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[
        SCOPE,
        Field::new("invitations", Rows("InvitationDuplicateCheckItem", ITEM), "Addresses and roles.").required(),
    ],
    events: &[],
    run: |cx, input| Box::pin(check_duplicates(cx, input)),
};

async fn check_duplicates(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (scope, _) = scope(cx, input.text("scope").unwrap_or_default()).await?;
    let asked = asked(input.json("invitations").unwrap_or(&Value::Null))?;
    let keys: Vec<String> = asked.iter().map(|(email, _)| rules::key(email)).collect();
    let open = store::open_of(cx.tx, &scope, keys.clone(), cx.now).await?;
    let held = store::held_by(cx.tx, &scope, keys, cx.now).await?;
    let (mut known, mut duplicates, mut existing) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (email, role) in &asked {
        let key = rules::key(email);
        let again = !known.insert((key.clone(), *role));
        let found = open.iter().find(|(address, offered, _)| *address == key && offered == role);
        if again || found.is_some() {
            let uuid = found.map(|(.., uuid)| id::hex(uuid));
            duplicates.push(json!({"email": email, "role": id::hex(role), "existing_invitation_uuid": uuid}));
        }
        existing.extend(held.iter().filter(|held| held.email_key == key && !again).map(|held| {
            let description = if held.description.is_empty() { &held.name } else { &held.description };
            json!({
                "email": email, "role": id::hex(role), "existing_role": id::hex(&held.role),
                "existing_role_name": held.name, "existing_role_description": description,
                "is_same_role": held.role == *role,
            })
        }));
    }
    Ok(Done::unchanged().answer(json!({ "duplicates": duplicates, "existing_roles": existing })))
}

/// The addresses and roles of a request.
fn asked(items: &Value) -> Result<Vec<(String, Uuid)>> {
    let wrong = |text: &str| Error::field("invitations", text);
    let items = items.as_array().ok_or_else(|| wrong("Expected a list of items."))?;
    if items.len() > 1000 {
        return Err(wrong("Ensure this field has no more than 1000 elements."));
    }
    let read = |item: &Value| {
        let email = item["email"].as_str().map(str::trim).filter(|text| text.len() <= 254 && is_email(text));
        let email = email.ok_or_else(|| wrong("Enter a valid email address."))?;
        let role = item["role"].as_str().and_then(id::parse).ok_or_else(|| wrong("Must be a valid UUID."))?;
        Ok((email.to_owned(), role))
    };
    items.iter().map(read).collect()
}
