//! What the pages say that no area of the API says.

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
}
