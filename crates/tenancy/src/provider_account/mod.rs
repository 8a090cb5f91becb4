//! Provider accounts: an account at an external service, with its endpoint and credentials (mission M2). On the wire `service
//! settings`. The marketplace and the infrastructure write them; here they are seen.

pub mod views;
