//! What can be done with offerings: made and removed here, moved between states in [`state`], changed in [`update`], and what
//! hangs on them in [`parts`]. [`later`] answers for what comes with later capabilities.

pub mod create;
pub mod later;
pub mod parts;
pub mod state;
pub mod update;

use super::{State, store, views::PROVIDER_OFFERINGS};
use stoa_kernel::{
    Error, Result,
    access::{Decision, Needs, Place},
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    record,
};
use stoa_tenancy::{
    access::permissions::Permission,
    eligibility,
    grant::{self, rules::OFFERING},
    version,
};

/// The places at which a permission on an offering counts: the offering, its organization, its provider profile.
pub const PLACES: &[Place] = &["itself", "customer", "service_provider"];

/// Who holds the permission at one of these places.
pub const fn at_offering(permission: Permission) -> Needs {
    Needs::Permission(permission.id(), PLACES)
}

/// The state of the offering that is acted on.
pub fn state_of(cx: &Cx<'_>) -> Result<State> {
    let state = cx.found.state.as_deref().unwrap_or_default();
    State::parse(state).ok_or_else(|| Error::broken(format!("offering in state {state}")))
}

/// Nothing of an archived offering can be changed.
pub fn open(cx: &Cx<'_>) -> Result<()> {
    later_than_archived(state_of(cx)?)
}

/// As [`open`], for a state that is at hand.
pub fn later_than_archived(state: State) -> Result<()> {
    match state {
        State::Archived => Err(Error::invalid("It is not possible to update archived offering.")),
        _ => Ok(()),
    }
}

/// The organization of the offering must be able to act.
pub async fn provider_is_open(cx: &mut Cx<'_>, customer_id: i64) -> Result<store::Provider> {
    let provider = store::provider(cx.tx, customer_id).await?;
    if provider.blocked {
        return Err(Error::invalid("Blocked organization is not available."));
    }
    if provider.archived {
        return Err(Error::invalid("Archived organization is not available."));
    }
    Ok(provider)
}

/// Records what changed of the offering that is acted on, if anything did, and keeps the version that came of it.
pub async fn changed(cx: &mut Cx<'_>, changes: Vec<Change>) -> Result<Done> {
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    store::touch(cx.tx, id, cx.now).await?;
    if let Some(name) = changes.iter().find(|change| change.field == "name").and_then(|change| change.after.as_str()) {
        grant::store::renamed(cx.tx, "offering", id, name).await?;
        eligibility::course::renamed(cx.tx, "offering", id, name).await?;
    }
    let message = format!("Offering {} has been updated. {}", cx.found.name, record::describe(&changes));
    version::store::write(cx, &PROVIDER_OFFERINGS, create::FIELDS, uuid, "Updated").await?;
    let event = store::event(cx.tx, id, "marketplace_offering_updated", message).await?;
    Ok(Done::event(event.changes(changes)))
}

/// Gives somebody a role on an offering.
pub static ADD_USER: Action = grant::actions::add_user("offering.add_user", &PROVIDER_OFFERINGS, &OFFERING);
/// Changes until when somebody has a role on an offering.
pub static UPDATE_USER: Action = grant::actions::update_user("offering.update_user", &PROVIDER_OFFERINGS, &OFFERING);
/// Takes a role on an offering from somebody.
pub static DELETE_USER: Action = grant::actions::delete_user("offering.delete_user", &PROVIDER_OFFERINGS, &OFFERING);

/// Removes an offering.
pub static DELETE: Action = Action {
    name: "offering.delete",
    about: "Remove an offering that has no resources; one that was published, only by staff.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: Needs::Permission(Permission::OfferingDelete.id(), &["customer", "service_provider"]),
    from: &[],
    fields: &[],
    events: &[
        "marketplace_offering_deleted",
        "role_revoked",
        "eligibility_revoked",
        "activation_cancelled",
        "activation_ended",
    ],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let id = cx.found.id;
    let used = store::has_resources(cx.tx, id).await?;
    if !cx.actor.is_staff() && (used || state_of(cx)? != State::Draft) {
        Decision::rule(
            "Only a draft without resources can be removed; an offering that was published can be archived.",
        )
        .required()?;
    }
    if used {
        return Err(Error::Conflict("Cannot delete offering with existing resources.".into()));
    }
    let of_offering = store::event(cx.tx, id, "marketplace_offering_deleted", "").await?;
    let event = Event { message: format!("Offering {} has been deleted.", cx.found.name), ..of_offering };
    let ends = end_team(cx, "offering", id, "The offering has been deleted.").await?;
    store::delete(cx.tx, id).await.map_err(|error| match error {
        Error::Dangling(_) => Error::Conflict("Cannot delete offering with existing resources or offerings.".into()),
        other => other,
    })?;
    version::store::forget(cx.tx, "offering", id).await?;
    Ok(ends.into_iter().fold(Done::event(event), Done::and))
}

/// Takes every role at a scope away, and gives what goes on record of it.
pub async fn end_team(cx: &mut Cx<'_>, scope: &str, id: i64, reason: &str) -> Result<Vec<Event>> {
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let revoked = grant::store::revoke_all(cx.tx, scope, id, by, reason, cx.now).await?;
    let mut ends = grant::actions::closed(cx, &revoked, reason).await?;
    ends.extend(eligibility::course::close_all(cx, eligibility::store::Which::At(scope, id), reason).await?);
    Ok(ends)
}
