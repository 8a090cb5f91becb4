//! The life of an account: agreeing to terms, changing the address, resting without roles, and who reads a profile.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use stoa_kernel::vals;
use stoa_testing::{Lab, Person, both};

const AGREEMENTS: &str = "/api/user-agreements/";

fn of(person: &Person) -> String {
    format!("/api/users/{}/", person.uuid)
}

/// Sets a setting of the installation.
async fn set(lab: &Lab, key: &'static str, value: Value) {
    let now = lab.core.now();
    let write = lab.core.store.write(move |tx| {
        let value = value.clone();
        Box::pin(async move { stoa_tenancy::settings::store::set(tx, key, &value, None, now).await })
    });
    write.await.unwrap();
}

/// The letters that wait, oldest first.
async fn letters(lab: &Lab) -> Vec<Value> {
    let rows = lab.core.store.query("SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

/// The code in the last letter.
async fn code(lab: &Lab) -> String {
    let letters = letters(lab).await;
    let link = letters.last().unwrap()["context"]["link"].as_str().unwrap().to_owned();
    link.trim_matches('/').rsplit('/').next().unwrap().to_owned()
}

async fn events(lab: &Lab, kind: &str) -> Vec<Value> {
    lab.all(&lab.staff, &format!("/api/events/?event_type={kind}")).await
}

/// Agrees to what is in force.
async fn agree(lab: &Lab, person: &Person) {
    lab.patch(person, &of(person), json!({"agree_with_policy": true})).await.is(200);
}

both! {
    async fn terms_have_versions_languages_and_a_fallback(lab: Lab) {
        let ann = lab.user("ann").await;
        lab.post(&ann, AGREEMENTS, json!({"content": "x", "agreement_type": "TOS", "language": ""})).await.is(403);
        let terms = lab.make(AGREEMENTS, json!({"content": "Be kind.", "agreement_type": "TOS", "language": ""})).await;
        lab.make(AGREEMENTS, json!({"content": "Sei nett.", "agreement_type": "TOS", "language": "de"})).await;
        lab.make(AGREEMENTS, json!({"content": "We keep little.", "agreement_type": "PP", "language": ""})).await;
        lab.post(&lab.staff, AGREEMENTS, json!({"content": "x", "agreement_type": "TOS", "language": "de"})).await.is(400);
        lab.post(&lab.staff, AGREEMENTS, json!({"content": "", "agreement_type": "TOS", "language": "et"})).await.is_invalid("content");
        lab.post(&lab.staff, AGREEMENTS, json!({"content": "x", "agreement_type": "XX", "language": "et"})).await.is_invalid("agreement_type");
        // Strangers read them: who signs up has to.
        let nobody = lab.nobody();
        assert_eq!(lab.get(&nobody, AGREEMENTS).await.is(200).rows().len(), 3);
        let german = lab.get(&nobody, &format!("{AGREEMENTS}?language=de")).await.is(200).column("content");
        assert_eq!(german, ["We keep little.", "Sei nett."]);
        let french = lab.get(&nobody, &format!("{AGREEMENTS}?language=fr&agreement_type=TOS")).await.is(200).column("content");
        assert_eq!(french, ["Be kind."]);
        lab.patch(&lab.staff, &terms.url, json!({"content": "Be kind, please."})).await.is(200);
        lab.patch(&lab.staff, &terms.url, json!({"content": "Be kind, please."})).await.is(200);
        assert_eq!(lab.get(&nobody, &terms.url).await.is(200).body["version"], 2);
        let versions = lab.get(&lab.staff, &format!("{}versions/", terms.url)).await.is(200);
        assert_eq!(versions.column("content"), ["Be kind, please.", "Be kind."]);
        lab.get(&ann, &format!("{}versions/", terms.url)).await.is(403);
        lab.delete(&lab.staff, &terms.url).await.is(204);
        // A text that comes again goes on where the earlier one stopped.
        let again = lab.make(AGREEMENTS, json!({"content": "Be good.", "agreement_type": "TOS"})).await;
        assert_eq!(again.body["version"], 3);
        assert_eq!(events(&lab, "user_agreement_updated").await.len(), 1);
    }

    async fn a_consent_names_the_text_and_who_must_agree_again_is_asked(lab: Lab) {
        let terms = lab.make(AGREEMENTS, json!({"content": "One.", "agreement_type": "TOS"})).await;
        lab.make(AGREEMENTS, json!({"content": "Eins.", "agreement_type": "TOS", "language": "de"})).await;
        let ann = lab.user("ann").await.calling_from("10.9.8.7");
        let pending = format!("{AGREEMENTS}pending/");
        lab.get(&lab.nobody(), &pending).await.is(401);
        assert_eq!(lab.get(&ann, &pending).await.is(200).column("content"), ["One."]);
        lab.patch(&ann, &of(&ann), json!({"agree_with_policy": true, "preferred_language": "de"})).await.is(200);
        assert_eq!(lab.get(&ann, &pending).await.is(200).rows().len(), 0);
        let consents = lab.get(&ann, &format!("{}consents/", of(&ann))).await.is(200);
        // She read it in the language that she chose with it.
        let row = &consents.rows()[0];
        assert_eq!((&row["language"], &row["version"], &row["ip_address"], &row["how"]), (&json!("de"), &json!(1), &json!("10.9.8.7"), &json!("person")));
        // A change of the default text that asks nobody.
        lab.advance(10);
        lab.patch(&lab.staff, &terms.url, json!({"content": "Two."})).await.is(200);
        assert!(lab.get(&ann, "/api/users/me/").await.body["agreement_date"].is_string());
        lab.advance(10);
        lab.patch(&lab.staff, &terms.url, json!({"content": "Three.", "requires_consent": true})).await.is(200);
        assert!(lab.get(&ann, "/api/users/me/").await.body["agreement_date"].is_null());
        assert_eq!(lab.get(&ann, &pending).await.is(200).column("content"), ["Eins."]);
        lab.patch(&ann, &of(&ann), json!({"job_title": "x"})).await.is_invalid("agree_with_policy");
        lab.advance(10);
        agree(&lab, &ann).await;
        assert!(lab.get(&ann, "/api/users/me/").await.body["agreement_date"].is_string());
        let bob = lab.user("bob").await;
        lab.get(&bob, &format!("{}consents/", of(&ann))).await.is(404);
        assert_eq!(lab.get(&lab.staff, &format!("{}consents/", of(&ann))).await.is(200).rows().len(), 1);
    }

    async fn nobody_agrees_for_somebody_else(lab: Lab) {
        lab.make(AGREEMENTS, json!({"content": "One.", "agreement_type": "TOS"})).await;
        let ann = lab.user("ann").await;
        let headers = [("content-type", "application/json"), ("x-impersonated-user-uuid", ann.uuid.as_str())];
        let body = json!({"agree_with_policy": true, "job_title": "x"}).to_string().into_bytes();
        lab.raw(&lab.staff, "PATCH", &of(&ann), &headers, body).await.is(200);
        lab.patch(&lab.staff, &of(&ann), json!({"agree_with_policy": true})).await.is(200);
        assert!(lab.get(&ann, "/api/users/me/").await.body["agreement_date"].is_null());
        assert_eq!(lab.get(&ann, &format!("{}consents/", of(&ann))).await.is(200).rows().len(), 0);
    }

    async fn new_users_may_count_as_having_agreed(lab: Lab) {
        lab.make(AGREEMENTS, json!({"content": "One.", "agreement_type": "TOS"})).await;
        set(&lab, "AUTO_APPROVE_USER_TOS", json!(true)).await;
        let ann = lab.user("ann").await;
        assert!(lab.get(&ann, "/api/users/me/").await.body["agreement_date"].is_string());
        // But that is not passed off as her own doing.
        assert_eq!(lab.get(&ann, &format!("{}consents/", of(&ann))).await.is(200).column("how"), ["setting"]);
    }

    async fn an_address_changes_once_and_the_old_one_is_told(lab: Lab) {
        let ann = lab.user("ann").await;
        let (change, confirm) = (format!("{}change_email/", of(&ann)), "/api/users/confirm_email/");
        lab.post(&ann, &change, json!({"email": "new@example.org"})).await.is(200);
        let first = code(&lab).await;
        // What is kept is a hash.
        let kept = lab.core.store.query("SELECT code_hash FROM email_changes", &[]).await.unwrap();
        assert_eq!(kept[0].get::<String>(0).unwrap(), stoa_testing::stored(&first));
        lab.post(&ann, &change, json!({"email": "newer@example.org"})).await.is(200);
        let second = code(&lab).await;
        lab.post(&lab.nobody(), confirm, json!({"code": first})).await.is(404);
        let (one, two) = tokio::join!(
            lab.post(&lab.staff, confirm, json!({"code": second})),
            lab.post(&lab.staff, confirm, json!({"code": second}))
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404]);
        assert_eq!(lab.get(&ann, "/api/users/me/").await.text("email"), "newer@example.org");
        let told = letters(&lab).await.last().cloned().unwrap();
        assert_eq!((&told["key"], &told["to"]), (&json!("users.security_notice"), &json!(format!("{}@example.org", ann.name))));
        assert!(!told.to_string().contains("newer@example.org"), "{told}");
    }

    async fn few_letters_go_out_and_a_code_ends(lab: Lab) {
        let ann = lab.user("ann").await;
        let (change, cancel) = (format!("{}change_email/", of(&ann)), format!("{}cancel_change_email/", of(&ann)));
        for n in 0..5 {
            lab.post(&ann, &change, json!({"email": format!("{n}@example.org")})).await.is(200);
            // Taking it back gives no further letter.
            lab.post(&ann, &cancel, Value::Null).await.is(200);
        }
        lab.post(&ann, &change, json!({"email": "6@example.org"})).await.is(429);
        lab.advance(3700);
        let ann = lab.signed_in(&ann.name).await;
        lab.post(&ann, &change, json!({"email": "6@example.org"})).await.is(200);
        let code = code(&lab).await;
        set(&lab, "EMAIL_CHANGE_MAX_AGE", json!(60)).await;
        lab.advance(61);
        lab.post(&lab.nobody(), "/api/users/confirm_email/", json!({"code": code})).await.is_invalid("code");
    }

    async fn what_an_identity_provider_manages_is_not_changed_here(lab: Lab) {
        let ann = lab.user("ann").await;
        agree(&lab, &ann).await;
        set(&lab, "PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS", json!(["default"])).await;
        assert_eq!(lab.get(&ann, "/api/users/me/").await.body["should_protect_user_details"], true);
        lab.patch(&ann, &of(&ann), json!({"first_name": "Other"})).await.is_invalid("first_name");
        // What is sent back as it was, is no change; and the rest is his own.
        lab.patch(&ann, &of(&ann), json!({"first_name": "ann", "preferred_language": "de"})).await.is(200);
        lab.post(&ann, &format!("{}change_email/", of(&ann)), json!({"email": "x@example.org"})).await.is_invalid("email");
        lab.patch(&lab.staff, &of(&ann), json!({"first_name": "Other"})).await.is(200);
    }

    async fn who_has_no_role_left_rests_until_the_next_one(lab: Lab) {
        let (acme, beta) = (lab.organization("Acme").await, lab.organization("Beta").await);
        let ann = lab.member(&acme, "CUSTOMER.OWNER").await;
        lab.grant(&beta, "CUSTOMER.OWNER", &ann).await;
        let fresh = lab.user("fresh").await;
        let remove = |url: &str| format!("{url}delete_user/");
        let body = json!({"role": "CUSTOMER.OWNER", "user": ann.uuid});
        set(&lab, "DEACTIVATE_USER_IF_NO_ROLES", json!(true)).await;
        lab.post(&lab.staff, &remove(&beta.url), body.clone()).await.is(200);
        lab.run_jobs().await;
        lab.get(&ann, "/api/users/me/").await.is(200);
        lab.post(&lab.staff, &remove(&acme.url), body.clone()).await.is(200);
        lab.run_jobs().await;
        lab.get(&ann, "/api/users/me/").await.is(401);
        lab.get(&fresh, "/api/users/me/").await.is(200);
        assert_eq!(events(&lab, "user_deactivated_no_roles").await.len(), 1);
        lab.grant(&acme, "CUSTOMER.OWNER", &ann).await;
        lab.run_jobs().await;
        let row = lab.get(&lab.staff, &of(&ann)).await.is(200);
        assert_eq!((&row.body["is_active"], &row.body["deactivation_reason"]), (&json!(true), &json!("")));
        // The login of before does not come back to life.
        lab.get(&ann, "/api/users/me/").await.is(401);
        // Whom a person switched off, no role switches on.
        lab.patch(&lab.staff, &of(&ann), json!({"is_active": false})).await.is(200);
        lab.grant(&beta, "CUSTOMER.OWNER", &ann).await;
        lab.advance(7200);
        lab.run_jobs().await;
        assert_eq!(lab.get(&lab.staff, &of(&ann)).await.body["is_active"], false);
    }

    async fn the_sweep_finds_those_whom_no_job_saw_and_spares_the_powerful(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let (ann, agent) = (lab.member(&acme, "CUSTOMER.OWNER").await, lab.member(&acme, "CUSTOMER.OWNER").await);
        lab.patch(&lab.staff, &of(&agent), json!({"is_support": true})).await.is(200);
        for person in [&ann, &agent] {
            lab.post(&lab.staff, &format!("{}delete_user/", acme.url), json!({"role": "CUSTOMER.OWNER", "user": person.uuid})).await.is(200);
        }
        lab.run_jobs().await;
        set(&lab, "DEACTIVATE_USER_IF_NO_ROLES", json!(true)).await;
        lab.advance(3700);
        lab.run_jobs().await;
        let active = |reply: stoa_testing::Reply| reply.is(200).body["is_active"].clone();
        assert_eq!(active(lab.get(&lab.staff, &of(&ann)).await), false);
        assert_eq!(active(lab.get(&lab.staff, &of(&agent)).await), true);
        // Nobody but the program settles anybody: there is no operation for it.
        lab.post(&lab.staff, &format!("{}settle/", of(&ann)), json!({})).await.is(404);
    }

    async fn who_is_switched_off_is_out_at_once(lab: Lab) {
        let ann = lab.user("ann").await;
        lab.post(&ann, &format!("{}change_email/", of(&ann)), json!({"email": "x@example.org"})).await.is(200);
        let code = code(&lab).await;
        lab.patch(&lab.staff, &of(&ann), json!({"is_active": false})).await.is(200);
        lab.get(&ann, "/api/users/me/").await.is(401);
        let left = lab.core.store.query("SELECT count(*) FROM tokens WHERE user_id = (SELECT id FROM users WHERE username = $1)",
            &vals![&ann.name]).await.unwrap();
        assert_eq!(left[0].get::<i64>(0).unwrap(), 0);
        lab.post(&lab.nobody(), "/api/users/confirm_email/", json!({"code": code})).await.is(404);
    }

    async fn the_log_of_reading_is_for_staff_and_support(lab: Lab) {
        let ann = lab.user("ann").await;
        let agent = lab.user("agent").await;
        lab.patch(&lab.staff, &of(&agent), json!({"is_support": true})).await.is(200);
        let now = lab.core.now();
        let clock = lab.core.clock.clone();
        let names = (ann.name.clone(), agent.name.clone());
        lab.core.store.write(move |tx| {
            let (clock, names) = (clock.clone(), names.clone());
            Box::pin(async move {
                let sql = "INSERT INTO data_accesses (uuid, user_id, accessor_id, accessor_type, hour, at, fields, list, reads, address) \
                           SELECT $1::uuid, u.id, x.id, 'support', $2::timestamptz, $3::timestamptz, '[\"email\"]', 'users', 3, '10.0.0.1' \
                           FROM users u JOIN users x ON x.username = $4 WHERE u.username = $5";
                tx.execute(sql, &vals![clock.uuid(), now, now, names.1, names.0]).await.map(drop)
            })
        }).await.unwrap();
        let logs = "/api/data-access-logs/";
        lab.get(&lab.nobody(), logs).await.is(401);
        lab.get(&ann, logs).await.is(403);
        let rows = lab.get(&agent, &format!("{logs}?user_uuid={}&accessor_type=support&query=AGENT&o=-timestamp", ann.uuid)).await.is(200);
        let row = &rows.rows()[0];
        assert_eq!((&row["accessor"]["uuid"], &row["user"]["uuid"]), (&json!(agent.uuid), &json!(ann.uuid)));
        assert_eq!((&row["accessed_fields"], &row["context"]), (&json!(["email"]), &json!({"list": "users", "reads": 3})));
        assert_eq!(lab.count(&agent, &format!("{logs}?accessor_uuid={}", ann.uuid)).await, 0);
        // She sees what kind of reader it was, and no more.
        let own = lab.get(&ann, &format!("{}data_access_history/", of(&ann))).await.is(200);
        assert_eq!(own.rows()[0]["accessor_category"], "Support staff");
        for hidden in ["accessor", "ip_address", "context"] {
            assert!(own.rows()[0].get(hidden).is_none(), "{hidden}");
        }
        let path = format!("{logs}{}/", row["uuid"].as_str().unwrap());
        lab.delete(&agent, &path).await.is(403);
        lab.get(&agent, &path).await.is(200);
        lab.delete(&lab.staff, &path).await.is(204);
        assert_eq!(events(&lab, "data_access_log_deleted").await.len(), 1);
    }

    async fn who_lacks_what_a_profile_must_have_completes_it_first(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let ann = lab.member(&acme, "CUSTOMER.OWNER").await;
        set(&lab, "MANDATORY_USER_ATTRIBUTES", json!(["email", "phone_number"])).await;
        lab.get(&ann, "/api/customers/").await.is(200);
        let free = lab.statements_of(&ann, "GET", "/api/customers/").await;
        set(&lab, "ENFORCE_MANDATORY_USER_ATTRIBUTES", json!(true)).await;
        for path in ["/api/customers/", "/api/users/", &of(&ann)] {
            let refused = lab.get(&ann, path).await.is_forbidden();
            assert!(refused.text("detail").contains("profile"), "{}", refused.body);
        }
        lab.patch(&ann, &acme.url, json!({"name": "X"})).await.is(403);
        // What completes it, and what is open to anybody, is open to her too.
        for path in ["/api/users/me/", "/api/users/profile_completeness/", "/api/user-agreements/", "/api/user-agreements/pending/",
            "/api/configuration/"] {
            lab.get(&ann, path).await.is(200);
        }
        assert_eq!(lab.get(&ann, "/api/users/me/").await.body["profile_completeness"]["missing_fields"], json!(["phone_number"]));
        // Staff are never held up, nor is staff that acts as her.
        lab.get(&lab.staff, "/api/customers/").await.is(200);
        let headers = [("x-impersonated-user-uuid", ann.uuid.as_str())];
        lab.raw(&lab.staff, "GET", "/api/customers/", &headers, vec![]).await.is(200);
        lab.patch(&ann, &of(&ann), json!({"agree_with_policy": true, "phone_number": "+372 555"})).await.is(200);
        lab.get(&ann, "/api/customers/").await.is(200);
        assert_eq!(lab.statements_of(&ann, "GET", "/api/customers/").await, free);
        set(&lab, "MANDATORY_USER_ATTRIBUTES", json!(["job_title"])).await;
        lab.post(&ann, "/api-auth/logout/", Value::Null).await.is(204);
    }

    async fn who_reads_a_profile_is_noted_beside_the_request(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let (ann, bob) = (lab.member(&acme, "CUSTOMER.OWNER").await, lab.member(&acme, "CUSTOMER.OWNER").await);
        let bob = bob.calling_from("10.1.1.1");
        let flush = || async { stoa_tenancy::data_access::flush(&lab.core).await.unwrap() };
        let logged = |person: &Person| format!("/api/data-access-logs/?user_uuid={}", person.uuid);
        lab.get(&bob, &of(&ann)).await.is(200);
        flush().await;
        assert_eq!(lab.count(&lab.staff, "/api/data-access-logs/").await, 0);
        let free = lab.statements_of(&bob, "GET", &of(&ann)).await;
        set(&lab, "USER_DATA_ACCESS_LOGGING_ENABLED", json!(true)).await;
        assert_eq!(lab.statements_of(&bob, "GET", &of(&ann)).await, free);
        for path in [of(&ann), format!("{}?field=email", of(&ann)), format!("{}?field=email", of(&ann)), format!("{}?field=uuid", of(&ann)),
            "/api/users/me/".into(), format!("{}list_users/", acme.url), format!("{}list_users/?field=user_email", acme.url), format!("{}users/", acme.url)] {
            lab.get(&bob, &path).await.is(200);
        }
        let headers = [("x-impersonated-user-uuid", bob.uuid.as_str())];
        lab.raw(&lab.staff, "GET", &of(&ann), &headers, vec![]).await.is(200);
        flush().await;
        let rows = lab.all(&lab.staff, &logged(&ann)).await;
        let told: Vec<(String, String, i64)> = rows.iter().map(|row| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&row["accessor"]["username"]), text(&row["context"]["list"]), row["context"]["reads"].as_i64().unwrap())
        }).collect();
        let count = |who: &str, list: &str| told.iter().filter(|row| row.0 == who && row.1 == list).map(|row| row.2).sum::<i64>();
        // Two whole reads (the measured one is one of them), two of the address alone, none of the identifier alone.
        assert_eq!((count(&bob.name, "users"), count(&bob.name, "team"), count(&bob.name, "customer_users")), (4, 2, 1), "{told:?}");
        // It was staff who read as Bob.
        assert_eq!(count("staff", "users"), 1, "{told:?}");
        let kinds: Vec<&str> = rows.iter().map(|row| row["accessor_type"].as_str().unwrap()).collect();
        assert!(kinds.contains(&"staff") && kinds.contains(&"organization_member"));
        assert!(rows.iter().all(|row| row["accessor"]["username"] == "staff" || row["ip_address"] == "10.1.1.1"));
        // One's own reading counts only where that is wanted.
        assert_eq!(lab.count(&lab.staff, &format!("{}&accessor_type=self", logged(&bob))).await, 0);
        set(&lab, "USER_DATA_ACCESS_LOG_SELF_ACCESS", json!(true)).await;
        lab.get(&bob, "/api/users/me/").await.is(200);
        flush().await;
        assert_eq!(lab.count(&lab.staff, &format!("{}&accessor_type=self", logged(&bob))).await, 1);
        lab.advance(91 * 86_400);
        lab.run_jobs().await;
        assert_eq!(lab.count(&lab.staff, "/api/data-access-logs/").await, 0);
    }
}
