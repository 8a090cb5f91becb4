//! Answers to group invitations: who may answer, who approves with what authority, and what an approval makes.

use crate::group_invitations::{invite, role};
use serde_json::{Value, json};
use stoa_kernel::vals;
use stoa_testing::{Lab, Person, Reply, Thing, both, thing};

const ALL: &str = "/api/user-permission-requests/";

async fn submit(lab: &Lab, by: &Person, to: &Thing) -> Reply {
    lab.post(by, &format!("{}submit_request/", to.url), json!({})).await
}

fn of(reply: &Reply) -> String {
    format!("{ALL}{}/", reply.text("uuid"))
}

async fn approve(lab: &Lab, by: &Person, request: &str) -> Reply {
    lab.post(by, &format!("{request}approve/"), json!({})).await
}

async fn holds(lab: &Lab, on: &str, person: &Person) -> Vec<String> {
    let team = lab.get(&lab.staff, &format!("{on}list_users/?user={}", person.uuid)).await.is(200);
    team.column("role_name")
}

async fn set(lab: &Lab, key: &str, value: bool) {
    let sql = "INSERT INTO settings (key, value, changed_at) VALUES ($1, $2, $3)";
    let values: Vec<_> = vals![key, value.to_string(), lab.core.now()].to_vec();
    lab.core
        .store
        .write(move |tx| {
            let values = values.clone();
            Box::pin(async move { tx.execute(sql, &values).await })
        })
        .await
        .unwrap();
}

/// The letters that wait: key and address, sorted.
async fn letters(lab: &Lab) -> Vec<(String, String)> {
    let rows = lab.core.store.query("SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id", &[]).await.unwrap();
    let payloads = rows.iter().map(|row| row.get::<Value>(0).unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = payloads.map(|payload| (text(&payload["key"]), text(&payload["to"]))).collect();
    all.sort();
    all
}

async fn projects(lab: &Lab) -> Vec<String> {
    let mut names = lab.get(&lab.staff, "/api/projects/?page_size=100").await.is(200).column("name");
    names.sort();
    names
}

fn refused(reply: Reply, words: &str) {
    let reply = reply.is(400);
    assert!(reply.body.to_string().contains(words), "{} instead of {words}", reply.body);
}

both! {
    async fn an_answer_waits_for_somebody_who_may_approve(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let manager = lab.member(&apollo, "PROJECT.MANAGER").await;
        let admin = lab.member(&apollo, "PROJECT.ADMIN").await;
        let neighbour = lab.member(&lab.organization("Other").await, "CUSTOMER.OWNER").await;
        let (ann, bob) = (lab.user("ann").await, lab.user("bob").await);
        let link = thing(invite(&lab, &owner, &apollo, "PROJECT.ADMIN", json!({})).await.is(201));
        lab.post(&lab.nobody(), &format!("{}submit_request/", link.url), json!({})).await.is(401);
        let asked = submit(&lab, &ann, &link).await.is(200);
        assert_eq!((asked.text("scope_name"), asked.text("scope_uuid"), asked.text("scope_type")), ("Apollo".into(), apollo.uuid.clone(), "project".into()));
        assert_eq!((&asked.body["auto_approved"], &asked.body["project_uuid"], &asked.body["project_created"]), (&json!(false), &Value::Null, &Value::Null));
        let request = of(&asked);
        let seen = lab.get(&owner, &request).await.is(200);
        assert_eq!((seen.text("state"), seen.text("created_by_username"), seen.text("role_name")), ("pending".into(), ann.name.clone(), "PROJECT.ADMIN".into()));
        assert_eq!((seen.text("invitation"), &seen.body["reviewed_at"]), (link.url.clone(), &Value::Null));
        // Seen by its author and by those who may list invitations; approved by those who manage the scope.
        for (person, status) in [(&ann, 200), (&manager, 200), (&admin, 200), (&bob, 404), (&neighbour, 404), (&lab.nobody(), 401)] {
            lab.get(person, &request).await.is(status);
        }
        for (person, status) in [(&ann, 404), (&admin, 404), (&bob, 404), (&neighbour, 404), (&lab.nobody(), 401)] {
            approve(&lab, person, &request).await.is(status);
            lab.post(person, &format!("{request}reject/"), json!({})).await.is(status);
        }
        lab.post(&manager, &format!("{request}approve/"), json!({"comment": ""})).await.is_invalid("comment");
        lab.post(&owner, &format!("{request}approve/"), json!({"comment": "Welcome"})).await.is(200);
        assert_eq!(holds(&lab, &apollo.url, &ann).await, ["PROJECT.ADMIN"]);
        let done = lab.get(&ann, &request).await.is(200);
        assert_eq!((done.text("state"), done.text("reviewed_by_username"), done.text("review_comment")), ("approved".into(), owner.name.clone(), "Welcome".into()));
        let again = approve(&lab, &owner, &request).await.is(409);
        assert_eq!(again.body["detail"], "Valid states for operation: pending.");
        lab.post(&owner, &format!("{request}reject/"), json!({})).await.is(409);
        lab.delete(&owner, &request).await.is(403);
        lab.delete(&lab.staff, &request).await.is(204);
        assert_eq!(holds(&lab, &apollo.url, &ann).await, ["PROJECT.ADMIN"]);
        assert!(lab.statements_of(&owner, "GET", ALL).await <= 3);
    }

    async fn a_request_is_rejected_or_taken_back_once(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let (ann, bob) = (lab.user("ann").await, lab.user("bob").await);
        let link = thing(invite(&lab, &owner, &acme, "CUSTOMER.OWNER", json!({})).await.is(201));
        let first = of(&submit(&lab, &ann, &link).await.is(200));
        lab.post(&owner, &format!("{first}reject/"), json!({"comment": "Not now"})).await.is(200);
        assert_eq!(lab.get(&ann, &first).await.text("state"), "rejected");
        refused(lab.post(&ann, &format!("{first}cancel_request/"), json!({})).await, "Only pending or draft requests can be canceled.");
        // After a rejection one may ask again; another's request is not one's own to take back.
        let second = submit(&lab, &ann, &link).await.is(200);
        lab.post(&bob, &format!("{}cancel_request/", of(&second)), json!({})).await.is(404);
        lab.post(&owner, &format!("{}cancel_request/", of(&second)), json!({})).await.is(403);
        let canceled = lab.post(&ann, &format!("{}cancel_request/", of(&second)), json!({})).await.is(200);
        assert_eq!(canceled.body, json!({"uuid": second.text("uuid"), "scope_name": "Acme", "scope_uuid": acme.uuid}));
        approve(&lab, &owner, &of(&second)).await.is(409);
        let third = submit(&lab, &ann, &link).await.is(200);
        lab.post(&lab.staff, &format!("{}cancel_request/", of(&third)), json!({})).await.is(200);
        assert_eq!(holds(&lab, &acme.url, &ann).await, [""; 0]);
        for (query, count) in [
            ("state=rejected".to_owned(), 1), ("state=canceled&state=rejected".into(), 3), (format!("created_by={}", ann.uuid), 3),
            (format!("created_by={}", bob.uuid), 0), (format!("invitation={}", link.uuid), 3), (format!("scope={}", acme.url), 3),
            (format!("customer_uuid={}", acme.uuid), 3), ("state=approved".into(), 0),
        ] {
            assert_eq!(lab.count(&owner, &format!("{ALL}?{query}")).await, count, "{query}");
        }
        lab.get(&owner, &format!("{ALL}?state=nonsense")).await.is_invalid("state");
    }

    async fn an_answer_is_refused_for_what_stands_against_it_in_order(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let ann = lab.user("ann").await;
        let only = json!({"user_email_patterns": [r".*@uni\.example$"], "user_affiliations": ["staff"], "user_identity_sources": ["eduGAIN"]});
        let narrow = thing(invite(&lab, &owner, &acme, "CUSTOMER.OWNER", only).await.is(201));
        let open = thing(invite(&lab, &owner, &acme, "CUSTOMER.OWNER", json!({})).await.is(201));
        refused(submit(&lab, &owner, &open).await, "User already has this role in the scope.");
        refused(submit(&lab, &ann, &narrow).await, "You are not allowed to accept this invitation.");
        // Any of the three lists is enough.
        let user = format!("/api/users/{}/", ann.uuid);
        lab.patch(&lab.staff, &user, json!({"affiliations": ["staff"]})).await.is(200);
        let first = submit(&lab, &ann, &narrow).await.is(200);
        // One request for one scope, whichever invitation it answers.
        refused(submit(&lab, &ann, &open).await, "Permission request already exists for this scope.");
        lab.post(&ann, &format!("{}cancel_request/", of(&first)), json!({})).await.is(200);
        // What the organization says of its people.
        lab.patch(&lab.staff, &acme.url, json!({"user_email_patterns": ["nobody@"]})).await.is(200);
        refused(submit(&lab, &ann, &open).await, "does not match the customer restrictions");
        lab.patch(&lab.staff, &acme.url, json!({"user_email_patterns": []})).await.is(200);
        // With one role for each person in a scope.
        lab.enable_role("CUSTOMER.SUPPORT").await;
        set(&lab, "INVITATION_DISABLE_MULTIPLE_ROLES", true).await;
        lab.grant(&acme, "CUSTOMER.SUPPORT", &ann).await;
        refused(submit(&lab, &ann, &open).await, "User already has role within this scope.");
        lab.post(&owner, &format!("{}cancel/", open.url), json!({})).await.is(200);
        refused(submit(&lab, &ann, &open).await, "Only pending invitation can be requested.");
    }

    async fn the_approver_gives_what_is_his_to_give(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let manager = lab.member(&apollo, "PROJECT.MANAGER").await;
        let ann = lab.user("ann").await;
        let body = json!({"name": "GREAT", "content_type": "project", "permissions": ["PROJECT.DELETE", "PROJECT.LIST"]});
        lab.post(&lab.staff, "/api/roles/", body).await.is(201);
        let link = thing(invite(&lab, &lab.staff, &apollo, "GREAT", json!({})).await.is(201));
        let request = of(&submit(&lab, &ann, &link).await.is(200));
        // The manager may approve there, but not this role: nothing of it stays.
        approve(&lab, &manager, &request).await.is_forbidden();
        assert_eq!(lab.get(&ann, &request).await.text("state"), "pending");
        approve(&lab, &lab.staff, &request).await.is(200);
        assert_eq!(holds(&lab, &apollo.url, &ann).await, ["GREAT"]);
        // Managers add people of the organization only; nobody approves his own request in a project.
        let bob = lab.user("bob").await;
        let link = thing(invite(&lab, &manager, &apollo, "PROJECT.ADMIN", json!({})).await.is(201));
        let request = of(&submit(&lab, &bob, &link).await.is(200));
        approve(&lab, &manager, &request).await.is_forbidden();
        let own = of(&submit(&lab, &manager, &link).await.is(200));
        approve(&lab, &manager, &own).await.is_forbidden();
        assert_eq!(holds(&lab, &apollo.url, &bob).await, [""; 0]);
    }

    async fn a_role_that_is_held_already_is_not_given_twice(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let ann = lab.user("ann").await;
        let link = thing(invite(&lab, &owner, &acme, "CUSTOMER.OWNER", json!({})).await.is(201));
        let request = of(&submit(&lab, &ann, &link).await.is(200));
        lab.grant(&acme, "CUSTOMER.OWNER", &ann).await;
        approve(&lab, &owner, &request).await.is(200);
        assert_eq!(lab.get(&ann, &request).await.text("state"), "approved");
        assert_eq!(holds(&lab, &acme.url, &ann).await, ["CUSTOMER.OWNER"]);
    }

    async fn sixteen_approvals_give_one_role_and_sixteen_answers_make_one_request(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let ann = lab.user("ann").await;
        let making = json!({"auto_create_project": true, "project_name_template": "Lab of {username}"});
        let link = thing(invite(&lab, &owner, &acme, "PROJECT.ADMIN", making).await.is(201));
        let path = format!("{}submit_request/", link.url);
        let answers = futures_of(16, |_| lab.post(&ann, &path, json!({}))).await;
        let made: Vec<_> = answers.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(made.len(), 1, "{:?}", answers.iter().map(|reply| reply.status).collect::<Vec<_>>());
        assert!(answers.iter().all(|reply| matches!(reply.status, 200 | 400)));
        assert_eq!(lab.count(&ann, ALL).await, 1);
        let path = format!("{}approve/", of(made[0]));
        let approvals = futures_of(16, |at| lab.post(if at % 2 == 0 { &owner } else { &lab.staff }, &path, json!({}))).await;
        let statuses: Vec<_> = approvals.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
        assert_eq!(projects(&lab).await, [format!("Lab of {}", ann.name)]);
        let grants = lab.get(&lab.staff, &format!("/api/user-permissions/?user={}", ann.uuid)).await.is(200);
        assert_eq!(grants.column("role_name"), ["PROJECT.ADMIN"]);
    }

    async fn an_approval_makes_the_project_and_the_role_or_neither(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let ann = lab.user("ann").await;
        let making = json!({"auto_create_project": true, "project_name_template": "Lab of {username}"});
        let link = thing(invite(&lab, &owner, &acme, "PROJECT.ADMIN", making).await.is(201));
        let request = of(&submit(&lab, &ann, &link).await.is(200));
        // Between the answer and the approval the organization has closed itself to her.
        lab.patch(&lab.staff, &acme.url, json!({"user_email_patterns": ["nobody@"]})).await.is(200);
        refused(approve(&lab, &owner, &request).await, "does not match the customer restrictions");
        assert_eq!(projects(&lab).await, [""; 0], "the project was rolled back with the approval");
        assert_eq!(lab.get(&ann, &request).await.text("state"), "pending");
        let events = lab.get(&lab.staff, "/api/events/?event_type=project_creation_succeeded").await.is(200);
        assert!(events.rows().is_empty());
        lab.patch(&lab.staff, &acme.url, json!({"user_email_patterns": []})).await.is(200);
        approve(&lab, &owner, &request).await.is(200);
        let name = format!("Lab of {}", ann.name);
        assert_eq!(projects(&lab).await, [name.clone()]);
        let mine = lab.get(&ann, "/api/projects/").await.is(200);
        assert_eq!(mine.column("name"), [name]);
    }

    async fn nobody_lands_in_somebody_elses_project_by_his_name(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        // Two people with the same name, and a project that was there before.
        let (ann, ann2) = (lab.user("ann").await, lab.user("ann").await);
        lab.project(&acme, "Secret").await;
        let personal = json!({"auto_create_project": true, "auto_approve": true, "project_name_template": "{full_name}",
                              "allow_multiple_requests": true});
        let link = thing(invite(&lab, &owner, &acme, "PROJECT.ADMIN", personal).await.is(201));
        let first = submit(&lab, &ann, &link).await.is(200);
        assert_eq!((&first.body["auto_approved"], &first.body["project_created"]), (&json!(true), &json!(true)));
        let second = submit(&lab, &ann2, &link).await.is(200);
        assert_eq!(second.body["project_created"], true);
        assert_ne!(first.text("project_uuid"), second.text("project_uuid"));
        assert_eq!(projects(&lab).await, ["Secret".to_owned(), "ann Test".into(), format!("ann Test ({})", ann2.name)]);
        // Whoever answers again keeps his own.
        for (person, had) in [(&ann, &first), (&ann2, &second)] {
            let again = submit(&lab, person, &link).await.is(200);
            assert_eq!((again.text("project_uuid"), &again.body["project_created"]), (had.text("project_uuid"), &json!(false)));
            assert_eq!(lab.get(person, "/api/projects/").await.is(200).rows().len(), 1);
        }
        // A name that one chooses oneself opens no door either.
        let custom = json!({"auto_create_project": true, "auto_approve": true, "project_name_template": "{full_name}",
                            "allow_custom_project_details": true, "allow_multiple_requests": true});
        let link = thing(invite(&lab, &owner, &acme, "PROJECT.ADMIN", custom).await.is(201));
        let body = json!({"project_name": "Secret", "project_description": "Mine"});
        let third = lab.post(&ann, &format!("{}submit_request/", link.url), body).await.is(200);
        assert_eq!(third.body["project_created"], true);
        let made = lab.get(&ann, &format!("/api/projects/{}/", third.text("project_uuid"))).await.is(200);
        assert_eq!((made.text("name"), made.text("description")), (format!("Secret ({})", ann.name), "Mine".into()));
        let request = lab.get(&ann, &of(&third)).await.is(200);
        assert_eq!((request.text("project_name"), request.text("project_description")), ("Secret".into(), "Mine".into()));
    }

    async fn a_template_that_names_nobody_is_one_project_for_all(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let course = json!({"auto_create_project": true, "auto_approve": true, "project_name_template": "Course 2026",
                            "project_role": role(&lab, "PROJECT.ADMIN").await});
        let link = thing(invite(&lab, &owner, &acme, "CUSTOMER.OWNER", course).await.is(201));
        let (ann, bob) = (lab.user("ann").await, lab.user("bob").await);
        let made = submit(&lab, &ann, &link).await.is(200);
        let joined = submit(&lab, &bob, &link).await.is(200);
        assert_eq!((&made.body["project_created"], &joined.body["project_created"]), (&json!(true), &json!(false)));
        assert_eq!(made.text("project_uuid"), joined.text("project_uuid"));
        // The role is the one of projects, not the invitation's own; names of one's own are not asked for here.
        for person in [&ann, &bob] {
            assert_eq!(holds(&lab, &format!("/api/projects/{}/", made.text("project_uuid")), person).await, ["PROJECT.ADMIN"]);
            assert_eq!(holds(&lab, &acme.url, person).await, [""; 0]);
        }
        let carl = lab.user("carl").await;
        let body = json!({"project_name": "Other", "project_description": "x"});
        lab.post(&carl, &format!("{}submit_request/", link.url), body).await.is(200);
        assert_eq!(projects(&lab).await, ["Course 2026"]);
        // Without any template the project is called like the person.
        let plain = json!({"auto_create_project": true, "auto_approve": true, "allow_multiple_requests": true});
        let link = thing(invite(&lab, &owner, &acme, "PROJECT.ADMIN", plain).await.is(201));
        submit(&lab, &carl, &link).await.is(200);
        assert!(projects(&lab).await.contains(&carl.name));
    }

    async fn an_approval_at_once_needs_the_author_as_he_is_now(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let author = lab.member(&acme, "CUSTOMER.OWNER").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let at_once = thing(invite(&lab, &author, &apollo, "PROJECT.ADMIN", json!({"auto_approve": true})).await.is(201));
        let making = json!({"auto_approve": true, "auto_create_project": true, "allow_multiple_requests": true});
        let with_project = thing(invite(&lab, &author, &acme, "PROJECT.ADMIN", making).await.is(201));
        let ann = lab.user("ann").await;
        let done = submit(&lab, &ann, &at_once).await.is(200);
        assert_eq!(done.body["auto_approved"], true);
        assert_eq!(lab.get(&ann, &of(&done)).await.text("reviewed_by_username"), author.name);
        assert_eq!(holds(&lab, &apollo.url, &ann).await, ["PROJECT.ADMIN"]);
        let team = lab.get(&lab.staff, &format!("{}list_users/?user={}", apollo.url, ann.uuid)).await.is(200);
        assert_eq!(team.column("created_by_uuid"), [author.uuid.clone()]);
        // The author has lost his role: the answer waits for somebody who has one.
        let body = json!({"role": "CUSTOMER.OWNER", "user": author.uuid});
        lab.post(&lab.staff, &format!("{}delete_user/", acme.url), body.clone()).await.is(200);
        let bob = lab.user("bob").await;
        for link in [&at_once, &with_project] {
            let asked = submit(&lab, &bob, link).await.is(200);
            assert_eq!(asked.body["auto_approved"], false);
            assert_eq!(lab.get(&bob, &of(&asked)).await.text("state"), "pending");
        }
        assert_eq!(lab.get(&bob, "/api/projects/").await.is(200).rows().len(), 0);
        // The author has his role again, but is switched off.
        lab.post(&lab.staff, &format!("{}add_user/", acme.url), body).await.is(201);
        lab.patch(&lab.staff, &format!("/api/users/{}/", author.uuid), json!({"is_active": false})).await.is(200);
        let carl = lab.user("carl").await;
        assert_eq!(submit(&lab, &carl, &at_once).await.is(200).body["auto_approved"], false);
        // The role has grown beyond what the author holds.
        lab.patch(&lab.staff, &format!("/api/users/{}/", author.uuid), json!({"is_active": true})).await.is(200);
        let grown = json!({"name": "GROWING", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        let role = lab.post(&lab.staff, "/api/roles/", grown).await.is(201).text("uuid");
        let author = lab.signed_in(&author.name).await;
        let link = thing(invite(&lab, &author, &apollo, "GROWING", json!({"auto_approve": true, "allow_multiple_requests": true})).await.is(201));
        assert_eq!(submit(&lab, &lab.user("dora").await, &link).await.is(200).body["auto_approved"], true);
        let grown = json!({"name": "GROWING", "content_type": "project", "permissions": ["PROJECT.LIST", "OFFERING.DRY_RUN_SCRIPT", "CALL.CREATE"]});
        lab.put(&lab.staff, &format!("/api/roles/{role}/"), grown).await.is(200);
        assert_eq!(submit(&lab, &lab.user("emma").await, &link).await.is(200).body["auto_approved"], false);
        let _ = owner;
    }

    async fn letters_go_to_those_who_can_approve_and_then_to_the_author(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let (ann, bob) = (lab.user("ann").await, lab.user("bob").await);
        let mail = |person: &Person| format!("{}@example.org", person.name);
        let staff = lab.user("second").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", staff.uuid), json!({"is_staff": true})).await.is(200);
        // Nobody can approve: staff are told.
        let link = thing(invite(&lab, &lab.staff, &apollo, "PROJECT.ADMIN", json!({})).await.is(201));
        let request = of(&submit(&lab, &ann, &link).await.is(200));
        let submitted = "users.permission_request_submitted".to_owned();
        assert_eq!(letters(&lab).await, [(submitted.clone(), mail(&staff))]);
        lab.post(&ann, &format!("{request}cancel_request/"), json!({})).await.is(200);
        // An owner, a manager who wants no letters, and the addresses of the organization.
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let manager = lab.member(&apollo, "PROJECT.MANAGER").await;
        lab.member(&apollo, "PROJECT.ADMIN").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", manager.uuid), json!({"notifications_enabled": false})).await.is(200);
        lab.patch(&lab.staff, &acme.url, json!({"email": "office@acme.example", "notification_emails": "a@acme.example, b@acme.example"})).await.is(200);
        let request = of(&submit(&lab, &bob, &link).await.is(200));
        let mut to: Vec<_> = letters(&lab).await.into_iter().filter(|(_, to)| *to != mail(&staff)).map(|(_, to)| to).collect();
        to.sort();
        let mut expected = vec!["a@acme.example".to_owned(), "b@acme.example".into(), "office@acme.example".into(), mail(&owner)];
        expected.sort();
        assert_eq!(to, expected);
        approve(&lab, &owner, &request).await.is(200);
        assert!(letters(&lab).await.contains(&("users.permission_request_approved".to_owned(), mail(&bob))));
        let request = of(&submit(&lab, &ann, &link).await.is(200));
        lab.post(&owner, &format!("{request}reject/"), json!({"comment": "No"})).await.is(200);
        assert!(letters(&lab).await.contains(&("users.permission_request_rejected".to_owned(), mail(&ann))));
    }

    async fn an_approver_who_makes_no_projects_approves_none(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        // A custom role that approves but makes no projects.
        let body = json!({"name": "HOST", "content_type": "customer",
                          "permissions": ["CUSTOMER.CREATE_PERMISSION", "PROJECT.CREATE_PERMISSION", "PROJECT.LIST", "INVITATION.LIST"]});
        lab.post(&lab.staff, "/api/roles/", body).await.is(201);
        let host = lab.member(&acme, "HOST").await;
        let ann = lab.user("ann").await;
        let body = json!({"name": "VIEWER", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        lab.post(&lab.staff, "/api/roles/", body).await.is(201);
        let link = thing(invite(&lab, &owner, &acme, "VIEWER", json!({"auto_create_project": true})).await.is(201));
        let request = of(&submit(&lab, &ann, &link).await.is(200));
        approve(&lab, &host, &request).await.is_forbidden();
        assert_eq!(projects(&lab).await, [""; 0]);
        approve(&lab, &owner, &request).await.is(200);
    }
}

/// Runs calls at the same time.
async fn futures_of<F: Future<Output = Reply>>(count: usize, call: impl Fn(usize) -> F) -> Vec<Reply> {
    futures::future::join_all((0..count).map(call)).await
}
