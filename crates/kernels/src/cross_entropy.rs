//! Softmax, cross-entropy and its gradient.

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
/// A label that is no class says that the row shows none of them: the loss is then that of an even distribution, and right
/// is a row in which no class gets more than half.
pub fn cross_entropy(logits: &[f32], labels: &[u8]) -> CrossEntropy {
    let classes = logits.len() / labels.len().max(1);
    let mut found = CrossEntropy { loss: 0.0, right: 0, gradient: Vec::with_capacity(logits.len()) };
    for (row, &label) in logits.chunks_exact(classes.max(1)).zip(labels) {
        let label = usize::from(label);
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let start = found.gradient.len();
        found.gradient.extend(row.iter().map(|logit| (logit - largest).exp()));
        let row_gradient = &mut found.gradient[start..];
        let sum: f32 = row_gradient.iter().sum();
        for value in row_gradient.iter_mut() {
            *value /= sum;
        }
        let (right, expected_logit) = if let Some(value) = row_gradient.get_mut(label) {
            *value -= 1.0;
            (row.iter().position(|&logit| logit == largest) == Some(label), row[label])
        } else {
            let share = (classes as f32).recip();
            for value in row_gradient.iter_mut() {
                *value -= share;
            }
            (sum >= 2.0, row.iter().sum::<f32>() * share)
        };
        found.loss += sum.ln() + largest - expected_logit;
        found.right += u32::from(right);
    }
    found
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn loss_and_gradient_are_those_of_softmax() {
        let found = cross_entropy(&[0.0, 2.0_f32.ln(), 0.0, 700.0, 0.0, 700.0], &[1, 2]);
        // Softmax of the first row is 1/4, 1/2, 1/4; of the second, two halves.
        assert!((found.loss - 2.0 * 2.0_f32.ln()).abs() < 1e-4, "{}", found.loss);
        assert_eq!(found.right, 1);
        for (got, expected) in found.gradient.iter().zip([0.25, -0.5, 0.25, 0.5, 0.0, -0.5]) {
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
        assert!(cross_entropy(&[f32::NAN; 3], &[0]).loss.is_nan());
    }

    #[test]
    fn a_label_that_is_no_class_wants_an_even_distribution() {
        let even = cross_entropy(&[3.0; 4], &[4]);
        assert!((even.loss - 4.0_f32.ln()).abs() < 1e-6 && even.right == 1);
        assert!(even.gradient.iter().all(|value| value.abs() < 1e-6), "{:?}", even.gradient);
        let sure = cross_entropy(&[9.0, 0.0, 0.0, 0.0], &[4]);
        assert!((sure.loss - 0.75 * 9.0).abs() < 1e-2 && sure.right == 0, "{sure:?}");
        assert!(sure.gradient[0] > 0.7 && sure.gradient[1] < -0.2, "{:?}", sure.gradient);
    }
}
