//! What guards mean, from values alone: which concern an actor at an instant, and which of his roles are kept apart.

use super::hours::Hours;
use crate::{
    access::permissions::{PERMISSIONS, Permission},
    subnet::rules as networks,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use stoa_kernel::{
    Error, Result, Time,
    access::{Actor, Barred, Guard, Held, PermissionSet, Stop},
    error::Invalid,
    id::Uuid,
};

/// The kinds of guards; see the [module](super).
pub const KINDS: &[&str] = &["deny", "ceiling", "apart"];

/// Entries of a list at most.
const LONGEST: usize = 200;

/// How far apart two roles are kept: on one scope, in one organization, everywhere.
pub const WITHIN: &[&str] = &["scope", "organization", "installation"];

/// What a guard says, as each of its revisions keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// One of [`KINDS`].
    pub kind: String,
    /// Key of the organization whose it is; none for the installation.
    pub customer: Option<i64>,
    /// Kind and key of the scope on which it denies.
    pub scope: Option<(String, i64)>,
    /// Permissions by name, `PROJECT.*` or `*`.
    pub permissions: Vec<String>,
    /// Keys of roles; empty for all.
    pub roles: Vec<i64>,
    /// Keys of people; empty for all.
    pub users: Vec<i64>,
    /// Whether it takes only what concerns one's own things.
    pub own: bool,
    /// Whether staff are not exempt.
    pub staff: bool,
    /// One of [`WITHIN`], for roles that are kept apart.
    pub within: String,
    /// It does not deny who calls from one of these.
    pub networks: Vec<String>,
    /// It does not deny in these spans.
    pub hours: Vec<String>,
    /// Where the clocks show those hours.
    pub time_zone: String,
    /// It does not deny who signed in with a second factor.
    pub second_factor: bool,
    /// It does not deny those for whom all of these are vouched.
    pub assurance: Vec<String>,
    /// It denies from this instant on, in microseconds since 1970.
    pub starts: Option<i64>,
    /// It denies until this instant, in microseconds since 1970.
    pub ends: Option<i64>,
    /// Whether it denies at all.
    pub active: bool,
}

/// A guard as it is stored at one revision.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its public identifier.
    pub uuid: Uuid,
    /// What it says.
    pub says: Definition,
    /// What it denies.
    pub permissions: PermissionSet,
}

impl Stored {
    /// A guard with what it denies worked out.
    pub fn new(uuid: Uuid, says: Definition) -> Stored {
        let permissions = denied(&says.kind, &says.permissions);
        Stored { uuid, says, permissions }
    }
}

/// All guards at one moment, by whose they are: an organization's concern only who holds something there, so that however many
/// organizations have guards, a person is put under few.
#[derive(Debug, Default)]
pub struct Guards {
    all: Vec<Stored>,
    installation: Vec<usize>,
    organizations: HashMap<i64, Vec<usize>>,
}

impl Guards {
    /// Guards in the order in which they count, the oldest first.
    pub fn new(all: Vec<Stored>) -> Guards {
        let (mut installation, mut organizations) = (Vec::new(), HashMap::<i64, Vec<usize>>::new());
        for (at, guard) in all.iter().enumerate() {
            match guard.says.customer {
                None => installation.push(at),
                Some(customer) => organizations.entry(customer).or_default().push(at),
            }
        }
        Guards { all, installation, organizations }
    }

    /// Those that can concern somebody who holds roles in these organizations, in their order.
    pub fn over(&self, organizations: impl Iterator<Item = i64>) -> Vec<&Stored> {
        let mut at = self.installation.clone();
        if !self.organizations.is_empty() {
            let organizations: BTreeSet<i64> = organizations.collect();
            at.extend(organizations.iter().filter_map(|one| self.organizations.get(one)).flatten());
            at.sort_unstable();
        }
        at.into_iter().map(|at| &self.all[at]).collect()
    }
}

/// Whether a name or pattern stands for a permission. The powers of staff and support agents are never meant by a pattern.
fn means(pattern: &str, permission: Permission) -> bool {
    let power = matches!(permission, Permission::StaffAccess | Permission::SupportAccess);
    match pattern.strip_suffix('*') {
        Some(start) => !power && permission.name().starts_with(start),
        None => permission.name() == pattern,
    }
}

/// Whether a name or pattern stands for any permission.
pub fn is_known(pattern: &str) -> bool {
    PERMISSIONS.iter().any(|entry| means(pattern, entry.permission))
}

/// What a guard of this kind with these names and patterns denies.
fn denied(kind: &str, patterns: &[String]) -> PermissionSet {
    let named = |one: &Permission| patterns.iter().any(|pattern| means(pattern, *one));
    let powers = [Permission::StaffAccess, Permission::SupportAccess];
    let of_kind = |one: &Permission| match kind {
        "deny" => named(one),
        "ceiling" => !named(one) && !powers.contains(one),
        _ => false,
    };
    Permission::all().filter(of_kind).map(Permission::id).collect()
}

/// Whether conditions let somebody pass.
#[derive(Debug, PartialEq, Eq)]
enum Passes {
    /// All of them hold; a guard without any lets nobody pass.
    Yes,
    /// One of them does not, in words.
    No(String),
    /// Nothing is known about some, in words.
    Depends(String),
}

impl Definition {
    /// Whether it denies at all at an instant.
    pub fn in_force(&self, now: Time) -> bool {
        self.active && self.starts.is_none_or(|starts| starts <= now.0) && self.ends.is_none_or(|ends| now.0 < ends)
    }

    fn passes(&self, actor: &Actor, now: Time) -> Passes {
        let (mut asked, mut unknown) = (false, Vec::new());
        if !self.assurance.is_empty() {
            asked = true;
            if let Some(missing) = self.assurance.iter().find(|level| !actor.assurance.contains(level)) {
                return Passes::No(format!("nobody vouches for {missing}"));
            }
        }
        if !self.hours.is_empty() {
            asked = true;
            let words = self.hours_in_words();
            let there = now.local(&self.time_zone);
            let spans = || self.hours.iter().filter_map(|text| Hours::parse(text));
            if !there.is_some_and(|there| spans().any(|span| span.contains(there))) {
                return Passes::No(format!("it passes only {words}"));
            }
        }
        if self.second_factor {
            asked = true;
            let words = "with a second factor";
            match actor.absent {
                true => unknown.push(words.to_owned()),
                false if actor.second_factor => {}
                false => return Passes::No(format!("it passes only when signed in {words}")),
            }
        }
        if !self.networks.is_empty() {
            asked = true;
            let words = format!("from {}", self.networks.join(", "));
            match actor.absent {
                true => unknown.push(words),
                false if self.networks.iter().any(|inet| networks::contains(inet, actor.address)) => {}
                false => return Passes::No(format!("it passes only {words}")),
            }
        }
        match (asked, unknown.is_empty()) {
            (false, _) => Passes::No(String::new()),
            (true, true) => Passes::Yes,
            (true, false) => Passes::Depends(unknown.join(", ")),
        }
    }

    fn hours_in_words(&self) -> String {
        format!("{} ({})", self.hours.join(", "), self.time_zone)
    }

    /// What it says, as a sentence; the names of its roles and people are given.
    pub fn sentence(&self, place: &str, roles: &[String], users: &[String]) -> String {
        let place = if place.is_empty() { "everywhere".to_owned() } else { format!("in {place}") };
        if self.kind == "apart" {
            let within = match self.within.as_str() {
                "scope" => "on the same thing",
                "organization" => "in the same organization",
                _ => "at all",
            };
            return format!("Keeps the roles {} apart {within}, {place}.", roles.join(" and "));
        }
        let what = match self.kind.as_str() {
            "ceiling" => format!("Denies everything but {}", self.permissions.join(", ")),
            _ => format!("Denies {}", self.permissions.join(", ")),
        };
        let mut text = format!("{what} {place}");
        if self.own {
            text.push_str(" on one's own things");
        }
        if !roles.is_empty() {
            text.push_str(&format!(" through {}", roles.join(", ")));
        }
        if !users.is_empty() {
            text.push_str(&format!(" to {}", users.join(", ")));
        }
        if self.staff {
            text.push_str(", staff included");
        }
        let mut unless = Vec::new();
        if !self.networks.is_empty() {
            unless.push(format!("from {}", self.networks.join(", ")));
        }
        if !self.hours.is_empty() {
            unless.push(self.hours_in_words());
        }
        if self.second_factor {
            unless.push("with a second factor".to_owned());
        }
        if !self.assurance.is_empty() {
            unless.push(format!("with {} vouched for", self.assurance.join(", ")));
        }
        if !unless.is_empty() {
            text.push_str(&format!(", unless {}", unless.join(" and ")));
        }
        text.push('.');
        text
    }

    /// Checks that its parts fit together.
    ///
    /// # Errors
    /// Invalid, naming every field that does not.
    pub fn check(&self) -> Result<()> {
        let mut invalid = Invalid::default();
        let apart = self.kind == "apart";
        if !apart && self.permissions.is_empty() && self.kind == "deny" {
            invalid.add("permissions", "Which permissions does it deny?");
        }
        for pattern in &self.permissions {
            if !is_known(pattern) {
                let shown: String = pattern.chars().take(100).collect();
                invalid.add("permissions", format!("There is no permission {shown}."));
            }
        }
        let powers = [Permission::StaffAccess.name(), Permission::SupportAccess.name()];
        if self.permissions.iter().any(|name| powers.contains(&name.as_str())) {
            let whole = self.kind == "deny" && self.customer.is_none() && self.staff && !self.own;
            if !whole || self.scope.is_some() || !self.roles.is_empty() {
                let text = "The powers of staff and support agents are denied by the installation only, to staff, everywhere, \
                            whatever the role.";
                invalid.add("permissions", text);
            }
        }
        if self.staff && self.customer.is_some() {
            invalid.add("staff", "A guard of an organization does not bind staff.");
        }
        if self.staff && !self.roles.is_empty() {
            invalid.add("staff", "Staff do not act through a role.");
        }
        if apart {
            if self.roles.len() < 2 {
                invalid.add("roles", "Which two roles are kept apart?");
            }
            let conditions = self.second_factor || !self.networks.is_empty() || !self.hours.is_empty();
            if conditions || !self.assurance.is_empty() || self.own || self.staff || !self.users.is_empty() {
                invalid.add("kind", "Roles are kept apart for everybody and without conditions.");
            }
            if !self.permissions.is_empty() {
                invalid.add("permissions", "Roles are kept apart, not permissions.");
            }
        }
        for inet in &self.networks {
            if let Some(text) = networks::check(inet) {
                invalid.add("networks", text);
            }
        }
        for span in &self.hours {
            if Hours::parse(span).is_none() {
                invalid.add("hours", "Hours look like mon-fri 08:00-18:00, sat,sun 09:00-12:00 or 22:00-24:00.");
            }
        }
        if Time::default().local(&self.time_zone).is_none() {
            invalid.add("time_zone", "There is no such time zone; one is Europe/Berlin.");
        }
        if let (Some(starts), Some(ends)) = (self.starts, self.ends)
            && ends <= starts
        {
            invalid.add("ends", "It would end before it starts.");
        }
        invalid.done()
    }
}

/// The guard for an actor at an instant; `None` if it does not concern him then.
fn for_actor(guard: &Stored, actor: &Actor, now: Time) -> Option<Guard> {
    let says = &guard.says;
    let acting = actor.impersonator.as_ref().map_or(0, |staff| staff.id);
    let meant = says.users.is_empty() || says.users.contains(&actor.id) || says.users.contains(&acting);
    if guard.permissions.is_empty() || !says.in_force(now) || !meant {
        return None;
    }
    let (because, depends) = match says.passes(actor, now) {
        Passes::Yes => return None,
        Passes::No(why) => (why, false),
        Passes::Depends(on) => (on, true),
    };
    Some(Guard {
        uuid: guard.uuid,
        name: says.name.clone(),
        of: says.customer,
        set_by: if says.customer.is_some() { "organization" } else { "installation" },
        permissions: guard.permissions,
        place: says.scope.clone(),
        owner: says.scope.as_ref().is_some_and(|(kind, _)| kind == "customer"),
        roles: (!says.roles.is_empty()).then(|| says.roles.clone()),
        staff: says.staff,
        own: says.own,
        because,
        depends,
    })
}

/// Puts an actor under the guards that concern him at an instant: what they deny, and what they take of his being staff. The program
/// itself is under none.
pub fn put_under(actor: &mut Actor, guards: &[&Stored], now: Time) {
    let concerning = guards.iter().filter_map(|guard| for_actor(guard, actor, now));
    actor.guards = concerning.map(Arc::new).collect();
    let bars = |power: Permission| {
        let all = actor.guards.iter();
        all.filter(|guard| guard.staff && !guard.depends).find(|guard| guard.permissions.contains(power.id())).cloned()
    };
    actor.barred = Barred { staff: bars(Permission::StaffAccess), support: bars(Permission::SupportAccess) };
}

/// What two roles must have in common to be kept apart.
pub fn domain<'a>(within: &str, scope: &'a str, scope_id: i64, owner: i64) -> (&'a str, i64) {
    match within {
        "scope" => (scope, scope_id),
        "organization" => ("customer", owner),
        _ => ("", 0),
    }
}

/// Whether a grant lies where a guard keeps roles apart.
pub fn is_under(says: &Definition, scope: &str, scope_id: i64, owner: i64) -> bool {
    says.customer.is_none_or(|customer| customer == owner)
        && says
            .scope
            .as_ref()
            .is_none_or(|(kind, key)| scope == kind && scope_id == *key || kind == "customer" && owner == *key)
}

/// Stops those of somebody's grants that guards keep apart from an earlier one at an instant. What stops a grant for another cause is
/// known already.
pub fn part(grants: &mut [Held], guards: &[&Stored], now: Time) {
    for guard in guards.iter().filter(|guard| guard.says.kind == "apart" && guard.says.in_force(now)) {
        keep_apart(grants, &guard.says);
    }
}

/// Of roles that are kept apart the one that was given first counts.
fn keep_apart(grants: &mut [Held], says: &Definition) {
    let mut kept: Vec<usize> = (0..grants.len())
        .filter(|at| {
            let held = &grants[*at];
            says.roles.contains(&held.role.id)
                && held.shows()
                && is_under(says, &held.scope, held.scope_id, held.owner_id)
        })
        .collect();
    kept.sort_by_key(|at| (grants[*at].since, grants[*at].uuid));
    for place in 1..kept.len() {
        let here = |at: usize| {
            let held: &Held = &grants[at];
            domain(&says.within, &held.scope, held.scope_id, held.owner_id)
        };
        let later = kept[place];
        let clash = kept[..place].iter().any(|earlier| {
            let earlier = *earlier;
            grants[earlier].shows() && grants[earlier].role.id != grants[later].role.id && here(earlier) == here(later)
        });
        if clash {
            grants[later].stopped = Some(Stop::Apart);
        }
    }
}

/// The names that are sent for a list, without blanks around them and each once.
///
/// # Errors
/// Invalid where one is no text.
pub fn texts(field: &'static str, list: &serde_json::Value) -> Result<Vec<String>> {
    let sent = list.as_array().map_or(&[][..], Vec::as_slice);
    if sent.len() > LONGEST {
        return Err(Error::field(field, format!("Ensure this field has no more than {LONGEST} elements.")));
    }
    let mut all = Vec::new();
    for one in sent {
        let text = one.as_str().map(str::trim).filter(|text| !text.is_empty() && text.len() <= 300);
        let text = text.ok_or_else(|| Error::field(field, "Not a valid string."))?.to_owned();
        if !all.contains(&text) {
            all.push(text);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(change: impl FnOnce(&mut Definition)) -> Definition {
        let mut says = Definition {
            name: "guard".into(),
            kind: "deny".into(),
            permissions: vec!["ORDER.APPROVE".into()],
            within: "organization".into(),
            time_zone: "Europe/Berlin".into(),
            active: true,
            ..Definition::default()
        };
        change(&mut says);
        says
    }

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn patterns_never_mean_the_powers_of_staff() {
        let all = denied("deny", &["*".into()]);
        assert!(all.contains(Permission::ProjectUpdate.id()) && !all.contains(Permission::StaffAccess.id()));
        assert!(!denied("ceiling", &[]).contains(Permission::SupportAccess.id()));
        assert!(denied("deny", &["STAFF.ACCESS".into()]).contains(Permission::StaffAccess.id()));
        let ceiling = denied("ceiling", &["PROJECT.*".into()]);
        assert!(!ceiling.contains(Permission::ProjectUpdate.id()) && ceiling.contains(Permission::OrderApprove.id()));
    }

    #[test]
    fn conditions_let_pass_only_together() {
        let guard = says(|says| {
            says.networks = vec!["10.0.0.0/8".into()];
            says.hours = vec!["mon-fri 08:00-18:00".into()];
            says.second_factor = true;
            says.assurance = vec!["medium".into()];
        });
        let (monday, night) = (at("2026-03-02T09:00:00Z"), at("2026-03-02T17:30:00Z"));
        let fit = Actor {
            id: 1,
            address: "10.1.2.3".parse().ok(),
            second_factor: true,
            assurance: vec!["medium".into()],
            ..Actor::default()
        };
        assert_eq!(guard.passes(&fit, monday), Passes::Yes);
        let no = |actor: Actor, now| matches!(guard.passes(&actor, now), Passes::No(why) if !why.is_empty());
        assert!(no(fit.clone(), night));
        assert!(no(Actor { address: "192.0.2.1".parse().ok(), ..fit.clone() }, monday));
        assert!(no(Actor { address: None, ..fit.clone() }, monday));
        assert!(no(Actor { second_factor: false, ..fit.clone() }, monday));
        assert!(no(Actor { assurance: Vec::new(), ..fit.clone() }, monday));
        // Who does not ask himself: what can't be known does not deny, what can be known does.
        let absent = Actor { absent: true, address: None, second_factor: false, ..fit.clone() };
        assert_eq!(guard.passes(&absent, monday), Passes::Depends("with a second factor, from 10.0.0.0/8".into()));
        assert!(no(absent, night));
        // Without conditions nobody passes.
        assert_eq!(says(|_| {}).passes(&fit, monday), Passes::No(String::new()));
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let fields = |says: Definition| match says.check() {
            Err(Error::Invalid(invalid)) => invalid.fields.keys().map(ToString::to_string).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert!(says(|_| {}).check().is_ok());
        assert_eq!(fields(says(|says| says.permissions = vec!["NO.SUCH".into()])), ["permissions"]);
        assert_eq!(fields(says(|says| says.permissions = vec!["STAFF.ACCESS".into()])), ["permissions"]);
        assert_eq!(fields(says(|says| says.networks = vec!["10.0.0.0/99".into()])), ["networks"]);
        assert_eq!(fields(says(|says| says.hours = vec!["always".into()])), ["hours"]);
        assert_eq!(fields(says(|says| says.time_zone = "Mars".into())), ["time_zone"]);
        assert_eq!(fields(says(|says| (says.staff, says.customer) = (true, Some(1)))), ["staff"]);
        let apart = says(|says| (says.kind, says.own, says.permissions) = ("apart".into(), true, Vec::new()));
        assert_eq!(fields(apart), ["kind", "roles"]);
    }
}
