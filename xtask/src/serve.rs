//! `cargo xtask serve`.

use std::{net::SocketAddr, thread};

use anyhow::Context as _;
use site_server::SiteServer;

use crate::{places, process::step, site};

/// Builds the page, serves it, then builds the WebGPU worker while it is served.
pub(crate) fn run(base_path: &str, port: u16) -> anyhow::Result<()> {
    let claim = places::claim_target()?;
    site::build_page(base_path)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let server = SiteServer::start(&places::dist(), base_path, address, None);
    let server = server.with_context(|| format!("port {port} cannot be used; choose another with --port"))?;
    step("The page is served, with its CPU worker");
    println!("\n    {}\n", server.url());
    let news = match site::add_gpu_worker() {
        Ok(()) => "The WebGPU worker is there too: the next training run uses it.".to_owned(),
        Err(error) => format!("The WebGPU worker could not be built; training uses the CPU. {error:#}"),
    };
    println!("\n    {news}\n    {}\n", server.url());
    drop(claim);
    loop {
        thread::park();
    }
}
