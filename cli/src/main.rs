//! `inkling`: train, evaluate and predict on the command line, over the same crates as the page.

mod config;
mod eval;
mod images;
mod pictures;
mod predict;
mod ranks;
mod train;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "inkling", version, about = "Train networks that read handwritten digits, and use them.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network and write its weights as safetensors.
    Train(train::Args),
    /// Measure the accuracy of weights on labelled images.
    Eval(eval::Args),
    /// Print the digit that weights read in each image.
    Predict(predict::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Train(args) => train::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Predict(args) => predict::run(&args),
    }
}
