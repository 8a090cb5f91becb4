//! The font of documents: DejaVu Sans Condensed, of which only the glyphs in use go into a file. It has Latin, Greek, Cyrillic,
//! Armenian and Georgian letters, and most signs. What it can't show well (ideographs, scripts that are shaped or run from
//! right to left) is shown by its number, `[U+674E]`, and never left out: the table has it as it is.

use std::collections::BTreeMap;
use stoa_kernel::{Error, Result};
use subsetter::GlyphRemapper;
use ttf_parser::Face;

/// The font file, from its package.
fn file() -> &'static [u8] {
    dejavu::sans_condensed::regular()
}

/// The font, and which of its glyphs a document uses.
pub struct Font {
    face: Face<'static>,
    glyphs: GlyphRemapper,
    letters: BTreeMap<u16, char>,
}

/// What of a font goes into a file.
pub struct Embedded {
    /// The font file with the used glyphs only.
    pub file: Vec<u8>,
    /// Widths of these glyphs in order, in thousandths of the size.
    pub widths: Vec<f32>,
    /// Which letter each glyph shows.
    pub letters: BTreeMap<u16, char>,
    /// The box around all glyphs, in thousandths: left, bottom, right, top.
    pub bounds: [f32; 4],
    /// Height above the line, in thousandths.
    pub ascent: f32,
    /// Depth below the line, in thousandths.
    pub descent: f32,
    /// Height of capitals, in thousandths.
    pub capitals: f32,
}

/// Scripts that need shaping or run from right to left, and signs that change the direction.
fn needs_shaping(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0590..=0x08FF | 0x0900..=0x109F | 0x1780..=0x17FF | 0x200B..=0x200F | 0x2028..=0x202E | 0x2066..=0x2069
        | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF)
}

impl Font {
    /// The font, of which nothing is used yet.
    ///
    /// # Errors
    /// Broken if the font file is.
    pub fn new() -> Result<Font> {
        let face = Face::parse(file(), 0).map_err(|error| Error::broken(format!("the font of documents: {error}")))?;
        Ok(Font { face, glyphs: GlyphRemapper::new(), letters: BTreeMap::new() })
    }

    /// The text as it can be shown: blanks for line ends, numbers for what the font has not.
    pub fn showable(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for letter in text.chars() {
            if letter.is_whitespace() || letter.is_control() {
                out.push(' ');
            } else if needs_shaping(letter) || self.face.glyph_index(letter).is_none() {
                out.push_str(&format!("[U+{:04X}]", u32::from(letter)));
            } else {
                out.push(letter);
            }
        }
        out
    }

    /// The width of a showable text at a size, in points.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        let units: u32 =
            text.chars().filter_map(|letter| self.face.glyph_index(letter)).map(|g| self.advance(g.0)).sum();
        self.scaled(units as f32) * size / 1000.0
    }

    /// A showable text as the numbers of its glyphs in the file.
    pub fn encode(&mut self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() * 2);
        for letter in text.chars() {
            let glyph = self.face.glyph_index(letter).map_or(0, |glyph| glyph.0);
            let number = self.glyphs.remap(glyph);
            self.letters.entry(number).or_insert(letter);
            out.extend(number.to_be_bytes());
        }
        out
    }

    /// What of it goes into the file.
    ///
    /// # Errors
    /// Broken if the font file is.
    pub fn embedded(self) -> Result<Embedded> {
        let file = subsetter::subset(file(), 0, &self.glyphs);
        let file = file.map_err(|error| Error::broken(format!("the font of documents: {error}")))?;
        let bounds = self.face.global_bounding_box();
        Ok(Embedded {
            file,
            widths: self.glyphs.remapped_gids().map(|glyph| self.scaled(self.advance(glyph) as f32)).collect(),
            bounds: [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|units| self.scaled(f32::from(units))),
            ascent: self.scaled(f32::from(self.face.ascender())),
            descent: self.scaled(f32::from(self.face.descender())),
            capitals: self.scaled(f32::from(self.face.capital_height().unwrap_or(self.face.ascender()))),
            letters: self.letters,
        })
    }

    fn advance(&self, glyph: u16) -> u32 {
        u32::from(self.face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0))
    }

    /// Units of the font in thousandths of its size.
    fn scaled(&self, units: f32) -> f32 {
        units * 1000.0 / f32::from(self.face.units_per_em())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_scripts_are_shown_and_others_by_number() {
        let font = Font::new().unwrap();
        for name in ["Łukasz Żółć", "Öğretmen Şimşek", "Νίκος", "Лев Толстой", "Kārlis Ēriks", "Đặng"]
        {
            assert_eq!(font.showable(name), name);
        }
        assert_eq!(font.showable("李\n明"), "[U+674E] [U+660E]");
        assert_eq!(font.showable("\u{202E}a"), "[U+202E]a", "nothing turns the direction");
        assert_eq!(font.showable("\u{05D0}"), "[U+05D0]");
    }

    #[test]
    fn only_what_is_used_goes_into_a_file() {
        let mut font = Font::new().unwrap();
        assert!(font.width("WW", 10.0) > font.width("ii", 10.0));
        assert_eq!(font.encode("aba"), [0, 1, 0, 2, 0, 1]);
        let embedded = font.embedded().unwrap();
        assert_eq!(embedded.widths.len(), 3);
        assert_eq!(embedded.letters.values().collect::<String>(), "ab");
        assert!(embedded.file.len() < 20_000, "{}", embedded.file.len());
    }
}
