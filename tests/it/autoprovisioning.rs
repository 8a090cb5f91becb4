//! Rules for new people: whom they fit, what they give, what a dry run says, and what they never do.

use serde_json::{Value, json};
use stoa_kernel::vals;
use stoa_tenancy::user::arrival;
use stoa_testing::{Lab, Person, Reply, Thing, both, thing};

const ALL: &str = "/api/autoprovisioning-rules/";

/// A rule that fits `@uni.example`, with more or other fields.
async fn try_rule(lab: &Lab, more: Value) -> Reply {
    let mut body = json!({"name": "Everybody of the university", "user_email_patterns": [r".*@uni\.example$"],
                          "project_role_name": "PROJECT.ADMIN"});
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    lab.post(&lab.staff, ALL, body).await
}

async fn rule(lab: &Lab, more: Value) -> Thing {
    thing(try_rule(lab, more).await.is(201))
}

/// A text of a thing's body.
trait BodyText {
    fn body_text(&self, key: &str) -> String;
}

impl BodyText for Thing {
    fn body_text(&self, key: &str) -> String {
        self.body[key].as_str().unwrap_or_else(|| panic!("{key} is {}", self.body[key])).to_owned()
    }
}

/// A new account; what follows from it is done.
async fn arrive(lab: &Lab, name: &str, more: Value) -> Person {
    let mut body = json!({"username": name, "email": format!("{name}@uni.example"), "first_name": name});
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    lab.make("/api/users/", body).await;
    lab.run_jobs().await;
    lab.signed_in(name).await
}

/// Project and role of every role of a person, sorted.
async fn roles(lab: &Lab, person: &Person) -> Vec<(String, String)> {
    let rows = lab.get(&lab.staff, &format!("/api/user-permissions/?user={}&page_size=100", person.uuid)).await.is(200);
    let mut all: Vec<_> = rows.column("scope_name").into_iter().zip(rows.column("role_name")).collect();
    all.sort();
    all
}

async fn projects(lab: &Lab) -> Vec<String> {
    let mut names = lab.get(&lab.staff, "/api/projects/?page_size=100").await.is(200).column("name");
    names.sort();
    names
}

/// What a sign-in does when it has refreshed what is known of a person.
async fn again(lab: &Lab, person: &Person) {
    let (user, now) = (stoa_kernel::id::parse(&person.uuid).unwrap(), lab.core.now());
    lab.core.store.write(move |tx| Box::pin(async move { arrival::note(tx, now, user).await })).await.unwrap();
    lab.run_jobs().await;
}

async fn dry(lab: &Lab, person: &Person) -> Reply {
    lab.post(&lab.staff, &format!("{ALL}dry_run/"), json!({"user": person.uuid})).await.is(200)
}

async fn protect(lab: &Lab, method: &str) {
    let sql = "INSERT INTO settings (key, value, changed_at) VALUES ($1, $2, $3)";
    let values: Vec<_> =
        vals!["PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS", json!([method]), lab.core.now()].to_vec();
    lab.core
        .store
        .write(move |tx| {
            let values = values.clone();
            Box::pin(async move { tx.execute(sql, &values).await })
        })
        .await
        .unwrap();
}

both! {
    async fn a_new_account_gets_a_project_and_a_role_and_nothing_twice(lab: Lab) {
        let uni = lab.organization("Uni").await;
        let before = arrive(&lab, "before", json!({})).await;
        let made = rule(&lab, json!({"customer": uni.url})).await;
        assert_eq!((made.body_text("customer_name"), made.body_text("project_role_display_name")), ("Uni".into(), "PROJECT.ADMIN".into()));
        let ann = arrive(&lab, "ann", json!({})).await;
        let other = arrive(&lab, "bob", json!({"email": "bob@other.example"})).await;
        assert_eq!(roles(&lab, &ann).await, [("ann".to_owned(), "PROJECT.ADMIN".to_owned())]);
        assert_eq!(roles(&lab, &other).await, []);
        assert_eq!(roles(&lab, &before).await, [], "who was there before is left alone");
        let project = lab.get(&ann, "/api/projects/").await.is(200);
        assert_eq!((project.column("name"), project.column("customer_name")), (vec!["ann".to_owned()], vec!["Uni".to_owned()]));
        let grants = lab.get(&lab.staff, &format!("/api/user-permissions/?user={}", ann.uuid)).await.is(200);
        assert_eq!(grants.column("source"), ["autoprovisioning"]);
        // The record names the rule; doing it again changes nothing and records nothing.
        let events = |kind: &str| format!("/api/events/?event_type={kind}");
        assert_eq!(lab.count(&lab.staff, &events("autoprovisioning_rule_applied")).await, 1);
        again(&lab, &ann).await;
        again(&lab, &ann).await;
        assert_eq!(lab.count(&lab.staff, &events("autoprovisioning_rule_applied")).await, 1);
        assert_eq!(roles(&lab, &ann).await.len(), 1);
        assert_eq!(projects(&lab).await, ["ann"]);
        // A sign-in that refreshed what is known runs the rules for somebody who was there before.
        again(&lab, &before).await;
        assert_eq!(roles(&lab, &before).await, [("before".to_owned(), "PROJECT.ADMIN".to_owned())]);
    }

    async fn rules_match_on_address_or_affiliation_and_on_all_that_is_set_besides(lab: Lab) {
        let uni = lab.organization("Uni").await;
        let on = |more: Value| {
            let mut body = json!({"customer": uni.url, "user_email_patterns": []});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        rule(&lab, on(json!({"name": "nobody"}))).await;
        rule(&lab, on(json!({"name": "staff", "user_affiliations": ["staff", "faculty"], "project_name_template": "S {username}"}))).await;
        rule(&lab, on(json!({"name": "start", "user_email_patterns": ["a"], "project_name_template": "A {username}"}))).await;
        rule(&lab, on(json!({"name": "sure", "user_affiliations": ["staff"], "user_assurance_levels": ["high"], "user_nationalities": ["EE", "LV"],
                             "project_name_template": "E {username}"}))).await;
        let ann = arrive(&lab, "ann", json!({"affiliations": ["member", "staff"]})).await;
        assert_eq!(projects(&lab).await, ["A ann", "S ann"], "several rules fire for one account");
        let bea = arrive(&lab, "bea", json!({"email": "x@a.example", "affiliations": ["faculty"], "nationalities": ["EE"], "eduperson_assurance": ["high"]})).await;
        assert_eq!(lab.get(&bea, "/api/projects/").await.is(200).column("name"), ["S bea"]);
        let cyd = arrive(&lab, "cyd", json!({"affiliations": ["staff"], "nationalities": ["LV"], "eduperson_assurance": ["low", "high"]})).await;
        let mut names = lab.get(&cyd, "/api/projects/").await.is(200).column("name");
        names.sort();
        assert_eq!(names, ["E cyd", "S cyd"]);
        let dry = dry(&lab, &ann).await;
        let matched: Vec<_> = dry.rows().iter().map(|row| (row["rule_name"].as_str().unwrap_or_default(), row["matched"] == true)).collect();
        assert_eq!(matched, [("nobody", false), ("staff", true), ("start", true), ("sure", false)]);
    }

    async fn a_users_own_organization_counts_only_where_he_can_not_choose_it(lab: Lab) {
        let (uni, _) = (lab.organization("Uni").await, lab.organization("Twin").await);
        lab.organization("Twin").await;
        rule(&lab, json!({"use_user_organization_as_customer_name": true})).await;
        // Local accounts write their organization themselves.
        let ann = arrive(&lab, "ann", json!({"organization": "Uni"})).await;
        assert_eq!(roles(&lab, &ann).await, []);
        let why = dry(&lab, &ann).await;
        assert!(why.rows()[0]["reason"].as_str().is_some_and(|why| why.contains("registration method")), "{}", why.body);
        protect(&lab, "default").await;
        let bob = arrive(&lab, "bob", json!({"organization": "Uni"})).await;
        assert_eq!(roles(&lab, &bob).await, [("bob".to_owned(), "PROJECT.ADMIN".to_owned())]);
        assert_eq!(lab.get(&bob, "/api/projects/").await.is(200).column("customer_uuid"), [uni.uuid.clone()]);
        // Two of the name, none of the name, no name.
        for (name, organization) in [("cyd", "Twin"), ("dan", "Nowhere"), ("eve", "")] {
            let person = arrive(&lab, name, json!({"organization": organization})).await;
            assert_eq!(roles(&lab, &person).await, [], "{name}");
        }
        let twin = lab.signed_in("cyd").await;
        assert!(dry(&lab, &twin).await.rows()[0]["reason"].as_str().is_some_and(|why| why.contains("More than one")));
    }

    async fn nobody_enters_a_project_because_it_is_called_like_him(lab: Lab) {
        let uni = lab.organization("Uni").await;
        let finance = lab.project(&uni, "finance").await;
        rule(&lab, json!({"customer": uni.url})).await;
        let person = arrive(&lab, "finance", json!({})).await;
        assert_eq!(roles(&lab, &person).await, [("finance (2)".to_owned(), "PROJECT.ADMIN".to_owned())]);
        lab.get(&person, &finance.url).await.is(404);
        again(&lab, &person).await;
        assert_eq!(projects(&lab).await, ["finance", "finance (2)"]);
        // With more than one of the name nothing happens.
        lab.project(&uni, "twin").await;
        lab.project(&uni, "twin").await;
        let twin = arrive(&lab, "twin", json!({})).await;
        assert_eq!(roles(&lab, &twin).await, []);
        assert!(dry(&lab, &twin).await.rows()[0]["reason"].as_str().is_some_and(|why| why.contains("More than one project")));
    }

    async fn what_a_scope_refuses_is_left_out_and_does_not_fail(lab: Lab) {
        let uni = lab.organization("Uni").await;
        lab.patch(&lab.staff, &uni.url, json!({"user_email_patterns": ["boss@"]})).await.is(200);
        let second = lab.organization("Second").await;
        rule(&lab, json!({"name": "first", "customer": uni.url})).await;
        rule(&lab, json!({"name": "second", "customer": second.url})).await;
        let ann = arrive(&lab, "ann", json!({})).await;
        assert_eq!(roles(&lab, &ann).await, [("ann".to_owned(), "PROJECT.ADMIN".to_owned())], "the other rule still acts");
        assert_eq!(projects(&lab).await, ["ann"], "no project is made for somebody who may not enter it");
        // A role that was switched off; an organization that was blocked; a user who was switched off.
        let made = rule(&lab, json!({"name": "off", "customer": second.url, "project_name_template": "Off {username}"})).await;
        let body = json!({"name": "TEMPORARY", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        let role = lab.post(&lab.staff, "/api/roles/", body).await.is(201).text("uuid");
        lab.patch(&lab.staff, &made.url, json!({"project_role_name": "TEMPORARY"})).await.is(200);
        lab.post(&lab.staff, &format!("/api/roles/{role}/disable/"), json!({})).await.is(200);
        again(&lab, &ann).await;
        assert_eq!(roles(&lab, &ann).await.len(), 1);
        lab.post(&lab.staff, &format!("/api/roles/{role}/enable/"), json!({})).await.is(200);
        lab.patch(&lab.staff, &second.url, json!({"blocked": true})).await.is(200);
        again(&lab, &ann).await;
        assert_eq!(roles(&lab, &ann).await.len(), 1);
        lab.patch(&lab.staff, &second.url, json!({"blocked": false})).await.is(200);
        again(&lab, &ann).await;
        assert_eq!(roles(&lab, &ann).await.len(), 2);
    }

    async fn an_order_is_executed_at_once_and_placed_once(lab: Lab) {
        let (uni, hpc) = (lab.organization("Uni").await, lab.organization("HPC").await);
        lab.provider(&hpc).await;
        let category = lab.category().await;
        let offering = lab.offering(&hpc, &category, "Cluster", json!({})).await;
        let plan = offering.body["plans"][0]["url"].clone();
        let made = rule(&lab, json!({"customer": uni.url, "plan": plan, "plan_limits": {"storage": 5}, "plan_attributes": {"name": "home"}})).await;
        assert_eq!((made.body_text("plan_name"), made.body_text("offering_name"), made.body_text("offering_uuid")), ("Standard".into(), "Cluster".into(), offering.uuid.clone()));
        assert!(made.body_text("category_url").contains("/api/marketplace-categories/") && made.body_text("category_title") == "HPC");
        let ann = arrive(&lab, "ann", json!({})).await;
        let orders = lab.get(&lab.staff, "/api/marketplace-orders/").await.is(200);
        assert_eq!(orders.column("state"), ["executing"]);
        assert_eq!(orders.column("created_by_username"), ["ann"]);
        assert_eq!(orders.rows()[0]["limits"], json!({"storage": 5}));
        let resources = lab.get(&ann, "/api/marketplace-resources/").await.is(200);
        assert_eq!((resources.column("name"), resources.column("project_name")), (vec!["home".to_owned()], vec!["ann".to_owned()]));
        again(&lab, &ann).await;
        assert_eq!(lab.count(&lab.staff, "/api/marketplace-orders/").await, 1);
        assert_eq!(dry(&lab, &ann).await.rows()[0]["order"]["action"], "skip");
        // Done stays done; a failed one may be placed again.
        let order = orders.rows()[0]["url"].as_str().unwrap_or_default().to_owned();
        lab.post(&lab.staff, &format!("{order}set_state_done/"), json!({})).await.is(200);
        again(&lab, &ann).await;
        assert_eq!(lab.count(&lab.staff, "/api/marketplace-orders/").await, 1);
        // An order that the offering refuses leaves role and project.
        lab.patch(&lab.staff, &made.url, json!({"plan_limits": {"storage": 1_000_000}})).await.is(200);
        let bob = arrive(&lab, "bob", json!({})).await;
        assert_eq!(roles(&lab, &bob).await, [("bob".to_owned(), "PROJECT.ADMIN".to_owned())]);
        assert_eq!(lab.count(&lab.staff, "/api/marketplace-orders/").await, 1);
        assert_eq!(lab.count(&lab.staff, "/api/marketplace-resources/").await, 1);
        let nothing: Vec<(i64, i64)> = vec![];
        let wrong = stoa_market::order::store::recount(&mut lab.core.store.reader()).await.unwrap();
        assert_eq!(wrong.iter().map(|one| (one.used, one.asked)).collect::<Vec<_>>(), nothing);
    }

    async fn a_dry_run_says_what_would_happen_and_nothing_does(lab: Lab) {
        let (uni, hpc) = (lab.organization("Uni").await, lab.organization("HPC").await);
        lab.provider(&hpc).await;
        let category = lab.category().await;
        let offering = lab.offering(&hpc, &category, "Cluster", json!({})).await;
        let ann = arrive(&lab, "ann", json!({})).await;
        let made = rule(&lab, json!({"customer": uni.url, "plan": offering.body["plans"][0]["url"], "plan_limits": {"storage": 1}})).await;
        let count = |path: &'static str| lab.count(&lab.staff, path);
        let before = (count("/api/projects/").await, count("/api/events/").await, count("/api/user-permissions/").await);
        let said = dry(&lab, &ann).await;
        let row = &said.rows()[0];
        assert_eq!((&row["rule_uuid"], &row["matched"], &row["would_provision"], &row["reason"]), (&json!(made.uuid), &json!(true), &json!(true), &json!("")));
        assert_eq!(row["project"], json!({"action": "create", "uuid": null, "name": "ann"}));
        assert_eq!(row["project_role"], json!({"role": "PROJECT.ADMIN", "action": "grant", "reason": ""}));
        assert_eq!((&row["order"]["action"], &row["customer_name"], &row["customer_role"]), (&json!("create"), &json!("Uni"), &Value::Null));
        assert_eq!(row["checks"].as_array().map(Vec::len), Some(6));
        let by_url = lab.post(&lab.staff, &format!("{ALL}dry_run/"), json!({"user": format!("http://stoa.test/api/users/{}/", ann.uuid)})).await.is(200);
        assert_eq!(by_url.body, said.body);
        assert_eq!(before, (count("/api/projects/").await, count("/api/events/").await, count("/api/user-permissions/").await));
        // The same of one rule, as newer clients ask.
        let path = format!("{}test-match/", made.url);
        let one = lab.post(&lab.staff, &path, json!({"user_uuid": ann.uuid})).await.is(200);
        assert_eq!((&one.body["would_provision"], one.text("resolved_project_name"), one.text("project_action")), (&json!(true), "ann".into(), "create".into()));
        assert_eq!(one.body["filter_results"].as_array().map(Vec::len), Some(6));
        // What it says is what happens.
        again(&lab, &ann).await;
        let after = dry(&lab, &ann).await;
        assert_eq!((&after.rows()[0]["project"]["action"], &after.rows()[0]["project_role"]["action"]), (&json!("existing"), &json!("held")));
        assert_eq!(lab.post(&lab.staff, &path, json!({"user_uuid": ann.uuid})).await.text("project_action"), "existing");
        lab.post(&ann, &path, json!({"user_uuid": ann.uuid})).await.is(404);
        lab.post(&ann, &format!("{ALL}dry_run/"), json!({"user": ann.uuid})).await.is(403);
        lab.post(&lab.staff, &format!("{ALL}dry_run/"), json!({})).await.is_invalid("user");
        lab.post(&lab.staff, &path, json!({"user_uuid": "00000000000000000000000000000000"})).await.is_invalid("user_uuid");
    }

    async fn rules_are_checked_and_only_staff_have_them(lab: Lab) {
        let uni = lab.organization("Uni").await;
        let owner = lab.member(&uni, "CUSTOMER.OWNER").await;
        let support = lab.user("support").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", support.uuid), json!({"is_support": true})).await.is(200);
        for person in [&owner, &support] {
            lab.get(person, ALL).await.is(403);
            lab.post(person, ALL, json!({"name": "x"})).await.is(403);
        }
        lab.get(&lab.nobody(), ALL).await.is(401);
        try_rule(&lab, json!({})).await.is_invalid("customer");
        try_rule(&lab, json!({"customer": uni.url, "use_user_organization_as_customer_name": true})).await.is_invalid("customer");
        let role = lab.get(&lab.staff, "/api/roles/?name=PROJECT.ADMIN").await.is(200).column("uuid").remove(0);
        let role = format!("http://stoa.test/api/roles/{role}/");
        let on = |more: Value| {
            let mut body = json!({"customer": uni.url});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        try_rule(&lab, on(json!({"project_role": role}))).await.is_invalid("project_role");
        try_rule(&lab, on(json!({"project_role_name": null}))).await.is_invalid("project_role");
        try_rule(&lab, on(json!({"project_role_name": "CUSTOMER.OWNER"}))).await.is_invalid("project_role_name");
        try_rule(&lab, on(json!({"project_role_name": "NO.SUCH"}))).await.is_invalid("project_role_name");
        try_rule(&lab, on(json!({"user_email_patterns": ["("]}))).await.is_invalid("user_email_patterns");
        try_rule(&lab, on(json!({"project_name_template": "{nobody}"}))).await.is_invalid("project_name_template");
        try_rule(&lab, on(json!({"plan_limits": {"storage": "x"}}))).await.is_invalid("plan_limits");
        // What rules do not do is refused rather than left out of account.
        try_rule(&lab, on(json!({"user_claims": {"entitlement": ["x"]}}))).await.is_invalid("user_claims");
        try_rule(&lab, on(json!({"revoke_when_unmatched": true}))).await.is_invalid("revoke_when_unmatched");
        try_rule(&lab, on(json!({"create_project": false}))).await.is_invalid("customer_role");
        let fine = on(json!({"project_role_name": null, "project_role": role, "user_claims": {}, "revoke_when_unmatched": false}));
        let made = thing(try_rule(&lab, fine).await.is(201));
        assert_eq!((made.body_text("project_role"), made.body_text("customer_uuid")), (role, uni.uuid.clone()));
        assert_eq!((&made.body["plan"], made.body_text("offering_uuid")), (&Value::Null, "0".repeat(32)));
        // A plan of an offering that is not active.
        lab.provider(&uni).await;
        let category = lab.category().await;
        let body = json!({"name": "Draft", "category": category.url, "customer": uni.url, "type": "Marketplace.Basic",
                          "plans": [{"name": "Standard", "unit": "month"}]});
        let draft = lab.make("/api/marketplace-provider-offerings/", body).await;
        lab.patch(&lab.staff, &made.url, json!({"plan": draft.body["plans"][0]["url"]})).await.is_invalid("plan");
        lab.patch(&lab.staff, &made.url, json!({"customer": null})).await.is_invalid("customer");
        lab.patch(&lab.staff, &made.url, json!({"project_role": null})).await.is_invalid("project_role");
        let body = json!({"customer": null, "use_user_organization_as_customer_name": true, "name": "Other"});
        let changed = lab.patch(&lab.staff, &made.url, body).await.is(200);
        assert_eq!((changed.text("name"), &changed.body["customer"]), ("Other".into(), &Value::Null));
        lab.put(&lab.staff, &made.url, json!({"name": "Third"})).await.is(200);
        assert_eq!(lab.get(&lab.staff, ALL).await.is(200).column("name"), ["Third"]);
        assert!(lab.statements_of(&lab.staff, "GET", ALL).await <= 3);
        lab.delete(&lab.staff, &made.url).await.is(204);
        assert_eq!(lab.count(&lab.staff, ALL).await, 0);
    }

    async fn a_rule_without_a_project_gives_a_role_in_the_organization(lab: Lab) {
        let uni = lab.organization("Uni").await;
        lab.enable_role("CUSTOMER.SUPPORT").await;
        let body = json!({"customer": uni.url, "create_project": false, "project_role_name": null, "customer_role_name": "CUSTOMER.SUPPORT"});
        rule(&lab, body).await;
        let course = json!({"name": "course", "customer": uni.url, "project_name_template": "Course"});
        rule(&lab, course).await;
        let (ann, bob) = (arrive(&lab, "ann", json!({})).await, arrive(&lab, "bob", json!({})).await);
        for person in [&ann, &bob] {
            let expected = [("Course".to_owned(), "PROJECT.ADMIN".to_owned()), ("Uni".to_owned(), "CUSTOMER.SUPPORT".to_owned())];
            assert_eq!(roles(&lab, person).await, expected);
        }
        assert_eq!(projects(&lab).await, ["Course"]);
    }
}
