//! Where the command line gets its images and weights.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use data_files::{
    Duplicates, ImportOptions, Imported, Question, Reading, SourceFile, mnist, parse_strokes, to_train_on,
};
use dataset::{Dataset, LabelledImages, WrittenDigit};
use model_card::ModelCard;
use model_spec::Import;
use network::Network;
use pollster::block_on;
use training::MicroBatch;

use crate::pictures;

/// The folder of MNIST's files: the one given, else the one in `INKLING_MNIST_DIR`, else the cache of `cargo xtask`.
pub(crate) fn mnist_dir(given: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    let variable = std::env::var_os("INKLING_MNIST_DIR").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let candidates = [given.cloned(), variable, cache.map(|cache| cache.join("inkling/mnist"))];
    let found = candidates.into_iter().flatten().find(|dir| dir.join(mnist::FILES[0].name).exists());
    found.context("MNIST was not found: give --mnist-dir, set INKLING_MNIST_DIR, or run `cargo xtask mnist` to fetch it")
}

/// Reads MNIST and checks its sums.
pub(crate) fn mnist_dataset(dir: &Path) -> anyhow::Result<Dataset> {
    let mut files = Vec::new();
    for file in mnist::FILES {
        let path = dir.join(file.name);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(file.matches(&bytes), "{} is not the published file: its SHA-256 differs", path.display());
        files.push((file.name.to_owned(), bytes));
    }
    Ok(mnist::dataset(files)?)
}

/// Reads files and folders of any kind as the page does; `import` where a model says how images are made. What a person should
/// know is printed.
pub(crate) fn imported(
    paths: &[PathBuf],
    label_column: Option<&str>,
    import: Option<Import>,
) -> anyhow::Result<Imported> {
    let mut files = Vec::new();
    for path in paths {
        collect(
            path,
            &path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            &mut files,
        )?;
    }
    let mut options = ImportOptions::default();
    if let Some(column) = label_column {
        options.set(Question::LabelColumn, column.to_owned());
    }
    let mut reading = Reading::new(files, &options, &mut |_| ())?;
    while let Some(file) = reading.next_picture() {
        let picture = pictures::decode(&file.path, &file.bytes);
        reading.decoded(picture.map_err(|error| format!("{error:#}")));
    }
    let imported = reading.finish(import)?;
    for note in &imported.notes {
        eprintln!("{note}");
    }
    Ok(imported)
}

/// A file, or all files of a folder, by their paths below what was given.
fn collect(path: &Path, name: &str, files: &mut Vec<SourceFile>) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    if !path.is_dir() {
        files.push(SourceFile::new(name, fs::read(path).with_context(cannot)?));
        return Ok(());
    }
    let mut entries =
        fs::read_dir(path).with_context(cannot)?.collect::<Result<Vec<_>, _>>().with_context(cannot)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        collect(&entry.path(), &format!("{name}/{}", entry.file_name().to_string_lossy()), files)?;
    }
    Ok(())
}

/// Reads a data set to train on from files of any kind.
pub(crate) fn dataset(paths: &[PathBuf], label_column: Option<&str>) -> anyhow::Result<Dataset> {
    // Its notes have been printed.
    let (dataset, _, _) = imported(paths, label_column, None)?.into_parts();
    let duplicates = Duplicates::between(&dataset.train, &dataset.test);
    if duplicates.exact + duplicates.near > 0 {
        eprintln!(
            "{} of the {} test images also stand among those to train on, and {} nearly so.",
            duplicates.exact,
            dataset.test.len(),
            duplicates.near
        );
    }
    let (dataset, notes) = to_train_on(dataset)?;
    for note in notes {
        eprintln!("{note}");
    }
    Ok(dataset)
}

/// Reads labelled images to test a model on, of its classes and made as its training images were.
pub(crate) fn test_files(
    paths: &[PathBuf],
    label_column: Option<&str>,
    card: &ModelCard,
) -> anyhow::Result<LabelledImages> {
    let (images, class_names) = imported(paths, label_column, Some(card.import))?.into_test_set()?;
    card.check_classes(&class_names)?;
    Ok(images)
}

/// Reads digits as pen strokes.
pub(crate) fn written(path: &Path) -> anyhow::Result<Vec<WrittenDigit>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(parse_strokes(&path.display().to_string(), &bytes)?)
}

/// Probabilities of the classes for each image.
pub(crate) fn probabilities(network: &Network, pixels: &[u8]) -> anyhow::Result<Vec<Vec<f32>>> {
    let images = MicroBatch::cpu(network.spec()).test_images;
    let mut all = Vec::with_capacity(pixels.len() / ink::PIXELS);
    for levels in pixels.chunks(images * ink::PIXELS) {
        all.extend(block_on(network.predict(levels))?);
    }
    Ok(all)
}
