//! What can be done with service providers.

use super::{
    store,
    views::{PROVIDER_CUSTOMERS, PROVIDERS, at_provider},
};
use crate::offering::{
    self,
    actions::{end_team, provider_is_open},
};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind},
    id, record,
};
use stoa_tenancy::{
    access::permissions::Permission,
    file,
    grant::{self, rules::SERVICE_PROVIDER},
};

const FIELDS: &[Field] = &[
    Field::new("customer", Kind::Link("provider_customer"), "The organization.")
        .required()
        .stored_in("customer_id")
        .fixed(),
    Field::text("description", 4096, "What it offers.").stored(),
    Field::new("enable_notifications", Kind::Bool, "Whether it is told of orders by mail.").stored(),
    Field::new("image", Kind::File, "A picture.").nullable().stored_in("image_id"),
];

/// Who keeps the profile: those who say how the organization is reached. Making it takes a permission of its own.
const MANAGE: Needs = Needs::Permission(Permission::CustomerContactUpdate.id(), &["customer"]);
const SECRET: Needs = at_provider(Permission::ServiceProviderGetApiSecretCode);

/// Makes an organization a provider.
pub static CREATE: Action = Action {
    name: "service_provider.create",
    about: "Make an organization a service provider, so that it can have offerings.",
    target: Target::Parent("customer", &PROVIDER_CUSTOMERS),
    needs: Needs::Permission(Permission::ServiceProviderRegister.id(), &["customer"]),
    from: &[],
    fields: FIELDS,
    events: &["marketplace_service_provider_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a provider.
pub static UPDATE: Action = Action {
    name: "service_provider.update",
    about: "Change the profile of a service provider.",
    target: Target::Thing(&PROVIDERS),
    needs: MANAGE,
    from: &[],
    fields: FIELDS,
    events: &["marketplace_service_provider_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Ends a provider.
pub static DELETE: Action = Action {
    name: "service_provider.delete",
    about: "Remove the profile of a service provider whose offerings are all archived.",
    target: Target::Thing(&PROVIDERS),
    needs: MANAGE,
    from: &[],
    fields: &[],
    events: &[
        "marketplace_service_provider_deleted",
        "role_revoked",
        "eligibility_revoked",
        "activation_cancelled",
        "activation_ended",
    ],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Gives somebody a role on a provider.
pub static ADD_USER: Action = grant::actions::add_user("service_provider.add_user", &PROVIDERS, &SERVICE_PROVIDER);
/// Changes until when somebody has a role on a provider.
pub static UPDATE_USER: Action =
    grant::actions::update_user("service_provider.update_user", &PROVIDERS, &SERVICE_PROVIDER);
/// Takes a role on a provider from somebody.
pub static DELETE_USER: Action =
    grant::actions::delete_user("service_provider.delete_user", &PROVIDERS, &SERVICE_PROVIDER);

/// Shows the secret code. Reading is an action here, for it must go on no page and through no list.
pub static SHOW_SECRET: Action = Action {
    name: "service_provider.show_secret",
    about: "Show the secret code with which the provider's programs sign what they report.",
    target: Target::Thing(&PROVIDERS),
    needs: SECRET,
    from: &[],
    fields: &[],
    events: &[],
    run: |cx, _| {
        Box::pin(async move {
            let secret = store::secret(cx.tx, cx.found.id).await?;
            Ok(Done::unchanged().answer(json!({"api_secret_code": secret})))
        })
    },
};

/// Makes a new secret code.
pub static NEW_SECRET: Action = Action {
    name: "service_provider.new_secret",
    about: "Make a new secret code; what is signed with the old one is refused from now on.",
    target: Target::Thing(&PROVIDERS),
    needs: at_provider(Permission::ServiceProviderGenerateApiSecretCode),
    from: &[],
    fields: &[],
    events: &["marketplace_service_provider_updated"],
    run: |cx, _| Box::pin(new_secret(cx)),
};

/// Sets a user's name at all offerings of the provider; comes with accounts at offerings.
pub static SET_USERNAME: Action = Action {
    name: "service_provider.set_offerings_username",
    about: "Set the name that a user has at the offerings of a provider.",
    target: Target::Thing(&PROVIDERS),
    needs: at_provider(Permission::ServiceProviderSetOfferingsUsername),
    from: &[],
    fields: &[
        Field::new("user_uuid", Kind::Uuid, "Identifier of the user.").required(),
        Field::text("username", 100, "The name.").required(),
    ],
    events: &[],
    run: |_, _| {
        Box::pin(async { Err(Error::Conflict("Accounts at offerings are not available on this installation.".into())) })
    },
};

/// Writes the configuration of an agent; comes with agents.
pub static AGENT_CONFIG: Action = Action {
    name: "service_provider.generate_site_agent_config",
    about: "Write the configuration of the program that runs offerings at the provider's site.",
    target: Target::Thing(&PROVIDERS),
    needs: SECRET,
    from: &[],
    fields: &[Field::new("offering_uuids", Kind::Texts, "Identifiers of the offerings.").required()],
    events: &[],
    run: |_, _| Box::pin(async { Err(Error::Conflict("Site agents are not available on this installation.".into())) }),
};

/// A secret of 160 bits as 40 hexadecimal digits.
fn fresh_secret(cx: &Cx<'_>) -> String {
    cx.clock().secret::<20>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn about(event: Event, cx: &Cx<'_>, customer: Option<i64>) -> Event {
    let event = event.fact("customer_name", cx.found.name.clone());
    match customer {
        Some(customer) => event.feed("customer", customer),
        None => event,
    }
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    file::store::save(cx, FIELDS, &mut input).await?;
    let customer = cx.found.id;
    provider_is_open(cx, customer).await?;
    let uuid = cx.uuid();
    let more = vec![("uuid", uuid.into()), ("created", cx.now.into()), ("api_secret_code", fresh_secret(cx).into())];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await.map_err(|error| {
        error.on_duplicate(
            "service_providers.customer_id",
            "customer",
            "This organization is a service provider already.",
        )
    })?;
    offering::store::join_provider(cx.tx, id, customer).await?;
    let message = format!("Organization {} has become a service provider.", cx.found.name);
    let event = Event::new("marketplace_service_provider_created", message)
        .fact("service_provider_uuid", id::hex(&uuid))
        .fact("customer_uuid", id::hex(&cx.found.uuid))
        .feed("service_provider", id);
    Ok(Done::event(about(event, cx, Some(customer))).made("service_provider", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    file::store::save(cx, FIELDS, &mut input).await?;
    let id = cx.found.id;
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, vec![]).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("Service provider {} has been updated. {}", cx.found.name, record::describe(&changes));
    Ok(Done::event(on_record(cx, "marketplace_service_provider_updated", message).changes(changes)))
}

fn on_record(cx: &Cx<'_>, kind: &'static str, message: String) -> Event {
    let event = Event::new(kind, message)
        .fact("service_provider_uuid", id::hex(&cx.found.uuid))
        .feed("service_provider", cx.found.id);
    about(event, cx, cx.found.at("customer"))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let id = cx.found.id;
    if store::has_offerings(cx.tx, id).await? {
        return Err(Error::Conflict("Service provider has active offerings. Please archive them first.".into()));
    }
    let ends = end_team(cx, "service_provider", id, "The service provider has been deleted.").await?;
    offering::store::leave_provider(cx.tx, id).await?;
    store::delete(cx.tx, id).await?;
    let message = format!("Organization {} is no service provider any more.", cx.found.name);
    let event = on_record(cx, "marketplace_service_provider_deleted", message);
    Ok(ends.into_iter().fold(Done::event(event), Done::and))
}

async fn new_secret(cx: &mut Cx<'_>) -> Result<Done> {
    let secret = fresh_secret(cx);
    store::set_secret(cx.tx, cx.found.id, &secret).await?;
    let message = format!("Service provider {} has a new secret code.", cx.found.name);
    let event = on_record(cx, "marketplace_service_provider_updated", message);
    Ok(Done::event(event).answer(json!({"api_secret_code": secret})))
}
