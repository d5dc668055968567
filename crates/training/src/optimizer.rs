//! Optimizers over flat parameters.
//!
//! Burn has these optimizers, but reads their state back with blocking calls, which panic on WebGPU in a browser. Ours
//! keep their moments as plain tensors that a checkpoint reads asynchronously; tests hold them to Burn's results.

use burn::tensor::Tensor;
use kernels::{UpdateKind, UpdateRule};
use network::Fusion;
use train_config::{Optimizer, TrainConfig};

/// An optimizer with its moments.
#[derive(Clone, Debug)]
pub(crate) struct OptimizerState {
    kind: Optimizer,
    weight_decay: f64,
    is_decay_decoupled: bool,
    /// Steps taken.
    pub(crate) steps: u32,
    /// For each parameter in order as many lists of its length as the kind keeps, in one flat tensor; none before the
    /// first step, or where the kind keeps none.
    pub(crate) moments: Option<Tensor<1>>,
}

impl OptimizerState {
    pub(crate) fn new(config: &TrainConfig) -> Self {
        Self::restored(config, 0, None)
    }

    pub(crate) fn restored(config: &TrainConfig, steps: u32, moments: Option<Tensor<1>>) -> Self {
        Self {
            kind: config.optimizer,
            weight_decay: config.weight_decay,
            is_decay_decoupled: config.is_decay_decoupled(),
            steps,
            moments,
        }
    }

    /// Moments kept for each parameter.
    pub(crate) fn moment_count(&self) -> usize {
        self.kind.moments().len()
    }

    /// Counts a step, and says how it is taken.
    pub(crate) fn next_rule(&mut self, learning_rate: f64, gradient_scale: f32) -> UpdateRule {
        self.steps += 1;
        let (l2, keep) = if self.is_decay_decoupled {
            (0.0, 1.0 - learning_rate * self.weight_decay)
        } else {
            (self.weight_decay, 1.0)
        };
        let kind = update_kind(self.kind, self.steps, learning_rate);
        UpdateRule { kind, l2: l2 as f32, keep: keep as f32, gradient_scale }
    }

    /// Parameters after one step; all tensors are flat and without autodiff.
    pub(crate) fn step(
        &mut self,
        fusion: Fusion,
        rule: UpdateRule,
        parameters: Vec<Tensor<1>>,
        gradients: Vec<Tensor<1>>,
    ) -> Vec<Tensor<1>> {
        let moments = self.moments.take().unwrap_or_else(|| {
            let values: usize = gradients.iter().map(|gradient| gradient.dims()[0]).sum();
            Tensor::zeros([(values * rule.moment_count()).max(1)], &gradients[0].device())
        });
        let (parameters, moments) = network::update(fusion, rule, parameters, gradients, moments);
        self.moments = (rule.moment_count() > 0).then_some(moments);
        parameters
    }
}

/// The step with this number; the first is 1.
fn update_kind(kind: Optimizer, step: u32, learning_rate: f64) -> UpdateKind {
    match kind {
        Optimizer::Sgd { momentum, nesterov } => {
            UpdateKind::Sgd { learning_rate: learning_rate as f32, momentum: momentum as f32, nesterov }
        }
        Optimizer::RmsProp { alpha, epsilon, momentum } => UpdateKind::RmsProp {
            learning_rate: learning_rate as f32,
            alpha: alpha as f32,
            epsilon: epsilon as f32,
            momentum: momentum as f32,
        },
        Optimizer::Adam { beta_1, beta_2, epsilon } | Optimizer::AdamW { beta_1, beta_2, epsilon } => {
            let exponent = step.min(1_000_000) as i32;
            let mean_correction = 1.0 - beta_1.powi(exponent);
            let root_correction = (1.0 - beta_2.powi(exponent)).sqrt();
            // Both corrections as scalars: mean / c1 / (sqrt(squares) / c2 + epsilon).
            UpdateKind::Adam {
                scale: (learning_rate * root_correction / mean_correction) as f32,
                beta_1: beta_1 as f32,
                beta_2: beta_2 as f32,
                epsilon: (epsilon * root_correction) as f32,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use burn::{
        optim::{
            AdamConfig, AdamWConfig, Optimizer as BurnOptimizer, RmsPropConfig, SgdConfig,
            decay::WeightDecayConfig, momentum::MomentumConfig,
        },
        tensor::Device,
    };

    use super::*;

    #[test]
    fn each_moment_that_is_kept_has_a_name() {
        let with_momentum = Optimizer::RmsProp { alpha: 0.9, epsilon: 1e-8, momentum: 0.5 };
        for kind in Optimizer::ALL.into_iter().map(|(.., kind)| kind).chain([with_momentum]) {
            let rule = UpdateRule::from(update_kind(kind, 1, 0.0));
            assert_eq!(kind.moments().len(), rule.moment_count(), "{kind:?}");
        }
    }

    /// Takes steps along given gradients with ours and with Burn's, which means weight decay as PyTorch does.
    #[track_caller]
    fn check<O: BurnOptimizer>(optimizer: Optimizer, weight_decay: f64, burn: &O, tolerance: f32) {
        for fusion in [Fusion::None, Fusion::of_this_build()] {
            let device = Device::flex();
            let config = TrainConfig { optimizer, weight_decay, ..TrainConfig::default() };
            let start = Tensor::<1>::from_floats([0.5, -1.0, 2.0, 0.0], &device);
            let gradients = [[0.1_f32, -0.2, 3.0, 0.0], [0.3, 0.2, -1.0, 0.5], [-0.1, 1e-3, 2.0, -0.5]];
            let (mut ours, mut theirs) = (vec![start.clone()], start);
            let (mut state, mut burn_state) = (OptimizerState::new(&config), None);
            for gradient in gradients {
                let gradient = Tensor::from_floats(gradient, &device);
                let rule = state.next_rule(0.01, 1.0);
                ours = state.step(fusion, rule, ours, vec![gradient.clone()]);
                (theirs, burn_state) = burn.step(0.01, theirs, gradient, burn_state);
                let (ours, theirs) = (ours[0].to_data(), theirs.to_data());
                for (a, b) in ours.iter::<f32>().zip(theirs.iter::<f32>()) {
                    assert!((a - b).abs() <= tolerance, "{optimizer:?}, {fusion:?}: {a} is not {b}");
                }
            }
        }
    }

    #[test]
    fn steps_are_those_of_burn() {
        let momentum = |nesterov| Some(MomentumConfig { momentum: 0.9, dampening: 0.0, nesterov });
        let decay = |penalty| (penalty > 0.0).then(|| WeightDecayConfig::new(penalty));
        for penalty in [0.0, 0.3] {
            let sgd = SgdConfig::new().with_weight_decay(decay(penalty as f32));
            check(Optimizer::SGD, penalty, &sgd.clone().build(), 1e-7);
            check(Optimizer::MOMENTUM, penalty, &sgd.with_momentum(momentum(false)).build(), 1e-6);
            let rmsprop = RmsPropConfig::new().with_epsilon(1e-8).with_weight_decay(decay(penalty as f32));
            check(Optimizer::RMSPROP, penalty, &rmsprop.with_momentum(0.0).build(), 1e-6);
            let adam = AdamConfig::new().with_epsilon(1e-8).with_weight_decay(decay(penalty as f32));
            check(Optimizer::ADAM, penalty, &adam.build(), 1e-6);
            let adamw = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(penalty as f32);
            check(Optimizer::ADAMW, penalty, &adamw.build(), 1e-6);
        }
    }

    /// Values by hand, as PyTorch's `SGD(momentum=0.9, nesterov=True)` and `RMSprop(momentum=0.9)` give them.
    #[test]
    fn what_burn_lacks_is_pytorchs() {
        let device = Device::flex();
        let steps = |optimizer| {
            let config = TrainConfig { optimizer, ..TrainConfig::default() };
            let mut state = OptimizerState::new(&config);
            let mut ours = vec![Tensor::<1>::from_floats([1.0], &device)];
            for gradient in [2.0_f32, 1.0] {
                let rule = state.next_rule(0.1, 1.0);
                ours = state.step(
                    Fusion::of_this_build(),
                    rule,
                    ours,
                    vec![Tensor::from_floats([gradient], &device)],
                );
            }
            ours[0].to_data().iter::<f32>().next().unwrap()
        };
        // Velocities 2 and 2.8; steps 2 + 1.8 and 1 + 2.52.
        let nesterov = steps(Optimizer::Sgd { momentum: 0.9, nesterov: true });
        assert!((nesterov - (1.0 - 0.38 - 0.352)).abs() < 1e-6, "{nesterov}");
        // Means of squares 2 and 1.5: steps 2 / 2^0.5, then 1 / 1.5^0.5 and nine tenths of the first.
        let rmsprop = steps(Optimizer::RmsProp { alpha: 0.5, epsilon: 1e-8, momentum: 0.9 });
        let (first, second) = (2.0 / 2.0_f32.sqrt(), 1.0 / 1.5_f32.sqrt());
        assert!((rmsprop - (1.0 - 0.1 * (1.9 * first + second))).abs() < 1e-6, "{rmsprop}");
    }
}
