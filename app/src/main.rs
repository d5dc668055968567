//! The page: a thin Leptos shell around `ink`, `reading`, `recipe`, `gauge` and the protocol.

#![expect(unreachable_pub, reason = "the component macro makes its functions public")]

mod browser;
mod collection;
mod desk;
mod engine;
mod form;
mod lesson;
mod library;
mod pages;
mod parts;
mod pictures;
mod session;
mod storage;

use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    pages::{draw::DrawPage, hand::HandPage, models::ModelsPage, train::TrainPage},
    parts::{frame::Frame, notices::Notices},
    session::Session,
};

fn main() {
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let session = Session::begin();
    provide_context(session);
    view! {
        <Router base=browser::base_path()>
            <Frame>
                <Routes fallback=|| view! { <p class="card">"There is nothing at this address."</p> }>
                    <Route path=path!("/") view=DrawPage />
                    <Route path=path!("/train") view=TrainPage />
                    <Route path=path!("/hand") view=HandPage />
                    <Route path=path!("/models") view=ModelsPage />
                </Routes>
            </Frame>
            <Notices />
        </Router>
    }
}
