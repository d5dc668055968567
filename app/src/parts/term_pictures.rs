//! Pictures of terms: a kernel that glides over the drawn digit, ReLU, pooling, dropout.

use ink::{Image, SIDE};
use leptos::{html, prelude::*};

use ::paper::show_levels;

use crate::{drawing_state::network_input, lab::Lab};

/// Finds edges that are bright below and dark above: strokes from left to right.
const KERNEL: [[f32; 3]; 3] = [[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]];
/// Side of the feature map that a kernel of 3 pixels leaves.
const MAP_SIDE: usize = SIDE - 2;

/// Whether there is a picture of a term.
pub(crate) fn has_picture(id: &str) -> bool {
    matches!(id, "convolution" | "relu" | "sigmoid" | "pooling" | "dropout")
}

/// The picture of a term.
#[component]
pub(crate) fn TermPicture(id: &'static str) -> impl IntoView {
    match id {
        "convolution" => view! { <Convolution /> }.into_any(),
        "pooling" => view! { <Pooling /> }.into_any(),
        "dropout" => view! { <DropoutPicture /> }.into_any(),
        "sigmoid" => curve("Sigmoid, between 0 and 1", |x| 1.0 / (1.0 + (-x).exp())).into_any(),
        _ => curve("ReLU: 0 below zero, unchanged above", |x| x.max(0.0) / 4.0).into_any(),
    }
}

/// What the kernel gives at a place of the image, of grey levels from 0 to 1.
fn response(image: &Image, row: usize, column: usize) -> f32 {
    let mut sum = 0.0;
    for (y, weights) in KERNEL.iter().enumerate() {
        for (x, weight) in weights.iter().enumerate() {
            sum += weight * f32::from(image[(row + y) * SIDE + column + x]) / 255.0;
        }
    }
    sum
}

/// A seven, for those who have drawn nothing.
fn example() -> Image {
    let mut image = [0; SIDE * SIDE];
    for step in 0..12 {
        for thickness in 0..3 {
            image[(6 + thickness) * SIDE + 8 + step] = 255;
            image[(9 + step) * SIDE + 18 - step * 2 / 3 + thickness - 1] = 255;
        }
    }
    image
}

#[component]
fn Convolution() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let place = RwSignal::new(6 * MAP_SIDE + 10);
    let image = Memo::new(move |_| network_input(lab.drawing).unwrap_or_else(example).to_vec());
    let (input, output) = (NodeRef::<html::Canvas>::new(), NodeRef::<html::Canvas>::new());
    let levels = move || {
        let mut own = [0; SIDE * SIDE];
        image.with(|image| own.copy_from_slice(image));
        own
    };
    Effect::new(move |_| {
        let (image, place) = (levels(), place.get());
        if let Some(canvas) = input.get() {
            show_levels(&canvas, SIDE, &image);
        }
        if let Some(canvas) = output.get() {
            let level = |at: usize| {
                let value = response(&image, at / MAP_SIDE, at % MAP_SIDE);
                if at <= place { (255.0 * value.clamp(0.0, 3.0) / 3.0) as u8 } else { 0 }
            };
            let map: Vec<u8> = (0..MAP_SIDE * MAP_SIDE).map(level).collect();
            show_levels(&canvas, MAP_SIDE, &map);
        }
    });
    let window = move || {
        let (row, column) = (place.get() / MAP_SIDE, place.get() % MAP_SIDE);
        view! { <rect x=column y=row width="3" height="3" /> }
    };
    let said = move || {
        let (row, column) = (place.get() / MAP_SIDE, place.get() % MAP_SIDE);
        format!("Row {}, column {}: {:.2}", row + 1, column + 1, response(&levels(), row, column))
    };
    view! {
        <figure class="term-picture">
            <div class="gliding">
                <div class="stack">
                    <canvas width=SIDE height=SIDE node_ref=input role="img" aria-label="The image"></canvas>
                    <svg viewBox="0 0 28 28" aria-hidden="true">{window}</svg>
                </div>
                <pre aria-label="The kernel">"-1 -1 -1\n 0  0  0\n 1  1  1"</pre>
                <canvas width=MAP_SIDE height=MAP_SIDE node_ref=output role="img" aria-label="The feature map so far"></canvas>
            </div>
            <label class="field">
                <span>"Place of the kernel"</span>
                <input type="range" min="0" max=MAP_SIDE * MAP_SIDE - 1 prop:value=move || place.get().to_string()
                    on:input=move |event| place.set(event_target_value(&event).parse().unwrap_or(0)) />
            </label>
            <figcaption>{said}". This kernel finds the lower edges of level strokes: in your drawing, or in a seven where you have drawn nothing."</figcaption>
        </figure>
    }
}

/// A function from -4 to 4 with values from 0 to 1.
fn curve(text: &'static str, value: fn(f32) -> f32) -> impl IntoView {
    let point = |step: u8| {
        let x = f32::from(step) / 4.0;
        format!("{}{:.1} {:.1}", if step == 0 { "M" } else { "L" }, 10.0 * x, 42.0 - 40.0 * value(x - 4.0))
    };
    let path: String = (0..=32).map(point).collect();
    view! {
        <figure class="term-picture">
            <svg viewBox="0 0 80 44" role="img" aria-label=text>
                <path class="grid" d="M0 42H80M40 0V44" />
                <path class="smooth" d=path />
            </svg>
            <figcaption>{text}</figcaption>
        </figure>
    }
}

#[component]
fn Pooling() -> impl IntoView {
    const VALUES: [[u8; 4]; 4] = [[1, 3, 0, 0], [2, 9, 1, 0], [0, 4, 7, 2], [1, 0, 5, 6]];
    let is_max = RwSignal::new(true);
    let cell = |row: usize, column: usize| {
        let shade = if (row / 2 + column / 2).is_multiple_of(2) { "even" } else { "odd" };
        view! { <td class=shade>{VALUES[row][column]}</td> }
    };
    let pooled = move |row: usize, column: usize| {
        let own = [0, 1].map(|y| [0, 1].map(|x| VALUES[2 * row + y][2 * column + x]));
        let values = own.concat();
        if is_max.get() {
            values.iter().max().copied().unwrap_or(0).to_string()
        } else {
            let sum: u32 = values.iter().map(|&value| u32::from(value)).sum();
            (f64::from(sum) / 4.0).to_string()
        }
    };
    let shade = |row: usize, column: usize| if (row + column).is_multiple_of(2) { "even" } else { "odd" };
    view! {
        <figure class="term-picture">
            <div class="gliding">
                <table class="numbers" aria-label="Before pooling"><tbody>
                    {(0..4).map(|row| view! { <tr>{(0..4).map(|column| cell(row, column)).collect_view()}</tr> }).collect_view()}
                </tbody></table>
                <span aria-hidden="true">"→"</span>
                <table class="numbers" aria-label="After pooling"><tbody>
                    {(0..2).map(|row| view! { <tr>{(0..2).map(|column| view! {
                        <td class=shade(row, column)>{move || pooled(row, column)}</td>
                    }).collect_view()}</tr> }).collect_view()}
                </tbody></table>
            </div>
            <button type="button" on:click=move |_| is_max.update(|max| *max = !*max)>
                {move || if is_max.get() { "Show the mean instead" } else { "Show the largest instead" }}
            </button>
            <figcaption>"Of each window of 2 x 2 one value is kept."</figcaption>
        </figure>
    }
}

#[component]
fn DropoutPicture() -> impl IntoView {
    /// Units in a row.
    const UNITS: usize = 8;
    let step = RwSignal::new(1_u32);
    let is_off = move |unit: usize| {
        // Any function that looks random does for a picture.
        (step.get().wrapping_mul(2_654_435_761) >> (8 + 2 * unit)).is_multiple_of(2)
    };
    let unit = move |index: usize| {
        view! { <circle cx=10 * index + 5 cy="10" r="4" class:off=move || is_off(index) /> }
    };
    view! {
        <figure class="term-picture">
            <svg viewBox="0 0 80 20" role="img" aria-label="Eight units, some of them set to 0">{(0..UNITS).map(unit).collect_view()}</svg>
            <button type="button" on:click=move |_| step.update(|step| *step += 1)>"Next step"</button>
            <figcaption>"Dropout of 50 %: in each step other units count as 0. When the network is used, all of them take part."</figcaption>
        </figure>
    }
}
