//! The keys of a chart.

use leptos::prelude::*;
use metrics::{clamp_window, pan_window, zoom_window};
use web_sys::KeyboardEvent;

use super::{PlotLine, View, nearest_x};

/// What one press of plus leaves in view.
const KEY_ZOOM: f64 = 0.7;
/// How far one press moves the view, in views.
const KEY_PAN: f64 = 0.2;
/// How far one press moves the cursor, in views, where there are many values.
const KEY_STEP: f64 = 1.0 / 200.0;
/// How far a page key moves it.
const PAGE_STEP: f64 = 1.0 / 10.0;

/// What they do, for people who do not see it.
pub(super) const HELP: &str = "Arrow keys read values, plus and minus zoom, Shift with arrows moves the view, Home and End go to the \
                               ends, Escape shows all.";

/// Does what a key is for.
pub(super) fn pressed(view: View, event: &KeyboardEvent) {
    let is_ours = !event.ctrl_key() && !event.alt_key() && !event.meta_key();
    if is_ours
        && let Some(action) = key_action(&event.key(), event.shift_key())
        && perform(view, action)
    {
        event.prevent_default();
    }
}

/// What a key does.
#[derive(Clone, Copy)]
enum Action {
    /// Moves the cursor by a share of the view, to a value at least.
    Step(f64),
    /// Moves the view by a share of itself.
    Pan(f64),
    Zoom(f64),
    /// Reads the first value.
    First,
    /// Reads the last value.
    Last,
    Reset,
}

fn key_action(key: &str, has_shift: bool) -> Option<Action> {
    Some(match (key, has_shift) {
        ("ArrowLeft" | "ArrowDown", true) => Action::Pan(-KEY_PAN),
        ("ArrowRight" | "ArrowUp", true) => Action::Pan(KEY_PAN),
        ("ArrowLeft" | "ArrowDown", false) => Action::Step(-KEY_STEP),
        ("ArrowRight" | "ArrowUp", false) => Action::Step(KEY_STEP),
        ("PageDown", _) => Action::Step(-PAGE_STEP),
        ("PageUp", _) => Action::Step(PAGE_STEP),
        ("+" | "=", _) => Action::Zoom(KEY_ZOOM),
        ("-" | "_", _) => Action::Zoom(1.0 / KEY_ZOOM),
        ("Home", _) => Action::First,
        ("End", _) => Action::Last,
        ("Escape", _) => Action::Reset,
        _ => return None,
    })
}

/// Does it; whether there was anything to do.
fn perform(view: View, action: Action) -> bool {
    let (whole, now) = (view.whole.get_untracked(), view.in_view());
    let at = view.cursor.get_untracked();
    match action {
        Action::Pan(share) => view.window.set(pan_window(now, share, whole)),
        Action::Zoom(factor) => {
            let about = at.filter(|x| (now.0..=now.1).contains(x)).unwrap_or(f64::midpoint(now.0, now.1));
            view.window.set(zoom_window(now, about, factor, whole));
        }
        Action::First => go_to(view, Some(whole.0)),
        Action::Last => go_to(view, Some(untrack(|| view.last()))),
        Action::Step(share) => {
            let by = share * (now.1 - now.0);
            let from = at.unwrap_or_else(|| untrack(|| view.last()).min(now.1));
            go_to(view, view.shown.with_untracked(|lines| stepped(lines, from, by)));
        }
        Action::Reset => {
            let has_any = at.is_some() || view.window.with_untracked(Option::is_some);
            view.cursor.set(None);
            view.window.set(None);
            return has_any;
        }
    }
    true
}

/// Reads at `x`, and moves the view where that lies outside.
fn go_to(view: View, x: Option<f64>) {
    let Some(x) = x else { return };
    let now = view.in_view();
    let by = (x - now.1).max(0.0) - (now.0 - x).max(0.0);
    if by != 0.0 {
        view.window.set(clamp_window((now.0 + by, now.1 + by), view.whole.get_untracked()));
    }
    view.cursor.set(Some(x));
}

/// The x value about `by` from another: another one in any case, if there is one on that side.
fn stepped(lines: &[PlotLine], from: f64, by: f64) -> Option<f64> {
    let near = nearest_x(lines, from + by)?;
    if (near - from) * by > 0.0 {
        return Some(near);
    }
    if by > 0.0 {
        let next = |line: &PlotLine| line.xs.get(line.xs.partition_point(|x| *x <= from)).copied();
        lines.iter().filter_map(next).reduce(f64::min)
    } else {
        let previous = |line: &PlotLine| line.xs[..line.xs.partition_point(|x| *x < from)].last().copied();
        lines.iter().filter_map(previous).reduce(f64::max)
    }
}
