//! What is seen of campaigns: those who manage one see all of it, reviewers what they are asked to decide as long as they may,
//! and for everybody else there is none.

use super::{Decision, State, rules};
use crate::{
    access::permissions::Permission::CustomerDeletePermission,
    grant::{rules::TEAMS, views::REVOKE},
};
use stoa_kernel::{
    access::{Actor, Needs},
    field::Kind::{Bool, Choice, Int, Link, Rows, Text, Texts, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// What it takes to make and run a campaign: to take roles away in the organization, as its end may do.
pub const MANAGE: Needs = Needs::Permission(CustomerDeletePermission.id(), &["customer"]);

/// What it takes to see the whole of a campaign and its evidence.
pub const OVERSEE: Needs = Needs::Any(&[Needs::StaffOrSupport, MANAGE]);

/// What it takes to decide about an item, besides being asked or managing the campaign: to revoke the grant by hand.
pub const DECIDE: Needs = REVOKE;

const PERSON: &[Column] = &[
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
];

const REVIEWER: &[Column] = &[
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
    Column::new("delegated_by_full_name", Text, "TRIM(d.first_name || ' ' || d.last_name)", "Who handed it on.")
        .nullable(),
];

/// The number of a campaign's items with a decision.
macro_rules! count {
    ($decision:literal) => {
        concat!(
            "(SELECT count(*) FROM review_campaign_items n WHERE n.campaign_id = v.id AND n.decision = '",
            $decision,
            "')"
        )
    };
}

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("review_campaign"), "v.uuid", "Address."),
    Column::new("uuid", Uuid, "v.uuid", "Identifier."),
    Column::new("name", Text, "v.name", "Name."),
    Column::new("description", Text, "v.description", "What reviewers are told."),
    Column::new("state", Choice("ReviewCampaignState", State::TEXTS), "v.state", "Where it is."),
    Column::new("note", Text, "v.note", "Why it was cancelled, if that happened by itself."),
    Column::new("scope_type", Text, "v.scope", "What is reviewed: installation, customer or project."),
    Column::new("scope_uuid", Uuid, "v.scope_uuid", "Identifier of that organization or project.").nullable(),
    Column::new("scope_name", Text, "v.scope_name", "Its name."),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization.").nullable(),
    Column::new("customer_name", Text, "c.name", "Name of the organization.").nullable(),
    Column::new("roles", Texts, "v.roles", "Names of the roles that are reviewed; empty for all."),
    Column::new("scope_kinds", Texts, "v.scope_kinds", "Kinds of things whose roles are reviewed; empty for all."),
    Column::new("reviewed_by", Choice("ReviewCampaignReviewedBy", rules::REVIEWED_BY), "v.reviewed_by", "Who reviews."),
    Column::new("reviewers", Rows("ReviewCampaignPerson", PERSON),
        "(SELECT JSON_ROWS({row} ORDER BY u.username) FROM review_campaign_named a JOIN users u ON u.id = a.user_id \
         WHERE a.campaign_id = v.id)", "People who are named as reviewers, for those who manage it.")
        .for_holders(CustomerDeletePermission.id(), &[("customer", "v.customer_id")]),
    Column::new("silence", Choice("ReviewCampaignSilence", rules::SILENCE), "v.silence",
        "What becomes of a role on which nobody decided."),
    Column::new("silence_days", Int, "v.silence_days", "For how many days such a role lasts, to shorten.").nullable(),
    Column::new("starts", Time, "v.starts", "When it starts by itself.").nullable(),
    Column::new("due", Time, "v.due", "When it ends."),
    Column::new("created", Time, "v.created", "When it was made."),
    Column::new("created_by_uuid", Uuid, "author.uuid", "Who made it.").nullable(),
    Column::new("created_by_full_name", Text, "TRIM(author.first_name || ' ' || author.last_name)", "Who made it.").nullable(),
    Column::new("started", Time, "v.started", "When it started.").nullable(),
    Column::new("started_by_full_name", Text, "TRIM(starter.first_name || ' ' || starter.last_name)",
        "Who started it, and with whose authority silence is carried out.").nullable(),
    Column::new("closed", Time, "v.closed", "When it was closed or cancelled.").nullable(),
    Column::new("closed_by_full_name", Text, "TRIM(closer.first_name || ' ' || closer.last_name)",
        "Who closed or cancelled it, if that did not happen by itself.").nullable(),
    Column::new("items", Int, "(SELECT count(*) FROM review_campaign_items n WHERE n.campaign_id = v.id)",
        "How many roles are reviewed."),
    Column::new("open_items", Int, count!("open"), "On how many nobody decided yet."),
    Column::new("kept_items", Int, count!("kept"), "How many were kept."),
    Column::new("shortened_items", Int, count!("shortened"), "How many were shortened."),
    Column::new("revoked_items", Int, count!("revoked"), "How many were revoked."),
    Column::new("gone_items", Int, count!("gone"), "How many had ended before anybody decided."),
    Column::new("withheld_items", Int, count!("withheld"), "On how many silence could not be carried out."),
    Column::new("own_open_items", Int,
        "(SELECT count(*) FROM review_campaign_assignments a JOIN review_campaign_items n ON n.id = a.item_id \
         WHERE a.campaign_id = v.id AND a.user_id = {actor} AND n.decision = 'open')", "How many wait for oneself."),
];

/// Campaigns.
pub static CAMPAIGNS: View = View {
    name: "review_campaigns",
    thing: "review_campaign",
    about: "Review campaigns that one manages or is a reviewer in.",
    from: "review_campaigns v",
    joins: &[
        Join("c", "LEFT JOIN customers c ON c.id = v.customer_id"),
        Join("author", "LEFT JOIN users author ON author.id = v.created_by"),
        Join("starter", "LEFT JOIN users starter ON starter.id = v.started_by"),
        Join("closer", "LEFT JOIN users closer ON closer.id = v.closed_by"),
    ],
    key: "v.id",
    lookup: "v.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let managed = "SELECT id FROM review_campaigns WHERE customer_id = ANY($)";
        own_or_asked(actor, clause, "v.id", managed, "campaign_id");
    },
    columns: COLUMNS,
    filters: &[
        Filter::new("state", Test::AnyOf("v.state", State::TEXTS), "Where it is; may repeat."),
        Filter::new("name", Test::Contains(&["v.name"]), "Part of the name, any case."),
        Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
        Filter::new("due_before", Test::Until("v.due"), "Ends before this instant."),
        Filter::new("due_after", Test::From("v.due"), "Ends at this instant or later."),
    ],
    orders: &[Order::new("created", "v.created"), Order::new("due", "v.due"), Order::new("name", "v.name")],
    default_order: "v.created DESC",
    places: &[PlaceColumn("itself", "review_campaign", "v.id"), PlaceColumn("customer", "customer", "v.customer_id")],
    state: Some("v.state"),
    label: "v.name",
    owner: None,
};

/// What one manages, and what one is asked to decide at scopes (or in organizations) where one may take roles away now. The
/// column of the assignments gives the key.
fn own_or_asked(actor: &Actor, clause: &mut Clause, key: &str, managed: &str, column: &str) {
    let mut parts = vec![(managed.to_owned(), actor.may_at("customer", CustomerDeletePermission.id()))];
    for team in TEAMS {
        let (scope, permission) = (team.scope, team.delete.id());
        let asked = format!(
            "SELECT {column} FROM review_campaign_assignments WHERE user_id = {{actor}} AND scope = '{scope}' AND "
        );
        parts.push((format!("{asked}scope_id = ANY($)"), actor.may_at(scope, permission)));
        if scope != "customer" {
            parts.push((format!("{asked}customer_id = ANY($)"), actor.may_at("customer", permission)));
        }
    }
    let parts: Vec<(&str, Vec<i64>)> = parts.iter().map(|(sql, ids)| (sql.as_str(), ids.clone())).collect();
    clause.key_in(key, &parts);
}

const HOLDER: &str = "TRIM(u.first_name || ' ' || u.last_name)";

#[rustfmt::skip]
const ITEM_COLUMNS: &[Column] = &[
    Column::new("url", Link("review_campaign_item"), "i.uuid", "Address."),
    Column::new("uuid", Uuid, "i.uuid", "Identifier."),
    Column::new("campaign", Link("review_campaign"), "v.uuid", "The campaign."),
    Column::new("campaign_uuid", Uuid, "v.uuid", "Identifier of the campaign."),
    Column::new("campaign_name", Text, "v.name", "Name of the campaign."),
    Column::new("campaign_state", Choice("ReviewCampaignState", State::TEXTS), "v.state", "Where the campaign is."),
    Column::new("due", Time, "v.due", "When the campaign ends."),
    Column::new("grant_uuid", Uuid, "i.grant_uuid", "Identifier of the grant."),
    Column::new("user_uuid", Uuid, "u.uuid", "Who holds the role.").nullable(),
    Column::new("user_username", Text, "u.username", "His name to sign in with.").nullable(),
    Column::new("user_full_name", Text, HOLDER, "His first and last name.").nullable(),
    Column::new("user_email", Text, "u.email", "His address.").nullable(),
    Column::new("role_name", Text, "i.role_name", "Name of the role."),
    Column::new("scope_type", Text, "i.scope", "The kind of thing on which the role is."),
    Column::new("scope_uuid", Uuid, "i.scope_uuid", "Identifier of that thing."),
    Column::new("scope_name", Text, "i.scope_name", "Name of that thing."),
    Column::new("customer_name", Text, "i.customer_name", "Name of the organization."),
    Column::new("granted", Time, "i.granted", "When the role was given."),
    Column::new("granted_by_full_name", Text, "TRIM(giver.first_name || ' ' || giver.last_name)", "Who gave it.").nullable(),
    Column::new("expiration_time", Time, "i.expires", "When it was to end when the campaign started.").nullable(),
    Column::new("decision", Choice("ReviewCampaignDecision", Decision::TEXTS), "i.decision", "What was decided."),
    Column::new("reason", Text, "i.reason", "Why."),
    Column::new("new_end", Time, "i.new_end", "When a shortened role ends.").nullable(),
    Column::new("by_default", Bool, "i.by_default", "Whether nobody decided, so that silence was carried out."),
    Column::new("decided", Time, "i.decided", "When it was decided.").nullable(),
    Column::new("decided_by_uuid", Uuid, "judge.uuid", "Who decided.").nullable(),
    Column::new("decided_by_username", Text, "judge.username", "Who decided.").nullable(),
    Column::new("decided_by_full_name", Text, "TRIM(judge.first_name || ' ' || judge.last_name)", "Who decided.").nullable(),
    Column::new("note", Text, "i.note", "What is to be said besides."),
    Column::new("reviewers", Rows("ReviewCampaignReviewer", REVIEWER),
        "(SELECT JSON_ROWS({row} ORDER BY u.username) FROM review_campaign_assignments a JOIN users u ON u.id = a.user_id \
         LEFT JOIN users d ON d.id = a.delegated_by WHERE a.item_id = i.id)", "Who is asked to decide."),
];

/// Items: the roles that are reviewed.
pub static ITEMS: View = View {
    name: "review_campaign_items",
    thing: "review_campaign_item",
    about: "Roles that are reviewed in campaigns that one manages or is a reviewer in.",
    from: "review_campaign_items i",
    joins: &[
        Join("v", "JOIN review_campaigns v ON v.id = i.campaign_id"),
        Join("u", "LEFT JOIN users u ON u.id = i.user_id"),
        Join("giver", "LEFT JOIN users giver ON giver.id = i.granted_by"),
        Join("judge", "LEFT JOIN users judge ON judge.id = i.decided_by"),
    ],
    key: "i.id",
    lookup: "i.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let managed = "SELECT n.id FROM review_campaigns m JOIN review_campaign_items n ON n.campaign_id = m.id \
                       WHERE m.customer_id = ANY($)";
        own_or_asked(actor, clause, "i.id", managed, "item_id");
    },
    columns: ITEM_COLUMNS,
    #[rustfmt::skip]
    filters: &[
        Filter::new("decision", Test::AnyOf("i.decision", Decision::TEXTS), "What was decided; may repeat."),
        Filter::new("campaign_uuid", Test::Uuid("i.campaign_id IN (SELECT id FROM review_campaigns WHERE uuid = ANY($))"),
            "Identifier of the campaign."),
        Filter::new("campaign_state", Test::AnyOf("v.state", State::TEXTS), "Where the campaign is; may repeat."),
        Filter::new("user_uuid", Test::Uuid("i.user_id IN (SELECT id FROM users WHERE uuid = ANY($))"), "Who holds the role."),
        Filter::new("reviewer_uuid",
            Test::Uuid("i.id IN (SELECT a.item_id FROM review_campaign_assignments a JOIN users f ON f.id = a.user_id \
                        WHERE f.uuid = ANY($))"), "Who is asked to decide."),
        Filter::new("role_name", Test::Contains(&["i.role_name"]), "Part of the role's name, any case."),
        Filter::new("scope_type", Test::AnyText("i.scope"), "The kind of thing on which the role is; may repeat."),
        Filter::new("scope_uuid", Test::UuidLoose("i.scope_uuid = ANY($)"), "Identifier of that thing."),
        Filter::new("by_default", Test::Bool("i.by_default"), "Whether silence was carried out."),
        Filter::new("query", Test::Contains(&["u.username", HOLDER, "i.scope_name"]),
            "Part of the name of the person or of the thing, any case."),
    ],
    orders: &[Order::new("decided", "i.decided").nullable(), Order::new("scope_name", "i.scope_name")],
    default_order: "",
    #[rustfmt::skip]
    places: &[
        PlaceColumn("organization", "customer", "CASE WHEN i.scope = 'customer' THEN i.scope_id END"),
        PlaceColumn("project", "project", "CASE WHEN i.scope = 'project' THEN i.scope_id END"),
        PlaceColumn("project.customer", "customer", "CASE WHEN i.scope = 'project' THEN i.customer_id END"),
        PlaceColumn("service_provider", "service_provider", "CASE WHEN i.scope = 'service_provider' THEN i.scope_id END"),
        PlaceColumn("service_provider.customer", "customer",
            "CASE WHEN i.scope = 'service_provider' THEN i.customer_id END"),
        PlaceColumn("offering", "offering", "CASE WHEN i.scope = 'offering' THEN i.scope_id END"),
        PlaceColumn("offering.customer", "customer", "CASE WHEN i.scope = 'offering' THEN i.customer_id END"),
        PlaceColumn("resource", "resource", "CASE WHEN i.scope = 'resource' THEN i.scope_id END"),
        PlaceColumn("resource.customer", "customer", "CASE WHEN i.scope = 'resource' THEN i.customer_id END"),
        PlaceColumn("call", "call", "CASE WHEN i.scope = 'call' THEN i.scope_id END"),
        PlaceColumn("call.customer", "customer", "CASE WHEN i.scope IN ('call', 'call_organizer') THEN i.customer_id END"),
        PlaceColumn("proposal", "proposal", "CASE WHEN i.scope = 'proposal' THEN i.scope_id END"),
        PlaceColumn("proposal.customer", "customer", "CASE WHEN i.scope = 'proposal' THEN i.customer_id END"),
    ],
    state: Some("i.decision"),
    label: "i.scope_name",
    owner: None,
};

/// The reviewers of one campaign, as a list in it: who has how many open.
#[rustfmt::skip]
pub static REVIEWERS: View = View {
    name: "review_campaign_reviewers",
    thing: "review_campaign_reviewer",
    about: "Reviewers of a campaign, and how much waits for each.",
    from: "(SELECT a.campaign_id, a.user_id, count(*) AS items, \
           SUM(CASE WHEN n.decision = 'open' THEN 1 ELSE 0 END) AS open_items \
           FROM review_campaign_assignments a JOIN review_campaign_items n ON n.id = a.item_id \
           GROUP BY a.campaign_id, a.user_id) a",
    joins: &[Join("u", "JOIN users u ON u.id = a.user_id")],
    key: "a.user_id",
    lookup: "a.user_id",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: &[
        Column::new("user_uuid", Uuid, "u.uuid", "Who reviews."),
        Column::new("user_username", Text, "u.username", "Name to sign in with."),
        Column::new("user_full_name", Text, HOLDER, "First and last name."),
        Column::new("items", Int, "a.items", "How many roles he is asked about."),
        Column::new("open_items", Int, "a.open_items", "On how many of them nobody decided yet."),
    ],
    filters: &[],
    orders: &[Order::new("open_items", "a.open_items"), Order::new("username", "u.username")],
    default_order: "u.username",
    places: &[],
    state: None,
    label: "u.username",
    owner: None,
};
