//! How many statements a call may run (C18): me 2, a page 3 whatever its size, one thing 3; a question about access a dozen or so,
//! however many people it is about.

use crate::gallery::{self, Gallery, path_of, text_of};
use serde_json::Value;
use stoa_kernel::view::View;
use stoa_testing::{Lab, Person, both};
use stoa_waldur::route::{Run, Verb};

const ME: u64 = 2;
const PAGE: u64 = 3;
const ONE: u64 = 3;
const WHO: u64 = 16;
const WHY: u64 = 12;

/// The statements of a call whose first run has filled what is kept in memory.
async fn statements(lab: &Lab, person: &Person, method: &str, path: &str) -> u64 {
    lab.send(person, method, path, Value::Null).await;
    lab.statements_of(person, method, path).await
}

/// A thing that the person sees in a view, as it stands in a path.
async fn sample(lab: &Lab, person: &Person, view: &'static View) -> Option<String> {
    for (_, lookup) in gallery::everything(lab, view).await {
        if gallery::found(lab, Some(person), view, &lookup).await.is_some() {
            return Some(text_of(&lookup));
        }
    }
    None
}

both! {
    async fn every_call_keeps_its_budget(lab: Lab) {
        let gallery = Gallery::build(&lab).await;
        // An organization with a wall asks one thing more, whether the caller is inside.
        for wall in lab.all(&lab.staff, "/api/access-subnets/").await {
            let path = format!("/api/access-subnets/{}/", wall["uuid"].as_str().unwrap_or_default());
            lab.delete(&lab.staff, &path).await.is(204);
        }
        let mut wrong = Vec::new();
        for who in ["staff", "owner", "project member", "provider's owner"] {
            let person = gallery.person(who);
            let mut check = |what: String, count: u64, budget: u64| {
                if count > budget {
                    wrong.push(format!("{what} by {who}: {count} statements, not {budget}"));
                }
            };
            for route in gallery::routes().filter(|route| route.method == Verb::Get) {
                match route.run {
                    Run::Me(_) => check(route.path.into(), statements(&lab, person, "GET", route.path).await, ME),
                    Run::List(_) | Run::ListIn { .. } => {
                        let target = match route.run {
                            Run::ListIn { parent, .. } => match sample(&lab, person, parent).await {
                                Some(target) => target,
                                None => continue,
                            },
                            _ => String::new(),
                        };
                        let path = path_of(route, &target);
                        for size in [1, 10, 300] {
                            let path = format!("{path}?page_size={size}");
                            check(path.clone(), statements(&lab, person, "GET", &path).await, PAGE);
                        }
                        check(format!("HEAD {path}"), statements(&lab, person, "HEAD", &path).await, PAGE);
                    }
                    Run::Retrieve(view) => {
                        let Some(target) = sample(&lab, person, view).await else { continue };
                        let path = path_of(route, &target);
                        check(path.clone(), statements(&lab, person, "GET", &path).await, ONE);
                    }
                    _ => {}
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    async fn a_question_about_access_costs_the_same_however_many_people_there_are(lab: Lab) {
        let world = stoa_testing::World::build(&lab).await;
        let stranger = lab.user("stranger").await;
        let scope = format!("project:{}", world.apollo.uuid);
        let questions = [
            ("who can", format!("/api/access/who/?action=project.update&scope={scope}"), WHO),
            ("who has", format!("/api/access/who/?action=PROJECT.UPDATE&scope={scope}"), WHO),
            ("why", format!("/api/access/explain/?action=project.update&scope={scope}"), WHY),
            ("why not", format!("/api/access/explain/?action=project.update&scope={scope}&user={}", stranger.uuid), WHY),
        ];
        let mut before = Vec::new();
        for (what, path, budget) in &questions {
            let count = statements(&lab, &lab.staff, "GET", path).await;
            assert!(count <= *budget, "{what}: {count} statements, not {budget}");
            before.push(count);
        }
        for _ in 0..20 {
            lab.member(&world.apollo, "PROJECT.MANAGER").await;
            lab.member(&world.acme, "CUSTOMER.OWNER").await;
        }
        let who = lab.get(&lab.staff, &questions[0].1).await.is(200);
        assert!(who.body["people"].as_array().unwrap().len() > 40, "{}", who.body);
        for ((what, path, _), before) in questions.iter().zip(before) {
            assert_eq!(statements(&lab, &lab.staff, "GET", path).await, before, "{what}");
        }
    }

    async fn a_page_costs_the_same_however_much_there_is(lab: Lab) {
        let world = stoa_testing::World::build(&lab).await;
        let owner = world.person("owner");
        let path = "/api/projects/?page_size=300";
        let before = statements(&lab, owner, "GET", path).await;
        for number in 0..40 {
            lab.project(&world.acme, &format!("Project {number}")).await;
        }
        let rows = lab.get(owner, path).await.is(200).rows().len();
        assert!(rows > 40);
        assert_eq!(statements(&lab, owner, "GET", path).await, before);
    }
}
