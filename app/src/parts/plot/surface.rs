//! The area of a chart's lines, which is read and moved.

use leptos::{html, prelude::*};

use super::{View, keys, legend::Reading, pointer::Pointers, save::file_stem, x_text};

/// Lines, cursor and chosen range.
#[component]
pub(super) fn Surface(
    view: View,
    readings: Memo<Vec<Reading>>,
    canvas: NodeRef<html::Canvas>,
) -> impl IntoView {
    let View { name, x_name, whole, scale, cursor, window, .. } = view;
    let at = move || cursor.get().unwrap_or_else(|| view.last());
    let pointers = Pointers::new(view, canvas);
    let sentence = move || {
        let values = readings.get();
        if values.is_empty() {
            return "no values yet".to_owned();
        }
        let each: Vec<_> =
            values.iter().map(|reading| format!("{} {}", reading.name, reading.value)).collect();
        format!("{} {}: {}", x_name.get().to_lowercase(), x_text(at()), each.join(", "))
    };
    let cursor_line = move || {
        let place = cursor.get().map(|x| scale.with(|scale| scale.x_axis.place(x)));
        let place = place.filter(|place| (0.0..=1.0).contains(place))?;
        Some(view! { <span class="cursor-line" style:left=format!("{:.3}%", 100.0 * place)></span> })
    };
    let chosen_range = move || {
        let (from, to) = pointers.chosen.get()?;
        let (left, width) = (format!("{:.3}%", 100.0 * from), format!("{:.3}%", 100.0 * (to - from)));
        Some(view! { <span class="chosen-range" style:left=left style:width=width></span> })
    };
    let help = format!("keys-of-{}", file_stem(name));
    view! {
        <div class="surface" tabindex="0" role="slider" aria-label=format!("Read {name}") aria-describedby=help.clone()
            aria-orientation="horizontal" aria-valuemin=move || whole.get().0 aria-valuemax=move || whole.get().1
            aria-valuenow=at aria-valuetext=sentence
            on:keydown=move |event| keys::pressed(view, &event)
            on:pointerdown=move |event| pointers.down(&event)
            on:pointermove=move |event| pointers.moved(&event)
            on:pointerup=move |event| pointers.up(&event)
            on:pointercancel=move |event| pointers.cancelled(&event)
            on:pointerleave=move |event| pointers.left(&event)
            on:wheel=move |event| pointers.wheel(&event)
            on:dblclick=move |_| window.set(None)>
            <canvas node_ref=canvas aria-hidden="true"></canvas>
            {cursor_line}
            {chosen_range}
        </div>
        <span class="visually-hidden" id=help>{keys::HELP}</span>
    }
}
