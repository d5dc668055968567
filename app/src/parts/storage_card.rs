//! What this browser keeps: how much, how safely, and all of it as one file.

use backup::Backup;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser::{self, StorageUse},
    lab::Lab,
    parts::file_button::FileButton,
};

/// The largest backup that is read: MNIST and a hundred runs are a fifth of it.
const MAX_BACKUP_MIB: u32 = 1_024;

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
            let mib = |bytes: f64| format!("{:.1} MiB", bytes / 1_048_576.0);
            let safety = if is_persistent {
                "It stays until you delete it."
            } else {
                "The browser may delete it when the disk is full, so download a backup."
            };
            format!("{} used, {} free. {safety}", mib(used), mib(free))
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
                        "{count} in one file of {:.1} MiB.",
                        bytes.len() as f64 / 1_048_576.0
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
        <section class="card" aria-label="Storage">
            <h2>"What this browser keeps"</h2>
            <p>{text}</p>
            <div class="buttons">
                <button on:click=back_up>"Back up everything"</button>
                <FileButton text="Restore a backup" field="Backup file" accept=".inkling" multiple=false on_files=move |files| files.into_iter().for_each(restore) />
            </div>
            <p class="hint">"Models, runs with their curves and checkpoints, drawings, data sets, the queue and preferences, in one file with a checksum. Restoring adds what is missing and changes nothing else."</p>
            <p role="status" aria-label="Backup">{status}</p>
        </section>
    }
}
