//! Taking a model elsewhere: as a file of any format, or as a link.

use std::rc::Rc;

use leptos::prelude::*;
use protocol::model_files::ModelFormat;
use wasm_bindgen_futures::spawn_local;

use crate::{browser, commands::LinkOfModel, lab::Lab, saved_models::SavedModel, words};

/// The buttons, and the link once it was made.
#[component]
pub(crate) fn ExportModel(model: Rc<SavedModel>) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let model = StoredValue::new_local(model);
    let as_half = RwSignal::new(false);
    let status = RwSignal::new(String::new());
    let link = RwSignal::new(None::<LinkOfModel>);
    let export_as = move |format| {
        spawn_local(async move {
            status.set("Writing …".into());
            lab.export_as(&model.get_value(), format).await;
            // The card may have gone with its page.
            status.try_set(String::new());
        });
    };
    let export = move |_| {
        if as_half.get_untracked() {
            return export_as(ModelFormat::Half);
        }
        spawn_local(async move { lab.export(&model.get_value()).await });
    };
    let share = move |_| {
        spawn_local(async move { lab.share(&model.get_value()).await });
    };
    let make_link = move |_| {
        spawn_local(async move {
            link.set(None);
            let model = model.get_value();
            let Some(file) = lab.bytes_of(&model).await else { return };
            status.set("Rounding its weights …".into());
            let made = lab.link_of(&model, file, move |text| drop(status.try_set(text))).await;
            match made {
                Ok(made) => {
                    link.try_set(Some(made));
                    status.try_set(String::new());
                }
                Err(error) => drop(status.try_set(words::job_error(&error))),
            }
        });
    };
    let shown_link = move || {
        link.get().map(|LinkOfModel { address, cost }| {
            let copied = address.clone();
            view! {
                <p>{cost}</p>
                <label>
                    "The link is the model "
                    <input type="text" readonly=true prop:value=address />
                </label>
                <p class="hint">"Browsers and most chats carry it whole. E-mail may cut it: whoever opens a cut link is told so."</p>
                <button on:click=move |_| lab.copy_link(&copied)>"Copy link"</button>
            }
        })
    };
    view! {
        <div class="buttons" role="group" aria-label="Export">
            <button on:click=export>"Export"</button>
            <label class="check">
                <input type="checkbox" prop:checked=as_half on:change=move |event| as_half.set(event_target_checked(&event)) />
                "16-bit"
            </label>
            <button title="Grey levels in, probabilities out" on:click=move |_| export_as(ModelFormat::Onnx)>"Export ONNX"</button>
            <button title="Weights, PyTorch code that goes on training, ONNX and a card" on:click=move |_| export_as(ModelFormat::Zip)>"Export for PyTorch"</button>
            <button on:click=make_link>"Make a link"</button>
            {browser::has_share_sheet().then(|| view! { <button on:click=share>"Share"</button> })}
        </div>
        <p class="checked" role="status" aria-label="Export">{status}</p>
        {shown_link}
    }
}
