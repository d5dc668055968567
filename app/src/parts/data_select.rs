//! Choosing a data set, wherever one is chosen.

use leptos::prelude::*;
use train_config::DataChoice;

use crate::lab::Lab;

/// The built-in digits that are looked at and tested on.
pub(crate) const BUILT_IN: DataChoice = DataChoice::BuiltIn { train_images: 6_000 };

/// A list of all data sets: MNIST, the built-in digits, and those that are kept in this browser.
#[component]
pub(crate) fn DataSelect(
    /// The name of the field.
    label: &'static str,
    choice: RwSignal<DataChoice>,
) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let has_mnist = move || lab.site.with(|site| site.as_ref().is_none_or(|site| site.mnist));
    let changed = move |event| {
        choice.set(match event_target_value(&event).as_str() {
            "mnist" => DataChoice::Mnist,
            "built-in" => BUILT_IN,
            hash => hash.parse().map_or(BUILT_IN, DataChoice::Kept),
        });
    };
    let kept = move || {
        let option = |set: browser_storage::KeptDataSet| {
            let own = DataChoice::Kept(set.summary.hash);
            view! { <option value=set.summary.hash.to_string() selected=move || choice.get() == own>{set.summary.name}</option> }
        };
        lab.data_sets.all.get().into_iter().map(option).collect_view()
    };
    view! {
        <label class="field">
            <span>{label}</span>
            <select on:change=changed>
                <option value="mnist" disabled=move || !has_mnist() selected=move || choice.get() == DataChoice::Mnist>"MNIST"</option>
                <option value="built-in" selected=move || matches!(choice.get(), DataChoice::BuiltIn { .. })>"Built-in digits"</option>
                {kept}
            </select>
        </label>
    }
}
