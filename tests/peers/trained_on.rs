//! `train.py` goes on where a run here stood, and learns as much.

use std::{env, fs, path::Path, process::Command, sync::Arc};

use burn::tensor::Device;
use dataset::Dataset;
use evaluation::Accuracy;
use model_card::ModelCard;
use model_io::{ModelFile, package_files};
use network::Network;
use pollster::block_on;
use train_config::{LiveChange, StopReason, TrainConfig, experiment};
use training::{Event, MicroBatch, Run, measure};
use weights::Weights;

use crate::{folder, output};

fn trained(config: &TrainConfig, dataset: &Arc<Dataset>) -> (Weights, ModelCard) {
    let device = Device::flex().autodiff();
    let micro_batch = MicroBatch::cpu(&config.network);
    let mut run = Run::new(config.clone(), Arc::clone(dataset), &device, micro_batch).unwrap();
    while block_on(run.advance()).unwrap() != Event::Finished(StopReason::Epochs) {}
    let card = ModelCard {
        config: Some(config.clone()),
        preprocessing: run.preprocessing(),
        trained_on: "MNIST".into(),
        epochs_done: config.epochs,
        ..ModelCard::unknown(config.network.clone())
    };
    (block_on(run.weights()).unwrap(), card)
}

fn accuracy(weights: &Weights, card: &ModelCard, dataset: &Dataset) -> Accuracy {
    let network = Network::for_prediction(weights, card.preprocessing, &Device::flex());
    block_on(measure(&network, (&dataset.test).into(), 100, async |_| ())).unwrap().accuracy
}

/// Goes on for an epoch in PyTorch, at a tenth of the learning rate, and reads what it wrote.
fn went_on(folder: &Path, launcher: &[&str], out: &str) -> (Weights, ModelCard) {
    let python = env::var_os("INKLING_PYTHON").unwrap();
    let out = folder.join(out);
    let mut command = Command::new(python);
    command.args(launcher).arg(folder.join("train.py")).args(["--epochs", "1"]);
    output(
        command
            .arg("--data")
            .arg(env::var_os("INKLING_MNIST_DIR").unwrap())
            .arg("--out")
            .arg(&out)
            .current_dir(folder),
    );
    let file = ModelFile { name: "trained.safetensors".into(), bytes: fs::read(&out).unwrap() };
    let mut found = model_io::read(&[file]).unwrap();
    (found.candidates.remove(0).reading.weights, found.card.unwrap())
}

#[test]
#[cfg_attr(not(all(has_python, has_mnist)), ignore = "INKLING_PYTHON or INKLING_MNIST_DIR is not set")]
fn training_goes_on_in_pytorch_and_reaches_what_it_reaches_here() {
    let folder = folder("trained-on");
    let dataset = Arc::new(tests::mnist());
    let once = TrainConfig { epochs: 1, ..experiment("keras-mlp").unwrap().config() };
    let (weights, card) = trained(&once, &dataset);
    let before = accuracy(&weights, &card, &dataset);
    // The same here. At so low a rate the accuracy hardly depends on the order of the images, so that it can be compared.
    let step = (dataset.train.len() / once.batch_size as usize) as u32;
    let slower = LiveChange { step, learning_rate: Some(0.1 * once.learning_rate), ..LiveChange::default() };
    let (ours, _) = trained(&TrainConfig { epochs: 2, changes: vec![slower], ..once }, &dataset);
    let ours = accuracy(&ours, &card, &dataset);
    for (name, bytes) in package_files("MLP", &weights, &card).unwrap() {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let alone = went_on(&folder, &[], "alone.safetensors");
    let two = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"];
    let together = went_on(&folder, &two, "together.safetensors");
    for (weights, card) in [alone, together] {
        let theirs = accuracy(&weights, &card, &dataset);
        println!(
            "{} after an epoch, {} after two here, {} in PyTorch",
            before.share(),
            ours.share(),
            theirs.share()
        );
        assert!(theirs.share() > before.share() + 0.002, "{theirs:?} after {before:?}");
        assert!((theirs.share() - ours.share()).abs() < 0.005, "{theirs:?} there, {ours:?} here");
        // A figure that no longer holds is gone, and what was learned is counted.
        assert_eq!((card.epochs_done, card.test), (2, None));
    }
    fs::remove_dir_all(folder).unwrap();
}
