//! What a setting takes: a field of the form for each, and the checks that a field alone can't make.

use super::OWN;
use crate::vocabulary::{
    countries,
    languages::language,
    settings::{SETTINGS, Setting, SettingKind},
};
use serde_json::Value;
use stoa_kernel::field::{Check, Field, Kind};

/// What stands for a secret that is set. Sent back, it changes nothing.
pub const MASK: &str = "********";
/// Characters of the longest text.
const LONGEST: i64 = 100_000;

const COUNT: usize = SETTINGS.len() + OWN.len();

/// A field for every setting, ours included.
pub static FIELDS: [Field; COUNT] = fields();

const fn fields() -> [Field; COUNT] {
    let mut fields = [field(&SETTINGS[0]); COUNT];
    let mut at = 0;
    while at < COUNT {
        fields[at] = field(at_index(at));
        at += 1;
    }
    fields
}

const fn at_index(at: usize) -> &'static Setting {
    if at < SETTINGS.len() { &SETTINGS[at] } else { &OWN[at - SETTINGS.len()] }
}

/// Every setting, ours included.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().chain(OWN)
}

/// The type of a setting's value.
pub const fn kind(setting: &'static Setting) -> Kind {
    field(setting).kind
}

const fn field(setting: &'static Setting) -> Field {
    let (key, about) = (setting.key, setting.about);
    match setting.kind {
        SettingKind::Text | SettingKind::LongText | SettingKind::Html => Field::text(key, LONGEST, about),
        SettingKind::Url => Field::text(key, 2_000, about).check(Check::Url),
        SettingKind::Email => Field::text(key, 320, about).check(Check::Email),
        SettingKind::Secret => Field::text(key, LONGEST, about).secret(),
        // Minus one is "no limit" in many of them.
        SettingKind::Integer => Field::new(key, Kind::Int, about).min(-1).nullable(),
        SettingKind::Boolean => Field::new(key, Kind::Bool, about),
        SettingKind::Color => Field::text(key, 7, about).check(Check::By(color)),
        SettingKind::Choice(choices) => Field::new(key, Kind::Choice(key, choices), about).blank(),
        SettingKind::Choices(_) | SettingKind::Countries => Field::new(key, Kind::Texts, about),
        SettingKind::List | SettingKind::JsonList => Field::new(key, Kind::Json, about),
        SettingKind::Object | SettingKind::Images => Field::new(key, Kind::Object, about),
        SettingKind::Image => Field::new(key, Kind::File, about).nullable(),
    }
}

fn color(text: &str) -> Option<String> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    let right = matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!right).then(|| "Enter a colour such as #307300.".into())
}

/// What is wrong with a value that its field let through; `None` if nothing.
pub fn problem(setting: &Setting, value: &Value) -> Option<String> {
    let texts = || value.as_array().into_iter().flatten().filter_map(Value::as_str);
    let stranger = |known: &dyn Fn(&str) -> bool| {
        texts().find(|text| !known(text)).map(|text| format!("\"{text}\" is not a valid choice."))
    };
    match setting.kind {
        SettingKind::Choices(choices) => stranger(&|text| choices.contains(&text)),
        SettingKind::Countries => stranger(&|text| countries::name(text).is_some()),
        SettingKind::List if !value.is_array() => Some("Expected a list of items.".into()),
        SettingKind::List => {
            let plain = |item: &Value| item.is_string() || item.is_number();
            let wrong = value.as_array().into_iter().flatten().any(|item| !plain(item));
            wrong.then(|| "Expected a list of words or numbers.".into())
        }
        SettingKind::JsonList if !value.is_array() => Some("Expected a list of items.".into()),
        SettingKind::Images => {
            let map = value.as_object()?;
            let wrong = map.iter().find(|(code, address)| language(code).is_none() || !address.is_string());
            wrong.map(|(code, _)| format!("\"{code}\" is no language with the address of a picture."))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_setting_has_a_field_and_its_default_is_right() {
        assert_eq!(FIELDS.len(), all().count());
        for (setting, field) in all().zip(&FIELDS) {
            assert_eq!(setting.key, field.name);
            let default: Value = serde_json::from_str(setting.default).unwrap();
            assert_eq!(problem(setting, &default), None, "{}", setting.key);
        }
    }

    #[test]
    fn colours_lists_and_choices_are_checked() {
        assert!(color("#30730").is_some() && color("307300").is_some() && color("#gggggg").is_some());
        assert!(color("#307300").is_none() && color("#abc").is_none());
        let one = |key: &str| all().find(|one| one.key == key).unwrap();
        assert!(problem(one("AUTHENTICATION_METHODS"), &json!(["LOCAL_SIGNIN", "MAGIC"])).is_some());
        assert!(problem(one("COUNTRIES"), &json!(["EE", "XX"])).is_some());
        assert!(problem(one("PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS"), &json!([{}])).is_some());
    }
}
