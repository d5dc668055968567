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
/// # Panics
/// Where a label is not below the number of classes.
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
        row_gradient[label] -= 1.0;
        found.loss += sum.ln() + largest - row[label];
        found.right += u32::from(row.iter().position(|&logit| logit == largest) == Some(label));
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
}
