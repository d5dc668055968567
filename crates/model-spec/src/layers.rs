//! One file for each kind of layer that has settings: its ranges, the shape that it makes, its tensors.

mod batch_norm;
mod conv2d;
mod dense;
mod dropout;
mod layer_norm;
mod leaky_relu;
mod pool2d;

pub use batch_norm::BatchNorm;
pub use conv2d::{Conv2d, Padding};
pub use dense::Dense;
pub use dropout::Dropout;
pub use layer_norm::LayerNorm;
pub use leaky_relu::LeakyRelu;
pub use pool2d::Pool2d;

use crate::Shape;

/// Why a layer cannot stand where it stands; the text names what would help.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum LayerError {
    #[error("{what} is {value}. Choose {range}.")]
    OutOfRange { what: &'static str, value: String, range: &'static str },
    #[error("it needs feature maps, and gets a vector. Move it before Flatten.")]
    NeedsMaps,
    #[error("it needs a vector, and gets feature maps of {0}. Put Flatten or Global average pool before it.")]
    NeedsFeatures(Shape),
    #[error(
        "its window of {window} x {window} pixels is larger than the feature maps of {side} x {side}. Choose a smaller window, \
         or remove a layer that shrinks the maps."
    )]
    WindowTooLarge { window: usize, side: usize },
}

impl LayerError {
    pub(crate) fn out_of_range(
        what: &'static str,
        value: impl core::fmt::Display,
        range: &'static str,
    ) -> Self {
        Self::OutOfRange { what, value: value.to_string(), range }
    }
}

/// Checks a whole number.
fn within(
    what: &'static str,
    value: usize,
    range: core::ops::RangeInclusive<usize>,
    text: &'static str,
) -> Result<(), LayerError> {
    if range.contains(&value) { Ok(()) } else { Err(LayerError::out_of_range(what, value, text)) }
}

/// What is added to a variance before its root divides.
fn check_epsilon(epsilon: f64) -> Result<(), LayerError> {
    if (1e-12..=1.0).contains(&epsilon) {
        Ok(())
    } else {
        Err(LayerError::out_of_range("epsilon", epsilon, "1e-12 to 1"))
    }
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
const fn is_yes(value: &bool) -> bool {
    *value
}
