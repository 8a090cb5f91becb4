//! Pictures are uploaded, checked by their bytes, shown under their address, and taken away again.

use serde_json::{Value, json};
use stoa_testing::both;

/// The smallest PNG: one transparent point.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

both! {
    async fn a_picture_is_shown_where_it_was_put(lab: Lab) {
        let organization = lab.organization("Acme").await;
        let project = lab.project(&organization, "Apollo").await;
        let provider = lab.provider(&organization).await;
        let user = lab.user("ann").await;
        let picture = json!({"filename": "logo.png", "content_type": "image/png", "base64": PNG});
        let places = [organization.url, project.url, provider.url, format!("/api/users/{}/", user.uuid)];
        for place in places {
            let shown = lab.patch(&lab.staff, &place, json!({"image": picture})).await.is(200).text("image");
            lab.get(&lab.nobody(), &shown).await.is(200);
            let wrong = json!({"filename": "x.png", "content_type": "image/png", "base64": "PHN2Zz4="});
            lab.patch(&lab.staff, &place, json!({"image": wrong})).await.is_invalid("image");
            let gone = lab.patch(&lab.staff, &place, json!({"image": null})).await.is(200);
            assert_eq!(gone.body["image"], Value::Null, "{place}");
        }
    }
}
