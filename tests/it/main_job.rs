//! The main job, from an empty installation to a running resource (docs: examples/first_allocation.py tells it for the
//! official client): who delegates to whom, who orders, who approves, and who is refused with which reason.

use serde_json::{Value, json};
use stoa_testing::{both, thing};

both! {
    async fn a_first_allocation_from_an_organization_to_a_running_resource(lab: Lab) {
        let staff = lab.staff.clone();
        let (olga, ada, max, pia) =
            (lab.user("olga").await, lab.user("ada").await, lab.user("max").await, lab.user("pia").await);
        let (nora, sam) = (lab.user("nora").await, lab.user("sam").await);
        lab.enable_role("PROJECT.MEMBER").await;

        // Staff makes an organization and an owner; the second organization provides.
        let university = lab.organization("University").await;
        let centre = lab.organization("Computing centre").await;
        let neighbour = lab.organization("Neighbour").await;
        for (organization, owner) in [(&university, &olga), (&centre, &pia), (&neighbour, &nora)] {
            lab.grant(organization, "CUSTOMER.OWNER", owner).await;
        }
        lab.provider(&centre).await;

        // The owner makes a project and adds a member for good and an administrator for an hour.
        let body = json!({"name": "Climate", "customer": university.url});
        let project = thing(lab.post(&olga, "/api/projects/", body).await.is(201));
        let add = format!("{}add_user/", project.url);
        let told = lab.post(&olga, &add, json!({"role": "PROJECT.MEMBER", "user": max.uuid})).await.is(201);
        assert_eq!(told.body, json!({"expiration_time": null}));
        let until = lab.core.now().plus_seconds(3_000);
        let body = json!({"role": "PROJECT.ADMIN", "user": ada.uuid, "expiration_time": until.to_string()});
        assert_eq!(lab.post(&olga, &add, body).await.is(201).text("expiration_time"), until.to_string());
        let team = lab.get(&olga, &format!("{}list_users/", project.url)).await.is(200);
        let mut roles = team.column("role_name");
        roles.sort();
        assert_eq!(roles, ["PROJECT.ADMIN", "PROJECT.MEMBER"]);

        // The provider writes an offering with a plan and a price; staff opens it.
        let category = lab.category().await;
        let body = json!({
            "name": "Core hours", "category": category.url, "customer": centre.url, "type": "Marketplace.Basic",
            "shared": true, "billable": true,
            "components": [{"type": "cpu", "name": "Core hours", "measured_unit": "hours", "billing_type": "limit",
                            "limit_period": "total"}],
            "plans": [{"name": "Standard", "unit": "month"}],
        });
        let offering = thing(lab.post(&pia, "/api/marketplace-provider-offerings/", body).await.is(201));
        assert_eq!(offering.body["state"], "Draft");
        let plan = offering.body["plans"][0]["uuid"].as_str().unwrap_or_default();
        let prices = format!("/api/marketplace-plans/{plan}/update_prices/");
        lab.post(&pia, &prices, json!({"prices": {"cpu": "0.05"}})).await.is(200);
        lab.post(&staff, &format!("{}activate/", offering.url), Value::Null).await.is(200);

        // The member's order is refused with its reason, and nothing is written.
        let refused = lab.order(&max, &project, &offering, json!({"cpu": 10})).await.is_forbidden();
        assert!(refused.body["detail"].is_string(), "{}", refused.body);
        let reasons = refused.body["reasons"].to_string();
        assert!(reasons.contains("ORDER.CREATE"), "the reason names what is missing: {reasons}");
        assert_eq!(lab.count(&staff, "/api/marketplace-orders/").await, 0);
        assert_eq!(lab.count(&staff, "/api/marketplace-resources/").await, 0);

        // The administrator orders, the owner approves, the provider approves and sets it done.
        let order = thing(lab.order(&ada, &project, &offering, json!({"cpu": 1000})).await.is(201));
        assert_eq!(order.body["state"], "pending-consumer");
        let resource = order.body["marketplace_resource_uuid"].as_str().unwrap_or_default().to_owned();
        lab.post(&ada, &format!("{}approve_by_consumer/", order.url), Value::Null).await.is_forbidden();
        lab.post(&olga, &format!("{}approve_by_provider/", order.url), Value::Null).await.is_forbidden();
        for (person, action, state) in [
            (&olga, "approve_by_consumer", "pending-provider"),
            (&pia, "approve_by_provider", "executing"),
            (&pia, "set_state_done", "done"),
        ] {
            lab.post(person, &format!("{}{action}/", order.url), json!({})).await.is(200);
            assert_eq!(lab.get(&olga, &order.url).await.is(200).text("state"), state);
        }

        // The resource is OK and listed for the project's people, the provider and staff, and for nobody else.
        let path = format!("/api/marketplace-resources/{resource}/");
        for person in [&olga, &ada, &max, &staff] {
            let shown = lab.get(person, &path).await.is(200);
            assert_eq!((shown.text("state"), shown.text("name")), ("OK".into(), "vm".into()));
            assert_eq!(shown.body["limits"], json!({"cpu": 1000}));
            assert_eq!(lab.get(person, "/api/marketplace-resources/").await.is(200).column("uuid"), [resource.as_str()]);
        }
        let provided = lab.get(&pia, "/api/marketplace-provider-resources/").await.is(200);
        assert_eq!(provided.column("uuid"), [resource.as_str()]);
        for person in [&nora, &sam] {
            for list in ["/api/marketplace-resources/", "/api/marketplace-provider-resources/", "/api/marketplace-orders/"] {
                assert_eq!(lab.get(person, list).await.is(200).body, json!([]), "{list}");
            }
            for hidden in [&path, &order.url, &project.url] {
                lab.get(person, hidden).await.is_not_found();
            }
        }

        // Nobody revokes anything: the time comes, and the next request is decided without the grant.
        lab.advance(3_001);
        let ada = lab.signed_in(&ada.name).await;
        let late = lab.order(&ada, &project, &offering, json!({"cpu": 1})).await;
        assert!((400..404).contains(&late.status), "{} {}", late.status, late.body);
        assert_eq!(lab.count(&staff, "/api/marketplace-orders/").await, 1);
        lab.get(&ada, &path).await.is_not_found();
        lab.get(&ada, &project.url).await.is_not_found();
        let max = lab.signed_in(&max.name).await;
        lab.get(&max, &path).await.is(200);
    }
}
