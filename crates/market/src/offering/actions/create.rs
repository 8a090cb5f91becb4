//! Making an offering, with its components and plans.

use super::{provider_is_open, version};
use crate::{
    category, component,
    offering::{rules, store, views::PROVIDER_OFFERINGS},
    plan,
    provider::views::PROVIDER_CUSTOMERS,
};
use serde_json::Value;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    error::Invalid,
    field::{Check, Field, Input, Kind, Mode, Who},
    record,
};
use stoa_tenancy::{access::permissions::Permission, file, vocabulary::countries};

const CUSTOMER: Kind = Kind::Link("provider_customer");

/// What can be sent of an offering.
pub const FIELDS: &[Field] = &[
    Field::new("customer", CUSTOMER, "The organization that provides it.").required().stored_in("customer_id").fixed(),
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::new("category", Kind::Link("category"), "The category.").required().stored_in("category_id"),
    Field::text("type", 100, "Its kind of provisioning.").required().check(Check::By(check_kind)).stored().fixed(),
    Field::text("slug", 50, "Short name for addresses.").check(Check::Slug).only(Who::Staff).stored(),
    Field::text("description", 4096, "What it is, in a few words.").stored(),
    Field::text("full_description", 100_000, "What it is.").stored(),
    Field::text("vendor_details", 100_000, "About the vendor.").stored(),
    Field::text("getting_started", 100_000, "How to begin.").stored(),
    Field::text("integration_guide", 100_000, "How to integrate it.").stored(),
    Field::text("privacy_policy_link", 200, "Address of the privacy policy.").check(Check::Url).stored(),
    Field::text("access_url", 200, "Address at which it is used.").check(Check::Url).stored(),
    Field::new("attributes", Kind::Object, "Attributes that the category asks for.").stored(),
    Field::new("options", Kind::Object, "The form of an order.").stored(),
    Field::new("resource_options", Kind::Object, "The form of a resource's own options.").stored(),
    Field::new("plugin_options", Kind::Object, "Settings of its kind of provisioning.").stored(),
    Field::new("secret_options", Kind::Object, "Secrets of its integration.").secret().stored(),
    Field::new("service_attributes", Kind::Object, "Settings of its service.").secret().stored(),
    Field::new("shared", Kind::Bool, "Whether other organizations may use it.").stored(),
    Field::new("billable", Kind::Bool, "Whether use of it is invoiced.").stored(),
    Field::text("datacite_doi", 255, "Its DOI.").stored(),
    Field::new("latitude", Kind::Float, "Latitude of its place.").nullable().stored(),
    Field::new("longitude", Kind::Float, "Longitude of its place.").nullable().stored(),
    Field::text("country", 2, "Country of its place.").check(Check::By(check_country)).stored(),
    Field::text("backend_id", 255, "The provider's own name for it.").stored(),
    Field::new("backend_id_rules", Kind::Object, "What the provider's names of resources must look like.").stored(),
    Field::new("backend_metadata", Kind::Object, "What the backend says about it.").stored(),
    Field::new("image", Kind::File, "A picture.").nullable().stored_in("image_id"),
    Field::new("thumbnail", Kind::File, "A small picture.").nullable().stored_in("thumbnail_id"),
    Field::new("components", COMPONENTS, "What is counted and charged."),
    Field::new("plans", PLANS, "What it costs."),
    Field::new("limits", Kind::Object, "Bounds by type of component."),
];

const COMPONENTS: Kind = Kind::Rows("OfferingComponentRequest", component::views::COMPONENT);
const PLANS: Kind = Kind::Rows("BaseProviderPlanRequest", plan::views::PLAN);

/// Makes an offering.
pub static CREATE: Action = Action {
    name: "offering.create",
    about: "Make an offering, with its components and plans; it begins as a draft.",
    target: Target::Parent("customer", &PROVIDER_CUSTOMERS),
    needs: Needs::Permission(Permission::OfferingCreate.id(), &["customer", "service_provider"]),
    from: &[],
    fields: FIELDS,
    events: &["marketplace_offering_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

fn check_kind(text: &str) -> Option<String> {
    (!rules::KINDS.contains(&text)).then(|| "Invalid value.".to_owned())
}

fn check_country(text: &str) -> Option<String> {
    countries::name(text).is_none().then(|| format!("\"{text}\" is not a valid choice."))
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    record::check_who(cx, FIELDS, &input)?;
    file::store::save(cx, FIELDS, &mut input).await?;
    let provider = provider_is_open(cx, cx.found.id).await?;
    let provider_id = provider
        .provider_id
        .ok_or_else(|| Error::field("customer", "Organization is not registered as a service provider."))?;
    check(&input)?;
    let category = input.int("category").ok_or(Error::NotFound)?;
    fill_attributes(cx, category, &mut input).await?;
    let components = component::rules::read_all(input.json("components").unwrap_or(&Value::Null))?;
    let uuid = cx.uuid();
    let slug = match input.text("slug") {
        Some(slug) if !slug.is_empty() => slug.to_owned(),
        _ => record::slug(cx.tx, store::TABLE, input.text("name").unwrap_or_default()).await?,
    };
    let more = vec![
        ("uuid", uuid.into()),
        ("created", cx.now.into()),
        ("modified", cx.now.into()),
        ("provider_id", provider_id.into()),
        ("slug", slug.into()),
    ];
    let offering_id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    for component in &components {
        component::actions::insert(cx, offering_id, component).await?;
    }
    set_bounds(cx, offering_id, input.json("limits")).await?;
    add_plans(cx, offering_id, input.json("plans")).await?;
    plan::store::recount(cx.tx, offering_id).await?;
    let name = input.text("name").unwrap_or_default();
    let message = format!("Offering {name} has been created.");
    let event = store::event(cx.tx, offering_id, "marketplace_offering_created", message).await?;
    version::store::write(cx, &PROVIDER_OFFERINGS, FIELDS, uuid, "Created").await?;
    Ok(Done::event(event).made("offering", offering_id, uuid))
}

/// The rules about single fields that need more than their kind.
pub(super) fn check(input: &Input) -> Result<()> {
    for form in ["options", "resource_options"] {
        if let Some(value) = input.json(form) {
            rules::check_options(form, value)?;
        }
    }
    if let Some(value) = input.json("backend_id_rules") {
        rules::check_backend_id_rules(value)?;
    }
    let float = |name: &str| match input.val(name) {
        Some(stoa_kernel::Val::Float(x)) => Some(*x),
        _ => None,
    };
    rules::check_place(float("latitude"), float("longitude"))
}

/// Checks the attributes against the category and fills in defaults.
pub(super) async fn fill_attributes(cx: &mut Cx<'_>, category: i64, input: &mut Input) -> Result<()> {
    let descriptions = category::store::attributes(cx.tx, category).await?;
    let mut attributes = input.json("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
    category::rules::check_attributes(&descriptions, &mut attributes)?;
    input.set("attributes", Value::Object(attributes));
    Ok(())
}

async fn set_bounds(cx: &mut Cx<'_>, offering_id: i64, limits: Option<&Value>) -> Result<()> {
    for (kind, bounds) in limits.and_then(Value::as_object).into_iter().flatten() {
        let bounds = rules::read_bounds(kind, bounds)?;
        if !component::store::set_bounds(cx.tx, offering_id, kind, bounds).await? {
            return Err(Error::field("limits", format!("Invalid types: {kind}")));
        }
    }
    Ok(())
}

/// Adds the plans that are sent with an offering. They may carry prices and quotas by type of component.
async fn add_plans(cx: &mut Cx<'_>, offering_id: i64, plans: Option<&Value>) -> Result<()> {
    let components = component::store::of_offering(cx.tx, offering_id).await?;
    let mut invalid = Invalid::default();
    for item in plans.and_then(Value::as_array).into_iter().flatten() {
        let input = match Input::read(plan::rules::FIELDS, item, Mode::Whole) {
            Ok(input) => input,
            Err(error) => {
                component::rules::nested("plans", error, &mut invalid)?;
                continue;
            }
        };
        let read = |name: &'static str, of| {
            plan::rules::read_map(name, item.get(name).unwrap_or(&Value::Null), &components, of)
        };
        match (read("prices", plan::rules::PRICE), read("quotas", plan::rules::QUOTA)) {
            (Ok(prices), Ok(quotas)) => add_plan(cx, offering_id, &input, prices, quotas).await?,
            (prices, quotas) => {
                for error in [prices.err(), quotas.err()].into_iter().flatten() {
                    component::rules::nested("plans", error, &mut invalid)?;
                }
            }
        }
    }
    invalid.done()
}

async fn add_plan(
    cx: &mut Cx<'_>,
    offering_id: i64,
    input: &Input,
    prices: plan::rules::Map,
    quotas: plan::rules::Map,
) -> Result<()> {
    use plan::store::Which;
    let uuid = cx.uuid();
    let more = vec![("uuid", uuid.into()), ("offering_id", offering_id.into()), ("created", cx.now.into())];
    let plan_id = plan::store::insert(cx.tx, offering_id, input, more).await?;
    for (which, values) in [(Which::Price, prices), (Which::Amount, quotas)] {
        for (component_id, value) in values {
            plan::store::set_part(cx.tx, plan_id, component_id, which, value).await?;
        }
    }
    Ok(())
}
