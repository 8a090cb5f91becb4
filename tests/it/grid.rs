//! The matrix of capabilities, row by row over HTTP, in each type of installation (mission T1, T2). The type changes what
//! people read, never what they may; the cells marked configurable are switched by an edit of the role.

use serde_json::{Value, json};
use stoa_tenancy::access::roles::{Installation, label};
use stoa_testing::{Lab, Person, Thing, World, both, thing};

/// The people of the grid, in the order of its columns.
const PEOPLE: [&str; 7] = [
    "owner",
    "service manager",
    "project manager",
    "project admin",
    "project member",
    "provider's owner",
    "user without roles",
];

/// What a call may answer: statuses, or the state of the order that it made.
type Cell = &'static [&'static str];

const MADE: Cell = &["201"];
const DONE: Cell = &["200"];
const GONE: Cell = &["204"];
const NO: Cell = &["403"];
const HIDDEN: Cell = &["404"];
const NO_OR_HIDDEN: Cell = &["403", "404"];
/// A parent that one does not see is an error of the field that names it.
const NO_PARENT: Cell = &["400"];
/// Refused by a rule about the person who is added.
const NO_OR_WRONG: Cell = &["400", "403"];
const TO_CONSUMER: Cell = &["pending-consumer"];
const TO_PROVIDER: Cell = &["pending-provider"];

/// A row of the grid: its call, and what each person gets.
struct Line(&'static str, [Cell; 7]);

/// Number of the row in the published grid; what depends on the configurable cells is in [`switched`].
const GRID: &[Line] = &[
    Line("1 give a role on the organization", [MADE, HIDDEN, NO, NO, NO, HIDDEN, HIDDEN]),
    Line("2 add somebody of the organization to the project", [MADE, HIDDEN, MADE, NO, NO, HIDDEN, HIDDEN]),
    Line("3 add a stranger to the project", [MADE, HIDDEN, NO_OR_WRONG, NO, NO, HIDDEN, HIDDEN]),
    Line("4 make a project", [MADE, NO_PARENT, NO, NO, NO, NO_PARENT, NO_PARENT]),
    Line("5 rename the project", [DONE, HIDDEN, DONE, NO, NO, HIDDEN, HIDDEN]),
    Line("6 remove a project", [GONE, HIDDEN, NO, NO, NO, HIDDEN, HIDDEN]),
    Line("7 order a private offering", [TO_PROVIDER, NO_PARENT, TO_PROVIDER, TO_PROVIDER, NO, NO_PARENT, NO_PARENT]),
    // Who provides is public, so the organization is seen and the refusal has its reasons.
    Line("12 make an offering", [NO, MADE, NO, NO, NO, MADE, NO]),
    Line("13 pause the offering", [NO_OR_HIDDEN, DONE, NO_OR_HIDDEN, NO_OR_HIDDEN, NO_OR_HIDDEN, DONE, NO_OR_HIDDEN]),
    Line("14 terminate the resource", [DONE, HIDDEN, DONE, DONE, NO, HIDDEN, HIDDEN]),
    Line("14p terminate it as its provider", [HIDDEN, NO, HIDDEN, HIDDEN, HIDDEN, DONE, HIDDEN]),
];

/// Rows with a configurable cell: whether managers of projects approve.
fn switched(on: bool) -> [Line; 3] {
    let order = if on { TO_PROVIDER } else { TO_CONSUMER };
    let approve = if on { DONE } else { NO };
    [
        Line("8 order the shared offering", [TO_PROVIDER, NO_PARENT, order, TO_PROVIDER, NO, NO_PARENT, NO_PARENT]),
        Line("9 approve as consumer", [DONE, NO_OR_HIDDEN, approve, DONE, NO_OR_HIDDEN, NO_OR_HIDDEN, HIDDEN]),
        Line("10 approve as provider", [NO, DONE, NO, NO, NO_OR_HIDDEN, DONE, HIDDEN]),
    ]
}

/// What a line acts on.
struct Scene {
    world: World,
    /// A private, free offering of the consumer's own organization.
    private: Thing,
    category: Thing,
}

impl Scene {
    async fn build(lab: &Lab) -> Scene {
        let world = World::build(lab).await;
        let category = lab.category().await;
        lab.provider(&world.acme).await;
        let private =
            lab.offering(&world.acme, &category, "House cluster", json!({"shared": false, "billable": false})).await;
        Scene { world, private, category }
    }

    /// An order of the shared offering that waits for the consumer's approval.
    async fn waiting(&self, lab: &Lab, number: usize) -> Thing {
        let body = json!({"offering": lab.public(&self.world.offering), "project": self.world.apollo.url,
                          "plan": self.world.offering.body["plans"][0]["url"], "limits": {"storage": 1},
                          "attributes": {"name": format!("vm {number}")}});
        // Somebody without the right to approve, whatever the roles are now.
        let asker = lab.user("asker").await;
        let role = json!({"name": format!("ASKER.{number}.{}", asker.name), "content_type": "project",
                          "permissions": ["ORDER.CREATE", "PROJECT.LIST", "ORDER.LIST", "RESOURCE.LIST"]});
        let role = lab.post(&lab.staff, "/api/roles/", role).await.is(201).text("name");
        lab.grant(&self.world.apollo, &role, &asker).await;
        let order = thing(lab.post(&asker, "/api/marketplace-orders/", body).await.is(201));
        assert_eq!(order.body["state"], "pending-consumer");
        order
    }

    async fn call(&self, lab: &Lab, line: &str, person: &Person, number: usize) -> String {
        let World { acme, apollo, zeus, hpc, offering, .. } = &self.world;
        let (number_of_line, _) = line.split_once(' ').unwrap_or_default();
        let reply = match number_of_line {
            "1" => {
                let somebody = lab.member(zeus, "PROJECT.MEMBER").await;
                let body = json!({"role": "CUSTOMER.OWNER", "user": somebody.uuid});
                lab.post(person, &format!("{}add_user/", acme.url), body).await
            }
            "2" => {
                let known = lab.member(zeus, "PROJECT.MEMBER").await;
                let body = json!({"role": "PROJECT.ADMIN", "user": known.uuid});
                lab.post(person, &format!("{}add_user/", apollo.url), body).await
            }
            "3" => {
                let unknown = lab.user("unknown").await;
                let body = json!({"role": "PROJECT.ADMIN", "user": unknown.uuid});
                lab.post(person, &format!("{}add_user/", apollo.url), body).await
            }
            "4" => {
                let body = json!({"name": format!("New {number}"), "customer": acme.url});
                lab.post(person, "/api/projects/", body).await
            }
            "5" => lab.patch(person, &apollo.url, json!({"name": format!("Apollo {number}")})).await,
            "6" => {
                let short = lab.project(acme, "Short").await;
                for (who, role) in [
                    ("project manager", "PROJECT.MANAGER"),
                    ("project admin", "PROJECT.ADMIN"),
                    ("project member", "PROJECT.MEMBER"),
                ] {
                    lab.grant(&short, role, self.world.person(who)).await;
                }
                lab.delete(person, &short.url).await
            }
            "7" => lab.order(person, apollo, &self.private, json!({"storage": 1})).await,
            "8" => lab.order(person, apollo, offering, json!({"storage": 1})).await,
            "9" => {
                let order = self.waiting(lab, number).await;
                lab.post(person, &format!("{}approve_by_consumer/", order.url), Value::Null).await
            }
            "10" => {
                let order = self.waiting(lab, number).await;
                lab.post(&lab.staff, &format!("{}approve_by_consumer/", order.url), Value::Null).await.is(200);
                lab.post(person, &format!("{}approve_by_provider/", order.url), json!({})).await
            }
            "12" => {
                let body = json!({"name": format!("Store {number}"), "category": self.category.url,
                                  "customer": hpc.url, "type": "Marketplace.Basic"});
                lab.post(person, "/api/marketplace-provider-offerings/", body).await
            }
            "13" => {
                let fresh = lab.offering(hpc, &self.category, &format!("Tape {number}"), json!({})).await;
                lab.post(person, &format!("{}pause/", fresh.url), json!({})).await
            }
            "14" | "14p" => {
                let mut resource = self.running(lab).await;
                if number_of_line == "14p" {
                    resource = resource.replace("marketplace-resources", "marketplace-provider-resources");
                }
                lab.post(person, &format!("{resource}terminate/"), json!({})).await
            }
            other => panic!("no line {other}"),
        };
        match reply.body["state"].as_str() {
            Some(state) if matches!(number_of_line, "7" | "8") && reply.status == 201 => state.to_owned(),
            _ => {
                assert!(reply.status < 500, "{line}: {}", reply.body);
                if reply.status == 403 {
                    assert!(!reply.body["reasons"].as_array().is_none_or(Vec::is_empty), "{line}: {}", reply.body);
                }
                reply.status.to_string()
            }
        }
    }

    /// A resource of the shared offering that runs in the project: its path.
    async fn running(&self, lab: &Lab) -> String {
        let owner = self.world.person("owner");
        let order =
            thing(lab.order(owner, &self.world.apollo, &self.world.offering, json!({"storage": 1})).await.is(201));
        lab.post(&lab.staff, &format!("{}approve_by_provider/", order.url), json!({})).await.is(200);
        lab.post(&lab.staff, &format!("{}set_state_done/", order.url), json!({})).await.is(200);
        format!("/api/marketplace-resources/{}/", order.body["marketplace_resource_uuid"].as_str().unwrap_or_default())
    }

    async fn check(&self, lab: &Lab, kind: &str, lines: &[Line]) {
        let mut wrong = Vec::new();
        for (at, Line(line, cells)) in lines.iter().enumerate() {
            for (column, (who, expected)) in PEOPLE.iter().zip(cells).enumerate() {
                let got = self.call(lab, line, self.world.person(who), 100 * at + column).await;
                if !expected.contains(&got.as_str()) {
                    wrong.push(format!("{kind}: {line} by {who}: {got}, not {}", expected.join(" or ")));
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

/// Changes what is chosen about the installation, as staff does.
async fn install(lab: &Lab, choices: Value) {
    lab.post(&lab.staff, "/api/installation/", choices).await.is(200);
}

async fn grid_of(lab: &Lab, kind: Installation) {
    install(lab, json!({"type": kind.name()})).await;
    let scene = Scene::build(lab).await;
    scene.check(lab, kind.name(), GRID).await;
    scene.check(lab, kind.name(), &switched(false)).await;
    install(lab, json!({"project_managers_approve_orders": true})).await;
    scene.check(lab, kind.name(), &switched(true)).await;
    install(lab, json!({"project_managers_approve_orders": false})).await;
    scene.check(lab, kind.name(), &switched(false)).await;
}

both! {
    async fn the_grid_of_a_cloud(lab: Lab) {
        grid_of(&lab, Installation::Cloud).await;
    }

    async fn the_grid_of_an_academic_installation(lab: Lab) {
        grid_of(&lab, Installation::Academic).await;
    }

    async fn the_grid_of_an_academic_shared_installation(lab: Lab) {
        grid_of(&lab, Installation::AcademicShared).await;
    }

    async fn the_type_changes_what_people_read_and_not_what_roles_are(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let mut before = None;
        for kind in Installation::ALL {
            install(&lab, json!({"type": kind.name()})).await;
            let roles = lab.all(&lab.staff, "/api/roles/").await;
            let names: Vec<_> = roles.iter().map(|role| (role["name"].clone(), role["permissions"].clone())).collect();
            assert_eq!(*before.get_or_insert_with(|| names.clone()), names, "{kind}");
            for role in &roles {
                let name = role["name"].as_str().unwrap_or_default();
                assert_eq!(role["description"], label(name, kind), "{name} in {kind}");
            }
            let me = lab.get(owner, "/api/users/me/").await.is(200);
            assert_eq!(me.body["permissions"][0]["role_name"], "CUSTOMER.OWNER");
            assert_eq!(me.body["permissions"][0]["role_description"], label("CUSTOMER.OWNER", kind));
        }
    }
    async fn support_of_an_organization_reads_all_of_it_and_changes_nothing(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let (world, resource) = (&scene.world, scene.running(&lab).await);
        let support = world.person("customer support");
        for path in [&world.acme.url, &world.apollo.url, &world.zeus.url, &resource] {
            lab.get(support, path).await.is(200);
        }
        assert!(lab.count(support, "/api/users/").await > 3);
        lab.get(support, &format!("{}list_users/", world.apollo.url)).await.is(200);
        for path in [&world.other.url, &world.hermes.url] {
            lab.get(support, path).await.is_not_found();
        }
        lab.patch(support, &world.apollo.url, json!({"name": "Mine"})).await.is_forbidden();
        lab.delete(support, &world.apollo.url).await.is_forbidden();
        lab.post(support, &format!("{resource}terminate/"), json!({})).await.is_forbidden();
        lab.order(support, &world.apollo, &world.offering, json!({"storage": 1})).await.is_forbidden();
        let role = json!({"role": "PROJECT.ADMIN", "user": support.uuid});
        lab.post(support, &format!("{}add_user/", world.apollo.url), role).await.is_forbidden();
    }
}
