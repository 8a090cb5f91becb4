//! What needs a user's attention: computed for those who can act, silenced by them, acted on through them.

use serde_json::json;
use stoa_testing::{Lab, Person, Thing, both};

const ACTIONS: &str = "/api/user-actions/";

/// An organization whose project's order has waited for two days for its owner.
async fn waiting(lab: &Lab) -> (Person, Person, Thing) {
    let organization = lab.organization("Acme").await;
    let project = lab.project(&organization, "Apollo").await;
    let provider = lab.organization("Provider").await;
    lab.provider(&provider).await;
    let offering = lab.offering(&provider, &lab.category().await, "Cluster", json!({})).await;
    let owner = lab.member(&organization, "CUSTOMER.OWNER").await;
    let administrator = lab.member(&project, "PROJECT.ADMIN").await;
    lab.order(&administrator, &project, &offering, json!({})).await.is(201);
    lab.post(&lab.staff, "/api/override-settings/", json!({"USER_ACTIONS_ENABLED": true})).await.is(200);
    lab.advance(2 * 86_400);
    (lab.signed_in(&owner.name).await, lab.signed_in(&administrator.name).await, project)
}

both! {
    async fn an_order_that_waits_needs_whom_it_waits_for(lab: Lab) {
        let (owner, administrator, _) = waiting(&lab).await;
        lab.post(&lab.staff, &format!("{ACTIONS}update_actions/"), json!({})).await.is(202);
        let mine = lab.get(&owner, ACTIONS).await.is(200);
        assert_eq!(mine.rows().len(), 1);
        assert_eq!(mine.rows()[0]["action_type"], "pending_order");
        assert_eq!(mine.rows()[0]["project_name"], "Apollo");
        assert_eq!(lab.count(&administrator, ACTIONS).await, 0, "he can't approve");
        assert_eq!(lab.count(&lab.staff, ACTIONS).await, 0, "staff see their own");
        assert_eq!(lab.count(&lab.staff, &format!("{ACTIONS}?user_uuid={}", owner.uuid)).await, 1);
        let address = format!("{ACTIONS}{}/", mine.rows()[0]["uuid"].as_str().unwrap());
        lab.get(&administrator, &address).await.is_not_found();
        let summary = lab.get(&owner, &format!("{ACTIONS}summary/")).await.is(200);
        assert_eq!(summary.body["total"], 1);
        assert_eq!(summary.body["by_type"]["pending_order"], 1);
    }

    async fn what_is_silenced_is_quiet_for_its_days(lab: Lab) {
        let (owner, ..) = waiting(&lab).await;
        lab.post(&lab.staff, &format!("{ACTIONS}update_actions/"), json!({})).await.is(202);
        let address = format!("{ACTIONS}{}/", lab.get(&owner, ACTIONS).await.rows()[0]["uuid"].as_str().unwrap());
        lab.post(&owner, &format!("{address}silence/"), json!({"duration_days": 7})).await.is(200);
        assert_eq!(lab.count(&owner, ACTIONS).await, 0);
        assert_eq!(lab.count(&owner, &format!("{ACTIONS}?include_silenced=true")).await, 1);
        lab.advance(8 * 86_400);
        let owner = lab.signed_in(&owner.name).await;
        lab.post(&lab.staff, &format!("{ACTIONS}update_actions/"), json!({})).await.is(202);
        assert_eq!(lab.count(&owner, ACTIONS).await, 1, "the same row again");
        let all = lab.post(&owner, &format!("{ACTIONS}bulk_silence/"), json!({})).await.is(200);
        assert_eq!(all.body["count"], 1);
        assert_eq!(lab.count(&owner, ACTIONS).await, 0);
        lab.post(&owner, &format!("{address}unsilence/"), json!({})).await.is(200);
        assert_eq!(lab.count(&owner, ACTIONS).await, 1);
    }

    async fn acting_on_it_is_the_action_itself_and_it_is_over_then(lab: Lab) {
        let (owner, administrator, _) = waiting(&lab).await;
        lab.post(&lab.staff, &format!("{ACTIONS}update_actions/"), json!({})).await.is(202);
        let address = format!("{ACTIONS}{}/", lab.get(&owner, ACTIONS).await.rows()[0]["uuid"].as_str().unwrap());
        let execute = format!("{address}execute_action/");
        lab.post(&owner, &execute, json!({"action_label": "Dance"})).await.is(404);
        lab.post(&administrator, &execute, json!({"action_label": "Approve"})).await.is(404);
        lab.post(&owner, &execute, json!({"action_label": "Approve"})).await.is(200);
        let orders = lab.get(&owner, "/api/marketplace-orders/").await.is(200);
        assert_eq!(orders.column("state"), ["pending-provider"]);
        let done = lab.get(&owner, "/api/user-action-executions/").await.is(200);
        assert_eq!(done.rows()[0]["success"], true);
        let again = lab.post(&owner, &execute, json!({"action_label": "Approve"})).await;
        assert_eq!(again.status, 409);
        lab.post(&lab.staff, &format!("{ACTIONS}update_actions/"), json!({})).await.is(202);
        assert_eq!(lab.count(&owner, ACTIONS).await, 0);
        lab.get(&owner, "/api/user-action-providers/").await.is_forbidden();
        assert_eq!(lab.count(&lab.staff, "/api/user-action-providers/").await, 2);
    }

    async fn people_are_mailed_once_a_day_what_needs_them(lab: Lab) {
        let (owner, _, _) = waiting(&lab).await;
        let letters = |lab: &Lab| {
            let store = lab.core.store.clone();
            async move {
                let sql = "SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id";
                let rows = store.query(sql, &[]).await.unwrap();
                let all = rows.iter().map(|row| row.get::<serde_json::Value>(0).unwrap());
                all.filter(|letter| letter["key"] == "user_actions.notification_digest").collect::<Vec<_>>()
            }
        };
        // At ten in the morning, whatever time it is: letters go out from nine on.
        let second = lab.core.now().0.div_euclid(1_000_000).rem_euclid(86_400);
        lab.advance((10 * 3_600 - second).rem_euclid(86_400));
        lab.post(&lab.staff, &format!("{ACTIONS}update_actions/"), json!({})).await.is(202);
        lab.run_jobs().await;
        let first = letters(&lab).await;
        assert_eq!((first.len(), &first[0]["to"]), (1, &json!(format!("{}@example.org", owner.name))));
        assert_eq!(first[0]["context"]["count"], 1);
        assert!(first[0]["context"]["actions"][0]["title"].as_str().unwrap().contains("waits for approval"));
        lab.advance(3 * 3_600);
        lab.run_jobs().await;
        assert_eq!(letters(&lab).await.len(), 1, "once a day");
        lab.advance(86_400);
        lab.run_jobs().await;
        assert_eq!(letters(&lab).await.len(), 2);
        // Staff have one person told now; what is silenced is left out.
        let owner = lab.signed_in(&owner.name).await;
        let tell = format!("/api/users/{}/send_notification/", owner.uuid);
        assert_eq!(lab.post(&lab.staff, &tell, json!({})).await.is(202).text("status"), "scheduled");
        lab.run_jobs().await;
        assert_eq!(letters(&lab).await.len(), 3);
        let compute = format!("/api/users/{}/update_actions/", owner.uuid);
        let told = lab.post(&lab.staff, &compute, json!({"provider_action_type": "pending_order"})).await.is(202);
        assert_eq!((told.text("status"), told.text("provider_action_type")), ("scheduled".into(), "pending_order".into()));
        lab.post(&owner, &format!("{ACTIONS}bulk_silence/"), json!({})).await.is(200);
        lab.post(&lab.staff, &tell, json!({})).await.is(202);
        lab.advance(86_400);
        lab.run_jobs().await;
        assert_eq!(letters(&lab).await.len(), 3);
        let owner = lab.signed_in(&owner.name).await;
        lab.post(&owner, &tell, json!({})).await.is_forbidden();
    }
}
