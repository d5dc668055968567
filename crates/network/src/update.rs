//! An optimizer's step over all parameters.

use burn::tensor::Tensor;
use kernels::{UpdateKind, UpdateRule};

use crate::Fusion;

/// Takes a step along the gradients: parameters and moments in, the same out.
///
/// `moments` holds, for each parameter in order, as many lists of its length as the rule keeps; where that is none, it is one value
/// that is left alone. All tensors are flat, on one device, and without autodiff.
///
/// # Panics
/// Where a length does not fit the others.
pub fn update(
    fusion: Fusion,
    rule: UpdateRule,
    parameters: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    moments: Tensor<1>,
) -> (Vec<Tensor<1>>, Tensor<1>) {
    match fusion {
        Fusion::None => stock_update(rule, parameters, gradients, &moments),
        #[cfg(feature = "fused")]
        _ => fused::update(rule, parameters, gradients, moments),
    }
}

fn stock_update(
    rule: UpdateRule,
    parameters: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    moments: &Tensor<1>,
) -> (Vec<Tensor<1>>, Tensor<1>) {
    let (mut start, mut updated_moments) = (0, Vec::new());
    let updated = parameters.into_iter().zip(gradients).map(|(parameter, gradient)| {
        let length = parameter.dims()[0];
        let mut moment = || {
            start += length;
            moments.clone().narrow(0, start - length, length)
        };
        let gradient = gradient * rule.gradient_scale + parameter.clone() * rule.l2;
        let (step, own) = match rule.kind {
            UpdateKind::Sgd { learning_rate, momentum: 0.0, .. } => (gradient * learning_rate, Vec::new()),
            UpdateKind::Sgd { learning_rate, momentum, nesterov } => {
                let velocity = moment() * momentum + gradient.clone();
                let ahead = if nesterov { gradient + velocity.clone() * momentum } else { velocity.clone() };
                (ahead * learning_rate, vec![velocity])
            }
            UpdateKind::RmsProp { learning_rate, alpha, epsilon, momentum } => {
                let squares = moment() * alpha + gradient.clone().square() * (1.0 - alpha);
                let step = gradient / (squares.clone().sqrt() + epsilon);
                if momentum > 0.0 {
                    let velocity = moment() * momentum + step;
                    (velocity.clone() * learning_rate, vec![squares, velocity])
                } else {
                    (step * learning_rate, vec![squares])
                }
            }
            UpdateKind::Adam { scale, beta_1, beta_2, epsilon } => {
                let mean = moment() * beta_1 + gradient.clone() * (1.0 - beta_1);
                let squares = moment() * beta_2 + gradient.square() * (1.0 - beta_2);
                let step = mean.clone() * scale / (squares.clone().sqrt() + epsilon);
                (step, vec![mean, squares])
            }
        };
        updated_moments.extend(own);
        parameter * rule.keep - step
    });
    let updated = updated.collect();
    let moments = if updated_moments.is_empty() { moments.clone() } else { Tensor::cat(updated_moments, 0) };
    (updated, moments)
}
