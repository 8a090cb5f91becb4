//! Whether a rule fits a person, from values alone.

use serde_json::{Value, json};
use stoa_tenancy::grant::rules::{Restriction, matches_start};

/// What a rule looks at.
#[derive(Debug, Clone, Default)]
pub struct Criteria {
    /// Addresses, affiliations and sources of identity: one that fits is enough.
    pub basic: Restriction,
    /// Nationalities: one must fit.
    pub nationalities: Vec<String>,
    /// Types of organizations: one must fit.
    pub organization_types: Vec<String>,
    /// Levels of assurance: all must be there.
    pub assurance_levels: Vec<String>,
}

/// What is known of a person.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Address.
    pub email: String,
    /// Affiliations.
    pub affiliations: Vec<String>,
    /// Who vouches for him.
    pub identity_source: String,
    /// Nationalities.
    pub nationalities: Vec<String>,
    /// Type of his organization.
    pub organization_type: String,
    /// How sure his identity is.
    pub assurance: Vec<String>,
}

/// How one list of a rule fits a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The list.
    pub name: &'static str,
    /// Whether the rule has anything in it.
    pub configured: bool,
    /// Whether the person fits it.
    pub matched: bool,
    /// What the person has.
    pub has: Vec<String>,
    /// What the rule asks for.
    pub wants: Vec<String>,
}

impl Check {
    fn new(name: &'static str, has: &[String], wants: &[String], matched: bool) -> Check {
        Check { name, configured: !wants.is_empty(), matched, has: has.to_vec(), wants: wants.to_vec() }
    }

    /// Why it fits or does not, in words.
    pub fn reason(&self) -> &'static str {
        match (self.configured, self.matched) {
            (false, _) => "The rule does not look at this.",
            (true, true) => "It fits.",
            (true, false) => "It does not fit.",
        }
    }

    /// As the wire shows it.
    pub fn shown(&self) -> Value {
        json!({
            "name": self.name, "configured": self.configured, "matched": self.matched, "reason": self.reason(),
            "user_value": self.has, "rule_value": self.wants,
        })
    }
}

/// How each list of a rule fits a person.
pub fn checks(rule: &Criteria, person: &Known) -> Vec<Check> {
    let any = |has: &[String], wants: &[String]| wants.iter().any(|one| has.contains(one));
    let one = |text: &String| if text.is_empty() { vec![] } else { vec![text.clone()] };
    let (email, source, kind) = (one(&person.email), one(&person.identity_source), one(&person.organization_type));
    let basic = &rule.basic;
    let fits = basic.emails.iter().any(|pattern| !person.email.is_empty() && matches_start(pattern, &person.email));
    let assured = rule.assurance_levels.iter().all(|level| person.assurance.contains(level));
    vec![
        Check::new("user_email_patterns", &email, &basic.emails, fits),
        Check::new(
            "user_affiliations",
            &person.affiliations,
            &basic.affiliations,
            any(&person.affiliations, &basic.affiliations),
        ),
        Check::new("user_identity_sources", &source, &basic.identity_sources, any(&source, &basic.identity_sources)),
        Check::new(
            "user_nationalities",
            &person.nationalities,
            &rule.nationalities,
            any(&person.nationalities, &rule.nationalities),
        ),
        Check::new("user_organization_types", &kind, &rule.organization_types, any(&kind, &rule.organization_types)),
        Check::new("user_assurance_levels", &person.assurance, &rule.assurance_levels, assured),
    ]
}

/// How many of the checks are those of which one is enough.
const BASIC: usize = 3;

/// Whether a rule fits as a whole. One that looks at nothing fits nobody.
pub fn matches(checks: &[Check]) -> bool {
    let (basic, further) = checks.split_at(BASIC.min(checks.len()));
    let configured = |check: &&Check| check.configured;
    let basic_fits =
        !basic.iter().any(|check| check.configured) || basic.iter().filter(configured).any(|check| check.matched);
    let further_fit = further.iter().filter(configured).all(|check| check.matched);
    checks.iter().any(|check| check.configured) && basic_fits && further_fit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    fn ann() -> Known {
        Known {
            email: "ann@uni.example".into(),
            affiliations: texts(&["staff"]),
            nationalities: texts(&["EE"]),
            assurance: texts(&["high", "low"]),
            ..Known::default()
        }
    }

    fn fits(rule: Criteria) -> bool {
        matches(&checks(&rule, &ann()))
    }

    fn basic(emails: &[&str], affiliations: &[&str]) -> Restriction {
        Restriction { emails: texts(emails), affiliations: texts(affiliations), identity_sources: vec![] }
    }

    #[test]
    fn one_pattern_or_affiliation_is_enough_and_nothing_fits_nobody() {
        let rule = |basic| Criteria { basic, ..Criteria::default() };
        assert!(!fits(Criteria::default()));
        assert!(fits(rule(basic(&[r".*@uni\.example"], &[]))));
        assert!(fits(rule(basic(&["ann"], &["nobody"]))) && fits(rule(basic(&["bob"], &["staff"]))));
        // Anchored at the start only, in its case; a broken pattern fits nothing; none is slow.
        assert!(
            !fits(rule(basic(&["uni"], &[]))) && !fits(rule(basic(&["ANN"], &[]))) && !fits(rule(basic(&["("], &[])))
        );
        assert!(!fits(rule(basic(&["(a+)+$"], &["student"]))));
        let unknown = Known::default();
        assert!(!matches(&checks(&rule(basic(&[".*"], &[])), &unknown)), "who has no address fits no pattern");
    }

    #[test]
    fn further_lists_must_all_fit() {
        let staff = || basic(&[], &["staff"]);
        let rule = |nationalities: &[&str], levels: &[&str]| Criteria {
            basic: staff(),
            nationalities: texts(nationalities),
            assurance_levels: texts(levels),
            ..Criteria::default()
        };
        assert!(fits(rule(&["EE", "LV"], &["low", "high"])));
        assert!(!fits(rule(&["LV"], &[])) && !fits(rule(&["EE"], &["low", "substantial"])));
        let only = Criteria { organization_types: texts(&["university"]), ..Criteria::default() };
        assert!(!fits(only));
        assert!(fits(Criteria { nationalities: texts(&["EE"]), ..Criteria::default() }));
    }
}
