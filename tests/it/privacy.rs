//! Merging accounts, exporting and erasing people.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use stoa_kernel::vals;
use stoa_testing::{Lab, Person, both};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ann@example.org";

fn of(person: &Person) -> String {
    format!("/api/users/{}/", person.uuid)
}

async fn merge(lab: &Lab, from: &Person, into: &Person, dry_run: bool) -> stoa_testing::Reply {
    let body = json!({"into": into.uuid, "dry_run": dry_run});
    lab.post(&lab.staff, &format!("{}merge/", of(from)), body).await
}

async fn erase(lab: &Lab, by: &Person, who: &Person, typed: &str) -> stoa_testing::Reply {
    lab.post(by, &format!("{}erase/", of(who)), json!({"username": typed})).await
}

/// The open roles of a person: name of the role and of the scope.
async fn roles(lab: &Lab, person: &Person) -> Vec<(String, String)> {
    let rows = lab.all(&lab.staff, &format!("/api/user-permissions/?user={}", person.uuid)).await;
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let mut found: Vec<_> = rows.iter().map(|row| (text(row, "role_name"), text(row, "scope_name"))).collect();
    found.sort();
    found
}

fn pair(role: &str, scope: &str) -> (String, String) {
    (role.to_owned(), scope.to_owned())
}

both! {
    async fn a_merge_moves_roles_keys_and_consents_and_leaves_a_tombstone(lab: Lab) {
        lab.make("/api/user-agreements/", json!({"content": "One.", "agreement_type": "TOS"})).await;
        let (acme, beta) = (lab.organization("Acme").await, lab.organization("Beta").await);
        let apollo = lab.project(&acme, "Apollo").await;
        let (old, new) = (lab.member(&acme, "CUSTOMER.OWNER").await, lab.user("new").await);
        lab.grant(&apollo, "PROJECT.ADMIN", &old).await;
        let until = lab.core.now().plus_seconds(86_400).to_string();
        let add = format!("{}add_user/", beta.url);
        lab.post(&lab.staff, &add, json!({"role": "CUSTOMER.OWNER", "user": new.uuid, "expiration_time": until})).await.is(201);
        lab.grant(&beta, "CUSTOMER.OWNER", &old).await;
        lab.patch(&old, &of(&old), json!({"agree_with_policy": true})).await.is(200);
        lab.post(&old, "/api/keys/", json!({"name": "laptop", "public_key": KEY})).await.is(201);

        let plan = merge(&lab, &old, &new, true).await.is(200);
        let outcomes: Vec<_> = plan.body["roles"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["moves", "moves", "extends"]);
        assert_eq!(roles(&lab, &new).await.len(), 1);

        let done = merge(&lab, &old, &new, false).await.is(200);
        assert_eq!(done.body["roles"], plan.body["roles"]);
        let all = [pair("CUSTOMER.OWNER", "Acme"), pair("CUSTOMER.OWNER", "Beta"), pair("PROJECT.ADMIN", "Apollo")];
        assert_eq!(roles(&lab, &new).await, all);
        assert!(roles(&lab, &old).await.is_empty());
        let lasts = lab.get(&lab.staff, &format!("/api/user-permissions/?user={}&scope_name=Beta", new.uuid)).await.is(200);
        assert!(lasts.rows()[0]["expiration_time"].is_null());
        assert_eq!(lab.get(&new, "/api/keys/").await.is(200).column("name"), ["laptop"]);
        assert_eq!(lab.get(&new, &format!("{}consents/", of(&new))).await.is(200).rows().len(), 1);
        assert!(lab.get(&new, "/api/users/me/").await.body["agreement_date"].is_string());

        lab.get(&old, "/api/users/me/").await.is(401);
        let tombstone = lab.get(&lab.staff, &of(&old)).await.is(200);
        assert!(tombstone.text("merged_into").ends_with(&of(&new)), "{}", tombstone.body);
        assert_eq!(tombstone.text("deactivation_reason"), format!("Merged into {}", new.name));
        // Nobody gets into it again, and it is merged once.
        lab.patch(&lab.staff, &of(&old), json!({"is_active": true})).await.is(409);
        let path = format!("{}change_password/", of(&old));
        lab.post(&lab.staff, &path, json!({"new_password": "correct horse battery"})).await.is(409);
        merge(&lab, &old, &new, false).await.is(400);
        merge(&lab, &new, &old, false).await.is_invalid("into");
        let rows = lab.core.store.query("SELECT count(*) FROM grants WHERE revoke_reason = $1", &vals![format!("Merged into {}", new.name)]).await.unwrap();
        assert_eq!(rows[0].get::<i64>(0).unwrap(), 3);
        let events = lab.all(&lab.staff, "/api/events/?event_type=user_merged").await;
        assert_eq!(events.len(), 1);
    }

    async fn a_merge_widens_nothing(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let (old, new) = (lab.member(&apollo, "PROJECT.MANAGER").await, lab.user("new").await);
        lab.patch(&lab.staff, &acme.url, json!({"user_email_patterns": [".*@elsewhere\\.org"]})).await.is(200);
        let plan = merge(&lab, &old, &new, false).await.is(200);
        assert_eq!(plan.body["roles"][0]["outcome"], "ends");
        assert!(roles(&lab, &new).await.is_empty());
    }

    async fn what_binds_an_account_binds_the_one_that_takes_its_place(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let (old, new) = (lab.member(&apollo, "PROJECT.MANAGER").await, lab.member(&apollo, "PROJECT.ADMIN").await);
        let all = "/api/access/guards/create_for_all/";
        let duties = json!({"name": "duties", "kind": "apart", "roles": ["PROJECT.ADMIN", "PROJECT.MANAGER"], "within": "scope"});
        lab.post(&lab.staff, all, duties).await.is(201);
        let hands = json!({"name": "hands off", "kind": "deny", "permissions": ["ORDER.CREATE"], "users": [old.uuid]});
        let hands = lab.post(&lab.staff, all, hands).await.is(201);
        let path = format!("/api/access/explain/?action=ORDER.CREATE&scope=project:{}", apollo.uuid);
        assert_eq!(lab.get(&new, &path).await.is(200).body["allowed"], true);
        let done = merge(&lab, &old, &new, false).await.is(200);
        assert_eq!(done.body["roles"][0]["outcome"], "ends");
        assert!(done.body["roles"][0]["reason"].as_str().unwrap().contains("apart"), "{}", done.body);
        assert_eq!(roles(&lab, &new).await, [pair("PROJECT.ADMIN", "Apollo")]);
        let refused = lab.get(&new, &path).await.is(200);
        assert!(refused.body["allowed"] == false && refused.text("sentence").contains("hands off"), "{}", refused.body);
        let events = lab.all(&lab.staff, "/api/events/?event_type=guard_updated").await;
        assert_eq!(events.len(), 1, "{}", hands.body);
    }

    async fn powerful_accounts_are_not_merged(lab: Lab) {
        let (ann, agent, manager) = (lab.user("ann").await, lab.user("agent").await, lab.user("manager").await);
        lab.patch(&lab.staff, &of(&agent), json!({"is_support": true})).await.is(200);
        lab.patch(&lab.staff, &of(&manager), json!({"is_identity_manager": true})).await.is(200);
        for strong in [&lab.staff, &agent, &manager] {
            merge(&lab, strong, &ann, false).await.is(400);
            merge(&lab, &ann, strong, false).await.is_invalid("into");
        }
        merge(&lab, &ann, &ann, false).await.is_invalid("into");
        lab.post(&ann, &format!("{}merge/", of(&ann)), json!({"into": agent.uuid})).await.is(403);
    }

    async fn a_person_gets_everything_that_is_known_of_him(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let ann = lab.member(&acme, "CUSTOMER.OWNER").await;
        lab.patch(&ann, &of(&ann), json!({"agree_with_policy": true, "phone_number": "+372 555", "birth_date": "1990-01-01"})).await.is(200);
        lab.post(&ann, "/api/keys/", json!({"name": "laptop", "public_key": KEY})).await.is(201);
        let path = format!("{}personal_data/", of(&ann));
        let all = lab.get(&ann, &path).await.is(200).body;
        assert_eq!((&all["profile"]["phone_number"], &all["profile"]["birth_date"]), (&json!("+372 555"), &json!("1990-01-01")));
        assert_eq!((&all["roles"][0]["role"], &all["roles"][0]["scope_name"]), (&json!("CUSTOMER.OWNER"), &json!("Acme")));
        assert_eq!(all["ssh_keys"][0]["name"], "laptop");
        assert!(!all["events"].as_array().unwrap().is_empty() && !all["sessions"].as_array().unwrap().is_empty());
        assert_eq!(all["cut_short"], json!([]));
        // No secret is among it.
        assert!(!all.to_string().contains(&ann.token) && !all.to_string().contains("password"));
        lab.get(&lab.staff, &path).await.is(200);
        let bob = lab.member(&acme, "CUSTOMER.OWNER").await;
        lab.get(&bob, &path).await.is(403);
        lab.get(&lab.user("stranger").await, &path).await.is(404);
        lab.get(&lab.nobody(), &path).await.is(401);
        assert_eq!(lab.all(&lab.staff, "/api/events/?event_type=user_data_accessed").await.len(), 2);
    }

    async fn an_erased_person_is_found_nowhere(lab: Lab) {
        lab.make("/api/user-agreements/", json!({"content": "One.", "agreement_type": "TOS"})).await;
        let (acme, beta) = (lab.organization("Acme").await, lab.organization("Beta").await);
        let ann = lab.user("zoe").await.calling_from("10.7.7.7");
        lab.grant(&acme, "CUSTOMER.OWNER", &ann).await;
        lab.grant(&beta, "CUSTOMER.OWNER", &ann).await;
        let profile = json!({"agree_with_policy": true, "first_name": "Annabella", "last_name": "Quartz", "phone_number": "+372 5551234",
                             "native_name": "Кварц", "birth_date": "1990-01-02", "address": "Elm Street 13"});
        lab.patch(&ann, &of(&ann), profile).await.is(200);
        lab.post(&ann, "/api/keys/", json!({"name": "laptop", "public_key": KEY})).await.is(201);
        lab.post(&ann, &format!("{}change_email/", of(&ann)), json!({"email": "secretive@example.org"})).await.is(200);
        lab.post(&lab.nobody(), "/api-auth/password/", json!({"username": ann.name, "password": "wrong"})).await.is(401);

        erase(&lab, &lab.staff, &ann, "somebody").await.is_invalid("username");
        // She asks; staff see it and do it.
        assert_eq!(erase(&lab, &ann, &ann, &ann.name).await.is(200).text("status"), "requested");
        lab.get(&ann, "/api/users/me/").await.is(200);
        assert_eq!(lab.count(&lab.staff, "/api/users/?erasure_requested=true").await, 1);
        assert_eq!(lab.count(&ann, "/api/users/?erasure_requested=true").await, 0);
        lab.post(&ann, &format!("{}cancel_erasure/", of(&ann)), Value::Null).await.is(200);
        assert_eq!(lab.count(&lab.staff, "/api/users/?erasure_requested=true").await, 0);

        let done = erase(&lab, &lab.staff, &ann, &ann.name).await.is(200);
        let pseudonym = format!("erased-{}", &ann.uuid[..12]);
        assert_eq!((done.text("status"), done.text("username")), ("erased".into(), pseudonym.clone()));
        lab.get(&ann, "/api/users/me/").await.is(401);
        let row = lab.get(&lab.staff, &of(&ann)).await.is(200);
        assert_eq!((row.text("username"), row.text("email"), row.text("full_name")), (pseudonym.clone(), String::new(), String::new()));
        assert!(roles(&lab, &ann).await.is_empty());

        // Nothing that is kept anywhere names her.
        let words = [ann.name.as_str(), "Annabella", "Quartz", "5551234", "Кварц", "1990-01-02", "Elm Street", "secretive", "10.7.7.7", "laptop"];
        for (table, columns) in [("users", "username || slug || email || first_name || last_name || native_name || phone_number || address || deactivation_reason"),
            ("events", "message || context || changes"), ("versions", "data"), ("ssh_keys", "name"), ("login_failures", "username"),
            ("consents", "COALESCE(address, '')"), ("email_changes", "email"), ("data_accesses", "COALESCE(address, '')")] {
            let rows = lab.core.store.query(&format!("SELECT {columns} FROM {table}"), &[]).await.unwrap();
            for row in rows {
                let text: String = row.get(0).unwrap();
                for word in words {
                    assert!(!text.contains(word), "{table} keeps {word}: {text}");
                }
            }
        }
        // What was done is still on record, by the pseudonym.
        let events = lab.all(&lab.staff, &format!("/api/events/?user_uuid={}", ann.uuid)).await;
        assert!(!events.is_empty() && events.iter().all(|event| event["context"]["redacted"] == true), "{events:?}");
        assert_eq!(lab.get(&lab.staff, &format!("{}consents/", of(&ann))).await.is(200).rows().len(), 1);
        // Once is enough.
        assert_eq!(erase(&lab, &lab.staff, &ann, "anything").await.is(200).text("status"), "erased");
        assert_eq!(lab.all(&lab.staff, "/api/events/?event_type=user_erased").await.len(), 1);
        lab.patch(&lab.staff, &of(&ann), json!({"is_active": true})).await.is(409);
    }

    async fn whoever_answers_for_something_is_not_erased(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let ann = lab.member(&acme, "CUSTOMER.OWNER").await;
        let project = lab.project(&acme, "Apollo").await;
        let refused = erase(&lab, &lab.staff, &ann, &ann.name).await.is(409);
        assert!(refused.text("detail").contains("Acme"), "{}", refused.body);
        erase(&lab, &lab.staff, &lab.staff, "staff").await.is(409);
        let bob = lab.user("bob").await;
        erase(&lab, &bob, &ann, &ann.name).await.is(404);
        lab.delete(&lab.staff, &project.url).await.is(204);
        erase(&lab, &lab.staff, &ann, &ann.name).await.is(200);
    }

    async fn another_person_keeps_his_name_where_an_erased_one_had_part_of_it(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let ann = lab.make("/api/users/", json!({"username": "ann", "email": "a@example.org", "first_name": "Ann"})).await;
        let anna = lab.make("/api/users/", json!({"username": "anna.lee", "email": "b@example.org", "first_name": "Anna"})).await;
        for user in [&ann, &anna] {
            lab.post(&lab.staff, &format!("{}add_user/", acme.url), json!({"role": "CUSTOMER.OWNER", "user": user.uuid})).await.is(201);
        }
        lab.post(&lab.staff, &format!("{}erase/", ann.url), json!({"username": "ann"})).await.is(200);
        let events = lab.all(&lab.staff, "/api/events/?event_type=role_granted").await;
        let text = json!(events).to_string();
        assert!(text.contains("anna.lee") && !text.contains("\"ann\""), "{text}");
    }
}
