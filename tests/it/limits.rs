//! C11: what is checked and then done is one step, whatever runs in parallel.

use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use stoa_kernel::vals;
use stoa_testing::{Lab, Person, Reply, Thing, World, both, thing};

/// Sends many calls at once; how often each status was answered.
async fn at_once(lab: &Arc<Lab>, calls: Vec<(Person, String, Value)>) -> (BTreeMap<u16, usize>, Vec<Reply>) {
    let running: Vec<_> = calls
        .into_iter()
        .map(|(person, path, body)| {
            let lab = lab.clone();
            tokio::spawn(async move { lab.post(&person, &path, body).await })
        })
        .collect();
    let (mut statuses, mut replies) = (BTreeMap::new(), Vec::new());
    for call in running {
        let reply = call.await.unwrap();
        assert!(reply.status < 500, "{} {}", reply.asked, reply.body);
        *statuses.entry(reply.status).or_default() += 1;
        replies.push(reply);
    }
    (statuses, replies)
}

/// What the store holds of an offering's component: the sum kept, and the sum recounted.
async fn held(lab: &Lab, offering: &Thing) -> (i64, i64) {
    let uuid = stoa_kernel::id::parse(&offering.uuid).unwrap();
    let sql = "SELECT c.used, COALESCE((SELECT CAST(sum(r.amount) AS BIGINT) FROM reservations r \
               WHERE r.component_id = c.id), 0) \
               FROM offering_components c JOIN offerings o ON o.id = c.offering_id WHERE o.uuid = $1";
    let rows = lab.core.store.query(sql, &vals![uuid]).await.unwrap();
    (rows[0].get(0).unwrap(), rows[0].get(1).unwrap())
}

/// An offering of which only so much can be had: what is held together stays below the available limit.
async fn scarce(lab: &Lab, world: &World, available: i64) -> Thing {
    let category = lab.category().await;
    let components = json!([{"type": "storage", "name": "Storage", "measured_unit": "GB", "billing_type": "limit",
        "limit_period": "total", "min_value": 1, "max_value": 100_000, "max_available_limit": available + 1}]);
    lab.offering(&world.hpc, &category, "Scarce", json!({"components": components})).await
}

fn ordering(lab: &Lab, world: &World, offering: &Thing, limit: i64) -> Value {
    json!({"offering": lab.public(offering), "project": world.apollo.url, "plan": offering.body["plans"][0]["url"],
           "limits": {"storage": limit}, "attributes": {"name": "vm"}})
}

both! {
    async fn one_of_64_parallel_grants_succeeds(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, somebody) = (world.person("owner").clone(), lab.user("somebody").await);
        let path = format!("{}add_user/", world.apollo.url);
        let lab = Arc::new(lab);
        let body = json!({"role": "PROJECT.ADMIN", "user": somebody.uuid});
        let (statuses, _) = at_once(&lab, vec![(owner.clone(), path, body.clone()); 64]).await;
        assert_eq!(statuses, BTreeMap::from([(201, 1), (400, 63)]));
        // And the one grant can be revoked, once.
        let revoke = format!("{}delete_user/", world.apollo.url);
        lab.post(&owner, &revoke, body).await.is(200);
        lab.get(&somebody, &world.apollo.url).await.is_not_found();
    }

    async fn no_number_of_parallel_orders_passes_what_is_available(lab: Lab) {
        let world = World::build(&lab).await;
        let offering = scarce(&lab, &world, 100).await;
        let lab = Arc::new(lab);
        // 64 people's worth of 3 each: 33 fit.
        let body = ordering(&lab, &world, &offering, 3);
        let call = (world.person("owner").clone(), "/api/marketplace-orders/".to_owned(), body);
        let (statuses, replies) = at_once(&lab, vec![call; 64]).await;
        assert_eq!(statuses, BTreeMap::from([(201, 33), (400, 31)]));
        assert_eq!(held(&lab, &offering).await, (99, 99));
        // What is rejected is given back, and can be had by somebody else.
        let made: Vec<Thing> = replies.into_iter().filter(|reply| reply.status == 201).map(thing).collect();
        for order in &made[..10] {
            lab.post(&lab.staff, &format!("{}reject_by_provider/", order.url), json!({})).await.is(200);
        }
        assert_eq!(held(&lab, &offering).await, (69, 69));
        let body = ordering(&lab, &world, &offering, 31);
        lab.post(world.person("owner"), "/api/marketplace-orders/", body.clone()).await.is(201);
        lab.post(world.person("owner"), "/api/marketplace-orders/", body).await.is(400);
        assert_eq!(held(&lab, &offering).await, (100, 100));
    }

    async fn parallel_changes_of_limits_keep_the_sum(lab: Lab) {
        let world = World::build(&lab).await;
        let offering = scarce(&lab, &world, 100).await;
        let owner = world.person("owner").clone();
        let mut resources = Vec::new();
        for _ in 0..8 {
            let order = thing(lab.order(&owner, &world.apollo, &offering, json!({"storage": 10})).await.is(201));
            for action in ["approve_by_provider", "set_state_done"] {
                lab.post(&lab.staff, &format!("{}{action}/", order.url), json!({})).await.is(200);
            }
            resources.push(order.body["marketplace_resource_uuid"].as_str().unwrap_or_default().to_owned());
        }
        let lab = Arc::new(lab);
        // Each of 8 resources asks, eight times at once, for 10 more; only two of them can get it.
        let calls = (0..64).map(|i| {
            let path = format!("/api/marketplace-resources/{}/update_limits/", resources[i % 8]);
            (owner.clone(), path, json!({"limits": {"storage": 20}}))
        });
        let (statuses, replies) = at_once(&lab, calls.collect()).await;
        assert_eq!(statuses.get(&200), Some(&2), "{statuses:?}");
        assert_eq!(held(&lab, &offering).await, (100, 100));
        // Carried out, the limits are what was reserved; a smaller limit gives back.
        for reply in replies.iter().filter(|reply| reply.status == 200) {
            let order = format!("/api/marketplace-orders/{}/", reply.text("order_uuid"));
            for action in ["approve_by_provider", "set_state_done"] {
                lab.post(&lab.staff, &format!("{order}{action}/"), json!({})).await.is(200);
            }
        }
        assert_eq!(held(&lab, &offering).await, (100, 100));
        let rows = lab.all(&lab.staff, "/api/marketplace-resources/").await;
        let sum: i64 = rows.iter().filter_map(|row| row["limits"]["storage"].as_i64()).sum();
        assert_eq!(sum, 100);
    }

    async fn one_of_64_parallel_approvals_succeeds(lab: Lab) {
        let world = World::build(&lab).await;
        let manager = world.person("project manager");
        let order = thing(lab.order(manager, &world.apollo, &world.offering, json!({"storage": 1})).await.is(201));
        let lab = Arc::new(lab);
        for (who, action) in
            [("owner", "approve_by_consumer"), ("provider's owner", "approve_by_provider"), ("provider's owner", "set_state_done")]
        {
            let call = (world.person(who).clone(), format!("{}{action}/", order.url), json!({}));
            let (statuses, _) = at_once(&lab, vec![call; 64]).await;
            assert_eq!(statuses, BTreeMap::from([(200, 1), (409, 63)]), "{action}");
        }
        let sql = "SELECT count(*) FROM plan_periods";
        assert_eq!(lab.core.store.query(sql, &[]).await.unwrap()[0].get::<i64>(0).unwrap(), 1);
    }

    async fn approving_and_canceling_at_once_have_one_winner(lab: Lab) {
        let world = World::build(&lab).await;
        let offering = scarce(&lab, &world, 5).await;
        let (manager, owner) = (world.person("project manager").clone(), world.person("owner").clone());
        let lab = Arc::new(lab);
        for _ in 0..5 {
            let order = thing(lab.order(&manager, &world.apollo, &offering, json!({"storage": 5})).await.is(201));
            let calls = ["approve_by_consumer", "reject_by_consumer"].repeat(16).into_iter();
            let calls = calls.map(|action| (owner.clone(), format!("{}{action}/", order.url), json!({}))).collect();
            let (statuses, _) = at_once(&lab, calls).await;
            assert_eq!(statuses.get(&200), Some(&1), "{statuses:?}");
            let state = lab.get(&owner, &order.url).await.is(200).text("state");
            let expected = if state == "rejected" { 0 } else { 5 };
            assert_eq!(held(&lab, &offering).await, (expected, expected), "{state}");
            if expected != 0 {
                lab.post(&lab.staff, &format!("{}reject_by_provider/", order.url), json!({})).await.is(200);
            }
        }
    }

    async fn one_of_many_users_of_the_same_name_is_made(lab: Lab) {
        let lab = Arc::new(lab);
        let body = json!({"username": "twin", "email": "twin@example.org"});
        let (statuses, _) = at_once(&lab, vec![(lab.staff.clone(), "/api/users/".into(), body); 32]).await;
        assert_eq!(statuses, BTreeMap::from([(201, 1), (400, 31)]));
    }
}
