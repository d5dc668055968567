//! What the bench's page calls.

use wasm_bindgen::prelude::*;

use crate::Trial;

fn thrown(error: impl core::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

/// A [`Trial`] for JavaScript.
#[wasm_bindgen(js_name = Trial)]
#[derive(Debug)]
pub struct PageTrial(Trial);

#[wasm_bindgen(js_class = Trial)]
impl PageTrial {
    /// Begins with images (784 grey levels each) and labels.
    ///
    /// # Errors
    /// Where the model is unknown.
    #[wasm_bindgen(constructor)]
    pub fn new(model: &str, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, JsError> {
        Trial::new(model, pixels, labels).map(Self).map_err(thrown)
    }

    /// One step; its mean loss.
    ///
    /// # Errors
    /// Where the loss is no longer a number.
    pub async fn step(&mut self) -> Result<f32, JsError> {
        self.0.step().await.map_err(thrown)
    }

    /// Probabilities for the first image.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn predict(&self) -> Result<Vec<f32>, JsError> {
        self.0.predict().await.map_err(thrown)
    }
}

/// Runs the experiment "fast" on MNIST's four files: `[milliseconds, right answers, test images]`.
///
/// # Errors
/// Where the files are not MNIST.
#[wasm_bindgen(js_name = runFast)]
pub async fn run_fast(
    names: Vec<String>,
    files: Vec<js_sys::Uint8Array>,
    seed: u32,
) -> Result<Vec<f64>, JsError> {
    let files: Vec<_> = names.into_iter().zip(files.iter().map(js_sys::Uint8Array::to_vec)).collect();
    let (taken_ms, test) =
        crate::run_fast(files, u64::from(seed), js_sys::Date::now).await.map_err(thrown)?;
    Ok(vec![taken_ms, f64::from(test.correct), f64::from(test.total)])
}
