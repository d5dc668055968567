//! Pictures as files and cameras give them.

use crate::{Bounds, Raster};

/// Longest side that ink is looked for in; larger pictures are averaged down first, in pixels.
const MOST_SIDE: usize = 800;

/// Brightness of a rectangle of pixels: 0 is black, 255 is white; rows from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) brightness: Vec<u8>,
}

/// Pixels that do not fill the picture they are said to fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureError {
    expected: usize,
    found: usize,
}

impl core::fmt::Display for PictureError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "the picture has {} values where {} are needed", self.found, self.expected)
    }
}

impl core::error::Error for PictureError {}

impl Picture {
    /// From `width * height` values of brightness.
    ///
    /// # Errors
    /// [`PictureError`] where the number of values is another, or zero.
    pub fn from_brightness(width: usize, height: usize, brightness: Vec<u8>) -> Result<Self, PictureError> {
        let expected = width.saturating_mul(height).max(1);
        if brightness.len() != expected {
            return Err(PictureError { expected, found: brightness.len() });
        }
        Ok(Self { width, height, brightness }.reduced())
    }

    /// From `4 * width * height` values: red, green, blue and opacity, not premultiplied. What is transparent is taken for
    /// paper, black where the ink on it is bright.
    ///
    /// # Errors
    /// [`PictureError`] where the number of values is another, or zero.
    pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Result<Self, PictureError> {
        // ITU-R BT.601.
        let luma =
            |&[r, g, b, _]: &[u8; 4]| (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b)) / 1000;
        let pixels = rgba.as_chunks::<4>().0;
        let (mut bright, mut opaque, mut clear) = (0_u64, 1_u64, 0_u64);
        for pixel in pixels {
            let opacity = u64::from(pixel[3]);
            bright += opacity * u64::from(luma(pixel));
            opaque += opacity;
            clear += 255 - opacity;
        }
        let paper = if clear > 0 && bright / opaque > 127 { 0 } else { 255 };
        let over = |pixel: &[u8; 4]| {
            let opacity = u32::from(pixel[3]);
            ((luma(pixel) * opacity + paper * (255 - opacity) + 127) / 255) as u8
        };
        Self::from_brightness(width, height, pixels.iter().map(over).collect())
    }

    /// Columns, after averaging down.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows, after averaging down.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Brightness, row by row.
    pub fn brightness(&self) -> &[u8] {
        &self.brightness
    }

    /// The part within these bounds, as far as they lie on the picture; the whole where they do not.
    #[must_use]
    pub fn cropped(&self, bounds: &Bounds) -> Self {
        let (left, top) = (bounds.left.min(self.width), bounds.top.min(self.height));
        let (right, bottom) = (bounds.right().min(self.width), bounds.bottom().min(self.height));
        if left >= right || top >= bottom {
            return self.clone();
        }
        let rows = self.brightness.chunks_exact(self.width).take(bottom).skip(top);
        let brightness = rows.flat_map(|row| row[left..right].iter().copied()).collect();
        Self { width: right - left, height: bottom - top, brightness }
    }

    /// Turned by quarters, clockwise.
    #[must_use]
    pub fn turned(&self, quarters: u32) -> Self {
        let mut turned = self.clone();
        for _ in 0..quarters % 4 {
            let (width, height) = (turned.height, turned.width);
            let brightness = (0..width * height)
                .map(|place| {
                    let (column, row) = (place % width, place / width);
                    turned.brightness[(turned.height - 1 - column) * turned.width + row]
                })
                .collect();
            turned = Self { width, height, brightness };
        }
        turned
    }

    /// Averaged over whole squares of pixels until the longer side is at most [`MOST_SIDE`].
    fn reduced(self) -> Self {
        let by = self.width.max(self.height).div_ceil(MOST_SIDE);
        if by <= 1 {
            return self;
        }
        let (width, height) = ((self.width / by).max(1), (self.height / by).max(1));
        let mut brightness = Vec::with_capacity(width * height);
        for row in 0..height {
            for column in 0..width {
                let rows = row * by..((row + 1) * by).min(self.height);
                let (mut sum, mut count) = (0, 0);
                for row in rows {
                    let start = row * self.width;
                    let columns = column * by..((column + 1) * by).min(self.width);
                    count += columns.len() as u32;
                    sum += self.brightness[start + columns.start..start + columns.end]
                        .iter()
                        .map(|&value| u32::from(value))
                        .sum::<u32>();
                }
                brightness.push(((sum + count / 2) / count.max(1)) as u8);
            }
        }
        Self { width, height, brightness }
    }

    /// The values as they are, as ink where they are bright.
    pub(crate) fn raster(width: usize, height: usize, levels: Vec<u8>) -> Raster {
        Raster::from_levels(width, height, levels).expect("a level for each place")
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn pixels_must_fill_the_picture() {
        assert!(Picture::from_brightness(2, 2, vec![0; 3]).is_err());
        assert!(Picture::from_brightness(0, 0, vec![]).is_err());
        assert!(Picture::from_rgba(2, 1, &[0; 7]).is_err());
    }

    #[test]
    fn what_is_transparent_becomes_the_paper_that_its_ink_needs() {
        let black_on_nothing = [[0, 0, 0, 255], [0, 0, 0, 0]].concat();
        assert_eq!(Picture::from_rgba(2, 1, &black_on_nothing).unwrap().brightness(), [0, 255]);
        let white_on_nothing = [[255, 255, 255, 255], [0, 0, 0, 0]].concat();
        assert_eq!(Picture::from_rgba(2, 1, &white_on_nothing).unwrap().brightness(), [255, 0]);
    }

    #[test]
    fn large_pictures_are_averaged_down() {
        let picture = Picture::from_brightness(1_600, 4, [0, 200].repeat(3_200)).unwrap();
        assert_eq!((picture.width(), picture.height()), (800, 2));
        assert!(picture.brightness().iter().all(|&value| value == 100));
    }

    #[test]
    fn a_part_can_be_cut_out() {
        let picture = Picture::from_brightness(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        let part = |left, top, width, height| {
            picture.cropped(&Bounds { left, top, width, height }).brightness().to_vec()
        };
        assert_eq!(part(1, 0, 2, 1), [2, 3]);
        assert_eq!(part(2, 1, 9, 9), [6]);
        assert_eq!(part(3, 0, 1, 1).len(), 6);
        assert_eq!(part(0, 0, 0, 2).len(), 6);
    }

    #[test]
    fn four_quarters_are_none() {
        let picture = Picture::from_brightness(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(picture.turned(1).brightness(), [4, 1, 5, 2, 6, 3]);
        assert_eq!(picture.turned(4), picture);
        assert_eq!(picture.turned(3).turned(1), picture);
    }
}
