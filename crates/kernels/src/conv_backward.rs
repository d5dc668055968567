//! Convolution backward, bias, ReLU and max-pooling included, over the gradients that are not zero.
//!
//! Max-pooling sends a gradient to one of four pixels, and ReLU stops those of dead units: most of the convolution's
//! own gradient is zero. What is left is listed once an image, by channel for the weight's gradient and by row for the
//! input's, and every product with a zero is left out. That is exact.

use std::borrow::Cow;

use pulp::{Arch, Simd, WithSimd};

use crate::{
    ConvShape, Layout, Winners, conv, conv_dense, first_layer,
    output::NO_WINNER,
    packing::transpose,
    sparse::{Lists, add_rows},
};

/// Where a larger share of the gradient is not zero, all of it is multiplied.
const DENSE_SHARE: f32 = 0.4;

/// The gradient that arrives, with what the forward pass left.
#[derive(Clone, Copy, Debug)]
pub enum OutputGradient<'a> {
    /// Of [`conv`](crate::conv): both `[images, output height, output width, outputs]`.
    Plain {
        /// The forward pass's output, where it ended in ReLU.
        output: Option<&'a [f32]>,
        /// Gradient of the loss for that output.
        gradient: &'a [f32],
    },
    /// Of [`conv_relu_pool`](crate::conv_relu_pool).
    Pooled {
        /// What it returned.
        winners: &'a Winners,
        /// Gradient of the loss for its output.
        gradient: &'a [f32],
        /// Layout of both.
        layout: Layout,
    },
}

/// Gradients of a convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvGradients {
    /// For the input, in its layout, where it was asked for.
    pub input: Option<Vec<f32>>,
    /// For the weight, `[outputs, inputs, kernel, kernel]`.
    pub weight: Vec<f32>,
    /// For the bias, one value for each output.
    pub bias: Vec<f32>,
}

/// The backward pass of [`conv`](crate::conv) and [`conv_relu_pool`](crate::conv_relu_pool).
///
/// # Panics
/// Where a slice has another length than the shape says.
pub fn conv_backward(
    shape: &ConvShape,
    input: &[f32],
    weight: &[f32],
    arrived: OutputGradient<'_>,
    wants_input: bool,
) -> ConvGradients {
    shape.check();
    assert_eq!(input.len(), shape.input_size(), "input");
    assert_eq!(weight.len(), shape.weight_size(), "weight");
    Arch::new().dispatch(Backward { shape: *shape, input, weight, arrived, wants_input })
}

struct Backward<'a> {
    shape: ConvShape,
    input: &'a [f32],
    weight: &'a [f32],
    arrived: OutputGradient<'a>,
    wants_input: bool,
}

impl WithSimd for Backward<'_> {
    type Output = ConvGradients;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> ConvGradients {
        let Self { shape: given, input, weight, arrived, wants_input } = self;
        let run = given.kernel * given.inputs;
        let wide_run = run.next_multiple_of(S::F32_LANES);
        // The kernel's rows are read in whole vectors; the last ones may reach behind the input.
        let input = given.padded(input, wide_run - run);
        let shape = given.without_padding();
        if first_layer::suits::<S>(&shape) && !wants_input && matches!(arrived, OutputGradient::Plain { .. })
        {
            return first_layer_gradients(simd, &shape, &input, &arrived);
        }
        if let OutputGradient::Plain { output, gradient } = arrived {
            let gradient = masked(output, gradient);
            let lit = gradient.iter().map(|&value| u32::from(value != 0.0)).sum::<u32>();
            if lit as f32 > DENSE_SHARE * gradient.len() as f32 {
                return dense_gradients(simd, &given, &input, weight, &gradient, wants_input);
            }
        }
        let mut sums = Sums::new::<S>(simd, shape, &given, weight, wants_input);
        for image in 0..shape.images {
            sums.add(simd, image, &input, &ImageGradient::new(&shape, image, &arrived));
        }
        sums.finish(&given)
    }
}

/// The gradient where ReLU let the value pass.
fn masked<'a>(output: Option<&[f32]>, gradient: &'a [f32]) -> Cow<'a, [f32]> {
    match output {
        None => Cow::Borrowed(gradient),
        Some(output) => {
            let alive = |(&output, &gradient)| if output > 0.0 { gradient } else { 0.0 };
            Cow::Owned(output.iter().zip(gradient).map(alive).collect())
        }
    }
}

/// `input` has its padding written out; `gradient` is masked.
#[inline(always)]
fn dense_gradients<S: Simd>(
    simd: S,
    given: &ConvShape,
    input: &[f32],
    weight: &[f32],
    gradient: &[f32],
    wants_input: bool,
) -> ConvGradients {
    let shape = given.without_padding();
    let wide_run = (shape.kernel * shape.inputs).next_multiple_of(S::F32_LANES);
    let (sums, bias) = conv_dense::weight_gradient(simd, &shape, wide_run, input, gradient);
    let of_input =
        if wants_input { Some(dense_input_gradient(simd, given, shape, weight, gradient)) } else { None };
    ConvGradients { input: of_input, weight: ordered(given, &sums, wide_run), bias }
}

/// The input's part of [`dense_gradients`].
///
/// Not a closure: what is in one is compiled without the vector unit, and every vector instruction would be a call.
#[inline(always)]
fn dense_input_gradient<S: Simd>(
    simd: S,
    given: &ConvShape,
    shape: ConvShape,
    weight: &[f32],
    gradient: &[f32],
) -> Vec<f32> {
    if let Some((turned, turned_weight)) = conv_dense::turned(given, weight) {
        let mut of_input = vec![0.0; given.input_size()];
        conv(&turned, gradient, &turned_weight, &vec![0.0; given.inputs], false, &mut of_input);
        return of_input;
    }
    let arrived = OutputGradient::Plain { output: None, gradient };
    let mut sums = Sums::new::<S>(simd, shape, given, weight, true);
    for image in 0..shape.images {
        sums.list(&ImageGradient::new(&shape, image, &arrived));
        sums.add_input(simd);
    }
    sums.finish(given).input.unwrap_or_default()
}

/// The weight as PyTorch keeps it, from `[outputs, y, x and input together]`, the last widened.
fn ordered(shape: &ConvShape, sums: &[f32], wide_run: usize) -> Vec<f32> {
    let (kernel, inputs) = (shape.kernel, shape.inputs);
    let mut weight = vec![0.0; shape.weight_size()];
    for (output, filter) in weight.chunks_exact_mut(shape.taps()).enumerate() {
        for (input, plane) in filter.chunks_exact_mut(kernel * kernel).enumerate() {
            for (y, row) in plane.chunks_exact_mut(kernel).enumerate() {
                let start = (output * kernel + y) * wide_run + input;
                for (x, value) in row.iter_mut().enumerate() {
                    *value = sums[start + x * inputs];
                }
            }
        }
    }
    weight
}

#[inline(always)]
fn first_layer_gradients<S: Simd>(
    simd: S,
    shape: &ConvShape,
    input: &[f32],
    arrived: &OutputGradient<'_>,
) -> ConvGradients {
    let (outputs, area) = (shape.outputs, shape.kernel * shape.kernel);
    let (mut sums, mut bias) = (vec![0.0; shape.weight_size()], vec![0.0; outputs]);
    for image in 0..shape.images {
        let gradient = ImageGradient::new(shape, image, arrived).gradient;
        let pixels = &input[image * shape.image()..(image + 1) * shape.image()];
        first_layer::add_weight(simd, shape, pixels, &gradient, &mut sums);
        for pixel in gradient.chunks_exact(outputs) {
            for (sum, value) in bias.iter_mut().zip(pixel) {
                *sum += value;
            }
        }
    }
    let mut weight = vec![0.0; sums.len()];
    transpose(area, outputs, &sums, &mut weight);
    ConvGradients { input: None, weight, bias }
}

/// What arrived for one image, channels last.
struct ImageGradient<'a> {
    /// Zero where ReLU stopped it, unless it is pooled.
    gradient: Cow<'a, [f32]>,
    /// Empty where nothing is pooled.
    winners: &'a [u32],
}

impl<'a> ImageGradient<'a> {
    fn new(shape: &ConvShape, image: usize, arrived: &OutputGradient<'a>) -> Self {
        match *arrived {
            OutputGradient::Plain { output, gradient } => {
                let size = shape.output_pixels() * shape.outputs;
                assert_eq!(gradient.len(), shape.images * size, "gradient");
                let own = image * size..(image + 1) * size;
                let gradient = &gradient[own.clone()];
                Self { gradient: masked(output.map(|output| &output[own]), gradient), winners: &[] }
            }
            OutputGradient::Pooled { winners, gradient, layout } => {
                let size = shape.pooled_pixels() * shape.outputs;
                assert_eq!([gradient.len(), winners.0.len()], [shape.images * size; 2], "gradient");
                let own = image * size..(image + 1) * size;
                let gradient = &gradient[own.clone()];
                let gradient = match layout {
                    Layout::ChannelsLast => Cow::Borrowed(gradient),
                    Layout::ChannelsFirst => {
                        let mut last = vec![0.0; size];
                        transpose(shape.outputs, shape.pooled_pixels(), gradient, &mut last);
                        Cow::Owned(last)
                    }
                };
                Self { gradient, winners: &winners.0[own] }
            }
        }
    }
}

/// The sums over the images, and what is built anew for each image.
struct Sums {
    shape: ConvShape,
    /// By channel: where its gradients' windows begin in the input.
    by_channel: Lists,
    /// Columns of `by_row` end here, for every row.
    ends: Vec<u32>,
    /// By row of the output, from left to right: which weights each gradient is multiplied with.
    by_row: Lists,
    /// By place in one pooling window, and what has no place.
    of_window: Lists,
    /// `[outputs, y, x and input together]`, the last widened to whole vectors.
    weight: Vec<f32>,
    bias: Vec<f32>,
    wide_run: usize,
    /// `[y, output, x, input]`, the inputs widened to whole vectors; empty where the input's gradient is not wanted.
    turned_weight: Vec<f32>,
    wide_inputs: usize,
    /// For one image, widened as above.
    input: Vec<f32>,
    all_inputs: Option<Vec<f32>>,
}

impl Sums {
    #[inline(always)]
    fn new<S: Simd>(_: S, shape: ConvShape, given: &ConvShape, weight: &[f32], wants_input: bool) -> Self {
        let (kernel, inputs, outputs) = (shape.kernel, shape.inputs, shape.outputs);
        let wide_run = (kernel * inputs).next_multiple_of(S::F32_LANES);
        let wide_inputs = inputs.next_multiple_of(S::F32_LANES);
        let mut turned_weight =
            vec![0.0; if wants_input { kernel * outputs * kernel * wide_inputs } else { 0 }];
        if wants_input {
            for (index, &value) in weight.iter().enumerate() {
                let (x, y) = (index % kernel, index / kernel % kernel);
                let (input, output) = (index / (kernel * kernel) % inputs, index / shape.taps());
                turned_weight[((y * outputs + output) * kernel + x) * wide_inputs + input] = value;
            }
        }
        let row_lists = if wants_input { shape.output_height() } else { 0 };
        Self {
            shape,
            by_channel: Lists::new(outputs, shape.output_pixels()),
            ends: vec![0; row_lists * shape.output_width()],
            by_row: Lists::new(row_lists, shape.output_width() * outputs),
            of_window: Lists::new(5, outputs),
            weight: vec![0.0; outputs * kernel * wide_run],
            bias: vec![0.0; outputs],
            wide_run,
            turned_weight,
            wide_inputs,
            input: vec![0.0; if wants_input { shape.height * shape.width * wide_inputs } else { 0 }],
            all_inputs: wants_input.then(|| Vec::with_capacity(given.input_size())),
        }
    }

    #[inline(always)]
    fn add<S: Simd>(&mut self, simd: S, image: usize, input: &[f32], values: &ImageGradient<'_>) {
        self.list(values);
        let pixels = &input[image * self.shape.image()..];
        self.add_weight(simd, pixels);
        if self.all_inputs.is_some() {
            self.add_input(simd);
        }
    }

    /// Lists the gradients of one image.
    #[inline(always)]
    fn list(&mut self, values: &ImageGradient<'_>) {
        self.by_channel.clear();
        self.by_row.clear();
        let (outputs, width, stride) = (self.shape.outputs, self.shape.output_width(), self.shape.stride);
        let by_row = self.all_inputs.is_some();
        let per_channel = self.shape.kernel * self.wide_inputs;
        if values.winners.is_empty() {
            for (pixel, gradients) in values.gradient.chunks_exact(outputs).enumerate() {
                let (y, x) = (pixel / width, pixel % width);
                let at = stride * (y * self.shape.row() + x * self.shape.inputs);
                for (channel, &gradient) in gradients.iter().enumerate() {
                    self.by_channel.push(channel, at, gradient);
                }
                if by_row {
                    // The weight for the input's column i stands i - stride * x to the right.
                    let back = stride * x * self.wide_inputs;
                    for (channel, &gradient) in gradients.iter().enumerate() {
                        self.by_row.push(y, (channel * per_channel).wrapping_sub(back), gradient);
                    }
                    self.ends[pixel] = self.by_row.length(y) as u32;
                }
            }
        } else {
            let pooled_width = width / 2;
            let (row, inputs) = (stride * self.shape.row(), stride * self.shape.inputs);
            let places = [0, inputs, row, row + inputs, 0];
            let pixels = values.gradient.chunks_exact(outputs).zip(values.winners.chunks_exact(outputs));
            for (pixel, (gradients, winners)) in pixels.enumerate() {
                let (y, x) = (2 * (pixel / pooled_width), 2 * (pixel % pooled_width));
                let at = y * row + x * inputs;
                self.of_window.clear();
                for (channel, (&gradient, &winner)) in gradients.iter().zip(winners).enumerate() {
                    let place = winner as usize % places.len();
                    let gradient = if winner == NO_WINNER { 0.0 } else { gradient };
                    self.by_channel.push(channel, at + places[place], gradient);
                    self.of_window.push(place, channel * per_channel, gradient);
                }
                if by_row {
                    for place in 0..4 {
                        let (y, x) = (y + place / 2, x + place % 2);
                        let back = stride * x * self.wide_inputs;
                        self.by_row.append(y, self.of_window.list(place), back);
                        self.ends[y * width + x] = self.by_row.length(y) as u32;
                    }
                }
            }
            if by_row && width % 2 == 1 {
                // Pooling dropped the last column.
                for (y, ends) in self.ends.chunks_exact_mut(width).enumerate() {
                    ends[width - 1] = self.by_row.length(y) as u32;
                }
            }
        }
    }

    #[inline(always)]
    fn add_weight<S: Simd>(&mut self, simd: S, pixels: &[f32]) {
        let kernel = self.shape.kernel;
        for (channel, weight) in self.weight.chunks_exact_mut(kernel * self.wide_run).enumerate() {
            let entries = self.by_channel.list(channel);
            self.bias[channel] += entries.iter().map(|entry| entry.value).sum::<f32>();
            for (y, weight) in weight.chunks_exact_mut(self.wide_run).enumerate() {
                add_rows(simd, entries, pixels, (y * self.shape.row()) as isize, weight);
            }
        }
    }

    #[inline(always)]
    fn add_input<S: Simd>(&mut self, simd: S) {
        let ConvShape { kernel, stride, .. } = self.shape;
        let (width, wide) = (self.shape.output_width(), self.wide_inputs);
        self.input.fill(0.0);
        let weights = self.turned_weight.chunks_exact(self.shape.outputs * kernel * wide);
        // One row of the kernel at a time: its weights stay in the cache.
        for (down, weights) in weights.enumerate() {
            for y in 0..self.shape.output_height() {
                let entries = self.by_row.list(y);
                let ends = &self.ends[y * width..(y + 1) * width];
                let start = (stride * y + down) * self.shape.width * wide;
                let row = &mut self.input[start..start + self.shape.width * wide];
                for (x, to) in row.chunks_exact_mut(wide).enumerate() {
                    // The output's columns whose windows hold column `x`.
                    let first = (x + 1).saturating_sub(kernel).div_ceil(stride).min(width);
                    let first = if first == 0 { 0 } else { ends[first - 1] as usize };
                    let last = ends[(x / stride).min(width - 1)] as usize;
                    add_rows(simd, &entries[first..last], weights, (x * wide) as isize, to);
                }
            }
        }
        // The input's own padding and the widening of its channels are dropped.
        if let Some(all) = &mut self.all_inputs {
            all.extend_from_slice(&self.input);
        }
    }

    fn finish(self, given: &ConvShape) -> ConvGradients {
        let inputs = given.inputs;
        let weight = ordered(given, &self.weight, self.wide_run);
        let input = self.all_inputs.map(|all| {
            if self.wide_inputs == inputs && given.pad_before + given.pad_after == 0 {
                return all;
            }
            let mut narrow = Vec::with_capacity(given.input_size());
            for image in all.chunks_exact(self.shape.height * self.shape.width * self.wide_inputs) {
                for row in image
                    .chunks_exact(self.shape.width * self.wide_inputs)
                    .skip(given.pad_before)
                    .take(given.height)
                {
                    for pixel in row.chunks_exact(self.wide_inputs).skip(given.pad_before).take(given.width) {
                        narrow.extend_from_slice(&pixel[..inputs]);
                    }
                }
            }
            narrow
        });
        ConvGradients { input, weight, bias: self.bias }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{
        conv, conv_relu_pool,
        plain::{self, Case, assert_close},
    };

    const ROUNDING: f64 = 1e-5;

    struct Values {
        input: Vec<f32>,
        weight: Vec<f32>,
        bias: Vec<f32>,
    }

    impl Values {
        fn new(shape: &ConvShape, case: &mut Case) -> Self {
            Self {
                input: case.values(shape.input_size(), 0.5),
                weight: case.values(shape.weight_size(), 0.0),
                bias: case.values(shape.outputs, 0.0),
            }
        }

        fn check(&self, shape: &ConvShape, arrived: OutputGradient<'_>, own: &[f64]) {
            let (input, weight, bias) = plain::conv_backward(shape, &self.input, &self.weight, own);
            for wants_input in [true, false] {
                let got = conv_backward(shape, &self.input, &self.weight, arrived, wants_input);
                assert_close("weight", &got.weight, &weight, ROUNDING);
                assert_close("bias", &got.bias, &bias, ROUNDING);
                assert_eq!(got.input.is_some(), wants_input);
                if let Some(got) = &got.input {
                    assert_close("input", got, &input, ROUNDING);
                }
            }
        }
    }

    fn check(shape: &ConvShape, case: &mut Case) {
        let values = Values::new(shape, case);
        let forward = plain::conv(shape, &values.input, &values.weight, &values.bias);
        // Few zeros, or most.
        let zeros = case.one_of(&[0.1, 0.8]);
        let gradient = case.values(forward.len(), zeros);
        let own: Vec<f64> = gradient.iter().copied().map(f64::from).collect();
        values.check(shape, OutputGradient::Plain { output: None, gradient: &gradient }, &own);

        let mut output = vec![0.0; forward.len()];
        conv(shape, &values.input, &values.weight, &values.bias, true, &mut output);
        let alive = own.iter().zip(&forward).map(|(&own, &forward)| if forward > 0.0 { own } else { 0.0 });
        let plain = OutputGradient::Plain { output: Some(&output), gradient: &gradient };
        values.check(shape, plain, &alive.collect::<Vec<_>>());

        for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
            let positions = plain::relu_pool(shape, &forward, layout);
            let gradient = case.values(positions.len(), 0.2);
            let mut own = vec![0.0; forward.len()];
            for (position, &gradient) in positions.iter().zip(&gradient) {
                if let Some(position) = *position {
                    own[position] += f64::from(gradient);
                }
            }
            let mut output = vec![0.0; positions.len()];
            let (input, weight, bias) = (&values.input, &values.weight, &values.bias);
            let winners = conv_relu_pool(shape, input, weight, bias, layout, &mut output);
            let pooled = OutputGradient::Pooled { winners: &winners, gradient: &gradient, layout };
            values.check(shape, pooled, &own);
        }
    }

    #[test]
    fn random_shapes_give_what_plain_loops_give() {
        for seed in 0..200 {
            let mut case = Case::new(seed);
            check(&case.conv_shape(), &mut case);
        }
    }

    #[test]
    fn gradients_are_the_slopes_of_the_loss() {
        let shape = ConvShape {
            images: 1,
            height: 8,
            width: 8,
            inputs: 2,
            outputs: 3,
            kernel: 3,
            stride: 1,
            pad_before: 1,
            pad_after: 1,
        };
        let mut case = Case::new(11);
        let values = Values::new(&shape, &mut case);
        let pooled = shape.pooled_pixels() * shape.outputs;
        let gradient = case.values(pooled, 0.0);
        let loss = |values: &Values| {
            let mut output = vec![0.0; pooled];
            let (input, weight, bias) = (&values.input, &values.weight, &values.bias);
            let winners = conv_relu_pool(&shape, input, weight, bias, Layout::ChannelsLast, &mut output);
            let loss: f64 = output.iter().zip(&gradient).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            (loss, winners)
        };
        let (_, winners) = loss(&values);
        let arrived =
            OutputGradient::Pooled { winners: &winners, gradient: &gradient, layout: Layout::ChannelsLast };
        let got = conv_backward(&shape, &values.input, &values.weight, arrived, true);
        let slope = |change: &dyn Fn(&mut Values, f32)| {
            let step = 1e-3;
            let shifted = |by: f32| {
                let Values { input, weight, bias } = &values;
                let mut shifted = Values { input: input.clone(), weight: weight.clone(), bias: bias.clone() };
                change(&mut shifted, by);
                loss(&shifted)
            };
            let ((above, same), (below, same_too)) = (shifted(step), shifted(-step));
            // Across a change of winners the loss has a corner, and no slope.
            (same == winners && same_too == winners).then(|| (above - below) / (2.0 * f64::from(step)))
        };
        let mut compared = 0;
        let mut compare = |got: f32, slope: Option<f64>| {
            if let Some(slope) = slope {
                assert!((f64::from(got) - slope).abs() < 2e-3, "{got} is not {slope}");
                compared += 1;
            }
        };
        for index in 0..values.weight.len() {
            compare(got.weight[index], slope(&|values, by| values.weight[index] += by));
        }
        for index in 0..values.bias.len() {
            compare(got.bias[index], slope(&|values, by| values.bias[index] += by));
        }
        let input = got.input.unwrap();
        for index in 0..values.input.len() {
            compare(input[index], slope(&|values, by| values.input[index] += by));
        }
        assert!(compared > 100, "{compared}");
    }
}
