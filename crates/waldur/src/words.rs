//! What the descriptions say in words: who may, and what a value is.

use stoa_kernel::{
    access::{Needs, Permission, Place},
    field::Kind,
    view::Test,
};

/// Who may, as the rest of a sentence: `staff`, `whoever holds PROJECT.UPDATE at its customer`.
pub fn who_may(needs: &Needs) -> String {
    match needs {
        Needs::Nothing => "anybody".into(),
        Needs::SignedIn | Needs::AnySignedIn => "anybody who is signed in".into(),
        Needs::InPerson(needs) => format!("{}, in person", who_may(needs)),
        Needs::Own => "the user whom it concerns".into(),
        Needs::Staff => "staff".into(),
        Needs::StaffOrSupport => "staff and support agents".into(),
        Needs::Permission(permission, places) => {
            let places: Vec<String> = places.iter().map(|place| at(place)).collect();
            format!("whoever holds {} {}", permission.name, places.join(" or "))
        }
        Needs::Within(permission, scope, place) => {
            format!("whoever holds {} on any {} of its {}", permission.name, plain(scope), plain(place))
        }
        Needs::Role(places) => {
            let places: Vec<String> = places.iter().map(|place| at(place)).collect();
            format!("whoever holds any role {}", places.join(" or "))
        }
        Needs::Any(several) => several.iter().map(who_may).collect::<Vec<_>>().join("; "),
    }
}

/// `customer` as `at its customer`, `project.customer` as `at its project's customer`.
fn at(place: Place) -> String {
    if place == "itself" {
        return "on it".into();
    }
    format!("at its {}", plain(place))
}

/// `offering.service_provider` as `offering's service provider`.
fn plain(name: &str) -> String {
    name.replace('_', " ").replace('.', "'s ")
}

/// The permissions among what is needed, with the places at which they count.
pub fn permissions(needs: &Needs) -> Vec<(Permission, &'static [Place])> {
    match needs {
        Needs::Permission(permission, places) => vec![(*permission, places)],
        Needs::Any(several) => several.iter().flat_map(permissions).collect(),
        _ => Vec::new(),
    }
}

/// What a value is, in a word or two.
pub fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Bool => "true or false".into(),
        Kind::Int => "whole number".into(),
        Kind::Float | Kind::AmountNumber => "number".into(),
        Kind::Amount(_) => "decimal, as text".into(),
        Kind::Uuid => "uuid".into(),
        Kind::Time => "date-time".into(),
        Kind::Date => "date".into(),
        Kind::Choice(_, choices) => choices.iter().filter(|c| !c.is_empty()).copied().collect::<Vec<_>>().join(" | "),
        Kind::Link(thing) => format!("link to a {}", thing.replace('_', " ")),
        Kind::Links(thing) => format!("links, each to a {}", thing.replace('_', " ")),
        Kind::Texts => "list of texts".into(),
        Kind::Json => "any JSON".into(),
        Kind::Object => "object".into(),
        Kind::Rows(name, _) => format!("list of {name}"),
        Kind::OneRow(name, _) => name.into(),
        Kind::File => "file".into(),
    }
}

/// What a filter takes, in a word or two.
pub fn test(test: &Test) -> String {
    match test {
        Test::Contains(_) => "part of a text".into(),
        Test::Equals(_) | Test::By(_) => "text".into(),
        Test::AnyText(_) => "text, repeatable".into(),
        Test::AnyOf(_, choices) => format!("{}, repeatable", choices.join(" | ")),
        Test::Bool(_) | Test::Flag(..) | Test::Unhide => "true or false".into(),
        Test::Int(_) => "whole number".into(),
        Test::Uuid(_) | Test::UuidLoose(_) | Test::UuidIf(..) => "uuid".into(),
        Test::Link(thing, _) => format!("link to a {}", thing.replace('_', " ")),
        Test::From(_) => "date-time, at or after".into(),
        Test::Until(_) => "date-time, before".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_read_as_a_sentence() {
        const UPDATE: Permission = Permission { index: 1, name: "PROJECT.UPDATE" };
        const NEEDS: Needs = Needs::Any(&[
            Needs::Permission(UPDATE, &["itself", "customer", "offering.service_provider"]),
            Needs::Own,
            Needs::Staff,
        ]);
        let expected = "whoever holds PROJECT.UPDATE on it or at its customer or at its offering's service provider; \
                        the user whom it concerns; staff";
        assert_eq!(who_may(&NEEDS), expected);
        assert_eq!(permissions(&NEEDS).len(), 1);
    }
}
