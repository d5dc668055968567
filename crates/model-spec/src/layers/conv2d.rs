//! Convolution over feature maps.

use serde::{Deserialize, Serialize};

use super::{LayerError, is_yes, within, yes};
use crate::{Init, Shape, TensorKind, TensorSpec};

/// Settings of a convolution with a square kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Feature maps that come out, 1 to 1,024.
    #[serde(alias = "channels", alias = "filters")]
    pub out_channels: usize,
    /// Side of the kernel, 1 to 7 pixels.
    #[serde(alias = "kernel")]
    pub kernel_size: usize,
    /// Pixels between two windows, 1 to 3.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: usize,
    /// What lies around the maps.
    #[serde(default, skip_serializing_if = "Padding::is_valid")]
    pub padding: Padding,
    /// Whether a learned number is added to each map.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
}

/// What lies around the maps that a kernel slides over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Nothing: the kernel stays inside.
    #[default]
    Valid,
    /// Zeros, so that the maps shrink by the stride alone. Where their number is odd, there is one more at the right and at the
    /// bottom, as in PyTorch and Keras.
    Same,
}

impl Padding {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
    const fn is_valid(&self) -> bool {
        matches!(self, Self::Valid)
    }
}

const fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
const fn is_one(value: &usize) -> bool {
    *value == 1
}

impl Conv2d {
    /// A convolution of stride 1, without padding, with bias.
    pub const fn new(out_channels: usize, kernel_size: usize) -> Self {
        Self { out_channels, kernel_size, stride: 1, padding: Padding::Valid, bias: true }
    }

    /// Zeros before the first and behind the last of `side` pixels, along each axis.
    pub const fn pads(&self, side: usize) -> (usize, usize) {
        match self.padding {
            Padding::Valid => (0, 0),
            Padding::Same => {
                let needed = (side.div_ceil(self.stride) - 1) * self.stride + self.kernel_size;
                let total = needed.saturating_sub(side);
                (total / 2, total - total / 2)
            }
        }
    }

    pub(crate) fn output(&self, input: Shape) -> Result<Shape, LayerError> {
        within("the number of channels", self.out_channels, 1..=1_024, "1 to 1,024")?;
        within("the kernel size", self.kernel_size, 1..=7, "1 to 7")?;
        within("the stride", self.stride, 1..=3, "1 to 3")?;
        let Shape::Maps { side, .. } = input else { return Err(LayerError::NeedsMaps) };
        let (before, behind) = self.pads(side);
        let padded = before + side + behind;
        if self.kernel_size > padded {
            return Err(LayerError::WindowTooLarge { window: self.kernel_size, side });
        }
        Ok(Shape::Maps { channels: self.out_channels, side: (padded - self.kernel_size) / self.stride + 1 })
    }

    /// Values that one output value sums over.
    pub(crate) const fn fan_in(&self, input: Shape) -> usize {
        input.channels() * self.kernel_size * self.kernel_size
    }

    pub(crate) fn tensors(&self, name: &str, input: Shape) -> Vec<TensorSpec> {
        let init = Init::Uniform { fan_in: self.fan_in(input) };
        let tensor = |which: &str, shape| TensorSpec {
            name: format!("{name}.{which}"),
            shape,
            kind: TensorKind::Parameter,
            init,
        };
        let kernel = self.kernel_size;
        let mut tensors = vec![tensor("weight", vec![self.out_channels, input.channels(), kernel, kernel])];
        if self.bias {
            tensors.push(tensor("bias", vec![self.out_channels]));
        }
        tensors
    }

    pub(crate) fn title(&self) -> String {
        let kernel = self.kernel_size;
        let stride = if self.stride > 1 { format!(", stride {}", self.stride) } else { String::new() };
        let padding = if self.padding == Padding::Same { ", same padding" } else { "" };
        let bias = if self.bias { "" } else { ", no bias" };
        format!("Convolution {kernel}x{kernel}, {} channels{stride}{padding}{bias}", self.out_channels)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Output side and pads as TensorFlow and PyTorch give them.
    #[track_caller]
    fn check(
        side: usize,
        kernel_size: usize,
        stride: usize,
        padding: Padding,
        expected: (usize, (usize, usize)),
    ) {
        let conv = Conv2d { stride, padding, ..Conv2d::new(4, kernel_size) };
        let output = conv.output(Shape::Maps { channels: 1, side }).unwrap();
        assert_eq!((output, conv.pads(side)), (Shape::Maps { channels: 4, side: expected.0 }, expected.1));
    }

    #[test]
    fn sides_and_pads_are_the_usual_ones() {
        check(28, 3, 1, Padding::Valid, (26, (0, 0)));
        check(28, 3, 2, Padding::Valid, (13, (0, 0)));
        check(28, 5, 1, Padding::Same, (28, (2, 2)));
        check(28, 4, 1, Padding::Same, (28, (1, 2)));
        check(28, 3, 2, Padding::Same, (14, (0, 1)));
        check(28, 1, 3, Padding::Same, (10, (0, 0)));
        check(1, 7, 1, Padding::Same, (1, (3, 3)));
    }
}
