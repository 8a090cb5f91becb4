//! The evidence as a document: the frame of the campaign, the hash of its table, and the items with what was decided, on as many
//! pages of A4 as they need, each with the table's head and its number.

use super::{
    Evidence, TABLE,
    font::{Embedded, Font},
};
use pdf_writer::{
    Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use stoa_kernel::{Result, Time};

const WIDTH: f32 = 842.0;
const HEIGHT: f32 = 595.0;
const MARGIN: f32 = 36.0;
/// Where the footer stands, and where a page is full.
const FOOT: f32 = 24.0;
const SIZE: f32 = 7.5;
const LEADING: f32 = 9.5;
/// Between the columns.
const GAP: f32 = 6.0;

/// The columns of the document: head, and share of the width.
const COLUMNS: &[(&str, f32)] =
    &[("Person", 0.18), ("Role", 0.13), ("On", 0.21), ("Decision", 0.14), ("By", 0.15), ("Why", 0.19)];

/// The document's bytes: the evidence as it was at an instant, for whom, and the hash of its table.
///
/// # Errors
/// Broken if the font can't be read.
pub fn write(evidence: &Evidence, hash: &str, generated: Time, by: &str) -> Result<Vec<u8>> {
    let mut layout = Layout::new(Font::new()?);
    layout.frame(evidence, hash, generated, by);
    layout.table(evidence);
    layout.foot(evidence, hash);
    let Layout { mut font, pages, .. } = layout;
    let contents: Vec<Vec<u8>> = pages.iter().map(|page| content(page, &mut font)).collect();
    Ok(file(&contents, &font.embedded()?, &evidence.name))
}

/// One line of text: where it begins, how large it is, and what it says.
struct Piece {
    x: f32,
    y: f32,
    size: f32,
    text: String,
}

/// One page: its texts, and the heights of the lines across it.
#[derive(Default)]
struct Sheet {
    pieces: Vec<Piece>,
    rules: Vec<f32>,
}

/// Fills pages from the top.
struct Layout {
    font: Font,
    pages: Vec<Sheet>,
    y: f32,
}

impl Layout {
    fn new(font: Font) -> Layout {
        Layout { font, pages: vec![Sheet::default()], y: HEIGHT - MARGIN }
    }

    /// The page that is being filled.
    fn sheet(&mut self) -> &mut Sheet {
        if self.pages.is_empty() {
            self.pages.push(Sheet::default());
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    fn next_page(&mut self) {
        self.pages.push(Sheet::default());
        self.y = HEIGHT - MARGIN;
    }

    fn put(&mut self, x: f32, y: f32, size: f32, text: String) {
        self.sheet().pieces.push(Piece { x, y, size, text });
    }

    /// Breaks a text into lines of a width: at blanks, and within words that are longer.
    fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let shown = self.font.showable(text);
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in shown.split(' ').filter(|word| !word.is_empty()) {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.font.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if self.font.width(&line, size) > width && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// The title, what the campaign says of itself, and what makes this a document.
    fn frame(&mut self, evidence: &Evidence, hash: &str, generated: Time, by: &str) {
        for line in self.lines(&format!("Review of roles: {}", evidence.name), 15.0, WIDTH - 2.0 * MARGIN) {
            self.y -= 18.0;
            self.put(MARGIN, self.y, 15.0, line);
        }
        self.y -= 8.0;
        let made = [
            ("Generated", readable(&generated.to_string())),
            ("Generated for", by.to_owned()),
            ("SHA-256 of the table (evidence.csv)", hash.to_owned()),
        ];
        let shown = |(word, value): &(&'static str, String)| match *word {
            "Reviewed" => (*word, kind(value)),
            _ => (*word, readable(value)),
        };
        let frame = evidence.frame.iter().filter(|(_, value)| !value.is_empty()).map(shown);
        for (word, value) in frame.chain(made).collect::<Vec<_>>() {
            for (at, line) in self.lines(&value, 9.0, WIDTH - 2.0 * MARGIN - 170.0).into_iter().enumerate() {
                if self.y - 12.0 < MARGIN + FOOT {
                    self.next_page();
                }
                self.y -= 12.0;
                if at == 0 {
                    self.put(MARGIN, self.y, 9.0, word.to_owned());
                }
                self.put(MARGIN + 170.0, self.y, 9.0, line);
            }
        }
        self.y -= 12.0;
    }

    fn head(&mut self) {
        self.y -= LEADING + 2.0;
        let (mut x, y) = (MARGIN, self.y);
        for (word, share) in COLUMNS {
            self.put(x, y, SIZE + 1.0, (*word).to_owned());
            x += share * (WIDTH - 2.0 * MARGIN);
        }
        self.y -= 4.0;
        let y = self.y;
        self.sheet().rules.push(y);
    }

    /// The items. One that does not fit on the rest of a page begins the next one; one that is longer than a page goes on.
    fn table(&mut self, evidence: &Evidence) {
        if self.y - 4.0 * LEADING < MARGIN + FOOT {
            self.next_page();
        }
        self.head();
        for row in &evidence.rows {
            let columns: Vec<Vec<String>> = cells(row)
                .into_iter()
                .zip(COLUMNS)
                .map(|(parts, (_, share))| {
                    let width = share * (WIDTH - 2.0 * MARGIN) - GAP;
                    parts.iter().flat_map(|part| self.lines(part, SIZE, width)).collect()
                })
                .collect();
            let tall = columns.iter().map(Vec::len).max().unwrap_or(0);
            let room = |y: f32| y - LEADING < MARGIN + FOOT;
            let fits = self.y - tall as f32 * LEADING - 4.0 >= MARGIN + FOOT;
            let whole = (tall as f32 + 4.0) * LEADING < HEIGHT - 2.0 * MARGIN - FOOT;
            if (!fits && whole) || room(self.y) {
                self.next_page();
                self.head();
            }
            for at in 0..tall {
                if room(self.y) {
                    self.next_page();
                    self.head();
                }
                self.y -= LEADING;
                let (mut x, y) = (MARGIN, self.y);
                for (lines, (_, share)) in columns.iter().zip(COLUMNS) {
                    if let Some(line) = lines.get(at) {
                        self.put(x, y, SIZE, line.clone());
                    }
                    x += share * (WIDTH - 2.0 * MARGIN);
                }
            }
            self.y -= 4.0;
            let y = self.y;
            self.sheet().rules.push(y);
        }
        if evidence.rows.is_empty() {
            self.y -= LEADING;
            self.put(MARGIN, self.y, SIZE, "No roles were reviewed.".into());
        }
    }

    fn foot(&mut self, evidence: &Evidence, hash: &str) {
        let count = self.pages.len();
        let name = self.lines(&evidence.name, SIZE, 300.0).into_iter().next().unwrap_or_default();
        for at in 0..count {
            let text = format!("{name} · table {hash} · page {} of {count}", at + 1);
            self.pages[at].pieces.push(Piece { x: MARGIN, y: FOOT, size: SIZE, text });
        }
    }
}

/// An instant as people read it, to the minute; anything else as it is.
fn readable(text: &str) -> String {
    match Time::parse(text).filter(|_| text.len() >= 20 && text.ends_with('Z')).map(|time| time.to_string()) {
        Some(time) => format!("{} {} UTC", &time[..10], &time[11..16]),
        None => text.to_owned(),
    }
}

/// What people call a kind of scope.
fn kind(scope: &str) -> String {
    if scope == "customer" { "organization".into() } else { scope.replace('_', " ") }
}

/// What stands in the columns of the document, in paragraphs.
fn cells(row: &[String]) -> Vec<Vec<String>> {
    let value = |name: &str| -> String {
        let at = TABLE.iter().position(|(known, _)| *known == name);
        at.and_then(|at| row.get(at)).cloned().unwrap_or_default()
    };
    let or = |first: String, second: String| if first.is_empty() { second } else { first };
    let decision = match (value("decision").as_str(), value("new_end")) {
        ("shortened", end) => vec![format!("shortened to {}", readable(&end))],
        (decision, _) => vec![decision.to_owned()],
    };
    let by = match (value("by_default").as_str(), value("decided_by_username").is_empty()) {
        ("true", _) => "nobody: by default".to_owned(),
        (_, true) => String::new(),
        _ => format!("{} ({})", or(value("decided_by_full_name"), "–".into()), value("decided_by_username")),
    };
    let until = value("expiration_time");
    let person = or(value("user_full_name"), "–".into());
    let above = if value("scope_type") == "customer" { String::new() } else { value("customer_name") };
    vec![
        vec![person, value("user_username"), value("user_email")],
        vec![
            value("role_name"),
            format!("since {}", readable(&value("granted"))),
            if until.is_empty() { String::new() } else { format!("until {}", readable(&until)) },
        ],
        vec![format!("{} {}", kind(&value("scope_type")), value("scope_name")), above],
        [decision, vec![readable(&value("decided"))]].concat(),
        vec![by, format!("asked: {}", or(value("reviewers"), "nobody".into()))],
        vec![value("reason"), value("note")],
    ]
}

/// A page in the language of the format.
fn content(sheet: &Sheet, font: &mut Font) -> Vec<u8> {
    let mut content = Content::new();
    content.set_line_width(0.3);
    for y in &sheet.rules {
        content.move_to(MARGIN, *y).line_to(WIDTH - MARGIN, *y).stroke();
    }
    for piece in &sheet.pieces {
        let bytes = font.encode(&piece.text);
        content.begin_text();
        content.set_font(Name(b"F"), piece.size).next_line(piece.x, piece.y).show(Str(&bytes));
        content.end_text();
    }
    content.finish().into_vec()
}

const SYSTEM: SystemInfo = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
/// The name of the part of the font: six letters of one's own choice, a plus sign, the font's name.
const FONT: Name = Name(b"STOAEV+DejaVuSansCondensed");

fn file(contents: &[Vec<u8>], font: &Embedded, title: &str) -> Vec<u8> {
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        Ref::new(next)
    };
    let [catalog, tree, info, outer, inner, descriptor, program, letters] = std::array::from_fn(|_| fresh());
    let pages: Vec<(Ref, Ref)> = contents.iter().map(|_| (fresh(), fresh())).collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree).lang(TextStr("en"));
    pdf.document_info(info).title(TextStr(title)).producer(TextStr("Stoa"));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(pages.iter().map(|(page, _)| *page)).count(count);
    for ((page, stream), content) in pages.iter().zip(contents) {
        let mut written = pdf.page(*page);
        written.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(*stream);
        written.resources().fonts().pair(Name(b"F"), outer);
        written.finish();
        pdf.stream(*stream, &deflated(content)).filter(Filter::FlateDecode);
    }
    pdf.type0_font(outer)
        .base_font(FONT)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(inner)
        .to_unicode(letters);
    let mut cid = pdf.cid_font(inner);
    cid.subtype(CidFontType::Type2).base_font(FONT).system_info(SYSTEM).font_descriptor(descriptor).default_width(0.0);
    cid.cid_to_gid_map_predefined(Name(b"Identity"));
    cid.widths().consecutive(0, font.widths.iter().copied());
    cid.finish();
    let [left, bottom, right, top] = font.bounds;
    pdf.font_descriptor(descriptor)
        .name(FONT)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(left, bottom, right, top))
        .italic_angle(0.0)
        .ascent(font.ascent)
        .descent(font.descent)
        .cap_height(font.capitals)
        .stem_v(80.0)
        .font_file2(program);
    pdf.stream(program, &deflated(&font.file)).filter(Filter::FlateDecode);
    let mut map: UnicodeCmap = UnicodeCmap::new(Name(b"Letters"), SYSTEM);
    font.letters.iter().for_each(|(glyph, letter)| map.pair(*glyph, *letter));
    pdf.cmap(letters, &map.finish());
    pdf.finish()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(rows: usize, name: &str) -> Evidence {
        let row = |at: usize| -> Vec<String> {
            TABLE
                .iter()
                .map(|(column, _)| if *column == "user_full_name" { format!("{name} {at}") } else { String::new() })
                .collect()
        };
        Evidence {
            name: "Q3".into(),
            frame: vec![("State", "closed".into())],
            header: TABLE.iter().map(|(name, _)| *name).collect(),
            rows: (0..rows).map(row).collect(),
        }
    }

    fn laid_out(evidence: &Evidence) -> Layout {
        let mut layout = Layout::new(Font::new().unwrap());
        layout.frame(evidence, "cafe", Time::default(), "Ada");
        layout.table(evidence);
        layout.foot(evidence, "cafe");
        layout
    }

    #[test]
    fn a_long_table_goes_over_pages_with_its_head_on_each_and_nothing_outside() {
        let layout = laid_out(&evidence(200, "Ada"));
        assert!(layout.pages.len() > 5);
        let mut seen = 0;
        for (at, page) in layout.pages.iter().enumerate() {
            assert!(page.pieces.iter().any(|piece| piece.text == "Person"), "page {at} has no head");
            let foot = format!("page {} of {}", at + 1, layout.pages.len());
            assert!(page.pieces.iter().any(|piece| piece.text.ends_with(&foot)));
            for piece in &page.pieces {
                assert!(piece.y >= FOOT && piece.y < HEIGHT, "{} at {}", piece.text, piece.y);
                assert!(piece.x + layout.font.width(&piece.text, piece.size) <= WIDTH - MARGIN + 1.0, "{}", piece.text);
            }
            seen += page.pieces.iter().filter(|piece| piece.text.starts_with("Ada ")).count();
        }
        assert_eq!(seen, 200, "every row is there once");
    }

    #[test]
    fn instants_are_for_people() {
        assert_eq!(readable("2026-03-01T10:20:30.123456Z"), "2026-03-01 10:20 UTC");
        assert_eq!(readable("2026-03-01T10:20:30Z"), "2026-03-01 10:20 UTC");
        for other in ["", "Autumn", "2026-03-01", "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄZ"] {
            assert_eq!(readable(other), other);
        }
    }

    #[test]
    fn a_row_longer_than_a_page_goes_on_and_long_words_break() {
        let layout = laid_out(&evidence(1, &"x".repeat(20_000)));
        assert!(layout.pages.len() > 3);
        let letters: usize = layout
            .pages
            .iter()
            .flat_map(|page| &page.pieces)
            .filter(|p| p.text.starts_with("xx"))
            .map(|p| p.text.len())
            .sum();
        assert!(letters >= 19_990, "{letters}");
    }

    #[test]
    fn the_file_is_whole_and_always_the_same() {
        let one = write(&evidence(3, "Лев"), "cafe", Time::default(), "Ada").unwrap();
        assert!(one.starts_with(b"%PDF-1.7") && one.trim_ascii_end().ends_with(b"%%EOF"));
        assert!(one.len() < 60_000, "{}", one.len());
        assert_eq!(one, write(&evidence(3, "Лев"), "cafe", Time::default(), "Ada").unwrap());
    }
}
