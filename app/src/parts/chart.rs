//! A line chart of a running run.

use gauge::{Curve, Scale};
use leptos::prelude::*;

/// Size of the drawing, in its own units; the page scales it.
const SIZE: (f64, f64) = (480.0, 150.0);
const SMOOTHING: f64 = 0.85;

/// A chart with a smoothed line over the raw one; `marks` are single values such as the test after an epoch.
#[component]
pub(crate) fn Chart(
    /// Name of the chart, with the unit.
    title: &'static str,
    curve: Signal<Curve>,
    marks: Signal<Vec<(f64, f64)>>,
    x_max: Signal<f64>,
    y_range: Signal<(f64, f64)>,
    /// How to write a value of the axis.
    label: fn(f64) -> String,
    /// What a person who cannot see it is told.
    summary: Signal<String>,
) -> impl IntoView {
    let scale = move || Scale { x_max: x_max.get(), y_range: y_range.get(), size: SIZE };
    let dots = move || {
        let scale = scale();
        // A line of no length with round ends: a circle would be stretched with the drawing.
        let dot = |(x, y)| {
            view! { <path class="mark" d=format!("M{:.1} {:.1}h0", scale.x(x), scale.y(y)) /> }
        };
        marks.get().into_iter().map(dot).collect_view()
    };
    view! {
        <figure class="chart">
            <figcaption>{title}</figcaption>
            <div class="plot">
                <div class="axis" aria-hidden="true">
                    <span>{move || label(y_range.get().1)}</span>
                    <span>{move || label(y_range.get().0)}</span>
                </div>
                <svg
                    viewBox=format!("0 0 {} {}", SIZE.0, SIZE.1)
                    preserveAspectRatio="none"
                    role="img"
                    aria-label=move || format!("{title}: {}", summary.get())
                >
                    // What is off the scale is cut off, not drawn at its edge.
                    <svg width=SIZE.0 height=SIZE.1>
                        <path class="raw" d=move || curve.with(|curve| curve.path(scale(), 0.0)) />
                        <path class="smooth" d=move || curve.with(|curve| curve.path(scale(), SMOOTHING)) />
                    </svg>
                    {dots}
                </svg>
            </div>
        </figure>
    }
}
