//! Users, sign-in, tokens, keys and events, over the wire.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use stoa_testing::{Lab, Person, both};

const GOOD: &str = "correct horse battery";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ann@example.org";

fn of(person: &Person) -> String {
    format!("/api/users/{}/", person.uuid)
}

async fn set_password(lab: &Lab, person: &Person, password: &str) {
    let path = format!("{}change_password/", of(person));
    lab.post(&lab.staff, &path, json!({"new_password": password})).await.is(200);
}

async fn login(lab: &Lab, name: &str, password: &str) -> stoa_testing::Reply {
    lab.post(&lab.nobody(), "/api-auth/password/", json!({"username": name, "password": password})).await
}

/// A signed-in person from a sign-in's answer.
fn person(like: &Person, reply: stoa_testing::Reply) -> Person {
    Person { token: reply.is(200).text("token"), ..like.clone() }
}

both! {
    async fn me_is_two_statements_and_whole(lab: Lab) {
        let ann = lab.user("ann").await;
        let me = lab.get(&ann, "/api/users/me/").await.is(200);
        assert_eq!((me.text("uuid"), me.text("username"), me.text("token")), (ann.uuid.clone(), ann.name.clone(), ann.token.clone()));
        let complete = json!({"is_complete": true, "missing_fields": [], "mandatory_fields": [], "enforcement_enabled": false});
        assert_eq!(me.body["profile_completeness"], complete);
        assert_eq!(me.body["permissions"], json!([]));
        assert!(me.body["token_expires_at"].is_string() && me.body["image"].is_null());
        for absent in ["is_staff", "description", "is_active", "attribute_sources"] {
            assert!(me.body.get(absent).is_none(), "{absent}");
        }
        assert!(lab.statements_of(&ann, "GET", "/api/users/me/").await <= 2);
        assert!(lab.statements_of(&lab.staff, "GET", "/api/users/").await <= 3);
        assert!(lab.statements_of(&lab.staff, "GET", &of(&ann)).await <= 3);
        let some = lab.get(&ann, "/api/users/me/?field=username&field=token").await.is(200);
        assert_eq!(some.body, json!({"username": ann.name, "token": ann.token}));
        assert_eq!(lab.get(&ann, "/api/users/profile_completeness/").await.is(200).body, complete);
        lab.get(&lab.nobody(), "/api/users/me/").await.is(401);
    }

    async fn staff_make_users_and_people_edit_themselves(lab: Lab) {
        let ann = lab.user("ann").await;
        let body = json!({"username": "Bob", "email": "b@example.org"});
        lab.post(&ann, "/api/users/", json!({"username": "bob", "email": "b@example.org"})).await.is(403);
        lab.post(&lab.staff, "/api/users/", body).await.is_invalid("username");
        lab.post(&lab.staff, "/api/users/", json!({"username": ann.name, "email": "b@example.org"})).await.is_invalid("username");
        let own = of(&ann);
        lab.patch(&ann, &own, json!({"job_title": "Engineer"})).await.is_invalid("agree_with_policy");
        let changed = lab.patch(&ann, &own, json!({"job_title": "Engineer", "agree_with_policy": true, "gender": "2"})).await.is(200);
        assert_eq!((changed.text("job_title"), changed.text("gender")), ("Engineer".into(), "female".into()));
        assert!(changed.body["agreement_date"].is_string());
        let whole = json!({"username": ann.name, "email": format!("{}@example.org", ann.name), "last_name": "Other"});
        assert_eq!(lab.put(&ann, &own, whole).await.is(200).text("full_name"), "ann Other");
        for (field, value) in [("is_staff", json!(true)), ("email", json!("x@example.org")), ("username", json!("other")),
            ("slug", json!("mine")), ("eduperson_assurance", json!(["https://refeds.org/assurance/IAP/high"]))] {
            lab.patch(&ann, &own, json!({field: value})).await.is_invalid(field);
        }
        for (field, value) in [("phone_number", json!("abc")), ("nationality", json!("XX")), ("nationalities", json!(["XX"])),
            ("gender", json!("3")), ("token_lifetime", json!(59)), ("birth_date", json!("yesterday"))] {
            lab.patch(&ann, &own, json!({field: value})).await.is_invalid(field);
        }
        lab.get(&ann, &of(&lab.staff)).await.is(404);
        lab.patch(&ann, &of(&lab.staff), json!({"first_name": "X"})).await.is(404);
        lab.delete(&ann, &own).await.is(403);
        lab.patch(&lab.staff, &of(&lab.staff), json!({"is_active": false})).await.is_invalid("is_active");
        lab.patch(&lab.staff, &of(&lab.staff), json!({"is_staff": false})).await.is_invalid("is_staff");
    }

    async fn a_user_without_a_trace_is_removed_and_others_are_not(lab: Lab) {
        let made = lab.make("/api/users/", json!({"username": "typo", "email": "t@example.org"})).await;
        lab.delete(&lab.staff, &made.url).await.is(204);
        lab.get(&lab.staff, &made.url).await.is(404);
        let ann = lab.user("ann").await;
        lab.patch(&ann, &of(&ann), json!({"job_title": "x", "agree_with_policy": true})).await.is(200);
        let refused = lab.delete(&lab.staff, &of(&ann)).await.is(409);
        assert!(refused.text("detail").contains("Deactivate"), "{}", refused.body);
        lab.delete(&lab.staff, &of(&lab.staff)).await.is(409);
    }

    async fn an_inactive_account_counts_no_more(lab: Lab) {
        let ann = lab.user("ann").await;
        set_password(&lab, &ann, GOOD).await;
        let ann = person(&ann, login(&lab, &ann.name, GOOD).await);
        let off = lab.patch(&lab.staff, &of(&ann), json!({"is_active": false})).await.is(200);
        assert_eq!(off.text("deactivation_reason"), "Manually deactivated by staff");
        assert_eq!(off.body["is_admin_deactivated"], true);
        lab.get(&ann, "/api/users/me/").await.is(401);
        assert_eq!(login(&lab, &ann.name, GOOD).await.is(401).text("detail"), "User account is disabled.");
        let on = lab.patch(&lab.staff, &of(&ann), json!({"is_active": true})).await.is(200);
        assert_eq!((on.text("deactivation_reason"), &on.body["is_admin_deactivated"]), (String::new(), &json!(false)));
        // The login of before does not come back to life.
        lab.get(&ann, "/api/users/me/").await.is(401);
        login(&lab, &ann.name, GOOD).await.is(200);
    }

    async fn passwords_follow_rules_and_change_ends_logins(lab: Lab) {
        let ann = lab.user("ann").await;
        let path = format!("{}change_password/", of(&ann));
        for weak in ["123", "12345678", "password123", ann.name.as_str(), ""] {
            lab.post(&lab.staff, &path, json!({"new_password": weak})).await.is_invalid("new_password");
        }
        lab.post(&lab.staff, &path, json!({"new_password": "x".repeat(129)})).await.is_invalid("new_password");
        lab.post(&ann, &path, json!({"new_password": GOOD})).await.is(403);
        lab.post(&lab.nobody(), &path, json!({"new_password": GOOD})).await.is(401);
        assert_eq!(lab.post(&lab.staff, &path, json!({"new_password": GOOD})).await.is(200).body, json!({"status": "password set"}));
        lab.get(&ann, "/api/users/me/").await.is(401);
        let ann = person(&ann, login(&lab, &ann.name, GOOD).await);
        assert_eq!(lab.get(&ann, "/api/users/me/").await.is(200).body["has_usable_password"], true);
        let removed = lab.post(&lab.staff, &format!("{}remove_password/", of(&ann)), Value::Null).await.is(200);
        assert_eq!(removed.text("status"), "password removed");
        login(&lab, &ann.name, GOOD).await.is(401);
        login(&lab, &ann.name, "").await.is_invalid("password");
    }

    async fn each_login_has_its_own_token(lab: Lab) {
        let ann = lab.user("ann").await;
        set_password(&lab, &ann, GOOD).await;
        let (one, two) = (person(&ann, login(&lab, &ann.name, GOOD).await), person(&ann, login(&lab, &ann.name, GOOD).await));
        assert!(one.token.len() == 40 && one.token.bytes().all(|b| b.is_ascii_hexdigit()) && one.token != two.token);
        lab.post(&one, "/api-auth/logout/", Value::Null).await.is(204);
        lab.get(&one, "/api/users/me/").await.is(401);
        lab.get(&two, "/api/users/me/").await.is(200);
        lab.advance(3700);
        assert_eq!(lab.get(&two, "/api/users/me/").await.is(401).text("detail"), "Token has expired.");
        assert!(stoa_tenancy::token::store::sweep(&lab.core.store, lab.core.now()).await.unwrap() > 0);
        assert_eq!(lab.get(&two, "/api/users/me/").await.is(401).text("detail"), "Invalid token.");
    }

    async fn a_token_lives_as_long_as_its_user_says(lab: Lab) {
        let ann = lab.user("ann").await;
        let body = json!({"token_lifetime": null, "agree_with_policy": true});
        lab.patch(&ann, &of(&ann), body).await.is(200);
        lab.advance(100_000);
        let me = lab.get(&ann, "/api/users/me/").await.is(200);
        assert!(me.body["token_lifetime"].is_null() && me.body["token_expires_at"].is_null());
        let actor = lab.core.actor(&stoa_kernel::door::Caller {
            credential: stoa_kernel::door::Credential::Secret("token", ann.token.clone()), ..Default::default() }).await.unwrap();
        // The call has moved the stamp, or is about to.
        let (id, _) = actor.token.unwrap();
        stoa_tenancy::token::store::touch(&lab.core.store, id, lab.core.now()).await.unwrap();
        lab.patch(&ann, &of(&ann), json!({"token_lifetime": 60})).await.is(200);
        lab.get(&ann, "/api/users/me/").await.is(200);
        lab.advance(61);
        lab.get(&ann, "/api/users/me/").await.is(401);
    }

    async fn four_wrong_passwords_lock_the_name_for_ten_minutes(lab: Lab) {
        let ann = lab.user("ann").await;
        set_password(&lab, &ann, GOOD).await;
        for name in [ann.name.as_str(), "no.such.user"] {
            for _ in 0..4 {
                assert_eq!(login(&lab, name, "wrong").await.is(401).text("detail"), "Invalid username/password.");
            }
            for password in [GOOD, "wrong"] {
                let reply = login(&lab, name, password).await.is(401);
                assert_eq!(reply.text("detail"), "Username is locked out. Try in 10 minutes.");
                assert!(reply.header("www-authenticate").is_some());
            }
        }
        lab.advance(601);
        login(&lab, &ann.name, GOOD).await.is(200);
        // Success forgets the failures of before.
        for _ in 0..3 { login(&lab, &ann.name, "wrong").await.is(401); }
        login(&lab, &ann.name, GOOD).await.is(200);
        for _ in 0..3 { login(&lab, &ann.name, "wrong").await.is(401); }
        login(&lab, &ann.name, GOOD).await.is(200);
        let failed = lab.get(&lab.staff, "/api/events/?event_type=auth_login_failed_with_username&page_size=100").await.is(200);
        assert_eq!(failed.rows().len(), 14);
        let text = failed.body.to_string();
        assert!(!text.contains(GOOD) && !text.contains("argon2"));
    }

    async fn many_logins_at_once_are_fine(lab: Lab) {
        let ann = lab.user("ann").await;
        set_password(&lab, &ann, GOOD).await;
        let all = futures::future::join_all((0..12).map(|_| login(&lab, &ann.name, GOOD))).await;
        for reply in all { reply.is(200); }
        let all = futures::future::join_all((0..12).map(|_| login(&lab, &ann.name, "wrong"))).await;
        let looked_at = all.iter().filter(|reply| reply.text("detail").starts_with("Invalid")).count();
        assert!((4..=6).contains(&looked_at), "{looked_at} wrong passwords were looked at");
    }

    async fn staff_see_and_end_logins(lab: Lab) {
        let ann = lab.user("ann").await;
        lab.get(&ann, "/api/auth-tokens/").await.is(403);
        let rows = lab.get(&lab.staff, "/api/auth-tokens/?page_size=100").await.is(200);
        let row = rows.rows().iter().find(|row| row["user_username"] == ann.name.as_str()).unwrap().clone();
        let url = row["url"].as_str().unwrap().to_owned();
        assert_eq!(lab.get(&lab.staff, &url).await.is(200).body, row);
        assert!(!row.to_string().contains(&ann.token) && row.get("token").is_none());
        let token = lab.get(&lab.staff, &format!("{}token/", of(&ann))).await.is(200);
        assert_eq!(token.text("user_username"), ann.name);
        lab.get(&ann, &format!("{}token/", of(&ann))).await.is(403);
        // What one may not see does not exist.
        lab.delete(&ann, &url).await.is(404);
        lab.delete(&lab.staff, &url).await.is(204);
        lab.get(&ann, "/api/users/me/").await.is(401);
        lab.get(&lab.staff, &url).await.is(404);
        lab.delete(&lab.staff, &url).await.is(404);
        lab.get(&lab.staff, &format!("{}token/", of(&ann))).await.is(404);
        let new = lab.post(&lab.staff, &format!("{}refresh_token/", of(&ann)), Value::Null).await.is(200);
        let ann = Person { token: new.text("token"), ..ann };
        lab.get(&ann, "/api/users/me/").await.is(200);
        lab.post(&ann, &format!("{}refresh_token/", of(&ann)), Value::Null).await.is(403);
    }

    async fn nobody_gets_a_token_by_acting_as_somebody(lab: Lab) {
        let ann = lab.user("ann").await;
        let headers = [("x-impersonated-user-uuid", ann.uuid.as_str())];
        let me = lab.raw(&lab.staff, "GET", "/api/users/me/", &headers, vec![]).await.is(200);
        assert_eq!(me.text("username"), ann.name);
        assert!(me.body.get("token").is_none(), "{}", me.body);
        lab.raw(&lab.staff, "POST", "/api-auth/logout/", &headers, vec![]).await.is(204);
        lab.get(&ann, "/api/users/me/").await.is(200);
    }

    async fn an_address_changes_with_the_code_that_was_mailed(lab: Lab) {
        let ann = lab.user("ann").await;
        let path = format!("{}change_email/", of(&ann));
        lab.post(&ann, &path, json!({"email": "no address"})).await.is_invalid("email");
        lab.post(&ann, &path, json!({"email": "old@example.org"})).await.is(200);
        lab.post(&ann, &path, json!({"email": "new@example.org"})).await.is(200);
        assert_eq!(lab.get(&ann, "/api/users/me/").await.text("requested_email"), "new@example.org");
        let sql = "SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id";
        let mails = lab.core.store.query(sql, &[]).await.unwrap();
        let code = |row: &stoa_kernel::Row| {
            let link = row.get::<Value>(0).unwrap()["context"]["link"].as_str().unwrap().to_owned();
            json!(link.trim_matches('/').rsplit('/').next().unwrap())
        };
        let codes: Vec<Value> = mails.iter().map(code).collect();
        assert_eq!(codes.len(), 2);
        let confirm = "/api/users/confirm_email/";
        lab.post(&lab.nobody(), confirm, json!({})).await.is_invalid("code");
        for wrong in [json!("nonsense"), json!(null), json!([]), json!(0)] {
            lab.post(&lab.nobody(), confirm, json!({"code": wrong})).await.is_invalid("code");
        }
        lab.post(&lab.nobody(), confirm, json!({"code": codes[0]})).await.is(404);
        lab.post(&lab.nobody(), confirm, json!({"code": codes[1]})).await.is(200);
        let me = lab.get(&ann, "/api/users/me/").await;
        assert_eq!((me.text("email"), me.body["requested_email"].is_null()), ("new@example.org".into(), true));
        lab.post(&lab.nobody(), confirm, json!({"code": codes[1]})).await.is(404);
        lab.post(&ann, &path, json!({"email": "late@example.org"})).await.is(200);
        let cancel = format!("{}cancel_change_email/", of(&ann));
        let first = lab.post(&ann, &cancel, Value::Null).await.is(200).text("detail");
        assert_ne!(lab.post(&ann, &cancel, Value::Null).await.is(200).text("detail"), first);
        lab.post(&ann, &path, json!({"email": "late@example.org"})).await.is(200);
        let mails = lab.core.store.query(sql, &[]).await.unwrap();
        let code = code(mails.last().unwrap());
        let bob = lab.user("bob").await;
        lab.post(&bob, &path, json!({"email": "evil@example.org"})).await.is(404);
        let events = lab.get(&lab.staff, "/api/events/?page_size=300").await.is(200).body.to_string();
        assert!(!events.contains(codes[1].as_str().unwrap()));
        lab.advance(86_500);
        assert!(lab.post(&lab.nobody(), confirm, json!({"code": code})).await.is_invalid("code").body.to_string().contains("expired"));
    }

    async fn everybody_has_his_own_keys(lab: Lab) {
        let (ann, bob) = (lab.user("ann").await, lab.user("bob").await);
        let made = lab.post(&ann, "/api/keys/", json!({"public_key": KEY})).await.is(201);
        assert_eq!(made.text("name"), "ann@example.org");
        assert_eq!(made.text("fingerprint_sha256"), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
        assert_eq!((made.text("type"), made.text("user_uuid")), ("ssh-ed25519".into(), ann.uuid.clone()));
        lab.post(&ann, "/api/keys/", json!({"public_key": KEY})).await.is_invalid("name");
        lab.post(&ann, "/api/keys/", json!({"public_key": "ssh-rsa AAAA", "name": "x"})).await.is_invalid("public_key");
        lab.post(&bob, "/api/keys/", json!({"public_key": KEY, "name": "ann@example.org"})).await.is(201);
        let url = made.text("url");
        assert_eq!(lab.get(&ann, "/api/keys/").await.rows().len(), 1);
        assert_eq!(lab.get(&lab.staff, "/api/keys/").await.rows().len(), 2);
        assert_eq!(lab.get(&lab.staff, &format!("/api/keys/?user_uuid={}", ann.uuid)).await.rows().len(), 1);
        lab.get(&bob, &url).await.is(404);
        lab.delete(&bob, &url).await.is(404);
        lab.get(&ann, &format!("{url}history/")).await.is(403);
        assert_eq!(lab.get(&lab.staff, &format!("{url}history/")).await.is(200).rows().len(), 1);
        assert_eq!(lab.get(&lab.staff, &format!("{url}history/at/?timestamp=2100-01-01T00:00:00Z")).await.is(200).body["serialized_data"]["name"], "ann@example.org");
        lab.put(&ann, &url, json!({})).await.is(405);
        lab.delete(&ann, &url).await.is(204);
        assert_eq!(lab.get(&ann, "/api/keys/").await.rows().len(), 0);
    }

    async fn the_history_of_a_user_is_for_staff(lab: Lab) {
        let ann = lab.user("ann").await;
        lab.advance(60);
        lab.patch(&lab.staff, &of(&ann), json!({"job_title": "Engineer"})).await.is(200);
        let path = format!("{}history/", of(&ann));
        lab.get(&ann, &path).await.is(403);
        let rows = lab.get(&lab.staff, &path).await.is(200);
        assert_eq!(rows.rows().len(), 2);
        assert_eq!(rows.rows()[0]["serialized_data"]["job_title"], "Engineer");
        assert_eq!(rows.rows()[0]["revision_user"]["username"], "staff");
        lab.get(&lab.staff, &format!("{path}?username=somebody")).await.is(404);
        lab.get(&lab.staff, &format!("{path}at/")).await.is_invalid("timestamp");
        lab.get(&lab.staff, &format!("{path}at/?timestamp=soon")).await.is_invalid("timestamp");
        lab.get(&lab.staff, &format!("{path}at/?timestamp=2000-01-01T00:00:00Z")).await.is(404);
        assert!(!rows.body.to_string().contains("argon2"));
    }

    async fn events_are_seen_in_the_feeds_that_one_sees(lab: Lab) {
        let ann = lab.user("ann").await;
        let acme = lab.organization("Acme").await;
        assert_eq!(lab.get(&ann, "/api/events/").await.is(200).rows().len(), 0);
        assert_eq!(lab.get(&ann, &format!("/api/events/?user_uuid={}", ann.uuid)).await.is(200).rows().len(), 0);
        lab.patch(&ann, &of(&ann), json!({"job_title": "x", "agree_with_policy": true})).await.is(200);
        let own = format!("/api/events/?scope=http%3A//stoa.test/api/users/{}/", ann.uuid);
        let rows = lab.get(&ann, &own).await.is(200);
        assert_eq!(rows.column("event_type")[0], "user_update_succeeded");
        assert_eq!(rows.rows()[0]["context"]["user_uuid"], ann.uuid.as_str());
        lab.get(&ann, &format!("/api/events/?scope={}", acme.url)).await.is_invalid("scope");
        lab.get(&lab.staff, "/api/events/?scope=nonsense").await.is_invalid("scope");
        assert!(!lab.get(&lab.staff, &format!("/api/events/?scope={}", acme.url)).await.is(200).rows().is_empty());
        let all = lab.get(&lab.staff, "/api/events/?page_size=300").await.is(200).rows().len();
        let count = lab.get(&lab.staff, "/api/events/count/").await.is(200).body;
        assert_eq!(count, json!({"count": all}));
        let head = lab.send(&lab.staff, "HEAD", "/api/events/", Value::Null).await.is(200);
        assert_eq!(head.header("x-result-count"), Some(all.to_string().as_str()));
        for (query, some) in [("feature=users", true), ("feature=invoices", false), ("event_type=user_update_succeeded", true),
            ("created_from=4000000000", false), ("created_to=4000000000.5", true), ("message=HAS%20BEEN", true)] {
            let rows = lab.get(&lab.staff, &format!("/api/events/?{query}")).await.is(200);
            assert_eq!(!rows.rows().is_empty(), some, "{query}");
        }
        lab.get(&lab.staff, "/api/events/?created_from=x").await.is_invalid("created_from");
        let stats = lab.get(&lab.staff, "/api/events-stats/").await.is(200);
        assert_eq!(stats.rows()[0]["count"], all);
        let id = lab.core.store.query("SELECT max(id) FROM events WHERE event_type = 'user_update_succeeded'", &[]).await.unwrap()[0].get::<i64>(0).unwrap();
        assert_eq!(lab.get(&lab.staff, &format!("/api/events/{id}/")).await.is(200).text("event_type"), "user_update_succeeded");
        lab.get(&lab.nobody(), "/api/events/").await.is(401);
        assert!(lab.get(&ann, "/api/events/event_groups/").await.is(200).body["users"].is_array());
        assert!(lab.get(&ann, "/api/events/scope_types/").await.is(200).rows().contains(&json!("structure.customer")));
        lab.advance(40 * 86_400);
        let staff = lab.signed_in("staff").await;
        assert_eq!(lab.get(&staff, "/api/events-stats/").await.is(200).rows().len(), 2);
    }

    async fn figures_about_users_are_for_staff_and_support(lab: Lab) {
        let ann = lab.user("ann").await;
        lab.patch(&lab.staff, &of(&ann), json!({"preferred_language": "et"})).await.is(200);
        for path in ["user_active_status_count", "user_language_count", "user_registration_trend"] {
            lab.get(&ann, &format!("/api/users/{path}/")).await.is(403);
        }
        let active = lab.get(&lab.staff, "/api/users/user_active_status_count/").await.is(200).body;
        assert_eq!(active, json!([{"status": "active", "count": 2}, {"status": "inactive", "count": 0}]));
        let languages = lab.get(&lab.staff, "/api/users/user_language_count/").await.is(200).body;
        assert_eq!(languages, json!([{"language": "", "count": 1}, {"language": "et", "count": 1}]));
        let one = lab.get(&lab.staff, &format!("/api/users/user_registration_trend/?username={}", ann.name)).await.is(200);
        assert_eq!(one.rows()[0]["count"], 1);
        let readers = lab.get(&ann, &format!("{}data_access/", of(&ann))).await.is(200);
        assert_eq!(readers.body["summary"]["total_administrative_access"], 1);
        assert!(readers.body["administrative_access"].get("users").is_none());
        let readers = lab.get(&lab.staff, &format!("{}data_access/", of(&ann))).await.is(200);
        assert_eq!(readers.body["administrative_access"]["users"][0]["username"], "staff");
        assert_eq!(lab.get(&ann, &format!("{}data_access_history/", of(&ann))).await.is(200).body, json!([]));
        assert_eq!(lab.get(&lab.staff, &format!("{}identity_bridge_status/", of(&ann))).await.is(200).body["is_federated"], false);
    }

    async fn what_is_not_configured_says_so(lab: Lab) {
        let ann = lab.user("ann").await;
        lab.post(&ann, &format!("{}pull_remote_user/", of(&ann)), Value::Null).await.is(400);
        lab.post(&lab.staff, "/api/users/scim_sync_all/", Value::Null).await.is(409);
        lab.post(&ann, "/api/users/scim_sync_all/", Value::Null).await.is(403);
        lab.post(&lab.staff, &format!("{}update_actions/", of(&ann)), json!({})).await.is(409);
        lab.post(&lab.staff, &format!("{}send_notification/", of(&ann)), Value::Null).await.is(409);
        for path in ["tara/init", "saml2/logout"] {
            lab.get(&lab.nobody(), &format!("/api-auth/{path}/")).await.is(401);
        }
        // A browser comes back from somewhere with nothing that was begun here: it is shown why, and not signed in.
        let back = lab.get(&lab.nobody(), "/api-auth/keycloak/complete/").await.is(302);
        assert!(back.header("set-cookie").is_none_or(|cookie| !cookie.contains("stoa_session=")));
        assert_eq!(lab.get(&lab.nobody(), "/api-auth/saml2/providers/").await.is(200).body, json!([]));
    }

    async fn every_filter_and_order_of_users_works(lab: Lab) {
        let ann = lab.user("ann").await;
        let find = |query: String| { let lab = &lab; async move { lab.get(&lab.staff, &format!("/api/users/?{query}")).await.is(200).rows().len() } };
        for query in [format!("username={}", ann.name), "full_name=NN%20te".into(), "query=ann%20test".into(), "query=test%20ann".into(),
            "user_keyword=ANN".into(), format!("username_list={},nobody", ann.name), "email=ANN".into()] {
            assert_eq!(find(query.clone()).await, 1, "{query}");
        }
        for query in ["organization_roles=CUSTOMER.OWNER", "project_roles=PROJECT.ADMIN", "is_support=true", "civil_number=1",
            "customer_uuid=0123456789abcdef0123456789abcdef", "project_uuid=0123456789abcdef0123456789abcdef", "is_active=false",
            "agreement_date=2020-01-01", "description=x", "phone_number=1", "job_title=x", "native_name=x", "organization=x"] {
            assert_eq!(find(query.into()).await, 0, "{query}");
        }
        for query in ["date_joined=2020-01-01", "modified=2020-01-01", "registration_method=default", "is_active=true"] {
            assert_eq!(find(query.into()).await, 2, "{query}");
        }
        assert_eq!(find("is_staff=true".into()).await, 1);
        assert_eq!(lab.get(&ann, "/api/users/?is_staff=true").await.is(200).rows().len(), 0);
        assert_eq!(lab.get(&ann, "/api/users/?is_staff=false").await.is(200).rows().len(), 0);
        assert_eq!(lab.get(&ann, "/api/users/").await.is(200).rows().len(), 1);
        lab.get(&lab.staff, "/api/users/?customer_uuid=x").await.is_invalid("customer_uuid");
        for order in ["description", "email", "full_name", "is_active", "is_staff", "is_support", "job_title", "native_name",
            "organization", "phone_number", "registration_method", "username"] {
            assert_eq!(find(format!("o=-{order}")).await, 2);
        }
        lab.get(&lab.staff, "/api/users/?o=password").await.is_invalid("o");
        let exact = lab.get(&lab.staff, "/api/users/?field=permissions").await.is(200);
        assert_eq!(exact.rows()[0], json!({"permissions": []}));
    }

    async fn people_see_those_with_whom_they_share_a_scope(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let (apollo, zeus) = (lab.project(&acme, "Apollo").await, lab.project(&acme, "Zeus").await);
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let (admin, other) = (lab.member(&apollo, "PROJECT.ADMIN").await, lab.member(&zeus, "PROJECT.ADMIN").await);
        let stranger = lab.user("stranger").await;
        let seen = |person: &Person| {
            let (lab, person) = (&lab, person.clone());
            async move {
                let mut names = lab.get(&person, "/api/users/?field=username").await.is(200).column("username");
                names.sort();
                names
            }
        };
        let sorted = |people: &[&Person]| {
            let mut names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
            names.sort();
            names
        };
        assert_eq!(seen(&owner).await, sorted(&[&owner, &admin, &other]));
        assert_eq!(seen(&admin).await, sorted(&[&owner, &admin]));
        assert_eq!(seen(&stranger).await, sorted(&[&stranger]));
        lab.get(&admin, &of(&other)).await.is(404);
        // Of others one sees the roles in shared scopes, and nothing that is only theirs.
        let hidden = lab.get(&admin, &of(&owner)).await.is(200);
        for absent in ["birth_date", "civil_number", "token_lifetime", "token_expires_at", "has_active_session", "is_staff"] {
            assert!(hidden.body.get(absent).is_none(), "{absent}");
        }
        let hermes = lab.organization("Other").await;
        lab.grant(&hermes, "CUSTOMER.OWNER", &owner).await;
        assert_eq!(lab.get(&owner, "/api/users/me/").await.body["permissions"].as_array().unwrap().len(), 2);
        let shown = lab.get(&admin, &of(&admin)).await.body["permissions"].clone();
        assert_eq!(shown[0]["scope_name"], "Apollo");
        assert_eq!(shown[0]["customer_name"], "Acme");
        assert_eq!(lab.get(&admin, &of(&owner)).await.body["permissions"], json!([]));
        assert_eq!(lab.get(&owner, &of(&admin)).await.body["permissions"].as_array().unwrap().len(), 1);
        let of_acme = format!("/api/users/?customer_uuid={}", acme.uuid);
        assert_eq!(lab.get(&owner, &of_acme).await.is(200).rows().len(), 3);
        assert_eq!(lab.get(&admin, &of_acme).await.is(200).rows().len(), 2);
        let of_hermes = format!("/api/users/?customer_uuid={}", hermes.uuid);
        assert_eq!(lab.get(&admin, &of_hermes).await.is(200).rows().len(), 0);
        assert_eq!(lab.get(&lab.staff, &of_hermes).await.is(200).rows().len(), 1);
        let admins = format!("/api/users/?project_roles=PROJECT.ADMIN&project_uuid={}", apollo.uuid);
        assert_eq!(lab.get(&owner, &admins).await.is(200).column("username"), [admin.name.clone()]);
        // Feeds: a project's for its people, an organization's for its owner, a person's own for that person.
        let feed = |thing: &str| format!("/api/events/?scope={thing}");
        assert!(!lab.get(&admin, &feed(&apollo.url)).await.is(200).rows().is_empty());
        assert_eq!(lab.get(&admin, &feed(&acme.url)).await.is(200).rows().len(), 0);
        assert!(!lab.get(&owner, &feed(&acme.url)).await.is(200).rows().is_empty());
        let url = format!("http://stoa.test{}", of(&owner));
        assert_eq!(lab.get(&admin, &feed(&url)).await.is(200).rows().len(), 0);
        lab.get(&admin, &feed(&zeus.url)).await.is_invalid("scope");
        assert!(lab.statements_of(&owner, "GET", "/api/users/").await <= 3);
    }
}
