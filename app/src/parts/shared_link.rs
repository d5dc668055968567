//! A link to take away, as text and as a QR code.

use leptos::prelude::*;

use crate::{lab::Lab, state::offers::SharedLink};

/// Light modules around a QR code, which readers need.
const MARGIN: u32 = 4;
/// Side of a QR code in CSS pixels, about: a module has a whole number of them, or some would be wider than others.
const SIDE_PX: u32 = 400;
const MIN_MODULE_PX: u32 = 4;

/// The link that was asked for, if there is one.
#[component]
pub(crate) fn SharedLinkCard() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let place = NodeRef::<leptos::html::Section>::new();
    Effect::new(move |_| {
        if let Some(place) = place.get() {
            place.scroll_into_view();
        }
    });
    let card = move || {
        lab.offers.link.get().map(|link| {
            let copied = link.address.clone();
            view! {
                <section class="card offer" aria-label="Link to share" node_ref=place>
                    {(link.side > 0).then(|| qr(&link))}
                    <label>"Link " <input type="text" readonly=true prop:value=link.address /></label>
                    {link.files.map(|name| view! {
                        <p class="hint">{format!("The images of {name} are not in the link: whoever opens it needs the same files.")}</p>
                    })}
                    <div class="buttons">
                        <button on:click=move |_| lab.copy_link(&copied)>"Copy link"</button>
                        <button on:click=move |_| lab.offers.link.set(None)>"Close"</button>
                    </div>
                </section>
            }
        })
    };
    view! { <div>{card}</div> }
}

fn qr(link: &SharedLink) -> impl IntoView + use<> {
    let side = link.side;
    let dark = link.modules.iter().enumerate().filter(|(_, module)| **module == 1);
    let path: Vec<String> = dark
        .map(|(index, _)| {
            let (x, y) = (index as u32 % side + MARGIN, index as u32 / side + MARGIN);
            format!("M{x} {y}h1v1h-1z")
        })
        .collect();
    let all = side + 2 * MARGIN;
    let width = all * (SIDE_PX / all).max(MIN_MODULE_PX);
    view! {
        <svg class="qr" width=width viewBox=format!("0 0 {all} {all}") role="img" aria-label="QR code of the link" shape-rendering="crispEdges">
            <rect width=all height=all fill="#fff" />
            <path d=path.concat() fill="#000" />
        </svg>
    }
}
