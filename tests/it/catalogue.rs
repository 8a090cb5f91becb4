//! The catalogue: providers, categories, offerings, components, plans, over the wire.

use serde_json::{Value, json};
use stoa_testing::{Lab, Person, Thing, both};

const BODY: fn() -> Value = || {
    json!({
        "name": "Cloud", "type": "Marketplace.Basic", "description": "Machines",
        "components": [
            {"type": "cpu", "name": "CPU", "measured_unit": "cores", "billing_type": "fixed"},
            {"type": "storage", "name": "Storage", "measured_unit": "GB", "billing_type": "limit", "min_value": 2},
            {"type": "setup", "name": "Setup", "billing_type": "one"},
            {"type": "move", "name": "Move", "billing_type": "few"},
        ],
        "plans": [{"name": "Basic", "unit": "month", "prices": {"cpu": "10.5", "storage": 5, "setup": 20, "move": 3},
                   "quotas": {"cpu": 3}}],
        "limits": {"storage": {"min": 2, "max": 50, "max_available_limit": 1000}},
    })
};

struct Scene {
    acme: Thing,
    category: Thing,
    owner: Person,
    stranger: Person,
}

async fn scene(lab: &Lab) -> Scene {
    let acme = lab.organization("Acme").await;
    let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
    let stranger = lab.user("stranger").await;
    Scene { acme, category: lab.category().await, owner, stranger }
}

impl Scene {
    fn offering(&self, extra: Value) -> Value {
        let mut body = BODY();
        body["customer"] = self.acme.url.clone().into();
        body["category"] = self.category.url.clone().into();
        for (key, value) in extra.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    }
}

const OFFERINGS: &str = "/api/marketplace-provider-offerings/";

both! {
    async fn an_offering_goes_its_way_from_draft_to_archive(lab: Lab) {
        let scene = scene(&lab).await;
        let owner = &scene.owner;
        lab.post(owner, OFFERINGS, scene.offering(json!({}))).await.is(400);
        let profile = json!({"customer": scene.acme.url, "description": "We serve"});
        lab.post(&scene.stranger, "/api/marketplace-service-providers/", profile.clone()).await.is(400);
        lab.post(owner, "/api/marketplace-service-providers/", profile.clone()).await.is(403);
        lab.post(&lab.staff, "/api/marketplace-service-providers/", profile.clone()).await.is(201);
        lab.post(&lab.staff, "/api/marketplace-service-providers/", profile).await.is(400);
        lab.post(&scene.stranger, OFFERINGS, scene.offering(json!({}))).await.is(403);

        let made = lab.post(owner, OFFERINGS, scene.offering(json!({}))).await.is(201);
        let url = made.text("url");
        assert_eq!(made.body["state"], "Draft");
        assert_eq!(made.body["components"].as_array().map(Vec::len), Some(4), "{}", made.body);
        let plan = &made.body["plans"][0];
        assert_eq!(plan["unit_price"], "31.5000000000");
        assert_eq!(plan["init_price"], 20);
        assert_eq!(plan["switch_price"], 3);
        assert_eq!(plan["minimal_price"], 41.5);
        assert_eq!(plan["prices"]["cpu"], 10.5, "{plan}");
        assert_eq!(plan["quotas"], json!({"cpu": 3}));
        assert_eq!(plan["future_prices"], json!({}));
        assert_eq!(made.body["secret_options"], json!({}));
        let public = url.replace("provider-offerings", "public-offerings");
        let nobody = lab.nobody();
        lab.get(&nobody, &public).await.is(404);
        lab.get(&scene.stranger, &url).await.is(404);
        lab.post(&scene.stranger, &format!("{url}activate/"), Value::Null).await.is(404);

        let moves = [
            ("pause", 400, ""), ("activate", 200, "Active"), ("activate", 400, ""), ("make_unavailable", 200, "Unavailable"),
            ("pause", 400, ""), ("make_available", 200, "Active"), ("pause", 200, "Paused"), ("unpause", 200, "Active"),
            ("draft", 200, "Draft"), ("draft", 200, "Draft"), ("activate", 200, "Active"),
        ];
        for (action, status, state) in moves {
            let reply = lab.post(owner, &format!("{url}{action}/"), json!({})).await.is(status);
            if status == 200 {
                assert_eq!(reply.body["state"], state, "{action}");
            } else {
                assert!(reply.body.to_string().contains("Offering state is invalid."), "{action}: {}", reply.body);
            }
        }
        let shown = lab.get(&nobody, &public).await.is(200);
        assert!(shown.body.get("secret_options").is_none());
        assert_eq!(shown.body["is_accessible"], true);
        assert_eq!(lab.get(&nobody, &format!("{public}plans/")).await.is(200).body.as_array().map(Vec::len), Some(1));
        lab.get(&nobody, &format!("{public}plans/{}/", plan["uuid"].as_str().unwrap_or_default())).await.is(200);
        lab.get(&nobody, OFFERINGS).await.is(401);
        lab.delete(owner, &url).await.is(403);
        lab.post(owner, &format!("{url}archive/"), Value::Null).await.is(200);
        lab.post(owner, &format!("{url}update_overview/"), json!({"name": "X"})).await.is(400);
        lab.get(&nobody, &public).await.is(404);
        lab.delete(&lab.staff, &url).await.is(204);
    }

    async fn each_part_of_an_offering_can_be_changed(lab: Lab) {
        let scene = scene(&lab).await;
        let owner = &scene.owner;
        lab.provider(&scene.acme).await;
        let made = lab.post(owner, OFFERINGS, scene.offering(json!({}))).await.is(201);
        let url = made.text("url");
        let post = async |what: &str, body: Value, status: u16| {
            lab.post(owner, &format!("{url}{what}/"), body).await.is(status)
        };
        post("update_overview", json!({"name": "New", "description": "D", "getting_started": "G"}), 200).await;
        post("update_overview", json!({"name": "New", "slug": "not-mine"}), 400).await;
        post("update_location", json!({"latitude": 58.4, "longitude": 26.7}), 200).await;
        post("update_location", json!({"latitude": 580, "longitude": 26.7}), 400).await;
        post("update_attributes", json!({"speed": "fast", "uuid": "x"}), 200).await;
        post("update_options", json!({"options": {"order": ["os"], "options": {"os": {"type": "string", "label": "OS"}}}}), 200)
            .await;
        post("update_options", json!({"options": {"options": {"os": {"type": "string"}}}}), 400).await;
        post("update_resource_options", json!({"resource_options": {"order": [], "options": {}}}), 200).await;
        let secrets = json!({"secret_options": {"password": "hidden"}, "plugin_options": {"unknown_key": [1, {"a": null}]},
                             "backend_id": "b1"});
        post("update_integration", secrets, 200).await;
        post("update_backend_id_rules", json!({"backend_id_rules": {"format": {"regex": "^[a-z]+$"}}}), 200).await;
        post("set_backend_metadata", json!({"backend_metadata": {"x": 1}}), 200).await;
        let endpoint = post("add_endpoint", json!({"name": "API", "url": "ssh://host"}), 201).await.text("uuid");
        let shown = lab.get(owner, &url).await.is(200).body;
        assert_eq!(shown["name"], "New");
        assert_eq!(shown["latitude"], 58.4);
        assert_eq!(shown["attributes"], json!({"speed": "fast"}));
        assert_eq!(shown["secret_options"], json!({"password": "hidden"}));
        assert_eq!(shown["plugin_options"], json!({"unknown_key": [1, {"a": null}]}));
        assert_eq!(shown["endpoints"], json!([{"uuid": endpoint, "name": "API", "url": "ssh://host"}]));
        post("delete_endpoint", json!({"uuid": endpoint}), 204).await;
        post("delete_endpoint", json!({"uuid": endpoint}), 404).await;

        let group = lab.make("/api/organization-groups/", json!({"name": "East"})).await;
        post("update_organization_groups", json!({"organization_groups": [group.url]}), 200).await;
        let shown = lab.get(owner, &url).await.is(200).body;
        assert_eq!(shown["organization_groups"][0]["name"], "East", "{shown}");
        post("delete_organization_groups", Value::Null, 204).await;

        post("create_offering_component", json!({"type": "ram", "name": "RAM", "billing_type": "usage"}), 201).await;
        post("create_offering_component", json!({"type": "ram", "name": "RAM", "billing_type": "usage"}), 400).await;
        let components = lab.get(owner, &url).await.is(200).body["components"].clone();
        let ram = components.as_array().into_iter().flatten().find(|one| one["type"] == "ram").cloned().unwrap_or_default();
        post("update_offering_component", json!({"uuid": ram["uuid"], "name": "Memory", "measured_unit": "GB"}), 200).await;
        post("update_offering_component", json!({"name": "Memory"}), 400).await;
        post("remove_offering_component", json!({"uuid": ram["uuid"]}), 200).await;
        post("remove_offering_component", json!({"uuid": ram["uuid"]}), 404).await;

        // Secrets are in no record.
        let rows = lab.core.store.query("SELECT count(*) FROM events WHERE context LIKE '%hidden%' OR changes LIKE '%hidden%' \
            OR message LIKE '%hidden%'", &[]).await.unwrap_or_default();
        assert_eq!(rows.first().and_then(|row| row.get::<i64>(0).ok()), Some(0));
        let support = lab.user("support").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", support.uuid), json!({"is_support": true})).await.is(200);
        assert!(lab.get(&support, &url).await.is(200).body.get("secret_options").is_none());
        assert_eq!(lab.get(&lab.staff, &url).await.is(200).body["secret_options"], json!({"password": "hidden"}));
        assert!(lab.get(&support, &format!("{url}history/")).await.is(200).body.as_array().is_some_and(|all| all.len() > 3));
    }

    async fn prices_follow_what_is_sent(lab: Lab) {
        let scene = scene(&lab).await;
        let owner = &scene.owner;
        lab.provider(&scene.acme).await;
        let offering = lab.post(owner, OFFERINGS, scene.offering(json!({}))).await.is(201);
        let body = json!({"offering": offering.body["url"], "name": "Second", "unit": "hour", "unit_price": "99"});
        lab.post(&scene.stranger, "/api/marketplace-plans/", body.clone()).await.is(400);
        let plan = lab.post(owner, "/api/marketplace-plans/", body).await.is(201);
        let url = plan.text("url");
        assert_eq!(plan.body["unit_price"], "0.0000000000");
        lab.post(owner, &format!("{url}update_prices/"), json!({"prices": {"gold": 1}})).await.is(400);
        lab.post(owner, &format!("{url}update_prices/"), json!({"prices": {"cpu": "-1"}})).await.is(400);
        lab.post(owner, &format!("{url}update_prices/"), json!({"prices": {"cpu": "0.1", "storage": "0.0000001"}})).await.is(200);
        lab.post(owner, &format!("{url}update_quotas/"), json!({"quotas": {"storage": 1}})).await.is(400);
        lab.post(owner, &format!("{url}update_quotas/"), json!({"quotas": {"cpu": 3}})).await.is(200);
        let shown = lab.get(owner, &url).await.is(200).body;
        assert_eq!(shown["unit_price"], "0.3000000000");
        assert_eq!(shown["prices"]["storage"], 0.0000001);
        lab.post(owner, &format!("{url}update_prices/"), json!({"prices": {"storage": "2"}})).await.is(200);
        assert_eq!(lab.get(owner, &url).await.is(200).body["unit_price"], "0.0000000000");
        let too_much = json!({"prices": {"cpu": "900000000000"}});
        lab.post(owner, &format!("{url}update_prices/"), too_much).await.is(400);
        lab.patch(owner, &url, json!({"name": "Third"})).await.is(200);
        lab.post(owner, &format!("{url}update_discounts/"), json!({"discounts": {"cpu": {"discount_threshold": 2, "discount_rate": 10}}})).await.is(200);
        lab.post(owner, &format!("{url}archive/"), Value::Null).await.is(200);
        lab.post(owner, &format!("{url}archive/"), Value::Null).await.is(400);
        assert_eq!(lab.get(owner, "/api/marketplace-plans/usage_stats/").await.is(200).body.as_array().map(Vec::len), Some(1));
        lab.delete(owner, &url).await.is(204);
    }

    async fn private_offerings_are_for_those_who_belong(lab: Lab) {
        let scene = scene(&lab).await;
        let owner = &scene.owner;
        lab.provider(&scene.acme).await;
        let offering = lab.post(owner, OFFERINGS, scene.offering(json!({"shared": false, "name": "Own"}))).await.is(201);
        let url = offering.text("url");
        lab.post(owner, &format!("{url}activate/"), Value::Null).await.is(200);
        let public = url.replace("provider-offerings", "public-offerings");
        let project = lab.project(&scene.acme, "P").await;
        let admin = lab.member(&project, "PROJECT.ADMIN").await;
        let listed = async |person: &Person, path: &str| lab.get(person, path).await.is(200).body.as_array().map(Vec::len);
        for person in [owner, &admin, &lab.staff] {
            lab.get(person, &public).await.is(200);
            assert_eq!(listed(person, "/api/marketplace-public-offerings/").await, Some(1), "{}", person.name);
        }
        for person in [&scene.stranger, &lab.nobody()] {
            lab.get(person, &public).await.is(404);
            assert_eq!(listed(person, "/api/marketplace-public-offerings/").await, Some(0), "{}", person.name);
        }
        assert_eq!(listed(&admin, OFFERINGS).await, Some(0));
        lab.post(&admin, &format!("{url}pause/"), json!({})).await.is(404);
    }

    async fn every_list_of_the_catalogue_answers(lab: Lab) {
        let scene = scene(&lab).await;
        let provider = lab.provider(&scene.acme).await;
        let offering = lab.offering(&scene.acme, &scene.category, "Cloud", json!({})).await;
        for list in ["customers", "user_customers", "customer_projects", "projects", "project_permissions", "keys", "users",
                     "offerings", "course_accounts", "project_service_accounts", "robot_account_customers",
                     "robot_account_projects", "revenue", "stat", "list_users", "compliance/checklists_summary",
                     "compliance/compliance_overview", "compliance/offering_users"] {
            let path = format!("{}{list}/", provider.url);
            lab.get(&lab.staff, &path).await.is(200);
            lab.get(&scene.owner, &path).await.is(200);
            let refused = if list == "offerings" { 200 } else { 403 };
            lab.get(&scene.stranger, &path).await.is(refused);
        }
        for list in ["customers", "list_customer_projects", "list_customer_users", "stats", "costs", "component_stats",
                     "list_users", "importable_resources", "list_course_accounts", "list_project_service_accounts",
                     "list_customer_service_accounts", "tos_stats", "glauth_users_config", "user-attribute-config",
                     "user_has_resource_access/?username=x", "orders"] {
            let slash = if list.contains('?') { "" } else { "/" };
            let path = format!("{}{list}{slash}", offering.url);
            lab.get(&lab.staff, &path).await.is(200);
            lab.get(&scene.owner, &path).await.is(200);
            lab.get(&scene.stranger, &path).await.is(404);
        }
        let secret = lab.get(&scene.owner, &format!("{}api_secret_code/", provider.url)).await.is(200).text("api_secret_code");
        let other = lab.post(&scene.owner, &format!("{}api_secret_code/", provider.url), Value::Null).await.is(200);
        assert_ne!(secret, other.text("api_secret_code"));
        lab.get(&scene.stranger, &format!("{}api_secret_code/", provider.url)).await.is(403);
        lab.get(&lab.nobody(), &provider.url).await.is(200);
        lab.get(&lab.nobody(), "/api/marketplace-categories/").await.is(200);
        lab.get(&lab.nobody(), "/api/marketplace-provider-offerings/groups/").await.is(200);
        lab.delete(&scene.owner, &provider.url).await.is(409);
        lab.delete(&lab.staff, &scene.category.url).await.is(409);
    }

    async fn every_filter_and_order_of_offerings_works(lab: Lab) {
        let scene = scene(&lab).await;
        lab.provider(&scene.acme).await;
        lab.offering(&scene.acme, &scene.category, "Cloud", json!({"attributes": {"speed": "fast"}})).await;
        let uuid = scene.acme.uuid.clone();
        let cases = [
            ("name=clo", 1), ("name_exact=Cloud", 1), ("name=zzz", 0), ("keyword=acme", 1), ("query=hpc", 1), ("state=Active", 1),
            ("state=Draft&state=Paused", 0), ("type=Marketplace.Basic", 1), ("shared=true", 1), ("billable=false", 0),
            ("attributes=%7B%22speed%22%3A%22fast%22%7D", 1), ("attributes=%7B%22speed%22%3A%5B%22slow%22%5D%7D", 0),
            ("tags_and=", 1), ("accessible_via_calls=true", 0), ("o=-created", 1), ("o=total_customers", 1), ("o=total_cost", 1),
            ("created=2020-01-01T00:00:00Z", 1), ("modified=2099-01-01T00:00:00Z", 0), ("can_create_offering_user=true", 0),
            ("tag_name=x", 0), ("tag_names_and=x,y", 0), ("has_terms_of_service=true", 0), ("description=x", 0),
        ];
        for (query, count) in cases {
            for collection in ["provider", "public"] {
                let path = format!("/api/marketplace-{collection}-offerings/?{query}");
                let reply = lab.get(&lab.staff, &path).await.is(200);
                assert_eq!(reply.body.as_array().map(Vec::len), Some(count), "{path}");
            }
        }
        for (name, count) in [("customer_uuid", 1), ("allowed_customer_uuid", 1), ("category_uuid", 0), ("project_uuid", 0),
            ("parent_uuid", 0), ("organization_group_uuid", 0), ("category_group_uuid", 0), ("service_manager_uuid", 0),
            ("scope_uuid", 0), ("resource_customer_uuid", 0), ("resource_project_uuid", 0), ("tag", 0), ("uuid_list", 0)] {
            let path = format!("{OFFERINGS}?{name}={uuid}");
            let reply = lab.get(&lab.staff, &path).await.is(200);
            assert_eq!(reply.body.as_array().map(Vec::len), Some(count), "{path}");
        }
        for query in ["state=Odd", "customer_uuid=x", "attributes=x", "o=odd", "uuid_list=x"] {
            lab.get(&lab.staff, &format!("{OFFERINGS}?{query}")).await.is(400);
        }
        for query in ["title=h", &format!("customer_uuid={uuid}&customers_offerings_state=2"), "has_shared=true",
                      "offering_name=clo", "o=-title"] {
            let reply = lab.get(&lab.nobody(), &format!("/api/marketplace-categories/?{query}")).await.is(200);
            assert_eq!(reply.body.as_array().map(Vec::len), Some(1), "{query}");
        }
        assert!(lab.statements_of(&scene.owner, "GET", OFFERINGS).await <= 3);
        assert!(lab.statements_of(&scene.owner, "GET", "/api/marketplace-public-offerings/").await <= 3);
    }

    async fn each_role_of_a_provider_does_its_part(lab: Lab) {
        let scene = scene(&lab).await;
        let provider = lab.provider(&scene.acme).await;
        let manager = lab.member(&provider, "CUSTOMER.MANAGER").await;
        let offering = lab.offering(&scene.acme, &scene.category, "Cloud", json!({})).await;
        let keeper = lab.member(&offering, "OFFERING.MANAGER").await;
        let project = lab.project(&scene.acme, "P").await;
        let admin = lab.member(&project, "PROJECT.ADMIN").await;
        lab.post(&manager, OFFERINGS, scene.offering(json!({"name": "Second"}))).await.is(201);
        for person in [&keeper, &admin] {
            lab.post(person, OFFERINGS, scene.offering(json!({}))).await.is(403);
        }
        for person in [&scene.owner, &manager, &keeper] {
            lab.get(person, &offering.url).await.is(200);
            lab.post(person, &format!("{}pause/", offering.url), json!({"paused_reason": "Rest"})).await.is(200);
            assert_eq!(lab.get(person, &offering.url).await.body["paused_reason"], "Rest");
            lab.post(person, &format!("{}unpause/", offering.url), Value::Null).await.is(200);
            lab.post(person, &format!("{}update_overview/", offering.url), json!({"name": "Cloud"})).await.is(200);
        }
        lab.post(&admin, &format!("{}pause/", offering.url), json!({})).await.is(404);
        lab.delete(&keeper, &offering.url).await.is(403);
        let plan = json!({"offering": offering.url, "name": "Other", "unit": "month"});
        lab.post(&keeper, "/api/marketplace-plans/", plan.clone()).await.is(403);
        lab.post(&manager, "/api/marketplace-plans/", plan).await.is(201);
        // A blocked organization does nothing.
        lab.patch(&lab.staff, &scene.acme.url, json!({"blocked": true})).await.is(200);
        lab.post(&manager, &format!("{}pause/", offering.url), json!({})).await.is(400);
        lab.post(&manager, OFFERINGS, scene.offering(json!({"name": "Third"}))).await.is(400);
    }

    async fn a_provider_sees_its_consumers_and_nobody_elses(lab: Lab) {
        let scene = scene(&lab).await;
        let provider = lab.provider(&scene.acme).await;
        let offering = lab.offering(&scene.acme, &scene.category, "Cloud", json!({})).await;
        let consumer = lab.organization("Consumer").await;
        let project = lab.project(&consumer, "Apollo").await;
        let buyer = lab.member(&consumer, "CUSTOMER.OWNER").await;
        let member = lab.member(&project, "PROJECT.ADMIN").await;
        lab.order(&buyer, &project, &offering, json!({"storage": 10})).await.is(201);
        let other = lab.organization("Other").await;
        let other_provider = lab.provider(&other).await;
        let rival = lab.member(&other, "CUSTOMER.OWNER").await;
        for (list, key, value) in [
            ("customers", "name", "Consumer"),
            ("customer_projects", "name", "Apollo"),
            ("projects", "name", "Apollo"),
            ("users", "uuid", member.uuid.as_str()),
            ("project_permissions", "user_uuid", member.uuid.as_str()),
            ("offerings", "name", "Cloud"),
        ] {
            let shown = lab.get(&scene.owner, &format!("{}{list}/", provider.url)).await.is(200);
            assert_eq!(shown.column(key), [value], "{list}");
            assert!(lab.get(&rival, &format!("{}{list}/", other_provider.url)).await.is(200).rows().is_empty(), "{list}");
            let refused = if list == "offerings" { 200 } else { 403 };
            let reply = lab.get(&rival, &format!("{}{list}/", provider.url)).await.is(refused);
            assert!(refused == 403 || reply.rows().is_empty());
        }
        for list in ["customers", "list_customer_projects", "list_customer_users", "orders"] {
            assert_eq!(lab.get(&scene.owner, &format!("{}{list}/", offering.url)).await.is(200).rows().len(), 1, "{list}");
        }
        let uuid = lab.get(&scene.owner, &format!("{}orders/", offering.url)).await.column("uuid").remove(0);
        lab.get(&scene.owner, &format!("{}orders/{uuid}/", offering.url)).await.is(200);
        assert_eq!(lab.get(&scene.owner, &format!("{}stats/", offering.url)).await.is(200).body["resources_count"], 1);
        assert_eq!(lab.get(&scene.owner, &format!("{}stat/", provider.url)).await.is(200).body["current_customers"], 1);
        let path = format!("{}user_has_resource_access/?username={}", offering.url, member.name);
        assert_eq!(lab.get(&scene.owner, &path).await.is(200).body["has_access"], true);

        // A plan that resources have keeps its prices until next month, and its texts for good.
        let plan = offering.body["plans"][0]["url"].as_str().unwrap_or_default().to_owned();
        lab.patch(&scene.owner, &plan, json!({"name": "X"})).await.is(400);
        lab.post(&scene.owner, &format!("{plan}update_prices/"), json!({"prices": {"storage": "7"}})).await.is(200);
        let shown = lab.get(&scene.owner, &plan).await.is(200).body;
        assert_eq!((&shown["prices"]["storage"], &shown["future_prices"]["storage"]), (&json!(0.1), &json!(7.0)));
        assert_eq!(shown["resources_count"], 1);
        assert!(matches!(stoa_market::plan::jobs::apply_due(&lab.core).await, Ok(0)));
        lab.advance(32 * 24 * 3600);
        assert!(matches!(stoa_market::plan::jobs::apply_due(&lab.core).await, Ok(1)));
        assert!(matches!(stoa_market::plan::jobs::apply_due(&lab.core).await, Ok(0)));
        let owner = lab.signed_in(&scene.owner.name).await;
        let scene = Scene { owner, ..scene };
        assert_eq!(lab.get(&scene.owner, &plan).await.is(200).body["prices"]["storage"], 7.0);
        lab.delete(&scene.owner, &plan).await.is(409);
        lab.delete(&lab.staff, &offering.url).await.is(409);
        let component = offering.body["components"][0]["uuid"].clone();
        lab.post(&scene.owner, &format!("{}remove_offering_component/", offering.url), json!({"uuid": component})).await.is(400);
        let change = json!({"uuid": component, "type": "disk"});
        lab.post(&scene.owner, &format!("{}update_offering_component/", offering.url), change).await.is(400);
    }

    async fn roles_at_an_offering_end_with_it_and_follow_it(lab: Lab) {
        let scene = scene(&lab).await;
        let provider = lab.provider(&scene.acme).await;
        let other = lab.organization("Other").await;
        lab.provider(&other).await;
        let offering = lab.offering(&scene.acme, &scene.category, "Cloud", json!({})).await;
        let keeper = lab.member(&offering, "OFFERING.MANAGER").await;
        let path = format!("{}move_offering/", offering.url);
        let body = |keep: bool| json!({"customer": other.url, "preserve_permissions": keep});
        lab.post(&scene.owner, &path, body(true)).await.is(403);
        let moved = lab.post(&lab.staff, &path, body(true)).await.is(200);
        assert_eq!(moved.body["customer_uuid"], other.uuid);
        lab.get(&keeper, &offering.url).await.is(200);
        lab.get(&scene.owner, &offering.url).await.is(404);
        let back = json!({"customer": scene.acme.url, "preserve_permissions": false});
        lab.post(&lab.staff, &path, back).await.is(200);
        lab.get(&keeper, &offering.url).await.is(404);
        lab.member(&provider, "CUSTOMER.MANAGER").await;
        lab.grant(&offering, "OFFERING.MANAGER", &keeper).await;
        lab.delete(&lab.staff, &offering.url).await.is(204);
        lab.delete(&scene.owner, &provider.url).await.is(204);
    }
}
