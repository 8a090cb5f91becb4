//! Security cases about stale authority (C8): what was taken away is gone at the very next request, whatever proves who calls: a
//! login token, a session's cookie, a personal access token, or staff who act in somebody's place.

use crate::personal_tokens::mint;
use serde_json::{Value, json};
use stoa_testing::{Lab, Person, Reply, Thing, World, both};

/// A way to call as a person.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Login,
    Session,
    Token,
    InPlace,
}

const WAYS: [Way; 4] = [Way::Login, Way::Session, Way::Token, Way::InPlace];

/// A person with all that proves who he is.
struct Caller {
    login: Person,
    token: Person,
    staff: Person,
}

impl Caller {
    /// Somebody with a role on a thing, signed in, with a token.
    async fn with(lab: &Lab, on: &Thing, role: &str) -> Caller {
        let login = lab.member(on, role).await;
        let token = mint(lab, &login, &["PROJECT.LIST", "PROJECT.UPDATE", "ORDER.LIST"], &[]).await;
        Caller { login, token, staff: lab.staff.clone() }
    }

    async fn get(&self, lab: &Lab, way: Way, path: &str) -> Reply {
        match way {
            Way::Login => lab.get(&self.login, path).await,
            Way::Token => lab.get(&self.token, path).await,
            Way::Session => {
                let cookie = format!("sessionid={}", self.login.token);
                lab.raw(&lab.nobody(), "GET", path, &[("cookie", &cookie)], vec![]).await
            }
            Way::InPlace => {
                let headers = [("x-impersonated-user-uuid", self.login.uuid.as_str())];
                lab.raw(&self.staff, "GET", path, &headers, vec![]).await
            }
        }
    }

    async fn change(&self, lab: &Lab, way: Way, path: &str) -> Reply {
        let body = json!({"description": format!("{way:?}")}).to_string().into_bytes();
        let json = ("content-type", "application/json");
        let cookie = format!("sessionid={}", self.login.token);
        let (who, headers): (Person, Vec<(&str, &str)>) = match way {
            Way::Login => (self.login.clone(), vec![json]),
            Way::Token => (self.token.clone(), vec![json]),
            Way::Session => (lab.nobody(), vec![json, ("cookie", &cookie), ("origin", "http://stoa.test")]),
            Way::InPlace => (self.staff.clone(), vec![json, ("x-impersonated-user-uuid", &self.login.uuid)]),
        };
        lab.raw(&who, "PATCH", path, &headers, body).await
    }

    /// All ways are open to the project now.
    async fn in_all_ways(&self, lab: &Lab, project: &str) {
        for way in WAYS {
            let seen = self.get(lab, way, project).await;
            assert_eq!(seen.status, 200, "{way:?} {}", seen.body);
            let done = self.change(lab, way, project).await;
            assert_eq!(done.status, 200, "{way:?} {}", done.body);
        }
    }

    /// Every way gets one of these answers now, to reading and to changing.
    async fn gets(&self, lab: &Lab, project: &str, reading: &[u16], changing: &[u16], why: &str) {
        for way in WAYS {
            let seen = self.get(lab, way, project).await;
            assert!(reading.contains(&seen.status), "{why}: {way:?} reads {} {}", seen.status, seen.body);
            let done = self.change(lab, way, project).await;
            assert!(changing.contains(&done.status), "{why}: {way:?} changes {} {}", done.status, done.body);
            // And lists agree with it.
            let listed = self.get(lab, way, "/api/projects/").await;
            let shows = listed.status == 200 && !listed.rows().is_empty();
            assert_eq!(shows, seen.status == 200, "{why}: {way:?} lists {}", listed.body);
        }
    }
}

const EDITOR: &str = "EDITOR";

async fn editor(lab: &Lab) -> String {
    let body = json!({"name": EDITOR, "content_type": "project", "permissions": ["PROJECT.LIST", "PROJECT.UPDATE"]});
    lab.post(&lab.staff, "/api/roles/", body).await.is(201).text("uuid")
}

both! {
    async fn c08_a_revoked_grant_is_gone_at_once(lab: Lab) {
        let world = World::build(&lab).await;
        editor(&lab).await;
        let one = Caller::with(&lab, &world.apollo, EDITOR).await;
        let project = &world.apollo.url;
        one.in_all_ways(&lab, project).await;
        let body = json!({"role": EDITOR, "user": one.login.uuid});
        lab.post(world.person("owner"), &format!("{project}delete_user/"), body).await.is(200);
        one.gets(&lab, project, &[404], &[404], "revoked").await;
    }

    async fn c08_a_disabled_role_is_gone_at_once_and_so_is_what_it_lost(lab: Lab) {
        let world = World::build(&lab).await;
        let role = editor(&lab).await;
        let one = Caller::with(&lab, &world.apollo, EDITOR).await;
        let project = &world.apollo.url;
        one.in_all_ways(&lab, project).await;
        let less = json!({"name": EDITOR, "content_type": "project", "permissions": ["PROJECT.LIST"]});
        lab.put(&lab.staff, &format!("/api/roles/{role}/"), less).await.is(200);
        one.gets(&lab, project, &[200], &[403], "the role lost it").await;
        lab.post(&lab.staff, &format!("/api/roles/{role}/disable/"), Value::Null).await.is(200);
        one.gets(&lab, project, &[404], &[404], "disabled").await;
        lab.post(&lab.staff, &format!("/api/roles/{role}/enable/"), Value::Null).await.is(200);
        one.gets(&lab, project, &[200], &[403], "enabled").await;
    }

    async fn c08_a_deactivated_user_is_out_at_once_and_his_credentials_for_good(lab: Lab) {
        let world = World::build(&lab).await;
        editor(&lab).await;
        let one = Caller::with(&lab, &world.apollo, EDITOR).await;
        let project = &world.apollo.url;
        one.in_all_ways(&lab, project).await;
        let user = format!("/api/users/{}/", one.login.uuid);
        lab.patch(&lab.staff, &user, json!({"is_active": false})).await.is(200);
        for way in WAYS {
            let expected = if way == Way::InPlace { 403 } else { 401 };
            one.get(&lab, way, project).await.is(expected);
            one.change(&lab, way, project).await.is(expected);
        }
        lab.patch(&lab.staff, &user, json!({"is_active": true})).await.is(200);
        for way in [Way::Login, Way::Session, Way::Token] {
            one.get(&lab, way, project).await.is(401);
        }
        one.get(&lab, Way::InPlace, project).await.is(200);
    }

    async fn c08_an_ended_project_is_only_read_and_a_removed_one_not_even_that(lab: Lab) {
        let world = World::build(&lab).await;
        editor(&lab).await;
        let mut one = Caller::with(&lab, &world.apollo, EDITOR).await;
        let project = &world.apollo.url;
        one.in_all_ways(&lab, project).await;
        let end = lab.core.now().date().plus_days(1).to_string();
        lab.patch(&lab.staff, project, json!({"end_date": end})).await.is(200);
        lab.advance(2 * 86_400);
        one.login = lab.signed_in(&one.login.name).await;
        one.gets(&lab, project, &[200], &[403], "ended").await;
        lab.delete(&lab.staff, project).await.is(204);
        for way in WAYS {
            let done = one.change(&lab, way, project).await;
            assert!((400..500).contains(&done.status), "{way:?} {} {}", done.status, done.body);
            let listed = one.get(&lab, way, "/api/projects/").await.is(200);
            assert!(listed.rows().is_empty(), "{way:?}");
        }
    }

    async fn c08_a_credential_that_was_given_up_is_gone_at_once_and_the_others_stay(lab: Lab) {
        let world = World::build(&lab).await;
        editor(&lab).await;
        let one = Caller::with(&lab, &world.apollo, EDITOR).await;
        let project = &world.apollo.url;
        let path = "/api/personal-access-tokens/";
        let uuid = lab.get(&one.login, path).await.is(200).column("uuid").remove(0);
        lab.delete(&one.login, &format!("{path}{uuid}/")).await.is(204);
        one.get(&lab, Way::Token, project).await.is(401);
        one.change(&lab, Way::Token, project).await.is(401);
        one.change(&lab, Way::Login, project).await.is(200);
        // A logout ends the login and its cookie, and not another token.
        let two = Caller::with(&lab, &world.apollo, EDITOR).await;
        lab.post(&two.login, "/api-auth/logout/", Value::Null).await.is(204);
        for way in [Way::Login, Way::Session] {
            two.get(&lab, way, project).await.is(401);
            let done = two.change(&lab, way, project).await;
            assert_eq!(done.status, 401, "{way:?} {}", done.body);
        }
        two.change(&lab, Way::Token, project).await.is(200);
        // Staff who sign out act in nobody's place.
        let staff = lab.signed_in("staff").await;
        let three = Caller { staff: staff.clone(), ..Caller::with(&lab, &world.apollo, EDITOR).await };
        three.change(&lab, Way::InPlace, project).await.is(200);
        lab.post(&staff, "/api-auth/logout/", Value::Null).await.is(204);
        three.change(&lab, Way::InPlace, project).await.is(401);
    }

    async fn c08_staff_who_are_no_longer_staff_act_in_nobodys_place(lab: Lab) {
        let world = World::build(&lab).await;
        editor(&lab).await;
        let second = lab.user("second").await;
        let of = format!("/api/users/{}/", second.uuid);
        lab.patch(&lab.staff, &of, json!({"is_staff": true})).await.is(200);
        let strong = mint(&lab, &second, &["STAFF.ACCESS", "PROJECT.UPDATE"], &[]).await;
        let one = Caller { staff: second.clone(), ..Caller::with(&lab, &world.apollo, EDITOR).await };
        one.change(&lab, Way::InPlace, &world.apollo.url).await.is(200);
        lab.get(&strong, &world.hermes.url).await.is(200);
        lab.patch(&lab.staff, &of, json!({"is_staff": false})).await.is(200);
        one.change(&lab, Way::InPlace, &world.apollo.url).await.is(403);
        lab.get(&strong, &world.hermes.url).await.is_not_found();
        lab.get(&second, &world.hermes.url).await.is_not_found();
    }

    /// A grant whose time is still to come gives nothing until then.
    async fn c08_a_grant_of_the_future_is_none_yet(lab: Lab) {
        let world = World::build(&lab).await;
        editor(&lab).await;
        let one = Caller::with(&lab, &world.apollo, EDITOR).await;
        let (project, later) = (&world.apollo.url, lab.core.now().plus_seconds(1_000));
        one.in_all_ways(&lab, project).await;
        let uuid = stoa_kernel::id::parse(&one.login.uuid).unwrap();
        lab.core.store.write(move |tx| Box::pin(async move {
            let sql = "UPDATE grants SET valid_from = $1 WHERE user_id = (SELECT id FROM users WHERE uuid = $2)";
            tx.execute(sql, &stoa_kernel::vals![later, uuid]).await
        })).await.unwrap();
        one.gets(&lab, project, &[404], &[404], "not yet").await;
        lab.advance(1_000);
        one.in_all_ways(&lab, project).await;
    }
}
