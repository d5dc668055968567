//! `inkling predict`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use recipe::Calibration;

use crate::images;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Weights to use (default: the reader that the page ships, which is within this program).
    #[arg(long)]
    model: Option<PathBuf>,
    /// IDX file of images, gzipped or not.
    images: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (network, card) = images::network(args.model.as_deref())?;
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    for probabilities in images::probabilities(&network, &images::idx_images(&args.images)?)? {
        let reading = calibration.read(&probabilities);
        let doubt = if reading.is_digit { "" } else { " not a digit?" };
        println!("{} {:.4}{doubt}", reading.digit, reading.confidence);
    }
    Ok(())
}
