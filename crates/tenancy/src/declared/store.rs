//! What of a declaration is there at present: some dozen statements, however many things there are.

use super::{
    Declaration, Item, digest,
    kinds::{DIVISION, DIVISION_TYPE, GUARD, Kind, Means, ORGANIZATION, PROJECT, PROJECT_TYPE, ROLE},
};
use crate::{settings::Settings, vocabulary::features::FEATURES};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stoa_kernel::{
    Query, Result, Row, Time, Val,
    field::Field,
    id::{self, Uuid},
    record, vals,
};

/// What is there.
#[derive(Debug, Clone, Default)]
pub struct Present {
    /// All settings.
    pub settings: Settings,
    /// Things that are declared or referred to, and everything on lists for which the declaration is authoritative.
    pub things: Vec<Thing>,
    /// The teams of the organizations and projects among them.
    pub grants: Vec<Held>,
    /// The people whom the declaration names.
    pub people: Vec<Person>,
}

/// A thing that is there.
#[derive(Debug, Clone)]
pub struct Thing {
    /// Of what kind.
    pub kind: &'static Kind,
    /// Key of its row.
    pub id: i64,
    /// Its public identifier.
    pub uuid: Uuid,
    /// Whether it ships.
    pub system: bool,
    /// Its fields.
    pub fields: BTreeMap<&'static str, Value>,
    /// What it refers to, by key of the declaration: identifier and handle of each.
    pub refs: BTreeMap<&'static str, Vec<(Uuid, String)>>,
}

impl Thing {
    /// The value of its handle.
    pub fn handle(&self) -> &str {
        self.text(self.kind.handle)
    }

    /// The text of a field; empty if it has none.
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it is a role of an organization's own, which is not declared.
    pub fn is_own_role(&self) -> bool {
        self.kind.list == ROLE.list && self.refs.contains_key("organization")
    }

    /// What it refers to under a key that takes one.
    pub fn one(&self, key: &str) -> Option<&(Uuid, String)> {
        self.refs.get(key).and_then(|refs| refs.first())
    }
}

/// A role that somebody holds and whose time is not over.
#[derive(Debug, Clone)]
pub struct Held {
    /// The organization or project.
    pub on: Uuid,
    /// The role.
    pub role: Uuid,
    /// Its name.
    pub role_name: String,
    /// Who.
    pub user: Uuid,
    /// His name to sign in with.
    pub username: String,
    /// Whether he can sign in.
    pub active: bool,
    /// When it ends by itself.
    pub until: Option<Time>,
}

/// Somebody whom a declaration names.
#[derive(Debug, Clone)]
pub struct Person {
    /// Identifier.
    pub uuid: Uuid,
    /// Name to sign in with.
    pub username: String,
    /// The address to write to.
    pub email: String,
    /// Whether he can sign in.
    pub active: bool,
}

/// Reads what a declaration is about; `wide` reads all organizations and projects, for what is not declared.
pub async fn present(query: &mut dyn Query, declared: &Declaration, wide: bool, now: Time) -> Result<Present> {
    let mut present = Present { settings: Settings::load(&mut *query).await?, ..Present::default() };
    for kind in [&PROJECT_TYPE, &DIVISION_TYPE, &DIVISION] {
        present.things.extend(things(query, kind, "TRUE", &[]).await?);
    }
    let roles = match wide {
        true => things(query, &ROLE, "TRUE", &[]).await?,
        false => {
            let which = "t.id IN (SELECT id FROM roles WHERE customer_id IS NULL \
                         UNION SELECT id FROM roles WHERE name = ANY($1) UNION SELECT id FROM roles WHERE uuid = ANY($2))";
            let (names, uuids) = wanted(declared, &ROLE);
            things(query, &ROLE, which, &vals![names, uuids]).await?
        }
    };
    present.things.extend(roles);
    let (all, all_projects) = (wide || declared.authoritative.contains("organizations"), wide);
    let organizations = match all {
        true => things(query, &ORGANIZATION, "TRUE", &[]).await?,
        false => {
            let which = "t.id IN (SELECT id FROM customers WHERE slug = ANY($1) \
                         UNION SELECT id FROM customers WHERE uuid = ANY($2))";
            let (names, uuids) = wanted(declared, &ORGANIZATION);
            things(query, &ORGANIZATION, which, &vals![names, uuids]).await?
        }
    };
    let projects = match all_projects {
        true => things(query, &PROJECT, "TRUE", &[]).await?,
        false => {
            let which = "t.id IN (SELECT id FROM projects WHERE slug = ANY($1) \
                         UNION SELECT id FROM projects WHERE uuid = ANY($2) \
                         UNION SELECT id FROM projects WHERE customer_id = ANY($3))";
            let (names, uuids) = wanted(declared, &PROJECT);
            let full = with(&organizations, declared, |item| item.rules_over("projects", &declared.authoritative));
            things(query, &PROJECT, which, &vals![names, uuids, full]).await?
        }
    };
    let guards = match wide {
        true => things(query, &GUARD, "TRUE", &[]).await?,
        false => {
            let which = "t.id IN (SELECT id FROM guards WHERE customer_id IS NULL \
                         UNION SELECT id FROM guards WHERE name = ANY($1) \
                         UNION SELECT id FROM guards WHERE uuid = ANY($2) \
                         UNION SELECT id FROM guards WHERE customer_id = ANY($3))";
            let (names, uuids) = wanted(declared, &GUARD);
            let full = with(&organizations, declared, |item| item.authoritative.contains(GUARD.list));
            things(query, &GUARD, which, &vals![names, uuids, full]).await?
        }
    };
    let ids = |things: &[Thing]| things.iter().map(|thing| thing.id).collect::<Vec<i64>>();
    present.grants = grants(query, "customer", ids(&organizations), now).await?;
    present.grants.extend(grants(query, "project", ids(&projects), now).await?);
    present.things.extend(organizations);
    present.things.extend(projects);
    present.things.extend(guards);
    for (kind, key, sql) in LISTS {
        listed(query, &mut present.things, kind, key, sql).await?;
    }
    present.people = people(query, declared).await?;
    Ok(present)
}

/// The handles and identifiers by which a declaration names things of a kind.
fn wanted(declared: &Declaration, kind: &Kind) -> (Vec<String>, Vec<Uuid>) {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for item in declared.items.iter() {
        if item.kind.list == kind.list {
            names.insert(item.name().to_owned());
        }
        let keys = item.kind.keys.iter().filter(|key| key.refers_to() == Some(kind.list));
        names.extend(keys.flat_map(|key| item.words.get(key.key).into_iter().flatten()).map(|said| said.value.clone()));
    }
    let on = declared.grants.iter().filter(|grant| grant.on.0.list == kind.list);
    names.extend(on.map(|grant| grant.on.1.value.clone()));
    if kind.list == ROLE.list {
        names.extend(declared.grants.iter().map(|grant| grant.role.value.clone()));
    }
    let mut uuids: Vec<Uuid> = names.iter().filter_map(|name| id::parse(name)).collect();
    uuids.extend(declared.items.iter().filter(|item| item.kind.list == kind.list).filter_map(|item| item.uuid));
    (names.into_iter().collect(), uuids)
}

/// Keys of the organizations that are declared with some authority: all that is in them counts.
fn with(organizations: &[Thing], declared: &Declaration, authority: impl Fn(&Item) -> bool) -> Vec<i64> {
    let rules = |item: &&Item| item.kind.list == ORGANIZATION.list && authority(item);
    let items: Vec<_> = declared.items.iter().filter(rules).collect();
    let is = |thing: &&Thing| {
        items.iter().any(|item| item.uuid.map_or(item.name() == thing.handle(), |uuid| uuid == thing.uuid))
    };
    organizations.iter().filter(is).map(|thing| thing.id).collect()
}

/// What stands in FROM, which rows there are, and for each key that refers to one thing: its identifier and its handle.
type Source = (&'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

fn source(kind: &Kind) -> Source {
    match kind.list {
        "project_types" => ("project_types t", "", &[]),
        "division_types" => ("organization_group_types t", "", &[]),
        "divisions" => (
            "organization_groups t LEFT JOIN organization_groups p ON p.id = t.parent_id \
             LEFT JOIN organization_group_types k ON k.id = t.type_id",
            "",
            &[("parent", "p.uuid", "p.name"), ("type", "k.uuid", "k.name")],
        ),
        // That one is an organization's own is not declared; it says which roles are not to be declared.
        "roles" => (
            "roles t LEFT JOIN customers c ON c.id = t.customer_id",
            " AND t.deleted_at IS NULL",
            &[("organization", "c.uuid", "c.slug")],
        ),
        "organizations" => ("customers t", "", &[]),
        // One whose place is gone, or all of whose roles are, denies nothing: without them it would read as if it denied more.
        "guards" => (
            "guards t LEFT JOIN customers c ON c.id = t.customer_id \
             LEFT JOIN customers o ON o.id = t.scope_id AND t.scope = 'customer' \
             LEFT JOIN projects p ON p.id = t.scope_id AND t.scope = 'project' AND NOT p.is_removed",
            " AND t.deleted_at IS NULL AND COALESCE(t.scope_id, 0) = COALESCE(o.id, p.id, 0) \
             AND t.id NOT IN (SELECT l.guard_id FROM guard_roles l JOIN roles r ON r.id = l.role_id GROUP BY l.guard_id \
             HAVING count(*) = count(r.deleted_at))",
            &[
                ("organization", "c.uuid", "c.slug"),
                ("on_organization", "o.uuid", "o.slug"),
                ("on_project", "p.uuid", "p.slug"),
            ],
        ),
        _ => (
            "projects t JOIN customers c ON c.id = t.customer_id LEFT JOIN project_types k ON k.id = t.type_id",
            " AND NOT t.is_removed",
            &[("organization", "c.uuid", "c.slug"), ("type", "k.uuid", "k.name")],
        ),
    }
}

async fn things(query: &mut dyn Query, kind: &'static Kind, which: &str, params: &[Val]) -> Result<Vec<Thing>> {
    let (from, there, refs) = source(kind);
    let system = if kind.list == ROLE.list { "t.is_system" } else { "false" };
    let fields: Vec<(&'static Field, &'static str)> =
        kind.fields().filter_map(|field| Some((field, field.column?))).collect();
    let mut columns = vec!["t.id".to_owned(), "t.uuid".into(), system.into()];
    columns.extend(refs.iter().flat_map(|(_, uuid, handle)| [(*uuid).to_owned(), (*handle).to_owned()]));
    columns.extend(fields.iter().map(|(_, column)| format!("t.{column}")));
    let sql = format!("SELECT {} FROM {from} WHERE {which}{there} ORDER BY t.id", columns.join(", "));
    let read = |row: &Row| {
        let mut thing = Thing {
            kind,
            id: row.get(0)?,
            uuid: row.get(1)?,
            system: row.get(2)?,
            fields: BTreeMap::new(),
            refs: BTreeMap::new(),
        };
        for (at, (key, ..)) in refs.iter().enumerate() {
            if let Some(uuid) = row.get::<Option<Uuid>>(3 + 2 * at)? {
                thing.refs.insert(key, vec![(uuid, row.get(4 + 2 * at)?)]);
            }
        }
        for (at, (field, _)) in fields.iter().enumerate() {
            let value = record::row_json(row, 3 + 2 * refs.len() + at, field)?;
            thing.fields.insert(field.name, if field.name == "permissions" { sorted(value) } else { value });
        }
        Ok(thing)
    };
    query.query(&sql, params).await?.iter().map(read).collect()
}

/// A list of names, in order.
fn sorted(names: Value) -> Value {
    let names: BTreeSet<String> =
        names.as_array().into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect();
    names.into_iter().collect()
}

/// What things of a kind refer to under a key that takes several: key of the thing, identifier and handle.
const LISTS: [(&Kind, &str, &str); 3] = [
    (
        &ORGANIZATION,
        "divisions",
        "SELECT m.customer_id, d.uuid, d.name FROM customer_groups m JOIN organization_groups d ON d.id = m.group_id \
         WHERE m.customer_id = ANY($1) ORDER BY m.customer_id, d.name, d.id",
    ),
    (
        &GUARD,
        "roles",
        "SELECT l.guard_id, r.uuid, r.name FROM guard_roles l JOIN roles r ON r.id = l.role_id AND r.deleted_at IS NULL \
         WHERE l.guard_id = ANY($1) ORDER BY l.guard_id, r.name, r.id",
    ),
    (
        &GUARD,
        "users",
        "SELECT l.guard_id, u.uuid, u.username FROM guard_users l JOIN users u ON u.id = l.user_id \
         WHERE l.guard_id = ANY($1) ORDER BY l.guard_id, u.username",
    ),
];

async fn listed(query: &mut dyn Query, things: &mut [Thing], kind: &Kind, key: &'static str, sql: &str) -> Result<()> {
    let things = things.iter_mut().filter(|thing| thing.kind.list == kind.list);
    let mut by_id: BTreeMap<i64, &mut Thing> = things.map(|thing| (thing.id, thing)).collect();
    if by_id.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = by_id.keys().copied().collect();
    for row in query.query(sql, &vals![ids]).await? {
        if let Some(thing) = by_id.get_mut(&row.get(0)?) {
            thing.refs.entry(key).or_default().push((row.get(1)?, row.get(2)?));
        }
    }
    Ok(())
}

async fn grants(query: &mut dyn Query, scope: &str, ids: Vec<i64>, now: Time) -> Result<Vec<Held>> {
    let sql = "SELECT g.scope_uuid, r.uuid, r.name, u.uuid, u.username, u.is_active, g.expires_at FROM grants g \
               JOIN roles r ON r.id = g.role_id JOIN users u ON u.id = g.user_id \
               WHERE g.scope = $1 AND g.scope_id = ANY($2) AND g.revoked_at IS NULL AND g.source NOT LIKE 'eligibility:%' \
               AND (g.expires_at IS NULL OR g.expires_at > $3) ORDER BY g.scope_id, r.name, u.username";
    let read = |row: &Row| {
        Ok(Held {
            on: row.get(0)?,
            role: row.get(1)?,
            role_name: row.get(2)?,
            user: row.get(3)?,
            username: row.get(4)?,
            active: row.get(5)?,
            until: row.get(6)?,
        })
    };
    query.query(sql, &vals![scope, ids, now]).await?.iter().map(read).collect()
}

async fn people(query: &mut dyn Query, declared: &Declaration) -> Result<Vec<Person>> {
    let mut names: BTreeSet<&str> = declared.grants.iter().map(|grant| grant.user.value.as_str()).collect();
    for item in &declared.items {
        let keys = item.kind.keys.iter().filter(|key| key.means == Means::People);
        names
            .extend(keys.flat_map(|key| item.words.get(key.key).into_iter().flatten()).map(|said| said.value.as_str()));
    }
    let exact: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let folded: Vec<String> = names.iter().filter(|name| name.contains('@')).map(|name| name.to_lowercase()).collect();
    let sql = "SELECT uuid, username, email, is_active FROM users WHERE id IN (SELECT id FROM users WHERE username = ANY($1) \
               UNION SELECT id FROM users WHERE FOLD(email) = ANY($2)) ORDER BY id";
    let read =
        |row: &Row| Ok(Person { uuid: row.get(0)?, username: row.get(1)?, email: row.get(2)?, active: row.get(3)? });
    query.query(sql, &vals![exact, folded]).await?.iter().map(read).collect()
}

impl Present {
    /// A digest of each part of what was read: a plan is good as long as they stay the same.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for setting in crate::settings::rules::all() {
            parts.entry("settings".into()).or_default().push(self.settings.value(setting.key).to_string());
        }
        for one in FEATURES {
            let on = self.settings.feature(one.section, one.key);
            parts.entry("settings".into()).or_default().push(on.to_string());
        }
        for thing in &self.things {
            // Of kinds of which all are read, one part; of the others, one for each.
            let part = match thing.kind.team {
                Some(_) => format!("{} {} ({})", thing.kind.name, thing.handle(), id::hex(&thing.uuid)),
                None => thing.kind.list.to_owned(),
            };
            let said =
                json!({"uuid": id::hex(&thing.uuid), "fields": thing.fields, "refs": format!("{:?}", thing.refs)});
            parts.entry(part).or_default().push(said.to_string());
        }
        let names: BTreeMap<Uuid, String> = self
            .things
            .iter()
            .map(|thing| (thing.uuid, format!("team of {} {}", thing.kind.name, thing.handle())))
            .collect();
        for held in &self.grants {
            let part = names.get(&held.on).cloned().unwrap_or_default();
            let said = format!("{} {} {} {:?}", id::hex(&held.role), id::hex(&held.user), held.active, held.until);
            parts.entry(part).or_default().push(said);
        }
        for person in &self.people {
            parts.entry("people".into()).or_default().push(format!("{person:?}"));
        }
        parts.into_iter().map(|(part, said)| (part, digest(&format!("{said:?}")))).collect()
    }
}
