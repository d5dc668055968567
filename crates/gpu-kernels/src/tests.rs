//! Each kernel against that of the CPU, on random shapes.
//!
//! They need a GPU that wgpu finds outside a browser, or a software one; where there is none they say so, or fail if
//! `INKLING_HAS_GPU` is set. `cargo xtask test` lends them that of the browser.

use std::sync::LazyLock;

use cubecl::{
    Device,
    prelude::*,
    wgpu::{AutoGraphicsApi, RuntimeOptions, WgpuDevice, try_init_setup},
};
use kernels::{ConvShape, DropoutMask, Layout, OutputGradient, UpdateKind, UpdateRule};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::*;

/// Largest difference, as a share of the largest value: what another order of the sums makes.
const ROUNDING: f32 = 2e-5;

struct Case {
    client: Client,
    random: Pcg64Mcg,
}

/// The GPU, if there is one.
static CLIENT: LazyLock<Option<Client>> = LazyLock::new(|| {
    let device = WgpuDevice::default();
    match try_init_setup::<AutoGraphicsApi>(&device, RuntimeOptions::default()) {
        Ok(_) => Some(Device::Wgpu(device).client()),
        Err(error) => {
            assert!(std::env::var_os("INKLING_HAS_GPU").is_none(), "{error}");
            println!("no GPU was found, not even one in software: its kernels are not tried ({error})");
            None
        }
    }
});

impl Case {
    fn new(seed: u64) -> Option<Self> {
        Some(Self { client: CLIENT.clone()?, random: Pcg64Mcg::seed_from_u64(seed) })
    }

    fn one_of(&mut self, choices: &[usize]) -> usize {
        choices[self.random.random_range(0..choices.len())]
    }

    /// Some of them zeros, as ReLU leaves.
    fn values(&mut self, length: usize) -> Vec<f32> {
        let value =
            |_| if self.random.random_bool(0.3) { 0.0 } else { self.random.random_range(-1.0_f32..1.0) };
        (0..length).map(value).collect()
    }

    fn put(&self, values: &[f32]) -> Buffer {
        Buffer { handle: self.client.create_from_slice(f32::as_bytes(values)), length: values.len() }
    }

    fn put_words(&self, words: &[u32]) -> Buffer {
        Buffer { handle: self.client.create_from_slice(u32::as_bytes(words)), length: words.len() }
    }

    fn get(&self, buffer: &Buffer) -> Vec<f32> {
        let bytes = self.client.read_one(buffer.handle.clone()).unwrap();
        f32::from_bytes(&bytes)[..buffer.length].to_vec()
    }

    #[track_caller]
    fn check(&self, what: &str, got: &Buffer, expected: &[f32]) {
        let got = self.get(got);
        assert_eq!(got.len(), expected.len(), "{what}");
        let scale = expected.iter().fold(1e-3_f32, |scale, value| scale.max(value.abs()));
        for (place, (got, expected)) in got.iter().zip(expected).enumerate() {
            let difference = (got - expected).abs();
            assert!(difference <= ROUNDING * scale, "{what}, at {place}: {got} is not {expected}");
        }
    }
}

#[test]
fn convolutions_are_those_of_the_cpu() {
    for seed in 0..8 {
        let Some(mut case) = Case::new(seed) else { return };
        let (kernel, stride) = (case.one_of(&[2, 3, 5]), case.one_of(&[1, 1, 2, 3]));
        let same = case.one_of(&[0, 1]);
        let (pad_before, pad_after) = (same * ((kernel - 1) / 2), same * (kernel / 2));
        let (height, width) = (kernel + case.one_of(&[1, 2, 5, 9]), kernel + case.one_of(&[1, 2, 5, 9]));
        let (inputs, outputs) = (case.one_of(&[1, 3, 8, 24]), case.one_of(&[1, 8, 10, 24, 70]));
        let images = case.one_of(&[1, 3, 9]);
        let shape =
            ConvShape { images, height, width, inputs, outputs, kernel, stride, pad_before, pad_after };
        let input = case.values(shape.input_size());
        let (weight, bias) = (case.values(shape.weight_size()), case.values(outputs));
        let (on_input, on_weight, on_bias) = (case.put(&input), case.put(&weight), case.put(&bias));

        for relu in [false, true] {
            let mut expected = vec![0.0; shape.images * shape.output_pixels() * outputs];
            kernels::conv(&shape, &input, &weight, &bias, relu, &mut expected);
            let (output, _) = conv(&case.client, &shape, &on_input, &on_weight, &on_bias, relu);
            case.check("output", &output, &expected);
            let gradient = case.values(expected.len());
            let arrived =
                OutputGradient::Plain { output: relu.then_some(&expected[..]), gradient: &gradient };
            let of_expected = kernels::conv_backward(&shape, &input, &weight, arrived, true);
            // The CPU's output decides what ReLU let pass: a value of 1e-9 may have another sign here.
            let kept = if relu { Kept::Output(case.put(&expected)) } else { Kept::Nothing };
            let gradient = case.put(&gradient);
            let got = conv_backward(&case.client, &shape, &on_input, &on_weight, &kept, &gradient, true);
            case.check("input gradient", &got.input.unwrap(), &of_expected.input.unwrap());
            case.check("weight gradient", &got.weight, &of_expected.weight);
            case.check("bias gradient", &got.bias, &of_expected.bias);
        }

        if shape.pooled_pixels() == 0 {
            continue;
        }
        for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
            let mut expected = vec![0.0; shape.images * shape.pooled_pixels() * outputs];
            let winners = kernels::conv_relu_pool(&shape, &input, &weight, &bias, layout, &mut expected);
            let (output, kept) =
                conv_relu_pool(&case.client, &shape, &on_input, &on_weight, &on_bias, layout);
            case.check("pooled output", &output, &expected);
            let gradient = case.values(expected.len());
            let arrived = OutputGradient::Pooled { winners: &winners, gradient: &gradient, layout };
            let of_expected = kernels::conv_backward(&shape, &input, &weight, arrived, true);
            let gradient = case.put(&gradient);
            let got = conv_backward(&case.client, &shape, &on_input, &on_weight, &kept, &gradient, true);
            case.check("pooled input gradient", &got.input.unwrap(), &of_expected.input.unwrap());
            case.check("pooled weight gradient", &got.weight, &of_expected.weight);
            case.check("pooled bias gradient", &got.bias, &of_expected.bias);
        }
    }
}

#[test]
fn dense_layers_are_those_of_the_cpu() {
    // The largest batch there is: its weight gradient is cut into parts.
    let shapes = [(1, 1_100, 10), (4, 1, 33), (7, 800, 128), (64, 128, 10), (300, 10, 1), (1_024, 128, 33)];
    for (rows, inputs, outputs) in shapes {
        let Some(mut case) = Case::new(rows as u64) else { return };
        let (input, weight) = (case.values(rows * inputs), case.values(outputs * inputs));
        let (bias, gradient) = (case.values(outputs), case.values(rows * outputs));
        let (on_input, on_weight, on_bias) = (case.put(&input), case.put(&weight), case.put(&bias));
        for relu in [false, true] {
            let mut expected = vec![0.0; rows * outputs];
            let list = kernels::dense(inputs, &input, &weight, &bias, relu, &mut expected);
            let output = dense(&case.client, &on_input, &on_weight, &on_bias, relu);
            case.check("output", &output, &expected);
            let rectified = relu.then_some(&expected[..]);
            let of_expected =
                kernels::dense_backward(inputs, &input, list.as_ref(), &weight, rectified, &gradient, true);
            let (rectified, gradient) = (rectified.map(|values| case.put(values)), case.put(&gradient));
            let rectified = rectified.as_ref();
            let got =
                dense_backward(&case.client, &on_input, &on_weight, rectified, &gradient, outputs, true);
            case.check("input gradient", &got.input.unwrap(), &of_expected.input.unwrap());
            case.check("weight gradient", &got.weight, &of_expected.weight);
            case.check("bias gradient", &got.bias, &of_expected.bias);
            let got =
                dense_backward(&case.client, &on_input, &on_weight, rectified, &gradient, outputs, false);
            assert!(got.input.is_none());
        }
    }
}

#[test]
fn masks_are_those_of_the_cpu() {
    for (length, skipped) in [(1, 0), (1_000, 0), (64, 3), (333, 10), (4, 1 << 20)] {
        let Some(mut case) = Case::new(5) else { return };
        let mut values = case.values(length);
        let mask = DropoutMask { probability: 0.25, seed: 0xfeed_beef_1234_5678, skipped };
        let got = dropout(&case.client, &case.put(&values), &mask);
        mask.apply(&mut values);
        case.check("dropout", &got, &values);
    }
}

#[test]
fn the_loss_is_that_of_the_cpu() {
    for (rows, smoothing) in [(1, 0.0), (64, 0.1), (600, 0.0)] {
        let Some(mut case) = Case::new(6) else { return };
        let logits: Vec<f32> = case.values(rows * 10).iter().map(|value| value * 20.0).collect();
        let labels: Vec<u8> = (0..rows).map(|row| (row % 11) as u8).collect();
        let expected = kernels::cross_entropy(&logits, &labels, smoothing);
        let words: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
        let got = cross_entropy(&case.client, &case.put(&logits), &case.put_words(&words), smoothing);
        case.check("sums", &got.sums, &[expected.loss, expected.right as f32]);
        case.check("gradient", &got.gradient, &expected.gradient);
        let halved: Vec<f32> = expected.gradient.iter().map(|value| value * 2.0 * 0.25).collect();
        case.check("share", &scaled(&case.client, &got.gradient, &case.put(&[2.0, 7.0]), 0.25), &halved);
    }
}

#[test]
fn steps_are_those_of_the_cpu() {
    let sgd = |momentum, nesterov| UpdateKind::Sgd { learning_rate: 0.1, momentum, nesterov };
    let rms_prop =
        |momentum| UpdateKind::RmsProp { learning_rate: 0.01, alpha: 0.99, epsilon: 1e-8, momentum };
    let adam = UpdateKind::Adam { scale: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
    for kind in [sgd(0.0, false), sgd(0.9, false), sgd(0.9, true), rms_prop(0.0), rms_prop(0.5), adam] {
        let rule = UpdateRule { kind, l2: 0.1, keep: 0.95, gradient_scale: 0.5 };
        let Some(mut case) = Case::new(7) else { return };
        // More than one launch takes on any device, of lengths that share no cube.
        let lengths = [1_001, 10, 257, 3, 640, 64, 5_000, 1, 90, 31];
        let mut values = lengths.map(|length| case.values(length));
        let gradients = lengths.map(|length| case.values(length));
        let mut moments: [Vec<Vec<f32>>; 10] = lengths.map(|length| {
            (0..rule.moment_count())
                .map(|_| case.values(length).into_iter().map(f32::abs).collect())
                .collect()
        });
        let on_values = values.each_ref().map(|values| case.put(values));
        let on_gradients = gradients.each_ref().map(|values| case.put(values));
        // A GPU binds no memory of no bytes: one value stands for none.
        let kept = if rule.moment_count() == 0 { vec![7.0] } else { moments.concat().concat() };
        let on_moments = case.put(&kept);
        update(&case.client, rule, &on_values, &on_gradients, &on_moments);
        for ((values, gradient), moments) in values.iter_mut().zip(&gradients).zip(&mut moments) {
            let mut slices: Vec<&mut [f32]> = moments.iter_mut().map(Vec::as_mut_slice).collect();
            rule.apply(values, gradient, &mut slices);
        }
        for (got, expected) in on_values.iter().zip(&values) {
            case.check("values", got, expected);
        }
        let kept = if rule.moment_count() == 0 { kept } else { moments.concat().concat() };
        case.check("moments", &on_moments, &kept);
    }
}

#[test]
fn a_batch_is_gathered() {
    let Some(case) = Case::new(8) else { return };
    let levels: Vec<u8> = (0..5 * 784).map(|place| (place * 7 % 256) as u8).collect();
    let words: Vec<u32> = levels.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let (words, labels) = (case.put_words(&words), case.put_words(&[3, 1, 4, 1, 5]));
    let order = case.put_words(&[4, 0, 2, 3, 1]);
    let (images, classes) = gather(&case.client, &words, &labels, &order, 1, 3);
    let expected: Vec<f32> = [0, 2, 3]
        .into_iter()
        .flat_map(|image| levels[image * 784..][..784].iter().map(|&level| f32::from(level) / 255.0))
        .collect();
    case.check("images", &images, &expected);
    let classes: Vec<u32> = case.get(&classes).iter().map(|bits| bits.to_bits()).collect();
    assert_eq!(classes, [3, 4, 1]);
}
