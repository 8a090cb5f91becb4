//! Passkeys, with an authenticator of software.

#![allow(clippy::unwrap_used, reason = "tests")]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stoa_testing::{Lab, Person, Reply, both};

const GOOD: &str = "correct horse battery";
const ORIGIN: &str = "https://stoa.example";

/// A Lab under the address for which passkeys are made.
fn addressed(mut lab: Lab) -> Lab {
    let env = [("STOA_PUBLIC_URL".to_owned(), ORIGIN.to_owned())];
    let config = stoa_server::config::Config::load(&Default::default(), env).unwrap();
    lab.router = stoa_server::serve::app(lab.core.clone(), &config);
    lab
}

/// An authenticator with one key.
#[derive(Clone)]
struct Device {
    key: SigningKey,
    id: Vec<u8>,
    counter: u32,
    /// What it says of the user: 0x01 present, 0x04 verified.
    flags: u8,
    origin: &'static str,
    user: Vec<u8>,
}

impl Device {
    fn new(seed: u8) -> Device {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        Device { key, id: vec![seed; 16], counter: 0, flags: 0x05, origin: ORIGIN, user: Vec::new() }
    }

    fn client_data(&self, what: &str, options: &Value) -> Vec<u8> {
        json!({"type": what, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn head(&self, rp_id: &str, more: u8) -> Vec<u8> {
        let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
        data.push(self.flags | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// What a browser answers to the options of a registration.
    fn register(&mut self, options: &Value) -> Value {
        self.user = B64.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let mut data = self.head(options["rp"]["id"].as_str().unwrap(), 0x40);
        data.extend([0x11; 16]);
        data.extend([0, u8::try_from(self.id.len()).unwrap()]);
        data.extend(&self.id);
        // COSE: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(x);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(y);
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(data);
        json!({
            "id": B64.encode(&self.id), "rawId": B64.encode(&self.id), "type": "public-key",
            "response": {
                "attestationObject": B64.encode(attestation),
                "clientDataJSON": B64.encode(self.client_data("webauthn.create", options)),
                "transports": ["internal", "hybrid"],
            },
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
        })
    }

    /// What a browser answers to the options of a sign-in.
    fn answer(&mut self, options: &Value) -> Value {
        self.counter += 1;
        let client = self.client_data("webauthn.get", options);
        let data = self.head(options["rpId"].as_str().unwrap(), 0);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": B64.encode(&self.id), "rawId": B64.encode(&self.id), "type": "public-key",
            "response": {
                "authenticatorData": B64.encode(data),
                "clientDataJSON": B64.encode(client),
                "signature": B64.encode(signature.to_der().as_bytes()),
                "userHandle": B64.encode(&self.user),
            },
            "clientExtensionResults": {},
        })
    }
}

async fn with_password(lab: &Lab, name: &str) -> Person {
    let person = lab.user(name).await;
    let path = format!("/api/users/{}/change_password/", person.uuid);
    lab.post(&lab.staff, &path, json!({"new_password": GOOD})).await.is(200);
    Person { token: login(lab, &person).await.is(200).text("token"), ..person }
}

async fn login(lab: &Lab, person: &Person) -> Reply {
    lab.post(&lab.nobody(), "/api-auth/password/", json!({"username": person.name, "password": GOOD})).await
}

async fn begin(lab: &Lab, person: &Person, what: &str, body: Value) -> (String, Value) {
    let begun = lab.post(person, &format!("/api/passkeys/{what}/begin/"), body).await.is(200);
    (begun.text("ceremony"), begun.body["options"].clone())
}

async fn registered(lab: &Lab, person: &Person, device: &mut Device, name: &str) -> Value {
    let (ceremony, options) = begin(lab, person, "registration", json!({})).await;
    let body = json!({"ceremony": ceremony, "name": name, "credential": device.register(&options)});
    lab.post(person, "/api/passkeys/registration/finish/", body).await.is(201).body
}

async fn sign_in(lab: &Lab, device: &mut Device) -> Reply {
    let (ceremony, options) = begin(lab, &lab.nobody(), "signin", Value::Null).await;
    let body = json!({"ceremony": ceremony, "credential": device.answer(&options)});
    lab.post(&lab.nobody(), "/api/passkeys/signin/finish/", body).await
}

both! {
    async fn a_passkey_is_made_and_signs_in_alone(plain: Lab) {
        let lab = addressed(plain);
        let ann = with_password(&lab, "ann").await;
        let other = Person { token: login(&lab, &ann).await.is(200).text("token"), ..ann.clone() };
        let mut device = Device::new(7);
        let made = registered(&lab, &ann, &mut device, "Laptop").await;
        assert_eq!((&made["name"], &made["rp_id"], &made["attachment"]), (&json!("Laptop"), &json!("stoa.example"), &json!("platform")));
        assert_eq!((&made["aaguid"], &made["is_discoverable"]), (&json!("11111111-1111-1111-1111-111111111111"), &json!(true)));
        assert_eq!(made["transports"], json!({"internal": true, "hybrid": true}));
        assert_eq!((&made["is_active"], &made["use_count"], &made["revoked_by_username"]), (&json!(true), &json!(0), &json!("")));
        assert!(made["last_used_at"].is_null() && made.get("credential").is_none());
        lab.get(&other, "/api/users/me/").await.is(401);
        let me = lab.get(&ann, "/api/users/me/").await.is(200);
        assert_eq!((&me.body["has_passkey"], &me.body["passkey_count"]), (&json!(true), &json!(1)));
        let token = sign_in(&lab, &mut device).await.is(200).text("token");
        let ann = Person { token, ..ann };
        let sessions = lab.get(&ann, "/api/sessions/").await.is(200);
        let mine = sessions.rows().iter().find(|row| row["is_current"] == true).unwrap().clone();
        assert_eq!((&mine["method"], &mine["factor"]), (&json!("PASSKEY"), &json!("passkey")));
        let list = lab.get(&ann, "/api/passkeys/").await.is(200);
        assert_eq!((list.rows().len(), &list.rows()[0]["use_count"]), (1, &json!(1)));
        assert!(lab.statements_of(&ann, "GET", "/api/passkeys/").await <= 3);
        assert_eq!(lab.count(&ann, "/api/passkeys/").await, 1);
        // As a browser: a cookie, for our own pages only.
        let (ceremony, options) = begin(&lab, &lab.nobody(), "signin", Value::Null).await;
        let body = json!({"ceremony": ceremony, "credential": device.answer(&options), "session": true}).to_string().into_bytes();
        let json = ("content-type", "application/json");
        lab.raw(&lab.nobody(), "POST", "/api/passkeys/signin/finish/", &[json, ("origin", "https://evil")], body.clone()).await.is(403);
        let reply = lab.raw(&lab.nobody(), "POST", "/api/passkeys/signin/finish/", &[json, ("origin", ORIGIN)], body).await.is(200);
        assert!(reply.header("set-cookie").unwrap().contains("Secure") && reply.body.get("token").is_none());
    }

    async fn after_the_password_a_passkey_is_asked_for(plain: Lab) {
        let lab = addressed(plain);
        let ann = with_password(&lab, "ann").await;
        let mut device = Device::new(7);
        registered(&lab, &ann, &mut device, "Laptop").await;
        let asked = login(&lab, &ann).await.is(401);
        assert_eq!((&asked.body["passkey_required"], &asked.body["totp_required"]), (&json!(true), &json!(false)));
        let pending = asked.text("pending_passkey_ceremony");
        let (ceremony, options) = begin(&lab, &lab.nobody(), "mfa", json!({"ceremony": pending})).await;
        assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 1);
        let body = json!({"ceremony": ceremony, "credential": device.answer(&options)});
        let token = lab.post(&lab.nobody(), "/api/passkeys/mfa/finish/", body.clone()).await.is(200).text("token");
        lab.get(&Person { token, ..ann.clone() }, "/api/users/me/").await.is(200);
        // Both are spent.
        lab.post(&lab.nobody(), "/api/passkeys/mfa/finish/", body).await.is(401);
        lab.post(&lab.nobody(), "/api/passkeys/mfa/begin/", json!({"ceremony": pending})).await.is(401);
        // The handle of the first step is no ceremony, and a ceremony is for one purpose.
        let pending = login(&lab, &ann).await.is(401).text("pending_passkey_ceremony");
        let (ceremony, options) = begin(&lab, &lab.nobody(), "mfa", json!({"ceremony": pending})).await;
        let answer = device.answer(&options);
        lab.post(&lab.nobody(), "/api/passkeys/signin/finish/", json!({"ceremony": ceremony, "credential": answer})).await.is(401);
        lab.post(&lab.nobody(), "/api/passkeys/mfa/finish/", json!({"ceremony": pending, "credential": answer})).await.is(401);
        // Somebody else's passkey does not pass my sign-in.
        let bob = with_password(&lab, "bob").await;
        let mut bobs = Device::new(9);
        registered(&lab, &bob, &mut bobs, "Phone").await;
        let body = json!({"ceremony": ceremony, "credential": bobs.answer(&options)});
        lab.post(&lab.nobody(), "/api/passkeys/mfa/finish/", body).await.is(401);
    }

    async fn a_ceremony_is_good_once_for_five_minutes_and_for_its_session(plain: Lab) {
        let lab = addressed(plain);
        let (ann, bob) = (with_password(&lab, "ann").await, with_password(&lab, "bob").await);
        let mut device = Device::new(7);
        let finish = |person: Person, ceremony: String, credential: Value| {
            let lab = &lab;
            async move {
                let body = json!({"ceremony": ceremony, "name": "x", "credential": credential});
                lab.post(&person, "/api/passkeys/registration/finish/", body).await
            }
        };
        let (ceremony, options) = begin(&lab, &ann, "registration", json!({})).await;
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        let again = Person { token: login(&lab, &ann).await.is(200).text("token"), ..ann.clone() };
        finish(bob.clone(), ceremony.clone(), device.register(&options)).await.is(400);
        finish(ann.clone(), ceremony, device.register(&options)).await.is(400);
        let (ceremony, options) = begin(&lab, &ann, "registration", json!({})).await;
        finish(again.clone(), ceremony, device.register(&options)).await.is(400);
        let (ceremony, options) = begin(&lab, &ann, "registration", json!({})).await;
        lab.advance(301);
        finish(ann.clone(), ceremony, device.register(&options)).await.is(400);
        // The wrong page, and a user who was not verified.
        for wrong in [Device { origin: "https://evil.example", ..device.clone() }, Device { flags: 0x01, ..device.clone() }] {
            let (ceremony, options) = begin(&lab, &ann, "registration", json!({})).await;
            finish(ann.clone(), ceremony, wrong.clone().register(&options)).await.is(400);
        }
        registered(&lab, &ann, &mut device, "Laptop").await;
        // The same passkey is nobody else's.
        let (ceremony, options) = begin(&lab, &bob, "registration", json!({})).await;
        finish(bob.clone(), ceremony, device.clone().register(&options)).await.is(400);
        let (ceremony, options) = begin(&lab, &lab.nobody(), "signin", Value::Null).await;
        let body = json!({"ceremony": ceremony, "credential": device.answer(&options)});
        let tries = futures::future::join_all((0..4).map(|_| lab.post(&ann, "/api/passkeys/signin/finish/", body.clone()))).await;
        assert_eq!(tries.iter().filter(|reply| reply.status == 200).count(), 1);
    }

    async fn a_copied_authenticator_is_refused_and_told(plain: Lab) {
        let lab = addressed(plain);
        let ann = with_password(&lab, "ann").await;
        let mut device = Device::new(7);
        registered(&lab, &ann, &mut device, "Laptop").await;
        let mut copy = device.clone();
        for _ in 0..3 { sign_in(&lab, &mut device).await.is(200); }
        sign_in(&lab, &mut copy).await.is(401);
        let failed = lab.get(&lab.staff, "/api/events/?event_type=passkey_authentication_failed").await.is(200);
        assert!(failed.body[0]["context"]["reason"].as_str().unwrap().contains("counter"));
        let sql = "SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id DESC LIMIT 1";
        let last = lab.core.store.query(sql, &[]).await.unwrap();
        assert_eq!(last[0].get::<Value>(0).unwrap()["context"]["what"], "passkey_copied");
        sign_in(&lab, &mut device).await.is(200);
        // A stale second step does not get past the counter either.
        let pending = login(&lab, &ann).await.is(401).text("pending_passkey_ceremony");
        let (ceremony, options) = begin(&lab, &lab.nobody(), "mfa", json!({"ceremony": pending})).await;
        let mut clone = device.clone();
        let answer = clone.answer(&options);
        sign_in(&lab, &mut device).await.is(200);
        lab.post(&lab.nobody(), "/api/passkeys/mfa/finish/", json!({"ceremony": ceremony, "credential": answer})).await.is(401);
        // A forged handle names somebody else, a forged signature nobody.
        let bob = lab.user("bob").await;
        let honest = device.user.clone();
        device.user = uuid::Uuid::parse_str(&bob.uuid).unwrap().as_bytes().to_vec();
        sign_in(&lab, &mut device).await.is(401);
        device.user = honest;
        device.key = SigningKey::from_slice(&[8; 32]).unwrap();
        sign_in(&lab, &mut device).await.is(401);
    }

    async fn passkeys_are_renamed_and_revoked_by_their_owner_and_by_staff(plain: Lab) {
        let lab = addressed(plain);
        let (ann, bob) = (with_password(&lab, "ann").await, with_password(&lab, "bob").await);
        let (mut device, mut phone) = (Device::new(7), Device::new(9));
        let laptop = registered(&lab, &ann, &mut device, "Laptop").await;
        let phone_row = registered(&lab, &ann, &mut phone, "Phone").await;
        let path = format!("/api/passkeys/{}/", laptop["uuid"].as_str().unwrap());
        assert_eq!(lab.patch(&ann, &path, json!({"name": "Work"})).await.is(200).text("name"), "Work");
        lab.put(&ann, &path, json!({"name": " "})).await.is_invalid("name");
        for (person, seen, status) in [(&bob, 404, 404), (&lab.staff, 404, 403), (&lab.nobody(), 401, 401)] {
            lab.get(person, &path).await.is(seen);
            lab.patch(person, &path, json!({"name": "x"})).await.is(status);
            lab.post(person, &format!("{path}revoke/"), json!({})).await.is(status);
        }
        lab.get(&bob, "/api/staff-passkeys/").await.is(403);
        let all = lab.get(&lab.staff, "/api/staff-passkeys/").await.is(200);
        assert_eq!((all.rows().len(), &all.rows()[0]["user_username"]), (2, &json!(ann.name)));
        let as_ann = [("x-impersonated-user-uuid", ann.uuid.as_str()), ("content-type", "application/json")];
        lab.raw(&lab.staff, "POST", &format!("{path}revoke/"), &as_ann, b"{}".to_vec()).await.is(403);
        lab.raw(&lab.staff, "POST", "/api/passkeys/registration/begin/", &as_ann, b"{}".to_vec()).await.is(403);
        lab.post(&ann, &format!("{path}revoke/"), json!({"reason": "Sold"})).await.is(204);
        lab.post(&ann, &format!("{path}revoke/"), json!({})).await.is(409);
        let row = lab.get(&ann, &path).await.is(200);
        assert_eq!((&row.body["is_active"], row.text("revoked_by_username"), row.text("revocation_reason")), (&json!(false), ann.name.clone(), "Sold".into()));
        sign_in(&lab, &mut device).await.is(401);
        sign_in(&lab, &mut phone).await.is(200);
        let path = format!("/api/staff-passkeys/{}/revoke/", phone_row["uuid"].as_str().unwrap());
        lab.post(&lab.staff, &path, json!({})).await.is_invalid("reason");
        lab.post(&ann, &path, json!({"reason": "x"})).await.is(403);
        lab.post(&lab.staff, &path, json!({"reason": "Lost"})).await.is(204);
        lab.get(&ann, "/api/users/me/").await.is(401);
        sign_in(&lab, &mut phone).await.is(401);
        login(&lab, &ann).await.is(200);
        // An old sign-in changes nothing.
        let ann = Person { token: login(&lab, &ann).await.is(200).text("token"), ..ann };
        lab.advance(901);
        lab.post(&ann, "/api/passkeys/registration/begin/", json!({})).await.is(403);
        begin(&lab, &ann, "registration", json!({"password": GOOD})).await;
    }

    async fn staff_can_be_made_to_use_a_passkey(plain: Lab) {
        let lab = addressed(plain);
        let path = format!("/api/users/{}/change_password/", lab.staff.uuid);
        lab.post(&lab.staff, &path, json!({"new_password": GOOD})).await.is(200);
        lab.core.store.write(|tx| Box::pin(async move {
            let sql = "INSERT INTO settings (key, value, changed_at) VALUES ($1, $2, $3)";
            tx.execute(sql, &stoa_kernel::vals!["STAFF_PASSKEY_REQUIRED", "true", stoa_kernel::Time(0)]).await.map(|_| ())
        })).await.unwrap();
        let staff = lab.signed_in("staff").await;
        assert!(login(&lab, &staff).await.is(401).text("detail").contains("passkey"));
        let mut device = Device::new(7);
        registered(&lab, &staff, &mut device, "Key").await;
        let asked = login(&lab, &staff).await.is(401);
        assert_eq!((&asked.body["passkey_required"], &asked.body["totp_required"]), (&json!(true), &json!(false)));
        sign_in(&lab, &mut device).await.is(200);
        // A server without a name has no passkeys.
        let env: [(String, String); 0] = [];
        let config = stoa_server::config::Config::load(&Default::default(), env).unwrap();
        let mut lab = lab;
        lab.router = stoa_server::serve::app(lab.core.clone(), &config);
        lab.post(&lab.nobody(), "/api/passkeys/signin/begin/", Value::Null).await.is(409);
        stoa_identity::passkey::settle(&lab.core, Some("https://moved.example")).await.unwrap();
        let staff = lab.signed_in("staff").await;
        assert_eq!(lab.get(&staff, "/api/passkeys/").await.is(200).rows()[0]["is_orphaned"], true);
        assert_eq!(login(&lab, &staff).await.is(401).body["passkey_required"], true, "an orphan still keeps the password from being enough");
    }
}
