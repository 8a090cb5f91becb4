//! Access subnets: the networks from which an organization lets its people in.

pub mod rules;
