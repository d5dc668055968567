//! The list of labels beside a folder of pictures: CSV with the columns `file` and `label`; others are left alone.

use serde::Deserialize;

/// A list that cannot be used; the text is for the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum LabelsError {
    #[error("labels.csv: {0}")]
    Row(String),
    #[error("labels.csv: row {row} has the label {label}; labels go from 0 to 9")]
    Label { row: usize, label: u8 },
    #[error("labels.csv names no pictures")]
    Empty,
}

#[derive(Deserialize)]
struct Row {
    file: String,
    label: u8,
}

/// File names and their labels, in the order of the list.
///
/// # Errors
/// [`LabelsError`] names the row.
pub fn parse_labels(bytes: &[u8]) -> Result<Vec<(String, u8)>, LabelsError> {
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let mut labels = Vec::new();
    for (index, row) in rows.deserialize().enumerate() {
        let Row { file, label } = row.map_err(|error| LabelsError::Row(error.to_string()))?;
        if label > 9 {
            // The first row is the header.
            return Err(LabelsError::Label { row: index + 2, label });
        }
        labels.push((file, label));
    }
    if labels.is_empty() { Err(LabelsError::Empty) } else { Ok(labels) }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[(&str, u8)], &str>) {
        let found = parse_labels(text.as_bytes()).map_err(|error| error.to_string());
        let expected =
            expected.map(|rows| rows.iter().map(|&(name, label)| (name.to_owned(), label)).collect());
        assert_eq!(found, expected.map_err(String::from));
    }

    #[test]
    fn rows_name_files_and_labels() {
        check("file,label\na.png,3\nb.png, 4\n", Ok(&[("a.png", 3), ("b.png", 4)]));
        check("writer,label,file\nx,9,\"c, d.jpg\"\n", Ok(&[("c, d.jpg", 9)]));
        check("file,label\n", Err("labels.csv names no pictures"));
        check("file,label\na.png,12\n", Err("labels.csv: row 2 has the label 12; labels go from 0 to 9"));
    }

    #[test]
    fn a_bad_row_is_named() {
        let error = parse_labels(b"file,label\na.png,x\n").unwrap_err().to_string();
        assert!(error.contains("line: 2") && error.contains("field 1"), "{error}");
        assert!(parse_labels(b"name,digit\na,1\n").unwrap_err().to_string().contains("file"));
    }
}
