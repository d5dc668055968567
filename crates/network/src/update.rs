//! An optimizer's step over all parameters.

use burn::tensor::Tensor;
use kernels::UpdateRule;

use crate::Engine;

/// Takes a step along the gradients: parameters and moments in, the same out.
///
/// `moments` holds, for each parameter in order, as many lists of its length as the rule keeps. All tensors are flat,
/// on one device, and without autodiff.
///
/// # Panics
/// Where a length does not fit the others.
pub fn update(
    engine: Engine,
    rule: UpdateRule,
    parameters: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    moments: Tensor<1>,
) -> (Vec<Tensor<1>>, Tensor<1>) {
    match engine {
        Engine::Stock => stock_update(rule, parameters, gradients, &moments),
        #[cfg(feature = "fused")]
        Engine::Fused => fused::update(rule, parameters, gradients, moments),
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
        match rule {
            UpdateRule::Sgd { learning_rate, momentum, keep } => {
                let velocity = moment() * momentum + gradient;
                updated_moments.push(velocity.clone());
                parameter * keep - velocity * learning_rate
            }
            UpdateRule::RmsProp { learning_rate, alpha, epsilon, keep } => {
                let squares = moment() * alpha + gradient.clone().square() * (1.0 - alpha);
                updated_moments.push(squares.clone());
                parameter * keep - gradient * learning_rate / (squares.sqrt() + epsilon)
            }
            UpdateRule::Adam { scale, beta_1, beta_2, epsilon, keep } => {
                let mean = moment() * beta_1 + gradient.clone() * (1.0 - beta_1);
                let squares = moment() * beta_2 + gradient.square() * (1.0 - beta_2);
                updated_moments.extend([mean.clone(), squares.clone()]);
                parameter * keep - mean * scale / (squares.sqrt() + epsilon)
            }
        }
    });
    let updated = updated.collect();
    (updated, Tensor::cat(updated_moments, 0))
}
