//! What somebody probably meant.

/// A sentence that names the known word that is nearest to one that is not known; empty if none is near.
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = known.into_iter().map(|one| (distance(&word.to_lowercase(), &one.to_lowercase()), one)).min();
    let bound = word.chars().count() / 3 + 1;
    near.filter(|(distance, _)| *distance <= bound).map_or_else(String::new, |(_, one)| format!(" Did you mean {one}?"))
}

/// How many characters have to be put in, left out or replaced to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, here) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (column, there) in other.iter().enumerate() {
            let replaced = corner + usize::from(here != *there);
            corner = row[column + 1];
            row[column + 1] = replaced.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_named_and_what_is_far_is_not() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(meant("nmae", ["name", "description"]), " Did you mean name?");
        assert_eq!(meant("Organisations", ["organizations", "projects"]), " Did you mean organizations?");
        assert_eq!(meant("xyzzy", ["name", "description"]), "");
    }
}
