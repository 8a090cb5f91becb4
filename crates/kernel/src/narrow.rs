//! Credentials that are narrower than their user (mission R5; design.md, invariant 9: nothing widens a token).
//!
//! What a narrowed credential leaves is applied to the actor once, when he is loaded ([`Actor::narrowed`]): his grants carry
//! only what passes, and one of which nothing passes stops counting. So whoever reads grants can't forget it. On top of that,
//! a bound credential reaches only things that are one of those it is bound to, or belong to one: decisions ask
//! [`Bound::holds`], and views add the same condition to their statement.

use crate::{
    access::{Actor, Found, Held, PermissionSet, Place, Scope, Stop},
    id::Uuid,
    val::Val,
    view::{Clause, PlaceColumn},
};
use std::sync::Arc;

/// What a narrowed credential leaves of its user.
#[derive(Debug, Clone, Default)]
pub struct Narrow {
    /// Key of the credential's row.
    pub key: i64,
    /// Its public identifier.
    pub uuid: Uuid,
    /// Only these permissions count.
    pub permissions: PermissionSet,
    /// Whether staff power passes through this credential.
    pub staff: bool,
    /// Whether a support agent's view passes through this credential.
    pub support: bool,
    /// What it is bound to; `None` for everything.
    pub bound: Option<Bound>,
    /// Whether it is time to note its use.
    pub due: bool,
}

/// The things to which a credential is bound.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    /// Kind and key of each.
    pub scopes: Vec<(String, i64)>,
    /// The rules by which things belong to them.
    pub walk: Walk,
}

/// By which places a thing belongs to what a credential is bound to. The names are those of the areas above.
#[derive(Debug, Clone, Copy, Default)]
pub struct Walk {
    /// The kinds of things to which a credential can be bound.
    pub kinds: &'static [Scope],
    /// The kind to which every scope belongs in the end: that of [`Held::owner_id`].
    pub owner: Scope,
    /// Places by which a thing does not belong: kind of the thing and name of the place.
    pub beyond: &'static [(&'static str, Place)],
}

impl Bound {
    /// Whether it is bound to this very thing.
    pub fn to(&self, scope: &str, id: i64) -> bool {
        self.scopes.iter().any(|(kind, key)| kind == scope && *key == id)
    }

    /// Whether a place of a thing counts.
    fn counts(&self, thing: &str, place: &str) -> bool {
        !self.walk.beyond.contains(&(thing, place))
    }

    /// Whether a thing is one of those it is bound to, or belongs to one.
    pub fn holds(&self, found: &Found) -> bool {
        let mut stands = found.places.iter().filter(|stand| self.counts(found.thing, stand.place));
        stands.any(|stand| self.to(stand.scope, stand.id))
    }

    /// Whether the scope of a grant is one of those it is bound to, or belongs to one.
    pub fn holds_grant(&self, held: &Held) -> bool {
        self.to(&held.scope, held.scope_id) || self.to(self.walk.owner, held.owner_id)
    }

    /// The places of a view by which its rows can belong to something that credentials are bound to.
    pub fn places(&self, thing: &str, places: &'static [PlaceColumn]) -> Vec<&'static PlaceColumn> {
        let bindable = |place: &&PlaceColumn| self.walk.kinds.contains(&place.1) && self.counts(thing, place.0);
        places.iter().filter(bindable).collect()
    }

    /// The condition that a row belongs by one of these places. All of them are values of the row itself, so this is a filter
    /// on rows that the actor sees, and no union of tables.
    pub fn condition(&self, clause: &mut Clause, places: &[&PlaceColumn]) {
        let mut open = "(";
        for place in places {
            let of_kind = self.scopes.iter().filter(|(kind, _)| kind == place.1);
            let ids: Vec<i64> = of_kind.map(|(_, id)| *id).collect();
            if !ids.is_empty() {
                clause.text.push_str(open);
                clause.push(&format!("{} = ANY($)", place.2), [Val::from(ids)]);
                open = " OR ";
            }
        }
        clause.text.push_str(if open == "(" { "FALSE" } else { ")" });
    }
}

impl Actor {
    /// The actor with what a credential leaves of him.
    pub fn narrowed(mut self, narrow: Narrow) -> Actor {
        for held in &mut self.grants {
            let passes = held.role.permissions.both(&narrow.permissions);
            if passes.is_empty() && held.shows() {
                held.stopped = Some(Stop::Narrowed);
            }
            if passes != held.role.permissions {
                let role = crate::access::Role { permissions: passes, ..(*held.role).clone() };
                held.role = Arc::new(role);
            }
        }
        self.narrow = Some(narrow);
        self
    }

    /// What the credential is bound to, if it is.
    pub fn bound(&self) -> Option<&Bound> {
        self.narrow.as_ref().and_then(|narrow| narrow.bound.as_ref())
    }

    /// Whether the user himself acts: neither a narrowed credential of his, nor a token that an issuer gave a program, nor
    /// somebody else in his place. Only then are credentials made, changed and removed.
    pub fn in_person(&self) -> bool {
        self.narrow.is_none() && !self.issued && self.impersonator.is_none()
    }

    /// The same actor with only those grants that lie within what his credential is bound to: for what has no place of its
    /// own, such as events.
    pub fn within_bounds(&self) -> Actor {
        let mut actor = self.clone();
        if let Some(bound) = self.bound() {
            actor.grants.retain(|held| bound.holds_grant(held));
        }
        actor
    }
}
