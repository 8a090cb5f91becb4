//! Personal access tokens: made and shown once, narrower than their user, ended in many ways, all of which look alike
//! (mission R5; reference/users-and-auth.md, section 3).

use crate::gallery::Gallery;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use stoa_kernel::vals;
use stoa_testing::{Lab, Person, Reply, Thing, World, both};

const TOKENS: &str = "/api/personal-access-tokens/";

/// Lets a person have tokens, on an installation that has them.
pub async fn allow(lab: &Lab, person: &Person) {
    lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_ENABLED": true})).await.is(200);
    let path = format!("/api/users/{}/", person.uuid);
    lab.patch(&lab.staff, &path, json!({"can_use_personal_access_tokens": true})).await.is(200);
}

/// What is sent for a token that lasts ten days.
pub fn wish(lab: &Lab, scopes: &[&str], bound: &[(&str, &str)]) -> Value {
    let bound: Vec<Value> = bound.iter().map(|(kind, uuid)| json!({"type": kind, "uuid": uuid})).collect();
    let until = lab.core.now().plus_seconds(10 * 86_400).to_string();
    json!({"name": "script", "scopes": scopes, "allowed_scopes": bound, "expires_at": until})
}

/// The same person with a token in place of the login.
pub async fn mint(lab: &Lab, person: &Person, scopes: &[&str], bound: &[(&str, &str)]) -> Person {
    allow(lab, person).await;
    let made = lab.post(person, TOKENS, wish(lab, scopes, bound)).await.is(201);
    Person { token: made.text("token"), ..person.clone() }
}

/// A token of a person, and its address.
async fn made(lab: &Lab, person: &Person, scopes: &[&str]) -> (Person, String) {
    let token = mint(lab, person, scopes, &[]).await;
    let list = lab.get(person, TOKENS).await.is(200);
    let uuid = list.rows()[0]["uuid"].as_str().unwrap().to_owned();
    (token, format!("{TOKENS}{uuid}/"))
}

async fn events(lab: &Lab, kind: &str) -> Vec<Value> {
    lab.all(&lab.staff, &format!("/api/events/?event_type={kind}")).await
}

/// Waits until something that is done beside requests is done.
async fn soon<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come");
}

fn names(reply: &Reply, key: &str) -> BTreeSet<String> {
    reply.column(key).into_iter().collect()
}

/// What is said to a credential that does not hold.
async fn turned_away(lab: &Lab, person: &Person, why: &str) {
    for path in ["/api/users/me/", TOKENS, "/api/projects/"] {
        let reply = lab.get(person, path).await;
        assert_eq!((reply.status, &reply.body), (401, &json!({"detail": "Invalid token."})), "{why}");
        assert!(reply.header("www-authenticate").is_some(), "{why}");
    }
}

both! {
    async fn a_token_is_shown_once_and_then_described(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        allow(&lab, owner).await;
        let mut body = wish(&lab, &["PROJECT.UPDATE", "PROJECT.LIST", "PROJECT.LIST"], &[("project", &world.apollo.uuid)]);
        body["allowed_networks"] = json!(["192.0.2.7", "2001:db8::/32"]);
        let made = lab.post(owner, TOKENS, body.clone()).await.is(201);
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let token = made.text("token");
        let parts: Vec<&str> = token.splitn(3, '_').collect();
        let until = stoa_kernel::Time::parse(body["expires_at"].as_str().unwrap()).unwrap();
        assert_eq!((parts[0], parts[1]), ("w", (until.0 / 1_000_000).to_string().as_str()));
        assert_eq!(parts[2].len(), 43, "32 bytes");
        assert_eq!(made.body["scopes"], json!(["PROJECT.LIST", "PROJECT.UPDATE"]));
        let bound = json!([{"type": "project", "uuid": world.apollo.uuid, "name": "Apollo"}]);
        assert_eq!(made.body["allowed_scopes"], bound);

        let path = format!("{TOKENS}{}/", made.text("uuid"));
        let shown = lab.get(owner, &path).await.is(200);
        assert_eq!(lab.get(owner, TOKENS).await.is(200).rows(), &[shown.body.clone()]);
        assert_eq!(lab.count(owner, TOKENS).await, 1);
        let of = |key: &str| shown.body[key].clone();
        assert_eq!(of("token_prefix"), token[..8]);
        assert_eq!(of("allowed_networks"), json!(["192.0.2.7/32", "2001:db8::/32"]));
        assert_eq!((of("allowed_scopes"), of("is_active"), of("use_count")), (bound, json!(true), json!(0)));
        assert_eq!((of("last_used_at"), of("last_used_ip")), (of("created"), json!("")));
        // The secret is nowhere: not in an answer, not in the tables, not on record.
        assert!(!shown.body.to_string().contains(parts[2]));
        for table in ["personal_tokens", "events", "jobs"] {
            let rows = lab.core.store.query(&format!("SELECT * FROM {table}"), &[]).await.unwrap();
            assert!(!format!("{rows:?}").contains(parts[2]), "{table}");
        }
        assert_eq!(events(&lab, "pat_created").await.len(), 1);
        // Nobody else sees it, staff neither; it can't be changed as a whole.
        for person in [&lab.staff, world.person("support agent"), world.person("neighbour's owner")] {
            lab.get(person, &path).await.is_not_found();
            lab.delete(person, &path).await.is_not_found();
            assert_eq!(lab.count(person, TOKENS).await, 0);
        }
        lab.get(&lab.nobody(), TOKENS).await.is(401);
        for method in ["PUT", "PATCH"] {
            lab.send(owner, method, &path, json!({"name": "x"})).await.is(405);
        }
        // A removed token is on record.
        lab.delete(owner, &path).await.is(204);
        lab.delete(owner, &path).await.is(204);
        assert_eq!(lab.get(owner, &path).await.is(200).body["is_active"], false);
        assert_eq!(events(&lab, "pat_revoked").await.len(), 1);
    }

    async fn what_can_be_asked_for_is_listed(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let scopes = lab.all(owner, &format!("{TOKENS}available_scopes/")).await;
        assert_eq!(scopes.len(), 139);
        assert!(scopes.iter().all(|one| !one["description"].as_str().unwrap().is_empty()));
        assert_eq!(lab.count(owner, &format!("{TOKENS}available_scopes/")).await, 139);
        let targets = async |person: &Person, permission: &str| {
            let all = lab.all(person, &format!("{TOKENS}available_binding_targets/")).await;
            assert_eq!(lab.count(person, &format!("{TOKENS}available_binding_targets/")).await, all.len());
            all.into_iter().find(|one| one["permission"] == permission).map(|one| one["types"].clone())
        };
        assert_eq!(targets(owner, "PROJECT.UPDATE").await, Some(json!(["customer", "project"])));
        assert_eq!(targets(world.person("project manager"), "PROJECT.UPDATE").await, Some(json!(["project"])));
        assert_eq!(targets(world.person("project member"), "PROJECT.UPDATE").await, None);
        assert_eq!(targets(&lab.staff, "OFFERING.PAUSE").await, Some(json!(["customer", "offering", "service_provider"])));
        assert_eq!(targets(owner, "STAFF.ACCESS").await, None);
    }

    async fn what_is_wrong_with_a_wish_is_said(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let good = wish(&lab, &["PROJECT.LIST"], &[]);
        lab.post(owner, TOKENS, good.clone()).await.is_forbidden();
        lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_ENABLED": true})).await.is(200);
        lab.post(owner, TOKENS, good.clone()).await.is_forbidden();
        allow(&lab, owner).await;
        let in_days = |days: i64| json!(lab.core.now().plus_seconds(days * 86_400).to_string());
        let bound = |kind: &str, uuid: &str| json!([{"type": kind, "uuid": uuid}]);
        let networks: Vec<String> = (0..21).map(|at| format!("10.0.{at}.0/24")).collect();
        let cases = [
            ("name", json!("")), ("name", json!("x".repeat(151))), ("name", Value::Null),
            ("scopes", json!([])), ("scopes", json!(["PROJECT.EAT"])), ("scopes", json!(["project.list"])),
            ("scopes", json!("PROJECT.LIST")), ("scopes", json!(["STAFF.ACCESS"])), ("scopes", json!(["SUPPORT.ACCESS"])),
            ("expires_at", in_days(-1)), ("expires_at", in_days(366)), ("expires_at", json!("soon")),
            ("allowed_networks", json!(["nowhere"])), ("allowed_networks", json!(networks)),
            ("allowed_scopes", json!("all")), ("allowed_scopes", bound("user", &owner.uuid)),
            ("allowed_scopes", bound("project", "x")), ("allowed_scopes", bound("project", &world.hermes.uuid)),
            ("allowed_scopes", bound("project", &world.acme.uuid)), ("allowed_scopes", json!([{}])),
            // He sees the offering in public, but holds nothing there.
            ("allowed_scopes", bound("offering", &world.offering.uuid)),
        ];
        for (field, value) in cases {
            let mut body = good.clone();
            body[field] = value;
            lab.post(owner, TOKENS, body).await.is_invalid(field);
        }
        for field in ["name", "scopes", "expires_at"] {
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(field);
            lab.post(owner, TOKENS, body).await.is_invalid(field);
        }
        // The access of staff is for all things or for none.
        allow(&lab, &lab.staff).await;
        let body = wish(&lab, &["STAFF.ACCESS", "PROJECT.LIST"], &[("project", &world.apollo.uuid)]);
        lab.post(&lab.staff, TOKENS, body).await.is_invalid("allowed_scopes");
        // Nobody but staff makes one for somebody else, and they only for robots.
        let mut body = good.clone();
        body["user"] = json!(world.person("project member").uuid);
        lab.post(owner, TOKENS, body.clone()).await.is_forbidden();
        lab.post(&lab.staff, TOKENS, body).await.is_invalid("user");
        // And there are not too many of them.
        lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_MAX_TOKENS_PER_USER": 2})).await.is(200);
        for _ in 0..2 {
            lab.post(owner, TOKENS, good.clone()).await.is(201);
        }
        lab.post(owner, TOKENS, good.clone()).await.is(400);
        let uuid = lab.get(owner, TOKENS).await.rows()[0]["uuid"].as_str().unwrap().to_owned();
        lab.delete(owner, &format!("{TOKENS}{uuid}/")).await.is(204);
        lab.post(owner, TOKENS, good).await.is(201);
    }

    async fn whatever_is_wrong_with_a_token_is_answered_alike(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let (token, path) = made(&lab, owner, &["PROJECT.LIST"]).await;
        lab.get(&token, "/api/users/me/").await.is(200);
        let user = format!("/api/users/{}/", owner.uuid);
        let set = async |body: Value| { lab.patch(&lab.staff, &user, body).await.is(200); };
        let with = |token: &str| Person { token: token.into(), ..token_of(owner) };
        for (text, why) in [
            ("w_", "empty"), ("w_1_x", "unknown"), ("w_9999999999_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "unknown"),
            (&token.token[..token.token.len() - 1], "cut"), (&token.token.to_uppercase(), "of another case"),
        ] {
            let forged = Person { token: text.into(), ..with("") };
            if text.starts_with("w_") {
                turned_away(&lab, &forged, why).await;
            }
        }
        // As a login token it is nothing.
        let header = format!("Token {}", token.token);
        lab.raw(&lab.nobody(), "GET", "/api/users/me/", &[("authorization", &header)], vec![]).await.is(401);
        lab.raw(&lab.nobody(), "GET", "/api/users/me/", &[("cookie", &format!("sessionid={}", token.token))], vec![]).await.is(401);

        lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_ENABLED": false})).await.is(200);
        turned_away(&lab, &token, "there are none").await;
        lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_ENABLED": true})).await.is(200);
        set(json!({"can_use_personal_access_tokens": false})).await;
        turned_away(&lab, &token, "the right is withdrawn").await;
        set(json!({"can_use_personal_access_tokens": true})).await;
        lab.post(owner, &format!("{path}set_network_acl/"), json!({"allowed_networks": ["192.0.2.0/24"]})).await.is(200);
        turned_away(&lab, &token, "from nowhere").await;
        turned_away(&lab, &token.calling_from("192.0.3.1"), "from elsewhere").await;
        lab.get(&token.calling_from("192.0.2.1"), "/api/users/me/").await.is(200);
        lab.post(owner, &format!("{path}set_network_acl/"), json!({"allowed_networks": []})).await.is(200);
        lab.get(&token, "/api/users/me/").await.is(200);
        lab.delete(owner, &path).await.is(204);
        turned_away(&lab, &token, "it is revoked").await;

        // Deactivation ends it for good, and time does.
        let (second, _) = made(&lab, owner, &["PROJECT.LIST"]).await;
        set(json!({"is_active": false})).await;
        turned_away(&lab, &second, "the user is not active").await;
        set(json!({"is_active": true})).await;
        turned_away(&lab, &second, "the user was deactivated once").await;
        let owner = lab.signed_in(&owner.name).await;
        let (third, path) = made(&lab, &owner, &["PROJECT.LIST"]).await;
        lab.advance(10 * 86_400 - 60);
        lab.get(&third, "/api/users/me/").await.is(200);
        lab.advance(60);
        turned_away(&lab, &third, "its time is over").await;
        let owner = lab.signed_in(&owner.name).await;
        lab.post(&owner, &format!("{path}rotate/"), Value::Null).await.is(400);
        lab.run_jobs().await;
        assert_eq!(events(&lab, "pat_expired").await.len(), 1);
        lab.run_jobs().await;
        assert_eq!(events(&lab, "pat_expired").await.len(), 1);
    }

    async fn only_the_permissions_of_a_token_pass(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let reader = mint(&lab, owner, &["PROJECT.LIST"], &[]).await;
        let listed = lab.get(&reader, "/api/projects/").await.is(200);
        assert_eq!(names(&listed, "name"), BTreeSet::from(["Apollo".into(), "Zeus".into()]));
        let refused = lab.patch(&reader, &world.apollo.url, json!({"description": "x"})).await.is_forbidden();
        assert_eq!(refused.body["reasons"][0]["reason"], "narrowed", "{}", refused.body);
        let explained = lab.get(&reader, &format!("/api/access/explain/?action=project.update&scope={}", world.apollo.url)).await;
        assert_eq!(explained.is(200).body["reasons"][0]["reason"], "narrowed");
        let writer = mint(&lab, owner, &["PROJECT.UPDATE"], &[]).await;
        lab.patch(&writer, &world.apollo.url, json!({"description": "x"})).await.is(404);
        let both = mint(&lab, owner, &["PROJECT.LIST", "PROJECT.UPDATE"], &[]).await;
        lab.patch(&both, &world.apollo.url, json!({"description": "x"})).await.is(200);
        // A right of others that the token names gives nothing.
        let more = mint(&lab, owner, &["PROJECT.LIST", "CUSTOMER.UPDATE", "OFFERING.UPDATE"], &[]).await;
        lab.patch(&more, &world.acme.url, json!({"name": "Mine"})).await.is_forbidden();
        // A role of which nothing passes shows nothing.
        let none = mint(&lab, owner, &["SERVICE_PROVIDER.REGISTER"], &[]).await;
        for path in ["/api/customers/", "/api/projects/", "/api/marketplace-resources/", "/api/marketplace-orders/"] {
            assert_eq!(lab.count(&none, path).await, 0, "{path}");
        }
        // One learns who one is, and changes nothing of it.
        let me = lab.get(&none, "/api/users/me/").await.is(200);
        assert_eq!(me.text("uuid"), owner.uuid);
        assert!(me.body.get("token").is_none());
        let own = format!("/api/users/{}/", owner.uuid);
        let refused = lab.patch(&both, &own, json!({"first_name": "Eve"})).await.is_forbidden();
        assert!(refused.body["reasons"].to_string().contains("no_token"), "{}", refused.body);
        lab.post(&both, &format!("{own}change_email/"), json!({"email": "eve@example.org"})).await.is_forbidden();
        lab.post(&both, "/api/keys/", json!({"name": "k", "public_key": "ssh-ed25519 AAAA"})).await.is_forbidden();
        lab.post(&both, "/api-auth/logout/", Value::Null).await.is_forbidden();
        // A token sees itself and no other.
        assert_eq!(lab.get(&both, TOKENS).await.is(200).column("scopes").len(), 1);
        // What it did is on record with it.
        let event = &events(&lab, "project_update_succeeded").await[0];
        assert_eq!(event["context"]["auth_method"], "personal_access_token");
        assert_eq!(event["context"]["pat_uuid"].as_str().map(str::len), Some(32));
    }

    async fn a_bound_token_reaches_what_it_is_bound_to(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let world = &gallery.world;
        let owner = world.person("owner");
        let all: Vec<&str> = stoa_tenancy::access::permissions::PERMISSIONS.iter().map(|one| one.name)
            .filter(|name| !name.ends_with(".ACCESS")).collect();
        lab.order(owner, &world.zeus, &world.offering, json!({"storage": 1})).await.is(201);
        let seen = async |person: &Person, path: &str, key: &str| {
            let reply = lab.get(person, &format!("{path}?page_size=200")).await.is(200);
            assert_eq!(lab.count(person, path).await, reply.rows().len(), "{path}");
            names(&reply, key)
        };
        let set = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
        let (projects, customers) = ("/api/projects/", "/api/customers/");
        let (resources, orders) = ("/api/marketplace-resources/", "/api/marketplace-orders/");

        let apollo = mint(&lab, owner, &all, &[("project", &world.apollo.uuid)]).await;
        assert_eq!(seen(&apollo, projects, "name").await, set(&["Apollo"]));
        assert_eq!(seen(&apollo, customers, "name").await, set(&[]));
        assert_eq!(seen(&apollo, resources, "project_name").await, set(&["Apollo"]));
        assert_eq!(seen(&apollo, orders, "project_name").await, set(&["Apollo"]));
        assert_eq!(seen(owner, orders, "project_name").await, set(&["Apollo", "Zeus"]));
        lab.get(&apollo, &world.zeus.url).await.is_not_found();
        lab.get(&apollo, &world.acme.url).await.is_not_found();
        lab.patch(&apollo, &world.zeus.url, json!({"description": "x"})).await.is_not_found();
        lab.patch(&apollo, &world.apollo.url, json!({"description": "x"})).await.is(200);
        lab.order(&apollo, &world.zeus, &world.offering, json!({"storage": 1})).await.is_invalid("project");
        // The catalogue is everybody's, so one can order from it; there is nothing else to do with it.
        lab.order(&apollo, &world.apollo, &world.offering, json!({"storage": 1})).await.is(201);
        lab.get(&apollo, &world.offering.url).await.is_not_found();
        lab.post(&apollo, projects, json!({"name": "New", "customer": world.acme.url})).await.is_invalid("customer");
        // What has no place of its own shows nothing of what is outside.
        let feed = lab.get(&apollo, &format!("/api/events/?scope={}", world.acme.url)).await;
        assert!(feed.status == 400 || feed.rows().is_empty(), "{}", feed.body);

        let acme = mint(&lab, owner, &all, &[("customer", &world.acme.uuid)]).await;
        assert_eq!(seen(&acme, projects, "name").await, seen(owner, projects, "name").await);
        assert_eq!(seen(&acme, resources, "uuid").await, seen(owner, resources, "uuid").await);
        lab.post(&acme, projects, json!({"name": "New", "customer": world.acme.url})).await.is(201);

        let resource = gallery.running(&lab).await;
        let one = mint(&lab, owner, &all, &[("resource", &resource), ("project", &world.zeus.uuid)]).await;
        assert!(seen(&one, resources, "uuid").await.contains(&resource));
        assert!(seen(&one, resources, "project_name").await.is_subset(&set(&["Apollo", "Zeus"])));
        assert_eq!(seen(&one, projects, "name").await, set(&["Zeus"]));
        let terminate = format!("/api/marketplace-resources/{resource}/terminate/");
        lab.post(&one, &terminate, json!({})).await.is(200);

        // On the provider's side: the offering shows what it serves, the organization does not.
        let provider = world.person("provider's owner");
        let (hpc, cluster) = (&world.hpc.uuid, &world.offering.uuid);
        let served = "/api/marketplace-provider-resources/";
        let of_offering = mint(&lab, provider, &all, &[("offering", cluster)]).await;
        assert_eq!(seen(&of_offering, served, "offering_name").await, set(&["Cluster"]));
        assert_eq!(seen(&of_offering, "/api/marketplace-provider-offerings/", "name").await, set(&["Cluster"]));
        let of_organization = mint(&lab, provider, &all, &[("customer", hpc)]).await;
        assert_eq!(seen(&of_organization, served, "uuid").await, set(&[]));
        assert!(seen(&of_organization, "/api/marketplace-provider-offerings/", "name").await.contains("Cluster"));
        let pause = |thing: &Thing| format!("{}pause/", thing.url);
        lab.post(&of_offering, &pause(&world.offering), json!({})).await.is(200);
    }

    async fn staff_power_passes_only_where_a_token_says_so(lab: Lab) {
        let world = World::build(&lab).await;
        let staff = lab.staff.clone();
        let plain = mint(&lab, &staff, &["PROJECT.LIST", "PROJECT.UPDATE", "CUSTOMER.UPDATE"], &[]).await;
        for path in ["/api/projects/", "/api/customers/", "/api/marketplace-orders/", "/api/events/"] {
            assert_eq!(lab.count(&plain, path).await, 0, "{path}");
        }
        lab.get(&plain, &world.apollo.url).await.is_not_found();
        lab.get(&plain, "/api/auth-tokens/").await.is_forbidden();
        lab.post(&plain, "/api/customers/", json!({"name": "New"})).await.is_forbidden();
        // With a role of his own it shows what that shows.
        lab.grant(&world.zeus, "PROJECT.MANAGER", &staff).await;
        assert_eq!(names(&lab.get(&plain, "/api/projects/").await.is(200), "name"), BTreeSet::from(["Zeus".into()]));
        lab.patch(&plain, &world.zeus.url, json!({"description": "x"})).await.is(200);

        let strong = mint(&lab, &staff, &["STAFF.ACCESS", "PROJECT.UPDATE"], &[]).await;
        assert_eq!(lab.count(&strong, "/api/projects/").await, lab.count(&staff, "/api/projects/").await);
        lab.post(&strong, "/api/customers/", json!({"name": "New"})).await.is(201);
        lab.patch(&strong, &world.hermes.url, json!({"description": "x"})).await.is(200);
        let refused = lab.patch(&strong, &world.acme.url, json!({"name": "Mine"})).await.is_forbidden();
        assert_eq!(refused.body["reasons"][0]["reason"], "narrowed");

        let agent = world.person("support agent");
        let blind = mint(&lab, agent, &["PROJECT.LIST"], &[]).await;
        assert_eq!(lab.count(&blind, "/api/projects/").await, 0);
        let seeing = mint(&lab, agent, &["SUPPORT.ACCESS"], &[]).await;
        assert_eq!(lab.count(&seeing, "/api/projects/").await, lab.count(agent, "/api/projects/").await);
        lab.post(&seeing, "/api/customers/", json!({"name": "New"})).await.is_forbidden();
        let watching = mint(&lab, &staff, &["SUPPORT.ACCESS"], &[]).await;
        assert_eq!(lab.count(&watching, "/api/projects/").await, lab.count(&staff, "/api/projects/").await);
        lab.post(&watching, "/api/customers/", json!({"name": "New"})).await.is_forbidden();
    }

    async fn columns_that_a_role_opens_stay_shut_to_a_token_without_it(lab: Lab) {
        let world = World::build(&lab).await;
        let category = lab.category().await;
        let secret = json!({"secret_options": {"key": "s3cret"}});
        let made = lab.offering(&world.hpc, &category, "Secret", json!({})).await;
        lab.post(&lab.staff, &format!("{}update_integration/", made.url), secret).await.is(200);
        let provider = world.person("provider's owner");
        let shows = async |person: &Person| {
            let one = lab.get(person, &made.url).await.is(200).body.to_string();
            let list = lab.get(person, "/api/marketplace-provider-offerings/?page_size=100").await.is(200).body.to_string();
            assert_eq!(one.contains("s3cret"), list.contains("s3cret"));
            one.contains("s3cret")
        };
        assert!(shows(provider).await && shows(&lab.staff).await);
        assert!(!shows(world.person("support agent")).await);
        assert!(!shows(&mint(&lab, provider, &["OFFERING.UPDATE"], &[]).await).await);
        assert!(shows(&mint(&lab, provider, &["OFFERING.UPDATE_INTEGRATION"], &[]).await).await);
        assert!(!shows(&mint(&lab, &lab.staff, &["STAFF.ACCESS", "OFFERING.UPDATE"], &[]).await).await);
        assert!(shows(&mint(&lab, &lab.staff, &["STAFF.ACCESS", "OFFERING.UPDATE_INTEGRATION"], &[]).await).await);
        // What only staff see of people.
        let plain = mint(&lab, &lab.staff, &["PROJECT.LIST"], &[]).await;
        let me = lab.get(&plain, "/api/users/me/").await.is(200);
        assert!(me.body.get("is_active").is_none() || !me.body["description"].is_string(), "{}", me.body);
    }

    async fn robots_use_tokens_that_staff_make(lab: Lab) {
        let world = World::build(&lab).await;
        let robot = lab.user("robot").await;
        let path = format!("/api/users/{}/", robot.uuid);
        lab.patch(&robot, &path, json!({"is_robot": true, "agree_with_policy": true})).await.is(400);
        lab.patch(&lab.staff, &path, json!({"is_robot": true})).await.is(200);
        lab.grant(&world.apollo, "PROJECT.ADMIN", &robot).await;
        lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_ENABLED": true})).await.is(200);
        let mut body = wish(&lab, &["PROJECT.LIST", "ORDER.LIST"], &[("project", &world.apollo.uuid)]);
        body["user"] = json!(robot.uuid);
        lab.post(world.person("owner"), TOKENS, body.clone()).await.is_forbidden();
        let made = lab.post(&lab.staff, TOKENS, body.clone()).await.is(201);
        let token = Person { token: made.text("token"), ..robot.clone() };
        assert_eq!(lab.get(&token, "/api/users/me/").await.is(200).text("uuid"), robot.uuid);
        assert_eq!(names(&lab.get(&token, "/api/projects/").await.is(200), "name"), BTreeSet::from(["Apollo".into()]));
        // Staff keep them: they list, rotate and end them.
        let listed = lab.get(&lab.staff, &format!("{TOKENS}?user_uuid={}", robot.uuid)).await.is(200);
        assert_eq!(listed.column("user_username"), [robot.name.clone()]);
        let of = format!("{TOKENS}{}/", made.text("uuid"));
        let next = lab.post(&lab.staff, &format!("{of}rotate/"), Value::Null).await.is(201);
        turned_away(&lab, &token, "it was rotated").await;
        let token = Person { token: next.text("token"), ..robot.clone() };
        lab.get(&token, "/api/users/me/").await.is(200);
        lab.delete(&lab.staff, &format!("{TOKENS}{}/", next.text("uuid"))).await.is(204);
        turned_away(&lab, &token, "it was ended").await;
        // A binding needs the robot to see the thing, whoever asks.
        body["allowed_scopes"] = json!([{"type": "project", "uuid": world.hermes.uuid}]);
        lab.post(&lab.staff, TOKENS, body).await.is_invalid("allowed_scopes");
        // A robot that has a password does not sign in with it.
        let password = "a long and quiet word";
        lab.post(&lab.staff, &format!("{path}change_password/"), json!({"new_password": password})).await;
        let body = json!({"username": robot.name, "password": password});
        let reply = lab.post(&lab.nobody(), "/api-auth/password/", body).await;
        assert!(matches!(reply.status, 400 | 401 | 403), "{}", reply.body);
    }

    async fn use_is_noted_now_and_then_and_new_addresses_are_told(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let (token, path) = made(&lab, owner, &["PROJECT.LIST"]).await;
        let shown = async || lab.get(owner, &path).await.is(200).body;
        let told = async |kind: &str, count: usize| {
            soon(kind, async || {
                lab.run_jobs().await;
                let found = events(&lab, kind).await;
                (found.len() == count).then_some(found)
            }).await
        };
        let here = token.calling_from("192.0.2.1");
        lab.get(&here, "/api/projects/").await.is(200);
        soon("the first use", async || (shown().await["use_count"] == 1).then_some(())).await;
        let first = shown().await;
        assert_eq!(first["last_used_ip"], "192.0.2.1");
        let news = told("pat_used_from_new_ip", 1).await;
        assert_eq!(news[0]["context"]["ip_address"], "192.0.2.1");
        // Within ten minutes nothing is written; then all uses are.
        for _ in 0..5 {
            lab.get(&here, "/api/projects/").await.is(200);
        }
        assert_eq!(shown().await["last_used_at"], first["last_used_at"]);
        lab.advance(601);
        lab.get(&here, "/api/projects/").await.is(200);
        soon("the later uses", async || (shown().await["use_count"] == 7).then_some(())).await;
        // Elsewhere is news at once, but only once.
        let there = token.calling_from("192.0.2.2");
        for _ in 0..3 {
            // While an earlier use is being written, a use is only counted: the next one is news then.
            soon("the address", async || {
                lab.get(&there, "/api/projects/").await.is(200);
                (shown().await["last_used_ip"] == "192.0.2.2").then_some(())
            }).await;
        }
        told("pat_used_from_new_ip", 2).await;
        // A refusal is on record, as is one from outside of its networks; an hour has so many of them and no more.
        lab.post(owner, &format!("{path}set_network_acl/"), json!({"allowed_networks": ["192.0.2.1"]})).await.is(200);
        lab.get(&there, "/api/projects/").await.is(401);
        let denied = told("pat_access_denied_from_ip", 1).await;
        assert_eq!(denied[0]["context"]["ip_address"], "192.0.2.2");
        lab.delete(owner, &path).await.is(204);
        lab.get(&here, "/api/projects/").await.is(401);
        told("pat_authentication_rejected", 1).await;
        lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_MAX_AUDIT_EVENTS_PER_HOUR": 5})).await.is(200);
        for _ in 0..9 {
            lab.get(&here, "/api/projects/").await.is(401);
        }
        told("pat_authentication_rejected", 2).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        told("pat_authentication_rejected", 2).await;
        lab.advance(3_601);
        lab.get(&here, "/api/projects/").await.is(401);
        told("pat_authentication_rejected", 3).await;
    }

    async fn a_token_costs_no_more_statements_than_a_login(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let token = mint(&lab, owner, &["PROJECT.LIST"], &[("project", &world.apollo.uuid)]).await;
        lab.get(&token, "/api/projects/").await.is(200);
        lab.get(owner, "/api/projects/").await.is(200);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let by_login = lab.statements_of(owner, "GET", "/api/projects/").await;
        assert_eq!(lab.statements_of(&token, "GET", "/api/projects/").await, by_login);
        let rows = lab.core.store.query("SELECT count(*) FROM personal_tokens", &vals![]).await.unwrap();
        assert_eq!(rows[0].get::<i64>(0).unwrap(), 1);
    }
}

fn token_of(person: &Person) -> Person {
    Person { token: String::new(), ..person.clone() }
}
