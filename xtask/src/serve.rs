//! `cargo xtask serve`.

use std::{net::SocketAddr, thread};

use anyhow::Context as _;
use site_server::SiteServer;

use crate::{places, process::step, site, worker_build::Build};

/// Builds the page, serves it, then builds the WebGPU worker while it is served.
pub(crate) fn run(base_path: &str, port: u16) -> anyhow::Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let dist = places::dist();
    // Before the build: a port that is taken is better known now than in a quarter of an hour.
    let server = SiteServer::start(&dist, base_path, address, None);
    let server = server.with_context(|| format!("port {port} cannot be used; choose another with --port"))?;
    let claim = places::claim_target()?;
    site::build_page(base_path, &dist, &[Build::Cpu])?;
    step("The page is served, with its CPU worker");
    println!("\n    {}\n", server.url());
    let news = match site::add_gpu_worker(&dist) {
        Ok(()) => "The WebGPU worker is there too: the next training run uses it.".to_owned(),
        Err(error) => format!("The WebGPU worker could not be built; training uses the CPU. {error:#}"),
    };
    // Only now: the page that is open already would have to be offered a new version.
    site::seal(&dist, true)?;
    println!("\n    {news}\n    {}\n", server.url());
    drop(claim);
    loop {
        thread::park();
    }
}
