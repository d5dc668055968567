//! End-to-end tests: the page in a real browser, driven as a person drives it, by role and accessible name.
//!
//! `cargo xtask test` builds the site, finds the browser and sets `INKLING_DIST`, `INKLING_BROWSER` and
//! `INKLING_CHROMEDRIVER`. Screenshots are left in `target/e2e`.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect should end there")]

mod browser;
mod kinds;
mod page;
mod webdriver;

mod browsers;
mod data;
mod draw;
mod faults;
mod files;
mod first_load;
mod gpu;
mod hands;
mod hardware;
mod inputs;
mod keep;
mod lab;
mod look;
mod offline;
mod onnx;
mod policy;
mod runs;
mod soak;
mod train;
mod trouble;
