//! `inkling presets`.

use std::io::{self, Write as _};

use clap::Args as ClapArgs;
use serde_json::json;
use train_config::EXPERIMENTS;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Print one JSON object a line, with the whole configuration.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for experiment in EXPERIMENTS {
        let config = experiment.config();
        let line = if args.json {
            let published = experiment
                .published
                .map(|published| json!({ "validation": published.validation, "train": published.train }));
            json!({
                "id": experiment.id, "title": experiment.title, "teaches": experiment.teaches,
                "sessions": experiment.sessions, "published": published, "config": config,
            })
            .to_string()
        } else {
            format!("{:<22} {:<36} {}", experiment.id, experiment.title, experiment.teaches)
        };
        // Whoever reads may have seen enough.
        if let Err(error) = writeln!(out, "{line}") {
            return if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error.into()) };
        }
    }
    Ok(())
}
