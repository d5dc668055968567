use std::thread;

use dataset::built_in_dataset;
use model_spec::{NetworkSpec, layers::BatchNorm, named_network, normalized};
use pollster::block_on;
use train_config::{Augmentation, Optimizer, Schedule};

use super::*;
use crate::channels;

/// Trains with so many ranks, each on a thread of its own: everyone's checkpoint, points and reports.
fn trained(config: &TrainConfig, ranks: usize) -> Vec<(Checkpoint, Vec<TrainPoint>, Vec<EpochReport>)> {
    let dataset = Arc::new(built_in_dataset(200, 1));
    let threads = channels(ranks).into_iter().enumerate().map(|(rank, channels)| {
        let (config, dataset) = (config.clone(), Arc::clone(&dataset));
        thread::spawn(move || {
            let micro_batch =
                MicroBatch { train_images: 8, test_images: 7, readback_steps: 3, keeps_images: false };
            let mut run = Run::new(config, dataset, &Device::flex(), micro_batch).unwrap();
            run.join(Group::new(rank, ranks, Box::new(channels)));
            let (mut points, mut reports) = (Vec::new(), Vec::new());
            loop {
                match block_on(run.advance()).unwrap() {
                    Event::Trained(point) => points.push(point),
                    Event::EpochDone(report) => reports.push(report),
                    Event::Finished(_) => return (block_on(run.checkpoint()).unwrap(), points, reports),
                    Event::Working | Event::Measuring { .. } => {}
                }
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// Largest difference between two lists, as a share of the largest value.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let scale = a.iter().fold(f32::MIN_POSITIVE, |scale, value| scale.max(value.abs()));
    a.iter().zip(b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) / scale
}

fn spec(id: &str) -> NetworkSpec {
    named_network(id).unwrap().spec()
}

fn config(network: NetworkSpec, batch_size: u32, optimizer: Optimizer, learning_rate: f64) -> TrainConfig {
    TrainConfig {
        batch_size,
        epochs: 2,
        seed: 5,
        optimizer,
        learning_rate,
        weight_decay: 0.1,
        schedule: Schedule::Constant,
        validation_share: 0.1,
        test_every_epoch: true,
        // Each rank changes its own images, as one alone would.
        augmentation: if network.title().starts_with("MLP") {
            Augmentation { share: 0.5, bend_px: 0.5, ..Augmentation::NONE }
        } else {
            Augmentation::NONE
        },
        ..TrainConfig::new(network)
    }
}

/// Takes two epochs with one, two and three ranks; Adam turns the rounding of a gradient near 0 into a whole step.
#[track_caller]
fn check(config: &TrainConfig, tolerance: f32) {
    let alone = &trained(config, 1)[0];
    for ranks in [2, 3] {
        let what = format!("{}, {:?}, {ranks} ranks", config.network.title(), config.optimizer);
        let group = trained(config, ranks);
        assert!(group == trained(config, ranks), "{what}: the same seed and ranks give other bits");
        assert!(group.iter().all(|one| *one == group[0]), "{what}: ranks differ");
        for ((tensor, a), (_, b)) in alone.0.weights.tensors().zip(group[0].0.weights.tensors()) {
            let difference = difference(a, b);
            assert!(difference < tolerance, "{what}: {} by {difference}", tensor.name);
        }
        let difference = difference(&alone.0.moments, &group[0].0.moments);
        assert!(difference < 10.0 * tolerance, "{what}: moments: {difference}");
        assert_eq!(group[0].2.len(), 2);
    }
}

#[test]
fn a_group_takes_the_steps_of_one() {
    for id in ["fast-cnn", "workshop-cnn", "small-cnn", "mlp", "norm-mlp-50"] {
        // A maximum that rounding moves to its neighbour takes a gradient along: slowly, it stays small.
        check(&config(spec(id), 30, Optimizer::MOMENTUM, 0.003), 1e-3);
    }
    // Of two images a group of three leaves one rank without any.
    check(&config(spec("mlp"), 2, Optimizer::SGD, 0.003), 1e-4);
    check(&config(spec("fast-cnn"), 30, Optimizer::ADAM, 0.002), 1e-2);
    check(&config(spec("mlp"), 30, Optimizer::RMSPROP, 0.00025), 1e-2);
    check(&TrainConfig { gradient_clip: Some(0.1), ..config(spec("mlp"), 30, Optimizer::SGD, 0.01) }, 1e-3);
}

/// Groups of ten images are normalized together, whoever computes them.
#[test]
fn batch_norm_is_that_of_one() {
    let network = normalized(&spec("mlp").draft(), &BatchNorm::default()).check().unwrap();
    let config = TrainConfig { norm_group: Some(10), ..config(network, 30, Optimizer::MOMENTUM, 0.003) };
    check(&config, 1e-3);
    // The whole batch is one group: one rank does the work, and everyone has the result.
    check(&TrainConfig { norm_group: None, ..config }, 1e-3);
}

/// A checkpoint holds everyone's moments: whoever resumes from it, alone or together, goes on from the same.
#[test]
fn a_group_resumes_exactly() {
    let dataset = Arc::new(built_in_dataset(200, 1));
    let config = TrainConfig { batch_size: 20, epochs: 2, seed: 5, ..TrainConfig::default() };
    let micro_batch =
        MicroBatch { train_images: 20, test_images: 64, readback_steps: 1, keeps_images: false };
    let threads: Vec<_> = channels(2)
        .into_iter()
        .enumerate()
        .map(|(rank, channels)| {
            let (dataset, config) = (Arc::clone(&dataset), config.clone());
            thread::spawn(move || {
                let mut run = Run::new(config, dataset, &Device::flex(), micro_batch).unwrap();
                run.join(Group::new(rank, 2, Box::new(channels)));
                let mut middle = None;
                loop {
                    match block_on(run.advance()).unwrap() {
                        Event::EpochDone(report) if report.epoch == 1 => {
                            middle = Some(block_on(run.checkpoint()).unwrap());
                        }
                        Event::Finished(_) => return (middle.unwrap(), block_on(run.weights()).unwrap()),
                        _ => {}
                    }
                }
            })
        })
        .collect();
    let whole: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let threads: Vec<_> = channels(2)
        .into_iter()
        .zip(&whole)
        .enumerate()
        .map(|(rank, (channels, (middle, _)))| {
            let dataset = Arc::clone(&dataset);
            let middle = Checkpoint::from_bytes(&middle.to_bytes().unwrap()).unwrap();
            thread::spawn(move || {
                let mut run = Run::resume(&middle, dataset, &Device::flex(), micro_batch).unwrap();
                run.join(Group::new(rank, 2, Box::new(channels)));
                while !matches!(block_on(run.advance()).unwrap(), Event::Finished(_)) {}
                block_on(run.weights()).unwrap()
            })
        })
        .collect();
    for (thread, (_, expected)) in threads.into_iter().zip(&whole) {
        assert!(thread.join().unwrap() == *expected);
    }
}

/// What one rank of a run leaves.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    points: Vec<TrainPoint>,
    weights: Weights,
    config: TrainConfig,
}

/// A group that the first rank asks for a checkpoint and for a change after some of its points: every rank's outcome, and the
/// checkpoint.
fn commanded(
    begin: impl Fn() -> Run + Send + Sync + Clone + 'static,
    ranks: usize,
    checkpoint_at: u32,
    change_at: Option<(u32, LiveChange)>,
) -> (Vec<Outcome>, Option<Checkpoint>) {
    let threads: Vec<_> = channels(ranks)
        .into_iter()
        .enumerate()
        .map(|(rank, channels)| {
            let begin = begin.clone();
            thread::spawn(move || {
                let mut run = begin();
                run.join(Group::new(rank, ranks, Box::new(channels)));
                let (mut points, mut checkpoint) = (Vec::new(), None);
                loop {
                    match block_on(run.advance()).unwrap() {
                        Event::Trained(point) => {
                            points.push(point);
                            if rank == 0 && point.step == checkpoint_at {
                                run.request_checkpoint();
                            }
                            if let Some((step, change)) = change_at
                                && rank == 0
                                && point.step == step
                            {
                                run.change(change).unwrap();
                            }
                        }
                        Event::Finished(_) => break,
                        _ => {}
                    }
                    if run.has_checkpoint() {
                        checkpoint = Some(block_on(run.checkpoint()).unwrap());
                        run.forget_request();
                    }
                }
                let outcome = Outcome {
                    points,
                    weights: block_on(run.weights()).unwrap(),
                    config: run.config().clone(),
                };
                (outcome, checkpoint)
            })
        })
        .collect();
    let all: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let checkpoint = all[0].1.clone();
    (all.into_iter().map(|(outcome, _)| outcome).collect(), checkpoint)
}

/// In the middle of an epoch, with a change on the way: the ranks agree, a repeat does the same, and so does who resumes.
#[test]
fn a_group_is_interrupted_and_changed_exactly() {
    let dataset = Arc::new(built_in_dataset(200, 1));
    let micro_batch =
        MicroBatch { train_images: 20, test_images: 64, readback_steps: 1, keeps_images: false };
    let config = TrainConfig { batch_size: 20, epochs: 2, seed: 5, ..TrainConfig::default() };
    let begin = |config: &TrainConfig| {
        let (config, dataset) = (config.clone(), Arc::clone(&dataset));
        move || Run::new(config.clone(), Arc::clone(&dataset), &Device::flex(), micro_batch).unwrap()
    };
    let change = LiveChange { learning_rate: Some(0.01), dropout: Some(0.5), ..LiveChange::default() };
    for ranks in [2, 3] {
        let (live, checkpoint) = commanded(begin(&config), ranks, 6, Some((3, change)));
        assert!(live.iter().all(|outcome| *outcome == live[0]), "{ranks} ranks differ");
        // It travels with the next step, and counts from the one after that.
        assert_eq!(live[0].config.changes, [LiveChange { step: 4, ..change }]);
        let (repeated, _) = commanded(begin(&live[0].config), ranks, u32::MAX, None);
        assert!(repeated == live, "{ranks} ranks: a repeat is another run");

        let bytes = checkpoint.unwrap().to_bytes().unwrap();
        let dataset = Arc::clone(&dataset);
        let resume = move || {
            let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
            Run::resume(&checkpoint, Arc::clone(&dataset), &Device::flex(), micro_batch).unwrap()
        };
        let (resumed, _) = commanded(resume, ranks, u32::MAX, None);
        assert_eq!(resumed[0].points[..], live[0].points[7..], "{ranks} ranks: another curve");
        assert!(resumed[0].weights == live[0].weights, "{ranks} ranks: other weights");
    }
}
