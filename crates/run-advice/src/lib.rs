//! What is wrong with a run, seen early: why, and which change of the configuration helps.
//!
//! Everything here is a rule of thumb over figures that the page shows anyway; each says which figures it went by.

use core::fmt::Write as _;

use evaluation::EpochScores;
use train_config::{EarlyStopping, StopRules, TrainConfig};

/// Steps that one mean is taken over.
const WINDOW: usize = 50;
/// Fewer say nothing of a run.
const FEW_STEPS: usize = 10;

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Mean cross-entropy of the batch, in nats.
    pub loss: f64,
    /// Share of the batch that was answered rightly, 0 to 1.
    pub accuracy: f64,
}

/// What has been seen of a run.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// How it trains.
    pub config: &'a TrainConfig,
    /// Its steps so far, oldest first.
    pub steps: &'a [Step],
    /// What was measured after each epoch.
    pub epochs: &'a [EpochScores],
    /// Whether it ended because the loss was not a number any more.
    pub has_diverged: bool,
}

/// Something that is wrong with a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// What is seen, with its figures.
    pub what: String,
    /// The likeliest reason.
    pub why: String,
    /// What to change, where a change helps.
    pub change: Option<Change>,
}

/// A change of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What it does, as on a button.
    pub title: String,
    /// The configuration after it.
    pub config: TrainConfig,
}

/// What is most wrong with a run, or `None` where nothing is.
pub fn advice(observed: Observed<'_>) -> Option<Advice> {
    let Observed { config, steps, epochs, has_diverged } = observed;
    let chance = 1.0 / config.network.classes() as f64;
    let of_guess = -chance.ln();
    if has_diverged {
        return Some(Advice {
            what:
                "The loss is not a number any more: the weights have grown beyond what a computer can hold."
                    .into(),
            why: format!("A learning rate of {} is too large here.", config.learning_rate),
            change: Some(slower(config)),
        });
    }
    let means: Vec<Step> = steps.chunks_exact(WINDOW).map(mean).collect();
    let is_guessing = |mean: &Step| mean.accuracy < 1.7 * chance && mean.loss > 0.93 * of_guess;
    // A run that warms up has not begun.
    let warmup_share = config.warmup_epochs / f64::from(config.epochs);
    if let [.., before, last] = means[..]
        && warmup_share < 0.5
    {
        let best = means.iter().map(|mean| mean.loss).fold(f64::INFINITY, f64::min);
        if last.loss > 1.3 * of_guess
            && last.loss > 1.5 * best.min(of_guess)
            && last.loss >= 0.9 * before.loss
        {
            return Some(Advice {
                what: format!(
                    "The loss is {:.2} over the last {WINDOW} steps. Guessing gives {of_guess:.2}.",
                    last.loss
                ),
                why: format!(
                    "The steps are too long: with a learning rate of {} each one overshoots.",
                    config.learning_rate
                ),
                change: Some(slower(config)),
            });
        }
        if [before, last].iter().all(is_guessing) {
            let seen = format!("over the last {WINDOW} steps");
            return Some(guessing(config, last, of_guess, &seen));
        }
    }
    // A run of few steps is known by its epochs alone.
    if let Some(last) = epochs.last()
        && warmup_share < 0.5
        && steps.len() >= FEW_STEPS
    {
        let train = Step { loss: f64::from(last.train.loss), accuracy: last.train.accuracy.share() };
        if is_guessing(&train) {
            return Some(guessing(config, train, of_guess, "on the whole training part"));
        }
    }
    overfitting(config, epochs)
}

fn guessing(config: &TrainConfig, last: Step, of_guess: f64, seen: &str) -> Advice {
    let what = format!(
        "It does not learn: {:.0} % right and a loss of {:.2} {seen}, as guessing gives ({of_guess:.2}).",
        100.0 * last.accuracy,
        last.loss
    );
    let usual = config.optimizer.usual_learning_rate(&config.network);
    let rate = config.learning_rate;
    if rate >= usual / 50.0 && rate <= 2.0 * usual {
        let why = "The learning rate is usual for this optimizer. More likely the network passes nothing on, by too much \
                   dropout or by sigmoids one behind the other, or the labels do not belong to the images."
            .into();
        return Advice { what, why, change: None };
    }
    let (why, change) = if rate > usual {
        let why = format!(
            "With a learning rate of {rate} the first steps were so long that most units answer 0 to everything, and such a unit \
             no longer learns."
        );
        (why, slower(config))
    } else {
        let why = format!("With a learning rate of {rate} the weights hardly move.");
        (why, with_rate(config, usual))
    };
    Advice { what, why, change: Some(change) }
}

fn mean(steps: &[Step]) -> Step {
    let count = steps.len() as f64;
    Step {
        loss: steps.iter().map(|step| step.loss).sum::<f64>() / count,
        accuracy: steps.iter().map(|step| step.accuracy).sum::<f64>() / count,
    }
}

fn with_rate(config: &TrainConfig, learning_rate: f64) -> Change {
    let title = format!("Set the learning rate to {learning_rate}");
    Change { title, config: TrainConfig { learning_rate, ..config.clone() } }
}

/// A tenth of the rate, or what is usual where that is still too much.
fn slower(config: &TrainConfig) -> Change {
    let usual = config.optimizer.usual_learning_rate(&config.network);
    // Two digits: 0.1 x 0.3 is not exactly 0.03.
    let tenth = format!("{:.1e}", config.learning_rate / 10.0).parse().unwrap_or(usual);
    with_rate(config, usual.min(tenth))
}

/// The training part is known by heart and the validation part is not.
fn overfitting(config: &TrainConfig, epochs: &[EpochScores]) -> Option<Advice> {
    let [.., before, last] = epochs else { return None };
    let (held_before, held) = (before.validation?, last.validation?);
    let gap = last.train.accuracy.share() - held.accuracy.share();
    if gap < 0.02 || held.loss <= held_before.loss || last.train.loss >= before.train.loss {
        return None;
    }
    let mut what = format!(
        "It learns by heart: {:.1} % of the training part is right, {:.1} % of the validation part",
        100.0 * last.train.accuracy.share(),
        100.0 * held.accuracy.share()
    );
    // Writing to a String cannot fail.
    let _ = write!(what, ", whose loss rose from {:.3} to {:.3}.", held_before.loss, held.loss);
    let stop =
        StopRules { early_stopping: Some(EarlyStopping { patience: 2, min_delta: 0.0 }), ..config.stop };
    let change = (config.stop.early_stopping.is_none()).then(|| Change {
        title: "Stop early, and take the best epoch's weights".into(),
        config: TrainConfig { stop, ..config.clone() },
    });
    let why =
        "More epochs will not help. Dropout, augmentation, weight decay or a smaller network would.".into();
    Some(Advice { what, why, change })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use evaluation::{Accuracy, Score};
    use train_config::experiment;

    use super::*;

    fn config(learning_rate: f64) -> TrainConfig {
        TrainConfig { learning_rate, ..experiment("keras-mlp").unwrap().config() }
    }

    fn steps(loss: impl Fn(f64) -> f64, accuracy: f64) -> Vec<Step> {
        (0..200).map(|step| Step { loss: loss(f64::from(step)), accuracy }).collect()
    }

    #[track_caller]
    fn check(learning_rate: f64, steps: &[Step], what: Option<&str>, rate: Option<f64>) {
        let config = config(learning_rate);
        let got = advice(Observed { config: &config, steps, epochs: &[], has_diverged: false });
        match (&got, what) {
            (None, None) => {}
            (Some(got), Some(start)) => assert!(got.what.starts_with(start), "{}", got.what),
            other => panic!("{other:?}"),
        }
        let change = got.and_then(|got| got.change);
        assert_eq!(change.as_ref().map(|change| change.config.learning_rate), rate);
        if let Some(change) = change {
            assert_eq!(change.config.check(), Ok(()));
        }
    }

    #[test]
    fn a_run_that_learns_is_left_alone() {
        check(0.001, &steps(|step| 2.3 * (-step / 100.0).exp(), 0.6), None, None);
        check(0.001, &steps(|step| 2.3 - step / 400.0, 0.3), None, None);
        // Too early to say.
        check(1.0, &steps(|_| 2.3, 0.1)[..99], None, None);
    }

    #[test]
    fn a_run_that_guesses_is_told_why() {
        let flat = steps(|_| 2.31, 0.097);
        check(1.0, &flat, Some("It does not learn: 10 % right and a loss of 2.31"), Some(0.005));
        check(0.02, &flat, Some("It does not learn"), Some(0.002));
        check(0.00001, &flat, Some("It does not learn"), Some(0.005));
        check(0.001, &flat, Some("It does not learn"), None);
    }

    /// The study's runs of one epoch have 94 steps.
    #[test]
    fn a_short_run_that_guesses_is_told_after_its_epoch() {
        let config = config(0.5);
        let scores = |right, loss| EpochScores {
            train: Score { accuracy: Accuracy { correct: right, total: 1_000 }, loss },
            validation: None,
            test: None,
        };
        let of = |steps: &[Step], scores: EpochScores| {
            advice(Observed { config: &config, steps, epochs: &[scores], has_diverged: false })
        };
        let all = steps(|_| 2.31, 0.097);
        let got = of(&all[..94], scores(99, 2.31)).unwrap();
        assert_eq!(
            got.what,
            "It does not learn: 10 % right and a loss of 2.31 on the whole training part, as guessing gives (2.30)."
        );
        assert_eq!(got.change.map(|change| change.config.learning_rate), Some(0.005));
        assert_eq!(of(&all[..94], scores(600, 1.2)), None);
        assert_eq!(of(&all[..5], scores(99, 2.31)), None, "too early to say");
    }

    #[test]
    fn a_loss_beyond_guessing_means_long_steps() {
        check(0.3, &steps(|step| 2.0 + step / 20.0, 0.1), Some("The loss is 10.7"), Some(0.005));
        // It falls, from wherever it began.
        check(0.3, &steps(|step| 900.0 * (-step / 40.0).exp(), 0.5), None, None);
    }

    #[test]
    fn a_run_that_diverged_gets_a_smaller_rate() {
        let config = config(3.0);
        let got = advice(Observed { config: &config, steps: &[], epochs: &[], has_diverged: true }).unwrap();
        assert!(got.why.contains("learning rate of 3 "), "{}", got.why);
        assert!(got.change.unwrap().config.learning_rate < 0.01);
    }

    #[test]
    fn learning_by_heart_is_noticed() {
        let score = |right, loss| Score { accuracy: Accuracy { correct: right, total: 1_000 }, loss };
        let epoch = |train, loss, held, held_loss| EpochScores {
            train: score(train, loss),
            validation: Some(score(held, held_loss)),
            test: None,
        };
        let config = TrainConfig { validation_share: 0.2, ..config(0.001) };
        let of = |epochs: &[EpochScores]| {
            advice(Observed { config: &config, steps: &[], epochs, has_diverged: false })
        };
        let rising = [epoch(980, 0.05, 960, 0.12), epoch(995, 0.02, 958, 0.15)];
        let got = of(&rising).unwrap();
        assert!(got.what.contains("99.5 %") && got.what.contains("0.120 to 0.150"), "{}", got.what);
        assert_eq!(got.change.unwrap().config.check(), Ok(()));
        assert_eq!(of(&[epoch(980, 0.05, 960, 0.12), epoch(995, 0.02, 965, 0.11)]), None);
        assert_eq!(of(&rising[1..]), None);
    }
}
