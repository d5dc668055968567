//! Optimizers: a parameter's step in one pass.

use pulp::Arch;

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UpdateRule {
    /// Stochastic gradient descent with momentum: one moment, the velocity.
    Sgd {
        /// Length of a step.
        learning_rate: f32,
        /// Share of the velocity that stays, 0 to 1.
        momentum: f32,
        /// What weight decay leaves of a value, 0 to 1.
        keep: f32,
    },
    /// `RMSprop`: one moment, the mean of the squared gradients.
    RmsProp {
        /// Length of a step.
        learning_rate: f32,
        /// Share of the mean that stays, 0 to 1.
        alpha: f32,
        /// Keeps the divisor above zero.
        epsilon: f32,
        /// What weight decay leaves of a value, 0 to 1.
        keep: f32,
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
        /// What weight decay leaves of a value, 0 to 1.
        keep: f32,
    },
}

impl UpdateRule {
    /// Moments that it keeps for each parameter.
    pub const fn moment_count(&self) -> usize {
        match self {
            Self::Sgd { .. } | Self::RmsProp { .. } => 1,
            Self::Adam { .. } => 2,
        }
    }

    /// Changes values and their moments along a gradient.
    ///
    /// # Panics
    /// Where the number of moments is not [`moment_count`](Self::moment_count), or a length differs.
    pub fn apply(&self, values: &mut [f32], gradient: &[f32], moments: &mut [&mut [f32]]) {
        assert!(
            gradient.len() == values.len() && moments.iter().all(|own| own.len() == values.len()),
            "lengths"
        );
        match (*self, moments) {
            (Self::Sgd { learning_rate, momentum, keep }, [velocities]) => Arch::new().dispatch(|| {
                for ((value, gradient), velocity) in values.iter_mut().zip(gradient).zip(&mut **velocities) {
                    *velocity = *velocity * momentum + gradient;
                    *value = *value * keep - *velocity * learning_rate;
                }
            }),
            (Self::RmsProp { learning_rate, alpha, epsilon, keep }, [squares]) => {
                Arch::new().dispatch(|| {
                    for ((value, gradient), square) in values.iter_mut().zip(gradient).zip(&mut **squares) {
                        *square = *square * alpha + gradient * gradient * (1.0 - alpha);
                        *value = *value * keep - gradient * learning_rate / (square.sqrt() + epsilon);
                    }
                });
            }
            (Self::Adam { scale, beta_1, beta_2, epsilon, keep }, [means, squares]) => {
                Arch::new().dispatch(|| {
                    let moments = means.iter_mut().zip(&mut **squares);
                    for ((value, gradient), (mean, square)) in values.iter_mut().zip(gradient).zip(moments) {
                        *mean = *mean * beta_1 + gradient * (1.0 - beta_1);
                        *square = *square * beta_2 + gradient * gradient * (1.0 - beta_2);
                        *value = *value * keep - *mean * scale / (square.sqrt() + epsilon);
                    }
                });
            }
            (rule, _) => panic!("{rule:?} keeps {} moments", rule.moment_count()),
        }
    }
}
