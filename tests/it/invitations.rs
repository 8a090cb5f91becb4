//! Personal invitations, over the wire (reference/invitations.md, section 1).

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::hooks::{Receiver, at_home};
use serde_json::{Value, json};
use stoa_testing::{Lab, Person, Reply, Thing, World, both, thing};

pub const ALL: &str = "/api/user-invitations/";
pub const DAY: i64 = 86_400;

/// Identifier of a role.
pub async fn role(lab: &Lab, name: &str) -> String {
    let roles = lab.get(&lab.staff, &format!("/api/roles/?name={name}")).await.is(200);
    roles.rows().iter().find(|role| role["name"] == name).unwrap()["uuid"].as_str().unwrap().to_owned()
}

/// Invites an address to a role.
pub async fn invite(lab: &Lab, by: &Person, on: &Thing, name: &str, email: &str) -> Reply {
    let body = json!({"scope": on.url, "role": role(lab, name).await, "email": email});
    lab.post(by, ALL, body).await
}

/// Changes settings, as staff do.
pub async fn set(lab: &Lab, settings: Value) {
    lab.post(&lab.staff, "/api/override-settings/", settings).await.is(200);
}

/// The letters that wait, with this key: address and context.
pub async fn letters(lab: &Lab, key: &str) -> Vec<(String, Value)> {
    let rows = lab.core.store.query("SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id", &[]).await.unwrap();
    let letters = rows.iter().map(|row| row.get::<Value>(0).unwrap()).filter(|letter| letter["key"] == key);
    letters.map(|letter| (letter["to"].as_str().unwrap().to_owned(), letter["context"].clone())).collect()
}

/// The code in the last part of a link.
pub fn code_of(link: &Value) -> String {
    link.as_str().unwrap().trim_end_matches('/').rsplit('/').next().unwrap().to_owned()
}

/// The code of the last invitation that was mailed to an address.
pub async fn code(lab: &Lab, email: &str) -> String {
    let all = letters(lab, "users.invitation_created").await;
    code_of(&all.iter().rev().find(|(to, _)| to == email).unwrap_or_else(|| panic!("no letter to {email}")).1["link"])
}

pub fn mail_of(person: &Person) -> String {
    format!("{}@example.org", person.name)
}

pub async fn accept(lab: &Lab, by: &Person, named: &str) -> Reply {
    lab.post(by, &format!("{ALL}{named}/accept/"), json!({})).await
}

/// The roles of the team of a scope that somebody holds, and who gave each.
async fn roles_of(lab: &Lab, on: &Thing, person: &Person) -> Vec<(String, String)> {
    let team = lab.all(&lab.staff, &format!("{}list_users/?user={}", on.url, person.uuid)).await;
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    team.iter().map(|row| (text(row, "role_name"), text(row, "created_by_uuid"))).collect()
}

async fn state(lab: &Lab, invitation: &Thing) -> String {
    lab.get(&lab.staff, &invitation.url).await.is(200).text("state")
}

async fn act(lab: &Lab, by: &Person, invitation: &Thing, what: &str) -> Reply {
    lab.post(by, &format!("{}{what}/", invitation.url), json!({})).await
}

both! {
    async fn an_invited_person_accepts_and_the_inviter_gave_the_role(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, guest) = (world.person("owner"), lab.user("guest").await);
        let made = invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", &mail_of(&guest).to_uppercase()).await.is(201);
        for (key, value) in [("state", "pending"), ("execution_state", "Scheduled"), ("scope_type", "project"),
            ("scope_name", "Apollo"), ("customer_name", "Acme"), ("role_name", "PROJECT.ADMIN"), ("error_message", ""),
            ("created_by_username", owner.name.as_str()), ("extra_invitation_text", "")] {
            assert_eq!(made.text(key), value, "{key}");
        }
        assert!(made.body["full_name"] == "" && made.body.get("civil_number").is_none(), "{}", made.body);
        let invitation = thing(made);
        // He sees it, and nobody who has nothing to do with it does.
        assert_eq!(lab.all(&guest, ALL).await.len(), 1);
        assert_eq!(lab.get(&guest, &format!("{}details/", invitation.url)).await.is(200).text("scope_name"), "Apollo");
        let other = world.person("neighbour's owner");
        assert!(lab.all(other, ALL).await.is_empty());
        lab.get(other, &format!("{}details/", invitation.url)).await.is_not_found();
        let accepted = accept(&lab, &guest, &invitation.uuid).await.is(200);
        assert_eq!(accepted.text("detail"), "Invitation has been accepted.");
        assert_eq!(roles_of(&lab, &world.apollo, &guest).await, [("PROJECT.ADMIN".to_owned(), owner.uuid.clone())]);
        assert_eq!(state(&lab, &invitation).await, "accepted");
        let told = letters(&lab, "structure.structure_role_granted").await;
        assert_eq!((told.len(), told[0].0.as_str()), (1, mail_of(&guest).as_str()));
        let event = lab.get(&lab.staff, "/api/events/?event_type=role_granted&o=-created").await.is(200).rows()[0].clone();
        assert_eq!(event["context"]["invitation_uuid"], invitation.uuid.as_str());
        assert_eq!(event["context"]["granted_by_username"], owner.name.as_str());
        accept(&lab, &guest, &invitation.uuid).await.is_not_found();
    }

    async fn the_link_leads_another_account_in_unless_the_installation_minds(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let made = thing(invite(&lab, owner, &world.apollo, "PROJECT.MEMBER", "home@mail.example").await.is(201));
        let (code, guest) = (code(&lab, "home@mail.example").await, lab.user("guest").await);
        accept(&lab, &guest, &made.uuid).await.is_not_found();
        lab.get(&guest, &format!("{}details/", made.url)).await.is_not_found();
        set(&lab, json!({"VALIDATE_INVITATION_EMAIL": true})).await;
        lab.get(&guest, &format!("{ALL}{code}/details/")).await.is_not_found();
        accept(&lab, &guest, &code).await.is_not_found();
        set(&lab, json!({"VALIDATE_INVITATION_EMAIL": false, "ENABLE_STRICT_CHECK_ACCEPTING_INVITATION": true})).await;
        let refused = accept(&lab, &guest, &code).await.is(400);
        assert!(refused.body.to_string().contains("email of the invitation are not equal"), "{}", refused.body);
        set(&lab, json!({"ENABLE_STRICT_CHECK_ACCEPTING_INVITATION": false})).await;
        assert_eq!(lab.get(&guest, &format!("{ALL}{code}/details/")).await.is(200).text("email"), "home@mail.example");
        accept(&lab, &guest, &code).await.is(200);
        assert_eq!(roles_of(&lab, &world.apollo, &guest).await.len(), 1);
    }

    async fn who_may_invite_and_manage(lab: Lab) {
        let world = World::build(&lab).await;
        let invitation = thing(invite(&lab, &lab.staff, &world.apollo, "PROJECT.MEMBER", "x@mail.example").await.is(201));
        for (who, make, manage) in [
            ("staff", 201, 200), ("owner", 201, 200), ("support agent", 404, 403), ("customer support", 404, 404),
            ("project admin", 404, 404), ("project member", 404, 404), ("manager of another project", 400, 404),
            ("neighbour's owner", 400, 404), ("user without roles", 400, 404), ("nobody", 401, 401),
        ] {
            let person = world.person(who);
            let email = format!("{}@mail.example", who.replace([' ', '\''], ""));
            assert_eq!(invite(&lab, person, &world.apollo, "PROJECT.MEMBER", &email).await.status, make, "{who} invites");
            for what in ["send", "cancel"] {
                assert_eq!(act(&lab, person, &invitation, what).await.status, manage, "{who}: {what}");
            }
            if manage == 200 {
                act(&lab, person, &invitation, "send").await.is(200);
            }
            let body = json!({"email": "y@mail.example"});
            assert_eq!(lab.patch(person, &invitation.url, body).await.status, manage, "{who} changes");
            if who != "staff" {
                let refused = act(&lab, person, &invitation, "delete").await.status;
                assert!(matches!(refused, 401 | 403 | 404), "{who} deletes: {refused}");
            }
        }
        lab.delete(world.person("project member"), &invitation.url).await.is_not_found();
        lab.delete(world.person("owner"), &invitation.url).await.is(204);
        lab.get(&lab.staff, &invitation.url).await.is_not_found();
        let other = thing(invite(&lab, &lab.staff, &world.zeus, "PROJECT.MEMBER", "x@mail.example").await.is(201));
        act(&lab, &lab.staff, &other, "delete").await.is(200);
        lab.get(&lab.staff, &other.url).await.is_not_found();
        // An owner invites into everything of the organization.
        invite(&lab, world.person("provider's owner"), &world.offering, "OFFERING.MANAGER", "o@mail.example").await.is(201);
        invite(&lab, world.person("owner"), &world.acme, "CUSTOMER.OWNER", "o@mail.example").await.is(201);
    }

    async fn managers_invite_whom_the_organization_knows(lab: Lab) {
        let world = World::build(&lab).await;
        let (manager, known) = (world.person("project manager"), lab.member(&world.zeus, "PROJECT.MEMBER").await);
        invite(&lab, manager, &world.apollo, "PROJECT.MEMBER", "x@mail.example").await.is_invalid("email");
        let made = thing(invite(&lab, manager, &world.apollo, "PROJECT.MEMBER", &mail_of(&known)).await.is(201));
        accept(&lab, &known, &made.uuid).await.is(200);
        invite(&lab, manager, &world.apollo, "CUSTOMER.OWNER", &mail_of(&known)).await.is(400);
        lab.patch(&lab.staff, &world.acme.url, json!({"user_email_patterns": [".*@uni\\.example"]})).await.is(200);
        let refused = invite(&lab, world.person("owner"), &world.apollo, "PROJECT.ADMIN", "x@mail.example").await.is_invalid("email");
        assert_eq!(refused.body["email"][0], "Email does not match the membership restrictions of the customer.");
        invite(&lab, world.person("owner"), &world.apollo, "PROJECT.ADMIN", "x@uni.example").await.is(201);
    }

    async fn an_invitation_moves_as_its_states_say(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let made = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "a@mail.example").await.is(201));
        let twice = invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "A@mail.example").await.is_invalid("email");
        assert_eq!(twice.body["email"][0], "Pending invitation already exists for this email and role.");
        let changed = lab.put(owner, &made.url, json!({"email": "b@mail.example", "role": role(&lab, "PROJECT.MEMBER").await})).await.is(200);
        assert_eq!((changed.text("email"), changed.text("role_name")), ("b@mail.example".into(), "PROJECT.MEMBER".into()));
        lab.patch(owner, &made.url, json!({"role": role(&lab, "CUSTOMER.OWNER").await})).await.is(400);
        // What was mailed to the other address is worth nothing now.
        let guest = lab.user("guest").await;
        accept(&lab, &guest, &code(&lab, "a@mail.example").await).await.is_not_found();
        assert_eq!(act(&lab, owner, &made, "cancel").await.is(200).text("detail"), "Invitation has been successfully canceled.");
        accept(&lab, &guest, &code(&lab, "b@mail.example").await).await.is_not_found();
        let refused = act(&lab, owner, &made, "cancel").await.is(400);
        assert!(refused.body.to_string().contains("Only pending or planned invitations can be canceled."));
        assert!(lab.patch(owner, &made.url, json!({"email": "c@mail.example"})).await.is(400).body.to_string().contains("Only pending invitations can be edited."));
        let again = thing(invite(&lab, owner, &world.apollo, "PROJECT.MEMBER", "b@mail.example").await.is(201));
        act(&lab, owner, &made, "send").await.is_invalid("email");
        lab.delete(owner, &again.url).await.is(204);
        let sent = act(&lab, owner, &made, "send").await.is(200);
        assert_eq!(sent.text("detail"), "Invitation sending has been successfully scheduled.");
        assert_eq!(state(&lab, &made).await, "pending");
        accept(&lab, &guest, &code(&lab, "b@mail.example").await).await.is(200);
        let refused = act(&lab, owner, &made, "send").await.is(400);
        assert!(refused.body.to_string().contains("Only pending, expired and canceled invitations can be resent."));
        lab.delete(owner, &made.url).await.is(204);
        for kind in ["created", "updated", "canceled", "sent", "deleted"] {
            let path = format!("/api/events/?event_type=user_invitation_{kind}");
            assert!(lab.count(&lab.staff, &path).await >= 1, "{kind}");
        }
        let told = lab.core.store.query("SELECT message || context || changes FROM events WHERE event_type LIKE 'user_invitation%'", &[]).await.unwrap();
        assert!(told.iter().all(|row| !row.get::<String>(0).unwrap().contains("mail.example")));
    }

    async fn an_invitation_to_a_project_that_begins_later_waits_for_it(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, guest) = (world.person("owner"), lab.user("guest").await);
        let day = lab.core.now().date().plus_days(3).to_string();
        lab.patch(&lab.staff, &world.zeus.url, json!({"start_date": day})).await.is(200);
        let made = invite(&lab, owner, &world.zeus, "PROJECT.ADMIN", &mail_of(&guest)).await.is(201);
        assert_eq!(made.text("state"), "project");
        assert!(made.text("expires").starts_with(&lab.core.now().date().plus_days(10).to_string()));
        assert!(letters(&lab, "users.invitation_created").await.is_empty());
        let made = thing(made);
        assert_eq!(lab.all(&guest, ALL).await.len(), 1);
        accept(&lab, &guest, &made.uuid).await.is_not_found();
        lab.run_jobs().await;
        assert_eq!(state(&lab, &made).await, "project");
        lab.advance(3 * DAY);
        lab.run_jobs().await;
        assert_eq!(state(&lab, &made).await, "pending");
        let (_, guest) = (code(&lab, &mail_of(&guest)).await, lab.signed_in(&guest.name).await);
        accept(&lab, &guest, &made.uuid).await.is(200);
    }

    async fn people_are_reminded_once_and_then_it_is_over(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let made = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "x@mail.example").await.is(201));
        lab.advance(5 * DAY);
        lab.run_jobs().await;
        assert_eq!(letters(&lab, "users.invitation_created").await.len(), 1);
        lab.advance(DAY + 3600);
        lab.run_jobs().await;
        lab.run_jobs().await;
        let reminders = letters(&lab, "users.invitation_reminder").await;
        let sent = [letters(&lab, "users.invitation_created").await, reminders].concat();
        assert_eq!(sent.len(), 2);
        // Both links work until one is used.
        for (_, context) in &sent {
            lab.post(&lab.nobody(), &format!("{ALL}{}/check/", code_of(&context["link"])), json!({})).await.is(200);
        }
        lab.advance(DAY);
        lab.run_jobs().await;
        assert_eq!(state(&lab, &made).await, "expired");
        let told = letters(&lab, "users.invitation_expired").await;
        assert_eq!((told.len(), told[0].0.as_str()), (1, mail_of(owner).as_str()));
        let owner = lab.signed_in(&owner.name).await;
        act(&lab, &owner, &made, "send").await.is(200);
        assert_eq!(state(&lab, &made).await, "pending");
        set(&lab, json!({"INVITATION_LIFETIME": 1})).await;
        let short = invite(&lab, &owner, &world.zeus, "PROJECT.ADMIN", "x@mail.example").await.is(201);
        assert!(short.text("expires") < lab.core.now().plus_seconds(DAY + 60).to_string());
    }

    async fn staff_decide_about_the_invitations_of_others(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        set(&lab, json!({"ONLY_STAFF_CAN_INVITE_USERS": true})).await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", lab.staff.uuid), json!({"agree_with_policy": true})).await;
        let sql = "UPDATE users SET email = 'staff@example.org' WHERE username = 'staff'";
        lab.core.store.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await })).await.unwrap();
        let make = |email: &'static str| invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", email);
        let made = make("x@mail.example").await.is(201);
        assert_eq!(made.text("state"), "requested");
        let made = thing(made);
        assert!(letters(&lab, "users.invitation_created").await.is_empty());
        let asked = letters(&lab, "users.invitation_requested").await;
        assert_eq!((asked.len(), asked[0].0.as_str()), (1, "staff@example.org"));
        let token = json!({"token": code_of(&asked[0].1["link"])});
        assert_eq!(code_of(&asked[0].1["reject_link"]), code_of(&asked[0].1["link"]));
        // Neither is a request an invitation yet, nor can its inviter hurry it.
        act(&lab, owner, &made, "send").await.is(400);
        act(&lab, owner, &made, "cancel").await.is(400);
        lab.post(&lab.nobody(), &format!("{ALL}approve/"), token.clone()).await.is(200);
        assert_eq!(state(&lab, &made).await, "pending");
        lab.post(&lab.nobody(), &format!("{ALL}reject/"), token).await.is_invalid("token");
        assert_eq!(letters(&lab, "users.invitation_approved").await.len(), 1);
        // To change what was approved is to ask again.
        lab.patch(owner, &made.url, json!({"email": "y@mail.example"})).await.is(200);
        assert_eq!(state(&lab, &made).await, "requested");
        let asked = letters(&lab, "users.invitation_requested").await;
        let token = json!({"token": code_of(&asked[1].1["link"])});
        lab.post(&lab.nobody(), &format!("{ALL}reject/"), token).await.is(200);
        assert_eq!(state(&lab, &made).await, "rejected");
        assert_eq!(letters(&lab, "users.invitation_rejected").await.len(), 1);
        // A project that begins later is no way around staff.
        let day = lab.core.now().date().plus_days(3).to_string();
        lab.patch(&lab.staff, &world.apollo.url, json!({"start_date": day})).await.is(200);
        let made = thing(make("z@mail.example").await.is(201));
        assert_eq!(state(&lab, &made).await, "requested");
        let asked = letters(&lab, "users.invitation_requested").await;
        lab.post(&lab.nobody(), &format!("{ALL}approve/"), json!({"token": code_of(&asked[2].1["link"])})).await.is(200);
        assert_eq!(state(&lab, &made).await, "project");
        assert_eq!(invite(&lab, &lab.staff, &world.zeus, "PROJECT.ADMIN", "z@mail.example").await.is(201).text("state"), "pending");
    }

    async fn who_is_invited_already_is_told_before(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, admin) = (world.person("owner"), world.person("project admin"));
        let made = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "x@mail.example").await.is(201));
        let role = role(&lab, "PROJECT.ADMIN").await;
        let one = |email: &str| json!({"email": email, "role": role});
        let body = json!({"scope": world.apollo.url, "invitations": [one("X@mail.example"), one("y@mail.example"), one("y@mail.example"), one(&mail_of(admin))]});
        let path = format!("{ALL}check-duplicates/");
        let found = lab.post(owner, &path, body.clone()).await.is(200).body;
        assert_eq!(found["duplicates"], json!([
            {"email": "X@mail.example", "role": role, "existing_invitation_uuid": made.uuid},
            {"email": "y@mail.example", "role": role, "existing_invitation_uuid": null},
        ]));
        assert_eq!(found["existing_roles"].as_array().unwrap().len(), 1);
        assert_eq!(found["existing_roles"][0]["existing_role_name"], "PROJECT.ADMIN");
        assert_eq!(found["existing_roles"][0]["is_same_role"], true);
        lab.post(admin, &path, body.clone()).await.is_not_found();
        lab.post(world.person("neighbour's owner"), &path, body).await.is_invalid("scope");
        for wrong in [json!([{}]), json!([{"email": "x", "role": role}]), json!("x"), json!([[]]), json!([{"email": "x@mail.example", "role": ["a"]}])] {
            lab.post(owner, &path, json!({"scope": world.apollo.url, "invitations": wrong})).await.is_invalid("invitations");
        }
    }

    async fn what_is_said_about_a_person_is_what_the_installation_allows(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let body = |email: &str, role: &str| json!({"scope": world.apollo.url, "role": role, "email": email, "full_name": "Ann Lee",
            "phone_number": "+1", "civil_number": "EE1", "job_title": "Engineer"});
        let role = role(&lab, "PROJECT.ADMIN").await;
        let made = lab.post(owner, ALL, body("a@mail.example", &role)).await.is(201);
        assert_eq!((&made.body["full_name"], &made.body["job_title"]), (&json!("Ann Lee"), &json!("Engineer")));
        assert!(made.body.get("phone_number").is_none() && made.body.get("civil_number").is_none());
        assert_eq!(lab.count(owner, &format!("{ALL}?civil_number=EE1")).await, 0);
        set(&lab, json!({"INVITATION_ALLOWED_FIELDS": ["civil_number"]})).await;
        let hidden = lab.get(owner, &made.text("url")).await.is(200);
        assert!(hidden.body.get("full_name").is_none() && hidden.body["civil_number"] == "");
        let made = thing(lab.post(owner, ALL, body("b@mail.example", &role)).await.is(201));
        assert_eq!(lab.count(owner, &format!("{ALL}?civil_number=EE1")).await, 1);
        let told = lab.post(&lab.nobody(), &format!("{}check/", made.url), json!({})).await.is(200);
        assert_eq!(told.body, json!({"email": "b***@mail.example", "civil_number_required": true}));
    }

    async fn one_role_at_a_scope_where_the_installation_wants_it(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, admin) = (world.person("owner"), world.person("project admin"));
        let same = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", &mail_of(admin)).await.is(201));
        let refused = accept(&lab, admin, &same.uuid).await.is(400);
        assert!(refused.body.to_string().contains("User has already the same role in this scope."), "{}", refused.body);
        let other = thing(invite(&lab, owner, &world.apollo, "PROJECT.MEMBER", &mail_of(admin)).await.is(201));
        set(&lab, json!({"INVITATION_DISABLE_MULTIPLE_ROLES": true})).await;
        let refused = accept(&lab, admin, &other.uuid).await.is(400);
        assert!(refused.body.to_string().contains("User already has role within this scope."), "{}", refused.body);
        assert_eq!(state(&lab, &other).await, "pending");
        set(&lab, json!({"INVITATION_DISABLE_MULTIPLE_ROLES": false})).await;
        accept(&lab, admin, &other.uuid).await.is(200);
    }

    async fn an_account_is_made_for_who_has_none_where_the_installation_wants_it(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, guest) = (world.person("owner"), lab.user("guest").await);
        set(&lab, json!({"INVITATION_CREATE_MISSING_USER": true})).await;
        let before = lab.count(&lab.staff, "/api/users/").await;
        let body = json!({"scope": world.apollo.url, "role": role(&lab, "PROJECT.ADMIN").await, "email": "New.One@mail.example", "full_name": "Ann van Dyke"});
        let made = thing(lab.post(owner, ALL, body).await.is(201));
        invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", &mail_of(&guest)).await.is(201);
        assert_eq!(lab.count(&lab.staff, "/api/users/").await, before + 1);
        let users = lab.get(&lab.staff, "/api/users/?username=new.one@mail.example").await.is(200);
        let user = &users.rows()[0];
        assert_eq!((&user["first_name"], &user["last_name"], &user["has_usable_password"]), (&json!("Ann van"), &json!("Dyke"), &json!(false)));
        let person = lab.signed_in("new.one@mail.example").await;
        accept(&lab, &person, &made.uuid).await.is(200);
    }

    async fn another_system_sends_the_letters_of_projects_where_staff_want_it_so(lab: Lab) {
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let at = |path: &str| format!("http://{}/{path}", receiver.address);
        set(&lab, json!({"INVITATION_USE_WEBHOOKS": true, "INVITATION_WEBHOOK_URL": at("invitations"),
            "INVITATION_WEBHOOK_TOKEN_URL": at("token"), "INVITATION_WEBHOOK_TOKEN_CLIENT_ID": "us & them",
            "INVITATION_WEBHOOK_TOKEN_SECRET": "open=sesame"})).await;
        let ann = lab.user("ann").await;
        receiver.says(r#"{"access_token": "t0ken"}"#);
        let made = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", &mail_of(&ann)).await.is(201));
        lab.run_jobs().await;
        assert_eq!(lab.get(owner, &made.url).await.is(200).text("execution_state"), "OK");
        assert!(letters(&lab, "users.invitation_created").await.is_empty(), "a letter too");
        let (asked, told) = { let all = receiver.all(); (all[0].clone(), all[1].clone()) };
        assert_eq!(asked.body, "grant_type=client_credentials&client_id=us+%26+them&client_secret=open%3Dsesame");
        assert_eq!(told.headers["authorization"], "Bearer t0ken");
        let told = told.json();
        for (name, value) in [("email", &mail_of(&ann)[..]), ("role_name", "PROJECT.ADMIN"), ("scope_type", "project"), ("scope_name", "Apollo"),
            ("scope_uuid", &world.apollo.uuid), ("created_by_username", &owner.name), ("invitation_uuid", &made.uuid)] {
            assert_eq!(told[name], value, "{name}");
        }
        // What the invited person opens is the link that was handed over, and nobody else saw its code.
        accept(&lab, &ann, &code_of(&told["redirect_url"])).await.is(200);
        // Invitations to organizations go by mail as ever.
        invite(&lab, owner, &world.acme, "CUSTOMER.OWNER", "bob@mail.example").await.is(201);
        assert_eq!(letters(&lab, "users.invitation_created").await.len(), 1);
        // A secret setting is shown to nobody.
        assert!(!lab.get(&lab.staff, "/api/override-settings/").await.is(200).body.to_string().contains("sesame"));
    }

    async fn what_the_other_system_refuses_is_shown_as_failed_and_what_it_misses_comes_again(lab: Lab) {
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        set(&lab, json!({"INVITATION_USE_WEBHOOKS": true})).await;
        let state = async |made: &Thing| {
            let shown = lab.get(owner, &made.url).await.is(200);
            (shown.text("execution_state"), shown.text("error_message"))
        };
        let nowhere = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "x@mail.example").await.is(201));
        lab.run_jobs().await;
        assert_eq!(state(&nowhere).await, ("Erred".into(), "INVITATION_WEBHOOK_URL is not set.".into()));

        set(&lab, json!({"INVITATION_WEBHOOK_URL": format!("http://{}/", receiver.address)})).await;
        receiver.answers(403);
        let refused = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "y@mail.example").await.is(201));
        lab.run_jobs().await;
        assert_eq!(state(&refused).await, ("Erred".into(), "The receiver answered 403.".into()));

        receiver.answers(503);
        let missed = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "z@mail.example").await.is(201));
        lab.run_jobs().await;
        assert_eq!(state(&missed).await, ("Scheduled".into(), "The receiver answered 503.".into()));
        receiver.answers(204);
        lab.advance(60);
        lab.run_jobs().await;
        assert_eq!(state(&missed).await, ("OK".into(), String::new()));
        assert_eq!(receiver.all().len(), 3, "a refusal is final");
    }

    async fn lists_are_filtered(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let made = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "Ann@mail.example").await.is(201));
        invite(&lab, owner, &world.acme, "CUSTOMER.OWNER", "bob@mail.example").await.is(201);
        invite(&lab, &lab.staff, &world.hermes, "PROJECT.ADMIN", "cid@mail.example").await.is(201);
        act(&lab, owner, &made, "cancel").await.is(200);
        for (query, count) in [("", 2), ("state=pending", 1), ("state=pending&state=canceled", 2), ("email=ANN", 1), ("email_exact=ann@mail.example", 1),
            ("email_exact=ann", 0), ("role_name=CUSTOMER.OWNER", 1), ("scope_type=project", 1), ("scope_type=eaten", 0), ("scope_name=apo", 1), ("scope_description=x", 0),
            (&format!("scope={}", world.apollo.url), 1), (&format!("scope={}", world.hermes.url), 0), (&format!("customer_uuid={}", world.acme.uuid), 2),
            (&format!("role_uuid={}", role(&lab, "PROJECT.ADMIN").await), 1), ("o=email", 2), ("o=-created_by", 2)] {
            assert_eq!(lab.all(owner, &format!("{ALL}?{query}")).await.len(), count, "{query}");
            assert_eq!(lab.count(owner, &format!("{ALL}?{query}")).await, count, "{query}");
        }
        assert!(lab.statements_of(owner, "GET", ALL).await <= 3);
        assert!(lab.statements_of(owner, "GET", &made.url).await <= 3);
        let support = world.person("support agent");
        assert_eq!(lab.all(support, ALL).await.len(), 3);
    }

    async fn an_invitation_follows_its_project(lab: Lab) {
        let world = World::build(&lab).await;
        let made = thing(invite(&lab, world.person("owner"), &world.zeus, "PROJECT.ADMIN", "x@mail.example").await.is(201));
        lab.patch(&lab.staff, &world.zeus.url, json!({"name": "Juno"})).await.is(200);
        lab.post(&lab.staff, &format!("{}move_project/", world.zeus.url), json!({"customer": world.other.url, "preserve_permissions": true})).await.is(200);
        let shown = lab.get(world.person("neighbour's owner"), &made.url).await.is(200);
        assert_eq!((shown.text("customer_name"), shown.text("scope_name")), ("Other".into(), "Juno".into()));
        lab.get(world.person("owner"), &made.url).await.is_not_found();
    }
}
