//! A network as a person writes it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ImageShape, LayerSpec, NetworkSpec, SpecError};

/// Version of the JSON form.
pub const SCHEMA: u32 = 1;

/// A network that may still be impossible. [`check`](Self::check) makes a [`NetworkSpec`] of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkDraft {
    /// [`SCHEMA`].
    #[serde(default = "schema")]
    pub schema: u32,
    /// The images; all of them have 1 x 28 x 28 pixels today.
    #[serde(default)]
    pub input: ImageShape,
    /// Classes to tell apart, 2 to 255.
    #[serde(default = "ten")]
    pub classes: u32,
    /// In the order of the forward pass; the last one gives one value for each class.
    pub layers: Vec<LayerSpec>,
}

const fn schema() -> u32 {
    SCHEMA
}

const fn ten() -> u32 {
    10
}

impl NetworkDraft {
    /// A network for the ten digits.
    pub fn of_digits(layers: Vec<LayerSpec>) -> Self {
        Self { schema: SCHEMA, input: ImageShape::default(), classes: 10, layers }
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// [`SpecError`] names the layer that cannot be read.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        let value: Value =
            serde_json::from_slice(text.as_bytes()).map_err(|error| SpecError::Json(error.to_string()))?;
        Self::from_value(value)
    }

    fn from_value(mut value: Value) -> Result<Self, SpecError> {
        // Layer by layer, so that the message can name one.
        if let Some(layers) = value.get_mut("layers").and_then(Value::as_array_mut) {
            for (index, layer) in layers.iter().enumerate() {
                if let Err(error) = LayerSpec::deserialize(layer) {
                    return Err(SpecError::Unreadable { layer: index, text: error.to_string() });
                }
            }
        }
        Self::deserialize(&value).map_err(|error| SpecError::Json(error.to_string()))
    }

    /// Checks every layer.
    ///
    /// # Errors
    /// [`SpecError`] names the first layer that cannot stand where it stands, and what would help.
    pub fn check(self) -> Result<NetworkSpec, SpecError> {
        NetworkSpec::new(self)
    }
}
