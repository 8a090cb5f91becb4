//! Security cases about credentials, by their class: C4, a narrowed credential makes no wider one; C9, no exchange makes one last
//! longer.

use crate::{
    gallery::{self, Gallery, path_of},
    personal_tokens::{allow, mint, wish},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stoa_kernel::{
    access::{Actor, Found, Needs, Reason},
    action::Target,
    id,
};
use stoa_tenancy::access::permissions::{PERMISSIONS, Permission};
use stoa_testing::{Person, World, both};

const TOKENS: &str = "/api/personal-access-tokens/";

fn everything() -> Vec<&'static str> {
    PERMISSIONS.iter().map(|one| one.name).collect()
}

/// What an actor may at most, anywhere: the names of all permissions that count for him.
fn power(actor: &Actor) -> BTreeSet<&'static str> {
    let counts = |permission: &Permission| {
        let held = actor.grants.iter().any(|held| held.counts() && held.role.permissions.contains(permission.id()));
        held || actor.passes_as_staff(permission.id())
    };
    Permission::all().filter(counts).map(Permission::name).collect()
}

/// Whether somewhere in what is needed the user in person is.
fn in_person(needs: &Needs) -> bool {
    match needs {
        Needs::InPerson(_) => true,
        Needs::Any(several) => several.iter().all(in_person),
        _ => false,
    }
}

both! {
    /// C4: with a token of everything, of staff and of an owner, nothing that makes, changes or removes a credential is done.
    async fn c04_no_token_manages_credentials(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let (staff, owner) = (gallery.person("staff"), gallery.person("owner"));
        let all = everything();
        let usual: Vec<&str> = all.iter().copied().filter(|name| !name.ends_with(".ACCESS")).collect();
        let strong = mint(&lab, staff, &all, &[]).await;
        let strong_owner = mint(&lab, owner, &usual, &[]).await;
        let own = lab.get(staff, TOKENS).await.is(200).column("uuid").remove(0);
        let of_owner = lab.get(owner, TOKENS).await.is(200).column("uuid").remove(0);
        for (token, uuid, person) in [(&strong, &own, staff), (&strong_owner, &of_owner, owner)] {
            let path = format!("{TOKENS}{uuid}/");
            lab.get(token, &path).await.is(200);
            let allowed = json!({"allowed_networks": []});
            lab.post(token, TOKENS, wish(&lab, &["PROJECT.LIST"], &[])).await.is_forbidden();
            lab.post(token, &format!("{path}rotate/"), Value::Null).await.is_forbidden();
            lab.post(token, &format!("{path}set_network_acl/"), allowed).await.is_forbidden();
            lab.delete(token, &path).await.is_forbidden();
            let me = format!("/api/users/{}/", person.uuid);
            for (path, body) in [
                (format!("{me}change_password/"), json!({"new_password": "a long and quiet word"})),
                (format!("{me}remove_password/"), Value::Null),
                (format!("{me}refresh_token/"), Value::Null),
                (format!("{me}change_email/"), json!({"email": "eve@example.org"})),
                ("/api/keys/".into(), json!({"name": "k", "public_key": "ssh-ed25519 AAAA"})),
            ] {
                lab.post(token, &path, body).await.is(403);
            }
        }
        // Staff's token makes nobody more than it is.
        let plain = gallery.person("user without roles");
        let of = format!("/api/users/{}/", plain.uuid);
        for field in ["is_staff", "is_support", "is_robot", "can_use_personal_access_tokens", "is_identity_manager"] {
            lab.patch(&strong, &of, json!({field: true})).await.is_forbidden();
            let body = json!({"username": format!("x{}", field.len()), "email": "x@example.org", field: true});
            lab.post(&strong, "/api/users/", body).await.is_forbidden();
        }
        lab.post(&strong, &format!("{of}refresh_token/"), Value::Null).await.is_forbidden();
        // A staff token that lacks a permission does not put it into a role.
        let narrow = mint(&lab, staff, &["STAFF.ACCESS", "PROJECT.LIST"], &[]).await;
        let role = |name: &str, permissions: Value| json!({"name": name, "content_type": "project", "permissions": permissions});
        lab.post(&narrow, "/api/roles/", role("WIDE", json!(["PROJECT.LIST", "PROJECT.DELETE"]))).await.is_forbidden();
        let made = lab.post(&narrow, "/api/roles/", role("THIN", json!(["PROJECT.LIST"]))).await.is(201).text("uuid");
        let wide = role("THIN", json!(["PROJECT.LIST", "PROJECT.DELETE"]));
        lab.put(&narrow, &format!("/api/roles/{made}/"), wide).await.is_forbidden();
        // Nor does it pass as somebody else, who has no limits.
        let act_as = [("x-impersonated-user-uuid", owner.uuid.as_str())];
        lab.raw(&strong, "GET", "/api/users/me/", &act_as, vec![]).await.is(403);
    }

    /// C4: every action that is one's own affair is shut to tokens, those in person to everybody in somebody's place.
    async fn c04_what_is_done_without_a_permission_is_not_done_by_a_token(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let person = gallery.person("project member");
        let all: Vec<&str> = everything().into_iter().filter(|name| !name.ends_with(".ACCESS")).collect();
        let token = mint(&lab, person, &all, &[]).await;
        let (login, by_token) = (lab.actor(person).await, lab.actor(&token).await);
        let mut placed = login.clone();
        placed.impersonator = Some(Box::default());
        let (mut shut, mut own) = (0, 0);
        for action in lab.core.actions() {
            let thing = Found { thing: "user", id: login.id, owner: login.id, ..Found::default() };
            if in_person(&action.needs) {
                own += 1;
                assert!(!action.decide(&placed, &thing).allowed, "{} in somebody's place", action.name);
                assert!(!action.decide(&by_token, &thing).allowed, "{} by a token", action.name);
            }
            let decision = action.decide(&login, &thing);
            let because = decision.because.first();
            if decision.allowed && matches!(because, Some(Reason::SignedIn | Reason::Own)) {
                let open = matches!(action.needs, Needs::AnySignedIn);
                assert_eq!(action.decide(&by_token, &thing).allowed, open, "{}", action.name);
                shut += 1;
            }
        }
        assert!(shut > 4 && own > 4, "{shut} {own}");
    }

    /// C4: whatever a token hands on, through however many hands, is no more than the token is.
    async fn c04_what_a_token_hands_on_is_never_more_than_the_token(lab: Lab) {
        let world = World::build(&lab).await;
        let names: Vec<&str> = PERMISSIONS.iter()
            .filter(|entry| entry.permission.scopes().contains(&"project")).map(|entry| entry.name).collect();
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let some = |most: usize| prop::collection::btree_set(0..names.len(), 0..most);
        let strategy = (some(12), some(5), some(3), 0..3_usize);
        let mut given = 0;
        for case in 0..24 {
            let (held, first, second, bind) = strategy.new_tree(&mut runner).unwrap().current();
            let root = lab.user("root").await;
            lab.grant(&world.acme, "CUSTOMER.OWNER", &root).await;
            let mut scopes: Vec<&str> = held.iter().map(|at| names[*at]).collect();
            scopes.extend(["PROJECT.LIST", "PROJECT.CREATE_PERMISSION", "CUSTOMER.CREATE_PERMISSION"]);
            let bound: &[(&str, &str)] = match bind {
                0 => &[],
                1 => &[("project", &world.apollo.uuid)],
                _ => &[("customer", &world.acme.uuid)],
            };
            let token = mint(&lab, &root, &scopes, bound).await;
            let limit: BTreeSet<&str> = scopes.iter().copied().collect();
            // Roles with something of the token, and with something that it may not have.
            let mut hands = vec![token.clone()];
            for (step, of) in [&first, &second].into_iter().enumerate() {
                let mut carried: BTreeSet<&str> = of.iter().map(|at| names[*at]).collect();
                carried.insert("PROJECT.CREATE_PERMISSION");
                let name = format!("HANDED.{case}.{step}");
                let body = json!({"name": name, "content_type": "project", "permissions": carried});
                lab.post(&lab.staff, "/api/roles/", body).await.is(201);
                let taker = lab.user("taker").await;
                lab.grant(&world.zeus, "PROJECT.MEMBER", &taker).await;
                for giver in hands.clone() {
                    for project in [&world.apollo, &world.zeus] {
                        let body = json!({"role": name, "user": taker.uuid});
                        let reply = lab.post(&giver, &format!("{}add_user/", project.url), body).await;
                        assert!(matches!(reply.status, 201 | 400 | 403 | 404), "{} {}", reply.asked, reply.body);
                        if reply.status == 201 {
                            given += 1;
                            assert!(carried.is_subset(&limit), "{limit:?} handed on {carried:?}");
                            assert!(bind != 1 || project.uuid == world.apollo.uuid, "a bound token gave elsewhere");
                        }
                    }
                }
                // Leave out what the member's own role carries.
                let base = power(&lab.actor(world.person("project member")).await);
                let got: BTreeSet<&str> = power(&lab.actor(&taker).await).difference(&base).copied().collect();
                assert!(got.is_subset(&limit), "{limit:?} made {got:?}");
                allow(&lab, &taker).await;
                // What the taker makes of it is a token of his own, and no wider either.
                let next = mint(&lab, &taker, &names, &[]).await;
                assert!(power(&lab.actor(&next).await).is_subset(&power(&lab.actor(&taker).await)));
                hands.push(next);
            }
            assert!(power(&lab.actor(&token).await).is_subset(&limit));
        }
        assert!(given > 5, "{given}: the property says little");
    }

    /// C4: in any combination of permissions and bounds, a token may and sees no more than its user.
    async fn c04_a_token_is_never_more_than_its_user(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let all: Vec<&str> = everything();
        for who in ["staff", "support agent", "owner", "project admin", "provider's owner", "offering manager"] {
            let person = gallery.person(who);
            let login = lab.actor(person).await;
            let (staff, support) = (login.staff, login.support);
            let scopes: Vec<&str> = all.iter().copied().filter(|name| match *name {
                "STAFF.ACCESS" => staff,
                "SUPPORT.ACCESS" => staff || support,
                _ => true,
            }).collect();
            let token = lab.actor(&mint(&lab, person, &scopes, &[]).await).await;
            for view in lab.core.views().iter().copied() {
                for (_, lookup) in gallery::everything(&lab, view).await {
                    let mut reader = lab.core.store.reader();
                    let mut find = async |actor: &Actor| {
                        stoa_kernel::door::find(&mut reader, actor, view, &lookup, true, lab.core.now()).await.unwrap()
                    };
                    let (by_token, by_login) = (find(&token).await, find(&login).await);
                    assert!(by_token.is_none() || by_login.is_some(), "{who} by token sees {} {lookup:?}", view.name);
                    let Some(found) = by_login else { continue };
                    for action in lab.core.actions() {
                        let target = matches!(action.target, Target::Thing(of) | Target::Parent(_, of) if of.thing == found.thing);
                        if target && action.decide(&token, &found).allowed {
                            assert!(action.decide(&login, &found).allowed, "{who} by token may {}", action.name);
                        }
                    }
                }
            }
        }
    }

    /// C9: a new secret keeps the end of the old one, however often and however late.
    async fn c09_rotation_moves_no_end(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner").clone();
        let first = mint(&lab, &owner, &["PROJECT.LIST"], &[("project", &world.apollo.uuid)]).await;
        let row = lab.get(&owner, TOKENS).await.is(200).rows()[0].clone();
        let (mut uuid, end) = (row["uuid"].as_str().unwrap().to_owned(), row["expires_at"].clone());
        let mut tokens = vec![first];
        for _ in 0..3 {
            lab.advance(2 * 86_400);
            let owner = lab.signed_in(&owner.name).await;
            let next = lab.post(&owner, &format!("{TOKENS}{uuid}/rotate/"), Value::Null).await.is(201);
            assert_eq!(next.header("cache-control"), Some("no-store"));
            assert_eq!(next.body["expires_at"], end);
            assert_eq!((&next.body["scopes"], &next.body["name"]), (&row["scopes"], &row["name"]));
            assert_eq!(next.body["allowed_scopes"], row["allowed_scopes"]);
            // The old one is over, and can't be made to come back.
            lab.get(tokens.last().unwrap(), "/api/users/me/").await.is(401);
            lab.post(&owner, &format!("{TOKENS}{uuid}/rotate/"), Value::Null).await.is(400);
            lab.post(&owner, &format!("{TOKENS}{uuid}/set_network_acl/"), json!({"allowed_networks": []})).await.is(400);
            uuid = next.text("uuid");
            tokens.push(Person { token: next.text("token"), ..owner.clone() });
            lab.get(tokens.last().unwrap(), "/api/users/me/").await.is(200);
        }
        let owner = lab.signed_in(&owner.name).await;
        assert_eq!(lab.get(&owner, &format!("{TOKENS}?is_active=true")).await.is(200).rows().len(), 1);
        lab.advance(4 * 86_400 + 1);
        let owner = lab.signed_in(&owner.name).await;
        for token in &tokens {
            lab.get(token, "/api/users/me/").await.is(401);
        }
        lab.post(&owner, &format!("{TOKENS}{uuid}/rotate/"), Value::Null).await.is(400);
    }

    /// C9: only one of parallel rotations gets a token.
    async fn c09_parallel_rotations_give_one_token(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        mint(&lab, owner, &["PROJECT.LIST"], &[]).await;
        let uuid = lab.get(owner, TOKENS).await.is(200).column("uuid").remove(0);
        let path = format!("{TOKENS}{uuid}/rotate/");
        let all = futures_all((0..8).map(|_| lab.post(owner, &path, Value::Null))).await;
        assert_eq!(all.iter().filter(|reply| reply.status == 201).count(), 1);
        assert_eq!(lab.get(owner, &format!("{TOKENS}?is_active=true")).await.is(200).rows().len(), 1);
    }

    /// C9: the end of a login token is an end, even while it is used.
    async fn c09_a_login_has_an_end(lab: Lab) {
        let person = lab.user("ann").await;
        lab.get(&person, "/api/users/me/").await.is(200);
        let end = lab.core.now().plus_seconds(600);
        let hash = stoa_testing::stored(&person.token);
        lab.core.store.write(move |tx| {
            let hash = hash.clone();
            Box::pin(async move {
                tx.execute("UPDATE tokens SET expires_at = $1 WHERE hash = $2", &stoa_kernel::vals![end, hash]).await
            })
        }).await.unwrap();
        lab.advance(590);
        lab.get(&person, "/api/users/me/").await.is(200);
        lab.advance(20);
        lab.get(&person, "/api/users/me/").await.is(401);
    }

    /// C4 and C10: staff act as others with a login token only, and never as staff or as somebody deactivated.
    async fn c04_acting_as_another_widens_nothing(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let as_ = |uuid: &str| [("x-impersonated-user-uuid".to_owned(), uuid.to_owned())];
        let act = async |person: &Person, uuid: &str, method: &str, path: &str, body: Value| {
            let headers = as_(uuid);
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
                .chain([("content-type", "application/json")]).collect();
            lab.raw(person, method, path, &headers, body.to_string().into_bytes()).await
        };
        let me = act(&lab.staff, &owner.uuid, "GET", "/api/users/me/", Value::Null).await.is(200);
        assert_eq!(me.header("x-impersonator-uuid"), Some(lab.staff.uuid.as_str()));
        assert!(me.body.get("token").is_none());
        // By a cookie, or by a token that is narrower than its user.
        let cookie = format!("sessionid={}", lab.staff.token);
        let headers = [("cookie", cookie.as_str()), ("x-impersonated-user-uuid", owner.uuid.as_str())];
        lab.raw(&lab.nobody(), "GET", "/api/users/me/", &headers, vec![]).await.is(403);
        let strong = mint(&lab, &lab.staff, &everything(), &[]).await;
        act(&strong, &owner.uuid, "GET", "/api/users/me/", Value::Null).await.is(403);
        // As another member of staff, as somebody deactivated, by somebody who is not staff.
        let other = lab.user("second").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", other.uuid), json!({"is_staff": true})).await.is(200);
        act(&lab.staff, &other.uuid, "GET", "/api/users/me/", Value::Null).await.is(403);
        let gone = lab.user("gone").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", gone.uuid), json!({"is_active": false})).await.is(200);
        act(&lab.staff, &gone.uuid, "GET", "/api/users/me/", Value::Null).await.is(403);
        act(world.person("support agent"), &owner.uuid, "GET", "/api/users/me/", Value::Null).await.is(403);
        // In his place no credential of his is touched.
        allow(&lab, owner).await;
        act(&lab.staff, &owner.uuid, "POST", TOKENS, wish(&lab, &["PROJECT.LIST"], &[])).await.is(403);
        let of = format!("/api/users/{}/", owner.uuid);
        act(&lab.staff, &owner.uuid, "POST", &format!("{of}change_email/"), json!({"email": "eve@example.org"})).await.is(403);
        act(&lab.staff, &owner.uuid, "PATCH", &of, json!({"token_lifetime": 999_999, "agree_with_policy": true})).await.is(403);
        act(&lab.staff, &owner.uuid, "POST", "/api/keys/", json!({"name": "k", "public_key": "ssh-ed25519 AAAA"})).await.is(403);
        // Both names are on record, of what is done and of what is refused.
        let done = act(&lab.staff, &owner.uuid, "PATCH", &world.apollo.url, json!({"description": "In his place."})).await;
        assert_eq!(done.is(200).header("x-impersonator-uuid"), Some(lab.staff.uuid.as_str()));
        let events = lab.get(&lab.staff, "/api/events/?event_type=project_update_succeeded").await.is(200);
        let context = &events.rows()[0]["context"];
        assert_eq!((&context["user_uuid"], &context["user_impersonator_uuid"]), (&json!(owner.uuid), &json!(lab.staff.uuid)));
        let sql = "SELECT impersonator FROM refusals WHERE action = 'own_token.create'";
        let rows = lab.core.store.query(sql, &[]).await.unwrap();
        assert_eq!(rows[0].get::<Option<id::Uuid>>(0).unwrap().map(|by| id::hex(&by)), Some(lab.staff.uuid.clone()));
    }
}

async fn futures_all<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|cx| {
        waiting.retain_mut(|one| match one.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

/// C4: routes that make, change or remove credentials run actions that are done in person.
#[test]
fn c04_routes_of_credentials_are_in_person() {
    let of_credentials = ["personal-access-tokens", "change_password", "remove_password", "refresh_token", "change_email"];
    for route in gallery::routes() {
        let Some(action) = route.action() else { continue };
        if of_credentials.iter().any(|part| route.path.contains(part)) {
            assert!(in_person(&action.needs), "{} runs {}", path_of(route, "x"), action.name);
        }
    }
}
