//! Links: a thing is named by the absolute address of its details, and read back from such an address, from its path or
//! from a bare uuid.

use super::query;
use std::collections::HashMap;
use stoa_kernel::id;

/// The addresses of things.
#[derive(Debug, Clone, Default)]
pub struct Links {
    by_thing: HashMap<&'static str, &'static str>,
    all: Vec<(&'static str, &'static str)>,
}

/// What a text names where a link to a thing is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The thing with this key (a uuid in nearly all cases).
    Key(String),
    /// A thing of another kind.
    Elsewhere,
    /// Nothing that is known.
    Nothing,
}

impl Links {
    /// A table of things and their collections; see [`crate::routes::Area::links`].
    pub fn new(table: impl IntoIterator<Item = (&'static str, &'static str)>) -> Links {
        let mut links = Links::default();
        for (thing, collection) in table {
            links.by_thing.entry(thing).or_insert(collection);
            links.all.push((thing, collection));
        }
        links
    }

    /// The collection in which the details of a thing of this kind are.
    pub fn collection(&self, thing: &str) -> Option<&'static str> {
        self.by_thing.get(thing).copied()
    }

    /// The absolute address of a thing.
    pub fn href(&self, base: &str, thing: &str, key: &str) -> Option<String> {
        Some(format!("{base}{}{key}/", self.collection(thing)?))
    }

    /// Reads what a text names. Only the path of an address counts, not its host. A kind without a collection of its own (a
    /// scope, which is one of several kinds) takes any.
    pub fn read(&self, thing: &str, text: &str) -> Named {
        let text = text.trim();
        if let Some(uuid) = id::parse(text) {
            return Named::Key(id::hex(&uuid));
        }
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let path = match rest {
            Some(rest) => rest.find('/').map_or("", |at| &rest[at..]),
            None => text,
        };
        let path = path.split(['?', '#']).next().unwrap_or("");
        let any = !self.by_thing.contains_key(thing);
        let mut named = Named::Nothing;
        for (of, collection) in &self.all {
            let Some(key) = path.strip_prefix(collection) else { continue };
            let key = key.strip_suffix('/').unwrap_or(key);
            if key.is_empty() || key.contains('/') {
                continue;
            }
            if !any && *of != thing {
                named = Named::Elsewhere;
                continue;
            }
            return match (id::parse(key), query::decode(key.as_bytes(), false)) {
                (Some(uuid), _) => Named::Key(id::hex(&uuid)),
                (None, Some(key)) => Named::Key(key),
                (None, None) => Named::Nothing,
            };
        }
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_paths_and_bare_uuids_name_the_same_thing() {
        let links = Links::new([
            ("project", "/api/projects/"),
            ("customer", "/api/customers/"),
            ("offering", "/api/marketplace-provider-offerings/"),
            ("offering", "/api/marketplace-public-offerings/"),
            ("provider", "/api/identity-providers/"),
        ]);
        let hex = "0123456789abcdef0123456789abcdef";
        let key = Named::Key(hex.into());
        for text in [
            hex.to_owned(),
            "01234567-89AB-cdef-0123-456789abcdef".into(),
            format!("http://anywhere:8000/api/projects/{hex}/"),
            format!("https://h/api/projects/{hex}/?a=1#b"),
            format!("/api/projects/{hex}/"),
            format!(" /api/projects/{hex} "),
        ] {
            assert_eq!(links.read("project", &text), key, "{text}");
        }
        assert_eq!(links.read("offering", &format!("/api/marketplace-public-offerings/{hex}/")), key);
        assert_eq!(links.read("scope", &format!("/api/customers/{hex}/")), key);
        assert_eq!(links.read("project", &format!("/api/customers/{hex}/")), Named::Elsewhere);
        assert_eq!(links.read("provider", "/api/identity-providers/a%20b/"), Named::Key("a b".into()));
        for text in ["", "x", "/api/projects/", "http://h", "http://h/api/other/1/", "/api/projects/a/b/"] {
            assert_eq!(links.read("project", text), Named::Nothing, "{text}");
        }
        assert_eq!(
            links.href("http://h", "offering", hex).unwrap(),
            format!("http://h/api/marketplace-provider-offerings/{hex}/")
        );
    }
}
