//! One-time codes and recovery codes.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use stoa_identity::second_factor::rules;
use stoa_testing::{Lab, Person, Reply, both};

const GOOD: &str = "correct horse battery";

async fn with_password(lab: &Lab, name: &str) -> Person {
    let person = lab.user(name).await;
    let path = format!("/api/users/{}/change_password/", person.uuid);
    lab.post(&lab.staff, &path, json!({"new_password": GOOD})).await.is(200);
    Person { token: login(lab, &person).await.is(200).text("token"), ..person }
}

async fn login(lab: &Lab, person: &Person) -> Reply {
    lab.post(&lab.nobody(), "/api-auth/password/", json!({"username": person.name, "password": GOOD})).await
}

/// The code of a secret, some steps from now.
fn code(lab: &Lab, secret: &str, steps: i64) -> String {
    let seconds = u64::try_from(lab.core.now().0 / 1_000_000 + steps * 30).unwrap();
    rules::generator(secret, "", "u").unwrap().generate(seconds).to_string()
}

/// A person who uses codes: secret and recovery codes.
async fn enrolled(lab: &Lab, person: &Person) -> (String, Vec<String>) {
    let secret = lab.post(person, "/api/second-factors/totp/", json!({})).await.is(201).text("secret");
    let body = json!({"code": code(lab, &secret, 0)});
    let reply = lab.post(person, "/api/second-factors/totp/confirm/", body).await.is(200);
    let codes = reply.body["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

async fn challenged(lab: &Lab, person: &Person) -> String {
    login(lab, person).await.is(401).text("challenge")
}

/// Somebody with a token from before he used codes, and with one for which he sent a code.
pub async fn weak_and_strong(lab: &Lab, name: &str) -> (Person, Person) {
    let weak = with_password(lab, name).await;
    let (secret, _) = enrolled(lab, &weak).await;
    lab.advance(30);
    let token = pass(lab, &challenged(lab, &weak).await, &code(lab, &secret, 0)).await.is(200).text("token");
    let strong = Person { token, ..weak.clone() };
    (weak, strong)
}

async fn pass(lab: &Lab, challenge: &str, code: &str) -> Reply {
    lab.post(&lab.nobody(), "/api-auth/totp/", json!({"challenge": challenge, "code": code})).await
}

both! {
    async fn a_code_is_asked_for_after_the_password(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let other = Person { token: login(&lab, &ann).await.is(200).text("token"), ..ann.clone() };
        let begun = lab.post(&ann, "/api/second-factors/totp/", json!({})).await.is(201);
        assert!(begun.text("otpauth_uri").starts_with("otpauth://totp/Stoa:") && begun.text("qr_svg").contains("<svg"));
        let secret = begun.text("secret");
        assert_eq!(secret.len(), 32);
        // Nothing is asked for until a first code has shown that the telephone has it.
        lab.post(&ann, "/api/second-factors/totp/confirm/", json!({"code": "000000"})).await.is_invalid("code");
        login(&lab, &ann).await.is(200);
        let confirmed = lab.post(&ann, "/api/second-factors/totp/confirm/", json!({"code": code(&lab, &secret, 0)})).await.is(200);
        assert_eq!(confirmed.body["recovery_codes"].as_array().unwrap().len(), 10);
        lab.get(&other, "/api/users/me/").await.is(401);
        let status = lab.get(&ann, "/api/second-factors/").await.is(200);
        assert_eq!(status.body, json!({"totp": true, "recovery_codes": 10, "passkeys": 0}));
        lab.post(&ann, "/api/second-factors/totp/", json!({})).await.is(409);
        // In the words of the official client: a 401 with a detail, and no passkey wanted.
        let asked = login(&lab, &ann).await.is(401);
        assert_eq!((&asked.body["passkey_required"], &asked.body["totp_required"]), (&json!(false), &json!(true)));
        assert!(!asked.text("detail").is_empty() && asked.body.get("pending_passkey_ceremony").is_none());
        assert!(asked.body.get("token").is_none() && asked.header("set-cookie").is_none());
        let challenge = asked.text("challenge");
        pass(&lab, &challenge, "000000").await.is(401);
        lab.advance(30);
        let signed_in = pass(&lab, &challenge, &code(&lab, &secret, 0)).await.is(200).text("token");
        let ann = Person { token: signed_in, ..ann };
        let sessions = lab.get(&ann, "/api/sessions/").await.is(200);
        let mine = sessions.rows().iter().find(|row| row["is_current"] == true).unwrap().clone();
        assert_eq!((&mine["factor"], &mine["method"]), (&json!("totp"), &json!("LOCAL_SIGNIN")));
        // The handle is spent.
        lab.advance(30);
        pass(&lab, &challenge, &code(&lab, &secret, 0)).await.is(401);
        let events = lab.get(&lab.staff, "/api/events/?page_size=100").await.is(200).body.to_string();
        assert!(events.contains("second_factor_added") && events.contains("second_factor_failed"));
        assert!(!events.contains(&secret) && !events.contains(&challenge));
    }

    async fn each_code_is_good_once_and_a_step_around_now(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let (secret, _) = enrolled(&lab, &ann).await;
        // The code with which it was confirmed is spent.
        pass(&lab, &challenged(&lab, &ann).await, &code(&lab, &secret, 0)).await.is(401);
        lab.advance(300);
        for off in [-2, 2] { pass(&lab, &challenged(&lab, &ann).await, &code(&lab, &secret, off)).await.is(401); }
        let late = code(&lab, &secret, -1);
        pass(&lab, &challenged(&lab, &ann).await, &late).await.is(200);
        pass(&lab, &challenged(&lab, &ann).await, &late).await.is(401);
        // Two who have seen the same code: one gets in.
        let (one, two) = (challenged(&lab, &ann).await, challenged(&lab, &ann).await);
        let seen = code(&lab, &secret, 1);
        let (one, two) = futures::join!(pass(&lab, &one, &seen), pass(&lab, &two, &seen));
        let mut both = [one.status, two.status];
        both.sort_unstable();
        assert_eq!(both, [200, 401]);
        // An older one than the last is not taken.
        pass(&lab, &challenged(&lab, &ann).await, &code(&lab, &secret, 0)).await.is(401);
    }

    async fn guesses_at_codes_are_counted_wherever_they_come_from(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let (secret, recovery) = enrolled(&lab, &ann).await;
        lab.advance(60);
        let challenges = futures::future::join_all((0..3).map(|_| challenged(&lab, &ann))).await;
        let guesses = (0..30).map(|n| pass(&lab, &challenges[n % 3], "000000"));
        let replies = futures::future::join_all(guesses).await;
        let looked_at = replies.iter().filter(|reply| reply.status == 401).count();
        assert_eq!(looked_at, 10, "of guesses at once exactly as many are looked at as the rule says");
        pass(&lab, &challenges[0], &code(&lab, &secret, 0)).await.is(429);
        // The owner is not locked out for good: a recovery code is not guessed.
        pass(&lab, &challenges[0], &recovery[0]).await.is(200);
        lab.advance(601);
        pass(&lab, &challenged(&lab, &ann).await, &code(&lab, &secret, 0)).await.is(200);
    }

    async fn a_recovery_code_is_good_once(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let (_, codes) = enrolled(&lab, &ann).await;
        let typed = codes[3].to_uppercase().replace('-', " ");
        let ann = Person { token: pass(&lab, &challenged(&lab, &ann).await, &typed).await.is(200).text("token"), ..ann };
        pass(&lab, &challenged(&lab, &ann).await, &codes[3]).await.is(401);
        assert_eq!(lab.get(&ann, "/api/second-factors/").await.is(200).body["recovery_codes"], 9);
        lab.post(&ann, "/api/second-factors/recovery_codes/", json!({"code": "000000"})).await.is_invalid("code");
        let new = lab.post(&ann, "/api/second-factors/recovery_codes/", json!({"code": codes[0]})).await.is(200);
        assert_eq!(new.body["recovery_codes"].as_array().unwrap().len(), 10);
        pass(&lab, &challenged(&lab, &ann).await, &codes[1]).await.is(401);
        let rows = lab.core.store.query("SELECT hash FROM recovery_codes", &[]).await.unwrap();
        assert!(rows.iter().all(|row| row.get::<String>(0).unwrap().len() == 64), "only hashes are kept");
    }

    async fn a_challenge_dies_with_time_and_with_the_password(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let (secret, _) = enrolled(&lab, &ann).await;
        let challenge = challenged(&lab, &ann).await;
        lab.advance(301);
        pass(&lab, &challenge, &code(&lab, &secret, 0)).await.is(401);
        let challenge = challenged(&lab, &ann).await;
        let path = format!("/api/users/{}/change_password/", ann.uuid);
        lab.post(&lab.staff, &path, json!({"new_password": "another horse battery"})).await.is(200);
        pass(&lab, &challenge, &code(&lab, &secret, 0)).await.is(401);
        lab.post(&lab.staff, &path, json!({"new_password": GOOD})).await.is(200);
        let challenge = challenged(&lab, &ann).await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", ann.uuid), json!({"is_active": false})).await.is(200);
        pass(&lab, &challenge, &code(&lab, &secret, 0)).await.is(401);
        for nothing in [json!({}), json!({"challenge": null, "code": "1"}), json!({"challenge": ["x"], "code": "1"})] {
            lab.post(&lab.nobody(), "/api-auth/totp/", nothing).await.is(400);
        }
    }

    async fn changing_a_factor_needs_a_fresh_sign_in_and_own_hands(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        lab.advance(901);
        lab.post(&ann, "/api/second-factors/totp/", json!({})).await.is(403);
        lab.post(&ann, "/api/second-factors/totp/", json!({"password": "wrong"})).await.is_invalid("password");
        lab.post(&ann, "/api/second-factors/totp/", json!({"verified": stoa_testing::stored("")})).await.is(403);
        let secret = lab.post(&ann, "/api/second-factors/totp/", json!({"password": GOOD})).await.is(201).text("secret");
        lab.post(&ann, "/api/second-factors/totp/confirm/", json!({"code": code(&lab, &secret, 0)})).await.is(200);
        let as_ann = [("x-impersonated-user-uuid", ann.uuid.as_str()), ("content-type", "application/json")];
        let body = json!({"code": code(&lab, &secret, 1)}).to_string().into_bytes();
        for path in ["totp/", "totp/confirm/", "totp/remove/", "recovery_codes/"] {
            lab.raw(&lab.staff, "POST", &format!("/api/second-factors/{path}"), &as_ann, body.clone()).await.is(403);
        }
        lab.post(&ann, "/api/second-factors/totp/remove/", json!({"code": "000000"})).await.is_invalid("code");
        lab.post(&ann, "/api/second-factors/totp/remove/", json!({"code": code(&lab, &secret, 1)})).await.is(204);
        login(&lab, &ann).await.is(200);
        lab.post(&ann, "/api/second-factors/totp/remove/", json!({"code": code(&lab, &secret, 1)})).await.is(409);
    }

    async fn staff_help_who_lost_the_telephone(lab: Lab) {
        let (ann, bob) = (with_password(&lab, "ann").await, with_password(&lab, "bob").await);
        enrolled(&lab, &ann).await;
        let path = format!("/api/second-factors/{}/reset/", ann.uuid);
        lab.post(&bob, &path, Value::Null).await.is(404);
        lab.post(&ann, &path, Value::Null).await.is(403);
        lab.post(&lab.staff, &path, Value::Null).await.is(204);
        lab.get(&ann, "/api/users/me/").await.is(401);
        login(&lab, &ann).await.is(200);
        lab.post(&lab.staff, &path, Value::Null).await.is(409);
        let sql = "SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id";
        let rows = lab.core.store.query(sql, &[]).await.unwrap();
        let whats: Vec<_> = rows.iter().map(|row| row.get::<Value>(0).unwrap()["context"]["what"].clone()).collect();
        assert_eq!(whats, [json!("totp_added"), json!("second_factors_reset")]);
    }
}
