//! `inkling`: train, evaluate and predict on the command line, over the same crates as the page.

mod convert;
mod data;
mod eval;
mod images;
mod model;
mod pictures;
mod predict;
mod presets;
mod progress;
mod ranks;
mod recipe_file;
mod settings;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "inkling", version, about = "Train networks that read handwritten digits, and use them.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the tutorials' experiments.
    Presets(presets::Args),
    /// Train a network and write its weights as safetensors.
    Train(Box<train::Args>),
    /// Measure the accuracy of weights on labelled images.
    Eval(eval::Args),
    /// Print the digit that weights read in each image.
    Predict(predict::Args),
    /// Write a model of any kind as ONNX, PyTorch, safetensors, a zip of them all, or a link.
    Convert(convert::Args),
}

/// Settings that cannot be followed: the person can change them. The exit code is 2, as for arguments that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadSettings(String);

/// Whoever reads the output may have seen enough: `inkling presets | head -3` ends quietly.
fn end_quietly_with_a_closed_pipe() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<String>().map_or("", String::as_str);
        if text.starts_with("failed printing to stdout") {
            std::process::exit(0);
        }
        usual(info);
    }));
}

fn main() -> ExitCode {
    end_quietly_with_a_closed_pipe();
    let result = match Cli::parse().command {
        Command::Presets(args) => presets::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Convert(args) => convert::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::from(if error.is::<BadSettings>() { 2 } else { 1 })
        }
    }
}
