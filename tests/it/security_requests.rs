//! C10, C14 and C19 for what people come in by and keep: headers that lift nobody, lists that tell nothing of others, requests
//! that another site causes.

use crate::gallery::{self, Gallery, path_of};
use serde_json::json;
use stoa_testing::{Person, both};
use stoa_waldur::route::Verb;

const JSON: (&str, &str) = ("content-type", "application/json");

/// Lists in which everybody sees the same, or what is told to everybody.
const FOR_EVERYBODY: &[&str] = &[
    "/api/admin-announcements/",
    "/api/external-links/",
    "/api/user-agreements/",
    "/api/identity-providers/",
    "/api/roles/",
];

both! {
    /// C10: an address that a client makes up opens no network, and a name in a header is nobody.
    async fn c10_made_up_headers_open_nothing(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let owner = gallery.person("owner");
        let expires = lab.core.now().plus_seconds(86_400).to_string();
        let body = json!({"name": "inside", "scopes": ["PROJECT.UPDATE"], "expires_at": expires, "allowed_networks": ["192.0.2.0/24"]});
        let token = lab.post(owner, "/api/personal-access-tokens/", body).await.is(201).text("token");
        let bearer = format!("Bearer {token}");
        let inside = Person { token: token.clone(), ..owner.clone() }.calling_from("192.0.2.7");
        lab.get(&inside, "/api/users/me/").await.is(200);
        for name in ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip", "x-client-ip"] {
            let headers = [("authorization", bearer.as_str()), (name, "192.0.2.7")];
            lab.raw(&lab.nobody(), "GET", "/api/users/me/", &headers, Vec::new()).await.is(401);
        }
        let staff = lab.staff.uuid.clone();
        for name in ["x-remote-user", "remote-user", "x-forwarded-user", "x-user-id", "x-roles", "x-impersonated-user-uuid", "x-auth-user"] {
            lab.raw(&lab.nobody(), "GET", "/api/users/me/", &[(name, &staff)], Vec::new()).await.is(401);
            lab.raw(&lab.nobody(), "GET", "/api/override-settings/", &[(name, &staff)], Vec::new()).await.is(401);
        }
        // With a credential of one's own, such a header does not lift either.
        let own = format!("Token {}", owner.token);
        for name in ["x-remote-user", "x-roles", "x-forwarded-user"] {
            let headers = [("authorization", own.as_str()), (name, "staff")];
            lab.raw(&lab.nobody(), "GET", "/api/override-settings/", &headers, Vec::new()).await.is(403);
        }
    }

    /// C14: what others keep is neither listed nor counted nor told apart from what is not there.
    async fn c14_what_others_keep_does_not_exist(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let stranger = gallery.person("user without roles");
        let none = stoa_kernel::id::hex(&stoa_kernel::id::Uuid::nil());
        let mut looked = Vec::new();
        let lists = gallery::routes().filter(|route| route.method == Verb::Get && !route.path.contains('{'));
        for route in lists.filter(|route| gallery::routes().any(|one| one.path == format!("{}{{uuid}}/", route.path))) {
            if FOR_EVERYBODY.contains(&route.path) || route.path.starts_with("/api/marketplace-") {
                continue;
            }
            let all = lab.get(&lab.staff, &format!("{}?page_size=100", route.path)).await;
            let mine = lab.get(stranger, &format!("{}?page_size=100", route.path)).await;
            if all.status != 200 || mine.status != 200 || !all.body.is_array() {
                continue;
            }
            assert_eq!(lab.count(stranger, route.path).await, mine.rows().len(), "{}", route.path);
            for row in all.rows() {
                let Some(uuid) = row["uuid"].as_str() else { continue };
                if mine.rows().iter().any(|own| own["uuid"] == uuid) {
                    continue;
                }
                let hidden = lab.get(stranger, &format!("{}{uuid}/", route.path)).await;
                let absent = lab.get(stranger, &format!("{}{none}/", route.path)).await;
                // What is listed to those who search may still be fetched by whoever knows it; else both are told alike.
                if hidden.status != 200 {
                    assert_eq!((hidden.status, &hidden.body), (absent.status, &absent.body), "{}{uuid}/", route.path);
                    looked.push(route.path);
                }
            }
        }
        looked.dedup();
        for path in ["/api/user-invitations/", "/api/hooks-web/", "/api/hooks-email/", "/api/event-subscriptions/", "/api/projects/"] {
            assert!(looked.contains(&path), "{path} was not looked at, only {looked:?}");
        }
    }

    /// C14: who invites learns nothing of whom: an address with an account and one without are answered alike.
    async fn c14_inviting_is_no_oracle(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let (owner, known) = (gallery.person("owner"), gallery.person("neighbour's owner"));
        let roles = lab.get(&lab.staff, "/api/roles/?name=PROJECT.MEMBER&page_size=100").await.is(200);
        let role = roles.rows().iter().find(|row| row["name"] == "PROJECT.MEMBER").unwrap()["uuid"].clone();
        let mut answers = Vec::new();
        for email in [format!("{}@example.org", known.name), "nobody.at.all@example.org".to_owned()] {
            let body = json!({"scope": gallery.world.apollo.url, "role": role, "email": email});
            let made = lab.post(owner, "/api/user-invitations/", body).await.is(201);
            let mut shown = made.body.as_object().unwrap().clone();
            for key in ["uuid", "url", "email", "created", "expires"] {
                shown.remove(key);
            }
            answers.push(shown);
        }
        assert_eq!(answers[0], answers[1]);
    }

    /// C19: no operation is run by a cookie when another site causes the request, whatever it is.
    async fn c19_no_operation_is_run_for_another_site(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let owner = gallery.person("owner");
        let cookie = format!("sessionid={}", owner.token);
        let uuid = gallery.world.apollo.uuid.clone();
        let mut tried = 0;
        for route in gallery::routes().filter(|route| route.method != Verb::Get && !route.anonymous) {
            let path = path_of(route, &uuid);
            for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("origin", "null")] {
                let headers = [JSON, ("cookie", cookie.as_str()), (name, value)];
                let reply = lab.raw(&lab.nobody(), route.method.text(), &path, &headers, b"{}".to_vec()).await;
                assert_eq!(reply.status, 403, "{} {path} with {name}: {value} answered {}", route.method.text(), reply.body);
                assert!(reply.body["detail"].as_str().unwrap_or_default().starts_with("CSRF"), "{}", reply.body);
                tried += 1;
            }
        }
        assert!(tried > 500, "{tried}");
    }

    /// C19: the forms of our own pages are pages' forms only, and nobody is signed in by another site.
    async fn c19_forms_of_pages_work_on_pages_only(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let cookie = format!("sessionid={}", gallery.person("owner").token);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let forms = ["/sign-in/", "/sign-in/code/", "/sign-out/", "/account/sessions/end-others/", "/account/codes/enrol/",
            "/account/codes/remove/", "/password_reset/"];
        for path in forms {
            let headers = [form, ("cookie", cookie.as_str()), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
            let reply = lab.raw(&lab.nobody(), "POST", path, &headers, b"username=a&password=b&code=1&email=a%40example.org".to_vec()).await;
            let signed = reply.header("set-cookie").is_some_and(|cookie| cookie.contains("sessionid=") && !cookie.contains("Max-Age=0"));
            assert!(!signed, "{path} signs somebody in");
        }
        // The session that was there still is.
        let me = lab.raw(&lab.nobody(), "GET", "/api/users/me/", &[("cookie", &cookie)], Vec::new()).await;
        assert_eq!((me.status, me.text("uuid")), (200, gallery.person("owner").uuid.clone()));
        // A page lets itself be framed by nobody, and its forms lead nowhere else.
        let page = lab.raw(&lab.nobody(), "GET", "/sign-in/", &[], Vec::new()).await;
        let policy = page.header("content-security-policy").unwrap_or_default();
        for part in ["frame-ancestors 'none'", "form-action 'self'", "default-src 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
