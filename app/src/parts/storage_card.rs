//! What this browser keeps: how much, how safely, and all of it as one file.

use backup::Backup;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser::{self, StorageUse},
    lab::Lab,
    offline,
    parts::file_button::FileButton,
};

/// The largest backup that is read: MNIST and a hundred runs are a fifth of it.
const MAX_BACKUP_MIB: u32 = 1_024;

/// What works without a network, and what can be made to. `look` counts the used bytes anew.
#[component]
fn Offline(look: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let kept = RwSignal::new(None::<usize>);
    let status = RwSignal::new(String::new());
    let files = Memo::new(move |_| lab.files_for_later());
    let count = move || {
        let Some(files) = files.get() else { return };
        spawn_local(async move {
            let found = offline::kept_files(&files).await;
            // The card may have gone with its page.
            kept.try_set(Some(found));
        });
    };
    Effect::new(move |_| count());
    let has_all =
        move || files.with(|files| files.as_ref().is_some_and(|files| Some(files.len()) == kept.get()));
    let keep = move |_| {
        let Some(wanted) = files.get_untracked() else { return };
        status.set("Downloading …".into());
        spawn_local(async move {
            status.try_set(offline::keep_files(&wanted).await.err().unwrap_or_default());
            untrack(count);
            look();
        });
    };
    let free = move |_| {
        spawn_local(async move {
            offline::free_files().await;
            untrack(count);
            look();
        });
    };
    let text = move || match (lab.site_copy.is_ready.get(), has_all()) {
        (false, _) => "This page needs the network: the browser keeps no copy of it yet.",
        (true, true) => "Everything works without a network.",
        (true, false) => {
            "Drawing, reading and training on built-in digits work without a network. MNIST and the WebGPU worker are kept when they are first used."
        }
    };
    view! {
        <h2>"Offline"</h2>
        <p role="status" aria-label="Offline">{text}</p>
        <div class="buttons">
            <button disabled=move || has_all() || !lab.site_copy.is_ready.get() on:click=keep>"Make available offline"</button>
            <button disabled=move || kept.get().unwrap_or(0) == 0 on:click=free>"Free this space"</button>
            <Show when=move || lab.site_copy.new_version.with(Option::is_some)>
                <button class="primary" on:click=move |_| lab.accept_new_version()>"Use the new version"</button>
            </Show>
        </div>
        <p class="hint">{status}</p>
    }
}

/// Used and free storage, backup and restoring.
#[component]
pub(crate) fn StorageCard() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let used = RwSignal::new(None::<StorageUse>);
    let status = RwSignal::new(String::new());
    let look = move || {
        spawn_local(async move {
            let found = browser::storage_use().await;
            // The card may have gone with its page.
            used.try_set(found);
        });
    };
    look();
    let text = move || {
        used.get().map(|StorageUse { used, free, is_persistent }| {
            let safety = if is_persistent {
                "It stays until you delete it."
            } else {
                "The browser may delete it when the disk is full, so download a backup."
            };
            format!("{} used, {} free. {safety}", metrics::size_text(used), metrics::size_text(free))
        })
    };
    let back_up = move |_| {
        let Some(storage) = lab.opened_storage() else { return };
        status.set("Collecting everything …".into());
        spawn_local(async move {
            let Some(mut backup) = lab.report_error(storage.back_up().await) else {
                return status.set(String::new());
            };
            backup.preferences = browser::preferences();
            match backup.to_bytes() {
                Ok(bytes) => {
                    let count = metrics::counted(backup.objects.len() as u32, "item");
                    status.try_set(format!(
                        "{count} in one file of {}.",
                        metrics::size_text(bytes.len() as f64)
                    ));
                    browser::download("inkling-backup.inkling", &bytes);
                }
                Err(error) => drop(status.try_set(error.to_string())),
            }
        });
    };
    let restore = move |file: web_sys::File| {
        let Some(storage) = lab.opened_storage() else { return };
        status.set("Reading the backup …".into());
        spawn_local(async move {
            let read = browser::read_file(&file, MAX_BACKUP_MIB).await;
            let backup = read.and_then(|bytes| Backup::from_bytes(&bytes).map_err(|error| error.to_string()));
            let backup = match backup {
                Ok(backup) => backup,
                Err(text) => {
                    status.try_set(String::new());
                    return lab.report_trouble(text);
                }
            };
            for (key, value) in &backup.preferences {
                if browser::preference(key).is_none() {
                    browser::set_preference(key, value);
                }
            }
            let Some(restored) = lab.report_error(storage.restore(backup).await) else {
                status.try_set(String::new());
                return;
            };
            lab.reload_everything().await;
            let kept = match restored.kept {
                0 => String::new(),
                kept => format!(" {} were already here and were left unchanged.", metrics::grouped(kept)),
            };
            status.try_set(format!("Restored {}.{kept}", metrics::counted(restored.added, "item")));
            look();
        });
    };
    view! {
        <section class="card keeps" aria-label="Storage">
            <h2>"What this browser keeps"</h2>
            <p>{text}</p>
            <div class="buttons">
                <button on:click=back_up>"Back up everything"</button>
                <FileButton text="Restore a backup" field="Backup file" accept=".inkling" multiple=false on_files=move |files| files.into_iter().for_each(restore) />
            </div>
            <p class="hint">"Models, runs with their curves and checkpoints, drawings, data sets, the queue and preferences, in one file with a checksum. Restoring adds what is missing and changes nothing else."</p>
            <p role="status" aria-label="Backup">{status}</p>
            <Offline look />
        </section>
    }
}
