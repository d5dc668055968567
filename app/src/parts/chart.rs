//! A line chart of a run: drawn, read by pointer and by keys, and as a table.

use leptos::{html, prelude::*};
use metrics::{Axis, Point, Scale, Series};

/// The size of the drawing, in its own units; the page scales it.
const SIZE: (f64, f64) = (480.0, 150.0);
/// Rows of the table.
const MAX_ROWS: usize = 40;

/// A line of a chart.
#[derive(Clone, PartialEq)]
pub(crate) struct Line {
    /// Its name in the legend, in what is read, and in the table.
    pub(crate) name: String,
    /// Its class in the style sheet, which gives it a colour and a dash.
    pub(crate) class: &'static str,
    /// Its values.
    pub(crate) series: Series,
    /// Whether each value is marked.
    pub(crate) has_dots: bool,
}

/// Lines over the steps of a run.
#[component]
pub(crate) fn Chart(
    /// Name of the chart.
    name: &'static str,
    /// What the values are, with their unit.
    unit: &'static str,
    lines: Signal<Vec<Line>>,
    /// Steps of the whole run.
    x_max: Signal<f64>,
    /// Steps at which the run was changed while it ran.
    marks: Signal<Vec<f64>>,
    /// Writes a value.
    text: fn(f64) -> String,
    /// The step that is read, in all charts at once.
    cursor: RwSignal<Option<f64>>,
    /// Whether the values can be shown on a logarithmic scale.
    #[prop(optional)]
    has_log: bool,
) -> impl IntoView {
    let is_log = RwSignal::new(false);
    let scale = Memo::new(move |_| {
        let values = |lines: &Vec<Line>| {
            let all = lines.iter().flat_map(|line| line.series.points()).map(|point| point.y);
            Axis::fitted(all, is_log.get())
        };
        Scale { x_axis: Axis::between(0.0, x_max.get(), false), y_axis: lines.with(values), size: SIZE }
    });
    // What the lines have at the cursor, or at their ends.
    let read = Memo::new(move |_| {
        let at = cursor.get();
        let own = |line: &Line| {
            let point = match at {
                Some(x) => line.series.nearest(x),
                None => line.series.points().last().copied(),
            }?;
            Some((line.name.clone(), line.class, point))
        };
        lines.with(|lines| lines.iter().filter_map(own).collect::<Vec<_>>())
    });
    let legend = move || {
        let entry = |(name, class, point): Reading| {
            view! {
                <li class=class><svg viewBox="0 0 24 8" aria-hidden="true"><path d="M0 4h24" /></svg>{name}" "<b>{text(point.y)}</b></li>
            }
        };
        read.get().into_iter().map(entry).collect_view()
    };
    view! {
        <figure class="chart" aria-label=name>
            <figcaption>
                <span><b>{name}</b>" "{unit}</span>
                {has_log.then(|| view! {
                    <label class="check">
                        <input type="checkbox" prop:checked=is_log
                            on:change=move |event| is_log.set(event_target_checked(&event)) />
                        "Log scale"
                    </label>
                })}
            </figcaption>
            <ul class="legend">{legend}</ul>
            <Plot name lines x_max marks scale read text cursor />
            <Table name lines text />
        </figure>
    }
}

/// A line's name and class, and the point of it that is read.
type Reading = (String, &'static str, Point);

/// The lines between their axes; a pointer or keys choose the step that is read.
#[component]
fn Plot(
    name: &'static str,
    lines: Signal<Vec<Line>>,
    x_max: Signal<f64>,
    marks: Signal<Vec<f64>>,
    scale: Memo<Scale>,
    read: Memo<Vec<Reading>>,
    text: fn(f64) -> String,
    cursor: RwSignal<Option<f64>>,
) -> impl IntoView {
    let plot = NodeRef::<html::Div>::new();
    let move_to = move |event: web_sys::PointerEvent| {
        if let Some(plot) = plot.get_untracked() {
            let bounds = plot.get_bounding_client_rect();
            let place = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0);
            cursor.set(Some(scale.with_untracked(|scale| scale.x_axis.at(place.clamp(0.0, 1.0)).round())));
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let x_max = x_max.get_untracked();
        let stride = if event.shift_key() { (x_max / 20.0).ceil() } else { (x_max / 200.0).ceil() };
        let now = cursor.get_untracked().unwrap_or(x_max);
        let next = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => now - stride,
            "ArrowRight" | "ArrowUp" => now + stride,
            "Home" => 0.0,
            "End" => x_max,
            _ => return,
        };
        event.prevent_default();
        cursor.set(Some(next.clamp(0.0, x_max)));
    };
    let sentence = move || {
        let values = read.get();
        let Some((_, _, first)) = values.first() else { return "no values yet".to_owned() };
        let each: Vec<_> =
            values.iter().map(|(name, _, point)| format!("{name} {}", text(point.y))).collect();
        format!("step {}: {}", first.x, each.join(", "))
    };
    let paths = move || {
        let path = |line: &Line| {
            let (d, dots) = scale.with(|scale| (line.series.path(scale), dots(line, scale)));
            view! { <path class=line.class d=d /><path class=format!("{} dots", line.class) d=dots /> }
        };
        lines.with(|lines| lines.iter().map(path).collect_view())
    };
    let grid = move || {
        scale.with(|scale| {
            let line = |tick: f64| format!("M0 {:.1}H{}", scale.y(tick), SIZE.0);
            scale.y_axis.ticks().into_iter().map(line).collect::<String>()
        })
    };
    let y_ticks = move || {
        scale.with(|scale| {
            let tick = |tick: f64| {
                let from_top = 100.0 * scale.y(tick) / SIZE.1;
                view! { <span style:top=format!("{from_top:.2}%")>{scale.y_axis.text(tick)}</span> }
            };
            scale.y_axis.ticks().into_iter().map(tick).collect_view()
        })
    };
    let x_ticks = move || {
        scale.with(|scale| {
            let tick = |tick: f64| {
                let from_left = 100.0 * scale.x_axis.place(tick);
                view! { <span style:left=format!("{from_left:.2}%")>{metrics::grouped(tick as u32)}</span> }
            };
            scale.x_axis.ticks().into_iter().map(tick).collect_view()
        })
    };
    let mark_lines = move || {
        let line = |at: &f64| format!("M{:.1} 0V{}", scale.with(|scale| scale.x(*at)), SIZE.1);
        marks.with(|marks| marks.iter().map(line).collect::<String>())
    };
    let cursor_line = move || {
        let x = cursor.get()?;
        Some(
            view! { <path class="cursor" d=format!("M{:.1} 0V{}", scale.with(|scale| scale.x(x)), SIZE.1) /> },
        )
    };
    view! {
        <div class="plot">
            <div class="y-axis" aria-hidden="true">{y_ticks}</div>
            <div class="lines" node_ref=plot tabindex="0" role="slider" aria-label=format!("Read {name}")
                aria-valuemin="0" aria-valuemax=x_max aria-valuenow=move || cursor.get().unwrap_or_else(|| x_max.get())
                aria-valuetext=sentence on:keydown=on_key on:pointermove=move_to on:pointerdown=move_to
                on:pointerleave=move |_| cursor.set(None)>
                <svg viewBox=format!("0 0 {} {}", SIZE.0, SIZE.1) preserveAspectRatio="none" role="img" aria-label=name>
                    <path class="grid" d=grid />
                    <path class="changed" d=mark_lines />
                    {paths}
                    {cursor_line}
                </svg>
            </div>
            <div class="x-axis" aria-hidden="true">{x_ticks}</div>
        </div>
    }
}

/// Each value of a line with few of them as a line of length 0 with round ends: a circle would be stretched with the drawing.
fn dots(line: &Line, scale: &Scale) -> String {
    const MAX_DOTS: usize = 60;
    let dot = |point: &Point| format!("M{:.1} {:.1}h0", scale.x(point.x), scale.y(point.y));
    let points = line.series.points();
    if line.has_dots && points.len() <= MAX_DOTS { points.iter().map(dot).collect() } else { String::new() }
}

/// The same as a table, the newest step first, with a row for every so many of them where there are many.
#[component]
fn Table(name: &'static str, lines: Signal<Vec<Line>>, text: fn(f64) -> String) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let toggled = move |event: leptos::ev::Event| {
        is_open.set(event_target::<web_sys::Element>(&event).has_attribute("open"));
    };
    let rows = move || {
        lines.with(|lines| {
            let longest = lines.iter().max_by_key(|line| line.series.points().len());
            let points = longest.map_or(&[][..], |line| line.series.points());
            let every = points.len().div_ceil(MAX_ROWS).max(1);
            let row = |at: &Point| {
                let cell = |line: &Line| {
                    let value = line.series.nearest(at.x).filter(|found| found.x <= at.x);
                    view! { <td>{value.map(|found| text(found.y))}</td> }
                };
                view! { <tr><td>{at.x}</td>{lines.iter().map(cell).collect_view()}</tr> }
            };
            points.iter().rev().step_by(every).map(row).collect_view()
        })
    };
    let headings = move || {
        lines.with(|lines| lines.iter().map(|line| view! { <th>{line.name.clone()}</th> }).collect_view())
    };
    view! {
        <details class="figures" on:toggle=toggled>
            <summary>"Table"</summary>
            <Show when=move || is_open.get()>
                <table aria-label=name>
                    <thead><tr><th>"Step"</th>{headings}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </Show>
        </details>
    }
}
