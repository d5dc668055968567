//! `inkling predict`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use ink::PIXELS;
use pollster::block_on;
use training::Pace;

use crate::images;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Weights to use (default: the ones that the page ships).
    #[arg(long, default_value = "public/models/fast-cnn.safetensors")]
    model: PathBuf,
    /// IDX file of images, gzipped or not.
    images: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (network, _) = images::network(&args.model)?;
    let pixels = images::idx_images(&args.images)?;
    let pass_images = Pace::cpu(network.architecture()).test_images;
    for levels in pixels.chunks(pass_images * PIXELS) {
        for probabilities in block_on(network.predict(levels))? {
            let best =
                (0..probabilities.len()).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
            let best = best.unwrap_or_default();
            println!("{best} {:.4}", probabilities[best]);
        }
    }
    Ok(())
}
