//! The ceiling: nobody hands on what they do not hold (mission R5; design.md, section 3). Values only.

use super::permissions::{PERMISSIONS, Permission};
use stoa_kernel::access::{Actor, PermissionSet, Stand};

/// What the shipped project manager hands on with the role of a project administrator without holding it: where the
/// installation does not let managers approve orders, they still appoint the administrators who do (mission J2;
/// reference/installation-matrices.md, sections 5 and 9).
const HANDED_ON: &[(&str, &[Permission])] =
    &[("PROJECT.MANAGER", &[Permission::OrderApprove, Permission::OrderReject])];

/// What an actor can hand on at these places: what he holds there or above and no guard takes away there. `None` if nothing is out of his
/// reach.
///
/// A narrowed credential narrows it, for staff too, and so does a guard that staff are not exempt from.
pub fn reach(actor: &Actor, above: &[Stand]) -> Option<PermissionSet> {
    let at = |scope: &str, id: i64| above.iter().any(|stand| stand.scope == scope && stand.id == id);
    let held = if actor.is_staff() {
        let denied =
            actor.guards.iter().filter(|guard| guard.staff && guard.roles.is_none() && !guard.own && !guard.depends);
        let denied = denied.filter(|guard| guard.place.as_ref().is_none_or(|(scope, id)| at(scope, *id)));
        let denied = denied.fold(PermissionSet::default(), |all, guard| all.union(&guard.permissions));
        if actor.narrow.is_none() && denied.is_empty() {
            return None;
        }
        Permission::all().map(Permission::id).collect::<PermissionSet>().minus(&denied)
    } else {
        let counting = actor.grants.iter().filter(|held| held.counts() && at(&held.scope, held.scope_id));
        counting.fold(PermissionSet::default(), |set, held| {
            let handed = handed_on(&held.role.name).iter().map(|one| one.id());
            let handed: PermissionSet = handed.filter(|one| !actor.is_covered_at(*one, held, &at)).collect();
            set.union(&actor.carried_at(held, &at)).union(&handed)
        })
    };
    Some(match &actor.narrow {
        Some(narrow) => held.both(&narrow.permissions),
        None => held,
    })
}

/// Notes that what a role carries was handed on: all grants that give some of it are relied on for that (it could not be handed
/// on without it).
pub fn handed(actor: &Actor, above: &[Stand], role: &PermissionSet) {
    let here = |scope: &str, id: i64| above.iter().any(|stand| stand.scope == scope && stand.id == id);
    for held in actor.grants.iter().filter(|held| held.counts() && here(&held.scope, held.scope_id)) {
        for at in held.role.permissions.both(role).indexes() {
            if let Some(entry) = PERMISSIONS.get(usize::from(at)) {
                actor.relied(held, entry.name, false);
            }
        }
    }
}

/// What a role carries beyond a reach, by name.
pub fn beyond(role: &PermissionSet, reach: Option<&PermissionSet>) -> Vec<String> {
    let Some(reach) = reach else { return Vec::new() };
    let missing = role.minus(reach);
    missing.indexes().filter_map(|at| PERMISSIONS.get(usize::from(at))).map(|entry| entry.name.to_owned()).collect()
}

/// What holders of a role hand on besides what it carries.
pub fn handed_on(role: &str) -> &'static [Permission] {
    HANDED_ON.iter().find(|(name, _)| *name == role).map_or(&[], |(_, permissions)| permissions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::roles::{SHIPPED, shipped};
    use proptest::prelude::*;
    use std::sync::Arc;
    use stoa_kernel::{
        Time,
        access::{Held, Narrow, Role, Stop},
        id::Uuid,
    };

    fn role(name: &str, permissions: PermissionSet) -> Arc<Role> {
        let (name, scope) = (name.to_owned(), "project".to_owned());
        let description = String::new();
        Arc::new(Role { id: 1, uuid: Uuid::nil(), name, description, scope, active: true, permissions })
    }

    fn held(role: Arc<Role>, scope: &str, scope_id: i64) -> Held {
        Held {
            uuid: Uuid::nil(),
            role,
            scope: scope.into(),
            scope_id,
            owner_id: 1,
            until: None,
            since: Time::default(),
            stopped: None,
        }
    }

    fn places() -> Vec<Stand> {
        let stand = |place, scope, id| Stand { place, scope, id };
        vec![stand("itself", "project", 7), stand("customer", "customer", 1)]
    }

    fn of(permissions: impl IntoIterator<Item = Permission>) -> PermissionSet {
        permissions.into_iter().map(Permission::id).collect()
    }

    fn holder(name: &str, scope: &str, id: i64) -> Actor {
        let permissions = of(shipped(name).unwrap().permissions.iter().copied());
        Actor { id: 1, grants: vec![held(role(name, permissions), scope, id)], ..Actor::default() }
    }

    fn may_hand_on(granter: &str, scope: &str, id: i64, name: &str) -> Vec<String> {
        let role = of(shipped(name).unwrap().permissions.iter().copied());
        beyond(&role, reach(&holder(granter, scope, id), &places()).as_ref())
    }

    #[test]
    fn an_owner_hands_on_every_shipped_role_of_his_scopes() {
        for role in SHIPPED.iter().filter(|role| !role.name.starts_with("CALL.") && role.scope != "call_organizer") {
            if role.scope != "proposal" {
                assert_eq!(may_hand_on("CUSTOMER.OWNER", "customer", 1, role.name), [""; 0], "{}", role.name);
            }
        }
    }

    #[test]
    fn a_manager_hands_on_what_he_holds_and_the_administrators_approval_but_not_an_owners_role() {
        for name in ["PROJECT.MANAGER", "PROJECT.ADMIN", "PROJECT.MEMBER"] {
            assert_eq!(may_hand_on("PROJECT.MANAGER", "project", 7, name), [""; 0], "{name}");
        }
        assert!(!may_hand_on("PROJECT.MANAGER", "project", 7, "CUSTOMER.OWNER").is_empty());
        // What he holds in a neighbouring project counts for nothing here.
        assert!(!may_hand_on("PROJECT.MANAGER", "project", 8, "PROJECT.MEMBER").is_empty());
        let admin = of([Permission::OrderApprove]);
        assert_eq!(beyond(&admin, reach(&holder("PROJECT.MANAGER", "project", 7), &places()).as_ref()), [""; 0]);
        assert_eq!(
            beyond(&admin, reach(&holder("PROJECT.ADMIN", "project", 7), &places()).as_ref()),
            ["ORDER.APPROVE"]
        );
    }

    #[test]
    fn staff_hand_on_everything_but_a_narrow_token_does_not() {
        let mut staff = Actor { id: 1, staff: true, ..Actor::default() };
        assert!(reach(&staff, &places()).is_none());
        let permissions = of([Permission::ProjectList]);
        staff.narrow = Some(Narrow { permissions, staff: true, ..Narrow::default() });
        let wanted = of([Permission::ProjectList, Permission::OrderApprove]);
        assert_eq!(beyond(&wanted, reach(&staff, &places()).as_ref()), ["ORDER.APPROVE"]);
    }

    fn sets() -> impl Strategy<Value = PermissionSet> {
        proptest::collection::vec(0..Permission::COUNT, 0..40)
            .prop_map(|at| at.into_iter().map(|at| PERMISSIONS[at].permission.id()).collect())
    }

    proptest! {
        /// Over random roles at the project, at its organization and elsewhere: what is handed on is always held, and what
        /// is held can be handed on; then whoever received it can hand on no more than the giver (no chain climbs).
        #[test]
        fn no_chain_of_grants_climbs(here in sets(), above in sets(), elsewhere in sets(), stopped in sets(), given in sets()) {
            let mut ended = held(role("ended", stopped), "project", 7);
            ended.stopped = Some(Stop::Expired);
            let grants = vec![
                held(role("here", here), "project", 7),
                held(role("above", above), "customer", 1),
                held(role("elsewhere", elsewhere), "project", 8),
                ended,
            ];
            let giver = Actor { id: 1, grants, ..Actor::default() };
            let reach_of_giver = reach(&giver, &places()).unwrap();
            prop_assert_eq!(reach_of_giver, here.union(&above));
            let refused = beyond(&given, Some(&reach_of_giver));
            prop_assert_eq!(refused.is_empty(), given.minus(&here.union(&above)).is_empty());
            if refused.is_empty() {
                let taker = Actor { id: 2, grants: vec![held(role("given", given), "project", 7)], ..Actor::default() };
                let reach_of_taker = reach(&taker, &places()).unwrap();
                prop_assert!(reach_of_taker.minus(&reach_of_giver).is_empty());
            }
        }
    }
}
