//! A training run as a person asks for it.

use model_spec::NetworkSpec;
use serde::{Deserialize, Serialize};

use crate::{Augmentation, Experiment, LiveChange, Optimizer, PreprocessingChoice, Schedule, StopRules};

/// Everything that decides what a run does, but for the images and the kind of device.
///
/// Fields that JSON leaves out have the values of [`TrainConfig::new`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The network.
    pub network: NetworkSpec,
    /// How grey levels become what the network reads.
    #[serde(default)]
    pub preprocessing: PreprocessingChoice,
    /// How gradients become steps.
    pub optimizer: Optimizer,
    /// Peak learning rate, above 0 and at most 10.
    pub learning_rate: f64,
    /// Pull of each weight and bias towards 0, 0 to 10: part of the gradient (L2) unless it is decoupled.
    #[serde(default)]
    pub weight_decay: f64,
    /// Whether decay acts beside the optimizer, not through the gradient; with [`Optimizer::AdamW`] it always does.
    #[serde(default, skip_serializing_if = "is_no")]
    pub decoupled_decay: bool,
    /// How the learning rate moves.
    pub schedule: Schedule,
    /// Epochs over which the learning rate rises from nearly 0, 0 to 1,000; parts of one count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warmup_epochs: f64,
    /// Longest gradient: a longer one, over all parameters together, is shortened to this. Above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_clip: Option<f64>,
    /// Share of each target that is spread over all classes, 0 to 0.9.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// Images to a step, 1 to 4,096.
    pub batch_size: u32,
    /// Images that batch norm normalizes over, at least 2; the whole batch where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm_group: Option<u32>,
    /// Passes over the training images at most, 1 to 1,000.
    pub epochs: u32,
    /// What ends the run before that.
    #[serde(default)]
    pub stop: StopRules,
    /// Whether every epoch sees the images in an order of its own.
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// Sets the split, the initial weights, the order of the images, their changes and the dropout.
    pub seed: u64,
    /// Share of the training images that is not learned from, 0 to 0.9: they measure every epoch and calibrate confidence.
    #[serde(default)]
    pub validation_share: f64,
    /// Whether the test images are asked after every epoch, or at the end alone.
    #[serde(default, skip_serializing_if = "is_no")]
    pub test_every_epoch: bool,
    /// How the images are changed.
    #[serde(default, skip_serializing_if = "Augmentation::is_none")]
    pub augmentation: Augmentation,
    /// What is changed while the run is under way, in the order of its steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<LiveChange>,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
const fn is_no(value: &bool) -> bool {
    !*value
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for this signature; 32-bit targets do not mind"
)]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// Share of a weight that decoupled decay may take away in a step.
const MAX_DECAY: f64 = 0.5;

/// A configuration that cannot be followed; the text is for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(crate) String);

impl ConfigError {
    pub(crate) fn range(field: &str, value: impl core::fmt::Display, range: &str) -> Self {
        Self(format!("{field} {value} is out of range: choose {range}."))
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Experiment::default_config()
    }
}

impl TrainConfig {
    /// One epoch of Adam at a constant 0.001 in batches of 64, on images from 0 to 1, all of them; seed 1.
    pub fn new(network: NetworkSpec) -> Self {
        Self {
            network,
            preprocessing: PreprocessingChoice::ZeroToOne,
            optimizer: Optimizer::ADAM,
            learning_rate: 0.001,
            weight_decay: 0.0,
            decoupled_decay: false,
            schedule: Schedule::Constant,
            warmup_epochs: 0.0,
            gradient_clip: None,
            label_smoothing: 0.0,
            batch_size: 64,
            norm_group: None,
            epochs: 1,
            stop: StopRules::default(),
            shuffle: true,
            seed: 1,
            validation_share: 0.0,
            test_every_epoch: false,
            augmentation: Augmentation::NONE,
            changes: Vec::new(),
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// Names the first value that is out of its range, and the range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let range = |fits: bool, field: &str, value: f64, range: &str| {
            if fits { Ok(()) } else { Err(ConfigError::range(field, value, range)) }
        };
        let rate = self.learning_rate;
        range(rate > 0.0 && rate <= 10.0, "Learning rate", rate, "more than 0 and at most 10")?;
        self.optimizer.check()?;
        self.schedule.check()?;
        self.preprocessing.check()?;
        range((0.0..=10.0).contains(&self.weight_decay), "Weight decay", self.weight_decay, "0 to 10")?;
        if self.is_decay_decoupled() && self.weight_decay * rate > MAX_DECAY {
            return Err(ConfigError(format!(
                "Weight decay {} is too large for learning rate {rate}: a step takes their product away from each weight. \
                 Choose a product of {MAX_DECAY} or less.",
                self.weight_decay
            )));
        }
        range(
            (0.0..=1_000.0).contains(&self.warmup_epochs),
            "Warm-up",
            self.warmup_epochs,
            "0 to 1,000 epochs",
        )?;
        if let Some(clip) = self.gradient_clip {
            range(clip > 0.0 && clip <= 1e6, "Gradient clipping", clip, "more than 0 and at most 1,000,000")?;
        }
        range(
            (0.0..=0.9).contains(&self.label_smoothing),
            "Label smoothing",
            self.label_smoothing,
            "0 to 0.9",
        )?;
        let batch_size = f64::from(self.batch_size);
        range((1..=4_096).contains(&self.batch_size), "Batch size", batch_size, "1 to 4,096")?;
        if self.network.has_batch_norm() {
            if self.batch_size < 2 {
                return Err(ConfigError(
                    "Batch size 1 is too small for batch norm: choose 2 or more, or remove the layer.".into(),
                ));
            }
            if let Some(group) = self.norm_group {
                range(group >= 2, "Batch norm's group", f64::from(group), "2 or more")?;
            }
        }
        if !(1..=1_000).contains(&self.epochs) {
            return Err(ConfigError(format!("{} epochs are out of range: choose 1 to 1,000.", self.epochs)));
        }
        if !(0.0..=0.9).contains(&self.validation_share) {
            let percent = (1e6 * self.validation_share).round() / 1e4;
            return Err(ConfigError::range("Validation share", format!("{percent} %"), "0 to 90 %"));
        }
        self.stop.check(self.validation_share)?;
        let limits = self.augmentation.limits();
        if let Some((name, value, most)) =
            limits.into_iter().find(|(_, value, most)| !(0.0..=*most).contains(value))
        {
            return Err(ConfigError::range(&format!("Augmentation {name}"), value, &format!("0 to {most}")));
        }
        self.check_changes()
    }

    /// Whether weight decay acts beside the optimizer.
    pub fn is_decay_decoupled(&self) -> bool {
        self.decoupled_decay || matches!(self.optimizer, Optimizer::AdamW { .. })
    }

    /// Steps of one epoch over this many images; the last one may be smaller.
    pub fn steps_per_epoch(&self, train_images: u32) -> u32 {
        train_images.div_ceil(self.batch_size)
    }

    /// Factor on the learning rate at `step`, from 0, of the whole run.
    pub fn rate_factor(&self, step: u32, steps_per_epoch: u32) -> f64 {
        let warmup_steps = (self.warmup_epochs * f64::from(steps_per_epoch)).round() as u32;
        self.schedule.factor(step, steps_per_epoch * self.epochs, steps_per_epoch, warmup_steps)
    }

    /// The group that batch norm normalizes over, in images; `None` where there is no batch norm.
    pub fn norm_group_images(&self) -> Option<usize> {
        let group = self.norm_group.unwrap_or(self.batch_size).min(self.batch_size);
        self.network.has_batch_norm().then_some(group as usize)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::{layers::BatchNorm, normalized};

    use super::*;
    use crate::EarlyStopping;

    #[track_caller]
    fn check(change: impl FnOnce(&mut TrainConfig), complaint: Option<&str>) {
        let mut config = TrainConfig::default();
        change(&mut config);
        let got = config.check().err().map(|error| error.to_string());
        match (got, complaint) {
            (None, None) => {}
            (Some(got), Some(start)) => assert!(got.starts_with(start), "{got}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ranges_are_checked() {
        check(|_| {}, None);
        check(|config| config.learning_rate = 0.0, Some("Learning rate 0 "));
        check(|config| config.learning_rate = f64::NAN, Some("Learning rate NaN "));
        check(|config| config.weight_decay = 10.0, None);
        check(|config| config.weight_decay = -0.1, Some("Weight decay -0.1 is out of range"));
        check(|config| config.weight_decay = f64::NAN, Some("Weight decay NaN is out of range"));
        check(
            |config| (config.learning_rate, config.weight_decay, config.decoupled_decay) = (0.1, 6.0, true),
            Some("Weight decay 6 is too large for learning rate 0.1"),
        );
        check(|config| config.batch_size = 0, Some("Batch size 0 "));
        check(|config| config.batch_size = 5_000, Some("Batch size 5000 "));
        check(|config| config.epochs = 0, Some("0 epochs "));
        check(|config| config.augmentation.share = 1.5, Some("Augmentation share 1.5 "));
        check(|config| config.augmentation.last_share = Some(-1.0), Some("Augmentation last_share -1 "));
        check(|config| config.augmentation.blur = f32::NAN, Some("Augmentation blur NaN "));
        check(
            |config| config.optimizer = Optimizer::Sgd { momentum: 1.0, nesterov: false },
            Some("Momentum 1 is"),
        );
        check(
            |config| config.optimizer = Optimizer::Sgd { momentum: 0.0, nesterov: true },
            Some("Nesterov needs"),
        );
        check(|config| config.schedule = Schedule::Exponential { gamma: 0.0 }, Some("Gamma 0 is"));
        check(|config| config.gradient_clip = Some(0.0), Some("Gradient clipping 0 is"));
        check(|config| config.label_smoothing = 1.0, Some("Label smoothing 1 is"));
        check(|config| config.validation_share = 1.0, Some("Validation share 100 % is"));
        check(
            |config| {
                config.validation_share = 0.0;
                config.stop.early_stopping = Some(EarlyStopping { patience: 2, min_delta: 0.0 });
            },
            Some("Early stopping needs a validation part"),
        );
        let with_norm = |batch_size| {
            move |config: &mut TrainConfig| {
                config.network = normalized(&config.network.draft(), &BatchNorm::default()).check().unwrap();
                config.batch_size = batch_size;
            }
        };
        check(with_norm(2), None);
        check(with_norm(1), Some("Batch size 1 is too small for batch norm"));
    }

    #[test]
    fn json_comes_back_as_it_went() {
        for experiment in crate::EXPERIMENTS {
            let config = experiment.config();
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<TrainConfig>(&json).unwrap(), config, "{}", experiment.id);
        }
    }

    #[test]
    fn the_last_step_may_be_smaller() {
        assert_eq!(TrainConfig::default().steps_per_epoch(60_000), 938);
    }
}
