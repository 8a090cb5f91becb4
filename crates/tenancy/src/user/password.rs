//! How passwords are kept and checked: Argon2id, a few at a time, never inside a transaction.
//!
//! Hashing takes tens of milliseconds and 19 MiB on purpose, so it runs on threads for blocking work, [`SLOTS`] at once, and
//! callers beyond [`WAITING`] are turned away instead of piling up.

use super::{actions, rules, store, views::USERS};
use crate::token::{login, notice, own_hands, store as tokens};
use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use stoa_kernel::{
    Error, Result, Val,
    access::{Needs, decide},
    action::{Action, Cx, Done, Target},
    clock::Clock,
    door::{Call, Caller, Core},
    error::Invalid,
    field::{Field, Input, Mode},
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Passwords hashed at the same time.
const SLOTS: usize = 2;
/// Callers who may wait for a slot.
const WAITING: usize = 64;

/// Hashes and checks passwords. One of them is put into the core ([`Core::with`]).
pub struct Passwords {
    params: Params,
    slots: Semaphore,
    waiting: AtomicUsize,
    /// The hash of a password that nobody has, so that an unknown name takes as long as a known one.
    dummy: String,
}

impl Default for Passwords {
    /// The parameters that OWASP recommends: 19 MiB, two passes, one lane.
    fn default() -> Passwords {
        Passwords::with(Params::default())
    }
}

impl Passwords {
    /// Parameters that protect nothing but are quick. For tests.
    pub fn cheap() -> Passwords {
        Passwords::with(Params::new(Params::MIN_M_COST, 1, 1, None).unwrap_or_default())
    }

    fn with(params: Params) -> Passwords {
        let dummy = hash_with(&params, "nobody has this password", b"salt of no secret").unwrap_or_default();
        Passwords { params, slots: Semaphore::new(SLOTS), waiting: AtomicUsize::new(0), dummy }
    }

    /// The core's own, or the default where none was put.
    pub fn of(core: &Core) -> Arc<Passwords> {
        core.get::<Arc<Passwords>>().cloned().unwrap_or_default()
    }

    /// Waits for a slot, in which one password is hashed or checked.
    ///
    /// # Errors
    /// Too many, if too many wait already.
    pub async fn enter(&self) -> Result<Slot<'_>> {
        let busy = || Error::TooMany { message: "Too many sign-ins at once. Try again soon.".into(), retry_after: 2 };
        let place = Place::take(&self.waiting).ok_or_else(busy)?;
        let permit = self.slots.acquire().await.map_err(Error::broken)?;
        Ok(Slot { passwords: self, _permit: permit, _place: place })
    }
}

/// A slot for one password; others get it when this is dropped.
pub struct Slot<'a> {
    passwords: &'a Passwords,
    _permit: SemaphorePermit<'a>,
    _place: Place<'a>,
}

impl Slot<'_> {
    /// What is stored of a password.
    ///
    /// # Errors
    /// Broken, if the machine lacks the memory.
    pub async fn hash(&self, clock: &Clock, password: &str) -> Result<String> {
        let (params, password, salt) = (self.passwords.params.clone(), password.to_owned(), clock.secret::<16>());
        tokio::task::spawn_blocking(move || hash_with(&params, &password, &salt)).await.map_err(Error::broken)?
    }

    /// Whether a password is the one that is stored. Nothing stored takes just as long and is never right.
    ///
    /// # Errors
    /// Broken, if the check panics.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        let usable = stored.filter(|stored| !stored.is_empty());
        let (hash, known) = (usable.unwrap_or(&self.passwords.dummy).to_owned(), usable.is_some());
        let password = password.to_owned();
        let right = tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await;
        Ok(right.map_err(Error::broken)? && known)
    }
}

/// A place in the queue; given back however the wait ends.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Place<'a>> {
        let place = Place(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < WAITING + SLOTS).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is stored of a password, made at once on this thread: for the command line and for demonstrations.
///
/// # Errors
/// Broken, if the machine lacks the memory.
pub fn hash_password(clock: &Clock, password: &str) -> Result<String> {
    hash_with(&Params::default(), password, &clock.secret::<16>())
}

/// Whether a password is the one that is stored.
pub fn verify_password(password: &str, stored: &str) -> bool {
    let parsed = PasswordHash::new(stored);
    parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

fn hash_with(params: &Params, password: &str, salt: &[u8]) -> Result<String> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_with_salt(password.as_bytes(), salt).map(|hash| hash.to_string()).map_err(Error::broken)
}

/// Checks a new password against the rules for its user.
///
/// # Errors
/// Invalid, with everything that is wrong with it.
pub fn check(field: &str, password: &str, username: &str, staff: bool, others: &[&str]) -> Result<()> {
    let mut invalid = Invalid::default();
    if password.chars().count() > usize::try_from(rules::PASSWORD_MAX).unwrap_or(0) {
        let max = rules::PASSWORD_MAX;
        return Err(Error::field(field, format!("Ensure this field has no more than {max} characters.")));
    }
    rules::weaknesses(password, username, staff, others).into_iter().for_each(|message| invalid.add(field, message));
    invalid.done()
}

/// Checks a `new_password` against the rules for the user with this key.
///
/// # Errors
/// Not found; invalid, with everything that is wrong with it.
pub async fn check_for(core: &Core, id: i64, new_password: &str) -> Result<()> {
    let user = tokens::claimant_by_id(&mut core.store.reader(), id).await?.ok_or(Error::NotFound)?;
    let words = store::words_about(core, id).await?;
    let others: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    check("new_password", new_password, &user.username, user.staff, &others)
}

/// Changes a user's password: decides, checks and hashes first, then runs [`actions::SET_PASSWORD`], which decides again in
/// its transaction. Surfaces call this and never the action itself.
///
/// # Errors
/// As the action; invalid for a weak password.
pub async fn change(core: &Arc<Core>, caller: &Caller, target: &str, new_password: &str) -> Result<Done> {
    let actor = core.actor(caller).await?;
    decide(&actor, &Needs::SignedIn, &Default::default()).required()?;
    let found = core.find(&actor, &USERS, target).await?;
    decide(&actor, &actions::SET_PASSWORD.needs, &found).required()?;
    check_for(core, found.id, new_password).await?;
    let hash = Passwords::of(core).enter().await?.hash(&core.clock, new_password).await?;
    let call = Call {
        action: &actions::SET_PASSWORD,
        via: None,
        target: Some(target.to_owned()),
        body: json!({"password_hash": hash}),
        mode: Mode::Whole,
    };
    core.perform(caller, call).await
}

/// Changes one's own password. All other sessions of the user end, and he is told by letter. A session of a browser gets a
/// new secret, which is given; a token that programs send keeps its own.
///
/// # Errors
/// Invalid for a wrong old password or a weak new one; unauthenticated where the name is locked after too many wrong ones.
pub async fn change_own(core: &Arc<Core>, caller: &Caller, old: &str, new: &str) -> Result<Option<String>> {
    let actor = core.actor(caller).await?;
    decide(&actor, &Needs::SignedIn, &Default::default()).required()?;
    own_hands(&actor)?;
    check_for(core, actor.id, new).await?;
    let pair = login::Pair { username: &actor.username, password: old };
    let verified = login::check(core, caller, pair).await?;
    let verified = verified.ok_or_else(|| Error::field("old_password", "Invalid password."))?;
    let hash = Passwords::of(core).enter().await?.hash(&core.clock, new).await?;
    let body = json!({"verified": verified.mark(), "password_hash": hash});
    let answer = login::run(core, caller, &CHANGE_OWN, body).await?;
    Ok(answer["renewed"].as_str().map(ToOwned::to_owned))
}

/// Changes what is stored of one's own password. Run by [`change_own`] only.
pub static CHANGE_OWN: Action = Action {
    name: "user.change_own_password",
    about: "Change one's own password. All other sessions of the user end.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[
        Field::text("verified", 64, "The mark of the password that was checked.").required().secret(),
        Field::text("password_hash", 1000, "What is stored of the new password.").required().secret(),
    ],
    events: &["user_password_updated"],
    run: |cx, input| Box::pin(set_own(cx, input)),
};

async fn set_own(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    own_hands(cx.actor)?;
    let user = store::brief(cx.tx, cx.actor.id).await?;
    // The old password must still be the one that was checked before the transaction.
    if !tokens::still_holds(cx.tx, user.id, input.text("verified").unwrap_or_default()).await? {
        return Err(Error::field("old_password", "Invalid password."));
    }
    let hash = input.text("password_hash").unwrap_or_default();
    store::set(cx.tx, user.id, vec![("password", Val::from(hash)), ("modified", Val::Time(cx.now))]).await?;
    let kept = cx.actor.token.map(|(id, _)| id);
    tokens::end_others(cx.tx, user.id, kept.unwrap_or_default()).await?;
    let renewed = match kept {
        Some(id) => tokens::renew_session(cx.tx, &cx.core.clock, id).await?,
        None => None,
    };
    notice::send(cx, &user, notice::PASSWORD_CHANGED).await?;
    let message = format!("Password of user {} has been changed.", user.username);
    Ok(Done::event(user.event("user_password_updated", message)).answer(json!({"renewed": renewed})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognized_and_another_is_not() {
        let (passwords, clock) = (Passwords::cheap(), Clock::new());
        let slot = passwords.enter().await.unwrap();
        let stored = slot.hash(&clock, "correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$"), "{stored}");
        assert!(slot.verify("correct horse", Some(&stored)).await.unwrap());
        for (password, stored) in
            [("wrong horse", Some(stored.as_str())), ("", Some("")), ("x", None), ("x", Some("plain"))]
        {
            assert!(!slot.verify(password, stored).await.unwrap(), "{password} {stored:?}");
        }
        assert_ne!(slot.hash(&clock, "correct horse").await.unwrap(), stored);
        assert!(!slot.verify("nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn those_who_would_wait_too_long_are_turned_away() {
        let passwords = Arc::new(Passwords::cheap());
        let held = passwords.slots.acquire_many(SLOTS as u32).await.unwrap();
        let waiting: Vec<_> = (0..WAITING + SLOTS)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.enter().await.map(drop) })
            })
            .collect();
        while passwords.waiting.load(Ordering::Relaxed) < WAITING + SLOTS {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.enter().await, Err(Error::TooMany { .. })));
        drop(held);
        for one in waiting {
            assert!(one.await.unwrap().is_ok());
        }
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
    }
}
