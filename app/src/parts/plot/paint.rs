//! Draws a chart's lines on a canvas. What a frame costs depends on its width, hardly on how many values there are.

use std::{collections::HashMap, f64::consts::TAU, rc::Rc};

use js_sys::Array;
use leptos::prelude::*;
use metrics::{Band, Pyramid, Scale, Window, polyline};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::{PlotLine, View};
use crate::browser;

/// How strong raw values are drawn behind smoothed ones.
pub(super) const RAW_OPACITY: f64 = 0.25;
/// How strong the area of a band is.
const BAND_OPACITY: f64 = 0.2;
/// Radius of the mark of a value, in pixels.
const DOT_RADIUS: f64 = 3.5;
/// The most values in view that are each marked.
const MAX_DOTS: usize = 200;
/// A line this many times as long as the chart is wide jumps up and down too densely for a dash to be seen, and is slow to stroke.
const MAX_STROKED: f64 = 12.0;
/// Height of the mark of a change, from the bottom.
const MARK_HEIGHT: f64 = 12.0;

/// Points in pixels; one whose second number is not finite breaks the line.
type Points = Vec<(f32, f32)>;

/// A curve of a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Raw,
    Smooth,
    Low,
    High,
}

/// Where a curve's values are kept: as long as this is held, nothing else has its address.
enum Source {
    Values(Rc<Vec<f64>>),
    Band(Rc<Band>),
}

impl Source {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Values(own), Self::Values(other)) => Rc::ptr_eq(own, other),
            (Self::Band(own), Self::Band(other)) => Rc::ptr_eq(own, other),
            _ => false,
        }
    }
}

impl PlotLine {
    /// A curve of it: where it is kept, its x values and its values.
    fn part(&self, part: Part) -> Option<(Source, &[f64], &[f64])> {
        let values = |values| Source::Values(Rc::clone(values));
        Some(match part {
            Part::Raw => (values(&self.raw), &self.xs, &self.raw),
            Part::Smooth => {
                let smooth = &self.smooth.as_ref()?.values;
                (values(smooth), &self.xs, smooth)
            }
            Part::Low => {
                let band = self.band.as_ref()?;
                (Source::Band(Rc::clone(band)), &band.x, &band.low)
            }
            Part::High => {
                let band = self.band.as_ref()?;
                (Source::Band(Rc::clone(band)), &band.x, &band.high)
            }
        })
    }
}

/// The pyramids of all curves that are shown. A curve that has grown keeps what was computed of it.
#[derive(Default)]
pub(super) struct Pyramids {
    of: HashMap<String, HashMap<Part, (Option<Source>, Pyramid)>>,
}

impl Pyramids {
    /// Forgets the curves of lines that are gone.
    pub(super) fn forget_others(&mut self, lines: &[PlotLine]) {
        self.of.retain(|id, _| lines.iter().any(|line| line.id == *id));
    }

    /// A line's curve: its x values, its values and their pyramid.
    fn get<'a>(&'a mut self, line: &'a PlotLine, part: Part) -> Option<(&'a [f64], &'a [f64], &'a Pyramid)> {
        let (source, xs, values) = line.part(part)?;
        let (known, pyramid) = self.of.entry(line.id.clone()).or_default().entry(part).or_default();
        if known.as_ref().is_none_or(|known| !known.is(&source)) {
            pyramid.follow(values);
            *known = Some(source);
        }
        Some((xs, values, pyramid))
    }

    /// The points to draw of a line's curve.
    fn points(&mut self, line: &PlotLine, part: Part, scale: &Scale) -> Option<Points> {
        let (xs, values, pyramid) = self.get(line, part)?;
        Some(polyline(xs, values, Some(pyramid), scale))
    }

    /// The least and the greatest value in view of each curve; on a logarithmic axis the least above 0.
    pub(super) fn extremes(&mut self, lines: &[PlotLine], window: Window, is_log: bool) -> Vec<f64> {
        let mut all = Vec::new();
        for line in lines {
            for part in [Part::Raw, Part::Smooth, Part::Low, Part::High] {
                let Some((xs, _, pyramid)) = self.get(line, part) else { continue };
                let mut start = xs.partition_point(|x| *x < window.0);
                let mut end = xs.partition_point(|x| *x <= window.1);
                if start == end {
                    // The line only passes: its ends are outside.
                    (start, end) = (start.saturating_sub(1), end + 1);
                }
                let Some((low, high)) = pyramid.range(start..end) else { continue };
                let low = if is_log { pyramid.least_positive(start..end) } else { Some(low) };
                all.extend(low);
                all.push(high);
            }
        }
        all
    }
}

/// Draws what is in view.
pub(super) fn draw(canvas: &HtmlCanvasElement, view: View) {
    let scale = view.scale.get_untracked();
    let (width, height) = scale.size;
    let pixel_ratio = browser::window().device_pixel_ratio().clamp(1.0, 4.0);
    let pixels = ((width * pixel_ratio).round() as u32, (height * pixel_ratio).round() as u32);
    if (canvas.width(), canvas.height()) != pixels {
        canvas.set_width(pixels.0);
        canvas.set_height(pixels.1);
    }
    let Ok(Some(context)) = canvas.get_context("2d") else { return };
    let context: CanvasRenderingContext2d = context.unchecked_into();
    // A matrix of finite numbers is never refused.
    let _ = context.set_transform(pixel_ratio, 0.0, 0.0, pixel_ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, width, height);
    context.set_line_join("round");
    draw_grid(&context, canvas, &scale);
    let is_dark = view.is_dark.get_untracked();
    view.shown.with_untracked(|lines| {
        view.pyramids.update_value(|pyramids| {
            for line in lines {
                context.set_fill_style_str(line.style.css_colour(is_dark));
                draw_band(&context, pyramids, line, &scale);
            }
            let set_colour = |line: &PlotLine| {
                let colour = line.style.css_colour(is_dark);
                context.set_stroke_style_str(colour);
                context.set_fill_style_str(colour);
            };
            for line in lines {
                set_colour(line);
                draw_raw_behind(&context, pyramids, line, &scale);
            }
            for line in lines {
                set_colour(line);
                draw_line(&context, pyramids, line, &scale);
                draw_marks(&context, line, &scale);
            }
        });
    });
}

fn draw_grid(context: &CanvasRenderingContext2d, canvas: &HtmlCanvasElement, scale: &Scale) {
    let style = browser::window().get_computed_style(canvas).ok().flatten();
    let colour = style.and_then(|style| style.get_property_value("--line").ok()).unwrap_or_default();
    context.set_stroke_style_str(colour.trim());
    context.set_line_width(1.0);
    set_dash(context, &[]);
    context.begin_path();
    for tick in scale.y_axis.ticks() {
        // In the middle of a pixel, so that it is one wide.
        let y = scale.y(tick).floor() + 0.5;
        context.move_to(0.0, y);
        context.line_to(scale.size.0, y);
    }
    context.stroke();
}

fn draw_band(context: &CanvasRenderingContext2d, pyramids: &mut Pyramids, line: &PlotLine, scale: &Scale) {
    let upper = pyramids.points(line, Part::High, scale);
    let Some((upper, lower)) = upper.zip(pyramids.points(line, Part::Low, scale)) else { return };
    context.set_global_alpha(BAND_OPACITY);
    context.begin_path();
    for (x, y) in upper.into_iter().chain(lower.into_iter().rev()).filter(|(_, y)| y.is_finite()) {
        context.line_to(f64::from(x), f64::from(y));
    }
    context.fill();
    context.set_global_alpha(1.0);
}

/// The raw values of a line that is smoothed.
fn draw_raw_behind(
    context: &CanvasRenderingContext2d,
    pyramids: &mut Pyramids,
    line: &PlotLine,
    scale: &Scale,
) {
    if line.smooth.is_some()
        && let Some(points) = pyramids.points(line, Part::Raw, scale)
    {
        context.set_global_alpha(RAW_OPACITY);
        draw_points(context, &points, 1.0, &[], scale);
        context.set_global_alpha(1.0);
    }
}

fn draw_line(context: &CanvasRenderingContext2d, pyramids: &mut Pyramids, line: &PlotLine, scale: &Scale) {
    let strong = if line.smooth.is_some() { Part::Smooth } else { Part::Raw };
    let Some(points) = pyramids.points(line, strong, scale) else { return };
    draw_points(context, &points, 2.0, line.style.dash_lengths(), scale);
    let (from, to) = (scale.x_axis.at(0.0), scale.x_axis.at(1.0));
    let (start, end) = (line.xs.partition_point(|x| *x < from), line.xs.partition_point(|x| *x <= to));
    // A line of one value would not be seen.
    if line.xs.len() == 1 || line.has_dots && end - start <= MAX_DOTS {
        let in_view = line.xs.iter().zip(line.strong().iter()).take(end).skip(start);
        // Those at the edges stay whole.
        let inside = |place: f64, length: f64| place.clamp(DOT_RADIUS, (length - DOT_RADIUS).max(DOT_RADIUS));
        for (x, y) in in_view.filter(|(_, y)| y.is_finite()) {
            context.begin_path();
            // A radius above 0 is never refused.
            let (x, y) = (inside(scale.x(*x), scale.size.0), inside(scale.y(*y), scale.size.1));
            let _ = context.arc(x, y, DOT_RADIUS, 0.0, TAU);
            context.fill();
        }
    }
}

fn draw_marks(context: &CanvasRenderingContext2d, line: &PlotLine, scale: &Scale) {
    context.begin_path();
    for x in line.marks.iter().map(|x| scale.x(*x)).filter(|x| (0.0..=scale.size.0).contains(x)) {
        context.move_to(x, scale.size.1);
        context.line_to(x, scale.size.1 - MARK_HEIGHT);
    }
    context.stroke();
}

fn draw_points(
    context: &CanvasRenderingContext2d,
    points: &[(f32, f32)],
    line_width: f64,
    dash: &[f64],
    scale: &Scale,
) {
    let (width, height) = scale.size;
    let rises = points.windows(2).map(|pair| f64::from((pair[1].1 - pair[0].1).abs()).min(height));
    let length: f64 = rises.filter(|rise| rise.is_finite()).sum();
    if length > MAX_STROKED * width {
        fill_columns(context, points, line_width, height);
    } else {
        set_dash(context, dash);
        context.set_line_width(line_width);
        stroke(context, points);
        set_dash(context, &[]);
    }
}

fn stroke(context: &CanvasRenderingContext2d, points: &[(f32, f32)]) {
    context.begin_path();
    let mut is_down = false;
    for (x, y) in points {
        match (y.is_finite(), is_down) {
            (true, true) => context.line_to(f64::from(*x), f64::from(*y)),
            (true, false) => context.move_to(f64::from(*x), f64::from(*y)),
            (false, _) => {}
        }
        is_down = y.is_finite();
    }
    context.stroke();
}

/// A line that jumps up and down in every column of pixels covers it from its least to its greatest value: filling that is the
/// same picture, and many times faster than stroking.
fn fill_columns(context: &CanvasRenderingContext2d, points: &[(f32, f32)], line_width: f64, height: f64) {
    let mut before = f32::NAN;
    for own in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        // On from where the last column ended. Comparing skips what is not a number.
        let ys = || own.iter().map(|point| point.1).chain([before]);
        let (top, bottom) = (ys().fold(f32::NAN, f32::min), ys().fold(f32::NAN, f32::max));
        let top = f64::from(top).max(0.0) - line_width / 2.0;
        let bottom = f64::from(bottom).min(height) + line_width / 2.0;
        if own.iter().any(|point| point.1.is_finite()) && bottom > top {
            context.fill_rect(f64::from(own[0].0.floor()), top, 1.0, bottom - top);
        }
        before = own[own.len() - 1].1;
    }
}

fn set_dash(context: &CanvasRenderingContext2d, lengths: &[f64]) {
    let lengths: Array = lengths.iter().copied().map(JsValue::from).collect();
    // Lengths above 0 are never refused.
    let _ = context.set_line_dash(&lengths);
}
