//! A chart to take away: SVG, PNG and CSV.

use js_sys::{Promise, Uint8Array};
use leptos::prelude::*;
use metrics::{DrawnBand, DrawnLine, Picture, Scale};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use super::{PlotLine, View, paint::RAW_OPACITY};
use crate::browser;

/// The area of the lines in a picture.
const SIZE: (f64, f64) = (840.0, 400.0);
/// Pixels of a PNG for each unit of the picture.
const PNG_SCALE: f64 = 2.0;
/// Page, text and grid of a picture: on paper it is always light.
const COLOURS: (&str, &str, &str) = ("#ffffff", "#1b1e2b", "#d9dbe6");

/// Buttons that download what is in view as a picture, and everything as numbers.
#[component]
pub(super) fn SaveButtons(view: View) -> impl IntoView {
    let has_failed = RwSignal::new(false);
    let name = view.name;
    let stem = move || file_stem(name);
    let svg = move |_| browser::download(&format!("{}.svg", stem()), picture(view).0.as_bytes());
    let png = move |_| {
        has_failed.set(false);
        spawn_local(async move {
            let (svg, size) = picture(view);
            match png_of(&svg, size).await {
                Some(bytes) => browser::download(&format!("{}.png", stem()), &bytes),
                // The chart may be gone by now.
                None => drop(has_failed.try_set(true)),
            }
        });
    };
    let csv = move |_| {
        let csv = view.shown.with_untracked(|lines| csv_of(lines));
        browser::download(&format!("{}.csv", stem()), csv.as_bytes());
    };
    view! {
        <button type="button" aria-label=format!("{name} as SVG") on:click=svg>"SVG"</button>
        <button type="button" aria-label=format!("{name} as PNG") on:click=png>"PNG"</button>
        <button type="button" aria-label=format!("{name} as CSV") on:click=csv>"CSV"</button>
        <span role="status">{move || has_failed.get().then_some("This browser could not make the PNG. The SVG shows the same.")}</span>
    }
}

/// The chart's name as a file's and as an element's.
pub(super) fn file_stem(name: &str) -> String {
    name.to_lowercase().replace(|letter: char| !letter.is_alphanumeric(), "-")
}

/// What is in view, and its size.
fn picture(view: View) -> (String, (f64, f64)) {
    let scale = Scale { size: SIZE, ..view.scale.get_untracked() };
    let x_name = view.x_name.get_untracked();
    view.shown.with_untracked(|shown| {
        let band = |line: &'_ PlotLine| -> Option<(std::rc::Rc<metrics::Band>, &'static str)> {
            Some((line.band.clone()?, line.style.css_colour(false)))
        };
        let own_bands: Vec<_> = shown.iter().filter_map(band).collect();
        let bands: Vec<DrawnBand> = own_bands
            .iter()
            .map(|(band, fill)| DrawnBand { xs: &band.x, low: &band.low, high: &band.high, fill })
            .collect();
        let raw = shown.iter().filter_map(raw_behind);
        let lines: Vec<DrawnLine> = raw.chain(shown.iter().map(drawn)).collect();
        metrics::chart_svg(&Picture {
            title: view.name,
            unit: view.unit,
            x_name: &x_name,
            scale: &scale,
            bands: &bands,
            lines: &lines,
            colours: COLOURS,
        })
    })
}

fn drawn(line: &PlotLine) -> DrawnLine<'_> {
    DrawnLine {
        name: Some(&line.name),
        xs: &line.xs,
        ys: line.strong(),
        stroke: line.style.css_colour(false),
        dash: line.style.dash_lengths(),
        width: 2.0,
        opacity: 1.0,
        has_dots: line.has_dots,
    }
}

/// The raw values of a line that is smoothed.
fn raw_behind(line: &PlotLine) -> Option<DrawnLine<'_>> {
    line.smooth.as_ref()?;
    let (ys, name, dash): (&[f64], _, &[f64]) = (&line.raw, None, &[]);
    Some(DrawnLine { name, ys, dash, width: 1.0, opacity: RAW_OPACITY, has_dots: false, ..drawn(line) })
}

/// A picture in pixels.
async fn png_of(svg: &str, (width, height): (f64, f64)) -> Option<Vec<u8>> {
    let image = HtmlImageElement::new().ok()?;
    let text = String::from(js_sys::encode_uri_component(svg));
    image.set_src(&format!("data:image/svg+xml;charset=utf-8,{text}"));
    JsFuture::from(image.decode()).await.ok()?;
    let canvas = browser::window().document()?.create_element("canvas").ok()?;
    let canvas: HtmlCanvasElement = canvas.dyn_into().ok()?;
    let (width, height) = (PNG_SCALE * width, PNG_SCALE * height);
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height).ok()?;
    let made = Promise::new(&mut |resolve, reject| {
        if canvas.to_blob(&resolve).is_err() {
            // A promise's own function does not throw.
            let _ = reject.call0(&wasm_bindgen::JsValue::NULL);
        }
    });
    let blob: Blob = JsFuture::from(made).await.ok()?.dyn_into().ok()?;
    let buffer = JsFuture::from(blob.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}

/// Every value of every line, whatever is in view.
fn csv_of(lines: &[PlotLine]) -> String {
    let mut columns: Vec<(String, &[f64], &[f64])> = Vec::new();
    for line in lines {
        columns.push((line.name.clone(), &line.xs, &line.raw));
        if let Some((name, smooth)) = line.smoothed_name().zip(line.smooth.as_ref()) {
            columns.push((name, &line.xs, &smooth.values));
        }
        if let Some(band) = &line.band {
            for (what, values) in [
                ("mean", &band.mean),
                ("least", &band.low),
                ("greatest", &band.high),
                ("standard deviation", &band.deviation),
            ] {
                columns.push((format!("{}, {what}", line.name), &band.x, values));
            }
        }
    }
    let columns: Vec<(&str, &[f64], &[f64])> =
        columns.iter().map(|(name, xs, ys)| (name.as_str(), *xs, *ys)).collect();
    metrics::chart_csv(&columns)
}
