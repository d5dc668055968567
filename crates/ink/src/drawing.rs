//! What a hand has drawn: strokes on square paper, with undo.

use serde::{Deserialize, Serialize};

use crate::{Image, Raster, normalise};

/// A place on the paper, in its own units; x to the right, y down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// The points from pen down to pen up.
pub type Stroke = Vec<Point>;

/// Strokes on a square of paper, and the ink they leave.
#[derive(Clone, Debug)]
pub struct Drawing {
    strokes: Vec<Stroke>,
    raster: Raster,
    pen_radius: f32,
    /// Whether the last stroke is under way.
    pen_is_down: bool,
}

impl Default for Drawing {
    fn default() -> Self {
        Self::new()
    }
}

impl Drawing {
    /// Side of the paper; a canvas of any size on the screen maps onto it.
    pub const SIDE: f32 = 280.0;
    /// Radius of the pen: at the usual size of a digit its line is as wide as MNIST's.
    pub const PEN_RADIUS: f32 = 11.0;
    /// The finest and the broadest pen.
    pub const PEN_RADII: core::ops::RangeInclusive<f32> = 3.0..=24.0;

    /// Blank paper.
    pub fn new() -> Self {
        let raster = Raster::blank(Self::SIDE as usize, Self::SIDE as usize);
        Self { strokes: Vec::new(), raster, pen_radius: Self::PEN_RADIUS, pen_is_down: false }
    }

    /// Paper with these strokes on it.
    pub fn from_strokes(strokes: Vec<Stroke>) -> Self {
        let mut drawing = Self::new();
        drawing.strokes = strokes;
        drawing.redraw();
        drawing
    }

    /// Puts the pen down.
    pub fn pen_down(&mut self, point: Point) {
        self.pen_is_down = true;
        self.strokes.push(vec![point]);
        self.raster.ink_segment(point, point, self.pen_radius);
    }

    /// Moves the pen; the same as [`pen_down`](Self::pen_down) where no stroke is under way.
    pub fn pen_move(&mut self, point: Point) {
        let Some(stroke) = self.strokes.last_mut().filter(|_| self.pen_is_down) else {
            return self.pen_down(point);
        };
        let from = stroke.last().copied().unwrap_or(point);
        stroke.push(point);
        self.raster.ink_segment(from, point, self.pen_radius);
    }

    /// Changes the pen for all strokes, those that are drawn already too: how wide a line is says nothing of a digit. In units of
    /// the paper, as near as [`PEN_RADII`](Self::PEN_RADII) allow.
    pub fn set_pen_radius(&mut self, radius: f32) {
        self.pen_radius = radius.clamp(*Self::PEN_RADII.start(), *Self::PEN_RADII.end());
        self.redraw();
    }

    /// Radius of the pen, in units of the paper.
    pub fn pen_radius(&self) -> f32 {
        self.pen_radius
    }

    /// Takes back the last stroke; false where there is none.
    pub fn undo(&mut self) -> bool {
        // The stroke under way is gone too: what the pen goes on to draw is a stroke of its own.
        self.pen_is_down = false;
        let undone = self.strokes.pop().is_some();
        self.redraw();
        undone
    }

    /// Takes back everything and returns it.
    pub fn clear(&mut self) -> Vec<Stroke> {
        self.raster.clear();
        self.pen_is_down = false;
        core::mem::take(&mut self.strokes)
    }

    /// The strokes, oldest first.
    pub fn strokes(&self) -> &[Stroke] {
        &self.strokes
    }

    /// The ink.
    pub fn raster(&self) -> &Raster {
        &self.raster
    }

    /// The image that a network reads; `None` while there is no ink.
    pub fn image(&self) -> Option<Image> {
        normalise(&self.raster)
    }

    fn redraw(&mut self) {
        self.raster.clear();
        for stroke in &self.strokes {
            self.raster.ink_stroke(stroke, self.pen_radius);
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const fn at(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn drawing_step_by_step_and_at_once_leave_the_same_ink() {
        let mut drawing = Drawing::new();
        drawing.pen_down(at(60.0, 60.0));
        drawing.pen_move(at(200.0, 60.0));
        drawing.pen_move(at(100.0, 220.0));
        drawing.pen_down(at(80.0, 140.0));
        drawing.pen_move(at(180.0, 140.0));
        let at_once = Drawing::from_strokes(drawing.strokes().to_vec());
        assert_eq!(drawing.raster(), at_once.raster());
    }

    #[test]
    fn another_pen_inks_all_strokes_anew() {
        let strokes = vec![vec![at(60.0, 60.0), at(60.0, 200.0)]];
        let mut drawing = Drawing::from_strokes(strokes.clone());
        let ink = |drawing: &Drawing| drawing.raster().levels().iter().filter(|&&level| level > 0).count();
        let usual = ink(&drawing);
        drawing.set_pen_radius(4.0);
        assert!(2 * ink(&drawing) < usual);
        drawing.set_pen_radius(1_000.0);
        assert_eq!(drawing.pen_radius(), *Drawing::PEN_RADII.end());
        assert_eq!(drawing.strokes(), strokes);
        drawing.set_pen_radius(Drawing::PEN_RADIUS);
        assert_eq!(ink(&drawing), usual);
    }

    #[test]
    fn undo_takes_back_one_stroke_at_a_time() {
        let mut drawing = Drawing::new();
        drawing.pen_down(at(60.0, 60.0));
        let one_stroke = drawing.image();
        drawing.pen_down(at(200.0, 200.0));
        assert_ne!(drawing.image(), one_stroke);
        assert!(drawing.undo());
        assert_eq!(drawing.image(), one_stroke);
        assert!(drawing.undo());
        assert!(!drawing.undo());
        assert_eq!(drawing.image(), None);
    }

    #[test]
    fn a_stroke_that_is_undone_under_way_leaves_the_one_before_alone() {
        let mut drawing = Drawing::from_strokes(vec![vec![at(60.0, 60.0), at(60.0, 200.0)]]);
        drawing.pen_down(at(200.0, 60.0));
        drawing.undo();
        drawing.pen_move(at(200.0, 100.0));
        drawing.pen_move(at(200.0, 140.0));
        let lengths: Vec<usize> = drawing.strokes().iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 2]);
    }

    #[test]
    fn clear_gives_back_what_was_there() {
        let mut drawing = Drawing::new();
        drawing.pen_down(at(60.0, 60.0));
        let image = drawing.image();
        let strokes = drawing.clear();
        assert!(drawing.strokes().is_empty() && drawing.image().is_none());
        assert_eq!(Drawing::from_strokes(strokes).image(), image);
    }
}
