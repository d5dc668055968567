//! A training run as a user asks for it.

use serde::{Deserialize, Serialize};

use crate::{Architecture, Augmentation, Preset, Schedule};

/// How gradients become steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Optimizer {
    /// Stochastic gradient descent with momentum 0.9.
    Sgd,
    /// `RMSprop`: alpha 0.99, epsilon 1e-8, no momentum (PyTorch's defaults).
    RmsProp,
    /// Adam: beta 0.9 and 0.999, epsilon 1e-8 (PyTorch's defaults).
    Adam,
}

impl Optimizer {
    /// Every optimizer on offer.
    pub const ALL: [Self; 3] = [Self::Adam, Self::RmsProp, Self::Sgd];

    /// Stable identifier.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::RmsProp => "rmsprop",
            Self::Adam => "adam",
        }
    }

    /// Name shown to people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sgd => "SGD with momentum",
            Self::RmsProp => "RMSprop",
            Self::Adam => "Adam",
        }
    }

    /// A peak learning rate that suits this optimizer on this network, with the one-cycle schedule.
    pub const fn usual_learning_rate(self, architecture: Architecture) -> f64 {
        match (self, architecture) {
            (Self::Sgd, _) => 0.05,
            (Self::RmsProp, _) => 0.001,
            (Self::Adam, Architecture::FastCnn) => 0.008,
            (Self::Adam, Architecture::TfjsCnn | Architecture::SmallCnn) => 0.01,
            (Self::Adam, Architecture::Mlp) => 0.005,
            (Self::Adam, Architecture::WorkshopCnn | Architecture::ReaderCnn) => 0.003,
        }
    }

    /// The optimizer of this [`id`](Self::id), if there is one.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|optimizer| optimizer.id() == id)
    }
}

/// The images to learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataChoice {
    /// The 60,000 and 10,000 images of MNIST.
    Mnist,
    /// Digits drawn by the built-in generator: this many to train on, a sixth of that to test on.
    BuiltIn {
        /// Training images.
        train_images: u32,
    },
    /// IDX files that the user gave.
    Files,
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceChoice {
    /// WebGPU where there is a hardware adapter, else the CPU.
    Auto,
    /// WebGPU, a software adapter included; the CPU where there is none.
    WebGpu,
    /// The CPU.
    Cpu,
}

impl DeviceChoice {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::WebGpu, Self::Cpu];

    /// Stable identifier, as in `?device=`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::WebGpu => "webgpu",
            Self::Cpu => "cpu",
        }
    }

    /// The choice of this [`id`](Self::id), if there is one.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|device| device.id() == id)
    }
}

/// Everything that determines a run, the images, the device and the number of workers aside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainRecipe {
    /// The network.
    pub architecture: Architecture,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// Peak learning rate, above 0 and at most 10.
    pub learning_rate: f64,
    /// Each step first multiplies weights and biases by 1 - learning rate x this, 0 to 10, whatever the moments are, as
    /// `AdamW` does (I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2019); a step takes away a half at
    /// most. Older cards do not say.
    #[serde(default)]
    pub weight_decay: f64,
    /// How the learning rate moves.
    pub schedule: Schedule,
    /// Images to a step, 1 to 1,024.
    pub batch_size: u32,
    /// Passes over the training images, 1 to 1,000.
    pub epochs: u32,
    /// Sets the initial weights, the order of the images, their changes and the dropout.
    pub seed: u64,
    /// Whether the values between two layers are normalised over the images that are computed together: those of a batch, at
    /// most [`cpu_pass_images`](Architecture::cpu_pass_images) on a CPU, and of several workers each over its own. Older cards
    /// do not say.
    #[serde(default)]
    pub batch_norm: bool,
    /// How the images are changed; older cards do not name it.
    #[serde(default)]
    pub augmentation: Augmentation,
}

/// Share of a weight that decay may take away in a step.
const MOST_DECAY: f64 = 0.5;
/// Images of a batch, at least, for a mean and a variance worth the name.
const LEAST_NORMALISED: u32 = 8;

/// A recipe that cannot be followed; the text is for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeError(String);

impl core::fmt::Display for RecipeError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl core::error::Error for RecipeError {}

impl Default for TrainRecipe {
    fn default() -> Self {
        Preset::Fast.recipe()
    }
}

impl TrainRecipe {
    /// Checks every range.
    ///
    /// # Errors
    /// Names the first value that is out of its range, and the range.
    pub fn check(&self) -> Result<(), RecipeError> {
        let learning_rate_fits = self.learning_rate > 0.0 && self.learning_rate <= 10.0;
        let complaint = if !learning_rate_fits {
            format!(
                "Learning rate {} is out of range: choose more than 0 and at most 10.",
                self.learning_rate
            )
        } else if !(0.0..=10.0).contains(&self.weight_decay) {
            format!("Weight decay {} is out of range: choose 0 to 10.", self.weight_decay)
        } else if self.weight_decay * self.learning_rate > MOST_DECAY {
            format!(
                "Weight decay {} is too large for learning rate {}: a step takes their product away from each weight. Choose \
                 a product of {MOST_DECAY} or less.",
                self.weight_decay, self.learning_rate
            )
        } else if !(1..=1_024).contains(&self.batch_size) {
            format!("Batch size {} is out of range: choose 1 to 1,024.", self.batch_size)
        } else if self.batch_norm && self.batch_size < LEAST_NORMALISED {
            format!(
                "Batch size {} is too small for batch norm: choose {LEAST_NORMALISED} or more, or no normalisation.",
                self.batch_size
            )
        } else if !(1..=1_000).contains(&self.epochs) {
            format!("{} epochs are out of range: choose 1 to 1,000.", self.epochs)
        } else if let Some((name, value, most)) =
            self.augmentation.limits().into_iter().find(|(_, value, most)| !(0.0..=*most).contains(value))
        {
            format!("Augmentation {name} {value} is out of range: choose 0 to {most}.")
        } else {
            return Ok(());
        };
        Err(RecipeError(complaint))
    }

    /// Steps of one epoch over this many images; the last one may be smaller.
    pub fn steps_per_epoch(&self, train_images: u32) -> u32 {
        train_images.div_ceil(self.batch_size)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(change: impl FnOnce(&mut TrainRecipe), complaint: Option<&str>) {
        let mut recipe = TrainRecipe::default();
        change(&mut recipe);
        let got = recipe.check().err().map(|error| error.to_string());
        match (got, complaint) {
            (None, None) => {}
            (Some(got), Some(start)) => assert!(got.starts_with(start), "{got}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ranges_are_checked() {
        check(|_| {}, None);
        check(|recipe| recipe.learning_rate = 0.0, Some("Learning rate 0 "));
        check(|recipe| recipe.learning_rate = f64::NAN, Some("Learning rate NaN "));
        check(|recipe| recipe.weight_decay = 10.0, None);
        check(|recipe| recipe.weight_decay = -0.1, Some("Weight decay -0.1 is out of range"));
        check(|recipe| recipe.weight_decay = f64::NAN, Some("Weight decay NaN is out of range"));
        check(
            |recipe| (recipe.learning_rate, recipe.weight_decay) = (0.1, 6.0),
            Some("Weight decay 6 is too large for learning rate 0.1"),
        );
        check(|recipe| recipe.batch_size = 0, Some("Batch size 0 "));
        check(|recipe| recipe.batch_size = 2_000, Some("Batch size 2000 "));
        let normalised = |batch_size| {
            move |recipe: &mut TrainRecipe| {
                recipe.batch_norm = true;
                recipe.batch_size = batch_size;
            }
        };
        check(normalised(8), None);
        check(normalised(7), Some("Batch size 7 is too small for batch norm"));
        check(|recipe| recipe.epochs = 0, Some("0 epochs "));
        check(|recipe| recipe.augmentation.share = 1.5, Some("Augmentation share 1.5 "));
        check(|recipe| recipe.augmentation.last_share = Some(-1.0), Some("Augmentation last_share -1 "));
        check(|recipe| recipe.augmentation.blur = f32::NAN, Some("Augmentation blur NaN "));
    }

    #[test]
    fn the_last_step_may_be_smaller() {
        assert_eq!(TrainRecipe::default().steps_per_epoch(60_000), 938);
    }
}
