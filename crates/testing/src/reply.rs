//! An answer, and what tests say about it.

use serde_json::Value;

/// An answer of the server.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What was asked, for messages.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body: JSON, or its text, or null if empty.
    pub body: Value,
}

impl Reply {
    /// Asserts the status.
    #[track_caller]
    pub fn is(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.body);
        self
    }

    /// Asserts that the answer is refused with reasons: 403.
    #[track_caller]
    pub fn is_forbidden(self) -> Reply {
        let reply = self.is(403);
        assert!(reply.body["reasons"].as_array().is_some_and(|r| !r.is_empty()), "no reasons: {}", reply.body);
        reply
    }

    /// Asserts that it answers as if the thing did not exist: 404.
    #[track_caller]
    pub fn is_not_found(self) -> Reply {
        self.is(404)
    }

    /// Asserts that the input is refused because of this field.
    #[track_caller]
    pub fn is_invalid(self, field: &str) -> Reply {
        let reply = self.is(400);
        assert!(reply.body.get(field).is_some(), "{} says nothing of {field}: {}", reply.asked, reply.body);
        reply
    }

    /// A text in the body.
    #[track_caller]
    pub fn text(&self, key: &str) -> String {
        match &self.body[key] {
            Value::String(text) => text.clone(),
            other => panic!("{}: {key} is {other} in {}", self.asked, self.body),
        }
    }

    /// The rows of a list.
    #[track_caller]
    pub fn rows(&self) -> &Vec<Value> {
        self.body.as_array().unwrap_or_else(|| panic!("{} gave no list: {}", self.asked, self.body))
    }

    /// One key of every row of a list, as text.
    #[track_caller]
    pub fn column(&self, key: &str) -> Vec<String> {
        self.rows().iter().map(|row| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned)).collect()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
