#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::io::Cursor;

use dataset::built_in_digits;

use super::*;
use crate::{
    formats::npy::tests::npy,
    picture_zip, read,
    unpack::tests::{gzip, zipped},
};

fn idx(sizes: &[usize], values: &[u8]) -> Vec<u8> {
    let header = [0, 0, 8, sizes.len() as u8];
    let sizes = sizes.iter().flat_map(|&size| (size as u32).to_be_bytes());
    header.into_iter().chain(sizes).chain(values.iter().copied()).collect()
}

fn idx_pair(images: &LabelledImages) -> (Vec<u8>, Vec<u8>) {
    (idx(&[images.len(), 28, 28], &images.pixels), idx(&[images.len()], &images.labels))
}

fn csv_of(images: &LabelledImages, has_labels: bool) -> Vec<u8> {
    let mut text = String::new();
    if has_labels {
        text.push_str("label,");
    }
    text.push_str(&(0..784).map(|pixel| format!("pixel{pixel}")).collect::<Vec<_>>().join(","));
    for index in 0..images.len() {
        text.push('\n');
        if has_labels {
            text.extend([images.labels[index].to_string().as_str(), ","]);
        }
        let cells: Vec<String> = images.image(index).iter().map(u8::to_string).collect();
        text.push_str(&cells.join(","));
    }
    text.into_bytes()
}

fn files(files: &[(&str, &[u8])]) -> Vec<SourceFile> {
    files.iter().map(|(path, bytes)| SourceFile::new(path, bytes.to_vec())).collect()
}

fn picture(bytes: &[u8]) -> Result<Picture, String> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().map_err(|error| error.to_string())?;
    let mut levels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut levels).map_err(|error| error.to_string())?;
    Picture::from_brightness(frame.width as usize, frame.height as usize, levels)
        .map_err(|error| error.to_string())
}

/// Reads files, PNG pictures among them.
fn import(files: Vec<SourceFile>) -> Result<Imported, ImportError> {
    let mut reading = Reading::new(files, &ImportOptions::default(), &mut |_| ())?;
    while let Some(file) = reading.next_picture() {
        let picture = picture(&file.bytes);
        reading.decoded(picture);
    }
    reading.finish(None)
}

/// Checks the numbers of images to train and to test on, or what is wrong.
#[track_caller]
fn check(given: &[(&str, &[u8])], expected: Result<(usize, usize), &str>) -> Option<Dataset> {
    let found = import(files(given)).and_then(Imported::into_dataset);
    match (found, expected) {
        (Ok((found, _)), Ok(sizes)) => {
            assert_eq!((found.train.len(), found.test.len()), sizes);
            Some(found)
        }
        (Err(error), Err(text)) => {
            assert!(error.to_string().contains(text), "{error}");
            None
        }
        (found, _) => panic!("{found:?}"),
    }
}

#[test]
fn pairs_are_found_by_their_number_or_their_names() {
    let (large, small) = (built_in_digits(60, 1), built_in_digits(12, 2));
    let ((images, labels), (few, few_labels)) = (idx_pair(&large), idx_pair(&small));
    check(&[("a", &few_labels), ("b", &images), ("c", &few), ("d", &labels)], Ok((60, 12)));
    check(&[("a", &images), ("b", &labels)], Ok((50, 10)));
    let (other, other_labels) = idx_pair(&built_in_digits(60, 3));
    let found = check(
        &[
            ("t10k-images-idx3-ubyte", &images),
            ("t10k-labels-idx1-ubyte", &labels),
            ("train-images-idx3-ubyte", &other),
            ("train-labels-idx1-ubyte", &other_labels),
        ],
        Ok((60, 60)),
    );
    assert!(found.unwrap().test == large);
    check(
        &[("a", &images), ("b", &labels), ("c", &other), ("d", &labels[..]), ("e", &idx(&[60], &[1; 60]))],
        Err("nothing says which belongs to a"),
    );
    check(&[("a", &images), ("b", &few_labels)], Err("a has 60 images, but no file has 60 labels"));
}

/// torchvision's `raw` folder holds each file packed and unpacked.
#[test]
fn a_folder_may_hold_each_file_twice() {
    let (images, labels) = idx_pair(&built_in_digits(60, 1));
    let (few, few_labels) = idx_pair(&built_in_digits(12, 2));
    let all: Vec<(String, Vec<u8>)> = [
        ("raw/train-images-idx3-ubyte", &images),
        ("raw/train-labels-idx1-ubyte", &labels),
        ("raw/t10k-images-idx3-ubyte", &few),
        ("raw/t10k-labels-idx1-ubyte", &few_labels),
    ]
    .into_iter()
    .flat_map(|(path, bytes)| [(path.to_owned(), bytes.clone()), (format!("{path}.gz"), gzip(bytes))])
    .collect();
    let given: Vec<(&str, &[u8])> = all.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
    check(&given, Ok((60, 12)));
    check(&[("a.gz.gz", &gzip(&gzip(&images))), ("b.gz", &gzip(&labels))], Ok((50, 10)));
}

#[test]
fn kaggles_zip_is_a_train_and_a_test_without_labels() {
    let (train, test) = (built_in_digits(60, 1), built_in_digits(28, 2));
    let zip = zipped(&[
        ("train.csv", &csv_of(&train, true)),
        ("test.csv", &csv_of(&test, false)),
        ("sample_submission.csv", b"ImageId,Label\n1,0\n2,0\n"),
    ]);
    let found = check(&[("digit-recognizer.zip", &zip)], Ok((50, 10))).unwrap();
    assert!(found.unlabelled == test.pixels, "the order of the file");
}

#[test]
fn an_npz_as_keras_writes_it() {
    let (train, test) = (built_in_digits(60, 1), built_in_digits(12, 2));
    let zip = zipped(&[
        ("x_test.npy", &npy("|u1", "(12, 28, 28)", &test.pixels)),
        ("x_train.npy", &npy("|u1", "(60, 28, 28)", &train.pixels)),
        ("y_train.npy", &npy("|u1", "(60,)", &train.labels)),
        ("y_test.npy", &npy("|u1", "(12,)", &test.labels)),
    ]);
    assert!(check(&[("mnist.npz", &zip)], Ok((60, 12))).unwrap().train == train);
    let pickle = zipped(&[("a.npy", &npy("|O", "(2,)", b"\x80\x04cos\nsystem\n"))]);
    check(&[("a.npz", &pickle)], Err("a pickle, which is never run here"));
}

/// PNG pictures of digits by the name of their folder.
fn folders(images: &LabelledImages, name: impl Fn(u8) -> String) -> Vec<SourceFile> {
    let list = unpack(vec![SourceFile::new("z", picture_zip(images).unwrap())]).unwrap();
    let pictures = list.into_iter().filter(|file| !file.path.ends_with("labels.csv"));
    let each = pictures.zip(&images.labels);
    each.map(|(file, &label)| {
        SourceFile::new(&format!("set/{}/{}", name(label), name_of(&file.path)), file.bytes)
    })
    .collect()
}

#[test]
fn a_folder_for_each_class() {
    let images = built_in_digits(30, 1);
    let mut given = folders(&images, |label| label.to_string());
    given.push(SourceFile::new("set/0/.DS_Store", vec![0, 0, 0, 1]));
    given.push(SourceFile::new("__MACOSX/set/0/._1.png", vec![0]));
    let found = import(given).unwrap();
    assert!(found.train.labels == images.labels && found.class_names.is_empty());
    let named = import(folders(&images, |label| ["A", "B", "C"][usize::from(label) % 3].to_owned())).unwrap();
    assert_eq!(named.class_names, ["A", "B", "C"]);
    // Folders within folders that say what they are for.
    let mut parts = folders(&images, |label| format!("train/{label}"));
    parts.extend(folders(&built_in_digits(20, 2), |label| format!("test/{label}")));
    let (found, _) = import(parts).unwrap().into_dataset().unwrap();
    assert_eq!((found.train.len(), found.test.len()), (30, 20));
}

#[test]
fn pictures_with_a_list() {
    let images = built_in_digits(30, 1);
    let found = import(vec![SourceFile::new("my.zip", picture_zip(&images).unwrap())]).unwrap();
    assert!(found.train.labels == images.labels);
    let mut damaged = folders(&images, |label| label.to_string());
    damaged[3].bytes.truncate(40);
    let found = import(damaged).unwrap();
    assert_eq!(found.train.len(), 29);
    assert!(found.notes[0].contains("0004-3.png was left out"), "{:?}", found.notes);
}

/// EMNIST writes columns where others write rows.
#[test]
fn turned_images_are_noticed_and_turned() {
    let upright = built_in_digits(60, 1);
    let turned = |images: &LabelledImages| {
        let raw = RawImages { width: 28, height: 28, values: images.pixels.clone() };
        LabelledImages { pixels: raw.turned().values, labels: images.labels.clone() }
    };
    let found = import(files(&[("a.csv", &csv_of(&turned(&upright), true))])).unwrap();
    assert!(found.train == upright);
    assert!(found.notes.iter().any(|note| note.contains("turned upright")), "{:?}", found.notes);
    // Letters have no digits to compare with: the name says it.
    let mut letters = turned(&upright);
    for label in &mut letters.labels {
        *label += 11;
    }
    let (images, labels) = idx_pair(&letters);
    let names = ["emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte"];
    let found = import(files(&[(names[0], &images), (names[1], &labels)])).unwrap();
    assert!(found.train.pixels == upright.pixels && found.train.labels[1] == 11);
    assert_eq!(found.class_names[11], "L");
    // A person may say otherwise.
    let mut options = ImportOptions::default();
    options.set(Question::Orientation, UPRIGHT.into());
    let given = files(&[("a.csv", &csv_of(&turned(&upright), true))]);
    let found = Reading::new(given, &options, &mut |_| ()).unwrap().finish(None).unwrap();
    assert!(found.train == turned(&upright));
}

#[test]
fn dark_ink_is_found_and_can_be_said() {
    let digits = built_in_digits(30, 1);
    let dark: Vec<u8> = digits.pixels.iter().map(|level| 255 - level).collect();
    let (images, labels) = (idx(&[30, 28, 28], &dark), idx(&[30], &digits.labels));
    let found = import(files(&[("a", &images), ("b", &labels)])).unwrap();
    assert_eq!(found.import, Import::Ink);
    let chosen =
        |question| found.choices.iter().find(|choice| choice.question == question).unwrap().chosen.clone();
    assert_eq!(
        (chosen(Question::Polarity).as_str(), chosen(Question::Orientation).as_str()),
        (DARK_INK, UPRIGHT)
    );
}

/// What is to be tested on must not be learned from.
#[test]
fn images_of_the_test_are_not_learned_from() {
    let (train, test) = (built_in_digits(60, 1), built_in_digits(12, 2));
    let mut leaky = train.clone();
    leaky.append(&test.subset(&[0, 5, 7]));
    let ((images, labels), (few, few_labels)) = (idx_pair(&leaky), idx_pair(&test));
    let given = files(&[("a", &images), ("b", &labels), ("c", &few), ("d", &few_labels)]);
    let (found, notes) = import(given).unwrap().into_dataset().unwrap();
    assert!(found.train == train);
    assert_eq!(notes, ["3 images to train on were left out: they are to be tested on."]);
}

#[test]
fn what_is_no_set_of_images_is_named() {
    for (bytes, complaint) in [
        (&b"version https:\x2f\x2fgit-lfs.github.com/spec/v1\noid sha256:1"[..], "a Git LFS pointer"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"", "it is empty"),
        (b"ImageId,Label\n1,2\n", "No images were found in a"),
    ] {
        check(&[("a", bytes)], Err(complaint));
    }
    check(&[], Err("No images were found in nothing"));
    let test = csv_of(&built_in_digits(12, 1), false);
    check(&[("test.csv", &test)], Err("The images have no labels"));
    check(&[("a.csv", &csv_of(&built_in_digits(4, 1), true))], Err("Too few images: 4"));
    let one = csv_of(&built_in_digits(20, 1), true);
    let (two, three) = (csv_of(&built_in_digits(30, 2), true), csv_of(&built_in_digits(40, 3), true));
    check(&[("a.csv", &one), ("b.csv", &two), ("c.csv", &three)], Err("c.csv (40), b.csv (30), a.csv (20)"));
}

#[test]
fn all_that_is_labelled_can_be_tested_on() {
    let digits = built_in_digits(5, 1);
    let found = read(files(&[("a.csv", &csv_of(&digits, true))]), &ImportOptions::default()).unwrap();
    assert_eq!(found.into_test_set().unwrap().0.labels, digits.labels);
}
