//! The web workers for files of models: thin shells around `model-io`.
//!
//! They are programs of their own so that the page and the workers that compute do not carry what few visits need: one reads files, the
//! other writes them and makes links. Each links its own half of `model-io`.

mod errors;
mod reading;
mod serve;
mod writing;

/// Starts the worker that reads files: called once, by its `main`.
pub fn start_reading() {
    serve::start(reading::answer);
}

/// Starts the worker that writes files and links: called once, by its `main`.
pub fn start_writing() {
    serve::start(writing::answer);
}
