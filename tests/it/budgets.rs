//! How many statements a call may run (C18): me 2, a page 3 whatever its size, one thing 3.

use crate::gallery::{self, Gallery, path_of, text_of};
use serde_json::Value;
use stoa_kernel::view::View;
use stoa_testing::{Lab, Person, both};
use stoa_waldur::route::{Run, Verb};

const ME: u64 = 2;
const PAGE: u64 = 3;
const ONE: u64 = 3;

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
