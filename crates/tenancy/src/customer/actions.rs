//! What can be done with organizations: staff make and remove them; who may, changes them (mission P2, O1).

use super::{rules, store, views::CUSTOMERS};
use crate::{access::permissions::Permission, file, grant, project, role, version, vocabulary::countries::CODES};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind, Who},
    record,
};

#[rustfmt::skip]
const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::text("slug", 50, "Short name in addresses; made from the name if empty.").check(Check::Slug)
        .only(Who::Staff).stored(),
    Field::text("native_name", 160, "Name in its own language.").stored(),
    Field::text("abbreviation", 12, "Abbreviation.").stored(),
    Field::text("description", 4096, "Description.").stored(),
    Field::text("contact_details", 500, "How to reach it.").stored(),
    Field::text("email", 75, "E-mail address.").check(Check::Email).stored(),
    Field::text("phone_number", 255, "Phone number.").check(Check::By(rules::check_phone)).stored(),
    Field::text("homepage", 255, "Address on the web.").check(Check::Url).stored(),
    Field::text("notification_emails", 640, "Where to write to, separated by commas.")
        .check(Check::By(rules::check_emails)).stored(),
    Field::text("address", 300, "Address.").stored(),
    Field::text("postal", 20, "Postal code.").stored(),
    Field::text("city", 100, "City.").stored(),
    Field::text("state", 100, "State or county.").stored(),
    Field::text("parish", 100, "Parish.").stored(),
    Field::text("street", 200, "Street.").stored(),
    Field::text("house_nr", 100, "Number of the house.").stored(),
    Field::text("apartment_nr", 100, "Number of the apartment.").stored(),
    Field::text("household", 100, "Household.").stored(),
    Field::new("latitude", Kind::Float, "Where it is.").nullable().stored(),
    Field::new("longitude", Kind::Float, "Where it is.").nullable().stored(),
    Field::text("bank_name", 150, "Name of its bank.").stored(),
    Field::text("bank_account", 50, "Bank account.").stored(),
    Field::text("registration_code", 160, "Registration code.").stored(),
    Field::text("backend_id", 255, "Its identifier elsewhere.").stored(),
    Field::new("country", Kind::Choice("CountryEnum", CODES), "Country.").blank().stored(),
    Field::text("vat_code", 20, "VAT number.").stored(),
    Field::text("agreement_number", 160, "Number of the agreement with it.").only(Who::Staff).stored(),
    Field::new("sponsor_number", Kind::Int, "Identifier of the sponsor who covers the costs.").nullable()
        .only(Who::Staff).stored(),
    Field::text("domain", 255, "The domain that it belongs to.").only(Who::Staff).stored(),
    Field::text("access_subnets", 10_000, "Networks from which it lets its people in, separated by commas.")
        .check(Check::By(rules::check_networks)).only(Who::Staff).stored(),
    Field::new("accounting_start_date", Kind::Time, "From when on it is billed.").only(Who::Staff).stored(),
    Field::new("default_tax_percent", Kind::Amount(2), "Tax on its invoices, in percent.").max(200)
        .only(Who::Staff).stored(),
    Field::new("blocked", Kind::Bool, "Whether nothing can be done in it.").only(Who::Staff).stored(),
    Field::new("archived", Kind::Bool, "Whether it is kept for the record only.").only(Who::Staff).stored(),
    Field::new("display_billing_info_in_projects", Kind::Bool, "Whether its projects show costs.")
        .only(Who::Staff).stored(),
    Field::new("max_service_accounts", Kind::Int, "Most service accounts.").max(32_767).nullable()
        .only(Who::Staff).stored(),
    Field::new("grace_period_days", Kind::Int, "Days between the end of a project and the end of its resources.")
        .max(36_500).nullable().only(Who::Staff).stored(),
    Field::new("project_metadata_checklist", Kind::Uuid, "The checklist that its projects answer.").nullable()
        .only(Who::Staff).stored(),
    Field::new("user_email_patterns", Kind::Texts, "Patterns of e-mail addresses whose holders may get a role.")
        .only(Who::Staff).stored(),
    Field::new("user_affiliations", Kind::Texts, "Affiliations whose holders may get a role.").only(Who::Staff).stored(),
    Field::new("user_identity_sources", Kind::Texts, "Identity providers whose people may get a role.")
        .only(Who::Staff).stored(),
    Field::new("image", Kind::File, "Picture.").nullable().stored_in("image_id"),
];

/// The five fields that are about reaching an organization.
#[rustfmt::skip]
const CONTACT: &[Field] = &[
    Field::text("contact_details", 500, "How to reach it.").stored(),
    Field::text("email", 75, "E-mail address.").check(Check::Email).stored(),
    Field::text("phone_number", 255, "Phone number.").check(Check::By(rules::check_phone)).stored(),
    Field::text("homepage", 255, "Address on the web.").check(Check::Url).stored(),
    Field::text("notification_emails", 640, "Where to write to, separated by commas.")
        .check(Check::By(rules::check_emails)).stored(),
];

/// Makes an organization.
pub static CREATE: Action = Action {
    name: "customer.create",
    about: "Make an organization.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["customer_creation_succeeded"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes an organization.
pub static UPDATE: Action = Action {
    name: "customer.update",
    about: "Change an organization. What concerns staff only may be sent back unchanged by others.",
    target: Target::Thing(&CUSTOMERS),
    needs: Needs::Permission(Permission::CustomerUpdate.id(), &["itself"]),
    from: &[],
    fields: FIELDS,
    events: &["customer_update_succeeded", "role_definition_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Changes how to reach an organization.
pub static CONTACT_UPDATE: Action = Action {
    name: "customer.update_contact",
    about: "Change how to reach an organization.",
    target: Target::Thing(&CUSTOMERS),
    needs: Needs::Any(&[
        Needs::Permission(Permission::CustomerUpdate.id(), &["itself"]),
        Needs::Permission(Permission::CustomerContactUpdate.id(), &["itself"]),
    ]),
    from: &[],
    fields: CONTACT,
    events: &["customer_update_succeeded"],
    run: |cx, input| Box::pin(update_contact(cx, input)),
};

/// Puts an organization into divisions.
pub static SET_GROUPS: Action = Action {
    name: "customer.set_groups",
    about: "Put an organization into exactly these groups of organizations.",
    target: Target::Thing(&CUSTOMERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::new("organization_groups", Kind::Links("organization_group"), "The groups.")],
    events: &["customer_update_succeeded"],
    run: |cx, input| Box::pin(set_groups(cx, input)),
};

/// Removes an organization.
pub static DELETE: Action = Action {
    name: "customer.delete",
    about: "Remove an organization that has no projects. Projects that were removed before go with it for good.",
    target: Target::Thing(&CUSTOMERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["customer_deletion_succeeded", "role_revoked", "role_definition_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    check(&input, input.text("country").unwrap_or_default())?;
    let name = input.text("name").unwrap_or_default().to_owned();
    if input.text("slug").is_none_or(str::is_empty) {
        input.set("slug", record::slug(&mut *cx.tx, store::TABLE, &name).await?);
    }
    if !input.has("domain") {
        input.set("domain", store::organization_of(cx.tx, cx.actor.id).await?);
    }
    if !input.has("accounting_start_date") {
        input.set("accounting_start_date", cx.now);
    }
    file::store::save(cx, FIELDS, &mut input).await?;
    let uuid = cx.uuid();
    let more = vec![("uuid", Val::Uuid(uuid)), ("created", cx.now.into()), ("modified", cx.now.into())];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    if input.text("access_subnets").is_some_and(|text| !text.is_empty()) {
        store::note_subnets(cx.tx, id).await?;
    }
    version::store::write(cx, &CUSTOMERS, FIELDS, uuid, "Created").await?;
    let event = Event::new("customer_creation_succeeded", format!("Customer {name} has been created."))
        .facts(store::facts(cx.tx, id).await?)
        .feed("customer", id);
    Ok(Done::event(event).made("customer", id, uuid))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    store::lock(cx.tx, id).await?;
    let (blocked, archived) = store::shut(cx.tx, id).await?;
    // Staff open an organization again by saying so; nothing else is done in a shut one.
    let stays = |shut: bool, field: &str| shut && !(cx.actor.is_staff() && input.bool(field) == Some(false));
    rules::open(stays(blocked, "blocked"), stays(archived, "archived"))?;
    let country = match input.text("country") {
        Some(country) => country.to_owned(),
        None if input.has("vat_code") => store::country(cx.tx, id).await?,
        None => String::new(),
    };
    check(&input, &country)?;
    let mut input = input;
    if input.text("slug") == Some("") {
        input.drop("slug");
    }
    file::store::save(cx, FIELDS, &mut input).await?;
    let modified = vec![("modified", cx.now.into())];
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, modified).await?;
    if changes.iter().any(|change| change.field == "name") {
        grant::store::renamed(cx.tx, "customer", id, input.text("name").unwrap_or_default()).await?;
    }
    if changes.iter().any(|change| change.field == "access_subnets") {
        store::note_subnets(cx.tx, id).await?;
    }
    let renamed = match changes.iter().any(|change| change.field == "slug") {
        true => role::actions::own::renamed(cx, id).await?,
        false => Vec::new(),
    };
    let done = updated(cx, changes).await?;
    Ok(renamed.into_iter().fold(done, Done::and))
}

async fn update_contact(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    store::lock(cx.tx, cx.found.id).await?;
    store::require_open(cx.tx, cx.found.id).await?;
    let modified = vec![("modified", cx.now.into())];
    let changes = record::update(cx, store::TABLE, cx.found.id, CONTACT, &input, modified).await?;
    let contact = store::contact(cx.tx, cx.found.id).await?;
    Ok(updated(cx, changes).await?.answer(contact))
}

async fn set_groups(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    store::lock(cx.tx, id).await?;
    store::require_open(cx.tx, id).await?;
    let before = store::group_names(cx.tx, id).await?;
    store::set_groups(cx.tx, id, input.ints("organization_groups").unwrap_or_default()).await?;
    let after = store::group_names(cx.tx, id).await?;
    if before == after {
        return Ok(Done::unchanged());
    }
    let change = Change { field: "organization_groups".into(), before: json!(before), after: json!(after) };
    updated(cx, vec![change]).await
}

/// What every change of an organization leaves: a version and an event.
async fn updated(cx: &mut Cx<'_>, changes: Vec<Change>) -> Result<Done> {
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    version::store::write(cx, &CUSTOMERS, FIELDS, uuid, "Updated").await?;
    let message = format!("Customer {} has been updated. {}", cx.found.name, record::describe(&changes));
    let event = Event::new("customer_update_succeeded", message)
        .facts(store::facts(cx.tx, id).await?)
        .feed("customer", id)
        .changes(changes);
    Ok(Done::event(event))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let id = cx.found.id;
    store::lock(cx.tx, id).await?;
    store::require_open(cx.tx, id).await?;
    if store::has_projects(cx.tx, id).await? {
        return Err(Error::Conflict("Cannot delete organization with existing projects.".into()));
    }
    let facts = store::facts(cx.tx, id).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let reason = "The organization has been deleted.";
    let revoked = grant::store::revoke_all(cx.tx, "customer", id, by, reason, cx.now).await?;
    let ends = grant::actions::closed(cx, &revoked, reason).await?;
    let gone = |error| match error {
        Error::Dangling(_) => Error::Conflict("Cannot delete organization with existing objects.".into()),
        other => other,
    };
    project::store::purge(cx.tx, id).await.map_err(gone)?;
    let roles = role::actions::own::closed(cx, id).await?;
    store::delete(cx.tx, id).await.map_err(gone)?;
    let message = format!("Customer {} has been deleted.", cx.found.name);
    let event = Event::new("customer_deletion_succeeded", message).facts(facts).feed("customer", id);
    Ok(ends.into_iter().chain(roles).fold(Done::event(event), Done::and))
}

/// Rules that need more than one field, or that a field's type does not say.
fn check(input: &Input, country: &str) -> Result<()> {
    if input.text("vat_code").is_some_and(|code| !code.is_empty() && !rules::is_vat(code, country)) {
        return Err(Error::field("vat_code", "VAT number has invalid format."));
    }
    if let Some(wrong) = input.json("user_email_patterns").and_then(rules::check_patterns) {
        return Err(Error::field("user_email_patterns", wrong));
    }
    // Checklists come later; until then there is none that could be named.
    if let Some(uuid) = input.uuid("project_metadata_checklist") {
        let text = format!("Object with uuid={uuid} does not exist.");
        return Err(Error::field("project_metadata_checklist", text));
    }
    Ok(())
}
