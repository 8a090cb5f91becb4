//! x
use crate::route::Route;
/// x
pub fn document(_: &[&'static Route]) -> serde_json::Value {
    serde_json::json!({})
}
