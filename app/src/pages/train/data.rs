//! What is learned from, and what is held back.

use browser_storage::KeptDataSet;
use leptos::prelude::*;
use protocol::data::{DataSummary, PartName};
use train_config::DataChoice;

use crate::{
    lab::Lab,
    parts::{bring_data::BringData, term::TermButton},
};

/// An accuracy of fewer images is known to a tenth at best.
const FEW_IMAGES: u32 = 100;

/// The choice of data.
#[component]
pub(crate) fn Data() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let form = lab.form;
    let has_mnist = move || lab.site.with(|site| site.as_ref().is_none_or(|site| site.mnist));
    let is_built_in = move || matches!(form.data.get(), DataChoice::BuiltIn { .. });
    let changed = move |event| {
        form.set_data(match event_target_value(&event).as_str() {
            "built-in" => DataChoice::BuiltIn { train_images: 20_000 },
            "mnist" => DataChoice::Mnist,
            hash => hash.parse().map_or(DataChoice::Mnist, DataChoice::Kept),
        });
    };
    let images = move || match form.data.get() {
        DataChoice::Mnist => Some(60_000),
        DataChoice::BuiltIn { .. } => form.built_in_images.get().trim().parse().ok(),
        DataChoice::Kept(hash) => lab.data_sets.get(hash).map(|summary| {
            let train = summary.images(PartName::Train);
            // Without a part to test on, a sixth is kept for that.
            if summary.images(PartName::Test) > 0 { train } else { train - train / 6 }
        }),
    };
    let kept = move || {
        let option = |set: KeptDataSet| {
            let own = DataChoice::Kept(set.summary.hash);
            let title =
                format!("{} ({})", set.summary.name, metrics::grouped(set.summary.images(PartName::Train)));
            view! { <option value=set.summary.hash.to_string() selected=move || form.data.get() == own>{title}</option> }
        };
        lab.data_sets.all.get().into_iter().map(option).collect_view()
    };
    let use_it = move |summary: DataSummary| form.set_data(DataChoice::Kept(summary.hash));
    let parts = move || {
        // What is wrong is said at its field.
        let Some(share) = form.validation_share() else { return String::new() };
        let held = images().map(|images: u32| {
            let held = ((f64::from(images) * share).round() as u32).min(images);
            (metrics::counted(images - held, "image"), held)
        });
        match held {
            _ if share == 0.0 => {
                "No image is held back: there is no validation accuracy, and confidence is not calibrated."
                    .to_owned()
            }
            Some((learned, 0)) => format!(
                "The network learns from {learned}. That is too few to hold any back: there is no validation accuracy, and confidence is \
                 not calibrated."
            ),
            Some((learned, held)) => {
                // Fewer images than classes cannot be drawn from each.
                let classes = form.read_network().map_or(10, |network| network.classes() as u32);
                let evenly = if held < classes { "" } else { ", drawn evenly from each class" };
                let few = if held < FEW_IMAGES { " So few say little." } else { "" };
                format!(
                    "The network learns from {learned}. {} held back{evenly}, to score each epoch and to calibrate \
                     confidence.{few}",
                    if held == 1 { "1 is".to_owned() } else { format!("{} are", metrics::grouped(held)) }
                )
            }
            None => format!(
                "{} % of the training images are held back, drawn evenly from each class, to score each epoch and to calibrate \
                 confidence.",
                (1_000.0 * share).round() / 10.0
            ),
        }
    };
    view! {
        <div>
            <label class="field">
                <span>"Data"</span>
                <select on:change=changed>
                    <option value="mnist" disabled=move || !has_mnist() selected=move || form.data.get() == DataChoice::Mnist>
                        "MNIST: 60,000 digits"
                    </option>
                    <option value="built-in" selected=is_built_in>"Built-in digits"</option>
                    {kept}
                </select>
            </label>
            <Show when=move || !has_mnist()>
                <p class="hint">"MNIST was not on the machine that built this site. Train on the built-in digits, or on your own files."</p>
            </Show>
            <Show when=is_built_in>
                <label class="field">
                    <span>"Built-in digits"</span>
                    <input type="number" inputmode="numeric" step="1" min="0" prop:value=form.built_in_images
                        on:input=move |event| form.built_in_images.set(event_target_value(&event)) />
                </label>
            </Show>
            <details class="bring-fold">
                <summary>"Bring your own files"</summary>
                <BringData on_keep=use_it />
            </details>
            <p class="hint">{parts}" "<TermButton id="validation-part" text="Why?" /></p>
        </div>
    }
}
