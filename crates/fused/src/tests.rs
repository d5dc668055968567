//! Each operation against Burn's own, element by element, forward and backward, on random shapes.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use burn::tensor::{
    Device, Int, Tensor, TensorData, activation,
    module::{conv2d, linear, max_pool2d},
    ops::{ConvOptions, MaxPoolOptions},
};
use kernels::DropoutMask;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::{Layout, batch_norm, conv_relu, conv_relu_pool, cross_entropy, dense, dropout};

/// Largest difference, as a share of the largest value: what another order of the sums makes.
const ROUNDING: f32 = 1e-5;

struct Case(Pcg64Mcg);

impl Case {
    fn values<const D: usize>(&mut self, dims: [usize; D], zeros: f64) -> Tensor<D> {
        let count = dims.iter().product();
        let value = |_| if self.0.random_bool(zeros) { 0.0 } else { self.0.random_range(-1.0_f32..1.0) };
        let values: Vec<f32> = (0..count).map(value).collect();
        Tensor::from_data(TensorData::new(values, dims), &Device::flex().autodiff()).require_grad()
    }

    fn one_of(&mut self, choices: &[usize]) -> usize {
        choices[self.0.random_range(0..choices.len())]
    }
}

#[track_caller]
fn assert_close<const D: usize>(what: &str, got: &Tensor<D>, expected: &Tensor<D>) {
    assert_eq!(got.dims(), expected.dims(), "{what}");
    let scale = expected.clone().abs().max().into_scalar::<f32>().max(1e-3);
    let difference = (got.clone() - expected.clone()).abs().max().into_scalar::<f32>();
    assert!(difference <= ROUNDING * scale, "{what}: {difference} of {scale}");
}

/// Compares results, and the gradients of `sum(result * upstream)` for every parameter; the first may have none.
#[track_caller]
fn check<const D: usize, const P: usize, const I: usize, const W: usize>(
    case: &mut Case,
    (input, weight, bias): (&Tensor<I>, &Tensor<W>, &Tensor<P>),
    ours: Tensor<D>,
    theirs: Tensor<D>,
) {
    assert_close("result", &ours.clone().without_autodiff(), &theirs.clone().without_autodiff());
    let upstream = case.values(ours.dims(), 0.3).without_autodiff().autodiff();
    let mut got = (ours * upstream.clone()).sum().backward();
    let mut expected = (theirs * upstream).sum().backward();
    if let Some(expected) = input.grad_remove(&mut expected) {
        assert_close("input", &input.grad_remove(&mut got).unwrap(), &expected);
    }
    let weights = (weight.grad_remove(&mut got).unwrap(), weight.grad_remove(&mut expected).unwrap());
    assert_close("weight", &weights.0, &weights.1);
    let biases = (bias.grad_remove(&mut got).unwrap(), bias.grad_remove(&mut expected).unwrap());
    assert_close("bias", &biases.0, &biases.1);
}

#[test]
fn convolutions_are_those_of_burn() {
    for seed in 0..24 {
        let mut case = Case(Pcg64Mcg::seed_from_u64(seed));
        let kernel = case.one_of(&[3, 5]);
        let padding = case.one_of(&[0, (kernel - 1) / 2]);
        let (images, side) = (case.one_of(&[1, 3]), kernel + case.one_of(&[1, 2, 5, 9]));
        let (inputs, outputs) = (case.one_of(&[1, 3, 8, 16, 24]), case.one_of(&[1, 8, 10, 16, 24]));
        // Channels last for ours, first for Burn's, of one leaf: both gradients arrive in its layout.
        let input = case.values([images, side, side, inputs], 0.3);
        let weight = case.values([outputs, inputs, kernel, kernel], 0.0);
        let bias = case.values([outputs], 0.0);
        let stock = || {
            let options = ConvOptions::new([1, 1], [padding; 2], [1, 1], 1);
            let maps = input.clone().permute([0, 3, 1, 2]);
            activation::relu(conv2d(maps, weight.clone(), Some(bias.clone()), options))
        };
        let pool = |maps| max_pool2d(maps, MaxPoolOptions::new([2, 2]).with_stride([2, 2]));
        let ours = conv_relu(input.clone(), weight.clone(), bias.clone(), padding);
        check(&mut case, (&input, &weight, &bias), ours, stock().permute([0, 2, 3, 1]));
        for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
            let ours = conv_relu_pool(input.clone(), weight.clone(), bias.clone(), padding, layout);
            let theirs = match layout {
                Layout::ChannelsFirst => pool(stock()),
                Layout::ChannelsLast => pool(stock()).permute([0, 2, 3, 1]),
            };
            check(&mut case, (&input, &weight, &bias), ours, theirs);
        }
    }
}

#[test]
fn dense_layers_are_those_of_burn() {
    for seed in 0..24 {
        let mut case = Case(Pcg64Mcg::seed_from_u64(seed));
        let rows = case.one_of(&[1, 4, 7]);
        let (inputs, outputs) = (case.one_of(&[1, 10, 128, 800, 1_100]), case.one_of(&[1, 10, 33]));
        let input = case.values([rows, inputs], 0.3);
        let weight = case.values([outputs, inputs], 0.0);
        let bias = case.values([outputs], 0.0);
        for relu in [false, true] {
            let theirs = linear(input.clone(), weight.clone().transpose(), Some(bias.clone()));
            let theirs = if relu { activation::relu(theirs) } else { theirs };
            let ours = dense(input.clone(), weight.clone(), bias.clone(), relu);
            check(&mut case, (&input, &weight, &bias), ours, theirs);
        }
    }
}

#[test]
fn an_input_without_a_gradient_gets_none() {
    let mut case = Case(Pcg64Mcg::seed_from_u64(1));
    let input = case.values([2, 9, 9, 1], 0.0).without_autodiff().autodiff();
    let (weight, bias) = (case.values([8, 1, 3, 3], 0.0), case.values([8], 0.0));
    let output = conv_relu(input.clone(), weight.clone(), bias.clone(), 0);
    let theirs = conv2d(
        input.clone().permute([0, 3, 1, 2]),
        weight.clone(),
        Some(bias.clone()),
        ConvOptions::new([1, 1], [0, 0], [1, 1], 1),
    );
    let theirs = activation::relu(theirs).permute([0, 2, 3, 1]);
    check(&mut case, (&input, &weight, &bias), output, theirs);
}

#[test]
fn the_loss_is_that_of_burn() {
    let mut case = Case(Pcg64Mcg::seed_from_u64(3));
    let logits = case.values([9, 10], 0.1);
    let labels = [0, 1, 2, 3, 4, 5, 6, 7, 9_u8];
    let wide: Vec<i32> = labels.iter().map(|&label| i32::from(label)).collect();
    let targets = Tensor::<2, Int>::from_data(TensorData::new(wide, [9, 1]), &Device::flex().autodiff());
    let flat = targets.clone().without_autodiff().reshape([9]);
    let ours = cross_entropy(logits.clone() * 5.0, flat, 0.25);
    let theirs = activation::log_softmax(logits.clone() * 5.0, 1).gather(1, targets.clone()).sum().neg();
    let right = logits.clone().without_autodiff().argmax(1).equal(targets.without_autodiff()).float().sum();
    let sums = Tensor::cat(vec![theirs.clone().without_autodiff(), right], 0);
    assert_close("sums", &ours.clone().without_autodiff(), &sums);
    let got = ours.backward();
    let expected = (theirs * 0.25).backward();
    assert_close("gradient", &logits.grad(&got).unwrap(), &logits.grad(&expected).unwrap());
}

#[test]
fn batch_normalisation_is_what_burn_makes_of_mean_and_variance() {
    for seed in 0..12 {
        let mut case = Case(Pcg64Mcg::seed_from_u64(seed));
        let dims = [case.one_of(&[2, 9, 300]), case.one_of(&[1, 8, 33])];
        let values = case.values(dims, 0.3);
        let centred = values.clone() - values.clone().mean_dim(0);
        let variance = centred.clone().square().mean_dim(0);
        let theirs = centred / (variance + kernels::NORM_EPSILON).sqrt();
        let ours = batch_norm(values.clone());
        assert_close("result", &ours.clone().without_autodiff(), &theirs.clone().without_autodiff());
        let upstream = case.values(ours.dims(), 0.3).without_autodiff().autodiff();
        let got = values.grad(&(ours * upstream.clone()).sum().backward()).unwrap();
        let expected = values.grad(&(theirs * upstream).sum().backward()).unwrap();
        assert_close("gradient", &got, &expected);
    }
}

#[test]
fn dropout_passes_gradients_where_it_passed_values() {
    let mut case = Case(Pcg64Mcg::seed_from_u64(4));
    let values = case.values([3, 5, 7], 0.0);
    let mask = DropoutMask { probability: 0.5, seed: 9, skipped: 0 };
    let kept = dropout(values.clone() * 0.0 + 1.0, mask).without_autodiff();
    let output = dropout(values.clone(), mask);
    assert_close(
        "output",
        &output.clone().without_autodiff(),
        &(values.clone().without_autodiff() * kept.clone()),
    );
    assert_close("gradient", &values.grad(&output.sum().backward()).unwrap(), &kept);
    assert!(kept.clone().max().into_scalar::<f32>() == 2.0 && kept.min().into_scalar::<f32>() == 0.0);
}
