//! The world with a thing in every state that it can be in, for tests that loop over everything.

use serde_json::json;
use stoa_kernel::{
    Val,
    access::Found,
    door,
    id::{self, Uuid},
    view::View,
};
use stoa_testing::{Lab, Person, Reply, Thing, World, thing};
use stoa_waldur::{route::Route, routes};

/// From where the people of the cast call.
const INSIDE: &str = "10.1.2.3";

/// The world, and more of it.
pub struct Gallery {
    /// Organizations, projects, the offering and the people.
    pub world: World,
    /// A project whose end is over.
    pub ended: Thing,
    /// A project that was removed.
    pub removed: Thing,
}

/// Every route of the Waldur surface.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    routes::all()
}

impl Gallery {
    /// Builds it. The clock moves by two days, so that a project ends.
    pub async fn build(lab: &Lab) -> Gallery {
        let mut world = World::build(lab).await;
        let staff = &lab.staff;

        let ended = lab.project(&world.acme, "Ended").await;
        let removed = lab.project(&world.acme, "Removed").await;
        for (who, role) in [
            ("project manager", "PROJECT.MANAGER"),
            ("project admin", "PROJECT.ADMIN"),
            ("project member", "PROJECT.MEMBER"),
        ] {
            lab.grant(&ended, role, world.person(who)).await;
            lab.grant(&removed, role, world.person(who)).await;
        }
        // Somebody who does nothing.
        let idle = lab.user("idle").await;
        for scope in [&world.apollo, &world.zeus] {
            lab.grant(scope, "PROJECT.ADMIN", &idle).await;
        }
        let tomorrow = lab.core.now().plus_seconds(86_400).date();
        lab.patch(staff, &ended.url, json!({"end_date": tomorrow.to_string()})).await.is(200);
        lab.delete(staff, &removed.url).await.is(204);
        lab.advance(2 * 86_400);
        for (_, person) in world.cast.iter_mut().filter(|(_, person)| !person.name.is_empty()) {
            *person = lab.signed_in(&person.name).await.calling_from(INSIDE);
        }

        let gallery = Gallery { world, ended, removed };
        gallery.offerings(lab).await;
        gallery.orders_and_resources(lab).await;
        gallery.small_things(lab).await;
        gallery.ways_in(lab).await;
        gallery.what_people_keep(lab).await;
        gallery.notices(lab).await;
        gallery.reviews(lab).await;
        gallery.guards(lab).await;
        gallery.own_roles(lab).await;
        gallery.just_in_time(lab).await;
        gallery.narrowings(lab).await;
        gallery
    }

    /// A role that Acme's owner made, and a copy that staff made for the neighbour, in which the role itself is hidden.
    async fn own_roles(&self, lab: &Lab) {
        let body = json!({"customer": self.world.acme.url, "name": "Lab assistant", "content_type": "project",
                          "permissions": ["PROJECT.LIST", "ORDER.LIST"], "description": "Lab assistant"});
        self.made(lab, self.person("owner"), "/api/access/roles/", body).await;
        let roles = lab.get(&lab.staff, "/api/roles/?name=CUSTOMER.READER").await.is(200);
        let path = format!("/api/roles/{}/clone_to_customer/", roles.rows()[0]["uuid"].as_str().unwrap_or_default());
        lab.post(&lab.staff, &path, json!({"customer": self.world.other.uuid})).await.is(200);
    }

    async fn offerings(&self, lab: &Lab) {
        let category = lab.category().await;
        let body = json!({"name": "Draft", "category": category.url, "customer": self.world.hpc.url,
                          "type": "Marketplace.Basic", "shared": true});
        lab.post(&lab.staff, "/api/marketplace-provider-offerings/", body).await.is(201);
        for (name, action) in [("Paused", "pause"), ("Archived", "archive"), ("Offline", "make_unavailable")] {
            let made = lab.offering(&self.world.hpc, &category, name, json!({})).await;
            lab.grant(&made, "OFFERING.MANAGER", self.person("offering manager")).await;
            let done = lab.post(&lab.staff, &format!("{}{action}/", made.url), json!({})).await;
            assert!(done.status == 200 || action == "make_unavailable", "{} {}", done.asked, done.body);
        }
    }

    async fn orders_and_resources(&self, lab: &Lab) {
        for (at, path) in [
            &["approve_by_consumer"][..0],
            &["approve_by_consumer"],
            &["approve_by_consumer", "approve_by_provider"],
            &["approve_by_consumer", "approve_by_provider", "set_state_done"],
            &["reject_by_consumer"],
            &["cancel"],
        ]
        .into_iter()
        .enumerate()
        {
            let order = self.ordered(lab).await;
            for action in path {
                let done = lab.post(&lab.staff, &format!("{}{action}/", order.url), json!({})).await;
                assert!(matches!(done.status, 200 | 202), "{at}: {} {} {}", done.asked, done.status, done.body);
            }
        }
        let erred = self.running(lab).await;
        let path = format!("/api/marketplace-provider-resources/{erred}/set_as_erred/");
        lab.post(&lab.staff, &path, json!({"error_message": "It broke."})).await.is(200);
        let ending = self.running(lab).await;
        lab.post(&lab.staff, &format!("/api/marketplace-resources/{ending}/terminate/"), json!({})).await.is(200);
        let gone = self.running(lab).await;
        let order = lab.post(&lab.staff, &format!("/api/marketplace-resources/{gone}/terminate/"), json!({})).await;
        let order = format!("/api/marketplace-orders/{}/", order.is(200).text("order_uuid"));
        for action in ["approve_by_provider", "set_state_done"] {
            lab.post(&lab.staff, &format!("{order}{action}/"), json!({})).await.is(200);
        }
    }

    async fn small_things(&self, lab: &Lab) {
        let staff = &lab.staff;
        let group = thing(lab.post(staff, "/api/organization-groups/", json!({"name": "Faculties"})).await.is(201));
        let body = json!({"name": "Physics", "parent": group.url});
        lab.post(staff, "/api/organization-groups/", body).await.is(201);
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5HzLYpS0wnVzYm3Qp3yqK0m8o1mC1yGm0h4c5z7q1f ada@example.org";
        for who in ["project admin", "neighbour's project admin"] {
            let made = lab.post(self.person(who), "/api/keys/", json!({"name": "laptop", "public_key": key})).await;
            assert!(made.status < 500, "{} {}", made.asked, made.body);
        }
        // The people of the cast call from inside.
        let body = json!({"inet": format!("{INSIDE}/32"), "customer": self.world.acme.url});
        lab.post(staff, "/api/access-subnets/", body).await.is(201);
    }

    async fn made(&self, lab: &Lab, by: &Person, path: &str, body: serde_json::Value) -> Reply {
        lab.post(by, path, body).await.is(201)
    }

    /// Invitations of both kinds in their states, a request, and a rule.
    async fn ways_in(&self, lab: &Lab) {
        let staff = &lab.staff;
        let role = |name: &'static str| async move {
            let roles = lab.get(&lab.staff, &format!("/api/roles/?name={name}&page_size=100")).await.is(200);
            roles.rows().iter().find(|row| row["name"] == name).unwrap()["uuid"].clone()
        };
        let member = role("PROJECT.MEMBER").await;
        let mut personal = Vec::new();
        for who in ["one", "two"] {
            let email = format!("{who}@example.org");
            let body = json!({"scope": self.world.apollo.url, "role": member, "email": email});
            personal.push(self.made(lab, self.person("owner"), "/api/user-invitations/", body).await);
        }
        lab.post(staff, &format!("{}cancel/", personal[1].text("url")), json!({})).await.is(200);
        let body = json!({"scope": self.world.apollo.url, "role": member});
        let open = self.made(lab, self.person("owner"), "/api/user-group-invitations/", body.clone()).await;
        let asked = lab
            .post(self.person("user without roles"), &format!("{}submit_request/", open.text("url")), json!({}))
            .await;
        assert_eq!(asked.status, 200, "{}", asked.body);
        let scope = json!({"scope": self.world.acme.url, "role": role("CUSTOMER.READER").await});
        let closed = self.made(lab, staff, "/api/user-group-invitations/", scope).await;
        lab.post(staff, &format!("{}cancel/", closed.text("url")), json!({})).await.is(200);
        let rule = json!({"name": "Students", "user_email_patterns": ["@uni\\.example$"], "customer": self.world.acme.url,
                          "project_role": role("PROJECT.ADMIN").await});
        self.made(lab, staff, "/api/autoprovisioning-rules/", rule).await;
        for path in ["/api/project-types/", "/api/organization-group-types/"] {
            self.made(lab, staff, path, json!({"name": "Course"})).await;
        }
    }

    /// What belongs to one person: tokens, passkeys, hooks, subscriptions.
    async fn what_people_keep(&self, lab: &Lab) {
        let member = self.person("project member");
        let expires = lab.core.now().plus_seconds(30 * 86_400).to_string();
        lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_ENABLED": true})).await.is(200);
        let path = format!("/api/users/{}/", self.person("owner").uuid);
        lab.patch(&lab.staff, &path, json!({"can_use_personal_access_tokens": true})).await.is(200);
        let token = json!({"name": "laptop", "scopes": ["PROJECT.UPDATE"], "expires_at": expires});
        self.made(lab, self.person("owner"), "/api/personal-access-tokens/", token).await;
        // A ceremony takes an authenticator: tests/it/passkeys.rs has one.
        let sql = "INSERT INTO passkeys (uuid, user_id, name, credential_id, credential, rp_id, created) \
                   SELECT $1, id, 'Laptop', 'id', '{}', 'stoa.example', $2 FROM users WHERE uuid = $3";
        let owner = id::parse(&member.uuid).unwrap_or_default();
        let values = stoa_kernel::vals![lab.core.clock.uuid(), lab.core.now(), owner].to_vec();
        let write = lab.core.store.write(move |tx| {
            let values = values.clone();
            Box::pin(async move { tx.execute(sql, &values).await })
        });
        write.await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let url = json!({"destination_url": "https://hooks.example.org/", "event_groups": ["ssh"]});
        self.made(lab, member, "/api/hooks-web/", url).await;
        let mail = json!({"email": format!("{}@example.org", member.name), "event_groups": ["ssh"]});
        self.made(lab, member, "/api/hooks-email/", mail).await;
        let manager = self.person("offering manager");
        let body = json!({"observable_objects": [{"object_type": "order"}]});
        let subscription = self.made(lab, manager, "/api/event-subscriptions/", body).await;
        let ask = json!({"offering_uuid": self.world.offering.uuid, "object_type": "order"});
        self.made(lab, manager, &format!("{}create_queue/", subscription.text("url")), ask).await;
    }

    /// What staff tell everybody, and what needs somebody's attention.
    async fn notices(&self, lab: &Lab) {
        let staff = &lab.staff;
        let now = lab.core.now();
        let body = json!({"description": "Maintenance", "active_from": now.to_string(),
                          "active_to": now.plus_seconds(86_400).to_string(), "type": "warning"});
        self.made(lab, staff, "/api/admin-announcements/", body).await;
        self.made(lab, staff, "/api/external-links/", json!({"name": "Docs", "link": "https://docs.example.org/"}))
            .await;
        self.made(lab, staff, "/api/user-agreements/", json!({"content": "One.", "agreement_type": "TOS"})).await;
        let on = json!({"USER_ACTIONS_ENABLED": true, "USER_ACTIONS_PENDING_ORDER_HOURS": 0});
        let set = lab.post(staff, "/api/override-settings/", on).await;
        assert_eq!(set.status, 200, "{}", set.body);
        lab.post(staff, "/api/user-actions/update_actions/", json!({})).await.is(202);
    }

    /// Review campaigns in their states. Apollo's manager is asked about the roles of the others there, the owner about his.
    async fn reviews(&self, lab: &Lab) {
        let owner = self.person("owner");
        let due = lab.core.now().plus_seconds(30 * 86_400).to_string();
        let mut campaigns = Vec::new();
        for name in ["Active", "Draft", "Closed", "Cancelled"] {
            let body = json!({"name": name, "scope": self.world.apollo.url, "due": due, "reviewed_by": "managers"});
            let made = self.made(lab, owner, "/api/access/campaigns/", body).await;
            campaigns.push(made.text("url"));
        }
        for (at, action) in [(0, "start"), (2, "start"), (2, "close"), (3, "cancel")] {
            lab.post(owner, &format!("{}{action}/", campaigns[at]), json!({})).await.is(200);
        }
        let of_manager = format!("{}items/?user_uuid={}", campaigns[0], self.person("project manager").uuid);
        let item = lab.get(owner, &of_manager).await.is(200).rows()[0]["url"].clone();
        let path = format!("{}decide/", item.as_str().unwrap_or_default());
        lab.post(owner, &path, json!({"decision": "keep"})).await.is(200);
    }

    /// Guards that are switched off, so that they decide nothing here: one of the installation, one of an organization.
    async fn guards(&self, lab: &Lab) {
        let body = json!({"name": "Off", "kind": "deny", "permissions": ["PROJECT.*"], "is_active": false,
            "roles": ["PROJECT.MANAGER"], "users": [format!("/api/users/{}/", self.person("project admin").uuid)]});
        self.made(lab, &lab.staff, "/api/access/guards/create_for_all/", body).await;
        let body = json!({"name": "Off too", "kind": "ceiling", "permissions": ["PROJECT.LIST"], "is_active": false,
            "customer": self.world.acme.url, "scope": self.world.apollo.url});
        self.made(lab, self.person("owner"), "/api/access/guards/", body).await;
    }

    /// Roles to activate, and activations in their states: of Apollo's member, given by the owner.
    async fn just_in_time(&self, lab: &Lab) {
        let (owner, member) = (self.person("owner"), self.person("project member"));
        let rule = json!({"customer": self.world.acme.url, "max_hours": 100, "min_reason": 3});
        self.made(lab, owner, "/api/access/activation-rules/", rule).await;
        let rule = json!({"role": "CUSTOMER.OWNER", "needs_second_factor": true});
        self.made(lab, &lab.staff, "/api/access/activation-rules/create_for_all/", rule).await;
        let eligible = |role: &str, on: &Thing, approval: bool| json!({"scope": on.url, "role": role, "user": member.uuid, "needs_approval": approval});
        let apollo = &self.world.apollo;
        let free = self.made(lab, owner, "/api/access/eligibilities/", eligible("PROJECT.ADMIN", apollo, false)).await;
        let asks = self.made(lab, owner, "/api/access/eligibilities/", eligible("PROJECT.MANAGER", apollo, true)).await;
        let over = eligible("PROJECT.ADMIN", &self.world.zeus, false);
        let over = self.made(lab, owner, "/api/access/eligibilities/", over).await;
        lab.post(owner, &format!("{}revoke/", over.text("url")), json!({})).await.is(200);
        let ask = json!({"hours": 2, "reason": "To look into it."});
        let activate = |one: &Reply| format!("{}activate/", one.text("url"));
        let done = self.made(lab, member, &activate(&free), ask.clone()).await;
        lab.post(member, &format!("{}deactivate/", done.text("url")), json!({})).await.is(200);
        for (by, how) in [(owner, "reject"), (member, "cancel")] {
            let asked = self.made(lab, member, &activate(&asks), ask.clone()).await;
            lab.post(by, &format!("{}{how}/", asked.text("url")), json!({"comment": "Not now."})).await.is(200);
        }
        self.made(lab, member, &activate(&asks), ask.clone()).await;
        // What runs would change what the member may do elsewhere in the gallery, so it is the neighbour's.
        let admin = self.person("neighbour's project admin");
        let body = json!({"scope": self.world.hermes.url, "role": "PROJECT.MANAGER", "user": admin.uuid});
        let other = self.made(lab, &lab.staff, "/api/access/eligibilities/", body).await;
        self.made(lab, admin, &activate(&other), ask).await;
    }

    /// Narrowings in their states, of somebody who did nothing since the clock was moved.
    async fn narrowings(&self, lab: &Lab) {
        let owner = self.person("owner");
        for (project, undone) in [(&self.world.apollo, false), (&self.world.zeus, true)] {
            let path = format!("/api/access/unused/items/?days=1&kind=grant&scope=project:{}", project.uuid);
            let suggested = lab.get(owner, &path).await.is(200);
            let idle = |row: &&serde_json::Value| row["user"]["full_name"] == "idle Test";
            let item = suggested.rows().iter().find(idle).map(|row| row["item"].clone());
            let body = json!({"days": 1, "items": [item], "reason": "Nobody used it."});
            let made = self.made(lab, owner, "/api/access/narrowings/", body).await;
            if undone {
                lab.post(owner, &format!("{}undo/", made.text("url")), json!({})).await.is(200);
            }
        }
    }

    /// An order of somebody who may not approve: it waits for the consumer's side.
    pub async fn ordered(&self, lab: &Lab) -> Thing {
        let manager = self.person("project manager");
        let order =
            thing(lab.order(manager, &self.world.apollo, &self.world.offering, json!({"storage": 1})).await.is(201));
        assert_eq!(order.body["state"], "pending-consumer");
        order
    }

    /// The identifier of a resource that runs.
    pub async fn running(&self, lab: &Lab) -> String {
        let order = self.ordered(lab).await;
        for action in ["approve_by_consumer", "approve_by_provider", "set_state_done"] {
            lab.post(&lab.staff, &format!("{}{action}/", order.url), json!({})).await.is(200);
        }
        order.body["marketplace_resource_uuid"].as_str().unwrap_or_default().to_owned()
    }

    /// One of the cast.
    #[track_caller]
    pub fn person(&self, who: &str) -> &Person {
        self.world.person(who)
    }
}

/// Every row of a view's table, whoever may see it: its key and what finds it, in order of the key.
pub async fn everything(lab: &Lab, view: &'static View) -> Vec<(i64, Val)> {
    let sql = format!("SELECT DISTINCT {}, {} FROM {} ORDER BY 1", view.key, view.lookup, view.from);
    let rows = lab.core.store.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let lookup = |row: &stoa_kernel::Row| match view.lookup.ends_with(".uuid") {
        true => Val::Uuid(row.get(1).unwrap_or_default()),
        false => row.val(1).clone(),
    };
    rows.iter().map(|row| (row.get(0).unwrap_or_default(), lookup(row))).collect()
}

/// What finds a row, as it stands in a path.
pub fn text_of(lookup: &Val) -> String {
    match lookup {
        Val::Uuid(uuid) => id::hex(uuid),
        Val::Int(number) => number.to_string(),
        Val::Text(text) => text.clone(),
        other => panic!("a row is found by {other:?}"),
    }
}

/// Finds a thing as a person sees it (or whoever may see it).
pub async fn found(lab: &Lab, person: Option<&Person>, view: &'static View, lookup: &Val) -> Option<Found> {
    let actor = match person {
        Some(person) => lab.actor(person).await,
        None => stoa_kernel::access::Actor::system(),
    };
    let found = door::find(&mut lab.core.store.reader(), &actor, view, lookup, true, lab.core.now()).await;
    found.unwrap_or_else(|error| panic!("{}: {error}", view.name))
}

/// The path of a route with its parameters filled in: the first one by what finds the thing, others by a uuid that is nobody's.
pub fn path_of(route: &Route, target: &str) -> String {
    let mut first = true;
    let parts = route.path.split('/').map(|part| match part.strip_prefix('{') {
        None => part.to_owned(),
        Some(_) if std::mem::take(&mut first) => target.to_owned(),
        Some(_) => id::hex(&Uuid::nil()),
    });
    parts.collect::<Vec<_>>().join("/")
}
