//! Digits as pen strokes: a JSON object `{"label":8,"strokes":[[[x,y],...],...]}` a line, gzipped or not.
//!
//! x to the right, y down, in any unit; other fields are left alone, but for a `writer`.

use std::io::Read as _;

use flate2::read::GzDecoder;
use ink::{Drawing, Point, Stroke};
use serde::Deserialize;

use crate::MAX_FILE_BYTES;

/// A digit as a pen wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenDigit {
    /// 0 to 9.
    pub label: u8,
    /// Who wrote it; empty where that is not said.
    pub writer: String,
    /// From pen down to pen up, in time order, in the unit of the file.
    pub strokes: Vec<Stroke>,
}

/// A file of strokes that cannot be used; the text is for the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum StrokesError {
    #[error("the gzip data is damaged or cut off: {0}")]
    Gzip(String),
    #[error("it unpacks to more than {} MiB", MAX_FILE_BYTES >> 20)]
    TooLarge,
    #[error("it is not text in UTF-8")]
    NotText,
    #[error("line {line} is no JSON object with a label and strokes: {why}")]
    Line { line: usize, why: String },
    #[error("line {line} has the label {label}; labels go from 0 to 9")]
    Label { line: usize, label: u64 },
    #[error("line {line} has no points, or one that is not finite")]
    Points { line: usize },
}

#[derive(Deserialize)]
struct Line {
    label: u64,
    #[serde(default)]
    writer: String,
    strokes: Vec<Vec<[f32; 2]>>,
}

/// Reads strokes; empty lines are left out.
///
/// # Errors
/// [`StrokesError`] names the line and what is wrong with it.
pub fn parse_strokes(bytes: &[u8]) -> Result<Vec<WrittenDigit>, StrokesError> {
    let mut unpacked = Vec::new();
    let text = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut source = GzDecoder::new(bytes).take(MAX_FILE_BYTES as u64 + 1);
        source.read_to_end(&mut unpacked).map_err(|error| StrokesError::Gzip(error.to_string()))?;
        &unpacked
    } else {
        bytes
    };
    if text.len() > MAX_FILE_BYTES {
        return Err(StrokesError::TooLarge);
    }
    let text = core::str::from_utf8(text).map_err(|_| StrokesError::NotText)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| parse_line(index + 1, line)).collect()
}

fn parse_line(line: usize, text: &str) -> Result<WrittenDigit, StrokesError> {
    let found: Line =
        serde_json::from_str(text).map_err(|error| StrokesError::Line { line, why: error.to_string() })?;
    let label = u8::try_from(found.label).ok().filter(|&label| label < 10);
    let label = label.ok_or(StrokesError::Label { line, label: found.label })?;
    let mut points = found.strokes.iter().flatten().flatten();
    if found.strokes.iter().all(Vec::is_empty) || !points.all(|value| value.is_finite()) {
        return Err(StrokesError::Points { line });
    }
    let stroke = |points: Vec<[f32; 2]>| points.into_iter().map(|[x, y]| Point { x, y }).collect();
    Ok(WrittenDigit { label, writer: found.writer, strokes: found.strokes.into_iter().map(stroke).collect() })
}

impl WrittenDigit {
    /// The strokes on the page's paper: their longer side takes this share of the paper's, and its middle lies at `middle`
    /// (both 0 to 1), as far as they stay on the paper.
    pub fn on_paper(&self, share: f32, middle: (f32, f32)) -> Vec<Stroke> {
        let bounds = |axis: fn(&Point) -> f32| {
            let values = self.strokes.iter().flatten().map(axis);
            (values.clone().fold(f32::INFINITY, f32::min), values.fold(f32::NEG_INFINITY, f32::max))
        };
        let ((left, right), (top, bottom)) = (bounds(|point| point.x), bounds(|point| point.y));
        let longer = (right - left).max(bottom - top);
        // A dot has no size to scale.
        let longer = if longer > 0.0 { longer } else { 1.0 };
        let scale = share * Drawing::SIDE / longer;
        let place = |value: f32, low: f32, high: f32, middle: f32| {
            let reach = 0.5 * scale * (high - low);
            let middle = (middle * Drawing::SIDE).max(reach).min((Drawing::SIDE - reach).max(reach));
            middle + scale * (value - f32::midpoint(low, high))
        };
        let point = |point: &Point| Point {
            x: place(point.x, left, right, middle.0),
            y: place(point.y, top, bottom, middle.1),
        };
        self.strokes.iter().map(|stroke| stroke.iter().map(point).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn lines_become_digits() {
        let text = "{\"label\":7,\"writer\":\"w\",\"id\":1,\"strokes\":[[[0,0],[10,0]],[[10,0],[5,20]]]}\n\n";
        let digits = parse_strokes(text.as_bytes()).unwrap();
        assert_eq!((digits.len(), digits[0].label, digits[0].writer.as_str()), (1, 7, "w"));
        let strokes = digits[0].on_paper(0.5, (0.5, 0.5));
        assert_eq!(strokes[0], [Point { x: 105.0, y: 70.0 }, Point { x: 175.0, y: 70.0 }]);
        assert_eq!(strokes[1][1], Point { x: 140.0, y: 210.0 });
        // In a corner it stays on the paper.
        assert_eq!(digits[0].on_paper(0.5, (0.0, 1.0))[1][1], Point { x: 35.0, y: 280.0 });
    }

    #[track_caller]
    fn check(text: &str, complaint: &str) {
        let error = parse_strokes(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(complaint), "{error}");
    }

    #[test]
    fn each_fault_names_its_line() {
        let good = "{\"label\":1,\"strokes\":[[[1,2]]]}\n";
        check(&format!("{good}{{\"label\":1,\"strokes\":[[[1,"), "line 2 is no JSON object");
        check(&format!("{good}{good}{{\"label\":11,\"strokes\":[[[1,2]]]}}"), "line 3 has the label 11");
        check("{\"label\":1,\"strokes\":[]}", "line 1 has no points");
        check("{\"label\":1,\"strokes\":[[[1,1e99]]]}", "line 1 ");
        assert_eq!(parse_strokes(&[0xff, 0xfe]), Err(StrokesError::NotText));
        assert!(matches!(parse_strokes(&[0x1f, 0x8b, 8, 0]), Err(StrokesError::Gzip(_))));
    }
}
