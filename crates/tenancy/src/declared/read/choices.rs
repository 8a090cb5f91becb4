//! What a declaration says of settings and features.

use super::{
    super::{Said, nearest::meant, text::Node},
    Reader,
};
use crate::{
    settings::{self, rules},
    vocabulary::{
        features::{FEATURES, feature},
        settings::SettingKind,
    },
};

impl Reader {
    pub(super) fn settings(&mut self, node: &Node) {
        for (key, place, node) in self.table(node) {
            let setting = settings::find(key);
            let field = rules::FIELDS.iter().find(|field| field.name == key);
            let (Some(setting), Some(field)) = (setting, field) else {
                let near = meant(key, rules::all().map(|one| one.key));
                self.problems.add(place, format!("{key} is no setting.{near}"));
                continue;
            };
            if !can_be_declared(setting.kind) {
                self.problems.add(place, format!("{key} is a secret or a picture, which is not declared."));
                continue;
            }
            let Some(value) = self.value(field, place, node.value()) else { continue };
            if let Some(problem) = rules::problem(setting, &value) {
                self.problems.add(place, format!("{key}: {problem}"));
            }
            if self.once("settings", key, place) {
                self.declaration.settings.insert(setting.key, Said { value, place: place.clone() });
            }
        }
    }

    pub(super) fn features(&mut self, node: &Node) {
        for (section, _, flags) in self.table(node) {
            for (flag, place, node) in self.table(flags) {
                let name = format!("{section}.{flag}");
                if feature(section, flag).is_none() {
                    let known: Vec<String> =
                        FEATURES.iter().map(|one| format!("{}.{}", one.section, one.key)).collect();
                    let near = meant(&name, known.iter().map(String::as_str));
                    self.problems.add(place, format!("{name} is no feature.{near}"));
                } else if let Some(value) = node.value().as_bool() {
                    if self.once("features", &name, place) {
                        let said = Said { value, place: place.clone() };
                        self.declaration.features.insert((section.clone(), flag.clone()), said);
                    }
                } else {
                    self.problems.add(place, "Must be a valid boolean.");
                }
            }
        }
    }
}

/// Whether values of this kind stand in declarations and exports: secrets and pictures do not.
pub(in crate::declared) fn can_be_declared(kind: SettingKind) -> bool {
    !matches!(kind, SettingKind::Secret | SettingKind::Image)
}
