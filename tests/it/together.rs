//! Sixty-four clients at once on everything that decides about access: grants, revocations, edits of roles, guards, eligibilities,
//! activations, approvals and narrowings. Nothing is there twice, no update is lost, nobody holds what must not be held together,
//! and what the record says is what the tables say (mission R4–R6).

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use stoa_kernel::Time;
use stoa_testing::{Lab, Person, World, both};

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;

/// The world that they share.
struct Stage {
    lab: Lab,
    world: World,
    owners: Vec<Person>,
    people: Vec<Person>,
    role: String,
    eligibilities: Vec<String>,
}

async fn stage(lab: Lab) -> Stage {
    let world = World::build(&lab).await;
    let apart = json!({"name": "duties", "kind": "apart", "roles": ["PROJECT.ADMIN", "PROJECT.MANAGER"], "within": "organization"});
    lab.post(&lab.staff, "/api/access/guards/create_for_all/", apart).await.is(201);
    let mut owners = vec![world.person("owner").clone()];
    owners.push(lab.member(&world.acme, "CUSTOMER.OWNER").await);
    let mut people = Vec::new();
    for at in 0..8 {
        people.push(lab.user(&format!("hand{at}")).await);
    }
    let role = json!({"name": "SHARED", "content_type": "project", "permissions": ["PROJECT.LIST"], "is_active": true});
    let role = lab.post(&lab.staff, "/api/roles/", role).await.is(201).text("uuid");
    let mut eligibilities = Vec::new();
    for (at, person) in people.iter().enumerate() {
        let body = json!({"scope": world.zeus.url, "role": "PROJECT.MEMBER", "user": person.uuid, "max_hours": 8,
            "needs_approval": at % 2 == 0});
        eligibilities.push(lab.post(&owners[0], "/api/access/eligibilities/", body).await.is(201).text("url"));
    }
    Stage { lab, world, owners, people, role, eligibilities }
}

impl Stage {
    /// What one client does in one round. Everything may be refused; nothing may fail.
    async fn act(&self, client: usize, round: usize) {
        let (lab, world) = (&self.lab, &self.world);
        let turn = client + round * 7;
        let (owner, person) = (&self.owners[turn % 2], &self.people[turn % self.people.len()]);
        let project = if turn.is_multiple_of(3) { &world.apollo } else { &world.zeus };
        let kind = client % 8;
        let reply = match kind {
            0 | 1 => {
                let role = if (client / 8 + round).is_multiple_of(2) { "PROJECT.ADMIN" } else { "PROJECT.MANAGER" };
                let verb = if kind == 0 || round.is_multiple_of(2) { "add_user" } else { "delete_user" };
                let body = json!({"role": role, "user": person.uuid});
                lab.post(owner, &format!("{}{verb}/", project.url), body).await
            }
            2 => {
                let all = ["PROJECT.LIST", "ORDER.LIST", "RESOURCE.LIST", "ORDER.CREATE"];
                let body = json!({"name": "SHARED", "content_type": "project", "permissions": &all[..=(turn % 4)]});
                lab.put(&lab.staff, &format!("/api/roles/{}/", self.role), body).await
            }
            3 => {
                let body = json!({"role": self.role, "user": person.uuid});
                let verb = if turn.is_multiple_of(2) { "add_user" } else { "delete_user" };
                lab.post(&lab.staff, &format!("{}{verb}/", project.url), body).await
            }
            4 => {
                let at = turn % self.people.len();
                let body = json!({"hours": 1, "reason": "There is something to do."});
                lab.post(&self.people[at], &format!("{}activate/", self.eligibilities[at]), body).await
            }
            5 => {
                let waiting = lab.get(owner, "/api/access/activations/?state=pending").await.is(200);
                let rows = waiting.rows();
                let Some(one) = rows.get(turn % rows.len().max(1)) else { return };
                let verb = if turn.is_multiple_of(3) { "reject" } else { "approve" };
                let path = format!("{}{verb}/", one["url"].as_str().unwrap());
                lab.post(owner, &path, json!({"comment": "Seen."})).await
            }
            6 => {
                let running = lab.get(person, "/api/access/activations/?state=active").await.is(200);
                let Some(one) = running.rows().first().cloned() else { return };
                lab.post(person, &format!("{}deactivate/", one["url"].as_str().unwrap()), json!({})).await
            }
            _ => {
                let body = json!({"name": format!("guard {client}"), "kind": "deny", "permissions": ["PROJECT.DELETE"],
                    "customer": world.acme.url, "roles": ["SHARED"]});
                let made = lab.post(owner, "/api/access/guards/", body).await.is(201);
                lab.patch(owner, &made.text("url"), json!({"is_active": turn.is_multiple_of(2)})).await.is(200);
                lab.delete(owner, &made.text("url")).await
            }
        };
        let fine = matches!(reply.status, 200 | 201 | 204 | 400 | 403 | 404 | 409);
        assert!(fine, "{} by client {client}: {} {}", reply.asked, reply.status, reply.body);
    }

    async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let rows = self.lab.core.store.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter()
            .map(|row| {
                let text = |at: usize| row.get::<Option<String>>(at).unwrap();
                vec![json!(row.get::<i64>(0).unwrap()), json!(text(1)), json!(text(2))]
            })
            .collect()
    }

    /// What must be true whoever came first.
    async fn is_sound(&self) {
        // Nothing twice: no person has a role on a thing by two open grants, nor two unfinished activations of one eligibility.
        for sql in [
            "SELECT count(*), scope, '' FROM grants WHERE revoked_at IS NULL GROUP BY user_id, role_id, scope, scope_id HAVING count(*) > 1",
            "SELECT count(*), '', '' FROM activations WHERE state IN ('pending', 'active') GROUP BY eligibility_uuid HAVING count(*) > 1",
        ] {
            assert_eq!(self.rows(sql).await, Vec::<Vec<Value>>::new(), "{sql}");
        }
        // Nobody has both of the two roles that are kept apart.
        let both = "SELECT count(DISTINCT r.name), u.username, '' FROM grants g JOIN roles r ON r.id = g.role_id \
                    JOIN users u ON u.id = g.user_id WHERE g.revoked_at IS NULL AND u.username LIKE 'hand%' \
                    AND r.name IN ('PROJECT.ADMIN', 'PROJECT.MANAGER') GROUP BY u.username, g.customer_id \
                    HAVING count(DISTINCT r.name) > 1";
        assert_eq!(self.rows(both).await, Vec::<Vec<Value>>::new());
        // No edit of a role or a guard is lost: as many revisions as the record has changes, without a gap.
        let gaps = "SELECT count(*), '', '' FROM role_versions GROUP BY role_id HAVING count(*) <> max(revision)";
        assert_eq!(self.rows(gaps).await, Vec::<Vec<Value>>::new());
        let gaps = "SELECT count(*), '', '' FROM guard_versions GROUP BY guard_id HAVING count(*) <> max(revision)";
        assert_eq!(self.rows(gaps).await, Vec::<Vec<Value>>::new());
        let edits = "SELECT count(*), '', '' FROM events WHERE event_type = 'role_definition_updated' AND message LIKE 'Role SHARED%'";
        let versions =
            "SELECT count(*), '', '' FROM role_versions v JOIN roles r ON r.id = v.role_id WHERE r.name = 'SHARED'";
        let (edits, versions) = (self.rows(edits).await, self.rows(versions).await);
        assert_eq!(edits[0][0].as_i64().unwrap() + 1, versions[0][0].as_i64().unwrap());
        let turns = "SELECT (SELECT s.revision FROM guard_state s) - (SELECT count(*) FROM guard_versions), '', ''";
        assert!(self.rows(turns).await[0][0].as_i64() >= Some(0), "no change of a guard goes uncounted");
        // What runs has its grant, and what has ended has none.
        let lame = "SELECT count(*), a.state, '' FROM activations a LEFT JOIN grants g ON g.uuid = a.grant_uuid \
                    AND g.revoked_at IS NULL WHERE (a.state = 'active') <> (g.id IS NOT NULL) GROUP BY a.state";
        assert_eq!(self.rows(lame).await, Vec::<Vec<Value>>::new());
        self.is_recorded().await;
    }

    /// Walks through the record: what was given and not taken is what is open now.
    async fn is_recorded(&self) {
        let sql = "SELECT event_type, context, created FROM events WHERE event_type IN ('role_granted', 'role_revoked') ORDER BY id";
        let mut open: BTreeMap<(String, String, String), i64> = BTreeMap::new();
        for row in self.lab.core.store.query(sql, &[]).await.unwrap() {
            let (kind, context): (String, Value) = (row.get(0).unwrap(), row.get(1).unwrap());
            let _: Time = row.get(2).unwrap();
            let text = |name: &str| context[name].as_str().unwrap_or_default().to_owned();
            let key = (text("affected_user_uuid"), text("role_name"), text("scope_uuid"));
            *open.entry(key).or_default() += if kind == "role_granted" { 1 } else { -1 };
        }
        assert!(open.values().all(|count| (0..=1).contains(count)), "{open:?}");
        let recorded: i64 = open.values().sum();
        let held = self.rows("SELECT count(*), '', '' FROM grants WHERE revoked_at IS NULL").await;
        assert_eq!(json!(recorded), held[0][0]);
    }
}

both! {
    async fn sixty_four_clients_at_once_leave_everything_sound(lab: Lab) {
        let stage = Arc::new(stage(lab).await);
        for round in 0..ROUNDS {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let stage = stage.clone();
                    tokio::spawn(async move { stage.act(client, round).await })
                })
                .collect();
            for client in clients {
                client.await.unwrap();
            }
            stage.is_sound().await;
        }
        let sql = "SELECT count(*), '', '' FROM activations WHERE state <> 'pending'";
        assert!(stage.rows(sql).await[0][0].as_i64() > Some(0), "something was activated");
    }
}
