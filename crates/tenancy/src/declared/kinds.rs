//! What can be declared: one constant for each kind of thing. Keys that are not named here are the fields of its actions, with
//! their checks; so what the API learns, declarations know.
//!
//! To declare one more kind: a constant with its actions, its place in [`KINDS`], which is the order of making, and where
//! [`super::store`] finds those that are there.

use crate::{customer, division, division_type, guard, project, project_type, role};
use stoa_kernel::{
    action::Action,
    field::{Field, Kind as FieldKind},
};

/// A kind of thing that can be declared.
#[derive(Debug)]
pub struct Kind {
    /// What people call one.
    pub name: &'static str,
    /// Their list in a declaration.
    pub list: &'static str,
    /// The field by which one is found, and which its key stands for.
    pub handle: &'static str,
    /// What makes one.
    pub create: &'static Action,
    /// What changes one.
    pub update: &'static Action,
    /// What removes one.
    pub delete: &'static Action,
    /// Keys that are not fields of the same name.
    pub keys: &'static [Key],
    /// Fields that are not declared.
    pub without: &'static [&'static str],
    /// Fields that shut a thing when they are true: set after everything else was done in it.
    pub shut: &'static [&'static str],
    /// The kind of scope, for things that have a team.
    pub team: Option<&'static str>,
    /// Lists within it for which a declaration can be authoritative.
    pub lists: &'static [&'static str],
}

/// A key that is not a field of the same name.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub key: &'static str,
    /// The field of the action.
    pub field: &'static str,
    /// What it says.
    pub means: Means,
}

/// What a key says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Means {
    /// The field, by a plainer name.
    Field,
    /// One thing of the kind with this list.
    One(&'static str),
    /// Several of them.
    Many(&'static str),
    /// People, by the name to sign in with or an address.
    People,
    /// What a role carries beyond what ships, or does not.
    Permissions,
}

impl Key {
    /// Whether it takes several.
    pub fn is_many(&self) -> bool {
        matches!(self.means, Means::Many(_) | Means::People)
    }

    /// The list of the things to which it refers.
    pub fn refers_to(&self) -> Option<&'static str> {
        match self.means {
            Means::One(list) | Means::Many(list) => Some(list),
            Means::Field | Means::Permissions | Means::People => None,
        }
    }
}

const fn one(key: &'static str, field: &'static str, list: &'static str) -> Key {
    Key { key, field, means: Means::One(list) }
}

const fn plain(key: &'static str, field: &'static str) -> Key {
    Key { key, field, means: Means::Field }
}

/// A kind that has a name, and nothing else that is special.
const NAMED: Kind = Kind {
    name: "type of projects",
    list: "project_types",
    handle: "name",
    create: &project_type::actions::CREATE,
    update: &project_type::actions::UPDATE,
    delete: &project_type::actions::DELETE,
    keys: &[],
    without: &[],
    shut: &[],
    team: None,
    lists: &[],
};

/// Types of projects.
pub static PROJECT_TYPE: Kind = NAMED;

/// Types of divisions.
pub static DIVISION_TYPE: Kind = Kind {
    name: "type of divisions",
    list: "division_types",
    create: &division_type::actions::CREATE,
    update: &division_type::actions::UPDATE,
    delete: &division_type::actions::DELETE,
    ..NAMED
};

/// Divisions.
pub static DIVISION: Kind = Kind {
    name: "division",
    list: "divisions",
    create: &division::actions::CREATE,
    update: &division::actions::UPDATE,
    delete: &division::actions::DELETE,
    keys: &[one("parent", "parent", "divisions"), one("type", "type", "division_types")],
    ..NAMED
};

/// Roles.
pub static ROLE: Kind = Kind {
    name: "role",
    list: "roles",
    create: &role::actions::CREATE,
    update: &role::actions::UPDATE,
    delete: &role::actions::DELETE,
    keys: &[
        plain("scope", "content_type"),
        plain("active", "is_active"),
        Key { key: "add", field: "permissions", means: Means::Permissions },
        Key { key: "remove", field: "permissions", means: Means::Permissions },
    ],
    ..NAMED
};

/// Organizations.
pub static ORGANIZATION: Kind = Kind {
    name: "organization",
    list: "organizations",
    handle: "slug",
    create: &customer::actions::CREATE,
    update: &customer::actions::UPDATE,
    delete: &customer::actions::DELETE,
    keys: &[Key { key: "divisions", field: "organization_groups", means: Means::Many("divisions") }],
    without: &["image", "project_metadata_checklist"],
    shut: &["blocked", "archived"],
    team: Some("customer"),
    lists: &["projects", "grants", "guards"],
};

/// Projects.
pub static PROJECT: Kind = Kind {
    name: "project",
    list: "projects",
    handle: "slug",
    create: &project::actions::CREATE,
    update: &project::actions::UPDATE,
    delete: &project::actions::DELETE,
    keys: &[one("organization", "customer", "organizations"), one("type", "type", "project_types")],
    without: &["image"],
    shut: &[],
    team: Some("project"),
    lists: &["grants"],
};

/// Guards: of an organization where one is said, else of the installation ([`guard::actions::CREATE_FOR_ALL`]).
pub static GUARD: Kind = Kind {
    name: "guard",
    list: "guards",
    create: &guard::actions::CREATE,
    update: &guard::actions::UPDATE,
    delete: &guard::actions::DELETE,
    keys: &[
        one("organization", "customer", "organizations"),
        one("on_organization", "scope", "organizations"),
        one("on_project", "scope", "projects"),
        Key { key: "roles", field: "roles", means: Means::Many("roles") },
        Key { key: "users", field: "users", means: Means::People },
        plain("active", "is_active"),
    ],
    without: &["roles"],
    ..NAMED
};

/// Every kind, in the order in which they are made; removed in the other one.
pub static KINDS: &[&Kind] = &[&PROJECT_TYPE, &DIVISION_TYPE, &DIVISION, &ROLE, &ORGANIZATION, &PROJECT, &GUARD];

/// The lists for which a whole declaration can be authoritative.
#[rustfmt::skip]
pub const LISTS: &[&str] = &[
    "settings", "project_types", "division_types", "divisions", "roles", "organizations", "projects", "grants", "guards",
];

/// The kind with this list.
pub fn kind(list: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.list == list).copied()
}

impl Kind {
    /// The place in the order of making.
    pub fn rank(&self) -> usize {
        KINDS.iter().position(|kind| kind.list == self.list).unwrap_or(KINDS.len())
    }

    /// The fields that are declared as they are: not links, files or what is left out.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        let without = self.without;
        self.create.fields.iter().filter(move |field| {
            let plain = !matches!(field.kind, FieldKind::Link(_) | FieldKind::Links(_) | FieldKind::File);
            plain && !field.secret && !without.contains(&field.name)
        })
    }

    /// The key under which a field is declared.
    pub fn key_of(&self, field: &'static str) -> &'static str {
        let other = self.keys.iter().find(|key| key.field == field && key.means != Means::Permissions);
        other.map_or(field, |key| key.key)
    }

    /// The field that a key names.
    pub fn field_of(&self, key: &str) -> Option<&'static Field> {
        let plainer = self.keys.iter().find(|one| one.key == key && one.means == Means::Field);
        let name = plainer.map_or(key, |one| one.field);
        // A field with a plainer name has only that one.
        self.fields().find(|field| field.name == name && (plainer.is_some() || self.key_of(field.name) == key))
    }

    /// Every key that a thing of this kind can have.
    pub fn known(&self) -> Vec<&'static str> {
        let mut keys = vec!["uuid"];
        keys.extend(self.fields().map(|field| self.key_of(field.name)));
        keys.extend(self.keys.iter().filter(|key| key.means != Means::Field).map(|key| key.key));
        keys.extend(self.team.map(|_| "team"));
        keys.extend((!self.lists.is_empty()).then_some("authoritative"));
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_known_once_and_names_a_field_of_its_action() {
        for kind in KINDS {
            let known = kind.known();
            let distinct: std::collections::BTreeSet<_> = known.iter().collect();
            assert_eq!(distinct.len(), known.len(), "{}: {known:?}", kind.list);
            assert!(kind.fields().any(|field| field.name == kind.handle), "{}", kind.list);
            let fields = kind.create.fields.iter().chain(customer::actions::SET_GROUPS.fields);
            let fields: Vec<&str> = fields.map(|field| field.name).collect();
            for key in kind.keys {
                assert!(fields.contains(&key.field), "{}.{}", kind.list, key.key);
            }
            for name in kind.without.iter().chain(kind.shut) {
                assert!(fields.contains(name), "{}.{name}", kind.list);
            }
        }
        assert_eq!(ROLE.field_of("active").map(|field| field.name), Some("is_active"));
        assert!(ROLE.field_of("is_active").is_none() && ROLE.field_of("content_type").is_none());
    }
}
