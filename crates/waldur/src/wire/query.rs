//! Query strings: parameters, pages, and the `Link` header (reference/api-conventions.md, section 3).

use super::Reply;
use stoa_kernel::view::Ask;

/// Rows of a page if none are asked for.
pub const PAGE_SIZE: i64 = 10;
/// Rows of a page at most; a larger wish is capped, not refused.
pub const PAGE_SIZE_MAX: i64 = 300;
/// Parameters at most.
const PARAMETERS_MAX: usize = 500;

/// Reads `a=1&b=2`, as a query or as a form.
///
/// # Errors
/// The 400 answer for text that is not UTF-8 and for too many parameters.
pub fn pairs(text: &[u8]) -> Result<Vec<(String, String)>, Reply> {
    let mut pairs = Vec::new();
    for part in text.split(|b| *b == b'&').filter(|part| !part.is_empty()) {
        if pairs.len() == PARAMETERS_MAX {
            return Err(Reply::detail(400, format!("More than {PARAMETERS_MAX} parameters were sent.")));
        }
        let (name, value) = match part.iter().position(|b| *b == b'=') {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, &part[..0]),
        };
        let (Some(name), Some(value)) = (decode(name, true), decode(value, true)) else {
            return Err(Reply::detail(400, "A parameter is not valid UTF-8."));
        };
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Resolves `%41`, and `+` where it means a blank. A percent sign that begins no such pair stands for itself. `None` if the
/// outcome is not UTF-8.
pub fn decode(text: &[u8], plus: bool) -> Option<String> {
    let hex = |at: usize| text.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) if plus => bytes.push(b' '),
            _ => bytes.push(byte),
        }
        at += 1;
    }
    String::from_utf8(bytes).ok()
}

/// Writes a text so that it stands for itself in a query; a comma too is written as `%2C`, because clients split the `Link`
/// header at every comma.
pub fn encode(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

/// Which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// Its number from 1; `None` for the last.
    pub page: Option<i64>,
    /// Rows of a page.
    pub size: i64,
}

impl Paging {
    /// Reads `page` and `page_size`; of repeated ones the last counts.
    ///
    /// # Errors
    /// The 404 answer for a page that is no positive number.
    pub fn read(pairs: &[(String, String)]) -> Result<Paging, Reply> {
        let last = |name: &str| {
            pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.trim()).filter(|v| !v.is_empty())
        };
        let size = last("page_size").and_then(|size| size.parse().ok()).filter(|size| *size > 0);
        let size = size.unwrap_or(PAGE_SIZE).min(PAGE_SIZE_MAX);
        let page = match last("page") {
            None => Some(1),
            Some("last") => None,
            Some(page) => match page.parse::<i64>() {
                // The bound keeps the offset far from overflow; no table has as many pages.
                Ok(page) if (1..=1_000_000_000_000).contains(&page) => Some(page),
                _ => return Err(invalid_page()),
            },
        };
        Ok(Paging { page, size })
    }

    /// Rows before the page.
    pub fn offset(&self) -> i64 {
        (self.page.unwrap_or(1) - 1) * self.size
    }

    /// How many pages there are; an empty result has one.
    pub fn pages(&self, total: i64) -> i64 {
        (total.max(1) + self.size - 1) / self.size
    }

    /// The number of the page, now that the total is known.
    ///
    /// # Errors
    /// The 404 answer for a page beyond the last.
    pub fn number(&self, total: i64) -> Result<i64, Reply> {
        match self.page {
            None => Ok(self.pages(total)),
            Some(page) if page <= self.pages(total) => Ok(page),
            Some(_) => Err(invalid_page()),
        }
    }

    /// The `Link` header for a page of `address` (without its query).
    pub fn links(&self, address: &str, pairs: &[(String, String)], page: i64, total: i64) -> String {
        let mut rest: Vec<&(String, String)> = pairs.iter().filter(|(name, _)| name != "page").collect();
        rest.sort_by(|a, b| a.0.cmp(&b.0));
        let pages = self.pages(total);
        let relations = [
            ("first", Some(1)),
            ("prev", (page > 1).then(|| page - 1)),
            ("next", (page < pages).then(|| page + 1)),
            ("last", Some(pages)),
        ];
        let mut out = String::new();
        for (relation, number) in relations {
            let Some(number) = number else { continue };
            if !out.is_empty() {
                out.push_str(", ");
            }
            out.push('<');
            out.push_str(address);
            let number = number.to_string();
            // Sorted with the others, as the original does; the first page has no number.
            let at = rest.partition_point(|(name, _)| name.as_str() < "page");
            let own = (number != "1").then_some(("page", number.as_str()));
            let before = rest[..at].iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let after = rest[at..].iter().map(|(name, value)| (name.as_str(), value.as_str()));
            for (at, (name, value)) in before.chain(own).chain(after).enumerate() {
                out.push(if at == 0 { '?' } else { '&' });
                encode(&mut out, name);
                out.push('=');
                encode(&mut out, value);
            }
            out.push_str(">; rel=\"");
            out.push_str(relation);
            out.push('"');
        }
        out
    }
}

fn invalid_page() -> Reply {
    Reply::detail(404, "Invalid page.")
}

/// What the parameters ask of a view, apart from the page.
pub fn ask(pairs: &[(String, String)]) -> Ask {
    let mut ask = Ask::default();
    for (name, value) in pairs {
        match name.as_str() {
            "page" | "page_size" => {}
            "field" => ask.fields.push(value.clone()),
            "o" => ask.order.push(value.clone()),
            _ => ask.filters.push((name.clone(), value.clone())),
        }
    }
    ask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        pairs(text.as_bytes()).unwrap()
    }

    #[test]
    fn parameters_are_decoded() {
        let found = read("a=1&b=x%20y+z&c&=d&%E2%82%AC=%2c&100%=%4");
        let expected = [("a", "1"), ("b", "x y z"), ("c", ""), ("", "d"), ("€", ","), ("100%", "%4")];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(pairs(b"a=%ff").unwrap_err().status, 400);
        assert_eq!(pairs(&[b"a=1&".as_slice(); 501].concat()).unwrap_err().status, 400);
        assert_eq!(pairs(&[b"a=1&".as_slice(); 500].concat()).unwrap().len(), 500);
    }

    #[test]
    fn pages_and_sizes() {
        let size = |text: &str| Paging::read(&read(text)).unwrap().size;
        assert_eq!([size(""), size("page_size=0"), size("page_size=-1"), size("page_size=ten")], [10; 4]);
        assert_eq!([size("page_size=25"), size("page_size=301"), size("page_size=5&page_size=6")], [25, 300, 6]);
        let page = |text: &str| Paging::read(&read(text)).map(|paging| paging.page);
        assert_eq!(page("page=3").unwrap(), Some(3));
        assert_eq!(page("page=").unwrap(), Some(1));
        assert_eq!(page("page=last").unwrap(), None);
        for wrong in ["page=0", "page=-1", "page=x", "page=1.5", "page=99999999999999999999"] {
            let reply = page(wrong).unwrap_err();
            assert_eq!((reply.status.as_u16(), &reply.body[..]), (404, br#"{"detail":"Invalid page."}"#.as_slice()));
        }
        let third = Paging { page: Some(3), size: 10 };
        assert_eq!((third.offset(), third.number(21).unwrap(), third.number(20).is_err()), (20, 3, true));
        let first = Paging { page: Some(1), size: 10 };
        assert_eq!((first.number(0).unwrap(), first.pages(0)), (1, 1));
        assert_eq!(Paging { page: None, size: 10 }.number(35).unwrap(), 4);
    }

    #[test]
    fn links_keep_the_other_parameters_sorted() {
        let pairs = read("page=2&o=name,-created&page_size=10&field=uuid&field=name&a=x y");
        let paging = Paging::read(&pairs).unwrap();
        let links = paging.links("http://h/api/x/", &pairs, 2, 25);
        let query = "a=x+y&field=uuid&field=name&o=name%2C-created";
        let expected = format!(
            "<http://h/api/x/?{query}&page_size=10>; rel=\"first\", <http://h/api/x/?{query}&page_size=10>; rel=\"prev\", \
             <http://h/api/x/?{query}&page=3&page_size=10>; rel=\"next\", \
             <http://h/api/x/?{query}&page=3&page_size=10>; rel=\"last\""
        );
        assert_eq!(links, expected);
        let only = Paging { page: Some(1), size: 10 }.links("http://h/api/x/", &[], 1, 3);
        assert_eq!(only, "<http://h/api/x/>; rel=\"first\", <http://h/api/x/>; rel=\"last\"");
    }

    #[test]
    fn what_is_no_page_is_a_filter() {
        let ask = ask(&read("page=2&field=a&field=b&o=x,-y&state=OK&state=Erred"));
        assert_eq!((ask.fields.len(), ask.order, ask.filters.len()), (2, vec!["x,-y".to_owned()], 2));
    }
}
