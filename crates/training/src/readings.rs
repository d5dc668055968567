//! How weights are to be read of which a file says too little.
//!
//! Weights trained behind PyTorch's `Normalize((0.1307,), (0.3081,))` fit by name and shape, and read a little worse without it: no
//! error shows. Tensors alone do not tell what lies between layers either. So every way to read them is tried on digits that are known.

use burn::tensor::Device;
use dataset::careful_digits;
use ink::PIXELS;
use model_spec::Preprocessing;
use network::{DeviceError, Network};
use weights::{Reading, Weights};

/// Known digits to try on, and their seed.
const DIGITS: usize = 1_500;
const SEED: u64 = 17;
/// So many of them are tried first on every reading; a quarter of the readings is then tried on four times as many, and so on.
const FIRST_DIGITS: usize = 40;
const SIFTING: usize = 4;
/// Another scale than 0 to 1 must explain the digits so much better, in nats a digit.
const MARGIN: f64 = 0.01;
/// An unusual reading must explain them so much better: digits that a network did not learn from tell one activation from another
/// hardly at all.
const UNUSUAL_MARGIN: f64 = 0.15;

/// What trying has shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TriedReading {
    /// The reading that explains known digits best, from 0.
    pub index: usize,
    /// The scale with which it does.
    pub best: Preprocessing,
    /// Share of known digits that it reads rightly, 0 to 1.
    pub accuracy: f64,
    /// The same at 0 to 1, where the file does not say a scale.
    pub accuracy_at_zero_to_one: Option<f64>,
}

/// Tries readings on digits that the program draws itself; none where they tell fewer than ten classes apart.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn try_readings(
    readings: &[&Reading],
    device: &Device,
) -> Result<Option<TriedReading>, DeviceError> {
    if readings.iter().any(|reading| reading.weights.network().classes() < 10) {
        return Ok(None);
    }
    let digits = careful_digits(DIGITS, SEED);
    let known = |count: usize| (&digits.pixels[..count * PIXELS], &digits.labels[..count]);
    let mut left: Vec<(usize, Preprocessing)> = Vec::new();
    for (index, reading) in readings.iter().enumerate() {
        left.extend(scales(reading).iter().map(|&scale| (index, scale)));
    }
    let mut count = FIRST_DIGITS;
    while readings.len() > 1 && left.iter().any(|(index, _)| *index != left[0].0) {
        let mut explained = Vec::new();
        for &(index, scale) in &left {
            let tried = try_scale(&readings[index].weights, scale, known(count), device).await?;
            let handicap = if readings[index].is_unusual { UNUSUAL_MARGIN } else { 0.0 };
            explained.push((tried.explained - handicap, index, scale));
        }
        // Stable: of equals, the likelier one stays in front.
        explained.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
        let keep = if count == DIGITS { 1 } else { left.len().div_ceil(SIFTING) };
        left = explained.into_iter().take(keep).map(|(_, index, scale)| (index, scale)).collect();
        count = (SIFTING * count).min(DIGITS);
    }
    let best = left.first().map_or(0, |(index, _)| *index);
    let mut tried = Vec::new();
    for &scale in scales(readings[best]) {
        tried.push(try_scale(&readings[best].weights, scale, known(DIGITS), device).await?);
    }
    let Some(&usual) = tried.first() else { return Ok(None) };
    let better = tried
        .iter()
        .max_by(|one, other| one.explained.total_cmp(&other.explained))
        .filter(|tried| tried.explained > usual.explained + MARGIN);
    let chosen = better.unwrap_or(&usual);
    Ok(Some(TriedReading {
        index: best,
        best: chosen.preprocessing,
        accuracy: chosen.accuracy,
        accuracy_at_zero_to_one: readings[best].preprocessing.is_none().then_some(usual.accuracy),
    }))
}

#[derive(Clone, Copy, Debug)]
struct TriedScale {
    preprocessing: Preprocessing,
    explained: f64,
    accuracy: f64,
}

/// The scale that a file says, else the usual ones, 0 to 1 first.
fn scales(reading: &Reading) -> &[Preprocessing] {
    const USUAL: [Preprocessing; 4] = [
        Preprocessing::ZeroToOne,
        Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 },
        Preprocessing::MinusOneToOne,
        Preprocessing::L2Columns,
    ];
    reading.preprocessing.as_ref().map_or(&USUAL, core::slice::from_ref)
}

async fn try_scale(
    weights: &Weights,
    preprocessing: Preprocessing,
    (levels, labels): (&[u8], &[u8]),
    device: &Device,
) -> Result<TriedScale, DeviceError> {
    let network = Network::for_prediction(weights, preprocessing, device);
    let (mut answers, mut right) = (Vec::with_capacity(labels.len()), 0_u32);
    for (levels, labels) in levels.chunks(100 * PIXELS).zip(labels.chunks(100)) {
        for (probabilities, &label) in network.predict(levels).await?.into_iter().zip(labels) {
            let own = probabilities[usize::from(label)];
            right += u32::from(probabilities.iter().all(|&other| other <= own));
            answers.push((probabilities, label));
        }
    }
    let accuracy = f64::from(right) / labels.len().max(1) as f64;
    Ok(TriedScale { preprocessing, explained: explained(&answers), accuracy })
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
