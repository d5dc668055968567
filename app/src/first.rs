//! What stood in the HTML before the page (`first-page`): its ink, and a reader that goes on until the page has its own.

use std::rc::Rc;

use evaluation::{Calibration, Prediction};
use ink::{Point, Stroke};
use js_sys::{Float32Array, Reflect};
use leptos::{prelude::document, tachys::dom::body};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::HtmlElement;
use worker_client::FirstReader;

use crate::browser;

#[wasm_bindgen]
extern "C" {
    type Program;
    #[wasm_bindgen(method, js_name = penIsUp)]
    async fn pen_is_up(this: &Program);
    #[wasm_bindgen(method, js_name = takeStrokes)]
    fn take_strokes(this: &Program) -> Float32Array;
    #[wasm_bindgen(method)]
    fn predict(this: &Program, levels: &[u8]) -> Float32Array;
}

/// The program that reads before the page has arrived; none where there was nothing to draw on.
fn program() -> Option<Program> {
    let program = Reflect::get(&browser::window(), &"inklingFirst".into()).unwrap_or(JsValue::UNDEFINED);
    program.is_object().then(|| program.unchecked_into())
}

/// Whether that program reads.
pub(crate) fn is_there() -> bool {
    program().is_some()
}

/// The element that the page is built in. It is hidden until the page is whole: until then, what stands in the HTML takes ink and reads.
pub(crate) fn place_of_page() -> HtmlElement {
    let place = document().get_element_by_id("page");
    place.map_or_else(body, JsCast::unchecked_into)
}

/// Takes over what was drawn, after the stroke under way, and shows the page in its place.
pub(crate) async fn take_over() -> Vec<Stroke> {
    let mut strokes = Vec::new();
    if let Some(program) = program() {
        program.pen_is_up().await;
        strokes = from_numbers(&program.take_strokes().to_vec());
    }
    if let Some(standing) = document().get_element_by_id("first") {
        standing.remove();
    }
    place_of_page().set_hidden(false);
    strokes
}

/// Classes that the small network tells apart.
const CLASSES: usize = 10;

/// From whether it is a digit, and the probabilities, which are calibrated already.
fn prediction([is_digit, probabilities @ ..]: &[f32; 1 + CLASSES]) -> Prediction {
    Prediction { is_digit: *is_digit > 0.0, ..Calibration::NONE.read(probabilities) }
}

/// Each stroke is its number of points, then `x` and `y` of each.
fn from_numbers(mut numbers: &[f32]) -> Vec<Stroke> {
    let mut strokes = Vec::new();
    while let Some((&count, rest)) = numbers.split_first() {
        let (own, after) = rest.split_at((2 * count as usize).min(rest.len()));
        strokes.push(own.chunks_exact(2).map(|point| Point { x: point[0], y: point[1] }).collect());
        numbers = after;
    }
    strokes
}

/// Reads with the small network until the page's own reader has loaded; none where there is no such program.
pub(crate) fn reader() -> Option<FirstReader> {
    let program = Rc::new(program()?);
    Some(Rc::new(move |levels: &[u8]| -> Vec<Prediction> {
        program.predict(levels).to_vec().as_chunks::<{ 1 + CLASSES }>().0.iter().map(prediction).collect()
    }))
}
