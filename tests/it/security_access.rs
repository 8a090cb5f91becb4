//! Security cases about who reaches what, by their class (reference: security cases, C1, C2, C5, C8, C12).

use crate::gallery::{self, Gallery, path_of, text_of};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stoa_kernel::{
    access::{Found, Needs, decide},
    action::Target,
    field::Kind,
    view::{Test, View},
};
use stoa_tenancy::access::permissions::{PERMISSIONS, Permission};
use stoa_testing::{Lab, Person, World, both};
use stoa_waldur::route::{Run, Verb};

async fn events(lab: &Lab) -> i64 {
    lab.core.store.query("SELECT count(*) FROM events", &[]).await.unwrap()[0].get(0).unwrap()
}

/// Up to four things of a view that a person does not see, as they stand in a path.
async fn hidden(lab: &Lab, person: &Person, view: &'static View) -> Vec<String> {
    let (mut found, mut states) = (Vec::new(), BTreeSet::new());
    for (_, lookup) in gallery::everything(lab, view).await {
        if gallery::found(lab, Some(person), view, &lookup).await.is_none() {
            let state = gallery::found(lab, None, view, &lookup).await.and_then(|found| found.state);
            if states.insert(state) && found.len() < 4 {
                found.push(text_of(&lookup));
            }
        }
    }
    found
}

/// The first thing of a view that a person sees.
async fn seen(lab: &Lab, person: &Person, view: &'static View) -> Option<String> {
    for (_, lookup) in gallery::everything(lab, view).await {
        if gallery::found(lab, Some(person), view, &lookup).await.is_some() {
            return Some(text_of(&lookup));
        }
    }
    None
}

both! {
    /// C1: whatever is named in a path and is not the caller's answers as if it did not exist, and nothing happens.
    async fn c01_things_of_others_do_not_exist_in_paths(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        for who in ["neighbour's owner", "user without roles", "project member"] {
            let person = gallery.person(who);
            for route in gallery::routes() {
                let view = match (route.run, route.action().map(|action| action.target)) {
                    (Run::Retrieve(view) | Run::RetrieveIn { parent: view, .. } | Run::ListIn { parent: view, .. }, _) => view,
                    (_, Some(Target::Thing(view))) => route.via.unwrap_or(view),
                    _ => continue,
                };
                if route.key().is_none() {
                    continue;
                }
                for target in hidden(&lab, person, view).await {
                    let before = events(&lab).await;
                    let body = if route.method == Verb::Get { Value::Null } else { json!({}) };
                    let reply = lab.send(person, route.method.text(), &path_of(route, &target), body).await;
                    // Where the whole view is not his, that is said; nothing is said of the thing.
                    let closed = !decide(&lab.actor(person).await, &view.needs, &Found::default()).allowed;
                    assert!(reply.status == 404 || closed && reply.status == 403, "{who}: {} of somebody else: {}", reply.asked, reply.body);
                    assert_eq!(events(&lab).await, before, "{who}: {} did something", reply.asked);
                }
            }
        }
    }

    /// C1: a link in a body to a thing that the caller does not see is an error, whatever the operation.
    async fn c01_things_of_others_do_not_exist_in_bodies(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let addresses: BTreeMap<&str, &str> = stoa_waldur::routes::links().collect();
        let who = "neighbour's owner";
        let person = gallery.person(who);
        for route in gallery::routes() {
            let Some(action) = route.action() else { continue };
            for field in action.fields {
                let (Kind::Link(kind) | Kind::Links(kind)) = field.kind else { continue };
                let Some(view) = lab.core.view_of(kind) else { continue };
                let Some(address) = addresses.get(kind) else { continue };
                let Some(foreign) = hidden(&lab, person, view).await.into_iter().next() else { continue };
                let target = match action.target {
                    Target::Thing(view) => match seen(&lab, person, route.via.unwrap_or(view)).await {
                        Some(target) => target,
                        None => continue,
                    },
                    _ => String::new(),
                };
                let link = json!(format!("http://stoa.test{address}{foreign}/"));
                let link = if matches!(field.kind, Kind::Links(_)) { json!([link]) } else { link };
                let reply = lab.send(person, route.method.text(), &path_of(route, &target), json!({field.name: link})).await;
                assert!(reply.status < 500, "{} {}", reply.asked, reply.body);
                if reply.status < 300 {
                    // It was ignored, which is right only where the field is read-only for him: it must not be there.
                    assert!(!reply.body.to_string().contains(&foreign), "{who}: {} took {}", reply.asked, field.name);
                }
            }
        }
    }

    /// C1: a filter that names a thing of others finds nothing that was not listed anyway.
    async fn c01_filters_show_nothing_of_others(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let mut ids = Vec::new();
        let World { acme, apollo, provider, offering, .. } = &gallery.world;
        for (kind, uuid) in [
            ("customers", &acme.uuid), ("projects", &apollo.uuid), ("marketplace-service-providers", &provider.uuid),
            ("marketplace-provider-offerings", &offering.uuid), ("users", &gallery.person("project admin").uuid),
        ] {
            ids.push(uuid.clone());
            ids.push(format!("http://stoa.test/api/{kind}/{uuid}/"));
        }
        let person = gallery.person("neighbour's owner");
        for route in gallery::routes() {
            let Run::List(view) = route.run else { continue };
            if lab.get(person, route.path).await.status != 200 {
                continue;
            }
            let plain: BTreeSet<String> = lab.all(person, route.path).await.iter().map(Value::to_string).collect();
            for filter in view.filters {
                let values: Vec<String> = match filter.test {
                    Test::Uuid(_) | Test::UuidLoose(_) | Test::UuidIf(..) | Test::Link(..) | Test::By(_) => ids.clone(),
                    Test::Flag(..) | Test::Bool(_) => vec!["true".into(), "false".into()],
                    _ => continue,
                };
                for value in values {
                    let path = format!("{}?{}={value}", route.path, filter.name);
                    let reply = lab.get(person, &path).await;
                    if reply.status != 200 {
                        assert!(matches!(reply.status, 400 | 403 | 404), "{} {}", reply.asked, reply.status);
                        continue;
                    }
                    for row in lab.all(person, &path).await {
                        // A filter may show what the default list leaves out (removed projects), never what is not his.
                        if !plain.contains(&row.to_string()) {
                            let text = row.to_string();
                            assert!(!text.contains(&acme.uuid) && !text.contains(&apollo.uuid), "{} shows {text}", reply.asked);
                        }
                    }
                }
            }
        }
    }

    /// C2: what is checked is what is acted on, when a call names two things.
    async fn c02_two_things_in_one_call_belong_together(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, neighbour) = (world.person("owner"), world.person("neighbour's owner"));
        let member = world.person("project member");
        // A role of another kind of scope.
        for (path, role) in [(&world.apollo.url, "CUSTOMER.OWNER"), (&world.acme.url, "PROJECT.ADMIN"), (&world.apollo.url, "OFFERING.MANAGER")] {
            lab.post(owner, &format!("{path}add_user/"), json!({"role": role, "user": member.uuid})).await.is(400);
        }
        // A plan of another offering; a project of another organization; an organization of somebody else.
        let category = lab.category().await;
        let second = lab.offering(&world.hpc, &category, "Second", json!({})).await;
        let order = |offering: &str, project: &str, plan: &Value| json!({
            "offering": offering, "project": project, "plan": plan, "limits": {"storage": 1}, "attributes": {"name": "x"}});
        let (public, plan) = (lab.public(&world.offering), world.offering.body["plans"][0]["url"].clone());
        let body = order(&public, &world.apollo.url, &second.body["plans"][0]["url"]);
        lab.post(owner, "/api/marketplace-orders/", body).await.is(400);
        lab.post(owner, "/api/marketplace-orders/", order(&public, &world.hermes.url, &plan)).await.is(400);
        lab.post(neighbour, "/api/marketplace-orders/", order(&public, &world.apollo.url, &plan)).await.is(400);
        lab.post(neighbour, "/api/projects/", json!({"name": "x", "customer": world.acme.url})).await.is(400);
        // The owner of one organization moves nothing into another one.
        let moved = lab.patch(owner, &world.apollo.url, json!({"customer": world.other.url})).await;
        assert!(moved.status < 500);
        let project = lab.get(&lab.staff, &world.apollo.url).await.is(200);
        assert_eq!(project.text("customer_uuid"), world.acme.uuid);
        // Revoking on one project does not touch the same role on another.
        let both = lab.user("both").await;
        for project in [&world.apollo, &world.zeus] {
            lab.grant(project, "PROJECT.ADMIN", &both).await;
        }
        let manager = world.person("manager of another project");
        let body = json!({"role": "PROJECT.ADMIN", "user": both.uuid});
        lab.post(manager, &format!("{}delete_user/", world.zeus.url), body).await.is(200);
        lab.get(&both, &world.zeus.url).await.is_not_found();
        lab.get(&both, &world.apollo.url).await.is(200);
    }

    /// C5: nobody gives away what he does not hold there or above.
    async fn c05_the_ceiling_holds_for_any_roles(lab: Lab) {
        let world = World::build(&lab).await;
        let names: Vec<&str> = PERMISSIONS.iter().filter(|entry| entry.permission.scopes().contains(&"project"))
            .map(|entry| entry.name).collect();
        assert!(names.len() > 10);
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let some = prop::collection::btree_set(0..names.len(), 0..6);
        let strategy = (some.clone(), some, any::<bool>());
        for case in 0..30 {
            let (mut held, given, within) = strategy.new_tree(&mut runner).unwrap().current();
            if within {
                held.extend(&given);
            }
            let role = |kind: &str, of: &BTreeSet<usize>, further: &[&str]| {
                let permissions: BTreeSet<&str> = of.iter().map(|at| names[*at]).chain(further.iter().copied()).collect();
                json!({"name": format!("{kind}.{case}"), "content_type": "project", "permissions": permissions})
            };
            let granting = role("GRANTER", &held, &["PROJECT.CREATE_PERMISSION", "PROJECT.UPDATE_PERMISSION"]);
            let given_role = role("GIVEN", &given, &[]);
            for body in [&granting, &given_role] {
                lab.post(&lab.staff, "/api/roles/", body.clone()).await.is(201);
            }
            let granter = lab.member(&world.apollo, &format!("GRANTER.{case}")).await;
            // Somebody whom the project's people may add: known to the organization.
            let known = lab.member(&world.zeus, "PROJECT.MEMBER").await;
            let add = format!("{}add_user/", world.apollo.url);
            let reply = lab.post(&granter, &add, json!({"role": format!("GIVEN.{case}"), "user": known.uuid})).await;
            let set = |body: &Value| -> BTreeSet<String> {
                body["permissions"].as_array().into_iter().flatten().filter_map(|p| p.as_str().map(str::to_owned)).collect()
            };
            let may = set(&given_role).is_subset(&set(&granting));
            assert_eq!(reply.status, if may { 201 } else { 403 }, "{granting} gives {given_role}: {}", reply.body);
            if !may {
                assert!(reply.body["reasons"].to_string().contains("ceiling"), "{}", reply.body);
            }
        }
    }

    /// C5: neither the own role nor a wider one is a project manager's to give.
    async fn c05_nobody_lifts_himself(lab: Lab) {
        let world = World::build(&lab).await;
        let (manager, owner) = (world.person("project manager"), world.person("owner"));
        let add = |thing: &str| format!("{thing}add_user/");
        // Not on the organization, not himself, not with a role made stronger than his own.
        lab.post(manager, &add(&world.acme.url), json!({"role": "CUSTOMER.OWNER", "user": manager.uuid})).await.is_forbidden();
        let own = lab.post(manager, &add(&world.apollo.url), json!({"role": "PROJECT.ADMIN", "user": manager.uuid})).await;
        assert!(matches!(own.status, 400 | 403), "{}", own.body);
        let until = lab.core.now().plus_seconds(86_400).to_string();
        let body = json!({"role": "PROJECT.MANAGER", "user": manager.uuid, "expiration_time": until});
        let longer = lab.post(manager, &format!("{}update_user/", world.apollo.url), body).await;
        assert!(matches!(longer.status, 400 | 403), "{}", longer.body);
        let strong = json!({"name": "STRONG", "content_type": "project", "permissions": ["PROJECT.LIST", "PROJECT.DELETE"]});
        lab.post(&lab.staff, "/api/roles/", strong).await.is(201);
        let known = lab.member(&world.zeus, "PROJECT.MEMBER").await;
        let body = json!({"role": "STRONG", "user": known.uuid});
        lab.post(manager, &add(&world.apollo.url), body.clone()).await.is_forbidden();
        lab.post(owner, &add(&world.apollo.url), body).await.is(201);
        // What no shipped role carries only staff give.
        let all = json!({"name": "ALL", "content_type": "customer", "permissions": ["CUSTOMER.UPDATE"]});
        lab.post(&lab.staff, "/api/roles/", all).await.is(201);
        let body = json!({"role": "ALL", "user": known.uuid});
        lab.post(owner, &add(&world.acme.url), body.clone()).await.is_forbidden();
        lab.post(&lab.staff, &add(&world.acme.url), body).await.is(201);
        // Roles are staff's to write; a person makes neither himself nor others staff.
        let role = json!({"name": "MINE", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        lab.post(owner, "/api/roles/", role).await.is_forbidden();
        for flag in ["is_staff", "is_support"] {
            lab.patch(owner, &format!("/api/users/{}/", owner.uuid), json!({flag: true, "agree_with_policy": true})).await;
            assert_ne!(lab.get(owner, "/api/users/me/").await.is(200).body[flag], true);
        }
    }

    /// C8: authority that has ended is ended at the very next request.
    async fn c08_what_has_ended_does_not_count_any_more(lab: Lab) {
        let world = World::build(&lab).await;
        let (staff, owner) = (&lab.staff, world.person("owner"));
        let change = |number: i64| json!({"description": format!("Text {number}.")});
        let manager = |name: &'static str| {
            let (lab, world) = (&lab, &world);
            async move {
                let person = lab.user(name).await;
                lab.grant(&world.apollo, "PROJECT.MANAGER", &person).await;
                lab.patch(&person, &world.apollo.url, change(1)).await.is(200);
                person
            }
        };
        // A revoked grant.
        let person = manager("revoked").await;
        let grant = json!({"role": "PROJECT.MANAGER", "user": person.uuid});
        lab.post(owner, &format!("{}delete_user/", world.apollo.url), grant).await.is(200);
        lab.patch(&person, &world.apollo.url, change(2)).await.is_not_found();
        assert_eq!(lab.get(&person, "/api/projects/").await.is(200).body, json!([]));
        assert_eq!(lab.count(&person, "/api/projects/").await, 0);

        // A disabled user, and one enabled again.
        let person = manager("disabled").await;
        let path = format!("/api/users/{}/", person.uuid);
        lab.patch(staff, &path, json!({"is_active": false})).await.is(200);
        lab.patch(&person, &world.apollo.url, change(3)).await.is(401);
        lab.get(&person, "/api/users/me/").await.is(401);

        // A role that is taken a permission, and one that is disabled.
        let role = json!({"name": "EDITOR", "content_type": "project", "permissions": ["PROJECT.UPDATE", "PROJECT.LIST"]});
        let role = lab.post(staff, "/api/roles/", role).await.is(201).text("uuid");
        let person = lab.member(&world.apollo, "EDITOR").await;
        lab.patch(&person, &world.apollo.url, change(4)).await.is(200);
        let less = json!({"name": "EDITOR", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        lab.put(staff, &format!("/api/roles/{role}/"), less).await.is(200);
        lab.patch(&person, &world.apollo.url, change(5)).await.is_forbidden();
        lab.get(&person, &world.apollo.url).await.is(200);
        lab.post(staff, &format!("/api/roles/{role}/disable/"), Value::Null).await.is(200);
        lab.get(&person, &world.apollo.url).await.is_not_found();
        let again = lab.user("again").await;
        let body = json!({"role": "EDITOR", "user": again.uuid});
        lab.post(owner, &format!("{}add_user/", world.apollo.url), body).await.is(400);

        // A token that was replaced, and one that was given up.
        let person = manager("renewed").await;
        let fresh = lab.post(staff, &format!("/api/users/{}/refresh_token/", person.uuid), Value::Null).await;
        assert!(matches!(fresh.status, 200 | 201), "{} {}", fresh.status, fresh.body);
        lab.get(&person, "/api/users/me/").await.is(401);
        let person = manager("gone").await;
        let out = lab.post(&person, "/api-auth/logout/", Value::Null).await;
        assert!(out.status < 300, "{} {}", out.status, out.body);
        lab.get(&person, "/api/users/me/").await.is(401);

        // A removed project.
        let person = manager("removed").await;
        let short = lab.project(&world.acme, "Short").await;
        lab.grant(&short, "PROJECT.MANAGER", &person).await;
        lab.delete(owner, &short.url).await.is(204);
        let late = lab.patch(&person, &short.url, change(6)).await;
        assert!((400..500).contains(&late.status), "{}", late.status);
        let team = lab.post(staff, &format!("{}add_user/", short.url), json!({"role": "PROJECT.ADMIN", "user": person.uuid})).await;
        assert_eq!(team.status, 400, "{}", team.body);
    }

    /// C8: times that come do so without a job and without a new sign-in.
    async fn c08_times_that_come_count_at_once(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let person = lab.user("timed").await;
        let until = lab.core.now().plus_seconds(600).to_string();
        let body = json!({"role": "PROJECT.MANAGER", "user": person.uuid, "expiration_time": until});
        lab.post(owner, &format!("{}add_user/", world.apollo.url), body).await.is(201);
        lab.advance(599);
        lab.patch(&person, &world.apollo.url, json!({"description": "In time."})).await.is(200);
        lab.advance(2);
        lab.patch(&person, &world.apollo.url, json!({"description": "Too late."})).await.is_not_found();
        // The job ends the grant for good, with its reason, and says so once.
        lab.run_jobs().await;
        let sql = "SELECT count(*) FROM events WHERE event_type = 'role_revoked'";
        let revoked: i64 = lab.core.store.query(sql, &[]).await.unwrap()[0].get(0).unwrap();
        assert_eq!(revoked, 1);
        lab.run_jobs().await;
        assert_eq!(lab.core.store.query(sql, &[]).await.unwrap()[0].get::<i64>(0).unwrap(), 1);

        // A project that ends can still be read, and nothing can be done in it.
        let (manager, admin) = (world.person("project manager"), world.person("project admin"));
        let end = lab.core.now().date().plus_days(1);
        lab.patch(owner, &world.apollo.url, json!({"end_date": end.to_string()})).await.is(200);
        lab.advance(2 * 86_400);
        let (manager, admin) = (lab.signed_in(&manager.name).await, lab.signed_in(&admin.name).await);
        lab.get(&manager, &world.apollo.url).await.is(200);
        lab.patch(&manager, &world.apollo.url, json!({"description": "Ended."})).await.is_forbidden();
        let order = lab.order(&admin, &world.apollo, &world.offering, json!({"storage": 1})).await;
        assert!(matches!(order.status, 400 | 403), "{} {}", order.status, order.body);

        // A token that was not used for its lifetime.
        let idle = lab.user("idle").await;
        lab.get(&idle, "/api/users/me/").await.is(200);
        lab.advance(3_601);
        lab.get(&idle, "/api/users/me/").await.is(401);
    }

    /// C8: people of a walled organization count only from inside, and somebody whose address is unknown is outside.
    async fn c08_a_wall_counts_at_once(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, inside) = (world.person("owner"), world.person("owner").calling_from("10.9.8.7"));
        lab.get(owner, &world.acme.url).await.is(200);
        let body = json!({"inet": "10.9.8.7/32", "customer": world.acme.url});
        let wall = lab.post(&lab.staff, "/api/access-subnets/", body).await.is(201).text("uuid");
        lab.get(owner, &world.acme.url).await.is_not_found();
        lab.get(&owner.calling_from("10.9.8.8"), &world.apollo.url).await.is_not_found();
        lab.get(&inside, &world.acme.url).await.is(200);
        lab.patch(&inside, &world.apollo.url, json!({"description": "Inside."})).await.is(200);
        // What a caller writes into a header does not move him.
        let headers = [("x-forwarded-for", "10.9.8.7")];
        let outside = owner.calling_from("192.0.2.1");
        lab.raw(&outside, "GET", &world.acme.url, &headers, Vec::new()).await.is_not_found();
        lab.delete(&lab.staff, &format!("/api/access-subnets/{wall}/")).await.is(204);
        lab.get(owner, &world.acme.url).await.is(200);
    }

    /// C12: names join nothing.
    async fn c12_things_of_one_name_stay_apart(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, neighbour) = (world.person("owner"), world.person("neighbour's owner"));
        let twin = lab.organization("Acme").await;
        let twin_project = lab.project(&world.other, "Apollo").await;
        lab.get(owner, &twin.url).await.is_not_found();
        lab.get(owner, &twin_project.url).await.is_not_found();
        let found = lab.get(neighbour, "/api/projects/?name_exact=Apollo").await.is(200);
        assert_eq!(found.column("uuid"), [twin_project.uuid.clone()]);
        let found = lab.get(owner, "/api/projects/?name_exact=Apollo").await.is(200);
        assert_eq!(found.column("uuid"), [world.apollo.uuid.clone()]);
        // Names of roles and of users are unique in a way that no twin slips through.
        for name in ["PROJECT.ADMIN", "project.admin"] {
            let body = json!({"name": name, "content_type": "project", "permissions": []});
            let reply = lab.post(&lab.staff, "/api/roles/", body).await;
            assert!(name != "PROJECT.ADMIN" || reply.status == 400, "{}", reply.body);
        }
        let body = json!({"username": owner.name, "email": "twin@example.org"});
        lab.post(&lab.staff, "/api/users/", body).await.is_invalid("username");
        let upper = json!({"username": owner.name.to_uppercase(), "email": "twin@example.org"});
        let reply = lab.post(&lab.staff, "/api/users/", upper).await;
        if reply.status == 201 {
            // If it is another account, then it is one in every respect.
            let other = lab.signed_in(&owner.name.to_uppercase()).await;
            lab.get(&other, &world.acme.url).await.is_not_found();
        }
    }
}

/// C10: every operation says who may call it, and those for everybody are a list that is looked at.
#[test]
fn c10_operations_open_to_strangers_are_known() {
    let open: BTreeSet<&str> =
        gallery::routes().filter(|route| matches!(route.needs(), Needs::Nothing)).map(|route| route.op).collect();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/open.txt");
    let now = open.iter().map(|op| format!("{op}\n")).collect::<String>();
    if std::env::var_os("STOA_BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(known, now, "operations open to strangers; review, then run with STOA_BLESS=1");
}

/// C5: what permissions there are, and where they count, is closed.
#[test]
fn c05_unknown_permissions_are_nothing() {
    assert!(Permission::parse("PROJECT.EVERYTHING").is_none());
    assert!(Permission::parse("project.create").is_none());
}
