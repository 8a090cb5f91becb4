//! What is known before a team is changed, and the checks that are common to all changes of it.

use super::{
    behalf,
    rules::{self, Team},
    store::{self, Organization, Person, Project, Recorded},
};
use crate::{access::permissions::Permission, role};
use stoa_kernel::{
    Error, Result, Time,
    access::{Decision, Found, Needs, Role, Stand},
    action::Cx,
    error::Invalid,
    field::Input,
    id,
};

/// Everything that is known before a team is changed.
pub(super) struct Scene {
    pub team: &'static Team,
    pub scope: Found,
    pub customer_id: i64,
    pub organization: Organization,
    pub project: Option<Project>,
    /// The permission is held on the organization (or the actor is staff): limits of the scope's own people don't apply.
    pub from_above: bool,
    pub role: Role,
    pub person: Person,
    pub until: Option<Time>,
    /// The rule or synchronization that gives the role; empty for a person.
    pub source: String,
}

impl Scene {
    /// Reads what an input of a team's action says, with the checks that are common to all of them.
    pub(super) async fn load(cx: &mut Cx<'_>, input: &Input, permission: fn(&Team) -> Permission) -> Result<Scene> {
        let (team, project) = place(cx, &cx.found.clone()).await?;
        let (role, person) = named(cx, input).await?;
        let until = input.time("expiration_time");
        Scene::of(cx, cx.found.clone(), team, project, (role, person, until), permission).await
    }

    /// Reads what a grant says.
    pub(super) async fn of_grant(
        cx: &mut Cx<'_>,
        grant: &Recorded,
        permission: fn(&Team) -> Permission,
    ) -> Result<Scene> {
        let team = rules::team(&grant.scope).ok_or(Error::NotFound)?;
        // Where the scope stands is what counts, not where it stood when the role was given: it may have moved since.
        let scope = match behalf::scope(cx, &grant.scope, grant.scope_uuid).await? {
            Some(scope) => scope,
            None => was_at(team, grant),
        };
        let (team, project) = place(cx, &scope).await?;
        let role = role::store::by_id(cx.tx, grant.role_id).await?;
        let person = store::person(&mut *cx.tx, grant.user_uuid).await?.ok_or(Error::NotFound)?;
        Scene::of(cx, scope, team, project, (role, person, grant.until), permission).await
    }

    /// Of a new grant whose role and person are known.
    pub(super) async fn of_new(
        cx: &mut Cx<'_>,
        scope: Found,
        role: Role,
        person: Person,
        until: Option<Time>,
    ) -> Result<Scene> {
        let (team, project) = place(cx, &scope).await?;
        Scene::of(cx, scope, team, project, (role, person, until), |team| team.create).await
    }

    async fn of(
        cx: &mut Cx<'_>,
        scope: Found,
        team: &'static Team,
        project: Option<Project>,
        (role, person, until): (Role, Person, Option<Time>),
        permission: fn(&Team) -> Permission,
    ) -> Result<Scene> {
        let customer_id = scope.at(team.owner).ok_or_else(|| Error::broken("a scope without an organization"))?;
        let organization = store::organization(cx.tx, customer_id).await?;
        if organization.closed {
            return Err(Error::invalid("Customer is not available."));
        }
        let from_above = cx.decide(&owning(permission(team), team), &scope).allowed;
        if !from_above && team.scope != "customer" && person.id == cx.actor.id {
            Decision::rule("User can not manage own role.").required()?;
        }
        let source = String::new();
        Ok(Scene { team, scope, customer_id, organization, project, from_above, role, person, until, source })
    }

    /// Where the permission to give roles here can be held.
    pub(super) fn above(&self) -> Vec<Stand> {
        self.scope.places.iter().filter(|stand| self.team.places.contains(&stand.place)).cloned().collect()
    }

    /// The grant that is open already.
    pub(super) async fn open(&self, cx: &mut Cx<'_>) -> Result<Option<store::Open>> {
        store::open(cx.tx, self.person.id, self.role.id, self.team.scope, self.scope.id, cx.now).await
    }

    /// The grant as the record tells it.
    pub(super) fn recorded(&self, uuid: id::Uuid, until: Option<Time>) -> Recorded {
        Recorded {
            uuid,
            user_id: self.person.id,
            user_uuid: self.person.uuid,
            username: self.person.username.clone(),
            full_name: self.person.full_name.clone(),
            role_id: self.role.id,
            role_name: self.role.name.clone(),
            role_uuid: self.role.uuid,
            scope: self.team.scope.to_owned(),
            scope_id: self.scope.id,
            scope_uuid: self.scope.uuid,
            scope_name: self.scope.name.clone(),
            customer_id: self.customer_id,
            until,
        }
    }
}

/// The scope of a grant that is gone, as far as the grant tells of it.
fn was_at(team: &'static Team, grant: &Recorded) -> Found {
    let (uuid, name) = (grant.scope_uuid, grant.scope_name.clone());
    Found { uuid, name, ..standing(team, grant.scope_id, grant.customer_id) }
}

/// A scope with a team, as it stands in an organization.
pub(super) fn standing(team: &'static Team, id: i64, organization: i64) -> Found {
    let mut places = vec![Stand { place: "itself", scope: team.scope, id }];
    if team.scope != "customer" {
        places.push(Stand { place: "customer", scope: "customer", id: organization });
    }
    Found { thing: team.scope, id, places, ..Found::default() }
}

/// The team of a scope, and its project where it is one that is not removed.
async fn place(cx: &mut Cx<'_>, scope: &Found) -> Result<(&'static Team, Option<Project>)> {
    let team = rules::team(scope.thing).ok_or_else(|| Error::broken("a team of an unknown kind of scope"))?;
    if team.scope != "project" {
        return Ok((team, None));
    }
    let project = store::project(cx.tx, scope.id).await?;
    if project.removed {
        return Err(Error::invalid("Cannot manage team members for terminated projects."));
    }
    Ok((team, Some(project)))
}

/// The role and the person that an input names, and whether its time is still to come; every field that is wrong is named.
async fn named(cx: &mut Cx<'_>, input: &Input) -> Result<(Role, Person)> {
    let mut invalid = Invalid::default();
    let role = role::store::known(cx.tx, cx.actor, input.text("role").unwrap_or_default()).await?;
    if role.is_none() {
        invalid.add("role", "Role is not found.");
    }
    let person = store::person(&mut *cx.tx, input.uuid("user").unwrap_or_default()).await?;
    if person.is_none() {
        invalid.add("user", "User is not found.");
    }
    if input.time("expiration_time").is_some_and(|until| until <= cx.now) {
        invalid.add("expiration_time", "Expiration time should be greater than current time.");
    }
    invalid.done()?;
    Ok((role.ok_or(Error::NotFound)?, person.ok_or(Error::NotFound)?))
}

/// A permission as it is held on the organization.
fn owning(permission: Permission, team: &Team) -> Needs {
    match team.owner {
        "itself" => Needs::Permission(permission.id(), &["itself"]),
        _ => Needs::Permission(permission.id(), &["customer"]),
    }
}
