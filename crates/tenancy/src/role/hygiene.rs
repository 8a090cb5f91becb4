//! What deserves a look about roles: permissions that mean nothing on the kind of scope on which a role is given, and active roles
//! that carry nothing or can't be given anywhere.

use super::store::{self, Examined};
use crate::access::permissions::Permission;
use serde_json::{Value, json};
use stoa_kernel::{Result, door::Core, id};

/// Something found about a role.
#[derive(Debug, Clone, PartialEq)]
struct Finding {
    check: &'static str,
    severity: &'static str,
    message: String,
    details: Value,
}

/// What is found about a role.
fn findings(role: &Examined) -> Vec<Finding> {
    let mut found = Vec::new();
    let idle = |permission: &&str| {
        Permission::parse(permission).is_some_and(|known| !known.scopes().contains(&role.scope.as_str()))
    };
    let idle: Vec<&str> = role.permissions.iter().map(String::as_str).filter(|name| idle(&name)).collect();
    if !idle.is_empty() {
        found.push(Finding {
            check: "misplaced_permission",
            // What ships so does no harm, and nobody here put it there.
            severity: if role.is_system { "info" } else { "warning" },
            message: format!("On a {} these permissions allow nothing: {}.", role.scope, idle.join(", ")),
            details: json!({ "permissions": idle }),
        });
    }
    if role.is_active && role.permissions.is_empty() {
        let message = "The role is active and carries nothing.".to_owned();
        found.push(Finding { check: "empty_role", severity: "info", message, details: json!({}) });
    }
    if role.is_active && role.places > 0 && role.places == role.gone {
        let message = "The role is active and every place at which it can be given is gone.".to_owned();
        found.push(Finding { check: "unavailable_role", severity: "warning", message, details: json!({}) });
    }
    found
}

/// The report on every role, the names in order.
///
/// # Errors
/// Those of the store.
pub async fn report(core: &Core) -> Result<Value> {
    let roles = store::examined(&mut core.store.reader()).await?;
    let (mut all, mut with) = (Vec::new(), 0);
    for role in &roles {
        let found = findings(role);
        with += usize::from(!found.is_empty());
        all.extend(found.into_iter().map(|one| (role, one)));
    }
    let count = |severity: &str| all.iter().filter(|(_, one)| one.severity == severity).count();
    let told = all.iter().map(|(role, one)| {
        json!({
            "check": one.check,
            "severity": one.severity,
            "role_uuid": id::hex(&role.uuid),
            "role_name": role.name,
            "role_description": role.description,
            "scope_type": role.scope,
            "is_system_role": role.is_system,
            "message": one.message,
            "details": one.details,
        })
    });
    Ok(json!({
        "roles_checked": roles.len(),
        "roles_with_findings": with,
        "error_count": count("error"),
        "warning_count": count("warning"),
        "info_count": count("info"),
        "findings": told.collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(scope: &str, permissions: &[&str]) -> Examined {
        let permissions = permissions.iter().map(ToString::to_string).collect();
        Examined { scope: scope.into(), is_active: true, permissions, ..Examined::default() }
    }

    fn checks(role: &Examined) -> Vec<(&'static str, &'static str)> {
        findings(role).iter().map(|one| (one.check, one.severity)).collect()
    }

    #[test]
    fn what_means_nothing_there_and_what_carries_nothing_is_found() {
        assert_eq!(checks(&role("project", &["PROJECT.UPDATE", "ORDER.LIST"])), []);
        assert_eq!(checks(&role("project", &["CUSTOMER.UPDATE"])), [("misplaced_permission", "warning")]);
        let shipped = Examined { is_system: true, ..role("project", &["CUSTOMER.UPDATE"]) };
        assert_eq!(checks(&shipped), [("misplaced_permission", "info")]);
        assert_eq!(checks(&role("project", &[])), [("empty_role", "info")]);
        assert_eq!(checks(&Examined { is_active: false, ..role("project", &[]) }), []);
        let lost = |gone| Examined { places: 2, gone, ..role("project", &["PROJECT.LIST"]) };
        assert_eq!((checks(&lost(2)), checks(&lost(1))), (vec![("unavailable_role", "warning")], vec![]));
    }
}
