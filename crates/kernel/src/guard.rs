//! Guards: rules from above that deny, whatever grants say (design.md, section 3: the layer between the credential and the grants).
//!
//! An actor is loaded with the guards that concern him at this moment: those whose people and conditions fit. What is left to
//! decide is where, and through which role; that is here, so that decisions, lists and the ceiling see the same. A guard only takes
//! away: nothing here can allow.

use crate::{
    access::{Actor, Found, Held, Permission, PermissionSet, Reason},
    id::{self, Uuid},
};

/// A guard that concerns an actor.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Its public identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it denies.
    pub permissions: PermissionSet,
    /// Kind and key of the scope on which it denies; `None` for the whole installation.
    pub place: Option<(String, i64)>,
    /// Keys of the roles through which it denies; `None` for all, and for staff power.
    pub roles: Option<Vec<i64>>,
    /// Whether it denies staff too.
    pub staff: bool,
    /// Whether it denies only what concerns the actor's own things (separation of duties: who ordered does not approve).
    pub own: bool,
    /// Why it applies at this moment, in words; empty if it always does.
    pub because: String,
}

impl Guard {
    /// Whether it denies a permission that a role gives at a grant's scope, whatever thing there it is used on.
    fn covers(&self, permission: Permission, held: &Held) -> bool {
        let here = self.place.as_ref().is_none_or(|(scope, key)| {
            held.scope == *scope && held.scope_id == *key || scope == "customer" && held.owner_id == *key
        });
        here && !self.own && self.permissions.contains(permission) && self.concerns(held)
    }

    /// Whether it denies a permission on a thing; through this grant, or as staff.
    fn denies(&self, actor: &Actor, permission: Permission, held: Option<&Held>, thing: &Found) -> bool {
        let here = self.place.as_ref().is_none_or(|(scope, key)| {
            thing.places.iter().any(|stand| stand.scope == scope && stand.id == *key)
                || held.is_some_and(|held| held.scope == *scope && held.scope_id == *key)
        });
        let whom = held.map_or(self.staff && self.roles.is_none(), |held| self.concerns(held));
        let what = !self.own || actor.id != 0 && thing.owner == actor.id;
        here && whom && what && self.permissions.contains(permission)
    }

    fn concerns(&self, held: &Held) -> bool {
        self.roles.as_ref().is_none_or(|roles| roles.contains(&held.role.id))
    }

    /// That it denies a permission.
    pub fn reason(&self, permission: Permission) -> Reason {
        Reason::Guarded {
            guard: id::hex(&self.uuid),
            name: self.name.clone(),
            permission: permission.name,
            because: self.because.clone(),
        }
    }
}

impl Actor {
    /// The guard that keeps a permission from counting on a thing: through this grant, or as staff.
    pub fn guarded(&self, permission: Permission, held: Option<&Held>, thing: &Found) -> Option<&Guard> {
        self.guards.iter().map(AsRef::as_ref).find(|guard: &&Guard| guard.denies(self, permission, held, thing))
    }

    /// Whether a guard takes a permission out of a grant altogether.
    pub fn is_covered(&self, permission: Permission, held: &Held) -> bool {
        self.guards.iter().any(|guard| guard.covers(permission, held))
    }

    /// What a grant carries after all guards that take permissions out of it altogether: what its holder has to hand on.
    pub fn carried(&self, held: &Held) -> PermissionSet {
        let mut left = held.role.permissions;
        for guard in &self.guards {
            let here = guard.place.as_ref().is_none_or(|(scope, key)| {
                held.scope == *scope && held.scope_id == *key || scope == "customer" && held.owner_id == *key
            });
            if here && !guard.own && guard.concerns(held) {
                left = left.minus(&guard.permissions);
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Needs, Role, Stand, decide};
    use proptest::prelude::*;
    use std::sync::Arc;

    const UPDATE: Permission = Permission { index: 1, name: "PROJECT.UPDATE" };
    const APPROVE: Permission = Permission { index: 2, name: "ORDER.APPROVE" };
    const NEEDS: [Needs; 2] =
        [Needs::Permission(UPDATE, &["itself", "customer"]), Needs::Permission(APPROVE, &["itself", "customer"])];

    fn held(role: i64, permissions: PermissionSet, scope: &str, scope_id: i64, owner_id: i64) -> Held {
        let role = Role {
            id: role,
            uuid: Uuid::nil(),
            name: format!("role {role}"),
            description: String::new(),
            scope: scope.into(),
            active: true,
            permissions,
        };
        Held {
            uuid: Uuid::nil(),
            role: Arc::new(role),
            scope: scope.into(),
            scope_id,
            owner_id,
            until: None,
            stopped: None,
        }
    }

    fn project(id: i64, customer: i64, owner: i64) -> Found {
        let stand = |place, scope, id| Stand { place, scope, id };
        let places = vec![stand("itself", "project", id), stand("customer", "customer", customer)];
        Found { thing: "project", id, places, owner, ..Found::default() }
    }

    fn sets() -> impl Strategy<Value = PermissionSet> {
        (any::<bool>(), any::<bool>()).prop_map(|(update, approve)| {
            [(update, UPDATE), (approve, APPROVE)].into_iter().filter(|(is, _)| *is).map(|(_, one)| one).collect()
        })
    }

    fn guards() -> impl Strategy<Value = Guard> {
        let place = prop_oneof![
            Just(None),
            (1..3_i64).prop_map(|id| Some(("customer".to_owned(), id))),
            (1..4_i64).prop_map(|id| Some(("project".to_owned(), id))),
        ];
        let roles = prop_oneof![Just(None), prop::collection::vec(1..4_i64, 0..3).prop_map(Some)];
        (sets(), place, roles, any::<bool>(), any::<bool>()).prop_map(|(permissions, place, roles, staff, own)| Guard {
            name: "guard".into(),
            permissions,
            place,
            roles,
            staff,
            own,
            ..Guard::default()
        })
    }

    fn grants() -> impl Strategy<Value = Held> {
        (1..4_i64, sets(), any::<bool>(), 1..4_i64).prop_map(|(role, permissions, on_customer, id)| match on_customer {
            true => held(role, permissions, "customer", 1 + id % 2, 1 + id % 2),
            false => held(role, permissions, "project", id, 1 + id % 2),
        })
    }

    #[test]
    fn a_guard_denies_where_and_through_what_it_says_and_staff_only_where_it_says_so() {
        let all: PermissionSet = [UPDATE, APPROVE].into_iter().collect();
        let update: PermissionSet = [UPDATE].into_iter().collect();
        let owner = Actor { id: 1, grants: vec![held(1, all, "customer", 1, 1)], ..Actor::default() };
        let with = |actor: &Actor, guard: Guard| Actor { guards: vec![Arc::new(guard)], ..actor.clone() };
        let may = |actor: &Actor, needs: &Needs, thing: &Found| decide(actor, needs, thing).allowed;
        let frozen = Guard {
            name: "frozen".into(),
            permissions: update,
            place: Some(("project".into(), 7)),
            ..Guard::default()
        };
        let guarded = with(&owner, frozen.clone());
        // A guard on one project denies there, though the role is on the organization above it; what else it carries stays.
        assert!(!may(&guarded, &NEEDS[0], &project(7, 1, 0)) && may(&guarded, &NEEDS[0], &project(8, 1, 0)));
        assert!(may(&guarded, &NEEDS[1], &project(7, 1, 0)));
        let said = decide(&guarded, &NEEDS[0], &project(7, 1, 0)).to_string();
        assert_eq!(said, "Refused. The guard frozen denies PROJECT.UPDATE.");
        // Staff are exempt unless it says otherwise.
        let staff = Actor { id: 2, staff: true, ..Actor::default() };
        assert!(may(&with(&staff, frozen.clone()), &NEEDS[0], &project(7, 1, 0)));
        assert!(!may(&with(&staff, Guard { staff: true, ..frozen }), &NEEDS[0], &project(7, 1, 0)));
        // Who ordered does not approve.
        let approve: PermissionSet = [APPROVE].into_iter().collect();
        let duties = with(&owner, Guard { permissions: approve, own: true, ..Guard::default() });
        assert!(!may(&duties, &NEEDS[1], &project(7, 1, 1)) && may(&duties, &NEEDS[1], &project(7, 1, 9)));
        // Through one role only.
        let through = with(&owner, Guard { permissions: all, roles: Some(vec![5]), ..Guard::default() });
        assert!(may(&through, &NEEDS[0], &project(7, 1, 0)));
    }

    proptest! {
        /// Whatever guards there are: who is allowed something with them is allowed it without them, in decisions, in lists and
        /// in what he hands on.
        #[test]
        fn no_guard_widens(
            grants in prop::collection::vec(grants(), 0..4),
            guards in prop::collection::vec(guards(), 0..4),
            staff in any::<bool>(),
            owner in 0..3_i64,
        ) {
            let free = Actor { id: 1, staff, grants, ..Actor::default() };
            let guarded = Actor { guards: guards.into_iter().map(Arc::new).collect(), ..free.clone() };
            for id in 1..4 {
                let thing = project(id, 1 + id % 2, owner);
                for needs in &NEEDS {
                    prop_assert!(decide(&free, needs, &thing).allowed || !decide(&guarded, needs, &thing).allowed);
                }
            }
            for permission in [UPDATE, APPROVE] {
                for kind in ["project", "customer"] {
                    let (more, less) = (free.may_at(kind, permission), guarded.may_at(kind, permission));
                    prop_assert!(less.iter().all(|id| more.contains(id)));
                }
            }
            for held in &guarded.grants {
                prop_assert!(guarded.carried(held).minus(&held.role.permissions).is_empty());
                for permission in [UPDATE, APPROVE] {
                    let kept = held.role.permissions.contains(permission) && !guarded.is_covered(permission, held);
                    prop_assert_eq!(guarded.carried(held).contains(permission), kept);
                }
            }
        }
    }
}
