//! Announcements of the operator, and links to other systems.

use serde_json::{Value, json};
use stoa_testing::{Lab, both, thing};

const ANNOUNCEMENTS: &str = "/api/admin-announcements/";
const LINKS: &str = "/api/external-links/";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand what a picture is made of";

/// An announcement that is shown from so many seconds from now to so many.
fn between(lab: &Lab, from: i64, to: i64) -> Value {
    let at = |seconds| lab.core.now().plus_seconds(seconds).to_string();
    json!({"description": format!("from {from} to {to}"), "active_from": at(from), "active_to": at(to)})
}

both! {
    async fn an_announcement_is_active_between_its_instants(lab: Lab) {
        let user = lab.user("reader").await;
        for (from, to) in [(-200, -100), (-100, 100), (100, 200)] {
            lab.post(&lab.staff, ANNOUNCEMENTS, between(&lab, from, to)).await.is(201);
        }
        let active = async |yes: bool| {
            lab.get(&user, &format!("{ANNOUNCEMENTS}?is_active={yes}&o=active_from")).await.is(200).column("description")
        };
        assert_eq!(active(true).await, ["from -100 to 100"]);
        assert_eq!(active(false).await, ["from -200 to -100", "from 100 to 200"]);
        lab.advance(150);
        assert_eq!(active(true).await, ["from 100 to 200"]);
        let rows = lab.get(&user, &format!("{ANNOUNCEMENTS}?description=TO%20200")).await.is(200);
        assert_eq!(rows.rows().len(), 1);
        assert_eq!((&rows.body[0]["is_active"], &rows.body[0]["type"]), (&json!(true), &json!("information")));
        // No maintenance gave birth to it, and a client that reads texts gets no null.
        assert!(rows.body[0].get("maintenance_uuid").is_none());
    }

    async fn staff_announce_and_everybody_reads(lab: Lab) {
        let user = lab.user("reader").await;
        let made = lab.post(&lab.staff, ANNOUNCEMENTS, between(&lab, -10, 10)).await.is(201);
        let path = format!("{ANNOUNCEMENTS}{}/", made.text("uuid"));
        assert_eq!(lab.get(&user, &path).await.is(200).text("description"), "from -10 to 10");
        lab.get(&lab.nobody(), ANNOUNCEMENTS).await.is(401);
        let support = lab.user("support").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", support.uuid), json!({"is_support": true})).await.is(200);
        for person in [&user, &support] {
            lab.post(person, ANNOUNCEMENTS, between(&lab, -10, 10)).await.is(403);
            lab.patch(person, &path, json!({"type": "danger"})).await.is(403);
            lab.delete(person, &path).await.is(403);
        }
        lab.patch(&lab.staff, &path, json!({"type": "danger"})).await.is(200);
        assert_eq!(lab.get(&user, &format!("{ANNOUNCEMENTS}?type=danger")).await.is(200).rows().len(), 1);
        assert_eq!(lab.get(&user, &format!("{ANNOUNCEMENTS}?type=warning")).await.is(200).rows().len(), 0);
        lab.get(&user, &format!("{ANNOUNCEMENTS}?type=loud")).await.is(400);
        lab.delete(&lab.staff, &path).await.is(204);
        lab.get(&user, &path).await.is(404);
    }

    async fn an_announcement_ends_after_it_starts(lab: Lab) {
        lab.post(&lab.staff, ANNOUNCEMENTS, between(&lab, 10, 9)).await.is_invalid("active_to");
        lab.post(&lab.staff, ANNOUNCEMENTS, json!({"description": "When?"})).await.is_invalid("active_from");
        let made = lab.post(&lab.staff, ANNOUNCEMENTS, between(&lab, 0, 100)).await.is(201);
        let path = format!("{ANNOUNCEMENTS}{}/", made.text("uuid"));
        let early = lab.core.now().plus_seconds(-100).to_string();
        lab.patch(&lab.staff, &path, json!({"active_to": early})).await.is_invalid("active_to");
        let late = lab.core.now().plus_seconds(1000).to_string();
        lab.patch(&lab.staff, &path, json!({"active_from": late})).await.is_invalid("active_to");
    }

    async fn staff_keep_the_links_to_other_systems(lab: Lab) {
        let user = lab.user("reader").await;
        let body = json!({"name": "Wiki", "description": "How to", "link": "https://wiki.example.org/"});
        let wiki = thing(lab.post(&lab.staff, LINKS, body.clone()).await.is(201));
        assert_eq!(wiki.body["image"], Value::Null);
        lab.post(&lab.staff, LINKS, json!({"name": "Forum", "link": "https://forum.example.org/"})).await.is(201);
        assert_eq!(lab.get(&user, LINKS).await.is(200).column("name"), ["Forum", "Wiki"]);
        assert_eq!(lab.get(&user, &format!("{LINKS}?o=-name")).await.is(200).column("name"), ["Wiki", "Forum"]);
        assert_eq!(lab.get(&user, &format!("{LINKS}?query=HOW")).await.is(200).column("name"), ["Wiki"]);
        lab.get(&lab.nobody(), LINKS).await.is(401);
        lab.post(&user, LINKS, body).await.is(403);
        lab.patch(&user, &wiki.url, json!({"name": "Mine"})).await.is(403);
        lab.delete(&user, &wiki.url).await.is(403);
        let changed = lab.patch(&lab.staff, &wiki.url, json!({"name": "Handbook"})).await.is(200);
        assert_eq!(changed.text("name"), "Handbook");
        lab.delete(&lab.staff, &wiki.url).await.is(204);
        lab.get(&user, &wiki.url).await.is(404);
    }

    async fn a_link_leads_to_a_web_site_and_nowhere_else(lab: Lab) {
        for link in ["javascript:alert(1)", "data:text/html,x", "ftp://example.org/", "//example.org", "wiki"] {
            lab.post(&lab.staff, LINKS, json!({"name": "Wiki", "link": link})).await.is_invalid("link");
        }
        lab.post(&lab.staff, LINKS, json!({"link": "https://example.org"})).await.is_invalid("name");
    }

    async fn a_link_has_a_picture(lab: Lab) {
        let parts = [("name", None, &b"Wiki"[..]), ("link", None, b"https://wiki.example.org"), ("image", Some("a.png"), PNG)];
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"\r\nContent-Type: image/png")).unwrap_or_default();
            let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend([head.as_bytes(), content, b"\r\n"].concat());
        }
        body.extend(b"--x--\r\n");
        let form = [("content-type", "multipart/form-data; boundary=x")];
        let wiki = lab.raw(&lab.staff, "POST", LINKS, &form, body).await.is(201);
        assert!(wiki.text("image").starts_with("http://stoa.test/media/"), "{}", wiki.body);
        let shown = lab.raw(&lab.nobody(), "GET", &wiki.text("image"), &[], Vec::new()).await.is(200);
        assert_eq!(shown.header("content-type"), Some("image/png"));
        let bare = lab.patch(&lab.staff, &wiki.text("url"), json!({"image": null})).await.is(200);
        assert_eq!(bare.body["image"], Value::Null);
    }
}
