//! Choose a recipe and watch a network learn.

use leptos::prelude::*;
use recipe::{
    Architecture, Augmentation, DataChoice, DeviceChoice, Optimizer, Preset, Schedule, TrainRecipe,
};

use crate::{
    browser,
    engine::{Phase, RunView},
    parts::chart::Chart,
    session::{Session, backend_title},
};

/// The Train page.
#[component]
pub(crate) fn TrainPage() -> impl IntoView {
    let session = expect_context::<Session>();
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" && session.run.with_untracked(can_stop) {
            session.with_trainer(crate::engine::Trainer::stop);
        }
    });
    on_cleanup(move || keys.remove());
    view! {
        <h1 class="visually-hidden">"Train a network"</h1>
        <div class="train">
            <section class="card recipe" aria-label="Recipe">
                <Recipe />
                <Controls />
            </section>
            <section class="card progress" aria-label="Run">
                <Progress />
                <Curves />
                <Figures />
            </section>
        </div>
    }
}

fn can_stop(run: &RunView) -> bool {
    run.is_busy() && run.phase != Phase::Stopping
}

/// A labelled choice between named values.
fn select<T: Copy + PartialEq + Send + Sync + 'static>(
    label: &'static str,
    all: Vec<(&'static str, &'static str, T)>,
    value: RwSignal<T>,
    then: impl Fn(T) + 'static,
) -> impl IntoView {
    let options = all.clone().into_iter().map(move |(id, title, choice)| {
        view! { <option value=id prop:selected=move || value.get() == choice>{title}</option> }
    });
    let changed = move |event| {
        let id = event_target_value(&event);
        if let Some((_, _, choice)) = all.iter().find(|(known, _, _)| *known == id) {
            value.set(*choice);
            then(*choice);
        }
    };
    view! {
        <label class="field">
            <span>{label}</span>
            <select on:change=changed>{options.collect_view()}</select>
        </label>
    }
}

fn number(label: &'static str, step: &'static str, value: RwSignal<String>) -> impl IntoView {
    let has_value =
        |event: &web_sys::Event| !event_target::<web_sys::HtmlInputElement>(event).validity().bad_input();
    view! {
        <label class="field">
            <span>{label}</span>
            <input type="number" inputmode="decimal" step=step min="0" prop:value=value
                on:input=move |event| {
                    // At "0." the field's value is still "0": to write that back would take the point away again.
                    let text = event_target_value(&event);
                    if has_value(&event) && value.get_untracked() != text {
                        value.set(text);
                    }
                }
                on:change=move |event| {
                    // What was left half typed must not stand there while an older value is used.
                    if !has_value(&event) {
                        value.set(String::new());
                    }
                } />
        </label>
    }
}

#[component]
fn Recipe() -> impl IntoView {
    let session = expect_context::<Session>();
    let form = session.form;
    let busy = move || session.run.with(RunView::is_busy);
    let architectures = Architecture::ALL.map(|choice| (choice.id(), choice.title(), choice)).to_vec();
    let optimizers = Optimizer::ALL.map(|choice| (choice.id(), choice.title(), choice)).to_vec();
    let schedules = Schedule::ALL
        .map(|choice| {
            (choice.id(), if choice == Schedule::OneCycle { "one cycle" } else { "constant" }, choice)
        })
        .to_vec();
    let devices = DeviceChoice::ALL
        .map(|choice| {
            let title = match choice {
                DeviceChoice::Auto => "Auto",
                DeviceChoice::WebGpu => "WebGPU",
                DeviceChoice::Cpu => "CPU",
            };
            (choice.id(), title, choice)
        })
        .to_vec();
    let augmentations = vec![
        ("none", "none: images as they are", false),
        ("usual", "bent, turned, thickened, blurred", true),
    ];
    let norms = vec![("none", "none", false), ("batch", "batch norm", true)];
    let parameters =
        move || format!("{} parameters", gauge::grouped(form.architecture.get().parameter_count() as u32));
    let usual_rate = move || {
        let rate = form.optimizer.get_untracked().usual_learning_rate(form.architecture.get_untracked());
        form.learning_rate.set(rate.to_string());
    };
    let own = std::iter::once(("own", "Own choice", None));
    let presets = Preset::ALL.map(|preset| (preset.id(), preset.title(), Some(preset)));
    let presets = presets.into_iter().chain(own).collect();
    // Shows which preset the fields make up, and sets them where another one is chosen.
    let preset = RwSignal::new(None);
    Effect::new(move || {
        form.track();
        // Whatever is done to the images.
        let recipe =
            form.read_recipe().map(|recipe| TrainRecipe { augmentation: Augmentation::NONE, ..recipe });
        preset.set(recipe.ok().and_then(|recipe| Preset::of(&recipe)));
    });
    let follow = move |chosen: Option<Preset>| {
        if let Some(chosen) = chosen {
            form.set_recipe(&chosen.recipe());
        }
    };
    view! {
        <fieldset disabled=busy>
            <legend class="visually-hidden">"Recipe"</legend>
            <Data />
            {select("Recipe", presets, preset, follow)}
            {select("Augmentation", augmentations, form.augments, |_| ())}
            {select("Model", architectures, form.architecture, move |_| usual_rate())}
            <p class="hint">{parameters}</p>
            {select("Normalisation", norms, form.batch_norm, |_| ())}
            {select("Optimizer", optimizers, form.optimizer, move |_| usual_rate())}
            <div class="pair">
                {number("Learning rate", "any", form.learning_rate)}
                {select("Schedule", schedules, form.schedule, |_| ())}
            </div>
            <div class="pair">
                {number("Batch size", "1", form.batch_size)}
                {number("Epochs", "1", form.epochs)}
            </div>
            <div class="pair">
                {select("Device", devices, form.device, |_| ())}
                {number("Workers", "1", form.workers)}
            </div>
            <div class="pair">
                {number("Weight decay", "any", form.weight_decay)}
                {number("Seed", "1", form.seed)}
            </div>
        </fieldset>
    }
}

#[component]
fn Data() -> impl IntoView {
    let session = expect_context::<Session>();
    let form = session.form;
    let has_mnist = move || session.site.with(|site| site.as_ref().is_none_or(|site| site.mnist));
    let is_built_in = move || matches!(form.data.get(), DataChoice::BuiltIn { .. });
    let changed = move |event| {
        form.set_data(match event_target_value(&event).as_str() {
            "built-in" => DataChoice::BuiltIn { train_images: 20_000 },
            "files" => DataChoice::Files,
            _ => DataChoice::Mnist,
        });
    };
    let take = move |list: Option<web_sys::FileList>| {
        let files = browser::files(list);
        if !files.is_empty() {
            form.files.set(files);
            form.set_data(DataChoice::Files);
        }
    };
    let chosen = move |event: leptos::ev::Event| {
        take(event_target::<web_sys::HtmlInputElement>(&event).files());
    };
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        take(event.data_transfer().and_then(|transfer| transfer.files()));
    };
    let names = move || {
        let names: Vec<String> = form.files.with(|files| files.iter().map(web_sys::File::name).collect());
        if names.is_empty() {
            "Drop IDX files of images and labels here, gzipped or not.".into()
        } else {
            names.join(", ")
        }
    };
    view! {
        <div on:dragover=|event| event.prevent_default() on:drop=dropped>
            <label class="field">
                <span>"Data"</span>
                <select on:change=changed>
                    <option value="mnist" disabled=move || !has_mnist() selected=move || form.data.get() == DataChoice::Mnist>
                        "MNIST: 60,000 digits"
                    </option>
                    <option value="built-in" selected=is_built_in>"Built-in digits"</option>
                    <option value="files" selected=move || form.data.get() == DataChoice::Files>"Your IDX files"</option>
                </select>
            </label>
            <Show when=move || !has_mnist()>
                <p class="hint">"MNIST was not on the machine that built this site. Train on the built-in digits, or on your own files."</p>
            </Show>
            <Show when=is_built_in>{number("Built-in digits", "1", form.built_in_images)}</Show>
            <Show when=move || form.data.get() == DataChoice::Files>
                <label class="field drop">
                    <span>"IDX files"</span>
                    <input type="file" multiple on:change=chosen />
                </label>
                <p class="hint">{names}</p>
            </Show>
            <p class="hint">"Of 5,000 images or more, one in fifty is not learned from: confidence is calibrated on it."</p>
        </div>
    }
}

#[component]
fn Controls() -> impl IntoView {
    let session = expect_context::<Session>();
    let phase = Memo::new(move |_| session.run.with(|run| run.phase.clone()));
    let busy = Memo::new(move |_| session.run.with(RunView::is_busy));
    let is_primary = move || !busy.get() || phase.get() == Phase::Paused;
    let can_press =
        move || !busy.get() || matches!(phase.get(), Phase::Running | Phase::Testing(..) | Phase::Paused);
    let stoppable = move || session.run.with(can_stop);
    // One button for all three, so that a person who uses the keyboard stays on it.
    let name = move || match phase.get() {
        Phase::Paused => "Resume",
        _ if busy.get() => "Pause",
        _ => "Start training",
    };
    let press = move |_| match phase.get_untracked() {
        Phase::Paused => session.with_trainer(crate::engine::Trainer::resume),
        _ if busy.get_untracked() => session.with_trainer(crate::engine::Trainer::pause),
        _ => session.start_training(),
    };
    view! {
        <div class="buttons">
            <button class:primary=is_primary aria-disabled=move || (!can_press()).to_string()
                on:click=move |event| if can_press() { press(event) }>{name}</button>
            <Show when=move || busy.get()>
                <button disabled=move || !stoppable()
                    on:click=move |_| session.with_trainer(crate::engine::Trainer::stop)>"Stop"</button>
            </Show>
            <Show when=move || session.can_save.get()>
                <button on:click=move |_| session.save_trained()>"Save model"</button>
            </Show>
        </div>
    }
}

#[component]
fn Progress() -> impl IntoView {
    let session = expect_context::<Session>();
    let run = session.run;
    let percent = move || {
        run.with(|run| if run.steps == 0 { 0.0 } else { 100.0 * f64::from(run.step) / f64::from(run.steps) })
    };
    let headline = move || run.with(headline);
    let device = move || {
        run.with(|run| {
            run.device.as_ref().map(|device| {
                let checked = run.device_difference.map_or_else(String::new, |difference| {
                    format!(" Checked against the CPU: gradients differ by at most {difference:.0e} of their size.")
                });
                let together = match run.workers {
                    0 | 1 => String::new(),
                    workers => format!(", {workers} workers together"),
                };
                format!("{}{together}: {}{checked}", backend_title(device.backend), device.why)
            })
        })
    };
    let test = move || {
        run.with(|run| run.tests.last().map(|last| format!("Test accuracy {}", last.test.with_interval())))
    };
    let test_meaning = move || {
        run.with(|run| {
            let total = run.tests.last()?.test.total;
            Some(format!("In brackets: its 95 % interval, from {} test images.", gauge::grouped(total)))
        })
    };
    let failed = move || {
        run.with(|run| match &run.phase {
            Phase::Failed(text) => Some(text.clone()),
            _ => None,
        })
    };
    view! {
        <div class="bar-line">
            <div class="progressbar" role="progressbar" aria-label="Training progress" aria-valuemin="0" aria-valuemax="100"
                aria-valuenow=move || format!("{:.1}", percent()) aria-valuetext=headline>
                <span style:transform=move || format!("scaleX({:.4})", percent() / 100.0)></span>
            </div>
            <p class="headline">{headline}</p>
        </div>
        <p class="trouble-text" role="alert">{failed}</p>
        <p class="result" role="status" aria-label="Test accuracy">{test}</p>
        <p class="hint">{test_meaning}</p>
        <p class="hint" role="status" aria-label="Device in use">{device}</p>
    }
}

/// What the run is doing, in a line.
fn headline(run: &RunView) -> String {
    let epoch = run.recipe.epochs.min(1 + run.tests.len() as u32);
    let place = format!("epoch {epoch} of {}", run.recipe.epochs);
    match &run.phase {
        Phase::Idle => "Nothing has been trained yet.".into(),
        Phase::Preparing(what) => format!("{what} …"),
        Phase::Running => {
            let total = u64::from(run.train_images) * u64::from(run.recipe.epochs);
            let rate = run.rate.images_per_s();
            let left = run.rate.seconds_left(total.saturating_sub(run.images_seen));
            match (rate, left) {
                (Some(rate), Some(left)) => {
                    let rate = gauge::grouped(rate.round() as u32);
                    format!("{place} · {rate} images/s · {} left", gauge::duration_text(left))
                }
                _ => place,
            }
        }
        Phase::Testing(done, total) => {
            format!("{place} · testing: {} of {} images", gauge::grouped(*done), gauge::grouped(*total))
        }
        Phase::Paused => format!("{place} · paused at step {} of {}", run.step, run.steps),
        Phase::Stopping => "Stopping …".into(),
        Phase::Done { stopped: true } => format!("Stopped at step {} of {}", run.step, run.steps),
        Phase::Done { stopped: false } => {
            let (epochs, steps) =
                (gauge::counted(run.recipe.epochs, "epoch"), gauge::counted(run.steps, "step"));
            format!("Done: {epochs}, {steps}")
        }
        Phase::Failed(_) => "The run ended early.".into(),
    }
}

#[component]
fn Curves() -> impl IntoView {
    let session = expect_context::<Session>();
    let run = session.run;
    let x_max = Signal::derive(move || run.with(|run| f64::from(run.steps.max(1))));
    let at_epoch = move |run: &RunView, epoch: u32| {
        f64::from(epoch) * f64::from(run.steps) / f64::from(run.recipe.epochs)
    };
    let loss_summary = move || {
        run.with(|run| {
            run.recent.last().map_or("no points yet".into(), |p| format!("{:.4} at step {}", p.loss, p.step))
        })
    };
    let accuracy_summary = move || {
        run.with(|run| {
            run.recent
                .last()
                .map_or("no points yet".into(), |p| format!("{:.1} % at step {}", 100.0 * p.accuracy, p.step))
        })
    };
    let accuracy_range = move || {
        run.with(|run| {
            let high = run.accuracy.points().iter().rev().take(20).all(|point| point.y > 0.85);
            if high && !run.accuracy.points().is_empty() { (0.8, 1.0) } else { (0.0, 1.0) }
        })
    };
    let loss_marks = move || {
        run.with(|run| {
            run.tests.iter().map(|test| (at_epoch(run, test.epoch), f64::from(test.loss))).collect()
        })
    };
    let accuracy_marks = move || {
        run.with(|run| run.tests.iter().map(|test| (at_epoch(run, test.epoch), test.test.share())).collect())
    };
    view! {
        <div class="charts">
            <Chart title="Loss (cross-entropy, nats)" curve=Signal::derive(move || run.with(|run| run.loss.clone()))
                marks=Signal::derive(loss_marks) x_max y_range=Signal::derive(move || (0.0, 2.5))
                label=|value| format!("{value:.1}") summary=Signal::derive(loss_summary) />
            <Chart title="Accuracy on training batches; dots: on the test images" curve=Signal::derive(move || run.with(|run| run.accuracy.clone()))
                marks=Signal::derive(accuracy_marks) x_max y_range=Signal::derive(accuracy_range)
                label=|value| format!("{:.0} %", 100.0 * value) summary=Signal::derive(accuracy_summary) />
        </div>
    }
}

/// The numbers behind the curves.
#[component]
fn Figures() -> impl IntoView {
    let session = expect_context::<Session>();
    let tests = move || {
        session.run.with(|run| run.tests.iter().map(|test| view! {
        <tr><td>{test.epoch}</td><td>{test.test.with_interval()}</td><td>{format!("{:.4}", test.loss)}</td></tr>
    }).collect_view())
    };
    let steps = move || {
        session.run.with(|run| run.recent.iter().map(|point| view! {
        <tr><td>{point.step}</td><td>{format!("{:.5}", point.loss)}</td><td>{format!("{:.1} %", 100.0 * point.accuracy)}</td></tr>
    }).collect_view())
    };
    view! {
        <details class="figures">
            <summary>"Figures"</summary>
            <table aria-label="Test after each epoch">
                <thead><tr><th>"Epoch"</th><th>"Test accuracy (95 % interval)"</th><th>"Test loss"</th></tr></thead>
                <tbody>{tests}</tbody>
            </table>
            <table aria-label="Newest steps">
                <thead><tr><th>"Step"</th><th>"Loss"</th><th>"Accuracy"</th></tr></thead>
                <tbody>{steps}</tbody>
            </table>
        </details>
    }
}
