//! No list scans the table that it shows (design.md, section 4): the plans of every view at the size of the measuring data
//! set, for an ordinary user and for staff, on both engines.

use crate::gallery;
use stoa_kernel::{
    access::Actor,
    store::Engine,
    vals,
    view::{Ask, View},
};
use stoa_tenancy::{activation::views::ACTIVATIONS, eligibility::views::ELIGIBILITIES};
use stoa_testing::Lab;
use stoa_waldur::route::Run;

/// Views whose plan may scan, with the reason. The list may only shrink: a line that is no longer needed fails too.
const MAY_SCAN: &[(&str, Engine, &str)] = &[(
    "project_quotas",
    Engine::Postgres,
    "statistics for staff: every project is sorted by a count that is computed",
)];

/// Tables below this many rows are read as a whole, and planners are right to do so.
const SMALL: i64 = 5_000;

/// A view's main table and its alias; that of the selection where a view shows one.
fn main_table(view: &View) -> (&'static str, &'static str) {
    let from =
        if view.from.starts_with('(') { view.from.split(" FROM ").nth(1).unwrap_or_default() } else { view.from };
    let mut words = from.split_whitespace();
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

/// The scans of a view's main table in a plan that look at every row.
fn scans(engine: Engine, view: &View, plan: &[String]) -> usize {
    let (table, alias) = main_table(view);
    let whole = |line: &&String| {
        let line = line.trim();
        match engine {
            Engine::Sqlite => {
                line == format!("SCAN {alias}")
                    || line == format!("SCAN {table}")
                    || line == format!("SCAN {table} AS {alias}")
            }
            Engine::Postgres => {
                line.contains(&format!("Seq Scan on {table} "))
                    && !line.contains("InitPlan")
                    && (line.contains(&format!("on {table} {alias}")) || table == alias)
            }
        }
    };
    plan.iter().filter(whole).count()
}

/// The lists of the surface: a view, and the condition of a parent where it is listed within one.
fn lists() -> Vec<(&'static View, Option<(&'static str, &'static View)>)> {
    let routes = gallery::routes().filter_map(|route| match route.run {
        Run::List(view) => Some((view, None)),
        Run::ListIn { view, parent, within, .. } => Some((view, Some((within, parent)))),
        _ => None,
    });
    routes.collect()
}

async fn plan(
    lab: &Lab,
    view: &'static View,
    within: Option<(&'static str, &'static View)>,
    actor: &Actor,
) -> Vec<String> {
    let mut ask = Ask { limit: 10, ..Ask::default() };
    if let Some((condition, parent)) = within {
        // A parent that the actor sees.
        let page = lab.core.look(actor, parent, &Ask { limit: 1, ..Ask::default() }).await;
        let page = page.unwrap_or_else(|error| panic!("{}: {error}", parent.name));
        let Some(key) = page.rows.first().map(|row| row.get::<i64>(0).unwrap()) else { return Vec::new() };
        ask.within.push((condition, vec![key.into()]));
    }
    let statement = view.select(actor, &ask, lab.core.now()).unwrap_or_else(|error| panic!("{}: {error}", view.name));
    let (sql, params) = (&statement.clause.text, &statement.clause.params);
    lab.core.store.explain(sql, params).await.unwrap_or_else(|error| panic!("{}: {error}\n{sql}", view.name))
}

async fn no_list_scans(lab: Lab) {
    let engine = lab.core.store.engine();
    let ordinary = lab.actor(&lab.signed_in("user00042").await).await;
    let owner = lab.actor(&lab.signed_in("user00000").await).await;
    let staff = lab.actor(&lab.staff).await;
    let (mut wrong, mut needed) = (Vec::new(), Vec::new());
    for (view, within) in lists() {
        let (table, _) = main_table(view);
        let count = lab.core.store.query(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap();
        if count[0].get::<i64>(0).unwrap() < SMALL {
            continue;
        }
        // The total that staff see is a count of everything; the page itself comes from an index.
        for (who, actor, allowed) in [("an ordinary user", &ordinary, 0), ("an owner", &owner, 0), ("staff", &staff, 1)]
        {
            let plan = plan(&lab, view, within, actor).await;
            if scans(engine, view, &plan) > allowed {
                needed.push((view.name, engine));
                if !MAY_SCAN.iter().any(|(name, where_, _)| *name == view.name && *where_ == engine) {
                    wrong.push(format!("{} for {who} on {engine}:\n  {}", view.name, plan.join("\n  ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    for (name, _, why) in MAY_SCAN.iter().filter(|(_, where_, _)| *where_ == engine) {
        assert!(needed.contains(&(*name, engine)), "{name} may scan ({why}), and does not need to any more");
    }
}

/// The measuring data set has no roles to activate; as many as a large installation has, of other people at other places, are
/// made here.
async fn no_list_of_roles_to_activate_scans(lab: Lab) {
    let acme = lab.organization("Acme").await;
    let owner = lab.actor(&lab.member(&acme, "CUSTOMER.OWNER").await).await;
    let ordinary = lab.actor(&lab.user("ordinary").await).await;
    let (clock, now) = (lab.core.clock.clone(), lab.core.now());
    let fill = lab.core.store.write(move |tx| {
        let clock = clock.clone();
        Box::pin(async move {
            for number in 1..=SMALL + 1_000 {
                let (uuid, key, home) = (clock.uuid(), 10_000 + number, 10_000 + number % 700);
                let sql = "INSERT INTO eligibilities (uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, \
                           customer_id, max_hours, created, valid_from) \
                           SELECT $1, u.id, r.id, 'offering', $2, $3, 'x', $4, 8, $5, $6 FROM users u, roles r \
                           WHERE u.username = 'staff' AND r.name = 'OFFERING.MANAGER'";
                tx.execute(sql, &vals![uuid, key, uuid, home, now, now]).await?;
                let sql = "INSERT INTO activations (uuid, eligibility_uuid, user_id, role_id, scope, scope_id, scope_uuid, \
                           scope_name, customer_id, hours, reason, second_factor, state, created, deadline) \
                           SELECT $1, $2, u.id, r.id, 'offering', $3, $4, 'x', $5, 8, 'x', FALSE, 'ended', $6, $7 \
                           FROM users u, roles r WHERE u.username = 'staff' AND r.name = 'OFFERING.MANAGER'";
                tx.execute(sql, &vals![uuid, uuid, key, uuid, home, now, now]).await?;
            }
            tx.execute("ANALYZE", &[]).await
        })
    });
    fill.await.unwrap();
    let engine = lab.core.store.engine();
    for view in [&ELIGIBILITIES, &ACTIVATIONS] {
        for (who, actor) in [("an ordinary user", &ordinary), ("an owner", &owner)] {
            let plan = plan(&lab, view, None, actor).await;
            assert_eq!(scans(engine, view, &plan), 0, "{} for {who} on {engine}:\n  {}", view.name, plan.join("\n  "));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_of_roles_to_activate_scans_on_sqlite() {
    no_list_of_roles_to_activate_scans(Lab::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_of_roles_to_activate_scans_on_postgres() {
    if let Some(lab) = Lab::postgres().await {
        no_list_of_roles_to_activate_scans(lab).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_scans_its_table_on_sqlite() {
    no_list_scans(Lab::measured_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_scans_its_table_on_postgres() {
    if let Some(lab) = Lab::measured_postgres().await {
        no_list_scans(lab).await;
    }
}
