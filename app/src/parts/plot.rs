//! A chart of many runs: lines on a canvas between axes of text, read and zoomed by pointer, fingers and keys, as a table, and to
//! take away.

mod keys;
mod legend;
mod paint;
mod pointer;
mod save;
mod surface;
pub(crate) mod swatch;
mod table;
mod watch;

use std::{rc::Rc, time::Duration};

use leptos::{html, prelude::*};
use metrics::{Axis, Band, Scale, Window};

use self::{
    legend::Legend,
    paint::Pyramids,
    save::SaveButtons,
    surface::Surface,
    table::TableTwin,
    watch::{Watch, dark_scheme},
};
use crate::browser;

/// While values stream in, they are shown no more often than this.
const REFRESH_MS: f64 = 100.0;

/// A line of a chart: a run, a part of the data, or several runs together.
#[derive(Clone)]
pub(crate) struct PlotLine {
    /// Tells it from the others, and stays the same as it grows.
    pub(crate) id: String,
    /// Its name in the legend, in what is read, and in the table.
    pub(crate) name: String,
    pub(crate) style: LineStyle,
    /// Rising.
    pub(crate) xs: Rc<Vec<f64>>,
    /// The values themselves, as many as there are `xs`.
    pub(crate) raw: Rc<Vec<f64>>,
    /// Drawn strong, with the raw values thin behind them.
    pub(crate) smooth: Option<Smoothed>,
    /// How far several runs lie apart, as an area.
    pub(crate) band: Option<Rc<Band>>,
    /// Whether each value is marked, where there are not too many.
    pub(crate) has_dots: bool,
    /// Where something was changed while it ran.
    pub(crate) marks: Vec<f64>,
}

/// Smoothed values of a line, as many as it has.
#[derive(Clone)]
pub(crate) struct Smoothed {
    /// What they are, as in "mean of 10".
    pub(crate) what: String,
    pub(crate) values: Rc<Vec<f64>>,
}

/// Whether it is the same line with the same lists of values: they are not looked at one by one.
impl PartialEq for PlotLine {
    fn eq(&self, other: &Self) -> bool {
        let is_same_smooth = match (&self.smooth, &other.smooth) {
            (Some(own), Some(other)) => own.what == other.what && Rc::ptr_eq(&own.values, &other.values),
            (own, other) => own.is_none() && other.is_none(),
        };
        let is_same_band = match (&self.band, &other.band) {
            (Some(own), Some(other)) => Rc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        };
        let is_same_look = (&self.id, &self.name, self.style, self.has_dots, &self.marks)
            == (&other.id, &other.name, other.style, other.has_dots, &other.marks);
        Rc::ptr_eq(&self.xs, &other.xs)
            && Rc::ptr_eq(&self.raw, &other.raw)
            && is_same_smooth
            && is_same_band
            && is_same_look
    }
}

impl PlotLine {
    /// The values that are drawn strong and read.
    pub(crate) fn strong(&self) -> &[f64] {
        self.smooth.as_ref().map_or(&self.raw, |smooth| &smooth.values)
    }

    /// What those are called.
    fn strong_name(&self) -> String {
        self.smoothed_name().unwrap_or_else(|| self.name.clone())
    }

    /// What the smoothed values are called, if it has such.
    fn smoothed_name(&self) -> Option<String> {
        self.smooth.as_ref().map(|smooth| format!("{}, {}", self.name, smooth.what))
    }

    /// Where the value nearest to `x` stands; `None` outside the line's own range.
    fn nearest(&self, x: f64) -> Option<usize> {
        let (first, last) = (*self.xs.first()?, *self.xs.last()?);
        if x < first || x > last {
            return None;
        }
        let after = self.xs.partition_point(|own| *own < x);
        let before = after.saturating_sub(1);
        Some(if x - self.xs[before] <= self.xs[after] - x { before } else { after })
    }
}

/// How a line looks: a colour and a dash, so that neither tells it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineStyle {
    /// From 0 to 7.
    pub(crate) colour: u8,
    /// From 0, a whole line, to 3.
    pub(crate) dash: u8,
}

impl LineStyle {
    /// Its colour as a style sheet writes it.
    pub(crate) fn css_colour(self, is_dark: bool) -> &'static str {
        metrics::line_colour(self.colour, is_dark)
    }

    /// Its strokes and gaps in pixels; none for a whole line.
    pub(crate) fn dash_lengths(self) -> &'static [f64] {
        metrics::line_dash(self.dash)
    }
}

/// What the parts of a chart share.
#[derive(Clone, Copy)]
struct View {
    name: &'static str,
    unit: &'static str,
    x_name: Signal<String>,
    /// The lines as they are shown: those given, as of a moment ago.
    shown: RwSignal<Vec<PlotLine>, LocalStorage>,
    pyramids: StoredValue<Pyramids, LocalStorage>,
    /// All x values of what is shown, from and to, and those that are to come.
    whole: Memo<Window>,
    /// The axes of what is in view, and the size of the area between them in CSS pixels.
    scale: Memo<Scale>,
    text: fn(f64) -> String,
    cursor: RwSignal<Option<f64>>,
    window: RwSignal<Option<Window>>,
    is_dark: RwSignal<bool>,
}

impl View {
    /// The part of the x axis that is in view.
    fn in_view(&self) -> Window {
        self.scale.with_untracked(|scale| (scale.x_axis.at(0.0), scale.x_axis.at(1.0)))
    }

    /// The last x that any line has: what is read until another is chosen.
    fn last(&self) -> f64 {
        self.shown.with(|lines| whole_of(lines).1)
    }
}

/// Lines of runs over steps, epochs or seconds.
#[component]
pub(crate) fn Plot(
    /// Name of the chart.
    name: &'static str,
    /// What the values are, with their unit.
    unit: &'static str,
    /// What the x values are, as in "Step".
    x_name: Signal<String>,
    lines: Signal<Vec<PlotLine>, LocalStorage>,
    /// Writes a value.
    text: fn(f64) -> String,
    /// The x that is read, in all charts at once.
    cursor: RwSignal<Option<f64>>,
    /// The part of the x axis in view, in all charts at once; all of it where there is none.
    window: RwSignal<Option<Window>>,
    /// Whether the values can be shown on a logarithmic scale.
    #[prop(optional)]
    has_log: bool,
    /// How far the x axis goes at least: the planned end of a run under way.
    #[prop(optional, into)]
    x_end: Signal<f64>,
) -> impl IntoView {
    let is_log = RwSignal::new(false);
    let shown = RwSignal::new_local(Vec::<PlotLine>::new());
    let pyramids = StoredValue::new_local(Pyramids::default());
    let is_visible = RwSignal::new(false);
    let size = RwSignal::new((480.0, 200.0));
    show_now_and_then(lines, shown, is_visible);
    let whole = Memo::new(move |_| {
        let (first, last) = shown.with(|lines| whole_of(lines));
        (first, last.max(x_end.get()))
    });
    let scale = Memo::new(move |_| {
        let (from, to) = window.get().unwrap_or_else(|| whole.get());
        let x_axis = Axis::between(from, to, false);
        let (from, to) = (x_axis.at(0.0), x_axis.at(1.0));
        let is_log = is_log.get();
        let values = shown.with(|lines| {
            let mut values = Vec::new();
            pyramids.update_value(|pyramids| {
                pyramids.forget_others(lines);
                values = pyramids.extremes(lines, (from, to), is_log);
            });
            values
        });
        Scale { x_axis, y_axis: Axis::fitted(values, is_log), size: size.get() }
    });
    let is_dark = dark_scheme();
    let view = View { name, unit, x_name, shown, pyramids, whole, scale, text, cursor, window, is_dark };
    let canvas = NodeRef::<html::Canvas>::new();
    draw_when_due(view, canvas, is_visible);
    let watch = StoredValue::new_local(None::<Watch>);
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            watch.set_value(Watch::over(&canvas, size, is_visible));
        }
    });
    let readings = Memo::new(move |_| legend::readings(view));
    let y_ticks = move || {
        scale.with(|scale| {
            let tick = |tick: f64| {
                let from_top = 100.0 * (1.0 - scale.y_axis.place(tick));
                view! { <span style:top=format!("{from_top:.2}%")>{scale.y_axis.text(tick)}</span> }
            };
            scale.y_axis.ticks().into_iter().map(tick).collect_view()
        })
    };
    let x_ticks = move || {
        scale.with(|scale| {
            let tick = |tick: f64| {
                let from_left = 100.0 * scale.x_axis.place(tick);
                let text = if tick.fract() == 0.0 { x_text(tick) } else { scale.x_axis.text(tick) };
                view! { <span style:left=format!("{from_left:.2}%")>{text}</span> }
            };
            scale.x_axis.ticks().into_iter().map(tick).collect_view()
        })
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
            <Legend readings is_dark />
            <div class="plot">
                <div class="y-axis" aria-hidden="true">{y_ticks}</div>
                <Surface view readings canvas />
                <div class="x-axis" aria-hidden="true">{x_ticks}</div>
                <div class="x-name" aria-hidden="true">{x_name}</div>
            </div>
            <div class="buttons">
                <button type="button" disabled=move || window.with(Option::is_none)
                    on:click=move |_| window.set(None)>"Reset zoom"</button>
                <SaveButtons view />
            </div>
            <TableTwin view />
        </figure>
    }
}

/// Passes the lines on to be shown, with the next frame and at most every so often; not while the chart is out of sight. A hidden
/// page has no frames.
fn show_now_and_then(
    lines: Signal<Vec<PlotLine>, LocalStorage>,
    shown: RwSignal<Vec<PlotLine>, LocalStorage>,
    is_visible: RwSignal<bool>,
) {
    let last_ms = StoredValue::new(f64::NEG_INFINITY);
    let is_due = StoredValue::new(false);
    let show = move || {
        // The chart may have gone with its page.
        if is_due.try_set_value(false).is_none() {
            last_ms.set_value(browser::now_ms());
            shown.set(lines.get_untracked());
        }
    };
    Effect::new(move |_| {
        lines.track();
        if is_visible.get() && !is_due.get_value() {
            is_due.set_value(true);
            let wait_ms = (last_ms.get_value() + REFRESH_MS - browser::now_ms()).max(0.0);
            set_timeout(move || request_animation_frame(show), Duration::from_millis(wait_ms as u64));
        }
    });
}

/// Draws with the next frame once anything that is drawn has changed and the chart is in sight.
fn draw_when_due(view: View, canvas: NodeRef<html::Canvas>, is_visible: RwSignal<bool>) {
    let is_due = StoredValue::new(false);
    Effect::new(move |_| {
        view.shown.track();
        view.scale.track();
        view.is_dark.track();
        let Some(canvas) = canvas.get() else { return };
        if is_visible.get() && !is_due.get_value() {
            is_due.set_value(true);
            request_animation_frame(move || {
                if is_due.try_set_value(false).is_none() {
                    let start_ms = browser::now_ms();
                    paint::draw(&canvas, view);
                    browser::measure("inkling-plot", start_ms);
                }
            });
        }
    });
}

/// From the least x to the greatest; from 0 to 1 where there is none.
fn whole_of(lines: &[PlotLine]) -> Window {
    let ends = lines.iter().filter_map(|line| Some((*line.xs.first()?, *line.xs.last()?)));
    ends.reduce(|all, own| (all.0.min(own.0), all.1.max(own.1))).unwrap_or((0.0, 1.0))
}

/// The x value of any line that is nearest to `x`.
fn nearest_x(lines: &[PlotLine], x: f64) -> Option<f64> {
    let around = |line: &PlotLine| {
        let after = line.xs.partition_point(|own| *own < x);
        [after.checked_sub(1), Some(after)]
            .into_iter()
            .flatten()
            .filter_map(|at| line.xs.get(at).copied())
            .collect::<Vec<_>>()
    };
    lines.iter().flat_map(around).min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs()))
}

/// An x value for people: a whole number in groups, another with no more decimals than matter.
fn x_text(x: f64) -> String {
    if x.fract() == 0.0 && (0.0..1e15).contains(&x) {
        metrics::grouped(x as u64)
    } else {
        ((x * 1e4).round() / 1e4).to_string()
    }
}
