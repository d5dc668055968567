//! Images as rows of comma-separated values: the label first, then 784 pixels.
//!
//! As in Kaggle's Digit Recognizer: its `train.csv` has a header, other files have none.

use ink::PIXELS;

use crate::{IdxImages, LabelledImages};

/// A CSV file that cannot be used; the text is for the person who gave it. Rows and columns are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum CsvError {
    #[error("it is not text in UTF-8")]
    NotText,
    #[error("row {row} has {found} columns; a label and {PIXELS} pixels are needed")]
    Columns { row: usize, found: usize },
    #[error("row {row}, column {column} is {text:?}; a label from 0 to 9 is needed")]
    Label { row: usize, column: usize, text: String },
    #[error("row {row}, column {column} is {text:?}; a whole number from 0 to 255 is needed")]
    Pixel { row: usize, column: usize, text: String },
    #[error("it has no rows")]
    Empty,
}

/// Reads labelled rows, with or without a header; empty rows are left out. Bright on dark or dark on light: each image as a
/// network reads it.
///
/// # Errors
/// [`CsvError`] names the row and the column.
pub fn parse_csv(bytes: &[u8]) -> Result<LabelledImages, CsvError> {
    let text = core::str::from_utf8(bytes).map_err(|_| CsvError::NotText)?;
    let mut labels = Vec::new();
    let mut values = Vec::new();
    let mut rows = text.trim_start_matches('\u{feff}').lines().enumerate().peekable();
    // A header begins with a name.
    rows.next_if(|(_, row)| row.trim_start_matches('"').starts_with(|first: char| first.is_alphabetic()));
    for (index, text) in rows.filter(|(_, text)| !text.trim().is_empty()) {
        let row = index + 1;
        let found = text.split(',').count();
        if found != PIXELS + 1 {
            return Err(CsvError::Columns { row, found });
        }
        let mut cells = text.split(',').map(|cell| cell.trim().trim_matches('"')).enumerate();
        let (_, label) = cells.next().unwrap_or_default();
        let digit = label.parse().ok().filter(|&digit: &u8| digit < 10);
        labels.push(digit.ok_or_else(|| CsvError::Label { row, column: 1, text: label.to_owned() })?);
        for (index, cell) in cells {
            let level = cell.parse::<u8>();
            values.push(level.map_err(|_| CsvError::Pixel {
                row,
                column: index + 1,
                text: cell.to_owned(),
            })?);
        }
    }
    if labels.is_empty() {
        return Err(CsvError::Empty);
    }
    let pixels = IdxImages { width: ink::SIDE, height: ink::SIDE, values }.through_pipeline();
    Ok(LabelledImages { pixels, labels })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// A row whose first pixel alone is said.
    fn row(label: &str, pixel: &str) -> String {
        format!("{label},{pixel}{}\n", ",0".repeat(PIXELS - 1))
    }

    #[test]
    fn rows_are_read_with_a_header_and_without() {
        let rows = format!("{}\r\n{}", row("7", "255").trim_end(), row("0", "3"));
        for text in
            [rows.clone(), format!("label,pixel0,pixel1\n{rows}"), format!("\u{feff}\"label\"\n{rows}")]
        {
            let images = parse_csv(text.as_bytes()).unwrap();
            assert_eq!(images.labels, [7, 0]);
            // The only pixel fills the box of the pipeline.
            assert_eq!((images.image(0)[14 * 28 + 14], images.image(1)[14 * 28 + 14]), (255, 3));
        }
    }

    #[track_caller]
    fn check(text: &str, complaint: &str) {
        assert_eq!(parse_csv(text.as_bytes()).unwrap_err().to_string(), complaint);
    }

    #[test]
    fn each_fault_names_its_row_and_column() {
        let good = row("1", "2");
        check("", "it has no rows");
        check(&format!("{good}5,1,2\n"), "row 2 has 3 columns; a label and 784 pixels are needed");
        check(&row("x1", "2"), "it has no rows");
        check(
            &format!("{good}{}", row("12", "2")),
            "row 2, column 1 is \"12\"; a label from 0 to 9 is needed",
        );
        check(&row("1", "256"), "row 1, column 2 is \"256\"; a whole number from 0 to 255 is needed");
        check(&row("1", ""), "row 1, column 2 is \"\"; a whole number from 0 to 255 is needed");
        assert_eq!(parse_csv(&[0xff, 0xfe]), Err(CsvError::NotText));
    }
}
