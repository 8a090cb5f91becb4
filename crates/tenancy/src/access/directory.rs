//! Who calls: from a token to an actor with all its grants, in one query (design.md, section 3).
//!
//! What a role carries is kept in memory by role and revision. The revision is read in the same query as the grant, so a
//! changed role counts at the very next request on every node.

use super::{
    permissions::Permission,
    store::{self, Account, Who},
};
use crate::{
    data_access,
    guard::{
        self,
        rules::{Guards, part, put_under},
    },
    personal_token::rules as personal,
    project::rules as project_rules,
    subnet::rules as subnet_rules,
    user::views::HELD_UP,
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, RwLock},
};
use stoa_kernel::{
    Date, Error, Query, Result, Row, Time, Val,
    access::{Actor, Decision, Held, Impersonator, Narrow, PermissionSet, Role, Stop},
    door::{Caller, Credential},
    id::{self, Uuid},
    vals,
};

/// Lifetime of a login token whose user set none: it still ends when unused this long, in seconds.
pub const ENDLESS: Option<i64> = None;

/// The directory of this installation's users.
#[derive(Default)]
pub struct Directory {
    /// By key of the role, the newest revision that was asked for.
    roles: RwLock<HashMap<i64, (i64, Arc<Role>)>>,
    /// The guards of the installation at one revision of them all.
    guards: RwLock<(i64, Arc<Guards>)>,
}

/// The columns of a user and one of his grants; see [`Directory::read`].
static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "u.id, u.uuid, u.username, u.first_name, u.last_name, u.email, u.is_staff, u.is_support, \
     u.is_active, u.token_lifetime, g.uuid, g.role_id, r.revision, r.is_active, g.scope, g.scope_id, g.customer_id, \
     g.expires_at, p.is_removed, p.end_date, p.grace_period_days, c.grace_period_days, c.has_subnets, g.valid_from, \
     {HELD_UP}, {}, u.eduperson_assurance, g.created, (SELECT s.revision FROM guard_state s)",
        data_access::store::WATCHED
    )
});

/// How many columns [`COLUMNS`] has; what a statement reads besides comes after them.
const WIDTH: usize = 29;

/// From a user to his grants that are not revoked, and what decides whether they count.
const JOINS: &str = "LEFT JOIN grants g ON g.user_id = u.id AND g.revoked_at IS NULL \
     LEFT JOIN roles r ON r.id = g.role_id \
     LEFT JOIN projects p ON g.scope = 'project' AND p.id = g.scope_id \
     LEFT JOIN customers c ON c.id = g.customer_id";

/// What a credential says besides who its user is.
#[derive(Default)]
struct Proof {
    /// What it leaves of him.
    narrow: Option<Narrow>,
    /// Whether he showed a second factor for it.
    second_factor: bool,
    /// Whether nobody presented it: the program asks about him.
    absent: bool,
    /// The member of staff who acts as him.
    impersonator: Option<Box<Impersonator>>,
}

/// What is stored of a secret: its SHA-256, in hexadecimal digits.
pub fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl stoa_kernel::door::Directory for Directory {
    fn actor<'a>(
        &'a self,
        query: &'a mut dyn Query,
        caller: &'a Caller,
        now: Time,
    ) -> futures::future::BoxFuture<'a, Result<Actor>> {
        Box::pin(self.load(query, caller, now))
    }

    fn actor_at<'a>(
        &'a self,
        query: &'a mut dyn Query,
        user: Uuid,
        at: Option<Time>,
        now: Time,
    ) -> futures::future::BoxFuture<'a, Result<Option<Actor>>> {
        Box::pin(async move { Ok(self.load_at(query, Who::One(user), at, now).await?.pop()) })
    }

    fn actors_at<'a>(
        &'a self,
        query: &'a mut dyn Query,
        users: &'a [i64],
        at: Option<Time>,
        now: Time,
    ) -> futures::future::BoxFuture<'a, Result<Vec<Actor>>> {
        Box::pin(self.load_at(query, Who::Keys(users), at, now))
    }
}

impl Directory {
    async fn load(&self, query: &mut dyn Query, caller: &Caller, now: Time) -> Result<Actor> {
        let actor = match &caller.credential {
            Credential::None => Actor::stranger(),
            Credential::System => Actor::system(),
            Credential::Trusted(uuid) => self.user(query, "u.uuid = $1", Val::Uuid(*uuid), caller, now).await?,
            Credential::Issued(uuid) => {
                let actor = self.user(query, "u.is_active AND u.uuid = $1", Val::Uuid(*uuid), caller, now).await?;
                Actor { issued: true, ..actor }
            }
            Credential::Secret("token" | "session", secret) => self.token(query, secret, caller, now).await?,
            Credential::Secret("bearer", secret) if personal::is_ours(secret) => {
                self.personal(query, secret, caller, now).await?
            }
            Credential::Secret(..) => return Err(invalid()),
        };
        match &caller.impersonate {
            Some(target) => self.impersonate(query, actor, target, caller, now).await,
            None if actor.held_up && !caller.exempt => {
                let text = "Your profile is incomplete. Fill in what it must have first.";
                Err(Error::Forbidden(Box::new(stoa_kernel::access::Decision::rule(text))))
            }
            None => Ok(actor),
        }
    }

    async fn token(&self, query: &mut dyn Query, secret: &str, caller: &Caller, now: Time) -> Result<Actor> {
        let sql = format!(
            "SELECT {}, t.id, t.used, t.expires_at, t.factor <> '' FROM tokens t JOIN users u ON u.id = t.user_id {JOINS} WHERE t.hash = $1",
            *COLUMNS
        );
        let rows = query.query(&sql, &vals![hash(secret)]).await?;
        let first = rows.first().ok_or_else(invalid)?;
        let (token_id, used): (i64, Time) = (first.get(WIDTH)?, first.get(WIDTH + 1)?);
        let (lifetime, end): (Option<i64>, Option<Time>) = (first.get(9)?, first.get(WIDTH + 2)?);
        // It ends when it was not used for its lifetime, and in any case at its end.
        if lifetime.is_some_and(|seconds| used.plus_seconds(seconds) < now) || end.is_some_and(|end| end < now) {
            return Err(Error::Unauthenticated("Token has expired.".into()));
        }
        if !first.get::<bool>(8)? {
            return Err(Error::Unauthenticated("User inactive or deleted.".into()));
        }
        let proof = Proof { second_factor: first.get(WIDTH + 3)?, ..Proof::default() };
        let mut actor = self.read(query, &rows, caller, now, proof).await?;
        // The stamp slides only when half the lifetime is over, so that reading does not write (reference/observed.md).
        actor.token = Some((token_id, used.plus_seconds(lifetime.map_or(600, |seconds| seconds / 2)) < now));
        Ok(actor)
    }

    /// A personal access token. Whatever is wrong with it is answered alike, so that nobody learns which tokens there are.
    async fn personal(&self, query: &mut dyn Query, secret: &str, caller: &Caller, now: Time) -> Result<Actor> {
        let sql = format!(
            "SELECT {}, t.id, t.uuid, t.scopes, t.networks, t.last_used_at, t.is_active, t.expires_at, \
             u.can_use_personal_access_tokens OR u.is_robot, \
             (SELECT s.value FROM settings s WHERE s.key = '{}'), \
             (SELECT count(*) FROM personal_token_addresses a WHERE a.token_id = t.id AND a.address = $1), \
             (SELECT JSON_ROWS(JSON_ROW(b.scope, b.scope_id) ORDER BY b.id) FROM personal_token_bindings b \
             WHERE b.token_id = t.id) \
             FROM personal_tokens t JOIN users u ON u.id = t.user_id {JOINS} WHERE t.hash = $2",
            *COLUMNS,
            personal::ENABLED
        );
        let address = caller.address.map(|address| address.to_canonical().to_string());
        let rows = query.query(&sql, &vals![address.clone(), hash(secret)]).await?;
        let first = rows.first().ok_or_else(invalid)?;
        let at = |column: usize| WIDTH + column;
        let networks: serde_json::Value = first.get(at(3))?;
        let enabled: Option<serde_json::Value> = first.get(at(8))?;
        let holds = first.get::<bool>(8)?
            && first.get::<bool>(at(5))?
            && first.get::<Time>(at(6))? > now
            && first.get::<bool>(at(7))?
            && personal::is_enabled(enabled.as_ref())
            && personal::lets_in(&networks, caller.address);
        if !holds {
            return Err(invalid());
        }
        let (scopes, bound): (serde_json::Value, serde_json::Value) = (first.get(at(2))?, first.get(at(10))?);
        let used: Option<Time> = first.get(at(4))?;
        let known = address.is_none() || first.get::<i64>(at(9))? > 0;
        let narrow = Narrow {
            key: first.get(at(0))?,
            uuid: first.get(at(1))?,
            due: !known || used.is_none_or(|used| used.plus_seconds(personal::NOTE_SECONDS) <= now),
            ..personal::narrow(&scopes, &bound)
        };
        self.read(query, &rows, caller, now, Proof { narrow: Some(narrow), ..Proof::default() }).await
    }

    async fn user(&self, query: &mut dyn Query, which: &str, val: Val, caller: &Caller, now: Time) -> Result<Actor> {
        let rows = query.query(&format!("SELECT {} FROM users u {JOINS} WHERE {which}", *COLUMNS), &[val]).await?;
        if rows.is_empty() {
            return Err(Error::Unauthenticated("User inactive or deleted.".into()));
        }
        let absent = matches!(caller.credential, Credential::Trusted(_));
        self.read(query, &rows, caller, now, Proof { absent, ..Proof::default() }).await
    }

    /// Staff act as another user; the record keeps both names. Anybody else who asks for it is refused, and so is a target
    /// that does not exist (reference/observed.md has the original ignore it).
    ///
    /// Only a login token is good for it: a cookie goes along with requests that other sites cause, and a personal access token
    /// is narrower than its user. Nobody acts as staff, since that gives him nothing but another name, nor as somebody who is
    /// deactivated, since he can do nothing himself.
    async fn impersonate(
        &self,
        query: &mut dyn Query,
        staff: Actor,
        target: &str,
        caller: &Caller,
        now: Time,
    ) -> Result<Actor> {
        if !staff.signed_in() {
            return Err(Error::Unauthenticated("Authentication credentials were not provided.".into()));
        }
        let refused = |why: &str| Error::Forbidden(Box::new(Decision::rule(why)));
        if !staff.is_staff() || staff.narrow.is_some() {
            return Err(refused("Only staff may act as another user."));
        }
        if !matches!(caller.credential, Credential::Secret("token", _)) {
            return Err(refused("Acting as another user takes a login token."));
        }
        let missing = "The user to act as does not exist.";
        let uuid = id::parse(target).ok_or_else(|| refused(missing))?;
        let rows =
            query.query(&format!("SELECT {} FROM users u {JOINS} WHERE u.uuid = $1", *COLUMNS), &vals![uuid]).await?;
        let first = rows.first().ok_or_else(|| refused(missing))?;
        if !first.get::<bool>(8)? {
            return Err(refused("Nobody acts as a user who is deactivated."));
        }
        if first.get::<bool>(6)? && uuid != staff.uuid {
            return Err(refused("Nobody acts as another member of staff."));
        }
        let (id, second_factor) = (staff.id, staff.second_factor);
        let impersonator = Impersonator { id, uuid: staff.uuid, username: staff.username, full_name: staff.full_name };
        let impersonator = Some(Box::new(impersonator));
        self.read(query, &rows, caller, now, Proof { second_factor, impersonator, ..Proof::default() }).await
    }

    /// Reads a user and his grants from rows of [`COLUMNS`].
    async fn read(
        &self,
        query: &mut dyn Query,
        rows: &[Row],
        caller: &Caller,
        now: Time,
        proof: Proof,
    ) -> Result<Actor> {
        let first = rows.first().ok_or_else(|| Error::broken("an actor without a row"))?;
        let mut actor = Actor {
            id: first.get(0)?,
            uuid: first.get(1)?,
            username: first.get(2)?,
            full_name: format!("{} {}", first.get::<String>(3)?, first.get::<String>(4)?).trim().to_owned(),
            email: first.get(5)?,
            staff: first.get(6)?,
            support: first.get(7)?,
            address: caller.address,
            held_up: first.get(24)?,
            watched: first.get(25)?,
            assurance: texts(&first.get(26)?),
            narrow: proof.narrow,
            second_factor: proof.second_factor,
            absent: proof.absent,
            impersonator: proof.impersonator,
            ..Actor::default()
        };
        let guards = self.guards(query, first.get(28)?).await?;
        let organizations = rows.iter().map(|row| row.get::<Option<i64>>(16)).collect::<Result<Vec<_>>>()?;
        let guards = guards.over(organizations.into_iter().flatten());
        put_under(&mut actor, &guards, now);
        let mut walled = Vec::new();
        for row in rows {
            let Some(role_id) = row.get::<Option<i64>>(11)? else { continue };
            // A grant whose time has not come is none yet.
            if row.get::<Option<Time>>(23)?.is_some_and(|from| from > now) {
                continue;
            }
            let held = Held {
                uuid: row.get(10)?,
                role: self.role(query, role_id, row.get(12)?).await?,
                scope: row.get(14)?,
                scope_id: row.get(15)?,
                owner_id: row.get(16)?,
                until: row.get(17)?,
                since: row.get(27)?,
                stopped: None,
            };
            let stopped = if held.until.is_some_and(|until| until <= now) {
                Some(Stop::Expired)
            } else if !row.get::<bool>(13)? {
                Some(Stop::RoleDisabled)
            } else if row.get::<Option<bool>>(18)?.unwrap_or(false) {
                Some(Stop::ScopeRemoved)
            } else {
                let grace = row.get::<Option<i64>>(20)?.or(row.get(21)?);
                let end: Option<Date> = row.get(19)?;
                project_rules::has_ended(end, grace, now.date()).then_some(Stop::ScopeEnded)
            };
            if row.get::<Option<bool>>(22)?.unwrap_or(false) && !actor.sees_all() {
                walled.push(held.owner_id);
            }
            actor.grants.push(Held { stopped, ..held });
        }
        if !walled.is_empty() {
            self.wall(query, &mut actor, walled).await?;
        }
        part(&mut actor.grants, &guards, now);
        Ok(match actor.narrow.take() {
            Some(narrow) => actor.narrowed(narrow),
            None => actor,
        })
    }

    /// Stops the grants in organizations that accept their people only from certain networks (reference/permissions.md,
    /// section 7, IP rule). A caller whose address is unknown is not let in.
    async fn wall(&self, query: &mut dyn Query, actor: &mut Actor, walled: Vec<i64>) -> Result<()> {
        let sql = "SELECT customer_id, inet FROM access_subnets WHERE customer_id = ANY($1) \
                   UNION ALL SELECT id, access_subnets FROM customers WHERE id = ANY($2) AND access_subnets <> ''";
        let mut open = HashMap::<i64, bool>::new();
        for row in query.query(sql, &vals![walled.clone(), walled]).await? {
            let inets: String = row.get(1)?;
            let inside = subnet_rules::contains_any(&inets, actor.address);
            *open.entry(row.get(0)?).or_default() |= inside;
        }
        for held in &mut actor.grants {
            if open.get(&held.owner_id) == Some(&false) && held.stopped.is_none_or(|stop| stop == Stop::ScopeEnded) {
                held.stopped = Some(Stop::Network);
            }
        }
        Ok(())
    }

    async fn role(&self, query: &mut dyn Query, id: i64, revision: i64) -> Result<Arc<Role>> {
        let newest = self.roles.read().unwrap_or_else(|e| e.into_inner()).get(&id).cloned();
        if let Some((_, role)) = newest.filter(|(known, _)| *known == revision) {
            return Ok(role);
        }
        let sql = "SELECT r.id, r.uuid, v.name, v.description, v.scope, v.is_active, v.permissions \
                   FROM role_versions v JOIN roles r ON r.id = v.role_id WHERE v.role_id = $1 AND v.revision = $2";
        let rows = query.query(sql, &vals![id, revision]).await?;
        let row = rows.first().ok_or_else(|| Error::broken(format!("role {id} has no revision {revision}")))?;
        let role = Arc::new(read_role(row)?);
        // A revision that is taken back is given to another content later.
        if query.sees_committed() {
            let mut roles = self.roles.write().unwrap_or_else(|e| e.into_inner());
            if roles.get(&id).is_none_or(|(known, _)| *known < revision) {
                roles.insert(id, (revision, role.clone()));
            }
        }
        Ok(role)
    }

    /// The guards at a revision of them all; it was read in the same query as the actor.
    async fn guards(&self, query: &mut dyn Query, revision: i64) -> Result<Arc<Guards>> {
        {
            let kept = self.guards.read().unwrap_or_else(|e| e.into_inner());
            if kept.0 == revision {
                return Ok(kept.1.clone());
            }
        }
        let guards = Arc::new(guard::store::all(query).await?);
        // A change that is taken back gives its number to another one later.
        if query.sees_committed() {
            *self.guards.write().unwrap_or_else(|e| e.into_inner()) = (revision, guards.clone());
        }
        Ok(guards)
    }

    /// People as they were at an instant: grants valid then, roles as they were then. Who could not sign in then holds nothing.
    async fn load_at(&self, query: &mut dyn Query, who: Who<'_>, at: Option<Time>, now: Time) -> Result<Vec<Actor>> {
        let past = at.is_some_and(|at| at < now);
        let at = at.unwrap_or(now);
        let mut accounts = store::accounts(query, who).await?;
        let keys: Vec<i64> = accounts.iter().map(|account| account.id).collect();
        if past {
            for (user, changes) in store::changes_since(query, &keys, at).await? {
                if let Ok(place) = accounts.binary_search_by_key(&user, |account| account.id) {
                    undo(&mut accounts[place], &changes);
                }
            }
        }
        let Some(guards) = accounts.first().map(|account| account.guards) else { return Ok(Vec::new()) };
        let mut actors: Vec<Actor> = accounts.into_iter().map(actor_of).collect();
        let mut seen: HashMap<(i64, i64), Arc<Role>> = HashMap::new();
        for grant in store::grants_at(query, &keys, at).await? {
            let (Some(revision), Ok(place)) =
                (grant.revision, actors.binary_search_by_key(&grant.user_id, |actor| actor.id))
            else {
                continue;
            };
            let key = (grant.role_id, revision);
            // What a transaction that is not committed sees is kept nowhere else: each role is asked for once here.
            let role = match seen.get(&key) {
                Some(role) => Arc::clone(role),
                None => {
                    let role = self.role(query, key.0, key.1).await?;
                    seen.entry(key).or_insert(role).clone()
                }
            };
            let stopped = if actors[place].disabled {
                Some(Stop::UserDisabled)
            } else if grant.until.is_some_and(|until| until <= at) {
                Some(Stop::Expired)
            } else if !role.active {
                Some(Stop::RoleDisabled)
            } else if grant.removed_at.is_some_and(|removed| removed <= at) {
                Some(Stop::ScopeRemoved)
            } else {
                project_rules::has_ended(grant.end, grant.grace, at.date()).then_some(Stop::ScopeEnded)
            };
            actors[place].grants.push(Held {
                uuid: grant.uuid,
                role,
                scope: grant.scope,
                scope_id: grant.scope_id,
                owner_id: grant.customer_id,
                until: grant.until,
                since: grant.created,
                stopped,
            });
        }
        let guards = match past {
            true => Arc::new(guard::store::all_at(query, at).await?),
            false => self.guards(query, guards).await?,
        };
        for actor in &mut actors {
            let owners: Vec<i64> = actor.grants.iter().map(|held| held.owner_id).collect();
            let guards = guards.over(owners.into_iter());
            put_under(actor, &guards, at);
            part(&mut actor.grants, &guards, at);
        }
        Ok(actors)
    }
}

/// A person without his grants. Who can't sign in has no power either.
fn actor_of(account: Account) -> Actor {
    Actor {
        id: account.id,
        uuid: account.uuid,
        username: account.username,
        full_name: account.full_name,
        email: account.email,
        staff: account.staff && account.active,
        support: account.support && account.active,
        disabled: !account.active,
        assurance: account.assurance,
        absent: true,
        ..Actor::default()
    }
}

/// Takes back what an event says of changes of an account.
fn undo(account: &mut Account, changes: &serde_json::Value) {
    for change in changes.as_array().into_iter().flatten() {
        let field = match change["field"].as_str() {
            Some("is_staff") => &mut account.staff,
            Some("is_support") => &mut account.support,
            Some("is_active") => &mut account.active,
            _ => continue,
        };
        if let Some(before) = change["before"].as_bool() {
            *field = before;
        }
    }
}

/// The texts of a stored list.
pub(crate) fn texts(list: &serde_json::Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// What every credential that does not hold is answered.
fn invalid() -> Error {
    Error::Unauthenticated("Invalid token.".into())
}

/// Reads a role from id, uuid, name, description, scope, is_active and permissions.
pub fn read_role(row: &Row) -> Result<Role> {
    let names: serde_json::Value = row.get(6)?;
    let names = names.as_array().cloned().unwrap_or_default();
    // A stored name that this program does not know carries nothing.
    let permissions: PermissionSet =
        names.iter().filter_map(|name| Permission::parse(name.as_str()?)).map(Permission::id).collect();
    Ok(Role {
        id: row.get(0)?,
        uuid: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        scope: row.get(4)?,
        active: row.get(5)?,
        permissions,
    })
}
