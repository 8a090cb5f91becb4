//! What the pages say that no area of the API says.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use stoa_testing::both;

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

both! {
    async fn an_address_that_is_not_there_is_a_page_for_people_and_json_for_programs(lab: Lab) {
        let nobody = lab.nobody();
        let page = lab.raw(&nobody, "GET", "/nowhere/%3Cscript%3E", &[BROWSER], Vec::new()).await;
        assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
        assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
        assert!(page.header("set-cookie").is_none());
        for (method, path, headers) in [
            ("GET", "/nowhere/", &[("accept", "application/json")][..]),
            ("GET", "/nowhere/", &[]),
            ("POST", "/nowhere/", &[BROWSER]),
            ("GET", "/api/nowhere/", &[BROWSER]),
        ] {
            let reply = lab.raw(&nobody, method, path, headers, Vec::new()).await;
            assert_eq!((reply.status, reply.body.to_string()), (404, r#"{"detail":"Not found."}"#.to_owned()), "{method} {path}");
        }
    }

    /// What staff change about a role is in the table of roles at once, as page, data and file (mission R8).
    async fn the_permission_matrix_documents_itself(lab: Lab) {
        let ann = lab.user("ann").await;
        let roles = lab.get(&lab.staff, "/api/roles/?name=PROJECT.MANAGER").await.is(200);
        let role = roles.rows()[0].clone();
        let mut kept: Vec<Value> = role["permissions"].as_array().unwrap().clone();
        kept.retain(|name| name != "PROJECT.UPDATE");
        kept.push(json!("CUSTOMER.CONTACT_UPDATE"));
        let body = json!({"name": role["name"], "content_type": role["content_type"], "permissions": kept});
        lab.put(&lab.staff, role["url"].as_str().unwrap_or(&format!("/api/roles/{}/", role["uuid"].as_str().unwrap())), body).await.is(200);
        let told = lab.get(&lab.staff, "/api/access/matrix/").await.is(200).body;
        let at = told["roles"].as_array().unwrap().iter().position(|one| one["name"] == "PROJECT.MANAGER").unwrap();
        let cell = |told: &Value, name: &str| {
            let rows = told["permissions"].as_array().unwrap().clone();
            rows.iter().find(|one| one["name"] == name).unwrap()["cells"][at].clone()
        };
        assert_eq!((cell(&told, "PROJECT.UPDATE"), cell(&told, "CUSTOMER.CONTACT_UPDATE")), (json!("removed"), json!("added")));
        assert_eq!((cell(&told, "PROJECT.LIST"), cell(&told, "STAFF.ACCESS")), (json!("yes"), json!("no")));
        assert_eq!(told["roles"][at]["differences"][0]["by"], "staff");
        // Everybody may know what roles carry; who changed it is for staff and support agents.
        assert!(lab.get(&ann, "/api/access/matrix/").await.is(200).body["roles"][at].get("differences").is_none());
        lab.get(&lab.nobody(), "/api/access/matrix/").await.is(401);
        let file = lab.raw(&ann, "GET", "/api/access/matrix/csv/", &[], Vec::new()).await.is(200);
        assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
        let cookie = format!("sessionid={}", lab.staff.token);
        let page = lab.raw(&lab.nobody(), "GET", "/access/matrix/", &[BROWSER, ("cookie", &cookie)], Vec::new()).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let page = lab.raw(&lab.nobody(), "GET", "/access/matrix/", &[BROWSER], Vec::new()).await;
        assert_eq!(page.header("location"), Some("/sign-in/?next=/access/matrix/"));
    }
}
