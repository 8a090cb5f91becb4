//! Who, what, since when and what if (mission R3, R5–R8): the answers, who gets them, and that simulating equals applying.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::personal_tokens::mint;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stoa_kernel::vals;
use stoa_tenancy::access::what::names;
use stoa_testing::{Lab, Person, Reply, Thing, World, both};

/// Sends a request that only asks what it would change.
pub async fn simulated(lab: &Lab, by: &Person, method: &str, path: &str, body: &Value) -> Reply {
    let headers = [("x-simulate", "true"), ("content-type", "application/json")];
    lab.raw(by, method, path, &headers, body.to_string().into_bytes()).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn users(rows: &Value) -> BTreeSet<String> {
    rows.as_array().unwrap().iter().map(|row| text(&row["user"]["username"])).collect()
}

fn permissions(rows: &Value) -> BTreeSet<String> {
    rows.as_array().unwrap().iter().map(text).collect()
}

async fn role_uuid(lab: &Lab, name: &str) -> String {
    let roles = lab.get(&lab.staff, &format!("/api/roles/?name={name}")).await.is(200);
    text(&roles.rows().iter().find(|role| role["name"] == name).unwrap()["uuid"])
}

/// What everybody can do at every scope where he holds a role there or at its organization, and who is staff or support agent: read
/// through the actors of the present.
pub type Powers = BTreeMap<(String, String), BTreeSet<String>>;

pub async fn powers(lab: &Lab) -> Powers {
    let ids = lab.core.store.query("SELECT id FROM users ORDER BY id", &[]).await.unwrap();
    let ids: Vec<i64> = ids.iter().map(|row| row.get(0).unwrap()).collect();
    let now = lab.core.now();
    let projects = lab.core.store.query("SELECT id, customer_id FROM projects", &[]).await.unwrap();
    let projects: Vec<(i64, i64)> = projects.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect();
    let scopes = lab.core.store.query("SELECT DISTINCT scope, scope_id, customer_id FROM grants", &[]).await.unwrap();
    let mut scopes: BTreeSet<(String, i64, i64)> =
        scopes.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap())).collect();
    scopes.retain(|(scope, id, owner)| scope != "project" || projects.contains(&(*id, *owner)));
    let mut powers = Powers::new();
    for actor in lab.core.actors_in(&mut lab.core.store.reader(), &ids, now).await.unwrap() {
        for (scope, id, owner) in &scopes {
            let here = actor.grants.iter().filter(|held| held.counts()).filter(|held| {
                held.scope == *scope && held.scope_id == *id || held.scope == "customer" && held.scope_id == *owner
            });
            let able: BTreeSet<String> =
                here.flat_map(|held| names(&held.role.permissions)).map(str::to_owned).collect();
            if !able.is_empty() {
                powers.insert((actor.username.clone(), format!("{scope} {id}")), able);
            }
        }
        let is = [("staff", actor.staff), ("support", actor.support)];
        let is: BTreeSet<String> = is.iter().filter(|(_, is)| *is).map(|(name, _)| (*name).to_owned()).collect();
        if !is.is_empty() {
            powers.insert((actor.username.clone(), String::new()), is);
        }
    }
    powers
}

/// Where people hold roles, whether these count or not. What one can do elsewhere follows from it and is not told again.
pub(crate) async fn places(lab: &Lab) -> BTreeSet<(String, String)> {
    let sql = "SELECT u.username, g.scope, g.scope_id FROM grants g JOIN users u ON u.id = g.user_id WHERE g.revoked_at IS NULL";
    let rows = lab.core.store.query(sql, &[]).await.unwrap();
    let read = |row: &stoa_kernel::store::Row| {
        (row.get(0).unwrap(), format!("{} {}", row.get::<String>(1).unwrap(), row.get::<i64>(2).unwrap()))
    };
    rows.iter().map(read).collect()
}

/// What one reading of [`powers`] has and the other has not, as a simulation tells it: at these places, for the installation, and
/// for a project that moves or ends.
pub(crate) fn compared(
    before: &Powers,
    after: &Powers,
    places: &BTreeSet<(String, String)>,
    project: &str,
) -> BTreeMap<(String, String), (BTreeSet<String>, BTreeSet<String>)> {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
    let none = BTreeSet::new();
    let mut all = BTreeMap::new();
    for key in keys {
        let (had, has) = (before.get(&key).unwrap_or(&none), after.get(&key).unwrap_or(&none));
        let (gained, lost) = (has.difference(had).cloned().collect(), had.difference(has).cloned().collect());
        if had != has && (places.contains(&key) || key.1.is_empty() || key.1 == project) {
            all.insert(key, (gained, lost));
        }
    }
    all
}

/// The same, as it was told.
pub(crate) async fn told(
    lab: &Lab,
    answer: &Value,
) -> BTreeMap<(String, String), (BTreeSet<String>, BTreeSet<String>)> {
    let mut all = BTreeMap::new();
    for row in answer["differences"].as_array().unwrap() {
        let scope = match row["scope"].as_object() {
            None => String::new(),
            Some(scope) => {
                let uuid = stoa_kernel::id::parse(scope["uuid"].as_str().unwrap()).unwrap();
                let rows = lab
                    .core
                    .store
                    .query("SELECT scope_id FROM grants WHERE scope_uuid = $1", &vals![uuid])
                    .await
                    .unwrap();
                format!("{} {}", text(&scope["type"]), rows[0].get::<i64>(0).unwrap())
            }
        };
        let gained = permissions(&row["gained"]);
        all.insert((text(&row["user"]["username"]), scope), (gained, permissions(&row["lost"])));
    }
    all
}

/// One change, and the request that makes it.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Grant { who: usize, role: usize, on: usize },
    Revoke { who: usize, role: usize, on: usize },
    Strip { role: usize, keep: usize },
    Switch { role: usize, on: bool },
    Remove { project: usize },
    Move { project: usize, to: usize },
    Power { who: usize, field: usize, on: bool },
    Wait { hours: i64 },
}

const ROLES: [&str; 6] =
    ["CUSTOMER.OWNER", "CUSTOMER.SUPPORT", "PROJECT.ADMIN", "PROJECT.MANAGER", "PROJECT.MEMBER", "CUSTOMER.MANAGER"];

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_usize, 0..5_usize, 0..3_usize).prop_map(|(who, role, on)| Step::Grant { who, role, on }),
        3 => (0..3_usize, 0..5_usize, 0..3_usize).prop_map(|(who, role, on)| Step::Revoke { who, role, on }),
        2 => (0..5_usize, 0..9_usize).prop_map(|(role, keep)| Step::Strip { role, keep }),
        2 => (0..5_usize, any::<bool>()).prop_map(|(role, on)| Step::Switch { role, on }),
        1 => (0..3_usize).prop_map(|project| Step::Remove { project }),
        1 => (0..3_usize, 0..2_usize).prop_map(|(project, to)| Step::Move { project, to }),
        2 => (0..3_usize, 0..3_usize, any::<bool>()).prop_map(|(who, field, on)| Step::Power { who, field, on }),
        1 => (1..30_i64).prop_map(|hours| Step::Wait { hours }),
    ];
    proptest::collection::vec(step, 12)
}

/// The request of a step: method, path and body.
pub(crate) async fn request(
    lab: &Lab,
    world: &World,
    people: &[Person],
    step: &Step,
) -> Option<(&'static str, String, Value)> {
    let projects = [&world.apollo, &world.zeus, &world.hermes];
    let on = |role: usize, at: usize| -> &Thing {
        if ROLES[role].starts_with("CUSTOMER") { [&world.acme, &world.other, &world.acme][at] } else { projects[at] }
    };
    Some(match step {
        Step::Grant { who, role, on: at } => {
            let until = (who + role) % 2 == 0;
            let until = until.then(|| lab.core.now().plus_seconds(20 * 3600).to_string());
            let body = json!({"role": ROLES[*role], "user": people[*who].uuid, "expiration_time": until});
            ("POST", format!("{}add_user/", on(*role, *at).url), body)
        }
        Step::Revoke { who, role, on: at } => {
            let body = json!({"role": ROLES[*role], "user": people[*who].uuid});
            ("POST", format!("{}delete_user/", on(*role, *at).url), body)
        }
        Step::Strip { role, keep } => {
            let path = format!("/api/roles/{}/", role_uuid(lab, ROLES[*role]).await);
            let shown = lab.get(&lab.staff, &path).await.is(200).body;
            let kept: Vec<&Value> = shown["permissions"].as_array().unwrap().iter().take(keep * 7).collect();
            ("PUT", path, json!({"name": shown["name"], "content_type": shown["content_type"], "permissions": kept}))
        }
        Step::Switch { role, on } => {
            let word = if *on { "enable" } else { "disable" };
            ("POST", format!("/api/roles/{}/{word}/", role_uuid(lab, ROLES[*role]).await), json!({}))
        }
        Step::Remove { project } => ("DELETE", projects[*project].url.clone(), json!({})),
        Step::Move { project, to } => {
            let to = [&world.acme, &world.other][*to];
            (
                "POST",
                format!("{}move_project/", projects[*project].url),
                json!({"customer": to.url, "preserve_permissions": true}),
            )
        }
        Step::Power { who, field, on } => {
            let field = ["is_support", "is_staff", "is_active"][*field];
            ("PATCH", format!("/api/users/{}/", people[*who].uuid), json!({field: on}))
        }
        Step::Wait { .. } => return None,
    })
}

both! {
    async fn who_is_not_known_to_the_asker_does_not_exist_for_him(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, neighbour, provider) = (world.person("owner"), world.person("neighbour's owner"), world.person("provider's owner"));
        let ask = |user: &str| format!("/api/access/explain/?user={user}&action=project.update&scope=project:{}", world.apollo.uuid);
        let what = |user: &str| format!("/api/access/what/?user={user}&scope=project:{}", world.apollo.uuid);
        assert_eq!(lab.get(owner, &ask(&world.person("project admin").name)).await.is(200).body["allowed"], false);
        lab.get(owner, &what(&world.person("project admin").name)).await.is(200);
        for unknown in [&neighbour.name, &lab.staff.name, "nobody-at-all"] {
            for path in [ask(unknown), what(unknown)] {
                let told = lab.get(owner, &path).await.is_invalid("user");
                assert_eq!(told.body["user"][0], "User is not found.");
            }
        }
        // Who once was there can still be asked about, and staff ask about anybody.
        let gone = world.person("project manager");
        lab.post(owner, &format!("{}delete_user/", world.apollo.url), json!({"role": "PROJECT.MANAGER", "user": gone.uuid})).await.is(200);
        lab.get(owner, &ask(&gone.name)).await.is(200);
        lab.get(&lab.staff, &ask(&provider.name)).await.is(200);
    }

    async fn a_support_agent_who_holds_a_role_can_by_that_role(lab: Lab) {
        let world = World::build(&lab).await;
        let agent = world.person("support agent");
        lab.grant(&world.apollo, "PROJECT.MANAGER", agent).await;
        let who = lab.get(&lab.staff, &format!("/api/access/who/?action=PROJECT.UPDATE&scope=project:{}", world.apollo.uuid)).await;
        assert!(users(&who.is(200).body["people"]).contains(&agent.name));
    }

    async fn who_can_is_told_with_the_roles_through_which(lab: Lab) {
        let world = World::build(&lab).await;
        let ask = |scope: &str| format!("/api/access/who/?action=PROJECT.UPDATE&scope={scope}");
        let all = lab.get(&lab.staff, &ask(&world.apollo.url)).await.is(200).body;
        let names = users(&all["people"]);
        assert!(names.contains(&world.person("owner").name) && names.contains(&world.person("project manager").name), "{all}");
        assert!(!names.contains(&world.person("project member").name) && !names.contains(&world.person("user without roles").name), "{all}");
        assert!(all["people"][0]["reasons"][0]["text"].as_str().unwrap().contains("role"), "{all}");
        assert_eq!((&all["everybody"], &all["hidden"]), (&json!(false), &json!(0)));
        assert!(all["staff"].as_u64() >= Some(1));
        // Who could last March is another question than who can.
        let march = lab.core.now();
        lab.advance(86_400);
        let manager = world.person("project manager");
        lab.post(&lab.staff, &format!("{}delete_user/", world.apollo.url), json!({"role": "PROJECT.MANAGER", "user": manager.uuid})).await.is(200);
        let staff = lab.signed_in("staff").await;
        assert!(!users(&lab.get(&staff, &ask(&world.apollo.url)).await.is(200).body["people"]).contains(&manager.name));
        let then = lab.get(&staff, &format!("{}&at={march}", ask(&world.apollo.url))).await.is(200).body;
        assert_eq!(users(&then["people"]), names);
        // The people of the project ask about it; neighbours don't know that it is there.
        let owner = lab.signed_in(&world.person("owner").name).await;
        assert!(!users(&lab.get(&owner, &ask(&world.apollo.url)).await.is(200).body["people"]).is_empty());
        let stranger = lab.signed_in(&world.person("user without roles").name).await;
        lab.get(&stranger, &ask(&world.apollo.url)).await.is(400);
        lab.get(&lab.nobody(), &ask(&world.apollo.url)).await.is(401);
        let open = lab.get(&staff, "/api/access/who/?action=customer.create").await.is(200).body;
        assert_eq!(open["scope"], Value::Null);
    }

    async fn what_somebody_can_is_told_by_scope_and_by_action(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, admin, member) = (world.person("owner"), world.person("project admin"), world.person("project member"));
        let mine = lab.get(admin, "/api/access/what/").await.is(200).body;
        assert_eq!(mine["scopes"].as_array().unwrap().len(), 1);
        let scope = &mine["scopes"][0];
        assert_eq!((&scope["name"], &scope["through"][0]["role"], &scope["through"][0]["counts"]), (&json!("Apollo"), &json!("PROJECT.ADMIN"), &json!(true)));
        assert!(permissions(&scope["permissions"]).contains("ORDER.CREATE"));
        let his = lab.get(owner, &format!("/api/access/what/?user={}&scope={}", member.name, world.apollo.url)).await.is(200).body;
        let allowed = |name: &str| his["actions"].as_array().unwrap().iter().find(|one| one["action"] == name).unwrap()["allowed"].clone();
        assert_eq!((allowed("project.delete"), allowed("project.update")), (json!(false), json!(false)));
        // Others ask only where they see the team, and do not learn who there is.
        assert_eq!(lab.get(owner, &format!("/api/access/what/?user={}", admin.name)).await.is(200).body["scopes"][0]["name"], "Apollo");
        let neighbour = world.person("neighbour's owner");
        let refused = lab.get(neighbour, &format!("/api/access/what/?user={}", admin.name)).await.is(403).body;
        assert_eq!(lab.get(neighbour, "/api/access/what/?user=nobody-of-this-name").await.is(403).body, refused);
        // Two people, and one person at two instants.
        let two = lab.get(&lab.staff, &format!("/api/access/compare/?user={}&other={}", admin.name, member.name)).await.is(200).body;
        let only = permissions(&two["differences"][0]["only_first"]);
        assert!(only.contains("ORDER.CREATE") && two["differences"][0]["only_second"] == json!([]), "{two}");
        let before = lab.core.now();
        lab.advance(3600);
        lab.grant(&world.zeus, "PROJECT.MEMBER", admin).await;
        let admin = lab.signed_in(&admin.name).await;
        let then = lab.get(&admin, &format!("/api/access/compare/?at={before}")).await.is(200).body;
        assert_eq!((&then["differences"][0]["scope"]["name"], &then["differences"][0]["only_first"]), (&json!("Zeus"), &json!([])));
    }

    async fn a_timeline_tells_what_happened_in_order(lab: Lab) {
        let world = World::build(&lab).await;
        let ann = lab.user("ann").await;
        lab.advance(60);
        let until = lab.core.now().plus_seconds(7200).to_string();
        lab.post(&lab.staff, &format!("{}add_user/", world.apollo.url), json!({"role": "PROJECT.ADMIN", "user": ann.uuid, "expiration_time": until})).await.is(201);
        lab.grant(&world.zeus, "PROJECT.MEMBER", &ann).await;
        lab.advance(60);
        let staff = lab.signed_in("staff").await;
        let role = role_uuid(&lab, "PROJECT.MEMBER").await;
        lab.post(&staff, &format!("/api/roles/{role}/disable/"), json!({})).await.is(200);
        lab.advance(60);
        lab.post(&staff, &format!("{}delete_user/", world.zeus.url), json!({"role": "PROJECT.MEMBER", "user": ann.uuid})).await.is(200);
        lab.advance(3 * 3600);
        lab.run_jobs().await;
        let ann = lab.signed_in(&ann.name).await;
        let mine = lab.get(&ann, "/api/access/timeline/").await.is(200).body;
        let told: Vec<(String, String)> = mine["moments"].as_array().unwrap().iter().map(|one| (text(&one["what"]), text(&one["scope"]["name"]))).collect();
        let told: Vec<(&str, &str)> = told.iter().map(|(what, scope)| (what.as_str(), scope.as_str())).collect();
        assert_eq!(told[..3], [("expired", "Apollo"), ("revoked", "Zeus"), ("role_changed", "Zeus")], "{mine}");
        assert_eq!(told[3..].iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from([("granted", "Apollo"), ("granted", "Zeus")]));
        assert_eq!(mine["moments"][0]["at"], until.as_str(), "it ended when it ended, not when a job came by");
        let there = lab.get(&staff, &format!("/api/access/timeline/?scope={}&from={}", world.zeus.url, lab.core.now().plus_seconds(-11_000))).await;
        assert!(there.is(200).body["moments"].as_array().unwrap().iter().all(|one| one["scope"]["name"] == "Zeus"));
        let owner = lab.signed_in(&world.person("owner").name).await;
        lab.get(&owner, &format!("/api/access/timeline/?scope={}", world.zeus.url)).await.is(200);
        lab.get(&owner, &format!("/api/access/timeline/?user={}", ann.name)).await.is(403);
        lab.get(&owner, &format!("/api/access/timeline/?scope={}", world.hermes.url)).await.is(400);
        for wrong in ["offset=x", "offset=-1", "from=yesterday", "user=ann&scope=x"] {
            lab.get(&owner, &format!("/api/access/timeline/?{wrong}")).await.is(400);
        }
    }

    /// Whoever was staff, a support agent or able to sign in then, was; what he is now says nothing about it.
    async fn the_past_knows_who_was_staff(lab: Lab) {
        let world = World::build(&lab).await;
        let manager = world.person("project manager");
        let path = format!("/api/users/{}/", manager.uuid);
        let start = lab.core.now();
        lab.advance(60);
        lab.patch(&lab.staff, &path, json!({"is_staff": true})).await.is(200);
        let powerful = lab.core.now();
        lab.advance(60);
        lab.patch(&lab.staff, &path, json!({"is_staff": false, "is_active": false})).await.is(200);
        let off = lab.core.now();
        lab.advance(60);
        let ask = |at: &str| format!("/api/access/what/?user={}{at}", manager.name);
        let staff = lab.signed_in("staff").await;
        let asked = async |at: &str| {
            let told = lab.get(&staff, &ask(at)).await.is(200).body;
            (told["staff"] == true, told["disabled"] == true, told["scopes"][0]["permissions"] != json!([]))
        };
        assert_eq!(asked(&format!("&at={start}")).await, (false, false, true));
        assert_eq!(asked(&format!("&at={powerful}")).await, (true, false, true));
        assert_eq!(asked(&format!("&at={off}")).await, (false, true, false));
        assert_eq!(asked("").await, (false, true, false));
    }

    async fn a_simulation_changes_nothing_and_says_what_would_change(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, manager) = (world.person("owner"), world.person("project manager"));
        let (before, events) = (powers(&lab).await, lab.count(&lab.staff, "/api/events/").await);
        let path = format!("/api/roles/{}/", role_uuid(&lab, "PROJECT.MANAGER").await);
        let shown = lab.get(&lab.staff, &path).await.is(200).body;
        let body = json!({"name": shown["name"], "content_type": shown["content_type"], "permissions": ["PROJECT.LIST"]});
        let told = simulated(&lab, &lab.staff, "PUT", &path, &body).await.is(200).body;
        assert_eq!(told["people"], 2, "both managers: {told}");
        assert!(users(&told["differences"]).contains(&manager.name));
        assert!(permissions(&told["differences"][0]["lost"]).contains("PROJECT.UPDATE"));
        assert_eq!((told["summary"].as_array().unwrap().len(), &told["summary"][0]["people"]), (1, &json!(2)));
        assert_eq!((powers(&lab).await, lab.count(&lab.staff, "/api/events/").await), (before, events));
        assert_eq!(lab.get(&lab.staff, &path).await.is(200).body["permissions"], shown["permissions"]);
        // A last owner, and an order that nobody could approve.
        let admin = world.person("project admin");
        lab.order(admin, &world.apollo, &world.offering, json!({})).await.is(201);
        let gone = json!({"role": "CUSTOMER.OWNER", "user": owner.uuid});
        let told = simulated(&lab, &lab.staff, "POST", &format!("{}delete_user/", world.acme.url), &gone).await.is(200).body;
        let touched: BTreeSet<String> = told["touches"].as_array().unwrap().iter().map(|one| text(&one["what"])).collect();
        assert!(touched.contains("organization_without_owner"), "{told}");
        // What would be refused is refused, in the same words, and leaves no trace; what is wrong is said of the field.
        let member = world.person("project member");
        let refused = simulated(&lab, member, "POST", &format!("{}delete_user/", world.apollo.url), &gone).await;
        assert_eq!((refused.status, &refused.body), (403, &lab.post(member, &format!("{}delete_user/", world.apollo.url), gone.clone()).await.body));
        let wrong = simulated(&lab, &lab.staff, "PUT", &path, &json!({"name": "x"})).await.is(400);
        assert!(wrong.body.get("permissions").is_some(), "{}", wrong.body);
        let raw = lab.raw(&lab.staff, "PUT", &path, &[("x-simulate", "perhaps"), ("content-type", "application/json")], b"{}".to_vec()).await;
        assert_eq!(raw.status, 400);
        // Nobody guesses passwords or codes this way.
        let sign_in = json!({"username": owner.name, "password": "wrong"});
        simulated(&lab, &lab.nobody(), "POST", "/api-auth/password/", &sign_in).await.is(400);
    }

    async fn an_owner_is_told_of_his_own_people_only(lab: Lab) {
        let world = World::build(&lab).await;
        let (owner, manager) = (world.person("owner"), world.person("project manager"));
        lab.grant(&world.hermes, "PROJECT.MEMBER", manager).await;
        let gone = json!({"role": "PROJECT.MANAGER", "user": manager.uuid});
        let told = simulated(&lab, owner, "POST", &format!("{}delete_user/", world.apollo.url), &gone).await.is(200).body;
        assert_eq!((&told["people"], &told["hidden"], told["differences"].as_array().unwrap().len()), (&json!(1), &json!(0), 1));
        assert_eq!(told["differences"][0]["scope"]["name"], "Apollo");
    }

    async fn a_token_is_tried_out_before_it_is_made_and_its_secret_is_nobodys(lab: Lab) {
        let world = World::build(&lab).await;
        let admin = world.person("project admin");
        mint(&lab, admin, &["PROJECT.LIST"], &[]).await;
        let end = lab.core.now().plus_seconds(86_400).to_string();
        let body = json!({"name": "agent", "scopes": ["ORDER.LIST", "PROJECT.LIST"], "expires_at": end});
        let told = simulated(&lab, admin, "POST", "/api/personal-access-tokens/", &body).await.is(200).body;
        assert_eq!(told["token"]["permissions"], json!(["ORDER.LIST", "PROJECT.LIST"]), "{told}");
        assert_eq!((&told["token"]["staff"], &told["token"]["scopes"]), (&json!(false), &json!(1)));
        assert!(!told.to_string().contains("w_"), "the secret stays untold: {told}");
        assert_eq!(lab.count(admin, "/api/personal-access-tokens/").await, 1);
    }

    /// A token that is narrower than its user stays so whatever instant it asks about, and knows nothing beyond what it is bound to.
    async fn looking_back_widens_no_token(lab: Lab) {
        let world = World::build(&lab).await;
        let admin = world.person("project admin");
        lab.grant(&world.zeus, "PROJECT.ADMIN", admin).await;
        let token = mint(&lab, admin, &["PROJECT.LIST"], &[("project", &world.apollo.uuid)]).await;
        let at = lab.core.now();
        for path in ["/api/access/what/".to_owned(), format!("/api/access/what/?at={at}")] {
            let told = lab.get(&token, &path).await.is(200).body;
            assert_eq!(told["scopes"].as_array().unwrap().len(), 1, "{path}: {told}");
            assert_eq!((&told["scopes"][0]["name"], &told["scopes"][0]["permissions"]), (&json!("Apollo"), &json!(["PROJECT.LIST"])));
        }
        let asked = format!("/api/access/explain/?action=PROJECT.VIEW_TEAM&scope={}&at={at}", world.apollo.url);
        assert_eq!(lab.get(&token, &asked).await.is(200).body["allowed"], false);
        assert_eq!(lab.get(admin, &asked).await.is(200).body["allowed"], true);
        lab.get(&token, "/api/access/timeline/").await.is(403);
    }

    /// Random changes, one after the other: what the simulation of each tells is what it does. Roles, grants, ends, moves, removals,
    /// powers of users, at different instants.
    async fn applying_equals_simulating(lab: Lab) {
        let world = World::build(&lab).await;
        let mut people = Vec::new();
        for name in ["ann", "bob", "cid"] {
            people.push(lab.user(name).await);
        }
        let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &[7; 32]));
        let (mut applied, mut changed) = (0, 0);
        for _ in 0..6 {
            for step in steps().new_tree(&mut runner).unwrap().current() {
                let staff = lab.signed_in("staff").await;
                let Some((method, path, body)) = request(&lab, &world, &people, &step).await else {
                    if let Step::Wait { hours } = step {
                        lab.advance(hours * 3600);
                    }
                    continue;
                };
                lab.advance(1);
                let (before, mut places) = (powers(&lab).await, places(&lab).await);
                let simulation = simulated(&lab, &staff, method, &path, &body).await;
                assert_eq!(powers(&lab).await, before, "{step:?} was simulated and kept");
                let done = lab.send(&staff, method, &path, body.clone()).await;
                let alike = (200..300).contains(&done.status) == (simulation.status == 200);
                assert!(alike, "{step:?}: {} and {} {}", simulation.body, done.status, done.body);
                if simulation.status != 200 {
                    continue;
                }
                places.extend(self::places(&lab).await);
                let changed_project = match &step {
                    Step::Remove { project } | Step::Move { project, .. } => format!("project {}", project + 1),
                    _ => String::new(),
                };
                let difference = compared(&before, &powers(&lab).await, &places, &changed_project);
                assert_eq!(told(&lab, &simulation.body).await, difference, "{step:?} {}", simulation.body);
                applied += 1;
                changed += usize::from(!difference.is_empty());
            }
        }
        assert!(applied > 30 && changed > 12, "{applied} {changed}");
    }
}
