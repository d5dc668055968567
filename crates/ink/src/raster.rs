//! Grey levels of ink, and the round pen that lays them down.

use crate::Point;

/// Ink on a rectangle: 0 is paper, 255 is ink; rows from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    width: usize,
    height: usize,
    levels: Vec<u8>,
}

/// Grey levels that do not fill the rectangle they are said to fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RasterError {
    /// `width * height`.
    pub expected: usize,
    /// Levels given.
    pub found: usize,
}

impl core::fmt::Display for RasterError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{} grey levels were given where {} are needed", self.found, self.expected)
    }
}

impl core::error::Error for RasterError {}

impl Raster {
    /// Blank paper of `width` x `height` pixels.
    pub fn blank(width: usize, height: usize) -> Self {
        Self { width, height, levels: vec![0; width * height] }
    }

    /// Takes `width * height` grey levels, row by row.
    ///
    /// # Errors
    /// [`RasterError`] where the number of levels is another.
    pub fn from_levels(width: usize, height: usize, levels: Vec<u8>) -> Result<Self, RasterError> {
        let expected = width.saturating_mul(height);
        if levels.len() == expected {
            Ok(Self { width, height, levels })
        } else {
            Err(RasterError { expected, found: levels.len() })
        }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Grey levels, row by row.
    pub fn levels(&self) -> &[u8] {
        &self.levels
    }

    /// Makes the paper blank again.
    pub fn clear(&mut self) {
        self.levels.fill(0);
    }

    /// Inks everything within `radius` of the segment from `from` to `to`, all in pixels; edges are anti-aliased.
    /// What lies outside the paper is lost.
    pub fn ink_segment(&mut self, from: Point, to: Point, radius: f32) {
        let reach = radius + 1.0;
        let span = |a: f32, b: f32, limit: usize| {
            let low = (a.min(b) - reach).floor().max(0.0) as usize;
            let high = ((a.max(b) + reach).ceil().max(0.0) as usize).min(limit);
            low..high
        };
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length_squared = dx * dx + dy * dy;
        for row in span(from.y, to.y, self.height) {
            for column in span(from.x, to.x, self.width) {
                let (px, py) = (column as f32 + 0.5 - from.x, row as f32 + 0.5 - from.y);
                let along = if length_squared > 0.0 {
                    ((px * dx + py * dy) / length_squared).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let distance = (px - along * dx).hypot(py - along * dy);
                let coverage = (radius + 0.5 - distance).clamp(0.0, 1.0);
                let level = &mut self.levels[row * self.width + column];
                *level = (*level).max((255.0 * coverage + 0.5) as u8);
            }
        }
    }

    /// Inks a stroke: its points and what lies between them. One of a single point is a dot, one of none is nothing.
    pub fn ink_stroke(&mut self, points: &[Point], radius: f32) {
        if let [point] = *points {
            self.ink_segment(point, point, radius);
        }
        for pair in points.windows(2) {
            self.ink_segment(pair[0], pair[1], radius);
        }
    }

    /// Smallest rectangle that holds all ink: left, top, width and height in pixels; `None` on blank paper.
    pub fn ink_bounds(&self) -> Option<(usize, usize, usize, usize)> {
        let mut rows = self.levels.chunks_exact(self.width.max(1));
        let top = rows.position(|row| row.iter().any(|&level| level > 0))?;
        let bottom =
            self.levels.chunks_exact(self.width).rposition(|row| row.iter().any(|&level| level > 0))?;
        let inked = |column: &usize| (top..=bottom).any(|row| self.levels[row * self.width + column] > 0);
        let left = (0..self.width).find(inked)?;
        let right = (0..self.width).rfind(inked)?;
        Some((left, top, right - left + 1, bottom - top + 1))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_dot_is_round_and_of_the_right_area() {
        let mut raster = Raster::blank(40, 40);
        let centre = Point { x: 20.0, y: 20.0 };
        raster.ink_segment(centre, centre, 8.0);
        let area: f32 = raster.levels().iter().map(|&level| f32::from(level) / 255.0).sum();
        assert!((area / (core::f32::consts::PI * 64.0) - 1.0).abs() < 0.02, "{area}");
        assert_eq!(raster.ink_bounds(), Some((12, 12, 16, 16)));
    }

    #[test]
    fn ink_beyond_the_paper_is_lost_without_harm() {
        let mut raster = Raster::blank(10, 10);
        raster.ink_segment(Point { x: -50.0, y: -50.0 }, Point { x: -30.0, y: 900.0 }, 5.0);
        assert_eq!(raster.ink_bounds(), None);
    }

    #[test]
    fn levels_must_fill_the_paper() {
        let error = Raster::from_levels(3, 2, vec![0; 5]).unwrap_err();
        assert_eq!(error, RasterError { expected: 6, found: 5 });
    }
}
