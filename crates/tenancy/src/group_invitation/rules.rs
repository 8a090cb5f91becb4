//! What an invitation for a group may be, from values alone. Roles are compared by the kind of scope on which they are
//! given; a name proves nothing (reference/permissions.md, section 13).

use stoa_kernel::{Result, access::Role, error::Invalid};

/// The parts of an invitation that depend on one another.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The kind of its scope.
    pub scope: &'a str,
    /// The role.
    pub role: &'a Role,
    /// The role in a project that is made.
    pub project_role: Option<&'a Role>,
    /// Whether a project is made for whoever answers.
    pub auto_create: bool,
    /// Whether strangers see it.
    pub public: bool,
}

impl<'a> Parts<'a> {
    /// The role that whoever answers gets.
    pub fn granted(&self) -> &'a Role {
        match self.project_role {
            Some(role) if self.auto_create => role,
            _ => self.role,
        }
    }

    /// Whether the parts fit together.
    ///
    /// # Errors
    /// Invalid, with every field that does not.
    pub fn check(&self) -> Result<()> {
        let mut invalid = Invalid::default();
        let in_project = self.auto_create && self.role.scope == "project";
        if self.role.scope != self.scope && !in_project {
            invalid.add("role", "Role and scope should belong to the same content type.");
        }
        if self.auto_create && self.scope != "customer" {
            invalid.add("auto_create_project", "Projects are made in organizations only.");
        }
        match self.project_role {
            Some(role) if role.scope != "project" => {
                invalid.add("project_role", "Project role should be a role of projects.");
            }
            None if self.auto_create && self.role.scope != "project" => {
                invalid.add(
                    "project_role",
                    "This field is required if projects are made and the role is not one of projects.",
                );
            }
            _ => {}
        }
        for (field, role) in [("role", Some(self.role)), ("project_role", self.project_role)] {
            if role.is_some_and(|role| !role.active) {
                invalid.add(field, "Role is not active.");
            }
        }
        if self.public && !self.auto_create {
            invalid.add("is_public", "Public invitations must have auto_create_project enabled.");
        } else if self.public && self.granted().scope != "project" {
            invalid.add("is_public", "Public invitations must offer a role of projects.");
        }
        invalid.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_kernel::{Error, access::PermissionSet, id::Uuid};

    fn role(name: &str, scope: &str) -> Role {
        let (name, scope, description) = (name.to_owned(), scope.to_owned(), String::new());
        Role { id: 1, uuid: Uuid::nil(), name, description, scope, active: true, permissions: PermissionSet::default() }
    }

    fn wrong(parts: Parts<'_>) -> Vec<String> {
        match parts.check() {
            Ok(()) => vec![],
            Err(Error::Invalid(invalid)) => invalid.fields.into_keys().collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn roles_are_compared_by_their_kind_and_never_by_their_name() {
        let owner = role("CUSTOMER.OWNER", "customer");
        let admin = role("PROJECT.ADMIN", "project");
        let disguised = role("PROJECT.X", "customer");
        let named_otherwise = role("student", "project");
        let parts =
            |scope, role, project_role, auto_create, public| Parts { scope, role, project_role, auto_create, public };
        let nothing: [&str; 0] = [];
        assert_eq!(wrong(parts("customer", &owner, None, false, false)), nothing);
        assert_eq!(wrong(parts("project", &admin, None, false, false)), nothing);
        assert_eq!(wrong(parts("project", &named_otherwise, None, false, false)), nothing);
        assert_eq!(wrong(parts("customer", &admin, None, false, false)), ["role"]);
        assert_eq!(wrong(parts("project", &owner, None, false, false)), ["role"]);
        assert_eq!(wrong(parts("customer", &admin, None, true, true)), nothing);
        assert_eq!(wrong(parts("customer", &named_otherwise, None, true, true)), nothing);
        assert_eq!(wrong(parts("customer", &owner, Some(&admin), true, true)), nothing);
        assert_eq!(wrong(parts("customer", &owner, None, true, false)), ["project_role"]);
        assert_eq!(wrong(parts("customer", &owner, Some(&disguised), true, false)), ["project_role"]);
        assert_eq!(wrong(parts("customer", &disguised, None, true, true)), ["is_public", "project_role"]);
        assert_eq!(wrong(parts("customer", &owner, None, false, true)), ["is_public"]);
        assert_eq!(wrong(parts("project", &admin, None, true, false)), ["auto_create_project"]);
        let off = Role { active: false, ..admin.clone() };
        assert_eq!(wrong(parts("project", &off, None, false, false)), ["role"]);
        assert_eq!(parts("customer", &owner, Some(&admin), true, false).granted().name, "PROJECT.ADMIN");
        assert_eq!(parts("customer", &owner, Some(&admin), false, false).granted().name, "CUSTOMER.OWNER");
    }
}
