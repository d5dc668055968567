//! What a run learns from.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use dataset::{Dataset, built_in_dataset};

use crate::{images, recipe_file::RecipeFile};

#[derive(ClapArgs)]
pub(crate) struct Source {
    /// What to learn from.
    #[arg(long, value_enum, default_value = "mnist")]
    data: Kind,
    /// Folder with MNIST's four files (default: `INKLING_MNIST_DIR`, then the cache).
    #[arg(long)]
    mnist_dir: Option<PathBuf>,
    /// Built-in digits to train on.
    #[arg(long, default_value_t = 20_000)]
    built_in_images: usize,
    /// Files or folders to train on, of any kind: IDX, CSV, NPZ, zip, a folder for each class, pictures with a list.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    files: Option<Vec<PathBuf>>,
    /// IDX files to train on: images and labels, or two pairs to train and to test.
    #[arg(long, num_args = 2..=4, value_name = "FILE")]
    idx: Option<Vec<PathBuf>>,
    /// Rows of a label and 784 pixels, as Kaggle's `train.csv`.
    #[arg(long, num_args = 1..=2, value_name = "FILE")]
    csv: Option<Vec<PathBuf>>,
    /// The name of the column that holds the labels, or its place: `column 1`.
    #[arg(long, value_name = "COLUMN")]
    label_column: Option<String>,
    /// Pen strokes as JSON lines, for a recipe that learns from them.
    #[arg(long, requires = "config")]
    strokes: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Mnist,
    BuiltIn,
}

impl Source {
    /// The images, and what the test images are called.
    pub(crate) fn read(&self, recipe: Option<&RecipeFile>, seed: u64) -> anyhow::Result<(Dataset, String)> {
        let mnist = || images::mnist_dataset(&images::mnist_dir(self.mnist_dir.as_ref())?);
        if let Some(recipe) = recipe {
            let has_mnist = recipe.data().mnist;
            let written = self.strokes.as_deref().map(images::written).transpose()?.unwrap_or_default();
            let dataset = recipe.data().dataset(has_mnist.then(mnist).transpose()?, &written, seed);
            return Ok((dataset, if has_mnist { "MNIST" } else { "built-in digits" }.into()));
        }
        let files = [&self.files, &self.idx, &self.csv].into_iter().flatten().next();
        let dataset = match (files, self.data) {
            (Some(paths), _) => images::dataset(paths, self.label_column.as_deref())?,
            (None, Kind::Mnist) => mnist()?,
            (None, Kind::BuiltIn) => built_in_dataset(self.built_in_images, seed),
        };
        let tested_on = dataset.name.clone();
        Ok((dataset, tested_on))
    }
}
