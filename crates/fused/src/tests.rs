//! Each operation against Burn's own, element by element, forward and backward, on random shapes.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use burn::tensor::{
    Device, Int, Tensor, TensorData, activation,
    module::{avg_pool2d, conv2d, linear, max_pool2d},
    ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions},
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::{
    Activation, ConvGeometry, DropoutMask, Layout, UpdateKind, UpdateRule, batch_norm, conv, conv_relu_pool,
    cross_entropy, dense, dropout, layer_norm, to_channels_first, to_channels_last, update,
};

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

/// Burn's own convolution of NHWC maps, padded by hand.
fn stock_conv(input: &Tensor<4>, weight: &Tensor<4>, bias: &Tensor<1>, geometry: ConvGeometry) -> Tensor<4> {
    let ConvGeometry { stride, pad_before, pad_after, input_offset } = geometry;
    let maps = (input.clone() + input_offset).permute([0, 3, 1, 2]);
    let maps = maps.pad((pad_before, pad_after, pad_before, pad_after), 0.0);
    let options = ConvOptions::new([stride, stride], [0, 0], [1, 1], 1);
    conv2d(maps, weight.clone(), Some(bias.clone()), options)
}

#[test]
fn convolutions_are_those_of_burn() {
    for seed in 0..30 {
        let mut case = Case(Pcg64Mcg::seed_from_u64(seed));
        let kernel = case.one_of(&[1, 2, 3, 3, 5, 7]);
        let same = case.one_of(&[0, 1]);
        let geometry = ConvGeometry {
            stride: case.one_of(&[1, 1, 2, 3]),
            pad_before: same * ((kernel - 1) / 2),
            pad_after: same * (kernel / 2),
            input_offset: if same == 0 { 0.25 } else { 0.0 },
        };
        let (images, side) = (case.one_of(&[1, 3]), kernel + case.one_of(&[3, 5, 9]));
        let (inputs, outputs) = (case.one_of(&[1, 3, 8, 16, 24]), case.one_of(&[1, 8, 10, 16, 24]));
        // Channels last for ours, first for Burn's, of one leaf: both gradients arrive in its layout.
        let input = case.values([images, side, side, inputs], 0.3);
        let weight = case.values([outputs, inputs, kernel, kernel], 0.0);
        let bias = case.values([outputs], 0.0);
        let stock = || stock_conv(&input, &weight, &bias, geometry);
        let ours = conv(input.clone(), weight.clone(), bias.clone(), geometry, false);
        check(&mut case, (&input, &weight, &bias), ours, stock().permute([0, 2, 3, 1]));
        let stock = || activation::relu(stock());
        let ours = conv(input.clone(), weight.clone(), bias.clone(), geometry, true);
        check(&mut case, (&input, &weight, &bias), ours, stock().permute([0, 2, 3, 1]));
        if stock().dims()[2] < 2 {
            continue;
        }
        let pool = |maps| max_pool2d(maps, MaxPoolOptions::new([2, 2]).with_stride([2, 2]));
        for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
            let ours = conv_relu_pool(input.clone(), weight.clone(), bias.clone(), geometry, layout);
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
        for (offset, relu) in [(0.0, false), (0.0, true), (-0.4, true)] {
            let theirs = linear(input.clone() + offset, weight.clone().transpose(), Some(bias.clone()));
            let theirs = if relu { activation::relu(theirs) } else { theirs };
            let ours = dense(input.clone(), offset, weight.clone(), bias.clone(), relu);
            check(&mut case, (&input, &weight, &bias), ours, theirs);
        }
    }
}

#[test]
fn an_input_without_a_gradient_gets_none() {
    let mut case = Case(Pcg64Mcg::seed_from_u64(1));
    let input = case.values([2, 9, 9, 1], 0.0).without_autodiff().autodiff();
    let (weight, bias) = (case.values([8, 1, 3, 3], 0.0), case.values([8], 0.0));
    let geometry = ConvGeometry::default();
    let output = conv(input.clone(), weight.clone(), bias.clone(), geometry, true);
    let theirs = activation::relu(stock_conv(&input, &weight, &bias, geometry)).permute([0, 2, 3, 1]);
    check(&mut case, (&input, &weight, &bias), output, theirs);
}

#[test]
fn the_loss_is_that_of_burn() {
    for (classes, smoothing) in [(10, 0.0), (2, 0.1), (47, 0.2)] {
        let mut case = Case(Pcg64Mcg::seed_from_u64(3));
        let logits = case.values([9, classes], 0.1);
        let labels: Vec<i32> = (0..9).map(|row| row % classes as i32).collect();
        let targets =
            Tensor::<2, Int>::from_data(TensorData::new(labels, [9, 1]), &Device::flex().autodiff());
        let flat = targets.clone().without_autodiff().reshape([9]);
        let ours = cross_entropy(logits.clone() * 5.0, flat, 0.25, smoothing);
        let shares = activation::log_softmax(logits.clone() * 5.0, 1);
        let theirs = shares.clone().gather(1, targets.clone()).sum().neg() * (1.0 - smoothing)
            - shares.sum() * (smoothing / classes as f32);
        let right =
            logits.clone().without_autodiff().argmax(1).equal(targets.without_autodiff()).float().sum();
        let sums = Tensor::cat(vec![theirs.clone().without_autodiff(), right], 0);
        assert_close("sums", &ours.clone().without_autodiff(), &sums);
        let got = ours.backward();
        let expected = (theirs * 0.25).backward();
        assert_close("gradient", &logits.grad(&got).unwrap(), &logits.grad(&expected).unwrap());
    }
}

/// Results, and gradients for every leaf, of which each must have one.
#[track_caller]
fn check_leaves<const D: usize, const R: usize>(
    case: &mut Case,
    (input, others): (&Tensor<D>, &[&Tensor<1>]),
    ours: Tensor<R>,
    theirs: Tensor<R>,
) {
    assert_close("result", &ours.clone().without_autodiff(), &theirs.clone().without_autodiff());
    let upstream = case.values(ours.dims(), 0.3).without_autodiff().autodiff();
    let got = (ours * upstream.clone()).sum().backward();
    let expected = (theirs * upstream).sum().backward();
    assert_close("input", &input.grad(&got).unwrap(), &input.grad(&expected).unwrap());
    for other in others {
        assert_close("parameter", &other.grad(&got).unwrap(), &other.grad(&expected).unwrap());
    }
}

#[test]
fn normalisations_are_what_burn_makes_of_mean_and_variance() {
    for seed in 0..24 {
        let mut case = Case(Pcg64Mcg::seed_from_u64(seed));
        // Of two values, normalized, one is the other's negative: their gradients are nothing but rounding.
        let dims = [case.one_of(&[5, 9, 300]), case.one_of(&[5, 8, 33])];
        let (values, epsilon) = (case.values(dims, 0.3), 1e-3);
        let (gamma, beta) = (case.values([dims[1]], 0.0), case.values([dims[1]], 0.0));
        let (affine, relu) = (seed % 2 == 0, seed % 3 == 0);
        let stock = |dim: usize| {
            let mean = values.clone().mean_dim(dim);
            let centred = values.clone() - mean.clone();
            let variance = centred.clone().square().mean_dim(dim);
            let normal = centred / (variance.clone() + epsilon).sqrt();
            let scaled = if affine {
                normal * gamma.clone().unsqueeze::<2>() + beta.clone().unsqueeze::<2>()
            } else {
                normal
            };
            (scaled, mean.without_autodiff(), variance.without_autodiff())
        };
        let parameters: &[&Tensor<1>] = if affine { &[&gamma, &beta] } else { &[] };
        let (scale, shift) = (affine.then(|| gamma.clone()), affine.then(|| beta.clone()));

        let (theirs, mean, variance) = stock(0);
        let theirs = if relu { activation::relu(theirs) } else { theirs };
        let (ours, statistics) = batch_norm(values.clone(), scale.clone(), shift.clone(), epsilon, relu);
        assert_close("mean", &statistics.mean, &mean.reshape([dims[1]]));
        assert_close("variance", &statistics.variance, &variance.reshape([dims[1]]));
        check_leaves(&mut case, (&values, parameters), ours, theirs);

        let ours = layer_norm(values.clone(), scale, shift, epsilon);
        check_leaves(&mut case, (&values, parameters), ours, stock(1).0);
    }
}

#[test]
fn activation_functions_are_those_of_burn() {
    let all = [
        Activation::Relu,
        Activation::LeakyRelu { negative_slope: 0.1 },
        Activation::Gelu,
        Activation::Silu,
        Activation::Tanh,
        Activation::Sigmoid,
    ];
    for kind in all {
        let mut case = Case(Pcg64Mcg::seed_from_u64(7));
        let values = case.values([3, 5, 7], 0.0);
        let wide = values.clone() * 4.0;
        let theirs = match kind {
            Activation::Relu => activation::relu(wide),
            Activation::LeakyRelu { negative_slope } => {
                activation::leaky_relu(wide, f64::from(negative_slope))
            }
            Activation::Gelu => activation::gelu(wide),
            Activation::Silu => activation::silu(wide),
            Activation::Tanh => activation::tanh(wide),
            Activation::Sigmoid => activation::sigmoid(wide),
        };
        let ours = crate::activation(values.clone() * 4.0, kind);
        check_leaves(&mut case, (&values, &[]), ours, theirs);
    }
}

#[test]
fn pooling_and_layouts_are_those_of_burn() {
    for seed in 0..20 {
        let mut case = Case(Pcg64Mcg::seed_from_u64(seed));
        let (kernel, stride) = (case.one_of(&[1, 2, 3, 7]), case.one_of(&[1, 2, 3]));
        let side = kernel + case.one_of(&[0, 1, 6]);
        let channels = case.one_of(&[1, 3, 8, 20]);
        let maps = case.values([2, side, side, channels], 0.0);
        let first = || maps.clone().permute([0, 3, 1, 2]);
        let last = |maps: Tensor<4>| maps.permute([0, 2, 3, 1]);

        let options = MaxPoolOptions::new([kernel, kernel]).with_stride([stride, stride]);
        let ours = crate::max_pool2d(maps.clone(), kernel, stride);
        check_leaves(&mut case, (&maps, &[]), ours, last(max_pool2d(first(), options)));
        let options = AvgPoolOptions::new([kernel, kernel]).with_stride([stride, stride]);
        let ours = crate::avg_pool2d(maps.clone(), kernel, stride);
        check_leaves(&mut case, (&maps, &[]), ours, last(avg_pool2d(first(), options)));
        let theirs = maps.clone().reshape([2, side * side, channels]).mean_dim(1).reshape([2, channels]);
        check_leaves(&mut case, (&maps, &[]), crate::global_avg_pool(maps.clone()), theirs);

        check_leaves(&mut case, (&maps, &[]), to_channels_first(maps.clone()), first());
        let back = to_channels_last(first() * 2.0);
        check_leaves(&mut case, (&maps, &[]), back, maps.clone() * 2.0);
    }
}

#[test]
fn an_optimizer_without_moments_takes_a_step() {
    let device = Device::flex();
    let tensor = |values: [f32; 3]| Tensor::<1>::from_floats(values, &device);
    let kind = UpdateKind::Sgd { learning_rate: 0.5, momentum: 0.0, nesterov: false };
    let moments = Tensor::zeros([0], &device);
    let (parameters, moments) = update(
        UpdateRule { l2: 0.5, ..UpdateRule::from(kind) },
        vec![tensor([1.0, 2.0, 3.0])],
        vec![tensor([0.0, 1.0, -1.0])],
        moments,
    );
    assert_close("values", &parameters[0], &tensor([0.75, 1.0, 2.75]));
    assert_eq!(moments.dims(), [0]);
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
