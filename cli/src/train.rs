//! `inkling train`.

use std::{fs, path::PathBuf, sync::Arc, time::Instant};

use anyhow::{Context as _, ensure};
use burn::tensor::Device;
use clap::Args as ClapArgs;
use dataset::{Dataset, Part};
use evaluation::{Accuracy, Calibration, Score};
use model_card::ModelCard;
use model_spec::with_classes;
use network::Network;
use pollster::block_on;
use serde_json::{Value, json};
use train_config::{Experiment, StopReason, TrainConfig, ends_session};
use training::{Checkpoint, EpochReport, Event, MicroBatch, Run, measure};
use weights::{Precision, Weights, write_safetensors_as};

use crate::{
    BadSettings,
    data::Source,
    images,
    progress::Progress,
    ranks::{self, Start},
    recipe_file::RecipeFile,
    settings::Settings,
};

#[derive(ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    source: Source,
    /// Network, configuration, data and augmentation from a TOML file; what else is given here goes before it.
    #[arg(long, conflicts_with_all = ["data", "preset"])]
    config: Option<PathBuf>,
    /// Threads that share every step (default: 1). Results are the same to the bit for the same number of them.
    #[arg(long)]
    threads: Option<u16>,
    /// Go on from these weights, instead of random ones, with their network.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Round the weights to 16 bits and write them so: half the bytes. What the card says is measured after that.
    #[arg(long)]
    half: bool,
    /// Where to write the weights.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where to write the run as it stood at the end, its optimizer included: `convert --checkpoint` takes it.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// End with one JSON object on a line.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let recipe = args.config.as_deref().map(RecipeFile::read).transpose()?;
    let base = recipe.as_ref().map(RecipeFile::config).transpose()?;
    let mut config = args.settings.config(base)?;
    let experiment = args.settings.experiment()?.or_else(|| Experiment::of(&config));
    let from = args.from.as_deref().map(crate::model::read).transpose()?.map(|(weights, _)| weights);
    let (dataset, tested_on) = args.source.read(recipe.as_ref(), config.seed)?;
    if !dataset.fits(config.network.classes()) && from.is_none() {
        let wider = with_classes(&config.network.draft(), dataset.classes()).check();
        config.network = wider.map_err(|error| BadSettings(error.to_string()))?;
    }
    let from = from.unwrap_or_else(|| Weights::initial(&config.network, config.seed));
    config.network = from.network().clone();
    let dataset = Arc::new(dataset);
    let threads = args.threads.or_else(|| recipe.as_ref().and_then(RecipeFile::threads)).unwrap_or(1);
    ensure!((1..=64).contains(&threads), "{threads} threads are out of range: choose 1 to 64");

    let start = Instant::now();
    let sessions = experiment.map_or(1, |experiment| experiment.sessions);
    let session = Session { dataset: &dataset, threads: usize::from(threads) };
    let trained = session.train(config.clone(), from, sessions)?;
    let seconds = start.elapsed().as_secs_f64();

    let mut card = ModelCard {
        preprocessing: trained.run.preprocessing(),
        import: dataset.import,
        class_names: dataset.class_names.clone(),
        config: Some(config.clone()),
        trained_on: dataset.name.clone(),
        epochs_done: trained.last.epoch,
        validation: trained.last.validation.map(|score| score.accuracy),
        test: trained.last.test.map(|score| score.accuracy),
        tested_on: if trained.last.test.is_some() { tested_on } else { String::new() },
        calibration: trained.last.calibration,
        ..ModelCard::unknown(config.network.clone())
    };
    let mut weights = block_on(trained.run.weights())?;
    let precision = if args.half { Precision::Half } else { Precision::Full };
    if args.half {
        weights = weights.rounded_to_half();
        measure_again(&weights, &dataset, &config, &mut card)?;
    }
    println!("{}", trained.summary());
    if let Some(path) = &args.out {
        let bytes = write_safetensors_as(precision, &weights, &card)?;
        fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {} after {seconds:.0} s", path.display());
    }
    if let Some(path) = &args.checkpoint {
        let bytes = block_on(trained.run.checkpoint())?.to_bytes()?;
        fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    if args.json {
        println!("{}", trained.json(experiment, &config, seconds));
    }
    Ok(())
}

/// What every part of a run has.
struct Session<'a> {
    dataset: &'a Arc<Dataset>,
    threads: usize,
}

/// A run that is over.
struct Trained {
    run: Run,
    last: EpochReport,
    stopped_by: StopReason,
    /// Test accuracy before and after each checkpoint.
    reloaded: Vec<(Accuracy, Accuracy)>,
}

impl Session<'_> {
    /// Trains to the end, in as many sessions: between two the run becomes a file, and the file a new run.
    fn train(&self, config: TrainConfig, from: Weights, sessions: u32) -> anyhow::Result<Trained> {
        let epochs = config.epochs;
        let title = config.network.title();
        let mut start = Start::Weights(Box::new(config), from);
        let (mut last, mut reloaded) = (None, Vec::new());
        loop {
            let mut run = ranks::begin(&start, self.dataset, self.threads)?;
            if reloaded.is_empty() {
                println!(
                    "{title}: {} parameters; {} images to learn from, {} held back, {} to test: {}",
                    run.config().network.parameter_count(),
                    run.train_images(),
                    run.validation_images(),
                    self.dataset.test.len(),
                    self.dataset.name
                );
            }
            let (own, stopped_by) = train_until(&mut run, |epoch| ends_session(epoch, epochs, sessions))?;
            // A stop rule may hold where a session ends: the next one has nothing left to do.
            last = own.or(last);
            if let Some(stopped_by) = stopped_by {
                let last = last.context("the run had nothing left to do")?;
                return Ok(Trained { run, last, stopped_by, reloaded });
            }
            start = Start::Checkpoint(Box::new(self.reload(&run, &mut reloaded)?));
        }
    }

    /// Writes a checkpoint, reads it into a new network, and says whether that has the same accuracy.
    fn reload(&self, run: &Run, reloaded: &mut Vec<(Accuracy, Accuracy)>) -> anyhow::Result<Checkpoint> {
        let expected = self.test(&block_on(run.weights())?, run)?;
        let name = format!("inkling-{}-session-{}.checkpoint", std::process::id(), 1 + reloaded.len());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, block_on(run.checkpoint())?.to_bytes()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        let checkpoint = Checkpoint::from_bytes(&bytes)?;
        let resumed = ranks::begin(&Start::Checkpoint(Box::new(checkpoint.clone())), self.dataset, 1)?;
        let loaded = self.test(&block_on(resumed.weights())?, &resumed)?;
        println!(
            "saved and loaded: expected accuracy {:.2} %, loaded accuracy {:.2} %, mean test loss {:.4}",
            100.0 * expected.accuracy.share(),
            100.0 * loaded.accuracy.share(),
            loaded.loss
        );
        ensure!(expected == loaded, "the checkpoint has another accuracy than the run that wrote it");
        reloaded.push((expected.accuracy, loaded.accuracy));
        Ok(checkpoint)
    }

    /// The test images, a thousand at a time, as the workshop asks them.
    fn test(&self, weights: &Weights, run: &Run) -> anyhow::Result<Score> {
        let network = Network::for_prediction(weights, run.preprocessing(), &Device::flex());
        Ok(block_on(measure(&network, Part::from(&self.dataset.test), 1_000, async |_| ()))?)
    }
}

/// Trains until an epoch is done, or to the end of the run: then the reason is given too.
fn train_until(
    run: &mut Run,
    ends: impl Fn(u32) -> bool,
) -> anyhow::Result<(Option<EpochReport>, Option<StopReason>)> {
    let images = u64::from(run.train_images());
    let total_images = images * u64::from(run.config().epochs);
    let before = images * u64::from(run.epochs_done());
    let mut progress = Progress::new(run.steps(), total_images, before);
    let mut last = None;
    loop {
        match block_on(run.advance())? {
            Event::Trained(point) => progress.trained(&point),
            Event::Measuring { part, done, total } => progress.measuring(part, done, total),
            Event::EpochDone(report) => {
                progress.epoch_done(&report);
                last = Some(report);
                if ends(report.epoch) {
                    return Ok((last, None));
                }
            }
            Event::Finished(reason) => return Ok((last, Some(reason))),
            Event::Working => {}
        }
    }
}

impl Trained {
    fn summary(&self) -> String {
        let why = match self.stopped_by {
            StopReason::Epochs => "all epochs done",
            StopReason::TrainAccuracy => "the training accuracy is reached",
            StopReason::EarlyStopping => "the validation loss no longer falls",
            StopReason::Stopped => "stopped",
        };
        let test = self.last.test.map_or_else(String::new, |test| {
            format!(": test accuracy {}, mean test loss {:.4}", test.accuracy.with_interval(), test.loss)
        });
        format!("{why}{test}")
    }

    fn json(&self, experiment: Option<&Experiment>, config: &TrainConfig, seconds: f64) -> Value {
        let score = |score: Score| json!({ "accuracy": score.accuracy.share(), "loss": score.loss, "n": score.accuracy.total });
        let EpochReport { epoch, train, validation, test, best_epoch, .. } = self.last;
        let reloaded: Vec<Value> = self
            .reloaded
            .iter()
            .map(|(expected, loaded)| json!({ "expected_accuracy": expected.share(), "loaded_accuracy": loaded.share() }))
            .collect();
        json!({
            "preset": experiment.map(|experiment| experiment.id),
            "network": config.network.title(),
            "parameters": config.network.parameter_count(),
            "seed": config.seed,
            "epochs_done": epoch,
            "best_epoch": best_epoch,
            "stopped_by": self.stopped_by.id(),
            "train": score(train),
            "validation": validation.map(score),
            "test": test.map(score),
            "checkpoints": reloaded,
            "seconds": seconds,
        })
    }
}

/// What the card claims of weights that were rounded.
fn measure_again(
    weights: &Weights,
    dataset: &Dataset,
    config: &TrainConfig,
    card: &mut ModelCard,
) -> anyhow::Result<()> {
    let network = Network::for_prediction(weights, card.preprocessing, &Device::flex());
    let micro_batch = MicroBatch::cpu(network.spec()).test_images;
    if card.test.is_some() {
        let test = block_on(measure(&network, Part::from(&dataset.test), micro_batch, async |_| ()))?;
        println!("rounded to 16 bits: test accuracy {}", test.accuracy.with_interval());
        card.test = Some(test.accuracy);
    }
    let validation = dataset.train.subset(&dataset.split(config.validation_share, config.seed).validation);
    if !validation.is_empty() {
        let probabilities = images::probabilities(&network, &validation.pixels)?;
        card.calibration =
            Some(Calibration::fitted(&probabilities, &validation.labels, Calibration::REJECTED_SHARE));
        let score = block_on(measure(&network, Part::from(&validation), micro_batch, async |_| ()))?;
        card.validation = Some(score.accuracy);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use dataset::built_in_dataset;
    use model_spec::named_network;
    use train_config::StopRules;

    use super::*;

    /// Between two sessions the run is written and read back, but not where it ends, whatever ends it.
    #[test]
    fn two_sessions_are_one_run() {
        let dataset = Arc::new(built_in_dataset(100, 1));
        let at_once = Some(0.01);
        for (epochs, train_accuracy, reloads, done, stopped_by) in [
            (1, None, 0, 1, StopReason::Epochs),
            (3, None, 1, 3, StopReason::Epochs),
            (2, at_once, 1, 1, StopReason::TrainAccuracy),
            (4, at_once, 0, 1, StopReason::TrainAccuracy),
        ] {
            let config = TrainConfig {
                network: named_network("mlp-30-5").unwrap().spec(),
                epochs,
                stop: StopRules { train_accuracy, ..StopRules::default() },
                ..TrainConfig::default()
            };
            let from = Weights::initial(&config.network, 1);
            let trained = Session { dataset: &dataset, threads: 1 }.train(config, from, 2).unwrap();
            let found = (trained.reloaded.len(), trained.last.epoch, trained.stopped_by);
            assert_eq!(found, (reloads, done, stopped_by), "{epochs} epochs, {train_accuracy:?}");
        }
    }
}
