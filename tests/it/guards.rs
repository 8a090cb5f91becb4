//! Guards: what they deny, where, to whom and when; that they never widen; and that roles that are kept apart never come together
//! (mission R5; design.md, section 3).

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::questions::simulated;
use crate::second_factors::weak_and_strong;
use serde_json::{Value, json};
use stoa_kernel::{
    door::{Call, Caller},
    field::Mode,
    id, vals,
};
use stoa_testing::{Lab, Person, Reply, Thing, World, both, thing};

/// A guard of the installation.
pub async fn guard_for_all(lab: &Lab, body: Value) -> Thing {
    thing(lab.post(&lab.staff, "/api/access/guards/create_for_all/", named(body)).await.is(201))
}

async fn guard_of(lab: &Lab, by: &Person, customer: &Thing, mut body: Value) -> Reply {
    body["customer"] = json!(customer.url);
    lab.post(by, "/api/access/guards/", named(body)).await
}

fn named(mut body: Value) -> Value {
    if body["name"].is_null() {
        body["name"] = json!("guard");
    }
    if body["kind"].is_null() {
        body["kind"] = json!("deny");
    }
    body
}

/// Whether somebody may change the description of a project; what he does not see he may not.
async fn may_update(lab: &Lab, by: &Person, project: &Thing) -> bool {
    let reply = lab.patch(by, &project.url, json!({"description": "changed"})).await;
    assert!(matches!(reply.status, 200 | 403 | 404), "{} {}", reply.asked, reply.body);
    reply.status == 200
}

async fn why(lab: &Lab, by: &Person, user: &str, action: &str, scope: &Thing) -> Value {
    lab.get(by, &format!("/api/access/explain/?user={user}&action={action}&scope={}", scope.url)).await.is(200).body
}

async fn grant(lab: &Lab, on: &Thing, role: &str, to: &Person) -> Reply {
    lab.post(&lab.staff, &format!("{}add_user/", on.url), json!({"role": role, "user": to.uuid})).await
}

both! {
    async fn a_guard_denies_what_it_names_wherever_it_stands_and_says_so(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, manager, neighbour) =
            (world.person("owner"), world.person("project manager"), world.person("neighbour's owner"));
        assert!(may_update(&lab, owner, &world.apollo).await && may_update(&lab, manager, &world.apollo).await);
        let guard = guard_for_all(&lab, json!({"name": "freeze", "permissions": ["PROJECT.UPDATE"], "scope": world.apollo.url})).await;
        assert_eq!(guard.body["sentence"], "Denies PROJECT.UPDATE in Apollo.");
        assert!(!may_update(&lab, owner, &world.apollo).await && !may_update(&lab, manager, &world.apollo).await);
        assert!(may_update(&lab, owner, &world.zeus).await && may_update(&lab, neighbour, &world.hermes).await);
        // Staff are exempt, and the explanation names the guard and who could change it.
        assert!(may_update(&lab, &lab.staff, &world.apollo).await);
        let told = why(&lab, owner, &owner.name, "project.update", &world.apollo).await;
        assert_eq!(told["allowed"], false);
        let reason = &told["reasons"][0];
        assert_eq!((&reason["reason"], &reason["name"], &reason["set_by"]), (&json!("guarded"), &json!("freeze"), &json!("installation")));
        assert_eq!(reason["could_change"], json!(["staff"]));
        // Who can: neither of them.
        let who = lab.get(&lab.staff, &format!("/api/access/who/?action=project.update&scope={}", world.apollo.url)).await.is(200);
        assert_eq!(who.body["people"], json!([]));
        // Switched off, changed and removed it denies nothing of that.
        lab.patch(&lab.staff, &guard.url, json!({"is_active": false})).await.is(200);
        assert!(may_update(&lab, owner, &world.apollo).await);
        lab.patch(&lab.staff, &guard.url, json!({"is_active": true, "roles": ["PROJECT.MANAGER"]})).await.is(200);
        assert!(may_update(&lab, owner, &world.apollo).await && !may_update(&lab, manager, &world.apollo).await);
        lab.patch(&lab.staff, &guard.url, json!({"roles": [], "users": [lab.get(&lab.staff, "/api/users/me/").await.body["url"]]})).await.is(200);
        assert!(may_update(&lab, manager, &world.apollo).await);
        lab.patch(&lab.staff, &guard.url, json!({"users": [], "scope": null})).await.is(200);
        assert!(!may_update(&lab, neighbour, &world.hermes).await);
        lab.delete(&lab.staff, &guard.url).await.is(204);
        assert!(may_update(&lab, neighbour, &world.hermes).await && may_update(&lab, owner, &world.apollo).await);
        lab.get(&lab.staff, &guard.url).await.is(404);
    }

    async fn a_guard_takes_what_lists_show_too(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        assert_eq!(lab.count(owner, "/api/projects/").await, 2);
        let guard = guard_for_all(&lab, json!({"permissions": ["PROJECT.LIST"], "scope": world.acme.url})).await;
        assert_eq!(lab.count(owner, "/api/projects/").await, 0);
        lab.get(owner, &world.apollo.url).await.is(404);
        lab.delete(&lab.staff, &guard.url).await.is(204);
        assert_eq!(lab.count(owner, "/api/projects/").await, 2);
    }

    async fn conditions_of_network_and_time_let_pass(lab: Lab) {
        let world = World::build(&lab).await;
        let manager = world.person("project manager");
        let (inside, outside) = (manager.calling_from("10.1.2.3"), manager.calling_from("192.0.2.1"));
        let guard = guard_for_all(&lab, json!({"permissions": ["PROJECT.UPDATE"], "networks": ["10.0.0.0/8"]})).await;
        assert!(may_update(&lab, &inside, &world.apollo).await && !may_update(&lab, &outside, &world.apollo).await);
        // Asked about by somebody else, he can, and it is said how.
        let told = why(&lab, &lab.staff, &manager.name, "project.update", &world.apollo).await;
        assert_eq!(told["allowed"], true, "{told}");
        assert_eq!(told["reasons"][1]["reason"], "provided");
        assert!(told["reasons"][1]["text"].as_str().unwrap().contains("from 10.0.0.0/8"), "{told}");
        let what = lab.get(&lab.staff, &format!("/api/access/what/?user={}", manager.name)).await.is(200).body;
        assert_eq!(what["scopes"][0]["conditional"], json!(["PROJECT.UPDATE"]));
        // In these hours only, as the clocks of Berlin show them.
        let night = json!({"networks": [], "hours": ["mon-fri 08:00-18:00"], "time_zone": "Europe/Berlin"});
        lab.patch(&lab.staff, &guard.url, night).await.is(200);
        let (mut open, mut shut) = (0, 0);
        for _ in 0..(7 * 24) {
            lab.advance(3_600);
            let (day, minute) = lab.core.now().local("Europe/Berlin").unwrap();
            let due = day < 5 && (480..1080).contains(&minute);
            let actor = lab.core.actor(&lab.signed_in(&manager.name).await.caller()).await.unwrap();
            assert_eq!(actor.guards.is_empty(), due, "day {day} minute {minute}");
            if due { open += 1 } else { shut += 1 }
        }
        assert_eq!((open, shut), (50, 118));
        // Until a day, and not after it.
        let ends = lab.core.now().plus_seconds(3_600).to_string();
        let staff = lab.signed_in("staff").await;
        lab.patch(&staff, &guard.url, json!({"hours": [], "ends": ends})).await.is(200);
        let manager = lab.signed_in(&manager.name).await;
        assert!(!may_update(&lab, &manager, &world.apollo).await);
        lab.advance(3_600);
        let manager = lab.signed_in(&manager.name).await;
        assert!(may_update(&lab, &manager, &world.apollo).await);
    }

    async fn a_second_factor_opens_what_a_password_does_not(lab: Lab) {
        let world = World::build(&lab).await;
        let (weak, strong) = weak_and_strong(&lab, "ann").await;
        grant(&lab, &world.acme, "CUSTOMER.OWNER", &weak).await.is(201);
        guard_for_all(&lab, json!({"permissions": ["CUSTOMER.CREATE_PERMISSION"], "second_factor": true})).await;
        let body = json!({"role": "CUSTOMER.OWNER", "user": world.person("user without roles").uuid});
        let refused = lab.post(&weak, &format!("{}add_user/", world.acme.url), body.clone()).await.is(403);
        assert!(refused.body.to_string().contains("second factor"), "{}", refused.body);
        lab.post(&strong, &format!("{}add_user/", world.acme.url), body).await.is(201);
    }

    async fn staff_power_can_be_bound_to_a_network(lab: Lab) {
        let world = World::build(&lab).await;
        let (inside, outside) = (lab.staff.calling_from("10.1.2.3"), lab.staff.calling_from("192.0.2.1"));
        let body = named(json!({"permissions": ["STAFF.ACCESS"], "staff": true, "networks": ["10.0.0.0/8"]}));
        // Whoever makes it must not shut himself out.
        let refused = lab.post(&outside, "/api/access/guards/create_for_all/", body.clone()).await.is(400);
        assert!(refused.body.to_string().contains("could not change it again"), "{}", refused.body);
        let guard = thing(lab.post(&inside, "/api/access/guards/create_for_all/", body).await.is(201));
        lab.patch(&inside, &world.acme.url, json!({"abbreviation": "A"})).await.is(200);
        let refused = lab.patch(&outside, &world.acme.url, json!({"abbreviation": "B"})).await.is(403);
        assert!(refused.body.to_string().contains("denies"), "{}", refused.body);
        lab.post(&outside, "/api/customers/", json!({"name": "New"})).await.is(403);
        // Seeing is another power.
        assert!(lab.count(&outside, "/api/customers/").await >= 3);
        lab.patch(&inside, &guard.url, json!({"permissions": ["STAFF.ACCESS", "SUPPORT.ACCESS"]})).await.is(200);
        assert_eq!(lab.count(&outside, "/api/customers/").await, 0);
        lab.delete(&outside, &guard.url).await.is(404);
        lab.delete(&inside, &guard.url).await.is(204);
        lab.patch(&outside, &world.acme.url, json!({"abbreviation": "B"})).await.is(200);
    }

    async fn who_ordered_does_not_approve(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, other) = (world.person("owner"), lab.member(&world.acme, "CUSTOMER.OWNER").await);
        let own = json!({"permissions": ["ORDER.APPROVE", "ORDER.APPROVE_PRIVATE"], "own": true});
        let guard = guard_for_all(&lab, own).await;
        // His own order is not approved by placing it, nor by him, but by another owner.
        let order = thing(lab.order(owner, &world.apollo, &world.offering, json!({"storage": 1})).await.is(201));
        assert_eq!(order.body["state"], "pending-consumer");
        lab.post(owner, &format!("{}approve_by_consumer/", order.url), json!({})).await.is(403);
        let told = why(&lab, owner, &owner.name, "order.approve_by_consumer", &order).await;
        assert_eq!((&told["allowed"], &told["reasons"][0]["reason"]), (&json!(false), &json!("guarded")));
        lab.post(&other, &format!("{}approve_by_consumer/", order.url), json!({})).await.is(200);
        // Staff are exempt until it says otherwise; then not even by acting as the owner.
        let free = thing(lab.order(&lab.staff, &world.apollo, &world.offering, json!({"storage": 1})).await.is(201));
        assert_eq!(free.body["state"], "pending-provider");
        lab.patch(&lab.staff, &guard.url, json!({"staff": true})).await.is(200);
        let bound = thing(lab.order(&lab.staff, &world.apollo, &world.offering, json!({"storage": 1})).await.is(201));
        assert_eq!(bound.body["state"], "pending-consumer");
        let approve = format!("{}approve_by_consumer/", bound.url);
        lab.post(&lab.staff, &approve, json!({})).await.is(403);
        let as_owner = [("x-impersonated-user-uuid", other.uuid.as_str()), ("content-type", "application/json")];
        lab.raw(&lab.staff, "POST", &approve, &as_owner, b"{}".to_vec()).await.is(403);
        lab.post(&other, &approve, json!({})).await.is(200);
    }

    async fn a_ceiling_holds_whoever_grants_what(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let allowed = ["PROJECT.LIST", "PROJECT.UPDATE", "PROJECT.CREATE_PERMISSION", "CUSTOMER.LIST_USERS", "CUSTOMER.CREATE_PERMISSION"];
        let ceiling = json!({"kind": "ceiling", "scope": world.acme.url, "permissions": allowed});
        guard_for_all(&lab, ceiling).await;
        assert!(may_update(&lab, owner, &world.apollo).await);
        lab.delete(owner, &world.zeus.url).await.is(403);
        lab.post(owner, "/api/projects/", json!({"name": "New", "customer": world.acme.url})).await.is(403);
        // Nobody hands on what the ceiling keeps from him.
        let plain = world.person("user without roles");
        let refused = lab.post(owner, &format!("{}add_user/", world.apollo.url), json!({"role": "PROJECT.MANAGER", "user": plain.uuid})).await.is(403);
        assert!(refused.body.to_string().contains("more than the granter holds"), "{}", refused.body);
        // And what staff give beyond it does not count.
        grant(&lab, &world.apollo, "PROJECT.MANAGER", plain).await.is(201);
        let what = lab.get(&lab.staff, &format!("/api/access/what/?user={}", plain.name)).await.is(200).body;
        let held: Vec<&str> = what["scopes"][0]["permissions"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        assert!(!held.is_empty() && held.iter().all(|name| allowed.contains(name)), "{held:?}");
        // Elsewhere nothing changed.
        let neighbour = world.person("neighbour's owner");
        lab.post(neighbour, "/api/projects/", json!({"name": "New", "customer": world.other.url})).await.is(201);
    }

    async fn an_organization_guards_its_own_and_nobody_else(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, manager) = (world.person("owner"), world.person("project manager"));
        let freeze = json!({"name": "freeze", "permissions": ["PROJECT.UPDATE"], "scope": world.apollo.url});
        let guard = thing(guard_of(&lab, owner, &world.acme, freeze.clone()).await.is(201));
        assert!(!may_update(&lab, manager, &world.apollo).await);
        assert!(may_update(&lab, world.person("manager of another project"), &world.zeus).await);
        let told = why(&lab, manager, &manager.name, "project.update", &world.apollo).await;
        assert_eq!(told["reasons"][0]["set_by"], "organization");
        let told = why(&lab, owner, &manager.name, "project.update", &world.apollo).await;
        assert!(told["reasons"][0]["could_change"].as_array().unwrap().len() > 1, "{told}");
        // Not on somebody else's things, not over staff, not so that its maker is out.
        guard_of(&lab, owner, &world.acme, json!({"permissions": ["PROJECT.UPDATE"], "scope": world.hermes.url})).await.is_invalid("scope");
        guard_of(&lab, owner, &world.acme, json!({"permissions": ["PROJECT.UPDATE"], "staff": true})).await.is_invalid("staff");
        guard_of(&lab, owner, &world.acme, json!({"permissions": ["STAFF.ACCESS"]})).await.is_invalid("permissions");
        guard_of(&lab, owner, &world.acme, json!({"permissions": ["CUSTOMER.*"]})).await.is(400);
        guard_of(&lab, owner, &world.other, freeze.clone()).await.is_invalid("customer");
        guard_of(&lab, manager, &world.acme, freeze.clone()).await.is(403);
        lab.post(owner, "/api/access/guards/create_for_all/", named(freeze)).await.is(403);
        // What the provider does to resources of this organization is not its to deny.
        let order = thing(lab.order(owner, &world.zeus, &world.offering, json!({"storage": 1})).await.is(201));
        guard_of(&lab, owner, &world.acme, json!({"permissions": ["ORDER.APPROVE"]})).await.is(201);
        lab.post(world.person("provider's owner"), &format!("{}approve_by_provider/", order.url), json!({})).await.is(200);
        // Neighbours don't learn of another organization's own roles.
        let role = json!({"customer": world.other.url, "name": "Theirs", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        let theirs = lab.post(world.person("neighbour's owner"), "/api/access/roles/", role).await.is(201).text("name");
        guard_of(&lab, owner, &world.acme, json!({"permissions": ["ORDER.LIST"], "roles": [theirs.clone()]})).await.is_invalid("roles");
        let eligible = json!({"scope": world.apollo.url, "role": theirs, "user": manager.uuid});
        lab.post(owner, "/api/access/eligibilities/", eligible).await.is_invalid("role");
        // Its people see it, neighbours don't.
        assert_eq!(lab.count(owner, "/api/access/guards/").await, 2);
        for who in ["neighbour's owner", "user without roles"] {
            assert_eq!(lab.count(world.person(who), "/api/access/guards/").await, 0);
            lab.get(world.person(who), &guard.url).await.is(404);
            lab.delete(world.person(who), &guard.url).await.is(404);
        }
        lab.get(&lab.nobody(), "/api/access/guards/").await.is(401);
        // A whole object can be sent back.
        let shown = lab.get(owner, &guard.url).await.is(200).body;
        let mut back = shown.clone();
        back["roles"] = json!([]);
        back["users"] = json!([]);
        let same = lab.put(owner, &guard.url, back).await.is(200).body;
        assert_eq!(same["revision"], shown["revision"]);
        // The record names what it was on and what it is on.
        lab.patch(owner, &guard.url, json!({"scope": world.zeus.url})).await.is(200);

        let sql = "SELECT changes FROM events WHERE event_type = 'guard_updated' ORDER BY id DESC LIMIT 1";
        let changes: Value = lab.core.store.query(sql, &[]).await.unwrap()[0].get(0).unwrap();
        assert_eq!((&changes[0]["before"], &changes[0]["after"]), (&json!("Apollo"), &json!("Zeus")));
    }

    async fn roles_that_are_kept_apart_are_never_held_together(lab: Lab) {
        let world = World::build(&lab).await;
        let ann = lab.user("ann").await;
        let apart = json!({"kind": "apart", "name": "duties", "roles": ["PROJECT.ADMIN", "PROJECT.MANAGER"], "within": "organization"});
        let guard = guard_for_all(&lab, apart).await;
        assert_eq!(guard.body["sentence"], "Keeps the roles PROJECT.ADMIN and PROJECT.MANAGER apart in the same organization, everywhere.");
        grant(&lab, &world.apollo, "PROJECT.ADMIN", &ann).await.is(201);
        let refused = grant(&lab, &world.zeus, "PROJECT.MANAGER", &ann).await.is(403);
        assert!(refused.body.to_string().contains("keeps the role PROJECT.MANAGER apart from PROJECT.ADMIN"), "{}", refused.body);
        // In another organization he may.
        grant(&lab, &world.hermes, "PROJECT.MANAGER", &ann).await.is(201);
        // On the same thing only.
        lab.patch(&lab.staff, &guard.url, json!({"within": "scope"})).await.is(200);
        grant(&lab, &world.apollo, "PROJECT.MANAGER", &ann).await.is(403);
        grant(&lab, &world.zeus, "PROJECT.MANAGER", &ann).await.is(201);
        // Where he had both before it was said, the one that he was given first counts.
        lab.patch(&lab.staff, &guard.url, json!({"within": "installation"})).await.is(200);
        assert!(!may_update(&lab, &ann, &world.zeus).await);
        let told = why(&lab, &lab.staff, &ann.name, "project.update", &world.zeus).await;
        assert!(told["sentence"].as_str().unwrap().contains("apart"), "{told}");
        // When that one is taken away, the next one counts.
        lab.post(&lab.staff, &format!("{}delete_user/", world.apollo.url), json!({"role": "PROJECT.ADMIN", "user": ann.uuid})).await.is(200);
        assert!(may_update(&lab, &ann, &world.zeus).await);
    }

    async fn what_a_guard_takes_on_a_project_is_not_handed_on_there(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, guest) = (world.person("owner"), lab.user("guest").await);
        let freeze = named(json!({"permissions": ["PROJECT.UPDATE"], "scope": world.apollo.url, "roles": ["CUSTOMER.OWNER"]}));
        // Whoever owns the organization loses it there, and that is told beforehand.
        let told = simulated(&lab, &lab.staff, "POST", "/api/access/guards/create_for_all/", &freeze).await.is(200);
        assert!(told.body.to_string().contains("PROJECT.UPDATE"), "{}", told.body);
        guard_for_all(&lab, freeze).await;
        assert!(!may_update(&lab, owner, &world.apollo).await);
        for whom in [owner, &guest] {
            let give = json!({"role": "PROJECT.MANAGER", "user": whom.uuid});
            lab.post(owner, &format!("{}add_user/", world.apollo.url), give.clone()).await.is(403);
        }
        let give = json!({"role": "PROJECT.MANAGER", "user": guest.uuid});
        lab.post(owner, &format!("{}add_user/", world.zeus.url), give).await.is(201);
    }

    async fn a_refusal_names_no_role_that_the_asker_may_not_know_of(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, bob) = (world.person("owner"), lab.user("bob").await);
        guard_for_all(&lab, json!({"kind": "apart", "roles": ["PROJECT.ADMIN", "PROJECT.MANAGER"], "within": "installation"})).await;
        grant(&lab, &world.hermes, "PROJECT.ADMIN", &bob).await.is(201);
        let give = json!({"role": "PROJECT.MANAGER", "user": bob.uuid});
        let refused = lab.post(owner, &format!("{}add_user/", world.apollo.url), give).await.is(403).body.to_string();
        assert!(refused.contains("another role") && !refused.contains("Hermes") && !refused.contains("PROJECT.ADMIN"), "{refused}");
        let told = grant(&lab, &world.apollo, "PROJECT.MANAGER", &bob).await.is(403).body.to_string();
        assert!(told.contains("PROJECT.ADMIN, which the user has on Hermes"), "{told}");
    }

    async fn the_program_declares_what_binds_all_staff(lab: Lab) {
        let body = json!({"name": "office", "kind": "deny", "permissions": ["STAFF.ACCESS"], "staff": true, "networks": ["10.0.0.0/8"]});
        lab.post(&lab.staff, "/api/access/guards/create_for_all/", body.clone()).await.is_invalid("non_field_errors");
        let action = lab.core.action("guard.create_for_all").unwrap();
        let call = Call { action, via: None, target: None, body, mode: Mode::Whole };
        lab.core.perform(&Caller::system(), call).await.unwrap();
        lab.post(&lab.staff, "/api/customers/", json!({"name": "Acme"})).await.is(403);
        lab.post(&lab.staff.calling_from("10.1.2.3"), "/api/customers/", json!({"name": "Acme"})).await.is(201);
    }

    async fn nobody_makes_a_guard_that_he_could_not_change_again(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        for body in [json!({"kind": "ceiling", "permissions": ["PROJECT.*"], "staff": true}), json!({"permissions": ["CUSTOMER.*"], "staff": true})] {
            lab.post(&lab.staff, "/api/access/guards/create_for_all/", named(body)).await.is_invalid("non_field_errors");
        }
        guard_of(&lab, owner, &world.acme, json!({"permissions": ["CUSTOMER.LIST_USERS"]})).await.is_invalid("non_field_errors");
        // Nor one that takes from him the role by which he made it.
        let late = lab.user("late").await;
        grant(&lab, &world.apollo, "PROJECT.MANAGER", &late).await.is(201);
        grant(&lab, &world.acme, "CUSTOMER.OWNER", &late).await.is(201);
        let apart = json!({"kind": "apart", "roles": ["CUSTOMER.OWNER", "PROJECT.MANAGER"], "within": "organization"});
        guard_of(&lab, &late, &world.acme, apart.clone()).await.is_invalid("non_field_errors");
        guard_of(&lab, owner, &world.acme, apart).await.is(201);
    }

    async fn two_who_give_one_of_two_roles_each_give_one(lab: Lab) {
        let world = World::build(&lab).await;
        let apart = json!({"kind": "apart", "roles": ["PROJECT.ADMIN", "PROJECT.MANAGER"]});
        guard_for_all(&lab, apart).await;
        for round in 0..6 {
            let ann = lab.user(&format!("ann{round}")).await;
            let gives = (0..8).map(|at| {
                let (role, on) = if at % 2 == 0 { ("PROJECT.ADMIN", &world.apollo) } else { ("PROJECT.MANAGER", &world.zeus) };
                grant(&lab, on, role, &ann)
            });
            let replies = futures::future::join_all(gives).await;
            assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1, "round {round}");
            assert!(replies.iter().all(|reply| matches!(reply.status, 201 | 400 | 403)));
            let sql = "SELECT DISTINCT role_id FROM grants WHERE user_id = (SELECT id FROM users WHERE uuid = $1) AND revoked_at IS NULL";
            let held = lab.core.store.query(sql, &vals![id::parse(&ann.uuid).unwrap()]).await.unwrap();
            assert_eq!(held.len(), 1, "round {round}");
        }
    }

    async fn the_past_had_the_guards_of_that_time(lab: Lab) {
        let world = World::build(&lab).await;
        let manager = world.person("project manager");
        let before = lab.core.now();
        lab.advance(3_600);
        let staff = lab.signed_in("staff").await;
        let guard = guard_for_all(&lab, json!({"permissions": ["PROJECT.UPDATE"]})).await;
        lab.advance(3_600);
        let during = lab.core.now();
        lab.advance(3_600);
        lab.delete(&staff, &guard.url).await.is(204);
        lab.advance(60);
        for (at, may) in [(Some(before), true), (Some(during), false), (None, true)] {
            let at = at.map(|at| format!("&at={at}")).unwrap_or_default();
            let path = format!("/api/access/explain/?user={}&action=project.update&scope={}{at}", manager.name, world.apollo.url);
            assert_eq!(lab.get(&staff, &path).await.is(200).body["allowed"], may, "{at}");
        }
    }

    async fn an_organization_has_only_so_many_guards(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        for _ in 0..50 {
            guard_of(&lab, owner, &world.acme, json!({"permissions": ["PROJECT.DELETE"], "is_active": false})).await.is(201);
        }
        let refused = guard_of(&lab, owner, &world.acme, json!({"permissions": ["PROJECT.DELETE"]})).await;
        assert!(matches!(refused.status, 400 | 403 | 409), "{} {}", refused.status, refused.body);
        assert_eq!(lab.count(owner, "/api/access/guards/").await, 50);
    }

    async fn a_guard_is_tried_out_before_it_is_made(lab: Lab) {
        let world = World::build(&lab).await;
        let headers = [("x-simulate", "true"), ("content-type", "application/json")];
        let body = json!({"name": "freeze", "kind": "deny", "permissions": ["PROJECT.UPDATE"], "scope": world.acme.url});
        let tried = lab.raw(&lab.staff, "POST", "/api/access/guards/create_for_all/", &headers, body.to_string().into_bytes()).await.is(200).body;
        assert!(tried["people"].as_i64().unwrap() >= 3, "{tried}");
        for row in tried["summary"].as_array().unwrap() {
            assert_eq!((&row["gained"], &row["lost"]), (&json!([]), &json!(["PROJECT.UPDATE"])), "{tried}");
        }
        assert_eq!(lab.count(&lab.staff, "/api/access/guards/").await, 0);
        assert!(may_update(&lab, world.person("owner"), &world.apollo).await);
        // Under conditions nobody loses it, but it is said that there are some now.
        let mut under = body.clone();
        under["second_factor"] = json!(true);
        let tried = lab.raw(&lab.staff, "POST", "/api/access/guards/create_for_all/", &headers, under.to_string().into_bytes()).await.is(200).body;
        assert_eq!(tried["summary"][0]["conditional"], json!(["PROJECT.UPDATE"]));
        assert_eq!(tried["summary"][0]["lost"], json!([]));
    }

    async fn what_a_guard_can_not_be_is_named(lab: Lab) {
        let post = |body: Value| async { lab.post(&lab.staff, "/api/access/guards/create_for_all/", body).await };
        post(json!({"kind": "deny", "permissions": ["PROJECT.UPDATE"]})).await.is_invalid("name");
        for (field, body) in [
            ("permissions", json!({})),
            ("permissions", json!({"permissions": ["NO.SUCH"]})),
            ("permissions", json!({"permissions": [7]})),
            ("networks", json!({"permissions": ["*"], "networks": vec!["10.0.0.0/8"; 201]})),
            ("kind", json!({"kind": "allow"})),
            ("roles", json!({"permissions": ["*"], "roles": ["NO.ROLE"]})),
            ("users", json!({"permissions": ["*"], "users": ["/api/users/00000000000000000000000000000000/"]})),
            ("networks", json!({"permissions": ["*"], "networks": ["10.0.0.0/77"]})),
            ("hours", json!({"permissions": ["*"], "hours": ["always"]})),
            ("time_zone", json!({"permissions": ["*"], "time_zone": "Mars/Olympus"})),
            ("ends", json!({"permissions": ["*"], "starts": "2030-01-02T00:00:00Z", "ends": "2030-01-01T00:00:00Z"})),
            ("roles", json!({"kind": "apart", "roles": ["PROJECT.ADMIN"]})),
            ("kind", json!({"kind": "apart", "roles": ["PROJECT.ADMIN", "PROJECT.MANAGER"], "own": true})),
        ] {
            post(named(body)).await.is_invalid(field);
        }
        assert_eq!(lab.count(&lab.staff, "/api/access/guards/").await, 0);
    }
}
