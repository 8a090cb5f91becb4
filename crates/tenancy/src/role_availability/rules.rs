//! Where a role reaches, from values alone.

use stoa_kernel::access::{Actor, Stand};

/// A scope: its kind and key.
pub type Spot = (String, i64);

/// Where a role can be given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Key of the organization whose own role it is.
    pub owner: Option<i64>,
    /// The places that are named; everywhere if none is.
    pub places: Vec<Spot>,
}

impl Reach {
    /// Whether it can be given at a scope that stands at these places of an organization.
    pub fn covers(&self, customer_id: i64, scopes: &[Spot]) -> bool {
        let at = |place: &Spot| scopes.contains(place) || place.0 == "customer" && place.1 == customer_id;
        self.owner.is_none_or(|owner| owner == customer_id) && (self.places.is_empty() || self.places.iter().any(at))
    }

    /// Whether the role is one that an actor knows of: everybody knows those of the installation; an organization's own are known
    /// to whoever holds any role in it, within what his credential is bound to, to staff and to support agents.
    pub fn is_known_to(&self, actor: &Actor) -> bool {
        actor.sees_all() || self.owner.is_none_or(|owner| actor.within_bounds().owners().contains(&owner))
    }
}

/// The scopes among the places of a thing.
pub fn scopes(places: &[Stand]) -> Vec<Spot> {
    places.iter().map(|stand| (stand.scope.to_owned(), stand.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(scope: &str, id: i64) -> Spot {
        (scope.to_owned(), id)
    }

    #[test]
    fn a_role_reaches_everywhere_until_a_place_is_named() {
        let here = [spot("project", 7)];
        assert!(Reach::default().covers(1, &here));
        let named = |places: &[Spot]| Reach { owner: None, places: places.to_vec() };
        assert!(named(&[spot("customer", 1)]).covers(1, &here));
        assert!(!named(&[spot("customer", 2)]).covers(1, &here));
        assert!(named(&[spot("customer", 2), spot("project", 7)]).covers(1, &here));
        assert!(!named(&[spot("project", 7)]).covers(1, &[spot("customer", 1)]), "not above the place");
        assert!(!named(&[spot("project", 7)]).covers(1, &[spot("customer", 7)]), "keys of another kind");
    }

    #[test]
    fn an_own_role_never_leaves_its_organization() {
        let own = |places: &[Spot]| Reach { owner: Some(1), places: places.to_vec() };
        for places in [&[][..], &[spot("customer", 1)], &[spot("customer", 2)], &[spot("project", 7)]] {
            assert!(!own(places).covers(2, &[spot("project", 7), spot("customer", 2)]), "{places:?}");
        }
        assert!(own(&[]).covers(1, &[spot("project", 7)]));
        assert!(!own(&[spot("customer", 2)]).covers(1, &[spot("project", 7)]));
    }
}
