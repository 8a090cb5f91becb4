//! Decisions about grants, from values alone: what each kind of team needs, and whom a scope lets in.

use crate::access::permissions::Permission::{self, *};
use regex::{Regex, RegexBuilder};
use serde_json::Value;
use stoa_kernel::{
    Time,
    access::{Needs, Place, Scope},
};

/// The team of a kind of scope: what it takes to change it.
#[derive(Debug)]
pub struct Team {
    /// The kind of scope.
    pub scope: Scope,
    /// Its name in facts and filters of the wire.
    pub model: &'static str,
    /// What it takes to grant a role there.
    pub create: Permission,
    /// What it takes to change until when a role lasts.
    pub update: Permission,
    /// What it takes to take a role away.
    pub delete: Permission,
    /// The scope and what lies above it: where those permissions count, and what the granter holds for the ceiling. The
    /// view that shows the scope has these places.
    pub places: &'static [Place],
    /// The place of the organization that the scope belongs to.
    pub owner: Place,
    /// Who may see the team.
    pub list: Needs,
}

/// Who may see a team of which neither an organization's nor a project's role says it (reference/permissions.md,
/// section 6): who holds a role there, or may see the teams of the organization or of one of its projects.
const LIST: Needs = Needs::Any(&[
    Needs::StaffOrSupport,
    Needs::Role(&["itself"]),
    Needs::Permission(CustomerViewTeam.id(), &["customer"]),
    Needs::Within(ProjectViewTeam.id(), "project", "customer"),
]);

/// Organizations.
pub static CUSTOMER: Team = Team {
    scope: "customer",
    model: "customer",
    create: CustomerCreatePermission,
    update: CustomerUpdatePermission,
    delete: CustomerDeletePermission,
    places: &["itself"],
    owner: "itself",
    list: Needs::Any(&[
        Needs::StaffOrSupport,
        Needs::Permission(CustomerViewTeam.id(), &["itself"]),
        Needs::Within(ProjectViewTeam.id(), "project", "itself"),
    ]),
};

/// Projects.
pub static PROJECT: Team = Team {
    scope: "project",
    model: "project",
    create: ProjectCreatePermission,
    update: ProjectUpdatePermission,
    delete: ProjectDeletePermission,
    places: &["itself", "customer"],
    owner: "customer",
    list: Needs::Any(&[
        Needs::StaffOrSupport,
        Needs::Permission(CustomerViewTeam.id(), &["customer"]),
        Needs::Within(ProjectViewTeam.id(), "project", "customer"),
    ]),
};

/// Service providers.
pub static SERVICE_PROVIDER: Team = Team {
    scope: "service_provider",
    model: "serviceprovider",
    create: CustomerCreatePermission,
    update: CustomerUpdatePermission,
    delete: CustomerDeletePermission,
    places: &["itself", "customer"],
    owner: "customer",
    list: LIST,
};

/// Offerings.
pub static OFFERING: Team = Team {
    scope: "offering",
    model: "offering",
    create: OfferingCreatePermission,
    update: OfferingUpdatePermission,
    delete: OfferingDeletePermission,
    places: &["itself", "service_provider", "customer"],
    owner: "customer",
    list: LIST,
};

/// Resources.
pub static RESOURCE: Team = Team {
    scope: "resource",
    model: "resource",
    create: ResourceCreatePermission,
    update: ResourceUpdatePermission,
    delete: ResourceDeletePermission,
    places: &["itself", "project", "customer"],
    owner: "customer",
    list: LIST,
};

/// Call managing organizations.
pub static CALL_ORGANIZER: Team = Team {
    scope: "call_organizer",
    model: "callmanagingorganisation",
    create: CallCreatePermission,
    update: CallUpdatePermission,
    delete: CallDeletePermission,
    places: &["itself", "customer"],
    owner: "customer",
    list: LIST,
};

/// Calls.
pub static CALL: Team = Team {
    scope: "call",
    model: "call",
    create: CallCreatePermission,
    update: CallUpdatePermission,
    delete: CallDeletePermission,
    places: &["itself", "call_organizer", "customer"],
    owner: "customer",
    list: LIST,
};

/// Proposals.
pub static PROPOSAL: Team = Team {
    scope: "proposal",
    model: "proposal",
    create: ProposalManage,
    update: ProposalUpdatePermission,
    delete: ProposalDeletePermission,
    places: &["itself", "call", "call_organizer", "customer"],
    owner: "customer",
    list: LIST,
};

/// How the source of a grant begins that an activation made; the identifier of the eligibility follows.
pub const ELIGIBILITY: &str = "eligibility:";

/// Whether a grant with this source may last longer than it does: what was activated for some hours ends with them, also where
/// its holder could prolong a role of his own.
pub fn may_be_extended(source: &str) -> bool {
    !source.starts_with(ELIGIBILITY)
}

/// Every kind of team.
pub static TEAMS: &[&Team] =
    &[&CUSTOMER, &PROJECT, &SERVICE_PROVIDER, &OFFERING, &RESOURCE, &CALL_ORGANIZER, &CALL, &PROPOSAL];

/// The team of a kind of scope.
pub fn team(scope: &str) -> Option<&'static Team> {
    TEAMS.iter().find(|team| team.scope == scope).copied()
}

/// The kind of scope with this name on the wire, in either of its spellings.
pub fn scope_of(name: &str) -> Option<&'static str> {
    let found = TEAMS.iter().find(|team| team.scope == name || team.model == name);
    found.map(|team| team.scope)
}

/// Whether a grant that runs until one instant (`None` for ever) already covers what is wanted.
pub fn covers(held_until: Option<Time>, wanted: Option<Time>) -> bool {
    match (held_until, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(held), Some(wanted)) => held >= wanted,
    }
}

/// Whether an end goes beyond another one.
pub fn extends(until: Option<Time>, beyond: Option<Time>) -> bool {
    !covers(beyond, until)
}

/// What a person is known by when a scope asks whether it lets him in.
#[derive(Debug, Clone, Default)]
pub struct Traits {
    /// The address to write to.
    pub email: String,
    /// What he belongs to, as his home says.
    pub affiliations: Vec<String>,
    /// Who vouches for him.
    pub identity_source: String,
}

/// Whom a scope lets in: any of these is enough; all empty lets everybody in.
#[derive(Debug, Clone, Default)]
pub struct Restriction {
    /// Patterns of addresses.
    pub emails: Vec<String>,
    /// Affiliations.
    pub affiliations: Vec<String>,
    /// Identity sources.
    pub identity_sources: Vec<String>,
}

impl Restriction {
    /// From the three lists as they are stored.
    pub fn read(emails: &Value, affiliations: &Value, identity_sources: &Value) -> Restriction {
        Restriction {
            emails: texts(emails),
            affiliations: texts(affiliations),
            identity_sources: texts(identity_sources),
        }
    }

    /// Whether it restricts anything.
    pub fn is_open(&self) -> bool {
        self.emails.is_empty() && self.affiliations.is_empty() && self.identity_sources.is_empty()
    }

    /// Whether it names this person.
    pub fn names(&self, person: &Traits) -> bool {
        self.emails.iter().any(|pattern| matches_start(pattern, &person.email))
            || self.affiliations.iter().any(|one| person.affiliations.contains(one))
            || self.identity_sources.contains(&person.identity_source)
    }

    /// Whether nobody with this address gets in, whatever else he is: only patterns of addresses are asked for, and none fits.
    pub fn refuses_address(&self, email: &str) -> bool {
        let by_address_only = self.affiliations.is_empty() && self.identity_sources.is_empty();
        by_address_only && !self.emails.is_empty() && !self.emails.iter().any(|pattern| matches_start(pattern, email))
    }

    /// Whether it lets this person in.
    pub fn admits(&self, person: &Traits) -> bool {
        self.is_open() || self.names(person)
    }
}

/// The texts of a stored list.
pub fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// The longest pattern, in characters.
const PATTERN_MAX: usize = 500;

fn compile(pattern: &str) -> Option<Regex> {
    let short = pattern.chars().count() <= PATTERN_MAX;
    // By itself first: `a)|(b` would become a pattern only by the brackets around it, and its end would not be anchored.
    let whole = short && RegexBuilder::new(pattern).size_limit(1 << 20).build().is_ok();
    whole.then(|| RegexBuilder::new(&format!("^(?:{pattern})")).size_limit(1 << 20).build().ok()).flatten()
}

/// Whether a text begins as a pattern says, case included. A pattern that is none matches nothing.
///
/// The engine takes time in proportion to pattern and text whatever the pattern is, so nested repetition is no danger.
pub fn matches_start(pattern: &str, text: &str) -> bool {
    compile(pattern).is_some_and(|regex| regex.is_match(text))
}

/// What is wrong with a pattern that somebody wants to store.
pub fn pattern_problem(pattern: &str) -> Option<String> {
    compile(pattern).is_none().then(|| format!("Invalid regular expression: {}", shorten(pattern)))
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn person(email: &str) -> Traits {
        let affiliations = vec!["staff@uni.example".to_owned()];
        Traits { email: email.into(), affiliations, identity_source: "eduGAIN".into() }
    }

    #[test]
    fn patterns_match_from_the_start_in_their_case() {
        let ann = "ann@uni.example";
        for pattern in [r".*@uni\.example", "ann", "ann@uni.example$", "bob|ann"] {
            assert!(matches_start(pattern, ann), "{pattern}");
        }
        for pattern in ["nn@", "ANN", "uni", "x|bob", "(", "(?=ann)ann", "x)|(uni", &"a".repeat(501)] {
            assert!(!matches_start(pattern, ann), "{pattern}");
        }
        assert_eq!(pattern_problem(r".*@uni\.example"), None);
        assert!(pattern_problem("(").is_some() && pattern_problem(&"a".repeat(501)).is_some());
        // A pattern that would keep a backtracking engine busy for ever.
        assert!(!matches_start("(a+)+$", &format!("{}!", "a".repeat(5000))));
    }

    #[test]
    fn one_list_that_fits_is_enough_and_no_list_lets_everybody_in() {
        let (ann, bob) = (person("ann@uni.example"), Traits { email: "bob@x.example".into(), ..Traits::default() });
        let open = Restriction::read(&json!([]), &json!([]), &Value::Null);
        assert!(open.is_open() && open.admits(&bob) && !open.names(&bob));
        let by_mail = Restriction::read(&json!([r".*@uni\.example"]), &json!(["nobody"]), &json!([]));
        assert!(by_mail.admits(&ann) && !by_mail.admits(&bob));
        let by_source = Restriction::read(&json!([]), &json!([]), &json!(["eduGAIN"]));
        assert!(by_source.admits(&ann) && !by_source.admits(&bob));
        let by_affiliation = Restriction::read(&json!(["x"]), &json!(["staff@uni.example"]), &json!([]));
        assert!(by_affiliation.admits(&ann) && !by_affiliation.admits(&bob));
    }

    #[test]
    fn for_ever_covers_all_and_is_covered_by_nothing_else() {
        let (early, late) = (Some(Time(1)), Some(Time(2)));
        assert!(covers(None, None) && covers(None, late) && covers(late, early) && covers(late, late));
        assert!(!covers(late, None) && !covers(early, late));
        assert!(extends(None, late) && extends(late, early) && !extends(early, late) && !extends(late, None));
    }

    #[test]
    fn every_team_has_its_organization_among_its_places() {
        for team in TEAMS {
            assert!(team.places.contains(&team.owner) && team.places[0] == "itself", "{}", team.scope);
            assert_eq!(scope_of(team.model), Some(team.scope));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_that_does_no_harm(pattern in ".{0,60}", text in ".{0,60}") {
            let found = matches_start(&pattern, &text);
            prop_assert!(!found || pattern_problem(&pattern).is_none());
        }
    }
}
