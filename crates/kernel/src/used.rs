//! What a call relied on: grants, powers and the credential (least privilege from use).
//!
//! An actor of a call notes by itself whenever one of his grants lets something pass: a decision, or the scopes of a list. Whoever
//! asks an actor can't forget it, so what is not noted was not relied on. What is noted is kept only if the call succeeds
//! ([`crate::door::Core::used`]); a call that is refused, that fails or that is tried out used nothing.
//!
//! It is more than was strictly needed, never less: where a list asks for all scopes with a permission, each of their grants is
//! noted as *listed*; a decision, and a thing that was opened by itself, note the grant as used.

use crate::{
    access::{Actor, Held, Stand},
    id::Uuid,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One thing that a call relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Use {
    /// What it was.
    pub through: Through,
    /// The permission that was needed; empty where the grant itself is enough.
    pub permission: &'static str,
    /// Whether it only let something be shown in a list.
    pub listed: bool,
    /// The narrowed credential that let it pass, and the position of a permission without which it would not have: where the
    /// grant itself was enough, the first one that passes, since a grant of which nothing passes does not show.
    pub token: Option<(Uuid, Option<u16>)>,
}

/// Through what something was allowed or shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Through {
    /// A grant, and its role.
    Grant(Uuid, Uuid),
    /// Staff power of a user.
    Staff(Uuid),
    /// A support agent's sight of a user.
    Support(Uuid),
}

/// What a call relied on so far. Clones are one list; the default keeps nothing.
#[derive(Debug, Clone, Default)]
pub struct Used(Option<Arc<Mutex<HashSet<Use>>>>);

impl Used {
    /// An empty list that is kept.
    pub fn kept() -> Used {
        Used(Some(Arc::default()))
    }

    fn list(&self) -> Option<MutexGuard<'_, HashSet<Use>>> {
        self.0.as_ref().map(|list| list.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, one: impl FnOnce() -> Use) {
        if let Some(mut list) = self.list() {
            list.insert(one());
        }
    }

    /// Takes what was noted so far.
    pub fn take(&self) -> HashSet<Use> {
        self.list().map(|mut list| std::mem::take(&mut *list)).unwrap_or_default()
    }

    fn put(&self, more: HashSet<Use>) {
        if let Some(mut list) = self.list() {
            list.extend(more);
        }
    }
}

impl Actor {
    /// The same actor, of whom nothing is noted: to ask what he could do is not to do it.
    pub fn unnoted(&self) -> Actor {
        Actor { used: Used::default(), ..self.clone() }
    }

    /// This actor, who acts within the call of another: a letter of his is answered, an order of his is carried out.
    pub fn within_call_of(self, caller: &Actor) -> Actor {
        Actor { used: caller.used.clone(), ..self }
    }

    /// The grants that show and that fit, noted as listed: for what depends on roles as such and on no permission.
    pub fn showing(&self, fits: impl Fn(&Held) -> bool) -> Vec<&Held> {
        let found: Vec<&Held> = self.grants.iter().filter(|held| held.shows() && fits(held)).collect();
        found.iter().for_each(|held| self.relied(held, "", true));
        found
    }

    /// Notes that a grant was relied on.
    pub fn relied(&self, held: &Held, permission: &'static str, listed: bool) {
        let first = match (permission, &self.narrow) {
            ("", Some(_)) => held.role.permissions.indexes().next(),
            _ => None,
        };
        self.note(Through::Grant(held.uuid, held.role.uuid), permission, listed, first);
    }

    /// Notes that staff power was relied on; to act on it, or only that it was in force.
    pub(crate) fn relied_on_staff(&self, permission: &'static str, listed: bool) {
        self.note(Through::Staff(self.uuid), permission, listed, None);
    }

    /// Notes that a support agent's sight was relied on.
    pub(crate) fn relied_on_support(&self, listed: bool) {
        self.note(Through::Support(self.uuid), "", listed, None);
    }

    fn note(&self, through: Through, permission: &'static str, listed: bool, first: Option<u16>) {
        let token = self.narrow.as_ref().map(|narrow| (narrow.uuid, first));
        self.used.add(|| Use { through, permission, listed, token });
    }

    /// Runs what looks for one thing; gives its result and what it relied on, which is not noted yet: [`Actor::opened`] does.
    pub(crate) fn looking<T>(&self, look: impl FnOnce() -> T) -> (T, HashSet<Use>) {
        let before = self.used.take();
        let found = look();
        let relied = self.used.take();
        self.used.put(before);
        (found, relied)
    }

    /// Notes what it took to open one thing by itself. Of all grants that were asked for, those count that are where it stands;
    /// where none is, those within something where it stands; and where it was seen in another way that they give, all.
    pub(crate) fn opened(&self, relied: HashSet<Use>, stands: &[Stand]) {
        if relied.is_empty() {
            return;
        }
        let grants = |fits: &dyn Fn(&Held, &Stand) -> bool| -> HashSet<Uuid> {
            let here = |held: &&Held| stands.iter().any(|stand| fits(held, stand));
            self.grants.iter().filter(here).map(|held| held.uuid).collect()
        };
        let within = |at: &HashSet<Uuid>| {
            let fits = |one: &Use| matches!(one.through, Through::Grant(grant, _) if at.contains(&grant));
            relied.iter().any(fits)
        };
        let at = grants(&|held, stand| stand.scope == held.scope && stand.id == held.scope_id);
        let below = grants(&|held, stand| stand.id == held.owner_id);
        let of = [at, below].into_iter().find(within);
        let counted = relied.iter().filter_map(|one| match (one.through, &of) {
            (Through::Grant(grant, _), Some(of)) if !of.contains(&grant) => None,
            (Through::Grant(..), _) => Some(Use { listed: false, ..*one }),
            _ => Some(*one),
        });
        self.used.put(counted.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::{Found, Needs, Permission, Role, decide},
        time::Time,
    };

    const UPDATE: Permission = Permission { index: 1, name: "PROJECT.UPDATE" };

    fn held(number: u128, scope: &str, scope_id: i64) -> Held {
        let role = Role {
            id: 1,
            uuid: Uuid::from_u128(100 + number),
            name: "role".into(),
            description: String::new(),
            scope: scope.into(),
            active: true,
            permissions: [UPDATE].into_iter().collect(),
        };
        let (scope, role) = (scope.to_owned(), Arc::new(role));
        Held {
            uuid: Uuid::from_u128(number),
            role,
            scope,
            scope_id,
            owner_id: 1,
            until: None,
            since: Time::default(),
            stopped: None,
        }
    }

    fn actor() -> Actor {
        let grants = vec![held(1, "customer", 1), held(2, "project", 7), held(3, "project", 8)];
        Actor { id: 1, grants, used: Used::kept(), ..Actor::default() }
    }

    fn noted(actor: &Actor) -> Vec<(u128, &'static str, bool)> {
        let mut all: Vec<_> = actor
            .used
            .take()
            .into_iter()
            .filter_map(|one| match one.through {
                Through::Grant(grant, _) => Some((grant.as_u128(), one.permission, one.listed)),
                _ => None,
            })
            .collect();
        all.sort_unstable();
        all
    }

    fn project(id: i64) -> Found {
        let stand = |place, scope, id| Stand { place, scope, id };
        let places = vec![stand("itself", "project", id), stand("customer", "customer", 1)];
        Found { thing: "project", id, places, ..Found::default() }
    }

    #[test]
    fn a_decision_notes_the_grant_that_allows_it_and_a_refusal_none() {
        let actor = actor();
        assert!(decide(&actor, &Needs::Permission(UPDATE, &["itself"]), &project(8)).allowed);
        assert_eq!(noted(&actor), [(3, "PROJECT.UPDATE", false)]);
        assert!(!decide(&actor, &Needs::Permission(UPDATE, &["itself"]), &project(9)).allowed);
        assert!(noted(&actor).is_empty());
        assert!(decide(&actor.unnoted(), &Needs::Permission(UPDATE, &["itself"]), &project(8)).allowed);
        assert!(noted(&actor).is_empty(), "a question is no use");
    }

    #[test]
    fn a_list_notes_all_that_it_asks_for_and_one_thing_those_where_it_stands() {
        let actor = actor();
        actor.scopes("project", None);
        assert_eq!(noted(&actor), [(2, "", true), (3, "", true)]);
        actor.may_at("project", UPDATE);
        assert_eq!(noted(&actor), [(2, "PROJECT.UPDATE", true), (3, "PROJECT.UPDATE", true)]);
        let ((), relied) = actor.looking(|| drop((actor.scopes("project", None), actor.scopes("customer", None))));
        assert!(noted(&actor).is_empty());
        actor.opened(relied.clone(), &project(8).places);
        assert_eq!(noted(&actor), [(1, "", false), (3, "", false)]);
        // Somebody who holds nothing on the organization opens it through what he holds below; else through anything.
        let ((), relied) = actor.looking(|| drop(actor.scopes("project", None)));
        let organization = |id| [Stand { place: "itself", scope: "customer", id }];
        actor.opened(relied.clone(), &organization(1));
        assert_eq!(noted(&actor), [(2, "", false), (3, "", false)]);
        let elsewhere = Actor { grants: vec![held(4, "customer", 2), held(2, "project", 7)], ..actor };
        elsewhere.opened(relied, &organization(9));
        assert_eq!(noted(&elsewhere), [(2, "", false), (3, "", false)]);
    }

    #[test]
    fn staff_power_is_told_apart_from_its_being_in_force() {
        let staff = Actor { id: 1, staff: true, used: Used::kept(), ..Actor::default() };
        assert!(staff.sees_all());
        assert!(staff.used.take().iter().all(|one| one.listed));
        assert!(decide(&staff, &Needs::Staff, &Found::default()).allowed);
        assert!(staff.used.take().iter().any(|one| !one.listed));
    }
}
