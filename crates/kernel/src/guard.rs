//! Guards: rules from above that deny, whatever grants say (design.md, section 3: the layer between the credential and the grants).
//!
//! An actor is loaded with the guards that concern him at this moment: those whose people and conditions fit. What is left to
//! decide is where, and through which role; that is here, so that decisions, lists and the ceiling see the same. A guard only takes
//! away: nothing here can allow.

use crate::{
    access::{Actor, Decision, Found, Held, Permission, PermissionSet, Reason},
    id::{self, Uuid},
};

/// A guard that concerns an actor.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Its public identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Key of the owner ([`Held::owner_id`]) whose guard it is, which takes only from roles at what is his; `None` for one that takes
    /// from all.
    pub of: Option<i64>,
    /// Whose it is, in a word.
    pub set_by: &'static str,
    /// What it denies.
    pub permissions: PermissionSet,
    /// Kind and key of the scope on which it denies; `None` for everything that is its maker's.
    pub place: Option<(String, i64)>,
    /// Whether that scope is an owner, to whom other scopes belong.
    pub owner: bool,
    /// Keys of the roles through which it denies; `None` for all, and for staff power.
    pub roles: Option<Vec<i64>>,
    /// Whether it denies staff too.
    pub staff: bool,
    /// Whether it denies only what concerns the actor's own things (separation of duties: who ordered does not approve).
    pub own: bool,
    /// Why it applies at this moment, in words; empty if it always does.
    pub because: String,
    /// Whether it is not known if it applies, as nothing is known about how somebody would ask: then it denies nothing, and a
    /// decision says what it depends on.
    pub depends: bool,
}

impl Guard {
    /// Whether it takes from this grant at all.
    fn concerns(&self, held: &Held) -> bool {
        self.of.is_none_or(|owner| held.owner_id == owner)
            && self.roles.as_ref().is_none_or(|roles| roles.contains(&held.role.id))
    }

    /// Whether it takes from a grant whatever it denies, on whatever thing: the whole scope of the grant is where it denies.
    fn covers(&self, held: &Held) -> bool {
        let here = self.place.as_ref().is_none_or(|(scope, key)| {
            held.scope == *scope && held.scope_id == *key || self.owner && held.owner_id == *key
        });
        here && !self.own && self.concerns(held)
    }

    /// Whether it takes from a grant whatever it denies, at one of these scopes.
    fn lies(&self, held: &Held, at: At<'_>) -> bool {
        !self.own && self.place.as_ref().is_some_and(|(scope, key)| at(scope, *key)) && self.concerns(held)
    }

    /// Whether it stands between a permission and a thing; through this grant, or as staff.
    fn stands(&self, actor: &Actor, permission: Permission, held: Option<&Held>, thing: &Found) -> bool {
        let here = self.place.as_ref().is_none_or(|(scope, key)| {
            thing.places.iter().any(|stand| stand.scope == scope && stand.id == *key)
                || held.is_some_and(|held| held.scope == *scope && held.scope_id == *key)
        });
        let whom = held.map_or(self.staff && self.roles.is_none(), |held| self.concerns(held));
        // Who acts as somebody else is bound by what he did himself, too.
        let acting = [actor.id, actor.impersonator.as_ref().map_or(0, |staff| staff.id)];
        let what = !self.own || thing.owner != 0 && acting.contains(&thing.owner);
        here && whom && what && self.permissions.contains(permission)
    }

    /// That it denies a permission.
    pub fn reason(&self, permission: Permission) -> Reason {
        self.bars(permission.name)
    }

    /// That it denies something by name.
    pub fn bars(&self, permission: &'static str) -> Reason {
        Reason::Guarded {
            guard: id::hex(&self.uuid),
            name: self.name.clone(),
            permission,
            set_by: self.set_by,
            of: self.of,
            because: self.because.clone(),
            could_change: Vec::new(),
        }
    }
}

impl Actor {
    /// The guard that keeps a permission from counting on a thing: through this grant, or as staff.
    pub fn guarded(&self, permission: Permission, held: Option<&Held>, thing: &Found) -> Option<&Guard> {
        let mut denying = self.guards.iter().map(AsRef::as_ref).filter(|guard: &&Guard| !guard.depends);
        denying.find(|guard| guard.stands(self, permission, held, thing))
    }

    /// A decision that allows, with the conditions that guards make and of which nothing is known about this actor.
    pub fn provided(
        &self,
        mut allowed: Decision,
        permission: Permission,
        held: Option<&Held>,
        thing: &Found,
    ) -> Decision {
        let depending = self.guards.iter().filter(|guard| guard.depends);
        for guard in depending.filter(|guard| guard.stands(self, permission, held, thing)) {
            let (guard, name, because) = (id::hex(&guard.uuid), guard.name.clone(), guard.because.clone());
            allowed.because.push(Reason::Provided { guard, name, because });
        }
        allowed
    }

    /// Whether a guard takes a permission out of a grant altogether.
    pub fn is_covered(&self, permission: Permission, held: &Held) -> bool {
        self.is_covered_at(permission, held, NOWHERE)
    }

    /// Whether a guard takes a permission out of a grant altogether, or at one of these scopes.
    pub fn is_covered_at(&self, permission: Permission, held: &Held, at: At<'_>) -> bool {
        self.covering(held, false, at).any(|guard| guard.permissions.contains(permission))
    }

    /// What a grant carries after all guards that take permissions out of it altogether.
    pub fn carried(&self, held: &Held) -> PermissionSet {
        self.carried_at(held, NOWHERE)
    }

    /// What a grant carries at these scopes, after all guards that deny there: what its holder has to hand on there.
    pub fn carried_at(&self, held: &Held, at: At<'_>) -> PermissionSet {
        self.covering(held, false, at).fold(held.role.permissions, |left, guard| left.minus(&guard.permissions))
    }

    /// What a grant carries after all guards only under conditions of which nothing is known about this actor.
    pub fn conditional(&self, held: &Held) -> PermissionSet {
        self.conditional_at(held, NOWHERE)
    }

    /// The same of what it carries at these scopes.
    pub fn conditional_at(&self, held: &Held, at: At<'_>) -> PermissionSet {
        let under =
            self.covering(held, true, at).fold(PermissionSet::default(), |all, guard| all.union(&guard.permissions));
        under.both(&self.carried_at(held, at))
    }

    fn covering<'a>(&'a self, held: &'a Held, depends: bool, at: At<'a>) -> impl Iterator<Item = &'a Guard> {
        let all = self.guards.iter().map(AsRef::as_ref);
        all.filter(move |guard: &&Guard| guard.depends == depends && (guard.covers(held) || guard.lies(held, at)))
    }
}

/// Scopes, by kind and key.
pub type At<'a> = &'a dyn Fn(&str, i64) -> bool;

/// No scope in particular.
const NOWHERE: At<'static> = &|_, _| false;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::{Needs, Role, Stand, decide},
        time::Time,
    };
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
            since: Time::default(),
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
        let of = prop_oneof![Just(None), (1..3_i64).prop_map(Some)];
        (sets(), of, place, roles, any::<[bool; 3]>()).prop_map(|(permissions, of, place, roles, flags)| {
            let [staff, own, depends] = flags;
            let owner = place.as_ref().is_some_and(|(kind, _)| kind == "customer");
            Guard {
                name: "guard".into(),
                of,
                permissions,
                place,
                owner,
                roles,
                staff,
                own,
                depends,
                ..Guard::default()
            }
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
            set_by: "installation",
            permissions: update,
            place: Some(("project".into(), 7)),
            ..Guard::default()
        };
        let guarded = with(&owner, frozen.clone());
        // A guard on one project denies there, though the role is on the organization above it; what else it carries stays.
        assert!(!may(&guarded, &NEEDS[0], &project(7, 1, 0)) && may(&guarded, &NEEDS[0], &project(8, 1, 0)));
        assert!(may(&guarded, &NEEDS[1], &project(7, 1, 0)));
        let said = decide(&guarded, &NEEDS[0], &project(7, 1, 0)).to_string();
        assert_eq!(said, "Refused. The guard frozen of the installation denies PROJECT.UPDATE.");
        // Staff are exempt unless it says otherwise.
        let staff = Actor { id: 2, staff: true, ..Actor::default() };
        assert!(may(&with(&staff, frozen.clone()), &NEEDS[0], &project(7, 1, 0)));
        assert!(!may(&with(&staff, Guard { staff: true, ..frozen }), &NEEDS[0], &project(7, 1, 0)));
        // Who ordered does not approve.
        let approve: PermissionSet = [APPROVE].into_iter().collect();
        let duties = with(&owner, Guard { permissions: approve, own: true, ..Guard::default() });
        assert!(!may(&duties, &NEEDS[1], &project(7, 1, 1)) && may(&duties, &NEEDS[1], &project(7, 1, 9)));
        // An organization's guard takes from the roles in it, and from nobody else's on its things.
        let ours =
            |of| Guard { permissions: update, place: Some(("project".into(), 7)), of: Some(of), ..Guard::default() };
        assert!(!may(&with(&owner, ours(1)), &NEEDS[0], &project(7, 1, 0)));
        assert!(may(&with(&owner, ours(2)), &NEEDS[0], &project(7, 1, 0)));
        // Where nothing is known of how somebody would ask, it is said what it depends on.
        let depends =
            Guard { permissions: update, depends: true, because: "with a second factor".into(), ..Guard::default() };
        let said = decide(&with(&owner, depends), &NEEDS[0], &project(7, 1, 0));
        assert!(said.allowed && said.to_string().ends_with("lets it pass only so: with a second factor."), "{said}");
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
