//! Orders and resources: who gets what, what holds under load, and what the two sides see.

use serde_json::{Value, json};
use std::sync::Arc;
use stoa_market::order::{jobs, store::recount};
use stoa_testing::{Lab, Person, Reply, World};

const ORDERS: &str = "/api/marketplace-orders/";
const RESOURCES: &str = "/api/marketplace-resources/";
const PROVIDED: &str = "/api/marketplace-provider-resources/";

/// Runs a test on both engines; on PostgreSQL where it is found.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($lab:ident: Lab) $body:block)*) => { $(
        $(#[$meta])*
        mod $name {
            use super::*;
            async fn test($lab: Lab) $body
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                test(Lab::sqlite().await).await;
            }
            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if let Some(lab) = Lab::postgres().await {
                    test(lab).await;
                }
            }
        }
    )* };
}

async fn act(lab: &Lab, who: &Person, what: &str, thing: &str, action: &str, body: Value) -> Reply {
    lab.post(who, &format!("{what}{thing}/{action}/"), body).await
}

/// Places an order as this person and brings it to its end; gives the resource.
async fn provision(lab: &Lab, world: &World, limits: Value) -> String {
    let order = lab.order(world.person("owner"), &world.apollo, &world.offering, limits).await.is(201);
    let (order, resource) = (order.text("uuid"), order.text("marketplace_resource_uuid"));
    let provider = world.person("provider's owner");
    act(lab, provider, ORDERS, &order, "approve_by_provider", json!({})).await.is(200);
    act(lab, provider, ORDERS, &order, "set_state_done", Value::Null).await.is(200);
    resource
}

async fn state(lab: &Lab, what: &str, uuid: &str) -> String {
    lab.get(&lab.staff, &format!("{what}{uuid}/?field=state")).await.is(200).text("state")
}

async fn well_counted(lab: &Lab) {
    let wrong = recount(&mut lab.core.store.reader()).await.unwrap();
    assert_eq!(wrong, []);
}

on_both! {
    async fn an_order_goes_its_way(lab: Lab) {
        let world = World::build(&lab).await;
        // The grid of reference/installation-matrices.md, section 13, row 8.
        for (who, status, first) in [
            ("owner", 201, "pending-provider"),
            ("project manager", 201, "pending-consumer"),
            ("project admin", 201, "pending-consumer"),
            ("staff", 201, "pending-provider"),
            ("manager of another project", 400, ""),
            ("neighbour's owner", 400, ""),
            ("provider's owner", 400, ""),
            ("user without roles", 400, ""),
            ("nobody", 401, ""),
        ] {
            let reply = lab.order(world.person(who), &world.apollo, &world.offering, json!({"storage": 5})).await;
            assert_eq!(reply.status, status, "{who}: {}", reply.body);
            if status == 201 {
                assert_eq!(reply.text("state"), first, "{who}");
                assert_eq!(reply.text("cost"), "0.5000000000", "{who}");
                assert_eq!(reply.body["fixed_price"], json!(0.5));
            }
        }
        let manager = world.person("project manager");
        let order = lab.order(manager, &world.apollo, &world.offering, json!({"storage": 7})).await.is(201).text("uuid");
        for who in ["project manager", "project admin", "service manager", "provider's owner", "offering manager"] {
            act(&lab, world.person(who), ORDERS, &order, "approve_by_consumer", Value::Null).await.is(403);
        }
        act(&lab, world.person("neighbour's owner"), ORDERS, &order, "approve_by_consumer", Value::Null).await.is(404);
        act(&lab, world.person("service manager"), ORDERS, &order, "approve_by_provider", json!({})).await.is(409);
        let owner = world.person("owner");
        act(&lab, owner, ORDERS, &order, "approve_by_consumer", Value::Null).await.is(200);
        act(&lab, owner, ORDERS, &order, "approve_by_consumer", Value::Null).await.is(409);
        act(&lab, owner, ORDERS, &order, "approve_by_provider", json!({})).await.is(403);
        act(&lab, world.person("service manager"), ORDERS, &order, "approve_by_provider", json!({})).await.is(200);
        let shown = lab.get(owner, &format!("{ORDERS}{order}/")).await.is(200);
        assert_eq!(shown.text("state"), "executing");
        assert_eq!(shown.text("consumer_reviewed_by_username"), owner.name);
        let resource = shown.text("marketplace_resource_uuid");
        assert_eq!(state(&lab, RESOURCES, &resource).await, "Creating");
        act(&lab, world.person("offering manager"), ORDERS, &order, "set_state_done", Value::Null).await.is(200);
        act(&lab, world.person("offering manager"), ORDERS, &order, "set_state_done", Value::Null).await.is(409);
        let shown = lab.get(owner, &format!("{RESOURCES}{resource}/")).await.is(200);
        assert_eq!(shown.text("state"), "OK");
        assert_eq!(shown.body["limits"], json!({"storage": 7}));
        assert_eq!(shown.body["creation_order"]["uuid"], json!(order));
        assert_eq!(shown.body["order_in_progress"], Value::Null);
        assert_eq!(shown.body["can_terminate"], json!(true));
        assert_eq!(shown.body["offering_components"][0]["type"], json!("storage"));
        let periods = lab.get(owner, &format!("{RESOURCES}{resource}/plan_periods/")).await.is(200);
        assert_eq!(periods.rows().len(), 1);
        assert_eq!(periods.rows()[0]["end"], Value::Null);

        // Other limits, then the end.
        let more = json!({"limits": {"storage": 9}});
        act(&lab, owner, RESOURCES, &resource, "update_limits", json!({"limits": {"storage": 7}})).await.is(400);
        act(&lab, world.person("project member"), RESOURCES, &resource, "update_limits", more.clone()).await.is(403);
        let update = act(&lab, owner, RESOURCES, &resource, "update_limits", more).await.is(200).text("order_uuid");
        assert_eq!(state(&lab, RESOURCES, &resource).await, "Updating");
        act(&lab, owner, RESOURCES, &resource, "terminate", json!({})).await.is(409);
        well_counted(&lab).await;
        let provider = world.person("provider's owner");
        act(&lab, provider, ORDERS, &update, "approve_by_provider", json!({})).await.is(200);
        act(&lab, provider, ORDERS, &update, "set_state_done", Value::Null).await.is(200);
        let shown = lab.get(owner, &format!("{ORDERS}{update}/")).await.is(200);
        assert_eq!(shown.text("order_subtype"), "limits");
        assert_eq!(shown.body["old_cost_estimate"], json!(0.7));
        let shown = lab.get(owner, &format!("{RESOURCES}{resource}/")).await.is(200);
        assert_eq!((shown.text("state"), shown.body["limits"].clone()), ("OK".into(), json!({"storage": 9})));
        let end = act(&lab, manager, RESOURCES, &resource, "terminate", json!({})).await.is(200).text("order_uuid");
        assert_eq!(state(&lab, ORDERS, &end).await, "pending-consumer");
        // Who can approve and asks for the same approves what waits.
        let same = act(&lab, owner, RESOURCES, &resource, "terminate", json!({})).await.is(200).text("order_uuid");
        assert_eq!(same, end);
        act(&lab, provider, ORDERS, &end, "approve_by_provider", json!({})).await.is(200);
        act(&lab, provider, ORDERS, &end, "set_state_done", Value::Null).await.is(200);
        assert_eq!(state(&lab, RESOURCES, &resource).await, "Terminated");
        well_counted(&lab).await;

        let rows = lab.core.store.query("SELECT event_type FROM events WHERE event_type LIKE 'marketplace_%'", &[]).await.unwrap();
        let kinds: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        for kind in [
            "marketplace_order_created", "marketplace_order_approved", "marketplace_order_completed",
            "marketplace_resource_create_requested", "marketplace_resource_create_succeeded",
            "marketplace_resource_update_succeeded", "marketplace_resource_terminate_succeeded",
        ] {
            assert!(kinds.iter().any(|found| found == kind), "{kind}");
        }
    }

    async fn a_limit_holds_under_load(lab: Lab) {
        let world = World::build(&lab).await;
        let category = lab.category().await;
        let extra = json!({
            "components": [{"type": "gpu", "name": "GPU", "measured_unit": "GPU", "billing_type": "limit",
                            "max_available_limit": 21}],
            "plans": [{"name": "P", "unit": "month", "prices": {"gpu": 1}, "quotas": {"gpu": 0}}],
        });
        let offering = Arc::new(lab.offering(&world.hpc, &category, "GPUs", extra).await);
        let (lab, world) = (Arc::new(lab), Arc::new(world));
        let mut calls = Vec::new();
        for number in 0..64 {
            let (lab, world, offering) = (lab.clone(), world.clone(), offering.clone());
            calls.push(tokio::spawn(async move {
                let project = if number % 2 == 0 { &world.apollo } else { &world.zeus };
                let reply = lab.order(world.person("owner"), project, &offering, json!({"gpu": 2})).await;
                (reply.status, reply.body["uuid"].as_str().unwrap_or_default().to_owned())
            }));
        }
        let mut placed = Vec::new();
        for call in calls {
            let (status, uuid) = call.await.unwrap();
            assert!(status == 201 || status == 400, "{status}");
            if status == 201 {
                placed.push(uuid);
            }
        }
        // The sum stays below what is available.
        assert_eq!(placed.len(), 10);
        well_counted(&lab).await;
        let provider = world.person("provider's owner");
        act(&lab, provider, ORDERS, &placed[0], "reject_by_provider", json!({"provider_rejection_comment": "full"})).await.is(200);
        let owner = world.person("owner");
        act(&lab, owner, ORDERS, &placed[1], "cancel", Value::Null).await.is(202);
        act(&lab, provider, ORDERS, &placed[2], "set_state_erred", json!({"error_message": "no"})).await.is(200);
        lab.delete(owner, &format!("{ORDERS}{}/", placed[3])).await.is(204);
        well_counted(&lab).await;
        lab.order(owner, &world.apollo, &offering, json!({"gpu": 9})).await.is_invalid("limits");
        lab.order(owner, &world.apollo, &offering, json!({"gpu": 8})).await.is(201);
        lab.order(owner, &world.apollo, &offering, json!({"gpu": 1})).await.is_invalid("limits");
        well_counted(&lab).await;
        // An order that erred can be tried again, if there is still room.
        act(&lab, provider, ORDERS, &placed[2], "set_state_executing", Value::Null).await.is_invalid("limits");
        let shown = lab.get(owner, &format!("{ORDERS}{}/", placed[0])).await.is(200);
        assert_eq!((shown.text("state"), shown.text("provider_rejection_comment")), ("rejected".into(), "full".into()));
        assert_eq!(state(&lab, RESOURCES, &shown.text("marketplace_resource_uuid")).await, "Terminated");
        well_counted(&lab).await;
    }

    async fn a_resource_has_one_order_at_a_time(lab: Lab) {
        let world = Arc::new(World::build(&lab).await);
        let resource = provision(&lab, &world, json!({"storage": 4})).await;
        let lab = Arc::new(lab);
        let mut calls = Vec::new();
        for number in 0..24 {
            let (lab, world, resource) = (lab.clone(), world.clone(), resource.clone());
            calls.push(tokio::spawn(async move {
                let owner = world.person("owner");
                let (action, body) = if number % 2 == 0 {
                    ("update_limits", json!({"limits": {"storage": 5 + number}}))
                } else {
                    ("terminate", json!({}))
                };
                act(&lab, owner, RESOURCES, &resource, action, body).await.status
            }));
        }
        let mut done = 0;
        for call in calls {
            let status = call.await.unwrap();
            assert!([200, 400, 409].contains(&status), "{status}");
            done += usize::from(status == 200);
        }
        assert_eq!(done, 1);
        let rows = lab.core.store.query("SELECT count(*) FROM orders WHERE state = 'pending-provider'", &[]).await.unwrap();
        assert_eq!(rows[0].get::<i64>(0).unwrap(), 1);
        well_counted(&lab).await;
    }

    async fn what_can_not_be_ordered(lab: Lab) {
        let mut lab = lab;
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        async fn order_of(lab: &Lab, world: &World, who: &Person, limits: Value) -> Reply {
            lab.order(who, &world.apollo, &world.offering, limits).await
        }
        order_of(&lab, &world, owner, json!({"cpu": 1})).await.is_invalid("limits");
        order_of(&lab, &world, owner, json!({"storage": 0})).await.is_invalid("limits");
        order_of(&lab, &world, owner, json!({"storage": 100_001})).await.is_invalid("limits");
        order_of(&lab, &world, owner, json!({"storage": "x"})).await.is_invalid("limits");
        order_of(&lab, &world, owner, json!([])).await.is_invalid("limits");
        let public = lab.public(&world.offering);
        let body = json!({"offering": public, "project": world.apollo.url, "limits": {"storage": 1}});
        lab.post(owner, ORDERS, body).await.is_invalid("plan");
        lab.provider(&world.other).await;
        let neighbour = lab.offering(&world.other, &lab.category().await, "Private", json!({"shared": false})).await;
        let reply = lab.order(&lab.staff, &world.apollo, &neighbour, json!({"storage": 1})).await;
        assert_eq!(reply.status, 400, "{}", reply.body);

        // Who sees the project but may not order there is refused, with reasons on record.
        let roles = lab.get(&lab.staff, "/api/roles/?name=PROJECT.MEMBER").await.is(200);
        let role = format!("/api/roles/{}/", roles.column("uuid")[0]);
        let permissions = json!({"permissions": ["PROJECT.LIST", "RESOURCE.LIST"]});
        lab.patch(&lab.staff, &role, permissions).await.is(200);
        let member = world.person("project member");
        order_of(&lab, &world, member, json!({"storage": 1})).await.is_forbidden();
        let rows = lab.core.store.query("SELECT reasons FROM refusals WHERE action = 'order.create'", &[]).await.unwrap();
        assert!(rows[0].get::<String>(0).unwrap().contains("ORDER.CREATE"));

        // Only offerings that the project may use.
        let limited = json!({"limit_offerings": true, "offerings": []});
        let path = format!("{}offerings/", world.apollo.url);
        let reply = lab.put(owner, &path, limited).await;
        if reply.status == 200 {
            order_of(&lab, &world, owner, json!({"storage": 1})).await.is_invalid("offering");
            lab.core.store.write(|tx| Box::pin(async move {
                tx.execute("UPDATE projects SET limit_offerings = FALSE", &[]).await
            })).await.unwrap();
            order_of(&lab, &world, owner, json!({"storage": 1})).await.is(201);
        }

        // A project that begins later holds its orders; then they go on.
        let day = lab.core.now().date().plus_days(2).to_string();
        lab.patch(&lab.staff, &world.zeus.url, json!({"start_date": day})).await.is(200);
        let placed = lab.order(owner, &world.zeus, &world.offering, json!({"storage": 2})).await.is(201);
        assert_eq!(placed.text("state"), "pending-project");
        assert_eq!(jobs::release_due(&lab.core).await.unwrap(), 0);
        lab.advance(2 * 86_400);
        // Tokens have ended meanwhile.
        lab.staff = lab.signed_in("staff").await;
        let owner = &lab.signed_in(&owner.name).await;
        assert_eq!(jobs::release_due(&lab.core).await.unwrap(), 1);
        assert_eq!(state(&lab, ORDERS, &placed.text("uuid")).await, "pending-provider");

        // An organization that is blocked, an offering that is paused.
        lab.post(&lab.staff, &format!("{}pause/", world.offering.url), json!({})).await.is(200);
        order_of(&lab, &world, owner, json!({"storage": 1})).await.is_invalid("offering");
        lab.post(&lab.staff, &format!("{}unpause/", world.offering.url), json!({})).await.is(200);
        lab.patch(&lab.staff, &world.acme.url, json!({"blocked": true})).await.is(200);
        assert_eq!(order_of(&lab, &world, owner, json!({"storage": 1})).await.status, 400);
        well_counted(&lab).await;
    }

    async fn a_private_offering_asks_for_its_own_permission(lab: Lab) {
        let world = World::build(&lab).await;
        lab.provider(&world.acme).await;
        let category = lab.category().await;
        let private = lab.offering(&world.acme, &category, "Ours", json!({"shared": false, "billable": false})).await;
        for who in ["owner", "project manager", "project admin"] {
            let reply = lab.order(world.person(who), &world.apollo, &private, json!({"storage": 1})).await.is(201);
            assert_eq!(reply.text("state"), "pending-provider", "{who}");
        }
        lab.order(world.person("neighbour's owner"), &world.hermes, &private, json!({"storage": 1})).await.is_invalid("offering");
        lab.order(&lab.staff, &world.hermes, &private, json!({"storage": 1})).await.is_invalid("offering");
    }

    async fn providers_tell_how_things_are(lab: Lab) {
        let world = World::build(&lab).await;
        let resource = provision(&lab, &world, json!({"storage": 4})).await;
        let manager = world.person("service manager");
        for (who, status) in [("service manager", 200), ("offering manager", 200), ("provider's owner", 200), ("owner", 404), ("project admin", 404)] {
            let reply = act(&lab, world.person(who), PROVIDED, &resource, "set_backend_id", json!({"backend_id": who})).await;
            assert_eq!(reply.status, status, "{who}: {}", reply.body);
        }
        let again = act(&lab, manager, PROVIDED, &resource, "set_backend_id", json!({"backend_id": "provider's owner"})).await.is(200);
        assert!(again.text("status").contains("not changed"));
        act(&lab, manager, PROVIDED, &resource, "set_backend_metadata", json!({"backend_metadata": {"runtime_state": "UP"}})).await.is(200);
        act(&lab, manager, PROVIDED, &resource, "set_limits", json!({"limits": {"storage": 6}})).await.is(200);
        act(&lab, manager, PROVIDED, &resource, "set_limits", json!({"limits": {"storage": 0}})).await.is_invalid("limits");
        act(&lab, manager, PROVIDED, &resource, "submit_report", json!({"report": []})).await.is_invalid("report");
        act(&lab, manager, PROVIDED, &resource, "submit_report", json!({"report": [{"header": "h", "body": "b"}]})).await.is(200);
        act(&lab, manager, PROVIDED, &resource, "set_as_erred", json!({"error_message": "down"})).await.is(200);
        assert_eq!(state(&lab, PROVIDED, &resource).await, "Erred");
        act(&lab, manager, PROVIDED, &resource, "set_as_ok", Value::Null).await.is(200);
        act(&lab, manager, PROVIDED, &resource, "refresh_last_sync", Value::Null).await.is(200);
        act(&lab, manager, PROVIDED, &resource, "set_paused", json!({"paused": true})).await.is(403);
        act(&lab, &lab.staff, PROVIDED, &resource, "set_paused", json!({"paused": true})).await.is(200);
        act(&lab, &lab.staff, PROVIDED, &resource, "set_slug", json!({"slug": "abc"})).await.is(200);
        let endpoints = json!({"endpoints": [{"name": "ssh", "url": "ssh://host"}]});
        act(&lab, manager, PROVIDED, &resource, "set_endpoints", endpoints).await.is(200);
        let shown = lab.get(manager, &format!("{PROVIDED}{resource}/")).await.is(200);
        assert_eq!(shown.body["limits"], json!({"storage": 6}));
        assert_eq!(shown.body["report"], json!([{"header": "h", "body": "b"}]));
        assert_eq!(shown.body["endpoints"][0]["url"], json!("ssh://host"));
        assert_eq!((shown.body["paused"].clone(), shown.text("slug")), (json!(true), "abc".into()));
        assert_eq!(shown.text("error_message"), "");
        let found = lab.get(manager, &format!("{PROVIDED}?runtime_state=UP&state=OK")).await.is(200);
        assert_eq!(found.rows().len(), 1);
        let team = lab.get(manager, &format!("{PROVIDED}{resource}/team/")).await.is(200);
        assert!(team.column("role").contains(&"PROJECT.ADMIN".to_owned()));

        let owner = world.person("owner");
        lab.patch(owner, &format!("{RESOURCES}{resource}/"), json!({"description": "mine"})).await.is(200);
        lab.put(owner, &format!("{RESOURCES}{resource}/"), json!({"name": "new"})).await.is(200);
        let versions = lab.get(&lab.staff, &format!("{RESOURCES}{resource}/history/")).await.is(200);
        assert_eq!(versions.rows().len(), 2);
        lab.get(owner, &format!("{RESOURCES}{resource}/history/")).await.is(403);
        lab.get(owner, &format!("{RESOURCES}{resource}/details/")).await.is(204);
        lab.get(owner, &format!("{RESOURCES}{resource}/offering/")).await.is(200);
        let name = json!({"project": world.apollo.uuid, "offering": world.offering.uuid});
        let name = lab.post(owner, &format!("{RESOURCES}suggest_name/"), name).await.is(200).text("name");
        assert_eq!(name, "acme-apollo-cluster");
        act(&lab, &lab.staff, RESOURCES, &resource, "move_resource", json!({"project": {"url": world.hermes.url}})).await.is(200);
        lab.get(owner, &format!("{RESOURCES}{resource}/")).await.is(404);
        lab.get(world.person("neighbour's owner"), &format!("{RESOURCES}{resource}/")).await.is(200);
        well_counted(&lab).await;
        act(&lab, &lab.staff, RESOURCES, &resource, "unlink", Value::Null).await.is(204);
        well_counted(&lab).await;
    }

    async fn what_is_listed_can_be_fetched_and_nothing_else(lab: Lab) {
        let world = World::build(&lab).await;
        let mut made = Vec::new();
        for (who, project) in [("project manager", &world.apollo), ("owner", &world.zeus), ("neighbour's owner", &world.hermes)] {
            let reply = lab.order(world.person(who), project, &world.offering, json!({"storage": 3})).await.is(201);
            made.push((reply.text("uuid"), reply.text("marketplace_resource_uuid")));
        }
        for (who, person) in &world.cast {
            if *who == "nobody" {
                lab.get(person, ORDERS).await.is(401);
                continue;
            }
            for (list, uuids) in [
                (ORDERS, made.iter().map(|pair| &pair.0).collect::<Vec<_>>()),
                (RESOURCES, made.iter().map(|pair| &pair.1).collect()),
                (PROVIDED, made.iter().map(|pair| &pair.1).collect()),
            ] {
                let listed = lab.get(person, list).await.is(200);
                let count = lab.send(person, "HEAD", list, Value::Null).await.is(200);
                assert_eq!(count.header("x-result-count"), Some(listed.rows().len().to_string().as_str()), "{who}");
                let listed = listed.column("uuid");
                for uuid in uuids {
                    let status = lab.get(person, &format!("{list}{uuid}/")).await.status;
                    let expected = if listed.contains(uuid) { 200 } else { 404 };
                    assert_eq!(status, expected, "{who} {list}");
                }
            }
        }
        for (who, list, count) in [
            ("owner", ORDERS, 2), ("owner", RESOURCES, 2), ("owner", PROVIDED, 0),
            ("project admin", ORDERS, 1), ("project member", ORDERS, 0), ("project member", RESOURCES, 1),
            ("service manager", ORDERS, 3), ("service manager", RESOURCES, 0), ("service manager", PROVIDED, 3),
            ("offering manager", ORDERS, 3), ("offering manager", PROVIDED, 3),
            ("provider's owner", PROVIDED, 3), ("support agent", ORDERS, 3), ("user without roles", RESOURCES, 0),
        ] {
            let rows = lab.get(world.person(who), list).await.is(200).rows().len();
            assert_eq!(rows, count, "{who} {list}");
        }
        let waiting = lab.get(world.person("owner"), &format!("{ORDERS}?can_approve_as_consumer=true")).await.is(200);
        assert_eq!(waiting.column("uuid"), [made[0].0.clone()]);
        let waiting = lab.get(world.person("service manager"), &format!("{ORDERS}?can_approve_as_provider=true")).await.is(200);
        assert_eq!(waiting.rows().len(), 2);
    }

    async fn every_filter_and_order_can_be_asked(lab: Lab) {
        let world = World::build(&lab).await;
        provision(&lab, &world, json!({"storage": 3})).await;
        let owner = world.person("owner");
        for (list, view) in [
            (ORDERS, &stoa_market::order::views::ORDERS),
            (RESOURCES, &stoa_market::resource::views::RESOURCES),
            (PROVIDED, &stoa_market::resource::views::PROVIDER_RESOURCES),
        ] {
            for filter in view.filters {
                for value in ["x", "true", "1", "2026-01-01", "0123456789abcdef0123456789abcdef", "OK", "done", "%_\\'"] {
                    let value = value.replace('%', "%25").replace('\\', "%5C").replace('\'', "%27");
                    for person in [owner, &lab.staff] {
                        let reply = lab.get(person, &format!("{list}?{}={value}", filter.name)).await;
                        assert!([200, 400].contains(&reply.status), "{} {}: {}", filter.name, reply.status, reply.body);
                    }
                }
            }
            for order in view.orders {
                for sign in ["", "-"] {
                    lab.get(owner, &format!("{list}?o={sign}{}", order.name)).await.is(200);
                }
            }
            for column in view.columns {
                let reply = lab.get(owner, &format!("{list}?field={}", column.name)).await.is(200);
                assert!(reply.rows().iter().all(|row| column.absent || row.get(column.name).is_some()), "{}", column.name);
            }
            assert!(lab.statements_of(owner, "GET", list).await <= 3, "{list}");
            assert!(lab.statements_of(owner, "GET", &format!("{list}?page_size=300")).await <= 3, "{list}");
        }
    }
}
