#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dataset::{LabelledImages, built_in_dataset};
use model_spec::{NetworkSpec, layers::BatchNorm, named_network, normalized};
use pollster::block_on;
use train_config::{Augmentation, EarlyStopping, Optimizer, PreprocessingChoice, Schedule, StopRules};

use super::*;
use crate::{DeviceReference, measure};

fn spec(id: &str) -> NetworkSpec {
    named_network(id).unwrap().spec()
}

/// One of each family.
const FAMILIES: [&str; 6] = ["fast-cnn", "workshop-cnn", "kaggle-cnn", "small-cnn", "mlp", "norm-mlp-50"];

fn small() -> (TrainConfig, Arc<Dataset>) {
    let config = TrainConfig {
        batch_size: 20,
        epochs: 2,
        seed: 5,
        validation_share: 0.0,
        test_every_epoch: true,
        ..TrainConfig::default()
    };
    (config, Arc::new(built_in_dataset(200, 1)))
}

const WHOLE: MicroBatch =
    MicroBatch { train_images: 20, test_images: 64, readback_steps: 1, keeps_images: false };

fn begin(config: &TrainConfig, dataset: &Arc<Dataset>, train_images: usize) -> Run {
    let micro_batch = MicroBatch { train_images, ..WHOLE };
    Run::new(config.clone(), Arc::clone(dataset), &Device::flex(), micro_batch).unwrap()
}

/// All points and reports, and why it ended.
fn finish(run: &mut Run) -> (Vec<TrainPoint>, Vec<EpochReport>, StopReason) {
    let (mut points, mut reports) = (Vec::new(), Vec::new());
    loop {
        match block_on(run.advance()).unwrap() {
            Event::Trained(point) => points.push(point),
            Event::EpochDone(report) => reports.push(report),
            Event::Finished(reason) => return (points, reports, reason),
            Event::Working | Event::Measuring { .. } => {}
        }
    }
}

#[test]
fn every_optimizer_learns() {
    for (id, _, optimizer) in Optimizer::ALL {
        let (config, dataset) = small();
        let learning_rate = match id {
            "sgd" => 0.2,
            "sgd-momentum" => 0.025,
            "rmsprop" => 0.0005,
            _ => 0.004,
        };
        let config =
            TrainConfig { optimizer, learning_rate, epochs: 8, schedule: Schedule::Constant, ..config };
        let (points, reports, reason) = finish(&mut begin(&config, &dataset, 20));
        assert_eq!((points.len(), reports.len(), reason), (80, 8, StopReason::Epochs));
        assert_eq!(points[79].images_seen, 1_600);
        let (first, last) = (points[0].loss, points[79].loss);
        assert!(last < 0.65 * first, "{id}: {first} to {last}");
    }
}

#[test]
fn the_same_seed_gives_the_same_weights_to_the_last_bit() {
    for id in FAMILIES {
        let (config, dataset) = small();
        let config = TrainConfig { network: spec(id), epochs: 1, ..config };
        let weights = |seed| {
            let mut run = begin(&TrainConfig { seed, ..config.clone() }, &dataset, 8);
            finish(&mut run);
            block_on(run.weights()).unwrap()
        };
        assert!(weights(5) == weights(5), "{id}");
        assert!(weights(5) != weights(6), "{id}");
    }
}

#[test]
fn passes_add_up_to_the_batch() {
    let (config, dataset) = small();
    let config = TrainConfig { optimizer: Optimizer::MOMENTUM, learning_rate: 0.01, epochs: 1, ..config };
    let losses = |train_images| finish(&mut begin(&config, &dataset, train_images)).0;
    for (whole, parts) in losses(20).into_iter().zip(losses(7)) {
        assert!((whole.loss - parts.loss).abs() < 1e-4, "{whole:?} {parts:?}");
    }
}

/// WebAssembly's memory only grows. What leaks grows it again and again; once it may grow in ten epochs, where the gaps that
/// other tests left no longer fit what a step allocates.
#[cfg(target_arch = "wasm32")]
#[test]
fn memory_is_flat_over_ten_epochs() {
    for id in FAMILIES {
        let (config, dataset) = small();
        let mut run = begin(&TrainConfig { network: spec(id), epochs: 12, ..config }, &dataset, 20);
        let mut pages = Vec::new();
        while let Ok(event) = block_on(run.advance()) {
            match event {
                Event::EpochDone(_) => pages.push(core::arch::wasm32::memory_size::<0>()),
                Event::Finished(_) => break,
                _ => {}
            }
        }
        assert_eq!(pages.len(), 12);
        let growths = pages[1..].windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(growths <= 1, "{id}: pages of 64 KiB after each epoch: {pages:?}");
    }
}

fn with_norm(network: &NetworkSpec) -> NetworkSpec {
    normalized(&network.draft(), &BatchNorm::default()).check().unwrap()
}

#[test]
fn a_resumed_run_goes_on_exactly() {
    for (network, optimizer) in [
        (spec("workshop-cnn"), Optimizer::RMSPROP),
        (spec("fast-cnn"), Optimizer::ADAM),
        (with_norm(&spec("mlp")), Optimizer::ADAMW),
        (spec("norm-mlp-50"), Optimizer::SGD),
    ] {
        let (config, dataset) = small();
        let stop = StopRules {
            early_stopping: Some(EarlyStopping { patience: 9, min_delta: 0.0 }),
            ..StopRules::default()
        };
        let title = network.title();
        let config =
            TrainConfig { network, optimizer, learning_rate: 0.001, validation_share: 0.1, stop, ..config };
        let mut whole = begin(&config, &dataset, 20);
        while whole.steps_done() < 13 {
            block_on(whole.advance()).unwrap();
        }
        whole.request_checkpoint();
        assert!(whole.has_checkpoint());
        let bytes = block_on(whole.checkpoint()).unwrap().to_bytes().unwrap();
        let rest = finish(&mut whole);

        let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
        let mut resumed = Run::resume(&checkpoint, Arc::clone(&dataset), &Device::flex(), WHOLE).unwrap();
        assert_eq!(resumed.steps_done(), 13);
        assert_eq!(finish(&mut resumed), rest, "{title}");
        assert!(block_on(whole.weights()) == block_on(resumed.weights()), "{title}");
        assert!(block_on(whole.checkpoint()) == block_on(resumed.checkpoint()), "{title}");
        assert!(Run::is_of_this_build(&checkpoint));
        let other = Arc::new(Dataset { test: LabelledImages::default(), ..(*dataset).clone() });
        let refused = Run::resume(&checkpoint, other, &Device::flex(), WHOLE);
        assert_eq!(refused.err(), Some(RunError::OtherImages));
    }
}

/// What is changed in mid-run stands in the configuration, and a run that begins with it does the same, to the bit.
#[test]
fn a_changed_run_is_repeated_exactly() {
    let (config, dataset) = small();
    let network = spec("workshop-cnn");
    let config = TrainConfig { network, epochs: 2, ..config };
    let mut live = begin(&config, &dataset, 20);
    let wild = Augmentation { share: 1.0, shift_px: 2.0, ..Augmentation::NONE };
    let changes = [
        (2, LiveChange { learning_rate: Some(0.01), ..LiveChange::default() }),
        (4, LiveChange { dropout: Some(0.1), augmentation: Some(wild), ..LiveChange::default() }),
        (7, LiveChange { augmentation: Some(Augmentation::NONE), ..LiveChange::default() }),
    ];
    let mut points = Vec::new();
    loop {
        match block_on(live.advance()).unwrap() {
            Event::Trained(point) => {
                points.push(point);
                if let Some((_, change)) = changes.iter().find(|(step, _)| *step == point.step) {
                    live.change(*change).unwrap();
                }
            }
            Event::Finished(_) => break,
            _ => {}
        }
    }
    let steps: Vec<u32> = live.config().changes.iter().map(|change| change.step).collect();
    assert_eq!(steps, [2, 4, 7]);
    let mut again = begin(live.config(), &dataset, 20);
    assert_eq!(finish(&mut again).0, points);
    assert!(block_on(live.weights()) == block_on(again.weights()));
    // Changed once more, before what was recorded takes effect: the order of steps is kept.
    let mut both = begin(live.config(), &dataset, 20);
    both.change(LiveChange { learning_rate: Some(0.02), ..LiveChange::default() }).unwrap();
    block_on(both.advance()).unwrap();
    assert_eq!(both.config().changes.len(), 4);
    both.config().check().unwrap();
    let mut plain = begin(&config, &dataset, 20);
    let unchanged = finish(&mut plain).0;
    assert_eq!(unchanged[..2], points[..2]);
    assert!(unchanged[2..] != points[2..]);
    assert!(live.change(LiveChange { dropout: Some(2.0), ..LiveChange::default() }).is_err());
}

#[test]
fn what_was_asked_for_outlasts_a_checkpoint() {
    let (config, dataset) = small();
    let mut run = begin(&config, &dataset, 20);
    block_on(run.advance()).unwrap();
    run.change(LiveChange { learning_rate: Some(0.02), ..LiveChange::default() }).unwrap();
    let checkpoint = block_on(run.checkpoint()).unwrap();
    let mut read = Run::resume(&checkpoint, Arc::clone(&dataset), &Device::flex(), WHOLE).unwrap();
    read.take_requests(&run);
    block_on(read.advance()).unwrap();
    assert_eq!(read.config().learning_rate_at(read.steps_done()), 0.02);
}

#[test]
fn every_part_is_measured_without_dropout() {
    let (config, dataset) = small();
    let config = TrainConfig {
        network: spec("norm-mlp-50"),
        preprocessing: PreprocessingChoice::Standardized,
        validation_share: 0.2,
        epochs: 1,
        ..config
    };
    let mut run = begin(&config, &dataset, 20);
    assert_eq!((run.train_images(), run.validation_images()), (160, 40));
    let (_, reports, _) = finish(&mut run);
    let weights = block_on(run.weights()).unwrap();
    let network = Network::for_prediction(&weights, run.preprocessing(), &Device::flex());
    let score = |part| block_on(measure(&network, run.part(part), 7, async |_| ())).unwrap();
    let report = reports[0];
    let close = |a: Score, b: Score| a.accuracy == b.accuracy && (a.loss - b.loss).abs() < 1e-4;
    assert!(close(report.train, score(DataPart::Train)));
    assert!(close(report.validation.unwrap(), score(DataPart::Validation)));
    assert!(close(report.test.unwrap(), score(DataPart::Test)));
    assert_eq!(report.calibration, None, "40 images say nothing of confidence");
}

/// Folded or not, running statistics answer the same; and they are those of the training images.
#[test]
fn batch_norm_answers_by_its_running_statistics() {
    let (config, dataset) = small();
    let network = NetworkSpec::from_json(
        r#"{"layers":[{"kind":"conv2d","out_channels":8,"kernel_size":5,"bias":false},{"kind":"batch_norm"},{"kind":"relu"},
        {"kind":"max_pool2d"},{"kind":"flatten"},{"kind":"dense","units":10}]}"#,
    )
    .unwrap();
    let config = TrainConfig { network, epochs: 6, learning_rate: 0.01, ..config };
    let mut run = begin(&config, &dataset, 20);
    let (_, reports, _) = finish(&mut run);
    let test = reports[5].test.unwrap();
    assert!(test.accuracy.share() > 0.5, "{test:?}");
    let weights = block_on(run.weights()).unwrap();
    assert!(weights.folded().network().layers().len() < weights.network().layers().len());
    for network in [Network::for_prediction, Network::from_weights] {
        let network = network(&weights, run.preprocessing(), &Device::flex());
        let again = block_on(measure(&network, run.part(DataPart::Test), 64, async |_| ())).unwrap();
        assert_eq!(again.accuracy, test.accuracy);
        assert!((again.loss - test.loss).abs() < 1e-4);
    }
}

#[test]
fn rules_end_a_run() {
    let (config, dataset) = small();
    let reached = StopRules { train_accuracy: Some(0.3), early_stopping: None };
    let config = TrainConfig { network: spec("mlp"), epochs: 30, learning_rate: 0.003, ..config };
    let (_, reports, reason) =
        finish(&mut begin(&TrainConfig { stop: reached, ..config.clone() }, &dataset, 20));
    assert_eq!(reason, StopReason::TrainAccuracy);
    assert!(reports.len() < 30 && reports.last().unwrap().train.accuracy.share() >= 0.3);

    // With so large a rate the loss soon rises.
    let patience = StopRules {
        train_accuracy: None,
        early_stopping: Some(EarlyStopping { patience: 2, min_delta: 0.0 }),
    };
    let config = TrainConfig { stop: patience, validation_share: 0.3, learning_rate: 0.02, ..config };
    let mut run = begin(&config, &dataset, 20);
    let (_, reports, reason) = finish(&mut run);
    assert_eq!(reason, StopReason::EarlyStopping);
    let last = reports.last().unwrap();
    let losses: Vec<f32> =
        reports[..reports.len() - 1].iter().map(|report| report.validation.unwrap().loss).collect();
    let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap();
    assert_eq!(last.best_epoch, Some(best as u32 + 1));
    assert_eq!(last.epoch as usize, best + 3);
    assert_eq!(last.validation, reports[best].validation);
    // The weights are those of that epoch.
    let again = block_on(measure(&run.network, run.part(DataPart::Validation), 64, async |_| ())).unwrap();
    assert_eq!(again.accuracy, reports[best].validation.unwrap().accuracy);
}

#[test]
fn a_gradient_is_clipped_to_its_longest() {
    let (config, dataset) = small();
    let config = TrainConfig {
        network: spec("mlp"),
        optimizer: Optimizer::SGD,
        learning_rate: 1.0,
        schedule: Schedule::Constant,
        ..config
    };
    let moved = |gradient_clip| {
        let mut run = begin(&TrainConfig { gradient_clip, ..config.clone() }, &dataset, 20);
        let before = block_on(run.weights()).unwrap();
        block_on(run.advance()).unwrap();
        let after = block_on(run.weights()).unwrap();
        let squares = before.values().iter().zip(after.values()).map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    assert!((moved(Some(0.01)) - 0.01).abs() < 1e-5);
    assert!(moved(None) > 0.02 && (moved(Some(1e3)) - moved(None)).abs() < 1e-6);
}

#[test]
fn a_loss_that_is_no_longer_a_number_is_said() {
    let (config, dataset) = small();
    let values = Weights::initial(&config.network, 1).values().iter().map(|value| 1e20 * value).collect();
    let huge = Weights::from_values(config.network.clone(), values).unwrap();
    let micro_batch = MicroBatch::cpu(&config.network);
    let mut run = Run::from_weights(config, &huge, dataset, &Device::flex(), micro_batch).unwrap();
    assert_eq!(block_on(run.advance()), Err(RunError::Diverged { step: 1 }));
}

#[test]
fn labels_beyond_the_classes_are_refused() {
    let (config, dataset) = small();
    let draft = model_spec::with_classes(&spec("mlp").draft(), 4);
    let config = TrainConfig { network: draft.check().unwrap(), ..config };
    let error = Run::new(config, dataset, &Device::flex(), WHOLE).unwrap_err();
    assert_eq!(error, RunError::Classes { label: 4, classes: 4 });
}

#[test]
fn the_cpu_agrees_with_itself_and_not_with_a_broken_device() {
    let reference =
        |config: &TrainConfig| block_on(DeviceReference::compute(config, &Device::flex())).unwrap();
    let config = TrainConfig::default();
    let good = reference(&config);
    let copy = DeviceReference::from_bytes(&config.network, &good.to_bytes()).unwrap();
    assert_eq!(good.difference(&copy), 0.0);
    assert!(DeviceReference::from_bytes(&config.network, &good.to_bytes()[4..]).is_none());
    let broken = |value: f32| {
        let mut broken = copy.clone();
        broken.gradients[0][30] *= value;
        good.difference(&broken)
    };
    assert!(broken(-1.0) > crate::DEVICE_TOLERANCE);
    assert_eq!(broken(f32::NAN), f32::INFINITY);
    // What is checked is what will be trained.
    let standardized = TrainConfig { preprocessing: PreprocessingChoice::Standardized, ..config };
    assert!(good.difference(&reference(&standardized)) > crate::DEVICE_TOLERANCE);
}

#[test]
fn without_measuring_the_steps_are_the_same() {
    let (config, dataset) = small();
    let (points, _, _) = finish(&mut begin(&config, &dataset, 20));
    let mut run = begin(&config, &dataset, 20);
    for point in points {
        run.skip_measuring();
        assert_eq!(block_on(run.advance()).unwrap(), Event::Trained(point));
    }
}

#[test]
fn images_are_changed_anew_in_every_epoch() {
    let (config, dataset) = small();
    let augmentation = Augmentation { share: 1.0, shift_px: 2.0, ..Augmentation::NONE };
    let config = TrainConfig { augmentation, epochs: 2, shuffle: false, network: spec("mlp"), ..config };
    let mut images = TrainImages::new(
        Arc::clone(&dataset),
        Arc::new(dataset.split(0.0, 1)),
        &config,
        &Device::flex(),
        false,
    );
    let mut levels = |epoch| {
        images.shuffle(epoch);
        match images.batch(0, 5, augmentation) {
            network::Batch::Levels { levels, .. } => levels.to_vec(),
            #[cfg(feature = "gpu")]
            network::Batch::Kept { .. } => unreachable!("the CPU keeps none"),
        }
    };
    let first = levels(0);
    assert_eq!(first, levels(0));
    assert_ne!(first, levels(1));
    assert_ne!(first, dataset.train.pixels[..first.len()]);
}
