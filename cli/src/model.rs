//! Where the command line gets its models.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use burn::tensor::Device;
use model_card::ModelCard;
use model_io::{Candidate, ModelFile, is_model_link, read_link};
use network::Network;
use pollster::block_on;
use training::try_readings;
use weights::{Reading, Weights};

/// What a link calls the model that it holds.
pub(crate) fn name_in_link(path: &Path) -> Option<String> {
    let text = path.to_string_lossy();
    let (_, fragment) = text.split_once('#').filter(|(_, fragment)| is_model_link(fragment))?;
    read_link(fragment).ok().map(|linked| linked.name)
}

/// Reads weights of any kind and what is known of them; what had to be found out is printed. A folder is read as all of its files,
/// and a link that holds a model as its model.
pub(crate) fn read(path: &Path) -> anyhow::Result<(Weights, ModelCard)> {
    let cannot = || format!("cannot use {}", path.display());
    let text = path.to_string_lossy();
    if let Some((_, fragment)) = text.split_once('#')
        && is_model_link(fragment)
    {
        let linked = read_link(fragment)?;
        return Ok((linked.weights, linked.card));
    }
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        paths = fs::read_dir(path).with_context(cannot)?.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.is_file());
    }
    let file = |path: PathBuf| {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(ModelFile { name: path.to_string_lossy().into_owned(), bytes })
    };
    let files = paths.into_iter().map(file).collect::<anyhow::Result<Vec<_>>>()?;
    let found = model_io::read(&files).with_context(cannot)?;
    let mut candidates = found.candidates;
    if let Some(card) = found.card {
        let candidate = candidates.pop().ok_or_else(|| anyhow!("{} holds no model", path.display()))?;
        return Ok((candidate.reading.weights, card));
    }
    let readings: Vec<&Reading> = candidates.iter().map(|candidate| &candidate.reading).collect();
    let are_digits = candidates.iter().all(|candidate| candidate.card().reads_digits());
    let tried = if are_digits { block_on(try_readings(&readings, &Device::flex()))? } else { None };
    let candidate = candidates.swap_remove(tried.map_or(0, |tried| tried.index));
    let mut card = candidate.card();
    let Candidate { reading: Reading { weights, .. }, assumes, .. } = candidate;
    eprintln!("{} file without a card, read as {}: {assumes}.", found.format, weights.network().title());
    if let Some(tried) = tried {
        card.preprocessing = tried.best;
        let untrained = if tried.accuracy < 0.2 { " Is it untrained?" } else { "" };
        eprintln!(
            "It reads {:.1} % of 1,500 built-in digits, with pixels as {}.{untrained}",
            100.0 * tried.accuracy,
            tried.best.title()
        );
    }
    Ok((weights, card))
}

/// A network on the CPU and what is known of it.
pub(crate) struct Model {
    pub(crate) network: Network,
    pub(crate) card: ModelCard,
}

impl Model {
    /// Reads a file of weights; without a path the reader that the page ships, wherever the program stands.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        const SHIPPED: &[u8] = include_bytes!("../../public/models/reader-cnn.safetensors");
        let (weights, card) = match path {
            Some(path) => read(path)?,
            None => {
                weights::read_safetensors(SHIPPED).context("cannot use the weights within this program")?
            }
        };
        Ok(Self::new(&weights, card))
    }

    /// Puts weights on the CPU.
    pub(crate) fn new(weights: &Weights, card: ModelCard) -> Self {
        let network = Network::for_prediction(weights, card.preprocessing, &Device::flex());
        Self { network, card }
    }
}
