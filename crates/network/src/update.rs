//! An optimizer's step for one parameter.

use burn::tensor::Tensor;
use kernels::UpdateRule;

use crate::Engine;

/// Takes a step: a parameter and its moments, as many as the rule keeps, in; the same out.
///
/// All tensors are flat, of one length, and without autodiff.
///
/// # Panics
/// Where the number of moments is not [`UpdateRule::moment_count`].
pub fn update(
    engine: Engine,
    rule: UpdateRule,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    moments: Vec<Tensor<1>>,
) -> (Tensor<1>, Vec<Tensor<1>>) {
    match engine {
        Engine::Stock => stock_update(rule, parameter, gradient, moments),
        #[cfg(feature = "fused")]
        Engine::Fused => fused::update(rule, parameter, gradient, moments),
    }
}

fn stock_update(
    rule: UpdateRule,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    moments: Vec<Tensor<1>>,
) -> (Tensor<1>, Vec<Tensor<1>>) {
    let mut moments = moments.into_iter();
    let mut moment = || moments.next().expect("the rule's moments");
    match rule {
        UpdateRule::Sgd { learning_rate, momentum } => {
            let velocity = moment() * momentum + gradient;
            (parameter - velocity.clone() * learning_rate, vec![velocity])
        }
        UpdateRule::RmsProp { learning_rate, alpha, epsilon } => {
            let squares = moment() * alpha + gradient.clone().square() * (1.0 - alpha);
            (parameter - gradient * learning_rate / (squares.clone().sqrt() + epsilon), vec![squares])
        }
        UpdateRule::Adam { scale, beta_1, beta_2, epsilon } => {
            let mean = moment() * beta_1 + gradient.clone() * (1.0 - beta_1);
            let squares = moment() * beta_2 + gradient.square() * (1.0 - beta_2);
            let change = mean.clone() * scale / (squares.clone().sqrt() + epsilon);
            (parameter - change, vec![mean, squares])
        }
    }
}
