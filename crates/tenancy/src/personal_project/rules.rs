//! Names of projects that are made from templates, from values alone.

use crate::grant::store::Person;

/// The placeholders of a template.
const PLACEHOLDERS: [&str; 3] = ["{username}", "{email}", "{full_name}"];

/// The template where none is given.
pub const DEFAULT: &str = "{username}";

/// The longest name of a project.
const NAME_MAX: usize = 500;

/// What is wrong with a template: only the three placeholders may stand in braces.
pub fn problem(template: &str) -> Option<String> {
    let rest = PLACEHOLDERS.iter().fold(template.to_owned(), |text, known| text.replace(known, ""));
    let wrong = rest.contains(['{', '}']);
    wrong.then(|| format!("Only the placeholders {} can be used.", PLACEHOLDERS.join(", ")))
}

/// Whether a template names the person.
pub fn is_personal(template: &str) -> bool {
    PLACEHOLDERS.iter().any(|known| template.contains(known))
}

/// The name that a template gives for a person. One pass, so that what a person is called is never a placeholder.
pub fn resolve(template: &str, person: &Person) -> String {
    let (mut name, mut rest) = (String::new(), template);
    while let Some(at) = rest.find('{') {
        name.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = PLACEHOLDERS.iter().find(|known| rest.starts_with(**known));
        let Some(known) = known else {
            name.push('{');
            rest = &rest[1..];
            continue;
        };
        name.push_str(match *known {
            "{email}" => &person.traits.email,
            "{full_name}" => &person.full_name,
            _ => &person.username,
        });
        rest = &rest[known.len()..];
    }
    name.push_str(rest);
    match name.trim() {
        "" => person.username.clone(),
        name => name.chars().take(NAME_MAX).collect(),
    }
}

/// The name itself, and then others that are like it: with the user name, and with numbers.
pub fn name(base: &str, username: &str, number: usize) -> String {
    let suffix = match (number, base.contains(username)) {
        (0, _) => String::new(),
        (1, false) => format!(" ({username})"),
        (number, false) => format!(" ({username} {number})"),
        (number, true) => format!(" ({})", number + 1),
    };
    let room = NAME_MAX.saturating_sub(suffix.chars().count());
    base.chars().take(room).chain(suffix.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> Person {
        let mut person = Person { username: "ann".into(), full_name: "Ann {email}".into(), ..Person::default() };
        person.traits.email = "ann@example.org".into();
        person
    }

    #[test]
    fn a_template_takes_its_three_placeholders_and_no_others() {
        for (template, name) in [
            ("Course 2026", "Course 2026"),
            ("{username}", "ann"),
            ("Lab of {full_name} <{email}>", "Lab of Ann {email} <ann@example.org>"),
            ("  ", "ann"),
        ] {
            assert_eq!(problem(template), None, "{template}");
            assert_eq!(resolve(template, &ann()), name);
        }
        for wrong in ["{", "}", "{user}", "{username", "{{username}}", "{username.__class__}", "{0}"] {
            assert!(problem(wrong).is_some(), "{wrong}");
        }
        assert!(is_personal("x {email}") && !is_personal("Course 2026"));
        let long = Person { full_name: "x".repeat(600), ..ann() };
        assert_eq!(resolve("{full_name}", &long).chars().count(), NAME_MAX);
    }

    #[test]
    fn whoever_comes_second_gets_a_name_of_his_own() {
        let names: Vec<_> = (0..3).map(|number| name("Ann Test", "ann2", number)).collect();
        assert_eq!(names, ["Ann Test", "Ann Test (ann2)", "Ann Test (ann2 2)"]);
        assert_eq!([name("ann", "ann", 0), name("ann", "ann", 1)], ["ann", "ann (2)"]);
        assert_eq!(name(&"x".repeat(500), "ann", 1).chars().count(), NAME_MAX);
    }
}
