//! Activation functions and their gradients, without a branch: whole vectors go through them.
//!
//! What is not a number stays so: a run that diverged must show.

use pulp::Arch;

/// A function that is applied to every value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` above zero, `negative_slope * x` below.
    LeakyRelu {
        /// Slope below zero.
        negative_slope: f32,
    },
    /// `x` times the normal distribution's cumulative probability of `x`: `PyTorch`'s `gelu` without approximation.
    Gelu,
    /// `x * sigmoid(x)`, also known as swish.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

impl Activation {
    /// Applies it: `output[i] = f(input[i])`.
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn apply(self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len(), output.len(), "lengths");
        match self {
            Self::Relu => map(input, output, |x| if x < 0.0 { 0.0 } else { x }),
            Self::LeakyRelu { negative_slope } => {
                map(input, output, |x| if x < 0.0 { negative_slope * x } else { x });
            }
            Self::Gelu => map(input, output, |x| x * normal(x).0),
            Self::Silu => map(input, output, |x| x * sigmoid(x)),
            Self::Tanh => map(input, output, tanh),
            Self::Sigmoid => map(input, output, sigmoid),
        }
    }

    /// Whether [`backward`](Self::backward) reads the input; otherwise it reads the output.
    pub const fn keeps_input(self) -> bool {
        matches!(self, Self::LeakyRelu { .. } | Self::Gelu | Self::Silu)
    }

    /// Turns the gradient for the output into that for the input, in place.
    ///
    /// `kept` is the input or the output, as [`keeps_input`](Self::keeps_input) says.
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn backward(self, kept: &[f32], gradient: &mut [f32]) {
        assert_eq!(kept.len(), gradient.len(), "lengths");
        match self {
            Self::Relu => change(kept, gradient, |y, slope| if y > 0.0 { slope } else { 0.0 }),
            Self::LeakyRelu { negative_slope } => {
                change(kept, gradient, |x, slope| if x > 0.0 { slope } else { negative_slope * slope });
            }
            Self::Gelu => change(kept, gradient, |x, slope| {
                let (probability, density) = normal(x);
                slope * (probability + x * density)
            }),
            Self::Silu => change(kept, gradient, |x, slope| {
                let share = sigmoid(x);
                slope * share * (1.0 + x * (1.0 - share))
            }),
            Self::Tanh => change(kept, gradient, |y, slope| slope * (1.0 - y * y)),
            Self::Sigmoid => change(kept, gradient, |y, slope| slope * y * (1.0 - y)),
        }
    }
}

#[inline(always)]
fn map(input: &[f32], output: &mut [f32], f: impl Fn(f32) -> f32) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (output, &input) in output.iter_mut().zip(input) {
                *output = f(input);
            }
        },
    );
}

#[inline(always)]
fn change(kept: &[f32], gradient: &mut [f32], f: impl Fn(f32, f32) -> f32) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (gradient, &kept) in gradient.iter_mut().zip(kept) {
                *gradient = f(kept, *gradient);
            }
        },
    );
}

/// `e^x`, to a relative error of 2e-7 between -87 and 88, the values of the bounds beyond them.
///
/// `x` is split into a power of two and a rest, whose exponential a polynomial gives (S. L. Moshier, Cephes, `expf`).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.0;
    const HIGHEST: f32 = 88.0;
    /// Adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUNDING: f32 = 12_582_912.0;
    /// The logarithm of 2 in two parts: multiples of the first are exact.
    const LN_2_UPPER: f32 = 355.0 / 512.0;
    const LN_2_LOWER: f32 = -2.121_944_4e-4;
    let x = if x < LOWEST { LOWEST } else { x };
    let x = if x > HIGHEST { HIGHEST } else { x };
    let rounded = x * core::f32::consts::LOG2_E + ROUNDING;
    let power = rounded - ROUNDING;
    let rest = (x - power * LN_2_UPPER) - power * LN_2_LOWER;
    let sum = 1.987_569_1e-4 * rest + 1.398_199_9e-3;
    let sum = sum * rest + 8.333_452e-3;
    let sum = sum * rest + 4.166_579_6e-2;
    let sum = sum * rest + 1.666_666_5e-1;
    let sum = sum * rest + 0.5;
    let value = sum * (rest * rest) + rest + 1.0;
    let scale = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    value * scale
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Near zero a polynomial, elsewhere by the exponential (S. L. Moshier, Cephes, `tanhf`).
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let far = 1.0 - 2.0 / (exp(size + size) + 1.0);
    let square = x * x;
    let sum = -5.704_988_7e-3 * square + 2.063_909e-2;
    let sum = sum * square - 5.373_971_6e-2;
    let sum = sum * square + 1.333_144_2e-1;
    let sum = sum * square - 3.333_328e-1;
    let near = sum * square * size + size;
    (if size < 0.625 { near } else { far }).copysign(x)
}

/// The normal distribution's cumulative probability and its density.
///
/// The error function is formula 7.1.26 of M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964),
/// whose absolute error is at most 1.5e-7.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let size = x.abs() * core::f32::consts::FRAC_1_SQRT_2;
    let bell = exp(-size * size);
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let sum = 1.061_405_4 * t - 1.453_152;
    let sum = sum * t + 1.421_413_7;
    let sum = sum * t - 0.284_496_74;
    let sum = sum * t + 0.254_829_6;
    // Half of what the error function leaves to one: the probability of the tail.
    let tail = 0.5 * sum * t * bell;
    let density = 0.398_942_3 * bell;
    (if x < 0.0 { tail } else { 1.0 - tail }, density)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const ALL: [Activation; 6] = [
        Activation::Relu,
        Activation::LeakyRelu { negative_slope: 0.01 },
        Activation::Gelu,
        Activation::Silu,
        Activation::Tanh,
        Activation::Sigmoid,
    ];

    /// The error function as its series, or as the continued fraction of what it leaves to one.
    fn error_function(x: f64) -> f64 {
        if x.abs() > 3.0 {
            let fraction = (1..60).rev().fold(0.0, |rest, k| f64::from(k) / 2.0 / (x.abs() + rest));
            let left = (-x * x).exp() / core::f64::consts::PI.sqrt() / (x.abs() + fraction);
            return (1.0 - left).copysign(x);
        }
        let (mut term, mut sum) = (x, x);
        for k in 1..80 {
            term *= -x * x / f64::from(k);
            sum += term / f64::from(2 * k + 1);
        }
        sum * 2.0 / core::f64::consts::PI.sqrt()
    }

    fn exact(activation: Activation, x: f64) -> f64 {
        match activation {
            Activation::Relu => x.max(0.0),
            Activation::LeakyRelu { negative_slope } => {
                if x < 0.0 {
                    f64::from(negative_slope) * x
                } else {
                    x
                }
            }
            Activation::Gelu => 0.5 * x * (1.0 + error_function(x * core::f64::consts::FRAC_1_SQRT_2)),
            Activation::Silu => x / (1.0 + (-x).exp()),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        }
    }

    fn points() -> Vec<f32> {
        (-40_000..=40_000).map(|step| step as f32 * 5e-4 + 1e-5).collect()
    }

    #[test]
    fn exponentials_are_right_to_seven_digits() {
        for x in (-86_000..88_000).map(|step| step as f32 * 1e-3) {
            let off = f64::from(exp(x)) / f64::from(x).exp() - 1.0;
            assert!(off.abs() < 2e-7, "exp({x}) is off by {off}");
        }
        assert!(exp(f32::NAN).is_nan() && exp(f32::NEG_INFINITY) < 1e-37 && exp(f32::INFINITY) > 1e38);
    }

    #[test]
    fn values_are_exact_to_rounding() {
        let points = points();
        for activation in ALL {
            let mut got = vec![f32::NAN; points.len()];
            activation.apply(&points, &mut got);
            for (&x, &got) in points.iter().zip(&got) {
                let expected = exact(activation, f64::from(x));
                let bound = match activation {
                    Activation::Gelu => 5e-7 * (1.0 + expected.abs()),
                    _ => 3e-7 * expected.abs() + 1e-37,
                };
                let off = (f64::from(got) - expected).abs();
                assert!(off <= bound, "{activation:?}({x}): {got} is not {expected}");
            }
        }
    }

    #[test]
    fn gradients_are_the_slopes() {
        let points = points();
        for activation in ALL {
            let mut outputs = vec![0.0; points.len()];
            activation.apply(&points, &mut outputs);
            let kept = if activation.keeps_input() { &points } else { &outputs };
            let mut got = vec![2.0; points.len()];
            activation.backward(kept, &mut got);
            for (&x, &got) in points.iter().zip(&got) {
                let slope =
                    (exact(activation, f64::from(x) + 1e-6) - exact(activation, f64::from(x) - 1e-6)) / 1e-6;
                assert!((f64::from(got) - slope).abs() < 3e-6, "{activation:?}'({x}): {got} is not {slope}");
            }
        }
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        for activation in ALL {
            let mut output = [0.0; 9];
            activation.apply(&[f32::NAN; 9], &mut output);
            assert!(output.iter().all(|value| value.is_nan()), "{activation:?}");
        }
    }
}
