//! Languages in which a page can be read and in which a role is described: `description_et` and its kin
//! (reference/permissions.md, section 9).

/// A language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Language {
    /// Its code on the wire.
    pub code: &'static str,
    /// What its speakers call it.
    pub name: &'static str,
    /// What it is called in English.
    pub english: &'static str,
}

/// The language of texts that have no other.
pub const DEFAULT: &str = "en";

/// All languages; the first [`OFFERED`] of them are those of the official description 8.0.5, the rest came later.
pub const LANGUAGES: &[Language] = &[
    Language { code: "en", name: "English", english: "English" },
    Language { code: "et", name: "Eesti", english: "Estonian" },
    Language { code: "lt", name: "Lietuvių", english: "Lithuanian" },
    Language { code: "lv", name: "Latviešu", english: "Latvian" },
    Language { code: "ru", name: "Русский", english: "Russian" },
    Language { code: "it", name: "Italiano", english: "Italian" },
    Language { code: "de", name: "Deutsch", english: "German" },
    Language { code: "da", name: "Dansk", english: "Danish" },
    Language { code: "sv", name: "Svenska", english: "Swedish" },
    Language { code: "es", name: "Español", english: "Spanish" },
    Language { code: "fr", name: "Français", english: "French" },
    Language { code: "nb", name: "Norsk bokmål", english: "Norwegian Bokmål" },
    Language { code: "ar", name: "العربية", english: "Arabic" },
    Language { code: "cs", name: "Čeština", english: "Czech" },
    Language { code: "bg", name: "Български", english: "Bulgarian" },
    Language { code: "el", name: "Ελληνικά", english: "Greek" },
    Language { code: "km", name: "ខ្មែរ", english: "Khmer" },
    Language { code: "hr", name: "Hrvatski", english: "Croatian" },
    Language { code: "mk", name: "Македонски", english: "Macedonian" },
    Language { code: "sq", name: "Shqip", english: "Albanian" },
];

/// How many languages an installation offers, and how many the wire form of a role carries, unless it is told
/// otherwise.
pub const OFFERED: usize = 14;

/// The languages that an installation offers unless it is told otherwise.
pub fn offered() -> &'static [Language] {
    &LANGUAGES[..OFFERED]
}

/// The language with this code.
pub fn language(code: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_languages_of_which_fourteen_are_offered() {
        assert_eq!(LANGUAGES.len(), 20);
        let codes: Vec<_> = offered().iter().map(|language| language.code).collect();
        assert_eq!(codes.join(","), "en,et,lt,lv,ru,it,de,da,sv,es,fr,nb,ar,cs");
        assert_eq!(language(DEFAULT).map(|language| language.english), Some("English"));
        assert_eq!(language("tlh"), None);
    }
}
