//! Softmax, cross-entropy and its gradient.

use pulp::Arch;

use crate::{
    activation::exp,
    negligible::{NEGLIGIBLE, or_zero},
};

/// What [`cross_entropy`] finds.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropy {
    /// Sum over the rows, in nats.
    pub loss: f32,
    /// Rows whose largest logit is the label's, the first one among equals.
    pub right: u32,
    /// Gradient of the sum for the logits, `[rows, classes]`.
    pub gradient: Vec<f32>,
}

/// The loss of a classifier. `logits` is `[rows, classes]`, `labels` one class to a row.
///
/// `label_smoothing`, 0 to 1, is the share of the target that is spread evenly over all classes, as in `PyTorch`.
///
/// A label that is no class says that the row shows none of them: the target is then an even distribution, and right is
/// a row in which no class gets more than half.
///
/// # Panics
/// Where the logits are not whole rows.
pub fn cross_entropy(logits: &[f32], labels: &[u8], label_smoothing: f32) -> CrossEntropy {
    let classes = logits.len() / labels.len().max(1);
    assert_eq!(logits.len(), classes * labels.len(), "whole rows");
    let even = (classes as f32).recip();
    let mut found = CrossEntropy { loss: 0.0, right: 0, gradient: Vec::with_capacity(logits.len()) };
    Arch::new().dispatch(|| {
        for (row, &label) in logits.chunks_exact(classes.max(1)).zip(labels) {
            let label = usize::from(label);
            let largest =
                row.iter().fold(f32::NEG_INFINITY, |largest, &x| if x > largest { x } else { largest });
            let start = found.gradient.len();
            found.gradient.extend(row.iter().map(|logit| exp(logit - largest)));
            let row_gradient = &mut found.gradient[start..];
            let sum: f32 = row_gradient.iter().sum();
            // What the target gives to every class, and to the label beside.
            let (to_all, to_label) =
                if label < classes { (label_smoothing * even, 1.0 - label_smoothing) } else { (even, 0.0) };
            let inverse = sum.recip();
            for value in row_gradient.iter_mut() {
                *value = or_zero(*value * inverse, NEGLIGIBLE) - to_all;
            }
            let mut expected_logit = if to_all == 0.0 { 0.0 } else { row.iter().sum::<f32>() * to_all };
            let right = if let Some(value) = row_gradient.get_mut(label) {
                *value -= to_label;
                expected_logit += row[label] * to_label;
                row.iter().position(|&logit| logit == largest) == Some(label)
            } else {
                sum >= 2.0
            };
            found.loss += sum.ln() + largest - expected_logit;
            found.right += u32::from(right);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn loss_and_gradient_are_those_of_softmax() {
        let found = cross_entropy(&[0.0, 2.0_f32.ln(), 0.0, 700.0, 0.0, 700.0], &[1, 2], 0.0);
        // Softmax of the first row is 1/4, 1/2, 1/4; of the second, two halves.
        assert!((found.loss - 2.0 * 2.0_f32.ln()).abs() < 1e-4, "{}", found.loss);
        assert_eq!(found.right, 1);
        for (got, expected) in found.gradient.iter().zip([0.25, -0.5, 0.25, 0.5, 0.0, -0.5]) {
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
        assert!(cross_entropy(&[f32::NAN; 3], &[0], 0.0).loss.is_nan());
    }

    #[test]
    fn a_label_that_is_no_class_wants_an_even_distribution() {
        let even = cross_entropy(&[3.0; 4], &[4], 0.0);
        assert!((even.loss - 4.0_f32.ln()).abs() < 1e-6 && even.right == 1);
        assert!(even.gradient.iter().all(|value| value.abs() < 1e-6), "{:?}", even.gradient);
        let sure = cross_entropy(&[9.0, 0.0, 0.0, 0.0], &[4], 0.0);
        assert!((sure.loss - 0.75 * 9.0).abs() < 1e-2 && sure.right == 0, "{sure:?}");
        assert!(sure.gradient[0] > 0.7 && sure.gradient[1] < -0.2, "{:?}", sure.gradient);
    }

    #[test]
    fn smoothing_spreads_a_part_of_the_target() {
        let (logits, smoothing) = ([0.0, 2.0_f32.ln(), 0.0], 0.3);
        let found = cross_entropy(&logits, &[1], smoothing);
        let (quarter, half) = (4.0_f32.ln(), 2.0_f32.ln());
        assert!((found.loss - (0.2 * quarter + 0.8 * half)).abs() < 1e-6, "{}", found.loss);
        for (got, expected) in found.gradient.iter().zip([0.25 - 0.1, 0.5 - 0.8, 0.25 - 0.1]) {
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
    }

    #[test]
    fn what_a_network_is_sure_of_has_no_gradient_that_is_subnormal() {
        for logit in [40.0, 90.0, 100.0, 120.0] {
            let found = cross_entropy(&[0.0, logit, 0.0], &[1], 0.0);
            assert_eq!(found.gradient, [0.0; 3], "{logit}");
        }
    }
}
