//! Roles of an organization's own, where roles can be given, and where they are hidden: who makes, changes, sees and gives them, and
//! that no way leads over the ceiling (mission R3, R5).

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::{
    invitations::{accept, invite, mail_of, role},
    personal_tokens::mint,
};
use proptest::{
    prelude::Rng,
    test_runner::{RngAlgorithm, TestRng},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use stoa_kernel::Time;
use stoa_tenancy::access::what::names;
use stoa_testing::{Lab, Person, Reply, Thing, World, both, thing};

const OWN: &str = "/api/access/roles/";
const HIDDEN: &str = "/api/customer-role-concealments/";
const AVAILABLE: &str = "/api/role-availabilities/";

async fn make(lab: &Lab, by: &Person, on: &Thing, name: &str, scope: &str, permissions: &[&str]) -> Reply {
    let body = json!({"customer": on.url, "name": name, "content_type": scope, "permissions": permissions});
    lab.post(by, OWN, body).await
}

fn address(role: &str) -> String {
    format!("/api/roles/{role}/")
}

async fn clone(lab: &Lab, name: &str, to: &Thing, more: Value) -> Reply {
    let mut body = json!({"customer": to.uuid});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("{}clone_to_customer/", address(&role(lab, name).await));
    lab.post(&lab.staff, &path, body).await
}

async fn conceal(lab: &Lab, name: &str, on: &Thing) -> Reply {
    let body = json!({"role": role(lab, name).await, "customer": on.uuid});
    lab.post(&lab.staff, HIDDEN, body).await
}

async fn limit(lab: &Lab, role: &str, kind: &str, to: &Thing) -> Reply {
    lab.post(&lab.staff, AVAILABLE, json!({"role": role, "scope_type": kind, "scope_uuid": to.uuid})).await
}

async fn give(lab: &Lab, by: &Person, on: &Thing, role: &str, to: &Person) -> Reply {
    lab.post(by, &format!("{}add_user/", on.url), json!({"role": role, "user": to.uuid})).await
}

#[track_caller]
fn says(reply: Reply, text: &str) {
    let reply = reply.is(400);
    assert!(reply.body.to_string().contains(text), "{}", reply.body);
}

const UNAVAILABLE: &str = "Role is not available for this scope.";
const CONCEALED: &str = "Role is concealed for this organization.";

async fn roles_on(lab: &Lab, on: &Thing) -> Vec<String> {
    let mut rows: Vec<String> = lab
        .all(&lab.staff, &format!("{}list_users/", on.url))
        .await
        .iter()
        .map(|row| format!("{} {}", row["user_username"].as_str().unwrap(), row["role_name"].as_str().unwrap()))
        .collect();
    rows.sort();
    rows
}

/// What everybody can do in an organization and its projects, by person.
async fn powers(lab: &Lab, people: &[&Person]) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut all = BTreeMap::new();
    for person in people {
        let actor = lab.actor(person).await;
        let counting = actor.grants.iter().filter(|held| held.counts());
        all.insert(person.name.clone(), counting.flat_map(|held| names(&actor.carried(held))).collect());
    }
    all
}

/// What the roles carry, guards or not, that people were given from an instant on and that count.
async fn given_since(lab: &Lab, people: &[Person], since: Time) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    for person in people {
        let actor = lab.actor(person).await;
        let counting = actor.grants.iter().filter(|held| held.counts() && held.since >= since);
        all.extend(counting.flat_map(|held| names(&held.role.permissions)));
    }
    all
}

/// Numbers that are the same in every run.
struct Dice(TestRng);

impl Dice {
    fn new(seed: u8) -> Dice {
        Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
    }

    fn below(&mut self, most: usize) -> usize {
        self.0.next_u32() as usize % most
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

both! {
    async fn an_owner_makes_a_role_under_his_ceiling_and_not_over_it(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let made = make(&lab, owner, &world.acme, "Lab assistant", "project", &["PROJECT.LIST", "ORDER.LIST"]).await.is(201);
        assert_eq!(made.text("name"), "PROJECT.acme.Lab assistant");
        assert_eq!((made.text("customer_uuid"), made.text("customer_name")), (world.acme.uuid.clone(), "Acme".into()));
        assert_eq!((&made.body["is_system_role"], &made.body["template_uuid"]), (&json!(false), &Value::Null));
        // It is given like any other, in the projects of the organization.
        let guest = lab.user("guest").await;
        give(&lab, owner, &world.zeus, &made.text("name"), &guest).await.is(201);
        assert!(lab.get(&guest, &world.zeus.url).await.status == 200);
        // No owner holds the right to make calls or to change what staff change.
        let over = make(&lab, owner, &world.acme, "Caller", "customer", &["PROJECT.LIST", "CALL.CREATE", "CUSTOMER.UPDATE"]).await;
        let reason = over.is_forbidden().body["reasons"][0].clone();
        assert_eq!((&reason["reason"], &reason["beyond"]), (&json!("ceiling"), &json!(["CALL.CREATE", "CUSTOMER.UPDATE"])));
        // Only kinds of its own, names that say something, permissions that exist.
        make(&lab, owner, &world.acme, "X", "offering", &[]).await.is_invalid("content_type");
        make(&lab, owner, &world.acme, " ", "project", &[]).await.is_invalid("name");
        make(&lab, owner, &world.acme, &"x".repeat(81), "project", &[]).await.is_invalid("name");
        make(&lab, owner, &world.acme, "X", "project", &["PROJECT.EAT"]).await.is_invalid("permissions");
        make(&lab, owner, &world.acme, "Lab assistant", "project", &[]).await.is_invalid("name");
        // The same name for the other kind is another name, and staff make roles for an organization without a ceiling.
        make(&lab, owner, &world.acme, "Lab assistant", "customer", &[]).await.is(201);
        make(&lab, &lab.staff, &world.acme, "Caller", "customer", &["CALL.CREATE"]).await.is(201);
        let about = lab.all(owner, &format!("/api/events/?scope={}&event_type=role_definition_created", world.acme.url)).await;
        assert_eq!(about.len(), 3, "its owners read of it");
    }

    async fn who_can_not_bring_people_into_the_organization_makes_no_role_for_it(lab: Lab) {
        let world = World::build(&lab).await;
        for who in ["customer support", "project manager", "project admin", "project member"] {
            make(&lab, world.person(who), &world.acme, "X", "project", &[]).await.is_forbidden();
        }
        make(&lab, world.person("support agent"), &world.acme, "X", "project", &[]).await.is_forbidden();
        for who in ["neighbour's owner", "user without roles"] {
            make(&lab, world.person(who), &world.acme, "X", "project", &[]).await.is_invalid("customer");
        }
        make(&lab, &lab.nobody(), &world.acme, "X", "project", &[]).await.is(401);
        // Nor do they change one.
        let made = make(&lab, world.person("owner"), &world.acme, "X", "project", &["ORDER.LIST"]).await.is(201);
        let path = address(&made.text("uuid"));
        for who in ["customer support", "project manager"] {
            let person = world.person(who);
            lab.get(person, &path).await.is(200);
            lab.patch(person, &path, json!({"description": "Mine"})).await.is_forbidden();
            lab.post(person, &format!("{path}disable/"), json!({})).await.is_forbidden();
            lab.delete(person, &path).await.is_forbidden();
        }
        // Roles of the installation stay with staff.
        let shipped = address(&role(&lab, "PROJECT.ADMIN").await);
        let owner = world.person("owner");
        lab.patch(owner, &shipped, json!({"description": "Mine"})).await.is_forbidden();
        lab.post(owner, &format!("{shipped}disable/"), json!({})).await.is_forbidden();
        lab.delete(owner, &shipped).await.is_forbidden();
        let body = json!({"name": "MINE", "content_type": "project", "permissions": []});
        lab.post(owner, "/api/roles/", body).await.is_forbidden();
    }

    async fn an_edit_adds_nothing_beyond_the_editors_ceiling_and_keeps_what_others_put_there(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let made = make(&lab, owner, &world.acme, "Helper", "customer", &["PROJECT.LIST"]).await.is(201);
        let path = address(&made.text("uuid"));
        let whole = |permissions: Value| json!({"name": "Helper", "content_type": "customer", "permissions": permissions});
        lab.put(owner, &path, whole(json!(["PROJECT.LIST", "ORDER.LIST"]))).await.is(200);
        lab.put(owner, &path, whole(json!(["PROJECT.LIST", "CALL.CREATE"]))).await.is_forbidden();
        // Staff put something there that the owner does not hold: he keeps it, and can't put it back once it is gone.
        lab.put(&lab.staff, &path, whole(json!(["PROJECT.LIST", "CALL.CREATE"]))).await.is(200);
        lab.put(owner, &path, whole(json!(["PROJECT.LIST", "CALL.CREATE", "ORDER.LIST"]))).await.is(200);
        lab.patch(owner, &path, json!({"description": "Helping hand"})).await.is(200);
        // He can't give it, either.
        let guest = lab.user("guest").await;
        give(&lab, owner, &world.acme, &made.text("name"), &guest).await.is_forbidden();
        give(&lab, &lab.staff, &world.acme, &made.text("name"), &guest).await.is(201);
        // What is switched off counts for nobody: to switch it on is to add it all.
        lab.post(owner, &format!("{path}disable/"), json!({})).await.is(200);
        lab.post(owner, &format!("{path}enable/"), json!({})).await.is_forbidden();
        lab.patch(owner, &path, json!({"is_active": true})).await.is_forbidden();
        lab.patch(owner, &path, json!({"is_active": true, "permissions": ["ORDER.LIST"]})).await.is(200);
        lab.put(owner, &path, whole(json!(["CALL.CREATE"]))).await.is_forbidden();
        // Held, it stays a role of organizations, and stays.
        lab.patch(owner, &path, json!({"content_type": "project"})).await.is_invalid("content_type");
        lab.delete(owner, &path).await.is(400);
        lab.post(owner, &format!("{}delete_user/", world.acme.url), json!({"role": made.text("name"), "user": guest.uuid})).await.is(200);
        let moved = lab.patch(owner, &path, json!({"content_type": "project"})).await.is(200);
        assert_eq!(moved.text("name"), "PROJECT.acme.Helper");
        lab.patch(owner, &path, json!({"content_type": "offering"})).await.is_invalid("content_type");
        let renamed = lab.patch(owner, &path, json!({"name": "Hand"})).await.is(200);
        assert_eq!(renamed.text("name"), "PROJECT.acme.Hand");
        assert_eq!(lab.patch(owner, &path, json!({"name": "PROJECT.acme.Hand"})).await.is(200).text("name"), "PROJECT.acme.Hand");
        // Every change is a revision.
        let actor = lab.actor(&lab.staff).await;
        let stories = stoa_tenancy::role::store::stories(&mut lab.core.store.reader(), &actor).await.unwrap();
        let story = stories.iter().find(|story| story.name == "PROJECT.acme.Hand").unwrap();
        assert_eq!(story.versions.len(), 9);
        lab.delete(owner, &path).await.is(204);
        lab.get(owner, &path).await.is_not_found();
    }

    async fn a_token_makes_and_changes_roles_within_what_it_carries(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let token = mint(&lab, owner, &["CUSTOMER.CREATE_PERMISSION", "PROJECT.LIST"], &[("customer", &world.acme.uuid)]).await;
        let made = make(&lab, &token, &world.acme, "X", "project", &["PROJECT.LIST"]).await.is(201);
        make(&lab, &token, &world.acme, "Y", "project", &["ORDER.LIST"]).await.is_forbidden();
        let path = address(&made.text("uuid"));
        lab.patch(&token, &path, json!({"permissions": ["PROJECT.LIST", "ORDER.LIST"]})).await.is_forbidden();
        // With what its user put there it does what keeps it.
        lab.patch(owner, &path, json!({"permissions": ["PROJECT.LIST", "ORDER.LIST"]})).await.is(200);
        lab.patch(&token, &path, json!({"description": "X"})).await.is(200);
        lab.post(&token, &format!("{path}disable/"), json!({})).await.is(200);
        lab.post(&token, &format!("{path}enable/"), json!({})).await.is_forbidden();
        // One that is bound elsewhere knows nothing of them.
        lab.grant(&world.other, "CUSTOMER.OWNER", owner).await;
        let elsewhere = mint(&lab, owner, &["CUSTOMER.CREATE_PERMISSION", "PROJECT.LIST"], &[("customer", &world.other.uuid)]).await;
        lab.get(&elsewhere, &path).await.is_not_found();
        lab.get(&elsewhere, &address(&role(&lab, "PROJECT.ADMIN").await)).await.is(200);
        let matrix = lab.get(&elsewhere, "/api/access/matrix/").await.is(200).body.to_string();
        assert!(!matrix.contains(&made.text("name")) && matrix.contains("PROJECT.ADMIN"));
        let weak = mint(&lab, owner, &["PROJECT.LIST"], &[]).await;
        make(&lab, &weak, &world.acme, "Z", "project", &[]).await.is_forbidden();
        lab.post(&weak, &format!("{path}disable/"), json!({})).await.is_forbidden();
    }

    async fn a_neighbour_neither_sees_nor_changes_nor_gives_it(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, neighbour) = (world.person("owner"), world.person("neighbour's owner"));
        let made = make(&lab, owner, &world.acme, "Secret", "project", &["PROJECT.LIST"]).await.is(201);
        let (uuid, name) = (made.text("uuid"), made.text("name"));
        let path = address(&uuid);
        let guest = lab.user("guest").await;
        for person in [neighbour, world.person("user without roles"), &lab.nobody()] {
            lab.get(person, &path).await.is_not_found();
            assert!(!lab.all(person, "/api/roles/").await.iter().any(|row| row["name"] == name.as_str()));
            assert_eq!(lab.count(person, &format!("/api/roles/?available_for_customer={}", world.acme.uuid)).await, 0);
        }
        for who in ["owner", "project member", "customer support", "support agent", "staff"] {
            lab.get(world.person(who), &path).await.is(200);
        }
        lab.patch(neighbour, &path, json!({"description": "x"})).await.is_not_found();
        lab.delete(neighbour, &path).await.is_not_found();
        lab.post(neighbour, &format!("{path}enable/"), json!({})).await.is_not_found();
        // To name it is to name nothing: by name, by identifier, in an invitation, in a campaign.
        let unknown = give(&lab, neighbour, &world.hermes, "PROJECT.acme.Nothing", &guest).await.is(400).body;
        for named in [&name, &uuid] {
            assert_eq!(give(&lab, neighbour, &world.hermes, named, &guest).await.is(400).body, unknown);
        }
        let body = json!({"scope": world.hermes.url, "role": uuid, "email": "a@example.org"});
        lab.post(neighbour, "/api/user-invitations/", body.clone()).await.is_invalid("role");
        lab.post(neighbour, "/api/user-group-invitations/", body).await.is_invalid("role");
        let due = lab.core.now().plus_seconds(30 * 86_400).to_string();
        let body = json!({"name": "R", "scope": world.other.url, "due": due, "roles": [name]});
        lab.post(neighbour, "/api/access/campaigns/", body).await.is_invalid("roles");
        // Nor do the matrix and an explanation tell.
        let matrix = |reply: Reply| reply.is(200).body.to_string().contains(&name);
        assert!(matrix(lab.get(owner, "/api/access/matrix/").await) && !matrix(lab.get(neighbour, "/api/access/matrix/").await));
        assert!(!matrix(lab.get(neighbour, "/api/access/matrix/csv/").await));
        // Staff see it and can't give it there, as nobody can.
        says(give(&lab, &lab.staff, &world.hermes, &name, &guest).await, UNAVAILABLE);
        // His own of the same name is his own, and what is taken tells nothing.
        let his = make(&lab, neighbour, &world.other, "Secret", "project", &["PROJECT.LIST"]).await.is(201);
        assert_eq!(his.text("name"), "PROJECT.other.Secret");
        // Two organizations of one short name don't learn of each other.
        lab.patch(&lab.staff, &world.other.url, json!({"slug": "acme"})).await.is(200);
        let now = lab.get(neighbour, &address(&his.text("uuid"))).await.is(200).text("name");
        assert_eq!(now, "PROJECT.acme.Secret-2");
    }

    /// A few hundred allowed and refused steps of owners, managers and whoever they brought in, none of whom ever can do what the
    /// owner could not at the start. On the way the installation and then the owner himself put all of them under guards: from then on
    /// nobody is given what they deny either.
    async fn no_sequence_of_steps_climbs_over_the_owner(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner").clone();
        let mut people = vec![owner.clone(), world.person("project manager").clone(), world.person("project admin").clone()];
        for name in ["ann", "bob", "cid"] {
            people.push(lab.user(name).await);
        }
        // A role beyond the owner that is held nowhere, and one that nobody but staff may widen.
        let strong = make(&lab, &lab.staff, &world.acme, "Strong", "customer", &["CALL.CREATE", "CUSTOMER.CREATE_PERMISSION"]).await.is(201);
        let switched = clone(&lab, "CUSTOMER.OWNER", &world.acme, json!({"conceal_template": false})).await.is(200);
        lab.patch(&lab.staff, &address(&switched.text("uuid")), json!({"permissions": ["CALL.CREATE", "CUSTOMER.UPDATE"], "is_active": false})).await.is(200);
        let mut top: BTreeSet<&str> = powers(&lab, &[&owner]).await.remove(&owner.name).unwrap();
        let pool = ["CUSTOMER.CREATE_PERMISSION", "PROJECT.CREATE_PERMISSION", "PROJECT.LIST", "PROJECT.UPDATE", "ORDER.APPROVE",
            "OFFERING.UPDATE", "CALL.CREATE", "CUSTOMER.UPDATE", "CUSTOMER.DELETE_PERMISSION", "ORDER.CREATE", "STAFF.ACCESS"];
        let mut roles = vec![("customer", strong.text("uuid")), ("customer", switched.text("uuid"))];
        roles.push(("customer", role(&lab, "CUSTOMER.OWNER").await));
        roles.push(("project", role(&lab, "PROJECT.MANAGER").await));
        let shipped = roles.len();
        let projects = [world.apollo.clone(), world.zeus.clone()];
        let mut dice = Dice::new(7);
        let (mut done, mut refused, mut guarded) = (BTreeMap::<&str, usize>::new(), 0, None);
        for step in 0..400 {
            if step == 150 {
                let guard = json!({"name": "No updates", "kind": "deny", "permissions": ["OFFERING.UPDATE", "ORDER.APPROVE"], "scope": world.acme.url});
                lab.post(&lab.staff, "/api/access/guards/create_for_all/", guard).await.is(201);
                top.retain(|name| !["OFFERING.UPDATE", "ORDER.APPROVE"].contains(name));
            }
            if step == 250 {
                let guard = json!({"name": "Roof", "kind": "ceiling", "permissions": ["PROJECT.*", "CUSTOMER.*"], "customer": world.acme.url});
                lab.post(&owner, "/api/access/guards/", guard).await.is(201);
                top.retain(|name| name.starts_with("PROJECT.") || name.starts_with("CUSTOMER."));
            }
            if step == 150 || step == 250 {
                guarded = Some(lab.core.now());
            }
            // The owner and his manager do most of it, and whoever they brought in the rest.
            let by = if dice.below(2) == 0 { people[dice.below(2)].clone() } else { dice.one(&people).clone() };
            let set: Vec<&str> = (0..dice.below(4)).map(|_| *dice.one(&pool)).collect();
            let kind = *dice.one(&["customer", "project"]);
            let (scope, of) = dice.one(&roles).clone();
            let on = if scope == "customer" { world.acme.clone() } else { dice.one(&projects).clone() };
            let whom = dice.one(&people).clone();
            let (what, reply) = match dice.below(11) {
                10 => {
                    let body = json!({"scope": on.url, "role": of, "user": whom.uuid});
                    let made = lab.post(&by, "/api/access/eligibilities/", body).await;
                    match made.status {
                        201 => {
                            let body = json!({"hours": 1, "reason": "There is something to do."});
                            ("lend", lab.post(&whom, &format!("{}activate/", made.text("url")), body).await)
                        }
                        _ => ("lend", made),
                    }
                }
                0 | 1 => ("make", make(&lab, &by, &world.acme, &format!("R{step}"), kind, &set).await),
                2 | 3 => {
                    let body = json!({"permissions": set, "is_active": dice.below(4) > 0});
                    ("edit", lab.patch(&by, &address(&of), body).await)
                }
                4 => {
                    let path = format!("{}{}/", address(&of), dice.one(&["enable", "disable"]));
                    ("switch", lab.post(&by, &path, json!({})).await)
                }
                5 => {
                    let body = json!({"role": of, "user": whom.uuid});
                    ("revoke", lab.post(&by, &format!("{}delete_user/", on.url), body).await)
                }
                6 | 7 => {
                    let body = json!({"scope": on.url, "role": of, "email": mail_of(&whom)});
                    let made = lab.post(&by, "/api/user-invitations/", body).await;
                    match made.status {
                        201 => ("invite", accept(&lab, &whom, &made.text("uuid")).await),
                        _ => ("invite", made),
                    }
                }
                _ => ("give", give(&lab, &by, &on, &of, &whom).await),
            };
            assert!(reply.status < 500, "{} {}", reply.asked, reply.body);
            match reply.status {
                200..300 => *done.entry(what).or_default() += 1,
                _ => refused += 1,
            }
            if what == "make" && reply.status == 201 {
                roles.push((kind, reply.text("uuid")));
            }
            // The owner stays one, so that the world goes on.
            if step % 10 == 9 {
                let _ = give(&lab, &lab.staff, &world.acme, "CUSTOMER.OWNER", &owner).await;
            }
            for (name, able) in powers(&lab, &people.iter().collect::<Vec<_>>()).await {
                let over: Vec<_> = able.difference(&top).collect();
                assert!(over.is_empty(), "step {step}, {what} by {}: {name} can {over:?}", by.name);
            }
            if let Some(since) = guarded {
                // Staff, who are not under these guards, made him an owner again.
                let others: Vec<Person> = people.iter().filter(|person| person.name != owner.name).cloned().collect();
                let over: Vec<_> = given_since(&lab, &others, since).await.difference(&top).copied().collect();
                assert!(over.is_empty(), "step {step}, {what} by {}: somebody was given {over:?}", by.name);
            }
        }
        assert!(roles.len() > shipped + 5 && refused > 20, "{done:?} {refused}");
        for what in ["make", "edit", "switch", "give", "invite", "lend"] {
            assert!(done.get(what).is_some_and(|count| *count > 1), "{what}: {done:?}");
        }
        println!("steps that were done: {done:?}, refused: {refused}, roles: {}", roles.len());
    }

    async fn a_concealed_role_is_given_by_no_way_and_stays_with_who_has_it(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, guest, other) = (world.person("owner"), lab.user("guest").await, lab.user("other").await);
        let ends = lab.core.now().plus_seconds(9 * 86_400).to_string();
        let later = lab.core.now().plus_seconds(20 * 86_400).to_string();
        // What was under way when it was hidden.
        let invited = thing(invite(&lab, owner, &world.apollo, "PROJECT.ADMIN", &mail_of(&guest)).await.is(201));
        let admin = role(&lab, "PROJECT.ADMIN").await;
        let body = json!({"scope": world.apollo.url, "role": admin});
        let group = thing(lab.post(owner, "/api/user-group-invitations/", body.clone()).await.is(201));
        lab.post(&guest, &format!("{}submit_request/", group.url), json!({})).await.is(200);
        let request = lab.get(owner, "/api/user-permission-requests/").await.is(200).rows()[0]["url"].as_str().unwrap().to_owned();
        let body_until = json!({"role": "PROJECT.ADMIN", "user": other.uuid, "expiration_time": ends});
        lab.post(owner, &format!("{}add_user/", world.apollo.url), body_until).await.is(201);
        give(&lab, owner, &world.zeus, "PROJECT.ADMIN", &other).await.is(201);
        let grants = lab.get(&lab.staff, &format!("/api/user-permissions/?user={}", other.uuid)).await.is(200);
        let of_zeus = grants.rows().iter().find(|row| row["scope_name"] == "Zeus").unwrap()["uuid"].as_str().unwrap().to_owned();
        lab.post(owner, &format!("/api/user-permissions/{of_zeus}/revoke/"), json!({})).await.is(200);
        let brief = lab.project(&world.acme, "Brief").await;
        give(&lab, owner, &brief, "PROJECT.ADMIN", &other).await.is(201);
        lab.delete(&lab.staff, &brief.url).await.is(204);
        let rule = json!({"name": "Students", "user_email_patterns": [".*@uni\\.example$"], "customer": world.acme.url, "project_role": admin});
        let rule = thing(lab.post(&lab.staff, "/api/autoprovisioning-rules/", rule).await.is(201));

        let made = conceal(&lab, "PROJECT.ADMIN", &world.acme).await.is(201);
        for (key, value) in [("role", &admin), ("role_name", &"PROJECT.ADMIN".to_owned()), ("customer_uuid", &world.acme.uuid), ("customer_name", &"Acme".to_owned())] {
            assert_eq!(&made.text(key), value);
        }
        conceal(&lab, "PROJECT.ADMIN", &world.acme).await.is_invalid("non_field_errors");
        for by in [owner, &lab.staff] {
            says(give(&lab, by, &world.apollo, "PROJECT.ADMIN", &guest).await, CONCEALED);
            says(give(&lab, by, &world.zeus, "PROJECT.ADMIN", &guest).await, CONCEALED);
            says(invite(&lab, by, &world.apollo, "PROJECT.ADMIN", "new@example.org").await, CONCEALED);
            says(lab.post(by, "/api/user-group-invitations/", body.clone()).await, CONCEALED);
            says(lab.post(by, &format!("{request}approve/"), json!({})).await, CONCEALED);
            says(lab.post(by, &format!("/api/user-permissions/{of_zeus}/restore/"), json!({})).await, CONCEALED);
            // A longer grant by add_user is a new one; who has the role keeps it, and its end can still be moved.
            let longer = json!({"role": "PROJECT.ADMIN", "user": other.uuid, "expiration_time": later});
            says(lab.post(by, &format!("{}add_user/", world.apollo.url), longer.clone()).await, CONCEALED);
        }
        says(accept(&lab, &guest, &invited.uuid).await, CONCEALED);
        let student = json!({"username": "stu", "email": "stu@uni.example", "first_name": "Stu", "last_name": "Dent"});
        let student = lab.post(&lab.staff, "/api/users/", student).await.is(201).text("uuid");
        let tested = lab.post(&lab.staff, &format!("{}test-match/", rule.url), json!({"user_uuid": student})).await.is(200);
        assert!(tested.body.to_string().contains("concealed"), "{}", tested.body);
        let auto = json!({"scope": world.acme.url, "role": admin, "auto_create_project": true, "project_role": admin});
        assert!(lab.post(owner, "/api/user-group-invitations/", auto).await.status == 400);
        assert!(roles_on(&lab, &world.apollo).await.contains(&format!("{} PROJECT.ADMIN", other.name)));
        let longer = json!({"role": "PROJECT.ADMIN", "user": other.uuid, "expiration_time": later});
        lab.post(owner, &format!("{}update_user/", world.apollo.url), longer).await.is(200);
        // A project that comes back does not bring it along.
        let recover = format!("{}recover/", brief.url);
        lab.post(&lab.staff, &recover, json!({"restore_team_members": true})).await.is(200);
        assert!(roles_on(&lab, &brief).await.is_empty());
        // Elsewhere nothing changed, and nothing of it is seen by others.
        give(&lab, world.person("neighbour's owner"), &world.hermes, "PROJECT.ADMIN", &guest).await.is(201);
        for person in [owner, world.person("user without roles")] {
            assert_eq!(lab.count(person, HIDDEN).await, 0);
            lab.get(person, &format!("{HIDDEN}{}/", made.text("uuid"))).await.is_not_found();
            lab.delete(person, &format!("{HIDDEN}{}/", made.text("uuid"))).await.is_not_found();
            lab.post(person, HIDDEN, json!({"role": admin, "customer": world.acme.uuid})).await.is_forbidden();
        }
        let filter = |more: &str| format!("/api/roles/?available_for_customer={}{more}&page_size=100", world.acme.uuid);
        let listed = |reply: Reply| reply.is(200).column("name").contains(&"PROJECT.ADMIN".to_owned());
        assert!(!listed(lab.get(owner, &filter("")).await) && listed(lab.get(owner, &filter("&include_concealed=true")).await));
        lab.get(owner, "/api/roles/?available_for_customer=x").await.is_invalid("available_for_customer");
        // Shown again, it can be given.
        lab.delete(&lab.staff, &format!("{HIDDEN}{}/", made.text("uuid"))).await.is(204);
        assert!(listed(lab.get(owner, &filter("")).await));
        give(&lab, owner, &world.apollo, "PROJECT.ADMIN", &guest).await.is(201);
        for kind in ["role_concealed", "role_revealed"] {
            let told = lab.all(owner, &format!("/api/events/?scope={}&event_type={kind}", world.acme.url)).await;
            assert_eq!(told.len(), 1, "{kind}");
            // Everybody reads the feed of the role itself: which organizations there are it does not tell.
            let feed = format!("/api/events/?scope=http://stoa.test{}", address(&admin));
            let public = lab.all(world.person("user without roles"), &feed).await;
            assert!(!json!(public).to_string().contains("Acme"), "{public:?}");
        }
    }

    async fn the_last_role_that_can_give_roles_is_not_concealed(lab: Lab) {
        let world = World::build(&lab).await;
        let last = "Cannot conceal the last role that can grant access for this organization.";
        says(conceal(&lab, "CUSTOMER.OWNER", &world.acme).await, last);
        says(conceal(&lab, "PROJECT.MANAGER", &world.acme).await, last);
        // Another one of its kind that carries the right is enough, if it is active and can be given in the whole organization.
        let made = make(&lab, world.person("owner"), &world.acme, "Lead", "project", &["PROJECT.CREATE_PERMISSION"]).await.is(201);
        lab.post(&lab.staff, &format!("{}disable/", address(&made.text("uuid"))), json!({})).await.is(200);
        says(conceal(&lab, "PROJECT.MANAGER", &world.acme).await, last);
        lab.post(&lab.staff, &format!("{}enable/", address(&made.text("uuid"))), json!({})).await.is(200);
        conceal(&lab, "PROJECT.MANAGER", &world.acme).await.is(201);
        says(conceal(&lab, "PROJECT.acme.Lead", &world.acme).await, last);
        says(conceal(&lab, "PROJECT.MANAGER", &world.other).await, last);
        conceal(&lab, "PROJECT.ADMIN", &world.other).await.is(201);
        // Wrong input names its field.
        let body = |role: &str, customer: &str| json!({"role": role, "customer": customer});
        let admin = role(&lab, "PROJECT.ADMIN").await;
        lab.post(&lab.staff, HIDDEN, body(&world.acme.uuid, &world.acme.uuid)).await.is_invalid("role");
        lab.post(&lab.staff, HIDDEN, body(&admin, &admin)).await.is_invalid("customer");
        lab.post(&lab.staff, HIDDEN, json!({})).await.is_invalid("customer");
    }

    async fn a_copy_is_for_one_organization_once_and_takes_the_place_of_its_template(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, guest) = (world.person("owner"), lab.user("guest").await);
        let made = clone(&lab, "PROJECT.ADMIN", &world.acme, json!({})).await.is(200);
        assert_eq!((made.text("name"), made.text("template_name")), ("PROJECT.acme.ADMIN".into(), "PROJECT.ADMIN".into()));
        assert_eq!((made.text("customer_uuid"), made.text("template_uuid")), (world.acme.uuid.clone(), role(&lab, "PROJECT.ADMIN").await));
        let template = lab.get(&lab.staff, &address(&role(&lab, "PROJECT.ADMIN").await)).await.is(200).body;
        for key in ["permissions", "content_type", "description", "is_active"] {
            assert_eq!(made.body[key], template[key], "{key}");
        }
        assert_eq!(made.body["is_system_role"], false);
        says(give(&lab, owner, &world.apollo, "PROJECT.ADMIN", &guest).await, CONCEALED);
        give(&lab, owner, &world.apollo, "PROJECT.acme.ADMIN", &guest).await.is(201);
        says(give(&lab, &lab.staff, &world.hermes, "PROJECT.acme.ADMIN", &guest).await, UNAVAILABLE);
        // Once, not of a copy, and not of every kind.
        says(clone(&lab, "PROJECT.ADMIN", &world.acme, json!({})).await, "already been copied");
        says(clone(&lab, "PROJECT.acme.ADMIN", &world.other, json!({})).await, "own role can't be copied");
        says(clone(&lab, "OFFERING.MANAGER", &world.acme, json!({})).await, "Only roles of organizations and projects");
        let path = format!("{}clone_to_customer/", address(&role(&lab, "PROJECT.ADMIN").await));
        lab.post(&lab.staff, &path, json!({"customer": "0123456789abcdef0123456789abcdef"})).await.is_invalid("customer");
        lab.post(owner, &path, json!({"customer": world.acme.uuid})).await.is_forbidden();
        // Without hiding, and with a text of its own; a name that is taken gets a number.
        make(&lab, owner, &world.acme, "MEMBER", "project", &[]).await.is(201);
        let more = json!({"conceal_template": false, "description": "Student"});
        let member = clone(&lab, "PROJECT.MEMBER", &world.acme, more).await.is(200);
        assert_eq!((member.text("name"), member.text("description")), ("PROJECT.acme.MEMBER-2".into(), "Student".into()));
        give(&lab, owner, &world.apollo, "PROJECT.MEMBER", &guest).await.is(201);
        // Staff look after it: owners see it, and neither they nor staff call it otherwise.
        let path = address(&made.text("uuid"));
        lab.get(owner, &path).await.is(200);
        lab.patch(owner, &path, json!({"permissions": []})).await.is_forbidden();
        lab.patch(&lab.staff, &path, json!({"name": "X"})).await.is_invalid("name");
        lab.patch(&lab.staff, &path, json!({"permissions": ["PROJECT.LIST"]})).await.is(200);
        lab.patch(&lab.staff, &path, json!({"content_type": "customer"})).await.is_invalid("content_type");
        // Its name follows the organization's.
        lab.patch(&lab.staff, &world.acme.url, json!({"slug": "acme-inc"})).await.is(200);
        let names: BTreeSet<String> = lab.get(owner, &format!("/api/roles/?available_for_customer={}&page_size=100", world.acme.uuid)).await
            .is(200).column("name").into_iter().filter(|name| name.contains("acme")).collect();
        let expected = ["PROJECT.acme-inc.ADMIN", "PROJECT.acme-inc.MEMBER", "PROJECT.acme-inc.MEMBER-2"];
        assert_eq!(names, expected.map(str::to_owned).into());
        // Removed, it makes room for another one.
        lab.post(owner, &format!("{}delete_user/", world.apollo.url), json!({"role": made.text("uuid"), "user": guest.uuid})).await.is(200);
        lab.delete(&lab.staff, &path).await.is(204);
        clone(&lab, "PROJECT.ADMIN", &world.acme, json!({})).await.is(200);
    }

    async fn a_role_is_given_where_it_is_available_and_losing_a_place_ends_what_it_alone_allowed(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, guest) = (world.person("owner"), lab.user("guest").await);
        let made = make(&lab, owner, &world.acme, "Helper", "project", &["PROJECT.LIST"]).await.is(201);
        let (uuid, name) = (made.text("uuid"), made.text("name"));
        let rows = lab.all(&lab.staff, &format!("{AVAILABLE}?role_uuid={uuid}")).await;
        assert_eq!(rows.len(), 1);
        for (key, value) in [("role_name", name.as_str()), ("role_content_type", "project"), ("scope_type", "customer"), ("scope_uuid", &world.acme.uuid), ("scope_name", "Acme")] {
            assert_eq!(rows[0][key], value, "{key}");
        }
        for (on, to) in [(&world.apollo, &guest), (&world.zeus, &guest), (&world.apollo, owner)] {
            give(&lab, &lab.staff, on, &name, to).await.is(201);
        }
        let whole = format!("{AVAILABLE}{}/", rows[0]["uuid"].as_str().unwrap());
        says(lab.delete(&lab.staff, &whole).await, "The last place of an organization's own role stays.");
        // It stays in its organization; a place is named once.
        limit(&lab, &uuid, "customer", &world.other).await.is_invalid("scope_uuid");
        limit(&lab, &uuid, "project", &world.hermes).await.is_invalid("scope_uuid");
        limit(&lab, &uuid, "customer", &world.acme).await.is_invalid("non_field_errors");
        limit(&lab, &role(&lab, "CUSTOMER.READER").await, "project", &world.apollo).await.is_invalid("scope_type");
        limit(&lab, &uuid, "project", &world.apollo).await.is(201);
        // Simulated first: one person would lose it in one project.
        let would = lab.raw(&lab.staff, "DELETE", &whole, &[("x-simulate", "true")], vec![]).await.is(200);
        assert_eq!((&would.body["people"], &would.body["count"]), (&json!(1), &json!(1)), "{}", would.body);
        assert_eq!(would.body["differences"][0]["scope"]["name"], "Zeus");
        lab.delete(&lab.staff, &whole).await.is(204);
        assert!(!roles_on(&lab, &world.zeus).await.contains(&format!("{} {name}", guest.name)));
        assert!(roles_on(&lab, &world.apollo).await.contains(&format!("{} {name}", guest.name)));
        let told = lab.all(&lab.staff, "/api/events/?event_type=role_revoked").await;
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["context"]["reason"], &told[0]["context"]["scope_name"]), (&json!("Role availability removed"), &json!("Zeus")));
        says(give(&lab, owner, &world.zeus, &name, &guest).await, UNAVAILABLE);
        says(invite(&lab, &lab.staff, &world.zeus, &name, "x@example.org").await, UNAVAILABLE);
        let grants = lab.get(&lab.staff, &format!("/api/user-permissions/?user={}", guest.uuid)).await.is(200);
        assert_eq!(grants.rows().len(), 1);
        // Staff only; for others the list is empty.
        for person in [owner, world.person("user without roles")] {
            assert_eq!(lab.count(person, AVAILABLE).await, 0);
            lab.delete(person, &whole).await.is_not_found();
            lab.post(person, AVAILABLE, json!({})).await.is_forbidden();
        }
        assert_eq!(lab.all(&lab.staff, "/api/events/?event_type=role_availability_created").await.len(), 1);
        assert_eq!(lab.all(&lab.staff, "/api/events/?event_type=role_availability_deleted").await.len(), 1);
    }

    async fn a_role_of_the_installation_is_limited_and_opened_again_by_staff(lab: Lab) {
        let world = World::build(&lab).await;
        let guest = lab.user("guest").await;
        let admin = role(&lab, "PROJECT.ADMIN").await;
        let (apollos, hermes) = (world.person("project admin"), world.person("neighbour's project admin"));
        let to_acme = limit(&lab, &admin, "customer", &world.acme).await.is(201).text("uuid");
        // Who has it elsewhere keeps it; nobody new gets it there.
        assert_eq!(roles_on(&lab, &world.hermes).await, [format!("{} PROJECT.ADMIN", hermes.name)]);
        says(give(&lab, &lab.staff, &world.hermes, "PROJECT.ADMIN", &guest).await, UNAVAILABLE);
        give(&lab, world.person("owner"), &world.apollo, "PROJECT.ADMIN", &guest).await.is(201);
        // With one more place the first can go, and what only it allowed ends with it.
        let to_other = limit(&lab, &admin, "customer", &world.other).await.is(201).text("uuid");
        lab.delete(&lab.staff, &format!("{AVAILABLE}{to_acme}/")).await.is(204);
        assert!(!roles_on(&lab, &world.apollo).await.contains(&format!("{} PROJECT.ADMIN", apollos.name)));
        assert_eq!(roles_on(&lab, &world.hermes).await.len(), 1);
        // Without any place it is for all again, and nobody loses anything.
        lab.delete(&lab.staff, &format!("{AVAILABLE}{to_other}/")).await.is(204);
        assert_eq!(roles_on(&lab, &world.hermes).await.len(), 1);
        give(&lab, world.person("owner"), &world.apollo, "PROJECT.ADMIN", &guest).await.is(201);
    }

    async fn a_project_that_moves_leaves_the_organizations_own_roles_behind(lab: Lab) {
        let world = World::build(&lab).await;
        let guest = lab.user("guest").await;
        let made = make(&lab, world.person("owner"), &world.acme, "Helper", "project", &["PROJECT.LIST"]).await.is(201);
        give(&lab, &lab.staff, &world.zeus, &made.text("name"), &guest).await.is(201);
        give(&lab, &lab.staff, &world.zeus, "PROJECT.ADMIN", &guest).await.is(201);
        let body = json!({"customer": world.other.url, "preserve_permissions": true});
        let moved = lab.post(&lab.staff, &format!("{}move_project/", world.zeus.url), body).await;
        assert_eq!(moved.status, 200, "{}", moved.body);
        let left = roles_on(&lab, &world.zeus).await;
        assert!(left.contains(&format!("{} PROJECT.ADMIN", guest.name)), "{left:?}");
        assert!(!left.iter().any(|one| one.contains("Helper")), "{left:?}");
        // And it is not given there any more, while the neighbour may not even know of it.
        says(give(&lab, &lab.staff, &world.zeus, &made.text("name"), &guest).await, UNAVAILABLE);
        lab.get(world.person("neighbour's owner"), &address(&made.text("uuid"))).await.is_not_found();
    }

    async fn own_roles_go_with_their_organization_and_stay_while_it_is_shut(lab: Lab) {
        let acme = lab.organization("Shut").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let made = make(&lab, &owner, &acme, "Helper", "customer", &["PROJECT.LIST"]).await.is(201);
        let path = address(&made.text("uuid"));
        lab.patch(&lab.staff, &acme.url, json!({"blocked": true})).await.is(200);
        assert_eq!(make(&lab, &owner, &acme, "X", "customer", &[]).await.status, 400);
        lab.patch(&owner, &path, json!({"permissions": []})).await.is(400);
        lab.post(&owner, &format!("{path}disable/"), json!({})).await.is(400);
        lab.patch(&lab.staff, &path, json!({"description": "x"})).await.is(200);
        lab.patch(&lab.staff, &acme.url, json!({"blocked": false})).await.is(200);
        conceal(&lab, "PROJECT.ADMIN", &acme).await.is(201);
        lab.delete(&lab.staff, &acme.url).await.is(204);
        lab.get(&lab.staff, &path).await.is_not_found();
        assert_eq!(lab.all(&lab.staff, "/api/events/?event_type=role_definition_deleted").await.len(), 1);
        assert_eq!(lab.count(&lab.staff, HIDDEN).await + lab.count(&lab.staff, AVAILABLE).await, 0);
    }

    async fn an_explanation_names_the_roles_that_can_be_given_there(lab: Lab) {
        let world = World::build(&lab).await;
        let member = world.person("project member");
        let path = |asker: &str| (world.person(asker).clone(), format!("/api/access/explain/?user={}&action=project.update&scope={}", member.name, world.apollo.url));
        let named = async |asker: &str| {
            let (person, path) = path(asker);
            let told = lab.get(&person, &path).await.is(200).body;
            let missing = told["reasons"].as_array().unwrap().iter().find(|one| one["reason"] == "missing").unwrap().clone();
            missing["roles"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(named("owner").await, ["CUSTOMER.OWNER", "PROJECT.MANAGER"]);
        make(&lab, world.person("owner"), &world.acme, "Editor", "project", &["PROJECT.UPDATE"]).await.is(201);
        make(&lab, world.person("neighbour's owner"), &world.other, "Editor", "project", &["PROJECT.UPDATE"]).await.is(201);
        make(&lab, world.person("owner"), &world.acme, "Lead", "project", &["PROJECT.CREATE_PERMISSION"]).await.is(201);
        conceal(&lab, "PROJECT.MANAGER", &world.acme).await.is(201);
        assert_eq!(named("owner").await, ["CUSTOMER.OWNER", "PROJECT.acme.Editor"]);
        assert_eq!(named("staff").await, ["CUSTOMER.OWNER", "PROJECT.acme.Editor"]);
    }

    async fn simulating_an_edit_tells_who_could_do_more(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, guest) = (world.person("owner"), lab.user("guest").await);
        let made = make(&lab, owner, &world.acme, "Helper", "project", &["PROJECT.LIST"]).await.is(201);
        give(&lab, owner, &world.apollo, &made.text("name"), &guest).await.is(201);
        let path = address(&made.text("uuid"));
        let headers = [("x-simulate", "true"), ("content-type", "application/json")];
        let body = json!({"permissions": ["PROJECT.LIST", "ORDER.LIST"]}).to_string().into_bytes();
        let would = lab.raw(owner, "PATCH", &path, &headers, body).await.is(200);
        assert_eq!(would.body["differences"][0]["gained"], json!(["ORDER.LIST"]), "{}", would.body);
        let body = json!({"permissions": ["CALL.CREATE"]}).to_string().into_bytes();
        lab.raw(owner, "PATCH", &path, &headers, body).await.is_forbidden();
        let body = json!({"customer": world.acme.url, "name": "New", "content_type": "project", "permissions": []});
        let would = lab.raw(owner, "POST", OWN, &headers, body.to_string().into_bytes()).await.is(200);
        assert_eq!(would.body["count"], 0);
        assert_eq!(lab.get(owner, &path).await.is(200).body["permissions"], json!(["PROJECT.LIST"]));
        let admin = role(&lab, "PROJECT.ADMIN").await;
        let body = json!({"role": admin, "customer": world.acme.uuid}).to_string().into_bytes();
        lab.raw(&lab.staff, "POST", HIDDEN, &headers, body).await.is(200);
        assert_eq!(lab.count(&lab.staff, HIDDEN).await, 0);
    }

    async fn roles_are_looked_over_for_staff(lab: Lab) {
        let world = World::build(&lab).await;
        let path = "/api/roles/hygiene_report/";
        let before = lab.get(&lab.staff, path).await.is(200).body;
        assert!(before["roles_checked"].as_u64().unwrap() >= 14 && before["warning_count"] == 0, "{before}");
        let made = make(&lab, world.person("owner"), &world.acme, "Odd", "project", &["CUSTOMER.CREATE_PERMISSION"]).await.is(201);
        let after = lab.get(world.person("support agent"), path).await.is(200).body;
        assert_eq!((&after["warning_count"], &after["error_count"]), (&json!(1), &json!(0)));
        let finding = after["findings"].as_array().unwrap().iter().find(|one| one["severity"] == "warning").unwrap();
        assert_eq!((&finding["check"], &finding["role_uuid"]), (&json!("misplaced_permission"), &made.body["uuid"]));
        assert_eq!(finding["details"]["permissions"], json!(["CUSTOMER.CREATE_PERMISSION"]));
        lab.get(world.person("owner"), path).await.is_forbidden();
        lab.get(&lab.nobody(), path).await.is(401);
    }

    async fn two_copies_at_once_are_one_and_names_stay_apart(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner").clone();
        let path = format!("{}clone_to_customer/", address(&role(&lab, "PROJECT.ADMIN").await));
        let lab = Arc::new(lab);
        let mut calls = Vec::new();
        for _ in 0..8 {
            calls.push((lab.staff.clone(), path.clone(), json!({"customer": world.acme.uuid})));
            let body = json!({"customer": world.acme.url, "name": "Same", "content_type": "project", "permissions": []});
            calls.push((owner.clone(), OWN.to_owned(), body));
        }
        let statuses = at_once(&lab, calls).await;
        assert_eq!(statuses, BTreeMap::from([(200, 1), (201, 1), (400, 14)]));
        assert_eq!(lab.count(&lab.staff, HIDDEN).await, 1);
        assert_eq!(lab.count(&lab.staff, AVAILABLE).await, 2);
    }

    async fn concealing_and_granting_at_once_leave_something_legal(lab: Lab) {
        let world = World::build(&lab).await;
        let admin = role(&lab, "PROJECT.ADMIN").await;
        let lab = Arc::new(lab);
        for round in 0..3 {
            let mut calls = vec![(lab.staff.clone(), HIDDEN.to_owned(), json!({"role": admin, "customer": world.acme.uuid}))];
            for number in 0..6 {
                let guest = lab.user(&format!("guest{round}x{number}")).await;
                let body = json!({"role": "PROJECT.ADMIN", "user": guest.uuid});
                calls.push((world.person("owner").clone(), format!("{}add_user/", world.apollo.url), body));
            }
            at_once(&lab, calls).await;
            // Whatever was granted was granted before it was hidden; the record says so in this order.
            let sql = "SELECT max(e.id) FROM events e WHERE e.event_type = $1";
            let last = async |kind: &str| lab.core.store.query(sql, &stoa_kernel::vals![kind]).await.unwrap()[0].get::<Option<i64>>(0).unwrap();
            let (hidden, granted) = (last("role_concealed").await.unwrap(), last("role_granted").await.unwrap_or(0));
            if lab.core.store.engine() == stoa_kernel::store::Engine::Sqlite {
                assert!(granted < hidden, "{granted} {hidden}");
            }
            let guest = lab.user("late").await;
            says(give(&lab, world.person("owner"), &world.apollo, "PROJECT.ADMIN", &guest).await, CONCEALED);
            let row = lab.get(&lab.staff, HIDDEN).await.is(200).column("uuid").remove(0);
            lab.delete(&lab.staff, &format!("{HIDDEN}{row}/")).await.is(204);
        }
    }
}

/// Sends calls at once; how often each status was answered.
async fn at_once(lab: &Arc<Lab>, calls: Vec<(Person, String, Value)>) -> BTreeMap<u16, usize> {
    let running: Vec<_> = calls
        .into_iter()
        .map(|(person, path, body)| {
            let lab = lab.clone();
            tokio::spawn(async move { lab.post(&person, &path, body).await })
        })
        .collect();
    let mut statuses = BTreeMap::new();
    for call in running {
        let reply = call.await.unwrap();
        assert!(reply.status < 500, "{} {}", reply.asked, reply.body);
        *statuses.entry(reply.status).or_default() += 1;
    }
    statuses
}
