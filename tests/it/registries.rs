//! Loops over the registries find what was forgotten.

use crate::gallery::{self, Gallery, path_of, text_of};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stoa_kernel::{
    access::Needs,
    action::Target,
    field::{Kind, Who},
    view::{Test, View},
};
use stoa_server::start;
use stoa_tenancy::{access::permissions::PERMISSIONS, vocabulary::events::event_type};
use stoa_testing::{Lab, Person, both};
use stoa_waldur::route::{Route, Run, Verb};

/// Actions without a route, with the reason. May only shrink.
const NO_ROUTE: &[(&str, &str)] = &[
    ("session.create", "signing in: an operation with a function of its own"),
    ("session.fail", "the same"),
    ("session.end", "the same"),
    ("token.issue", "the command line issues tokens"),
    ("user.install", "the command line makes the first staff"),
    ("user.change_password", "an operation with a function of its own, as the hash is made outside the transaction"),
    (
        "identity_provider.create",
        "an operation with a function of its own, as the description is fetched outside the transaction",
    ),
    ("identity_provider.update", "the same"),
    ("identity.sign_in", "signing in at an identity provider: an operation with a function of its own"),
    ("identity.fail", "the same"),
    ("identity.exchange", "the same"),
    ("identity.sign_out", "an identity provider says so: an operation with a function of its own"),
    ("grant.expire", "a job: a grant whose time is over"),
    ("plan.apply_future_prices", "a job: prices that were set for a month that has begun"),
    ("order.release", "a job: an order whose day has come"),
    ("event.forget", "a job: events that are older than the operator keeps them"),
    ("web_hook.test", "an operation with a function of its own, as the test is sent outside the transaction"),
    ("web_hook.switch_off", "a job: a hook whose receiver takes nothing"),
    ("event_subscription.create_queue", "an operation with a function of its own: 201 or 200"),
    ("event_consumer.register", "the same"),
    (
        "user.change_own_password",
        "an operation with a function of its own, as the hash is made outside the transaction",
    ),
    ("features.update", "an operation with a function of its own: its input is a table of tables"),
    ("own_token.note", "kept beside the request: what a token was used for"),
    ("own_token.expire", "a job: a token whose time is over"),
    ("permission_review.open", "a job: the day of a review has come"),
    ("review_campaign.tend", "a job: what campaigns wait for"),
    ("passkey.begin_registration", "a ceremony: an operation with a function of its own"),
    ("passkey.register", "the same"),
    ("passkey.begin_sign_in", "the same"),
    ("passkey.sign_in", "the same"),
    ("passkey.begin_second_step", "the same"),
    ("passkey.second_step", "the same"),
    ("second_factor.enrol", "an operation with a function of its own, as it may take the password"),
    ("second_factor.remove", "the same"),
    ("second_factor.make_recovery_codes", "the same"),
    ("session.challenge", "signing in: an operation with a function of its own"),
    ("session.pass", "the same"),
    ("password_reset.ask", "the same, as strangers are told nothing"),
    ("password_reset.send", "a job: the letter to whoever asked"),
    ("password_reset.set", "an operation with a function of its own, as the hash is made outside the transaction"),
    ("directory_account.admit", "signing in with a directory's password: an operation with a function of its own"),
    ("directory_account.gone", "a job: the directory no longer knows somebody"),
    ("user_action.refresh", "an operation with a function of its own, and a job"),
    ("user_action.executed", "noted by the operation that does what is to be done"),
    ("user_action.digest", "a job: the daily letter"),
    ("user.settle", "a job: an account that has no role left, or one again"),
    ("invitation.expire", "a job: an invitation whose time is over"),
    ("invitation.remind", "a job: an invitation that ends within a day"),
    ("invitation.start", "a job: an invitation whose project has begun"),
    ("autoprovisioning_rule.apply", "a job: somebody has arrived, and a rule fits him"),
    ("autoprovisioning_rule.order", "the same job: the order of the rule"),
];

/// Operations whose answer depends on a parameter that these tests don't have. May only shrink.
const NO_SAMPLE: &[&str] = &[];

fn every_needs(needs: &Needs, found: &mut Vec<(&'static str, Vec<&'static str>)>) {
    match needs {
        Needs::Permission(permission, places) => found.push((permission.name, places.to_vec())),
        Needs::Within(permission, _, place) => found.push((permission.name, vec![*place])),
        Needs::Any(several) => several.iter().for_each(|needs| every_needs(needs, found)),
        _ => {}
    }
}

#[test]
fn every_action_has_a_route() {
    let routed: BTreeSet<&str> =
        gallery::routes().filter_map(|route| route.action()).map(|action| action.name).collect();
    let registry = start::registry();
    let missing: Vec<_> =
        registry.actions.iter().map(|action| action.name).filter(|name| !routed.contains(name)).collect();
    let unlisted: Vec<_> = missing.iter().filter(|name| !NO_ROUTE.iter().any(|(listed, _)| listed == *name)).collect();
    assert!(unlisted.is_empty(), "no route runs {unlisted:?}");
    for (name, why) in NO_ROUTE {
        assert!(missing.contains(name), "{name} ({why}) has a route now");
    }
}

#[test]
fn every_routed_action_and_view_is_registered_once() {
    let registry = start::registry();
    let (mut actions, mut views) = (BTreeSet::new(), BTreeSet::new());
    for action in &registry.actions {
        assert!(actions.insert(action.name), "{} is registered twice", action.name);
        let (thing, verb) = action.name.split_once('.').unwrap_or_default();
        assert!(!thing.is_empty() && !verb.is_empty(), "{} is not thing and verb", action.name);
        assert!(action.about.ends_with('.'), "{} has no sentence: {}", action.name, action.about);
    }
    for view in &registry.views {
        assert!(views.insert(view.name), "{} is registered twice", view.name);
        assert!(view.about.ends_with('.'), "{} has no sentence", view.name);
    }
    for route in gallery::routes() {
        if let Some(action) = route.action() {
            assert!(actions.contains(action.name), "{} runs {}, which is not registered", route.op, action.name);
        }
        if let Some(view) = route.view() {
            assert!(views.contains(view.name), "{} shows {}, which is not registered", route.op, view.name);
        }
    }
}

#[test]
fn no_two_operations_share_path_and_method_or_name() {
    let (mut spots, mut names) = (BTreeMap::new(), BTreeMap::new());
    for route in gallery::routes() {
        let blank: Vec<_> = route.path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        let spot = (route.method, blank.join("/"));
        assert!(route.path.starts_with("/api") && route.path.ends_with('/'), "{}", route.path);
        if let Some(other) = spots.insert(spot, route.op) {
            panic!("{} and {other} are both {} {}", route.op, route.method.text(), route.path);
        }
        if let Some(other) = names.insert(route.op, route.path) {
            panic!("{} names both {} and {other}", route.op, route.path);
        }
    }
}

#[test]
fn needs_name_permissions_and_places_that_exist() {
    let known: BTreeSet<&str> = PERMISSIONS.iter().map(|entry| entry.name).collect();
    for action in start::registry().actions {
        let mut found = Vec::new();
        every_needs(&action.needs, &mut found);
        let (Target::Thing(view) | Target::Parent(_, view)) = action.target else {
            assert!(found.is_empty(), "{} needs a permission at no place", action.name);
            continue;
        };
        for (permission, places) in found {
            assert!(known.contains(permission), "{}: {permission}", action.name);
            assert!(!places.is_empty(), "{} needs {permission} nowhere", action.name);
            for place in places {
                let stands = view.places.iter().any(|known| known.0 == place);
                assert!(stands, "{} needs {permission} at {place}, which {} has not", action.name, view.name);
            }
        }
        for state in action.from {
            assert!(view.state.is_some(), "{} starts from {state}, but {} has no state", action.name, view.name);
        }
    }
}

/// What a declared path may be called here: a provider is a place of its own, and the organization that a thing belongs to
/// in the end is its `customer`.
fn names_of(scope: &str) -> Vec<String> {
    let last = scope.rsplit('.').next().unwrap_or_default();
    let mut names = vec![scope.to_owned()];
    match last {
        "serviceprovider" => names.push("service_provider".into()),
        "customer" if scope == "project.customer" || scope == "offering.customer" => names.push("customer".into()),
        _ => {}
    }
    names
}

/// Where the official description declares permissions, they are the same here.
#[test]
fn permissions_are_the_declared_ones() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/waldur-openapi-8.0.5.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not here", path.display());
        return;
    };
    let description: Value = serde_json::from_str(&text).unwrap();
    let mut declared: BTreeMap<String, Vec<(String, Vec<String>)>> = BTreeMap::new();
    for operations in description["paths"].as_object().into_iter().flat_map(|paths| paths.values()) {
        for operation in operations.as_object().into_iter().flat_map(|all| all.values()) {
            let (Some(op), Some(list)) = (operation["operationId"].as_str(), operation["x-permissions"].as_array())
            else {
                continue;
            };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let list = list.iter().map(|one| {
                let scopes = one["scopes"].as_array().into_iter().flatten().map(text).collect();
                (text(&one["permission"]), scopes)
            });
            declared.insert(op.to_owned(), list.collect());
        }
    }
    let mut wrong = Vec::new();
    for route in gallery::routes() {
        let (Some(expected), Some(action)) = (declared.get(route.op), route.action()) else { continue };
        let mut found = Vec::new();
        every_needs(&action.needs, &mut found);
        for (permission, scopes) in expected {
            let here: BTreeSet<&str> =
                found.iter().filter(|(name, _)| name == permission).flat_map(|(_, places)| places.clone()).collect();
            let missing: Vec<_> = scopes
                .iter()
                .map(|scope| if scope == "*" { "itself" } else { scope })
                .filter(|scope| !names_of(scope).iter().any(|name| here.contains(name.as_str())))
                .collect();
            if !missing.is_empty() {
                wrong.push(format!("{} ({}): {permission} also counts at {missing:?}", route.op, action.name));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_event_is_in_the_catalogue() {
    for action in start::registry().actions {
        for event in action.events {
            assert!(event_type(event).is_some(), "{} records {event}, which is not in the catalogue", action.name);
        }
    }
    for listener in start::registry().listeners {
        assert!(
            event_type(listener.event).is_some(),
            "something listens to {}, which is not in the catalogue",
            listener.event
        );
    }
}

#[test]
fn links_lead_to_views_and_collections() {
    let registry = start::registry();
    let things: BTreeSet<&str> = registry.views.iter().map(|view| view.thing).collect();
    let addresses: BTreeSet<&str> = stoa_waldur::routes::links().map(|(thing, _)| thing).collect();
    for view in &registry.views {
        let (mut names, mut orders) = (BTreeSet::new(), BTreeSet::new());
        for column in view.columns {
            assert!(names.insert(column.name), "{} has {} twice", view.name, column.name);
            assert!(!column.about.is_empty(), "{}: {} has no sentence", view.name, column.name);
            if let Kind::Link(thing) | Kind::Links(thing) = column.kind {
                assert!(
                    addresses.contains(thing),
                    "{}: {} links to {thing}, which has no address",
                    view.name,
                    column.name
                );
            }
        }
        for order in view.orders {
            assert!(orders.insert(order.name), "{} has the order {} twice", view.name, order.name);
        }
        let mut filters = BTreeSet::new();
        for filter in view.filters {
            assert!(filters.insert(filter.name), "{} has the filter {} twice", view.name, filter.name);
            assert!(!filter.about.is_empty(), "{}: the filter {} has no sentence", view.name, filter.name);
        }
    }
    for action in &registry.actions {
        for field in action.fields {
            assert!(!field.about.is_empty(), "{}: {} has no sentence", action.name, field.name);
            if let Kind::Link(thing) | Kind::Links(thing) = field.kind {
                assert!(
                    things.contains(thing),
                    "{}: {} links to {thing}, which no view shows",
                    action.name,
                    field.name
                );
            }
        }
    }
}

/// Values that a filter may be sent: those that fit, and those that don't.
fn values_of(test: Test) -> Vec<String> {
    let uuid = "0123456789abcdef0123456789abcdef";
    let texts: &[&str] = match test {
        Test::Contains(_) | Test::Equals(_) | Test::AnyText(_) => &["a", "%", "_", "'", "\\", "ä€😀", ""],
        Test::AnyOf(_, choices) => choices,
        Test::Bool(_) | Test::Flag(..) | Test::Unhide => &["true", "false", "True", "0", "maybe", ""],
        Test::Int(_) => &["0", "7", "-1", "99999999999999999999", "x", ""],
        Test::Uuid(_) | Test::UuidLoose(_) | Test::UuidIf(..) => &["0123456789abcdef0123456789abcdef", "x", ""],
        Test::Link(..) => &["http://stoa.test/api/projects/0123456789abcdef0123456789abcdef/", "/x", ""],
        Test::From(_) | Test::Until(_) => &["2026-01-01", "2026-01-01T00:00:00Z", "never", ""],
        Test::By(_) => &["true", "1", "x", "'", "2026-01-01", ""],
    };
    texts.iter().map(|text| (*text).to_owned()).chain([uuid.to_owned()]).collect()
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The lists of the surface with a person who may open them: route, view, path.
async fn lists<'a>(lab: &Lab, gallery: &'a Gallery) -> Vec<(&'static Route, &'static View, String, &'a Person)> {
    let mut found = Vec::new();
    for route in gallery::routes() {
        let (view, target) = match route.run {
            Run::List(view) => (view, String::new()),
            Run::ListIn { view, parent, .. } => {
                let parents = gallery::everything(lab, parent).await;
                let Some((_, lookup)) = parents.first() else { continue };
                (view, text_of(lookup))
            }
            _ => continue,
        };
        found.push((route, view, path_of(route, &target), gallery.person("staff")));
    }
    assert!(!found.is_empty());
    found
}

both! {
    /// Whatever things, choices and requests are called, the description is one that programs can read.
    async fn every_component_of_the_description_is_whole(lab: Lab) {
        let description = lab.get(&lab.staff, "/api/schema/").await.is(200).body;
        let components = description["components"]["schemas"].as_object().unwrap();
        assert!(components.len() > 300);
        for (name, schema) in components {
            let whole = schema.get("properties").is_none_or(Value::is_object);
            assert!(schema.is_object() && whole, "{name}: {schema}");
        }
    }

    async fn every_filter_of_every_list_is_understood(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        for (route, view, path, staff) in lists(&lab, &gallery).await {
            for filter in view.filters {
                for value in values_of(filter.test) {
                    for person in [staff, gallery.person("owner")] {
                        let path = format!("{path}?{}={}", filter.name, escaped(&value));
                        let reply = lab.get(person, &path).await;
                        let fine = [200, 400, 403, 404];
                        assert!(fine.contains(&reply.status), "{}: {} {}", route.op, reply.asked, reply.body);
                        if reply.status == 400 {
                            assert!(reply.body.get(filter.name).is_some(), "{} blames {}", reply.asked, reply.body);
                        }
                        if reply.status == 200 {
                            assert!(reply.rows().len() <= 10);
                        }
                    }
                }
            }
        }
    }

    async fn every_order_sorts_and_an_unknown_one_is_refused(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        for (route, view, path, staff) in lists(&lab, &gallery).await {
            let all = lab.all(staff, &path).await.len();
            for order in view.orders {
                for name in [order.name.to_owned(), format!("-{}", order.name), format!("{0},-{0}", order.name)] {
                    let rows = lab.all(staff, &format!("{path}?o={name}")).await.len();
                    assert_eq!(rows, all, "{} by {name}", route.op);
                }
            }
            for name in ["nonsense", "-nonsense", "id;drop", "name%20DESC"] {
                lab.get(staff, &format!("{path}?o={name}")).await.is_invalid("o");
            }
        }
    }

    async fn pages_together_are_the_list_and_head_counts_it(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        for (route, view, path, staff) in lists(&lab, &gallery).await {
            for person in [staff, gallery.person("owner"), gallery.person("project admin"), gallery.person("provider's owner")] {
                let first = lab.get(person, &path).await;
                if matches!(first.status, 403 | 404) {
                    lab.send(person, "HEAD", &path, Value::Null).await.is(first.status);
                    continue;
                }
                let whole = lab.get(person, &format!("{path}?page_size=300")).await.is(200);
                let total: usize = whole.header("x-result-count").unwrap().parse().unwrap();
                assert_eq!(lab.count(person, &path).await, total, "{}", route.op);
                assert_eq!(whole.rows().len(), total.min(300), "{}", route.op);
                // Two at a time, in the default order: the same rows in the same order.
                let mut paged = Vec::new();
                for page in 1..=total.min(12).div_ceil(2) {
                    let reply = lab.get(person, &format!("{path}?page_size=2&page={page}")).await.is(200);
                    paged.extend(reply.rows().iter().cloned());
                }
                let steady = |rows: &[Value]| -> Vec<Value> { rows.iter().map(|row| row["uuid"].clone()).collect() };
                assert_eq!(steady(&paged), steady(&whole.rows()[..paged.len()]), "{}", route.op);
                let beyond = lab.get(person, &format!("{path}?page_size=2&page={}", total / 2 + 2)).await;
                assert_eq!(beyond.status, 404, "{} beyond the last page", route.op);
            }
            // One field at a time is that field and no other; an unknown one is ignored.
            let row = lab.get(staff, &format!("{path}?page_size=1")).await.is(200).rows().first().cloned();
            for column in view.columns.iter().filter(|_| row.is_some()) {
                let reply = lab.get(staff, &format!("{path}?field={}&field=nonsense&page_size=1", column.name)).await.is(200);
                let keys: Vec<_> = reply.rows()[0].as_object().unwrap().keys().cloned().collect();
                assert!(keys.iter().all(|key| key == column.name), "{}: {} gives {keys:?}", route.op, column.name);
                let there = column.absent || column.who != Who::Everyone || keys.len() == 1;
                assert!(there, "{}: {} is missing", route.op, column.name);
            }
        }
    }

    async fn a_listed_thing_is_fetched_and_a_hidden_one_is_not(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        for list in gallery::routes() {
            let Run::List(view) = list.run else { continue };
            let retrieve = gallery::routes().find(|route| {
                matches!(route.run, Run::Retrieve(other) if other.name == view.name)
                    && route.path.starts_with(list.path)
                    && route.path[list.path.len()..].matches('/').count() == 1
            });
            let Some(retrieve) = retrieve else { continue };
            for (who, person) in &gallery.world.cast {
                let reply = lab.get(person, list.path).await;
                if reply.status != 200 {
                    assert!(matches!(reply.status, 401 | 403), "{} by {who}: {}", list.op, reply.status);
                    continue;
                }
                let rows = lab.all(person, list.path).await;
                let listed: BTreeSet<String> = rows.iter().filter_map(|row| row["uuid"].as_str().map(str::to_owned)).collect();
                for (_, lookup) in gallery::everything(&lab, view).await {
                    let uuid = text_of(&lookup);
                    let status = lab.get(person, &path_of(retrieve, &uuid)).await.status;
                    if listed.contains(&uuid) {
                        assert_eq!(status, 200, "{who} lists but can't fetch {} {uuid}", view.name);
                    } else if view.always.is_empty() && !view.lookup.ends_with(".id") && !listed.is_empty() {
                        assert_eq!(status, 404, "{who} does not list but fetches {} {uuid}", view.name);
                    }
                }
            }
        }
    }

    async fn every_operation_answers_strangers_and_nonsense_calmly(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let nobody = lab.nobody();
        let staff = gallery.person("staff");
        let nil = "00000000000000000000000000000000";
        for route in gallery::routes().filter(|route| !NO_SAMPLE.contains(&route.op)) {
            let method = route.method.text();
            for target in [nil, "x", "..", "%00", "0", "0123456789abcdef0123456789abcdef"] {
                let path = path_of(route, target);
                let body = if route.method == Verb::Get { Value::Null } else { json!({}) };
                let reply = lab.send(&nobody, method, &path, body.clone()).await;
                let calm = match route.needs() {
                    Needs::Nothing => reply.status < 500,
                    _ => matches!(reply.status, 401 | 404),
                };
                assert!(calm, "{}: {} answered a stranger {} {}", route.op, reply.asked, reply.status, reply.body);
                // Staff, who may do everything, and a thing that does not exist.
                if !target.contains('%') && route.path.contains('{') {
                    let reply = lab.send(staff, method, &path, body).await;
                    assert!(reply.status < 500, "{}: {} answered {} {}", route.op, reply.asked, reply.status, reply.body);
                }
            }
        }
    }

    async fn nonsense_in_a_body_is_refused_and_never_a_fault(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        let staff = gallery.person("staff");
        for route in gallery::routes().filter(|route| route.method != Verb::Get) {
            let target = match route.action().map(|action| action.target) {
                Some(Target::Thing(view)) => gallery::everything(&lab, route.via.unwrap_or(view)).await.first().map(|row| text_of(&row.1)),
                _ => None,
            };
            // Deleting needs no body, so nonsense in it is not read; the loops above have it.
            if route.method == Verb::Delete {
                continue;
            }
            let path = path_of(route, target.as_deref().unwrap_or("0123456789abcdef0123456789abcdef"));
            let json_type = [("content-type", "application/json")];
            let mut bodies: Vec<Vec<u8>> = ["[", "[]", "7", "\"x\"", "{\"\\ud800\": 1}", "\u{0}", "{\"a\":"].map(|text| text.as_bytes().to_vec()).to_vec();
            bodies.push(vec![0xff, 0xfe]);
            for wrong in [json!([1, {"a": []}]), json!({"x": {"y": 1}}), json!(-1e300), json!(true), json!("\u{0}"), json!("x".repeat(20_000)), json!(i64::MAX)] {
                let all: serde_json::Map<_, _> = route.fields().iter().map(|field| (field.name.to_owned(), wrong.clone())).collect();
                if !all.is_empty() {
                    bodies.push(Value::Object(all).to_string().into_bytes());
                }
            }
            for body in bodies {
                let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
                let reply = lab.raw(staff, route.method.text(), &path, &json_type, body).await;
                assert!(reply.status < 500, "{}: {} with {shown} answered {} {}", route.op, reply.asked, reply.status, reply.body);
            }
            let reply = lab.raw(staff, route.method.text(), &path, &[("content-type", "text/weird")], b"x".to_vec()).await;
            assert!((400..500).contains(&reply.status) || route.fields().is_empty(), "{}: weird type {}", route.op, reply.status);
        }
    }
    /// A view takes the keys of a page first where it shows a table, so the key must be the table's own.
    async fn a_view_of_a_table_has_a_key_of_its_own(lab: Lab) {
        Gallery::build(&lab).await;
        for view in lab.core.views().iter().filter(|view| view.from.split_whitespace().count() == 2) {
            let sql = format!("SELECT count(*), count(DISTINCT {}) FROM {}", view.key, view.from);
            let rows = lab.core.store.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            let (rows, keys): (i64, i64) = (rows[0].get(0).unwrap(), rows[0].get(1).unwrap());
            assert_eq!(rows, keys, "{}: the key {} is not of a row", view.name, view.key);
        }
    }
}
