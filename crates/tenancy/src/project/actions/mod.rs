//! What can be done with projects (mission J1, O5).

mod end;
mod offerings;

pub use end::{DELETE, MOVE, RECOVER};
pub use offerings::{SET_OFFERINGS, SYNC_ROLES};

use super::{
    State, rules, store,
    views::{KINDS, PROJECTS},
};
use crate::{
    access::permissions::Permission,
    customer::{self, views::CUSTOMERS},
    eligibility, file, grant,
    settings::Settings,
    version,
    vocabulary::oecd,
};
use serde_json::Value;
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
    Field::text("name", 500, "Name.").required().check(Check::Visible).stored(),
    Field::new("customer", Kind::Link("customer"), "The organization; fixed, see `move_project`.").required().fixed()
        .stored_in("customer_id"),
    Field::text("slug", 50, "Short name in addresses; made from the name if empty.").check(Check::Slug)
        .only(Who::Staff).stored(),
    Field::text("description", 10_000, "Description; HTML, of which what could act is dropped.").stored(),
    Field::text("backend_id", 255, "Its identifier elsewhere.").stored(),
    Field::new("type", Kind::Link("project_type"), "The type.").nullable().stored_in("type_id"),
    Field::new("start_date", Kind::Date, "The day from which on it can be used; fixed once it has come.").nullable()
        .stored(),
    Field::new("end_date", Kind::Date, "The last day on which it can be used; takes the right to delete it.").nullable()
        .stored(),
    Field::new("oecd_fos_2007_code", Kind::Choice("OecdFos2007CodeEnum", oecd::CODES), "Field of science.").nullable()
        .stored(),
    Field::new("is_industry", Kind::Bool, "Whether it is a project with industry.").stored(),
    Field::new("kind", Kind::Choice("ProjectKindEnum", KINDS), "Kind; a course needs an end.").not_blank().stored(),
    Field::new("max_service_accounts", Kind::Int, "Most service accounts.").max(32_767).nullable().only(Who::Staff)
        .stored(),
    Field::text("staff_notes", 10_000, "Notes for staff and support agents; HTML.").only(Who::Staff).stored(),
    Field::new("grace_period_days", Kind::Int, "Days between its end and the end of its resources.").max(36_500)
        .nullable().only(Who::Staff).stored(),
    Field::new("user_email_patterns", Kind::Texts, "Patterns of e-mail addresses whose holders may get a role.").stored(),
    Field::new("user_affiliations", Kind::Texts, "Affiliations whose holders may get a role.").stored(),
    Field::new("user_identity_sources", Kind::Texts, "Identity providers whose people may get a role.").stored(),
    Field::new("image", Kind::File, "Picture.").nullable().stored_in("image_id"),
];

/// The fields that say who may get a role: for those who may make projects in the organization.
const RESTRICTIONS: [&str; 3] = ["user_email_patterns", "user_affiliations", "user_identity_sources"];

const MAY_CREATE: Needs = Needs::Permission(Permission::ProjectCreate.id(), &["customer"]);
const MAY_DELETE: Needs = Needs::Permission(Permission::ProjectDelete.id(), &["customer"]);

/// Makes a project.
pub static CREATE: Action = Action {
    name: "project.create",
    about: "Make a project in an organization.",
    target: Target::Parent("customer", &CUSTOMERS),
    needs: Needs::Permission(Permission::ProjectCreate.id(), &["itself"]),
    from: &[],
    fields: FIELDS,
    events: &["project_creation_succeeded"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a project.
pub static UPDATE: Action = Action {
    name: "project.update",
    about: "Change a project. Its end takes the right to delete it; who may get a role, the right to make projects.",
    target: Target::Thing(&PROJECTS),
    needs: Needs::Permission(Permission::ProjectUpdate.id(), &["itself", "customer"]),
    from: &[State::Active.text()],
    fields: FIELDS,
    events: &["project_update_succeeded"],
    run: |cx, input| Box::pin(update(cx, input)),
};

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let customer = cx.found.id;
    customer::store::require_open(cx.tx, customer).await?;
    record::check_who(cx, FIELDS, &input)?;
    let end = input.date("end_date");
    if end.is_some() {
        cx.decide(&Needs::Permission(Permission::ProjectDelete.id(), &["itself"]), &cx.found).required()?;
    }
    rules::not_past("start_date", input.date("start_date"), cx.today())?;
    rules::not_past("end_date", end, cx.today())?;
    check_settings(cx, &input, true).await?;
    check(&input, end.is_some(), input.text("kind").unwrap_or("default"))?;
    clean(&mut input);
    let name = input.text("name").unwrap_or_default().to_owned();
    if input.text("slug").is_none_or(str::is_empty) {
        input.set("slug", record::slug(&mut *cx.tx, store::TABLE, &name).await?);
    }
    file::store::save(cx, FIELDS, &mut input).await?;
    let uuid = cx.uuid();
    let mut more: Vec<(&'static str, Val)> =
        vec![("uuid", Val::Uuid(uuid)), ("created", cx.now.into()), ("modified", cx.now.into())];
    if end.is_some() {
        more.extend(end_marks(cx));
    }
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    version::store::write(cx, &PROJECTS, FIELDS, uuid, "Created").await?;
    let event = Event::new("project_creation_succeeded", format!("Project {name} has been created."))
        .facts(store::facts(cx.tx, id).await?)
        .feed("project", id)
        .feed("customer", customer);
    Ok(Done::event(event).made("project", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let id = cx.found.id;
    let held = store::hold(cx.tx, id).await?;
    if held.removed {
        return Err(Error::Conflict("Cannot modify an object in its current state.".into()));
    }
    customer::store::require_open(cx.tx, held.customer_id).await?;
    let sent = |input: &Input, field: &str| input.has(field).then(|| input.date(field));
    let end = sent(&input, "end_date").filter(|end| *end != held.end_date);
    if let Some(end) = end {
        cx.decide(&MAY_DELETE, &cx.found).required()?;
        rules::not_past("end_date", end, cx.today())?;
    }
    let start = sent(&input, "start_date").filter(|start| *start != held.start_date);
    if let Some(start) = start {
        if held.start_date.is_some_and(|day| day <= cx.today()) {
            return Err(Error::field("start_date", "Cannot be changed after the start date has arrived."));
        }
        rules::not_past("start_date", start, cx.today())?;
    }
    let restricts = |(field, stored): (&&str, &Value)| input.json(field).is_some_and(|sent| sent != stored);
    if RESTRICTIONS.iter().zip(&held.restrictions).any(restricts) {
        cx.decide(&MAY_CREATE, &cx.found).required()?;
    }
    check_settings(cx, &input, false).await?;
    check(&input, end.unwrap_or(held.end_date).is_some(), input.text("kind").unwrap_or(&held.kind))?;
    clean(&mut input);
    if input.text("slug") == Some("") {
        input.drop("slug");
    }
    file::store::save(cx, FIELDS, &mut input).await?;
    let mut more: Vec<(&'static str, Val)> = vec![("modified", cx.now.into())];
    if end.is_some() {
        more.extend(end_marks(cx));
    }
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, more).await?;
    if changes.iter().any(|change| change.field == "name") {
        let name = input.text("name").unwrap_or_default();
        grant::store::renamed(cx.tx, "project", id, name).await?;
        eligibility::course::renamed(cx.tx, "project", id, name).await?;
    }
    updated(cx, held.customer_id, changes).await
}

/// What goes with a new end: who set it, and when.
fn end_marks(cx: &Cx<'_>) -> [(&'static str, Val); 2] {
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    [("end_date_requested_by", by.into()), ("end_date_updated_at", cx.now.into())]
}

/// What every change of a project leaves: a version and an event.
async fn updated(cx: &mut Cx<'_>, customer: i64, changes: Vec<Change>) -> Result<Done> {
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    version::store::write(cx, &PROJECTS, FIELDS, uuid, "Updated").await?;
    let message = format!("Project {} has been updated. {}", cx.found.name, record::describe(&changes));
    let event = Event::new("project_update_succeeded", message)
        .facts(store::facts(cx.tx, id).await?)
        .feed("project", id)
        .feed("customer", customer)
        .changes(changes);
    Ok(Done::event(event))
}

/// What the installation asks of projects: on creation always, later where a field is emptied.
async fn check_settings(cx: &mut Cx<'_>, input: &Input, create: bool) -> Result<()> {
    let missing = |field: &str| {
        if create { input.val(field).is_none_or(Val::is_null) } else { input.val(field) == Some(&Val::Null) }
    };
    if !missing("end_date") {
        return Ok(());
    }
    if Settings::load(&mut *cx.tx).await?.is_on("PROJECT_END_DATE_MANDATORY") {
        return Err(Error::field("end_date", "This field is required."));
    }
    Ok(())
}

/// Rules that need more than one field, or that a field's type does not say.
fn check(input: &Input, ends: bool, kind: &str) -> Result<()> {
    if kind == "course" && !ends && (input.has("kind") || input.has("end_date")) {
        return Err(Error::field("end_date", "A course project must have an end date."));
    }
    if let Some(wrong) = input.json("user_email_patterns").and_then(customer::rules::check_patterns) {
        return Err(Error::field("user_email_patterns", wrong));
    }
    Ok(())
}

/// Drops from texts with HTML what could act.
fn clean(input: &mut Input) {
    for field in ["description", "staff_notes"] {
        if let Some(text) = input.text(field).map(rules::clean_html) {
            input.set(field, text);
        }
    }
}
