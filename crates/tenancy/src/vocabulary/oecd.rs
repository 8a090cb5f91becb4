//! Fields of science: the second level of the OECD classification of 2007, by which a project says what it is about
//! (`OecdFos2007CodeEnum` of the official description, 43 codes). The order is that of the classification, in which
//! 2.10 comes after 2.9. Codes and labels are those of the wire, which puts systems engineering at 2.8 and so counts
//! four fields one further than the OECD does.

use super::label;

/// Code and label, in the order of the classification.
pub const FIELDS: &[(&str, &str)] = &[
    ("1.1", "Mathematics"),
    ("1.2", "Computer and information sciences"),
    ("1.3", "Physical sciences"),
    ("1.4", "Chemical sciences"),
    ("1.5", "Earth and related environmental sciences"),
    ("1.6", "Biological sciences"),
    ("1.7", "Other natural sciences"),
    ("2.1", "Civil engineering"),
    ("2.2", "Electrical engineering, electronic engineering, information engineering"),
    ("2.3", "Mechanical engineering"),
    ("2.4", "Chemical engineering"),
    ("2.5", "Materials engineering"),
    ("2.6", "Medical engineering"),
    ("2.7", "Environmental engineering"),
    ("2.8", "Systems engineering"),
    ("2.9", "Environmental biotechnology"),
    ("2.10", "Industrial biotechnology"),
    ("2.11", "Nano technology"),
    ("2.12", "Other engineering and technologies"),
    ("3.1", "Basic medicine"),
    ("3.2", "Clinical medicine"),
    ("3.3", "Health sciences"),
    ("3.4", "Health biotechnology"),
    ("3.5", "Other medical sciences"),
    ("4.1", "Agriculture, forestry, and fisheries"),
    ("4.2", "Animal and dairy science"),
    ("4.3", "Veterinary science"),
    ("4.4", "Agricultural biotechnology"),
    ("4.5", "Other agricultural sciences"),
    ("5.1", "Psychology"),
    ("5.2", "Economics and business"),
    ("5.3", "Educational sciences"),
    ("5.4", "Sociology"),
    ("5.5", "Law"),
    ("5.6", "Political science"),
    ("5.7", "Social and economic geography"),
    ("5.8", "Media and communications"),
    ("5.9", "Other social sciences"),
    ("6.1", "History and archaeology"),
    ("6.2", "Languages and literature"),
    ("6.3", "Philosophy, ethics and religion"),
    ("6.4", "Arts (arts, history of arts, performing arts, music)"),
    ("6.5", "Other humanities"),
];

/// The six fields of the first level.
pub const BRANCHES: &[(&str, &str)] = &[
    ("1", "Natural sciences"),
    ("2", "Engineering and technology"),
    ("3", "Medical and health sciences"),
    ("4", "Agricultural sciences"),
    ("5", "Social sciences"),
    ("6", "Humanities"),
];

/// The codes.
pub const CODES: &[&str] = &label::codes::<{ FIELDS.len() }>(FIELDS);

/// SQL of the label of a project's field of science, with the project under the alias `p`.
pub const LABEL_SQL: &str = label::text(&LABEL);
const LABEL: [u8; label::case(&mut [], "p.oecd_fos_2007_code", FIELDS)] = {
    let mut out = [0; label::case(&mut [], "p.oecd_fos_2007_code", FIELDS)];
    label::case(&mut out, "p.oecd_fos_2007_code", FIELDS);
    out
};

/// The label of the field with this code.
pub fn label(code: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(other, _)| *other == code).map(|(_, label)| *label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classification_is_whole() {
        assert_eq!(FIELDS.len(), 43);
        assert_eq!(label("1.1"), Some("Mathematics"));
        assert_eq!(label("6.5"), Some("Other humanities"));
        assert_eq!(label("7.1"), None);
        assert_eq!(label("2.1"), Some("Civil engineering"));
    }

    #[test]
    fn every_field_is_of_a_branch_and_counted_in_it() {
        let mut last = (0, 0);
        for (code, _) in FIELDS {
            let (branch, number) = code.split_once('.').expect("a dot");
            assert!(BRANCHES.iter().any(|(other, _)| *other == branch), "{code}");
            let next: (u8, u8) = (branch.parse().expect("a number"), number.parse().expect("a number"));
            assert!(next > last, "{code}");
            last = next;
        }
    }
}
