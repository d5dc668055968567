//! The same arithmetic as anyone would first write it, in double precision: what the kernels are held to.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::{ConvShape, Layout};

/// Random shapes and values; a seed names a case.
pub(crate) struct Case(Pcg64Mcg);

impl Case {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.0.random_range(0..choices.len())]
    }

    pub(crate) fn conv_shape(&mut self) -> ConvShape {
        let kernel = self.one_of(&[1, 2, 3, 3, 3, 4, 5, 5, 6, 7]);
        let stride = self.one_of(&[1, 1, 2, 3]);
        let (pad_before, pad_after) =
            self.one_of(&[(0, 0), ((kernel - 1) / 2, kernel / 2), (0, 1), (kernel - 1, 0), (2, 1)]);
        ConvShape {
            images: self.one_of(&[1, 2, 5]),
            height: kernel + self.0.random_range(0..12),
            width: kernel + self.0.random_range(0..12),
            inputs: self.one_of(&[1, 2, 3, 8, 16, 24]),
            outputs: self.one_of(&[1, 3, 8, 10, 16, 24, 40]),
            kernel,
            stride,
            pad_before,
            pad_after,
        }
    }

    /// Values from -1 to 1, a share `zeros` of them zero.
    pub(crate) fn values(&mut self, count: usize, zeros: f64) -> Vec<f32> {
        let value = |_| if self.0.random_bool(zeros) { 0.0 } else { self.0.random_range(-1.0..1.0) };
        (0..count).map(value).collect()
    }
}

/// Largest difference, as a share of the largest expected value.
#[track_caller]
pub(crate) fn assert_close(what: &str, got: &[f32], expected: &[f64], share: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-3_f64, |scale, value| scale.max(value.abs()));
    for (index, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let difference = (f64::from(got) - expected).abs();
        assert!(difference <= share * scale, "{what}[{index}]: {got} is not {expected}, of at most {scale}");
    }
}

/// Where input and weight meet: output position, input position, weight position.
fn for_each_product(shape: &ConvShape, mut visit: impl FnMut(usize, usize, usize)) {
    let ConvShape { images, height, width, inputs, outputs, kernel, stride, pad_before, .. } = *shape;
    for image in 0..images {
        for (y, x) in (0..shape.output_height()).flat_map(|y| (0..shape.output_width()).map(move |x| (y, x)))
        {
            for output in 0..outputs {
                let to = ((image * shape.output_height() + y) * shape.output_width() + x) * outputs + output;
                for (ky, kx) in (0..kernel).flat_map(|ky| (0..kernel).map(move |kx| (ky, kx))) {
                    // What lies before the map wraps round to a huge number.
                    let iy = (stride * y + ky).wrapping_sub(pad_before);
                    let ix = (stride * x + kx).wrapping_sub(pad_before);
                    if iy >= height || ix >= width {
                        continue;
                    }
                    for input in 0..inputs {
                        let from = ((image * height + iy) * width + ix) * inputs + input;
                        visit(to, from, ((output * inputs + input) * kernel + ky) * kernel + kx);
                    }
                }
            }
        }
    }
}

/// Convolution and bias, channels last.
pub(crate) fn conv(shape: &ConvShape, input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let mut output: Vec<f64> = (0..shape.images * shape.output_pixels() * shape.outputs)
        .map(|index| f64::from(bias[index % shape.outputs]))
        .collect();
    for_each_product(shape, |to, from, by| output[to] += f64::from(input[from]) * f64::from(weight[by]));
    output
}

/// Gradients for input, weight and bias, from the convolution's own.
pub(crate) fn conv_backward(
    shape: &ConvShape,
    input: &[f32],
    weight: &[f32],
    gradient: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut sums = (vec![0.0; input.len()], vec![0.0; weight.len()], vec![0.0; shape.outputs]);
    for_each_product(shape, |to, from, by| {
        sums.0[from] += gradient[to] * f64::from(weight[by]);
        sums.1[by] += gradient[to] * f64::from(input[from]);
    });
    for (index, value) in gradient.iter().enumerate() {
        sums.2[index % shape.outputs] += value;
    }
    sums
}

/// ReLU and 2x2 max-pooling of channels-last values: for every pooled value the position that it came from, `None`
/// where it is not above zero.
pub(crate) fn relu_pool(shape: &ConvShape, values: &[f64], layout: Layout) -> Vec<Option<usize>> {
    let (height, width, outputs) = (shape.output_height() / 2, shape.output_width() / 2, shape.outputs);
    let position = |image: usize, y: usize, x: usize, output: usize| {
        ((image * shape.output_height() + y) * shape.output_width() + x) * outputs + output
    };
    let pooled = |image: usize, y: usize, x: usize, output: usize| {
        let places = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let places = places.map(|(down, across)| position(image, 2 * y + down, 2 * x + across, output));
        let largest = places.into_iter().rev().max_by(|&a, &b| values[a].total_cmp(&values[b]));
        largest.filter(|&largest| values[largest] > 0.0)
    };
    let mut all = Vec::new();
    for image in 0..shape.images {
        match layout {
            Layout::ChannelsLast => {
                for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                    all.extend((0..outputs).map(|output| pooled(image, y, x, output)));
                }
            }
            Layout::ChannelsFirst => {
                for output in 0..outputs {
                    for y in 0..height {
                        all.extend((0..width).map(|x| pooled(image, y, x, output)));
                    }
                }
            }
        }
    }
    all
}
