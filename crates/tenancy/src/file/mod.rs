//! Uploaded pictures: of people, organizations, projects and offerings. They are kept in the database, so that one back-up
//! holds everything, and are shown to whoever knows their unguessable address.

pub mod rules;
pub mod store;
