//! Changing an offering: each action changes some of its fields, and each has a permission of its own, so that a provider can
//! let some people write texts and others the integration (reference/marketplace.md, 5.4).

use super::{PLACES, at_offering, changed, create, end_team, open};
use crate::offering::{store, views::PROVIDER_OFFERINGS};
use serde_json::Value;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Check, Field, Input, Kind, Who},
    record,
};
use stoa_tenancy::{access::permissions::Permission, eligibility, file, grant};

const EVENTS: &[&str] = &["marketplace_offering_updated"];

/// An action that stores the fields that are sent.
macro_rules! update {
    ($(#[$doc:meta])* $name:ident, $action:literal, $about:literal, $permission:ident, $fields:expr) => {
        $(#[$doc])*
        pub static $name: Action = Action {
            name: $action,
            about: $about,
            target: Target::Thing(&PROVIDER_OFFERINGS),
            needs: at_offering(Permission::$permission),
            from: &[],
            fields: $fields,
            events: EVENTS,
            run: |cx, input| Box::pin(update(cx, $fields, input)),
        };
    };
}

const OVERVIEW: &[Field] = &[
    Field::text("name", 150, "Name.").not_blank().check(Check::Visible).stored(),
    Field::text("description", 4096, "What it is, in a few words.").stored(),
    Field::text("full_description", 100_000, "What it is.").stored(),
    Field::text("privacy_policy_link", 200, "Address of the privacy policy.").check(Check::Url).stored(),
    Field::text("access_url", 200, "Address at which it is used.").check(Check::Url).stored(),
    Field::text("getting_started", 100_000, "How to begin.").stored(),
    Field::text("integration_guide", 100_000, "How to integrate it.").stored(),
    Field::text("slug", 50, "Short name for addresses.").check(Check::Slug).only(Who::Staff).stored(),
];
update!(
    /// Changes the texts.
    OVERVIEW_ACTION,
    "offering.update_overview",
    "Change name, texts and addresses of an offering.",
    OfferingUpdate,
    OVERVIEW
);

const LOCATION: &[Field] = &[
    Field::new("latitude", Kind::Float, "Latitude of its place.").required().stored(),
    Field::new("longitude", Kind::Float, "Longitude of its place.").required().stored(),
];
update!(
    /// Changes the place.
    LOCATION_ACTION,
    "offering.update_location",
    "Say where an offering is.",
    OfferingUpdateLocation,
    LOCATION
);

const OPTIONS: &[Field] = &[Field::new("options", Kind::Object, "The form of an order.").required().stored()];
update!(
    /// Changes the form of an order.
    OPTIONS_ACTION,
    "offering.update_options",
    "Change the form of an order of an offering.",
    OfferingUpdateOptions,
    OPTIONS
);

const RESOURCE_OPTIONS: &[Field] =
    &[Field::new("resource_options", Kind::Object, "The form of a resource's own options.").required().stored()];
update!(
    /// Changes the form of a resource's options.
    RESOURCE_OPTIONS_ACTION,
    "offering.update_resource_options",
    "Change the form of the options that resources of an offering have.",
    OfferingUpdateOptions,
    RESOURCE_OPTIONS
);

const INTEGRATION: &[Field] = &[
    Field::new("plugin_options", Kind::Object, "Settings of its kind of provisioning.").stored(),
    Field::new("secret_options", Kind::Object, "Secrets of its integration.").secret().stored(),
    Field::new("service_attributes", Kind::Object, "Settings of its service.").secret().stored(),
    Field::text("backend_id", 255, "The provider's own name for it.").stored(),
];
update!(
    /// Changes the integration.
    INTEGRATION_ACTION,
    "offering.update_integration",
    "Change how an offering is provisioned: settings, secrets, the provider's own name.",
    OfferingUpdateIntegration,
    INTEGRATION
);

const BACKEND_ID_RULES: &[Field] =
    &[Field::new("backend_id_rules", Kind::Object, "What the provider's names must look like.").stored()];
update!(
    /// Changes the rules for names.
    BACKEND_ID_RULES_ACTION,
    "offering.update_backend_id_rules",
    "Change what the provider's names of resources must look like.",
    OfferingUpdateOptions,
    BACKEND_ID_RULES
);

const BACKEND_METADATA: &[Field] =
    &[Field::new("backend_metadata", Kind::Object, "What the backend says about it.").stored()];
update!(
    /// Changes what the backend says.
    BACKEND_METADATA_ACTION,
    "offering.set_backend_metadata",
    "Store what the backend says about an offering.",
    OfferingUpdate,
    BACKEND_METADATA
);

const IMAGE: &[Field] = &[Field::new("image", Kind::File, "A picture.").required().stored_in("image_id")];
update!(
    /// Sets the picture.
    IMAGE_ACTION,
    "offering.update_image",
    "Set the picture of an offering.",
    OfferingUpdateThumbnail,
    IMAGE
);

const THUMBNAIL: &[Field] =
    &[Field::new("thumbnail", Kind::File, "A small picture.").required().stored_in("thumbnail_id")];
update!(
    /// Sets the small picture.
    THUMBNAIL_ACTION,
    "offering.update_thumbnail",
    "Set the small picture of an offering.",
    OfferingUpdateThumbnail,
    THUMBNAIL
);

const NO_IMAGE: &[Field] = &[Field::new("image", Kind::File, "No picture.").nullable().stored_in("image_id")];
const NO_THUMBNAIL: &[Field] =
    &[Field::new("thumbnail", Kind::File, "No picture.").nullable().stored_in("thumbnail_id")];

/// Removes the picture.
pub static DELETE_IMAGE: Action = Action {
    name: "offering.delete_image",
    about: "Remove the picture of an offering.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUpdateThumbnail),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, mut input| {
        input.set("image", stoa_kernel::Val::Null);
        Box::pin(update(cx, NO_IMAGE, input))
    },
};

/// Removes the small picture.
pub static DELETE_THUMBNAIL: Action = Action {
    name: "offering.delete_thumbnail",
    about: "Remove the small picture of an offering.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUpdateThumbnail),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, mut input| {
        input.set("thumbnail", stoa_kernel::Val::Null);
        Box::pin(update(cx, NO_THUMBNAIL, input))
    },
};

async fn update(cx: &mut Cx<'_>, fields: &'static [Field], mut input: Input) -> Result<Done> {
    open(cx)?;
    file::store::save(cx, fields, &mut input).await?;
    create::check(&input)?;
    let changes = record::update(cx, store::TABLE, cx.found.id, fields, &input, vec![]).await?;
    changed(cx, changes).await
}

const CATEGORY: &[Field] =
    &[Field::new("category", Kind::Link("category"), "The category.").required().stored_in("category_id")];

/// Changes the category.
pub static CATEGORY_ACTION: Action = Action {
    name: "offering.update_description",
    about: "Put an offering into another category.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUpdateDescription),
    from: &[],
    fields: CATEGORY,
    events: EVENTS,
    run: |cx, input| Box::pin(update(cx, CATEGORY, input)),
};

const ATTRIBUTES: &[Field] = &[Field::new("attributes", Kind::Object, "The attributes.").stored()];

/// Changes the attributes. On the wire they are the whole body.
pub static ATTRIBUTES_ACTION: Action = Action {
    name: "offering.update_attributes",
    about: "Change the attributes that the category of an offering asks for.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUpdateAttributes),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, _| Box::pin(update_attributes(cx)),
};

async fn update_attributes(cx: &mut Cx<'_>) -> Result<Done> {
    open(cx)?;
    let mut attributes = match cx.body {
        Value::Object(body) => body.clone(),
        _ => return Err(Error::invalid("Invalid data. Expected a dictionary.")),
    };
    // The path's own parameter is not an attribute.
    attributes.remove("uuid");
    let mut input = Input::read(ATTRIBUTES, &serde_json::json!({ "attributes": attributes }), cx.mode)?;
    let category = store::load(cx.tx, cx.found.id).await?.ok_or(Error::NotFound)?.category_id;
    create::fill_attributes(cx, category, &mut input).await?;
    let changes = record::update(cx, store::TABLE, cx.found.id, ATTRIBUTES, &input, vec![]).await?;
    changed(cx, changes).await
}

/// Moves an offering to another organization.
pub static MOVE: Action = Action {
    name: "offering.move",
    about: "Give an offering to another provider. Roles on the offering are kept or not, as asked.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::new("customer", Kind::Link("provider_customer"), "The organization that will provide it.").required(),
        Field::new("preserve_permissions", Kind::Bool, "Whether roles on the offering stay.").required(),
    ],
    events: &[
        "marketplace_offering_updated",
        "role_revoked",
        "eligibility_revoked",
        "activation_cancelled",
        "activation_ended",
    ],
    run: |cx, input| Box::pin(move_offering(cx, input)),
};

async fn move_offering(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let to = store::provider(cx.tx, input.int("customer").ok_or(Error::NotFound)?).await?;
    if to.provider_id.is_none() {
        return Err(Error::field("customer", "Organization is not registered as a service provider."));
    }
    let id = cx.found.id;
    if store::load(cx.tx, id).await?.ok_or(Error::NotFound)?.customer_id == to.customer_id {
        return Ok(Done::unchanged());
    }
    store::set_provider(cx.tx, id, &to, cx.now).await?;
    let ends = if input.bool("preserve_permissions").unwrap_or(false) {
        grant::store::moved(cx.tx, "offering", id, to.customer_id).await?;
        eligibility::course::moved(cx.tx, "offering", id, to.customer_id).await?;
        Vec::new()
    } else {
        end_team(cx, "offering", id, "The offering has been moved to another organization.").await?
    };
    let name = cx.link("customer").map_or_else(String::new, |found| found.name.clone());
    let change = Change { field: "customer".into(), before: "(another)".into(), after: name.into() };
    let done = changed(cx, vec![change]).await?;
    Ok(ends.into_iter().fold(done, Done::and))
}

/// Whether a name of the provider is free.
pub static CHECK_BACKEND_ID: Action = Action {
    name: "offering.check_unique_backend_id",
    about: "Ask whether a provider's name for a resource is free, in an offering or in all of the organization.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: Needs::Permission(Permission::OfferingUpdate.id(), PLACES),
    from: &[],
    fields: &[
        Field::text("backend_id", 255, "The name.").required(),
        Field::new("check_all_offerings", Kind::Bool, "Ask about all offerings of the organization."),
        Field::new("use_offering_rules", Kind::Bool, "Ask as the rules of the offering say."),
    ],
    events: &[],
    run: |cx, input| Box::pin(check_backend_id(cx, input)),
};

async fn check_backend_id(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    use store::BackendScope;
    let id = cx.found.id;
    let offering = store::load(cx.tx, id).await?.ok_or(Error::NotFound)?;
    let by_rules = input.bool("use_offering_rules").unwrap_or(false);
    let rule = offering.backend_id_rules.get("uniqueness").filter(|_| by_rules);
    let scope = rule.and_then(|rule| rule.get("scope")?.as_str()).and_then(BackendScope::parse);
    let scope = match scope {
        Some(scope) => scope,
        None if input.bool("check_all_offerings").unwrap_or(false) => BackendScope::Provider,
        None => BackendScope::Offering,
    };
    let all = rule.and_then(|rule| rule.get("include_terminated")?.as_bool()).unwrap_or(true);
    let name = input.text("backend_id").unwrap_or_default();
    let used = store::backend_id_used(cx.tx, id, scope, name, !all).await?;
    let errors: Vec<&str> = used.then_some("The backend identifier is in use.").into_iter().collect();
    // Patterns are checked where names are set, by the resources' own rules.
    let answer = serde_json::json!({"is_unique": !used, "is_valid_format": null, "errors": errors});
    Ok(Done::unchanged().answer(answer))
}
