//! x
use crate::route::Route;
/// x
#[derive(Debug)]
pub struct Page;
/// x
pub fn page(_: &[&'static Route]) -> Page {
    Page
}
