//! Words that the world or the wire has fixed: lists that are looked up and shown, and decide nothing.
//!
//! Each list is a constant with a test that it is whole. What an installation may change about them (which countries
//! and languages it offers, which features are on) is stored elsewhere and starts from here.

pub mod countries;
pub mod events;
pub mod features;
pub mod label;
pub mod languages;
pub mod later_events;
pub mod oecd;
pub mod settings;
