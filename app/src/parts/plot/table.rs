//! A chart as a table: what is in view, a page at a time.

use leptos::prelude::*;

use super::{PlotLine, View, x_text};

/// Rows of a page.
const PAGE_ROWS: usize = 25;

/// The same as a table, the last values first. It is made only while it is open.
#[component]
pub(super) fn TableTwin(view: View) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let toggled = move |event: leptos::ev::Event| {
        is_open.set(event_target::<web_sys::Element>(&event).has_attribute("open"));
    };
    view! {
        <details class="figures" on:toggle=toggled>
            <summary>"Table"</summary>
            <Show when=move || is_open.get()>
                <Pages view />
            </Show>
        </details>
    }
}

#[component]
fn Pages(view: View) -> impl IntoView {
    let View { name, x_name, shown, scale, text, .. } = view;
    let wanted = RwSignal::new(0_usize);
    let places = Memo::new(move |_| {
        let (from, to) = scale.with(|scale| (scale.x_axis.at(0.0), scale.x_axis.at(1.0)));
        shown.with(|lines| all_places(lines, from, to))
    });
    let pages = Memo::new(move |_| places.with(|places| places.len().div_ceil(PAGE_ROWS).max(1)));
    // There may be fewer pages than a moment ago.
    let page = Memo::new(move |_| wanted.get().min(pages.get() - 1));
    let rows = move || {
        let first = page.get() * PAGE_ROWS;
        places.with(|places| {
            shown.with(|lines| {
                let row = |x: &f64| {
                    let cells = lines.iter().flat_map(|line| cells(line, *x)).map(|value| {
                        view! { <td>{value.map(|value| if value.is_finite() { text(value) } else { "not a number".to_owned() })}</td> }
                    });
                    view! { <tr><td>{x_text(*x)}</td>{cells.collect_view()}</tr> }
                };
                places.iter().rev().skip(first).take(PAGE_ROWS).map(row).collect_view()
            })
        })
    };
    let is_last = move || page.get() + 1 >= pages.get();
    let headings = move || {
        shown.with(|lines| {
            let names = lines
                .iter()
                .flat_map(|line| [Some(line.name.clone()), line.smoothed_name()].into_iter().flatten());
            names.map(|name| view! { <th>{name}</th> }).collect_view()
        })
    };
    view! {
        <table aria-label=name>
            <thead><tr><th>{x_name}</th>{headings}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
        <div class="buttons">
            <button type="button" disabled=move || page.get() == 0
                on:click=move |_| wanted.set(page.get_untracked().saturating_sub(1))>"Previous"</button>
            <span role="status">{move || format!("Page {} of {}", metrics::grouped(page.get() as u64 + 1), metrics::grouped(pages.get() as u64))}</span>
            <button type="button" disabled=is_last
                on:click=move |_| wanted.set(page.get_untracked() + 1)>"Next"</button>
        </div>
    }
}

/// Every x value in view that any line has, rising.
fn all_places(lines: &[PlotLine], from: f64, to: f64) -> Vec<f64> {
    let mut places = Vec::new();
    for line in lines {
        let (start, end) = (line.xs.partition_point(|x| *x < from), line.xs.partition_point(|x| *x <= to));
        let own = &line.xs[start..end.max(start)];
        // Most runs have the same steps.
        if own != places.as_slice() {
            places.extend_from_slice(own);
            // Of parts that rise already: this sort only merges them.
            places.sort_by(f64::total_cmp);
            places.dedup();
        }
    }
    places
}

/// What a line has at exactly `x`: its value, and the smoothed one if it has such.
fn cells(line: &PlotLine, x: f64) -> Vec<Option<f64>> {
    let at = line.xs.partition_point(|own| *own < x);
    let is_there = line.xs.get(at) == Some(&x);
    let value = |values: &[f64]| values.get(at).copied().filter(|_| is_there);
    let smooth = line.smooth.as_ref().map(|smooth| value(&smooth.values));
    [Some(value(&line.raw)), smooth].into_iter().flatten().collect()
}
