//! The layers of a model: shapes, parameters, and how its weights are spread.

use leptos::prelude::*;
use model_card::{LayerSummary, TensorSummary};

/// Sides of a histogram, in pixels of its own.
const HISTOGRAM: (usize, usize) = (72, 18);

/// One row a layer, the tensors of each below it.
#[component]
pub(crate) fn LayerTable(layers: Vec<LayerSummary>) -> impl IntoView {
    let rows = layers.into_iter().enumerate().map(|(index, layer)| {
        let tensors = layer.tensors.into_iter().map(tensor_row).collect_view();
        view! {
            <tr>
                <th scope="row">{format!("{}. {}", index + 1, layer.title)}</th>
                <td>{layer.output}</td>
                <td>{metrics::grouped(layer.parameters as u32)}</td>
                <td></td>
            </tr>
            {tensors}
        }
    });
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Layers">
            <table aria-label="Layers">
                <thead><tr><th>"Layer"</th><th>"Output or shape"</th><th>"Parameters"</th><th>"Values"</th></tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}

fn tensor_row(tensor: TensorSummary) -> impl IntoView {
    let shape: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
    let [least, most] = tensor.range;
    // No minus before a zero.
    let rounded = |value: f64| (1_000.0 * value).round() / 1_000.0 + 0.0;
    let [least, most, mean] = [least, most, tensor.mean].map(rounded);
    let spread =
        format!("{least:.3} to {most:.3}, mean {mean:.3}, standard deviation {:.3}", tensor.deviation);
    view! {
        <tr class="quiet">
            <td>{tensor.name}</td>
            <td>{shape.join(" x ")}</td>
            <td></td>
            <td>{histogram(&tensor.histogram, &spread)} " " {spread.clone()}</td>
        </tr>
    }
}

fn histogram(bars: &[u32], spread: &str) -> impl IntoView + use<> {
    let (width, height) = HISTOGRAM;
    let most = bars.iter().copied().max().unwrap_or(1).max(1);
    let bar = width as f32 / bars.len().max(1) as f32;
    let parts: Vec<String> = bars
        .iter()
        .enumerate()
        .map(|(index, &count)| {
            let tall = height as f32 * count as f32 / most as f32;
            format!("M{:.1} {height}v{:.1}h{:.1}v{:.1}z", index as f32 * bar, -tall, bar * 0.9, tall)
        })
        .collect();
    let path = parts.concat();
    view! {
        <svg width=width height=height viewBox=format!("0 0 {width} {height}") role="img" aria-label=format!("Histogram: {spread}")>
            <path d=path fill="currentColor" />
        </svg>
    }
}
