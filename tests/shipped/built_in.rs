//! The page is of use with no data from outside.

use std::sync::Arc;

use burn::tensor::Device;
use dataset::{Part, built_in_dataset};
use model_spec::{layers::BatchNorm, normalized};
use network::Network;
use pollster::block_on;
use train_config::{Augmentation, TrainConfig, experiment};
use training::{Event, MicroBatch, Run, measure};

/// What the Train page does for "Built-in digits", within a minute: the experiment "fast", with changed images.
#[track_caller]
fn check(batch_norm: bool, least: f64) {
    let mnist = tests::mnist();
    let fast = experiment("fast").unwrap().config();
    let network = if batch_norm {
        normalized(&fast.network.draft(), &BatchNorm::default()).check().unwrap()
    } else {
        fast.network.clone()
    };
    let config = TrainConfig { network, epochs: 4, augmentation: Augmentation::USUAL, ..fast };
    let micro_batch = MicroBatch::cpu(&config.network);
    let dataset = Arc::new(built_in_dataset(20_000, 1));
    let mut run = Run::new(config, dataset, &Device::flex(), micro_batch).unwrap();
    while !matches!(block_on(run.advance()).unwrap(), Event::Finished(_)) {}
    let weights = block_on(run.weights()).unwrap();
    let network = Network::for_prediction(&weights, run.preprocessing(), &Device::flex());
    let found = block_on(measure(&network, Part::from(&mnist.test), 128, async |_| ())).unwrap().accuracy;
    let norm = if batch_norm { "with" } else { "without" };
    println!(
        "MNIST, read after 20,000 built-in digits, four times, {norm} batch norm: {}",
        found.with_interval()
    );
    assert!(found.share() >= least, "{found:?}");
}

#[test]
#[cfg_attr(not(has_mnist), ignore = "INKLING_MNIST_DIR is not set")]
fn built_in_digits_alone_teach_to_read_mnist() {
    check(false, 0.975);
    check(true, 0.975);
}
