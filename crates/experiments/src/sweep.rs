//! Sweeps: a configuration with some of its settings varied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use train_config::{ConfigError, EXPERIMENTS, TrainConfig};

use crate::{
    axis::{Axis, SEED, sweep_settings},
    names::Draws,
};

/// Many runs that a person asks for at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepSpec {
    /// Name for people.
    pub name: String,
    /// What is varied; of no use where the trials are listed.
    pub base: TrainConfig,
    /// The settings to vary; of no use where the trials are listed.
    pub axes: Vec<SweepAxis>,
    /// How the values of the axes are combined.
    pub kind: SweepKind,
    /// Each combination is trained with each of them; at least one.
    pub seeds: Vec<u64>,
}

/// A setting to vary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepAxis {
    /// Its name among [`sweep_settings`].
    pub field: String,
    /// What it takes, as a person enters it; `none` for nothing.
    pub values: Vec<String>,
}

/// How the values of the axes are combined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SweepKind {
    /// Each value with each.
    Grid,
    /// The value of each axis is drawn by chance; no combination is there twice, so there may be fewer than asked for.
    Random {
        /// Combinations to draw.
        trials: u32,
        /// Sets what is drawn.
        seed: u64,
    },
    /// Finished configurations.
    Listed {
        /// The configurations; the seeds of the sweep replace their own.
        trials: Vec<Trial>,
    },
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// What is varied in it, for people: `Learning rate 0.1, Batch size 32`.
    pub title: String,
    /// What it does.
    pub config: TrainConfig,
}

/// A sweep that cannot be trained; the text is for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum SweepError {
    #[error("\"{field}\" is not a setting that can be varied. Choose one of {}.", field_names())]
    UnknownField { field: String },
    #[error(
        "Seed cannot be one of the settings. Enter the seeds in their own field; every combination is trained with each of them."
    )]
    SeedAxis,
    #[error("{0} is listed twice. Enter all its values in one row.")]
    SameAxis(String),
    #[error("{0} has no values: enter at least one.")]
    NoValues(String),
    #[error("{axis} has {count} values: enter {} or fewer.", SweepSpec::MAX_TRIALS)]
    TooManyValues { axis: String, count: usize },
    #[error("{axis}: \"{value}\" cannot be used. Enter {needed}.")]
    Value { axis: String, value: String, needed: String },
    #[error("{0} does not apply to any of these trials. Remove it, or also vary the setting it depends on.")]
    NoEffect(String),
    #[error("Nothing to vary: choose a setting and its values, or enter several seeds.")]
    NothingVaried,
    #[error("No seed given. Enter at least one.")]
    NoSeeds,
    #[error("There are no trials: choose at least one.")]
    NoTrials,
    #[error(
        "{trials} trials are too many: choose values and seeds that make {} or fewer.",
        SweepSpec::MAX_TRIALS
    )]
    TooMany { trials: u64 },
    #[error("{title}: {error}")]
    Trial { title: String, error: ConfigError },
}

fn field_names() -> String {
    sweep_settings().collect::<Vec<_>>().join("; ")
}

impl SweepSpec {
    /// Trials of a sweep at most, all seeds counted.
    pub const MAX_TRIALS: usize = 500;

    /// The experiments whose ids begin like this, in their order, with seed 1.
    pub fn of_experiments(name: &str, prefix: &str) -> Self {
        let experiments = EXPERIMENTS.iter().filter(|experiment| experiment.id.starts_with(prefix));
        let trials = experiments
            .map(|experiment| Trial { title: experiment.title.into(), config: experiment.config() })
            .collect();
        Self {
            name: name.into(),
            base: TrainConfig::default(),
            axes: Vec::new(),
            kind: SweepKind::Listed { trials },
            seeds: vec![1],
        }
    }

    /// The runs to train; the seeds of one combination follow each other.
    ///
    /// Where a setting has no meaning in a combination, such as a momentum for Adam, it is left as it is, and what is the same
    /// then is there once.
    ///
    /// # Errors
    /// [`SweepError`] names the axis or the trial at fault, and what is needed.
    pub fn trials(&self) -> Result<Vec<Trial>, SweepError> {
        let mut seeds = Vec::new();
        for seed in &self.seeds {
            if !seeds.contains(seed) {
                seeds.push(*seed);
            }
            Self::fits(seeds.len() as u64, 1)?;
        }
        if seeds.is_empty() {
            return Err(SweepError::NoSeeds);
        }
        let count = seeds.len() as u64;
        let combinations = match &self.kind {
            SweepKind::Grid => self.grid(count)?,
            SweepKind::Random { trials, seed } => self.random(*trials, *seed, count)?,
            SweepKind::Listed { trials } => {
                Self::fits(trials.len() as u64, count)?;
                trials.clone()
            }
        };
        if combinations.is_empty() {
            return Err(SweepError::NoTrials);
        }
        let mut trials = Vec::new();
        for Trial { title, config } in combinations {
            for &seed in &seeds {
                let title = if seeds.len() > 1 { format!("{title}, {SEED} {seed}") } else { title.clone() };
                let config = TrainConfig { seed, ..config.clone() };
                if let Err(error) = config.check() {
                    return Err(SweepError::Trial { title, error });
                }
                trials.push(Trial { title, config });
            }
        }
        Ok(trials)
    }

    const fn fits(combinations: u64, seeds: u64) -> Result<(), SweepError> {
        let trials = combinations.saturating_mul(seeds);
        if trials > Self::MAX_TRIALS as u64 { Err(SweepError::TooMany { trials }) } else { Ok(()) }
    }

    fn grid(&self, seeds: u64) -> Result<Vec<Trial>, SweepError> {
        let axes = self.checked_axes(seeds)?;
        let count = combination_count(&axes)?;
        Self::fits(count, seeds)?;
        self.combine(&axes, 0..count, usize::MAX)
    }

    fn random(&self, trials: u32, seed: u64, seeds: u64) -> Result<Vec<Trial>, SweepError> {
        // Where nearly all combinations are the same, looking for others ends here.
        const MAX_DRAWS: usize = 4 * SweepSpec::MAX_TRIALS;
        let axes = self.checked_axes(seeds)?;
        Self::fits(u64::from(trials), seeds)?;
        let drawn = Shuffled::new(seed, combination_count(&axes)?);
        self.combine(&axes, drawn.take(MAX_DRAWS), trials as usize)
    }

    fn checked_axes(&self, seeds: u64) -> Result<Vec<Axis<'_>>, SweepError> {
        if self.axes.is_empty() && seeds == 1 {
            return Err(SweepError::NothingVaried);
        }
        let mut axes: Vec<Axis<'_>> = Vec::new();
        for axis in &self.axes {
            let axis = Axis::new(axis, &self.base)?;
            if axes.iter().any(|other| other.rank == axis.rank) {
                return Err(SweepError::SameAxis(axis.name().into()));
            }
            axes.push(axis);
        }
        Ok(axes)
    }

    /// The trials of these combinations, each once, at most `most` of them.
    fn combine(
        &self,
        axes: &[Axis<'_>],
        combinations: impl Iterator<Item = u64>,
        most: usize,
    ) -> Result<Vec<Trial>, SweepError> {
        let mut trials: Vec<Trial> = Vec::new();
        let mut had_meaning = vec![false; axes.len()];
        for combination in combinations {
            if trials.len() >= most && !had_meaning.contains(&false) {
                break;
            }
            let trial = self.trial(axes, combination, &mut had_meaning)?;
            if trials.len() < most && trials.iter().all(|other| other.config != trial.config) {
                trials.push(trial);
            }
        }
        match axes.iter().zip(had_meaning).find(|(_, had_meaning)| !had_meaning) {
            Some((axis, _)) => Err(SweepError::NoEffect(axis.name().into())),
            None => Ok(trials),
        }
    }

    /// One combination, from 0: the last axis turns fastest.
    fn trial(
        &self,
        axes: &[Axis<'_>],
        mut combination: u64,
        had_meaning: &mut [bool],
    ) -> Result<Trial, SweepError> {
        let mut turns = Vec::new();
        for (place, axis) in axes.iter().enumerate().rev() {
            let count = axis.values.len() as u64;
            turns.push((place, axis, axis.values[(combination % count) as usize]));
            combination /= count;
        }
        // An optimizer brings a learning rate of its own, so that it must be set before it: the order of the settings.
        turns.sort_by_key(|(_, axis, _)| axis.rank);
        let mut config = self.base.clone();
        let mut used = Vec::new();
        for (place, axis, value) in turns {
            if axis.has_meaning(&config) {
                axis.set(&mut config, value)?;
                had_meaning[place] = true;
                used.push((place, axis, value));
            }
        }
        used.sort_by_key(|(place, ..)| *place);
        let varied = used.into_iter().filter(|(_, axis, _)| axis.values.len() > 1);
        let titles: Vec<_> = varied
            .map(|(_, axis, value)| {
                described(axis.name(), &axis.text(&config).unwrap_or_else(|| value.into()))
            })
            .collect();
        let title = if titles.is_empty() { self.name.clone() } else { titles.join(", ") };
        Ok(Trial { title, config })
    }
}

/// `Held back 20 %` for the field `Held back, %`.
fn described(name: &str, text: &str) -> String {
    match name.split_once(", ") {
        Some((name, unit)) if text != "none" => format!("{name} {text} {unit}"),
        Some((name, _)) => format!("{name} {text}"),
        None => format!("{name} {text}"),
    }
}

fn combination_count(axes: &[Axis<'_>]) -> Result<u64, SweepError> {
    let count = axes.iter().try_fold(1_u64, |count, axis| count.checked_mul(axis.values.len() as u64));
    count.ok_or(SweepError::TooMany { trials: u64::MAX })
}

/// The whole numbers below an end in the order of chance, each once: a shuffle that is made only as far as it is asked for.
struct Shuffled {
    draws: Draws,
    place: u64,
    end: u64,
    /// What stands at a place, where it is not the place's own number.
    moved: BTreeMap<u64, u64>,
}

impl Shuffled {
    const fn new(seed: u64, end: u64) -> Self {
        Self { draws: Draws::new(seed), place: 0, end, moved: BTreeMap::new() }
    }
}

impl Iterator for Shuffled {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.place == self.end {
            return None;
        }
        let from = self.place + self.draws.below(self.end - self.place);
        let own = self.moved.remove(&self.place).unwrap_or(self.place);
        let number = if from == self.place { own } else { self.moved.insert(from, own).unwrap_or(from) };
        self.place += 1;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::{dropout, hidden_units, named_network};
    use train_config::experiment;

    use super::*;
    use crate::parse_values;

    fn sweep(axes: &[(&str, &str)]) -> SweepSpec {
        let axis =
            |&(field, values): &(&str, &str)| SweepAxis { field: field.into(), values: parse_values(values) };
        SweepSpec {
            name: "Test".into(),
            base: experiment("study-30-5-1").unwrap().config(),
            axes: axes.iter().map(axis).collect(),
            kind: SweepKind::Grid,
            seeds: vec![1],
        }
    }

    #[track_caller]
    fn check(spec: &SweepSpec, expected: Result<&[&str], &str>) {
        let got = spec.trials().map_err(|error| error.to_string());
        let titles = got.map(|trials| trials.into_iter().map(|trial| trial.title).collect::<Vec<_>>());
        match (titles, expected) {
            (Ok(titles), Ok(expected)) => assert_eq!(titles, expected),
            (Err(error), Err(start)) => assert!(error.starts_with(start), "{error}"),
            (titles, _) => panic!("{titles:?}"),
        }
    }

    #[test]
    fn a_grid_has_each_value_with_each() {
        check(
            &sweep(&[("Learning rate", "0.1 0.01"), ("Batch size", "32 64"), ("Epochs", "2")]),
            Ok(&[
                "Learning rate 0.1, Batch size 32",
                "Learning rate 0.1, Batch size 64",
                "Learning rate 0.01, Batch size 32",
                "Learning rate 0.01, Batch size 64",
            ]),
        );
        check(&sweep(&[("Epochs", "2")]), Ok(&["Test"]));
        check(&sweep(&[("Epochs", "2 02 2")]), Ok(&["Epochs 2"]));
        check(&sweep(&[("Held back, %", "10 20")]), Ok(&["Held back 10 %", "Held back 20 %"]));
        check(
            &sweep(&[("Early stopping, epochs of patience", "none, 3")]),
            Ok(&["Early stopping none", "Early stopping 3 epochs of patience"]),
        );
        check(&sweep(&[("Shuffle", "yes no")]), Ok(&["Shuffle yes", "Shuffle no"]));
        check(
            &sweep(&[("Schedule", "one-cycle constant")]),
            Ok(&["Schedule one cycle", "Schedule constant"]),
        );
    }

    #[test]
    fn a_network_s_layers_are_settings_too() {
        check(
            &sweep(&[("Hidden units", "100-50, 64, 20-20-20"), ("Epochs", "1 2")]),
            Ok(&[
                "Hidden units 100-50, Epochs 1",
                "Hidden units 100-50, Epochs 2",
                "Hidden units 64, Epochs 1",
                "Hidden units 64, Epochs 2",
                "Hidden units 20-20-20, Epochs 1",
                "Hidden units 20-20-20, Epochs 2",
            ]),
        );
        let norm = SweepSpec {
            base: experiment("study-norm-0.4").unwrap().config(),
            ..sweep(&[("Dropout", "0 0.25"), ("Hidden units", "30-5 50-10")])
        };
        for trial in norm.trials().unwrap() {
            let draft = trial.config.network.draft();
            let units: Vec<_> = hidden_units(&draft).iter().map(usize::to_string).collect();
            let dropout = dropout(&draft).unwrap();
            assert_eq!(trial.title, format!("Dropout {dropout}, Hidden units {}", units.join("-")));
        }
        check(&sweep(&[("Dropout", "0 0.5")]), Err("Dropout does not apply to any of these trials"));
        let network = named_network("small-cnn").unwrap().spec();
        let base = TrainConfig { network, ..TrainConfig::default() };
        let cnn = SweepSpec { base, ..sweep(&[("Hidden units", "64 32")]) };
        check(&cnn, Err("Hidden units does not apply to any of these trials"));
        for (field, values, needed) in [
            ("Hidden units", "30-x", "the units of each hidden layer, 1 to 8,192, such as 100-50"),
            ("Hidden units", "0", "the units of each hidden layer, 1 to 8,192, such as 100-50"),
            ("Dropout", "1", "a number from 0 to 0.95"),
        ] {
            let error = format!("{field}: \"{values}\" cannot be used. Enter {needed}.");
            check(&sweep(&[(field, values)]), Err(&error));
        }
    }

    #[test]
    fn configurations_are_those_of_the_titles() {
        // The optimizer's own rate does not replace that of the axis, though it stands behind it.
        let spec = sweep(&[("Learning rate", "0.1 0.02"), ("Optimizer", "sgd rmsprop"), ("Epochs", "7")]);
        for trial in spec.trials().unwrap() {
            let TrainConfig { optimizer, learning_rate, epochs, .. } = &trial.config;
            assert_eq!(
                trial.title,
                format!("Learning rate {learning_rate}, Optimizer {}", optimizer.title())
            );
            assert_eq!(*epochs, 7);
        }
    }

    #[test]
    fn settings_without_meaning_make_no_trials() {
        check(
            &sweep(&[("Momentum", "0 0.5"), ("Optimizer", "adam sgd"), ("Nesterov", "no yes")]),
            Ok(&[
                "Optimizer Adam",
                "Momentum 0, Optimizer SGD",
                "Momentum 0.5, Optimizer SGD with momentum, Nesterov no",
                "Momentum 0.5, Optimizer SGD with momentum, Nesterov yes",
            ]),
        );
        check(&sweep(&[("Momentum", "0.5 0.9")]), Err("Momentum does not apply to any of these trials"));
        let random = SweepKind::Random { trials: 3, seed: 1 };
        check(
            &SweepSpec { kind: random, ..sweep(&[("Momentum", "0.5 0.9"), ("Epochs", "1 2")]) },
            Err("Momentum does not apply to any of these trials"),
        );
    }

    #[test]
    fn each_combination_is_trained_with_each_seed() {
        let seeds = |seeds: &[u64], axes| SweepSpec { seeds: seeds.to_vec(), ..sweep(axes) };
        check(
            &seeds(&[3, 4, 3], &[("Epochs", "1 2")]),
            Ok(&["Epochs 1, Seed 3", "Epochs 1, Seed 4", "Epochs 2, Seed 3", "Epochs 2, Seed 4"]),
        );
        check(&seeds(&[3, 4], &[]), Ok(&["Test, Seed 3", "Test, Seed 4"]));
        check(&seeds(&[3], &[]), Err("Nothing to vary"));
        check(&seeds(&[], &[("Epochs", "1 2")]), Err("No seed given"));
        let trials = seeds(&[8, 9], &[("Epochs", "1 2")]).trials().unwrap();
        assert_eq!(trials.iter().map(|trial| trial.config.seed).collect::<Vec<_>>(), [8, 9, 8, 9]);
    }

    #[test]
    fn faults_are_named() {
        check(
            &sweep(&[("Speed", "1")]),
            Err(
                "\"Speed\" is not a setting that can be varied. Choose one of Hidden units; Dropout; Optimizer; ",
            ),
        );
        check(&sweep(&[("Seed", "1 2")]), Err("Seed cannot be one"));
        check(&sweep(&[("Epochs", "1"), ("Epochs", "2")]), Err("Epochs is listed twice"));
        check(&sweep(&[("Epochs", "")]), Err("Epochs has no values"));
        check(&sweep(&[("Epochs", "1.5")]), Err("Epochs: \"1.5\" cannot be used. Enter a whole number."));
        check(
            &sweep(&[("Learning rate", "fast")]),
            Err("Learning rate: \"fast\" cannot be used. Enter a number."),
        );
        check(
            &sweep(&[("Gradient clipping", "soft")]),
            Err("Gradient clipping: \"soft\" cannot be used. Enter a number, or none."),
        );
        check(
            &sweep(&[("Optimizer", "lion")]),
            Err("Optimizer: \"lion\" cannot be used. Enter one of adam, adamw, rmsprop, sgd, sgd-momentum."),
        );
        check(
            &sweep(&[("Augmentation", "preset")]),
            Err("Augmentation: \"preset\" cannot be used. Enter one of none, usual, preset."),
        );
        check(&sweep(&[("Shuffle", "maybe")]), Err("Shuffle: \"maybe\" cannot be used. Enter yes or no."));
        check(
            &sweep(&[("Learning rate", "0.1 20")]),
            Err("Learning rate 20: Learning rate 20 is out of range: choose more than 0 and at most 10."),
        );
        check(&sweep(&[("Learning rate", "NaN 1")]), Err("Learning rate NaN: "));
        check(&sweep(&[("Epochs", "1..50"), ("Batch size", "1..11")]), Err("550 trials are too many"));
    }

    fn random(trials: u32, seed: u64, axes: &[(&str, &str)]) -> SweepSpec {
        SweepSpec { kind: SweepKind::Random { trials, seed }, ..sweep(axes) }
    }

    #[test]
    fn chance_draws_no_combination_twice() {
        let axes = [("Learning rate", "0.001..0.1 x5"), ("Epochs", "1..4"), ("Batch size", "32 64 128")];
        let trials = random(25, 7, &axes).trials().unwrap();
        assert_eq!(trials.len(), 25);
        for (place, trial) in trials.iter().enumerate() {
            assert!(trials[..place].iter().all(|other| other.config != trial.config), "{}", trial.title);
        }
        assert_eq!(random(25, 7, &axes).trials().unwrap(), trials);
        assert_ne!(random(25, 8, &axes).trials().unwrap(), trials);
        // Each of few values is drawn about as often as the others.
        let many =
            random(500, 7, &[("Epochs", "1..100"), ("Batch size", "1..100"), ("Weight decay", "0 0.1")]);
        let first = many.trials().unwrap().iter().filter(|trial| trial.config.weight_decay == 0.0).count();
        assert!((200..300).contains(&first), "{first}");
        check(&random(0, 7, &axes), Err("There are no trials"));
        check(&random(501, 7, &axes), Err("501 trials are too many"));
        // All there are, and no more.
        let mut all = random(99, 7, &axes).trials().unwrap();
        let mut grid = sweep(&axes).trials().unwrap();
        for trials in [&mut all, &mut grid] {
            trials.sort_by(|a, b| a.title.cmp(&b.title));
        }
        assert_eq!(all, grid);
    }

    #[test]
    fn a_shuffle_has_each_number_once() {
        for end in [0, 1, 2, 7, 100] {
            let mut numbers: Vec<_> = Shuffled::new(end, end).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..end).collect::<Vec<_>>());
        }
        assert_eq!(Shuffled::new(1, u64::MAX).take(5).count(), 5);
    }

    #[test]
    fn experiments_are_a_sweep() {
        let study = SweepSpec::of_experiments("The study", "study-");
        let trials = study.trials().unwrap();
        assert_eq!(trials.len(), 10);
        assert_eq!(trials[0].title, "Study 1: 100-50, 10 epochs");
        assert_eq!(trials[9].config, experiment("study-norm-0.6").unwrap().config());
        check(&SweepSpec::of_experiments("None", "nothing-"), Err("There are no trials"));
        let mut broken = study;
        if let SweepKind::Listed { trials } = &mut broken.kind {
            trials[3].config.epochs = 0;
        }
        check(&broken, Err("Study 4: 30-5, 10 epochs: 0 epochs are out of range"));
    }

    #[test]
    fn json_comes_back_as_it_went() {
        for spec in [
            sweep(&[("Learning rate", "0.1 0.01")]),
            random(3, u64::MAX, &[("Epochs", "1..9")]),
            SweepSpec::of_experiments("The study", "study-"),
        ] {
            let json = serde_json::to_string(&spec).unwrap();
            assert_eq!(serde_json::from_str::<SweepSpec>(&json).unwrap(), spec);
            assert!(serde_json::from_str::<SweepSpec>(&json.replacen("\"seeds\"", "\"sods\"", 1)).is_err());
        }
    }
}
