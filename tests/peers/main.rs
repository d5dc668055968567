//! The libraries of others open what is written here, and what they write is opened here. `cargo xtask test` installs them; by hand,
//! `INKLING_PYTHON` names a Python with the packages of `requirements.txt` and PyTorch, and `INKLING_NODE_PACKAGES` a folder with
//! `node_modules/@tensorflow/tfjs`.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect should end there")]

mod read;
mod trained_on;
mod written;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use burn::tensor::Device;
use dataset::{LabelledImages, careful_digits};
use model_spec::Preprocessing;
use network::Network;
use pollster::block_on;
use weights::Weights;

/// The probability of every class for every image.
fn probabilities(weights: &Weights, preprocessing: Preprocessing, levels: &[u8]) -> Vec<Vec<f32>> {
    let network = Network::for_prediction(weights, preprocessing, &Device::flex());
    levels.chunks(100 * 784).flat_map(|levels| block_on(network.predict(levels)).unwrap()).collect()
}

/// Images of MNIST where it is at hand, else drawn ones: to learn from, and to answer.
fn images() -> [LabelledImages; 2] {
    if env::var_os("INKLING_MNIST_DIR").is_some() {
        let mnist = tests::mnist();
        return [first(&mnist.train, 6_000), first(&mnist.test, 1_000)];
    }
    [careful_digits(6_000, 1), careful_digits(1_000, 2)]
}

fn first(images: &LabelledImages, count: usize) -> LabelledImages {
    LabelledImages { pixels: images.pixels[..count * 784].to_vec(), labels: images.labels[..count].to_vec() }
}

/// An empty folder for files of a test.
fn folder(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("inkling-peers-{}-{name}", std::process::id()));
    // It may stand there from a run that was killed.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What a script of this folder prints.
fn python(script: &str, arguments: &[&Path]) -> String {
    let mut python = Command::new(env::var_os("INKLING_PYTHON").unwrap());
    python.arg(tests::root().join("tests/peers").join(script)).args(arguments);
    output(&mut python)
}

fn output(command: &mut Command) -> String {
    let output = command.env("OMP_NUM_THREADS", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn floats(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).unwrap();
    bytes.as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()
}

/// Logits or probabilities as logits whose mean is 0: what they say, without what they leave open.
fn centred(values: &[f32]) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    values.iter().map(|value| value - mean).collect()
}

/// The largest difference between our answers and theirs, as logits.
fn apart(ours: &[Vec<f32>], theirs: &[f32]) -> f32 {
    let classes = ours[0].len();
    assert_eq!(theirs.len(), ours.len() * classes);
    let each = ours.iter().zip(theirs.chunks(classes)).flat_map(|(ours, theirs)| {
        let ours: Vec<f32> = ours.iter().map(|probability| probability.ln()).collect();
        centred(&ours)
            .into_iter()
            .zip(centred(theirs))
            .map(|(one, other)| (one - other).abs())
            .collect::<Vec<_>>()
    });
    each.fold(0.0, |largest, apart| if apart.is_nan() { f32::INFINITY } else { largest.max(apart) })
}
