//! Who may do what: one function decides, and says why (design.md, section 3; mission R1–R6).
//!
//! An [`Actor`] comes with all its grants, so a decision touches no database. A check, an explanation, a simulation and a
//! test all call [`decide`]; there is no second evaluator except the naive one in the tests.
//!
//! Layers, in order: what a token narrows (even for staff), rules that deny, grants, staff and support. Nothing widens.

pub use crate::{
    guard::Guard,
    narrow::{Bound, Narrow, Walk},
    used::{Through, Use, Used},
};
use crate::{id::Uuid, time::Time};
use serde::Serialize;
use std::{fmt, net::IpAddr, sync::Arc};

/// The kind of a thing on which a role can be granted, such as `project`. The names belong to the areas above.
pub type Scope = &'static str;

/// The name of a place at which a thing stands, seen from the thing: `itself`, `customer`, `offering.customer`.
pub type Place = &'static str;

/// A permission: its position in the table of permissions, and its name on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Permission {
    /// Position in the table; stable only within one run of the program.
    pub index: u16,
    /// The name that is stored and shown, such as `PROJECT.CREATE`.
    pub name: &'static str,
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PermissionSet([u64; 4]);

impl PermissionSet {
    /// The most permissions that a set can hold.
    pub const CAPACITY: usize = 256;

    /// Adds a permission.
    pub fn insert(&mut self, permission: Permission) {
        self.0[usize::from(permission.index) / 64] |= 1 << (permission.index % 64);
    }

    /// Whether the permission is in the set.
    pub fn contains(&self, permission: Permission) -> bool {
        self.contains_index(permission.index)
    }

    fn contains_index(&self, index: u16) -> bool {
        self.0.get(usize::from(index) / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// The positions of the permissions in the set, ascending.
    pub fn indexes(&self) -> impl Iterator<Item = u16> + '_ {
        (0..Self::CAPACITY as u16).filter(|index| self.contains_index(*index))
    }

    /// What is in this set and not in the other.
    pub fn minus(&self, other: &PermissionSet) -> PermissionSet {
        PermissionSet(std::array::from_fn(|i| self.0[i] & !other.0[i]))
    }

    /// What is in either set.
    pub fn union(&self, other: &PermissionSet) -> PermissionSet {
        PermissionSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    /// What is in both sets.
    pub fn both(&self, other: &PermissionSet) -> PermissionSet {
        PermissionSet(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut set = PermissionSet::default();
        permissions.into_iter().for_each(|permission| set.insert(permission));
        set
    }
}

/// A role as the decision sees it.
#[derive(Debug, Clone)]
pub struct Role {
    /// Key of the role's row.
    pub id: i64,
    /// Its public identifier.
    pub uuid: Uuid,
    /// Its unique name, such as `PROJECT.ADMIN`.
    pub name: String,
    /// Its description in words.
    pub description: String,
    /// The kind of thing it is granted on.
    pub scope: String,
    /// A disabled role can't be granted, and what it carries does not count (mission R3).
    pub active: bool,
    /// What it carries.
    pub permissions: PermissionSet,
}

/// A grant that an actor holds: a role at a scope. Revoked grants are never among them; those that do not count for
/// another cause are, with the cause, so that a refusal can name it.
#[derive(Debug, Clone)]
pub struct Held {
    /// The grant's public identifier.
    pub uuid: Uuid,
    /// The role.
    pub role: Arc<Role>,
    /// The kind of the scope.
    pub scope: String,
    /// Key of the scope's row.
    pub scope_id: i64,
    /// Key of the organization that the scope belongs to; the scope itself where it is one.
    pub owner_id: i64,
    /// When it ends by itself.
    pub until: Option<Time>,
    /// When it was first given: of two that a guard keeps apart, the earlier one counts.
    pub since: Time,
    /// Why it does not count now.
    pub stopped: Option<Stop>,
}

/// Why a grant does not count at an instant although nobody revoked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Its time is over.
    Expired,
    /// Its role is disabled.
    RoleDisabled,
    /// The scope has ended: it can still be read, but nothing can be done there.
    ScopeEnded,
    /// The scope is removed.
    ScopeRemoved,
    /// The organization accepts its people only from certain networks, and the caller is not in one.
    Network,
    /// The credential lets nothing of what the role carries pass.
    Narrowed,
    /// The account can't be used.
    UserDisabled,
    /// A guard keeps it apart from a role that the user was given before.
    Apart,
}

impl Held {
    /// Whether the grant lets its holder act.
    pub fn counts(&self) -> bool {
        self.stopped.is_none()
    }

    /// Whether the grant lets its holder see: an ended scope can still be read.
    pub fn shows(&self) -> bool {
        matches!(self.stopped, None | Some(Stop::ScopeEnded))
    }
}

/// Who asks: a user with everything that decides about him, loaded in one query.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// Key of the user's row; 0 for a stranger.
    pub id: i64,
    /// The user's public identifier.
    pub uuid: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// First and last name.
    pub full_name: String,
    /// The address to write to.
    pub email: String,
    /// Staff pass every permission (mission P2).
    pub staff: bool,
    /// Support agents see everything and change nothing by that alone (mission P2).
    pub support: bool,
    /// All grants that are not revoked.
    pub grants: Vec<Held>,
    /// What the credential leaves; `None` leaves everything.
    pub narrow: Option<Narrow>,
    /// The staff member who acts as this user.
    pub impersonator: Option<Box<Impersonator>>,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
    /// The program itself: jobs and the command line.
    pub system: bool,
    /// Key of the token that was presented, and whether its stamp of last use is due to move.
    pub token: Option<(i64, bool)>,
    /// Whether a program acts with a token that somebody else issued about the user.
    pub issued: bool,
    /// Whether the user has to do something about his own account before he may do most other things.
    pub held_up: bool,
    /// Whether the account can't be used; only who is asked about, and does not ask, is such an actor.
    pub disabled: bool,
    /// Whether what is shown to this actor of others is noted.
    pub watched: bool,
    /// The rules from above that deny him something at this moment.
    pub guards: Vec<Arc<Guard>>,
    /// The guards that take from him what he is, if they do.
    pub barred: Barred,
    /// Whether he showed a second factor when he signed in. Tokens that are made once and kept never did.
    pub second_factor: bool,
    /// Levels of assurance that his identity provider vouches for.
    pub assurance: Vec<String>,
    /// Whether he is asked about and does not ask himself: from where he would call, and how he would sign in, is not known.
    pub absent: bool,
    /// Code of the language in which labels are shown ([`crate::view::Column::sql`]); empty for the installation's own.
    pub language: &'static str,
    /// What his call relied on.
    pub used: Used,
}

/// The guards that take from somebody what he is.
#[derive(Debug, Clone, Default)]
pub struct Barred {
    /// Takes staff power.
    pub staff: Option<Arc<Guard>>,
    /// Takes the view of support agents and staff.
    pub support: Option<Arc<Guard>>,
}

/// A staff member who acts as somebody else; both names go on record.
#[derive(Debug, Clone, Default)]
pub struct Impersonator {
    /// Key of the row.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// Name to sign in with.
    pub username: String,
    /// First and last name.
    pub full_name: String,
}

impl Actor {
    /// Somebody who is not signed in.
    pub fn stranger() -> Actor {
        Actor::default()
    }

    /// The program itself, for jobs and the command line.
    pub fn system() -> Actor {
        Actor { username: "system".into(), full_name: "System".into(), system: true, staff: true, ..Actor::default() }
    }

    /// Whether somebody is signed in.
    pub fn signed_in(&self) -> bool {
        self.id != 0 || self.system
    }

    /// Whether staff power is in force: the user is staff and the credential lets it pass.
    pub fn is_staff(&self) -> bool {
        let is = self.staff && self.barred.staff.is_none() && self.narrow.as_ref().is_none_or(|narrow| narrow.staff);
        if is {
            self.relied_on_staff("", true);
        }
        is
    }

    /// Whether this actor sees everything: staff or a support agent, and the credential lets that pass.
    pub fn sees_all(&self) -> bool {
        if self.is_staff() {
            return true;
        }
        let sees = (self.staff || self.support)
            && self.barred.support.is_none()
            && self.narrow.as_ref().is_none_or(|narrow| narrow.support);
        if sees {
            self.relied_on_support(true);
        }
        sees
    }

    /// Keys of the scopes of one kind where a grant shows; with a permission, only where the role carries it.
    pub fn scopes(&self, kind: &str, carrying: Option<Permission>) -> Vec<i64> {
        let mut ids: Vec<i64> = self
            .grants
            .iter()
            .filter(|held| held.scope == kind && held.shows())
            .filter(|held| carrying.is_none_or(|permission| self.carries(held, permission)))
            .inspect(|held| self.relied(held, carrying.map_or("", |permission| permission.name), true))
            .map(|held| held.scope_id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Keys of the organizations to which any scope with a grant that shows belongs.
    pub fn owners(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.showing(|_| true).iter().map(|held| held.owner_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Keys of the scopes of one kind where a counting grant carries the permission.
    pub fn may_at(&self, kind: &str, permission: Permission) -> Vec<i64> {
        let counting = self.grants.iter().filter(|held| held.scope == kind && held.counts());
        let carrying = counting.filter(|held| self.carries(held, permission));
        carrying.inspect(|held| self.relied(held, permission.name, true)).map(|held| held.scope_id).collect()
    }

    /// Whether this actor is staff, and his credential lets both that and the permission pass.
    pub fn passes_as_staff(&self, permission: Permission) -> bool {
        let passes =
            self.is_staff() && self.narrow.as_ref().is_none_or(|narrow| narrow.permissions.contains(permission));
        if passes {
            self.relied_on_staff(permission.name, true);
        }
        passes
    }

    fn carries(&self, held: &Held, permission: Permission) -> bool {
        held.role.permissions.contains(permission)
            && !self.is_covered(permission, held)
            && self.narrow.as_ref().is_none_or(|narrow| narrow.permissions.contains(permission))
    }
}

/// Who may run an action or open a view.
#[derive(Debug, Clone, Copy)]
pub enum Needs {
    /// Anybody, signed in or not.
    Nothing,
    /// Anybody who is signed in. As the need of an action it does not let narrowed credentials pass, since none of their
    /// permissions says that they may; see [`decide_on`].
    SignedIn,
    /// Anybody who is signed in, by a narrowed credential too: for actions that change nothing of the user's own.
    AnySignedIn,
    /// These needs, of the user in person: neither by a narrowed credential nor by staff in his place. For everything that
    /// makes, changes or removes credentials.
    InPerson(&'static Needs),
    /// A grant that carries the permission at one of these places of the thing.
    Permission(Permission, &'static [Place]),
    /// A grant that carries the permission on any scope of this kind that belongs to the organization at the place: on any
    /// project of a project's organization.
    Within(Permission, Scope, Place),
    /// Any grant at one of these places of the thing.
    Role(&'static [Place]),
    /// The user whom the thing is, or belongs to. As the need of an action it does not let narrowed credentials pass.
    Own,
    /// Staff only.
    Staff,
    /// Staff and support agents.
    StaffOrSupport,
    /// Any of these.
    Any(&'static [Needs]),
}

/// A place at which a loaded thing stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stand {
    /// Name of the place, seen from the thing.
    pub place: Place,
    /// Kind of the scope at that place.
    pub scope: Scope,
    /// Key of the scope's row.
    #[serde(skip)]
    pub id: i64,
}

/// What a decision is about.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Kind of the thing; empty for actions on nothing.
    pub thing: &'static str,
    /// Key of its row.
    pub id: i64,
    /// Its public identifier.
    pub uuid: Uuid,
    /// Its name, for messages.
    pub name: String,
    /// Its state, where it has one.
    pub state: Option<String>,
    /// Where it stands.
    pub places: Vec<Stand>,
    /// Key of the user whom it is or belongs to; 0 if none.
    pub owner: i64,
}

impl Found {
    /// Key of the row at a place.
    pub fn at(&self, place: &str) -> Option<i64> {
        self.places.iter().find(|stand| stand.place == place).map(|stand| stand.id)
    }
}

/// The answer of [`decide`].
#[derive(Debug, Clone, Default, Serialize)]
pub struct Decision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why, or why not; never empty.
    pub because: Vec<Reason>,
}

/// One reason of a decision, as data.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// Open to everybody.
    Open,
    /// The actor is signed in, which is enough.
    SignedIn,
    /// The actor is staff.
    Staff,
    /// The actor is a support agent.
    Support,
    /// The thing is the actor's own.
    Own,
    /// A grant allows it.
    Grant {
        /// The grant.
        grant: String,
        /// Name of its role.
        role: String,
        /// Kind of its scope.
        scope: String,
        /// Key of its scope's row; surfaces replace it by name and uuid.
        #[serde(skip)]
        scope_id: i64,
        /// What the role carries that was needed.
        permission: &'static str,
        /// When the grant ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// Nobody is signed in.
    NotSignedIn,
    /// Only staff may.
    NotStaff,
    /// Only staff and support agents may.
    NotSupport,
    /// Only the user whom it concerns may.
    NotOwn,
    /// No grant carries the permission at any of the places.
    Missing {
        /// The permission.
        permission: &'static str,
        /// Where it would count.
        places: Vec<Place>,
        /// Active roles that carry it, and whose holders can grant them: filled in by an explanation.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        roles: Vec<String>,
        /// People who could grant it: filled in by an explanation for those who may know.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        could_grant: Vec<String>,
    },
    /// The user does not hold a role that would allow it, and may activate it: filled in by an explanation.
    Eligible {
        /// What lets him activate it.
        eligibility: String,
        /// Name of the role.
        role: String,
        /// Kind of its scope.
        scope: String,
        /// Name of its scope.
        scope_name: String,
        /// What the role carries that is needed.
        permission: &'static str,
    },
    /// A grant would allow it, but it does not count.
    Stopped {
        /// The grant.
        grant: String,
        /// Name of its role.
        role: String,
        /// Kind of its scope.
        scope: String,
        /// Why it does not count.
        why: Stop,
        /// When it ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// The credential does not let the permission (or staff power) pass.
    Narrowed {
        /// What it holds back.
        permission: &'static str,
    },
    /// A rule from above denies it.
    Guarded {
        /// The guard.
        guard: String,
        /// Its name.
        name: String,
        /// What it denies.
        permission: &'static str,
        /// Whose it is: `installation` or `organization`.
        set_by: &'static str,
        /// Key of the organization whose it is.
        #[serde(skip)]
        of: Option<i64>,
        /// Why it applies at this moment; empty if it always does.
        #[serde(skip_serializing_if = "String::is_empty")]
        because: String,
        /// People who could change it: filled in by an explanation for those who may know.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        could_change: Vec<String>,
    },
    /// It is allowed only under conditions of a guard, of which nothing is known about somebody who does not ask himself.
    Provided {
        /// The guard.
        guard: String,
        /// Its name.
        name: String,
        /// The conditions, in words.
        because: String,
    },
    /// The credential is bound to other things.
    Bound,
    /// The credential carries permissions, and this is done without one: only the user himself does it.
    NoToken,
    /// It is done in person only: neither by a narrowed credential nor in somebody's place.
    NotInPerson,
    /// A rule of the action itself refuses, in words.
    Rule {
        /// The rule.
        text: String,
    },
    /// The role carries what the granter does not hold there or above (mission R5).
    Ceiling {
        /// Name of the role.
        role: String,
        /// What it carries beyond the granter's own.
        beyond: Vec<String>,
    },
    /// The user is disabled.
    UserDisabled,
}

impl Reason {
    /// The reason as a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Reason::Open => "Anybody may do this.".into(),
            Reason::SignedIn => "Anybody who is signed in may do this.".into(),
            Reason::Staff => "The user is staff, and staff may do everything.".into(),
            Reason::Support => "The user is a support agent.".into(),
            Reason::Own => "It is the user's own.".into(),
            Reason::Grant { role, scope, permission: "", .. } => {
                format!("The user has the role {role} on the {scope}, which is enough.")
            }
            Reason::Grant { role, scope, permission, until, .. } => match until {
                Some(until) => format!("The role {role} on the {scope} carries {permission}, until {until}."),
                None => format!("The role {role} on the {scope} carries {permission}."),
            },
            Reason::NotSignedIn => "Nobody is signed in.".into(),
            Reason::NotStaff => "Only staff may do this.".into(),
            Reason::NotSupport => "Only staff and support agents may do this.".into(),
            Reason::NotOwn => "Only the user whom it concerns may do this.".into(),
            Reason::Missing { permission, places, roles, could_grant } => {
                let mut text = format!("No active role of the user carries {permission} at {}.", places.join(" or "));
                if !roles.is_empty() {
                    text.push_str(&format!(" Roles that carry it: {}.", roles.join(", ")));
                }
                if !could_grant.is_empty() {
                    text.push_str(&format!(" Could be granted by: {}.", could_grant.join(", ")));
                }
                text
            }
            Reason::Eligible { role, scope, scope_name, permission, .. } => {
                format!(
                    "The user may activate the role {role} on the {scope} {scope_name}, which carries {permission}."
                )
            }
            Reason::Stopped { role, scope, why, until, .. } => match why {
                Stop::Expired => {
                    format!("The role {role} on the {scope} expired at {}.", until.as_deref().unwrap_or("its end"))
                }
                Stop::RoleDisabled => format!("The role {role} on the {scope} is disabled."),
                Stop::ScopeEnded => format!("The {scope} has ended; the role {role} on it only shows."),
                Stop::ScopeRemoved => format!("The {scope} is removed; the role {role} on it does not count."),
                Stop::Network => format!("The role {role} on the {scope} counts only from certain networks."),
                Stop::Narrowed => {
                    format!("The token that was used carries nothing of the role {role} on the {scope}.")
                }
                Stop::UserDisabled => format!("The user is disabled; the role {role} on the {scope} does not count."),
                Stop::Apart => format!(
                    "A guard keeps the role {role} on the {scope} apart from a role that was given before; it does not count."
                ),
            },
            Reason::Narrowed { permission } => format!("The token that was used does not carry {permission}."),
            Reason::Guarded { name, permission, set_by, because, could_change, .. } => {
                let mut text = format!("The guard {name} of the {set_by} denies {permission}");
                if !because.is_empty() {
                    text.push_str(&format!(": {because}"));
                }
                text.push('.');
                if !could_change.is_empty() {
                    text.push_str(&format!(" It can be changed by {}.", could_change.join(", ")));
                }
                text
            }
            Reason::Provided { name, because, .. } => format!("The guard {name} lets it pass only so: {because}."),
            Reason::Bound => "The token that was used is bound to other things.".into(),
            Reason::NoToken => {
                "No permission that a token carries says this; it is done signed in, without one.".into()
            }
            Reason::NotInPerson => {
                "This is done in person only: neither by a personal access token nor as another user.".into()
            }
            Reason::Rule { text } => text.clone(),
            Reason::Ceiling { role, beyond } => {
                format!("The role {role} carries more than the granter holds there: {}.", beyond.join(", "))
            }
            Reason::UserDisabled => "The user is disabled.".into(),
        }
    }
}

impl Decision {
    /// Allowed for one reason.
    pub fn allow(reason: Reason) -> Decision {
        Decision { allowed: true, because: vec![reason] }
    }

    /// Refused for one reason.
    pub fn deny(reason: Reason) -> Decision {
        Decision { allowed: false, because: vec![reason] }
    }

    /// Refused by a rule in words.
    pub fn rule(text: impl Into<String>) -> Decision {
        Decision::deny(Reason::Rule { text: text.into() })
    }

    /// `Ok` if allowed.
    pub fn required(self) -> crate::Result<Decision> {
        if self.allowed {
            Ok(self)
        } else if self.because.contains(&Reason::NotSignedIn) {
            Err(crate::Error::Unauthenticated("Authentication credentials were not provided.".into()))
        } else {
            Err(crate::Error::Forbidden(Box::new(self)))
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let sentences: Vec<String> = self.because.iter().map(Reason::sentence).collect();
        write!(f, "{} {}", if self.allowed { "Allowed." } else { "Refused." }, sentences.join(" "))
    }
}

/// Decides whether an actor may do what needs this on a thing. The actor's grants are those of the instant in question;
/// for an earlier instant, load the actor as of it.
pub fn decide(actor: &Actor, needs: &Needs, thing: &Found) -> Decision {
    if let Needs::Nothing = needs {
        return Decision::allow(Reason::Open);
    }
    if !actor.signed_in() {
        return Decision::deny(Reason::NotSignedIn);
    }
    if actor.disabled {
        return Decision::deny(Reason::UserDisabled);
    }
    match needs {
        Needs::Nothing => Decision::allow(Reason::Open),
        Needs::SignedIn | Needs::AnySignedIn => Decision::allow(Reason::SignedIn),
        Needs::InPerson(_) if !actor.in_person() => Decision::deny(Reason::NotInPerson),
        Needs::InPerson(needs) => decide(actor, needs, thing),
        Needs::Own if actor.id != 0 && thing.owner == actor.id => Decision::allow(Reason::Own),
        Needs::Own => Decision::deny(Reason::NotOwn),
        Needs::Staff => staff(actor).unwrap_or_else(|| Decision::deny(Reason::NotStaff)),
        Needs::StaffOrSupport if actor.is_staff() => by_staff(actor, ""),
        Needs::StaffOrSupport if actor.sees_all() => {
            actor.relied_on_support(false);
            Decision::allow(Reason::Support)
        }
        Needs::StaffOrSupport if actor.staff || actor.support => Decision::deny(match &actor.barred.support {
            Some(guard) => guard.bars("SUPPORT.ACCESS"),
            None => Reason::Narrowed { permission: "SUPPORT.ACCESS" },
        }),
        Needs::StaffOrSupport => Decision::deny(Reason::NotSupport),
        Needs::Permission(permission, places) => by_permission(actor, *permission, places, thing, |held| {
            let mut stands = thing.places.iter().filter(|stand| places.contains(&stand.place));
            stands.any(|stand| stand.scope == held.scope && stand.id == held.scope_id)
        }),
        Needs::Within(permission, scope, place) => by_permission(actor, *permission, &[*place], thing, |held| {
            held.scope == *scope
                && thing.at(place) == Some(held.owner_id)
                && actor.bound().is_none_or(|bound| bound.holds_grant(held))
        }),
        Needs::Role(places) => by_role(actor, places, thing),
        Needs::Any(several) => any(several, |needs| decide(actor, needs, thing)),
    }
}

/// Decides whether an actor may run an action that needs this. As [`decide`], but a narrowed credential does only what a
/// permission of it allows: that one is signed in, or that something is one's own, is not enough.
pub fn decide_on(actor: &Actor, needs: &Needs, thing: &Found) -> Decision {
    let needs = match (&actor.narrow, needs) {
        (None, _) => return decide(actor, needs, thing),
        (Some(_), Needs::Any(several)) => several,
        (Some(_), one) => std::slice::from_ref(one),
    };
    any(needs, |needs| match needs {
        Needs::SignedIn | Needs::Own => Decision::deny(Reason::NoToken),
        Needs::Any(_) => decide_on(actor, needs, thing),
        _ => decide(actor, needs, thing),
    })
}

fn staff(actor: &Actor) -> Option<Decision> {
    if actor.is_staff() {
        return Some(by_staff(actor, ""));
    }
    if let (true, Some(guard)) = (actor.staff, &actor.barred.staff) {
        return Some(Decision::deny(guard.bars("STAFF.ACCESS")));
    }
    actor.staff.then(|| Decision::deny(Reason::Narrowed { permission: "STAFF.ACCESS" }))
}

/// Allowed because the actor is staff.
fn by_staff(actor: &Actor, permission: &'static str) -> Decision {
    actor.relied_on_staff(permission, false);
    Decision::allow(Reason::Staff)
}

fn any(several: &[Needs], decide: impl Fn(&Needs) -> Decision) -> Decision {
    let mut because = Vec::new();
    for needs in several {
        let decision = decide(needs);
        if decision.allowed {
            return decision;
        }
        because.extend(decision.because);
    }
    Decision { allowed: false, because }
}

fn by_permission(
    actor: &Actor,
    permission: Permission,
    places: &[Place],
    thing: &Found,
    here: impl Fn(&Held) -> bool,
) -> Decision {
    if actor.narrow.as_ref().is_some_and(|narrow| !narrow.permissions.contains(permission)) {
        return Decision::deny(Reason::Narrowed { permission: permission.name });
    }
    if actor.bound().is_some_and(|bound| !bound.holds(thing)) {
        return Decision::deny(Reason::Bound);
    }
    if actor.is_staff() {
        return match actor.guarded(permission, None, thing) {
            Some(guard) => Decision::deny(guard.reason(permission)),
            None => actor.provided(by_staff(actor, permission.name), permission, None, thing),
        };
    }
    let here = |held: &&Held| held.role.permissions.contains(permission) && here(held);
    let mut guarded = Vec::new();
    for held in actor.grants.iter().filter(|held| held.counts()).filter(here) {
        match actor.guarded(permission, Some(held), thing) {
            None => {
                actor.relied(held, permission.name, false);
                let allowed = Decision::allow(granted(held, permission.name));
                return actor.provided(allowed, permission, Some(held), thing);
            }
            Some(guard) => guarded.push(guard.reason(permission)),
        }
    }
    if !guarded.is_empty() {
        guarded.dedup();
        return Decision { allowed: false, because: guarded };
    }
    let mut because = vec![Reason::Missing {
        permission: permission.name,
        places: places.to_vec(),
        roles: Vec::new(),
        could_grant: Vec::new(),
    }];
    because.extend(actor.grants.iter().filter(here).filter_map(stopped));
    if let (true, Some(guard)) = (actor.staff, &actor.barred.staff) {
        because.push(guard.bars("STAFF.ACCESS"));
    }
    Decision { allowed: false, because }
}

fn by_role(actor: &Actor, places: &[Place], thing: &Found) -> Decision {
    if actor.bound().is_some_and(|bound| !bound.holds(thing)) {
        return Decision::deny(Reason::Bound);
    }
    if actor.is_staff() {
        return by_staff(actor, "");
    }
    let here = |held: &&Held| {
        let mut stands = thing.places.iter().filter(|stand| places.contains(&stand.place));
        stands.any(|stand| stand.scope == held.scope && stand.id == held.scope_id)
    };
    if let Some(held) = actor.grants.iter().filter(|held| held.shows()).find(here) {
        actor.relied(held, "", false);
        return Decision::allow(granted(held, ""));
    }
    let mut because = vec![Reason::Rule { text: format!("The user has no role at {}.", places.join(" or ")) }];
    because.extend(actor.grants.iter().filter(here).filter_map(stopped));
    Decision { allowed: false, because }
}

/// That a grant allows it; the permission is empty where any role is enough.
fn granted(held: &Held, permission: &'static str) -> Reason {
    Reason::Grant {
        grant: crate::id::hex(&held.uuid),
        role: held.role.name.clone(),
        scope: held.scope.clone(),
        scope_id: held.scope_id,
        permission,
        until: held.until.map(|until| until.to_string()),
    }
}

/// That a grant would allow it but does not count.
fn stopped(held: &Held) -> Option<Reason> {
    held.stopped.map(|why| Reason::Stopped {
        grant: crate::id::hex(&held.uuid),
        role: held.role.name.clone(),
        scope: held.scope.clone(),
        why,
        until: held.until.map(|until| until.to_string()),
    })
}
