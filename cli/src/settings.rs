//! The configuration of a run, from a preset and from what the command line changes.

use std::{fs, path::PathBuf};

use clap::Args as ClapArgs;
use model_spec::{NAMED_NETWORKS, NetworkSpec, named_network};
use train_config::{
    EXPERIMENTS, EarlyStopping, Experiment, Optimizer, PreprocessingChoice, Schedule, TrainConfig, experiment,
};

use crate::BadSettings;

/// Every setting that a run can have; what is not given is the preset's.
#[derive(ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Settings {
    /// Experiment to run; `inkling presets` lists them (default: fast).
    #[arg(long, value_name = "ID")]
    pub(crate) preset: Option<String>,
    /// Network, as JSON: `{"layers": [{"kind": "flatten"}, {"kind": "dense", "units": 10}]}`.
    #[arg(long, value_name = "FILE.json", conflicts_with = "model")]
    network: Option<PathBuf>,
    /// Named network, such as fast-cnn, workshop-cnn or mlp.
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// What grey levels become: zero-to-one, minus-one-to-one, mnist, standardized or l2-columns.
    #[arg(long, value_name = "ID")]
    preprocessing: Option<String>,
    /// Mean and standard deviation to subtract and divide by, both of values from 0 to 1.
    #[arg(long, num_args = 2, value_names = ["MEAN", "STD"], conflicts_with = "preprocessing")]
    mean_std: Option<Vec<f32>>,
    /// Optimizer: adam, adamw, rmsprop, sgd or sgd-momentum, with PyTorch's numbers.
    #[arg(long, value_name = "ID")]
    optimizer: Option<String>,
    /// Momentum of SGD and `RMSprop`, 0 to 0.99.
    #[arg(long)]
    momentum: Option<f64>,
    /// SGD looks one step of momentum ahead.
    #[arg(long)]
    nesterov: bool,
    /// `RMSprop`'s share of the old mean of squares.
    #[arg(long)]
    alpha: Option<f64>,
    /// Adam's shares of the old means of gradients and of their squares.
    #[arg(long, num_args = 2, value_names = ["BETA_1", "BETA_2"])]
    betas: Option<Vec<f64>>,
    /// What Adam and `RMSprop` add to the root that divides.
    #[arg(long)]
    epsilon: Option<f64>,
    /// Peak learning rate.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Pull of each weight towards 0, through the gradient (L2) unless it is decoupled.
    #[arg(long)]
    weight_decay: Option<f64>,
    /// Decay acts beside the optimizer, as in `AdamW`.
    #[arg(long)]
    decoupled_decay: bool,
    /// Schedule: one-cycle, constant, exponential, step or cosine.
    #[arg(long, value_name = "ID")]
    schedule: Option<String>,
    /// Factor of the exponential schedule after every epoch, and of the step schedule after every drop.
    #[arg(long)]
    gamma: Option<f64>,
    /// Epochs between two drops of the step schedule.
    #[arg(long)]
    step_epochs: Option<u32>,
    /// Epochs over which the learning rate rises first.
    #[arg(long)]
    warmup_epochs: Option<f64>,
    /// Longest gradient over all parameters; 0 for any.
    #[arg(long)]
    gradient_clip: Option<f64>,
    /// Share of each target that is spread over all classes.
    #[arg(long)]
    label_smoothing: Option<f64>,
    /// Images to a step.
    #[arg(long)]
    batch_size: Option<u32>,
    /// Images that batch norm normalizes over; the whole batch where it is not given.
    #[arg(long)]
    norm_group: Option<u32>,
    /// Passes over the training images at most.
    #[arg(long)]
    epochs: Option<u32>,
    /// Ends the run at this accuracy on the whole training part, 0 to 1; 0 for never.
    #[arg(long, value_name = "ACCURACY")]
    stop_at: Option<f64>,
    /// Ends the run after so many epochs without a lower validation loss, and gives the best weights back; 0 for never.
    #[arg(long, value_name = "EPOCHS")]
    patience: Option<u32>,
    /// The images keep their order in every epoch.
    #[arg(long)]
    no_shuffle: bool,
    /// Sets everything that is left to chance.
    #[arg(long)]
    seed: Option<u64>,
    /// Share of the training images that is held back to measure, stop and calibrate by, 0 to 0.9.
    #[arg(long, value_name = "SHARE")]
    validation_share: Option<f64>,
    /// Ask the test images after every epoch, not at the end alone.
    #[arg(long)]
    test_every_epoch: bool,
}

impl Settings {
    /// The experiment that is named, if one is.
    pub(crate) fn experiment(&self) -> Result<Option<&'static Experiment>, BadSettings> {
        let Some(id) = &self.preset else { return Ok(None) };
        experiment(id).map(Some).ok_or_else(|| {
            unknown("preset", id, &EXPERIMENTS.iter().map(|known| known.id).collect::<Vec<_>>())
        })
    }

    /// The configuration: `base`, the preset or the usual one, with what is changed here.
    pub(crate) fn config(&self, base: Option<TrainConfig>) -> Result<TrainConfig, BadSettings> {
        let preset = self.experiment()?.map(Experiment::config);
        let mut config = preset.or(base).unwrap_or_default();
        if let Some(network) = self.network()? {
            config.network = network;
        }
        self.change(&mut config)?;
        config.check().map_err(|error| BadSettings(error.to_string()))?;
        Ok(config)
    }

    fn network(&self) -> Result<Option<NetworkSpec>, BadSettings> {
        if let Some(path) = &self.network {
            let text = fs::read_to_string(path)
                .map_err(|error| BadSettings(format!("{} cannot be read: {error}.", path.display())))?;
            return NetworkSpec::from_json(&text).map(Some).map_err(|error| BadSettings(error.to_string()));
        }
        let Some(id) = &self.model else { return Ok(None) };
        let known = || NAMED_NETWORKS.iter().map(|named| named.id).collect::<Vec<_>>();
        named_network(id).map(|named| Some(named.spec())).ok_or_else(|| unknown("network", id, &known()))
    }

    fn change(&self, config: &mut TrainConfig) -> Result<(), BadSettings> {
        fn ids<T>(all: &[(&'static str, &'static str, T)]) -> Vec<&'static str> {
            all.iter().map(|(id, ..)| *id).collect()
        }
        if let Some(id) = &self.preprocessing {
            let all = PreprocessingChoice::ALL;
            config.preprocessing =
                PreprocessingChoice::from_id(id).ok_or_else(|| unknown("preprocessing", id, &ids(&all)))?;
        }
        if let Some([mean, std]) = self.mean_std.as_deref() {
            config.preprocessing = PreprocessingChoice::MeanStd { mean: *mean, std: *std };
        }
        if let Some(id) = &self.optimizer {
            config.optimizer =
                Optimizer::from_id(id).ok_or_else(|| unknown("optimizer", id, &ids(&Optimizer::ALL)))?;
            config.weight_decay = config.optimizer.usual_weight_decay();
        }
        self.change_optimizer(&mut config.optimizer)?;
        if let Some(id) = &self.schedule {
            config.schedule =
                Schedule::from_id(id).ok_or_else(|| unknown("schedule", id, &ids(&Schedule::ALL)))?;
        }
        self.change_schedule(&mut config.schedule)?;
        set(&mut config.learning_rate, self.learning_rate);
        set(&mut config.weight_decay, self.weight_decay);
        set(&mut config.warmup_epochs, self.warmup_epochs);
        set(&mut config.label_smoothing, self.label_smoothing);
        set(&mut config.batch_size, self.batch_size);
        set(&mut config.epochs, self.epochs);
        set(&mut config.seed, self.seed);
        set(&mut config.validation_share, self.validation_share);
        config.decoupled_decay |= self.decoupled_decay;
        config.shuffle &= !self.no_shuffle;
        config.test_every_epoch |= self.test_every_epoch;
        if let Some(clip) = self.gradient_clip {
            config.gradient_clip = (clip != 0.0).then_some(clip);
        }
        if self.norm_group.is_some() {
            config.norm_group = self.norm_group;
        }
        if let Some(accuracy) = self.stop_at {
            config.stop.train_accuracy = (accuracy != 0.0).then_some(accuracy);
        }
        if let Some(patience) = self.patience {
            config.stop.early_stopping = (patience > 0).then_some(EarlyStopping { patience, min_delta: 0.0 });
        }
        Ok(())
    }

    fn change_optimizer(&self, optimizer: &mut Optimizer) -> Result<(), BadSettings> {
        let title = optimizer.title();
        let lacks = |setting: &str| {
            BadSettings(format!("{title} has no {setting}. Leave it out, or choose another optimizer."))
        };
        match optimizer {
            Optimizer::Sgd { momentum, nesterov } => {
                *momentum = self.momentum.unwrap_or(*momentum);
                *nesterov |= self.nesterov;
            }
            Optimizer::RmsProp { alpha, epsilon, momentum } => {
                *momentum = self.momentum.unwrap_or(*momentum);
                *alpha = self.alpha.unwrap_or(*alpha);
                *epsilon = self.epsilon.unwrap_or(*epsilon);
            }
            Optimizer::Adam { beta_1, beta_2, epsilon } | Optimizer::AdamW { beta_1, beta_2, epsilon } => {
                if let Some([one, two]) = self.betas.as_deref() {
                    (*beta_1, *beta_2) = (*one, *two);
                }
                *epsilon = self.epsilon.unwrap_or(*epsilon);
            }
        }
        let (is_sgd, is_rmsprop) =
            (matches!(optimizer, Optimizer::Sgd { .. }), matches!(optimizer, Optimizer::RmsProp { .. }));
        let is_adam = !is_sgd && !is_rmsprop;
        let wrong = [
            (self.momentum.is_some() && is_adam, "momentum"),
            (self.nesterov && !is_sgd, "Nesterov momentum"),
            (self.alpha.is_some() && !is_rmsprop, "alpha"),
            (self.betas.is_some() && !is_adam, "betas"),
            (self.epsilon.is_some() && is_sgd, "epsilon"),
        ];
        wrong.into_iter().find(|(wrong, _)| *wrong).map_or(Ok(()), |(_, setting)| Err(lacks(setting)))
    }

    fn change_schedule(&self, schedule: &mut Schedule) -> Result<(), BadSettings> {
        match &mut *schedule {
            Schedule::Exponential { gamma } => *gamma = self.gamma.unwrap_or(*gamma),
            Schedule::Step { gamma, epochs } => {
                *gamma = self.gamma.unwrap_or(*gamma);
                *epochs = self.step_epochs.unwrap_or(*epochs);
            }
            // A gamma alone asks for the schedule that has one.
            other if self.gamma.is_some() && self.schedule.is_none() => {
                *other = Schedule::Exponential { gamma: self.gamma.unwrap_or(1.0) };
            }
            _ if self.gamma.is_some() => {
                return Err(BadSettings("This schedule has no gamma. Choose exponential or step.".into()));
            }
            _ => {}
        }
        if self.step_epochs.is_some() && !matches!(schedule, Schedule::Step { .. }) {
            return Err(BadSettings(
                "Only the step schedule has epochs between two drops. Choose --schedule step.".into(),
            ));
        }
        Ok(())
    }
}

fn set<T>(field: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *field = given;
    }
}

fn unknown(what: &str, id: &str, known: &[&str]) -> BadSettings {
    BadSettings(format!("There is no {what} \"{id}\". Choose one of {}.", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: Settings,
    }

    fn config(arguments: &str) -> Result<TrainConfig, String> {
        let words = std::iter::once("train").chain(arguments.split_whitespace());
        Command::parse_from(words).settings.config(None).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_given_goes_before_the_preset() {
        let changed = config(
            "--preset workshop --gamma 0.7 --seed 3 --stop-at 0 --optimizer sgd --momentum 0.5 --nesterov --weight-decay 0.1",
        )
        .unwrap();
        let preset = experiment("workshop").unwrap().config();
        let expected = TrainConfig {
            schedule: Schedule::Exponential { gamma: 0.7 },
            seed: 3,
            stop: train_config::StopRules::default(),
            optimizer: Optimizer::Sgd { momentum: 0.5, nesterov: true },
            weight_decay: 0.1,
            ..preset
        };
        assert_eq!(changed, expected);
        assert_eq!(config("").unwrap(), TrainConfig::default());
        assert_eq!(config("--optimizer adamw").unwrap().weight_decay, 0.01);
    }

    #[track_caller]
    fn check_refused(arguments: &str, start: &str) {
        let error = config(arguments).unwrap_err();
        assert!(error.starts_with(start), "{error}");
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        check_refused("--preset wurkshop", "There is no preset \"wurkshop\". Choose one of fast, workshop");
        check_refused("--model lenet", "There is no network \"lenet\"");
        check_refused("--momentum 0.9", "Adam has no momentum");
        check_refused("--gamma 0.7 --schedule cosine", "This schedule has no gamma");
        check_refused("--learning-rate 0", "Learning rate 0 is out of range");
        check_refused("--patience 2 --validation-share 0", "Early stopping needs a validation part");
        check_refused("--network missing.json", "missing.json cannot be read");
    }
}
