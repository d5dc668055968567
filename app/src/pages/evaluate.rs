//! The model in use, tested on labelled images: accuracy, reliability, confusion.

use ink::{PIXELS, found_ink, normalise};
use leptos::{html, prelude::*};
use protocol::{DataSource, FromWorker, TestData, ToWorker};
use recipe::{Assessment, DataChoice};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::{
    browser,
    engine::{Errand, errand},
    pictures,
    session::{Given, Session, labelled},
};

/// Most that files to test on may have together.
const MAX_FILES_MIB: u32 = 256;

/// What can be tested on.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Mnist,
    BuiltIn,
    Drawings,
    Files,
}

impl Source {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Mnist, "mnist", "MNIST test images"),
        (Self::BuiltIn, "built-in", "Built-in digits"),
        (Self::Drawings, "drawings", "My drawings"),
        (Self::Files, "files", "Files"),
    ];
}

/// A test of the model in use.
#[component]
pub(crate) fn Evaluate() -> impl IntoView {
    let session = expect_context::<Session>();
    let source = RwSignal::new(Source::Mnist);
    let files = RwSignal::new_local(Vec::<File>::new());
    let said = RwSignal::new(String::new());
    let failed = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let found = RwSignal::new(None::<Assessment>);
    let input = NodeRef::<html::Input>::new();
    let has_mnist = move || session.site.with(|site| site.as_ref().is_some_and(|site| site.mnist));
    Effect::new(move |_| {
        if session.site.with(Option::is_some) && !has_mnist() && source.get_untracked() == Source::Mnist {
            source.set(Source::BuiltIn);
        }
    });
    let chosen = move |_| {
        if let Some(input) = input.get_untracked() {
            files.set(browser::files(input.files()));
        }
    };
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        event.stop_propagation();
        files.set(browser::files(event.data_transfer().and_then(|transfer| transfer.files())));
        source.set(Source::Files);
    };
    let changed = move |event| {
        let id = event_target_value(&event);
        if let Some((choice, ..)) = Source::ALL.iter().find(|(_, known, _)| *known == id) {
            source.set(*choice);
        }
    };
    let press = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        found.set(None);
        failed.set(String::new());
        said.set("Reading the images …".into());
        spawn_local(async move {
            let Given { name, file, .. } = session.given();
            match evaluate(&session, &file, source.get_untracked(), files.get_untracked(), said).await {
                Ok((assessment, images)) => {
                    said.set(in_words(&assessment, &name, &images));
                    found.set(Some(assessment));
                }
                Err(text) => {
                    said.set(String::new());
                    failed.set(text);
                }
            }
            busy.set(false);
        });
    };
    let names = move || {
        let names: Vec<String> = files.with(|files| files.iter().map(File::name).collect());
        match names.len() {
            0 => "A pair of IDX files, a CSV file (label, 784 pixels), strokes as JSON lines, or pictures with their labels.csv (columns file and label); dropped here or chosen.".into(),
            1..=3 => names.join(", "),
            count => format!("{}, {} and {} more", names[0], names[1], count - 2),
        }
    };
    let options = Source::ALL.map(|(choice, id, title)| {
        let missing = move || choice == Source::Mnist && !has_mnist();
        view! { <option value=id disabled=missing prop:selected=move || source.get() == choice>{title}</option> }
    });
    view! {
        <section class="card evaluate" aria-label="Evaluate" on:dragover=|event| event.prevent_default() on:drop=dropped>
            <h2>"Evaluate the model in use"</h2>
            <div class="pair">
                <label class="field"><span>"Test on"</span><select on:change=changed>{options.collect_view()}</select></label>
                <div class="buttons"><button class="primary" aria-disabled=move || busy.get().to_string() on:click=press>"Evaluate"</button></div>
            </div>
            <Show when=move || source.get() == Source::Files>
                <label class="field"><span>"Files to test on"</span>
                    <input type="file" multiple aria-label="Files to test on" node_ref=input on:change=chosen /></label>
                <p class="hint">{names}</p>
            </Show>
            <p class="checked" role="status" aria-label="Evaluation">{said}</p>
            <p class="trouble-text" role="alert">{failed}</p>
            {move || found.get().map(|found| view! {
                <div class="found-figures">
                    <Reliability found=found.clone() />
                    <Confusion found />
                </div>
            })}
        </section>
    }
}

/// What an evaluation found, in two sentences.
fn in_words(found: &Assessment, model: &str, images: &str) -> String {
    let accuracy = found.accuracy();
    format!(
        "{model} on {images}: {} of {} right, {}. Expected calibration error {:.2} %; taken for no digit: {:.2} %.",
        gauge::grouped(accuracy.correct),
        gauge::counted(accuracy.total, "image"),
        accuracy.with_interval(),
        100.0 * found.expected_calibration_error(),
        100.0 * found.rejected_share()
    )
}

/// Confidence against accuracy: bars on the diagonal can be believed.
#[component]
fn Reliability(found: Assessment) -> impl IntoView {
    const SIDE: f64 = 300.0;
    let width = SIDE / found.bins.len() as f64;
    let filled = || found.bins.iter().enumerate().filter(|(_, bin)| bin.accuracy.total > 0);
    let bars = filled().map(|(place, bin)| {
        let height = SIDE * bin.accuracy.share();
        let mean = 100.0 * bin.confidence_sum / f64::from(bin.accuracy.total);
        let title = format!(
            "{} answers, {mean:.1} % sure in the mean: {:.1} % right",
            gauge::grouped(bin.accuracy.total),
            100.0 * bin.accuracy.share()
        );
        view! {
            <rect x=place as f64 * width + 1.0 y=SIDE - height width=width - 2.0 height=height><title>{title}</title></rect>
        }
    });
    let summary = filled()
        .map(|(_, bin)| {
            let mean = 100.0 * bin.confidence_sum / f64::from(bin.accuracy.total);
            format!("{mean:.0} % sure: {:.0} % right of {}", 100.0 * bin.accuracy.share(), bin.accuracy.total)
        })
        .collect::<Vec<_>>()
        .join("; ");
    let bars = bars.collect_view();
    view! {
        <figure class="chart reliability">
            <figcaption>"Reliability: share of right answers by confidence"</figcaption>
            <svg viewBox=format!("-1 -1 {0} {0}", SIDE + 2.0) role="img" aria-label=format!("Reliability diagram. {summary}")>
                {bars}
                <path d=format!("M0 {SIDE}L{SIDE} 0") />
            </svg>
            <p class="hint">"0 to 100 % sure, from left to right. A bar below the line: too sure; above it: not sure enough."</p>
        </figure>
    }
}

#[component]
fn Confusion(found: Assessment) -> impl IntoView {
    let rows = found.confusion.iter().enumerate().map(|(label, row)| {
        let total = row.iter().sum::<u32>().max(1);
        let cell = |(read, &count): (usize, &u32)| {
            let share = (f64::from(count) / f64::from(total)).sqrt();
            let class = if read == label { "right" } else { "wrong" };
            let text = if count == 0 { String::new() } else { count.to_string() };
            view! { <td class=class style=format!("--share: {:.0}%", 100.0 * share)>{text}</td> }
        };
        let cells = row.iter().enumerate().map(cell).collect_view();
        view! { <tr><th scope="row">{label}</th>{cells}</tr> }
    });
    let heads = (0..10).map(|digit| view! { <th scope="col">{digit}</th> }).collect_view();
    view! {
        <figure class="chart confusion">
            <figcaption>"Confusion: what is written (rows), what is read (columns)"</figcaption>
            <table aria-label="Confusion matrix">
                <thead><tr><th></th>{heads}</tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </figure>
    }
}

async fn evaluate(
    session: &Session,
    weights: &[u8],
    source: Source,
    files: Vec<File>,
    said: RwSignal<String>,
) -> Result<(Assessment, String), String> {
    let split = |choice| {
        let mnist_url = browser::site_url("data/mnist/");
        (TestData::Split(DataSource { choice, mnist_url, file_names: Vec::new() }), Vec::new())
    };
    let (data, rest) = match source {
        Source::Mnist => split(DataChoice::Mnist),
        Source::BuiltIn => split(DataChoice::BuiltIn { train_images: 6_000 }),
        Source::Drawings => {
            let buffers = session.drawings.with_untracked(|drawings| labelled(drawings.iter()));
            if buffers[1].is_empty() {
                return Err("You have kept no drawings yet: draw a digit and say what it is.".into());
            }
            (TestData::Images("your drawings".into()), buffers)
        }
        Source::Files => test_files(files, said).await?,
    };
    if weights.is_empty() {
        return Err("The model is still loading. Try again in a moment.".into());
    }
    let buffers = std::iter::once(weights.to_vec()).chain(rest).collect();
    let progress = move |step: Errand| {
        if let Errand::Done(done, total) = step {
            said.set(format!("{} of {} images", gauge::grouped(done), gauge::grouped(total)));
        }
    };
    match errand(ToWorker::Evaluate(1, data), buffers, progress).await?.message {
        FromWorker::Evaluated(_, found, name) => Ok((*found, name)),
        _ => Err("The worker gave no answer.".into()),
    }
}

/// The files as a worker takes them: pictures decoded, others as they are; the error is for people.
async fn test_files(files: Vec<File>, said: RwSignal<String>) -> Result<(TestData, Vec<Vec<u8>>), String> {
    if files.is_empty() {
        return Err("Choose the files to test on first.".into());
    }
    let is_list = |file: &File| file.name().to_lowercase() == "labels.csv";
    let Some(list) = files.iter().find(|file| is_list(file)) else {
        let names = files.iter().map(File::name).collect();
        let mut buffers = Vec::new();
        for file in &files {
            buffers.push(browser::read_file(file, MAX_FILES_MIB).await?);
        }
        return Ok((TestData::Files(names), buffers));
    };
    let mut names = Vec::new();
    let mut levels = Vec::new();
    let labels = browser::read_file(list, MAX_FILES_MIB).await?;
    let pictures: Vec<&File> = files.iter().filter(|file| !is_list(file)).collect();
    for (index, file) in pictures.iter().enumerate() {
        said.set(format!("Picture {} of {}", index + 1, pictures.len()));
        let picture = pictures::decode(file).await?.picture;
        names.push(file.name());
        levels.extend(normalise(&found_ink(&picture, None).raster).unwrap_or([0; PIXELS]));
    }
    Ok((TestData::Pictures(names), vec![labels, levels]))
}
