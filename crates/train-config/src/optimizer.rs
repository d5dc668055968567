//! How gradients become steps.

use model_spec::{LayerSpec, NetworkSpec};
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// An optimizer with its own numbers; the defaults are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd {
        /// Share of the last step in the next one, 0 to 0.99.
        #[serde(default)]
        momentum: f64,
        /// Whether the gradient looks ahead by one step of momentum.
        #[serde(default)]
        nesterov: bool,
    },
    /// `RMSprop`: steps divided by the root of a running mean of squared gradients.
    #[serde(rename = "rmsprop")]
    RmsProp {
        /// Share of the old mean of squares, 0 to 0.9999.
        #[serde(default = "rmsprop_alpha")]
        alpha: f64,
        /// Added to the root, 1e-12 to 1.
        #[serde(default = "usual_epsilon")]
        epsilon: f64,
        /// Share of the last step in the next one, 0 to 0.99.
        #[serde(default)]
        momentum: f64,
    },
    /// Adam. D. P. Kingma, J. Ba (arXiv 1412.6980).
    Adam {
        /// Share of the old mean of gradients, 0 to 0.9999.
        #[serde(default = "usual_beta_1")]
        beta_1: f64,
        /// Share of the old mean of squared gradients, 0 to 0.99999.
        #[serde(default = "usual_beta_2")]
        beta_2: f64,
        /// Added to the root, 1e-12 to 1.
        #[serde(default = "usual_epsilon")]
        epsilon: f64,
    },
    /// Adam whose weight decay is decoupled from the gradients. I. Loshchilov, F. Hutter (arXiv 1711.05101).
    #[serde(rename = "adamw")]
    AdamW {
        /// As for Adam.
        #[serde(default = "usual_beta_1")]
        beta_1: f64,
        /// As for Adam.
        #[serde(default = "usual_beta_2")]
        beta_2: f64,
        /// As for Adam.
        #[serde(default = "usual_epsilon")]
        epsilon: f64,
    },
}

const fn rmsprop_alpha() -> f64 {
    0.99
}
const fn usual_beta_1() -> f64 {
    0.9
}
const fn usual_beta_2() -> f64 {
    0.999
}
const fn usual_epsilon() -> f64 {
    1e-8
}

impl Optimizer {
    /// Plain SGD.
    pub const SGD: Self = Self::Sgd { momentum: 0.0, nesterov: false };
    /// SGD with momentum 0.9.
    pub const MOMENTUM: Self = Self::Sgd { momentum: 0.9, nesterov: false };
    /// `RMSprop` with PyTorch's numbers.
    pub const RMSPROP: Self =
        Self::RmsProp { alpha: rmsprop_alpha(), epsilon: usual_epsilon(), momentum: 0.0 };
    /// Adam with PyTorch's numbers.
    pub const ADAM: Self =
        Self::Adam { beta_1: usual_beta_1(), beta_2: usual_beta_2(), epsilon: usual_epsilon() };
    /// `AdamW` with PyTorch's numbers.
    pub const ADAMW: Self =
        Self::AdamW { beta_1: usual_beta_1(), beta_2: usual_beta_2(), epsilon: usual_epsilon() };

    /// Every kind with its usual numbers, and its names: an id, and one for people.
    pub const ALL: [(&'static str, &'static str, Self); 5] = [
        ("adam", "Adam", Self::ADAM),
        ("adamw", "AdamW", Self::ADAMW),
        ("rmsprop", "RMSprop", Self::RMSPROP),
        ("sgd", "SGD", Self::SGD),
        ("sgd-momentum", "SGD with momentum", Self::MOMENTUM),
    ];

    /// The optimizer of this id, with its usual numbers.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, ..)| *known == id).map(|(.., optimizer)| optimizer)
    }

    /// The id of its kind.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Sgd { momentum, .. } if *momentum > 0.0 => "sgd-momentum",
            Self::Sgd { .. } => "sgd",
            Self::RmsProp { .. } => "rmsprop",
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adamw",
        }
    }

    /// What it remembers of each parameter between two steps, as PyTorch's optimizers call it.
    pub const fn moments(&self) -> &'static [&'static str] {
        match self {
            Self::Sgd { momentum, .. } if *momentum > 0.0 => &["momentum_buffer"],
            Self::Sgd { .. } => &[],
            Self::RmsProp { momentum, .. } if *momentum > 0.0 => &["square_avg", "momentum_buffer"],
            Self::RmsProp { .. } => &["square_avg"],
            Self::Adam { .. } | Self::AdamW { .. } => &["exp_avg", "exp_avg_sq"],
        }
    }

    /// A peak learning rate that suits this optimizer on this network, with the one-cycle schedule.
    pub fn usual_learning_rate(&self, network: &NetworkSpec) -> f64 {
        const LARGE_FLOP: u64 = 8_000_000;
        let has_conv = network.layers().iter().any(|layer| matches!(layer, LayerSpec::Conv2d(_)));
        match self {
            Self::Sgd { .. } => 0.05,
            Self::RmsProp { .. } => 0.001,
            Self::Adam { .. } | Self::AdamW { .. } if network.parameter_count() < 10_000 => 0.01,
            Self::Adam { .. } | Self::AdamW { .. } if !has_conv => 0.005,
            Self::Adam { .. } | Self::AdamW { .. } if network.forward_flop() > LARGE_FLOP => 0.003,
            Self::Adam { .. } | Self::AdamW { .. } => 0.008,
        }
    }

    /// Name for people.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Sgd { momentum, .. } if *momentum > 0.0 => "SGD with momentum",
            Self::Sgd { .. } => "SGD",
            Self::RmsProp { .. } => "RMSprop",
            Self::Adam { .. } => "Adam",
            Self::AdamW { .. } => "AdamW",
        }
    }

    /// PyTorch's default for `weight_decay`: 0.01 for `AdamW`, else none.
    pub const fn usual_weight_decay(&self) -> f64 {
        if matches!(self, Self::AdamW { .. }) { 0.01 } else { 0.0 }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let share = |field: &'static str, value: f64, most: f64| {
            if (0.0..=most).contains(&value) {
                Ok(())
            } else {
                Err(ConfigError::range(field, value, &format!("0 to {most}")))
            }
        };
        let positive = |epsilon: f64| {
            if (1e-12..=1.0).contains(&epsilon) {
                Ok(())
            } else {
                Err(ConfigError::range("Epsilon", epsilon, "1e-12 to 1"))
            }
        };
        match *self {
            Self::Sgd { momentum, nesterov } => {
                share("Momentum", momentum, 0.99)?;
                if nesterov && momentum == 0.0 {
                    return Err(ConfigError(
                        "Nesterov needs momentum: choose more than 0, 0.9 for example.".into(),
                    ));
                }
                Ok(())
            }
            Self::RmsProp { alpha, epsilon, momentum } => {
                share("Alpha", alpha, 0.9999)?;
                share("Momentum", momentum, 0.99)?;
                positive(epsilon)
            }
            Self::Adam { beta_1, beta_2, epsilon } | Self::AdamW { beta_1, beta_2, epsilon } => {
                share("Beta 1", beta_1, 0.9999)?;
                share("Beta 2", beta_2, 0.99999)?;
                positive(epsilon)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::named_network;

    use super::*;

    #[test]
    fn ids_find_their_optimizer() {
        for (id, title, optimizer) in Optimizer::ALL {
            assert_eq!((optimizer.id(), optimizer.title()), (id, title));
            assert_eq!(Optimizer::from_id(id), Some(optimizer));
            assert_eq!(optimizer.check(), Ok(()));
        }
    }

    #[test]
    fn rates_are_those_that_suited_the_networks() {
        for (id, rate) in [
            ("fast-cnn", 0.008),
            ("tfjs-cnn", 0.01),
            ("small-cnn", 0.01),
            ("mlp", 0.005),
            ("workshop-cnn", 0.003),
            ("reader-cnn", 0.003),
        ] {
            assert_eq!(Optimizer::ADAM.usual_learning_rate(&named_network(id).unwrap().spec()), rate, "{id}");
        }
    }
}
