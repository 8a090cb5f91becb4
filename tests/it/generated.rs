//! docs/generated says what the code says.

use stoa_testing::generated::{documents, folder};

#[test]
fn generated_documents_are_up_to_date() {
    let mut stale = Vec::new();
    for (name, text) in documents() {
        let path = folder().join(name);
        if std::env::var_os("STOA_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != text {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "{} differ from the code; STOA_BLESS=1 writes them anew", stale.join(", "));
}
