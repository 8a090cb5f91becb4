//! What can be done with guards. Every change is the guard's next revision.

use super::{
    rules::{self, Definition, KINDS, Stored, WITHIN},
    store,
    views::{GUARDS, MANAGE},
};
use crate::{
    access::permissions::Permission::{CustomerCreatePermission, CustomerListUsers},
    customer::{self, views::CUSTOMERS},
    role,
};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind},
    id::{self, Uuid},
    record,
};

/// Guards of one organization at most: everybody is loaded with those that concern him at every request.
const MOST: i64 = 50;

const CUSTOMER: Field =
    Field::new("customer", Kind::Link("customer"), "The organization whose it is.").required().fixed();

/// The fields of a guard after the organization.
macro_rules! fields {
    ($($first:expr)?) => {
        &[
            $($first,)?
            Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
            Field::text("description", 2000, "What it is for.").stored(),
            Field::new("kind", Kind::Choice("GuardKind", KINDS),
                "Whether it denies what it names (deny) or all else (ceiling), or keeps its roles apart (apart).").required().fixed().stored(),
            Field::new("is_active", Kind::Bool, "Whether it denies at all.").stored(),
            Field::new("scope", Kind::Link("scope"), "The organization or project on which it denies; everywhere if not set.")
                .nullable(),
            Field::new("permissions", Kind::Texts, "Permissions by name, PROJECT.* or *.").stored(),
            Field::new("roles", Kind::Texts,
                "Names or identifiers of the roles through which it denies, or that it keeps apart; none for all."),
            Field::new("users", Kind::Links("user"), "The people whom it denies; none for everybody."),
            Field::new("own", Kind::Bool, "Whether it denies only on one's own things: who ordered does not approve.").stored(),
            Field::new("staff", Kind::Bool, "Whether it denies staff too.").stored(),
            Field::new("within", Kind::Choice("GuardWithin", WITHIN), "How far apart its roles are kept.").stored(),
            Field::new("networks", Kind::Texts, "It does not deny who calls from one of these.").stored(),
            Field::new("hours", Kind::Texts, "It does not deny in these hours, such as mon-fri 08:00-18:00.").stored(),
            Field::text("time_zone", 64, "Where the clocks show those hours, such as Europe/Berlin.").stored(),
            Field::new("second_factor", Kind::Bool, "Whether it does not deny who signed in with a second factor.").stored(),
            Field::new("assurance", Kind::Texts, "It does not deny those for whom all of these are vouched.").stored(),
            Field::new("starts", Kind::Time, "It denies from then on.").nullable().stored(),
            Field::new("ends", Kind::Time, "It denies until then.").nullable().stored(),
        ]
    };
}

#[rustfmt::skip]
const FIELDS: &[Field] = fields!();
#[rustfmt::skip]
const FIELDS_IN: &[Field] = fields!(CUSTOMER);

/// Makes a guard of an organization.
pub static CREATE: Action = Action {
    name: "guard.create",
    about: "Make a rule that denies something in an organization, whatever roles say.",
    target: Target::Parent("customer", &CUSTOMERS),
    needs: Needs::Permission(CustomerCreatePermission.id(), &["itself"]),
    from: &[],
    fields: FIELDS_IN,
    events: &["guard_created"],
    run: |cx, input| {
        let customer = Some(cx.found.id);
        Box::pin(create(cx, input, FIELDS_IN, customer))
    },
};

/// Makes a guard of the installation.
pub static CREATE_FOR_ALL: Action = Action {
    name: "guard.create_for_all",
    about: "Make a rule that denies something in the whole installation, whatever roles say.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["guard_created"],
    run: |cx, input| Box::pin(create(cx, input, FIELDS, None)),
};

/// Changes a guard.
pub static UPDATE: Action = Action {
    name: "guard.update",
    about: "Change what a guard denies.",
    target: Target::Thing(&GUARDS),
    needs: MANAGE,
    from: &[],
    fields: FIELDS,
    events: &["guard_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a guard.
pub static DELETE: Action = Action {
    name: "guard.delete",
    about: "Remove a guard: it denies nothing any more.",
    target: Target::Thing(&GUARDS),
    needs: MANAGE,
    from: &[],
    fields: &[],
    events: &["guard_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

fn by(cx: &Cx<'_>) -> Option<i64> {
    (cx.actor.id != 0).then_some(cx.actor.id)
}

async fn create(cx: &mut Cx<'_>, mut input: Input, fields: &'static [Field], customer: Option<i64>) -> Result<Done> {
    store::turn(cx.tx).await?;
    if let Some(customer) = customer
        && store::count(cx.tx, customer).await? >= MOST
    {
        return Err(Error::LimitExceeded(format!("An organization has at most {MOST} guards.")));
    }
    let roles = settle(cx, &mut input).await?.unwrap_or_default();
    let users = input.ints("users").map(<[i64]>::to_vec).unwrap_or_default();
    let uuid = cx.uuid();
    let mut columns: Vec<(&'static str, Val)> = vec![
        ("uuid", uuid.into()),
        ("customer_id", customer.into()),
        ("created", cx.now.into()),
        ("created_by", by(cx).into()),
        ("modified", cx.now.into()),
    ];
    columns.extend(place(cx, customer)?.unwrap_or_default());
    let id = record::insert(cx.tx, store::TABLE, fields, &input, columns).await?;
    store::set_roles(cx.tx, id, &roles).await?;
    store::set_users(cx.tx, id, &users).await?;
    let says = settled(cx, id, uuid).await?;
    let event = event(cx, "guard_created", uuid, &says, "has been created").await?;
    Ok(Done::event(event).made("guard", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    store::turn(cx.tx).await?;
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    let (_, before, place_before) = store::definition(cx.tx, id).await?;
    let (roles_before, users_before) = store::named(cx.tx, id).await?;
    let roles = settle(cx, &mut input).await?;
    let mut changes = record::update(cx, store::TABLE, id, FIELDS, &input, Vec::new()).await?;
    if input.has("scope") {
        let place = place(cx, before.customer)?.unwrap_or_else(|| {
            vec![("scope", Val::Null), ("scope_id", Val::Null), ("scope_uuid", Val::Null), ("scope_name", "".into())]
        });
        record::set(cx.tx, store::TABLE, id, place).await?;
    }
    if let Some(roles) = roles {
        store::set_roles(cx.tx, id, &roles).await?;
    }
    if let Some(users) = input.ints("users").map(<[i64]>::to_vec) {
        store::set_users(cx.tx, id, &users).await?;
    }
    let (_, after, place_after) = store::definition(cx.tx, id).await?;
    let (roles_after, users_after) = store::named(cx.tx, id).await?;
    let links = [
        ("scope", json!(place_before), json!(place_after), before.scope != after.scope),
        ("roles", json!(roles_before), json!(roles_after), before.roles != after.roles),
        ("users", json!(users_before), json!(users_after), before.users != after.users),
    ];
    for (field, before, after, differ) in links {
        if differ {
            changes.push(Change { field: field.into(), before, after });
        }
    }
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let says = settled(cx, id, uuid).await?;
    let event = event(cx, "guard_updated", uuid, &says, "has been changed").await?;
    Ok(Done::event(event.changes(changes)))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    store::turn(cx.tx).await?;
    let (id, uuid, now) = (cx.found.id, cx.found.uuid, cx.now);
    store::delete(cx.tx, id, now).await?;
    let (_, says, _) = store::definition(cx.tx, id).await?;
    store::next_revision(cx.tx, id, &says, String::new(), by(cx), now).await?;
    Ok(Done::event(event(cx, "guard_deleted", uuid, &says, "has been removed").await?))
}

/// Has the guards that name an account name another one too, which takes its place: what binds a person follows him. What the record
/// says of that.
///
/// # Errors
/// Those of the store.
pub async fn follow(cx: &mut Cx<'_>, from: i64, to: i64) -> Result<Vec<Event>> {
    let guards = store::naming(cx.tx, from).await?;
    if !guards.is_empty() {
        store::turn(cx.tx).await?;
    }
    let mut events = Vec::new();
    for id in guards {
        let (_, users_before) = store::named(cx.tx, id).await?;
        let (uuid, mut says, _) = store::definition(cx.tx, id).await?;
        if says.users.contains(&to) {
            continue;
        }
        says.users.push(to);
        store::set_users(cx.tx, id, &says.users).await?;
        let says = written(cx, id).await?;
        let (_, users) = store::named(cx.tx, id).await?;
        let change = Change { field: "users".into(), before: json!(users_before), after: json!(users) };
        let event = event(cx, "guard_updated", uuid, &says, "has been changed").await?;
        events.push(event.changes(vec![change]));
    }
    Ok(events)
}

/// Puts texts in the form in which they are stored; gives the keys of the roles that were sent.
async fn settle(cx: &mut Cx<'_>, input: &mut Input) -> Result<Option<Vec<i64>>> {
    for field in ["permissions", "networks", "hours", "assurance"] {
        if let Some(sent) = input.json(field) {
            let texts = rules::texts(field, sent)?;
            input.set(field, json!(texts).to_string());
        }
    }
    if input.text("time_zone") == Some("") {
        input.set("time_zone", "UTC");
    }
    let Some(sent) = input.json("roles") else { return Ok(None) };
    let mut roles = Vec::new();
    for name in rules::texts("roles", sent)? {
        let role = role::store::known(cx.tx, cx.actor, &name).await?;
        roles.push(role.ok_or_else(|| Error::field("roles", "Role is not found."))?.id);
    }
    Ok(Some(roles))
}

/// The columns of the place that was sent: the organization of the guard, or something in it.
fn place(cx: &Cx<'_>, customer: Option<i64>) -> Result<Option<Vec<(&'static str, Val)>>> {
    let Some(found) = cx.link("scope") else { return Ok(None) };
    let owner = found.at("customer").ok_or_else(|| Error::broken("a scope without an organization"))?;
    if customer.is_some_and(|customer| customer != owner) {
        return Err(Error::field("scope", "It is not the organization, nor one of its projects."));
    }
    let (kind, id) = found.at("project").map_or(("customer", owner), |project| ("project", project));
    Ok(Some(vec![
        ("scope", kind.into()),
        ("scope_id", id.into()),
        ("scope_uuid", found.uuid.into()),
        ("scope_name", found.name.as_str().into()),
    ]))
}

/// The guard as it is stored now, if its parts fit together and it leaves whoever made it so the power to change it again; written
/// as its next revision.
async fn settled(cx: &mut Cx<'_>, id: i64, uuid: Uuid) -> Result<Definition> {
    let (_, says, _) = store::definition(cx.tx, id).await?;
    says.check()?;
    leaves_its_maker(cx, uuid, &says)?;
    written(cx, id).await
}

/// The guard as it is stored now, written as its next revision.
async fn written(cx: &mut Cx<'_>, id: i64) -> Result<Definition> {
    let (_, says, scope_name) = store::definition(cx.tx, id).await?;
    let (roles, users) = store::named(cx.tx, id).await?;
    let place = match (scope_name.is_empty(), says.customer) {
        (false, _) => scope_name,
        (true, Some(customer)) => customer_name(cx, customer).await?,
        (true, None) => String::new(),
    };
    let sentence = says.sentence(&place, &roles, &users);
    store::next_revision(cx.tx, id, &says, sentence, by(cx), cx.now).await?;
    Ok(says)
}

fn leaves_its_maker(cx: &Cx<'_>, uuid: Uuid, says: &Definition) -> Result<()> {
    let mut maker = cx.actor.clone();
    let before = std::mem::take(&mut maker.guards);
    rules::put_under(&mut maker, &[&Stored::new(uuid, says.clone())], cx.now);
    maker.guards.extend(before.into_iter().filter(|guard| guard.uuid != uuid));
    let mut found = cx.found.clone();
    found.places.retain(|stand| stand.scope == "customer");
    for stand in &mut found.places {
        stand.place = "customer";
    }
    let stored = Stored::new(uuid, says.clone());
    rules::part(&mut maker.grants, &[&stored], cx.now);
    let may = maker.system || cx.core.action(UPDATE.name).unwrap_or(&UPDATE).decide(&maker, &found).allowed;
    let kept = match says.customer {
        // He also goes on seeing it.
        Some(customer) => {
            let seen = maker.scopes("customer", Some(CustomerListUsers.id()));
            may && (maker.sees_all() || seen.contains(&customer))
        }
        // The program is under no guard, whatever this one takes from staff.
        None => maker.system || may && maker.is_staff(),
    };
    if kept {
        return Ok(());
    }
    Err(Error::invalid(
        "With this guard you could not change it again. Leave yourself out, or let somebody else make it.",
    ))
}

async fn customer_name(cx: &mut Cx<'_>, customer: i64) -> Result<String> {
    let facts = customer::store::facts(cx.tx, customer).await?;
    Ok(facts.get("customer_name").and_then(|name| name.as_str()).unwrap_or_default().to_owned())
}

/// What the record says of a guard, in the feed of its organization.
async fn event(cx: &mut Cx<'_>, kind: &'static str, uuid: Uuid, says: &Definition, what: &str) -> Result<Event> {
    let message = format!("Guard {} {what}.", says.name);
    let event = Event::new(kind, message)
        .fact("guard_uuid", id::hex(&uuid))
        .fact("guard_name", says.name.clone())
        .fact("guard_kind", says.kind.clone());
    let Some(customer) = says.customer else { return Ok(event) };
    Ok(event.facts(customer::store::facts(cx.tx, customer).await?).feed("customer", customer))
}
