//! `/api/access/unused/`, `/api/access/unused/items/` and `/api/access/narrowings/`: what nobody used, and taking it away.

use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use stoa_kernel::{
    Result,
    access::{Actor, Needs},
    field::{
        Field,
        Kind::{Bool, Date, Int, Json, Text, Time},
    },
    view::Column,
};
use stoa_tenancy::narrowing::{
    actions::{MAKE, UNDO},
    suggestions::suggestions,
    unused::{Question, unused as find_unused},
    views::{NARROWINGS, UNUSED_GRANTS, only_unused},
};

const TAG: &str = "access";
const ALL: &str = "/api/access/narrowings/";
const SHAPE: &str = "AccessNarrowing";

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("access_narrowing", ALL)];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/access/unused/", "access_unused_list", TAG, "AccessUnused", &UNUSED)
        .about("What nobody used for a number of days: grants, or another kind, of the teams that one may see."),
    Route::own(Verb::Get, "/api/access/unused/grants/", "access_unused_grants_list", TAG, "AccessUnusedGrant", &GRANTS)
        .about("Grants that nobody used for a number of days, page by page, with filters, orders and columns."),
    Route::own(Verb::Get, "/api/access/unused/items/", "access_unused_items_list", TAG, "AccessUnusedItem", &SUGGESTIONS)
        .about("What could be taken away as nobody used it: items of a narrowing, and whether one may."),
    Route::list(ALL, "access_narrowings_list", TAG, SHAPE, &NARROWINGS),
    Route::create(ALL, "access_narrowings_create", TAG, SHAPE, &MAKE, &NARROWINGS),
    Route::retrieve("/api/access/narrowings/{uuid}/", "access_narrowings_retrieve", TAG, SHAPE, &NARROWINGS),
    Route::act("/api/access/narrowings/{uuid}/undo/", "access_narrowings_undo", TAG, &UNDO,
        Answer::Object(&NARROWINGS, 200)).shape(SHAPE),
];

const DAYS: Field = Field::new("days", Int, "For how many days it was not used; 90 if left out.");
const IGNORE_LISTS: Field =
    Field::new("ignore_lists", Bool, "Whether a grant that only let things appear in lists is unused.");
const KIND: Field = Field::text("kind", 20, "grant, permission, token or staff.");
const SCOPE: Field = Field::text("scope", 500, "Address or identifier of the thing; everywhere if left out.");

const UNUSED_KEYS: &[Column] = &[
    Column::new("kind", Text, "", "grant, permission, token, scope (a permission of a token), staff or support."),
    Column::new("uuid", Text, "", "Identifier of the grant, the role, the token or the person."),
    Column::new("user", Json, "", "Whose it is: uuid, username, full_name.").nullable(),
    Column::new("role", Json, "", "The role: uuid and name; for permissions also shipped and holders.").nullable(),
    Column::new("scope", Json, "", "Where it is: type, uuid, name, customer_name.").nullable(),
    Column::new("token", Text, "", "Name of the token.").absent(),
    Column::new("permission", Text, "", "The permission.").nullable(),
    Column::new("since", Time, "", "Since when it is there.").nullable(),
    Column::new("last_used", Date, "", "The day on which it was last used to do or open something.").nullable(),
    Column::new("last_listed", Date, "", "The day on which it last let something appear in a list.").nullable(),
    Column::new("days_used", Int, "", "On how many days it was used, as long as uses are recorded."),
];

const SUGGESTION_KEYS: &[Column] = &[
    Column::new("item", Json, "", "What to send as an item of a narrowing."),
    Column::new("action", Text, "", "The action that would do it by hand."),
    Column::new("sentence", Text, "", "Why it is suggested."),
    Column::new("unused_days", Int, "", "For how many days it is unused; since it is there, if it never was used."),
    Column::new("allowed", Bool, "", "Whether the asker may take it away, as far as that is known without doing it."),
    Column::new("why", Text, "", "Why he may, or may not."),
    Column::new("kind", Text, "", "grant, permission, token or scope (a permission of a token)."),
    Column::new("uuid", Text, "", "Identifier of the grant, the role or the token."),
    Column::new("user", Json, "", "Whose it is: uuid, username, full_name.").nullable(),
    Column::new("role", Json, "", "The role: uuid and name; for permissions also shipped and holders.").nullable(),
    Column::new("scope", Json, "", "Where it is: type, uuid, name, customer_name.").nullable(),
    Column::new("token", Text, "", "Name of the token.").absent(),
    Column::new("permission", Text, "", "The permission.").nullable(),
    Column::new("since", Time, "", "Since when it is there.").nullable(),
    Column::new("last_used", Date, "", "The day on which it was last used to do or open something.").nullable(),
    Column::new("last_listed", Date, "", "The day on which it last let something appear in a list.").nullable(),
    Column::new("days_used", Int, "", "On how many days it was used, as long as uses are recorded."),
];

static UNUSED: Own = Own::new(|surface, asked| Box::pin(show_unused(surface, asked)), Needs::SignedIn)
    .query(&[DAYS, IGNORE_LISTS, KIND, SCOPE])
    .answer(200, Shape::List(UNUSED_KEYS));

static GRANTS: Own = Own::new(|surface, asked| Box::pin(show_grants(surface, asked)), Needs::SignedIn)
    .query(&[DAYS, IGNORE_LISTS, SCOPE])
    .answer(200, Shape::Rows(&UNUSED_GRANTS))
    .counts();

static SUGGESTIONS: Own = Own::new(|surface, asked| Box::pin(suggest(surface, asked)), Needs::SignedIn)
    .query(&[DAYS, IGNORE_LISTS, KIND, SCOPE])
    .answer(200, Shape::List(SUGGESTION_KEYS));

/// What was asked. What this node has in memory is written first: whoever asks is not told of what was used a moment ago.
async fn question(surface: &Surface, asked: &Asked, actor: &Actor, kind: &str) -> Result<Question> {
    stoa_tenancy::uses::flush(&surface.core).await?;
    let text = |name: &str| asked.value(name).unwrap_or_default();
    let scope = asked.value("scope").filter(|text| !text.is_empty());
    Question::read(&surface.core, actor, (text("days"), text("ignore_lists"), kind), scope).await
}

async fn show_unused(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let question = question(surface, &asked, &actor, asked.value("kind").unwrap_or_default()).await?;
    let rows = find_unused(&surface.core, &actor, &question).await?;
    Ok(surface.page_of(&asked, &rows))
}

async fn show_grants(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let question = question(surface, &asked, &actor, "grant").await?;
    surface.page(&asked, &actor, &UNUSED_GRANTS, only_unused(&question)).await
}

async fn suggest(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let kind = asked.value("kind").unwrap_or_default();
    let question = question(surface, &asked, &actor, kind).await?;
    let rows = suggestions(&surface.core, &actor, &question, kind.is_empty()).await?;
    Ok(surface.page_of(&asked, &rows))
}
