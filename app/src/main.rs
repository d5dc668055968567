//! The page: a thin Leptos shell around `ink`, `recognition`, `train-config`, `metrics` and `worker-client`.

#![expect(unreachable_pub, reason = "the component macro makes its functions public")]

mod broken;
mod browser;
mod commands;
mod drawing_state;
mod engine;
mod first;
mod form;
mod lab;
mod labelled_drawings;
mod locks;
mod offline;
mod pages;
mod parts;
mod personalization;
mod pictures;
mod saved_models;
mod state;
mod words;

use leptos::{prelude::*, reactive::computed::ScopedFuture};
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};
use wasm_bindgen_futures::spawn_local;

use crate::{
    lab::Lab,
    pages::{
        about::AboutPage, data::DataPage, draw::DrawPage, learn::LearnPage, models::ModelsPage,
        personalize::MyHandwritingPage, runs::RunsPage, train::TrainPage,
    },
    parts::{
        announcements::Announcements, drop_target::DropTarget, frame::Frame, in_turn::InTurn,
        notices::Notices,
    },
};

fn main() {
    broken::show_failures();
    // To compile and start this program was a long task already; the stores are another, and the first part of the page a third.
    spawn_local(async {
        browser::next_task().await;
        let owner = Owner::new();
        let lab = owner.with(Lab::new);
        browser::next_task().await;
        mount_to(first::place_of_page(), move || {
            // The stores live as long as the page.
            StoredValue::new(owner);
            view! { <App lab /> }
        })
        .forget();
    });
}

/// The whole page.
#[component]
fn App(lab: Lab) -> impl IntoView {
    provide_context(lab);
    spawn_local(ScopedFuture::new(lab.start()));
    view! {
        <Router base=browser::base_path()>
            <InTurn>
                <Frame>
                    <Pages />
                </Frame>
            </InTurn>
            <InTurn>
                <Notices />
                <Announcements />
                <DropTarget />
            </InTurn>
        </Router>
    }
}

#[component]
fn Pages() -> impl IntoView {
    view! {
        <InTurn>
            <Routes fallback=|| view! { <p class="card">"There is nothing at this address."</p> }>
                <Route path=path!("/") view=DrawPage />
                <Route path=path!("/train") view=TrainPage />
                <Route path=path!("/runs") view=RunsPage />
                <Route path=path!("/data") view=DataPage />
                <Route path=path!("/hand") view=MyHandwritingPage />
                <Route path=path!("/learn") view=LearnPage />
                <Route path=path!("/models") view=ModelsPage />
                <Route path=path!("/about") view=AboutPage />
            </Routes>
        </InTurn>
    }
}
