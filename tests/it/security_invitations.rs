//! C7: invitations that climb, that can be guessed, that are nobody's (security cases, C.2).

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::invitations::{ALL, DAY, accept, code, code_of, invite, letters, mail_of, role, set};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};
use stoa_kernel::{id, vals};
use stoa_testing::{Lab, Person, Reply, Thing, World, both, stored, thing};

/// How many roles somebody holds.
async fn roles(lab: &Lab, person: &Person) -> usize {
    lab.all(&lab.staff, &format!("/api/user-permissions/?user={}", person.uuid)).await.len()
}

async fn check(lab: &Lab, by: &Person, named: &str) -> Reply {
    lab.post(by, &format!("{ALL}{named}/check/"), json!({})).await
}

async fn guest_and_invitation(lab: &Lab, world: &World, by: &Person, name: &str) -> (Person, Thing) {
    let guest = lab.user("guest").await;
    let made = thing(invite(lab, by, &world.apollo, name, &mail_of(&guest)).await.is(201));
    (guest, made)
}

#[track_caller]
fn refused_with(reply: Reply, words: &str) {
    let reply = reply.is(400);
    assert!(reply.body.to_string().contains(words), "{}", reply.body);
}

both! {
    async fn c07_codes_are_random_and_only_their_hashes_are_kept(lab: Lab) {
        let world = World::build(&lab).await;
        let mut codes = BTreeSet::new();
        for number in 0..20 {
            let email = format!("x{number}@mail.example");
            let made = thing(invite(&lab, world.person("owner"), &world.apollo, "PROJECT.ADMIN", &email).await.is(201));
            let code = code(&lab, &email).await;
            assert_eq!(id::parse(&code).unwrap().get_version_num(), 4);
            assert_ne!(code, made.uuid);
            codes.insert(code);
        }
        assert_eq!(codes.len(), 20);
        // A code is nowhere but in the letter that waits to be sent.
        for table in ["invitations", "invitation_codes", "events"] {
            for row in lab.core.store.query(&format!("SELECT * FROM {table}"), &[]).await.unwrap() {
                for at in 0..row.len() {
                    let text = format!("{:?}", row.val(at));
                    assert!(!codes.iter().any(|code| text.contains(code.as_str())), "{table}: {text}");
                }
            }
        }
        let hash = stored(codes.first().unwrap());
        let known = lab.core.store.query("SELECT 1 FROM invitation_codes WHERE hash = $1", &vals![hash]).await.unwrap();
        assert_eq!(known.len(), 1);
    }

    async fn c07_of_sixteen_at_once_one_accepts(lab: Lab) {
        let world = World::build(&lab).await;
        thing(invite(&lab, world.person("owner"), &world.apollo, "PROJECT.ADMIN", "x@mail.example").await.is(201));
        let code = code(&lab, "x@mail.example").await;
        let mut people = Vec::new();
        for _ in 0..16 {
            people.push(lab.user("runner").await);
        }
        let lab = Arc::new(lab);
        let runs = people.iter().cloned().map(|person| {
            let (lab, code) = (lab.clone(), code.clone());
            tokio::spawn(async move { accept(&lab, &person, &code).await.status })
        });
        let mut answers = Vec::new();
        for run in runs.collect::<Vec<_>>() {
            answers.push(run.await.unwrap());
        }
        answers.sort_unstable();
        assert_eq!(answers, [vec![200], vec![404; 15]].concat());
        let mut held = 0;
        for person in &people {
            held += roles(&lab, person).await;
        }
        assert_eq!(held, 1);
    }

    async fn c07_the_same_person_at_once_gets_one_role(lab: Lab) {
        let world = World::build(&lab).await;
        let (guest, made) = guest_and_invitation(&lab, &world, world.person("owner"), "PROJECT.ADMIN").await;
        let lab = Arc::new(lab);
        let runs: Vec<_> = (0..16).map(|_| {
            let (lab, guest, uuid) = (lab.clone(), guest.clone(), made.uuid.clone());
            tokio::spawn(async move { accept(&lab, &guest, &uuid).await.status })
        }).collect();
        let mut done = 0;
        for run in runs {
            let status = run.await.unwrap();
            assert!(matches!(status, 200 | 400 | 404), "{status}");
            done += usize::from(status == 200);
        }
        assert_eq!((done, roles(&lab, &guest).await), (1, 1));
    }

    async fn c07_who_lists_invitations_does_not_hold_them(lab: Lab) {
        let world = World::build(&lab).await;
        let made = thing(invite(&lab, world.person("owner"), &world.acme, "CUSTOMER.OWNER", "boss@mail.example").await.is(201));
        let support = world.person("customer support");
        let listed = format!("CUSTOMER.LISTER.{}", support.name);
        let body = json!({"name": listed, "content_type": "customer", "permissions": ["INVITATION.LIST"]});
        lab.post(&lab.staff, "/api/roles/", body).await.is(201);
        let lister = lab.member(&world.acme, &listed).await;
        assert_eq!(lab.get(&lister, &made.url).await.is(200).text("uuid"), made.uuid);
        accept(&lab, &lister, &made.uuid).await.is_not_found();
        for who in ["support agent", "project manager", "staff", "neighbour's owner"] {
            let before = roles(&lab, world.person(who)).await;
            accept(&lab, world.person(who), &made.uuid).await.is_not_found();
            assert_eq!(roles(&lab, world.person(who)).await, before, "{who}");
        }
        accept(&lab, &lab.nobody(), &code(&lab, "boss@mail.example").await).await.is(401);
    }

    async fn c07_a_civil_number_binds_even_the_holder_of_the_link(lab: Lab) {
        let world = World::build(&lab).await;
        set(&lab, json!({"INVITATION_ALLOWED_FIELDS": ["civil_number"]})).await;
        let (guest, owner) = (lab.user("guest").await, world.person("owner"));
        let body = json!({"scope": world.apollo.url, "role": role(&lab, "PROJECT.ADMIN").await, "email": mail_of(&guest), "civil_number": "EE49001010000"});
        let made = thing(lab.post(owner, ALL, body).await.is(201));
        let code = code(&lab, &mail_of(&guest)).await;
        for named in [&made.uuid, &code] {
            accept(&lab, &guest, named).await.is_not_found();
        }
        // Nor does a setting that changes later let go of it.
        set(&lab, json!({"INVITATION_ALLOWED_FIELDS": []})).await;
        accept(&lab, &guest, &code).await.is_not_found();
        let right = lab.user("right").await;
        let (sql, uuid) = ("UPDATE users SET civil_number = 'EE49001010000' WHERE uuid = $1", id::parse(&right.uuid).unwrap());
        lab.core.store.write(move |tx| Box::pin(async move { tx.execute(sql, &vals![uuid]).await })).await.unwrap();
        lab.get(&right, &format!("{}details/", made.url)).await.is(200);
        accept(&lab, &right, &made.uuid).await.is(200);
    }

    async fn c07_an_overdue_invitation_is_over_before_any_job_says_so(lab: Lab) {
        let world = World::build(&lab).await;
        let (guest, made) = guest_and_invitation(&lab, &world, world.person("owner"), "PROJECT.ADMIN").await;
        let code = code(&lab, &mail_of(&guest)).await;
        lab.advance(7 * DAY + 1);
        let (guest, owner) = (lab.signed_in(&guest.name).await, lab.signed_in(&world.person("owner").name).await);
        for named in [&made.uuid, &code] {
            accept(&lab, &guest, named).await.is_not_found();
            check(&lab, &lab.nobody(), named).await.is_not_found();
        }
        lab.get(&guest, &format!("{ALL}{code}/details/")).await.is_not_found();
        assert_eq!(roles(&lab, &guest).await, 0);
        // It does not stand in the way of a new one either.
        invite(&lab, &owner, &world.apollo, "PROJECT.ADMIN", &mail_of(&guest)).await.is(201);
    }

    async fn c07_strangers_get_one_answer(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let email = "someone.private@mail.example";
        let pending = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", email).await.is(201));
        let canceled = thing(invite(&lab, owner, &world.zeus, "PROJECT.ADMIN", email).await.is(201));
        lab.post(owner, &format!("{}cancel/", canceled.url), json!({})).await.is(200);
        let (guest, accepted) = guest_and_invitation(&lab, &world, owner, "PROJECT.MEMBER").await;
        accept(&lab, &guest, &accepted.uuid).await.is(200);
        let mut answers = BTreeSet::new();
        let long = "f".repeat(300);
        for named in [canceled.uuid.as_str(), &accepted.uuid, "00000000000000000000000000000000", "0123456789abcdef0123456789abcdef", "x", "null", "%00", "[]", &long] {
            for person in [lab.nobody(), lab.user("stranger").await] {
                let reply = check(&lab, &person, named).await;
                answers.insert((reply.status, reply.body.to_string()));
            }
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(answers.first().unwrap().0, 404);
        // Who has the link of one that waits learns that it waits, and not whose it is.
        for person in [lab.nobody(), lab.user("stranger").await] {
            let told = check(&lab, &person, &pending.uuid).await.is(200);
            assert_eq!(told.body, json!({"email": "s***@mail.example"}));
        }
        assert_eq!(check(&lab, owner, &pending.uuid).await.is(200).text("email"), email);
        // Accepting tells no more: an invitation to somebody else is as if it were none.
        let (one, none) = (accept(&lab, &guest, &pending.uuid).await, accept(&lab, &guest, "0123456789abcdef0123456789abcdef").await);
        assert_eq!((one.status, one.body), (none.status, none.body));
        lab.get(&lab.nobody(), &format!("{}details/", pending.url)).await.is(401);
        lab.get(&lab.nobody(), ALL).await.is(401);
    }

    async fn c07_nobody_invites_beyond_himself(lab: Lab) {
        let world = World::build(&lab).await;
        let known = lab.member(&world.zeus, "PROJECT.MEMBER").await;
        let manager = world.person("project manager");
        let strong = json!({"name": "PROJECT.STRONG", "content_type": "project", "permissions": ["PROJECT.LIST", "PROJECT.DELETE", "OFFERING.UPDATE"]});
        lab.post(&lab.staff, "/api/roles/", strong).await.is(201);
        invite(&lab, manager, &world.apollo, "PROJECT.STRONG", &mail_of(&known)).await.is_forbidden();
        let made = thing(invite(&lab, manager, &world.apollo, "PROJECT.MEMBER", &mail_of(&known)).await.is(201));
        let body = json!({"role": role(&lab, "PROJECT.STRONG").await});
        lab.patch(manager, &made.url, body).await.is_forbidden();
        // A role of another kind of scope, a disabled one, none, a stranger's scope, a removed project.
        let owner = world.person("owner");
        invite(&lab, owner, &world.apollo, "CUSTOMER.OWNER", "x@mail.example").await.is_invalid("non_field_errors");
        invite(&lab, owner, &world.hermes, "PROJECT.ADMIN", "x@mail.example").await.is_invalid("scope");
        let removed = lab.project(&world.acme, "Removed").await;
        lab.delete(&lab.staff, &removed.url).await.is(204);
        invite(&lab, &lab.staff, &removed, "PROJECT.ADMIN", "x@mail.example").await.is(400);
        let admin = role(&lab, "PROJECT.ADMIN").await;
        lab.post(&lab.staff, &format!("/api/roles/{admin}/disable/"), Value::Null).await.is(200);
        invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", "x@mail.example").await.is_invalid("role");
        let uuids = [json!(null), json!(""), json!([]), json!({}), json!(id::hex(&id::Uuid::nil())), json!("x".repeat(10_000))];
        for role in uuids {
            lab.post(owner, ALL, json!({"scope": world.apollo.url, "role": role, "email": "x@mail.example"})).await.is_invalid("role");
        }
        let member = role(&lab, "PROJECT.MEMBER").await;
        let user = format!("http://stoa.test/api/users/{}/", owner.uuid);
        for scope in [json!(null), json!(""), json!([]), json!(7), json!("x"), json!("/api/projects/"), json!(user), json!("x".repeat(3000))] {
            lab.post(owner, ALL, json!({"scope": scope, "role": member, "email": "x@mail.example"})).await.is_invalid("scope");
        }
        for email in [json!(null), json!(""), json!([]), json!("x"), json!("a@b"), json!("x@mail.example\u{0}"), json!(format!("{}@mail.example", "x".repeat(250)))] {
            lab.post(owner, ALL, json!({"scope": world.apollo.url, "role": member, "email": email})).await.is_invalid("email");
        }
    }

    async fn c07_what_the_inviter_lost_he_can_not_give(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = lab.member(&world.acme, "CUSTOMER.OWNER").await;
        let (guest, made) = guest_and_invitation(&lab, &world, &owner, "PROJECT.ADMIN").await;
        let grant = json!({"role": "CUSTOMER.OWNER", "user": owner.uuid});
        lab.post(&lab.staff, &format!("{}delete_user/", world.acme.url), grant).await.is(200);
        refused_with(accept(&lab, &guest, &made.uuid).await, "may no longer give it here");
        assert_eq!(roles(&lab, &guest).await, 0);
        // Refused, not used up: once somebody who may sends it again it is his.
        assert_eq!(lab.get(&lab.staff, &made.url).await.is(200).text("state"), "pending");
        let (guest, made) = guest_and_invitation(&lab, &world, world.person("owner"), "PROJECT.ADMIN").await;
        let path = format!("/api/users/{}/", world.person("owner").uuid);
        lab.patch(&lab.staff, &path, json!({"is_active": false})).await.is(200);
        refused_with(accept(&lab, &guest, &made.uuid).await, "no longer active");
        assert_eq!(roles(&lab, &guest).await, 0);
    }

    async fn c07_a_role_that_grew_is_weighed_again(lab: Lab) {
        let world = World::build(&lab).await;
        let known = lab.member(&world.zeus, "PROJECT.MEMBER").await;
        let body = json!({"name": "PROJECT.GROWING", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        let growing = lab.post(&lab.staff, "/api/roles/", body).await.is(201).text("uuid");
        let made = thing(invite(&lab, world.person("project manager"), &world.apollo, "PROJECT.GROWING", &mail_of(&known)).await.is(201));
        let before = roles(&lab, &known).await;
        let wide = json!({"name": "PROJECT.GROWING", "content_type": "project", "permissions": ["PROJECT.LIST", "PROJECT.DELETE"]});
        lab.put(&lab.staff, &format!("/api/roles/{growing}/"), wide).await.is(200);
        refused_with(accept(&lab, &known, &made.uuid).await, "PROJECT.DELETE");
        lab.post(&lab.staff, &format!("/api/roles/{growing}/disable/"), Value::Null).await.is(200);
        refused_with(accept(&lab, &known, &made.uuid).await, "Role is not active.");
        assert_eq!(roles(&lab, &known).await, before);
        lab.post(&lab.staff, &format!("/api/roles/{growing}/enable/"), Value::Null).await.is(200);
        let narrow = json!({"name": "PROJECT.GROWING", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        lab.put(&lab.staff, &format!("/api/roles/{growing}/"), narrow).await.is(200);
        accept(&lab, &known, &made.uuid).await.is(200);
    }

    async fn c07_a_scope_that_closed_lets_nobody_in(lab: Lab) {
        let world = World::build(&lab).await;
        let (guest, made) = guest_and_invitation(&lab, &world, world.person("owner"), "PROJECT.ADMIN").await;
        lab.patch(&lab.staff, &world.apollo.url, json!({"user_email_patterns": [".*@uni\\.example"]})).await.is(200);
        refused_with(accept(&lab, &guest, &made.uuid).await, "does not match the project restrictions");
        lab.patch(&lab.staff, &world.apollo.url, json!({"user_email_patterns": []})).await.is(200);
        lab.patch(&lab.staff, &world.acme.url, json!({"blocked": true})).await.is(200);
        refused_with(accept(&lab, &guest, &made.uuid).await, "Customer is not available.");
        lab.patch(&lab.staff, &world.acme.url, json!({"blocked": false})).await.is(200);
        lab.delete(&lab.staff, &world.apollo.url).await.is(204);
        refused_with(accept(&lab, &guest, &made.uuid).await, "terminated projects");
        assert_eq!(roles(&lab, &guest).await, 0);
    }

    async fn c07_a_decision_takes_the_right_code_once_and_in_time(lab: Lab) {
        let world = World::build(&lab).await;
        set(&lab, json!({"ONLY_STAFF_CAN_INVITE_USERS": true})).await;
        let second = lab.user("second").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", second.uuid), json!({"is_staff": true})).await.is(200);
        let owner = world.person("owner");
        let request = |email: &'static str| invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", email);
        let made = thing(request("x@mail.example").await.is(201));
        let asked = letters(&lab, "users.invitation_requested").await;
        let token = code_of(&asked.iter().find(|(to, _)| *to == mail_of(&second)).unwrap().1["link"]);
        assert_eq!(token.len(), 64);
        let (approve, reject) = (format!("{ALL}approve/"), format!("{ALL}reject/"));
        let mut answers = BTreeSet::new();
        for forged in [made.uuid.clone(), format!("{}.{}", second.uuid, made.uuid), "0".repeat(64), token.to_uppercase(), token[1..].to_owned(), id::hex(&id::Uuid::nil())] {
            for path in [&approve, &reject] {
                answers.insert(lab.post(&lab.nobody(), path, json!({"token": forged})).await.is_invalid("token").body.to_string());
            }
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        for wrong in [json!({}), json!({"token": null}), json!({"token": ""}), json!({"token": []}), json!({"token": [token]}), json!({"token": {"a": token}}), json!({"token": "x".repeat(100_000)})] {
            lab.post(&lab.nobody(), &approve, wrong).await.is_invalid("token");
        }
        // The invited person's code decides nothing, and a staff member's code accepts nothing.
        let guest = lab.user("guest").await;
        accept(&lab, &guest, &token).await.is_not_found();
        accept(&lab, &guest, &made.uuid).await.is_not_found();
        // Who is no longer staff does not decide.
        lab.patch(&lab.staff, &format!("/api/users/{}/", second.uuid), json!({"is_staff": false})).await.is(200);
        let refused = lab.post(&lab.nobody(), &approve, json!({"token": token})).await.is_invalid("token");
        assert_eq!(refused.body["token"][0], "Invalid user UUID.");
        lab.patch(&lab.staff, &format!("/api/users/{}/", second.uuid), json!({"is_staff": true})).await.is(200);
        lab.post(&lab.nobody(), &approve, json!({"token": token})).await.is(200);
        lab.post(&lab.nobody(), &approve, json!({"token": token})).await.is_invalid("token");
        lab.post(&lab.nobody(), &reject, json!({"token": token})).await.is_invalid("token");
        assert_eq!(lab.get(&lab.staff, &made.url).await.is(200).text("state"), "pending");
        // Too late.
        set(&lab, json!({"INVITATION_MAX_AGE": 2})).await;
        let made = thing(request("y@mail.example").await.is(201));
        let asked = letters(&lab, "users.invitation_requested").await;
        let token = code_of(&asked.iter().rev().find(|(to, _)| *to == mail_of(&second)).unwrap().1["link"]);
        lab.advance(2 * DAY + 1);
        lab.post(&lab.nobody(), &approve, json!({"token": token})).await.is_invalid("token");
        assert_eq!(lab.get(&lab.staff, &made.url).await.is(200).text("state"), "requested");
    }

    async fn c07_forged_names_are_refused_without_a_fault(lab: Lab) {
        let world = World::build(&lab).await;
        let guest = lab.user("guest").await;
        let (_, made) = guest_and_invitation(&lab, &world, world.person("owner"), "PROJECT.ADMIN").await;
        let long = "a".repeat(20_000);
        for named in ["00000000000000000000000000000000", "null", "undefined", "[]", "%5B%22a%22%5D", "%00", "'", "0", long.as_str(), "*", "%25"] {
            for what in ["accept", "check", "send", "cancel", "delete"] {
                let reply = lab.post(&guest, &format!("{ALL}{named}/{what}/"), json!({})).await;
                assert_eq!(reply.status, 404, "{named} {what}: {}", reply.body);
            }
        }
        // The path alone names it: what the body says does not count.
        let nil = "00000000000000000000000000000000";
        for body in [json!({"uuid": made.uuid}), json!({"uuid": [made.uuid]}), json!([made.uuid]), json!(7)] {
            let reply = lab.post(&guest, &format!("{ALL}{nil}/accept/"), body).await;
            assert!(matches!(reply.status, 400 | 404), "{}", reply.body);
        }
        assert_eq!(roles(&lab, &guest).await, 0);
    }
}
