//! The Lab: a server in process, a cast of people, a clock to move. For tests only.
//!
//! ```ignore
//! both! {
//!     async fn an_owner_makes_a_project(lab: Lab) {
//!         let acme = lab.organization("Acme").await;
//!         let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
//!         lab.post(&owner, "/api/projects/", json!({"name": "Apollo", "customer": acme.url})).await.is(201);
//!     }
//! }
//! ```

pub mod generated;
pub mod postgres;
pub mod smtp;

mod lab;
mod reply;

pub use lab::{Lab, Person, Thing, World, stored, thing};
pub use reply::Reply;

/// Runs each test on SQLite always, and on PostgreSQL where there is one.
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($lab:ident: Lab) $body:block)*) => {
        $($(#[$meta])* async fn $name($lab: $crate::Lab) $body)*
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::Lab::sqlite().await).await;
            })*
        }
        mod pg {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(lab) = $crate::Lab::postgres().await {
                    super::$name(lab).await;
                }
            })*
        }
    };
}
