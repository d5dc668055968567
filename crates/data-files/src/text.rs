//! Text as spreadsheets and scripts write it: its encoding, what divides its cells, its rows.

use std::borrow::Cow;

/// A row with more cells is no row of an image: 256 x 256 pixels, and some columns beside them.
pub(crate) const MAX_COLUMNS: usize = 256 * 256 + 16;

/// UTF-8, or bytes of an older encoding whose letters are left as they are: digits are the same in all of them.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, [u8]> {
    let wide = |bytes: &[u8], word: fn([u8; 2]) -> u16| {
        let words = bytes.as_chunks::<2>().0.iter().map(|&pair| word(pair));
        let text: String = char::decode_utf16(words).map(|letter| letter.unwrap_or('\u{fffd}')).collect();
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [_, 0, _, 0, ..] => wide(bytes, u16::from_le_bytes),
        [0, _, 0, _, ..] => wide(bytes, u16::from_be_bytes),
        _ => Cow::Borrowed(bytes),
    }
}

/// How cells are divided and numbers written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) separator: u8,
    /// Whether `0,5` is a half.
    pub(crate) has_decimal_commas: bool,
}

impl Dialect {
    /// What divides the cells of the first rows: that of which each row has the same number, and about the most.
    pub(crate) fn of(text: &[u8]) -> Self {
        const CANDIDATES: [u8; 5] = *b";\t|, ";
        const ROWS: usize = 5;
        let rows: Vec<&[u8]> = lines(text).map(|(_, row)| row).take(ROWS).collect();
        // How often it stands in every row; not at all where rows differ.
        let times = |separator: u8| {
            let cells = |row: &&[u8]| {
                let cells = row.split(|&byte| byte == separator);
                if separator == b' ' { cells.filter(|cell| !cell.is_empty()).count() } else { cells.count() }
            };
            let count = |row: &&[u8]| cells(row).saturating_sub(1);
            // The first may lack a name above the index.
            let first = rows.first().map_or(0, count);
            let usual = rows.get(1).map_or(first, count);
            if rows.iter().skip(1).all(|row| count(row) == usual)
                && (first == usual || first > 1 && first + 1 == usual)
            {
                usual
            } else {
                0
            }
        };
        // Decimal commas may stand in every number, and spaces behind every comma: what comes first in the list divides.
        let most = CANDIDATES.map(times).into_iter().max().unwrap_or(0);
        let divides = |separator: &u8| most > 0 && 2 * times(*separator) >= most;
        let separator = CANDIDATES.into_iter().find(divides).unwrap_or(b',');
        // Cells of one file have either commas or points.
        let has = |wanted: u8| rows.iter().any(|row| row.contains(&wanted));
        Self { separator, has_decimal_commas: separator != b',' && has(b',') }
    }

    /// The cells of a row, without quotes and spaces around them.
    pub(crate) fn cells(self, row: &[u8]) -> Cells<'_> {
        Cells { rest: Some(row), separator: self.separator }
    }

    /// A cell as a number.
    pub(crate) fn number(self, cell: &[u8]) -> Option<f64> {
        let text = core::str::from_utf8(cell).ok()?;
        let number = if self.has_decimal_commas { text.replace(',', ".").parse() } else { text.parse() };
        number.ok().filter(|number: &f64| number.is_finite())
    }

    /// What the separator is called.
    pub(crate) const fn name(self) -> &'static str {
        match self.separator {
            b';' => "semicolons",
            b'\t' => "tabs",
            b'|' => "bars",
            b' ' => "spaces",
            _ => "commas",
        }
    }
}

pub(crate) struct Cells<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Cells<'a> {
    /// Whether there are cells behind the last one that was read.
    pub(crate) const fn has_more(&self) -> bool {
        self.rest.is_some()
    }

    /// The row from the next cell on; empty behind the last one.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest.unwrap_or_default()
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let rest = if self.separator == b' ' { rest.trim_ascii_start() } else { rest };
        // Within quotes a separator divides nothing.
        let from = if rest.first() == Some(&b'"') {
            rest[1..].iter().position(|&byte| byte == b'"').map_or(0, |end| end + 2)
        } else {
            0
        };
        let end = rest[from..].iter().position(|&byte| byte == self.separator).map(|end| from + end);
        self.rest = end.map(|end| &rest[end + 1..]);
        let cell = rest[..end.unwrap_or(rest.len())].trim_ascii();
        Some(cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell).trim_ascii())
    }
}

/// Rows that are not empty, with their numbers, from 1. Rows end with `\n`, `\r\n` or `\r`.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    const LOOKED_AT: usize = 1 << 20;
    let start = &text[..text.len().min(LOOKED_AT)];
    // A Mac of before 2001 wrote `\r` alone.
    let end = if !start.contains(&b'\n') && start.contains(&b'\r') { b'\r' } else { b'\n' };
    text.split(move |&byte| byte == end)
        .enumerate()
        .map(|(index, row)| (index + 1, trim_spaces(row.strip_suffix(b"\r").unwrap_or(row))))
        .filter(|(number, row)| match row {
            // `sep=;`, comments, and what ARFF has before its rows.
            [b's', b'e', b'p', b'=', _] => *number > 1,
            [b'#' | b'%' | b'@', ..] => false,
            // Spreadsheets end with rows of empty cells; DOS with ^Z.
            _ if *number > 1 => !row
                .iter()
                .all(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'|' | 0 | 0x1a)),
            _ => !row.trim_ascii().is_empty(),
        })
}

/// Without spaces around it; tabs may divide cells of which the first is empty.
fn trim_spaces(row: &[u8]) -> &[u8] {
    let start = row.iter().position(|&byte| byte != b' ').unwrap_or(row.len());
    let end = row.iter().rposition(|&byte| byte != b' ').map_or(start, |at| at + 1);
    &row[start..end]
}

/// Bytes for a message: short, and whatever they are.
pub(crate) fn shown(cell: &[u8]) -> String {
    const LONGEST: usize = 24;
    let text = String::from_utf8_lossy(cell);
    if text.chars().count() > LONGEST {
        text.chars().take(LONGEST).chain(['…']).collect()
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn cells(text: &[u8]) -> Vec<Vec<String>> {
        let text = decode(text);
        let dialect = Dialect::of(&text);
        let row = |row| dialect.cells(row).map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        lines(&text).map(|(_, text)| row(text)).collect()
    }

    #[test]
    fn cells_are_found_whatever_divides_them() {
        let wide =
            |text: &str, word: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(word).collect::<Vec<_>>();
        for text in [
            &b"a,b c\n1,2\n"[..],
            b"\xef\xbb\xbf\"a\";\"b c\"\r\n1;2\r\n",
            b"a\tb c\n1\t2",
            b"a|b c\n\n 1 | 2\n",
            b"a,b c\r1,2\r",
            &wide("\u{feff}a;b c\r\n1;2", u16::to_le_bytes),
            &wide("\u{feff}a;b c\r\n1;2", u16::to_be_bytes),
            &wide("a,b c\n1,2", u16::to_le_bytes),
        ] {
            assert_eq!(cells(text), [["a", "b c"], ["1", "2"]], "{text:?}");
        }
        assert_eq!(cells(b"\"a, b\",c\n\"1\",2\n"), [["a, b", "c"], ["1", "2"]]);
        assert_eq!(cells(b"1 2 3\n4 5 6\n")[1], ["4", "5", "6"]);
    }

    #[test]
    fn decimal_commas_are_no_separators() {
        let dialect = Dialect::of(b"7;0,5;0;1\n8;0,25;0,5;0\n");
        assert_eq!(dialect, Dialect { separator: b';', has_decimal_commas: true });
        assert_eq!((dialect.number(b"0,5"), dialect.number(b"x")), (Some(0.5), None));
        assert_eq!(dialect.number(b"nan"), None);
    }
}
