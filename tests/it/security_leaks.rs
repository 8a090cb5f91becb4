//! Security cases about what is told and what can be written, by their class (C3, C14).

use crate::gallery::{self, Gallery, path_of, text_of};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stoa_kernel::{
    access::Found,
    action::{Action, Target},
    field::{Kind, Who},
    view::View,
};
use stoa_testing::{Lab, Person, Reply, World, both};
use stoa_waldur::route::{Route, Run, Verb};

/// Somebody of the cast who may run an action on a thing now, and that thing; ordinary people before staff.
async fn who_may<'a>(
    lab: &Lab,
    gallery: &'a Gallery,
    action: &'static Action,
    view: &'static View,
) -> Option<(&'a str, &'a Person, Found)> {
    let cast = gallery.world.cast.iter().skip(1).chain(gallery.world.cast.first());
    for (who, person) in cast.filter(|(_, person)| !person.token.is_empty()) {
        let actor = lab.actor(person).await;
        for (_, lookup) in gallery::everything(lab, view).await {
            let Some(found) = gallery::found(lab, Some(person), view, &lookup).await else { continue };
            let in_state =
                action.from.is_empty() || found.state.as_deref().is_some_and(|state| action.from.contains(&state));
            if in_state && action.decide(&actor, &found).allowed {
                return Some((who, person, found));
            }
        }
    }
    None
}

/// A value of this kind that differs from the one that is there.
fn other(kind: Kind, now: &Value) -> Value {
    match kind {
        Kind::Bool => json!(now != &json!(true)),
        Kind::Int | Kind::Float | Kind::AmountNumber => json!(now.as_i64().unwrap_or(0) + 7),
        Kind::Amount(_) => json!("7.5000000000"),
        Kind::Uuid => json!("0123456789abcdef0123456789abcdef"),
        Kind::Time => json!("2001-02-03T04:05:06Z"),
        Kind::Date => json!("2001-02-03"),
        Kind::Choice(_, choices) => json!(choices.iter().find(|choice| now != &json!(choice)).unwrap_or(&"x")),
        Kind::Link(_) => json!("http://stoa.test/api/users/0123456789abcdef0123456789abcdef/"),
        Kind::Links(_) | Kind::Texts | Kind::Rows(..) => json!([]),
        Kind::Object | Kind::Json | Kind::OneRow(..) => json!({"x": 1}),
        _ => json!("changed"),
    }
}

/// What of an answer may differ between two calls: nothing but the request's identifier.
fn told(reply: &Reply) -> (u16, Value, BTreeMap<String, String>) {
    let headers = reply.headers.iter().filter(|(name, _)| name != "x-request-id" && name != "date");
    (reply.status, reply.body.clone(), headers.cloned().collect())
}

both! {
    /// C3: what a view shows and an update does not take can't be changed by sending it.
    async fn c03_fields_that_are_not_for_writing_do_not_change(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let mut updates = 0;
        for route in gallery::routes().filter(|route| route.method == Verb::Patch) {
            let Run::Update(action, view) = route.run else { continue };
            let Target::Thing(target) = action.target else { continue };
            let target = route.via.unwrap_or(target);
            let Some((who, person, found)) = who_may(&lab, &gallery, action, target).await else { continue };
            let is_staff = who == "staff";
            let uuid = stoa_kernel::id::hex(&found.uuid);
            let path = path_of(route, &uuid);
            let read = |reply: Reply| reply.body.as_object().cloned().unwrap_or_default();
            let before = read(lab.get(&lab.staff, &path).await);
            let own = found.owner != 0 && lab.actor(person).await.id == found.owner;
            let writable = |name: &str| {
                let field = action.fields.iter().find(|field| field.name == name);
                field.is_some_and(|field| match field.who {
                    Who::Everyone => true,
                    Who::Staff => is_staff,
                    Who::Own | Who::OwnOrStaff => own || is_staff,
                    Who::Support | Who::OwnOrSupport => true,
                    Who::Nobody => false,
                })
            };
            let mut body = Map::new();
            for column in view.columns.iter().filter(|column| !writable(column.name)) {
                // Derived from what may be written.
                if ["full_name", "display_name"].contains(&column.name) {
                    continue;
                }
                body.insert(column.name.into(), other(column.kind, before.get(column.name).unwrap_or(&Value::Null)));
            }
            body.insert("agree_with_policy".into(), json!(true));
            let reply = lab.patch(person, &path, Value::Object(body.clone())).await;
            assert!(reply.status < 500, "{}: {} {}", route.op, reply.status, reply.body);
            let after = read(lab.get(&lab.staff, &path).await);
            for name in body.keys().filter(|name| !["modified", "agreement_date", "agree_with_policy"].contains(&name.as_str())) {
                assert_eq!(before.get(name), after.get(name), "{} by {who} changed {name}", route.op);
            }
            updates += 1;
        }
        assert!(updates >= 3, "only {updates} updates were tried");
    }

    /// C3: what only staff may set is not set by others, on creation either.
    async fn c03_what_is_staffs_is_not_set_by_owners(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let body = json!({"name": "Mine", "customer": world.acme.url, "staff_notes": "x", "max_service_accounts": 99,
                          "grace_period_days": 9999, "is_removed": true, "uuid": "0123456789abcdef0123456789abcdef",
                          "created": "2001-01-01T00:00:00Z"});
        // What staff alone may set is refused and not ignored; what nobody may set is ignored.
        let refused = lab.post(owner, "/api/projects/", body.clone()).await.is(400);
        for field in ["staff_notes", "max_service_accounts", "grace_period_days"] {
            assert!(refused.body.get(field).is_some(), "{}", refused.body);
        }
        let mut body = body;
        if let Some(fields) = body.as_object_mut() {
            fields.retain(|name, _| refused.body.get(name).is_none());
        }
        let made = lab.post(owner, "/api/projects/", body).await.is(201);
        let shown = lab.get(&lab.staff, &made.text("url")).await.is(200);
        assert_ne!(shown.text("uuid"), "0123456789abcdef0123456789abcdef");
        assert_ne!(shown.body["staff_notes"], "x");
        assert_ne!(shown.body["max_service_accounts"], 99);
        assert_ne!(shown.body["grace_period_days"], 9999);
        assert!(!shown.text("created").starts_with("2001"));
        lab.post(owner, "/api/customers/", json!({"name": "Mine"})).await.is_forbidden();
        lab.post(owner, "/api/users/", json!({"username": "mine"})).await.is_forbidden();
    }

    /// C14: a thing that is hidden and one that does not exist are told in the same words.
    async fn c14_hidden_and_absent_are_told_alike(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let person = gallery.person("neighbour's owner");
        let absent = "0123456789abcdef0123456789abcdef";
        for route in gallery::routes() {
            let view = match (route.run, route.action().map(|action| action.target)) {
                (Run::Retrieve(view) | Run::ListIn { parent: view, .. }, _) => view,
                (_, Some(Target::Thing(view))) => route.via.unwrap_or(view),
                _ => continue,
            };
            if !view.lookup.ends_with(".uuid") || route.key().is_none() {
                continue;
            }
            let mut hidden = None;
            for (_, lookup) in gallery::everything(&lab, view).await {
                if gallery::found(&lab, Some(person), view, &lookup).await.is_none() {
                    hidden = Some(text_of(&lookup));
                    break;
                }
            }
            let Some(hidden) = hidden else { continue };
            let ask = |route: &Route, target: &str| (route.method.text(), path_of(route, target));
            let body = if route.method == Verb::Get { Value::Null } else { json!({"name": ""}) };
            let ((method, one), (_, two)) = (ask(route, &hidden), ask(route, absent));
            let (one, two) = (lab.send(person, method, &one, body.clone()).await, lab.send(person, method, &two, body).await);
            assert_eq!(told(&one), told(&two), "{}", route.op);
        }
        // The same for links in a body.
        let order = |project: &str| json!({"offering": lab.public(&gallery.world.offering), "project": project,
            "plan": gallery.world.offering.body["plans"][0]["url"], "limits": {}, "attributes": {}});
        let one = lab.post(person, "/api/marketplace-orders/", order(&gallery.world.apollo.url)).await;
        let two = lab.post(person, "/api/marketplace-orders/", order(&format!("http://stoa.test/api/projects/{absent}/"))).await;
        assert_eq!(told(&one), told(&two));
    }

    /// C14: signing in tells nobody whether a name exists.
    async fn c14_a_sign_in_is_no_oracle(lab: Lab) {
        let known = lab.user("known").await;
        let path = format!("/api/users/{}/change_password/", known.uuid);
        lab.post(&lab.staff, &path, json!({"new_password": "Correct-horse-7-battery"})).await;
        let try_it = |name: &str| json!({"username": name, "password": "wrong"});
        let one = lab.post(&lab.nobody(), "/api-auth/password/", try_it(&known.name)).await;
        let two = lab.post(&lab.nobody(), "/api-auth/password/", try_it("nobody-of-this-name")).await;
        assert_eq!(told(&one), told(&two));
        assert_eq!(one.status, 401);
        // And locks both alike.
        for _ in 0..6 {
            lab.post(&lab.nobody(), "/api-auth/password/", try_it(&known.name)).await;
            lab.post(&lab.nobody(), "/api-auth/password/", try_it("nobody-of-this-name")).await;
        }
        let one = lab.post(&lab.nobody(), "/api-auth/password/", try_it(&known.name)).await;
        let two = lab.post(&lab.nobody(), "/api-auth/password/", try_it("nobody-of-this-name")).await;
        assert_eq!(told(&one), told(&two));
        let right = json!({"username": known.name, "password": "Correct-horse-7-battery"});
        lab.post(&lab.nobody(), "/api-auth/password/", right.clone()).await.is(401);
        lab.advance(700);
        lab.post(&lab.nobody(), "/api-auth/password/", right).await.is(200);
    }

    /// C14: columns that are not for everybody are absent for the others, also when asked for by name.
    async fn c14_restricted_columns_are_absent(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let project = |who: &'static str| lab.get(gallery.person(who), &gallery.world.apollo.url);
        assert!(project("staff").await.is(200).body.get("staff_notes").is_some());
        assert!(project("owner").await.is(200).body.get("staff_notes").is_none());
        for route in gallery::routes() {
            let Run::List(view) = route.run else { continue };
            let restricted: Vec<_> = view.columns.iter().filter(|column| column.who != Who::Everyone).collect();
            for (who, person) in gallery.world.cast.iter().filter(|(_, person)| !person.token.is_empty()) {
                let actor = lab.actor(person).await;
                for column in &restricted {
                    let path = format!("{}?field={}&field=uuid&page_size=100", route.path, column.name);
                    let reply = lab.get(person, &path).await;
                    if reply.status != 200 {
                        break;
                    }
                    for row in reply.rows() {
                        let own = row["uuid"] == person.uuid.as_str();
                        if !column.who.includes(&actor, own) {
                            assert!(row.get(column.name).is_none(), "{who} is shown {} in {}", column.name, route.op);
                        }
                    }
                }
            }
        }
    }

    /// C14: no answer to anybody holds what is secret, nor says how it is stored.
    async fn c14_answers_hold_no_secret(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let mut secrets = BTreeSet::new();
        for sql in ["SELECT password FROM users WHERE password <> ''", "SELECT hash FROM tokens"] {
            for row in lab.core.store.query(sql, &[]).await.unwrap() {
                secrets.insert(row.get::<String>(0).unwrap());
            }
        }
        for (_, person) in &gallery.world.cast {
            if !person.token.is_empty() {
                secrets.insert(person.token.clone());
            }
        }
        for route in gallery::routes().filter(|route| route.method == Verb::Get) {
            let (Run::List(_) | Run::Retrieve(_) | Run::Me(_)) = route.run else { continue };
            let target = match route.run {
                Run::Retrieve(view) => gallery::everything(&lab, view).await.first().map(|row| text_of(&row.1)),
                _ => None,
            };
            for who in ["staff", "owner", "user without roles", "nobody"] {
                let person = gallery.person(who);
                let path = path_of(route, target.as_deref().unwrap_or_default());
                let text = lab.get(person, &path).await.body.to_string();
                for secret in secrets.iter().filter(|secret| **secret != person.token || route.op != "users_me_retrieve") {
                    assert!(!text.contains(secret.as_str()), "{} shows {who} a secret", route.op);
                }
            }
        }
    }

    /// C14: faults and refusals tell nothing of the inside.
    async fn c14_errors_tell_nothing_of_the_inside(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        for (method, path, body) in [
            ("POST", "/api/projects/", json!({"name": "\u{0}", "customer": world.acme.url})),
            ("POST", "/api/projects/", json!({"name": "x".repeat(100_000), "customer": world.acme.url})),
            ("POST", "/api/projects/", json!({"name": {"$ne": 1}, "customer": ["'; DROP TABLE users; --"]})),
            ("GET", "/api/projects/?name=%27%20OR%201%3D1--&o=name%27", Value::Null),
            ("GET", "/api/projects/?created=%27", Value::Null),
            ("GET", "/api/nothing/", Value::Null),
        ] {
            let reply = lab.send(owner, method, path, body).await;
            assert!((400..500).contains(&reply.status), "{} {} {}", reply.asked, reply.status, reply.body);
            let text = reply.body.to_string().to_lowercase();
            for word in ["sqlite", "postgres", " from ", "panicked", ".rs:", "constraint", "column"] {
                assert!(!text.contains(word), "{} says {word}: {text}", reply.asked);
            }
        }
        assert!(lab.count(&lab.staff, "/api/users/").await > 5, "the users are still there");
    }

    /// C14: an ordinary person sees people he has to do with, and never staff.
    async fn c14_lists_of_people_are_of_ones_own(lab: Lab) {
        let world = World::build(&lab).await;
        let sees = |who: &'static str| {
            let (lab, world) = (&lab, &world);
            async move {
                let rows = lab.all(world.person(who), "/api/users/").await;
                rows.iter().filter_map(|row| row["uuid"].as_str().map(str::to_owned)).collect::<BTreeSet<_>>()
            }
        };
        let owner = sees("owner").await;
        assert!(owner.contains(&world.person("project member").uuid));
        for stranger in ["staff", "support agent", "neighbour's owner", "service manager", "user without roles"] {
            assert!(!owner.contains(&world.person(stranger).uuid), "the owner sees {stranger}");
        }
        let plain = world.person("user without roles");
        assert_eq!(sees("user without roles").await, BTreeSet::from([plain.uuid.clone()]));
        lab.get(plain, &format!("/api/users/{}/", world.person("owner").uuid)).await.is_not_found();
    }
}
