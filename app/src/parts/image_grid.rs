//! Images of a data set, side by side.

use ink::{Image, PIXELS};
use leptos::prelude::*;
use protocol::{Delivery, data::LabelledBlobs};

use crate::parts::network_input::Thumbnail;

/// An image, its number in its part and what it shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) number: u32,
    pub(crate) image: Box<Image>,
    pub(crate) label: Option<u8>,
}

impl Shown {
    /// The images of a reply; none where their buffers are missing.
    pub(crate) fn taken<T>(
        delivery: &mut Delivery<T>,
        images: impl FnOnce(&T) -> LabelledBlobs,
    ) -> Option<Vec<Self>> {
        let LabelledBlobs { levels, labels } = images(&delivery.content);
        let (levels, labels) = (delivery.take(levels).ok()?, delivery.take(labels).ok()?);
        let each = levels.as_chunks::<PIXELS>().0.iter().zip(labels);
        Some(
            each.map(|(image, label)| Self { number: 0, image: Box::new(*image), label: Some(label) })
                .collect(),
        )
    }

    /// What it is called: its number and what it shows.
    pub(crate) fn title(&self, names: &[String]) -> String {
        match self.label {
            Some(label) => format!("Image {}: {}", self.number + 1, class_name(names, label)),
            None => format!("Image {}", self.number + 1),
        }
    }
}

/// What a class is called: by its name, else its number.
pub(crate) fn class_name(names: &[String], class: u8) -> String {
    names.get(usize::from(class)).cloned().unwrap_or_else(|| class.to_string())
}

/// What a click on an image does.
pub(crate) type OnOpen = Option<Callback<Shown>>;

/// A grid of images with their labels.
#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
#[component]
pub(crate) fn ImageGrid(images: Vec<Shown>, names: Vec<String>, on_open: OnOpen) -> impl IntoView {
    let each = images.into_iter().map(|shown| {
        let title = shown.title(&names);
        let label = shown.label.map(|label| class_name(&names, label));
        let image = shown.image.clone();
        let picture = view! { <Thumbnail image label=title.clone() /> <span aria-hidden="true">{label}</span> };
        match on_open {
            Some(open) => {
                view! { <li><button title=title on:click=move |_| open.run(shown.clone())>{picture}</button></li> }.into_any()
            }
            None => view! { <li>{picture}</li> }.into_any(),
        }
    });
    view! { <ul class="image-grid" aria-label="Images">{each.collect_view()}</ul> }
}
