//! Making campaigns, and changing them until they start.

use crate::{
    campaign::{
        State, course, rules,
        store::{self, Campaign},
        views::{CAMPAIGNS, MANAGE},
    },
    grant::rules as teams,
    group_invitation::views::SCOPES,
    role,
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Check, Field, Input, Kind},
    record,
};

const NAME: Field = Field::text("name", 150, "Name.").required().check(Check::Visible).stored();
const DESCRIPTION: Field = Field::text("description", 2000, "What reviewers are told.").stored();
const ROLES: Field =
    Field::new("roles", Kind::Texts, "Names or identifiers of the roles that are reviewed; empty for all.").stored();
const KINDS: Field =
    Field::new("scope_kinds", Kind::Texts, "Kinds of things whose roles are reviewed, such as project; empty for all.")
        .stored();
const REVIEWED_BY: Field = Field::new(
    "reviewed_by",
    Kind::Choice("ReviewCampaignReviewedBy", rules::REVIEWED_BY),
    "Who reviews: named people, owners (who manage teams from the organization's level), or managers (who manage the team \
     of the very thing; where there is no other, owners). Only who may take a role away is asked about it.",
)
.stored();
const REVIEWERS: Field = Field::new("reviewers", Kind::Links("user"), "The named people.");
const SILENCE: Field = Field::new(
    "silence",
    Kind::Choice("ReviewCampaignSilence", rules::SILENCE),
    "What becomes of a role on which nobody decided: keep, revoke, or shorten to some days.",
)
.stored();
const SILENCE_DAYS: Field = Field::new("silence_days", Kind::Int, "For how many days such a role lasts, to shorten.")
    .min(1)
    .max(3650)
    .nullable()
    .stored();
const STARTS: Field =
    Field::new("starts", Kind::Time, "When it starts by itself; by hand if not set.").nullable().stored();
const DUE: Field = Field::new("due", Kind::Time, "When it ends.").required().stored();

const FIELDS: &[Field] = &[NAME, DESCRIPTION, ROLES, KINDS, REVIEWED_BY, REVIEWERS, SILENCE, SILENCE_DAYS, STARTS, DUE];

const FIELDS_IN: &[Field] = &[
    Field::new("scope", Kind::Link("scope"), "Address of the organization or project that is reviewed.").required(),
    NAME,
    DESCRIPTION,
    ROLES,
    KINDS,
    REVIEWED_BY,
    REVIEWERS,
    SILENCE,
    SILENCE_DAYS,
    STARTS,
    DUE,
];

/// Makes a campaign for an organization or a project.
pub static CREATE: Action = Action {
    name: "review_campaign.create",
    about: "Make a campaign that reviews the roles in an organization, or in one of its projects.",
    target: Target::Parent("scope", &SCOPES),
    needs: MANAGE,
    from: &[],
    fields: FIELDS_IN,
    events: &["review_campaign_created"],
    run: |cx, input| Box::pin(create_in(cx, input)),
};

/// Makes a campaign for the whole installation.
pub static CREATE_FOR_ALL: Action = Action {
    name: "review_campaign.create_for_all",
    about: "Make a campaign that reviews the roles in the whole installation.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["review_campaign_created"],
    run: |cx, input| Box::pin(create(cx, input, FIELDS, vec![("scope", "installation".into())])),
};

/// Changes a draft.
pub static UPDATE: Action = Action {
    name: "review_campaign.update",
    about: "Change a review campaign that has not started.",
    target: Target::Thing(&CAMPAIGNS),
    needs: MANAGE,
    from: &[State::Draft.text()],
    fields: FIELDS,
    events: &["review_campaign_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

async fn create_in(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let customer = cx.found.at("customer").ok_or_else(|| Error::broken("a scope without an organization"))?;
    let (kind, id) = match cx.found.at("project") {
        Some(project) => ("project", project),
        None => ("customer", customer),
    };
    input.drop("scope");
    let scope: Vec<(&'static str, Val)> = vec![
        ("scope", kind.into()),
        ("scope_id", id.into()),
        ("scope_uuid", cx.found.uuid.into()),
        ("scope_name", cx.found.name.as_str().into()),
        ("customer_id", customer.into()),
    ];
    create(cx, input, FIELDS_IN, scope).await
}

async fn create(
    cx: &mut Cx<'_>,
    mut input: Input,
    fields: &'static [Field],
    scope: Vec<(&'static str, Val)>,
) -> Result<Done> {
    known(cx, &mut input).await?;
    let uuid = cx.uuid();
    let mut columns = scope;
    columns.extend([
        ("uuid", uuid.into()),
        ("created", cx.now.into()),
        ("created_by", (cx.actor.id != 0).then_some(cx.actor.id).into()),
        ("changed_by", (cx.actor.id != 0).then_some(cx.actor.id).into()),
        ("state", State::Draft.text().into()),
    ]);
    let id = record::insert(cx.tx, store::TABLE, fields, &input, columns).await?;
    store::name(cx.tx, id, input.ints("reviewers").unwrap_or_default()).await?;
    let campaign = checked(cx, id).await?;
    let message = format!("Review campaign {} has been created.", campaign.name);
    let event = course::event(cx, "review_campaign_created", &campaign, message).await?;
    Ok(Done::event(event).made("review_campaign", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    // Whoever starts it meanwhile comes first.
    let held = store::hold(cx.tx, cx.found.id).await?;
    if held.state != State::Draft {
        return Err(Error::Conflict(format!("Valid states for operation: {}.", State::Draft.text())));
    }
    known(cx, &mut input).await?;
    let (id, mut changes) = (held.id, record::update(cx, store::TABLE, held.id, FIELDS, &input, Vec::new()).await?);
    if let Some(users) = input.ints("reviewers").map(<[i64]>::to_vec)
        && store::name(cx.tx, id, &users).await?
    {
        let (before, after) = (Value::Null, json!(users.len()));
        changes.push(Change { field: "reviewers".into(), before, after });
    }
    let campaign = checked(cx, id).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    store::changed(cx.tx, id, (cx.actor.id != 0).then_some(cx.actor.id)).await?;
    let message = format!("Review campaign {} has been changed.", campaign.name);
    let event = course::event(cx, "review_campaign_updated", &campaign, message).await?;
    Ok(Done::event(event.changes(changes)))
}

/// Puts the stored names in place of what names roles and kinds of scopes.
async fn known(cx: &mut Cx<'_>, input: &mut Input) -> Result<()> {
    let texts = |input: &Input, field: &str| -> Option<Vec<String>> {
        let list = input.json(field)?.as_array()?;
        Some(list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect())
    };
    if let Some(wanted) = texts(input, "roles") {
        let mut names = Vec::new();
        for text in wanted {
            let found = role::store::known(cx.tx, cx.actor, &text).await?;
            names.push(found.ok_or_else(|| Error::field("roles", "Role is not found."))?.name);
        }
        names.sort();
        names.dedup();
        input.set("roles", json!(names).to_string());
    }
    if let Some(wanted) = texts(input, "scope_kinds") {
        let mut kinds = Vec::new();
        for text in wanted {
            let found = teams::scope_of(&text).ok_or_else(|| Error::field("scope_kinds", "No such kind of scope."))?;
            kinds.push(found);
        }
        kinds.sort_unstable();
        kinds.dedup();
        input.set("scope_kinds", json!(kinds).to_string());
    }
    Ok(())
}

/// The campaign as it is stored, if it fits together.
async fn checked(cx: &mut Cx<'_>, id: i64) -> Result<Campaign> {
    let campaign = store::hold(cx.tx, id).await?;
    course::whole_credential(cx, &campaign.silence)?;
    let named = store::named(cx.tx, id).await?.len();
    let Campaign { silence_days, starts, due, .. } = campaign;
    let (reviewed_by, silence) = (campaign.reviewed_by.as_str(), campaign.silence.as_str());
    rules::Frame { reviewed_by, named, silence, silence_days, starts, due }.check(cx.now)?;
    Ok(campaign)
}
