//! Least privilege from use (mission R7, R8): what counts as use, that nothing is suggested which somebody used, that taking away
//! equals simulating it, and that undoing gives back what was there.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::{
    personal_tokens::allow,
    questions::{Powers, powers, simulated},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stoa_kernel::{
    id::{self, Uuid},
    vals,
    view::Ask,
};
use stoa_tenancy::{
    narrowing::{
        unused,
        views::{UNUSED_GRANTS, only_unused},
    },
    uses,
};
use stoa_testing::{Lab, Person, Reply, Thing, both};

const DAY: i64 = 86_400;
const NARROWINGS: &str = "/api/access/narrowings/";

/// Moves the clock and signs people in again.
async fn days_later<const N: usize>(lab: &Lab, days: i64, people: [&Person; N]) -> [Person; N] {
    lab.advance(days * DAY);
    let mut again = Vec::new();
    for person in people {
        again.push(lab.signed_in(&person.name).await);
    }
    again.try_into().unwrap()
}

/// The open grant of a person on a thing.
async fn grant_of(lab: &Lab, person: &Person, on: &Thing) -> Uuid {
    let sql = "SELECT g.uuid FROM grants g JOIN users u ON u.id = g.user_id WHERE u.username = $1 AND g.scope_uuid = $2 \
               AND g.revoked_at IS NULL";
    let rows = lab.core.store.query(sql, &vals![person.name.as_str(), id::parse(&on.uuid)]).await.unwrap();
    assert_eq!(rows.len(), 1, "{} on {}", person.name, on.url);
    rows[0].get(0).unwrap()
}

/// What is recorded of a subject: by permission, the days on which it was used to do and to list, and on how many.
async fn recorded(lab: &Lab, subject: Uuid) -> BTreeMap<String, (bool, bool, i64)> {
    uses::flush(&lab.core).await.unwrap();
    let today = Some(lab.core.now().date());
    let rows = uses::store::of(&mut lab.core.store.reader(), vec![subject]).await.unwrap();
    let told = rows
        .into_iter()
        .map(|((_, permission), (days, count))| (permission, (days.done == today, days.listed == today, count)));
    told.collect()
}

async fn role_uuid(lab: &Lab, name: &str) -> String {
    let roles = lab.get(&lab.staff, &format!("/api/roles/?name={name}")).await.is(200);
    let role = roles.rows().iter().find(|role| role["name"] == name).unwrap();
    role["uuid"].as_str().unwrap().to_owned()
}

async fn suggestions(lab: &Lab, by: &Person, query: &str) -> Vec<Value> {
    lab.all(by, &format!("/api/access/unused/items/?{query}")).await
}

fn items(rows: &[Value]) -> Value {
    rows.iter().filter(|row| row["allowed"] == true).map(|row| row["item"].clone()).collect()
}

async fn narrow(lab: &Lab, by: &Person, days: i64, items: Value) -> Reply {
    lab.post(by, NARROWINGS, json!({"days": days, "items": items})).await
}

fn grant_item(grant: Uuid) -> Value {
    json!({"kind": "grant", "grant": id::hex(&grant)})
}

/// What people can do in the world of the property below, tried by one of them: what he was shown, or nothing if he was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Open(usize),
    Change(usize),
    Team(usize),
    Appoint(usize),
    Projects,
    Organizations,
    Resources,
    Events,
    OpenOrganization,
    ChangeOrganization,
    Create,
    Invitations,
}

fn deeds() -> impl Strategy<Value = Deed> {
    let project = || 0..3_usize;
    prop_oneof![
        project().prop_map(Deed::Open),
        project().prop_map(Deed::Change),
        project().prop_map(Deed::Team),
        project().prop_map(Deed::Appoint),
        Just(Deed::Projects),
        Just(Deed::Organizations),
        Just(Deed::Resources),
        Just(Deed::Events),
        Just(Deed::OpenOrganization),
        Just(Deed::ChangeOrganization),
        Just(Deed::Create),
        Just(Deed::Invitations),
    ]
}

impl Deed {
    fn is_list(self) -> bool {
        matches!(self, Deed::Projects | Deed::Organizations | Deed::Resources | Deed::Events | Deed::Invitations)
    }
}

struct Town {
    acme: Thing,
    projects: Vec<Thing>,
    spare: Person,
    people: Vec<Person>,
}

impl Town {
    async fn build(lab: &Lab) -> Town {
        let (acme, other) = (lab.organization("Acme").await, lab.organization("Other").await);
        let mut projects = Vec::new();
        for name in ["Apollo", "Zeus", "Hera"] {
            projects.push(lab.project(&acme, name).await);
        }
        let roles: &[&[(&str, Option<usize>)]] = &[
            &[("CUSTOMER.OWNER", None), ("PROJECT.MANAGER", Some(0))],
            &[("CUSTOMER.OWNER", None)],
            &[("PROJECT.MANAGER", Some(0)), ("PROJECT.MANAGER", Some(1)), ("PROJECT.ADMIN", Some(2))],
            &[("PROJECT.ADMIN", Some(0)), ("PROJECT.ADMIN", Some(1))],
            &[("PROJECT.MANAGER", Some(2)), ("PROJECT.ADMIN", Some(2))],
            &[("PROJECT.MANAGER", Some(1)), ("PROJECT.ADMIN", Some(1))],
        ];
        let mut people = Vec::new();
        for held in roles {
            let person = lab.user("towns").await;
            for (role, project) in *held {
                lab.grant(project.map_or(&acme, |at| &projects[at]), role, &person).await;
            }
            lab.grant(&other, "CUSTOMER.OWNER", &person).await;
            people.push(person);
        }
        Town { acme, projects, spare: lab.user("spare").await, people }
    }

    async fn tried(&self, lab: &Lab, by: &Person, deed: Deed) -> Option<BTreeSet<String>> {
        let list = |path: &'static str| async move {
            let reply = lab.get(by, path).await;
            (reply.status == 200).then(|| reply.column("uuid").into_iter().collect())
        };
        let is = |reply: Reply, status: u16| (reply.status == status).then(BTreeSet::new);
        match deed {
            Deed::Open(at) => is(lab.get(by, &self.projects[at].url).await, 200),
            Deed::Change(at) => {
                // Each change is another, so that it is one.
                let body = json!({"description": lab.core.clock.uuid().to_string()});
                is(lab.patch(by, &self.projects[at].url, body).await, 200)
            }
            Deed::Team(at) => is(lab.get(by, &format!("{}list_users/", self.projects[at].url)).await, 200),
            Deed::Appoint(at) => {
                let body = json!({"role": "PROJECT.ADMIN", "user": self.spare.uuid});
                let url = &self.projects[at].url;
                is(lab.post(by, &format!("{url}add_user/"), body.clone()).await, 201)?;
                is(lab.post(by, &format!("{url}delete_user/"), body).await, 200)
            }
            Deed::Projects => list("/api/projects/?page_size=100").await,
            Deed::Organizations => list("/api/customers/").await,
            Deed::Resources => list("/api/marketplace-resources/").await,
            Deed::Events => list("/api/events/?page_size=5").await.map(|_| BTreeSet::new()),
            Deed::Invitations => list("/api/user-invitations/").await,
            Deed::OpenOrganization => is(lab.get(by, &self.acme.url).await, 200),
            Deed::ChangeOrganization => {
                let body = json!({"phone_number": "123"});
                is(lab.patch(by, &self.acme.url, body).await, 200)
            }
            Deed::Create => {
                let body = json!({"name": lab.core.clock.uuid().to_string(), "customer": self.acme.url});
                is(lab.post(by, "/api/projects/", body).await, 201)
            }
        }
    }
}

/// Takes away all that is suggested, some at a time; gives how many grants, permissions of roles, and what tokens carry.
async fn narrow_all(lab: &Lab, by: &Person, days: i64, ignore_lists: bool) -> [usize; 3] {
    let rows = suggestions(lab, by, &format!("days={days}&ignore_lists={ignore_lists}")).await;
    let allowed: Vec<&Value> = rows.iter().filter(|row| row["allowed"] == true).map(|row| &row["item"]).collect();
    for some in allowed.chunks(150) {
        let body = json!({"days": days, "items": some, "ignore_lists": ignore_lists});
        lab.post(by, NARROWINGS, body).await.is(201);
    }
    ["grant", "permission", "scope"].map(|kind| allowed.iter().filter(|item| item["kind"] == kind).count())
}

/// After all suggestions are carried out, everybody can still do what he did.
async fn nothing_used_is_lost(lab: &Lab, done: &[(usize, Deed)], ignore_lists: bool) -> [usize; 3] {
    let mut town = Town::build(lab).await;
    let owner = town.people[1].clone();
    allow(lab, &owner).await;
    let scopes = ["PROJECT.UPDATE", "CUSTOMER.UPDATE", "PROJECT.CREATE_PERMISSION", "PROJECT.LIST"];
    let until = lab.core.now().plus_seconds(20 * DAY).to_string();
    let wish = json!({"name": "script", "scopes": scopes, "expires_at": until});
    let token = lab.post(&owner, "/api/personal-access-tokens/", wish).await.is(201).text("token");
    lab.advance(7 * DAY);
    for person in &mut town.people {
        *person = lab.signed_in(&person.name).await;
    }
    let owner = town.people[1].clone();
    town.people.push(Person { token, ..owner.clone() });
    let mut did: BTreeMap<(usize, Deed), BTreeSet<String>> = BTreeMap::new();
    for (who, deed) in done {
        if let Some(seen) = town.tried(lab, &town.people[*who], *deed).await {
            did.insert((*who, *deed), seen);
        }
    }
    let mut count = narrow_all(lab, &lab.staff, 5, ignore_lists).await;
    count[2] += narrow_all(lab, &owner, 5, ignore_lists).await[2];
    for ((who, deed), seen) in did {
        let person = &town.people[who];
        let now = town.tried(lab, person, deed).await;
        let now = now.unwrap_or_else(|| panic!("person {who} did {deed:?} and no longer can, of {done:?}"));
        let kept = deed.is_list() && ignore_lists || now.is_superset(&seen);
        assert!(kept, "person {who} saw {seen:?} by {deed:?} and sees {now:?}, of {done:?}");
    }
    count
}

async fn random_usage(ignore_lists: bool, lab: impl AsyncFn() -> Option<Lab>) {
    let seed = if ignore_lists { [7; 32] } else { [3; 32] };
    let rng = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec((0..7_usize, deeds()), 0..25);
    let mut taken = [0; 3];
    for _ in 0..8 {
        let done = strategy.new_tree(&mut runner).unwrap().current();
        let Some(lab) = lab().await else { return };
        let count = nothing_used_is_lost(&lab, &done, ignore_lists).await;
        taken.iter_mut().zip(count).for_each(|(all, count)| *all += count);
    }
    assert!(taken.iter().all(|count| *count > 0), "something of each kind was taken away: {taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_all_suggestions_everybody_can_still_do_what_he_did_on_sqlite() {
    random_usage(false, async || Some(Lab::sqlite().await)).await;
    random_usage(true, async || Some(Lab::sqlite().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_all_suggestions_everybody_can_still_do_what_he_did_on_postgres() {
    random_usage(false, Lab::postgres).await;
    random_usage(true, Lab::postgres).await;
}

/// An organization whose owner works, with a manager who has left it all alone.
struct Scene {
    acme: Thing,
    project: Thing,
    owner: Person,
    manager: Person,
    manager_grant: Uuid,
}

impl Scene {
    async fn build(lab: &Lab) -> Scene {
        let acme = lab.organization("Acme").await;
        let project = lab.project(&acme, "Apollo").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let manager = lab.member(&project, "PROJECT.MANAGER").await;
        let manager_grant = grant_of(lab, &manager, &project).await;
        let [owner, manager] = days_later(lab, 40, [&owner, &manager]).await;
        lab.patch(&owner, &project.url, json!({"description": "Changed."})).await.is(200);
        Scene { acme, project, owner, manager, manager_grant }
    }

    fn item(&self) -> Value {
        grant_item(self.manager_grant)
    }
}

/// What people can do at each place; whom a simulation names at it.
fn lost(before: &Powers, after: &Powers) -> BTreeSet<(String, String)> {
    let none = BTreeSet::new();
    let less = |key: &&(String, String)| !before[*key].is_subset(after.get(*key).unwrap_or(&none));
    before.keys().filter(less).cloned().collect()
}

both! {
    async fn use_is_recorded_once_a_day_and_not_for_what_is_refused_fails_or_is_tried_out(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let project = lab.project(&acme, "Apollo").await;
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let grant = grant_of(&lab, &owner, &acme).await;
        let change = json!({"description": "Changed."});
        simulated(&lab, &owner, "PATCH", &project.url, &change).await.is(200);
        lab.patch(&lab.nobody(), &project.url, change.clone()).await.is(401);
        lab.patch(&owner, &project.url, json!({"name": ""})).await.is(400);
        lab.post(&owner, "/api/roles/", json!({})).await.is_forbidden();
        assert_eq!(recorded(&lab, grant).await, BTreeMap::new(), "nothing has succeeded yet");
        lab.get(&owner, &format!("/api/access/explain/?action=project.update&scope=project:{}", project.uuid)).await.is(200);
        lab.get(&owner, &format!("/api/access/what/?scope=project:{}", project.uuid)).await.is(200);
        assert!(!recorded(&lab, grant).await.contains_key("PROJECT.UPDATE"), "to ask is not to do");
        for _ in 0..2 {
            lab.patch(&owner, &project.url, change.clone()).await.is(200);
            assert_eq!(recorded(&lab, grant).await["PROJECT.UPDATE"], (true, false, 1));
        }
        let [owner] = days_later(&lab, 1, [&owner]).await;
        lab.patch(&owner, &project.url, json!({"description": "Again."})).await.is(200);
        let rows = recorded(&lab, grant).await;
        assert_eq!((rows["PROJECT.UPDATE"], rows[""].2), ((true, false, 2), 2));
        // The role has it too, and so has the power of staff.
        let role = id::parse(&role_uuid(&lab, "CUSTOMER.OWNER").await).unwrap();
        assert_eq!(recorded(&lab, role).await["PROJECT.UPDATE"], (true, false, 2));
        let staff = recorded(&lab, id::parse(&lab.staff.uuid).unwrap()).await;
        assert!(staff.contains_key("staff"), "{staff:?}");
    }

    async fn to_open_a_thing_is_use_and_to_appear_in_a_list_is_told_apart(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let (apollo, zeus) = (lab.project(&acme, "Apollo").await, lab.project(&acme, "Zeus").await);
        let admin = lab.member(&apollo, "PROJECT.ADMIN").await;
        lab.grant(&zeus, "PROJECT.ADMIN", &admin).await;
        let (on_apollo, on_zeus) = (grant_of(&lab, &admin, &apollo).await, grant_of(&lab, &admin, &zeus).await);
        lab.get(&admin, "/api/users/me/").await.is(200);
        assert!(recorded(&lab, on_apollo).await.is_empty(), "to look at oneself takes no role");
        lab.get(&admin, "/api/projects/").await.is(200);
        for grant in [on_apollo, on_zeus] {
            assert_eq!(recorded(&lab, grant).await[""], (false, true, 1));
        }
        lab.get(&admin, &zeus.url).await.is(200);
        assert_eq!(recorded(&lab, on_apollo).await[""], (false, true, 1));
        assert_eq!(recorded(&lab, on_zeus).await[""], (true, true, 1));
        // After a while the one is suggested if lists are no use, and neither if they are.
        let [_] = days_later(&lab, 40, [&admin]).await;
        for (days, lists, expected) in [(39, true, 2), (41, false, 0)] {
            let query = format!("days={days}&kind=grant&ignore_lists={lists}&scope=customer:{}", acme.uuid);
            assert_eq!(suggestions(&lab, &lab.staff, &query).await.len(), expected, "{query}");
        }
    }

    async fn nothing_is_called_unused_for_longer_than_uses_are_recorded(lab: Lab) {
        let scene = Scene::build(&lab).await;
        assert!(!suggestions(&lab, &scene.owner, "days=30").await.is_empty());
        for query in ["days=40", "days=300"] {
            assert_eq!(suggestions(&lab, &lab.staff, query).await, Vec::<Value>::new(), "{query}");
        }
        narrow(&lab, &scene.owner, 41, json!([scene.item()])).await.is_invalid("days");
        // Where something was lost, the record begins anew.
        let today = lab.core.now().date();
        lab.core.store.write(move |tx| Box::pin(uses::store::begin_anew(tx, today))).await.unwrap();
        assert_eq!(suggestions(&lab, &scene.owner, "days=30").await, Vec::<Value>::new());
        narrow(&lab, &scene.owner, 30, json!([scene.item()])).await.is_invalid("days");
    }

    async fn applying_equals_simulating_and_undoing_gives_back_what_was_there(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let rows = suggestions(&lab, &scene.owner, "days=30&kind=grant").await;
        let of_manager = rows.iter().find(|row| row["item"] == scene.item()).unwrap();
        assert_eq!((&of_manager["action"], &of_manager["allowed"], &of_manager["unused_days"]), (&json!("grant.revoke"), &json!(true), &json!(40)));
        let owner_role = role_uuid(&lab, "CUSTOMER.OWNER").await;
        let of_role = json!({"kind": "permission", "role": owner_role, "permission": "PROJECT.CREATE"});
        let before = powers(&lab).await;
        let body = json!({"days": 30, "items": [scene.item(), of_role], "reason": "Spring cleaning"});
        // The role is staff's to change, so the owner's attempt takes nothing at all.
        lab.post(&scene.owner, NARROWINGS, body.clone()).await.is_forbidden();
        assert_eq!(powers(&lab).await, before);
        let told = simulated(&lab, &lab.staff, "POST", NARROWINGS, &body).await.is(200).body;
        assert_eq!(powers(&lab).await, before);
        let made = lab.post(&lab.staff, NARROWINGS, body).await.is(201);
        let after = powers(&lab).await;
        let people: BTreeSet<String> = told["differences"].as_array().unwrap().iter().map(|row| row["user"]["username"].as_str().unwrap().to_owned()).collect();
        assert_eq!(people, lost(&before, &after).into_iter().map(|(person, _)| person).collect());
        assert_eq!(people, BTreeSet::from([scene.owner.name.clone(), scene.manager.name.clone()]));
        lab.get(&scene.manager, &scene.project.url).await.is(404);
        assert_eq!((made.text("state"), made.body["items"].as_array().unwrap().len()), ("applied".into(), 2));
        let undone = lab.post(&lab.staff, &format!("{}undo/", made.text("url")), json!({})).await.is(200);
        assert_eq!(undone.text("state"), "undone");
        assert!(undone.body["items"].as_array().unwrap().iter().all(|item| item["outcome"] == "given_back"), "{}", undone.body);
        assert_eq!(powers(&lab).await, before);
        lab.get(&scene.manager, &scene.project.url).await.is(200);
        lab.post(&lab.staff, &format!("{}undo/", made.text("url")), json!({})).await.is(409);
        // What was given back is new, so it is not taken again.
        assert!(suggestions(&lab, &scene.owner, "days=30&kind=grant").await.iter().all(|row| row["user"]["username"] != scene.manager.name.as_str()));
        for kind in ["access_narrowed", "access_narrowing_undone"] {
            assert_eq!(lab.all(&lab.staff, &format!("/api/events/?event_type={kind}")).await.len(), 1, "{kind}");
        }
    }

    async fn what_was_used_meanwhile_is_not_taken(lab: Lab) {
        let scene = Scene::build(&lab).await;
        lab.get(&scene.manager, &scene.project.url).await.is(200);
        // Not written yet, and known all the same.
        narrow(&lab, &scene.owner, 30, json!([scene.item()])).await.is_invalid("items");
        uses::flush(&lab.core).await.unwrap();
        narrow(&lab, &scene.owner, 30, json!([scene.item()])).await.is_invalid("items");
        lab.get(&scene.manager, &scene.project.url).await.is(200);
        let new = lab.member(&scene.project, "PROJECT.ADMIN").await;
        let new = grant_of(&lab, &new, &scene.project).await;
        narrow(&lab, &scene.owner, 30, json!([grant_item(new)])).await.is_invalid("items");
    }

    async fn who_may_see_and_not_manage_is_refused_and_a_stranger_sees_nothing(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let admin = lab.member(&scene.project, "PROJECT.ADMIN").await;
        let (other, neighbour) = (lab.organization("Other").await, lab.user("neighbour").await);
        lab.grant(&other, "CUSTOMER.OWNER", &neighbour).await;
        let seen = suggestions(&lab, &admin, "days=30&kind=grant").await;
        let of_manager = seen.iter().find(|row| row["item"] == scene.item()).unwrap();
        assert_eq!(of_manager["allowed"], false, "{of_manager}");
        narrow(&lab, &admin, 30, json!([scene.item()])).await.is_forbidden();
        assert_eq!(suggestions(&lab, &neighbour, "days=30").await, Vec::<Value>::new());
        narrow(&lab, &neighbour, 30, json!([scene.item()])).await.is_invalid("items");
        for path in ["/api/access/unused/", "/api/access/unused/grants/", "/api/access/unused/items/", NARROWINGS] {
            lab.get(&lab.nobody(), path).await.is(401);
        }
        let query = "/api/access/unused/?days=30&kind=permission";
        assert_eq!(lab.all(&scene.owner, query).await.len(), 0);
        assert_ne!(lab.all(&lab.staff, query).await.len(), 0);
        // The narrowing is seen by its maker, by whoever manages the team, and by nobody else; and undone by no other.
        let made = narrow(&lab, &scene.owner, 30, json!([scene.item()])).await.is(201);
        let second = lab.member(&scene.acme, "CUSTOMER.OWNER").await;
        for (person, status) in [(&scene.owner, 200), (&second, 200), (&lab.staff, 200), (&admin, 404), (&neighbour, 404)] {
            lab.get(person, &made.text("url")).await.is(status);
        }
        for person in [&admin, &neighbour] {
            lab.post(person, &format!("{}undo/", made.text("url")), json!({})).await.is(404);
        }
        // Its maker undoes it only as long as he may give roles.
        let body = json!({"role": "CUSTOMER.OWNER", "user": scene.owner.uuid});
        lab.post(&lab.staff, &format!("{}delete_user/", scene.acme.url), body).await.is(200);
        lab.post(&scene.owner, &format!("{}undo/", made.text("url")), json!({})).await.is_forbidden();
        lab.post(&second, &format!("{}undo/", made.text("url")), json!({})).await.is(200);
    }

    async fn what_can_not_be_given_back_is_named_and_nothing_is_given_back_unless_a_part_will_do(lab: Lab) {
        let acme = lab.organization("Acme").await;
        let (apollo, zeus) = (lab.project(&acme, "Apollo").await, lab.project(&acme, "Zeus").await);
        let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
        let (one, two) = (lab.member(&apollo, "PROJECT.ADMIN").await, lab.member(&zeus, "PROJECT.ADMIN").await);
        let wanted = [grant_item(grant_of(&lab, &one, &apollo).await), grant_item(grant_of(&lab, &two, &zeus).await)];
        let [owner] = days_later(&lab, 40, [&owner]).await;
        let made = narrow(&lab, &owner, 30, json!(wanted)).await.is(201);
        let undo = format!("{}undo/", made.text("url"));
        lab.delete(&owner, &zeus.url).await.is(204);
        let before = powers(&lab).await;
        let refused = lab.post(&owner, &undo, json!({})).await.is_invalid("items");
        assert!(refused.body.to_string().contains("PROJECT.ADMIN in Zeus: "), "{}", refused.body);
        assert_eq!(powers(&lab).await, before);
        let undone = lab.post(&owner, &undo, json!({"partial": true})).await.is(200);
        let outcomes: Vec<&Value> = undone.body["items"].as_array().unwrap().iter().map(|item| &item["outcome"]).collect();
        assert_eq!(outcomes.iter().filter(|one| **one == "kept_away").count(), 1, "{outcomes:?}");
        grant_of(&lab, &one, &apollo).await;
        lab.post(&owner, &undo, json!({"partial": true})).await.is(409);
    }

    async fn of_two_who_narrow_or_undo_at_once_one_does(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let body = json!({"days": 30, "items": [scene.item()]});
        let (one, two) =
            tokio::join!(lab.post(&scene.owner, NARROWINGS, body.clone()), lab.post(&lab.staff, NARROWINGS, body));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert!(statuses == [201, 400] || statuses == [201, 409], "{statuses:?} {} {}", one.body, two.body);
        let made = if one.status == 201 { one } else { two };
        let undo = format!("{}undo/", made.text("url"));
        let (one, two) = tokio::join!(lab.post(&lab.staff, &undo, json!({})), lab.post(&lab.staff, &undo, json!({})));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", one.body, two.body);
        grant_of(&lab, &scene.manager, &scene.project).await;
    }

    async fn a_token_ends_or_carries_less_in_person_only_and_comes_back(lab: Lab) {
        let scene = Scene::build(&lab).await;
        allow(&lab, &scene.owner).await;
        let until = lab.core.now().plus_seconds(60 * DAY).to_string();
        let mut tokens = Vec::new();
        for scopes in [["PROJECT.UPDATE", "PROJECT.CREATE", "PROJECT.LIST"], ["PROJECT.UPDATE", "PROJECT.DELETE", "PROJECT.LIST"]] {
            let wish = json!({"name": scopes[1], "scopes": scopes, "expires_at": until});
            let made = lab.post(&scene.owner, "/api/personal-access-tokens/", wish).await.is(201);
            tokens.push(Person { token: made.text("token"), ..scene.owner.clone() });
        }
        let [owner] = days_later(&lab, 20, [&scene.owner]).await;
        let url = scene.project.url.as_str();
        lab.patch(&tokens[0], url, json!({"description": "By a script."})).await.is(200);
        let rows = suggestions(&lab, &owner, "days=10&kind=token").await;
        let told: Vec<(&str, &Value)> = rows.iter().map(|row| (row["kind"].as_str().unwrap(), &row["permission"])).collect();
        assert_eq!(BTreeSet::from_iter(told.iter().map(|(kind, _)| *kind)), BTreeSet::from(["scope", "token"]));
        assert!(told.contains(&("scope", &json!("PROJECT.CREATE"))), "{told:?}");
        assert_eq!(suggestions(&lab, &lab.staff, "days=10&kind=token").await.len(), 0, "tokens are their user's");
        narrow(&lab, &lab.staff, 10, items(&rows)).await.is_invalid("items");
        narrow(&lab, &tokens[0], 10, items(&rows)).await.is_forbidden();
        let made = narrow(&lab, &owner, 10, items(&rows)).await.is(201);
        lab.get(&tokens[1], url).await.is(401);
        let new = json!({"name": "New", "customer": scene.acme.url});
        lab.post(&tokens[0], "/api/projects/", new.clone()).await.is_forbidden();
        lab.patch(&tokens[0], url, json!({"description": "Still."})).await.is(200);
        let undo = format!("{}undo/", made.text("url"));
        lab.post(&tokens[0], &undo, json!({})).await.is_forbidden();
        lab.post(&owner, &undo, json!({})).await.is(200);
        lab.get(&tokens[1], url).await.is(200);
        lab.post(&tokens[0], "/api/projects/", new).await.is(201);
    }

    async fn a_token_of_somebody_who_was_deactivated_meanwhile_stays_ended(lab: Lab) {
        let scene = Scene::build(&lab).await;
        allow(&lab, &scene.owner).await;
        let until = lab.core.now().plus_seconds(60 * DAY).to_string();
        let wish = json!({"name": "idle", "scopes": ["PROJECT.UPDATE"], "expires_at": until});
        lab.post(&scene.owner, "/api/personal-access-tokens/", wish).await.is(201);
        let [owner] = days_later(&lab, 20, [&scene.owner]).await;
        let rows = suggestions(&lab, &owner, "days=10&kind=token").await;
        let made = narrow(&lab, &owner, 10, items(&rows)).await.is(201);
        for is_active in [false, true] {
            lab.advance(5);
            lab.patch(&lab.staff, &format!("/api/users/{}/", owner.uuid), json!({"is_active": is_active})).await.is(200);
        }
        let owner = lab.signed_in(&owner.name).await;
        let refused = lab.post(&owner, &format!("{}undo/", made.text("url")), json!({})).await.is_invalid("items");
        assert!(refused.body.to_string().contains("deactivated meanwhile"), "{}", refused.body);
    }

    async fn staff_who_do_nothing_as_staff_show_and_those_who_have_just_become_it_do_not(lab: Lab) {
        let (idle, busy, new) = (lab.user("idle").await, lab.user("busy").await, lab.user("new").await);
        let promote = async |person: &Person| {
            let path = format!("/api/users/{}/", person.uuid);
            lab.patch(&lab.staff, &path, json!({"is_staff": true})).await.is(200);
        };
        promote(&idle).await;
        promote(&busy).await;
        let [idle, busy] = days_later(&lab, 40, [&idle, &busy]).await;
        let new = lab.signed_in(&new.name).await;
        promote(&new).await;
        lab.get(&idle, "/api/projects/").await.is(200);
        lab.organization("Acme").await;
        lab.post(&busy, "/api/customers/", json!({"name": "Other"})).await.is(201);
        let rows = lab.all(&lab.staff, "/api/access/unused/?days=30&kind=staff").await;
        let names: Vec<&str> = rows.iter().map(|row| row["user"]["username"].as_str().unwrap()).collect();
        assert_eq!(names, [idle.name.as_str()]);
        assert_eq!((&rows[0]["kind"], &rows[0]["last_used"]), (&json!("staff"), &Value::Null));
        assert_eq!(rows[0]["last_listed"], lab.core.now().date().to_string());
        assert_eq!(lab.all(&new, "/api/access/unused/items/?days=30&kind=staff").await.len(), 0, "it is told and not suggested");
    }

    async fn the_last_owner_stays_and_what_is_sent_wrong_is_named(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let [_] = days_later(&lab, 40, [&scene.owner]).await;
        let of_owner = grant_item(grant_of(&lab, &scene.owner, &scene.acme).await);
        let rows = suggestions(&lab, &lab.staff, "days=30&kind=grant").await;
        let suggested = rows.iter().find(|row| row["item"] == of_owner).unwrap();
        assert_eq!((&suggested["allowed"], &suggested["why"]), (&json!(false), &json!("Refused. The organization would have no owner left.")));
        let refused = narrow(&lab, &lab.staff, 30, json!([scene.item(), of_owner])).await.is_invalid("items");
        assert!(refused.body.to_string().contains("last owner"), "{}", refused.body);
        grant_of(&lab, &scene.manager, &scene.project).await;
        for wrong in [json!([]), json!({}), json!("x"), json!([{}]), json!([{"kind": "grant", "grant": "\u{0}"}]), json!([null])] {
            narrow(&lab, &lab.staff, 30, wrong).await.is_invalid("items");
        }
        for days in [json!(0), json!(-1), json!(99_999_999), json!("x"), json!(null)] {
            lab.post(&lab.staff, NARROWINGS, json!({"days": days, "items": [scene.item()]})).await.is_invalid("days");
        }
        for query in ["days=0", "days=x", "days=99999999999999999999", "kind=x", "ignore_lists=x", "scope=x"] {
            lab.get(&lab.staff, &format!("/api/access/unused/?{query}")).await.is(400);
        }
        let nobody = json!([{"kind": "permission", "role": scene.acme.uuid, "permission": "PROJECT.UPDATE"}]);
        narrow(&lab, &lab.staff, 30, nobody).await.is_invalid("items");
        // Ended grants and too long lists.
        let many: Vec<Value> = (0..201).map(|number| grant_item(Uuid::from_u128(number))).collect();
        narrow(&lab, &lab.staff, 30, json!(many)).await.is_invalid("items");
    }

    async fn a_request_runs_no_statement_more_to_be_noted(lab: Lab) {
        let mut scene = Scene::build(&lab).await;
        for path in [scene.project.url.clone(), "/api/projects/".to_owned()] {
            let path = path.as_str();
            let path = path.strip_prefix("http://stoa.test").unwrap_or(path);
            lab.statements_of(&scene.owner, "GET", path).await;
            let noted_before = lab.statements_of(&scene.owner, "GET", path).await;
            [scene.owner] = days_later(&lab, 1, [&scene.owner]).await;
            // The first of another day.
            assert_eq!(lab.statements_of(&scene.owner, "GET", path).await, noted_before, "{path}");
        }
        assert!(!uses::pending(&lab.core).is_empty());
        uses::flush(&lab.core).await.unwrap();
        assert!(uses::pending(&lab.core).is_empty());
        let before = lab.core.store.queries();
        uses::flush(&lab.core).await.unwrap();
        assert_eq!(lab.core.store.queries(), before, "nothing new is nothing to write");
    }

    async fn the_page_shows_what_nobody_used_takes_it_away_and_gives_it_back(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let cookie = format!("sessionid={}", scene.owner.token);
        let browser = [("cookie", cookie.as_str()), ("origin", "http://stoa.test"), ("content-type", "application/x-www-form-urlencoded")];
        let page = lab.raw(&lab.nobody(), "GET", "/access/unused/?days=30", &browser, Vec::new()).await.is(200);
        let html = page.body.as_str().unwrap();
        let sentence = format!("{} did not use PROJECT.MANAGER in Apollo for 30 days.", scene.manager.name);
        assert!(html.contains(&sentence) && html.contains("<meter"), "{html}");
        let item = scene.item().to_string().replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let form = |what: &str| format!("days=30&ignore_lists=false&scope=&item={item}&do={what}").into_bytes();
        let tried = lab.raw(&lab.nobody(), "POST", "/access/unused/", &browser, form("try")).await.is(200);
        assert!(tried.body.as_str().unwrap().contains("1 person could do more or less"), "{}", tried.body);
        grant_of(&lab, &scene.manager, &scene.project).await;
        let done = lab.raw(&lab.nobody(), "POST", "/access/unused/", &browser, form("narrow")).await;
        assert_eq!((done.status, done.header("location")), (303, Some("/access/unused/?days=30&ignore_lists=false&scope=")), "{}", done.body);
        lab.get(&scene.manager, &scene.project.url).await.is(404);
        let made = lab.get(&scene.owner, NARROWINGS).await.is(200).rows()[0].clone();
        let undo = format!("/access/narrowings/{}/undo/", made["uuid"].as_str().unwrap());
        let page = lab.raw(&lab.nobody(), "GET", "/access/unused/?days=30", &browser, Vec::new()).await.is(200);
        assert!(page.body.as_str().unwrap().contains(&undo));
        let undone = lab.raw(&lab.nobody(), "POST", &undo, &browser, Vec::new()).await;
        assert_eq!(undone.status, 303, "{}", undone.body);
        lab.get(&scene.manager, &scene.project.url).await.is(200);
        let page = lab.raw(&lab.nobody(), "GET", "/access/unused/", &[], Vec::new()).await;
        assert_eq!(page.header("location"), Some("/sign-in/?next=/access/unused/"));
    }
}

/// What one node noted and wrote, the other knows; and what a node has in memory it knows itself.
#[tokio::test]
async fn what_is_used_on_one_node_is_not_taken_away_on_the_other() {
    let Some(one) = Lab::postgres().await else { return };
    let scene = Scene::build(&one).await;
    let two = Lab::again(&one.url).await;
    two.advance(40 * DAY);
    let (owner, manager) = (two.signed_in(&scene.owner.name).await, two.signed_in(&scene.manager.name).await);
    assert!(suggestions(&two, &owner, "days=30&kind=grant").await.iter().any(|row| row["item"] == scene.item()));
    one.get(&manager, &scene.project.url).await.is(200);
    two.get(&owner, &scene.project.url).await.is(200);
    uses::flush(&one.core).await.unwrap();
    uses::flush(&two.core).await.unwrap();
    assert!(!suggestions(&two, &owner, "days=30&kind=grant").await.iter().any(|row| row["item"] == scene.item()));
    narrow(&two, &owner, 30, json!([scene.item()])).await.is_invalid("items");
    // Both wrote for the same day, which counts once.
    assert!(recorded(&one, scene.manager_grant).await.values().all(|(_, _, days)| *days == 1));
}

/// The list of unused grants comes from an index, for whoever sees one organization.
async fn no_scan(lab: Lab) {
    let owner = lab.actor(&lab.signed_in("user00000").await).await;
    let question = unused::Question::read(&lab.core, &owner, ("30", "", "grant"), None).await.unwrap();
    let ask = Ask { within: only_unused(&question), limit: 10, ..Ask::default() };
    let statement = UNUSED_GRANTS.select(&owner, &ask, lab.core.now()).unwrap();
    let plan = lab.core.store.explain(&statement.clause.text, &statement.clause.params).await.unwrap();
    let scans = |line: &&String| {
        line.trim() == "SCAN grants" || line.trim() == "SCAN g" || line.contains("Seq Scan on grants ")
    };
    assert_eq!(plan.iter().filter(scans).count(), 0, "\n{}", plan.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_unused_grants_scans_nothing_on_sqlite() {
    no_scan(Lab::measured_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_unused_grants_scans_nothing_on_postgres() {
    if let Some(lab) = Lab::measured_postgres().await {
        no_scan(lab).await;
    }
}
