//! What every role of this installation carries, and in what it differs from what ships: roles documented by the system itself
//! (mission R8, T1).

use super::{
    permissions::PERMISSIONS,
    roles::{Shipped, shipped},
};
use crate::{
    campaign::evidence::csv,
    role::{
        rules::{Difference, differences},
        store::{self, Story},
    },
    settings::Settings,
};
use serde_json::{Value, json};
use stoa_kernel::{Result, access::Actor, door::Core, id};

/// The matrix: permissions by roles.
#[derive(Debug)]
pub struct Matrix {
    roles: Vec<Role>,
}

#[derive(Debug)]
struct Role {
    story: Story,
    shipped: Option<&'static Shipped>,
    differences: Vec<Difference>,
}

/// How a role stands to a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// It carries it, as it ships.
    Yes,
    /// It does not carry it, as it ships.
    No,
    /// It carries it, which it does not as it ships.
    Added,
    /// It does not carry it, which it does as it ships.
    Removed,
}

impl Cell {
    /// Its name in answers.
    pub fn text(self) -> &'static str {
        match self {
            Cell::Yes => "yes",
            Cell::No => "no",
            Cell::Added => "added",
            Cell::Removed => "removed",
        }
    }
}

/// Reads the matrix of the present, of the roles that somebody knows of.
///
/// # Errors
/// Those of the store.
pub async fn read(core: &Core, actor: &Actor) -> Result<Matrix> {
    let mut reader = core.store.reader();
    let choices = Settings::load(&mut reader).await?.choices();
    let stories = store::stories(&mut reader, actor).await?;
    let roles = stories.into_iter().map(|story| {
        let shipped = shipped(&story.name);
        let differences = differences(shipped, choices, &story.versions);
        Role { story, shipped, differences }
    });
    Ok(Matrix { roles: roles.collect() })
}

impl Role {
    fn cell(&self, permission: &str) -> Cell {
        let carries = self.story.versions.last().is_some_and(|version| version.permissions.contains(permission));
        let differs = |what: &str, of: fn(&Difference) -> &Value| {
            let mut found = self.differences.iter().filter(|one| one.what == what);
            found.any(|one| of(one) == permission)
        };
        // A role of the installation's own differs from nothing.
        match (carries, self.shipped) {
            (true, Some(_)) if differs("permission_added", |one| &one.value) => Cell::Added,
            (false, Some(_)) if differs("permission_removed", |one| &one.shipped) => Cell::Removed,
            (true, _) => Cell::Yes,
            (false, _) => Cell::No,
        }
    }

    fn told(&self, with_changes: bool) -> Value {
        let now = self.story.versions.last().cloned().unwrap_or_default();
        let mut told = json!({
            "uuid": id::hex(&self.story.uuid),
            "name": self.story.name,
            "description": now.description,
            "content_type": now.scope,
            "is_active": now.is_active,
            "shipped": self.shipped.is_some(),
            "customer_uuid": self.story.owner.as_ref().map(|(uuid, _)| id::hex(uuid)),
            "customer_name": self.story.owner.as_ref().map(|(_, name)| name),
        });
        if with_changes {
            told["differences"] = json!(if self.shipped.is_some() { &self.differences[..] } else { &[] });
        }
        told
    }
}

impl Matrix {
    /// The matrix as data; who changed what is told only where asked for.
    pub fn told(&self, with_changes: bool) -> Value {
        let permissions = PERMISSIONS.iter().map(|entry| {
            let cells: Vec<&str> = self.roles.iter().map(|role| role.cell(entry.name).text()).collect();
            json!({"name": entry.name, "group": entry.group, "about": entry.about, "cells": cells})
        });
        json!({
            "roles": self.roles.iter().map(|role| role.told(with_changes)).collect::<Vec<_>>(),
            "permissions": permissions.collect::<Vec<_>>(),
        })
    }

    /// The matrix as comma-separated values, a permission a line.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        let names = self.roles.iter().map(|role| role.story.name.as_str());
        csv::line(&mut out, ["Permission", "What it allows"].into_iter().chain(names));
        for entry in PERMISSIONS {
            let cells = self.roles.iter().map(|role| role.cell(entry.name).text());
            csv::line(&mut out, [entry.name, entry.about].into_iter().chain(cells));
        }
        out
    }
}
