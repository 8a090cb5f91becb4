//! What is refused although the action is allowed: power by a narrowed credential, what an identity provider manages, credentials
//! of others by way of somebody else, and accounts that are gone.

use super::super::{
    ProtectedFields, rules,
    store::{self, Brief},
};
use crate::settings::Settings;
use serde_json::json;
use stoa_kernel::{Error, Result, action::Cx, error::Invalid, event::Change, field::Input};

/// The ways in which accounts come about whose people don't change their details themselves.
const PROTECTED_METHODS: &str = "PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS";

/// A new account with power is made in person only (security case C4).
pub fn no_power(cx: &Cx<'_>, input: &Input) -> Result<()> {
    let power = |name: &&str| input.bool(name) == Some(true) || input.json(name).is_some_and(|list| *list != json!([]));
    if rules::POWERS.iter().any(power) { cx.in_person() } else { Ok(()) }
}

/// Refuses changes that this actor may not make to this account although he may change it: what its identity provider
/// manages, and power that is not given in person.
pub async fn admit(cx: &mut Cx<'_>, before: &Brief, changes: &[Change]) -> Result<()> {
    if changes.iter().any(|change| rules::POWERS.contains(&change.field.as_str())) {
        cx.in_person()?;
    }
    if changes.is_empty() || cx.actor.is_staff() {
        return Ok(());
    }
    let protected = protected(cx, before).await?;
    let mut invalid = Invalid::default();
    for change in changes.iter().filter(|change| protected.contains(&change.field)) {
        invalid.add(change.field.clone(), "This field is read-only.");
    }
    invalid.done()
}

/// The fields of a profile that its person can't change, as the identity provider of the account manages them.
pub async fn protected(cx: &mut Cx<'_>, user: &Brief) -> Result<Vec<String>> {
    let settings = Settings::load(&mut *cx.tx).await?;
    let mut fields = Vec::new();
    if settings.texts(PROTECTED_METHODS).contains(&user.registration_method) {
        fields.extend(rules::DETAILS.iter().map(|field| (*field).to_owned()));
    }
    if let Some(more) = cx.core.get::<ProtectedFields>() {
        fields.extend((more.0)(cx.tx, &user.registration_method).await?);
    }
    Ok(fields)
}

/// The target, unless its person is erased or another account took its place: nobody gets into such an account again.
pub async fn present(cx: &mut Cx<'_>) -> Result<Brief> {
    let user = store::brief(cx.tx, cx.found.id).await?;
    let fate = store::fate(cx.tx, user.id).await?;
    match fate.erased || fate.merged_into.is_some() {
        true => Err(Error::Conflict("The account is gone: it has no password.".into())),
        false => Ok(user),
    }
}
