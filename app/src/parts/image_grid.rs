//! Images of a data set, side by side.

use ink::{Image, PIXELS};
use leptos::prelude::*;
use protocol::{Delivery, JobError, data::LabelledBlobs};

use crate::parts::network_input::Thumbnail;

/// An image, its number in its part and what it shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) number: u32,
    pub(crate) image: Box<Image>,
    pub(crate) label: Option<u8>,
}

impl Shown {
    /// The images of a reply.
    ///
    /// # Errors
    /// Where their buffers are missing.
    pub(crate) fn taken<T>(
        delivery: &mut Delivery<T>,
        images: impl FnOnce(&T) -> LabelledBlobs,
    ) -> Result<Vec<Self>, JobError> {
        let LabelledBlobs { levels, labels } = images(&delivery.content);
        let (levels, labels) = (delivery.take(levels)?, delivery.take(labels)?);
        let each = levels.as_chunks::<PIXELS>().0.iter().zip(labels);
        Ok(each
            .map(|(image, label)| Self { number: 0, image: Box::new(*image), label: Some(label) })
            .collect())
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

/// What stands below an image, and what it is called, in place of its label.
pub(crate) type Caption = Callback<Shown, (String, String)>;

/// What a click on an image does.
pub(crate) type OnOpen = Option<Callback<Shown>>;

/// A grid of images with their labels.
#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
#[component]
pub(crate) fn ImageGrid(
    images: Vec<Shown>,
    names: Vec<String>,
    on_open: OnOpen,
    #[prop(optional)] caption: Option<Caption>,
) -> impl IntoView {
    let each = images.into_iter().map(|shown| {
        let usual = |shown: &Shown| {
            let label = shown.label.map(|label| class_name(&names, label));
            (label.unwrap_or_default(), shown.title(&names))
        };
        let (label, title) = caption.map_or_else(|| usual(&shown), |caption| caption.run(shown.clone()));
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
