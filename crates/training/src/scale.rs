//! Which scale of pixel values weights expect that say nothing of it.
//!
//! Weights trained behind PyTorch's `Normalize((0.1307,), (0.3081,))` fit by name and shape, and read a little worse without it: no
//! error shows. So each usual scale is tried on digits that are known.

use burn::tensor::Device;
use dataset::careful_digits;
use ink::PIXELS;
use model_spec::Preprocessing;
use network::{DeviceError, Network};
use weights::Weights;

/// Known digits to try on, and their seed.
const DIGITS: usize = 1_500;
const SEED: u64 = 17;
/// Another scale than 0 to 1 must explain the digits so much better, in nats a digit.
const MARGIN: f64 = 0.01;

/// What trying the usual scales has shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TriedScales {
    /// The scale that explains known digits best.
    pub best: Preprocessing,
    /// Share of known digits that it reads rightly, 0 to 1.
    pub accuracy: f64,
    /// The same at 0 to 1.
    pub accuracy_at_zero_to_one: f64,
}

/// Tries the usual scales on digits that the program draws itself; none where a network tells fewer than ten classes apart.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn try_scales(weights: &Weights, device: &Device) -> Result<Option<TriedScales>, DeviceError> {
    const USUAL: [Preprocessing; 4] = [
        Preprocessing::ZeroToOne,
        Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 },
        Preprocessing::MinusOneToOne,
        Preprocessing::L2Columns,
    ];
    if weights.network().classes() < 10 {
        return Ok(None);
    }
    let digits = careful_digits(DIGITS, SEED);
    let mut tried = Vec::new();
    for preprocessing in USUAL {
        let network = Network::for_prediction(weights, preprocessing, device);
        let (mut answers, mut right) = (Vec::with_capacity(digits.len()), 0_u32);
        for (levels, labels) in digits.pixels.chunks(100 * PIXELS).zip(digits.labels.chunks(100)) {
            for (probabilities, &label) in network.predict(levels).await?.into_iter().zip(labels) {
                let own = probabilities[usize::from(label)];
                right += u32::from(probabilities.iter().all(|&other| other <= own));
                answers.push((probabilities, label));
            }
        }
        tried.push((explained(&answers), f64::from(right) / digits.len() as f64, preprocessing));
    }
    let (at_zero_to_one, accuracy_at_zero_to_one, _) = tried[0];
    let best = tried
        .iter()
        .max_by(|(one, ..), (other, ..)| one.total_cmp(other))
        .filter(|(explained, ..)| *explained > at_zero_to_one + MARGIN);
    let (_, accuracy, best) = *best.unwrap_or(&tried[0]);
    Ok(Some(TriedScales { best, accuracy, accuracy_at_zero_to_one }))
}

/// Mean log likelihood of the labels, in nats, at the temperature that suits the answers best: larger pixel values make any
/// network surer, rightly or not.
fn explained(answers: &[(Vec<f32>, u8)]) -> f64 {
    const LEAST: f32 = 1e-12;
    let at = |sharpness: f64| {
        let one = |(probabilities, label): &(Vec<f32>, u8)| {
            let power = |&probability: &f32| (sharpness * f64::from(probability.max(LEAST)).ln()).exp();
            let sum: f64 = probabilities.iter().map(power).sum();
            (power(&probabilities[usize::from(*label)]) / sum).ln()
        };
        answers.iter().map(one).sum::<f64>() / answers.len().max(1) as f64
    };
    // Temperatures of 1/2 to 8 in steps of a seventh root of two.
    (-7..=21).map(|step| at(2.0_f64.powf(f64::from(-step) / 7.0))).fold(f64::NEG_INFINITY, f64::max)
}
