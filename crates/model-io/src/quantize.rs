//! Weights with few bits: each channel in steps of its own.

use model_spec::{NetworkSpec, TensorSpec};
use weights::Weights;

use crate::range_coder::{Chance, Decoder, Encoder};

/// Bits of a channel's step on a logarithmic scale of eight steps to a doubling, from 2^-14.
const STEP_BITS: u32 = 7;
const STEPS_TO_A_DOUBLING: f64 = 8.0;
const LEAST_EXPONENT: f64 = -14.0;
/// Biases, and what norms hold: bits of a value, its sign among them.
const PLAIN_BITS: u32 = 10;
/// Sizes of a level that have a bit each; larger ones have an escape.
const UNARY: usize = 18;
const MOST_ESCAPE_BITS: u32 = 16;

/// Weights as levels: each value is its level times its channel's step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantized {
    tensors: Vec<Vec<Channel>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Channel {
    step_code: u32,
    levels: Vec<i32>,
}

impl Channel {
    /// `step` is the aim; the nearest on the scale is taken.
    fn new(values: &[f32], step: f64, most: i32) -> Self {
        let code = ((step.max(1e-9).log2() - LEAST_EXPONENT) * STEPS_TO_A_DOUBLING).round();
        let step_code = code.clamp(0.0, f64::from((1 << STEP_BITS) - 1)) as u32;
        let step = step_of(step_code);
        let level = |&value: &f32| ((f64::from(value) / step).round() as i32).clamp(-most, most);
        Self { step_code, levels: values.iter().map(level).collect() }
    }
}

fn step_of(code: u32) -> f64 {
    (f64::from(code) / STEPS_TO_A_DOUBLING + LEAST_EXPONENT).exp2()
}

/// Whether values are coded by their size, each channel for itself. The others are few.
fn is_matrix(tensor: &TensorSpec) -> bool {
    tensor.shape.len() > 1
}

fn row(tensor: &TensorSpec) -> usize {
    if is_matrix(tensor) { (tensor.size() / tensor.shape[0].max(1)).max(1) } else { tensor.size().max(1) }
}

impl Quantized {
    /// Levels in steps of `relative_step` standard deviations of each channel.
    pub(crate) fn new(weights: &Weights, relative_step: f64) -> Self {
        let each = weights.tensors().map(|(tensor, values)| {
            let channels = values.chunks(row(tensor));
            if is_matrix(tensor) {
                channels
                    .map(|values| Channel::new(values, relative_step * deviation(values), 1 << 15))
                    .collect()
            } else {
                const MOST: i32 = (1 << (PLAIN_BITS - 1)) - 1;
                let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
                // A little more than needed, so that the nearest step on the scale suffices.
                let step = 1.05 * f64::from(largest) / f64::from(MOST);
                let mut channels: Vec<Channel> =
                    channels.map(|values| Channel::new(values, step, MOST)).collect();
                if tensor.name.ends_with("running_var") {
                    // A variance of zero would make its channel hundreds of times as strong.
                    let levels = channels.iter_mut().flat_map(|channel| &mut channel.levels);
                    levels.for_each(|level| *level = (*level).max(1));
                }
                channels
            }
        });
        Self { tensors: each.collect() }
    }

    /// The values that the levels stand for.
    pub(crate) fn weights(&self, network: &NetworkSpec) -> Option<Weights> {
        let channels = self.tensors.iter().flatten();
        let values = channels.flat_map(|channel| {
            let step = step_of(channel.step_code);
            channel.levels.iter().map(move |&level| (f64::from(level) * step) as f32)
        });
        Weights::from_values(network.clone(), values.collect())
    }

    pub(crate) fn encode(&self, network: &NetworkSpec) -> Vec<u8> {
        let mut encoder = Encoder::new();
        for (tensor, channels) in network.tensors().zip(&self.tensors) {
            let mut sizes = Sizes::new();
            for channel in channels {
                encoder.bits(channel.step_code, STEP_BITS);
                for &level in &channel.levels {
                    if is_matrix(tensor) {
                        sizes.encode(&mut encoder, level);
                    } else {
                        encoder.bits(level as u32 & ((1 << PLAIN_BITS) - 1), PLAIN_BITS);
                    }
                }
            }
        }
        encoder.finish()
    }

    /// Undoes [`encode`](Self::encode). Bytes that mean nothing give other levels; a checksum tells.
    pub(crate) fn decode(network: &NetworkSpec, bytes: &[u8]) -> Self {
        let mut decoder = Decoder::new(bytes);
        let each = network.tensors().map(|tensor| {
            let mut sizes = Sizes::new();
            let row = row(tensor);
            let channel = |_| {
                let step_code = decoder.bits(STEP_BITS);
                let level = |decoder: &mut Decoder<'_>| {
                    if is_matrix(tensor) {
                        sizes.decode(decoder)
                    } else {
                        let unused = 32 - PLAIN_BITS;
                        (decoder.bits(PLAIN_BITS) << unused) as i32 >> unused
                    }
                };
                let mut level = level;
                Channel { step_code, levels: (0..row).map(|_| level(&mut decoder)).collect() }
            };
            (0..tensor.size() / row).map(channel).collect()
        });
        Self { tensors: each.collect() }
    }
}

fn deviation(values: &[f32]) -> f64 {
    let squares: f64 = values.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    (squares / values.len().max(1) as f64).sqrt()
}

/// What is known of the sizes of a tensor's levels so far.
struct Sizes {
    /// Whether a level is larger than its place.
    more: [Chance; UNARY],
}

impl Sizes {
    const fn new() -> Self {
        Self { more: [Chance::EVEN; UNARY] }
    }

    fn encode(&mut self, encoder: &mut Encoder, level: i32) {
        let size = level.unsigned_abs();
        for (place, chance) in (0_u32..).zip(&mut self.more) {
            encoder.bit(chance, size > place);
            if size <= place {
                break;
            }
        }
        if size >= UNARY as u32 {
            // Exponential Golomb: as many ones as the number has bits, then the bits.
            let rest = size - UNARY as u32 + 1;
            let count = rest.ilog2();
            for _ in 0..count {
                encoder.bits(1, 1);
            }
            encoder.bits(0, 1);
            encoder.bits(rest, count);
        }
        if size > 0 {
            encoder.bits(u32::from(level < 0), 1);
        }
    }

    fn decode(&mut self, decoder: &mut Decoder<'_>) -> i32 {
        let mut size = 0_u32;
        for chance in &mut self.more {
            if !decoder.bit(chance) {
                break;
            }
            size += 1;
        }
        if size == UNARY as u32 {
            let mut count = 0;
            while count < MOST_ESCAPE_BITS && decoder.bits(1) == 1 {
                count += 1;
            }
            size += (1 << count | decoder.bits(count)) - 1;
        }
        let is_negative = size > 0 && decoder.bits(1) == 1;
        if is_negative { -(size as i32) } else { size as i32 }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::NAMED_NETWORKS;

    use super::*;

    #[test]
    fn levels_come_back() {
        for named in NAMED_NETWORKS.iter().filter(|named| named.spec().value_count() < 400_000) {
            let network = named.spec();
            let weights = Weights::initial(&network, 3);
            for step in [0.01, 0.2, 1.0] {
                let quantized = Quantized::new(&weights, step);
                let bytes = quantized.encode(&network);
                assert!(Quantized::decode(&network, &bytes) == quantized, "{}, {step}", named.id);
            }
        }
    }

    #[test]
    fn a_value_is_off_by_half_a_step_at_most() {
        let weights = Weights::initial(&model_spec::named_network("small-cnn").unwrap().spec(), 3);
        let near = Quantized::new(&weights, 0.1).weights(weights.network()).unwrap();
        let apart = weights.values().iter().zip(near.values()).map(|(one, other)| (one - other).abs());
        assert!(apart.fold(0.0, f32::max) < 0.02);
    }
}
