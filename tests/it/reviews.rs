//! Reviews of roles: opened by themselves, seen and closed by those who may, on record (mission R7).

use serde_json::json;
use stoa_testing::both;

const CUSTOMERS: &str = "/api/customer-permissions-reviews/";
const PROJECTS: &str = "/api/project-permissions-reviews/";

both! {
    async fn a_review_opens_daily_unless_one_is_open_or_was_closed_lately(lab: Lab) {
        let organization = lab.organization("Acme").await;
        let owner = lab.member(&organization, "CUSTOMER.OWNER").await;
        lab.organization("Empty").await;
        lab.run_jobs().await;
        assert_eq!(lab.count(&lab.staff, CUSTOMERS).await, 0, "roles that were given lately need no review");
        lab.advance(91 * 86_400);
        lab.run_jobs().await;
        let owner = lab.signed_in(&owner.name).await;
        let open = lab.get(&owner, CUSTOMERS).await.is(200);
        assert_eq!(open.column("customer_name"), ["Acme"]);
        lab.advance(86_400);
        lab.run_jobs().await;
        assert_eq!(lab.count(&lab.staff, CUSTOMERS).await, 1, "none beside an open one");
        let owner = lab.signed_in(&owner.name).await;
        let close = format!("{CUSTOMERS}{}/close/", open.rows()[0]["uuid"].as_str().unwrap());
        lab.post(&owner, &close, json!({})).await.is(200);
        lab.post(&owner, &close, json!({})).await.is(400);
        let closed = lab.get(&owner, &format!("{CUSTOMERS}?is_pending=false")).await.is(200);
        assert_eq!(closed.rows()[0]["reviewer_uuid"], owner.uuid.as_str());
        lab.advance(89 * 86_400);
        lab.run_jobs().await;
        assert_eq!(lab.count(&lab.staff, CUSTOMERS).await, 1, "none within ninety days");
        lab.advance(2 * 86_400);
        lab.run_jobs().await;
        assert_eq!(lab.count(&lab.staff, CUSTOMERS).await, 2);
        let events = lab.get(&lab.staff, "/api/events/?event_type=customer_permission_review_closed").await;
        assert_eq!(events.rows().len(), 1);
    }

    async fn an_open_review_goes_with_its_project(lab: Lab) {
        let (acme, beta) = (lab.organization("Acme").await, lab.organization("Beta").await);
        let project = lab.project(&acme, "Apollo").await;
        let (old, new) = (lab.member(&acme, "CUSTOMER.OWNER").await, lab.member(&beta, "CUSTOMER.OWNER").await);
        lab.member(&project, "PROJECT.MANAGER").await;
        lab.advance(91 * 86_400);
        lab.run_jobs().await;
        let [old, new] = [lab.signed_in(&old.name).await, lab.signed_in(&new.name).await];
        assert_eq!((lab.count(&old, PROJECTS).await, lab.count(&new, PROJECTS).await), (1, 0));
        let to = json!({"customer": beta.url, "preserve_permissions": true});
        lab.post(&lab.staff, &format!("{}move_project/", project.url), to).await.is(200);
        assert_eq!((lab.count(&old, PROJECTS).await, lab.count(&new, PROJECTS).await), (0, 1));
    }

    async fn only_those_who_may_review_see_and_close(lab: Lab) {
        let organization = lab.organization("Acme").await;
        let project = lab.project(&organization, "Apollo").await;
        let owner = lab.member(&organization, "CUSTOMER.OWNER").await;
        let manager = lab.member(&project, "PROJECT.MANAGER").await;
        let administrator = lab.member(&project, "PROJECT.ADMIN").await;
        let neighbour = lab.member(&lab.organization("Other").await, "CUSTOMER.OWNER").await;
        lab.advance(91 * 86_400);
        lab.run_jobs().await;
        let [owner, manager, administrator, neighbour] = [
            lab.signed_in(&owner.name).await,
            lab.signed_in(&manager.name).await,
            lab.signed_in(&administrator.name).await,
            lab.signed_in(&neighbour.name).await,
        ];
        let seen = lab.get(&manager, PROJECTS).await.is(200);
        assert_eq!(seen.column("project_name"), ["Apollo"]);
        let address = format!("{PROJECTS}{}/", seen.rows()[0]["uuid"].as_str().unwrap());
        for person in [&administrator, &neighbour] {
            assert_eq!(lab.count(person, PROJECTS).await, 0);
            lab.get(person, &address).await.is_not_found();
            lab.post(person, &format!("{address}close/"), json!({})).await.is_not_found();
        }
        assert_eq!(lab.count(&manager, CUSTOMERS).await, 0);
        assert_eq!(lab.count(&owner, CUSTOMERS).await, 1);
        lab.post(&manager, &format!("{address}close/"), json!({})).await.is(200);
    }
}
