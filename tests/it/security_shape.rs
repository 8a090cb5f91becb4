//! Security cases about the shape of requests, by their class (C10, C16, C18, C19).

use serde_json::{Value, json};
use stoa_testing::{Person, World, both};

const JSON: (&str, &str) = ("content-type", "application/json");

both! {
    /// C10: nothing that a caller writes into a header makes him somebody.
    async fn c10_headers_make_nobody(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, plain) = (world.person("owner"), world.person("user without roles"));
        for header in ["x-roles", "x-user-id", "x-forwarded-user", "remote-user", "x-remote-user", "x-is-staff"] {
            lab.raw(&lab.nobody(), "GET", "/api/users/me/", &[(header, &owner.uuid)], Vec::new()).await.is(401);
        }
        let act_as = [("x-impersonated-user-uuid", owner.uuid.as_str())];
        lab.raw(plain, "GET", "/api/users/me/", &act_as, Vec::new()).await.is(403);
        lab.raw(&lab.nobody(), "GET", "/api/users/me/", &act_as, Vec::new()).await.is(401);
        let nobody = [("x-impersonated-user-uuid", "0123456789abcdef0123456789abcdef")];
        lab.raw(&lab.staff, "GET", "/api/users/me/", &nobody, Vec::new()).await.is(403);
        let me = lab.raw(&lab.staff, "GET", "/api/users/me/", &act_as, Vec::new()).await.is(200);
        assert_eq!(me.text("uuid"), owner.uuid);
        assert_eq!(me.header("x-impersonator-uuid"), Some(lab.staff.uuid.as_str()));
        // As the owner, staff may what the owner may, and no more.
        lab.raw(&lab.staff, "GET", &world.hermes.url, &act_as, Vec::new()).await.is(404);
        for secret in ["", "x", "null", "undefined", "0", &"a".repeat(10_000)] {
            let person = Person { token: secret.to_owned(), name: "forger".into(), ..Person::default() };
            if !secret.is_empty() {
                lab.get(&person, "/api/users/me/").await.is(401);
            }
        }
        for value in ["Token", "Token ", "Token a b", "Bearer x", "Basic eDp5", "token\u{a0}x"] {
            let reply = lab.raw(&lab.nobody(), "GET", "/api/users/me/", &[("authorization", value)], Vec::new()).await;
            assert_eq!(reply.status, 401, "{value:?}");
        }
    }

    /// C16: a call that fails half way leaves nothing behind.
    async fn c16_a_failing_call_leaves_nothing(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let tables = ["projects", "grants", "orders", "resources", "reservations", "offerings", "plans", "users", "tokens", "events"];
        let count = || async {
            let mut counts = Vec::new();
            for table in tables {
                let rows = lab.core.store.query(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap();
                counts.push((table, rows[0].get::<i64>(0).unwrap()));
            }
            counts
        };
        let before = count().await;
        for (path, body) in [
            ("/api/projects/", json!({"name": "Half", "customer": world.acme.url, "end_date": "2001-01-01"})),
            ("/api/projects/", json!({"name": "Half", "customer": world.acme.url, "type": "http://stoa.test/api/project-types/0123456789abcdef0123456789abcdef/"})),
            ("/api/users/", json!({"username": "half", "email": "no address"})),
            ("/api/marketplace-provider-offerings/", json!({"name": "Half", "customer": world.hpc.url, "type": "Marketplace.Basic",
                "category": world.offering.body["category"], "components": [{"type": "a", "name": "A", "billing_type": "limit"}, {"type": "a", "name": "A", "billing_type": "limit"}]})),
            ("/api/marketplace-provider-offerings/", json!({"name": "Half", "customer": world.hpc.url, "type": "Marketplace.Basic",
                "category": world.offering.body["category"], "plans": [{"name": "P", "unit": "fortnight"}]})),
        ] {
            let reply = lab.post(&lab.staff, path, body).await;
            assert!((400..500).contains(&reply.status), "{} {} {}", reply.asked, reply.status, reply.body);
        }
        let expired = json!({"role": "PROJECT.ADMIN", "user": lab.staff.uuid, "expiration_time": "2001-01-01T00:00:00Z"});
        lab.post(owner, &format!("{}add_user/", world.apollo.url), expired).await.is(400);
        assert_eq!(count().await, before);
    }

    /// C18: a request is limited in every direction.
    async fn c18_requests_are_limited(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        for _ in 0..20 {
            lab.project(&world.acme, "Many").await;
        }
        for size in ["100000", "-1", "0", "x", "99999999999999999999"] {
            let reply = lab.get(owner, &format!("/api/projects/?page_size={size}")).await.is(200);
            assert!(reply.rows().len() <= 300);
        }
        for page in ["0", "-1", "x", "99999999999999999999", "1e9"] {
            lab.get(owner, &format!("/api/projects/?page={page}")).await.is(404);
        }
        lab.get(owner, "/api/projects/?page=last").await.is(200);
        let long = lab.get(owner, &format!("/api/projects/?name={}", "x".repeat(40_000))).await;
        assert_eq!(long.status, 414);
        let orders = vec!["name"; 2_000].join(",");
        assert_eq!(lab.get(owner, &format!("/api/projects/?o={orders}")).await.status, 400);
        let many: String = (0..1_000).map(|n| format!("&field=f{n}&customer={n:032x}")).collect();
        assert!(lab.get(owner, &format!("/api/projects/?{}", &many[..30_000])).await.status < 500);
        // Bodies: too long, too deep, too many.
        let big = vec![b' '; 40 * 1024 * 1024];
        let reply = lab.raw(owner, "POST", "/api/projects/", &[JSON], big).await;
        assert_eq!(reply.status, 413, "{}", reply.body);
        let deep = format!("{{\"name\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let reply = lab.raw(owner, "POST", "/api/projects/", &[JSON], deep.into_bytes()).await;
        assert!((400..500).contains(&reply.status), "{}", reply.status);
        let name = json!({"name": "x".repeat(501), "customer": world.acme.url});
        lab.post(owner, "/api/projects/", name).await.is_invalid("name");
        let fine = json!({"name": "ä".repeat(500), "customer": world.acme.url});
        lab.post(owner, "/api/projects/", fine).await.is(201);
    }

    /// C18: one call does not make many.
    async fn c18_a_write_costs_little(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let before = lab.core.store.queries();
        lab.patch(owner, &world.apollo.url, json!({"description": "Cheap."})).await.is(200);
        let update = lab.core.store.queries() - before;
        assert!(update <= 12, "an update of a project ran {update} statements");
        let before = lab.core.store.queries();
        lab.order(owner, &world.apollo, &world.offering, json!({"storage": 1})).await.is(201);
        let order = lab.core.store.queries() - before;
        assert!(order <= 60, "an order ran {order} statements");
    }

    /// C19: a cookie alone changes nothing from another site.
    async fn c19_another_site_can_not_use_a_session(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let cookie = format!("sessionid={}", owner.token);
        let body = json!({"description": "Forged."}).to_string().into_bytes();
        for origin in [Some("https://evil.example"), None] {
            let mut headers = vec![JSON, ("cookie", cookie.as_str())];
            headers.extend(origin.map(|origin| ("origin", origin)));
            let reply = lab.raw(&lab.nobody(), "PATCH", &world.apollo.url, &headers, body.clone()).await;
            assert!(matches!(reply.status, 401 | 403), "{origin:?}: {}", reply.status);
        }
        assert_ne!(lab.get(owner, &world.apollo.url).await.is(200).body["description"], "Forged.");
    }

    /// C10: what is not offered is refused, whoever asks; every answer has its fixed headers.
    async fn c10_methods_and_paths_that_are_not_offered(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        lab.send(owner, "PUT", "/api/projects/", json!({})).await.is(405);
        lab.send(owner, "DELETE", "/api/projects/", Value::Null).await.is(405);
        lab.send(&lab.nobody(), "PUT", "/api/projects/", json!({})).await.is(401);
        lab.get(owner, "/api/no-such-thing/").await.is(404);
        lab.get(owner, "/api/projects").await.is(301);
        let reply = lab.get(owner, "/api/projects/").await.is(200);
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(reply.header("x-request-id").is_some());
    }
}
