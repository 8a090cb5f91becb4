//! Declared access: what a directory says is what there is afterwards, nothing else is touched, and nothing happens by half.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::questions::{self, compared, places, powers, told};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::Arc,
};
use stoa_kernel::{
    Error,
    door::{Caller, Credential},
    id,
};
use stoa_tenancy::declared::{self, Declaration, apply, export};
use stoa_testing::{Lab, Person, World, both};

type Files = Vec<(String, String)>;

fn files(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn declaration(files: &Files) -> Arc<Declaration> {
    Arc::new(declared::read(files).unwrap_or_else(|error| panic!("{error}\n{files:?}")))
}

fn one(text: &str) -> Arc<Declaration> {
    declaration(&files(&[("a.toml", text)]))
}

fn system(lab: &Lab) -> Caller {
    Caller { request: apply::request(&lab.core), ..Caller::system() }
}

async fn planned(lab: &Lab, declared: &Arc<Declaration>) -> Value {
    let plan = apply::plan(&lab.core, &system(lab), declared.clone()).await;
    plan.unwrap_or_else(|error| panic!("{error}")).saved()
}

async fn applied(lab: &Lab, declared: &Arc<Declaration>) -> Value {
    let done = apply::apply(&lab.core, &system(lab), declared.clone(), None).await;
    done.unwrap_or_else(|error| panic!("{error}")).saved()
}

/// Why it is refused, as one text.
async fn refused(lab: &Lab, declared: &Arc<Declaration>, kept: Option<Value>) -> String {
    match apply::apply(&lab.core, &system(lab), declared.clone(), kept).await {
        Err(error) => error.to_string(),
        Ok(plan) => panic!("it was applied: {}", plan.saved()),
    }
}

/// What is wrong with a declaration, as one text.
fn wrong(texts: &[(&str, &str)]) -> String {
    declared::read(&files(texts)).expect_err("it is wrong").to_string()
}

/// The steps of a plan: sign, kind and name of each.
fn steps(plan: &Value) -> Vec<String> {
    let rows = plan["steps"].as_array().unwrap().iter();
    rows.map(|step| format!("{} {} {}", step["sign"], step["kind"], step["name"]).replace('"', "")).collect()
}

async fn exported(lab: &Lab) -> Files {
    export::export(&lab.core, None).await.unwrap()
}

async fn rows(lab: &Lab, sql: &str) -> i64 {
    lab.core.store.query(sql, &[]).await.unwrap()[0].get(0).unwrap()
}

/// Everything that a failed application might have left behind.
async fn traces(lab: &Lab) -> [i64; 5] {
    let mut counts = [0; 5];
    for (at, table) in ["events", "customers", "projects", "grants", "role_versions"].iter().enumerate() {
        counts[at] = rows(lab, &format!("SELECT count(*) FROM {table}")).await;
    }
    counts
}

/// A university: its people are there, its faculties and projects are declared.
const UNIVERSITY: &str = r#"
authoritative = ["grants"]
division_types = ["Faculty"]

[settings]
SITE_NAME = "University computing"
PROJECT_MANAGERS_APPROVE_ORDERS = true

[divisions.Sciences]
type = "Faculty"

[divisions.Physics]
type = "Faculty"
parent = "Sciences"

[roles."PROJECT.AUDITOR"]
scope = "project"
description = "Auditor"
permissions = ["PROJECT.LIST", "ORDER.LIST"]

[roles."PROJECT.ADMIN"]
remove = ["ORDER.CREATE"]

[organizations.physics]
name = "Institute of Physics"
country = "EE"
divisions = ["Physics"]

[organizations.physics.team]
"CUSTOMER.OWNER" = "staff"

[projects.climate]
name = "Climate models"
organization = "physics"
description = "<p>Models</p>"

[projects.climate.team]
"PROJECT.MANAGER" = ["eva@uni.example"]
"PROJECT.AUDITOR" = [{ user = "max", until = "2999-01-01" }]
"#;

/// The people of the university.
async fn people(lab: &Lab) -> Vec<Person> {
    let mut people = Vec::new();
    for name in ["eva", "max"] {
        let body = json!({"username": name, "email": format!("{name}@uni.example"), "agree_with_policy": true});
        lab.make("/api/users/", body).await;
        people.push(lab.signed_in(name).await);
    }
    people
}

/// What is denied there: in the institute, and to everybody.
const GUARDS: &str = r#"
[guards."Audit 2026"]
organization = "physics"
kind = "deny"
description = "Nothing changes."
permissions = ["RESOURCE.*", "PROJECT.UPDATE"]
on_project = "climate"
roles = ["PROJECT.MANAGER", "PROJECT.AUDITOR"]
users = "eva@uni.example"
starts = 2020-01-01
ends = "2999-01-01T00:00:00Z"

[guards.Office]
kind = "deny"
permissions = ["ORDER.APPROVE"]
staff = true
networks = ["203.0.113.0/24"]
hours = ["mon-fri 07:00-19:00", "sat 09:00-12:00"]
time_zone = "Europe/Berlin"
second_factor = true
assurance = ["high"]

[guards.Own]
kind = "deny"
permissions = ["ORDER.APPROVE"]
own = true
active = false

[guards.Apart]
organization = "physics"
on_organization = "physics"
kind = "apart"
within = "scope"
roles = ["PROJECT.MANAGER", "PROJECT.AUDITOR"]
"#;

both! {
    async fn a_directory_becomes_an_installation_and_a_second_time_nothing(lab: Lab) {
        let people = people(&lab).await;
        let university = one(UNIVERSITY);
        let plan = planned(&lab, &university).await;
        assert_eq!(
            steps(&plan),
            [
                "~ settings of the installation",
                "+ type of divisions Faculty",
                "+ division Sciences",
                "+ division Physics",
                "+ role PROJECT.AUDITOR",
                "~ role PROJECT.ADMIN",
                "+ organization physics",
                "~ organization physics",
                "+ project climate",
                "+ grant CUSTOMER.OWNER to staff on organization physics",
                "+ grant PROJECT.MANAGER to eva on project climate",
                "+ grant PROJECT.AUDITOR to max on project climate",
            ],
            "{plan}"
        );
        assert_eq!(plan["steps"][10]["at"], "a.toml:38");
        assert_eq!((&plan["remains"], &plan["consequences"]["people"]), (&json!([]), &json!(3)));
        // A plan does nothing.
        assert_eq!(rows(&lab, "SELECT count(*) FROM customers").await, 0);
        let caller = system(&lab);
        let done = apply::apply(&lab.core, &caller, university.clone(), Some(plan.clone())).await.unwrap();
        assert_eq!(done.saved()["steps"], plan["steps"]);
        assert!(planned(&lab, &university).await["steps"].as_array().unwrap().is_empty());
        let before = traces(&lab).await;
        assert!(applied(&lab, &university).await["steps"].as_array().unwrap().is_empty());
        assert_eq!(traces(&lab).await, before);
        // Whoever was promised something has it, and all of it is on record under one name.
        let climate = lab.get(&people[0], "/api/projects/?name=Climate").await.is(200).rows()[0].clone();
        assert_eq!((&climate["slug"], &climate["customer_name"]), (&json!("climate"), &json!("Institute of Physics")));
        let path = format!("/api/projects/{}/list_users/", climate["uuid"].as_str().unwrap());
        let team = lab.get(&lab.staff, &path).await.is(200);
        assert_eq!(team.rows().len(), 2);
        let sql = "SELECT count(DISTINCT request_id), count(*) FROM events WHERE request_id LIKE 'apply-%'";
        let row = &lab.core.store.query(sql, &[]).await.unwrap()[0];
        assert_eq!((row.get::<i64>(0).unwrap(), row.get::<i64>(1).unwrap()), (1, 12));
    }

    async fn an_export_says_what_is_there(lab: Lab) {
        World::build(&lab).await;
        people(&lab).await;
        applied(&lab, &one(UNIVERSITY)).await;
        // Namesakes, an end, a shut organization, odd names, an edited role that ships.
        let twin = lab.make("/api/customers/", json!({"name": "Twin", "slug": "physics"})).await;
        let ended = json!({"name": "Odd \"name\" \\ \n= [x]", "customer": twin.url, "end_date": "2999-12-31", "slug": ""});
        let ended = lab.make("/api/projects/", ended).await;
        let until = lab.core.now().plus_seconds(3600).to_string();
        let body = json!({"role": "PROJECT.ADMIN", "user": lab.signed_in("max").await.uuid, "expiration_time": until});
        lab.post(&lab.staff, &format!("{}add_user/", ended.url), body).await.is(201);
        let shut = lab.organization("Shut").await;
        lab.patch(&lab.staff, &shut.url, json!({"blocked": true})).await.is(200);
        let files = exported(&lab).await;
        let text: String = files.iter().map(|(name, text)| format!("# {name}\n{text}")).collect();
        let same = declaration(&files);
        let plan = planned(&lab, &same).await;
        assert_eq!(steps(&plan), [""; 0], "{plan}\n{text}");
        let drift = apply::drift(&lab.core, &system(&lab), same).await.unwrap().saved();
        assert_eq!((steps(&drift), &drift["not_declared"]), (vec![], &json!([])), "{text}");
        assert!(text.contains("remove = [\"ORDER.CREATE\"]") && text.contains("blocked = true"), "{text}");
        assert_eq!(text.matches("[roles.").count(), 4, "two edited, one own, and what the world enabled: {text}");
        // One organization alone, and everything with authority, say nothing else.
        let alone = export::export(&lab.core, Some("shut")).await.unwrap();
        assert_eq!(alone.len(), 1);
        assert_eq!(steps(&planned(&lab, &declaration(&alone)).await), [""; 0]);
        let mut ruling = files;
        let lists = "authoritative = [\"settings\", \"project_types\", \"division_types\", \"divisions\", \"roles\", \
                     \"organizations\", \"projects\", \"grants\"]\n";
        ruling.push(("z.toml".into(), lists.into()));
        assert_eq!(steps(&planned(&lab, &declaration(&ruling)).await), [""; 0]);
        assert!(matches!(export::export(&lab.core, Some("nowhere")).await, Err(Error::Invalid(_))));
    }

    async fn the_demo_exports_and_another_installation_becomes_like_it(lab: Lab) {
        let demo = lab.deserted().await.unwrap();
        stoa_server::demo::fill(&demo.core).await.unwrap();
        let files = exported(&demo).await;
        let declared = declaration(&files);
        assert_eq!(steps(&planned(&demo, &declared).await), [""; 0], "{files:?}");
        // In another world with the same people the same files make the same organizations, roles and teams.
        for row in demo.core.store.query("SELECT username, email FROM users", &[]).await.unwrap() {
            let (username, email): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
            if username != "staff" {
                let body = json!({"username": username, "email": email, "agree_with_policy": true});
                lab.make("/api/users/", body).await;
            }
        }
        applied(&lab, &declared).await;
        assert_eq!(exported(&lab).await, files);
    }

    async fn what_is_planned_is_what_applying_makes_of_it(lab: Lab) {
        let mut runner =
            TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]));
        let world = World::build(&lab).await;
        let people = [lab.user("p").await, lab.user("q").await, lab.user("r").await];
        let owner = world.person("owner").clone();
        let (mut changed, mut differences) = (0, 0);
        for round in 0..4 {
            // The world of this moment, with authority over who may what; then it goes on.
            let mut files = exported(&lab).await;
            files.push(("0.toml".into(), "authoritative = [\"grants\", \"roles\", \"projects\"]\n".into()));
            let before = powers(&lab).await;
            let steps_of = questions::steps().new_tree(&mut runner).unwrap().current();
            // A project that moved is not taken back by its name alone.
            for step in steps_of.iter().filter(|step| !matches!(step, questions::Step::Move { .. })) {
                if let Some((method, path, body)) = questions::request(&lab, &world, &people, step).await {
                    lab.send(&lab.staff, method, &path, body).await;
                }
            }
            // Powers of accounts are not declared, and projects that were removed are made anew.
            for person in &people {
                let body = json!({"is_staff": false, "is_support": false, "is_active": true});
                lab.patch(&lab.staff, &format!("/api/users/{}/", person.uuid), body).await.is(200);
            }
            let declared = declaration(&files);
            let first = planned(&lab, &declared).await;
            let anew = steps(&first).iter().any(|step| step.starts_with("+ project"));
            let (had, mut around) = (powers(&lab).await, places(&lab).await);
            let kept = apply::apply(&lab.core, &system(&lab), declared.clone(), Some(first.clone())).await;
            let kept = kept.unwrap_or_else(|error| panic!("round {round}: {error}: {steps_of:?}")).saved();
            assert_eq!((&kept["steps"], &kept["remains"]), (&first["steps"], &json!([])), "round {round}: {steps_of:?}");
            let has = powers(&lab).await;
            if !anew {
                around.extend(places(&lab).await);
                if first["consequences"].is_object() {
                    assert_eq!(
                        told(&lab, &first["consequences"]).await,
                        compared(&had, &has, &around, ""),
                        "round {round}: {steps_of:?}: {first}"
                    );
                }
                assert_eq!(before, has, "round {round}: {steps_of:?}: {first}");
                differences += compared(&had, &has, &around, "").len();
            }
            changed += steps(&first).len();
            assert_eq!(steps(&planned(&lab, &declared).await), [""; 0], "round {round}");
        }
        assert!(changed > 5 && differences > 0, "{changed} steps, {differences} differences");
        assert!(lab.get(&owner, "/api/projects/").await.is(200).rows().len() >= 2);
    }

    async fn a_plan_is_not_applied_to_another_world(lab: Lab) {
        people(&lab).await;
        applied(&lab, &one(UNIVERSITY)).await;
        let more = one(&UNIVERSITY.replace("Climate models", "Climate and weather"));
        let plan = planned(&lab, &more).await;
        assert_eq!(steps(&plan), ["~ project climate"]);
        // What is not declared may change meanwhile.
        lab.organization("Elsewhere").await;
        let climate = lab.get(&lab.staff, "/api/projects/?name=Climate").await.is(200).rows()[0].clone();
        let (path, user) = (format!("{}add_user/", climate["url"].as_str().unwrap()), lab.signed_in("max").await.uuid);
        lab.post(&lab.staff, &path, json!({"role": "PROJECT.ADMIN", "user": user})).await.is(201);
        let before = traces(&lab).await;
        let why = refused(&lab, &more, Some(plan.clone())).await;
        assert!(why.contains("The world changed since the plan: team of project climate."), "{why}");
        let why = refused(&lab, &one(UNIVERSITY), Some(plan.clone())).await;
        assert!(why.contains("The declaration changed since the plan"), "{why}");
        assert_eq!(traces(&lab).await, before);
        let mut forged = planned(&lab, &more).await;
        forged["steps"][0]["name"] = json!("another");
        assert!(refused(&lab, &more, Some(forged)).await.contains("What there is to do changed"));
        assert!(refused(&lab, &more, Some(json!({"form": 99}))).await.contains("no plan"));
        assert_eq!(traces(&lab).await, before);
        // Lines that move change nothing; and the new grant goes, as the team is the declaration's.
        let plan = planned(&lab, &more).await;
        assert_eq!(steps(&plan), ["~ project climate", "- grant PROJECT.ADMIN to max on project climate"]);
        let lower = one(&format!("# More.\n\n{}", UNIVERSITY.replace("Climate models", "Climate and weather")));
        apply::apply(&lab.core, &system(&lab), lower, Some(plan)).await.unwrap();
    }

    async fn a_step_that_fails_takes_everything_back(lab: Lab) {
        let eva = people(&lab).await[0].clone();
        let before = traces(&lab).await;
        // The role is made and disabled; that it can't be given is found out in the middle.
        let late = format!("{UNIVERSITY}\n[roles.\"PROJECT.MEMBER\"]\nactive = false\n[[grants]]\nuser = \"eva\"\nrole = \"PROJECT.MEMBER\"\nproject = \"climate\"\n");
        let why = refused(&lab, &one(&late), None).await;
        assert!(why.contains("a.toml:43") && why.contains("+ grant PROJECT.MEMBER to eva on project climate: Role is not active."), "{why}");
        assert_eq!(traces(&lab).await, before);
        assert!(apply::plan(&lab.core, &system(&lab), one(&late)).await.is_err());
        // Whoever may not, may not here either, and it is on record.
        let caller = Caller { credential: Credential::Trusted(id::parse(&eva.uuid).unwrap()), ..system(&lab) };
        let why = apply::apply(&lab.core, &caller, one(UNIVERSITY), None).await.unwrap_err().to_string();
        assert!(why.contains("settings of the installation"), "{why}");
        assert_eq!(traces(&lab).await, before);
        assert_eq!(rows(&lab, "SELECT count(*) FROM refusals WHERE action = 'settings.update'").await, 1);
    }

    async fn what_is_not_declared_stays_unless_the_declaration_rules(lab: Lab) {
        people(&lab).await;
        applied(&lab, &one(UNIVERSITY)).await;
        let quiet = "[organizations.physics]\n[projects.climate]\n[projects.climate.team]\n\"PROJECT.MANAGER\" = \"eva\"\n";
        let drift = apply::drift(&lab.core, &system(&lab), one(quiet)).await.unwrap().saved();
        assert_eq!(steps(&drift), [""; 0]);
        let left = drift["not_declared"].to_string();
        for one in ["SITE_NAME", "division Physics", "role PROJECT.AUDITOR", "grant PROJECT.AUDITOR to max on project climate", "grant CUSTOMER.OWNER to staff"] {
            assert!(left.contains(one), "{one}: {left}");
        }
        // Over one team; over the projects of one organization; over everything.
        let team = quiet.replace("[projects.climate]\n", "[projects.climate]\nauthoritative = [\"grants\"]\n");
        assert_eq!(steps(&planned(&lab, &one(&team)).await), ["- grant PROJECT.AUDITOR to max on project climate"]);
        let projects = "[organizations.physics]\nauthoritative = [\"projects\"]\n";
        let plan = planned(&lab, &one(projects)).await;
        assert_eq!(steps(&plan), ["- project climate"]);
        assert_eq!(plan["consequences"]["people"], json!(2));
        let all = "authoritative = [\"settings\", \"division_types\", \"divisions\", \"roles\", \"organizations\"]\n\
                   [organizations.physics]\nauthoritative = [\"projects\"]\ndivisions = []\n";
        assert_eq!(
            steps(&applied(&lab, &one(all)).await),
            [
                "~ settings of the installation",
                "~ role PROJECT.ADMIN",
                "~ organization physics",
                "- project climate",
                "- role PROJECT.AUDITOR",
                "- division Physics",
                "- division Sciences",
                "- type of divisions Faculty",
            ]
        );
        // What ships is never removed, and staff keep their power.
        assert_eq!(rows(&lab, "SELECT count(*) FROM roles WHERE is_system AND deleted_at IS NULL").await, 14);
        lab.get(&lab.staff, "/api/users/").await.is(200);
    }

    async fn the_last_owner_stays(lab: Lab) {
        people(&lab).await;
        applied(&lab, &one(UNIVERSITY)).await;
        let none = UNIVERSITY.replace("\"CUSTOMER.OWNER\" = \"staff\"", "");
        let why = refused(&lab, &one(&none), None).await;
        assert!(why.contains("The last owner of physics stays, staff"), "{why}");
        let another = UNIVERSITY.replace("\"CUSTOMER.OWNER\" = \"staff\"", "\"CUSTOMER.OWNER\" = \"max\"");
        assert_eq!(
            steps(&applied(&lab, &one(&another)).await),
            ["- grant CUSTOMER.OWNER to staff on organization physics", "+ grant CUSTOMER.OWNER to max on organization physics"]
        );
    }

    async fn what_moves_and_what_is_renamed(lab: Lab) {
        people(&lab).await;
        applied(&lab, &one(UNIVERSITY)).await;
        let uuid = lab.get(&lab.staff, "/api/projects/?name=Climate").await.is(200).column("uuid")[0].clone();
        // Divisions change places, the project goes to another institute and keeps its people, a role is renamed by its identifier.
        let role = lab.get(&lab.staff, "/api/roles/?name=PROJECT.AUDITOR").await.is(200).column("uuid")[0].clone();
        let text = format!(
            "[divisions.Sciences]\nparent = \"Physics\"\n[divisions.Physics]\nparent = []\n\
             [roles.\"PROJECT.INSPECTOR\"]\nuuid = \"{role}\"\nactive = false\n\
             [organizations.chemistry]\nname = \"Chemistry\"\nblocked = true\n\
             [projects.weather]\nuuid = \"{uuid}\"\norganization = \"chemistry\"\n[projects.weather.team]\n\"PROJECT.MANAGER\" = {{ user = \"eva\", until = \"2999-01-01\" }}\n"
        );
        let plan = planned(&lab, &one(&text)).await;
        assert_eq!(
            steps(&applied(&lab, &one(&text)).await),
            [
                "~ division Physics",
                "~ division Sciences",
                "~ role PROJECT.AUDITOR",
                "+ organization chemistry",
                "~ project climate",
                "~ project climate",
                "~ grant PROJECT.MANAGER to eva on project climate",
                "~ organization chemistry",
            ],
            "{plan}"
        );
        let project = lab.get(&lab.staff, &format!("/api/projects/{uuid}/")).await.is(200).body;
        assert_eq!((&project["slug"], &project["customer_name"]), (&json!("weather"), &json!("Chemistry")));
        assert_eq!(steps(&planned(&lab, &one(&text)).await), [""; 0]);
    }

    async fn settings_and_the_roles_that_they_settle_fit_together(lab: Lab) {
        // The setting takes ORDER.APPROVE from managers, the declaration gives it back, once and for all.
        applied(&lab, &one("[settings]\nPROJECT_MANAGERS_APPROVE_ORDERS = true\n")).await;
        let text = "[settings]\nPROJECT_MANAGERS_APPROVE_ORDERS = false\nINSTALLATION_TYPE = \"academic\"\n\
                    [roles.\"PROJECT.MANAGER\"]\nadd = [\"ORDER.APPROVE\"]\n[features.user]\nssh_keys = false\n";
        let done = applied(&lab, &one(text)).await;
        assert_eq!(done["remains"], json!([]), "{done}");
        assert_eq!(steps(&done), ["~ settings of the installation", "~ features of the installation", "~ role PROJECT.MANAGER"]);
        assert_eq!(steps(&planned(&lab, &one(text)).await), [""; 0]);
        let role = lab.get(&lab.staff, "/api/roles/?name=PROJECT.MANAGER").await.is(200).rows()[0].clone();
        let carried = role["permissions"].to_string();
        assert!(carried.contains("ORDER.APPROVE") && !carried.contains("ORDER.REJECT"), "{carried}");
        // What a role carries already, and would lose with the setting, it keeps.
        applied(&lab, &one("[settings]\nPROJECT_MANAGERS_APPROVE_ORDERS = true\n")).await;
        let role = lab.get(&lab.staff, "/api/roles/?name=PROJECT.MANAGER").await.is(200).rows()[0].clone();
        let text = format!(
            "[settings]\nPROJECT_MANAGERS_APPROVE_ORDERS = false\n[roles.\"PROJECT.MANAGER\"]\npermissions = {}\n",
            role["permissions"]
        );
        let done = applied(&lab, &one(&text)).await;
        assert_eq!((steps(&done).len(), &done["remains"]), (2, &json!([])), "{done}");
        let again = lab.get(&lab.staff, "/api/roles/?name=PROJECT.MANAGER").await.is(200).rows()[0].clone();
        assert_eq!(again["permissions"], role["permissions"]);
    }

    async fn guards_are_declared_with_what_they_deny(lab: Lab) {
        let eva = people(&lab).await[0].clone();
        let (all, guarded) = (one(UNIVERSITY), one(&format!("{UNIVERSITY}{GUARDS}")));
        applied(&lab, &all).await;
        let climate = lab.get(&lab.staff, "/api/projects/?name=Climate").await.is(200).column("url")[0].clone();
        lab.patch(&eva, &climate, json!({"description": "one"})).await.is(200);
        let plan = planned(&lab, &guarded).await;
        assert_eq!(
            steps(&plan),
            ["~ project climate", "+ guard Audit 2026", "+ guard Office", "+ guard Own", "+ guard Apart"],
            "{plan}"
        );
        assert_eq!((&plan["steps"][1]["at"], &plan["remains"]), (&json!("a.toml:41"), &json!([])));
        let lost = plan["consequences"]["differences"].to_string();
        assert!(lost.contains("\"eva\"") && lost.contains("PROJECT.UPDATE"), "{plan}");
        let done = apply::apply(&lab.core, &system(&lab), guarded.clone(), Some(plan.clone())).await.unwrap().saved();
        assert_eq!(done["steps"], plan["steps"]);
        lab.patch(&eva, &climate, json!({"description": "two"})).await.is(403);
        let before = traces(&lab).await;
        assert_eq!(steps(&applied(&lab, &guarded).await), [""; 0]);
        assert_eq!(traces(&lab).await, before);
        // The files that are written of it make the same again where it is gone.
        let files = exported(&lab).await;
        let ruling = UNIVERSITY.replace("[\"grants\"]", "[\"grants\", \"guards\"]");
        let ruling = ruling.replace("[organizations.physics]\n", "[organizations.physics]\nauthoritative = [\"guards\"]\n");
        assert_eq!(steps(&applied(&lab, &one(&ruling)).await).len(), 4);
        lab.patch(&eva, &climate, json!({"description": "<p>Models</p>"})).await.is(200);
        assert_eq!(steps(&applied(&lab, &declaration(&files)).await).len(), 4);
        assert_eq!(exported(&lab).await, files);
        // The place, the people and the roles change; where one key is emptied, the other one counts.
        let changed = GUARDS
            .replace("on_project = \"climate\"", "on_project = []\non_organization = \"physics\"")
            .replace("users = \"eva@uni.example\"", "users = [\"max\", \"eva\"]")
            .replace("roles = [\"PROJECT.MANAGER\", \"PROJECT.AUDITOR\"]\nusers", "roles = []\nusers");
        let changed = one(&format!("{UNIVERSITY}{changed}"));
        let done = applied(&lab, &changed).await;
        assert_eq!((steps(&done), &done["remains"]), (vec!["~ guard Audit 2026".to_owned()], &json!([])), "{done}");
        assert_eq!(steps(&planned(&lab, &changed).await), [""; 0]);
        let guard = lab.get(&lab.staff, "/api/access/guards/?name=Audit").await.is(200).rows()[0].clone();
        let sentence = "Denies PROJECT.UPDATE, RESOURCE.* in Institute of Physics to eva, max.";
        assert_eq!(guard["sentence"], sentence);
    }

    async fn guards_go_only_where_the_declaration_rules(lab: Lab) {
        people(&lab).await;
        applied(&lab, &one(&format!("{UNIVERSITY}{GUARDS}"))).await;
        let drift = apply::drift(&lab.core, &system(&lab), one(UNIVERSITY)).await.unwrap().saved();
        for name in ["guard Audit 2026", "guard Office", "guard Apart"] {
            assert!(drift["not_declared"].to_string().contains(name), "{drift}");
        }
        assert_eq!(steps(&drift), [""; 0]);
        // At the top it is about those of the installation, in an organization about its own.
        let top = UNIVERSITY.replace("[\"grants\"]", "[\"grants\", \"guards\"]");
        assert_eq!(steps(&planned(&lab, &one(&top)).await), ["- guard Office", "- guard Own"]);
        let own = UNIVERSITY.replace("[organizations.physics]\n", "[organizations.physics]\nauthoritative = [\"guards\"]\n");
        assert_eq!(steps(&planned(&lab, &one(&own)).await), ["- guard Audit 2026", "- guard Apart"]);
        // What a guard forbids can be given in the step in which the guard goes, and not before.
        let both = "\"PROJECT.MANAGER\" = [\"eva@uni.example\", \"max\"]";
        let both = |text: &str| text.replace("\"PROJECT.MANAGER\" = [\"eva@uni.example\"]", both);
        let why = refused(&lab, &one(&both(UNIVERSITY)), None).await;
        assert!(why.contains("+ grant PROJECT.MANAGER to max on project climate") && why.contains("Apart"), "{why}");
        assert_eq!(
            steps(&applied(&lab, &one(&both(&own))).await),
            ["- guard Audit 2026", "- guard Apart", "+ grant PROJECT.MANAGER to max on project climate"]
        );
        // What refers to a project goes before it.
        applied(&lab, &one(&format!("{UNIVERSITY}{GUARDS}"))).await;
        let none = "[organizations.physics]\nauthoritative = [\"projects\", \"guards\"]\n";
        assert_eq!(steps(&applied(&lab, &one(none)).await), ["- guard Audit 2026", "- guard Apart", "- project climate"]);
    }

    async fn guards_and_the_roles_of_organizations_export_and_plan_cleanly(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let guest = lab.user("guest").await;
        let name = &guest.name;
        let own = json!({"customer": world.acme.url, "name": "Assistant", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        let own = lab.post(owner, "/api/access/roles/", own).await.is(201).text("name");
        lab.post(owner, &format!("{}add_user/", world.zeus.url), json!({"role": own, "user": guest.uuid})).await.is(201);
        // One through that role, two of one name, one on a project that is gone, one whose only role is gone.
        let for_all = "/api/access/guards/create_for_all/";
        let deny = |name: &str, more: Value| {
            let mut body = json!({"name": name, "kind": "deny", "permissions": ["ORDER.APPROVE", "CALL.*"]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        lab.make(for_all, deny("Twin", json!({"users": [format!("/api/users/{}/", guest.uuid)]}))).await;
        let of_acme = json!({"customer": world.acme.url, "roles": [own], "scope": world.zeus.url});
        lab.make("/api/access/guards/", deny("Twin", of_acme)).await;
        let gone = lab.project(&world.acme, "Gone").await;
        lab.make(for_all, deny("On nothing", json!({"scope": gone.url}))).await;
        lab.delete(&lab.staff, &gone.url).await.is(204);
        let role = json!({"name": "PROJECT.GONE", "content_type": "project", "permissions": ["PROJECT.LIST"]});
        let role = lab.post(&lab.staff, "/api/roles/", role).await.is(201).text("uuid");
        lab.make(for_all, deny("Through nothing", json!({"roles": ["PROJECT.GONE"]}))).await;
        lab.delete(&lab.staff, &format!("/api/roles/{role}/")).await.is(204);
        let mut files = exported(&lab).await;
        let text: String = files.iter().map(|(name, text)| format!("# {name}\n{text}")).collect();
        assert!(text.contains(&format!("roles = [\"{own}\"]")) && text.contains(&format!("\"{own}\" = [\"{name}\"]")), "{text}");
        assert!(!text.contains("nothing") && !text.contains(&format!("[roles.\"{own}\"]")), "{text}");
        let drift = apply::drift(&lab.core, &system(&lab), declaration(&files)).await.unwrap().saved();
        assert_eq!((steps(&drift), &drift["not_declared"]), (vec![], &json!([])), "{text}");
        // With authority over everything nothing goes; without a word of guards those of the installation would.
        let lists = "authoritative = [\"settings\", \"roles\", \"organizations\", \"projects\", \"grants\", \"guards\"]\n";
        files.push(("z.toml".into(), lists.into()));
        assert_eq!(steps(&planned(&lab, &declaration(&files)).await), [""; 0], "{text}");
        assert_eq!(steps(&planned(&lab, &one("authoritative = [\"roles\", \"guards\"]\n")).await).last().unwrap(), "- guard Twin");
        assert_eq!(rows(&lab, "SELECT count(*) FROM roles WHERE customer_id IS NOT NULL AND deleted_at IS NULL").await, 1);
        // A grant of such a role comes and goes like any other.
        let team = format!("[organizations.acme]\n[projects.zeus]\nauthoritative = [\"grants\"]\n[projects.zeus.team]\n\"{own}\" = []\n");
        let plan = planned(&lab, &one(&team)).await;
        assert!(steps(&plan).contains(&format!("- grant {own} to {name} on project zeus")), "{plan}");
        let apollo = format!("[projects.apollo.team]\n\"{own}\" = \"{name}\"\n");
        assert_eq!(steps(&applied(&lab, &one(&apollo)).await), [format!("+ grant {own} to {name} on project apollo")]);
        let why = refused(&lab, &one(&format!("[roles.\"{own}\"]\nactive = false\n")), None).await;
        assert!(why.contains("a.toml:1") && why.contains("a role of an organization's own, which is not declared"), "{why}");
    }

    async fn what_is_wrong_with_guards_is_told_with_file_and_line(lab: Lab) {
        people(&lab).await;
        applied(&lab, &one(&format!("{UNIVERSITY}{GUARDS}[organizations.chemistry]\nname = \"Chemistry\"\n"))).await;
        let uuid = lab.get(&lab.staff, "/api/access/guards/?name=Audit").await.is(200).column("uuid")[0].clone();
        let deny = "kind = \"deny\"\npermissions = [\"ORDER.LIST\"]\n";
        for (text, parts) in [
            (format!("[guards.G]\n{deny}users = [\n\"nobody\"]\n"), vec!["a.toml:5", "There is no user nobody"]),
            (format!("[guards.G]\n{deny}roles = \"PROJECT.MANGER\"\n"), vec!["a.toml:4", "Did you mean PROJECT.MANAGER?"]),
            (format!("[guards.G]\n{deny}on_project = \"climate\"\non_organization = \"physics\"\n"), vec!["a.toml:1", "and not on both"]),
            ("[guards.G]\n".into(), vec!["a.toml:1", "it needs kind."]),
            ("[guards.G]\nkind = \"deny\"\n".into(), vec!["a.toml:1", "+ guard G: permissions: Which permissions does it deny?"]),
            (format!("[guards.G]\n{deny}organization = \"chemistry\"\non_project = \"climate\"\n"), vec!["a.toml:1", "scope: It is not the organization"]),
            (format!("[guards.G]\n{deny}[guards.H]\nname = \"G\"\n{deny}"), vec!["a.toml:4", "A guard G is declared at a.toml:1 already."]),
            // Whose it is and of what kind never changes.
            (format!("[guards.\"Audit 2026\"]\n{deny}organization = \"chemistry\"\n"), vec!["a.toml:4", "There is a guard Audit 2026 of physics"]),
            (format!("[guards.\"Audit 2026\"]\n{deny}"), vec!["a.toml:1", "There is a guard Audit 2026 of physics"]),
            (format!("[guards.A]\nuuid = \"{uuid}\"\norganization = \"chemistry\"\n"), vec!["a.toml:3", "organization of the guard A can't be changed"]),
            (format!("[guards.A]\nuuid = \"{uuid}\"\norganization = []\n"), vec!["a.toml:1", "organization of the guard A can't be changed"]),
            ("[guards.Own]\nkind = \"ceiling\"\n".into(), vec!["a.toml:2", "kind of the guard Own can't be changed"]),
        ] {
            let why = refused(&lab, &one(&text), None).await;
            for part in parts {
                assert!(why.contains(part), "{part}: {text}: {why}");
            }
        }
        // Two of one name in one place are told apart by their identifiers; in another place there is no doubt.
        let body = json!({"name": "Own", "kind": "deny", "permissions": ["ORDER.LIST"]});
        lab.make("/api/access/guards/create_for_all/", body).await;
        let why = refused(&lab, &one("[guards.Own]\nown = false\n"), None).await;
        assert!(why.contains("Own is not one thing but 2: say which by uuid"), "{why}");
        let renamed = format!("[guards.Office]\n[guards.\"Office of physics\"]\nname = \"Office\"\norganization = \"physics\"\n{deny}[guards.Audit]\nuuid = \"{uuid}\"\n");
        assert_eq!(steps(&applied(&lab, &one(&renamed)).await), ["+ guard Office", "~ guard Audit 2026"]);
        assert_eq!(steps(&planned(&lab, &one(&renamed)).await), [""; 0]);
    }

    async fn every_mistake_is_told_with_file_and_line(lab: Lab) {
        people(&lab).await;
        let refused = |text: &'static str| {
            let lab = &lab;
            async move {
                match apply::plan(&lab.core, &system(lab), one(text)).await {
                    Err(error) => error.to_string(),
                    Ok(plan) => panic!("{text}: {}", plan.saved()),
                }
            }
        };
        for (text, parts) in [
            ("[[grants]]\nuser = \"nobody\"\nrole = \"PROJECT.ADMIN\"\nproject = \"x\"\n", vec!["a.toml:2", "There is no user nobody", "a.toml:4", "There is no project x"]),
            ("[projects.x]\nname = \"X\"\norganization = \"physcs\"\n[organizations.physics]\nname = \"P\"\n", vec!["a.toml:3", "Did you mean physics?"]),
            ("[organizations.x]\nname = \"X\"\n[organizations.x.team]\n\"PROJECT.ADMIN\" = \"eva\"\n", vec!["a.toml:4", "PROJECT.ADMIN has the scope project, and not organization"]),
            ("[organizations.x]\nname = \"X\"\n[organizations.x.team]\n\"CUSTOMER.OWNR\" = \"eva\"\n", vec!["a.toml:4", "Did you mean CUSTOMER.OWNER?"]),
            ("[divisions.a]\nparent = \"b\"\n[divisions.b]\nparent = \"a\"\n", vec!["a.toml:1", "a.toml:3", "below itself"]),
            ("[projects.x]\n", vec!["a.toml:1", "it needs name, organization"]),
            ("[roles.R]\nadd = [\"ORDER.LIST\"]\nscope = \"project\"\n", vec!["add and remove are for roles that ship"]),
            ("[organizations.x]\nuuid = \"00000000000000000000000000000000\"\n", vec!["a.toml:1", "There is no organization with the uuid"]),
            ("[organizations.x]\nname = \"X\"\n[organizations.x.team]\n\"CUSTOMER.OWNER\" = [\"eva\", \"eva@uni.example\"]\n", vec!["a.toml:4", "This grant is declared at a.toml:4 already"]),
            ("[organizations.x]\nname = \"X\"\nvat_code = \"12\"\ncountry = \"EE\"\n", vec!["a.toml:1", "+ organization x: vat_code: VAT number has invalid format"]),
        ] {
            let why = refused(text).await;
            for part in parts {
                assert!(why.contains(part), "{part}: {why}");
            }
        }
        lab.make("/api/customers/", json!({"name": "One", "slug": "same"})).await;
        lab.make("/api/customers/", json!({"name": "Two", "slug": "same"})).await;
        let why = refused("[organizations.same]\n").await;
        assert!(why.contains("same is not one thing but 2: say which by uuid"), "{why}");
        // A namesake elsewhere is neither taken over nor doubled.
        let other = lab.organization("Other").await;
        lab.project(&other, "Web").await;
        let why = refused("[organizations.mine]\nname = \"Mine\"\n[projects.web]\nname = \"Web\"\norganization = \"mine\"\n").await;
        assert!(why.contains("a.toml:3") && why.contains("There is a project web in other. To move it, say its uuid"), "{why}");
    }

    async fn a_large_directory_is_planned_in_a_few_statements(lab: Lab) {
        let numbers = |count: usize| (0..count).map(|number| format!("u{number}")).collect::<Vec<_>>();
        let mut users = Vec::new();
        for name in numbers(50) {
            lab.make("/api/users/", json!({"username": name, "email": format!("{name}@x.example"), "agree_with_policy": true})).await;
            users.push(name);
        }
        let text = |projects: usize, each: usize| {
            let mut text = "[organizations.big]\nname = \"Big\"\n".to_owned();
            for project in 0..projects {
                text.push_str(&format!("[projects.p{project}]\nname = \"P {project}\"\norganization = \"big\"\n[projects.p{project}.team]\n"));
                let people: Vec<String> = (0..each).map(|at| format!("\"{}\"", users[(project + at) % users.len()])).collect();
                text.push_str(&format!("\"PROJECT.ADMIN\" = [{}]\n", people.join(", ")));
            }
            text
        };
        // A thousand projects and five thousand grants where the machine has time for it; the count of statements is the same.
        let (projects, each) = if env::var("STOA_LARGE").is_ok() { (1_000, 5) } else { (60, 5) };
        let large = one(&text(projects, each));
        applied(&lab, &large).await;
        let count = |declared: Arc<Declaration>| {
            let lab = &lab;
            async move {
                let before = lab.core.store.queries();
                planned(lab, &declared).await;
                lab.core.store.queries() - before
            }
        };
        let (small, whole) = (count(one(&text(1, 1))).await, count(large.clone()).await);
        assert_eq!(small, whole, "reading does not grow with what is declared");
        assert!(whole <= 15, "{whole} statements");
        let changed = one(&text(projects, each).replace("\"P 7\"", "\"P seven\""));
        let one_change = count(changed).await;
        assert!(one_change <= 90, "{one_change} statements for one change");
    }
}

#[test]
fn a_declaration_is_read_with_care() {
    for (texts, parts) in [
        (
            vec![("a.toml", "[organizations.x]\nnmae = \"X\"\n")],
            vec!["a.toml:2", "nmae is no key of organizations", "Did you mean name?"],
        ),
        (vec![("a.toml", "[organization.x]\nname = \"X\"\n")], vec!["a.toml:1", "Did you mean organizations?"]),
        (
            vec![("a.toml", "[roles.R]\n"), ("b.yaml", "\nroles:\n  R:\n    active: true\n")],
            vec!["b.yaml:3", "R is declared at a.toml:1 already"],
        ),
        (
            vec![("a.toml", "[settings]\nSITE_NAME = \"A\"\n"), ("b.toml", "[settings]\nSITE_NAME = \"B\"\n")],
            vec!["b.toml:2", "declared at a.toml:2 already"],
        ),
        (
            vec![("a.toml", "[settings]\nSITE_NAM = \"A\"\nEMAIL_CHANGE_MAX_AGE = \"x\"\n")],
            vec!["a.toml:2", "Did you mean SITE_NAME?", "a.toml:3", "A valid integer is required"],
        ),
        (
            vec![("a.toml", "[settings]\nINVITATION_WEBHOOK_TOKEN_SECRET = \"A\"\n")],
            vec!["a.toml:2", "which is not declared"],
        ),
        (
            vec![("a.toml", "[roles.R]\npermissions = [\"PROJECT.LST\"]\n")],
            vec!["a.toml:2", "PROJECT.LST", "Did you mean PROJECT.LIST?"],
        ),
        (
            vec![("a.toml", "[organizations.x]\ncountry = \"Estonia\"\nuuid = \"7\"\n")],
            vec!["a.toml:2", "not a valid choice", "a.toml:3", "valid UUID"],
        ),
        (vec![("a.toml", "authoritative = [\"role\"]\n")], vec!["a.toml:1", "role is no list here"]),
        (
            vec![("a.toml", "[guards.G]\npermissions = [\n\"PROJECT.*\", \"PROJECT.UPDAT\"]\n")],
            vec!["a.toml:3", "There is no permission PROJECT.UPDAT. Did you mean PROJECT.UPDATE?"],
        ),
        (
            vec![("a.toml", "[guards.G]\nkind = \"allow\"\non = \"x\"\n")],
            vec!["a.toml:2", "not a valid choice", "a.toml:3", "on is no key of guards"],
        ),
        (
            vec![("a.toml", "[[grants]]\nuser = \"x\"\nrole = \"R\"\n")],
            vec!["a.toml:1", "either organization or project"],
        ),
        (
            vec![("a.toml", "[projects.x.team]\nR = { user = \"x\", untill = \"2027-01-01\" }\n")],
            vec!["a.toml:2", "Did you mean until?"],
        ),
        (
            vec![("a.toml", "[roles.\"PROJECT.ADMIN\"]\nadd = [\"ORDER.LIST\"]\npermissions = []\n")],
            vec!["and not both"],
        ),
        (vec![("a.toml", "[organizations.x\n")], vec!["a.toml:1"]),
    ] {
        let why = wrong(&texts);
        for part in parts {
            assert!(why.contains(part), "{part}: {why}");
        }
    }
    // The two forms mean the same, and their order and remarks mean nothing.
    let toml =
        "# One.\n[projects.x]\nname = \"X\"\nend_date = 2999-01-01\n[projects.x.team]\n\"PROJECT.ADMIN\" = [\"eva\"]\n";
    let yaml = "projects:\n  x:\n    end_date: 2999-01-01 # two\n    name: X\n    team:\n      PROJECT.ADMIN: eva\n";
    assert_eq!(one(toml).digest(), declaration(&files(&[("a.yml", yaml)])).digest());
    assert_ne!(one(toml).digest(), one(&toml.replace("eva", "max")).digest());
}

#[test]
fn every_key_is_documented() {
    let doc = include_str!("../../docs/declared-access.md");
    for kind in declared::KINDS {
        for key in kind.known() {
            assert!(doc.contains(&format!("`{key}`")), "{}.{key} is not in docs/declared-access.md", kind.list);
        }
    }
}

const DATABASE: &str = "STOA_DECLARED_DATABASE";

/// Applies two declarations by turns until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the part of a program that dies; run by the test below"]
async fn applies_until_it_is_killed() {
    let Ok(url) = env::var(DATABASE) else { return };
    let lab = Lab::again(&url).await;
    for round in 0.. {
        println!("begun {round}");
        applied(&lab, &turn(round)).await;
    }
}

/// Twenty projects, all of them with the same name: that of the round.
fn turn(round: usize) -> Arc<Declaration> {
    let projects = (0..20).map(|at| format!("[projects.p{at}]\norganization = \"o\"\nname = \"Round {round}\"\n"));
    one(&format!("[organizations.o]\nname = \"O\"\n{}", projects.collect::<String>()))
}

async fn is_whole_after_each_kill(lab: Lab) {
    lab.core.store.close().await;
    for lines in [3, 1, 5] {
        let mut program = Command::new(env::current_exe().unwrap())
            .args(["--exact", "declared::applies_until_it_is_killed", "--ignored", "--nocapture"])
            .env(DATABASE, &lab.url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = BufReader::new(program.stdout.take().unwrap()).lines().map_while(Result::ok);
        let begun = told.filter(|line| line.starts_with("begun")).take(lines).count();
        assert_eq!(begun, lines);
        // It has begun another round, and is somewhere in it.
        program.kill().unwrap();
        program.wait().unwrap();
        let lab = Lab::again(&lab.url).await;
        let rows = lab.core.store.query("SELECT DISTINCT name FROM projects", &[]).await.unwrap();
        let names: BTreeSet<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert!(names.len() <= 1, "projects of several rounds: {names:?}");
        let made = "SELECT count(*) FROM projects";
        assert!([0, 20].contains(&self::rows(&lab, made).await));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_application_is_whole_or_not_there_on_sqlite() {
    is_whole_after_each_kill(Lab::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_application_is_whole_or_not_there_on_postgres() {
    if let Some(lab) = Lab::postgres().await {
        is_whole_after_each_kill(lab).await;
    }
}
