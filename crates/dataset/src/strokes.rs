//! Digits as a pen wrote them.

use ink::{Drawing, PIXELS, Point, Stroke};

use crate::LabelledImages;

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

/// Written digits on the page's canvas, each in the middle of the paper, keeping its shape.
pub fn drawn_digits(written: &[WrittenDigit]) -> LabelledImages {
    const FILLED: f32 = 0.65;
    let mut images = LabelledImages::default();
    for digit in written {
        let image = Drawing::from_strokes(digit.on_paper(FILLED, (0.5, 0.5))).image();
        // Strokes have points, and each leaves ink.
        images.push(&image.unwrap_or([0; PIXELS]), digit.label);
    }
    images
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn strokes_are_placed_on_the_paper() {
        let line = |points: &[(f32, f32)]| points.iter().map(|&(x, y)| Point { x, y }).collect();
        let strokes = vec![line(&[(0.0, 0.0), (10.0, 0.0)]), line(&[(10.0, 0.0), (5.0, 20.0)])];
        let digit = WrittenDigit { label: 7, writer: String::new(), strokes };
        let strokes = digit.on_paper(0.5, (0.5, 0.5));
        assert_eq!(strokes[0], [Point { x: 105.0, y: 70.0 }, Point { x: 175.0, y: 70.0 }]);
        assert_eq!(strokes[1][1], Point { x: 140.0, y: 210.0 });
        // In a corner it stays on the paper.
        assert_eq!(digit.on_paper(0.5, (0.0, 1.0))[1][1], Point { x: 35.0, y: 280.0 });
    }
}
