//! The page is of use with no data from outside.

use std::sync::Arc;

use burn::tensor::Device;
use dataset::built_in_split;
use network::Network;
use pollster::block_on;
use recipe::{Architecture, Augmentation, TrainRecipe};
use training::{Event, Pace, Run, evaluate};

/// What the Train page does for "Built-in digits", within a minute: the recipe "Fast", with changed images.
#[track_caller]
fn check(batch_norm: bool, least: f64) {
    let Some(mnist) = tests::mnist() else { return };
    let recipe =
        TrainRecipe { epochs: 4, batch_norm, augmentation: Augmentation::USUAL, ..TrainRecipe::default() };
    let pace = Pace::cpu(Architecture::FastCnn);
    let split = Arc::new(built_in_split(20_000, 1));
    let mut run = Run::new(recipe, split, &Device::flex(), pace).unwrap();
    while block_on(run.advance()).unwrap() != Event::Finished {}
    let network = Network::from_weights(&block_on(run.weights()).unwrap(), &Device::flex());
    let found = block_on(evaluate(&network, &mnist.test, pace.test_images, async |_| ())).unwrap();
    let norm = if batch_norm { "with" } else { "without" };
    println!(
        "MNIST, read after 20,000 built-in digits, four times, {norm} batch norm: {}",
        found.with_interval()
    );
    assert!(found.share() >= least, "{found:?}");
}

#[test]
fn built_in_digits_alone_teach_to_read_mnist() {
    check(false, 0.975);
    check(true, 0.975);
}
