//! Files that people reported, in the folder that `INKLING_CASES` names: each is read rightly, or what is wrong is said.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use data_files::{ImportError, ImportOptions, Imported, SourceFile};
use image::ImageReader;
use ink::Picture;
use model_card::ModelCard;
use model_io::ModelFile;
use model_spec::Preprocessing;
use pollster::block_on;
use training::try_readings;
use weights::{Reading, Weights};

use super::{assess, model};

fn folder() -> PathBuf {
    let folder = env::var_os("INKLING_CASES").map(PathBuf::from).unwrap();
    if folder.is_absolute() { folder } else { tests::root().join(folder) }
}

fn collect(path: &Path, name: &str, files: &mut Vec<SourceFile>) {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for entry in entries {
            collect(&entry, &format!("{name}/{}", entry.file_name().unwrap().to_string_lossy()), files);
        }
    } else {
        files.push(SourceFile::new(name, fs::read(path).unwrap()));
    }
}

fn import(names: &[&str]) -> Result<Imported, ImportError> {
    let mut files = Vec::new();
    for name in names {
        collect(&folder().join(name), name, &mut files);
    }
    let mut reading = data_files::Reading::new(files, &ImportOptions::default(), &mut |_| ())?;
    while let Some(file) = reading.next_picture() {
        let decoded =
            ImageReader::new(std::io::Cursor::new(&file.bytes)).with_guessed_format().unwrap().decode();
        let picture = decoded.map_err(|error| error.to_string()).and_then(|picture| {
            let rgba = picture.to_rgba8();
            Picture::from_rgba(rgba.width() as usize, rgba.height() as usize, &rgba)
                .map_err(|error| error.to_string())
        });
        reading.decoded(picture);
    }
    reading.finish(None)
}

/// Checks how many images are found, and how many of them the reader reads rightly at least.
#[track_caller]
fn check(names: &[&str], images: usize, least_right: u32) {
    let (set, _) = import(names).unwrap().into_test_set().unwrap();
    let right = assess(&model("reader-cnn.safetensors"), &set).accuracy().correct;
    assert_eq!(set.len(), images, "{names:?}");
    assert!(right >= least_right, "{names:?}: {right} of {images}");
}

#[test]
#[cfg_attr(not(has_cases), ignore = "INKLING_CASES is not set")]
fn rows_of_every_writer_are_read() {
    for name in [
        "openml-label-last",
        "header-numeric-0-to-784",
        "excel-semicolons-bom",
        "pandas-index-column",
        "floats-0-1-label-first",
    ] {
        check(&[&format!("csv/{name}.csv")], 10, 10);
    }
    let turned = import(&["csv/emnist-style-transposed.csv"]).unwrap();
    let upright = import(&["csv/emnist-upright-same-images.csv"]).unwrap();
    assert!(turned.notes.iter().any(|note| note.contains("turned upright")), "{:?}", turned.notes);
    assert!(turned.train == upright.train && !upright.train.is_empty());
    let unlabelled = import(&["csv/kaggle-test-unlabelled.csv"]).unwrap();
    assert!(unlabelled.train.is_empty() && !unlabelled.unlabelled.is_empty());
}

#[test]
#[cfg_attr(not(has_cases), ignore = "INKLING_CASES is not set")]
fn folders_and_packed_files_are_read() {
    check(&["folder-per-class"], 30, 29);
    let (raw, _) = import(&["idx/torchvision-raw"]).unwrap().into_dataset().unwrap();
    assert_eq!((raw.train.len(), raw.test.len()), (60, 12));
    let sorted: Vec<String> = fs::read_dir(folder().join("idx"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("sorted2000"))
        .map(|name| format!("idx/{name}"))
        .collect();
    let names: Vec<&str> = sorted.iter().map(String::as_str).collect();
    let (sorted, _) = import(&names).unwrap().into_dataset().unwrap();
    assert!(sorted.train.counts(10).iter().chain(&sorted.test.counts(10)).all(|&count| count > 0));
    // Packed twice, with labels of nobody's images: what it is is said.
    let labels = import(&["idx/t10k-labels-idx1-ubyte.gz.gz"]);
    assert!(labels.is_err() || labels.unwrap().notes.iter().any(|note| note.contains("labels")));
}

/// Weights that expect another scale than 0 to 1 fit by name and shape: the scale is found by trying, and reads MNIST as it should.
#[test]
#[cfg_attr(not(all(has_cases, has_mnist)), ignore = "INKLING_CASES or INKLING_MNIST_DIR is not set")]
fn the_scale_of_weights_without_a_card_is_found() {
    let path = folder().join("models/fast-cnn-trained-with-Normalize-0.1307-0.3081.safetensors");
    let file = ModelFile { name: "case.safetensors".into(), bytes: fs::read(path).unwrap() };
    let mut read = model_io::read(&[file]).unwrap();
    let weights = read.candidates.remove(0).reading.weights;
    let tried = |weights: &Weights| {
        let reading = Reading { weights: weights.clone(), preprocessing: None, is_unusual: false };
        block_on(try_readings(&[&reading], &Device::flex())).unwrap().unwrap()
    };
    let found = tried(&weights);
    let mut card = ModelCard::unknown(weights.network().clone());
    assert_eq!(found.best, Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 });
    card.preprocessing = found.best;
    let accuracy = assess(&(weights, card), &tests::mnist().test).accuracy();
    assert_eq!(accuracy.correct, 9_940);
    // Shipped weights learned from 0 to 1.
    for file in ["reader-cnn.safetensors", "small-cnn.safetensors"] {
        let (weights, _) = model(file);
        let found = tried(&weights);
        assert_eq!(found.best, Preprocessing::ZeroToOne, "{file}: {found:?}");
    }
}
