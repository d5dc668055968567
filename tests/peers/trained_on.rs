//! `train.py` goes on where a run here stood, and learns as much.

use std::{
    env, fs,
    io::{self, Cursor},
    path::Path,
    process::Command,
    sync::Arc,
};

use burn::tensor::Device;
use data_files::idx_zip;
use dataset::{Dataset, careful_digits};
use evaluation::Accuracy;
use model_card::ModelCard;
use model_io::{ModelFile, Package};
use model_spec::Preprocessing;
use network::Network;
use pollster::block_on;
use train_config::{LiveChange, Optimizer, StopReason, TrainConfig, experiment};
use training::{Checkpoint, Event, MicroBatch, Run, measure};
use weights::Weights;
use zip::ZipArchive;

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

/// As MNIST's four files.
fn write_data(folder: &Path, dataset: &Dataset) {
    for (part, images) in [("train", &dataset.train), ("t10k", &dataset.test)] {
        let mut zip = ZipArchive::new(Cursor::new(idx_zip(images).unwrap())).unwrap();
        for index in 0..zip.len() {
            let mut entry = zip.by_index(index).unwrap();
            let mut file = fs::File::create(folder.join(format!("{part}-{}", entry.name()))).unwrap();
            io::copy(&mut entry, &mut file).unwrap();
        }
    }
}

/// A run of two epochs in the order of the images: as it stood after the first, and its weights after the second.
fn interrupted(config: &TrainConfig, dataset: &Arc<Dataset>) -> (Checkpoint, Weights) {
    let device = Device::flex().autodiff();
    let micro_batch = MicroBatch::cpu(&config.network);
    let mut run = Run::new(config.clone(), Arc::clone(dataset), &device, micro_batch).unwrap();
    let mut middle = None;
    loop {
        match block_on(run.advance()).unwrap() {
            Event::EpochDone(_) if middle.is_none() => middle = Some(block_on(run.checkpoint()).unwrap()),
            Event::Finished(_) => return (middle.unwrap(), block_on(run.weights()).unwrap()),
            _ => {}
        }
    }
}

fn accuracy(weights: &Weights, card: &ModelCard, dataset: &Dataset) -> Accuracy {
    let network = Network::for_prediction(weights, card.preprocessing, &Device::flex());
    block_on(measure(&network, (&dataset.test).into(), 100, async |_| ())).unwrap().accuracy
}

/// Goes on for an epoch in PyTorch, at a tenth of the learning rate where the options name none, and reads what it wrote.
fn went_on(folder: &Path, launcher: &[&str], data: &Path, options: &[&str]) -> (Weights, ModelCard) {
    let python = env::var_os("INKLING_PYTHON").unwrap();
    let out = folder.join("out.safetensors");
    let mut command = Command::new(python);
    command.args(launcher).arg(folder.join("train.py")).args(["--epochs", "1"]).args(options);
    output(command.arg("--data").arg(data).arg("--out").arg(&out).current_dir(folder));
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
    for (name, bytes) in Package::new("MLP", &weights, &card).files().unwrap() {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let mnist = env::var_os("INKLING_MNIST_DIR").unwrap();
    let mnist = Path::new(&mnist);
    let alone = went_on(&folder, &[], mnist, &[]);
    let two = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"];
    let together = went_on(&folder, &two, mnist, &[]);
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

/// Goes on for an epoch here and in PyTorch, with the same images in the same order: what the optimizer remembers decides how far
/// each step goes.
#[track_caller]
fn check_state(name: &str, optimizer: Optimizer, learning_rate: f64) {
    let folder = folder(name);
    let dataset = Arc::new(Dataset {
        train: careful_digits(320, 1),
        test: careful_digits(100, 2),
        ..Dataset::default()
    });
    write_data(&folder, &dataset);
    let config = TrainConfig {
        optimizer,
        learning_rate,
        epochs: 2,
        shuffle: false,
        validation_share: 0.0,
        ..experiment("keras-mlp").unwrap().config()
    };
    let (middle, ours) = interrupted(&config, &dataset);
    let card = ModelCard {
        preprocessing: Preprocessing::L2Columns,
        epochs_done: 1,
        ..ModelCard::unknown(config.network.clone())
    };
    let package = Package::of_run("Run", &middle, &middle.weights, &card).unwrap();
    let mut apart = Vec::new();
    for (file, bytes) in package.files().unwrap() {
        fs::write(folder.join(file), bytes).unwrap();
    }
    for with_state in [true, false] {
        if !with_state {
            fs::remove_file(folder.join("optimizer.safetensors")).unwrap();
        }
        let (theirs, _) = went_on(&folder, &[], &folder, &["--learning-rate", &learning_rate.to_string()]);
        let values = ours.values().iter().zip(theirs.values());
        apart.push(values.map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max));
    }
    println!("{name}: {} apart with the optimizer's state, {} without", apart[0], apart[1]);
    assert!(apart[0] < 1e-4 && apart[1] > 10.0 * apart[0], "{name}: {apart:?}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
#[cfg_attr(not(has_python), ignore = "INKLING_PYTHON is not set")]
fn the_optimizer_goes_on_in_pytorch_with_what_it_remembered_here() {
    check_state("state-adam", Optimizer::ADAM, 0.001);
    check_state("state-momentum", Optimizer::MOMENTUM, 0.01);
    let rmsprop = Optimizer::RmsProp { alpha: 0.99, epsilon: 1e-8, momentum: 0.5 };
    check_state("state-rmsprop", rmsprop, 0.0001);
}
