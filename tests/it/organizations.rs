//! Organizations, divisions, subnets and projects, through the API, on both engines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use serde_json::{Value, json};
use stoa_kernel::{
    Val,
    door::{Caller, Credential},
    id, vals,
    view::Ask,
};
use stoa_tenancy::{customer::views::CUSTOMERS, project::views::PROJECTS};
use stoa_testing::{Lab, Person, Reply, Thing};

/// Runs each test on SQLite, and on PostgreSQL where there is one.
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($lab:ident: Lab) $body:block)*) => {
        $($(#[$meta])* async fn $name($lab: Lab) $body)*
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Lab::sqlite().await).await;
            })*
        }
        mod pg {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(lab) = super::Lab::postgres().await {
                    super::$name(lab).await;
                }
            })*
        }
    };
}

fn thing(reply: Reply) -> Thing {
    Thing { url: reply.text("url"), uuid: reply.text("uuid"), body: reply.body }
}

/// A user, made behind the API's back, so that these tests need nothing but their own area.
async fn user(lab: &Lab, name: &str) -> Person {
    let (uuid, name_, now) = (lab.core.clock.uuid(), name.to_owned(), lab.core.now());
    lab.core
        .store
        .write(move |tx| {
            let values = vals![uuid, &name_, "Org of the user", now, now];
            Box::pin(async move {
                let sql = "INSERT INTO users (uuid, username, organization, date_joined, modified) \
                           VALUES ($1, $2, $3, $4, $5)";
                tx.execute(sql, &values).await
            })
        })
        .await
        .unwrap();
    lab.signed_in(name).await
}

/// A user with a role.
async fn member(lab: &Lab, scope: &'static str, on: &Thing, role: &str) -> Person {
    let name = format!("{}-{}", role.to_lowercase(), &on.uuid[..6]);
    let person = user(lab, &name).await;
    let table = if scope == "customer" { "customers" } else { "projects" };
    let owner = if scope == "customer" { "s.id" } else { "s.customer_id" };
    let sql = format!(
        "INSERT INTO grants (uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, customer_id, created, \
         valid_from) SELECT $1::uuid, u.id, r.id, $2::text, s.id, s.uuid, s.name, {owner}, $3::timestamptz, \
         $4::timestamptz FROM users u, roles r, {table} s WHERE u.username = $5 AND r.name = $6 AND s.uuid = $7"
    );
    let (now, role, uuid) = (lab.core.now(), role.to_owned(), lab.core.clock.uuid());
    let on = id::parse(&on.uuid).unwrap();
    let values: Vec<Val> = vals![uuid, scope, now, now, name, role, on].to_vec();
    lab.core
        .store
        .write(move |tx| {
            let (sql, values) = (sql.clone(), values.clone());
            Box::pin(async move { tx.execute(&sql, &values).await })
        })
        .await
        .unwrap();
    person
}

async fn events(lab: &Lab) -> Vec<String> {
    let rows = lab.core.store.query("SELECT event_type FROM events ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

async fn last_event(lab: &Lab) -> String {
    events(lab).await.pop().unwrap_or_default()
}

both! {
    async fn staff_make_change_and_remove_organizations(lab: Lab) {
        let body = json!({
            "name": "Institute", "abbreviation": "INST", "country": "EE", "vat_code": "EE100366327",
            "email": "a@inst.ee", "default_tax_percent": "20.5", "latitude": 58.4, "grace_period_days": 3,
            "user_email_patterns": [".*@inst\\.ee"],
        });
        let acme = thing(lab.post(&lab.staff, "/api/customers/", body).await.is(201));
        let full = &acme.body;
        assert_eq!(full["display_name"], "INST");
        assert_eq!(full["country_name"], "Estonia");
        assert_eq!(full["default_tax_percent"], "20.50");
        assert_eq!(full["slug"], "institute");
        assert_eq!(full["projects_count"], 0);
        assert_eq!(full["organization_groups"], json!([]));
        assert_eq!(full["payment_profiles"], json!([]));
        assert_eq!(full["user_email_patterns"], json!([".*@inst\\.ee"]));
        assert!(full["billing_price_estimate"]["total"].is_string());
        assert_eq!(last_event(&lab).await, "customer_creation_succeeded");

        for (field, value) in [
            ("name", json!("  ")), ("vat_code", json!("EE1")), ("country", json!("XX")), ("email", json!("nobody")),
            ("phone_number", json!("call me")), ("default_tax_percent", json!("201")), ("slug", json!("a b")),
            ("user_email_patterns", json!(["("])), ("access_subnets", json!("10.0.0.0/99")),
            ("notification_emails", json!("a@b.ee, nobody")), ("project_metadata_checklist", json!(acme.uuid)),
        ] {
            let mut body = json!({});
            body[field] = value;
            lab.patch(&lab.staff, &acme.url, body).await.is_invalid(field);
        }
        let changed = lab.patch(&lab.staff, &acme.url, json!({"name": "Academy"})).await.is(200);
        assert_eq!(changed.body["name"], "Academy");
        assert_eq!(last_event(&lab).await, "customer_update_succeeded");
        let count = events(&lab).await.len();
        lab.patch(&lab.staff, &acme.url, json!({"name": "Academy"})).await.is(200);
        assert_eq!(events(&lab).await.len(), count, "nothing changed, nothing on record");

        let history = lab.get(&lab.staff, &format!("{}history/", acme.url)).await.is(200);
        assert_eq!(history.rows().len(), 2);
        assert_eq!(history.rows()[0]["serialized_data"]["name"], "Academy");
        assert_eq!(history.rows()[1]["serialized_data"]["name"], "Institute");
        assert_eq!(history.rows()[0]["revision_user"]["username"], "staff");
        let at = lab.core.now().plus_seconds(1).to_string();
        let then = lab.get(&lab.staff, &format!("{}history/at/?timestamp={at}", acme.url)).await.is(200);
        assert_eq!(then.body["serialized_data"]["name"], "Academy");
        lab.get(&lab.staff, &format!("{}history/at/?timestamp=2001-01-01", acme.url)).await.is(404);
        lab.get(&lab.staff, &format!("{}history/at/?timestamp=soon", acme.url)).await.is(400);

        let project = lab.project(&acme, "Apollo").await;
        lab.delete(&lab.staff, &acme.url).await.is(409);
        lab.delete(&lab.staff, &project.url).await.is(204);
        lab.delete(&lab.staff, &acme.url).await.is(204);
        lab.get(&lab.staff, &acme.url).await.is(404);
        lab.get(&lab.staff, &project.url).await.is(404);
        assert_eq!(last_event(&lab).await, "customer_deletion_succeeded");
    }

    async fn who_sees_and_changes_organizations(lab: Lab) {
        let (acme, other) = (lab.organization("Acme").await, lab.organization("Other").await);
        let (apollo, _zeus) = (lab.project(&acme, "Apollo").await, lab.project(&acme, "Zeus").await);
        let owner = member(&lab, "customer", &acme, "CUSTOMER.OWNER").await;
        let admin = member(&lab, "project", &apollo, "PROJECT.ADMIN").await;
        let plain = user(&lab, "plain").await;

        for (person, names, projects, users) in
            [(&owner, vec!["Acme"], 2, 2), (&admin, vec!["Acme"], 1, 1), (&plain, vec![], 0, 0)]
        {
            let list = lab.get(person, "/api/customers/").await.is(200);
            assert_eq!(list.column("name"), names);
            if let Some(row) = list.rows().first() {
                assert_eq!((&row["projects_count"], &row["users_count"]), (&json!(projects), &json!(users)));
            }
            lab.get(person, &other.url).await.is(404);
            lab.post(person, "/api/customers/", json!({"name": "Mine"})).await.is_forbidden();
            lab.patch(person, &other.url, json!({"name": "x"})).await.is(404);
        }
        lab.get(&lab.nobody(), "/api/customers/").await.is(401);
        assert_eq!(lab.get(&lab.staff, "/api/customers/?o=-name").await.is(200).column("name"), ["Other", "Acme"]);

        // Owners don't change the organization, but how to reach it.
        lab.patch(&owner, &acme.url, json!({"name": "x"})).await.is_forbidden();
        let contact = format!("{}contact/", acme.url);
        let reply = lab.post(&owner, &contact, json!({"phone_number": "+372 555"})).await.is(200);
        assert_eq!(reply.body["phone_number"], "+372 555");
        assert_eq!(reply.body.as_object().unwrap().len(), 5);
        lab.post(&admin, &contact, json!({"phone_number": "+372 555"})).await.is_forbidden();
        lab.delete(&owner, &acme.url).await.is_forbidden();
        lab.get(&owner, &format!("{}history/", acme.url)).await.is(403);

        // Filters by the caller.
        for (filter, names) in [
            ("owned_by_current_user=true", vec!["Acme"]), ("owned_by_current_user=false", vec!["Acme"]),
            ("current_user_has_project_create_permission=true", vec!["Acme"]), ("query=oth", vec![]),
            ("query=ACM", vec!["Acme"]), ("name_exact=acme", vec![]), ("archived=true", vec![]),
            ("current_user_has_role=CUSTOMER.OWNER", vec!["Acme"]), ("has_resources=true", vec![]),
            ("is_service_provider=true", vec![]), ("accounting_is_running=true", vec!["Acme"]),
        ] {
            let list = lab.get(&owner, &format!("/api/customers/?{filter}")).await.is(200);
            assert_eq!(list.column("name"), names, "{filter}");
        }
        let theirs = lab.get(&lab.staff, &format!("/api/customers/?user_uuid={}", owner.uuid)).await.is(200);
        assert_eq!(theirs.column("name"), ["Acme"]);
        let theirs = lab.get(&owner, &format!("/api/customers/?user_uuid={}", lab.staff.uuid)).await.is(200);
        assert_eq!(theirs.column("name"), ["Acme"]);
        lab.get(&owner, "/api/customers/?o=colour").await.is(400);

        // Its people.
        let users = format!("{}users/", acme.url);
        let people = lab.get(&owner, &users).await.is(200);
        assert_eq!(people.rows().len(), 2);
        let row = people.rows().iter().find(|row| row["uuid"] == admin.uuid.as_str()).unwrap();
        assert_eq!(row["role_name"], Value::Null);
        assert_eq!(row["projects"][0]["name"], "Apollo");
        assert_eq!(row["projects"][0]["role_name"], "PROJECT.ADMIN");
        let owners = lab.get(&owner, &format!("{users}?organization_role=CUSTOMER.OWNER")).await.is(200);
        assert_eq!(owners.column("uuid"), [owner.uuid.clone()]);
        let admins = lab.get(&owner, &format!("{users}?project_role=PROJECT.ADMIN&o=-concatenated_name")).await.is(200);
        assert_eq!(admins.column("uuid"), [admin.uuid.clone()]);
        lab.get(&admin, &users).await.is(403);
        lab.get(&plain, &users).await.is(404);
    }

    async fn blocked_and_archived_organizations_are_shut(lab: Lab) {
        for (field, text) in [
            ("blocked", "Blocked organization is not available."), ("archived", "Archived organization is not available."),
        ] {
            let acme = lab.organization(field).await;
            let project = lab.project(&acme, "Apollo").await;
            let mut body = json!({});
            body[field] = true.into();
            lab.patch(&lab.staff, &acme.url, body.clone()).await.is(200);
            let shut = |reply: Reply| {
                let reply = reply.is(400);
                assert!(reply.body.to_string().contains(text), "{}", reply.body);
            };
            shut(lab.patch(&lab.staff, &acme.url, json!({"name": "x"})).await);
            shut(lab.delete(&lab.staff, &acme.url).await);
            shut(lab.post(&lab.staff, "/api/projects/", json!({"name": "x", "customer": acme.url})).await);
            shut(lab.patch(&lab.staff, &project.url, json!({"name": "x"})).await);
            shut(lab.delete(&lab.staff, &project.url).await);
            shut(lab.post(&lab.staff, "/api/access-subnets/", json!({"inet": "10.0.0.0/8", "customer": acme.url})).await);
            body[field] = false.into();
            lab.patch(&lab.staff, &acme.url, body).await.is(200);
            lab.patch(&lab.staff, &acme.url, json!({"name": "x"})).await.is(200);
        }
    }

    async fn divisions_have_types_and_no_circles(lab: Lab) {
        let kind = lab.make("/api/organization-group-types/", json!({"name": "Faculty"})).await;
        lab.post(&lab.staff, "/api/organization-group-types/", json!({"name": "Faculty"})).await.is_invalid("name");
        let top = lab.make("/api/organization-groups/", json!({"name": "University", "type": kind.url})).await;
        let below = lab.make("/api/organization-groups/", json!({"name": "Physics", "parent": top.url})).await;
        assert_eq!(top.body["type_name"], "Faculty");
        assert!(top.body.get("parent_uuid").is_none());
        assert_eq!(below.body["parent_name"], "University");
        lab.patch(&lab.staff, &top.url, json!({"parent": below.url})).await.is_invalid("parent");
        lab.patch(&lab.staff, &top.url, json!({"parent": top.url})).await.is_invalid("parent");
        lab.delete(&lab.staff, &top.url).await.is(409);
        lab.delete(&lab.staff, &kind.url).await.is(409);
        lab.patch(&lab.staff, &kind.url, json!({"name": "School"})).await.is(200);

        let acme = lab.organization("Acme").await;
        let groups = format!("{}update_organization_groups/", acme.url);
        lab.post(&lab.staff, &groups, json!({"organization_groups": [below.url, top.url]})).await.is(200);
        let full = lab.get(&lab.staff, &acme.url).await.is(200);
        assert_eq!(full.body["organization_groups"][0]["name"], "Physics");
        assert_eq!(full.body["organization_groups"][0]["parent"], top.url.as_str());
        assert_eq!(full.body["organization_groups"][1]["customers_count"], 1);
        assert_eq!(full.body["organization_groups"][1]["type_name"], "School");
        for filter in [format!("organization_group_uuid={}", top.uuid), "organization_group_name=phys".into()] {
            let list = lab.get(&lab.staff, &format!("/api/customers/?{filter}")).await.is(200);
            assert_eq!(list.column("name"), ["Acme"]);
        }
        let plain = user(&lab, "plain").await;
        lab.get(&plain, &top.url).await.is(200);
        lab.patch(&plain, &top.url, json!({"name": "x"})).await.is_forbidden();
        lab.delete(&lab.staff, &below.url).await.is(204);
        lab.delete(&lab.staff, &top.url).await.is(204);
        lab.delete(&lab.staff, &kind.url).await.is(204);
        lab.get(&lab.staff, &acme.url).await.is(200);
    }

    async fn subnets_wall_an_organization_in(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let owner = member(&lab, "customer", &acme, "CUSTOMER.OWNER").await;
        let other = lab.organization("Other").await;
        let body = json!({"inet": "10.1.2.3/8", "customer": acme.url, "description": "Office"});
        lab.post(&owner, "/api/access-subnets/", json!({"inet": "10.0.0.0/8", "customer": other.url})).await
            .is_invalid("customer");
        lab.post(&owner, "/api/access-subnets/", json!({"inet": "office", "customer": acme.url})).await.is_invalid("inet");
        let subnet = lab.post(&owner, "/api/access-subnets/", body.clone()).await.is(201);
        assert_eq!(subnet.body["inet"], "10.0.0.0/8");
        assert_eq!(subnet.body["scoped_offerings"], json!([]));
        assert_eq!(subnet.body["is_staff_managed"], false);
        assert_eq!(last_event(&lab).await, "access_subnet_creation_succeeded");
        lab.post(&lab.staff, "/api/access-subnets/", body).await.is(400);
        // The owner calls from nowhere in particular, and is walled out at once; staff are not.
        lab.get(&owner, &acme.url).await.is(404);
        let path = format!("/api/access-subnets/{}/", subnet.text("uuid"));
        lab.patch(&lab.staff, &path, json!({"customer": other.url})).await.is_invalid("customer");
        lab.patch(&lab.staff, &path, json!({"inet": "10.0.0.1"})).await.is(200);
        let list = lab.get(&lab.staff, &format!("/api/access-subnets/?customer_uuid={}", acme.uuid)).await.is(200);
        assert_eq!(list.column("inet"), ["10.0.0.1/32"]);
        let list = lab.get(&lab.staff, &format!("/api/access-subnets/?customer={}", other.url)).await.is(200);
        assert!(list.rows().is_empty());
        lab.delete(&lab.staff, &path).await.is(204);
        lab.get(&owner, &acme.url).await.is(200);
        // The field of the organization walls as well.
        lab.patch(&lab.staff, &acme.url, json!({"access_subnets": "10.0.0.0/8, 192.0.2.0/24"})).await.is(200);
        lab.get(&owner, &acme.url).await.is(404);
        lab.patch(&lab.staff, &acme.url, json!({"access_subnets": ""})).await.is(200);
        lab.get(&owner, &acme.url).await.is(200);
    }

    async fn who_sees_makes_and_changes_projects(lab: Lab) {
        let (acme, other) = (lab.organization("Acme").await, lab.organization("Other").await);
        let (apollo, zeus) = (lab.project(&acme, "Apollo").await, lab.project(&acme, "Zeus").await);
        let owner = member(&lab, "customer", &acme, "CUSTOMER.OWNER").await;
        let manager = member(&lab, "project", &apollo, "PROJECT.MANAGER").await;
        let admin = member(&lab, "project", &apollo, "PROJECT.ADMIN").await;
        let stranger = member(&lab, "customer", &other, "CUSTOMER.OWNER").await;

        assert_eq!(lab.get(&owner, "/api/projects/").await.is(200).column("name"), ["Apollo", "Zeus"]);
        assert_eq!(lab.get(&manager, "/api/projects/").await.is(200).column("name"), ["Apollo"]);
        assert!(lab.get(&stranger, "/api/projects/").await.is(200).rows().is_empty());
        lab.get(&stranger, &apollo.url).await.is(404);
        lab.get(&admin, &zeus.url).await.is(404);

        let made = lab.post(&owner, "/api/projects/", json!({
            "name": "Ceres", "customer": acme.url, "description": "<p onclick=go()>Hi</p><script>x</script>",
            "oecd_fos_2007_code": "2.10", "end_date": "2999-01-01", "is_industry": true,
        })).await.is(201);
        assert_eq!(made.body["description"], "<p>Hi</p>");
        assert_eq!(made.body["oecd_fos_2007_label"], "Industrial biotechnology");
        assert_eq!(made.body["customer_name"], "Acme");
        assert_eq!(made.body["kind"], "default");
        assert!(made.text("end_date_requested_by").contains(&owner.uuid));
        assert!(made.body.get("staff_notes").is_none());
        assert_eq!(last_event(&lab).await, "project_creation_succeeded");
        lab.post(&stranger, "/api/projects/", json!({"name": "x", "customer": acme.url})).await.is_invalid("customer");
        lab.post(&manager, "/api/projects/", json!({"name": "x", "customer": acme.url})).await.is_forbidden();
        for (field, value) in [
            ("name", json!("")), ("end_date", json!("2001-01-01")), ("start_date", json!("2001-01-01")),
            ("oecd_fos_2007_code", json!("9.9")), ("kind", json!("party")), ("type", json!("/api/project-types/x/")),
            ("user_email_patterns", json!(["("])), ("staff_notes", json!("mine")), ("grace_period_days", json!(1)),
        ] {
            let mut body = json!({"name": "x", "customer": acme.url});
            body[field] = value;
            lab.post(&owner, "/api/projects/", body).await.is_invalid(field);
        }
        lab.post(&owner, "/api/projects/", json!({"name": "x", "customer": acme.url, "kind": "course"})).await
            .is_invalid("end_date");

        // A manager changes the project, but neither its end nor who may get a role.
        lab.patch(&manager, &apollo.url, json!({"description": "New"})).await.is(200);
        lab.patch(&admin, &apollo.url, json!({"description": "x"})).await.is_forbidden();
        lab.patch(&manager, &apollo.url, json!({"end_date": "2999-01-01"})).await.is_forbidden();
        lab.patch(&manager, &apollo.url, json!({"user_affiliations": ["x"]})).await.is_forbidden();
        lab.patch(&manager, &apollo.url, json!({"end_date": null, "user_affiliations": []})).await.is(200);
        lab.patch(&owner, &apollo.url, json!({"end_date": "2999-01-01", "user_affiliations": ["x"]})).await.is(200);
        assert_eq!(last_event(&lab).await, "project_update_succeeded");
        lab.patch(&manager, &apollo.url, json!({"customer": other.url})).await.is_invalid("customer");
        lab.patch(&lab.staff, &apollo.url, json!({"customer": other.url})).await.is_invalid("customer");
        lab.patch(&lab.staff, &apollo.url, json!({"staff_notes": "Careful"})).await.is(200);
        assert!(lab.get(&manager, &apollo.url).await.is(200).body.get("staff_notes").is_none());

        for (filter, names) in [
            ("can_manage=true", vec!["Apollo"]), ("can_admin=true", vec![]), ("query=apo", vec!["Apollo"]),
            ("name=zeus", vec![]), ("conceal_finished_projects=true", vec!["Apollo"]), ("customer_name=ACM", vec!["Apollo"]),
            ("current_user_has_role=PROJECT.MANAGER", vec!["Apollo"]), ("o=-estimated_cost", vec!["Apollo"]),
            ("created=2999-01-01", vec![]), ("o=end_date&o=-customer_name", vec!["Apollo"]),
        ] {
            let list = lab.get(&manager, &format!("/api/projects/?{filter}")).await.is(200);
            assert_eq!(list.column("name"), names, "{filter}");
        }
        let both = format!("/api/projects/?customer={},{}", acme.uuid, other.uuid);
        assert_eq!(lab.get(&lab.staff, &both).await.is(200).rows().len(), 3);
        let theirs = lab.get(&lab.staff, &format!("/api/projects/?user_uuid={}", owner.uuid)).await.is(200);
        assert_eq!(theirs.rows().len(), 3);
        lab.get(&owner, "/api/projects/?customer=acme").await.is(400);
    }

    async fn who_left_with_the_former_organization_gives_nobody_a_role_again(lab: Lab) {
        let (acme, beta) = (lab.organization("Acme").await, lab.organization("Beta").await);
        let apollo = lab.project(&acme, "Apollo").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let manager = lab.member(&apollo, "PROJECT.MANAGER").await;
        let grants = format!("/api/user-permissions/?user={}", manager.uuid);
        let grant = lab.get(&lab.staff, &grants).await.is(200).rows()[0]["uuid"].as_str().unwrap().to_owned();
        let to = json!({"customer": beta.url, "preserve_permissions": false});
        lab.post(&lab.staff, &format!("{}move_project/", apollo.url), to).await.is(200);
        lab.post(&owner, &format!("/api/user-permissions/{grant}/restore/"), json!({})).await.is_forbidden();
        assert_eq!(lab.count(&lab.staff, &format!("{}list_users/", apollo.url)).await, 0);
        // Staff can, and it belongs to the organization that the project has now.
        lab.post(&lab.staff, &format!("/api/user-permissions/{grant}/restore/"), json!({})).await.is(200);
        let sql = "SELECT g.customer_id = p.customer_id FROM grants g JOIN projects p ON p.id = g.scope_id \
                   WHERE g.scope = 'project' AND g.revoked_at IS NULL";
        let rows = lab.core.store.query(sql, &[]).await.unwrap();
        assert!(rows.len() == 1 && rows[0].get::<bool>(0).unwrap());
    }

    async fn a_removed_project_can_be_recovered_and_moved(lab: Lab) {
        let (acme, other) = (lab.organization("Acme").await, lab.organization("Other").await);
        let apollo = lab.project(&acme, "Apollo").await;
        let owner = member(&lab, "customer", &acme, "CUSTOMER.OWNER").await;
        let manager = member(&lab, "project", &apollo, "PROJECT.MANAGER").await;
        lab.delete(&manager, &apollo.url).await.is_forbidden();
        lab.delete(&owner, &apollo.url).await.is(204);
        let all = events(&lab).await;
        assert_eq!(all[all.len() - 2..], ["project_deletion_succeeded", "role_revoked"]);
        assert!(lab.get(&owner, "/api/projects/").await.is(200).rows().is_empty());
        let hidden = lab.get(&owner, "/api/projects/?include_terminated=true&is_removed=true").await.is(200);
        assert_eq!(hidden.column("name"), ["Apollo"]);
        let full = lab.get(&owner, &apollo.url).await.is(200);
        assert_eq!(full.body["is_removed"], true);
        assert_eq!(full.body["termination_metadata"]["user_roles"][0]["role_name"], "PROJECT.MANAGER");
        lab.get(&manager, &apollo.url).await.is(404);
        lab.patch(&owner, &apollo.url, json!({"name": "x"})).await.is(409);
        lab.delete(&owner, &apollo.url).await.is(409);

        let recover = format!("{}recover/", apollo.url);
        lab.post(&owner, &recover, json!({"restore_team_members": true})).await.is_forbidden();
        lab.post(&owner, &recover, json!({"end_date": "2001-01-01"})).await.is_invalid("end_date");
        let back = lab.post(&lab.staff, &recover, json!({"restore_team_members": true, "end_date": "2999-01-01"})).await;
        assert_eq!(back.is(200).body["end_date"], "2999-01-01");
        assert_eq!(last_event(&lab).await, "role_granted");
        lab.get(&manager, &apollo.url).await.is(200);
        lab.post(&lab.staff, &recover, json!({})).await.is(400);

        let go = format!("{}move_project/", apollo.url);
        lab.post(&manager, &go, json!({"customer": acme.url, "preserve_permissions": true})).await.is(403);
        lab.post(&owner, &go, json!({"customer": other.url, "preserve_permissions": true})).await.is_invalid("customer");
        lab.post(&lab.staff, &go, json!({"customer": acme.url, "preserve_permissions": true})).await.is_invalid("customer");
        lab.post(&lab.staff, &go, json!({"customer": other.url})).await.is_invalid("preserve_permissions");
        let moved = lab.post(&lab.staff, &go, json!({"customer": other.url, "preserve_permissions": true})).await.is(200);
        assert_eq!(moved.body["customer_name"], "Other");
        assert_eq!(lab.get(&manager, "/api/customers/").await.is(200).column("name"), ["Other"]);
        lab.get(&owner, &apollo.url).await.is(404);
        let back = lab.post(&lab.staff, &go, json!({"customer": acme.url, "preserve_permissions": false})).await.is(200);
        assert_eq!(back.body["customer_name"], "Acme");
        lab.get(&manager, &apollo.url).await.is(404);
    }

    async fn an_organization_says_which_offerings_a_project_uses(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let owner = member(&lab, "customer", &acme, "CUSTOMER.OWNER").await;
        let manager = member(&lab, "project", &apollo, "PROJECT.MANAGER").await;
        let path = format!("{}offerings/", apollo.url);
        let now = lab.get(&manager, &path).await.is(200);
        assert_eq!((&now.body["limit_offerings"], &now.body["offerings"]), (&json!(false), &json!([])));
        let one = "00000000000000000000000000000001";
        let body = json!({"limit_offerings": true, "offerings": [one]});
        lab.put(&manager, &path, body.clone()).await.is_forbidden();
        lab.put(&owner, &path, json!({"limit_offerings": true, "offerings": ["x"]})).await.is_invalid("offerings");
        let set = lab.put(&owner, &path, body).await.is(200);
        assert_eq!(set.body["offerings"], json!([{"uuid": one}]));
        let project = lab.core.store.query("SELECT id FROM projects", &[]).await.unwrap()[0].get(0).unwrap();
        let mut reader = lab.core.store.reader();
        let offers = stoa_tenancy::project::store::offers(&mut reader, project, id::parse(one).unwrap()).await;
        assert!(offers.unwrap());
        let offers = stoa_tenancy::project::store::offers(&mut reader, project, lab.core.clock.uuid()).await;
        assert!(!offers.unwrap());
    }

    async fn the_rest_answers_honestly(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let (apollo, zeus) = (lab.project(&acme, "Apollo").await, lab.project(&acme, "Zeus").await);
        let owner = member(&lab, "customer", &acme, "CUSTOMER.OWNER").await;
        let admin = member(&lab, "project", &zeus, "PROJECT.ADMIN").await;
        let countries = lab.get(&owner, "/api/customers/countries/?page_size=100").await.is(200);
        assert!(countries.rows().contains(&json!({"label": "Estonia", "value": "EE"})));
        for thing in [&acme, &apollo] {
            let stats = lab.get(&owner, &format!("{}stats/", thing.url)).await.is(200);
            assert_eq!(stats.body, json!({"components": []}));
        }
        for part in ["compliance-details", "compliance-overview", "compliance-projects", "question-answers"] {
            let list = lab.get(&owner, &format!("{}project-metadata-{part}/", acme.url)).await.is(200);
            assert_eq!((list.header("x-result-count"), list.rows().len()), (Some("0"), 0));
        }
        lab.get(&owner, &format!("{}project-digest-config/", acme.url)).await.is(403);
        lab.get(&lab.staff, &format!("{}project-digest-config/", acme.url)).await.is(400);
        lab.get(&owner, &format!("{}checklist/", apollo.url)).await.is(400);
        lab.get(&owner, &format!("/api/projects/checklist-template/?parent_uuid={}", acme.uuid)).await.is(400);
        lab.get(&admin, &format!("{}checklist/", apollo.url)).await.is(404);
        lab.post(&lab.staff, &format!("{}sync_user_roles/", apollo.url), Value::Null).await.is(200);
        let others = lab.get(&owner, &format!("{}other_users/", apollo.url)).await.is(200);
        assert_eq!(others.column("uuid"), [admin.uuid.clone()]);
        assert!(lab.get(&owner, &format!("{}other_users/", zeus.url)).await.is(200).rows().is_empty());
        assert!(lab.get(&owner, "/api/project-types/").await.is(200).rows().is_empty());
        assert!(lab.get(&owner, "/api/service-settings/?state=OK&scope_uuid=x").await.is(200).rows().is_empty());
        lab.get(&owner, "/api/customer-quotas/?quota_name=nc_project_count").await.is(403);
        let quotas = lab.get(&lab.staff, "/api/customer-quotas/?quota_name=nc_project_count&o=-value").await.is(200);
        assert_eq!((&quotas.rows()[0]["value"], quotas.rows().len()), (&json!(2), 1));
        let quotas = lab.get(&lab.staff, "/api/customer-quotas/?quota_name=nc_user_count").await.is(200);
        assert_eq!(quotas.rows()[0]["value"], 2);
        let quotas = lab.get(&lab.staff, "/api/project-quotas/?quota_name=nc_user_count").await.is(200);
        assert_eq!(quotas.column("value"), ["1", "0"]);
        lab.get(&lab.staff, "/api/project-quotas/?quota_name=happiness").await.is(400);
    }

    async fn every_list_takes_three_statements_at_most(lab: Lab) {
        let acme = lab.organization("Acme").await;
        for name in ["Apollo", "Zeus", "Ceres"] {
            lab.project(&acme, name).await;
        }
        let owner = member(&lab, "customer", &acme, "CUSTOMER.OWNER").await;
        let paths = [
            "/api/customers/", "/api/projects/", "/api/organization-groups/", "/api/organization-group-types/",
            "/api/access-subnets/", "/api/service-settings/", "/api/project-types/",
        ];
        for path in paths.map(str::to_owned).into_iter().chain([acme.url.clone(), format!("{}users/", acme.url)]) {
            let count = lab.statements_of(&owner, "GET", &path).await;
            assert!(count <= 3, "{path}: {count}");
            lab.send(&owner, "HEAD", &path, Value::Null).await.is(200);
        }
    }

    async fn parallel_subnets_and_removals_leave_no_contradiction(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let body = json!({"inet": "10.0.0.1/32", "customer": acme.url});
        let calls = (0..8).map(|_| lab.post(&lab.staff, "/api/access-subnets/", body.clone()));
        let statuses: Vec<u16> = futures::future::join_all(calls).await.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 400)), "{statuses:?}");
        let calls = (0..8).map(|n| lab.patch(&lab.staff, &acme.url, json!({"description": format!("Version {n}")})));
        let statuses: Vec<u16> = futures::future::join_all(calls).await.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [200; 8]);
        let history = lab.get(&lab.staff, &format!("{}history/", acme.url)).await.is(200);
        assert_eq!(history.rows().len(), 9);
        let apollo = lab.project(&acme, "Apollo").await;
        let calls = (0..8).map(|_| lab.delete(&lab.staff, &apollo.url));
        let statuses: Vec<u16> = futures::future::join_all(calls).await.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    }

    /// At 100,000 projects nobody's list reads them all: an ordinary user's comes from his keys, staff's from the index of
    /// its order. (The total of everything is a count of everything for staff alone.)
    async fn lists_of_many_rows_use_indexes(lab: Lab) {
        let (store, clock) = (&lab.core.store, &lab.core.clock);
        let now = clock.now();
        let customers = (0..10_000_i64).map(|n| {
            vals![1000 + n, clock.uuid(), now, now, format!("Customer {:05}", n * 7919 % 10_000), now].to_vec()
        });
        let columns = ["id", "uuid", "created", "modified", "name", "accounting_start_date"];
        store.bulk("customers", &columns, customers.collect()).await.unwrap();
        let projects = (0..100_000_i64).map(|n| {
            let name = format!("Project {:06}", n * 7919 % 100_000);
            vals![1000 + n, clock.uuid(), 1000 + n / 10, now, now, name].to_vec()
        });
        let columns = ["id", "uuid", "customer_id", "created", "modified", "name"];
        store.bulk("projects", &columns, projects.collect()).await.unwrap();
        store.analyze().await.unwrap();
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let owner = member(&lab, "customer", &acme, "CUSTOMER.OWNER").await;
        let admin = member(&lab, "project", &apollo, "PROJECT.ADMIN").await;
        for person in [&lab.staff, &owner, &admin] {
            let credential = Credential::Trusted(id::parse(&person.uuid).unwrap());
            let caller = Caller { credential, ..Caller::default() };
            let actor = lab.core.actor(&caller).await.unwrap();
            for view in [&CUSTOMERS, &PROJECTS] {
                let ask = Ask { limit: 10, ..Ask::default() };
                let statement = lab.core.full(view).select(&actor, &ask, now).unwrap();
                let plan = store.explain(&statement.clause.text, &statement.clause.params).await.unwrap();
                let whole = ["Seq Scan on customers", "Seq Scan on projects", "SCAN c", "SCAN p", "SCAN customers"];
                let scans = |line: &&String| whole.iter().any(|word| line.contains(word)) && !line.contains("USING");
                let scans: Vec<&String> = plan.iter().filter(scans).collect();
                let most = if actor.is_staff() { 1 } else { 0 };
                assert!(scans.len() <= most, "{} {}\n{}", person.name, view.name, plan.join("\n"));
                assert!(actor.is_staff() || !plan.iter().any(|line| line.contains("SCAN p USING")));
            }
        }
    }
}
