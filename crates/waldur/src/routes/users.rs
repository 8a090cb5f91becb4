//! Users.

use super::history;
use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface, query},
};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    door::Credential,
    field::{
        Field,
        Kind::{self, Bool, Int, OneRow, Rows, Text, Texts, Time, Uuid},
    },
    view::{Ask, Column},
};
use stoa_tenancy::{
    data_access::views::{ACCESSES, ACCESSES_OF},
    token::{actions as tokens, views::LOGIN_OF_USER},
    user::{
        actions as act, email, password, rules, stats,
        views::{IDENTITY, USERS},
    },
    version::views::{OF_USER, VERSIONS},
};

/// The collections.
pub const LINKS: &[(&str, &str)] = &[("user", "/api/users/")];

const DETAIL: &[Column] = &[Column::new("detail", Text, "", "What happened.")];
const SCHEDULED: &[Column] = &[
    Column::new("status", Text, "", "Whether it is scheduled."),
    Column::new("message", Text, "", "The same in words."),
];
const COMPUTED: &[Column] = &[
    Column::new("status", Text, "", "Whether it is scheduled."),
    Column::new("message", Text, "", "The same in words."),
    Column::new("provider_action_type", Text, "", "The type of actions that was asked for.").nullable(),
];
/// What is shown of a token in the moment in which it is made.
const NEW_TOKEN: &[Column] = &[
    Column::new("created", Time, "", "When it was made."),
    Column::new("user_first_name", Text, "", "First name of its user."),
    Column::new("user_last_name", Text, "", "Last name of its user."),
    Column::new("user_username", Text, "", "Name with which its user signs in."),
    Column::new("user_is_active", Bool, "", "Whether the account is active."),
    Column::new("user_token_lifetime", Int, "", "Seconds after its last use at which it ends.").nullable(),
    Column::new("token", Text, "", "The token. It is never shown again."),
];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/users/", "users_list", "users", "User", &USERS),
    Route::create("/api/users/", "users_create", "users", "User", &act::CREATE, &USERS),
    Route::own(Verb::Get, "/api/users/me/", "users_me_retrieve", "users", "User", &ME)
        .about("The caller, with the token that was presented and what the profile lacks."),
    Route::own(Verb::Get, "/api/users/profile_completeness/", "users_profile_completeness_retrieve", "users",
        "ProfileCompleteness", &COMPLETENESS).about("Whether the caller's profile has what it must have."),
    Route::act("/api/users/confirm_email/", "users_confirm_email", "users", &email::CONFIRM, Answer::Json(200, DETAIL))
        .request("ConfirmEmailRequestRequest").anonymous(),
    Route::act("/api/users/scim_sync_all/", "users_scim_sync_all", "users", &act::SYNC_ALL, Answer::Json(200, DETAIL))
        .shape("ScimSyncAllResponse"),
    Route::own(Verb::Get, "/api/users/user_active_status_count/", "users_user_active_status_count_list", "users",
        "UserActiveStatusCount", &BY_ACTIVITY).about("How many users are active. For staff and support agents."),
    Route::own(Verb::Get, "/api/users/user_language_count/", "users_user_language_count_list", "users",
        "UserLanguageCount", &BY_LANGUAGE).about("How many users prefer which language. For staff and support agents."),
    Route::own(Verb::Get, "/api/users/user_registration_trend/", "users_user_registration_trend_list", "users",
        "UserRegistrationTrend", &BY_MONTH).about("How many users joined in which month. For staff and support agents."),
    Route::retrieve("/api/users/{uuid}/", "users_retrieve", "users", "User", &USERS),
    Route::put("/api/users/{uuid}/", "users_update", "users", "User", &act::UPDATE, &USERS),
    Route::patch("/api/users/{uuid}/", "users_partial_update", "users", "User", &act::UPDATE, &USERS),
    Route::destroy("/api/users/{uuid}/", "users_destroy", "users", &act::DELETE),
    Route::act("/api/users/{uuid}/change_email/", "users_change_email", "users", &email::ASK, Answer::Json(200, DETAIL))
        .request("UserEmailChangeRequest"),
    Route::act("/api/users/{uuid}/cancel_change_email/", "users_cancel_change_email", "users", &email::CANCEL,
        Answer::Json(200, DETAIL)),
    Route::own(Verb::Post, "/api/users/{uuid}/change_password/", "users_change_password", "users", "", &CHANGE_PASSWORD)
        .about("Set a user's password. All logins of the user end.").request("PasswordChangeRequest"),
    Route::act("/api/users/{uuid}/remove_password/", "users_remove_password", "users", &act::REMOVE_PASSWORD,
        Answer::Json(200, &[Column::new("status", Text, "", "What happened.")])),
    Route::own(Verb::Get, "/api/users/{uuid}/data_access/", "users_data_access_retrieve", "users", "UserDataAccess",
        &READERS).about("Who can read a user's profile."),
    Route::own(Verb::Get, "/api/users/{uuid}/data_access_history/", "users_data_access_history_list", "users",
        "UserDataAccessLog", &READ).about("Who has read a user's profile; the user sees what kind of reader it was."),
    Route::own(Verb::Get, "/api/users/{uuid}/history/", "users_history_list", "users", "VersionHistory", &HISTORY)
        .about("How a user was after each change. For staff and support agents."),
    Route::own(Verb::Get, "/api/users/{uuid}/history/at/", "users_history_at_retrieve", "users", "VersionHistory",
        &HISTORY_AT).about("How a user was at an instant. For staff and support agents."),
    Route::retrieve("/api/users/{uuid}/identity_bridge_status/", "users_identity_bridge_status_retrieve", "users",
        "IdentityBridgeUserStatus", &IDENTITY),
    Route::act("/api/users/{uuid}/pull_remote_user/", "users_pull_remote_user", "users", &act::PULL, Answer::Empty(200)),
    Route::act("/api/users/{uuid}/pull_scim_attributes/", "users_pull_scim_attributes", "users", &act::PULL_ATTRIBUTES,
        Answer::Json(200, DETAIL)).shape("ScimPullAttributesResponse"),
    // The official client takes 200 only, as the official description says (201 was seen on an older server).
    Route::act("/api/users/{uuid}/refresh_token/", "users_refresh_token", "users", &tokens::REFRESH,
        Answer::Json(200, NEW_TOKEN)).shape("UserAuthToken"),
    Route::act("/api/users/{uuid}/send_notification/", "users_send_notification", "users", &act::NOTIFY,
        Answer::Json(202, SCHEDULED)).shape("SendNotificationResponse"),
    Route::retrieve("/api/users/{uuid}/token/", "users_token_retrieve", "users", "UserAuthToken", &LOGIN_OF_USER),
    Route::act("/api/users/{uuid}/update_actions/", "users_update_actions", "users", &act::UPDATE_ACTIONS,
        Answer::Json(202, COMPUTED)).shape("UpdateActionsResponse").request("UpdateActionsRequest"),
];

/// The filters of users, for operations that sum them or look below one of them, and further parameters.
#[rustfmt::skip]
macro_rules! users_asked {
    ($($more:expr),* $(,)?) => { &[
        Field::text("agreement_date", 40, "Agreed to the terms at or after this instant."),
        Field::text("civil_number", 50, "The civil number."),
        Field::text("customer_uuid", 36, "People of this organization and its projects."),
        Field::text("date_joined", 40, "Made at or after this instant."),
        Field::text("description", 4096, "The notes of staff."),
        Field::text("email", 320, "Part of the address, any case."),
        Field::new("erasure_requested", Bool, "Whether the person asked to be erased."),
        Field::text("full_name", 300, "Part of the name, any case."),
        Field::new("is_active", Bool, "Whether the account can be used."),
        Field::new("is_staff", Bool, "Whether the user is staff."),
        Field::new("is_support", Bool, "Whether the user is a support agent."),
        Field::text("job_title", 120, "Part of what the person does, any case."),
        Field::text("modified", 40, "Changed at or after this instant."),
        Field::text("native_name", 100, "Part of the name in its own script, any case."),
        Field::text("o", 300, "The order."),
        Field::text("organization", 255, "Part of the organization's name, any case."),
        Field::text("organization_roles", 150, "Who holds this role on an organization; can be repeated."),
        Field::text("phone_number", 255, "The telephone number."),
        Field::text("project_roles", 150, "Who holds this role on a project; can be repeated."),
        Field::text("project_uuid", 36, "People of this project."),
        Field::text("query", 300, "Part of a name or of the address, any case."),
        Field::text("registration_method", 50, "How the account came about."),
        Field::text("user_keyword", 300, "Part of a name or of the address, any case."),
        Field::text("username", 128, "The name to sign in with."),
        Field::text("username_list", 4096, "Names to sign in with, separated by commas."),
        $($more),*
    ] };
}

static ME: Own = Own::new(|surface, asked| Box::pin(me(surface, asked)), Needs::SignedIn)
    .query(&[Field::new("field", Texts, "Names of the fields to show.")])
    .answer(200, Shape::Row(&USERS))
    .counts();

async fn me(surface: &Surface, asked: Asked) -> Result<Reply> {
    // Who looks at himself relies on no role.
    let actor = asked.actor(surface).await?.unnoted();
    if asked.head {
        return Ok(Reply::count(1));
    }
    let mut fields: Vec<String> = asked.values("field").map(str::to_owned).collect();
    if !USERS.columns.iter().any(|column| fields.iter().any(|field| field == column.name)) {
        fields = USERS.columns.iter().map(|column| column.name.to_owned()).collect();
    }
    let wanted = |name: &str| fields.iter().any(|field| field == name);
    let (token, address) = (wanted("token"), wanted("ip_address"));
    let json = surface.one(&asked, &actor, &USERS, Ask { fields, ..Ask::one(actor.uuid) }).await?;
    let mut user: Map<String, Value> = serde_json::from_str(&json.ok_or(Error::NotFound)?).map_err(Error::broken)?;
    if address {
        user.insert("ip_address".into(), json!(asked.caller.address.map(|address| address.to_string())));
    }
    // Whoever acts as somebody else does not get hold of his token, and a narrowed one is not passed off as a login.
    if let (true, Credential::Secret("token", secret)) = (token, &asked.caller.credential)
        && actor.impersonator.is_none()
        && actor.narrow.is_none()
    {
        user.insert("token".into(), secret.clone().into());
    }
    Ok(Reply::json(200, &Value::Object(user)))
}

static COMPLETENESS: Own = Own::new(|surface, asked| Box::pin(completeness(surface, asked)), Needs::SignedIn)
    .object(
        200,
        &[
            Column::new("is_complete", Bool, "", "Whether the profile has everything that it must have."),
            Column::new("missing_fields", Texts, "", "What it lacks."),
            Column::new("mandatory_fields", Texts, "", "What it must have."),
            Column::new("enforcement_enabled", Bool, "", "Whether most calls are refused until then."),
        ],
    )
    .counts();

async fn completeness(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    if asked.head {
        return Ok(Reply::count(1));
    }
    let ask = Ask { fields: vec!["profile_completeness".into()], ..Ask::one(actor.uuid) };
    let json = surface.one(&asked, &actor, &USERS, ask).await?.ok_or(Error::NotFound)?;
    let user: Value = serde_json::from_str(&json).map_err(Error::broken)?;
    Ok(Reply::json(200, &user["profile_completeness"]))
}

const STATUS_SET: &str = "password set";

static CHANGE_PASSWORD: Own = Own::new(|surface, asked| Box::pin(change_password(surface, asked)), Needs::Staff)
    .body(&[Field::text("new_password", rules::PASSWORD_MAX, "The new password.").required().secret()])
    .object(200, &[Column::new("status", Text, "", "What happened.")]);

async fn change_password(surface: &Surface, asked: Asked) -> Result<Reply> {
    let input = asked.input(CHANGE_PASSWORD.fields)?;
    let new = input.text("new_password").unwrap_or_default();
    password::change(&surface.core, &asked.caller, asked.param("uuid"), new).await?;
    Ok(Reply::json(200, &json!({"status": STATUS_SET})))
}

const COUNT: Column = Column::new("count", Int, "", "How many.");

static BY_ACTIVITY: Own = Own::new(|surface, asked| Box::pin(by_activity(surface, asked)), Needs::StaffOrSupport)
    .query(users_asked!())
    .answer(200, Shape::List(&[Column::new("status", Text, "", "`active` or `inactive`."), COUNT]))
    .counts();

async fn by_activity(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (actor, ask) = (asked.actor(surface).await?, filters(&asked));
    Ok(surface.page_of(&asked, &stats::by_activity(&surface.core, &actor, &ask).await?))
}

static BY_LANGUAGE: Own = Own::new(|surface, asked| Box::pin(by_language(surface, asked)), Needs::StaffOrSupport)
    .query(users_asked!())
    .answer(200, Shape::List(&[Column::new("language", Text, "", "Language code."), COUNT]))
    .counts();

async fn by_language(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (actor, ask) = (asked.actor(surface).await?, filters(&asked));
    Ok(surface.page_of(&asked, &stats::by_language(&surface.core, &actor, &ask).await?))
}

static BY_MONTH: Own = Own::new(|surface, asked| Box::pin(by_month(surface, asked)), Needs::StaffOrSupport)
    .query(users_asked!())
    .answer(200, Shape::List(&[Column::new("month", Text, "", "Year and month."), COUNT]))
    .counts();

async fn by_month(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (actor, ask) = (asked.actor(surface).await?, filters(&asked));
    Ok(surface.page_of(&asked, &stats::by_month(&surface.core, &actor, &ask).await?))
}

/// The users that the query asks for.
fn filters(asked: &Asked) -> Ask {
    Ask { filters: query::ask(&asked.query).filters, ..Ask::default() }
}

const PERSON: [Column; 3] = [
    Column::new("user_uuid", Uuid, "", "Identifier of the user."),
    Column::new("username", Text, "", "Name to sign in with."),
    Column::new("full_name", Text, "", "First and last name."),
];
const ADMIN: &[Column] = &[
    PERSON[0],
    PERSON[1],
    PERSON[2],
    Column::new(
        "access_type",
        Kind::Choice("AccessTypeEnum", &["staff", "support", "staff_and_support"]),
        "",
        "What gives the access.",
    ),
];
const ADMINISTRATIVE: &[Column] = &[
    Column::new("description", Text, "", "Why they have access."),
    Column::new("staff_count", Int, "", "Number of staff."),
    Column::new("support_count", Int, "", "Number of support agents."),
    Column::new("users", Rows("AdminUser", ADMIN), "", "Who they are; for staff and support agents.").absent(),
];
const COLLEAGUE: &[Column] =
    &[PERSON[0], PERSON[1], PERSON[2], Column::new("role", Text, "", "The role that gives the access.").nullable()];
const SHARED: &[Column] = &[
    Column::new("scope_type", Text, "", "Kind of the thing that both belong to."),
    Column::new("scope_uuid", Uuid, "", "Identifier of that thing."),
    Column::new("scope_name", Text, "", "Name of that thing."),
    Column::new("users", Rows("OrganizationalUser", COLLEAGUE), "", "The people there."),
];
const PROVIDER: &[Column] = &[
    Column::new("offering_uuid", Uuid, "", "Identifier of the offering."),
    Column::new("offering_name", Text, "", "Name of the offering."),
    Column::new("provider_name", Text, "", "Name of the provider.").nullable(),
    Column::new("provider_uuid", Uuid, "", "Identifier of the provider.").nullable(),
    Column::new("exposed_fields", Texts, "", "What the provider sees."),
    Column::new("consent_date", Text, "", "When the user consented.").nullable(),
    Column::new("consent_version", Text, "", "To what the user consented.").nullable(),
    Column::new("provider_team", Rows("ProviderTeamUser", &PERSON), "", "The people of the provider."),
];
const SUMMARY: &[Column] = &[
    Column::new("total_administrative_access", Int, "", "Number of staff and support agents.").nullable(),
    Column::new("total_organizational_access", Int, "", "Number of people with whom a scope is shared."),
    Column::new("total_provider_access", Int, "", "Number of providers."),
];

static READERS: Own = Own::new(|surface, asked| Box::pin(readers(surface, asked)), Needs::SignedIn).object(
    200,
    &[
        Column::new("administrative_access", OneRow("AdministrativeAccess", ADMINISTRATIVE), "", "Staff and support."),
        Column::new("organizational_access", Rows("OrganizationalAccess", SHARED), "", "People of shared scopes."),
        Column::new("service_provider_access", Rows("ServiceProviderAccess", PROVIDER), "", "Providers, by consent."),
        Column::new("summary", OneRow("DataAccessSummary", SUMMARY), "", "How many."),
    ],
);

async fn readers(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    Ok(Reply::json(200, &stats::readers(&surface.core, &actor, asked.param("uuid")).await?))
}

static READ: Own = Own::new(|surface, asked| Box::pin(read(surface, asked)), Needs::SignedIn)
    .query(users_asked!(
        Field::text("accessor_type", 50, "What kind of reader."),
        Field::new("start_date", Kind::Date, "On or after this day."),
        Field::new("end_date", Kind::Date, "On or before this day."),
    ))
    .answer(200, Shape::Rows(&ACCESSES))
    .counts();

async fn read(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let found = surface.core.find(&actor, &USERS, asked.param("uuid")).await?;
    stoa_kernel::access::decide(&actor, &Needs::Any(&[Needs::Own, Needs::StaffOrSupport]), &found).required()?;
    let key = history::visible(surface, &asked, &actor, &USERS, &ACCESSES).await?;
    surface.page(&asked, &actor, &ACCESSES, vec![(ACCESSES_OF, vec![key])]).await
}

static HISTORY: Own =
    Own::new(|surface, asked| Box::pin(history::list(surface, asked, &USERS, OF_USER)), Needs::StaffOrSupport)
        .query(users_asked!(
            Field::new("created_after", Time, "At or after this instant."),
            Field::new("created_before", Time, "Before this instant."),
        ))
        .answer(200, Shape::Rows(&VERSIONS))
        .counts();

static HISTORY_AT: Own =
    Own::new(|surface, asked| Box::pin(history::at(surface, asked, &USERS, OF_USER)), Needs::StaffOrSupport)
        .query(&[Field::new("timestamp", Time, "The instant.").required()])
        .answer(200, Shape::Row(&VERSIONS));
