//! Types of divisions, such as faculty or institute (mission O2). On the wire an `organization group type`.

pub mod actions;
pub mod store;
pub mod views;
