//! Digits as pen strokes: a JSON object `{"label":8,"strokes":[[[x,y],...],...]}` a line.
//!
//! x to the right, y down, in any unit; other fields are left alone, but for a `writer`.

use dataset::WrittenDigit;
use ink::Point;
use serde::Deserialize;

use crate::{ImportError, SourceFile, unpack::unpack};

#[derive(Deserialize)]
struct Line {
    label: u64,
    #[serde(default)]
    writer: String,
    strokes: Vec<Vec<[f32; 2]>>,
}

/// Reads strokes, packed or not; empty lines are left out.
///
/// # Errors
/// [`ImportError`] names the line and what is wrong with it.
pub fn parse_strokes(path: &str, bytes: &[u8]) -> Result<Vec<WrittenDigit>, ImportError> {
    let files = unpack(vec![SourceFile::new(path, bytes.to_vec())])?;
    let mut digits = Vec::new();
    for file in &files {
        digits.extend(read(file)?);
    }
    Ok(digits)
}

pub(crate) fn read(file: &SourceFile) -> Result<Vec<WrittenDigit>, ImportError> {
    let text = core::str::from_utf8(&file.bytes);
    let text = text.map_err(|_| ImportError::file(&file.path, "it is not text in UTF-8"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            parse_line(line).map_err(|why| ImportError::Row { file: file.path.clone(), row: index + 1, why })
        })
        .collect()
}

fn parse_line(text: &str) -> Result<WrittenDigit, String> {
    let found: Line = serde_json::from_str(text)
        .map_err(|error| format!("it is no JSON object with a label and strokes: {error}"))?;
    let label = u8::try_from(found.label).ok().filter(|&label| label < 10);
    let label = label.ok_or_else(|| format!("it has the label {}; labels go from 0 to 9", found.label))?;
    let mut points = found.strokes.iter().flatten().flatten();
    if found.strokes.iter().all(Vec::is_empty) || !points.all(|value| value.is_finite()) {
        return Err("it has no points, or one that is not finite".into());
    }
    let stroke = |points: Vec<[f32; 2]>| points.into_iter().map(|[x, y]| Point { x, y }).collect();
    Ok(WrittenDigit { label, writer: found.writer, strokes: found.strokes.into_iter().map(stroke).collect() })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn lines_become_digits() {
        let text = "{\"label\":7,\"writer\":\"w\",\"id\":1,\"strokes\":[[[0,0],[10,0]],[[10,0],[5,20]]]}\n\n";
        let digits = parse_strokes("a", text.as_bytes()).unwrap();
        assert_eq!((digits.len(), digits[0].label, digits[0].writer.as_str()), (1, 7, "w"));
    }

    #[track_caller]
    fn check(text: &str, complaint: &str) {
        let error = parse_strokes("a", text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(complaint), "{error}");
    }

    #[test]
    fn each_fault_names_its_line() {
        let good = "{\"label\":1,\"strokes\":[[[1,2]]]}\n";
        check(&format!("{good}{{\"label\":1,\"strokes\":[[[1,"), "a, row 2: it is no JSON object");
        check(
            &format!("{good}{good}{{\"label\":11,\"strokes\":[[[1,2]]]}}"),
            "a, row 3: it has the label 11",
        );
        check("{\"label\":1,\"strokes\":[]}", "a, row 1: it has no points");
        check("{\"label\":1,\"strokes\":[[[1,1e99]]]}", "a, row 1: ");
    }
}
