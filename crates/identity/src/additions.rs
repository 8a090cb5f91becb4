//! What identity adds to views of tenancy: the provider of an account, and what the bridge may write; passkeys. Tenancy knows nothing of it;
//! the columns go into the same statement ([`stoa_kernel::view::View::with`]). A view is extended here once, for all of this area.

use crate::{bridge, passkey, provider};
use std::sync::LazyLock;
use stoa_kernel::view::View;
use stoa_tenancy::user::views::{IDENTITY, USERS};

static USERS_HERE: LazyLock<View> = LazyLock::new(|| {
    let columns = [provider::views::OF_USER, passkey::views::OF_USER].concat();
    USERS.with(&columns, &[provider::views::USER_JOIN], &[])
});

static IDENTITY_HERE: LazyLock<View> = LazyLock::new(|| IDENTITY.with(bridge::views::OF_USER, &[], &[]));

/// The views with what identity adds.
pub fn fuller() -> [&'static View; 2] {
    [&USERS_HERE, &IDENTITY_HERE]
}
