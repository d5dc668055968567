//! The names of a chart's lines, how they look, and what they have at the cursor.

use leptos::prelude::*;

use super::{LineStyle, PlotLine, View, swatch::swatch};

/// A line's place in the legend.
#[derive(Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) name: String,
    pub(super) style: LineStyle,
    pub(super) value: String,
}

/// What the lines have at the cursor, or at their ends.
pub(super) fn readings(view: View) -> Vec<Reading> {
    let at = view.cursor.get();
    let entry = |line: &PlotLine| Reading {
        name: line.strong_name(),
        style: line.style,
        value: value_text(line, at, view.text),
    };
    view.shown.with(|lines| lines.iter().map(entry).collect())
}

/// A name, a piece of the line and a value each.
#[component]
pub(super) fn Legend(readings: Memo<Vec<Reading>>, is_dark: RwSignal<bool>) -> impl IntoView {
    // Entries stay while the cursor moves: only their values change.
    let entries = Memo::new(move |_| {
        readings.with(|readings| {
            readings.iter().map(|reading| (reading.name.clone(), reading.style)).collect::<Vec<_>>()
        })
    });
    let legend = move || {
        let entry = |(index, (name, style)): (usize, (String, LineStyle))| {
            let value =
                move || readings.with(|readings| readings.get(index).map(|reading| reading.value.clone()));
            view! { <li>{swatch(style, is_dark)}{name}" "<b>{value}</b></li> }
        };
        entries.get().into_iter().enumerate().map(entry).collect_view()
    };
    view! { <ul class="legend">{legend}</ul> }
}

/// What a line has at the cursor, or at its end.
fn value_text(line: &PlotLine, at: Option<f64>, text: fn(f64) -> String) -> String {
    let index = match at {
        Some(x) => line.nearest(x),
        None => line.xs.len().checked_sub(1),
    };
    let value = index.and_then(|index| Some((index, *line.strong().get(index)?)));
    let Some((index, value)) = value else { return "–".to_owned() };
    let value = if value.is_finite() { text(value) } else { "not a number".to_owned() };
    let apart = line.band.as_ref().and_then(|band| {
        let x = line.xs[index];
        let own = band.x.partition_point(|own| *own < x);
        let is_there = band.x.get(own) == Some(&x) && band.count.get(own).is_some_and(|count| *count > 1);
        is_there.then(|| format!(" ({} to {})", text(band.low[own]), text(band.high[own])))
    });
    value + &apart.unwrap_or_default()
}
