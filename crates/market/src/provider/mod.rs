//! Service providers: organizations that serve others (mission O1, O4). One organization has one profile, and with it may have
//! offerings.
//!
//! A profile is public. What its consumers do with the provider's resources ([`consumers`]) is seen by its own people only.
//! Its secret code signs what the provider's programs report; it is shown to the organization's owner and nowhere else.

pub mod actions;
pub mod consumers;
pub mod store;
pub mod views;
