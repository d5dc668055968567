//! The tutorials' experiments: configurations with a name.

use model_spec::{NetworkSpec, named_network};

use crate::{
    Augmentation, Optimizer, PreprocessingChoice, Reached, Schedule, StopRules, TrainConfig, reached::REACHED,
};

/// A configuration with a name.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// Stable identifier, for links and the command line.
    pub id: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub teaches: &'static str,
    /// Parts that the run is cut into; between two of them its checkpoint is written, read into a new run, and tested.
    pub sessions: u32,
    /// What the tutorial reports, where it does.
    pub published: Option<Published>,
    config: fn() -> TrainConfig,
}

/// Whether a run of so many `sessions` is written and read back after this epoch, the first being 1; the last of its `epochs` ends it.
pub const fn ends_session(epoch: u32, epochs: u32, sessions: u32) -> bool {
    let of_one = if sessions == 0 { epochs } else { epochs.div_ceil(sessions) };
    of_one > 0 && epoch.is_multiple_of(of_one) && epoch < epochs
}

/// Accuracies that a tutorial reports, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// Of the validation part.
    pub validation: f64,
    /// Of the training part.
    pub train: f64,
}

const fn published(validation: f64, train: f64) -> Published {
    Published { validation, train }
}

const fn alone(
    id: &'static str,
    title: &'static str,
    teaches: &'static str,
    config: fn() -> TrainConfig,
) -> Experiment {
    Experiment { id, title, teaches, sessions: 1, published: None, config }
}

/// Every experiment, the recommended one first, the study's ten in its own order.
pub const EXPERIMENTS: &[Experiment] = &[
    alone("fast", "Fast: 99 % of MNIST, one epoch", "A small CNN learns MNIST in a minute.", fast),
    Experiment {
        sessions: 2,
        ..alone(
            "workshop",
            "Workshop: CNN and RMSprop",
            "Save a run, load it into a new network, find the same accuracy, go on.",
            workshop,
        )
    },
    alone(
        "first-network",
        "First network: plain SGD",
        "Three dense layers and the simplest optimizer reach 93 %.",
        first_network,
    ),
    Experiment {
        published: Some(published(0.9638, 0.9793)),
        ..alone(
            "study-100-50-10",
            "Study 1: 100-50, 10 epochs",
            "The largest of the study's networks.",
            || study("mlp-100-50", 10),
        )
    },
    Experiment {
        published: Some(published(0.9498, 0.9592)),
        ..alone(
            "study-100-50-3",
            "Study 2: 100-50, 3 epochs",
            "Fewer epochs, and the gap between train and validation.",
            || study("mlp-100-50", 3),
        )
    },
    Experiment {
        published: Some(published(0.9478, 0.9526)),
        ..alone(
            "study-100-50-1",
            "Study 3: 100-50, 1 epoch",
            "What one pass over the images is worth.",
            || study("mlp-100-50", 1),
        )
    },
    Experiment {
        published: Some(published(0.9523, 0.9713)),
        ..alone(
            "study-30-5-10",
            "Study 4: 30-5, 10 epochs",
            "A narrow layer of five units costs accuracy.",
            || study("mlp-30-5", 10),
        )
    },
    Experiment {
        published: Some(published(0.9484, 0.9596)),
        ..alone(
            "study-30-5-3",
            "Study 5: 30-5, 3 epochs",
            "Five units may die: repeat it with other seeds.",
            || study("mlp-30-5", 3),
        )
    },
    Experiment {
        published: Some(published(0.9023, 0.9092)),
        ..alone("study-30-5-1", "Study 6: 30-5, 1 epoch", "A small network that has hardly begun.", || {
            study("mlp-30-5", 1)
        })
    },
    Experiment {
        published: Some(published(0.9507, 0.9556)),
        ..alone(
            "study-norm-0.5",
            "Study 7: layer norm, dropout 0.5",
            "Normalization and dropout on a narrow network.",
            || study_norm("norm-mlp-50", 0.01, 3),
        )
    },
    Experiment {
        published: Some(published(0.9368, 0.9506)),
        ..alone(
            "study-norm-0.2",
            "Study 8: layer norm, dropout 0.2",
            "Less dropout, a smaller learning rate.",
            || study_norm("norm-mlp-20", 0.001, 10),
        )
    },
    Experiment {
        published: Some(published(0.9096, 0.9158)),
        ..alone(
            "study-norm-0.4",
            "Study 9: layer norm, dropout 0.4",
            "More dropout, half the learning rate.",
            || study_norm("norm-mlp-40", 0.0005, 10),
        )
    },
    Experiment {
        published: Some(published(0.5496, 0.5597)),
        ..alone(
            "study-norm-0.6",
            "Study 10: layer norm, dropout 0.6",
            "Too much dropout, too small a learning rate.",
            || study_norm("norm-mlp-60", 0.0001, 10),
        )
    },
    alone(
        "keras-mlp",
        "Keras: MLP, then your own files",
        "Three epochs of an MLP that then reads your images.",
        keras_mlp,
    ),
    Experiment {
        published: Some(published(0.989, 0.995)),
        ..alone(
            "kaggle-cnn",
            "Kaggle: Digit Recognizer CNN",
            "A deeper CNN with same padding and dropout.",
            || kaggle("kaggle-cnn", 10),
        )
    },
    alone(
        "kaggle-cnn-augmented",
        "Kaggle CNN, augmented",
        "Turned, moved and zoomed images teach more.",
        || TrainConfig { augmentation: KERAS_AUGMENTATION, ..kaggle("kaggle-cnn", 10) },
    ),
    alone("kaggle-cnn-deeper", "Kaggle CNN, a layer more", "Does one more convolution help?", || {
        kaggle("kaggle-cnn-deeper", 10)
    }),
    alone("kaggle-cnn-30", "Kaggle CNN, 30 epochs", "Do three times the epochs help?", || {
        kaggle("kaggle-cnn", 30)
    }),
    alone(
        "bad-learning-rate",
        "Deliberately bad: learning rate 1",
        "A learning rate of 1 is too large for Adam: the first steps are so long that most units answer 0 to every image, and such a \
         unit no longer learns. It ends where guessing does, at 10 %.",
        || TrainConfig { learning_rate: 1.0, ..TrainConfig::new(network("mlp")) },
    ),
];

/// The experiment of this id, if there is one.
pub fn experiment(id: &str) -> Option<&'static Experiment> {
    EXPERIMENTS.iter().find(|experiment| experiment.id == id)
}

/// Ids are unique.
impl PartialEq for Experiment {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Experiment {}

impl Experiment {
    /// Its configuration, with seed 1.
    pub fn config(&self) -> TrainConfig {
        (self.config)()
    }

    /// The experiment that a configuration follows, whatever its seed, and whether it tests after every epoch or at the end.
    pub fn of(config: &TrainConfig) -> Option<&'static Self> {
        let TrainConfig { seed, test_every_epoch, .. } = *config;
        let same =
            |experiment: &&Self| TrainConfig { seed, test_every_epoch, ..experiment.config() } == *config;
        EXPERIMENTS.iter().find(same)
    }

    /// What it reaches here, where that was measured.
    pub fn reached(&self) -> Option<Reached> {
        REACHED.iter().find(|(id, _)| *id == self.id).map(|(_, reached)| *reached)
    }

    pub(crate) fn default_config() -> TrainConfig {
        fast()
    }
}

fn network(id: &str) -> NetworkSpec {
    named_network(id).expect("a test looks every network up").spec()
}

fn fast() -> TrainConfig {
    TrainConfig {
        learning_rate: 0.008,
        schedule: Schedule::OneCycle,
        validation_share: 0.02,
        ..TrainConfig::new(network("fast-cnn"))
    }
}

fn workshop() -> TrainConfig {
    TrainConfig {
        optimizer: Optimizer::RMSPROP,
        preprocessing: PreprocessingChoice::MNIST,
        epochs: 6,
        stop: StopRules { train_accuracy: Some(0.995), ..StopRules::default() },
        ..TrainConfig::new(network("workshop-cnn"))
    }
}

fn first_network() -> TrainConfig {
    TrainConfig {
        optimizer: Optimizer::SGD,
        learning_rate: 0.01,
        preprocessing: PreprocessingChoice::MinusOneToOne,
        epochs: 5,
        ..TrainConfig::new(network("mlp-128-64"))
    }
}

fn study(id: &str, epochs: u32) -> TrainConfig {
    TrainConfig {
        learning_rate: 0.01,
        preprocessing: PreprocessingChoice::Standardized,
        // The text names none; at 512 nine of its ten figures come out.
        batch_size: 512,
        validation_share: 0.2,
        epochs,
        ..TrainConfig::new(network(id))
    }
}

fn study_norm(id: &str, learning_rate: f64, epochs: u32) -> TrainConfig {
    TrainConfig { learning_rate, ..study(id, epochs) }
}

fn keras_mlp() -> TrainConfig {
    TrainConfig {
        optimizer: Optimizer::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 },
        preprocessing: PreprocessingChoice::L2Columns,
        batch_size: 32,
        epochs: 3,
        ..TrainConfig::new(network("mlp"))
    }
}

fn kaggle(id: &str, epochs: u32) -> TrainConfig {
    TrainConfig { validation_share: 0.1, epochs, ..TrainConfig::new(network(id)) }
}

/// That of the tutorial's `ImageDataGenerator`: turned by 10 degrees, zoomed and moved by a tenth.
const KERAS_AUGMENTATION: Augmentation =
    Augmentation { share: 1.0, rotation_degrees: 10.0, size_px: 2.0, shift_px: 2.8, ..Augmentation::NONE };

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn sessions_divide_the_epochs() {
        for (epochs, sessions, ends) in [
            (6, 2, vec![3]),
            (5, 2, vec![3]),
            (6, 3, vec![2, 4]),
            (1, 2, vec![]),
            (2, 5, vec![1]),
            (4, 1, vec![]),
            (4, 0, vec![]),
            (0, 2, vec![]),
        ] {
            let found: Vec<u32> =
                (1..=epochs).filter(|&epoch| ends_session(epoch, epochs, sessions)).collect();
            assert_eq!(found, ends, "{epochs} epochs in {sessions} sessions");
        }
    }

    #[test]
    fn experiments_are_possible_and_found_again() {
        for wanted in EXPERIMENTS {
            assert_eq!(EXPERIMENTS.iter().filter(|other| *other == wanted).count(), 1, "{}", wanted.id);
            let config = TrainConfig { seed: 9, ..wanted.config() };
            assert_eq!(config.check(), Ok(()), "{}", wanted.id);
            assert_eq!(Experiment::of(&config).map(|found| found.id), Some(wanted.id));
            assert!(experiment(wanted.id).is_some());
            assert_eq!(config.epochs % wanted.sessions, 0, "{}", wanted.id);
        }
        assert!(Experiment::of(&TrainConfig { epochs: 7, ..fast() }).is_none());
    }
}
