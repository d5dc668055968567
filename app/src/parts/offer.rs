//! A model that a file, a link or the site brought: what it is, and what to do with it.

use leptos::prelude::*;

use crate::{
    lab::Lab,
    state::offers::{Offer, Origin},
    words,
};

/// The model on offer, if there is one.
#[component]
pub(crate) fn OfferCard() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let opening = move || {
        lab.offers
            .opening
            .get()
            .map(|what| view! { <p class="card offer" role="status">{format!("Opening {what} …")}</p> })
    };
    let card = move || lab.offers.current.get().map(|offer| view! { <Offered offer /> });
    view! { <div>{opening} {card}</div> }
}

#[component]
fn Offered(offer: Offer) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let from = match offer.origin {
        Origin::File => format!("From a file ({})", offer.format),
        Origin::Link => "From a link".into(),
        Origin::Site => "From this site".into(),
    };
    let network = format!("{}.", words::network(&offer.card.network));
    let says = offer
        .card
        .test
        .map(|test| format!("It says of itself: {} of {}.", test.with_interval(), offer.card.tested_on));
    let measured = match &offer.tried {
        Some(tried) => words::measured_here(tried),
        None => "It was not tried here: its classes are not the ten digits.".into(),
    };
    let readings = (offer.readings.len() > 1).then(|| {
        let options = offer.readings.iter().enumerate().map(|(index, reading)| {
            view! { <option value=index.to_string() selected=index == offer.chosen>{reading.assumes.clone()}</option> }
        });
        let options = options.collect_view();
        view! {
            <p class="hint">
                "The file holds weights and does not say what lies between its layers. Every way that fits was tried; if you know better, choose."
            </p>
            <label>
                "Read as "
                <select on:change=move |event| {
                    if let Ok(index) = event_target_value(&event).parse() {
                        lab.read_offer_as(index);
                    }
                }>{options}</select>
            </label>
        }
    });
    view! {
        <section class="card offer" aria-label="Model on offer">
            <h2>{offer.name}</h2>
            <p class="hint">{format!("{from}. Nothing is kept yet, and the model in use is unchanged.")}</p>
            <p>{network} " " {says}</p>
            <p role="status">{measured}</p>
            {readings}
            <div class="buttons">
                <button class="primary" on:click=move |_| lab.keep_offer(true)>"Keep and draw with it"</button>
                <button on:click=move |_| lab.keep_offer(false)>"Keep"</button>
                <button on:click=move |_| lab.offers.close()>"No, thanks"</button>
            </div>
        </section>
    }
}
