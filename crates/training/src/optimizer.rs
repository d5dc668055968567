//! Optimizers over flat parameters.
//!
//! Burn has these optimizers, but reads their state back with blocking calls, which panic on WebGPU in a browser. Ours
//! keep their moments as plain tensors that a checkpoint reads asynchronously; tests hold them to Burn's results.

use burn::tensor::Tensor;
use kernels::UpdateRule;
use network::Engine;
use recipe::{Optimizer, TrainRecipe};

/// An optimizer with its moments.
#[derive(Clone, Debug)]
pub(crate) struct OptimizerState {
    pub(crate) kind: Optimizer,
    weight_decay: f64,
    /// Steps taken.
    pub(crate) steps: u32,
    /// For each parameter in order as many lists of its length as the kind keeps, in one flat tensor; none before the
    /// first step.
    pub(crate) moments: Option<Tensor<1>>,
}

const SGD_MOMENTUM: f64 = 0.9;
const RMSPROP_ALPHA: f64 = 0.99;
const ADAM_BETA_1: f64 = 0.9;
const ADAM_BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl OptimizerState {
    pub(crate) fn new(recipe: &TrainRecipe) -> Self {
        Self::restored(recipe, 0, None)
    }

    pub(crate) fn restored(recipe: &TrainRecipe, steps: u32, moments: Option<Tensor<1>>) -> Self {
        Self { kind: recipe.optimizer, weight_decay: recipe.weight_decay, steps, moments }
    }

    /// Moments kept for each parameter.
    pub(crate) fn moment_count(kind: Optimizer) -> usize {
        rule(kind, 1, 0.0, 0.0).moment_count()
    }

    /// Counts a step, and says how it is taken.
    pub(crate) fn next_rule(&mut self, learning_rate: f64) -> UpdateRule {
        self.steps += 1;
        rule(self.kind, self.steps, learning_rate, self.weight_decay)
    }

    /// Parameters after one step; all tensors are flat and without autodiff.
    pub(crate) fn step(
        &mut self,
        engine: Engine,
        learning_rate: f64,
        parameters: Vec<Tensor<1>>,
        gradients: Vec<Tensor<1>>,
    ) -> Vec<Tensor<1>> {
        let rule = self.next_rule(learning_rate);
        let moments = self.moments.take().unwrap_or_else(|| {
            let values: usize = gradients.iter().map(|gradient| gradient.dims()[0]).sum();
            Tensor::zeros([values * rule.moment_count()], &gradients[0].device())
        });
        let (parameters, moments) = network::update(engine, rule, parameters, gradients, moments);
        self.moments = Some(moments);
        parameters
    }
}

/// The rule of the step with this number; the first is 1.
fn rule(kind: Optimizer, step: u32, learning_rate: f64, weight_decay: f64) -> UpdateRule {
    // Decoupled, as in AdamW: whatever the moments are.
    let keep = (1.0 - learning_rate * weight_decay) as f32;
    match kind {
        Optimizer::Sgd => {
            UpdateRule::Sgd { learning_rate: learning_rate as f32, momentum: SGD_MOMENTUM as f32, keep }
        }
        Optimizer::RmsProp => UpdateRule::RmsProp {
            learning_rate: learning_rate as f32,
            alpha: RMSPROP_ALPHA as f32,
            epsilon: EPSILON as f32,
            keep,
        },
        Optimizer::Adam => {
            let exponent = step.min(1_000_000) as i32;
            let mean_correction = 1.0 - ADAM_BETA_1.powi(exponent);
            let root_correction = (1.0 - ADAM_BETA_2.powi(exponent)).sqrt();
            // Both corrections as scalars: mean / c1 / (sqrt(squares) / c2 + epsilon).
            UpdateRule::Adam {
                scale: (learning_rate * root_correction / mean_correction) as f32,
                beta_1: ADAM_BETA_1 as f32,
                beta_2: ADAM_BETA_2 as f32,
                epsilon: (EPSILON * root_correction) as f32,
                keep,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use burn::{
        optim::{AdamConfig, Optimizer as BurnOptimizer, RmsPropConfig, SgdConfig, momentum::MomentumConfig},
        tensor::Device,
    };

    use super::*;

    /// Takes steps along given gradients with ours and with Burn's. Decay is taken off Burn's by hand: its own goes through
    /// the moments, but for `AdamW`.
    #[track_caller]
    fn check<O: BurnOptimizer>(kind: Optimizer, burn: &O, tolerance: f32) {
        for engine in [Engine::Stock, Engine::of_this_build()] {
            for weight_decay in [0.0, 0.3] {
                check_engine(engine, kind, weight_decay, burn, tolerance);
            }
        }
    }

    #[track_caller]
    fn check_engine<O: BurnOptimizer>(
        engine: Engine,
        kind: Optimizer,
        weight_decay: f64,
        burn: &O,
        tolerance: f32,
    ) {
        let device = Device::flex();
        let recipe = TrainRecipe { optimizer: kind, weight_decay, ..TrainRecipe::default() };
        let start = Tensor::<1>::from_floats([0.5, -1.0, 2.0, 0.0], &device);
        let gradients = [[0.1_f32, -0.2, 3.0, 0.0], [0.3, 0.2, -1.0, 0.5], [-0.1, 1e-3, 2.0, -0.5]];
        let (mut ours, mut theirs) = (vec![start.clone()], start);
        let (mut state, mut burn_state) = (OptimizerState::new(&recipe), None);
        for gradient in gradients {
            let gradient = Tensor::from_floats(gradient, &device);
            ours = state.step(engine, 0.01, ours, vec![gradient.clone()]);
            let decayed = theirs.clone() * (0.01 * weight_decay);
            (theirs, burn_state) = burn.step(0.01, theirs, gradient, burn_state);
            theirs = theirs - decayed;
            let (ours, theirs) = (ours[0].to_data(), theirs.to_data());
            for (a, b) in ours.iter::<f32>().zip(theirs.iter::<f32>()) {
                assert!((a - b).abs() <= tolerance, "{kind:?}: {a} is not {b}");
            }
        }
    }

    #[test]
    fn steps_are_those_of_burn() {
        let momentum = MomentumConfig { momentum: 0.9, dampening: 0.0, nesterov: false };
        check(Optimizer::Sgd, &SgdConfig::new().with_momentum(Some(momentum)).build(), 1e-7);
        check(Optimizer::RmsProp, &RmsPropConfig::new().with_momentum(0.0).with_epsilon(1e-8).build(), 1e-6);
        check(Optimizer::Adam, &AdamConfig::new().with_epsilon(1e-8).build(), 1e-6);
    }
}
