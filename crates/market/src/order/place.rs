//! Placing an order, whatever asked for it: the checks in their order, what it reserves and costs, and where it goes first
//! (reference/orders-and-resources.md, sections 2 to 4).

use super::{
    Kind, State,
    rules::{self, Change, Gates, Placer},
    store::{self, Scene},
};
use crate::{
    offering::{self, Offering},
    order::finish,
    plan::{self, Plan, rules::Cost, rules::Limits},
    resource::{self, store::Resource},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Date, Error, Result, Val,
    access::{Found, Needs, Stand},
    action::{Cx, Done},
    event::Event,
    id::{self, Uuid},
    record,
};
use stoa_tenancy::{access::permissions::Permission, project::rules::has_ended};

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What kind of order.
    pub kind: Kind,
    /// The project.
    pub project_id: i64,
    /// The offering.
    pub offering_id: i64,
    /// The plan asked for.
    pub plan_id: Option<i64>,
    /// The limits asked for.
    pub limits: Limits,
    /// Everything else.
    pub attributes: Value,
    /// The resource, unless the order makes it.
    pub resource: Option<Resource>,
    /// Further columns of the order: comments, dates, addresses.
    pub more: Vec<(&'static str, Val)>,
    /// The first day on which the order may be executed.
    pub start_date: Option<Date>,
}

/// An order that was placed.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Key of the order.
    pub id: i64,
    /// Its identifier.
    pub uuid: Uuid,
    /// What goes on record; the first is the order's own.
    pub events: Vec<Event>,
}

impl Placed {
    /// The outcome of an action that answers with the order's identifier.
    pub fn done(self) -> Done {
        let answer = json!({"order_uuid": id::hex(&self.uuid)});
        Done { events: self.events, ..Done::default() }.made("order", self.id, self.uuid).answer(answer)
    }
}

/// Places an order.
pub async fn place(cx: &mut Cx<'_>, wish: Wish) -> Result<Placed> {
    let scene = store::scene(cx.tx, wish.project_id, wish.offering_id).await?;
    let offering = offering::store::load(cx.tx, wish.offering_id).await?.ok_or(Error::NotFound)?;
    check_place(cx, &wish, &scene, &offering).await?;
    let plan = plan_of(cx, &wish, &offering).await?;
    let components = crate::component::store::of_offering(cx.tx, offering.id).await?;
    if matches!(wish.kind, Kind::Create | Kind::Update) {
        rules::check_limits(&components, &wish.limits)?;
    }
    let price = price(cx, &wish, plan.as_ref()).await?;
    let resource = match &wish.resource {
        Some(resource) => {
            if let Some(open) = store::open_of(cx.tx, resource.id).await? {
                tracing::debug!(order = %open.uuid, "an order is open");
                return Err(Error::invalid("Pending order for resource already exists."));
            }
            begin(cx, &wish, resource).await?
        }
        None => {
            rules::check_attributes(&offering.options, &wish.attributes)?;
            check_gates(cx, &wish, &offering).await?;
            make(cx, &wish, &scene, &offering, price).await?
        }
    };
    match wish.kind {
        Kind::Create | Kind::Restore => {
            store::reserve(cx.tx, resource.id, &components, &wish.limits, cx.now).await?;
        }
        Kind::Update => {
            let limits = store::greater(&resource.limits, &wish.limits);
            store::reserve(cx.tx, resource.id, &components, &limits, cx.now).await?;
        }
        Kind::Terminate => {}
    }
    insert(cx, wish, &scene, &offering, &resource, price).await
}

/// Checks that the project and its organization may order, and that the offering is there for them.
async fn check_place(cx: &mut Cx<'_>, wish: &Wish, scene: &Scene, offering: &Offering) -> Result<()> {
    check_customer(scene)?;
    let available = match wish.kind {
        Kind::Terminate => return Ok(()),
        Kind::Create => offering.state.sells(),
        Kind::Update | Kind::Restore => offering.state.serves(),
    };
    if !available {
        return Err(Error::field("offering", "Offering is not available."));
    }
    if scene.project_removed || has_ended(scene.project_end, scene.grace_days, cx.today()) {
        return Err(Error::field("project", "Project end date has passed."));
    }
    if wish.kind == Kind::Update {
        return Ok(());
    }
    if scene.limits_offerings && !store::is_allowed(cx.tx, scene.project_id, offering.uuid).await? {
        return Err(Error::field("offering", "The offering is not among those that may be used in this project."));
    }
    if offering.shared {
        let groups =
            if offering.groups.is_empty() { Vec::new() } else { store::groups_of(cx.tx, scene.customer_id).await? };
        if !offering.groups.is_empty() && !groups.iter().any(|group| offering.groups.contains(group)) {
            return Err(Error::field("offering", "This offering is not available for ordering."));
        }
    } else {
        // What is private is for its organization, or for its project, whoever asks.
        let own = offering.project_id.map_or(scene.customer_id == offering.customer_id, |id| id == scene.project_id);
        if !own {
            return Err(Error::field("offering", "This offering is not available for ordering."));
        }
    }
    Ok(())
}

/// Refuses what is asked for a blocked or archived organization.
pub fn check_customer(scene: &Scene) -> Result<()> {
    match (scene.blocked, scene.archived) {
        (true, _) => Err(Error::invalid("Blocked organization is not available.")),
        (_, true) => Err(Error::invalid("Archived organization is not available.")),
        _ => Ok(()),
    }
}

/// The plan asked for, if it can be had.
async fn plan_of(cx: &mut Cx<'_>, wish: &Wish, offering: &Offering) -> Result<Option<Plan>> {
    let Some(id) = wish.plan_id else {
        if wish.kind == Kind::Create && offering.billable {
            return Err(Error::field("plan", "This field is required."));
        }
        return Ok(None);
    };
    let plan = plan::store::load(cx.tx, id).await?.ok_or_else(|| Error::field("plan", "Plan is not available."))?;
    let keeps = wish.resource.as_ref().is_some_and(|resource| resource.plan_id == Some(id));
    if keeps || wish.kind == Kind::Terminate {
        return Ok(Some(plan));
    }
    if plan.offering_id != offering.id && Some(plan.offering_id) != offering.parent_id {
        return Err(Error::field("plan", "This plan is not available for the selected offering."));
    }
    if plan.archived {
        return Err(Error::field("plan", "Plan is not available because limit has been reached or it is archived."));
    }
    if !plan.groups.is_empty() {
        let customer = store::scene(cx.tx, wish.project_id, offering.id).await?.customer_id;
        let groups = store::groups_of(cx.tx, customer).await?;
        if !groups.iter().any(|group| plan.groups.contains(group)) {
            return Err(Error::field("plan", "Plan is not available for this organization."));
        }
    }
    if let Some(max) = plan.max_amount
        && store::lock_plan(cx.tx, id).await? >= max
    {
        return Err(Error::field("plan", "Plan is not available because limit has been reached."));
    }
    Ok(Some(plan))
}

/// What an order costs and what its resource cost before.
#[derive(Debug, Clone, Copy, Default)]
struct Price {
    cost: Option<Cost>,
    before: Option<stoa_kernel::money::Amount>,
}

async fn price(cx: &mut Cx<'_>, wish: &Wish, plan: Option<&Plan>) -> Result<Price> {
    let Some(plan) = plan else { return Ok(Price::default()) };
    let end = wish.attributes.get("end_date").and_then(Value::as_str).and_then(Date::parse);
    let months = end.map(|end| rules::months_between(cx.today(), end));
    let cost = match wish.kind {
        Kind::Terminate => return Ok(Price { cost: Some(Cost::default()), before: None }),
        Kind::Create | Kind::Restore => plan::rules::create_cost(&plan.parts, &wish.limits, months)?,
        Kind::Update if Change::of(&wish.attributes) == Change::Plan => {
            plan::rules::switch_cost(&plan.parts, &wish.limits)?
        }
        Kind::Update => Cost { recurring: plan::rules::recurring(&plan.parts, &wish.limits)?, ..Cost::default() },
    };
    let before = match &wish.resource {
        Some(resource) if wish.kind == Kind::Update => {
            let old = match resource.plan_id {
                Some(id) if id != plan.id => plan::store::load(cx.tx, id).await?,
                _ => None,
            };
            Some(plan::rules::recurring(&old.as_ref().unwrap_or(plan).parts, &resource.limits)?)
        }
        _ => None,
    };
    Ok(Price { cost: Some(cost), before })
}

/// The gates that an offering sets before a project (section 2, check 10). They count what the project has, so parallel
/// orders of one project wait for one another where there is such a gate.
async fn check_gates(cx: &mut Cx<'_>, wish: &Wish, offering: &Offering) -> Result<()> {
    let option = |name: &str| offering.plugin_options.get(name).filter(|value| !value.is_null());
    let (most, unique) = (option("maximal_resource_count_per_project"), option("unique_resource_per_attribute"));
    let (least, role) = (option("minimal_team_count_for_provisioning"), option("required_team_role_for_provisioning"));
    if most.is_some() || unique.is_some() {
        store::lock_project(cx.tx, wish.project_id).await?;
        let live = resource::store::live_attributes(cx.tx, wish.project_id, offering.id).await?;
        if let Some(most) = most.and_then(Value::as_u64)
            && live.len() as u64 >= most
        {
            return Err(Error::invalid("Maximal resource count per project is reached."));
        }
        if let Some(key) = unique.and_then(Value::as_str).filter(|key| !key.is_empty()) {
            let value = wish.attributes.get(key);
            if value.is_some() && live.iter().any(|attributes| attributes.get(key) == value) {
                return Err(Error::field(
                    "attributes",
                    format!("A resource with this {key} already exists in the project."),
                ));
            }
        }
    }
    if least.is_some() || role.is_some() {
        let (people, roles) = store::team(cx.tx, wish.project_id, cx.now).await?;
        if least.and_then(Value::as_u64).is_some_and(|least| (people as u64) < least) {
            return Err(Error::invalid("The project team has too few members for this offering."));
        }
        if role.and_then(Value::as_str).is_some_and(|role| !role.is_empty() && !roles.iter().any(|name| name == role)) {
            return Err(Error::invalid("Nobody of the project team has the role that this offering requires."));
        }
    }
    Ok(())
}

/// Makes the resource of a new order.
async fn make(cx: &mut Cx<'_>, wish: &Wish, scene: &Scene, offering: &Offering, price: Price) -> Result<Resource> {
    let text = |key: &str| wish.attributes.get(key).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let name = match text("name") {
        "" => offering.name.clone(),
        name if name.chars().count() > 150 => {
            return Err(Error::field("attributes", "name: Ensure this field has no more than 150 characters."));
        }
        name => name.to_owned(),
    };
    let sent = match text("end_date") {
        "" => None,
        day => Some(Date::parse(day.get(..10).unwrap_or(day)).ok_or_else(|| {
            Error::field("end_date", "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")
        })?),
    };
    let end = resource::rules::end_date(sent, &offering.plugin_options, cx.today(), cx.today())?;
    let uuid = cx.uuid();
    let slug = record::slug(cx.tx, resource::store::TABLE, &name).await?;
    let columns = vec![
        ("uuid", Val::Uuid(uuid)),
        ("created", cx.now.into()),
        ("modified", cx.now.into()),
        ("last_sync", cx.now.into()),
        ("name", Val::from(&name)),
        ("slug", slug.into()),
        ("description", text("description").chars().take(4096).collect::<String>().into()),
        ("state", resource::State::Creating.text().into()),
        ("project_id", scene.project_id.into()),
        ("customer_id", scene.customer_id.into()),
        ("offering_id", offering.id.into()),
        ("plan_id", wish.plan_id.into()),
        ("limits", rules::limits_json(&wish.limits).into()),
        ("attributes", (&wish.attributes).into()),
        ("options", rules::kept_options(&offering.resource_options, &wish.attributes).into()),
        ("cost", price.cost.map(Cost::total).transpose()?.into()),
        ("end_date", end.into()),
        ("end_date_requested_by", end.and((cx.actor.id != 0).then_some(cx.actor.id)).into()),
    ];
    let id = resource::store::insert(cx.tx, columns).await?;
    resource::store::lock(cx.tx, id).await
}

/// Moves an existing resource into the state that an order about it means. One that erred stays so until the order is done.
async fn begin(cx: &mut Cx<'_>, wish: &Wish, resource: &Resource) -> Result<Resource> {
    let next = match wish.kind {
        Kind::Terminate => resource::State::Terminating,
        Kind::Restore => resource::State::Creating,
        _ => resource::State::Updating,
    };
    let next = resource.state.to(next)?;
    if resource.state != resource::State::Erred {
        resource::store::set(cx.tx, resource.id, cx.now, vec![("state", next.text().into())]).await?;
        return Ok(Resource { state: next, ..resource.clone() });
    }
    Ok(resource.clone())
}

/// The places on the provider's side where a permission about orders and resources counts.
pub const PROVIDER: &[&str] = &["offering.customer", "service_provider", "offering"];
/// The places on the consumer's side.
pub const CONSUMER: &[&str] = &["project", "customer"];

/// An order that is about to be, for decisions on it.
pub fn found(scene: &Scene, offering: &Offering) -> Found {
    let at = |place, scope, id| Stand { place, scope, id };
    let mut places = vec![
        at("project", "project", scene.project_id),
        at("customer", "customer", scene.customer_id),
        at("offering", "offering", offering.id),
        at("offering.customer", "customer", offering.customer_id),
    ];
    places.extend(offering.provider_id.map(|id| at("service_provider", "service_provider", id)));
    Found { thing: "order", places, ..Found::default() }
}

/// What decides whether the actor's own orders pass the consumer's side.
pub fn placer(cx: &Cx<'_>, found: &Found) -> Placer {
    let may = |permission: Permission, places| cx.decide(&Needs::Permission(permission.id(), places), found).allowed;
    let approves = may(Permission::OrderApprove, CONSUMER);
    Placer {
        staff: cx.actor.is_staff() && approves,
        approves_private: may(Permission::OrderApprovePrivate, CONSUMER),
        approves,
        // By the shipped roles only owners of the provider can terminate what it serves.
        provides: may(Permission::ResourceTerminate, &["offering.customer"]),
    }
}

async fn insert(
    cx: &mut Cx<'_>,
    wish: Wish,
    scene: &Scene,
    offering: &Offering,
    resource: &Resource,
    price: Price,
) -> Result<Placed> {
    // It is his own order: where a guard says that who orders does not approve, placing it approves nothing.
    let place = Found { owner: cx.actor.id, ..found(scene, offering) };
    let placer = placer(cx, &place);
    let own = scene.customer_id == offering.customer_id;
    let has_attachment = wish.more.iter().any(|(name, value)| *name == "attachment_id" && !value.is_null());
    let waits = rules::consumer_reviews(placer, offering, wish.kind, own, has_attachment);
    let gates = Gates {
        project_start: scene.project_start,
        order_start: wish.start_date,
        provider: rules::provider_reviews(offering, placer.provides),
    };
    let state = if waits { State::PendingConsumer } else { rules::after_consumer(gates, cx.today()) };
    let uuid = cx.uuid();
    let actor = (cx.actor.id != 0).then_some(cx.actor.id);
    let cost = price.cost.map(Cost::total).transpose()?;
    let slug = record::slug(cx.tx, store::TABLE, &resource.name).await?;
    let switches = wish.kind == Kind::Update && wish.plan_id != resource.plan_id;
    let mut columns = vec![
        ("uuid", Val::Uuid(uuid)),
        ("created", cx.now.into()),
        ("modified", cx.now.into()),
        ("type", wish.kind.text().into()),
        ("state", state.text().into()),
        ("resource_id", resource.id.into()),
        ("project_id", scene.project_id.into()),
        ("customer_id", scene.customer_id.into()),
        ("offering_id", offering.id.into()),
        ("plan_id", wish.plan_id.into()),
        ("old_plan_id", if switches { resource.plan_id.into() } else { Val::Null }),
        ("limits", rules::limits_json(&wish.limits).into()),
        ("attributes", (&wish.attributes).into()),
        ("cost", cost.into()),
        ("old_cost", price.before.into()),
        ("fixed_price", price.cost.unwrap_or_default().recurring.into()),
        ("activation_price", price.cost.unwrap_or_default().once.into()),
        ("start_date", wish.start_date.into()),
        ("subtype", (wish.kind == Kind::Update).then(|| Change::of(&wish.attributes).text()).into()),
    ];
    if !waits {
        columns.push(("consumer_reviewed_by", actor.into()));
        columns.push(("consumer_reviewed_at", cx.now.into()));
    }
    for (name, value) in [("slug", Val::from(slug)), ("created_by", actor.into())] {
        if !wish.more.iter().any(|(known, _)| *known == name) {
            columns.push((name, value));
        }
    }
    columns.extend(wish.more);
    let id = store::insert(cx.tx, columns).await?;
    let order = finish::Told { uuid, kind: wish.kind, resource, scene };
    let requested = match wish.kind {
        Kind::Create | Kind::Restore => ("marketplace_resource_create_requested", "creation has been requested."),
        Kind::Update => ("marketplace_resource_update_requested", "update has been requested."),
        Kind::Terminate => ("marketplace_resource_terminate_requested", "deletion has been requested."),
    };
    let events = vec![
        order.order_event("marketplace_order_created", "Marketplace order has been created."),
        order.resource_event(requested.0, &format!("Resource {} {}", resource.name, requested.1)),
    ];
    Ok(Placed { id, uuid, events })
}
