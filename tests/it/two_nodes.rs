//! Two nodes over one PostgreSQL: what one takes away is gone at the very next request to the other (security case C8).
//!
//! `tests/clients/two_nodes.py` asks the same of two programs that run.

use serde_json::{Value, json};
use stoa_testing::{Lab, Person, Thing};

/// Two nodes, an organization with its owner and an administrator of its project. Both nodes have served all of them, so
/// whatever a node keeps, it has.
struct Nodes {
    one: Lab,
    two: Lab,
    organization: Thing,
    project: Thing,
    owner: Person,
    administrator: Person,
}

impl Nodes {
    /// `None` without a PostgreSQL.
    async fn run() -> Option<Nodes> {
        let one = Lab::postgres().await?;
        let two = Lab::again(&one.url).await;
        let organization = one.organization("Acme").await;
        let project = one.project(&organization, "Apollo").await;
        let owner = one.member(&organization, "CUSTOMER.OWNER").await;
        let administrator = one.member(&project, "PROJECT.ADMIN").await;
        let nodes = Nodes { one, two, organization, project, owner, administrator };
        for person in [&nodes.owner, &nodes.administrator] {
            for lab in [&nodes.one, &nodes.two] {
                lab.get(person, &nodes.project.url).await.is(200);
            }
        }
        Some(nodes)
    }

    /// The other node no longer shows the project to this person; nor does the one that took it away.
    async fn hide(&self, person: &Person) {
        self.two.get(person, &self.project.url).await.is(404);
        self.one.get(person, &self.project.url).await.is(404);
    }

    /// Neither node knows this person's credential any more.
    async fn forget(&self, person: &Person) {
        self.two.get(person, "/api/users/me/").await.is(401);
        self.one.get(person, "/api/users/me/").await.is(401);
    }
}

#[tokio::test]
async fn a_revoked_role_is_gone_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    let body = json!({"user": nodes.administrator.uuid, "role": "PROJECT.ADMIN"});
    nodes.one.post(&nodes.owner, &format!("{}delete_user/", nodes.project.url), body).await.is(200);
    nodes.hide(&nodes.administrator).await;
}

#[tokio::test]
async fn a_disabled_role_is_gone_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    let role = nodes.one.get(&nodes.one.staff, "/api/roles/?name=PROJECT.ADMIN").await.rows()[0]["uuid"].clone();
    let role = role.as_str().unwrap_or_default();
    nodes.one.post(&nodes.one.staff, &format!("/api/roles/{role}/disable/"), Value::Null).await.is(200);
    nodes.hide(&nodes.administrator).await;
}

#[tokio::test]
async fn what_a_role_no_longer_carries_is_gone_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    let roles = nodes.one.get(&nodes.one.staff, "/api/roles/?name=CUSTOMER.OWNER").await;
    let role = &roles.rows()[0];
    let kept: Vec<Value> =
        role["permissions"].as_array().into_iter().flatten().filter(|one| *one != "PROJECT.CREATE").cloned().collect();
    let body = json!({"name": role["name"], "description": role["description"], "content_type": role["content_type"], "permissions": kept});
    let address = format!("/api/roles/{}/", role["uuid"].as_str().unwrap_or_default());
    let project = json!({"name": "Gemini", "customer": nodes.organization.url});
    nodes.two.post(&nodes.owner, "/api/projects/", project.clone()).await.is(201);
    nodes.one.put(&nodes.one.staff, &address, body).await.is(200);
    nodes.two.post(&nodes.owner, "/api/projects/", project).await.is_forbidden();
}

#[tokio::test]
async fn a_deactivated_user_is_out_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    let address = format!("/api/users/{}/", nodes.administrator.uuid);
    nodes.one.patch(&nodes.one.staff, &address, json!({"is_active": false})).await.is(200);
    nodes.forget(&nodes.administrator).await;
}

#[tokio::test]
async fn who_signs_out_is_out_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    nodes.one.post(&nodes.administrator, "/api-auth/logout/", json!({})).await.is(204);
    nodes.forget(&nodes.administrator).await;
    nodes.two.get(&nodes.owner, "/api/users/me/").await.is(200);
}

#[tokio::test]
async fn a_session_that_is_ended_elsewhere_is_over_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    let phone = nodes.two.signed_in(&nodes.administrator.name).await;
    nodes.two.get(&phone, "/api/users/me/").await.is(200);
    nodes.one.post(&nodes.administrator, "/api/sessions/end_others/", json!({})).await.is(200);
    nodes.forget(&phone).await;
    nodes.two.get(&nodes.administrator, "/api/users/me/").await.is(200);
}

#[tokio::test]
async fn a_changed_password_ends_other_sessions_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    let address = format!("/api/users/{}/change_password/", nodes.administrator.uuid);
    let body = json!({"new_password": "a rather long and odd pass phrase 7"});
    nodes.one.post(&nodes.one.staff, &address, body).await.is(200);
    nodes.forget(&nodes.administrator).await;
}

#[tokio::test]
async fn an_ended_project_is_over_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    nodes.one.delete(&nodes.one.staff, &nodes.project.url).await.is(204);
    nodes.hide(&nodes.administrator).await;
}

#[tokio::test]
async fn a_setting_holds_on_both_nodes() {
    let Some(nodes) = Nodes::run().await else { return };
    nodes.one.post(&nodes.one.staff, "/api/override-settings/", json!({"SITE_NAME": "Campus"})).await.is(200);
    let told = nodes.two.get(&nodes.two.nobody(), "/api/configuration/").await;
    assert_eq!(told.body["WALDUR_CORE"]["SITE_NAME"], "Campus");
}
