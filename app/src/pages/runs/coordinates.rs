//! Parallel coordinates of the compared runs: one axis for each setting that differs, the last one for what was reached.

use experiments::{Coordinate, RunRecord, differing_columns};
use leptos::prelude::*;

use super::{Choice, lines::style};
use crate::{lab::Lab, parts::plot::swatch::line_look, words};

/// The size of the drawing, in its own units.
const SIZE: (f64, f64) = (720.0, 240.0);
/// Room beside and below the axes for what is written there.
const MARGIN: (f64, f64) = (70.0, 28.0);

/// The drawing, where there are settings that differ.
#[component]
pub(super) fn Coordinates(choice: Choice) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let pointed = RwSignal::new(None::<String>);
    let drawing = move || {
        let records = choice.records(&lab);
        let axes = axes(&records);
        if axes.len() < 2 {
            return None;
        }
        let x = |index: usize| MARGIN.0 + (SIZE.0 - 2.0 * MARGIN.0) * index as f64 / (axes.len() - 1) as f64;
        let y = |place: f64| MARGIN.1 + (SIZE.1 - 2.0 * MARGIN.1) * (1.0 - place);
        let upright = axes.iter().enumerate().map(|(index, axis)| {
            let ticks = axis.ticks.iter().map(|(place, text)| {
                view! { <text class="tick" x=x(index) + 4.0 y=y(*place) + 4.0>{text.clone()}</text> }
            });
            view! {
                <path class="grid" d=format!("M{} {}V{}", x(index), y(0.0), y(1.0)) />
                {ticks.collect_view()}
                <text class="axis-name" x=x(index) y=SIZE.1 - 8.0 text-anchor="middle">{axis.name.clone()}</text>
            }
        });
        let lines = records.iter().enumerate().map(|(number, record)| {
            let points = axes.iter().enumerate().filter_map(|(index, axis)| {
                axis.places[number].map(|place| format!("{:.1} {:.1}", x(index), y(place)))
            });
            let d = format!("M{}", points.collect::<Vec<_>>().join("L"));
            let (id, name) = (record.id.clone(), record.name.clone());
            let own = id.clone();
            let is_dim = move || pointed.with(|pointed| pointed.as_ref().is_some_and(|pointed| *pointed != own));
            let (colour, dash) = line_look(style(record));
            view! {
                <path class="run-line" class:dim=is_dim d=d style:stroke=colour style:stroke-dasharray=dash
                    on:pointerenter=move |_| pointed.set(Some(id.clone())) on:pointerleave=move |_| pointed.set(None)>
                    <title>{name}</title>
                </path>
            }
        });
        Some(view! {
            <svg class="coordinates" viewBox=format!("0 0 {} {}", SIZE.0, SIZE.1) role="img"
                aria-label="Parallel coordinates of the compared runs; the table of runs has the same values">
                {upright.collect_view()}
                {lines.collect_view()}
            </svg>
        })
    };
    let reading = move || {
        let pointed = pointed.get()?;
        let record = lab.runs.get(&pointed)?;
        Some(format!("{}: {}", record.name, words::share_in_percent(record.deciding_accuracy())))
    };
    move || {
        let drawing = drawing()?;
        Some(view! {
            <section class="card" aria-label="Parallel coordinates">
                <h2>"Parallel coordinates"</h2>
                <div class="scroll" tabindex="0" role="region" aria-label="Parallel coordinates, drawing">{drawing}</div>
                <p class="hint">{reading}</p>
            </section>
        })
    }
}

fn axes(records: &[RunRecord]) -> Vec<Coordinate> {
    let configs: Vec<_> = records.iter().map(|record| &record.config).collect();
    let mut axes: Vec<Coordinate> = differing_columns(&configs)
        .iter()
        .map(|column| Coordinate::of_texts(column.name, &column.values))
        .collect();
    let reached: Vec<Option<f64>> =
        records.iter().map(|record| record.deciding_accuracy().map(|share| 100.0 * share)).collect();
    if reached.iter().any(Option::is_some) {
        axes.push(Coordinate::of_numbers("Accuracy, %", &reached, |value| format!("{value:.2}")));
    }
    axes
}
