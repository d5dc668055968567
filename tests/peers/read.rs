//! Files that PyTorch, Keras, NumPy and TensorFlow.js wrote are read, and answer as they did there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use burn::tensor::Device;
use model_io::ModelFile;
use model_spec::Preprocessing;
use pollster::block_on;
use training::try_readings;
use weights::Weights;

use crate::{apart, floats, folder, images, output, probabilities, python};

/// A file, or all files of a folder.
fn files(path: &Path) -> Vec<ModelFile> {
    let paths: Vec<PathBuf> = if path.is_dir() {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
    } else {
        vec![path.to_owned()]
    };
    let file = |path: &PathBuf| ModelFile {
        name: path.to_string_lossy().into_owned(),
        bytes: fs::read(path).unwrap(),
    };
    paths.iter().map(file).collect()
}

/// The reading that page and command line would offer.
fn read(path: &Path) -> (Weights, Preprocessing, String) {
    let found = model_io::read(&files(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let readings: Vec<_> = found.candidates.iter().map(|candidate| &candidate.reading).collect();
    let tried = block_on(try_readings(&readings, &Device::flex())).unwrap().unwrap();
    let candidate = &found.candidates[tried.index];
    let reading = format!("{} of {}: {}", tried.index + 1, readings.len(), candidate.assumes);
    (candidate.reading.weights.clone(), tried.best, reading)
}

/// A file answers every image as its own library did, with the same logits.
#[track_caller]
fn check(folder: &Path, file: &str, levels: &[u8], preprocessing: Preprocessing) {
    let (weights, found, reading) = read(&folder.join(file));
    assert_eq!(found, preprocessing, "{file}, {reading}");
    let theirs = floats(&folder.join(format!("{file}.answers")));
    let ours = probabilities(&weights, found, levels);
    // Keras and TensorFlow.js give probabilities.
    let are_probabilities = theirs.iter().all(|value| (0.0..=1.0).contains(value));
    let theirs: Vec<f32> =
        if are_probabilities { theirs.iter().map(|value| value.ln()).collect() } else { theirs };
    let apart = apart(&ours, &theirs);
    println!("{file}: {apart:e} apart, {reading}");
    assert!(apart < 1e-3, "{file} is {apart} apart, {reading}");
    let largest = |values: &[f32]| (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]));
    for (index, (ours, theirs)) in ours.iter().zip(theirs.chunks(ours[0].len())).enumerate() {
        assert_eq!(largest(ours), largest(theirs), "{file}, image {index}");
    }
}

const MNIST: Preprocessing = Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 };

#[test]
#[cfg_attr(not(has_python), ignore = "INKLING_PYTHON is not set")]
fn files_of_others_answer_as_they_did_there() {
    let folder = folder("read");
    let [train, asked] = images();
    fs::write(folder.join("train.bin"), &train.pixels).unwrap();
    fs::write(folder.join("train-labels.bin"), &train.labels).unwrap();
    fs::write(folder.join("images.bin"), &asked.pixels).unwrap();
    python("make_files.py", &[&folder]);
    for (file, preprocessing) in [
        ("workshop.pt", MNIST),
        ("checkpoint.pth", MNIST),
        ("older.pt", MNIST),
        ("whole.pt", MNIST),
        ("script.pt", MNIST),
        ("prefix.safetensors", MNIST),
        ("double.safetensors", MNIST),
        ("exported.onnx", MNIST),
        ("bare.onnx", MNIST),
        ("norms.pth", MNIST),
        ("sequential.pt", Preprocessing::MinusOneToOne),
        ("numpy.npz", Preprocessing::ZeroToOne),
        ("mlp.keras", Preprocessing::L2Columns),
        ("mlp.h5", Preprocessing::L2Columns),
        ("mlp.weights.h5", Preprocessing::L2Columns),
        ("cnn.keras", Preprocessing::ZeroToOne),
        ("cnn.h5", Preprocessing::ZeroToOne),
    ] {
        check(&folder, file, &asked.pixels, preprocessing);
    }
    // Tensors alone do not tell an activation: the right reading is one of those that are offered.
    let theirs = floats(&folder.join("tanh.pt.answers"));
    let offered = model_io::read(&files(&folder.join("tanh.pt"))).unwrap().candidates;
    let right = offered.iter().filter(|candidate| {
        apart(&probabilities(&candidate.reading.weights, Preprocessing::ZeroToOne, &asked.pixels), &theirs)
            < 1e-3
    });
    assert_eq!(
        right.map(|candidate| candidate.assumes.as_str()).collect::<Vec<_>>(),
        ["Tanh between layers"]
    );
    let error = model_io::read(&files(&folder.join("recurrent.keras"))).unwrap_err().to_string();
    assert_eq!(error, "the Keras file has a recurrent layer (LSTM), which networks here cannot have");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
#[cfg_attr(not(has_node_packages), ignore = "INKLING_NODE_PACKAGES is not set")]
fn models_of_tensorflow_js_answer_as_they_did_there() {
    let folder = folder("tfjs");
    let [_, asked] = images();
    let levels = &asked.pixels[..100 * 784];
    fs::write(folder.join("images.bin"), levels).unwrap();
    let mut node = Command::new("node");
    node.arg(tests::root().join("tests/peers/make_tfjs.mjs"))
        .arg(&folder)
        .arg(env::var_os("INKLING_NODE_PACKAGES").unwrap());
    output(&mut node);
    for name in ["tfjs-cnn", "tfjs-mlp"] {
        let found = model_io::read(&files(&folder.join(name))).unwrap();
        let theirs: Vec<f32> =
            floats(&folder.join(format!("{name}.answers"))).iter().map(|value| value.ln()).collect();
        let ours = probabilities(&found.candidates[0].reading.weights, Preprocessing::ZeroToOne, levels);
        assert!(apart(&ours, &theirs) < 1e-4, "{name}");
    }
    // Without its weights it says which file is missing.
    let alone: Vec<ModelFile> = files(&folder.join("tfjs-cnn"))
        .into_iter()
        .filter(|file| file.bytes.first() == Some(&b'{'))
        .collect();
    let error = model_io::read(&alone).unwrap_err().to_string();
    assert!(error.contains("model.weights.bin\", which is not here"), "{error}");
    fs::remove_dir_all(folder).unwrap();
}
