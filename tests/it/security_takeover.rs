//! C6: nobody takes over an account that is stronger than his own: no password, address, token, role or merge of it, by no
//! operation, whoever he is but staff; and staff only with a login of their own.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use stoa_kernel::{
    Error,
    access::{Narrow, decide},
    action::{Action, Cx, Target},
    field::{Input, Mode},
    vals,
};
use stoa_tenancy::{
    privacy::actions::{erase, export, merge},
    user::{actions, email, views::USERS},
};
use stoa_testing::{Lab, Person, World, both};

const PASSWORD: &str = "correct horse battery";

/// What an account is: whatever of this changed, somebody took it over.
async fn state(lab: &Lab, person: &Person) -> Vec<String> {
    let sql = "SELECT username, password, email, is_staff, is_support, is_active, is_identity_manager, token_lifetime, \
               merged_into, (SELECT count(*) FROM tokens t WHERE t.user_id = u.id), \
               (SELECT max(t.hash) FROM tokens t WHERE t.user_id = u.id), \
               (SELECT max(e.email) FROM email_changes e WHERE e.user_id = u.id), \
               (SELECT count(*) FROM ssh_keys k WHERE k.user_id = u.id) FROM users u WHERE u.username = $1";
    let rows = lab.core.store.query(sql, &vals![&person.name]).await.unwrap();
    (0..13).map(|at| format!("{:?}", rows[0].val(at))).collect()
}

/// Every operation on a user with what it takes, as somebody would try it.
fn attempts(target: &Person, own: &Person) -> Vec<(&'static str, String, Value)> {
    let at = |action: &str| format!("/api/users/{}/{action}", target.uuid);
    let profile =
        json!({"username": target.name, "email": "evil@example.org", "first_name": "Evil", "agree_with_policy": true});
    vec![
        ("PATCH", at(""), json!({"is_staff": true, "agree_with_policy": true})),
        ("PATCH", at(""), json!({"token_lifetime": null, "agree_with_policy": true})),
        ("PATCH", at(""), json!({"is_active": false})),
        ("PUT", at(""), profile),
        ("DELETE", at(""), Value::Null),
        ("POST", at("change_password/"), json!({"new_password": PASSWORD})),
        ("POST", at("remove_password/"), json!({})),
        ("POST", at("change_email/"), json!({"email": "evil@example.org"})),
        ("POST", at("cancel_change_email/"), json!({})),
        ("POST", at("refresh_token/"), json!({})),
        ("GET", at("token/"), Value::Null),
        ("POST", at("merge/"), json!({"into": own.uuid})),
        ("POST", at("erase/"), json!({"username": target.name})),
        ("POST", at("cancel_erasure/"), json!({})),
        ("POST", at("pull_remote_user/"), json!({})),
        ("POST", at("pull_scim_attributes/"), json!({})),
    ]
}

both! {
    async fn c06_nobody_but_staff_touches_the_credentials_of_another(lab: Lab) {
        let mut world = World::build(&lab).await;
        let manager = lab.user("identity-manager").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", manager.uuid), json!({"is_identity_manager": true, "managed_isds": ["isd:x"]})).await.is(200);
        lab.grant(&world.acme, "CUSTOMER.OWNER", &manager).await;
        world.cast.push(("identity manager", manager));
        // Staff who are also colleagues: those who see them must not touch them either.
        lab.grant(&world.acme, "CUSTOMER.OWNER", &lab.staff.clone()).await;
        let targets: Vec<Person> = ["staff", "support agent", "owner", "project admin", "identity manager"].iter().map(|who| world.person(who).clone()).collect();
        for (who, person) in world.cast.iter().filter(|(who, _)| *who != "staff") {
            for target in targets.iter().filter(|target| target.uuid != person.uuid) {
                let before = state(&lab, target).await;
                for (method, path, body) in attempts(target, person) {
                    let reply = lab.send(person, method, &path, body).await;
                    assert!(matches!(reply.status, 401 | 403 | 404), "{who}: {} answered {} {}", reply.asked, reply.status, reply.body);
                }
                // To act as somebody is to have his credentials.
                let headers = [("x-impersonated-user-uuid", target.uuid.as_str())];
                let reply = lab.raw(person, "GET", "/api/users/me/", &headers, vec![]).await;
                assert!(matches!(reply.status, 401 | 403), "{who} acts as {}: {}", target.name, reply.status);
                assert_eq!(state(&lab, target).await, before, "{who} changed {}", target.name);
            }
        }
    }

    /// The same for what other areas add: whatever is done to a user needs staff, or that user himself.
    async fn c06_every_action_on_a_user_needs_staff_or_himself(lab: Lab) {
        let world = World::build(&lab).await;
        let staff = lab.actor(&lab.staff).await;
        let target = stoa_kernel::access::Found { thing: "user", id: staff.id, owner: staff.id, ..Default::default() };
        let mut seen = 0;
        for action in lab.core.actions() {
            let (Target::Thing(view) | Target::Parent(_, view)) = action.target else { continue };
            if view.thing != "user" {
                continue;
            }
            seen += 1;
            for (who, person) in world.cast.iter().filter(|(who, _)| *who != "staff") {
                let actor = lab.actor(person).await;
                assert!(!decide(&actor, &action.needs, &target).allowed, "{who} may do {} to staff", action.name);
            }
        }
        assert!(seen > 10, "the actions were not found");
    }

    async fn c06_who_acts_as_somebody_else_does_not_become_him(lab: Lab) {
        let ann = lab.user("ann").await;
        lab.patch(&ann, &format!("/api/users/{}/", ann.uuid), json!({"agree_with_policy": true})).await.is(200);
        let second = lab.user("second").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", second.uuid), json!({"is_staff": true})).await.is(200);
        // As Ann, with what Ann may do to herself; and as another staff member, with all of staff's power.
        for (as_whom, target) in [(&ann, &ann), (&second, &ann), (&second, &second)] {
            let before = state(&lab, target).await;
            let headers = [("content-type", "application/json"), ("x-impersonated-user-uuid", as_whom.uuid.as_str())];
            for (action, body) in [("change_password/", json!({"new_password": PASSWORD})), ("remove_password/", json!({})),
                ("change_email/", json!({"email": "evil@example.org"})), ("erase/", json!({"username": target.name})),
                ("merge/", json!({"into": second.uuid}))] {
                let path = format!("/api/users/{}/{action}", target.uuid);
                let reply = lab.raw(&lab.staff, "POST", &path, &headers, body.to_string().into_bytes()).await;
                assert!(matches!(reply.status, 403 | 404), "{} as {}: {} {}", reply.asked, as_whom.name, reply.status, reply.body);
            }
            let path = format!("/api/users/{}/personal_data/", target.uuid);
            lab.raw(&lab.staff, "GET", &path, &headers, vec![]).await.is(403);
            assert_eq!(state(&lab, target).await, before, "as {}", as_whom.name);
        }
    }

    /// A narrowed credential of staff passes staff's power on, but makes nothing that is wider than itself.
    async fn c06_a_narrowed_credential_makes_no_power(lab: Lab) {
        let (ann, bob) = (lab.user("ann").await, lab.user("bob").await);
        let before = state(&lab, &ann).await;
        for (action, body) in [
            (&actions::UPDATE, json!({"is_staff": true})),
            (&actions::UPDATE, json!({"is_support": true})),
            (&actions::UPDATE, json!({"is_identity_manager": true})),
            (&actions::UPDATE, json!({"can_use_personal_access_tokens": true})),
            (&actions::CREATE, json!({"username": "evil", "email": "e@example.org", "is_staff": true})),
            (&actions::CREATE, json!({"username": "evil", "email": "e@example.org", "managed_isds": ["isd:x"]})),
            (&actions::SET_PASSWORD, json!({"password_hash": "x"})),
            (&actions::REMOVE_PASSWORD, json!({})),
            (&email::ASK, json!({"email": "evil@example.org"})),
            (&merge::MERGE, json!({"into": bob.uuid})),
            (&erase::ERASE, json!({"username": ann.name})),
            (&export::EXPORT, json!({})),
        ] {
            let refused = narrowed(&lab, action, &ann, body.clone()).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{} {body}: {refused:?}", action.name);
        }
        assert_eq!(state(&lab, &ann).await, before);
        // What gives no power it does.
        narrowed(&lab, &actions::UPDATE, &ann, json!({"job_title": "x"})).await.unwrap();
    }
}

/// Runs an action as staff with a credential that passes staff's power on and no permission.
async fn narrowed(lab: &Lab, action: &'static Action, target: &Person, body: Value) -> Result<(), Error> {
    let mut actor = lab.actor(&lab.staff).await;
    actor.narrow = Some(Narrow { staff: true, support: true, ..Narrow::default() });
    let found = lab.core.find(&actor, &USERS, &target.uuid).await?;
    let (core, now) = (lab.core.clone(), lab.core.now());
    let write = lab.core.store.write(move |tx| {
        let (core, actor, found, body) = (core.clone(), actor.clone(), found.clone(), body.clone());
        Box::pin(async move {
            let input = Input::read(action.fields, &body, Mode::Partial)?;
            let links = Default::default();
            let mut cx = Cx { tx, core: &core, actor: &actor, found, links, now, mode: Mode::Partial, body: &body };
            (action.run)(&mut cx, input).await.map(drop)
        })
    });
    write.await
}
