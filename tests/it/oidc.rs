//! Signing in with OpenID Connect, against a provider of our own that can misbehave; and the identity bridge.
//!
//! A strict provider of somebody else's drives the same flow in tests/clients/oidc.sh.

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use stoa_identity::oidc::bearer;
use stoa_kernel::{Time, clock::Clock, vals};
use stoa_testing::{Lab, Person, Reply, both};
use url::Url;

const FAILED: &str = "/sign-in/?message=Signing+in+has+failed.+Please+try+again.";
const SECRET: &str = "s3cret&of=us";

/// What the provider does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Bad {
    #[default]
    Nothing,
    Nonce,
    NoNonce,
    Audience,
    TwoAudiences,
    Party,
    Issuer,
    Expired,
    Future,
    NoSubject,
    AlgorithmNone,
    KeyedWithThePublicKey,
    OtherKey,
    Payload,
    AccessToken,
    OtherPerson,
    NoIdentityToken,
    Refuses,
}

const EVERY_BAD: &[Bad] = &[
    Bad::Nonce,
    Bad::NoNonce,
    Bad::Audience,
    Bad::TwoAudiences,
    Bad::Party,
    Bad::Issuer,
    Bad::Expired,
    Bad::Future,
    Bad::NoSubject,
    Bad::AlgorithmNone,
    Bad::KeyedWithThePublicKey,
    Bad::OtherKey,
    Bad::Payload,
    Bad::AccessToken,
    Bad::OtherPerson,
    Bad::NoIdentityToken,
    Bad::Refuses,
];

/// What a browser was sent with, kept under the code.
#[derive(Debug, Clone)]
struct Granted {
    nonce: String,
    challenge: String,
    redirect_uri: String,
    person: Value,
}

/// A provider of OpenID Connect.
struct Provider {
    url: String,
    clock: Clock,
    seed: [u8; 32],
    codes: Mutex<HashMap<String, Granted>>,
    people: Mutex<HashMap<String, Value>>,
    bad: Mutex<Bad>,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key(seed: &[u8; 32]) -> CoreEdDsaPrivateSigningKey {
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend(seed);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new("k1".into()))).unwrap()
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ byte).collect() };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

impl Provider {
    async fn start(clock: &Clock) -> Arc<Provider> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = Arc::new(Provider {
            url,
            clock: clock.clone(),
            seed: clock.secret(),
            codes: Mutex::default(),
            people: Mutex::default(),
            bad: Mutex::default(),
        });
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/elsewhere/.well-known/openid-configuration", get(discovery_of_another))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    fn discovery_url(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.url)
    }

    fn misbehave(&self, bad: Bad) {
        *self.bad.lock().unwrap() = bad;
    }

    fn now(&self) -> i64 {
        self.clock.now().0 / Time::SECOND
    }

    /// What a browser gets that was sent here and whose person agrees: the query with which it goes back.
    fn authorize(&self, location: &str, person: Value) -> String {
        let url = Url::parse(location).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", "stoa"));
        assert_eq!(asked["code_challenge_method"], "S256");
        let code = b64(self.clock.secret::<16>());
        let granted = Granted {
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            redirect_uri: asked["redirect_uri"].clone(),
            person,
        };
        self.codes.lock().unwrap().insert(code.clone(), granted);
        format!("code={code}&state={}", asked["state"])
    }

    /// A code that a portal got without a challenge.
    fn grant(&self, redirect_uri: &str, person: Value) -> String {
        let code = b64(self.clock.secret::<16>());
        let (nonce, challenge) = (String::new(), String::new());
        let granted = Granted { nonce, challenge, redirect_uri: redirect_uri.into(), person };
        self.codes.lock().unwrap().insert(code.clone(), granted);
        code
    }

    fn signed(&self, header: Value, claims: &Value) -> String {
        let bad = *self.bad.lock().unwrap();
        let seed = if bad == Bad::OtherKey { [7; 32] } else { self.seed };
        let mut header = header;
        header["kid"] = json!("k1");
        header["alg"] = json!(match bad {
            Bad::AlgorithmNone => "none",
            Bad::KeyedWithThePublicKey => "HS256",
            _ => "EdDSA",
        });
        let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let signature = match bad {
            Bad::AlgorithmNone => Vec::new(),
            Bad::KeyedWithThePublicKey => hmac(&self.public(), message.as_bytes()),
            _ => key(&seed).sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes()).unwrap(),
        };
        if bad == Bad::Payload {
            let mut other = claims.clone();
            other["sub"] = json!("somebody else");
            return format!("{}.{}.{}", b64(header.to_string()), b64(other.to_string()), b64(signature));
        }
        format!("{message}.{}", b64(signature))
    }

    fn public(&self) -> Vec<u8> {
        let jwk = serde_json::to_value(key(&self.seed).as_verification_key()).unwrap();
        URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap()
    }

    fn identity_token(&self, granted: &Granted, access: &str) -> String {
        let bad = *self.bad.lock().unwrap();
        let now = self.now();
        let mut claims = json!({
            "iss": self.url, "aud": "stoa", "sub": granted.person["sub"], "iat": now, "exp": now + 300,
            "nonce": granted.nonce, "sid": granted.person["sid"], "at_hash": half_hash(access),
        });
        for name in ["nonce", "sid"] {
            if claims[name].is_null() || claims[name] == "" {
                claims.as_object_mut().unwrap().remove(name);
            }
        }
        match bad {
            Bad::Nonce => claims["nonce"] = json!("another"),
            Bad::NoNonce => drop(claims.as_object_mut().unwrap().remove("nonce")),
            Bad::Audience => claims["aud"] = json!("somebody else"),
            Bad::TwoAudiences => claims["aud"] = json!(["stoa", "somebody else"]),
            Bad::Party => claims["azp"] = json!("somebody else"),
            Bad::Issuer => claims["iss"] = json!("https://id.example"),
            Bad::Expired => claims["exp"] = json!(now - 3600),
            Bad::Future => claims["iat"] = json!(now + 3600),
            Bad::NoSubject => drop(claims.as_object_mut().unwrap().remove("sub")),
            Bad::AccessToken => claims["at_hash"] = json!(half_hash("another")),
            _ => {}
        }
        self.signed(json!({}), &claims)
    }
}

/// As EdDSA has it: the first half of SHA-512.
fn half_hash(text: &str) -> String {
    b64(&sha2::Sha512::digest(text)[..32])
}

type Shared = State<Arc<Provider>>;

fn description(url: &str, at: &str) -> Value {
    json!({
        "issuer": at,
        "authorization_endpoint": format!("{url}/auth"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "end_session_endpoint": format!("{url}/logout"),
        "jwks_uri": format!("{url}/keys"),
        "id_token_signing_alg_values_supported": ["none", "HS256", "EdDSA"],
        "claims_supported": ["sub", "given_name", "family_name", "email"],
        "scopes_supported": ["openid", "profile", "email"],
    })
}

async fn discovery(State(provider): Shared) -> Json<Value> {
    Json(description(&provider.url, &provider.url))
}

async fn discovery_of_another(State(provider): Shared) -> Json<Value> {
    Json(description(&provider.url, "https://id.example"))
}

async fn keys(State(provider): Shared) -> Json<Value> {
    Json(json!({"keys": [key(&provider.seed).as_verification_key()]}))
}

async fn token(
    State(provider): Shared,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let refuse = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": why})));
    let expected = format!("Basic {}", STANDARD.encode("stoa:s3cret%26of%3Dus"));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(expected.as_str()) {
        return refuse("invalid_client");
    }
    let bad = *provider.bad.lock().unwrap();
    let granted = form.get("code").and_then(|code| provider.codes.lock().unwrap().remove(code));
    let Some(granted) = granted.filter(|_| bad != Bad::Refuses) else { return refuse("invalid_grant") };
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    let proved = granted.challenge.is_empty() || b64(Sha256::digest(&verifier)) == granted.challenge;
    if !proved || form.get("redirect_uri") != Some(&granted.redirect_uri) {
        return refuse("invalid_grant");
    }
    let access = b64(provider.clock.secret::<16>());
    let mut person = granted.person.clone();
    if bad == Bad::OtherPerson {
        person["sub"] = json!("somebody else");
    }
    provider.people.lock().unwrap().insert(access.clone(), person);
    let mut answer =
        json!({"access_token": access, "token_type": "Bearer", "id_token": provider.identity_token(&granted, &access)});
    if bad == Bad::NoIdentityToken {
        answer.as_object_mut().unwrap().remove("id_token");
    }
    (StatusCode::OK, Json(answer))
}

async fn userinfo(State(provider): Shared, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let token =
        headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")).unwrap_or("");
    match provider.people.lock().unwrap().get(token) {
        Some(person) => (StatusCode::OK, Json(person.clone())),
        None => (StatusCode::UNAUTHORIZED, Json(json!({}))),
    }
}

fn provider_body(provider: &Provider, name: &str) -> Value {
    json!({"provider": name, "client_id": "stoa", "client_secret": SECRET, "label": "Campus",
           "discovery_url": provider.discovery_url()})
}

async fn set_up(lab: &Lab, name: &str, more: Value) -> Arc<Provider> {
    let provider = Provider::start(&lab.core.clock).await;
    let mut body = provider_body(&provider, name);
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    lab.post(&lab.staff, "/api/identity-providers/", body).await.is(201);
    provider
}

async fn setting(lab: &Lab, name: &str, value: Value) {
    lab.post(&lab.staff, "/api/override-settings/", json!({name: value})).await.is(200);
}

/// A browser: it keeps the cookie that binds a sign-in.
#[derive(Default)]
struct Browser {
    cookie: String,
}

impl Browser {
    /// Begins; gives where it is sent.
    async fn begin(&mut self, lab: &Lab, path: &str) -> String {
        let reply = lab.raw(&lab.nobody(), "GET", path, &[("cookie", &self.cookie)], Vec::new()).await.is(302);
        let cookie = reply.header("set-cookie").unwrap();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=600"),
            "{cookie}"
        );
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        reply.header("location").unwrap().to_owned()
    }

    /// Comes back.
    async fn back(&self, lab: &Lab, name: &str, query: &str) -> Reply {
        let path = format!("/api-auth/{name}/complete/?{query}");
        lab.raw(&lab.nobody(), "GET", &path, &[("cookie", &self.cookie)], Vec::new()).await
    }
}

async fn sign_in(lab: &Lab, provider: &Provider, name: &str, person: Value) -> Reply {
    let mut browser = Browser::default();
    let location = browser.begin(lab, &format!("/api-auth/{name}/init/?next=/profile/")).await;
    browser.back(lab, name, &provider.authorize(&location, person)).await
}

/// The person whom an answer has signed in.
#[track_caller]
fn signed_in(reply: Reply) -> Person {
    let reply = reply.is(302);
    assert_eq!(reply.header("location"), Some("/profile/"), "{:?}", reply.headers);
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly"), "{cookie}");
    let token = cookie.split(';').next().unwrap().strip_prefix("sessionid=").unwrap();
    Person { name: "browser".into(), token: token.into(), ..Person::default() }
}

/// The code with which a browser comes to the portal.
async fn portal_code(lab: &Lab, provider: &Provider) -> String {
    let mut browser = Browser::default();
    let location = browser.begin(lab, "/api-auth/keycloak/init/").await;
    let reply = browser.back(lab, "keycloak", &provider.authorize(&location, ann())).await.is(302);
    assert_eq!(reply.header("set-cookie"), None);
    let url = Url::parse(reply.header("location").unwrap()).unwrap();
    assert_eq!((url.host_str(), url.path()), (Some("portal.example"), "/login_completed/"));
    let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(query["method"], "keycloak");
    query["code"].clone()
}

#[track_caller]
fn refused(reply: Reply) {
    let reply = reply.is(302);
    assert_eq!((reply.header("location"), reply.header("set-cookie")), (Some(FAILED), None));
}

fn ann() -> Value {
    json!({"sub": "ann-1", "given_name": "Ann", "family_name": "Bee", "email": "ann@example.org", "email_verified": true,
           "preferred_username": "ann.b"})
}

async fn me(lab: &Lab, person: &Person) -> Reply {
    lab.get(person, "/api/users/me/").await.is(200)
}

async fn events(lab: &Lab, kind: &str) -> Vec<Value> {
    lab.all(&lab.staff, &format!("/api/events/?event_type={kind}")).await
}

async fn users(lab: &Lab) -> usize {
    lab.count(&lab.staff, "/api/users/").await
}

both! {
    async fn a_provider_is_set_up_by_staff_and_its_secret_is_never_shown(lab: Lab) {
        let provider = Provider::start(&lab.core.clock).await;
        let body = provider_body(&provider, "keycloak");
        let path = "/api/identity-providers/";
        let ann = lab.user("ann").await;
        lab.post(&lab.nobody(), path, body.clone()).await.is(401);
        lab.post(&ann, path, body.clone()).await.is(403);
        let made = lab.post(&lab.staff, path, body.clone()).await.is(201);
        assert_eq!(made.body["auth_url"], format!("{}/auth", provider.url));
        assert_eq!(made.body["client_secret"], "");
        lab.post(&lab.staff, path, body.clone()).await.is_invalid("provider");
        for (field, value) in [
            ("provider", json!("default")), ("provider", json!("A B")), ("discovery_url", json!("http://id.example/")),
            ("discovery_url", json!("file:///etc/passwd")), ("discovery_url", json!("http://127.0.0.1:1/")),
            ("discovery_url", json!(format!("{}/elsewhere/.well-known/openid-configuration", provider.url))),
            ("discovery_url", json!(format!("{}/keys", provider.url))), ("client_secret", json!("")), ("label", json!("")),
            ("allowed_redirects", json!(["https://*.example"])), ("attribute_mapping", json!({"email": 1})),
            ("api_audience", json!("stoa")), ("user_field", json!("is_staff")),
        ] {
            let mut wrong = body.clone();
            wrong["provider"] = json!("other");
            wrong[field] = value.clone();
            lab.post(&lab.staff, path, wrong).await.is_invalid(field);
        }
        // Strangers see what they need to choose it, and nothing else.
        let shown = lab.get(&lab.nobody(), &format!("{path}keycloak/")).await.is(200);
        assert_eq!((shown.text("label"), shown.text("client_id")), ("Campus".into(), "stoa".into()));
        for hidden in ["client_secret", "discovery_url", "token_url", "attribute_mapping", "user_claim"] {
            assert!(shown.body.get(hidden).is_none(), "{hidden}");
        }
        let one = format!("{path}keycloak/");
        lab.patch(&ann, &one, json!({"label": "Mine"})).await.is(403);
        let mut changed = lab.patch(&lab.staff, &one, json!({"label": "Home", "extra_scope": null})).await.is(200);
        assert_eq!(changed.text("label"), "Home");
        // Sending back what was shown keeps the secret; a new one is stored and nowhere to be seen.
        lab.put(&lab.staff, &one, changed.body.clone()).await.is(200);
        let secret = |lab: &Lab| {
            let store = lab.core.store.clone();
            async move { store.query("SELECT client_secret FROM identity_providers", &[]).await.unwrap()[0].get::<String>(0).unwrap() }
        };
        assert_eq!(secret(&lab).await, SECRET);
        changed.body["client_secret"] = json!("an0ther");
        lab.put(&lab.staff, &one, changed.body).await.is(200);
        assert_eq!(secret(&lab).await, "an0ther");
        let told: String = events(&lab, "identity_provider_updated").await.iter().map(Value::to_string).collect();
        assert!(told.contains("client_secret") && !told.contains("an0ther") && !told.contains(SECRET));
        let rows = lab.core.store.query("SELECT context, changes, message FROM events", &[]).await.unwrap();
        for row in rows {
            assert!((0..3).all(|at| !row.get::<String>(at).unwrap().contains("an0ther")));
        }
        // Switched off, it does not exist for others.
        lab.patch(&lab.staff, &one, json!({"is_active": false})).await.is(200);
        lab.get(&lab.nobody(), &one).await.is(404);
        lab.get(&lab.nobody(), "/api-auth/keycloak/init/").await.is(401);
        assert_eq!(lab.count(&ann, path).await, 0);
        lab.delete(&lab.staff, &one).await.is(204);
        lab.get(&lab.staff, &one).await.is(404);
    }

    async fn staff_look_at_a_provider_before_they_set_it_up(lab: Lab) {
        let provider = Provider::start(&lab.core.clock).await;
        let body = json!({"discovery_url": provider.discovery_url()});
        let path = "/api/identity-providers/discover_metadata/";
        lab.post(&lab.nobody(), path, body.clone()).await.is(401);
        lab.post(&lab.user("ann").await, path, body.clone()).await.is(403);
        let found = lab.post(&lab.staff, path, body.clone()).await.is(200);
        assert_eq!(found.body["endpoints"]["token_endpoint"], format!("{}/token", provider.url));
        assert_eq!(found.body["suggested_scopes"], json!(["openid", "profile", "email"]));
        let mapping = lab.post(&lab.staff, "/api/identity-providers/generate-mapping/", body).await.is(200);
        let expected = json!({"first_name": "given_name", "last_name": "family_name", "email": "email"});
        assert_eq!(mapping.body["attribute_mapping"], expected);
    }

    async fn the_default_provider_is_told_while_it_is_active(lab: Lab) {
        let idp = |reply: Reply| reply.body["WALDUR_CORE"]["DEFAULT_IDP"].clone();
        setting(&lab, "DEFAULT_IDP", json!("keycloak")).await;
        assert_eq!(idp(lab.get(&lab.nobody(), "/api/configuration/").await), Value::Null);
        lab.get(&lab.nobody(), "/api-auth/default/init/?probe=1").await.is(401);
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let told = json!({"provider": "keycloak", "client_id": "stoa", "auth_url": format!("{}/auth", provider.url)});
        assert_eq!(idp(lab.get(&lab.nobody(), "/api/configuration/").await), told);
        lab.get(&lab.nobody(), "/api-auth/default/init/?probe=1").await.is(204);
        let location = Browser::default().begin(&lab, "/api-auth/default/init/").await;
        assert!(location.starts_with(&provider.url) && location.contains("keycloak%2Fcomplete"), "{location}");
    }

    async fn somebody_signs_in_and_is_the_same_person_next_time(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({"user_claim": "preferred_username"})).await;
        let first = signed_in(sign_in(&lab, &provider, "keycloak", ann()).await);
        let profile = me(&lab, &first).await;
        assert_eq!(profile.text("username"), "ann.b");
        assert_eq!((profile.text("full_name"), profile.text("email")), ("Ann Bee".into(), "ann@example.org".into()));
        assert_eq!(profile.text("registration_method"), "keycloak");
        assert_eq!((profile.text("identity_provider_name"), profile.text("identity_provider_label")), ("keycloak".into(), "Campus".into()));
        assert!(profile.body["agreement_date"].is_null());
        let uuid = profile.text("uuid");
        assert_eq!(events(&lab, "user_creation_succeeded").await.iter().filter(|event| event["context"]["affected_user_uuid"] == uuid.as_str()).count(), 1);
        let seen = lab.get(&lab.staff, &format!("/api/users/{uuid}/")).await.is(200);
        assert_eq!(seen.body["attribute_sources"]["first_name"]["source"], "keycloak");
        // Next time under other names: the subject is who somebody is.
        let mut person = ann();
        person["family_name"] = json!("Cee");
        person["preferred_username"] = json!("ann.c");
        person["email"] = json!("unproved@example.org");
        person["email_verified"] = json!(false);
        let second = signed_in(sign_in(&lab, &provider, "keycloak", person).await);
        let profile = me(&lab, &second).await;
        assert_eq!((profile.text("uuid"), profile.text("username")), (uuid, "ann.b".into()));
        assert_eq!((profile.text("full_name"), profile.text("email")), ("Ann Cee".into(), "ann@example.org".into()));
        assert_eq!(events(&lab, "auth_logged_in_with_oauth").await.len(), 2);
        let told: String = events(&lab, "auth_logged_in_with_oauth").await.iter().map(Value::to_string).collect();
        assert!(!told.contains(&first.token) && !told.contains("ann-1"));
        // A sign-in is a session among the others, with where it came from.
        let sessions = lab.core.store.query("SELECT method, provider, subject FROM tokens WHERE provider IS NOT NULL", &[]).await.unwrap();
        assert_eq!(sessions.len(), 2);
        assert_eq!(sessions[0].get::<String>(0).unwrap(), "keycloak");
    }

    async fn terms_are_agreed_to_where_the_installation_says_so(lab: Lab) {
        setting(&lab, "AUTO_APPROVE_USER_TOS", json!(true)).await;
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let person = signed_in(sign_in(&lab, &provider, "keycloak", ann()).await);
        assert!(me(&lab, &person).await.body["agreement_date"].is_string());
    }

    async fn a_portal_exchanges_its_code_once_and_in_time(lab: Lab) {
        setting(&lab, "HOMEPORT_URL", json!("https://portal.example/")).await;
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let path = "/api-auth/token-exchange/";
        let first = portal_code(&lab, &provider).await;
        let dashed = format!("{}-{}-{}-{}-{}", &first[..8], &first[8..12], &first[12..16], &first[16..20], &first[20..]);
        let token = lab.post(&lab.nobody(), path, json!({"code": dashed})).await.is(200).text("token");
        let person = Person { token, ..Person::default() };
        assert_eq!(me(&lab, &person).await.text("email"), "ann@example.org");
        let again = lab.post(&lab.nobody(), path, json!({"code": first})).await.is(400);
        let late = portal_code(&lab, &provider).await;
        lab.advance(61);
        assert_eq!(lab.post(&lab.nobody(), path, json!({"code": late})).await.is(400).body, again.body);
        for wrong in [json!("0123456789abcdef0123456789abcdef"), json!("x"), json!("")] {
            lab.post(&lab.nobody(), path, json!({"code": wrong})).await.is_invalid("code");
        }
        // A code is worth nothing once the account is disabled.
        let uuid = me(&lab, &person).await.text("uuid");
        let last = portal_code(&lab, &provider).await;
        lab.patch(&lab.staff, &format!("/api/users/{uuid}/"), json!({"is_active": false})).await.is(200);
        assert_eq!(lab.post(&lab.nobody(), path, json!({"code": last})).await.is(400).body, again.body);
    }

    async fn whatever_is_wrong_with_the_proof_nobody_gets_in(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let before = users(&lab).await;
        for bad in EVERY_BAD {
            provider.misbehave(*bad);
            let reply = sign_in(&lab, &provider, "keycloak", ann()).await;
            assert_eq!((reply.status, reply.header("location")), (302, Some(FAILED)), "{bad:?}");
            assert_eq!(reply.header("set-cookie"), None, "{bad:?}");
        }
        assert_eq!(users(&lab).await, before);
        let failures = events(&lab, "auth_login_failed_with_oauth").await;
        assert_eq!(failures.len(), EVERY_BAD.len());
        assert!(failures.iter().all(|event| event["context"]["reason"].is_string()));
        assert!(failures.iter().all(|event| !event.to_string().contains("ann")));
        provider.misbehave(Bad::Nothing);
        signed_in(sign_in(&lab, &provider, "keycloak", ann()).await);
    }

    async fn a_sign_in_is_of_one_browser_one_provider_once_and_in_time(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let other = set_up(&lab, "eduteams", json!({})).await;
        let mut browser = Browser::default();
        let begin = "/api-auth/keycloak/init/?next=/profile/";
        // In another browser, with a cookie of its own or none: a stolen answer is worth nothing.
        let query = provider.authorize(&browser.begin(&lab, begin).await, ann());
        let mut thief = Browser::default();
        refused(thief.back(&lab, "keycloak", &query).await);
        thief.begin(&lab, begin).await;
        refused(thief.back(&lab, "keycloak", &query).await);
        // At another provider's address: the code would go where it does not belong.
        refused(browser.back(&lab, "eduteams", &query).await);
        // And yet it is still good for the one whose it is, once.
        signed_in(browser.back(&lab, "keycloak", &query).await);
        refused(browser.back(&lab, "keycloak", &query).await);
        // Two tabs of one browser.
        let one = provider.authorize(&browser.begin(&lab, begin).await, ann());
        let two = provider.authorize(&browser.begin(&lab, begin).await, ann());
        signed_in(browser.back(&lab, "keycloak", &one).await);
        signed_in(browser.back(&lab, "keycloak", &two).await);
        // A code of another sign-in, put into this one's answer.
        let mine = provider.authorize(&browser.begin(&lab, begin).await, ann());
        let stolen = provider.authorize(&Browser::default().begin(&lab, begin).await, json!({"sub": "victim"}));
        let injected = format!("{}&{}", stolen.split('&').next().unwrap(), mine.split('&').nth(1).unwrap());
        refused(browser.back(&lab, "keycloak", &injected).await);
        // Too late, and of somebody else by his own words.
        let query = provider.authorize(&browser.begin(&lab, begin).await, ann());
        lab.advance(601);
        refused(browser.back(&lab, "keycloak", &query).await);
        let query = provider.authorize(&browser.begin(&lab, begin).await, ann());
        refused(browser.back(&lab, "keycloak", &format!("{query}&iss={}", other.url)).await);
        let query = provider.authorize(&browser.begin(&lab, begin).await, ann());
        signed_in(browser.back(&lab, "keycloak", &format!("{query}&iss={}", provider.url)).await);
        for query in ["", "code=x", "state=x", "code=x&state=x", "error=access_denied&state=x"] {
            refused(browser.back(&lab, "keycloak", query).await);
        }
        refused(browser.back(&lab, "nosuch", "code=x&state=x").await);
        // Nothing of it is stored as it is.
        let location = browser.begin(&lab, begin).await;
        let state = Url::parse(&location).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let rows = lab.core.store.query("SELECT state, browser FROM oidc_states", &[]).await.unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            assert!(row.get::<String>(0).unwrap() != state && !browser.cookie.ends_with(&row.get::<String>(1).unwrap()));
        }
        lab.advance(1300);
        lab.run_jobs().await;
        assert!(lab.core.store.query("SELECT state FROM oidc_states", &[]).await.unwrap().is_empty());
    }

    async fn nobody_is_sent_elsewhere_after_signing_in(lab: Lab) {
        set_up(&lab, "keycloak", json!({"allowed_redirects": ["https://portal.example"]})).await;
        for next in ["//evil.example", "https://evil.example", "/%5Cevil.example", "/%09/evil.example", "evil"] {
            lab.get(&lab.nobody(), &format!("/api-auth/keycloak/init/?next={next}")).await.is_invalid("next");
        }
        for back in ["https://evil.example", "https://portal.example.evil.example", "https://portal.example@evil.example",
            "http://portal.example", "//portal.example", "javascript:alert(1)", "https://portal.example:444"] {
            lab.get(&lab.nobody(), &format!("/api-auth/keycloak/init/?return_url={back}")).await.is_invalid("return_url");
        }
        Browser::default().begin(&lab, "/api-auth/keycloak/init/?return_url=https://portal.example").await;
        Browser::default().begin(&lab, "/api-auth/keycloak/init/?next=/projects/?x=1").await;
    }

    async fn nobody_fills_the_store_with_sign_ins_that_never_end(lab: Lab) {
        set_up(&lab, "keycloak", json!({})).await;
        let nobody = lab.nobody().calling_from("192.0.2.7");
        for _ in 0..200 {
            lab.get(&nobody, "/api-auth/keycloak/init/").await.is(302);
        }
        lab.get(&nobody, "/api-auth/keycloak/init/").await.is(429);
        lab.get(&lab.nobody().calling_from("192.0.2.8"), "/api-auth/keycloak/init/").await.is(302);
        lab.advance(601);
        lab.get(&nobody, "/api-auth/keycloak/init/").await.is(302);
    }

    async fn neither_a_name_nor_an_address_leads_to_somebody_elses_account(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({"user_claim": "preferred_username"})).await;
        let local = lab.user("local").await;
        let named = |name: &str, email: &str, verified: Value| json!({"sub": format!("sub of {name} {email}"),
            "preferred_username": name, "email": email, "email_verified": verified});
        let email = format!("{}@example.org", local.name);
        // The same name is another account under another name.
        let other = signed_in(sign_in(&lab, &provider, "keycloak", named(&local.name, &email, json!(true))).await);
        let profile = me(&lab, &other).await;
        assert_ne!(profile.text("uuid"), local.uuid);
        assert!(profile.text("username").starts_with("keycloak-"));
        lab.patch(&lab.staff, &format!("/api/users/{}/", profile.text("uuid")), json!({"is_active": false})).await.is(200);
        // By address only where staff want it, and only where the provider vouches for it.
        setting(&lab, "OIDC_MATCHMAKING_BY_EMAIL", json!(true)).await;
        for (at, verified) in [json!(false), json!(null), json!("no")].into_iter().enumerate() {
            let person = signed_in(sign_in(&lab, &provider, "keycloak", named(&format!("x{at}"), &email, verified)).await);
            let uuid = me(&lab, &person).await.text("uuid");
            assert_ne!(uuid, local.uuid);
            lab.patch(&lab.staff, &format!("/api/users/{uuid}/"), json!({"is_active": false})).await.is(200);
        }
        let linked = signed_in(sign_in(&lab, &provider, "keycloak", named("y", &email.to_uppercase(), json!(true))).await);
        assert_eq!(me(&lab, &linked).await.text("uuid"), local.uuid);
        // Who is tied to one subject is nobody else's.
        let another = signed_in(sign_in(&lab, &provider, "keycloak", named("z", &email, json!(true))).await);
        assert_ne!(me(&lab, &another).await.text("uuid"), local.uuid);
        // Never onto staff or a support agent, whatever the address; and not where two have it.
        let support = lab.user("agent").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", support.uuid), json!({"is_support": true})).await.is(200);
        let person = signed_in(sign_in(&lab, &provider, "keycloak", named("w", &format!("{}@example.org", support.name), json!(true))).await);
        assert_ne!(me(&lab, &person).await.text("uuid"), support.uuid);
        assert!(me(&lab, &person).await.body.get("is_support").is_none());
    }

    async fn an_account_that_was_imported_is_found_by_the_name_that_its_provider_gave(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let (mine, other) = (lab.user("mine").await, lab.user("other").await);
        let method = "UPDATE users SET registration_method = $1 WHERE username = $2";
        let name = mine.name.clone();
        lab.core.store.write(move |tx| {
            let name = name.clone();
            Box::pin(async move { tx.execute(method, &vals!["keycloak", name]).await })
        }).await.unwrap();
        let found = signed_in(sign_in(&lab, &provider, "keycloak", json!({"sub": mine.name})).await);
        assert_eq!(me(&lab, &found).await.text("uuid"), mine.uuid);
        let found = signed_in(sign_in(&lab, &provider, "keycloak", json!({"sub": other.name})).await);
        assert_ne!(me(&lab, &found).await.text("uuid"), other.uuid);
    }

    async fn two_first_sign_ins_at_once_make_one_account(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let before = users(&lab).await;
        let all = futures::future::join_all((0..6).map(|_| sign_in(&lab, &provider, "keycloak", ann()))).await;
        let mut uuids = Vec::new();
        for reply in all {
            uuids.push(me(&lab, &signed_in(reply)).await.text("uuid"));
        }
        uuids.dedup();
        assert_eq!((uuids.len(), users(&lab).await), (1, before + 1));
    }

    async fn a_disabled_account_stays_out_and_uninvited_people_get_none(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let person = signed_in(sign_in(&lab, &provider, "keycloak", ann()).await);
        let uuid = me(&lab, &person).await.text("uuid");
        lab.patch(&lab.staff, &format!("/api/users/{uuid}/"), json!({"is_active": false})).await.is(200);
        lab.get(&person, "/api/users/me/").await.is(401);
        let reply = sign_in(&lab, &provider, "keycloak", ann()).await.is(302);
        assert_eq!((reply.header("location"), reply.header("set-cookie")), (Some("/sign-in/?message=User+account+is+disabled."), None));
        setting(&lab, "OIDC_BLOCK_CREATION_OF_UNINVITED_USERS", json!(true)).await;
        let before = users(&lab).await;
        let reply = sign_in(&lab, &provider, "keycloak", json!({"sub": "new", "email": "new@example.org"})).await.is(302);
        assert!(reply.header("location").unwrap().contains("invited") && reply.header("set-cookie").is_none());
        assert_eq!(users(&lab).await, before);
        let acme = lab.organization("Acme").await;
        let roles = lab.get(&lab.staff, "/api/roles/?name=CUSTOMER.OWNER").await.is(200);
        let body = json!({"email": "New@example.org", "role": roles.rows()[0]["uuid"], "scope": acme.url});
        lab.post(&lab.staff, "/api/user-invitations/", body).await.is(201);
        let unproved = json!({"sub": "new", "email": "new@example.org", "email_verified": false});
        assert!(sign_in(&lab, &provider, "keycloak", unproved).await.header("set-cookie").is_none());
        signed_in(sign_in(&lab, &provider, "keycloak", json!({"sub": "new", "email": "new@example.org"})).await);
        // Those who have an account come in as before; and with the method closed nobody does.
        lab.patch(&lab.staff, &format!("/api/users/{uuid}/"), json!({"is_active": true})).await.is(200);
        signed_in(sign_in(&lab, &provider, "keycloak", ann()).await);
        setting(&lab, "AUTHENTICATION_METHODS", json!(["LOCAL_SIGNIN"])).await;
        lab.get(&lab.nobody(), "/api-auth/keycloak/init/").await.is(401);
        lab.get(&lab.nobody(), "/api-auth/keycloak/complete/?code=x&state=y").await.is(401);
    }

    async fn staff_and_support_come_and_go_with_the_claim(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let other = set_up(&lab, "eduteams", json!({})).await;
        setting(&lab, "WALDUR_AUTH_SOCIAL_ROLE_CLAIM", json!("keycloak:roles")).await;
        let with = |roles: Value| { let mut person = ann(); person["roles"] = roles; person };
        let status = |reply: Reply| {
            let lab = &lab;
            async move {
                let uuid = me(lab, &signed_in(reply)).await.text("uuid");
                let seen = lab.get(&lab.staff, &format!("/api/users/{uuid}/")).await.is(200);
                (seen.body["is_staff"] == true, seen.body["is_support"] == true)
            }
        };
        assert_eq!(status(sign_in(&lab, &provider, "keycloak", ann()).await).await, (false, false));
        assert_eq!(status(sign_in(&lab, &provider, "keycloak", with(json!(["staff"]))).await).await, (true, false));
        assert_eq!(status(sign_in(&lab, &provider, "keycloak", with(json!(["support"]))).await).await, (false, true));
        assert_eq!(status(sign_in(&lab, &provider, "keycloak", ann()).await).await, (false, false));
        // Another provider's word makes nobody staff.
        assert_eq!(status(sign_in(&lab, &other, "eduteams", with(json!(["staff"]))).await).await, (false, false));
        // Staff who must have a passkey don't come in this way, however they became staff.
        setting(&lab, "STAFF_PASSKEY_REQUIRED", json!(true)).await;
        let reply = sign_in(&lab, &provider, "keycloak", with(json!(["staff"]))).await.is(302);
        assert!(reply.header("location").unwrap().contains("passkey") && reply.header("set-cookie").is_none());
    }

    async fn protected_fields_are_the_providers(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({"protected_fields": ["last_name", "email"]})).await;
        let person = signed_in(sign_in(&lab, &provider, "keycloak", ann()).await);
        let profile = me(&lab, &person).await;
        assert_eq!(profile.body["identity_provider_fields"], json!(["last_name", "email"]));
        let own = format!("/api/users/{}/", profile.text("uuid"));
        lab.patch(&person, &own, json!({"last_name": "Other", "agree_with_policy": true})).await.is_invalid("last_name");
        lab.patch(&person, &own, json!({"last_name": "Bee", "job_title": "Engineer", "agree_with_policy": true})).await.is(200);
        lab.post(&person, &format!("{own}change_email/"), json!({"email": "mine@example.org"})).await.is_invalid("email");
        assert_eq!(me(&lab, &person).await.text("email"), "ann@example.org");
        lab.patch(&lab.staff, &own, json!({"last_name": "Other"})).await.is(200);
        setting(&lab, "PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS", json!(["keycloak"])).await;
        lab.patch(&person, &own, json!({"job_title": "Other"})).await.is_invalid("job_title");
    }

    async fn signing_out_there_ends_the_logins_here(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({"enable_post_logout_redirect": true})).await;
        let with = |sid: &str| { let mut person = ann(); person["sid"] = json!(sid); person };
        let one = signed_in(sign_in(&lab, &provider, "keycloak", with("s1")).await);
        let two = signed_in(sign_in(&lab, &provider, "keycloak", with("s2")).await);
        let bob = signed_in(sign_in(&lab, &provider, "keycloak", json!({"sub": "bob", "sid": "s3"})).await);
        let event = "http://schemas.openid.net/event/backchannel-logout";
        let message = |more: Value| {
            let mut claims = json!({"iss": provider.url, "aud": "stoa", "iat": provider.now(), "exp": provider.now() + 120,
                "jti": "1", "events": {event: {}}});
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            provider.signed(json!({"typ": "logout+jwt"}), &claims)
        };
        let send = |name: &'static str, token: String| {
            let lab = &lab;
            async move {
                let body = format!("logout_token={token}").into_bytes();
                let path = format!("/api-auth/{name}/backchannel-logout/");
                lab.raw(&lab.nobody(), "POST", &path, &[("content-type", "application/x-www-form-urlencoded")], body).await
            }
        };
        // Nobody but the provider says so.
        let mut answers = Vec::new();
        for more in [json!({"sid": "s1", "iss": "https://id.example"}), json!({"sid": "s1", "aud": "other"}), json!({}),
            json!({"sid": "s1", "nonce": "n"}), json!({"sid": "s1", "events": {}}), json!({"sid": "s1", "iat": provider.now() - 3600})] {
            answers.push(send("keycloak", message(more)).await.is(400).body);
        }
        for bad in [Bad::AlgorithmNone, Bad::OtherKey, Bad::KeyedWithThePublicKey] {
            provider.misbehave(bad);
            answers.push(send("keycloak", message(json!({"sid": "s1"}))).await.is(400).body);
        }
        provider.misbehave(Bad::Nothing);
        answers.push(send("nosuch", message(json!({"sid": "s1"}))).await.is(400).body);
        answers.dedup();
        assert_eq!(answers.len(), 1, "a stranger learns nothing from the answer");
        me(&lab, &one).await;
        // One session, then all of the person.
        send("keycloak", message(json!({"sid": "s1"}))).await.is(200);
        lab.get(&one, "/api/users/me/").await.is(401);
        me(&lab, &two).await;
        let replayed = message(json!({"sub": "ann-1"}));
        send("keycloak", replayed.clone()).await.is(200);
        lab.get(&two, "/api/users/me/").await.is(401);
        me(&lab, &bob).await;
        // A message that comes again does not end what began after it.
        lab.advance(120);
        let three = signed_in(sign_in(&lab, &provider, "keycloak", with("s4")).await);
        send("keycloak", replayed).await;
        me(&lab, &three).await;
        // Signing out here leads there.
        let out = lab.post(&three, "/api-auth/logout/", json!({})).await.is(200);
        let url = Url::parse(&out.text("logout_url")).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert!(out.text("logout_url").starts_with(&format!("{}/logout?", provider.url)));
        assert_eq!((query["client_id"].as_str(), query["post_logout_redirect_uri"].as_str()), ("stoa", "http://stoa.test/"));
        assert_eq!(query["id_token_hint"].split('.').count(), 3);
        lab.get(&three, "/api/users/me/").await.is(401);
        let local = lab.user("local").await;
        lab.post(&local, "/api-auth/logout/", json!({})).await.is(204);
    }

    async fn a_code_that_a_portal_hands_in_needs_pkce_switched_off(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({"allowed_redirects": ["https://portal.example"]})).await;
        let uri = "https://portal.example/oauth_login_completed/keycloak/";
        let body = |client: &str, uri: &str, code: String| json!({"clientId": client, "redirectUri": uri, "code": code});
        let path = "/api-auth/keycloak/";
        lab.post(&lab.nobody(), path, body("stoa", uri, provider.grant(uri, ann()))).await.is_invalid("non_field_errors");
        lab.patch(&lab.staff, "/api/identity-providers/keycloak/", json!({"enable_pkce": false})).await.is(200);
        lab.post(&lab.nobody(), path, body("other", uri, provider.grant(uri, ann()))).await.is_invalid("clientId");
        let evil = "https://evil.example/";
        lab.post(&lab.nobody(), path, body("stoa", evil, provider.grant(evil, ann()))).await.is_invalid("redirectUri");
        lab.post(&lab.nobody(), path, body("stoa", uri, "x".into())).await.is(401);
        let token = lab.post(&lab.nobody(), path, body("stoa", uri, provider.grant(uri, ann()))).await.is(201).text("token");
        assert_eq!(me(&lab, &Person { token, ..Person::default() }).await.text("first_name"), "Ann");
        lab.post(&lab.nobody(), path, body("stoa", uri, provider.grant(uri, ann()))).await.is(200);
        lab.post(&lab.nobody(), "/api-auth/nosuch/", body("stoa", uri, "x".into())).await.is(401);
    }

    async fn an_access_token_of_a_trusted_issuer_proves_who_has_signed_in(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let person = signed_in(sign_in(&lab, &provider, "keycloak", ann()).await);
        let uuid = me(&lab, &person).await.text("uuid");
        let token = |more: Value, header: Value| {
            let mut claims = json!({"iss": provider.url, "aud": "stoa-api", "sub": "ann-1", "iat": provider.now(), "exp": provider.now() + 300});
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            provider.signed(header, &claims)
        };
        let kind = json!({"typ": "at+jwt"});
        let good = token(json!({}), kind.clone());
        assert!(bearer::is_foreign(&good) && !bearer::is_foreign("w_1_abc"));
        // Not until staff name the audience.
        assert!(bearer::verify(&lab.core, &good).await.is_err());
        let path = "/api/identity-providers/keycloak/";
        lab.patch(&lab.staff, path, json!({"api_audience": "stoa"})).await.is_invalid("api_audience");
        lab.patch(&lab.staff, path, json!({"api_audience": "stoa-api"})).await.is(200);
        assert_eq!(stoa_kernel::id::hex(&bearer::verify(&lab.core, &good).await.unwrap()), uuid);
        // At the API it is the person, but not in person: it makes and changes no credentials, and stands in for nobody.
        let bearing = format!("Bearer {good}");
        let call = |method: &'static str, path: String, body: Value| {
            let (lab, bearing) = (&lab, &bearing);
            async move {
                let headers = [("authorization", bearing.as_str()), ("content-type", "application/json")];
                lab.raw(&lab.nobody(), method, &path, &headers, body.to_string().into_bytes()).await
            }
        };
        assert_eq!(call("GET", "/api/users/me/".into(), Value::Null).await.is(200).text("uuid"), uuid);
        let email = json!({"email": "x@example.org"});
        call("POST", format!("/api/users/{uuid}/change_email/"), email).await.is(403);
        call("POST", "/api/personal-access-tokens/".into(), json!({"name": "x", "scopes": [], "expires_at": "2030-01-01T00:00:00Z"}))
            .await
            .is(403);
        let forged = [("authorization", "Bearer a.b.c")];
        lab.raw(&lab.nobody(), "GET", "/api/users/me/", &forged, Vec::new()).await.is(401);
        for (more, header) in [
            (json!({"aud": "stoa"}), kind.clone()), (json!({"iss": "https://id.example"}), kind.clone()),
            (json!({"exp": provider.now() - 61}), kind.clone()), (json!({"nonce": "n"}), kind.clone()),
            (json!({"sub": "nobody"}), kind.clone()), (json!({}), json!({"typ": "logout+jwt"})), (json!({"typ": "ID"}), json!({})),
        ] {
            assert!(bearer::verify(&lab.core, &token(more.clone(), header)).await.is_err(), "{more}");
        }
        for bad in [Bad::AlgorithmNone, Bad::OtherKey, Bad::KeyedWithThePublicKey, Bad::Payload] {
            provider.misbehave(bad);
            assert!(bearer::verify(&lab.core, &token(json!({}), kind.clone())).await.is_err(), "{bad:?}");
        }
        provider.misbehave(Bad::Nothing);
        lab.advance(361);
        assert!(bearer::verify(&lab.core, &good).await.is_err(), "it ends when it says");
        let fresh = token(json!({}), kind);
        bearer::verify(&lab.core, &fresh).await.unwrap();
        lab.patch(&lab.staff, &format!("/api/users/{uuid}/"), json!({"is_active": false})).await.is(200);
        assert!(bearer::verify(&lab.core, &fresh).await.is_err(), "a disabled account is out at once");
    }

    async fn a_provider_that_people_use_keeps_its_issuer(lab: Lab) {
        let provider = set_up(&lab, "keycloak", json!({})).await;
        let other = Provider::start(&lab.core.clock).await;
        let path = "/api/identity-providers/keycloak/";
        signed_in(sign_in(&lab, &provider, "keycloak", ann()).await);
        lab.patch(&lab.staff, path, json!({"discovery_url": other.discovery_url()})).await.is_invalid("discovery_url");
        lab.delete(&lab.staff, path).await.is(409);
        lab.patch(&lab.staff, path, json!({"discovery_url": provider.discovery_url()})).await.is(200);
    }

    async fn saml_is_there_and_off(lab: Lab) {
        lab.post(&lab.nobody(), "/api-auth/saml2/login/", json!({"idp": "x"})).await.is(401);
        lab.get(&lab.nobody(), "/api-auth/saml2/logout/").await.is(401);
        assert_eq!(lab.get(&lab.nobody(), "/api-auth/saml2/providers/").await.is(200).body, json!([]));
    }

    async fn sources_push_people_and_drop_them(lab: Lab) {
        let manager = lab.user("manager").await;
        let body = json!({"username": "cuid@id.example", "source": "isd:campus", "first_name": "Ann", "email": "ann@example.org",
            "job_title": "Boss", "gender": 2});
        let path = "/api/identity-bridge/";
        lab.post(&lab.nobody(), path, body.clone()).await.is(401);
        lab.post(&manager, path, body.clone()).await.is(403);
        let status = json!({"is_identity_manager": true, "managed_isds": ["isd:campus"]});
        lab.patch(&lab.staff, &format!("/api/users/{}/", manager.uuid), status).await.is(200);
        lab.post(&manager, path, body.clone()).await.is(409);
        setting(&lab, "FEDERATED_IDENTITY_SYNC_ENABLED", json!(true)).await;
        let made = lab.post(&manager, path, body.clone()).await.is(200);
        assert_eq!((made.body["created"].clone(), made.body["updated_fields"].clone()), (json!(true), json!(["first_name", "email"])));
        let one = format!("/api/users/{}/", made.text("uuid"));
        let seen = lab.get(&lab.staff, &one).await.is(200);
        assert_eq!((seen.text("first_name"), seen.text("job_title"), seen.body["active_isds"].clone()), ("Ann".into(), String::new(), json!(["isd:campus"])));
        let again = lab.post(&manager, path, body.clone()).await.is(200);
        assert_eq!((again.body["created"].clone(), again.body["updated_fields"].clone()), (json!(false), json!([])));
        // Only for one's own sources, in their form.
        let mut other = body.clone();
        other["source"] = json!("isd:other");
        lab.post(&manager, path, other.clone()).await.is(403);
        other["source"] = json!("campus");
        lab.post(&manager, path, other.clone()).await.is_invalid("source");
        other["source"] = json!("isd:other");
        lab.post(&lab.staff, path, other).await.is(200);
        // Staff, support agents, identity managers and local accounts are out of reach.
        let local = lab.user("local").await;
        lab.post(&lab.staff, &format!("/api/users/{}/change_password/", local.uuid), json!({"new_password": "correct horse battery"})).await.is(200);
        for name in [&lab.staff.name, &manager.name, &local.name] {
            let take = json!({"username": name, "source": "isd:campus", "email": "mine@example.org"});
            lab.post(&manager, path, take.clone()).await.is(403);
            lab.post(&lab.staff, path, take.clone()).await.is(403);
            lab.post(&manager, &format!("{path}remove/"), json!({"username": name, "source": "isd:campus"})).await.is(403);
        }
        // What a source said goes with it; the policy says whether the person does.
        setting(&lab, "FEDERATED_IDENTITY_DEACTIVATION_POLICY", json!("all_isds_removed")).await;
        let drop = |source: &str| json!({"username": "cuid@id.example", "source": source});
        assert_eq!(lab.post(&lab.staff, &format!("{path}remove/"), drop("isd:other")).await.is(200).body["deactivated"], json!(false));
        let gone = lab.post(&manager, &format!("{path}remove/"), drop("isd:campus")).await.is(200);
        assert_eq!(gone.body["deactivated"], json!(true));
        assert_eq!(lab.get(&lab.staff, &one).await.is(200).body["is_active"], json!(false));
        lab.post(&manager, path, body.clone()).await.is(200);
        assert_eq!(lab.get(&lab.staff, &one).await.is(200).body["is_active"], json!(true));
        // Whom a person has deactivated no source brings back.
        lab.patch(&lab.staff, &one, json!({"is_active": false})).await.is(200);
        lab.post(&manager, path, body).await.is(200);
        assert_eq!(lab.get(&lab.staff, &one).await.is(200).body["is_active"], json!(false));
        let stats = lab.get(&lab.staff, &format!("{path}stats/")).await.is(200);
        assert_eq!((stats.body["total_federated_users"].clone(), stats.body["users_per_isd"][0]["isd"].clone()), (json!(1), json!("isd:campus")));
        assert_eq!(stats.body["identity_managers"][0]["managed_isds"], json!(["isd:campus"]));
        lab.get(&manager, &format!("{path}stats/")).await.is(403);
        assert!(lab.get(&manager, &format!("{path}allowed-fields/")).await.is(200).body["allowed_fields"].as_array().unwrap().contains(&json!("email")));
        let local = lab.signed_in(&local.name).await;
        lab.get(&local, &format!("{path}allowed-fields/")).await.is(403);
    }

    async fn whom_a_source_pushed_signs_in_by_the_same_name(lab: Lab) {
        setting(&lab, "FEDERATED_IDENTITY_SYNC_ENABLED", json!(true)).await;
        let provider = set_up(&lab, "eduteams", json!({})).await;
        let body = json!({"username": "cuid@id.example", "source": "isd:campus", "first_name": "Ann"});
        let made = lab.post(&lab.staff, "/api/identity-bridge/", body).await.is(200);
        let person = signed_in(sign_in(&lab, &provider, "eduteams", json!({"sub": "cuid@id.example"})).await);
        assert_eq!(me(&lab, &person).await.text("uuid"), made.text("uuid"));
    }
}
