//! Every chore of the project: `cargo xtask serve`, `dist`, `test`, `check`, `fuzz`, `setup`, `mnist`, `sizes`, `bench`.

mod bench;
mod end_to_end;
mod fuzz;
mod lighthouse;
mod mnist;
mod peers;
mod places;
mod process;
mod python;
mod serve;
mod site;
mod sizes;
mod suite;
mod tools;
mod worker_build;

use clap::{Parser, Subcommand};

use crate::worker_build::Build;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Every chore of the project.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set up, build the release and serve it on <http://127.0.0.1:8080/>.
    Serve {
        /// Path that the site is served under.
        #[arg(long, default_value = "/")]
        public_url: String,
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Set up and leave the finished static site in `dist/`.
    Dist {
        /// Path that the site will be served under.
        #[arg(long, default_value = "/")]
        public_url: String,
        /// Have browsers drop the offline copy that they keep of the site.
        #[arg(long)]
        no_offline: bool,
    },
    /// Set up, lint and run every test, native and in a browser.
    Test,
    /// The fast inner loop of `test`: format, native lints, native tests.
    Check,
    /// Use the site that `test` has built for a while, and watch its memory.
    Soak {
        /// For how long.
        #[arg(long, default_value_t = 120)]
        minutes: u32,
    },
    /// Test training on this machine's own GPU, in Chromium, and time it beside the CPU's, on the site that `test` has built.
    Webgpu {
        /// What Chromium is started with besides the tests' own flags.
        #[arg(long, default_value = suite::GPU_FLAGS, allow_hyphen_values = true)]
        flags: String,
    },
    /// Have Lighthouse rate the site that `test` has built.
    Lighthouse,
    /// Fuzz every reader of bytes from outside.
    Fuzz(fuzz::Options),
    /// Look for known faults, unfit licences and odd origins among all dependencies.
    Audit,
    /// Install the pinned tools that a build needs.
    Setup,
    /// Find MNIST, or fetch it into the cache.
    Mnist,
    /// Print the sizes of what is in `dist/` and hold them to their budget.
    Sizes,
    /// Measure our training beside that of others, in one go on this machine.
    Bench(bench::Options),
    /// Add the worker and the rest to a page that Trunk has just built (Trunk calls this).
    #[command(hide = true)]
    Stage,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve { public_url, port } => serve::run(&site::base_path(&public_url), port),
        Command::Dist { public_url, no_offline } => {
            let _claim = places::claim_target()?;
            let dist = places::dist();
            site::build_page(&site::base_path(&public_url), &dist, &[Build::Cpu, Build::Gpu])?;
            site::add_gpu_worker(&dist)?;
            site::seal(&dist, !no_offline)?;
            sizes::report(&dist).map(drop)
        }
        Command::Test => {
            let _claim = places::claim_target()?;
            suite::test()
        }
        Command::Check => {
            let _claim = places::claim_target()?;
            suite::check()
        }
        Command::Soak { minutes } => {
            let _claim = places::claim_target()?;
            suite::soak(minutes)
        }
        Command::Webgpu { flags } => {
            let _claim = places::claim_target()?;
            suite::webgpu(&flags)
        }
        Command::Lighthouse => lighthouse::rate(),
        Command::Fuzz(options) => {
            let _claim = places::claim_target()?;
            fuzz::fuzz(&options)
        }
        Command::Audit => tools::audit(),
        Command::Setup => tools::set_up_build(),
        Command::Mnist => match mnist::folder() {
            Some(_) => Ok(()),
            None => anyhow::bail!("MNIST is not to be had now; the page will offer the built-in digits"),
        },
        Command::Sizes => sizes::hold(&places::dist()),
        Command::Bench(options) => {
            let _claim = places::claim_target()?;
            tools::set_up_build()?;
            bench::bench(&options)
        }
        Command::Stage => site::stage(),
    }
}
