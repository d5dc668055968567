//! Optimizers: a parameter's step in one pass.

use pulp::Arch;

use crate::negligible::{NEGLIGIBLE, or_zero};

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateRule {
    /// Which optimizer.
    pub kind: UpdateKind,
    /// What is added to the gradient for each unit of the parameter: `PyTorch`'s `weight_decay`.
    pub l2: f32,
    /// What the parameter is multiplied by before the step, 0 to 1: decoupled weight decay.
    pub keep: f32,
    /// What the gradient is multiplied by, before `l2` is added: below 1 where it is clipped.
    pub gradient_scale: f32,
}

/// An optimizer with `PyTorch`'s semantics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UpdateKind {
    /// Stochastic gradient descent: no moments without momentum, else one, the velocity.
    Sgd {
        /// Length of a step.
        learning_rate: f32,
        /// Share of the velocity that stays, 0 to 1.
        momentum: f32,
        /// Whether the step looks ahead along the velocity.
        nesterov: bool,
    },
    /// `RMSprop`: the mean of the squared gradients, and with momentum a second moment, the velocity.
    RmsProp {
        /// Length of a step.
        learning_rate: f32,
        /// Share of the mean that stays, 0 to 1.
        alpha: f32,
        /// Keeps the divisor above zero.
        epsilon: f32,
        /// Share of the velocity that stays, 0 to 1.
        momentum: f32,
    },
    /// Adam: two moments, the means of the gradients and of their squares.
    Adam {
        /// Learning rate, times both corrections for the means' start at zero.
        scale: f32,
        /// Share of the first mean that stays, 0 to 1.
        beta_1: f32,
        /// Share of the second mean that stays, 0 to 1.
        beta_2: f32,
        /// Keeps the divisor above zero; corrected as the second mean is.
        epsilon: f32,
    },
}

impl From<UpdateKind> for UpdateRule {
    /// The optimizer with the gradient as it is, and no decay.
    fn from(kind: UpdateKind) -> Self {
        Self { kind, l2: 0.0, keep: 1.0, gradient_scale: 1.0 }
    }
}

impl UpdateRule {
    /// Moments that it keeps for each parameter.
    pub const fn moment_count(&self) -> usize {
        match self.kind {
            UpdateKind::Sgd { momentum, .. } => (momentum > 0.0) as usize,
            UpdateKind::RmsProp { momentum, .. } => 1 + (momentum > 0.0) as usize,
            UpdateKind::Adam { .. } => 2,
        }
    }

    /// Changes values and their moments along a gradient.
    ///
    /// # Panics
    /// Where the number of moments is not [`moment_count`](Self::moment_count), or a length differs.
    pub fn apply(&self, values: &mut [f32], gradient: &[f32], moments: &mut [&mut [f32]]) {
        let lengths = moments.iter().map(|own| own.len()).chain([gradient.len()]);
        assert!(lengths.into_iter().all(|length| length == values.len()), "lengths");
        assert_eq!(moments.len(), self.moment_count(), "moments of {self:?}");
        let Self { l2, keep, gradient_scale, .. } = *self;
        let slope = |value: f32, gradient: f32| or_zero(gradient * gradient_scale + value * l2, NEGLIGIBLE);
        let kept = |moment: f32| or_zero(moment, NEGLIGIBLE);
        let kept_square = |moment: f32| or_zero(moment, NEGLIGIBLE * NEGLIGIBLE);
        match (self.kind, moments) {
            (UpdateKind::Sgd { learning_rate, .. }, []) => Arch::new().dispatch(
                #[inline(always)]
                || {
                    for (value, &gradient) in values.iter_mut().zip(gradient) {
                        *value = *value * keep - slope(*value, gradient) * learning_rate;
                    }
                },
            ),
            (UpdateKind::Sgd { learning_rate, momentum, nesterov }, [velocities]) => {
                let ahead = if nesterov { momentum } else { 1.0 };
                let own = if nesterov { 1.0 } else { 0.0 };
                Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        let all = values.iter_mut().zip(gradient).zip(&mut **velocities);
                        for ((value, &gradient), velocity) in all {
                            let slope = slope(*value, gradient);
                            *velocity = kept(*velocity * momentum + slope);
                            let step = slope * own + *velocity * ahead;
                            *value = *value * keep - step * learning_rate;
                        }
                    },
                );
            }
            (UpdateKind::RmsProp { learning_rate, alpha, epsilon, .. }, [squares]) => {
                Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        for ((value, &gradient), square) in
                            values.iter_mut().zip(gradient).zip(&mut **squares)
                        {
                            let slope = slope(*value, gradient);
                            *square = kept_square(*square * alpha + slope * slope * (1.0 - alpha));
                            *value = *value * keep - slope * learning_rate / (square.sqrt() + epsilon);
                        }
                    },
                );
            }
            (UpdateKind::RmsProp { learning_rate, alpha, epsilon, momentum }, [squares, velocities]) => {
                Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        let moments = squares.iter_mut().zip(&mut **velocities);
                        for ((value, &gradient), (square, velocity)) in
                            values.iter_mut().zip(gradient).zip(moments)
                        {
                            let slope = slope(*value, gradient);
                            *square = kept_square(*square * alpha + slope * slope * (1.0 - alpha));
                            *velocity = kept(*velocity * momentum + slope / (square.sqrt() + epsilon));
                            *value = *value * keep - *velocity * learning_rate;
                        }
                    },
                );
            }
            (UpdateKind::Adam { scale, beta_1, beta_2, epsilon }, [means, squares]) => {
                Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        let moments = means.iter_mut().zip(&mut **squares);
                        for ((value, &gradient), (mean, square)) in
                            values.iter_mut().zip(gradient).zip(moments)
                        {
                            let slope = slope(*value, gradient);
                            *mean = kept(*mean * beta_1 + slope * (1.0 - beta_1));
                            *square = kept_square(*square * beta_2 + slope * slope * (1.0 - beta_2));
                            *value = *value * keep - *mean * scale / (square.sqrt() + epsilon);
                        }
                    },
                );
            }
            (kind, _) => unreachable!("the moments of {kind:?} were counted"),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::plain::{Case, assert_close};

    /// Three steps of one value, as `PyTorch`'s documentation writes them down, in double precision.
    fn expected(rule: UpdateRule, start: f64, gradients: [f64; 3]) -> f64 {
        let UpdateRule { kind, l2, keep, gradient_scale } = rule;
        let (mut value, mut first, mut second) = (start, 0.0, 0.0);
        for gradient in gradients {
            let slope = gradient * f64::from(gradient_scale) + f64::from(l2) * value;
            value *= f64::from(keep);
            match kind {
                UpdateKind::Sgd { learning_rate, momentum, nesterov } => {
                    let momentum = f64::from(momentum);
                    first = momentum * first + slope;
                    let step = if nesterov { slope + momentum * first } else { first };
                    value -= f64::from(learning_rate) * step;
                }
                UpdateKind::RmsProp { learning_rate, alpha, epsilon, momentum } => {
                    let alpha = f64::from(alpha);
                    first = alpha * first + (1.0 - alpha) * slope * slope;
                    second = f64::from(momentum) * second + slope / (first.sqrt() + f64::from(epsilon));
                    value -= f64::from(learning_rate) * second;
                }
                UpdateKind::Adam { scale, beta_1, beta_2, epsilon } => {
                    let (beta_1, beta_2) = (f64::from(beta_1), f64::from(beta_2));
                    first = beta_1 * first + (1.0 - beta_1) * slope;
                    second = beta_2 * second + (1.0 - beta_2) * slope * slope;
                    value -= f64::from(scale) * first / (second.sqrt() + f64::from(epsilon));
                }
            }
        }
        value
    }

    #[test]
    fn steps_are_those_of_pytorch() {
        let sgd = |momentum, nesterov| UpdateKind::Sgd { learning_rate: 0.1, momentum, nesterov };
        let rms_prop =
            |momentum| UpdateKind::RmsProp { learning_rate: 0.01, alpha: 0.99, epsilon: 1e-8, momentum };
        let adam = UpdateKind::Adam { scale: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
        for kind in [sgd(0.0, false), sgd(0.9, false), sgd(0.9, true), rms_prop(0.0), rms_prop(0.5), adam] {
            for (l2, keep, gradient_scale) in [(0.0, 1.0, 1.0), (0.1, 1.0, 0.5), (0.0, 0.9, 1.0)] {
                let rule = UpdateRule { kind, l2, keep, gradient_scale };
                let mut case = Case::new(3);
                let start = case.values(37, 0.1);
                let gradients = [(); 3].map(|()| case.values(37, 0.1));
                let mut values = start.clone();
                let mut moments = vec![vec![0.0; 37]; rule.moment_count()];
                for gradient in &gradients {
                    let mut moments: Vec<&mut [f32]> = moments.iter_mut().map(Vec::as_mut_slice).collect();
                    rule.apply(&mut values, gradient, &mut moments);
                }
                let expected: Vec<f64> = (0..37)
                    .map(|at| {
                        let gradients = gradients.each_ref().map(|gradient| f64::from(gradient[at]));
                        expected(rule, f64::from(start[at]), gradients)
                    })
                    .collect();
                assert_close("values", &values, &expected, 1e-5);
            }
        }
    }

    #[test]
    fn moments_that_decay_end_at_zero_and_are_never_subnormal() {
        let sgd = UpdateKind::Sgd { learning_rate: 0.1, momentum: 0.9, nesterov: false };
        let rms_prop = UpdateKind::RmsProp { learning_rate: 0.01, alpha: 0.9, epsilon: 1e-8, momentum: 0.9 };
        let adam = UpdateKind::Adam { scale: 0.01, beta_1: 0.9, beta_2: 0.99, epsilon: 1e-8 };
        for kind in [sgd, rms_prop, adam] {
            let rule = UpdateRule::from(kind);
            let (mut value, mut moments) = ([1.0_f32], vec![[0.0_f32]; rule.moment_count()]);
            let mut gradient = 1.0;
            for step in 0..10_000 {
                let mut own: Vec<&mut [f32]> = moments.iter_mut().map(<[f32; 1]>::as_mut_slice).collect();
                rule.apply(&mut value, &[gradient], &mut own);
                // Smaller with every step, until it is nothing at all.
                gradient *= 0.9;
                let is_quick = |value: f32| value == 0.0 || value.is_normal();
                assert!(moments.iter().all(|moment| is_quick(moment[0])), "{kind:?}, {step}: {moments:?}");
            }
            assert!(moments.iter().all(|moment| moment[0] == 0.0), "{kind:?}: {moments:?}");
        }
    }
}
