//! Convolution, with ReLU and pooling where they are one operation.

use burn::tensor::{Tensor, module::conv2d, ops::ConvOptions};
use model_spec::{Shape, layers::Conv2d};

use crate::{
    forward::Pass,
    plan::Slots,
    value::{Layout, Value},
};

#[derive(Clone, Debug)]
pub(crate) struct Conv {
    weight: usize,
    bias: Option<usize>,
    /// `[out, in, kernel, kernel]`.
    shape: [usize; 4],
    stride: usize,
    /// Zeros before the first and behind the last pixel, along each axis.
    pads: (usize, usize),
    pub(crate) relu: bool,
    /// Whether it is pooled 2x2 too, and into which layout.
    pub(crate) pool: Option<Layout>,
    /// Whether the offset of the preprocessing is added here.
    pub(crate) adds_offset: bool,
}

impl Conv {
    pub(crate) fn new(spec: &Conv2d, input: Shape, slots: &Slots) -> Self {
        let side = match input {
            Shape::Maps { side, .. } => side,
            Shape::Features(_) => 1,
        };
        Self {
            weight: slots.parameters[0],
            bias: slots.parameters.get(1).copied(),
            shape: [spec.out_channels, input.channels(), spec.kernel_size, spec.kernel_size],
            stride: spec.stride,
            pads: spec.pads(side),
            relu: false,
            pool: None,
            adds_offset: false,
        }
    }

    pub(crate) const fn has_no_padding(&self) -> bool {
        self.pads.0 == 0 && self.pads.1 == 0
    }

    /// Whether kernels for a GPU are held to a CPU's by tests for such a convolution.
    #[cfg(feature = "gpu")]
    pub(crate) fn suits_gpu(&self) -> bool {
        self.stride == 1 && self.pads.0 == self.pads.1 && fused::gpu_supports_conv(&self.geometry(0.0))
    }

    fn weight(&self, pass: &Pass<'_>) -> Tensor<4> {
        pass.parameter(self.weight).reshape(self.shape)
    }

    pub(crate) fn stock(&self, value: Value, pass: &Pass<'_>) -> Value {
        let maps = value.maps(Layout::ChannelsFirst);
        let (before, behind) = self.pads;
        let options = |pad| ConvOptions::new([self.stride; 2], [pad; 2], [1, 1], 1);
        let bias = self.bias.map(|bias| pass.parameter(bias));
        let maps = if before == behind {
            conv2d(maps, self.weight(pass), bias, options(before))
        } else {
            let padded = maps.pad((before, behind, before, behind), 0.0);
            conv2d(padded, self.weight(pass), bias, options(0))
        };
        Value::Maps(maps, Layout::ChannelsFirst)
    }
}

#[cfg(feature = "fused")]
impl Conv {
    pub(crate) fn geometry(&self, input_offset: f32) -> fused::ConvGeometry {
        let (pad_before, pad_after) = self.pads;
        fused::ConvGeometry { stride: self.stride, pad_before, pad_after, input_offset }
    }

    pub(crate) fn fused(&self, value: Value, pass: &Pass<'_>) -> Value {
        let maps = value.maps(Layout::ChannelsLast);
        let geometry = self.geometry(if self.adds_offset { pass.offset } else { 0.0 });
        let (weight, bias) = (self.weight(pass), pass.bias(self.bias, self.shape[0]));
        match self.pool {
            Some(layout) => Value::Maps(fused::conv_relu_pool(maps, weight, bias, geometry, layout), layout),
            None => Value::Maps(fused::conv(maps, weight, bias, geometry, self.relu), Layout::ChannelsLast),
        }
    }
}
