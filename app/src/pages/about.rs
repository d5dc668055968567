//! What the site does with data, and what it is made of.

use leptos::prelude::*;
use serde::Deserialize;
use wasm_bindgen_futures::spawn_local;

use crate::browser;

/// A package that is linked into the site.
#[derive(Clone, Deserialize)]
struct Package {
    name: String,
    version: String,
    licence: String,
    address: String,
}

/// The About page: what the site does with data, what is kept, and whose work it holds.
#[component]
pub(crate) fn AboutPage() -> impl IntoView {
    let packages = RwSignal::new(Ok::<_, String>(Vec::<Package>::new()));
    spawn_local(async move {
        let read = browser::fetch("licences.json", false).await.and_then(|bytes| {
            serde_json::from_slice(&bytes)
                .map_err(|_| "licences.json is damaged: build the site again.".to_owned())
        });
        // The page may have been left meanwhile.
        packages.try_set(read);
    });
    let row = |package: Package| {
        let Package { name, version, licence, address } = package;
        let named = if address.is_empty() {
            view! { <span>{name}</span> }.into_any()
        } else {
            view! { <a href=address rel="noreferrer">{name}</a> }.into_any()
        };
        view! { <tr><th scope="row">{named}</th><td>{version}</td><td>{licence}</td></tr> }
    };
    let table = move || {
        match packages.get() {
        Ok(all) => view! {
            <div class="scroll" tabindex="0" role="region" aria-label="List of packages">
                <table aria-label="Packages">
                    <thead><tr><th scope="col">"Package"</th><th scope="col">"Version"</th><th scope="col">"Licence"</th></tr></thead>
                    <tbody>{all.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any(),
        Err(text) => view! { <p role="alert">{text}</p> }.into_any(),
    }
    };
    view! {
        <div class="about">
            <h1>"About Inkling"</h1>
            <section class="card" aria-label="Privacy">
                <h2>"Nothing leaves this machine"</h2>
                <p>"Your drawings, data and models are computed with and kept in this browser. The page talks to no host but the one it came from, and its security policy, which binds its workers too, would stop it if it tried. There are no accounts, no cookies and no statistics."</p>
            </section>
            <section class="card" aria-label="Licences">
                <h2>"What it is made of"</h2>
                <p>"Inkling is free software under the MIT and the Apache-2.0 licence, as you like. It is built from these packages, under "<a href="licences.txt" rel="external">"their licences"</a>"."</p>
                {table}
            </section>
        </div>
    }
}
