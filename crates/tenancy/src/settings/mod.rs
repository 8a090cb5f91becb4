//! Settings that staff change while the installation runs, and its type (mission T1, O3, J2).
//!
//! A setting that nobody changed has its default from the vocabulary. Values are read where they are needed, inside the
//! action: one statement, no copy that could be old on another node.

pub mod actions;
pub mod own;
pub mod rules;
pub mod store;

pub use own::{ADMINISTRATORS_APPROVE, INSTALLATION_TYPE, MANAGERS_APPROVE, ONE_MANAGER, OWN, PREAPPROVED_ONLY};

use crate::{
    access::{installation::Choices, roles::Installation},
    vocabulary::{
        features,
        settings::{Setting, setting},
    },
};
use serde_json::Value;
use std::collections::HashMap;
use stoa_kernel::{Query, Result, door::Registry};

/// Registers actions.
pub fn register(registry: &mut Registry) {
    registry.actions.extend([&actions::UPDATE, &actions::SET, &actions::SET_FEATURES]);
}

/// All settings as they are now.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    stored: HashMap<String, Value>,
}

/// The setting with this key, ours included.
pub fn find(key: &str) -> Option<&'static Setting> {
    setting(key).or_else(|| OWN.iter().find(|one| one.key == key))
}

/// The key under which a feature flag is stored.
pub fn feature_key(section: &str, key: &str) -> String {
    format!("feature:{section}.{key}")
}

impl Settings {
    /// Reads all settings that were ever changed, in one statement.
    pub async fn load(query: &mut dyn Query) -> Result<Settings> {
        Ok(Settings { stored: store::all(query).await? })
    }

    /// The value of a setting: as it was set, or its default. Null for a key that is no setting.
    pub fn value(&self, key: &str) -> Value {
        let default = || find(key).and_then(|one| serde_json::from_str(one.default).ok()).unwrap_or(Value::Null);
        self.stored.get(key).cloned().unwrap_or_else(default)
    }

    /// Whether a setting is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.value(key).as_bool().unwrap_or(false)
    }

    /// The text of a setting; empty if it has none.
    pub fn text(&self, key: &str) -> String {
        self.value(key).as_str().unwrap_or_default().to_owned()
    }

    /// The whole number of a setting.
    pub fn int(&self, key: &str) -> Option<i64> {
        self.value(key).as_i64()
    }

    /// The texts of a list.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let value = self.value(key);
        let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(ToOwned::to_owned).collect()
    }

    /// Whether a feature is shown.
    pub fn feature(&self, section: &str, key: &str) -> bool {
        let stored = self.stored.get(&feature_key(section, key)).and_then(Value::as_bool);
        stored.unwrap_or_else(|| features::feature(section, key).is_some_and(|one| one.default))
    }

    /// The type of the installation.
    pub fn installation(&self) -> Installation {
        Installation::parse(&self.text(INSTALLATION_TYPE)).unwrap_or_default()
    }

    /// What decides about the shipped roles.
    pub fn choices(&self) -> Choices {
        Choices {
            installation: self.installation(),
            managers_approve: self.is_on(MANAGERS_APPROVE),
            administrators_approve: self.is_on(ADMINISTRATORS_APPROVE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_set_has_its_default() {
        let mut settings = Settings::default();
        assert_eq!(settings.installation(), Installation::Cloud);
        assert!(settings.is_on(PREAPPROVED_ONLY) && !settings.is_on(MANAGERS_APPROVE));
        assert_eq!(settings.text("SITE_NAME"), "Stoa");
        assert_eq!(settings.value("NO_SUCH_SETTING"), Value::Null);
        assert!(settings.feature("user", "ssh_keys") && !settings.feature("customer", "show_domain"));
        settings.stored.insert(INSTALLATION_TYPE.into(), "academic_shared".into());
        settings.stored.insert(feature_key("user", "ssh_keys"), false.into());
        assert_eq!(settings.installation(), Installation::AcademicShared);
        assert!(!settings.feature("user", "ssh_keys"));
    }

    #[test]
    fn own_settings_have_names_and_defaults_of_their_own() {
        for one in OWN {
            assert!(setting(one.key).is_none(), "{} is the wire's", one.key);
            assert!(serde_json::from_str::<Value>(one.default).is_ok(), "{}", one.key);
        }
    }
}
