//! Pooling of maps whose channels stand last: windows without padding, what is left over at the right and below
//! dropped.

use pulp::Arch;

/// The geometry of a pooling layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Images in the batch.
    pub images: usize,
    /// Rows of an input map.
    pub height: usize,
    /// Columns of an input map.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Side of a window, in pixels: 1 to 7.
    pub kernel: usize,
    /// Pixels from one window to the next, down and across: 1 to 7.
    pub stride: usize,
}

impl PoolShape {
    /// Rows of an output map.
    pub const fn output_height(&self) -> usize {
        (self.height - self.kernel) / self.stride + 1
    }

    /// Columns of an output map.
    pub const fn output_width(&self) -> usize {
        (self.width - self.kernel) / self.stride + 1
    }

    /// Values of the whole input.
    pub const fn input_size(&self) -> usize {
        self.images * self.height * self.width * self.channels
    }

    /// Values of the whole output.
    pub const fn output_size(&self) -> usize {
        self.images * self.output_height() * self.output_width() * self.channels
    }

    fn check(&self) {
        assert!((1..=7).contains(&self.kernel) && (1..=7).contains(&self.stride), "{self:?}");
        assert!(self.height.min(self.width) >= self.kernel && self.channels > 0, "{self:?}");
    }

    /// Calls `visit` for every place of every window: number of the output pixel, place in the window, and the first
    /// value of the input pixel.
    #[inline(always)]
    fn for_each_place(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let mut pixel = 0;
        for image in 0..self.images {
            for y in 0..self.output_height() {
                for x in 0..self.output_width() {
                    let corner = (image * self.height + y * self.stride) * self.width + x * self.stride;
                    for place in 0..self.kernel * self.kernel {
                        let from = corner + place / self.kernel * self.width + place % self.kernel;
                        visit(pixel, place, from * self.channels);
                    }
                    pixel += 1;
                }
            }
        }
    }
}

/// The largest value of every window; and its place there (row by row, the first one among equals), which
/// [`max_pool2d_backward`] takes.
///
/// `input` is `[images, height, width, channels]`, the result `[images, output height, output width, channels]`. What
/// is not a number counts as the largest.
///
/// # Panics
/// Where the input has another length than the shape says, or kernel or stride is out of range.
pub fn max_pool2d(shape: &PoolShape, input: &[f32]) -> (Vec<f32>, Vec<u32>) {
    shape.check();
    assert_eq!(input.len(), shape.input_size(), "input");
    let channels = shape.channels;
    let mut output = vec![0.0; shape.output_size()];
    let mut winners = vec![0; shape.output_size()];
    Arch::new().dispatch(|| {
        shape.for_each_place(|pixel, place, from| {
            let own = pixel * channels..(pixel + 1) * channels;
            let values = &input[from..from + channels];
            if place == 0 {
                output[own].copy_from_slice(values);
                return;
            }
            let largest = output[own.clone()].iter_mut().zip(&mut winners[own]);
            for ((largest, winner), &value) in largest.zip(values) {
                let larger = value > *largest || value.is_nan();
                *largest = if larger { value } else { *largest };
                *winner = if larger { place as u32 } else { *winner };
            }
        });
    });
    (output, winners)
}

/// The gradient of [`max_pool2d`] for its input; `gradient` is laid out as its output.
///
/// # Panics
/// Where a slice has another length than the shape says.
pub fn max_pool2d_backward(shape: &PoolShape, winners: &[u32], gradient: &[f32]) -> Vec<f32> {
    shape.check();
    assert_eq!([winners.len(), gradient.len()], [shape.output_size(); 2], "gradient");
    let channels = shape.channels;
    let mut input = vec![0.0; shape.input_size()];
    Arch::new().dispatch(|| {
        shape.for_each_place(|pixel, place, to| {
            let own = pixel * channels..(pixel + 1) * channels;
            let arrived = gradient[own.clone()].iter().zip(&winners[own]);
            for (to, (&gradient, &winner)) in input[to..to + channels].iter_mut().zip(arrived) {
                *to += if winner == place as u32 { gradient } else { 0.0 };
            }
        });
    });
    input
}

/// The mean of every window: layouts as for [`max_pool2d`].
///
/// # Panics
/// Where the input has another length than the shape says, or kernel or stride is out of range.
pub fn avg_pool2d(shape: &PoolShape, input: &[f32]) -> Vec<f32> {
    shape.check();
    assert_eq!(input.len(), shape.input_size(), "input");
    let (channels, share) = (shape.channels, ((shape.kernel * shape.kernel) as f32).recip());
    let last = shape.kernel * shape.kernel - 1;
    let mut output = vec![0.0; shape.output_size()];
    Arch::new().dispatch(|| {
        shape.for_each_place(|pixel, place, from| {
            let own = &mut output[pixel * channels..(pixel + 1) * channels];
            for (sum, &value) in own.iter_mut().zip(&input[from..from + channels]) {
                *sum += value;
            }
            if place == last {
                for sum in own {
                    *sum *= share;
                }
            }
        });
    });
    output
}

/// The gradient of [`avg_pool2d`] for its input; `gradient` is laid out as its output.
///
/// # Panics
/// Where the gradient has another length than the shape says.
pub fn avg_pool2d_backward(shape: &PoolShape, gradient: &[f32]) -> Vec<f32> {
    shape.check();
    assert_eq!(gradient.len(), shape.output_size(), "gradient");
    let (channels, share) = (shape.channels, ((shape.kernel * shape.kernel) as f32).recip());
    let mut input = vec![0.0; shape.input_size()];
    Arch::new().dispatch(|| {
        shape.for_each_place(|pixel, _, to| {
            let own = &gradient[pixel * channels..(pixel + 1) * channels];
            for (to, &gradient) in input[to..to + channels].iter_mut().zip(own) {
                *to += gradient * share;
            }
        });
    });
    input
}

/// The mean of every channel over all pixels of an image: `[images, channels]`, from `[images, pixels, channels]`.
///
/// # Panics
/// Where the input is not whole pixels of whole images, or none.
pub fn global_avg_pool(images: usize, channels: usize, input: &[f32]) -> Vec<f32> {
    assert!(images > 0 && channels > 0 && !input.is_empty(), "no pixels");
    assert!(input.len().is_multiple_of(images * channels), "whole pixels of whole images");
    let size = input.len() / images;
    let share = (channels as f32) / (size as f32);
    let mut output = vec![0.0; images * channels];
    Arch::new().dispatch(|| {
        for (sums, image) in output.chunks_exact_mut(channels).zip(input.chunks_exact(size)) {
            for pixel in image.chunks_exact(channels) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += value;
                }
            }
            for sum in sums {
                *sum *= share;
            }
        }
    });
    output
}

/// The gradient of [`global_avg_pool`] for its input, `[images, pixels, channels]`; `gradient` is
/// `[images, channels]`.
///
/// # Panics
/// Where the gradient is not whole rows, or there are no pixels.
pub fn global_avg_pool_backward(channels: usize, pixels: usize, gradient: &[f32]) -> Vec<f32> {
    assert!(channels > 0 && pixels > 0 && gradient.len().is_multiple_of(channels), "whole rows");
    let share = (pixels as f32).recip();
    let mut input = Vec::with_capacity(gradient.len() * pixels);
    for row in gradient.chunks_exact(channels) {
        let start = input.len();
        input.extend(row.iter().map(|value| value * share));
        for _ in 1..pixels {
            input.extend_from_within(start..start + channels);
        }
    }
    input
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::plain::{Case, assert_close};

    fn shape(case: &mut Case) -> PoolShape {
        let kernel = case.one_of(&[1, 2, 3, 7]);
        PoolShape {
            images: case.one_of(&[1, 3]),
            height: kernel + case.one_of(&[0, 1, 6]),
            width: kernel + case.one_of(&[0, 2, 5]),
            channels: case.one_of(&[1, 3, 8, 33]),
            kernel,
            stride: case.one_of(&[1, 2, 3, 7]),
        }
    }

    #[test]
    fn windows_give_their_largest_and_their_mean() {
        for seed in 0..60 {
            let mut case = Case::new(seed);
            let shape = shape(&mut case);
            let input = case.values(shape.input_size(), 0.4);
            let gradient = case.values(shape.output_size(), 0.2);
            let (mut largest, mut means) = (Vec::new(), Vec::new());
            let (mut of_largest, mut of_means) = (vec![0.0; input.len()], vec![0.0; input.len()]);
            for index in 0..shape.output_size() {
                let (pixel, channel) = (index / shape.channels, index % shape.channels);
                let (row, x) = (pixel / shape.output_width(), pixel % shape.output_width());
                let (image, y) = (row / shape.output_height(), row % shape.output_height());
                let places = (0..shape.kernel * shape.kernel).map(|place| {
                    let (y, x) =
                        (y * shape.stride + place / shape.kernel, x * shape.stride + place % shape.kernel);
                    ((image * shape.height + y) * shape.width + x) * shape.channels + channel
                });
                let area = places.len() as f64;
                let winner = places.clone().rev().max_by(|&a, &b| input[a].total_cmp(&input[b])).unwrap();
                largest.push(f64::from(input[winner]));
                of_largest[winner] += f64::from(gradient[index]);
                means.push(places.clone().map(|at| f64::from(input[at])).sum::<f64>() / area);
                for at in places {
                    of_means[at] += f64::from(gradient[index]) / area;
                }
            }
            let (got, winners) = max_pool2d(&shape, &input);
            assert_close("largest", &got, &largest, 1e-6);
            assert_close(
                "of the largest",
                &max_pool2d_backward(&shape, &winners, &gradient),
                &of_largest,
                1e-6,
            );
            assert_close("means", &avg_pool2d(&shape, &input), &means, 1e-6);
            assert_close("of the means", &avg_pool2d_backward(&shape, &gradient), &of_means, 1e-6);
        }
    }

    #[test]
    fn global_means_are_those_of_one_window() {
        let mut case = Case::new(1);
        let (height, channels) = (5, 9);
        let shape = PoolShape { images: 3, height, width: height, channels, kernel: height, stride: 1 };
        let input = case.values(shape.input_size(), 0.3);
        let expected: Vec<f64> = avg_pool2d(&shape, &input).into_iter().map(f64::from).collect();
        assert_close("means", &global_avg_pool(3, channels, &input), &expected, 1e-6);
        let gradient = case.values(shape.output_size(), 0.3);
        let expected: Vec<f64> = avg_pool2d_backward(&shape, &gradient).into_iter().map(f64::from).collect();
        assert_close("gradient", &global_avg_pool_backward(channels, 25, &gradient), &expected, 1e-6);
    }

    #[test]
    fn what_is_not_a_number_is_the_largest() {
        let shape = PoolShape { images: 1, height: 2, width: 2, channels: 1, kernel: 2, stride: 2 };
        for place in 0..4 {
            let mut input = [1.0, 2.0, 3.0, 4.0];
            input[place] = f32::NAN;
            assert!(max_pool2d(&shape, &input).0[0].is_nan());
        }
    }
}
