//! Subscriptions of agents to events, and the record as people read it: filters, feeds, groups, and how long it is kept.

use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::vals;
use stoa_server::{serve, start};
use stoa_tenancy::{
    record::jobs::KeptDays,
    vocabulary::events::{EVENT_TYPES, GROUPS},
};
use stoa_testing::{World, both};

both! {
    async fn an_agent_subscribes_and_gets_its_queues(lab: Lab) {
        let world = World::build(&lab).await;
        let (agent, other) = (world.person("offering manager"), world.person("neighbour's owner"));
        let body = json!({"description": "agent", "observable_objects": [{"object_type": "order"}, {"object_type": "resource"}]});
        let agent = &agent.calling_from("198.51.100.7");
        let made = lab.post(agent, "/api/event-subscriptions/", body).await.is(201);
        assert_eq!(made.body["observable_objects"][1]["object_type"], "resource");
        assert_eq!((made.text("user_uuid"), made.text("source_ip")), (agent.uuid.clone(), "198.51.100.7".into()));
        assert!(made.text("delivery").contains("No message broker"));
        let path = format!("{}create_queue/", made.text("url"));
        let ask = json!({"offering_uuid": world.offering.uuid, "object_type": "order"});
        let queue = lab.post(agent, &path, ask.clone()).await.is(201);
        let again = lab.post(agent, &path, ask.clone()).await.is(200);
        assert_eq!(queue.body, again.body);
        let name = format!("subscription_{}_offering_{}_order", made.text("uuid"), world.offering.uuid);
        assert_eq!((queue.text("queue_name"), queue.text("vhost")), (name, agent.uuid.clone()));
        lab.post(agent, &path, json!({"offering_uuid": world.offering.uuid, "object_type": "nonsense"})).await.is_invalid("object_type");
        lab.post(other, &path, ask.clone()).await.is(404);
        // Somebody else's subscription is nobody's business, and an offering must be one's own.
        let theirs = lab.post(other, "/api/event-subscriptions/", json!({})).await.is(201);
        lab.post(other, &format!("{}create_queue/", theirs.text("url")), ask).await.is_invalid("offering_uuid");
        for path in [made.text("url"), queue.text("url")] {
            lab.get(other, &path).await.is(404);
            lab.delete(other, &path).await.is(404);
            lab.get(&lab.staff, &path).await.is(200);
            lab.send(agent, "PATCH", &path, json!({})).await.is(405);
        }
        let count = |query: String| { let lab = &lab; async move { lab.all(&lab.staff, &query).await.len() } };
        assert_eq!(count(format!("/api/event-subscription-queues/?offering_uuid={}", world.offering.uuid)).await, 1);
        assert_eq!(count("/api/event-subscription-queues/?object_type=resource".into()).await, 0);
        assert_eq!(count(format!("/api/event-subscription-queues/?event_subscription_uuid={}", made.text("uuid"))).await, 1);
        assert_eq!(count(format!("/api/event-subscriptions/?user_uuid={}&o=-created", agent.uuid)).await, 1);
        assert_eq!(count(format!("/api/event-subscriptions/?user_username={}", agent.name)).await, 1);
        lab.delete(agent, &made.text("url")).await.is(204);
        assert_eq!(count("/api/event-subscription-queues/".into()).await, 0);
    }

    async fn what_is_observed_must_be_known(lab: Lab) {
        let ada = lab.user("ada").await;
        for wrong in [json!("order"), json!([{}]), json!([{"object_type": "x"}]), json!([{"object_type": "order", "object_id": "1"}])] {
            let body = json!({ "observable_objects": wrong });
            lab.post(&ada, "/api/event-subscriptions/", body).await.is_invalid("observable_objects");
        }
        lab.post(&lab.nobody(), "/api/event-subscriptions/", json!({})).await.is(401);
    }

    async fn a_consumer_is_bound_to_where_its_user_has_a_role(lab: Lab) {
        let world = World::build(&lab).await;
        let (manager, admin) = (world.person("offering manager"), world.person("project admin"));
        let register = |scopes: Value| json!({"object_types": ["order"], "scopes": scopes});
        let scope = |kind: &str, uuid: &str| json!([{"type": kind, "uuid": uuid}]);
        let path = "/api/event-consumers/register/";
        let made = lab.post(manager, path, register(scope("offering", &world.offering.uuid))).await.is(201);
        assert_eq!(made.body["vhost"], manager.uuid);
        assert_eq!(made.text("queue_name"), format!("consumer_{}", made.text("rmq_username")));
        // Left out means unchanged; once more changes nothing.
        let again = lab.post(manager, path, json!({})).await.is(200);
        assert_eq!(again.body, made.body);
        for (who, scopes) in [
            (admin, scope("offering", &world.offering.uuid)), (admin, scope("project", &world.zeus.uuid)),
            (admin, scope("customer", &world.other.uuid)), (admin, scope("user", &manager.uuid)),
            (admin, scope("nonsense", &world.apollo.uuid)), (admin, json!("x")),
        ] {
            lab.post(who, path, register(scopes)).await.is_invalid("scopes");
        }
        lab.post(admin, path, register(json!([]))).await.is_forbidden();
        lab.post(admin, path, json!({"object_types": ["x"], "scopes": scope("user", &admin.uuid)})).await.is_invalid("object_types");
        lab.post(admin, path, register(scope("project", &world.apollo.uuid))).await.is(201);
        lab.post(admin, path, register(scope("user", &admin.uuid))).await.is(200);
        lab.post(&lab.staff, path, register(json!([]))).await.is(201);
        let rows = lab.all(&lab.staff, "/api/event-consumers/").await;
        assert_eq!(rows.len(), 3);
        assert_eq!(lab.all(&lab.staff, "/api/event-consumers/?is_global=true").await.len(), 1);
        let mine = lab.all(admin, "/api/event-consumers/").await;
        assert_eq!((mine.len(), &mine[0]["is_global"], &mine[0]["queue_created"]), (1, &json!(false), &json!(false)));
        let url = format!("/api/event-consumers/{}/", rows[2]["uuid"].as_str().unwrap());
        lab.delete(admin, &url).await.is(404);
        lab.delete(&lab.staff, &url).await.is(204);
    }

    async fn the_record_has_every_filter(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        lab.patch(owner, &world.apollo.url, json!({"description": "Filtered 100%."})).await.is(200);
        let gone = lab.organization("Short-lived").await;
        lab.delete(&lab.staff, &gone.url).await.is(204);
        let count = |query: String| { let lab = &lab; async move {
            let reply = lab.get(&lab.staff, &format!("/api/events/count/?{query}")).await.is(200);
            reply.body["count"].as_i64().unwrap()
        } };
        assert!(count(format!("customer_uuid={}", world.acme.uuid)).await > 3);
        // An organization that is gone is still found.
        assert_eq!(count(format!("customer_uuid={}", gone.uuid)).await, 2);
        assert_eq!(count(format!("user_uuid={}", owner.uuid)).await, 1);
        assert!(count(format!("related_user_uuid={}", owner.uuid)).await >= 1);
        assert!(count(format!("project_uuid={}", world.apollo.uuid)).await > 2);
        assert_eq!(count("message=filtered%20100%25".into()).await, 1);
        assert_eq!(count("auth_method=nothing".into()).await, 0);
        assert_eq!(count(format!("pat_uuid={}", owner.uuid)).await, 0);
        assert_eq!(count("feature=projects&event_type=project_update_succeeded".into()).await, 1);
        assert_eq!(count("created_to=1".into()).await, 0);
        for wrong in ["customer_uuid=x", "pat_uuid=x", "user_uuid=x", "created_from=x"] {
            lab.get(&lab.staff, &format!("/api/events/?{wrong}")).await.is(400);
        }
        // Others get nothing without a scope, whatever else they ask.
        for query in ["".to_owned(), format!("customer_uuid={}", world.acme.uuid), format!("project_uuid={}", world.apollo.uuid)] {
            assert!(lab.all(owner, &format!("/api/events/?{query}")).await.is_empty());
        }
        assert!(!lab.all(owner, &format!("/api/events/?scope={}", world.acme.url)).await.is_empty());
        // Who sees the organization but does not own it gets an empty list; who does not see it is told so.
        assert!(lab.all(world.person("project admin"), &format!("/api/events/?scope={}", world.acme.url)).await.is_empty());
        lab.get(world.person("neighbour's owner"), &format!("/api/events/?scope={}", world.acme.url)).await.is(400);
        let months = lab.get(&lab.staff, &format!("/api/events-stats/?related_user_uuid={}", owner.uuid)).await.is(200);
        assert_eq!(months.rows().len(), 1);
    }

    async fn groups_and_types_are_the_wire_s(lab: Lab) {
        let groups = lab.get(&lab.staff, "/api/events/event_groups/").await.is(200).body;
        assert_eq!(groups.as_object().unwrap().len(), GROUPS.len());
        for path in ["/api/events/event_groups/", "/api/events/scope_types/", "/api/events/count/"] {
            assert!(lab.count(&lab.staff, path).await > 0, "{path}");
        }
        let told: std::collections::BTreeSet<&str> =
            groups.as_object().unwrap().values().flat_map(|types| types.as_array().unwrap()).filter_map(Value::as_str).collect();
        assert!(EVENT_TYPES.iter().all(|one| told.contains(one.name)));
        for name in ["pat_created", "user_blocked", "passkey_registered", "role_definition_updated", "openstack_rbac_policy_created"] {
            assert!(told.contains(name), "{name}");
        }
    }

    async fn old_events_go_only_if_the_operator_says_so_and_never_silently(lab: Lab) {
        let world = World::build(&lab).await;
        let number = |sql: &'static str| { let lab = &lab; async move {
            let rows = lab.core.store.query(sql, &[]).await.unwrap();
            rows[0].get::<i64>(0).unwrap()
        } };
        let all = number("SELECT count(*) FROM events").await;
        lab.advance(400 * 86_400);
        lab.run_jobs().await;
        assert!(number("SELECT count(*) FROM events").await >= all, "nothing goes unless the operator says so");
        assert_eq!(number("SELECT count(*) FROM events WHERE event_type = 'events_removed'").await, 0);
        let core = Arc::new(start::core(lab.core.store.clone(), lab.core.clock.clone()).with(KeptDays(365)));
        lab.advance(86_400);
        serve::runner(&core).run_due(core.now()).await.unwrap();
        let sql = "SELECT count(*) FROM events WHERE created < $1 AND event_type NOT IN ('role_granted', 'role_revoked', \
                   'role_updated', 'role_definition_updated', 'role_definition_created', 'role_enabled', 'events_removed')";
        let before = core.now().plus_seconds(-365 * 86_400);
        assert_eq!(core.store.query(sql, &vals![before]).await.unwrap()[0].get::<i64>(0).unwrap(), 0);
        assert!(number("SELECT count(*) FROM events WHERE event_type = 'role_granted'").await > 5);
        assert_eq!(number("SELECT count(*) FROM events WHERE event_type = 'events_removed'").await, 1);
        assert_eq!(number("SELECT count(*) FROM event_feeds WHERE event_id NOT IN (SELECT id FROM events)").await, 0);
        let staff = lab.signed_in("staff").await;
        let told = lab.get(&staff, "/api/events/?event_type=events_removed").await.is(200);
        assert!(told.rows()[0]["message"].as_str().unwrap().contains("365 days"), "{}", told.body);
        drop(world);
    }
}
