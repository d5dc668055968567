//! Pooling windows.

use serde::{Deserialize, Serialize};

use super::{LayerError, within};
use crate::Shape;

/// Settings of max and average pooling: square windows, no padding; what does not fill a window is dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool2d {
    /// Side of the window, 1 to 7 pixels.
    #[serde(default = "two", alias = "size", alias = "pool_size")]
    pub kernel_size: usize,
    /// Pixels between two windows, 1 to 7; as many as the window has where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
}

const fn two() -> usize {
    2
}

impl Pool2d {
    /// Windows side by side.
    pub const fn new(kernel_size: usize) -> Self {
        Self { kernel_size, stride: None }
    }

    /// Pixels between two windows.
    pub fn stride(&self) -> usize {
        self.stride.unwrap_or(self.kernel_size)
    }

    pub(crate) fn output(&self, input: Shape) -> Result<Shape, LayerError> {
        within("the window size", self.kernel_size, 1..=7, "1 to 7")?;
        within("the stride", self.stride(), 1..=7, "1 to 7")?;
        let Shape::Maps { channels, side } = input else { return Err(LayerError::NeedsMaps) };
        if self.kernel_size > side {
            return Err(LayerError::WindowTooLarge { window: self.kernel_size, side });
        }
        Ok(Shape::Maps { channels, side: (side - self.kernel_size) / self.stride() + 1 })
    }

    pub(crate) fn title(&self, kind: &str) -> String {
        let stride = match self.stride {
            Some(stride) if stride != self.kernel_size => format!(", stride {stride}"),
            _ => String::new(),
        };
        format!("{kind} {0}x{0}{stride}", self.kernel_size)
    }
}
