//! Operations on offerings with a function of their own, and the forms of answers that later capabilities fill.

use super::{
    history,
    provider_offerings::{INSIDERS, OF_OFFERING},
};
use crate::{
    route::{Own, Shape},
    wire::{Asked, Reply, Surface, query},
};
use http::HeaderValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stoa_kernel::{
    Error, Result, Val,
    access::{Actor, Found, Needs, decide},
    field::{
        Field,
        Kind::{Bool, Date, Float, Int, Rows, Text, Texts, Time, Uuid},
    },
    id,
    view::{Ask, Column, View},
};
use stoa_market::{
    consumer::views::{OFFERING_CUSTOMERS, OfOffering},
    offering::{
        filters::FILTERS,
        store,
        views::{PARTITION, PROVIDER_OFFERINGS, PUBLIC_OFFERINGS, STATISTICS},
    },
};
use stoa_tenancy::version::views::VERSIONS;

pub(super) const STATUS: &[Column] = &[Column::new("status", Text, "", "What is being done.")];
pub(super) const UNIQUE: &[Column] = &[
    Column::new("is_unique", Bool, "", "Whether no resource has the name."),
    Column::new("is_valid_format", Bool, "", "Whether the name fits the pattern; null without one.").nullable(),
    Column::new("errors", Texts, "", "What is wrong with the name."),
];
pub(super) const IMPORTED: &[Column] = &[
    Column::new("imported_offering_uuid", Uuid, "", "Identifier of the offering."),
    Column::new("imported_offering_name", Text, "", "Name of the offering."),
    Column::new("imported_components", Texts, "", "Parts that were read."),
    Column::new("warnings", Texts, "", "What could not be read."),
    Column::new("import_timestamp", Time, "", "When."),
];
pub(super) const EXPORTED: &[Column] = &[
    Column::new("offering_uuid", Uuid, "", "Identifier of the offering."),
    Column::new("offering_name", Text, "", "Name of the offering."),
    Column::new("export_data", stoa_kernel::field::Kind::Object, "", "The offering, written down."),
    Column::new("exported_components", Texts, "", "Parts that were written."),
    Column::new("export_timestamp", Time, "", "When."),
];
pub(super) const SOFTWARE: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was added."),
    Column::new("modified", Time, "", "When it changed."),
    Column::new("offering", Uuid, "", "Identifier of the offering."),
    Column::new("catalog", Uuid, "", "Identifier of the catalogue."),
    Column::new("offering_name", Text, "", "Name of the offering."),
    Column::new("catalog_name", Text, "", "Name of the catalogue."),
    Column::new("catalog_version", Text, "", "Version of the catalogue."),
    Column::new("enabled_cpu_family", Texts, "", "Families of processors."),
    Column::new("enabled_cpu_microarchitectures", Texts, "", "Architectures of processors."),
    Column::new("partition", Uuid, "", "Identifier of the partition.").nullable(),
    Column::new("partition_name", Text, "", "Name of the partition."),
];

/// The columns of a partition of its own: as within an offering, with the offering.
pub(super) const PARTITIONS: &[Column] = &{
    let own = [
        Column::new("created", Time, "", "When it was added."),
        Column::new("modified", Time, "", "When it changed."),
        Column::new("offering", Uuid, "", "Identifier of the offering."),
        Column::new("offering_name", Text, "", "Name of the offering."),
    ];
    let mut joined = [own[0]; PARTITION.len() + 4];
    let mut at = 0;
    while at < joined.len() {
        joined[at] = if at < own.len() { own[at] } else { PARTITION[at - own.len()] };
        at += 1;
    }
    joined
};

/// A course account.
pub const COURSE_ACCOUNT: &[Column] = &[
    Column::new("url", Text, "", "Address."),
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was made."),
    Column::new("modified", Time, "", "When it changed."),
    Column::new("project", Uuid, "", "Identifier of the project."),
    Column::new("project_uuid", Uuid, "", "Identifier of the project."),
    Column::new("project_name", Text, "", "Name of the project."),
    Column::new("project_slug", Text, "", "Short name of the project."),
    Column::new("project_start_date", Date, "", "First day of the project."),
    Column::new("project_end_date", Date, "", "Last day of the project."),
    Column::new("user_uuid", Uuid, "", "Identifier of the user."),
    Column::new("username", Text, "", "Name to sign in with."),
    Column::new("customer_uuid", Uuid, "", "Identifier of the organization."),
    Column::new("customer_name", Text, "", "Name of the organization."),
    Column::new("state", Text, "", "State."),
    Column::new("email", Text, "", "Address to write to."),
    Column::new("description", Text, "", "Description."),
    Column::new("error_message", Text, "", "What went wrong."),
    Column::new("error_traceback", Text, "", "Where it went wrong."),
];

/// A service account of a project.
pub const PROJECT_SERVICE_ACCOUNT: &[Column] = &[
    Column::new("url", Text, "", "Address."),
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was made."),
    Column::new("modified", Time, "", "When it changed."),
    Column::new("username", Text, "", "Name to sign in with."),
    Column::new("description", Text, "", "Description."),
    Column::new("error_message", Text, "", "What went wrong."),
    Column::new("error_traceback", Text, "", "Where it went wrong."),
    Column::new("state", Text, "", "State."),
    Column::new("token", Text, "", "Token.").nullable(),
    Column::new("email", Text, "", "Address to write to."),
    Column::new("expires_at", Text, "", "When it ends.").nullable(),
    Column::new("preferred_identifier", Text, "", "Name that was wished for."),
    Column::new("project", Uuid, "", "Identifier of the project."),
    Column::new("project_uuid", Uuid, "", "Identifier of the project."),
    Column::new("project_name", Text, "", "Name of the project."),
    Column::new("customer_uuid", Uuid, "", "Identifier of the organization."),
    Column::new("customer_name", Text, "", "Name of the organization."),
    Column::new("customer_abbreviation", Text, "", "Abbreviation of the organization."),
];

pub(super) const CUSTOMER_SERVICE_ACCOUNT: &[Column] = &[
    Column::new("url", Text, "", "Address."),
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was made."),
    Column::new("modified", Time, "", "When it changed."),
    Column::new("username", Text, "", "Name to sign in with."),
    Column::new("description", Text, "", "Description."),
    Column::new("error_message", Text, "", "What went wrong."),
    Column::new("error_traceback", Text, "", "Where it went wrong."),
    Column::new("state", Text, "", "State."),
    Column::new("token", Text, "", "Token.").nullable(),
    Column::new("email", Text, "", "Address to write to."),
    Column::new("expires_at", Text, "", "When it ends.").nullable(),
    Column::new("preferred_identifier", Text, "", "Name that was wished for."),
    Column::new("customer", Uuid, "", "Identifier of the organization.").nullable(),
    Column::new("customer_uuid", Uuid, "", "Identifier of the organization."),
    Column::new("customer_name", Text, "", "Name of the organization."),
];

/// The thing that the first path parameter names, if the caller sees it and may do what needs this.
pub(super) async fn parent(
    surface: &Surface,
    asked: &Asked,
    view: &'static View,
    needs: &Needs,
) -> Result<(Actor, Found)> {
    let actor = asked.actor(surface).await?;
    let key = asked.path.first().map_or("", |(_, value)| value.as_str());
    let found = surface.core.find(&actor, view, key).await?;
    decide(&actor, needs, &found).required()?;
    Ok((actor, found))
}

/// A list that a later capability fills: empty, for those who may ask.
pub(super) async fn nothing_in(surface: &Surface, asked: Asked, view: &'static View, needs: &Needs) -> Result<Reply> {
    parent(surface, &asked, view, needs).await?;
    Ok(surface.page_of(&asked, &[]))
}

/// As [`nothing_in`], for an offering; filters of offerings apply to it.
async fn nothing_of(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (actor, _) = parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    history::visible(surface, &asked, &actor, &PROVIDER_OFFERINGS, &STATISTICS).await?;
    Ok(surface.page_of(&asked, &[]))
}

pub(super) static CUSTOMERS: Own = Own::new(|surface, asked| Box::pin(customers(surface, asked)), Needs::SignedIn)
    .query(GROUPS_QUERY)
    .answer(200, Shape::Rows(&OFFERING_CUSTOMERS))
    .counts();

/// The organizations that use an offering. Filters are those of offerings and apply to the offering, as in the original.
async fn customers(surface: &Surface, mut asked: Asked) -> Result<Reply> {
    let (actor, found) = parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    history::visible(surface, &asked, &actor, &PROVIDER_OFFERINGS, &STATISTICS).await?;
    asked.query.retain(|(name, _)| matches!(name.as_str(), "page" | "page_size" | "field"));
    let within = vec![(OfOffering::CUSTOMERS, vec![Val::Int(found.id)])];
    surface.page(&asked, &actor, &OFFERING_CUSTOMERS, within).await
}

pub(super) static GROUPS: Own = Own::new(|surface, asked| Box::pin(groups(surface, asked)), Needs::Nothing)
    .query(GROUPS_QUERY)
    .answer(
        200,
        Shape::List(&[
            Column::new("customer_name", Text, "", "Name of the organization."),
            Column::new("customer_uuid", Uuid, "", "Identifier of the organization."),
            Column::new("offerings", Rows("OfferingReference", REFERENCE), "", "Its offerings."),
        ]),
    )
    .counts();
pub(super) const REFERENCE: &[Column] = &[
    Column::new("offering_name", Text, "", "Name of the offering."),
    Column::new("offering_uuid", Uuid, "", "Identifier of the offering."),
];

/// The most offerings that are grouped in one answer.
pub(super) const GROUPED_MAX: i64 = 5000;

/// Shared offerings that take orders, by the organization that provides them.
async fn groups(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let fields = ["customer_name", "customer_uuid", "name", "uuid"].map(str::to_owned).to_vec();
    let within = vec![("o.shared AND o.state = 'Active'", vec![])];
    let ask = Ask { filters: query::ask(&asked.query).filters, fields, within, limit: GROUPED_MAX, ..Ask::default() };
    let page = surface.core.look(&actor, &PUBLIC_OFFERINGS, &ask).await?;
    let at = |name: &str| page.columns.iter().position(|column| column.name == name).map_or(0, |at| at + 2);
    let mut providers: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
    for row in &page.rows {
        let hex = |name: &str| row.get(at(name)).map(|uuid| id::hex(&uuid));
        let offering = json!({"offering_name": row.get::<String>(at("name"))?, "offering_uuid": hex("uuid")?});
        let provider = (row.get(at("customer_name"))?, hex("customer_uuid")?);
        providers.entry(provider).or_default().push(offering);
    }
    let items: Vec<Value> = providers
        .into_iter()
        .map(|((name, uuid), offerings)| json!({"customer_name": name, "customer_uuid": uuid, "offerings": offerings}))
        .collect();
    Ok(surface.page_of(&asked, &items))
}

pub(super) static HISTORY: Own = Own::new(
    |surface, asked| Box::pin(history::list(surface, asked, &PROVIDER_OFFERINGS, OF_OFFERING)),
    Needs::StaffOrSupport,
)
.query(HISTORY_QUERY)
.answer(200, Shape::Rows(&VERSIONS));

pub(super) static HISTORY_AT: Own = Own::new(
    |surface, asked| Box::pin(history::at(surface, asked, &PROVIDER_OFFERINGS, OF_OFFERING)),
    Needs::StaffOrSupport,
)
.query(&[Field::new("timestamp", Text, "The instant.").required()])
.answer(200, Shape::Row(&VERSIONS));

pub(super) static HAS_ACCESS: Own = Own::new(|surface, asked| Box::pin(has_access(surface, asked)), Needs::SignedIn)
    .query(&[Field::new("username", Text, "Name with which the person signs in.").required()])
    .object(200, &[Column::new("has_access", Bool, "", "Whether the person is in such a project.")]);

async fn has_access(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (_, found) = parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    let Some(username) = asked.value("username").filter(|name| !name.is_empty()) else {
        return Err(Error::field("username", "This field is required."));
    };
    let has = store::is_user(&mut surface.core.store.reader(), found.id, username).await?;
    Ok(Reply::json(200, &json!({ "has_access": has })))
}

macro_rules! nothing {
    ($query:expr, $columns:expr) => {
        Own::new(|surface, asked| Box::pin(nothing_of(surface, asked)), Needs::SignedIn)
            .query($query)
            .answer(200, Shape::List($columns))
            .counts()
    };
}

/// The parameters of a list below an offering: the filters of offerings, which decide whether there is such an offering, and
/// what else can be asked.
macro_rules! narrowed {
    ($name:ident, $more:expr) => {
        const $name: &[Field] = &{
            const MORE: &[Field] = $more;
            let mut all = [Field::new("", Text, ""); FILTERS.len() + ORDER.len() + MORE.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = if at < MORE.len() {
                    MORE[at]
                } else if at < MORE.len() + ORDER.len() {
                    ORDER[at - MORE.len()]
                } else {
                    let filter = &FILTERS[at - MORE.len() - ORDER.len()];
                    Field::new(filter.name, Text, filter.about)
                };
                at += 1;
            }
            all
        };
    };
}

pub(super) const ORDER: &[Field] = &[Field::new("o", Text, "Order of the offerings; without effect for one.")];
narrowed!(ANY, &[]);
narrowed!(
    SPAN,
    &[Field::new("start", Text, "First month, as YYYY-MM."), Field::new("end", Text, "Last month, as YYYY-MM.")]
);
narrowed!(
    COSTS_QUERY,
    &[
        Field::new("start", Text, "First month, as YYYY-MM."),
        Field::new("end", Text, "Last month, as YYYY-MM."),
        Field::new("accounting_is_running", Bool, "Only for organizations whose accounting has begun."),
    ]
);
narrowed!(
    HISTORY_QUERY,
    &[
        Field::new("page", Int, "Number of the page."),
        Field::new("page_size", Int, "Rows of a page."),
        Field::new("created_after", Text, "Versions at or after this instant."),
        Field::new("created_before", Text, "Versions before this instant."),
    ]
);
narrowed!(
    GROUPS_QUERY,
    &[Field::new("page", Int, "Number of the page."), Field::new("page_size", Int, "Rows of a page.")]
);

pub(super) static COSTS: Own = nothing!(
    COSTS_QUERY,
    &[
        Column::new("period", Text, "", "Month."),
        Column::new("price", Float, "", "Sum without tax."),
        Column::new("tax", Float, "", "Tax."),
        Column::new("total", Float, "", "Sum with tax."),
    ]
);
pub(super) static COMPONENT_STATS: Own = nothing!(
    SPAN,
    &[
        Column::new("period", Text, "", "Month."),
        Column::new("billing_period", Text, "", "Month."),
        Column::new("date", Text, "", "Last day of the month."),
        Column::new("usage", Int, "", "Usage."),
        Column::new("description", Text, "", "Description."),
        Column::new("measured_unit", Text, "", "What one of it is."),
        Column::new("type", Text, "", "Type of the component."),
        Column::new("name", Text, "", "Name of the component."),
    ]
);
pub(super) static IMPORTABLE: Own = nothing!(
    ANY,
    &[
        Column::new("backend_id", Text, "", "The backend's name of it."),
        Column::new("name", Text, "", "Name."),
        Column::new("type", Text, "", "Type."),
        Column::new("description", Text, "", "Description."),
    ]
);
pub(super) static COURSE_ACCOUNTS: Own = nothing!(ANY, COURSE_ACCOUNT);
pub(super) static PROJECT_ACCOUNTS: Own = nothing!(ANY, PROJECT_SERVICE_ACCOUNT);
pub(super) static CUSTOMER_ACCOUNTS: Own = nothing!(ANY, CUSTOMER_SERVICE_ACCOUNT);

pub(super) const SERIES: &[Column] =
    &[Column::new("date", Date, "", "Day."), Column::new("count", Int, "", "Number on that day.")];
pub(super) const ADOPTION: &[Column] =
    &[Column::new("version", Text, "", "Version."), Column::new("users_count", Int, "", "Users who agreed to it.")];

pub(super) static TERMS_STATS: Own = Own::new(|surface, asked| Box::pin(terms_stats(surface, asked)), Needs::SignedIn)
    .object(
        200,
        &[
            Column::new("active_users_count", Int, "", "Users who agree now."),
            Column::new("total_users_count", Int, "", "Users."),
            Column::new("active_users_percentage", Float, "", "Part of them in percent."),
            Column::new("accepted_consents_count", Int, "", "Agreements."),
            Column::new("revoked_consents_count", Int, "", "Agreements that were taken back."),
            Column::new("total_consents_count", Int, "", "Both."),
            Column::new("revoked_consents_over_time", Rows("TimeSeriesToSData", SERIES), "", "By day."),
            Column::new("tos_version_adoption", Rows("VersionAdoption", ADOPTION), "", "By version."),
            Column::new("active_users_over_time", Rows("TimeSeriesToSData", SERIES), "", "By day."),
            Column::new("accepted_consents_over_time", Rows("TimeSeriesToSData", SERIES), "", "By day."),
        ],
    );

async fn terms_stats(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    Ok(Reply::json(
        200,
        &json!({
            "active_users_count": 0, "total_users_count": 0, "active_users_percentage": 0.0,
            "accepted_consents_count": 0, "revoked_consents_count": 0, "total_consents_count": 0,
            "revoked_consents_over_time": [], "tos_version_adoption": [], "active_users_over_time": [],
            "accepted_consents_over_time": [],
        }),
    ))
}

pub(super) static GLAUTH: Own = Own::new(|surface, asked| Box::pin(glauth(surface, asked)), Needs::SignedIn)
    .answer(200, Shape::Other("text/plain"));

async fn glauth(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    Ok(Reply::bytes(200, HeaderValue::from_static("text/plain; charset=utf-8"), ""))
}

/// What of a person an offering could be told, and whether it is by default.
pub(super) const TOLD: &[(&str, bool)] = &[
    ("username", true),
    ("full_name", true),
    ("email", true),
    ("phone_number", false),
    ("organization", false),
    ("job_title", false),
    ("affiliations", false),
    ("gender", false),
    ("personal_title", false),
    ("place_of_birth", false),
    ("country_of_residence", false),
    ("nationality", false),
    ("nationalities", false),
    ("organization_country", false),
    ("organization_type", false),
    ("organization_registry_code", false),
    ("eduperson_assurance", false),
    ("civil_number", false),
    ("birth_date", false),
    ("identity_source", false),
    ("active_isds", false),
];

const fn told(name: &'static str) -> Column {
    Column::new(name, Bool, "", "Whether the offering is told this.")
}

pub(super) const USER_ATTRIBUTES: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was chosen."),
    Column::new("modified", Time, "", "When it was changed."),
    Column::new("offering_uuid", Uuid, "", "Identifier of the offering."),
    Column::new("offering_name", Text, "", "Name of the offering."),
    told("expose_username"),
    told("expose_full_name"),
    told("expose_email"),
    told("expose_phone_number"),
    told("expose_organization"),
    told("expose_job_title"),
    told("expose_affiliations"),
    told("expose_gender"),
    told("expose_personal_title"),
    told("expose_place_of_birth"),
    told("expose_country_of_residence"),
    told("expose_nationality"),
    told("expose_nationalities"),
    told("expose_organization_country"),
    told("expose_organization_type"),
    told("expose_organization_registry_code"),
    told("expose_eduperson_assurance"),
    told("expose_civil_number"),
    told("expose_birth_date"),
    told("expose_identity_source"),
    told("expose_active_isds"),
    Column::new("exposed_fields", Texts, "", "Names of what it is told."),
    Column::new("is_default", Bool, "", "Whether nobody chose."),
];

pub(super) static ATTRIBUTE_CONFIG: Own =
    Own::new(|surface, asked| Box::pin(attribute_config(surface, asked)), Needs::SignedIn).object(200, USER_ATTRIBUTES);

/// What every offering is told, for nobody can choose yet. It has the identifier of its offering.
async fn attribute_config(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (_, found) = parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    let uuid = id::hex(&found.uuid);
    let now = surface.core.now().to_string();
    let mut answer = json!({"uuid": uuid, "created": now, "modified": now, "offering_uuid": uuid,
                            "offering_name": found.name, "is_default": true});
    let exposed = TOLD.iter().filter(|(_, told)| *told).map(|(name, _)| Value::from(*name)).collect();
    answer["exposed_fields"] = Value::Array(exposed);
    for (name, told) in TOLD {
        answer[format!("expose_{name}")] = (*told).into();
    }
    Ok(Reply::json(200, &answer))
}
