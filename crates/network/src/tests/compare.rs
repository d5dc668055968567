#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use burn::tensor::Device;
use model_spec::{
    NAMED_NETWORKS, NOT_A_DIGIT, NetworkSpec, PIXELS, Preprocessing, TensorKind, layers::BatchNorm,
    normalized,
};
use pollster::block_on;
use weights::Weights;

use crate::{Batch, Dropout, Fusion, LossSettings, Network, TrainPass, read_flat};

/// The last shows no digit.
pub(super) const LABELS: [u8; 6] = [3, 1, 4, 1, 5, NOT_A_DIGIT];
/// For the loss's mean; another than the number of images.
const SETTINGS: LossSettings = LossSettings { batch_size: 8, label_smoothing: 0.1 };

/// Images of which most is paper.
pub(super) fn levels() -> Vec<u8> {
    let level = |index: usize| if index.is_multiple_of(5) { ((index * index / 7) % 256) as u8 } else { 0 };
    (0..LABELS.len() * PIXELS).map(level).collect()
}

/// Loss, right answers, gradients, and the statistics of batch norms.
pub(super) type Figures = (Vec<f32>, Vec<Vec<f32>>, Vec<Vec<f32>>);

pub(super) fn read(pass: TrainPass) -> Figures {
    let moments = pass.moments.into_iter().flat_map(|own| [own.mean, own.variance]).collect();
    let sums = block_on(read_flat(vec![pass.sums])).unwrap().concat();
    (sums, block_on(read_flat(pass.gradients)).unwrap(), block_on(read_flat(moments)).unwrap())
}

/// A training step's figures, with Burn's own operations on a CPU.
pub(super) fn expected(weights: &Weights, preprocessing: Preprocessing, dropout: Dropout) -> Figures {
    let network = Network::with_fusion(weights, preprocessing, &Device::flex().autodiff(), Fusion::None);
    read(network.train_pass(Batch::Levels { levels: &levels(), labels: &LABELS }, SETTINGS, dropout))
}

pub(super) fn got(
    weights: &Weights,
    preprocessing: Preprocessing,
    dropout: Dropout,
    fusion: Fusion,
) -> Figures {
    let network = Network::with_fusion(weights, preprocessing, &Device::flex().autodiff(), fusion);
    read(network.train_pass(Batch::Levels { levels: &levels(), labels: &LABELS }, SETTINGS, dropout))
}

/// What differs by more than rounding.
pub(super) fn difference(got: &Figures, expected: &Figures, tolerance: f32) -> Result<(), String> {
    let ((sums, gradients, moments), (sums_2, gradients_2, moments_2)) = (got, expected);
    let loss = (sums[0] - sums_2[0]).abs() / sums_2[0].abs().max(1.0);
    let is_alike = loss < 5.0 * tolerance && sums[1] == sums_2[1];
    if !is_alike {
        return Err(format!("loss and right answers {sums:?}, not {sums_2:?}"));
    }
    for (kind, a, b) in [("gradient", gradients, gradients_2), ("statistic", moments, moments_2)] {
        if a.len() != b.len() {
            return Err(format!("{} {kind}s, not {}", a.len(), b.len()));
        }
        // A tensor whose gradient is nothing but rounding is held to the others' size.
        let largest = b.iter().flatten().fold(0.2_f32, |largest, value| largest.max(value.abs()));
        for (index, (a, b)) in a.iter().zip(b).enumerate() {
            let scale = b.iter().fold(1e-2 * largest, |scale, value| scale.max(value.abs()));
            let is_near = |(a, b): &(&f32, &f32)| (*a - *b).abs() < tolerance * scale;
            let apart = a.iter().zip(b).find(|pair| !is_near(pair));
            if a.len() != b.len() || apart.is_some() {
                return Err(format!("{kind} {index}: {apart:?}, of {scale}"));
            }
        }
    }
    Ok(())
}

/// Checks that a step's figures are as with Burn's own operations on a CPU, with some weights.
///
/// In a network of many layers some values lie so near a tie that rounding decides it, and then a gradient
/// changes by a thousand times more than rounding. That is a matter of the weights: the next ones have no such tie, while
/// a wrong operation is wrong with any.
#[track_caller]
pub(super) fn check_step(
    network: &NetworkSpec,
    preprocessing: Preprocessing,
    dropout: Dropout,
    tolerance: f32,
    step: impl Fn(&Weights) -> Figures,
) {
    let mut differences = Vec::new();
    for seed in 3..12 {
        let weights = Weights::initial(network, seed);
        match difference(&step(&weights), &expected(&weights, preprocessing, dropout), tolerance) {
            Ok(()) => return,
            Err(error) => differences.push(error),
        }
    }
    panic!("{}, {preprocessing:?}, {dropout:?}: {differences:#?}\n{}", network.title(), network.to_json());
}

pub(super) const DROPOUTS: [Dropout; 2] =
    [Dropout::Off, Dropout::Seeded { seed: 8, first_image: 2, probability: None }];

pub(super) const PREPROCESSINGS: [Preprocessing; 4] = [
    Preprocessing::ZeroToOne,
    Preprocessing::MinusOneToOne,
    Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 },
    Preprocessing::L2Columns,
];

/// Every named network, with and without batch norm.
fn networks() -> impl Iterator<Item = NetworkSpec> {
    NAMED_NETWORKS.iter().flat_map(|named| {
        let spec = named.spec();
        let norm = normalized(&spec.draft(), &BatchNorm::default()).check().unwrap();
        [spec, norm]
    })
}

/// How many times more a network rounds than one without norms.
fn rounding(network: &NetworkSpec, preprocessing: Preprocessing) -> f32 {
    match (network.has_batch_norm(), preprocessing) {
        (false, _) => 1.0,
        // Its differences of large numbers round more, and those of paper that is not 0 more still.
        (true, Preprocessing::ZeroToOne) => 10.0,
        (true, _) => 25.0,
    }
}

#[cfg(feature = "cpu")]
#[test]
fn named_networks_train_as_with_stock_operations() {
    for network in networks() {
        for preprocessing in PREPROCESSINGS {
            let tolerance = 2e-5 * rounding(&network, preprocessing);
            for dropout in DROPOUTS {
                check_step(&network, preprocessing, dropout, tolerance, |weights| {
                    got(weights, preprocessing, dropout, Fusion::Cpu)
                });
            }
        }
    }
}

/// Folded batch norms change no answer beyond rounding.
#[test]
fn folded_networks_answer_alike() {
    let network = NetworkSpec::from_json(
        r#"{"layers":[{"kind":"conv2d","out_channels":6,"kernel_size":3,"padding":"same","bias":false},{"kind":"batch_norm"},
        {"kind":"tanh"},{"kind":"avg_pool2d"},{"kind":"flatten"},{"kind":"dense","units":12},{"kind":"batch_norm"},
        {"kind":"relu"},{"kind":"dense","units":10}]}"#,
    )
    .unwrap();
    let mut values = Vec::new();
    for (tensor, own) in Weights::initial(&network, 4).tensors() {
        let moved = |(index, value): (usize, &f32)| match tensor.kind {
            TensorKind::Buffer => value + 0.1 * (1 + index % 5) as f32,
            TensorKind::Parameter => value + 0.01 * (index % 7) as f32,
        };
        values.extend(own.iter().enumerate().map(moved));
    }
    let weights = Weights::from_values(network, values).unwrap();
    assert!(weights.folded().network().layers().len() == 7);
    let answers = |network: Network| block_on(network.predict(&levels())).unwrap().concat();
    let plain = answers(Network::from_weights(&weights, Preprocessing::ZeroToOne, &Device::flex()));
    let folded = answers(Network::for_prediction(&weights, Preprocessing::ZeroToOne, &Device::flex()));
    let apart = plain.iter().zip(&folded).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-5, "{apart}");
}

/// On whatever GPU, or software one, there is outside a browser: `cargo test -p network --features cpu,gpu`. The whole
/// suite leaves it out, as Burn's GPU backend takes ten minutes to compile; there, every run in a browser compares them.
#[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
#[test]
fn named_networks_train_on_a_gpu_as_with_stock_operations() {
    let Ok(device) = Device::wgpu_options().init() else {
        return println!("there is no GPU, not even in software: not tried");
    };
    let levels = levels();
    // The same images from the device, where they lie in another order between others.
    let turned: Vec<u8> = levels.chunks(PIXELS).rev().flatten().copied().collect();
    let labels: Vec<u8> = LABELS.into_iter().rev().collect();
    let mut images = crate::KeptImages::new(&turned, &labels, &device);
    images.set_order(&[0, 5, 4, 3, 2, 1, 0]);
    for (index, network) in networks().enumerate() {
        let preprocessing = PREPROCESSINGS[index % 4];
        let tolerance = if network.has_batch_norm() { 1e-3 } else { 1e-4 };
        for dropout in DROPOUTS {
            for batch in [
                Batch::Levels { levels: &levels, labels: &LABELS },
                Batch::Kept { images: &images, start: 1, count: LABELS.len() },
            ] {
                check_step(&network, preprocessing, dropout, tolerance, |weights| {
                    let device = device.clone().autodiff();
                    let network = Network::with_fusion(weights, preprocessing, &device, Fusion::Gpu);
                    read(network.train_pass(batch, SETTINGS, dropout))
                });
            }
        }
    }
}
