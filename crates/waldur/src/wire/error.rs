//! From an error of the core to an answer: the one place (design.md, section 10).

use super::Reply;
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error,
    access::{Decision, Reason},
};

/// The answer for an error. What is our fault goes to the log with its context; the caller gets the request's identifier.
pub fn reply(error: &Error, request: &str) -> Reply {
    match error {
        Error::NotFound => Reply::detail(404, "Not found."),
        Error::Unauthenticated(words) => {
            Reply::detail(401, words).with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Token"))
        }
        Error::Forbidden(decision) => forbidden(decision),
        Error::Invalid(invalid) => {
            let fields = invalid.fields.iter().map(|(name, messages)| {
                let name = if name.is_empty() { "non_field_errors" } else { name };
                (name.to_owned(), json!(messages))
            });
            Reply::json(400, &Value::Object(fields.collect()))
        }
        Error::Conflict(words) => Reply::detail(409, words),
        Error::LimitExceeded(words) => Reply::json(400, &json!({"non_field_errors": [words]})),
        Error::TooMany { message, retry_after } => {
            Reply::detail(429, message).with(header::RETRY_AFTER, (*retry_after).into())
        }
        Error::Duplicate(key) => duplicate(key),
        Error::Dangling(key) => {
            tracing::debug!(request, key, "a reference would dangle");
            Reply::detail(409, "Cannot delete or change it because it is used elsewhere.")
        }
        Error::Unavailable(words) => {
            tracing::warn!(request, error = words, "unavailable");
            Reply::detail(503, words).with(header::RETRY_AFTER, HeaderValue::from_static("5"))
        }
        Error::Broken(context) => {
            tracing::error!(request, context, "broken");
            broken(request)
        }
    }
}

/// The answer when something is our fault.
pub fn broken(request: &str) -> Reply {
    Reply::json(500, &json!({"detail": "Internal error.", "request_id": request}))
}

/// The words that clients know, and the reasons as data with a sentence each. A rule in words speaks for itself.
fn forbidden(decision: &Decision) -> Reply {
    let detail = match decision.because.as_slice() {
        [Reason::Rule { text }] => text.as_str(),
        _ => "You do not have permission to perform this action.",
    };
    let reasons: Vec<Value> = decision
        .because
        .iter()
        .map(|reason| {
            let mut data = match serde_json::to_value(reason) {
                Ok(Value::Object(data)) => data,
                _ => Map::new(),
            };
            data.insert("text".into(), reason.sentence().into());
            Value::Object(data)
        })
        .collect();
    Reply::json(403, &json!({"detail": detail, "reasons": reasons}))
}

/// `table.column` or `table.a,b`.
fn duplicate(key: &str) -> Reply {
    let columns = key.split_once('.').map_or(key, |(_, columns)| columns);
    let names: Vec<&str> = columns.split(',').map(str::trim).map(|c| c.strip_suffix("_id").unwrap_or(c)).collect();
    match names.as_slice() {
        [name] => Reply::json(400, &json!({*name: ["This field must be unique."]})),
        names => {
            let text = format!("The fields {} must make a unique set.", names.join(", "));
            Reply::json(400, &json!({"non_field_errors": [text]}))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: Error) -> (u16, Value) {
        let reply = reply(&error, "r1");
        (reply.status.as_u16(), serde_json::from_slice(&reply.body).unwrap())
    }

    #[test]
    fn every_error_has_its_answer() {
        assert_eq!(shown(Error::NotFound), (404, json!({"detail": "Not found."})));
        assert_eq!(shown(Error::Unauthenticated("No.".into())), (401, json!({"detail": "No."})));
        assert_eq!(shown(Error::field("name", "Bad.")), (400, json!({"name": ["Bad."]})));
        assert_eq!(shown(Error::invalid("Bad.")), (400, json!({"non_field_errors": ["Bad."]})));
        assert_eq!(shown(Error::Conflict("No.".into())), (409, json!({"detail": "No."})));
        assert_eq!(shown(Error::LimitExceeded("Full.".into())), (400, json!({"non_field_errors": ["Full."]})));
        assert_eq!(
            shown(Error::Duplicate("users.email".into())),
            (400, json!({"email": ["This field must be unique."]}))
        );
        let set = json!({"non_field_errors": ["The fields role, user must make a unique set."]});
        assert_eq!(shown(Error::Duplicate("grants.role_id,user_id".into())), (400, set));
        assert_eq!(shown(Error::Dangling("x".into())).0, 409);
        assert_eq!(shown(Error::Unavailable("Later.".into())), (503, json!({"detail": "Later."})));
        let (status, body) = shown(Error::Broken("password of the database".into()));
        assert_eq!((status, body), (500, json!({"detail": "Internal error.", "request_id": "r1"})));
    }

    #[test]
    fn headers_go_with_the_status() {
        let challenge = reply(&Error::Unauthenticated(String::new()), "");
        assert!(challenge.headers.iter().any(|(name, value)| name == header::WWW_AUTHENTICATE && value == "Token"));
        let wait = reply(&Error::TooMany { message: "Slow.".into(), retry_after: 7 }, "");
        assert!(
            wait.status == 429 && wait.headers.iter().any(|(name, value)| name == header::RETRY_AFTER && value == "7")
        );
    }

    #[test]
    fn a_refusal_says_why() {
        let (status, body) = shown(Error::Forbidden(Box::new(Decision::deny(Reason::NotStaff))));
        assert_eq!((status, &body["detail"]), (403, &json!("You do not have permission to perform this action.")));
        assert_eq!(body["reasons"], json!([{"reason": "not_staff", "text": "Only staff may do this."}]));
        let (_, body) = shown(Error::Forbidden(Box::new(Decision::rule("Not on Sundays."))));
        assert_eq!(body["detail"], json!("Not on Sundays."));
    }
}
