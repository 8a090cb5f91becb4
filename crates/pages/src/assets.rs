//! The style and the script, under addresses that name their contents: browsers keep them for as long as they like.

use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// One file.
pub struct Asset {
    /// Its address.
    pub address: String,
    content: &'static str,
    content_type: &'static str,
}

impl Asset {
    fn new(name: &str, content: &'static str, content_type: &'static str) -> Asset {
        let digest: String =
            Sha256::digest(content.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Asset { address: format!("/assets/{digest}/{name}"), content, content_type }
    }

    /// The file as an answer.
    pub fn answer(&self) -> Response {
        let headers = [
            ("content-type", self.content_type),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("x-content-type-options", "nosniff"),
        ];
        (headers, self.content).into_response()
    }
}

/// The style.
pub fn style() -> &'static Asset {
    static STYLE: LazyLock<Asset> =
        LazyLock::new(|| Asset::new("style.css", include_str!("../assets/style.css"), "text/css; charset=utf-8"));
    &STYLE
}

/// The script.
pub fn script() -> &'static Asset {
    static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
        Asset::new("script.js", include_str!("../assets/script.js"), "text/javascript; charset=utf-8")
    });
    &SCRIPT
}
