//! Invitations for whoever has the link: who makes, sees, changes and removes them.

use serde_json::{Value, json};
use stoa_testing::{Lab, Person, Thing, both, thing};

const ALL: &str = "/api/user-group-invitations/";

pub async fn role(lab: &Lab, name: &str) -> String {
    let roles = lab.get(&lab.staff, &format!("/api/roles/?name={name}&page_size=100")).await.is(200);
    let found = roles.rows().iter().find(|role| role["name"] == name).unwrap_or_else(|| panic!("no role {name}"));
    found["uuid"].as_str().unwrap_or_default().to_owned()
}

/// An invitation by somebody: a role at a scope, with more or other fields.
pub async fn invite(lab: &Lab, by: &Person, on: &Thing, role_name: &str, more: Value) -> stoa_testing::Reply {
    let mut body = json!({"scope": on.url, "role": role(lab, role_name).await});
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    lab.post(by, ALL, body).await
}

async fn own_role(lab: &Lab, name: &str, scope: &str, permissions: &[&str]) -> String {
    let body = json!({"name": name, "content_type": scope, "permissions": permissions});
    lab.post(&lab.staff, "/api/roles/", body).await.is(201).text("uuid")
}

both! {
    async fn an_owner_invites_a_group_and_strangers_see_nothing(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let other = lab.organization("Other").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let manager = lab.member(&apollo, "PROJECT.MANAGER").await;
        let neighbour = lab.member(&other, "CUSTOMER.OWNER").await;
        let plain = lab.user("plain").await;
        let made = thing(invite(&lab, &owner, &acme, "CUSTOMER.OWNER", json!({"custom_text": "Welcome"})).await.is(201));
        assert_eq!(made.body["scope_type"], "customer");
        assert_eq!(made.body["scope_name"], "Acme");
        assert_eq!(made.body["role_name"], "CUSTOMER.OWNER");
        assert_eq!(made.body["created_by_username"], owner.name.as_str());
        assert_eq!(made.body["custom_text"], "Welcome");
        assert_eq!((&made.body["is_active"], &made.body["is_public"]), (&json!(true), &json!(false)));
        for absent in ["allow_multiple_requests", "allow_custom_project_details", "auto_approve", "auto_create_project"] {
            assert_eq!(made.body[absent], false, "{absent}");
        }
        let to_project = thing(invite(&lab, &manager, &apollo, "PROJECT.ADMIN", json!({})).await.is(201));
        // Whoever has the link sees it; lists show it to those who may list invitations.
        for person in [&owner, &manager, &neighbour, &plain] {
            lab.get(person, &made.url).await.is(200);
        }
        lab.get(&lab.nobody(), &made.url).await.is(404);
        assert_eq!(lab.count(&owner, ALL).await, 2);
        assert_eq!(lab.get(&manager, ALL).await.is(200).column("uuid"), [to_project.uuid.clone()]);
        for person in [&neighbour, &plain, &lab.nobody()] {
            assert_eq!(lab.count(person, ALL).await, 0, "{}", person.name);
        }
        // Who may not manage the scope can't invite to it: hidden, or refused with reasons.
        invite(&lab, &neighbour, &acme, "CUSTOMER.OWNER", json!({})).await.is_invalid("scope");
        invite(&lab, &manager, &acme, "CUSTOMER.OWNER", json!({})).await.is_forbidden();
        invite(&lab, &lab.nobody(), &acme, "CUSTOMER.OWNER", json!({})).await.is(401);
        for person in [&neighbour, &plain] {
            lab.post(person, &format!("{}cancel/", made.url), json!({})).await.is(404);
            lab.patch(person, &made.url, json!({"custom_text": "x"})).await.is(404);
            lab.delete(person, &made.url).await.is(404);
        }
        lab.post(&manager, &format!("{}cancel/", made.url), json!({})).await.is(404);
        // The filters.
        for (query, count) in [
            (format!("customer_uuid={}", acme.uuid), 2), (format!("customer_uuid={}", other.uuid), 0),
            (format!("scope={}", apollo.url), 1), ("scope_type=project".into(), 1), ("scope_type=nonsense".into(), 2),
            ("role_name=PROJECT.ADMIN".into(), 1), (format!("role_uuid={}", role(&lab, "CUSTOMER.OWNER").await), 1),
            ("is_active=true".into(), 2), ("is_public=true".into(), 0),
        ] {
            assert_eq!(lab.count(&owner, &format!("{ALL}?{query}")).await, count, "{query}");
        }
        assert!(lab.statements_of(&owner, "GET", ALL).await <= 3);
        assert!(lab.statements_of(&owner, "GET", &made.url).await <= 3);
    }

    async fn roles_and_scopes_must_fit_whatever_they_are_called(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let staff = &lab.staff;
        invite(&lab, staff, &acme, "PROJECT.ADMIN", json!({})).await.is_invalid("role");
        invite(&lab, staff, &apollo, "CUSTOMER.OWNER", json!({})).await.is_invalid("role");
        invite(&lab, staff, &apollo, "PROJECT.ADMIN", json!({"auto_create_project": true})).await.is_invalid("auto_create_project");
        invite(&lab, staff, &acme, "CUSTOMER.OWNER", json!({"auto_create_project": true})).await.is_invalid("project_role");
        invite(&lab, staff, &apollo, "PROJECT.MEMBER", json!({})).await.is_invalid("role");
        // A role of organizations that is called like one of projects, and the other way round.
        let disguised = own_role(&lab, "PROJECT.DISGUISED", "customer", &[]).await;
        let student = own_role(&lab, "STUDENT", "project", &["PROJECT.LIST"]).await;
        let making = json!({"scope": acme.url, "auto_create_project": true, "is_public": true});
        let with = |role: &str| {
            let mut body = making.clone();
            body["role"] = role.into();
            body
        };
        lab.post(staff, ALL, with(&disguised)).await.is_invalid("is_public");
        lab.post(staff, ALL, with(&student)).await.is(201);
        // Templates take three placeholders; patterns must be patterns.
        for template in ["{user}", "{0}", "{username.__class__}", "{", "x}"] {
            invite(&lab, staff, &acme, "PROJECT.ADMIN", json!({"auto_create_project": true, "project_name_template": template}))
                .await.is_invalid("project_name_template");
        }
        let fine = json!({"auto_create_project": true, "project_name_template": "Lab of {full_name} ({username}, {email})"});
        invite(&lab, staff, &acme, "PROJECT.ADMIN", fine).await.is(201);
        invite(&lab, staff, &acme, "CUSTOMER.OWNER", json!({"user_email_patterns": ["("]})).await.is_invalid("user_email_patterns");
        invite(&lab, staff, &acme, "CUSTOMER.OWNER", json!({"custom_text": "x".repeat(501)})).await.is_invalid("custom_text");
        lab.post(staff, ALL, json!({"scope": acme.url, "role": "00000000000000000000000000000000"})).await.is_invalid("role");
    }

    async fn nobody_offers_what_he_can_not_hand_on(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let manager = lab.member(&apollo, "PROJECT.MANAGER").await;
        let great = own_role(&lab, "GREAT", "project", &["PROJECT.DELETE", "PROJECT.LIST"]).await;
        lab.post(&manager, ALL, json!({"scope": apollo.url, "role": great})).await.is_forbidden();
        lab.post(&lab.staff, ALL, json!({"scope": apollo.url, "role": great})).await.is(201);
        // Somebody who brings people into an organization but makes no projects there offers none.
        let host = own_role(&lab, "HOST", "customer", &["CUSTOMER.CREATE_PERMISSION", "INVITATION.LIST", "PROJECT.LIST"]).await;
        let ann = lab.user("ann").await;
        lab.grant(&acme, "HOST", &ann).await;
        lab.post(&ann, ALL, json!({"scope": acme.url, "role": host})).await.is(201);
        let viewer = own_role(&lab, "VIEWER", "project", &["PROJECT.LIST"]).await;
        lab.post(&ann, ALL, json!({"scope": acme.url, "role": viewer, "auto_create_project": true})).await.is_forbidden();
        // Nor does he by changing somebody else's invitation: he must be able to make it as it will be.
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let strong = thing(invite(&lab, &owner, &acme, "CUSTOMER.OWNER", json!({"user_email_patterns": ["boss@"]})).await.is(201));
        lab.patch(&ann, &strong.url, json!({"user_email_patterns": []})).await.is_forbidden();
        lab.patch(&owner, &strong.url, json!({"user_email_patterns": []})).await.is(200);
        // A blocked organization invites nobody.
        lab.patch(&lab.staff, &acme.url, json!({"blocked": true})).await.is(200);
        invite(&lab, &owner, &acme, "CUSTOMER.OWNER", json!({})).await.is(400);
    }

    async fn public_ones_are_for_staff_to_make_and_for_strangers_to_see(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let plain = lab.user("plain").await;
        let public = json!({"is_public": true, "auto_create_project": true});
        invite(&lab, &owner, &acme, "PROJECT.ADMIN", public.clone()).await.is_forbidden();
        invite(&lab, &lab.staff, &acme, "CUSTOMER.OWNER", json!({"is_public": true})).await.is_invalid("is_public");
        let made = thing(invite(&lab, &lab.staff, &acme, "PROJECT.ADMIN", public).await.is(201));
        for person in [&lab.nobody(), &plain, &owner] {
            assert_eq!(lab.get(person, ALL).await.is(200).column("uuid"), [made.uuid.clone()], "{}", person.name);
        }
        // Who made it is for those who manage the scope.
        for (person, shown) in [(&lab.nobody(), false), (&plain, false), (&owner, true), (&lab.staff, true)] {
            let seen = lab.get(person, &made.url).await.is(200);
            for field in ["created_by_full_name", "created_by_username"] {
                assert_eq!(!seen.body[field].is_null(), shown, "{field} by {}", person.name);
            }
            assert_eq!(lab.get(person, ALL).await.rows()[0]["created_by_username"].is_null(), !shown);
        }
        // An owner may cancel it, but neither change it (it stays public) nor make one of his own public.
        lab.patch(&owner, &made.url, json!({"custom_text": "x"})).await.is_forbidden();
        lab.patch(&owner, &made.url, json!({"is_public": false, "custom_text": "x"})).await.is(200);
        assert_eq!(lab.count(&lab.nobody(), ALL).await, 0);
        lab.patch(&owner, &made.url, json!({"is_public": true})).await.is_forbidden();
        lab.patch(&lab.staff, &made.url, json!({"is_public": true})).await.is(200);
        lab.post(&owner, &format!("{}cancel/", made.url), json!({})).await.is(200);
        assert_eq!(lab.count(&lab.nobody(), ALL).await, 0);
        lab.get(&lab.nobody(), &made.url).await.is(404);
    }

    async fn an_invitation_is_changed_while_active_and_removed_afterwards(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let made = thing(invite(&lab, &owner, &apollo, "PROJECT.ADMIN", json!({})).await.is(201));
        let manager = role(&lab, "PROJECT.MANAGER").await;
        let changed = lab.patch(&owner, &made.url, json!({"role": manager, "user_affiliations": ["staff"]})).await.is(200);
        assert_eq!((changed.text("role"), &changed.body["user_affiliations"]), (manager, &json!(["staff"])));
        assert_eq!(changed.text("scope"), apollo.url);
        let events = lab.get(&lab.staff, "/api/events/?event_type=user_group_invitation_updated").await.is(200);
        assert!(events.rows()[0]["message"].as_str().is_some_and(|m| m.contains("PROJECT.MANAGER") && m.contains("staff")));
        // Nothing is no change; a whole is a change too; a role that does not fit the new scope is refused.
        lab.patch(&owner, &made.url, json!({})).await.is(200);
        lab.put(&owner, &made.url, json!({"custom_text": "Hello"})).await.is(200);
        lab.patch(&owner, &made.url, json!({"scope": acme.url})).await.is_invalid("role");
        lab.patch(&owner, &made.url, json!({"scope": acme.url, "role": role(&lab, "CUSTOMER.OWNER").await})).await.is(200);
        assert_eq!(lab.get(&owner, &made.url).await.text("scope_name"), "Acme");
        lab.delete(&owner, &made.url).await.is(400);
        let ann = lab.user("ann").await;
        lab.patch(&owner, &made.url, json!({"user_affiliations": []})).await.is(200);
        lab.post(&ann, &format!("{}submit_request/", made.url), json!({})).await.is(200);
        lab.post(&owner, &format!("{}cancel/", made.url), json!({})).await.is(200);
        let again = lab.post(&owner, &format!("{}cancel/", made.url), json!({})).await.is(400);
        assert!(again.body.to_string().contains("Only pending invitation can be canceled."));
        let late = lab.patch(&owner, &made.url, json!({"custom_text": "x"})).await.is(400);
        assert!(late.body.to_string().contains("Only active invitations can be edited."));
        assert_eq!(lab.count(&owner, "/api/user-permission-requests/").await, 1);
        lab.delete(&owner, &made.url).await.is(204);
        lab.get(&owner, &made.url).await.is(404);
        assert_eq!(lab.count(&owner, "/api/user-permission-requests/").await, 0);
    }

    async fn the_projects_of_an_invitation_are_those_that_one_sees(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        lab.project(&acme, "Zeus").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let admin = lab.member(&apollo, "PROJECT.ADMIN").await;
        let plain = lab.user("plain").await;
        let made = thing(invite(&lab, &owner, &acme, "CUSTOMER.OWNER", json!({})).await.is(201));
        let path = format!("{}projects/", made.url);
        assert_eq!(lab.count(&owner, &path).await, 2);
        let seen = lab.get(&admin, &path).await.is(200);
        assert_eq!(seen.body, json!([{"uuid": apollo.uuid, "url": apollo.url}]));
        assert_eq!(lab.count(&plain, &path).await, 0);
        lab.get(&lab.nobody(), &path).await.is(401);
        let to_project = thing(invite(&lab, &owner, &apollo, "PROJECT.ADMIN", json!({})).await.is(201));
        lab.get(&owner, &format!("{}projects/", to_project.url)).await.is(404);
    }

    async fn an_invitation_moves_with_its_project_and_ends_with_its_organization(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let other = lab.organization("Other").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let (old, new) = (lab.member(&acme, "CUSTOMER.OWNER").await, lab.member(&other, "CUSTOMER.OWNER").await);
        let made = thing(invite(&lab, &old, &apollo, "PROJECT.ADMIN", json!({})).await.is(201));
        let body = json!({"customer": other.url, "preserve_permissions": true});
        lab.post(&lab.staff, &format!("{}move_project/", apollo.url), body).await.is(200);
        assert_eq!((lab.count(&old, ALL).await, lab.count(&new, ALL).await), (0, 1));
        lab.post(&old, &format!("{}cancel/", made.url), json!({})).await.is(404);
        lab.delete(&lab.staff, &apollo.url).await.is(204);
        invite(&lab, &new, &apollo, "PROJECT.ADMIN", json!({})).await.is(400);
        let ann = lab.user("ann").await;
        lab.post(&ann, &format!("{}submit_request/", made.url), json!({})).await.is(400);
        lab.post(&new, &format!("{}cancel/", made.url), json!({})).await.is(200);
    }
}
