//! Sessions of browsers and programs, passwords of one's own, and letters to those who forgot theirs.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use stoa_kernel::vals;
use stoa_tenancy::token::store as tokens;
use stoa_testing::{Lab, Person, Reply, both};

const GOOD: &str = "correct horse battery";
const BETTER: &str = "staple that battery horse";
const HOME: (&str, &str) = ("origin", "http://stoa.test");
const JSON: (&str, &str) = ("content-type", "application/json");

async fn with_password(lab: &Lab, name: &str) -> Person {
    let person = lab.user(name).await;
    let path = format!("/api/users/{}/change_password/", person.uuid);
    lab.post(&lab.staff, &path, json!({"new_password": GOOD})).await.is(200);
    person
}

async fn login(lab: &Lab, person: &Person, password: &str) -> Reply {
    let caller = Person { address: person.address, ..lab.nobody() };
    lab.post(&caller, "/api-auth/password/", json!({"username": person.name, "password": password})).await
}

async fn signed_in(lab: &Lab, person: &Person, password: &str) -> Person {
    Person { token: login(lab, person, password).await.is(200).text("token"), ..person.clone() }
}

/// Signs a browser in and gives its cookie.
async fn browser(lab: &Lab, person: &Person, password: &str) -> String {
    let body = json!({"username": person.name, "password": password}).to_string().into_bytes();
    let headers = [JSON, HOME, ("user-agent", "Browser/1.0")];
    let reply = lab.raw(&lab.nobody(), "POST", "/api-auth/session/", &headers, body).await.is(200);
    assert_eq!(reply.body, json!({"status": "signed in"}), "a session is told to the browser alone");
    cookie_of(&reply)
}

fn cookie_of(reply: &Reply) -> String {
    let line = reply.header("set-cookie").unwrap_or_else(|| panic!("{} set no cookie", reply.asked));
    line.split(';').next().unwrap_or_default().to_owned()
}

async fn by_cookie(lab: &Lab, method: &str, path: &str, cookie: &str, body: Value) -> Reply {
    let headers = [JSON, HOME, ("cookie", cookie)];
    lab.raw(&lab.nobody(), method, path, &headers, body.to_string().into_bytes()).await
}

async fn letters(lab: &Lab, key: &str) -> Vec<Value> {
    let sql = "SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id";
    let rows = lab.core.store.query(sql, &[]).await.unwrap();
    let all = rows.iter().map(|row| row.get::<Value>(0).unwrap());
    all.filter(|letter| letter["key"] == key).collect()
}

both! {
    async fn a_browser_has_a_cookie_that_no_script_and_no_other_site_uses(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let body = json!({"username": ann.name, "password": GOOD}).to_string().into_bytes();
        for origin in [vec![], vec![("origin", "https://evil.example")], vec![("sec-fetch-site", "cross-site"), HOME]] {
            let headers: Vec<_> = [JSON].into_iter().chain(origin).collect();
            let reply = lab.raw(&lab.nobody(), "POST", "/api-auth/session/", &headers, body.clone()).await.is(403);
            assert_eq!(reply.header("set-cookie"), None);
        }
        let reply = lab.raw(&lab.nobody(), "POST", "/api-auth/session/", &[JSON, HOME], body).await.is(200);
        let line = reply.header("set-cookie").unwrap().to_owned();
        assert!(line.starts_with("sessionid=") && line.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{line}");
        let cookie = cookie_of(&reply);
        assert_eq!(by_cookie(&lab, "GET", "/api/users/me/", &cookie, Value::Null).await.is(200).text("username"), ann.name);
        let foreign = [JSON, ("cookie", cookie.as_str()), ("origin", "https://evil.example")];
        lab.raw(&lab.nobody(), "POST", "/api-auth/logout/", &foreign, vec![]).await.is(403);
        let out = by_cookie(&lab, "POST", "/api-auth/logout/", &cookie, Value::Null).await.is(204);
        assert!(out.header("set-cookie").unwrap().starts_with("sessionid=;") && out.header("set-cookie").unwrap().contains("Max-Age=0"));
        by_cookie(&lab, "GET", "/api/users/me/", &cookie, Value::Null).await.is(401);
    }

    async fn a_session_under_https_travels_under_https_only(mut_lab: Lab) {
        let mut lab = mut_lab;
        let ann = with_password(&lab, "ann").await;
        let env = [("STOA_PUBLIC_URL".to_owned(), "https://stoa.example".to_owned())];
        let config = stoa_server::config::Config::load(&Default::default(), env).unwrap();
        lab.router = stoa_server::serve::app(lab.core.clone(), &config);
        let body = json!({"username": ann.name, "password": GOOD}).to_string().into_bytes();
        let headers = [JSON, ("origin", "https://stoa.example")];
        let reply = lab.raw(&lab.nobody(), "POST", "/api-auth/session/", &headers, body).await.is(200);
        assert!(reply.header("set-cookie").unwrap().ends_with("; SameSite=Lax; Secure"));
    }

    async fn people_see_where_they_are_signed_in_and_end_it(lab: Lab) {
        let ann = with_password(&lab, "ann").await.calling_from("192.0.2.7");
        let bob = lab.user("bob").await;
        let (one, two) = (signed_in(&lab, &ann, GOOD).await, signed_in(&lab, &ann, GOOD).await);
        let cookie = browser(&lab, &ann, GOOD).await;
        let list = lab.get(&one, "/api/sessions/").await.is(200);
        assert_eq!(list.rows().len(), 3);
        assert_eq!(lab.count(&one, "/api/sessions/").await, 3);
        assert!(lab.statements_of(&one, "GET", "/api/sessions/").await <= 3);
        let current: Vec<_> = list.rows().iter().filter(|row| row["is_current"] == true).collect();
        assert_eq!((current.len(), &current[0]["kind"], &current[0]["method"]), (1, &json!("login"), &json!("LOCAL_SIGNIN")));
        assert_eq!((&current[0]["address"], &current[0]["user_username"]), (&json!("192.0.2.7"), &json!(ann.name)));
        let in_browser = list.rows().iter().find(|row| row["kind"] == "session").unwrap().clone();
        assert_eq!(in_browser["user_agent"], "Browser/1.0");
        assert!(in_browser["ends_at"].is_string() && !list.body.to_string().contains(&one.token));
        // Nobody else's: not to see, not to end; staff may.
        let url = in_browser["url"].as_str().unwrap();
        assert_eq!(lab.get(&bob, &format!("/api/sessions/?user_uuid={}", ann.uuid)).await.is(200).rows().len(), 0);
        lab.delete(&bob, url).await.is(404);
        lab.get(&lab.nobody(), "/api/sessions/").await.is(401);
        assert_eq!(lab.get(&lab.staff, &format!("/api/sessions/?user_uuid={}", ann.uuid)).await.is(200).rows().len(), 3);
        assert!(lab.get(&lab.staff, "/api/sessions/").await.is(200).column("user_username").iter().all(|name| name == "staff"));
        lab.delete(&lab.staff, url).await.is(204);
        by_cookie(&lab, "GET", "/api/users/me/", &cookie, Value::Null).await.is(401);
        assert_eq!(lab.post(&one, "/api/sessions/end_others/", Value::Null).await.is(200).body, json!({"ended": 1}));
        lab.get(&two, "/api/users/me/").await.is(401);
        lab.get(&one, "/api/users/me/").await.is(200);
        // Whoever acts as somebody else ends nothing of his.
        let other = signed_in(&lab, &ann, GOOD).await;
        let as_ann = [("x-impersonated-user-uuid", ann.uuid.as_str()), JSON];
        let row = lab.get(&other, "/api/sessions/").await.is(200).rows()[0]["url"].as_str().unwrap().to_owned();
        lab.raw(&lab.staff, "DELETE", &row, &as_ann, vec![]).await.is(403);
        lab.raw(&lab.staff, "POST", "/api/sessions/end_others/", &as_ann, vec![]).await.is(403);
        lab.get(&other, "/api/users/me/").await.is(200);
    }

    /// C9: whatever its use, a session ends.
    async fn no_use_keeps_a_session_for_ever(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let short = signed_in(&lab, &ann, GOOD).await;
        let body = json!({"token_lifetime": null, "agree_with_policy": true});
        lab.patch(&short, &format!("/api/users/{}/", ann.uuid), body).await.is(200);
        let token = signed_in(&lab, &ann, GOOD).await;
        let cookie = browser(&lab, &ann, GOOD).await;
        let ends = |kind: &'static str| {
            let store = lab.core.store.clone();
            async move {
                let sql = "SELECT id, ends_at IS NULL FROM tokens WHERE kind = $1 ORDER BY id DESC LIMIT 1";
                let rows = store.query(sql, &vals![kind]).await.unwrap();
                (rows[0].get::<i64>(0).unwrap(), rows[0].get::<bool>(1).unwrap())
            }
        };
        let (session, endless) = ends("session").await;
        assert!(!endless && ends("login").await.1, "only a program's token lives on, where its user wants that");
        for _ in 0..29 {
            lab.advance(86_400);
            by_cookie(&lab, "GET", "/api/users/me/", &cookie, Value::Null).await.is(200);
            tokens::touch(&lab.core.store, session, lab.core.now()).await.unwrap();
        }
        lab.advance(86_401);
        // However late the stamp comes, it does not bring it back.
        tokens::touch(&lab.core.store, session, lab.core.now()).await.unwrap();
        let left = lab.get(&token, "/api/sessions/").await.is(200);
        assert!(left.rows().iter().all(|row| row["kind"] == "login"), "{}", left.body);
        tokens::sweep(&lab.core.store, lab.core.now()).await.unwrap();
        by_cookie(&lab, "GET", "/api/users/me/", &cookie, Value::Null).await.is(401);
        lab.get(&token, "/api/users/me/").await.is(200);
    }

    async fn people_change_their_own_password(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let (one, two) = (signed_in(&lab, &ann, GOOD).await, signed_in(&lab, &ann, GOOD).await);
        let cookie = browser(&lab, &ann, GOOD).await;
        let path = "/api/users/me/change_password/";
        let change = |old: &str, new: &str| json!({"old_password": old, "new_password": new});
        lab.post(&one, path, change("wrong", BETTER)).await.is_invalid("old_password");
        lab.post(&one, path, change(GOOD, "short")).await.is_invalid("new_password");
        lab.post(&one, path, json!({"new_password": BETTER})).await.is_invalid("old_password");
        lab.post(&lab.nobody(), path, change(GOOD, BETTER)).await.is(401);
        let as_ann = [("x-impersonated-user-uuid", ann.uuid.as_str()), JSON];
        lab.raw(&lab.staff, "POST", path, &as_ann, change(GOOD, BETTER).to_string().into_bytes()).await.is(403);
        let reply = by_cookie(&lab, "POST", path, &cookie, change(GOOD, BETTER)).await.is(200);
        // The browser that did it goes on with a new secret; the old one and all others are nobody's.
        let renewed = cookie_of(&reply);
        assert_ne!(renewed, cookie);
        by_cookie(&lab, "GET", "/api/users/me/", &renewed, Value::Null).await.is(200);
        by_cookie(&lab, "GET", "/api/users/me/", &cookie, Value::Null).await.is(401);
        for gone in [&one, &two] { lab.get(gone, "/api/users/me/").await.is(401); }
        login(&lab, &ann, GOOD).await.is(401);
        let token = signed_in(&lab, &ann, BETTER).await;
        assert_eq!(lab.post(&token, path, change(BETTER, GOOD)).await.is(200).header("set-cookie"), None);
        lab.get(&token, "/api/users/me/").await.is(200);
        let letters = letters(&lab, "users.security_notice").await;
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[0]["context"]["what"], "password_changed");
        // A stolen token does not guess the password.
        for _ in 0..4 { lab.post(&token, path, change("wrong", BETTER)).await.is_invalid("old_password"); }
        lab.post(&token, path, change(GOOD, BETTER)).await.is(401);
    }

    async fn staff_have_longer_passwords(lab: Lab) {
        let path = format!("/api/users/{}/change_password/", lab.staff.uuid);
        lab.post(&lab.staff, &path, json!({"new_password": "x9-hbt!q"})).await.is_invalid("new_password");
        let ann = lab.user("ann").await;
        lab.post(&lab.staff, &format!("/api/users/{}/change_password/", ann.uuid), json!({"new_password": "x9-hbt!q"})).await.is(200);
        for weak in ["Welcome2026!", "P@ssw0rd123", "stoa2026!", "qwerty12345"] {
            lab.post(&lab.staff, &format!("/api/users/{}/change_password/", ann.uuid), json!({"new_password": weak})).await.is_invalid("new_password");
        }
    }

    /// An attacker who guesses locks himself out, and not the owner.
    async fn guessing_elsewhere_does_not_lock_the_owner_out(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let (attacker, owner) = (ann.calling_from("198.51.100.1"), ann.calling_from("192.0.2.7"));
        let all = futures::future::join_all((0..24).map(|_| login(&lab, &attacker, "wrong"))).await;
        let looked_at = all.iter().filter(|reply| reply.text("detail").starts_with("Invalid")).count();
        assert!((4..=6).contains(&looked_at), "{looked_at} guesses at once were looked at");
        assert!(login(&lab, &attacker, GOOD).await.is(401).text("detail").contains("locked"));
        login(&lab, &owner, GOOD).await.is(200);
        // From many machines each has one guess, and the owner still gets in.
        for last in 2..12 {
            let machine = ann.calling_from(&format!("198.51.100.{last}"));
            login(&lab, &machine, "wrong").await.is(401);
            if last > 6 { assert!(login(&lab, &machine, "wrong").await.is(401).text("detail").contains("locked")); }
        }
        login(&lab, &owner, GOOD).await.is(200);
    }

    async fn who_forgot_the_password_gets_a_letter_and_strangers_learn_nothing(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let bob = lab.user("bob").await;
        let email = format!("{}@example.org", ann.name);
        let asked = |body: Value| {
            let lab = &lab;
            async move { lab.post(&lab.nobody(), "/api-auth/password/reset/", body).await.is(202).body }
        };
        let known = asked(json!({"email": email})).await;
        for other in [json!({"username": "nobody.at.all"}), json!({"username": bob.name}), json!({"email": "x@example.org"})] {
            assert_eq!(asked(other).await, known);
        }
        lab.post(&lab.nobody(), "/api-auth/password/reset/", json!({})).await.is(400);
        assert!(letters(&lab, "users.password_reset").await.is_empty(), "the request itself looks for nobody");
        lab.run_jobs().await;
        // One letter: who has no password here gets none.
        let written = letters(&lab, "users.password_reset").await;
        assert_eq!((written.len(), &written[0]["to"]), (1, &json!(email)));
        let link = written[0]["context"]["link"].as_str().unwrap().to_owned();
        let code = link.trim_start_matches("/password_reset/").trim_end_matches('/').to_owned();
        assert_eq!(code.len(), 64);
        assert!(!lab.get(&lab.staff, "/api/events/?page_size=100").await.is(200).body.to_string().contains(&code));
        // Asking again soon writes no other.
        asked(json!({"username": ann.name})).await;
        lab.run_jobs().await;
        assert_eq!(letters(&lab, "users.password_reset").await.len(), 1);
        let confirm = "/api-auth/password/reset/confirm/";
        let body = |code: &str, new: &str| json!({"code": code, "new_password": new});
        for wrong in ["", "x", &"0".repeat(64)] { lab.post(&lab.nobody(), confirm, body(wrong, BETTER)).await.is_invalid("code"); }
        lab.post(&lab.nobody(), confirm, body(&code, "12345678")).await.is_invalid("new_password");
        let tries = futures::future::join_all((0..4).map(|_| lab.post(&lab.staff, confirm, body(&code, BETTER)))).await;
        assert_eq!(tries.iter().filter(|reply| reply.status == 200).count(), 1, "a code is good once");
        lab.get(&ann, "/api/users/me/").await.is(401);
        login(&lab, &ann, GOOD).await.is(401);
        login(&lab, &ann, BETTER).await.is(200);
        // An hour later a code is good for nothing.
        lab.advance(3600);
        asked(json!({"username": ann.name})).await;
        lab.run_jobs().await;
        let last = letters(&lab, "users.password_reset").await.pop().unwrap();
        let code = last["context"]["link"].as_str().unwrap().split('/').nth(2).unwrap().to_owned();
        lab.advance(3601);
        lab.post(&lab.nobody(), confirm, body(&code, GOOD)).await.is_invalid("code");
    }

    async fn a_mailbox_alone_does_not_open_a_staff_account(lab: Lab) {
        let path = format!("/api/users/{}/change_password/", lab.staff.uuid);
        lab.post(&lab.staff, &path, json!({"new_password": GOOD})).await.is(200);
        let staff = Person { name: "staff".into(), ..lab.signed_in("staff").await };
        let ask = || lab.post(&staff, "/api-auth/password/reset/", json!({"username": "staff"}));
        stoa_kernel::store::Store::clone(&lab.core.store).write(|tx| Box::pin(async move {
            tx.execute("UPDATE users SET email = 'staff@example.org' WHERE username = $1", &vals!["staff"]).await.map(|_| ())
        })).await.unwrap();
        ask().await.is(202);
        lab.run_jobs().await;
        assert!(letters(&lab, "users.password_reset").await.is_empty());
        let secret = lab.post(&staff, "/api/second-factors/totp/", json!({})).await.is(201).text("secret");
        let generator = stoa_identity::second_factor::rules::generator(&secret, "", "u").unwrap();
        let code = generator.generate(u64::try_from(lab.core.now().0 / 1_000_000).unwrap()).to_string();
        lab.post(&staff, "/api/second-factors/totp/confirm/", json!({"code": code})).await.is(200);
        ask().await.is(202);
        lab.run_jobs().await;
        assert_eq!(letters(&lab, "users.password_reset").await.len(), 1);
    }

    async fn a_session_ends_with_the_one_at_the_identity_provider(lab: Lab) {
        let (ann, bob) = (lab.user("ann").await, lab.user("bob").await);
        let begin = |person: Person, subject: &'static str, sid: &'static str, until: Option<i64>| {
            let core = lab.core.clone();
            async move {
                let id = core.actor(&person.caller()).await.unwrap().id;
                let now = core.now();
                let inner = core.clone();
                let token = core.store.write(move |tx| {
                    let core = inner.clone();
                    Box::pin(async move {
                        let external = Some(tokens::External { provider: "keycloak", subject, sid: Some(sid) });
                        let until = until.map(|seconds| now.plus_seconds(seconds));
                        let new = tokens::NewSession { user_id: id, method: "keycloak", external, until, ..Default::default() };
                        tokens::issue_session(tx, &core.clock, now, &new).await
                    })
                }).await.unwrap();
                Person { token, ..person }
            }
        };
        let (one, two) = (begin(ann.clone(), "ann", "s1", None).await, begin(ann.clone(), "ann", "s2", None).await);
        let three = begin(bob.clone(), "bob", "s3", None).await;
        let end = |subject: Option<&'static str>, sid: Option<&'static str>| {
            let store = lab.core.store.clone();
            async move {
                store.write(move |tx| Box::pin(async move { tokens::end_by_external(tx, "keycloak", subject, sid).await })).await.unwrap().len()
            }
        };
        assert_eq!((end(None, None).await, end(Some("bob"), Some("s1")).await, end(None, Some("s1")).await), (0, 0, 1));
        lab.get(&one, "/api/users/me/").await.is(401);
        lab.get(&two, "/api/users/me/").await.is(200);
        assert_eq!(end(Some("ann"), None).await, 1);
        lab.get(&two, "/api/users/me/").await.is(401);
        for person in [&three, &ann, &bob] { lab.get(person, "/api/users/me/").await.is(200); }
        // A session does not outlive the proof with which it began.
        let short = begin(ann.clone(), "ann", "s4", Some(600)).await;
        lab.advance(601);
        tokens::sweep(&lab.core.store, lab.core.now()).await.unwrap();
        lab.get(&short, "/api/users/me/").await.is(401);
        lab.get(&ann, "/api/users/me/").await.is(200);
    }

    async fn a_way_in_that_is_closed_is_closed(lab: Lab) {
        let ann = with_password(&lab, "ann").await;
        let store = lab.core.store.clone();
        store.write(|tx| Box::pin(async move {
            let sql = "INSERT INTO settings (key, value, changed_at) VALUES ($1, $2, $3)";
            tx.execute(sql, &vals!["AUTHENTICATION_METHODS", "[]", stoa_kernel::Time(0)]).await.map(|_| ())
        })).await.unwrap();
        assert_eq!(login(&lab, &ann, GOOD).await.is(401).text("detail"), "Authentication method is disabled.");
        lab.post(&lab.nobody(), "/api-auth/password/reset/", json!({"username": ann.name})).await.is(202);
        lab.run_jobs().await;
        assert!(letters(&lab, "users.password_reset").await.is_empty());
    }
}
