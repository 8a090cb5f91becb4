//! The record (design.md, section 5): one event for each success, none for a refusal but a row of refusals, and never a
//! secret.

use crate::gallery::Gallery;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stoa_kernel::{
    Val,
    event::{self, Event},
    vals,
};
use stoa_tenancy::vocabulary::events::event_type;
use stoa_testing::{Lab, World, both, stored};

async fn number(lab: &Lab, sql: &str) -> i64 {
    lab.core.store.query(sql, &[]).await.unwrap()[0].get(0).unwrap()
}

/// How many events and refusals there are.
async fn record(lab: &Lab) -> (i64, i64) {
    (number(lab, "SELECT count(*) FROM events").await, number(lab, "SELECT count(*) FROM refusals").await)
}

/// The last event: type, action, actor, context, changes.
async fn last(lab: &Lab) -> (String, String, Option<i64>, Value, Value) {
    let sql = "SELECT event_type, action, actor_id, context, changes FROM events ORDER BY id DESC LIMIT 1";
    let rows = lab.core.store.query(sql, &[]).await.unwrap();
    let row = &rows[0];
    let read = |text: String| serde_json::from_str(&text).unwrap();
    (
        row.get(0).unwrap(),
        row.get(1).unwrap(),
        row.get(2).unwrap(),
        read(row.get(3).unwrap()),
        read(row.get(4).unwrap()),
    )
}

/// Every text of every table, row by row, with the name of the table.
async fn texts(lab: &Lab, tables: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for table in tables {
        let rows = lab.core.store.query(&format!("SELECT * FROM {table}"), &[]).await.unwrap();
        for row in rows {
            for at in 0..row.len() {
                if let Val::Text(text) = row.val(at) {
                    found.push(((*table).to_owned(), text.clone()));
                }
            }
        }
    }
    found
}

both! {
    async fn a_success_leaves_one_event_and_a_refusal_one_row_of_refusals(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, admin) = (world.person("owner"), world.person("project admin"));
        let somebody = lab.user("somebody").await;
        let add = format!("{}add_user/", world.apollo.url);
        let role = json!({"role": "PROJECT.MEMBER", "user": somebody.uuid});
        // What is done, by whom, the answer, and what it leaves: events and refusals.
        for (method, path, body, who, status, events, refusals) in [
            ("PATCH", world.apollo.url.clone(), json!({"description": "New."}), owner, 200, 1, 0),
            ("PATCH", world.apollo.url.clone(), json!({"description": "New."}), owner, 200, 0, 0),
            ("PATCH", world.apollo.url.clone(), json!({"description": "Mine."}), admin, 403, 0, 1),
            ("PATCH", world.apollo.url.clone(), json!({"name": ""}), owner, 400, 0, 0),
            ("PATCH", world.hermes.url.clone(), json!({"name": "Mine"}), owner, 404, 0, 0),
            ("POST", add.clone(), role.clone(), admin, 403, 0, 1),
            ("POST", add.clone(), role.clone(), owner, 201, 1, 0),
            ("POST", add.clone(), role.clone(), owner, 400, 0, 0),
            ("POST", format!("{}delete_user/", world.apollo.url), role.clone(), owner, 200, 1, 0),
            ("POST", "/api/projects/".into(), json!({"name": "X", "customer": world.acme.url}), admin, 403, 0, 1),
            ("POST", "/api/projects/".into(), json!({"name": "X", "customer": world.acme.url}), owner, 201, 1, 0),
        ] {
            let before = record(&lab).await;
            lab.send(who, method, &path, body.clone()).await.is(status);
            let after = record(&lab).await;
            let left = (after.0 - before.0, after.1 - before.1);
            assert_eq!(left, (events, refusals), "{method} {path} {body} by {}: {:?}", who.name, last(&lab).await);
        }
    }

    async fn every_event_names_its_action_and_a_type_of_the_catalogue(lab: Lab) {
        Gallery::build(&lab).await;
        let actions: BTreeSet<&str> = lab.core.actions().iter().map(|action| action.name).collect();
        let rows = lab.core.store.query("SELECT event_type, action, message, context FROM events", &[]).await.unwrap();
        assert!(rows.len() > 50);
        for row in rows {
            let (kind, action, message, context): (String, String, String, String) =
                (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap(), row.get(3).unwrap());
            assert!(event_type(&kind).is_some(), "{kind} is not in the catalogue");
            assert!(actions.contains(action.as_str()) || !action.contains('.'), "{action} is no action");
            assert!(!message.trim().is_empty(), "{kind} without a message");
            let context: Value = serde_json::from_str(&context).unwrap();
            for (key, value) in context.as_object().unwrap() {
                assert!(!value.is_object() && !value.is_array(), "{kind}: {key} is not flat: {value}");
            }
        }
    }

    async fn an_event_knows_who_acted_and_as_whom(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        lab.patch(owner, &world.apollo.url, json!({"description": "By the owner."})).await.is(200);
        let (kind, action, actor, context, changes) = last(&lab).await;
        assert_eq!((kind.as_str(), action.as_str()), ("project_update_succeeded", "project.update"));
        assert_eq!(actor, Some(lab.actor(owner).await.id));
        assert_eq!(context["user_uuid"], owner.uuid);
        assert_eq!(context["project_uuid"], world.apollo.uuid);
        assert!(context.get("user_impersonator_uuid").is_none());
        assert_eq!(changes[0]["field"], "description");
        assert_eq!(changes[0]["after"], "By the owner.");

        let headers = [("x-impersonated-user-uuid", owner.uuid.as_str()), ("content-type", "application/json")];
        let body = json!({"description": "By staff as the owner."}).to_string().into_bytes();
        lab.raw(&lab.staff, "PATCH", &world.apollo.url, &headers, body).await.is(200);
        let (_, _, actor, context, _) = last(&lab).await;
        assert_eq!(actor, Some(lab.actor(owner).await.id));
        assert_eq!(context["user_uuid"], owner.uuid);
        assert_eq!(context["user_impersonator_uuid"], lab.staff.uuid);
        assert_eq!(context["user_impersonator_username"], "staff");
    }

    async fn a_refusal_on_record_has_its_reasons(lab: Lab) {
        let world = World::build(&lab).await;
        let admin = world.person("project admin");
        lab.delete(admin, &world.apollo.url).await.is_forbidden();
        let sql = "SELECT actor_id, action, target, reasons FROM refusals ORDER BY id DESC LIMIT 1";
        let rows = lab.core.store.query(sql, &[]).await.unwrap();
        assert_eq!(rows[0].get::<i64>(0).unwrap(), lab.actor(admin).await.id);
        assert_eq!(rows[0].get::<String>(1).unwrap(), "project.delete");
        assert_eq!(rows[0].get::<String>(2).unwrap(), world.apollo.uuid);
        assert!(rows[0].get::<String>(3).unwrap().contains("PROJECT.DELETE"));
    }

    async fn no_secret_is_ever_on_record_or_kept_readable(lab: Lab) {
        let world = World::build(&lab).await;
        let (staff, owner, admin) = (&lab.staff, world.person("owner"), world.person("project admin"));
        let password = "Correct-horse-7-battery";
        let wrong = "Wrong-horse-8-battery";
        let path = format!("/api/users/{}/change_password/", admin.uuid);
        lab.post(staff, &path, json!({"new_password": password})).await;
        let sign_in = |password: &str| json!({"username": admin.name, "password": password});
        let token = lab.post(&lab.nobody(), "/api-auth/password/", sign_in(password)).await.is(200).text("token");
        lab.post(&lab.nobody(), "/api-auth/password/", sign_in(wrong)).await.is(401);
        let fresh = lab.post(admin, &format!("/api/users/{}/refresh_token/", admin.uuid), Value::Null).await;
        let fresh = fresh.body["token"].as_str().unwrap_or("none-was-given-out").to_owned();
        // A secret in the body of a refused and of a failed call.
        let again = lab.signed_in(&admin.name).await;
        lab.patch(&again, &world.apollo.url, json!({"name": "x", "token": token, "password": password})).await.is(403);
        lab.patch(owner, &world.apollo.url, json!({"name": "", "password": password})).await.is(400);
        let options = json!({"name": "Secret", "category": world.offering.body["category"], "customer": world.hpc.url,
                             "type": "Marketplace.Basic", "secret_options": {"password": password}});
        lab.post(staff, "/api/marketplace-provider-offerings/", options).await;
        let secrets = [password, wrong, token.as_str(), fresh.as_str(), owner.token.as_str(), admin.token.as_str()];

        let tables = ["events", "event_feeds", "refusals", "versions", "jobs", "users", "tokens", "login_failures"];
        let mut texts = texts(&lab, &tables).await;
        texts.retain(|(table, _)| table != "none");
        assert!(texts.len() > 100);
        for (table, text) in &texts {
            for secret in secrets {
                assert!(!text.contains(secret), "{table} has a secret: {text}");
            }
            if table != "tokens" {
                assert!(!text.contains(&stored(&token)), "{table} has the hash of a token: {text}");
            }
        }
        let hash = texts.iter().find(|(table, text)| table == "users" && text.starts_with('$')).map(|(_, text)| text);
        assert!(hash.is_some_and(|hash| hash.starts_with("$argon2id$")), "passwords are stored as Argon2id: {hash:?}");
    }

    async fn what_fails_leaves_nothing_behind(lab: Lab) {
        let world = World::build(&lab).await;
        let counts = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM orders) \
                      + (SELECT count(*) FROM resources) + (SELECT count(*) FROM reservations)";
        let before = number(&lab, counts).await;
        for limits in [json!({"storage": 0}), json!({"storage": 1_000_000}), json!({"cpu": 1}), json!({"storage": "x"})] {
            let reply = lab.order(world.person("owner"), &world.apollo, &world.offering, limits).await;
            assert_eq!(reply.status, 400, "{}", reply.body);
        }
        assert_eq!(number(&lab, counts).await, before);
    }

    async fn a_change_whose_event_cannot_be_written_does_not_happen(lab: Lab) {
        // The event and the change are one transaction: a transaction that ends in an error keeps neither.
        let world = World::build(&lab).await;
        let before = number(&lab, "SELECT count(*) FROM events").await;
        let uuid = stoa_kernel::id::parse(&world.apollo.uuid).unwrap();
        let result = lab.core.store.write(move |tx| Box::pin(async move {
            tx.execute("UPDATE projects SET name = $1 WHERE uuid = $2", &vals!["Half", uuid]).await?;
            Err::<(), _>(stoa_kernel::Error::broken("the event could not be written"))
        })).await;
        assert!(result.is_err());
        assert_eq!(lab.get(world.person("owner"), &world.apollo.url).await.is(200).text("name"), "Apollo");
        assert_eq!(number(&lab, "SELECT count(*) FROM events").await, before);
    }
}

#[test]
fn events_are_flat_facts() {
    let event = Event::new("x", "X.").fact("a", 1).feed("project", 1).feed("project", 1);
    assert_eq!(event.feeds.len(), 1);
    assert!(event::MIGRATION.sql.contains("CREATE TABLE events"));
}
