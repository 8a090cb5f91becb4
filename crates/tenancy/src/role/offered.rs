//! Whether a role is offered at a scope at all, whoever gives it: staff too, and the program.

use crate::{role_availability, role_concealment};
use stoa_kernel::{Error, Result, Tx, access::Stand};

/// Refuses a role that can't be given at a scope of an organization. The caller has read the role so that it stays as it is
/// ([`super::store::named`]): who hides it or takes a place away meanwhile waits, or has been waited for.
///
/// # Errors
/// Invalid, saying what stands against it.
pub async fn require(tx: &mut Tx, role: i64, customer: i64, places: &[Stand]) -> Result<()> {
    let reach = role_availability::store::reach(&mut *tx, role).await?;
    if !reach.covers(customer, &role_availability::rules::scopes(places)) {
        return Err(Error::invalid("Role is not available for this scope."));
    }
    if role_concealment::store::is_concealed(tx, role, customer).await? {
        return Err(Error::invalid("Role is concealed for this organization."));
    }
    Ok(())
}
