//! A pen that keys move, cell by cell: the paper is as many cells wide as the image that a network sees.

use crate::{Drawing, Point, SIDE};

/// What a key has the pen do.
#[derive(Clone, Debug, PartialEq)]
pub enum PenKey {
    /// Moves the cursor with the pen up.
    Moved,
    /// Puts the pen down.
    Down(Point),
    /// Moves it along the paper.
    Drawn(Point),
    /// Inks one cell.
    Dot(Point),
    /// Takes back the last stroke.
    Undo,
    /// Lifts the pen and leaves the paper.
    Leave,
    /// Says where the cursor is.
    Say,
}

/// The cursor and the pen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyboardPen {
    /// From the left, 0 to 27.
    column: usize,
    /// From above, 0 to 27.
    row: usize,
    is_down: bool,
}

impl Default for KeyboardPen {
    fn default() -> Self {
        Self { column: SIDE / 2, row: SIDE / 2, is_down: false }
    }
}

impl KeyboardPen {
    /// Cells that an arrow moves the cursor by with the Shift key.
    const STRIDE: usize = 4;
    /// Side of a cell, in units of the paper.
    const CELL: f32 = Drawing::SIDE / SIDE as f32;

    /// Takes a key by the name that browsers give it; `None` where it means nothing here.
    pub fn on_key(&mut self, key: &str, shift: bool) -> Option<PenKey> {
        let step = if shift { Self::STRIDE } else { 1 };
        let last = SIDE - 1;
        match key {
            "ArrowLeft" => self.column = self.column.saturating_sub(step),
            "ArrowRight" => self.column = (self.column + step).min(last),
            "ArrowUp" => self.row = self.row.saturating_sub(step),
            "ArrowDown" => self.row = (self.row + step).min(last),
            " " => {
                self.is_down = !self.is_down;
                return Some(if self.is_down { PenKey::Down(self.place()) } else { PenKey::Moved });
            }
            "Enter" => {
                self.is_down = false;
                return Some(PenKey::Dot(self.place()));
            }
            "Backspace" => {
                self.is_down = false;
                return Some(PenKey::Undo);
            }
            "Escape" => {
                self.is_down = false;
                return Some(PenKey::Leave);
            }
            "?" => return Some(PenKey::Say),
            _ => return None,
        }
        Some(if self.is_down { PenKey::Drawn(self.place()) } else { PenKey::Moved })
    }

    /// The middle of the cursor's cell.
    pub fn place(&self) -> Point {
        let middle = |cell: usize| (cell as f32 + 0.5) * Self::CELL;
        Point { x: middle(self.column), y: middle(self.row) }
    }

    /// Where the cursor's cell begins, as shares of the paper: from the left, from above.
    pub fn corner(&self) -> (f64, f64) {
        (self.column as f64 / SIDE as f64, self.row as f64 / SIDE as f64)
    }

    /// Whether the pen is down.
    pub fn is_down(&self) -> bool {
        self.is_down
    }

    /// Where it is, in words.
    pub fn said(&self) -> String {
        let pen = if self.is_down { "down" } else { "up" };
        format!("Column {} of {SIDE}, row {} of {SIDE}, pen {pen}", self.column + 1, self.row + 1)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn press(drawing: &mut Drawing, pen: &mut KeyboardPen, keys: &[(&str, bool)]) {
        for (key, shift) in keys {
            match pen.on_key(key, *shift) {
                Some(PenKey::Down(point) | PenKey::Dot(point)) => drawing.pen_down(point),
                Some(PenKey::Drawn(point)) => drawing.pen_move(point),
                Some(PenKey::Undo) => {
                    drawing.undo();
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_one_is_drawn_by_keys() {
        let (mut drawing, mut pen) = (Drawing::new(), KeyboardPen::default());
        press(&mut drawing, &mut pen, &[("ArrowUp", true), ("ArrowUp", true), (" ", false)]);
        press(&mut drawing, &mut pen, &[("ArrowDown", true); 4]);
        press(&mut drawing, &mut pen, &[(" ", false), ("ArrowLeft", false)]);
        assert_eq!(drawing.strokes().len(), 1);
        let stroke = &drawing.strokes()[0];
        assert_eq!((stroke[0], stroke[4]), (Point { x: 145.0, y: 65.0 }, Point { x: 145.0, y: 225.0 }));
        assert_eq!(pen.said(), "Column 14 of 28, row 23 of 28, pen up");
        press(&mut drawing, &mut pen, &[("Enter", false), ("Backspace", false), ("Backspace", false)]);
        assert!(drawing.strokes().is_empty());
    }

    #[test]
    fn the_cursor_stays_on_the_paper() {
        let mut pen = KeyboardPen::default();
        for _ in 0..9 {
            assert_eq!(pen.on_key("ArrowRight", true), Some(PenKey::Moved));
            assert_eq!(pen.on_key("ArrowUp", true), Some(PenKey::Moved));
        }
        assert_eq!(pen.corner(), (27.0 / 28.0, 0.0));
        assert_eq!(pen.on_key("a", false), None);
    }
}
