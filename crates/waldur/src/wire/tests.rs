//! The whole way of a request, over a world of books.

use crate::sample::{World, shelf};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn book(number: u128) -> String {
    shelf(100 + number)
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let world = World::new().await;
    let first = world.get("ann", "/api/books/?o=-title&field=title").await;
    assert_eq!((first.status, first.header("x-result-count")), (200, "13"));
    assert_eq!(first.json()[0], json!({"title": "Book 12"}));
    assert_eq!(first.json().as_array().unwrap().len(), 10);
    let link = "<http://h/api/books/?field=title&o=-title>; rel=\"first\", \
                <http://h/api/books/?field=title&o=-title&page=2>; rel=\"next\", \
                <http://h/api/books/?field=title&o=-title&page=2>; rel=\"last\"";
    assert_eq!(first.header("link"), link);
    let last = world.get("ann", "/api/books/?page=last").await;
    assert_eq!(last.json().as_array().unwrap().len(), 3);
    for wrong in ["page=3", "page=0", "page=x"] {
        let got = world.get("ann", &format!("/api/books/?{wrong}")).await;
        assert_eq!((got.status, got.text.as_str()), (404, r#"{"detail":"Invalid page."}"#));
        assert_eq!(world.bare("HEAD", "ann", &format!("/api/books/?{wrong}")).await.status, 404);
    }
    let count = world.bare("HEAD", "staff", "/api/books/").await;
    assert_eq!((count.status, count.header("x-result-count"), count.text.as_str()), (200, "14", ""));
    let none = world.get("ann", "/api/books/?title=nothing").await;
    assert_eq!((none.text.as_str(), none.header("x-result-count")), ("[]", "0"));
}

#[tokio::test]
async fn a_row_is_shown_by_the_kinds_of_its_columns() {
    let world = World::new().await;
    let got = world.get("ann", &format!("/api/books/{}/", book(0))).await;
    let mut expected = json!({
        "url": format!("http://h/api/books/{}/", book(0)), "uuid": book(0), "title": "Book 00",
        "created": "2026-03-01T10:20:30.500000Z", "price": "1.50", "kind": "novel", "tags": ["a"],
        "shelf": format!("http://h/api/shelves/{}/", shelf(1)), "shelf_name": "first",
    });
    assert_eq!(got.json(), expected);
    expected["owner_key"] = json!(2);
    assert_eq!(world.get("staff", &format!("/api/books/{}/", book(0))).await.json(), expected);
    let shelves = world.get("", &format!("/api/shelves/{}/", shelf(2))).await.json();
    let inner = json!([{"url": format!("http://h/api/books/{}/", book(13)), "created": "2026-03-01T10:20:30.500000Z",
        "price": "1.50", "tags": ["a"]}]);
    assert_eq!(shelves["books"], inner);
}

#[tokio::test]
async fn links_filter_by_address_path_or_uuid() {
    let world = World::new().await;
    for value in [shelf(2), format!("http://other/api/shelves/{}/", shelf(2)), format!("/api/shelves/{}/", shelf(2))] {
        let got = world.get("staff", &format!("/api/books/?shelf={value}")).await;
        assert_eq!(got.header("x-result-count"), "1", "{value}");
    }
    for value in [format!("http://h/api/books/{}/", book(1)), "nonsense".into()] {
        let got = world.get("staff", &format!("/api/books/?shelf={value}")).await;
        assert_eq!((got.status, got.header("x-result-count")), (200, "0"), "{value}");
    }
    let wrong = world.get("staff", "/api/books/?kind=poem").await;
    assert_eq!((wrong.status, wrong.json()["kind"].is_array()), (400, true));
    assert_eq!(world.get("staff", "/api/books/?o=colour").await.status, 400);
    assert_eq!(world.get("staff", "/api/books/?title=%ff").await.status, 400);
}

#[tokio::test]
async fn who_may_not_is_told_so_in_the_right_order() {
    let world = World::new().await;
    let stranger = world.get("", "/api/books/").await;
    assert_eq!((stranger.status, stranger.header("www-authenticate")), (401, "Token"));
    assert_eq!(stranger.text, r#"{"detail":"Authentication credentials were not provided."}"#);
    assert_eq!(world.get("nobody", "/api/books/").await.json(), json!({"detail": "Invalid token."}));
    // A stranger learns that he is one before he learns whether something exists or is well formed.
    assert_eq!(world.get("", &format!("/api/books/{}/", book(0))).await.status, 401);
    assert_eq!(world.get("", "/api/books/?page=99").await.status, 401);
    let broken = [("content-type", "application/json")];
    assert_eq!(world.send("POST", "/api/books/", &broken, "{").await.status, 401);
    assert_eq!(world.bare("POST", "", &format!("/api/books/{}/lend/", book(0))).await.status, 401);
    assert_eq!(world.bare("PUT", "", "/api/books/").await.status, 401);
    // What one can't see does not exist; what one sees but may not do is refused with reasons.
    for path in [book(13), book(99), "nonsense".into()] {
        let got = world.get("ann", &format!("/api/books/{path}/")).await;
        assert_eq!((got.status, got.text.as_str()), (404, r#"{"detail":"Not found."}"#));
        assert_eq!(world.bare("POST", "ann", &format!("/api/books/{path}/lend/")).await.status, 404);
    }
    let refused = world.bare("POST", "ann", &format!("/api/books/{}/lend/", book(0))).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["reasons"][0]["reason"], "not_staff");
    // The same for the parent of a nested list.
    assert_eq!(world.get("", &format!("/api/shelves/{}/books/", shelf(1))).await.status, 401);
    assert_eq!(world.get("ann", &format!("/api/shelves/{}/books/", shelf(3))).await.status, 404);
    assert_eq!(world.get("ann", &format!("/api/shelves/{}/books/", shelf(1))).await.status, 403);
    let inside = world.get("staff", &format!("/api/shelves/{}/books/", shelf(2))).await;
    assert_eq!((inside.status, inside.header("x-result-count")), (200, "1"));
    // Functions of their own are guarded before they run.
    assert_eq!(world.get("ann", "/api/books/sum/").await.status, 403);
    assert_eq!(world.get("staff", "/api/books/sum/?month=2026-03").await.json()["month"], "2026-03");
}

#[tokio::test]
async fn things_are_made_changed_and_removed() {
    let world = World::new().await;
    let address = format!("http://h/api/shelves/{}/", shelf(2));
    let made = world.json("POST", "ann", "/api/books/", json!({"name": "New", "shelf": address, "price": 2})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!((&made.json()["title"], &made.json()["price"]), (&json!("New"), &json!("2.00")));
    let path = made.json()["url"].as_str().unwrap().replace("http://h", "");
    let again = world.json("POST", "ann", "/api/books/", json!({"name": "New", "shelf": address})).await;
    assert_eq!((again.status, again.json()), (400, json!({"name": ["This field must be unique."]})));
    let changed = world.json("PATCH", "ann", &path, json!({"name": "Old"})).await;
    assert_eq!((changed.status, &changed.json()["title"]), (200, &json!("Old")));
    let whole = world.json("PUT", "ann", &path, json!({"price": 1})).await;
    assert_eq!((whole.status, whole.json()["name"][0].as_str()), (400, Some("This field is required.")));
    assert_eq!(world.bare("DELETE", "ann", &path).await.status, 204);
    assert_eq!(world.bare("DELETE", "ann", &path).await.status, 404);
}

#[tokio::test]
async fn wrong_fields_are_named_as_they_were_sent() {
    let world = World::new().await;
    let book = format!("http://h/api/books/{}/", book(0));
    let post = async |body: Value| {
        let got = world.json("POST", "ann", "/api/books/", body).await;
        assert_eq!(got.status, 400, "{}", got.text);
        got.json()
    };
    assert_eq!(post(json!({"name": "x", "shelf": book})).await["shelf"][0], "Invalid hyperlink - Incorrect URL match.");
    assert_eq!(post(json!({"name": "x", "shelf": "x"})).await["shelf"][0], "Invalid hyperlink - No URL match.");
    let hidden = post(json!({"name": "x", "shelf": shelf(3)})).await;
    assert_eq!(hidden["shelf"][0], "Invalid hyperlink - Object does not exist.");
    assert_eq!(post(json!({"shelf": shelf(1)})).await["name"][0], "This field is required.");
    assert!(post(json!([1])).await["non_field_errors"].is_array());
}

#[tokio::test]
async fn forms_and_uploads_are_read() {
    let world = World::new().await;
    let token = ("authorization", "Token ann");
    let form = format!("name=Form&shelf={}&tags=a&tags=b", shelf(1));
    let headers = [token, ("content-type", "application/x-www-form-urlencoded")];
    let made = world.send("POST", "/api/books/", &headers, form).await;
    assert_eq!((made.status, &made.json()["tags"]), (201, &json!(["a", "b"])));
    let parts = format!(
        "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nPart\r\n--B\r\nContent-Disposition: form-data; \
         name=\"shelf\"\r\n\r\n{}\r\n--B\r\nContent-Disposition: form-data; name=\"cover\"; filename=\"a.png\"\r\n\
         Content-Type: image/png\r\n\r\nPNG\r\n--B--\r\n",
        shelf(1)
    );
    let headers = [token, ("content-type", "multipart/form-data; boundary=B")];
    let made = world.send("POST", "/api/books/", &headers, parts).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let headers = [token, ("content-type", "text/csv")];
    assert_eq!(world.send("POST", "/api/books/", &headers, "a").await.status, 415);
    let headers = [token, ("content-type", "application/json")];
    let long = world.send("POST", "/api/books/", &headers, "1".repeat(2001)).await;
    assert_eq!((long.status, long.json()["detail"].is_string()), (413, true));
    assert_eq!(world.get("ann", &format!("/api/books/?a={}", "x".repeat(33_000))).await.status, 414);
}

#[tokio::test]
async fn actions_answer_as_the_table_says() {
    let world = World::new().await;
    let path = format!("/api/books/{}/lend/", book(0));
    let lent = world.json("POST", "staff", &path, json!({"until": "2026-03-01T11:00:00+01:00"})).await;
    let expected =
        json!({"book": format!("http://h/api/books/{}/", book(0)), "until": "2026-03-01T10:00:00Z", "reader": null});
    assert_eq!((lent.status, lent.json()), (200, expected));
    let named = world.bare("POST", "staff", &format!("{path}bob/")).await;
    assert_eq!((named.status, named.text.as_str()), (202, ""));
}

#[tokio::test]
async fn addresses_and_methods_that_are_not_there() {
    let world = World::new().await;
    for path in ["/api/nothing/", "/api/", "/api/books/x/y/z/", "/api-auth/x/", "/api/nothing"] {
        let got = world.get("ann", path).await;
        assert_eq!((got.status, got.text.as_str()), (404, r#"{"detail":"Not found."}"#), "{path}");
        assert_eq!(got.header("content-type"), "application/json");
    }
    for method in ["GET", "POST", "DELETE"] {
        let got = world.bare(method, "", "/api/books?o=title&a=%20").await;
        assert_eq!((got.status, got.header("location")), (301, "/api/books/?o=title&a=%20"));
    }
    let got = world.bare("PUT", "ann", "/api/books/").await;
    assert_eq!((got.status, got.text.as_str()), (405, r#"{"detail":"Method \"PUT\" not allowed."}"#));
    assert_eq!(got.header("allow"), "GET, HEAD, OPTIONS, POST");
    assert_eq!(world.bare("TRACE", "ann", "/api/books/").await.status, 405);
    assert_eq!(world.bare("POST", "", "/api/shelves/").await.status, 405);
    let about = world.bare("OPTIONS", "ann", "/api/books/").await;
    assert_eq!((about.status, about.header("allow")), (200, "GET, HEAD, OPTIONS, POST"));
    let asks = [("origin", "https://x"), ("access-control-request-method", "PATCH")];
    let preflight = world.send("OPTIONS", "/api/books/", &asks, "").await;
    assert_eq!((preflight.status, preflight.text.as_str()), (200, ""));
    assert!(preflight.header("access-control-allow-methods").contains("PATCH"));
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_server_lives() {
    let world = World::new().await;
    let got = world.send("POST", "/api/books/panic/", &[("x-request-id", "abc-1")], "").await;
    assert_eq!((got.status, got.header("x-request-id")), (500, "abc-1"));
    assert_eq!(got.json(), json!({"detail": "Internal error.", "request_id": "abc-1"}));
    let next = world.send("GET", "/api/shelves/", &[("x-request-id", "not allowed")], "").await;
    assert_eq!((next.status, next.header("x-request-id").len()), (200, 32));
    assert_eq!(next.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn staff_act_as_others_and_a_cookie_needs_our_own_page() {
    let world = World::new().await;
    let headers = [("authorization", "Token staff"), ("x-impersonated-user-uuid", "2")];
    let got = world.send("GET", "/api/books/", &headers, "").await;
    assert_eq!((got.header("x-result-count"), got.header("x-impersonator-uuid")), ("13", shelf(1).as_str()));
    let cookie = [("cookie", "sessionid=ann"), ("content-type", "application/json")];
    assert_eq!(world.send("GET", "/api/books/", &cookie, "").await.status, 200);
    let body = json!({"name": "Mine", "shelf": shelf(1)}).to_string();
    assert_eq!(world.send("POST", "/api/books/", &cookie, body.clone()).await.status, 403);
    let own = [cookie[0], cookie[1], ("origin", "http://h")];
    assert_eq!(world.send("POST", "/api/books/", &own, body).await.status, 201);
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_description_matches_what_is_served() {
    let world = World::new().await;
    let schema: Value = serde_json::from_slice(&world.surface.schema()).unwrap();
    let mut found = BTreeSet::new();
    references(&schema, &mut found);
    for reference in found {
        assert!(schema.pointer(&reference[1..]).is_some(), "{reference}");
    }
    let component = |name: &str| schema["components"]["schemas"][name].clone();
    let list = &schema["paths"]["/api/books/"];
    assert_eq!(list["head"]["operationId"], "books_count");
    assert_eq!(component("BookFieldEnum")["enum"].as_array().unwrap().len(), 10);
    assert_eq!(component("BookOEnum")["enum"], json!(["title", "-title", "price", "-price"]));
    assert_eq!(component("BookRequest")["required"], json!(["name", "shelf"]));
    assert!(component("BookRequest")["properties"]["shelf"].is_object());
    assert!(component("PatchedBookRequest").get("required").is_none());
    assert_eq!(component("Book")["properties"]["uuid"]["readOnly"], json!(true));
    assert_eq!(component("Loan")["required"], json!(["book", "until", "reader"]));
    assert_eq!(component("NestedBook")["required"].as_array().unwrap().len(), 4);
    let nested = &schema["paths"]["/api/shelves/{shelf_uuid}/books/"]["get"];
    assert_eq!(nested["x-permissions"], json!([{"permission": "SHELF.READ", "scopes": ["*"]}]));
    let to = &schema["paths"]["/api/books/{book_uuid}/lend/{reader}/"]["post"];
    let body = to["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
    assert!(schema.pointer(&body[1..]).unwrap()["properties"].get("reader").is_none());
    let shown = world.get("staff", "/api/books/").await.json();
    for name in shown[0].as_object().unwrap().keys() {
        assert!(component("Book")["properties"].get(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn the_documentation_names_every_operation() {
    let world = World::new().await;
    let page = world.surface.docs();
    let html = std::str::from_utf8(&page.html).unwrap();
    for route in world.surface.routes() {
        assert!(html.contains(&format!("<details class=\"op\" id=\"{}\">", route.op)), "{}", route.op);
    }
    assert!(html.contains("whoever holds SHELF.READ on it"));
    assert!(page.policy.contains("script-src 'sha256-") && !html.contains("http-equiv"));
}
