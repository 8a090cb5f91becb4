//! Roles just in time: to be eligible lets one do nothing, to activate lets one do what the role carries until its end, and
//! nothing loosens what the eligibility, the organization and the installation ask.

use crate::personal_tokens::mint;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use stoa_tenancy::access::{what, who};
use stoa_testing::{Lab, Person, Reply, Thing, both, thing};

const ALL: &str = "/api/access/eligibilities/";
const ACTIVATIONS: &str = "/api/access/activations/";
const RULES: &str = "/api/access/activation-rules/";
const HOUR: i64 = 3_600;

/// An organization with two owners, a project with a manager, and Eva who may become its administrator.
struct Scene {
    acme: Thing,
    apollo: Thing,
    ada: Person,
    grace: Person,
    manager: Person,
    eva: Person,
    neighbour: Person,
}

impl Scene {
    async fn build(lab: &Lab) -> Scene {
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let [ada, grace] = [lasting(lab, "ada").await, lasting(lab, "grace").await];
        lab.grant(&acme, "CUSTOMER.OWNER", &ada).await;
        lab.grant(&acme, "CUSTOMER.OWNER", &grace).await;
        let [manager, eva] = [lasting(lab, "manager").await, lasting(lab, "eva").await];
        lab.grant(&apollo, "PROJECT.MANAGER", &manager).await;
        let neighbour = lab.member(&lab.organization("Other").await, "CUSTOMER.OWNER").await;
        Scene { acme, apollo, ada, grace, manager, eva, neighbour }
    }

    fn wish(&self, extra: Value) -> Value {
        let mut body =
            json!({"scope": self.apollo.url, "role": "PROJECT.ADMIN", "user": self.eva.uuid, "max_hours": 8});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    }

    async fn eligible(&self, lab: &Lab, extra: Value) -> Thing {
        thing(lab.post(&self.ada, ALL, self.wish(extra)).await.is(201))
    }
}

/// Somebody who stays signed in however the clock is moved.
async fn lasting(lab: &Lab, name: &str) -> Person {
    let person = lab.user(name).await;
    lab.patch(
        &person,
        &format!("/api/users/{}/", person.uuid),
        json!({"token_lifetime": null, "agree_with_policy": true}),
    )
    .await
    .is(200);
    lab.signed_in(&person.name).await
}

fn mail(person: &Person) -> String {
    format!("{}@example.org", person.name)
}

/// Whether an instant is now, but for the time that the test itself takes.
fn is_now(lab: &Lab, shown: &Value, later: i64) -> bool {
    let shown = stoa_kernel::Time::parse(shown.as_str().unwrap()).unwrap();
    let now = lab.core.now().plus_seconds(later);
    shown <= now && shown > now.plus_seconds(-300)
}

async fn activate(lab: &Lab, by: &Person, eligibility: &Thing, hours: i64) -> Reply {
    let body = json!({"hours": hours, "reason": "The cluster does not answer."});
    lab.post(by, &format!("{}activate/", eligibility.url), body).await
}

async fn act(lab: &Lab, by: &Person, on: &Thing, verb: &str) -> Reply {
    lab.post(by, &format!("{}{verb}/", on.url), json!({"comment": "Said.", "reason": "Said."})).await
}

async fn state(lab: &Lab, by: &Person, activation: &Thing) -> String {
    lab.get(by, &activation.url).await.is(200).text("state")
}

async fn events(lab: &Lab, kind: &str) -> usize {
    lab.count(&lab.staff, &format!("/api/events/?event_type={kind}")).await
}

/// The letters of this kind that were queued, in order: to whom.
async fn letters(lab: &Lab, key: &str) -> Vec<String> {
    let rows = lab.core.store.query("SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id", &[]).await.unwrap();
    let letters = rows.iter().map(|row| row.get::<Value>(0).unwrap()).filter(|letter| letter["key"] == key);
    letters.map(|letter| letter["to"].as_str().unwrap().to_owned()).collect()
}

/// Whether somebody sees a project and may change it, by every surface: detail, list, what the decision says of a permission, and
/// who can; and that all of them agree.
async fn able(lab: &Lab, person: &Person, project: &Thing) -> bool {
    let seen = lab.get(person, &project.url).await.status == 200;
    let listed = lab.all(person, "/api/projects/").await.iter().any(|row| row["uuid"] == project.uuid.as_str());
    let actor = lab.actor(person).await;
    let what = what::what(&lab.core, &actor, what::Side::default(), None).await.unwrap();
    let held = what["scopes"].as_array().unwrap().iter().any(|scope| {
        scope["uuid"] == project.uuid.as_str()
            && scope["permissions"].as_array().unwrap().iter().any(|name| name == "ORDER.CREATE")
    });
    let system = stoa_kernel::access::Actor::system();
    let scope = format!("project:{}", project.uuid);
    let who = who::who(&lab.core, &system, "ORDER.CREATE", Some(&scope), None).await.unwrap();
    let among =
        |key: &str| who[key].as_array().unwrap().iter().any(|row| row["user"]["username"] == person.name.as_str());
    let told =
        stoa_tenancy::access::explain::explain(&lab.core, &person.name, "ORDER.CREATE", Some(&scope), None).await;
    let allowed = told.unwrap()["allowed"] == true;
    let roles = lab.all(&lab.staff, &format!("{}list_users/?user={}", project.url, person.uuid)).await.len();
    let all = [seen, listed, held, among("people"), allowed, roles == 1];
    assert!(all.iter().all(|one| *one == seen), "the surfaces differ: {all:?}");
    seen
}

async fn sql(lab: &Lab, text: &'static str) {
    let write = lab.core.store.write(move |tx| Box::pin(async move { tx.execute(text, &[]).await }));
    write.await.unwrap();
}

both! {
    async fn who_owns_for_some_hours_gives_himself_nothing_that_lasts(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let wish = scene.wish(json!({"scope": scene.acme.url, "role": "CUSTOMER.OWNER"}));
        let eligibility = thing(lab.post(&scene.ada, ALL, wish).await.is(201));
        activate(&lab, &scene.eva, &eligibility, 1).await.is(201);
        let give = json!({"role": "PROJECT.MANAGER", "user": scene.eva.uuid});
        let path = format!("{}add_user/", scene.apollo.url);
        let refused = lab.post(&scene.eva, &path, give.clone()).await.is(403);
        assert!(refused.body.to_string().contains("activated for some hours"), "{}", refused.body);
        // Nor does he make himself eligible, or prolong what he holds for a week.
        let wish = scene.wish(json!({"scope": scene.acme.url, "role": "CUSTOMER.OWNER"}));
        lab.post(&scene.eva, ALL, wish).await.is(403);
        let week = lab.core.now().plus_seconds(7 * 24 * HOUR).to_string();
        let week = json!({"role": "PROJECT.ADMIN", "user": scene.eva.uuid, "expiration_time": week});
        lab.post(&scene.ada, &path, week).await.is(201);
        let ever = json!({"role": "PROJECT.ADMIN", "user": scene.eva.uuid, "expiration_time": null});
        lab.post(&scene.eva, &path, ever.clone()).await.is(403);
        lab.post(&scene.eva, &format!("{}update_user/", scene.apollo.url), ever).await.is(403);
        // Nor does he put into a role, which he may hold for good, what he has for an hour.
        let body = json!({"name": "Helper", "content_type": "customer", "customer": scene.acme.url, "permissions": ["PROJECT.LIST"]});
        let made = lab.post(&scene.ada, "/api/access/roles/", body).await.is(201).text("uuid");
        let more = json!({"permissions": ["PROJECT.LIST", "CUSTOMER.CREATE_PERMISSION"]});
        lab.patch(&scene.eva, &format!("/api/roles/{made}/"), more.clone()).await.is(403);
        lab.patch(&scene.ada, &format!("/api/roles/{made}/"), more).await.is(200);
        // Staff, who could anyway, are not asked what they activated.
        let wish = json!({"scope": scene.acme.url, "role": "CUSTOMER.OWNER", "user": lab.staff.uuid});
        let eligibility = thing(lab.post(&lab.staff, ALL, wish).await.is(201));
        activate(&lab, &lab.staff, &eligibility, 1).await.is(201);
        let give_staff = json!({"role": "PROJECT.MANAGER", "user": lab.staff.uuid});
        lab.post(&lab.staff, &path, give_staff).await.is(201);
        // To others he gives what an owner gives, and others give him what they like.
        let other = json!({"role": "PROJECT.ADMIN", "user": scene.neighbour.uuid});
        lab.post(&scene.eva, &path, other).await.is(201);
        lab.post(&scene.ada, &path, give).await.is(201);
    }

    async fn what_was_activated_is_not_given_again_by_other_ways(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        activate(&lab, &scene.eva, &made, 2).await.is(201);
        let path = format!("/api/user-permissions/?user={}", scene.eva.uuid);
        let grant = lab.get(&lab.staff, &path).await.is(200).rows()[0]["uuid"].as_str().unwrap().to_owned();
        let body = json!({"role": "PROJECT.ADMIN", "user": scene.eva.uuid});
        lab.post(&scene.ada, &format!("{}delete_user/", scene.apollo.url), body).await.is(200);
        let again = lab.post(&scene.ada, &format!("/api/user-permissions/{grant}/restore/"), json!({})).await.is(400);
        assert!(again.body.to_string().contains("activated again"), "{}", again.body);
        // Nor does it come back with the project, or go to another account.
        activate(&lab, &scene.eva, &made, 2).await.is(201);
        lab.delete(&lab.staff, &scene.apollo.url).await.is(204);
        lab.post(&lab.staff, &format!("{}recover/", scene.apollo.url), json!({"restore_team_members": true})).await.is(200);
        let team = lab.all(&lab.staff, &format!("{}list_users/", scene.apollo.url)).await;
        assert!(team.iter().all(|row| row["user_uuid"] != scene.eva.uuid.as_str()), "{team:?}");
        assert_eq!(team.len(), 1);
    }

    async fn what_was_activated_does_not_go_to_the_account_that_one_is_merged_into(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        activate(&lab, &scene.eva, &made, 2).await.is(201);
        let (path, body) = (format!("/api/users/{}/merge/", scene.eva.uuid), json!({"into": scene.neighbour.uuid}));
        let merged = lab.post(&lab.staff, &path, body).await.is(200);
        assert_eq!(merged.body["roles"][0]["outcome"], "ends", "{}", merged.body);
        let team = lab.all(&lab.staff, &format!("{}list_users/", scene.apollo.url)).await;
        assert!(team.iter().all(|row| row["user_uuid"] != scene.neighbour.uuid.as_str()), "{team:?}");
    }

    async fn an_eligible_role_lets_its_holder_do_nothing_until_it_is_activated_and_nothing_after_its_end(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        assert_eq!((made.body["state"].as_str(), made.body["asks_hours"].as_i64()), (Some("open"), Some(8)));
        assert!(!able(&lab, &scene.eva, &scene.apollo).await);
        let started = thing(activate(&lab, &scene.eva, &made, 4).await.is(201));
        assert_eq!(started.body["state"], "active");
        assert!(is_now(&lab, &started.body["ends"], 4 * HOUR), "{}", started.body);
        assert!(able(&lab, &scene.eva, &scene.apollo).await);
        assert_eq!((events(&lab, "activation_started").await, events(&lab, "eligibility_granted").await), (1, 1));
        assert_eq!(lab.get(&scene.eva, &made.url).await.is(200).text("activation_uuid"), started.uuid);
        // It is a grant like any other, of which the team and the person know until when it lasts.
        let team = lab.get(&scene.ada, &format!("{}list_users/?user={}", scene.apollo.url, scene.eva.uuid)).await.is(200);
        assert_eq!(team.rows()[0]["expiration_time"], started.body["ends"]);
        assert_eq!(team.rows()[0]["source"], format!("eligibility:{}", made.uuid));
        lab.advance(4 * HOUR - 300);
        assert!(able(&lab, &scene.eva, &scene.apollo).await);
        lab.advance(300);
        // No job has come by yet: the role does not count, and what is shown says so.
        assert!(!able(&lab, &scene.eva, &scene.apollo).await);
        assert_eq!(state(&lab, &scene.eva, &started).await, "ended");
        assert_eq!(events(&lab, "activation_ended").await, 0);
        lab.run_jobs().await;
        assert_eq!((events(&lab, "activation_ended").await, events(&lab, "role_revoked").await), (1, 1));
        assert_eq!(letters(&lab, "access.activation_ended").await, [mail(&scene.eva)]);
        lab.run_jobs().await;
        assert_eq!(events(&lab, "activation_ended").await, 1);
        let shown = lab.get(&scene.eva, &started.url).await.is(200);
        assert_eq!((shown.text("state"), shown.text("end_reason")), ("ended".into(), "Its time was over".into()));
        // And again, when it is needed again.
        activate(&lab, &scene.eva, &made, 1).await.is(201);
        assert!(able(&lab, &scene.eva, &scene.apollo).await);
    }

    async fn one_that_is_over_does_not_stand_in_the_way_before_a_job_has_noted_it(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        activate(&lab, &scene.eva, &made, 1).await.is(201);
        activate(&lab, &scene.eva, &made, 1).await.is(409);
        lab.advance(HOUR);
        activate(&lab, &scene.eva, &made, 2).await.is(201);
        assert_eq!((events(&lab, "activation_started").await, events(&lab, "activation_ended").await), (2, 1));
        assert!(able(&lab, &scene.eva, &scene.apollo).await);
    }

    async fn hours_and_reason_are_asked_for_and_the_strictest_counts(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({"max_hours": 8})).await;
        let path = format!("{}activate/", made.url);
        lab.post(&scene.eva, &path, json!({"hours": 9, "reason": "Why."})).await.is_invalid("hours");
        lab.post(&scene.eva, &path, json!({"hours": 0, "reason": "Why."})).await.is_invalid("hours");
        lab.post(&scene.eva, &path, json!({"reason": "Why."})).await.is_invalid("hours");
        lab.post(&scene.eva, &path, json!({"hours": 1})).await.is_invalid("reason");
        lab.post(&scene.eva, &path, json!({"hours": 1, "reason": " "})).await.is_invalid("reason");
        // The organization asks more of every role, the installation of this one; each only adds.
        let rule = json!({"customer": scene.acme.url, "max_hours": 6, "min_reason": 10});
        let rule = thing(lab.post(&scene.ada, RULES, rule).await.is(201));
        let of_all = json!({"role": "PROJECT.ADMIN", "max_hours": 4});
        let for_all = format!("{RULES}create_for_all/");
        lab.post(&scene.ada, &for_all, of_all.clone()).await.is_forbidden();
        lab.post(&lab.staff, &for_all, of_all.clone()).await.is(201);
        lab.post(&lab.staff, &for_all, of_all).await.is_invalid("role");
        lab.post(&lab.staff, &for_all, json!({"role": "PROJECT.MANAGER", "max_hours": 1})).await.is(201);
        let seen = lab.get(&scene.eva, &made.url).await.is(200).body;
        assert_eq!((seen["asks_hours"].as_i64(), seen["asks_reason"].as_i64()), (Some(4), Some(10)));
        assert_eq!((seen["asks_approval"].as_bool(), seen["max_hours"].as_i64()), (Some(false), Some(8)));
        lab.post(&scene.eva, &path, json!({"hours": 5, "reason": "Long enough."})).await.is_invalid("hours");
        lab.post(&scene.eva, &path, json!({"hours": 4, "reason": "Short."})).await.is_invalid("reason");
        lab.post(&scene.eva, &path, json!({"hours": 4, "reason": "Long enough."})).await.is(201);
        // Rules are their organization's; the neighbour has no part in them.
        lab.patch(&scene.neighbour, &rule.url, json!({"max_hours": 100})).await.is_not_found();
        lab.patch(&scene.manager, &rule.url, json!({"max_hours": 100})).await.is_not_found();
        lab.patch(&scene.grace, &rule.url, json!({"max_hours": null, "needs_approval": true})).await.is(200);
        assert_eq!(lab.get(&scene.eva, &made.url).await.is(200).body["asks_approval"], true);
        lab.delete(&scene.grace, &rule.url).await.is(204);
        assert_eq!(lab.get(&scene.eva, &made.url).await.is(200).body["asks_approval"], false);
    }

    async fn an_activation_ends_with_its_eligibility_at_the_latest(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let until = lab.core.now().plus_seconds(2 * HOUR).to_string();
        let made = scene.eligible(&lab, json!({"expiration_time": until})).await;
        let started = thing(activate(&lab, &scene.eva, &made, 8).await.is(201));
        assert_eq!(started.body["ends"], until.as_str());
        let sooner = json!({"expiration_time": lab.core.now().plus_seconds(HOUR).to_string()});
        lab.patch(&scene.ada, &made.url, sooner).await.is_invalid("expiration_time");
        lab.advance(2 * HOUR);
        assert!(!able(&lab, &scene.eva, &scene.apollo).await);
        activate(&lab, &scene.eva, &made, 1).await.is(409);
        lab.run_jobs().await;
        assert_eq!(events(&lab, "eligibility_revoked").await, 1);
        assert_eq!(lab.get(&scene.eva, &made.url).await.is(200).text("state"), "over");
        // Now somebody can make him eligible again.
        scene.eligible(&lab, json!({})).await;
    }

    async fn making_somebody_eligible_takes_what_giving_the_role_takes(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let wish = scene.wish(json!({}));
        lab.post(&scene.eva, ALL, wish.clone()).await.is_invalid("scope");
        lab.post(&scene.neighbour, ALL, wish.clone()).await.is_invalid("scope");
        let admin = lab.member(&scene.apollo, "PROJECT.ADMIN").await;
        lab.post(&admin, ALL, wish.clone()).await.is_forbidden();
        // A manager gives no role of an organization, and none that carries more than he holds; nobody gives himself one here.
        let owner = json!({"scope": scene.acme.url, "role": "CUSTOMER.OWNER", "user": scene.eva.uuid});
        assert!(lab.post(&scene.manager, ALL, owner).await.status >= 400);
        lab.post(&scene.manager, ALL, scene.wish(json!({"user": scene.manager.uuid}))).await.is_forbidden();
        lab.post(&scene.ada, ALL, scene.wish(json!({"role": "CUSTOMER.OWNER"}))).await.is(400);
        lab.post(&scene.ada, ALL, scene.wish(json!({"role": "NO.SUCH"}))).await.is_invalid("role");
        lab.post(&scene.ada, ALL, scene.wish(json!({"user": "0123456789abcdef0123456789abcdef"}))).await.is_invalid("user");
        lab.post(&scene.ada, ALL, scene.wish(json!({"expiration_time": "2020-01-01T00:00:00Z"}))).await.is_invalid("expiration_time");
        lab.post(&scene.ada, ALL, scene.wish(json!({"max_hours": 721}))).await.is_invalid("max_hours");
        lab.post(&scene.ada, ALL, scene.wish(json!({"scope": "project:x"}))).await.is_invalid("scope");
        let body = json!({"user_email_patterns": ["@uni\\.example$"]});
        lab.patch(&lab.staff, &scene.apollo.url, body).await.is(200);
        lab.post(&scene.ada, ALL, wish.clone()).await.is(400);
        lab.patch(&lab.staff, &scene.apollo.url, json!({"user_email_patterns": []})).await.is(200);
        // A manager adds people of the organization only.
        lab.post(&scene.manager, ALL, wish.clone()).await.is_forbidden();
        let by_kind = json!({"scope": format!("project:{}", scene.apollo.uuid)});
        let made = lab.post(&scene.grace, ALL, scene.wish(by_kind)).await.is(201);
        lab.post(&scene.ada, ALL, wish).await.is(400);
        // It is seen by its holder and by those who manage the team, and by nobody else.
        for (person, status) in [(&scene.eva, 200), (&scene.ada, 200), (&scene.manager, 200), (&scene.neighbour, 404), (&admin, 404)] {
            lab.get(person, &made.text("url")).await.is(status);
        }
        lab.post(&scene.eva, &format!("{}revoke/", made.text("url")), json!({})).await.is_forbidden();
        lab.patch(&scene.eva, &made.text("url"), json!({"max_hours": 700})).await.is_forbidden();
        let changed = lab.patch(&scene.ada, &made.text("url"), json!({"max_hours": 3})).await.is(200);
        assert_eq!((changed.text("uuid"), changed.text("created_by_username")), (made.text("uuid"), scene.ada.name.clone()));
        assert_eq!(events(&lab, "eligibility_updated").await, 1);
        lab.patch(&scene.ada, &made.text("url"), json!({"max_hours": 3})).await.is(200);
        assert_eq!(events(&lab, "eligibility_updated").await, 1);
        assert_eq!(lab.count(&scene.ada, ALL).await, 1);
    }

    async fn only_the_holder_in_person_activates(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        for other in [&scene.ada, &scene.manager, &lab.staff] {
            activate(&lab, other, &made, 1).await.is_forbidden();
        }
        activate(&lab, &scene.neighbour, &made, 1).await.is_not_found();
        let token = mint(&lab, &scene.eva, &["PROJECT.UPDATE"], &[]).await;
        activate(&lab, &token, &made, 1).await.is_forbidden();
        let headers = [("x-impersonated-user-uuid", scene.eva.uuid.as_str()), ("content-type", "application/json")];
        let body = json!({"hours": 1, "reason": "As her."}).to_string().into_bytes();
        lab.raw(&lab.staff, "POST", &format!("{}activate/", made.url), &headers, body).await.is_forbidden();
        assert_eq!(events(&lab, "activation_started").await, 0);
    }

    async fn where_a_second_factor_is_asked_for_a_sign_in_without_one_is_not_enough(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({"needs_second_factor": true})).await;
        let refused = activate(&lab, &scene.eva, &made, 1).await.is_forbidden();
        assert!(refused.body.to_string().contains("second factor"), "{}", refused.body);
        // Signed in with a one-time code, as the session says.
        let passed = lab.signed_in(&scene.eva.name).await;
        sql(&lab, "UPDATE tokens SET factor = 'totp' WHERE id = (SELECT max(id) FROM tokens)").await;
        activate(&lab, &passed, &made, 1).await.is(201);
        assert!(able(&lab, &passed, &scene.apollo).await);
    }

    async fn somebody_else_who_could_give_the_role_approves_and_never_the_holder(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({"needs_approval": true})).await;
        let asked = thing(activate(&lab, &scene.eva, &made, 2).await.is(201));
        assert_eq!(asked.body["state"], "pending");
        assert!(!able(&lab, &scene.eva, &scene.apollo).await);
        assert_eq!(letters(&lab, "access.activation_requested").await, [mail(&scene.ada), mail(&scene.grace), mail(&scene.manager)]);
        activate(&lab, &scene.eva, &made, 2).await.is(409);
        act(&lab, &scene.eva, &asked, "approve").await.is_forbidden();
        act(&lab, &scene.neighbour, &asked, "approve").await.is_not_found();
        let token = mint(&lab, &scene.grace, &["PROJECT.CREATE_PERMISSION"], &[]).await;
        act(&lab, &token, &asked, "approve").await.is_forbidden();
        let done = act(&lab, &scene.grace, &asked, "approve").await.is(200);
        assert_eq!((done.text("state"), done.text("decided_by_uuid"), done.text("comment")), ("active".into(), scene.grace.uuid.clone(), "Said.".into()));
        assert!(able(&lab, &scene.eva, &scene.apollo).await);
        assert_eq!(letters(&lab, "access.activation_approved").await, [mail(&scene.eva)]);
        for verb in ["approve", "reject", "cancel"] {
            let by = if verb == "cancel" { &scene.eva } else { &scene.ada };
            act(&lab, by, &asked, verb).await.is(409);
        }
        act(&lab, &scene.eva, &asked, "deactivate").await.is(200);
        assert!(!able(&lab, &scene.eva, &scene.apollo).await);
        // Whoever ends it himself needs no letter.
        assert!(letters(&lab, "access.activation_ended").await.is_empty());

        // Rejected, taken back, and forgotten.
        let asked = thing(activate(&lab, &scene.eva, &made, 2).await.is(201));
        lab.post(&scene.ada, &format!("{}reject/", asked.url), json!({})).await.is_invalid("comment");
        assert_eq!(act(&lab, &scene.manager, &asked, "reject").await.is(200).text("state"), "rejected");
        assert_eq!(letters(&lab, "access.activation_rejected").await, [mail(&scene.eva)]);
        let asked = thing(activate(&lab, &scene.eva, &made, 2).await.is(201));
        act(&lab, &scene.ada, &asked, "cancel").await.is_forbidden();
        assert_eq!(act(&lab, &scene.eva, &asked, "cancel").await.is(200).text("state"), "cancelled");
        let asked = thing(activate(&lab, &scene.eva, &made, 2).await.is(201));
        lab.advance(24 * HOUR);
        assert_eq!(state(&lab, &scene.eva, &asked).await, "lapsed");
        act(&lab, &scene.ada, &asked, "approve").await.is(409);
        lab.run_jobs().await;
        assert_eq!(lab.get(&scene.eva, &asked.url).await.is(200).text("end_reason"), "Nobody decided about it in time");
        assert!(!able(&lab, &scene.eva, &scene.apollo).await);
    }

    async fn owners_and_staff_do_not_approve_themselves(lab: Lab) {
        let scene = Scene::build(&lab).await;
        lab.post(&lab.staff, &format!("{RULES}create_for_all/"), json!({"needs_approval": true})).await.is(201);
        // An owner who is eligible for a role of his project, and staff who are.
        for person in [&scene.grace, &lab.staff] {
            let made = scene.eligible(&lab, json!({"user": person.uuid})).await;
            let asked = thing(activate(&lab, person, &made, 1).await.is(201));
            let refused = act(&lab, person, &asked, "approve").await.is_forbidden();
            assert!(refused.body.to_string().contains("himself"), "{}", refused.body);
            act(&lab, person, &asked, "reject").await.is_forbidden();
            // Nor does staff in somebody else's place.
            let headers = [("x-impersonated-user-uuid", scene.ada.uuid.as_str()), ("content-type", "application/json")];
            lab.raw(&lab.staff, "POST", &format!("{}approve/", asked.url), &headers, b"{}".to_vec()).await.is_forbidden();
            act(&lab, &scene.ada, &asked, "approve").await.is(200);
        }
    }

    async fn everything_is_looked_at_again_when_it_starts(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        let roles = lab.get(&lab.staff, "/api/roles/?name=PROJECT.ADMIN").await.is(200);
        let role = format!("/api/roles/{}/", roles.rows()[0]["uuid"].as_str().unwrap());
        let refused = async |why: &str| {
            let reply = activate(&lab, &scene.eva, &made, 1).await;
            assert!(matches!(reply.status, 400 | 403 | 409), "{why}: {} {}", reply.status, reply.body);
            assert!(!able(&lab, &scene.eva, &scene.apollo).await, "{why}");
        };
        lab.post(&lab.staff, &format!("{role}disable/"), json!({})).await.is(200);
        refused("the role is disabled").await;
        lab.post(&lab.staff, &format!("{role}enable/"), json!({})).await.is(200);
        lab.patch(&lab.staff, &scene.acme.url, json!({"blocked": true})).await.is(200);
        refused("the organization is blocked").await;
        lab.patch(&lab.staff, &scene.acme.url, json!({"blocked": false})).await.is(200);
        lab.patch(&lab.staff, &scene.apollo.url, json!({"user_email_patterns": ["@uni\\.example$"]})).await.is(200);
        refused("the project does not let her in any more").await;
        lab.patch(&lab.staff, &scene.apollo.url, json!({"user_email_patterns": []})).await.is(200);
        let body = json!({"role": "CUSTOMER.OWNER", "user": scene.ada.uuid});
        lab.post(&lab.staff, &format!("{}delete_user/", scene.acme.url), body).await.is(200);
        refused("who made her eligible is no owner any more").await;
        lab.grant(&scene.acme, "CUSTOMER.OWNER", &scene.ada).await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", scene.ada.uuid), json!({"is_active": false})).await.is(200);
        refused("who made her eligible can't sign in any more").await;
        // Whoever changes it gives it from then on.
        lab.patch(&scene.grace, &made.url, json!({"max_hours": 2})).await.is(200);
        activate(&lab, &scene.eva, &made, 1).await.is(201);
        lab.advance(HOUR);
        let today = lab.core.now().date().to_string();
        lab.patch(&lab.staff, &scene.apollo.url, json!({"end_date": today})).await.is(200);
        lab.advance(48 * HOUR);
        refused("the project has ended").await;
    }

    async fn what_was_approved_is_looked_at_again_too(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({"needs_approval": true})).await;
        let asked = thing(activate(&lab, &scene.eva, &made, 6).await.is(201));
        let rule = json!({"customer": scene.acme.url, "max_hours": 4});
        let rule = thing(lab.post(&scene.ada, RULES, rule).await.is(201));
        act(&lab, &scene.grace, &asked, "approve").await.is(400);
        lab.patch(&scene.ada, &rule.url, json!({"max_hours": null, "needs_second_factor": true})).await.is(200);
        act(&lab, &scene.grace, &asked, "approve").await.is(409);
        assert_eq!(state(&lab, &scene.eva, &asked).await, "pending");
        lab.delete(&scene.ada, &rule.url).await.is(204);
        act(&lab, &scene.grace, &asked, "approve").await.is(200);
    }

    async fn who_holds_the_role_already_does_not_activate_it_and_what_was_activated_is_not_prolonged(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        lab.grant(&scene.apollo, "PROJECT.ADMIN", &scene.eva).await;
        activate(&lab, &scene.eva, &made, 1).await.is(409);
        let team = |verb: &str| format!("{}{verb}/", scene.apollo.url);
        let body = json!({"role": "PROJECT.ADMIN", "user": scene.eva.uuid});
        lab.post(&scene.ada, &team("delete_user"), body.clone()).await.is(200);
        let started = thing(activate(&lab, &scene.eva, &made, 2).await.is(201));
        lab.post(&scene.ada, &team("add_user"), body.clone()).await.is(400);
        let mut longer = body.clone();
        longer["expiration_time"] = lab.core.now().plus_seconds(30 * HOUR).to_string().into();
        lab.post(&scene.ada, &team("update_user"), longer).await.is(400);
        // An owner for some hours does not make himself one for ever.
        let owner = json!({"scope": scene.acme.url, "role": "CUSTOMER.OWNER", "user": scene.eva.uuid});
        let owner = thing(lab.post(&scene.ada, ALL, owner).await.is(201));
        activate(&lab, &scene.eva, &owner, 2).await.is(201);
        lab.patch(&scene.eva, &owner.url, json!({"max_hours": 700})).await.is_forbidden();
        let own = json!({"role": "CUSTOMER.OWNER", "user": scene.eva.uuid});
        lab.post(&scene.eva, &format!("{}add_user/", scene.acme.url), own).await.is(403);
        // Taken away by another hand, it is over, and that is told.
        lab.post(&scene.ada, &team("delete_user"), body).await.is(200);
        assert_eq!(state(&lab, &scene.eva, &started).await, "ended");
        lab.run_jobs().await;
        assert_eq!(events(&lab, "activation_ended").await, 1);
        assert_eq!(lab.get(&scene.eva, &started.url).await.is(200).text("end_reason"), "The role was taken away");
    }

    async fn taking_the_eligibility_back_ends_what_runs_at_once(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        let started = thing(activate(&lab, &scene.eva, &made, 2).await.is(201));
        act(&lab, &scene.manager, &made, "revoke").await.is(200);
        assert!(!able(&lab, &scene.eva, &scene.apollo).await);
        assert_eq!(state(&lab, &scene.eva, &started).await, "ended");
        for kind in ["eligibility_revoked", "activation_ended", "role_revoked"] {
            assert_eq!(events(&lab, kind).await, 1, "{kind}");
        }
        assert_eq!(letters(&lab, "access.activation_ended").await, [mail(&scene.eva)]);
        activate(&lab, &scene.eva, &made, 1).await.is(409);
        act(&lab, &scene.ada, &made, "revoke").await.is(409);
        // Its record stays, and so does a way to begin anew.
        assert_eq!(lab.get(&scene.eva, &made.url).await.is(200).text("revoke_reason"), "Said.");
        let again = scene.eligible(&lab, json!({"needs_approval": true})).await;
        let asked = thing(activate(&lab, &scene.eva, &again, 2).await.is(201));
        act(&lab, &scene.ada, &again, "revoke").await.is(200);
        assert_eq!(state(&lab, &scene.eva, &asked).await, "cancelled");
        assert_ne!(again.uuid, made.uuid);
        // With the project goes what was to be activated there.
        let third = scene.eligible(&lab, json!({})).await;
        activate(&lab, &scene.eva, &third, 2).await.is(201);
        lab.delete(&lab.staff, &scene.apollo.url).await.is(204);
        assert_eq!(lab.get(&scene.eva, &third.url).await.is(200).text("state"), "over");
        assert_eq!(events(&lab, "activation_ended").await, 2);
    }

    async fn an_erased_person_is_eligible_for_nothing_and_a_moved_project_takes_its_rules_along(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        let other = lab.organization("Third").await;
        lab.post(&lab.staff, RULES, json!({"customer": other.url, "max_hours": 2})).await.is(201);
        let moved = json!({"customer": other.url, "preserve_permissions": true});
        lab.post(&lab.staff, &format!("{}move_project/", scene.apollo.url), moved).await.is(200);
        lab.patch(&lab.staff, &scene.apollo.url, json!({"name": "Artemis"})).await.is(200);
        let seen = lab.get(&scene.eva, &made.url).await.is(200).body;
        assert_eq!((seen["asks_hours"].as_i64(), seen["customer_name"].as_str(), seen["scope_name"].as_str()), (Some(2), Some("Third"), Some("Artemis")));
        // Who gave it has nothing to give there any more, and does not see it either.
        activate(&lab, &scene.eva, &made, 1).await.is(400);
        lab.get(&scene.ada, &made.url).await.is_not_found();
        lab.patch(&lab.staff, &made.url, json!({"max_hours": 1})).await.is(200);
        activate(&lab, &scene.eva, &made, 1).await.is(201);
        lab.post(&lab.staff, &format!("/api/users/{}/erase/", scene.eva.uuid), json!({"username": scene.eva.name})).await.is(200);
        let rows = lab.all(&lab.staff, &format!("{ALL}?state=open")).await;
        assert!(rows.is_empty(), "{rows:?}");
        let kept = lab.core.store.query("SELECT reason FROM activations", &[]).await.unwrap();
        assert!(kept.iter().all(|row| row.get::<String>(0).unwrap().is_empty()));
    }

    async fn one_of_16_activations_at_once_starts_and_one_of_two_decisions_counts(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        let approved = scene.eligible(&lab, json!({"role": "PROJECT.MANAGER", "needs_approval": true})).await;
        let asked = thing(activate(&lab, &scene.eva, &approved, 1).await.is(201));
        let (eva, ada, grace) = (scene.eva.clone(), scene.ada.clone(), scene.grace.clone());
        let lab = Arc::new(lab);
        let statuses = async |calls: Vec<(Person, String)>| {
            let mut counts = BTreeMap::new();
            let running: Vec<_> = calls.into_iter().map(|(person, path)| {
                let lab = lab.clone();
                let body = json!({"hours": 1, "reason": "Now.", "comment": "Yes."});
                tokio::spawn(async move { lab.post(&person, &path, body).await.status })
            }).collect();
            for one in running {
                *counts.entry(one.await.unwrap()).or_insert(0) += 1;
            }
            counts
        };
        let path = format!("{}activate/", made.url);
        assert_eq!(statuses(vec![(eva.clone(), path); 16]).await, BTreeMap::from([(201, 1), (409, 15)]));
        assert_eq!(events(&lab, "activation_started").await, 1);
        let decide = |by: &Person, verb: &str| (by.clone(), format!("{}{verb}/", asked.url));
        let both = vec![decide(&ada, "approve"), decide(&grace, "reject"), decide(&grace, "approve"), decide(&ada, "reject")];
        assert_eq!(statuses(both).await, BTreeMap::from([(200, 1), (409, 3)]));
        let state = state(&lab, &eva, &asked).await;
        let started = events(&lab, "activation_started").await;
        assert!(state == "active" && started == 2 || state == "rejected" && started == 1, "{state} {started}");
        // Give and take at once, over and over: never two open rows, never a role without its activation.
        for _ in 0..4 {
            let stop = (ada.clone(), format!("{}revoke/", made.url));
            let mut calls = vec![(eva.clone(), format!("{}activate/", made.url)); 8];
            calls.insert(4, stop);
            statuses(calls).await;
        }
        let sql = "SELECT (SELECT count(*) FROM grants WHERE revoked_at IS NULL AND source <> '' AND role_id = r.id), \
                   (SELECT count(*) FROM activations WHERE state = 'active' AND role_id = r.id) FROM roles r \
                   WHERE r.name = 'PROJECT.ADMIN'";
        let rows = lab.core.store.query(sql, &[]).await.unwrap();
        assert_eq!((rows[0].get::<i64>(0).unwrap(), rows[0].get::<i64>(1).unwrap()), (0, 0));
    }

    async fn questions_name_the_role_that_could_be_activated(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({})).await;
        lab.enable_role("PROJECT.MEMBER").await;
        lab.grant(&scene.apollo, "PROJECT.MEMBER", &scene.eva).await;
        let explain = format!("/api/access/explain/?action=RESOURCE.TERMINATE&scope=project:{}", scene.apollo.uuid);
        let of_eva = format!("&user={}", scene.eva.name);
        for (asker, of) in [(&scene.eva, ""), (&scene.ada, &of_eva), (&lab.staff, &of_eva)] {
            let told = lab.get(asker, &format!("{explain}{of}")).await.is(200).body;
            let reasons = told["reasons"].as_array().unwrap();
            let eligible = reasons.iter().find(|one| one["reason"] == "eligible").unwrap();
            assert_eq!((eligible["role"].as_str(), eligible["eligibility"].as_str()), (Some("PROJECT.ADMIN"), Some(made.uuid.as_str())));
            let sentence = "The user may activate the role PROJECT.ADMIN on the project Apollo, which carries RESOURCE.TERMINATE.";
            assert_eq!(eligible["text"], sentence);
            assert_eq!(told["allowed"], false);
        }
        let what = lab.get(&scene.ada, &format!("/api/access/what/?user={}", scene.eva.name)).await.is(200).body;
        assert_eq!(what["eligible"][0]["role"], "PROJECT.ADMIN");
        let who = format!("/api/access/who/?action=RESOURCE.TERMINATE&scope=project:{}", scene.apollo.uuid);
        let told = lab.get(&scene.ada, &who).await.is(200).body;
        assert_eq!(told["eligible"][0]["user"]["username"], scene.eva.name.as_str());
        assert_eq!(told["eligible"][0]["reasons"][0]["eligibility"], made.uuid.as_str());
        assert!(told["people"].as_array().unwrap().iter().all(|row| row["user"]["username"] != scene.eva.name.as_str()));
        activate(&lab, &scene.eva, &made, 2).await.is(201);
        let told = lab.get(&scene.ada, &who).await.is(200).body;
        assert!(told["people"].as_array().unwrap().iter().any(|row| row["user"]["username"] == scene.eva.name.as_str()));
        assert!(told["eligible"].as_array().unwrap().is_empty());
        let told = lab.get(&scene.eva, "/api/access/timeline/").await.is(200).body;
        let lines: Vec<&str> = told["moments"].as_array().unwrap().iter().map(|one| one["sentence"].as_str().unwrap()).collect();
        assert!(lines.iter().any(|line| line.contains("activated the role PROJECT.ADMIN")), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("may activate the role PROJECT.ADMIN")), "{lines:?}");
    }

    async fn making_and_taking_back_is_simulated_and_changes_nobodys_power(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let headers = [("x-simulate", "true"), ("content-type", "application/json")];
        let simulate = async |path: &str, body: Value| {
            lab.raw(&scene.ada, "POST", path, &headers, body.to_string().into_bytes()).await.is(200).body
        };
        let told = simulate(ALL, scene.wish(json!({}))).await;
        assert_eq!((told["people"].as_i64(), lab.count(&scene.ada, ALL).await), (Some(0), 0));
        let made = scene.eligible(&lab, json!({})).await;
        let revoke = format!("{}revoke/", made.url);
        assert_eq!(simulate(&revoke, json!({})).await["people"], 0);
        activate(&lab, &scene.eva, &made, 2).await.is(201);
        let told = simulate(&revoke, json!({})).await;
        assert_eq!((told["people"].as_i64(), told["differences"][0]["user"]["username"].as_str()), (Some(1), Some(scene.eva.name.as_str())));
        assert!(able(&lab, &scene.eva, &scene.apollo).await);
    }

    async fn people_activate_and_approve_on_pages(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let made = scene.eligible(&lab, json!({"needs_approval": true})).await;
        let browse = async |who: &Person, method: &str, path: &str, body: &str| {
            let cookie = format!("sessionid={}", who.token);
            let headers = [("accept", "text/html"), ("cookie", cookie.as_str()), ("origin", "http://stoa.test"), ("host", "stoa.test"), ("content-type", "application/x-www-form-urlencoded")];
            lab.raw(&lab.nobody(), method, path, &headers, body.as_bytes().to_vec()).await
        };
        let page = browse(&scene.eva, "GET", "/access/roles/", "").await.is(200);
        assert!(page.body.to_string().contains("PROJECT.ADMIN") || page.status == 200);
        let path = format!("/access/roles/{}/activate/", made.uuid);
        browse(&scene.eva, "POST", &path, "hours=2&reason=Now").await.is(303);
        let asked = lab.get(&scene.eva, ACTIVATIONS).await.is(200).rows()[0].clone();
        assert_eq!((asked["state"].as_str(), asked["hours"].as_i64()), (Some("pending"), Some(2)));
        browse(&scene.grace, "GET", "/access/activations/", "").await.is(200);
        let decide = format!("/access/activations/{}/decide/", asked["uuid"].as_str().unwrap());
        browse(&scene.grace, "POST", &decide, "decision=approve&comment=Yes").await.is(303);
        assert!(able(&lab, &scene.eva, &scene.apollo).await);
        let end = format!("/access/activations/{}/end/", asked["uuid"].as_str().unwrap());
        browse(&scene.eva, "POST", &end, "").await.is(303);
        assert!(!able(&lab, &scene.eva, &scene.apollo).await);
        // Too long is said on the page, and nothing is asked for.
        let wrong = browse(&scene.eva, "POST", &path, "hours=99&reason=Now").await;
        assert_eq!((wrong.status, lab.count(&scene.eva, ACTIVATIONS).await), (400, 1));
        let gone = browse(&lab.nobody(), "GET", "/access/roles/", "").await;
        assert_eq!(gone.header("location"), Some("/sign-in/?next=/access/roles/"));
    }
}
