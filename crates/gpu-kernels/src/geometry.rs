//! What a kernel is compiled for.

use cubecl::prelude::*;
use kernels::{ConvShape, Layout};

/// Sizes of a layer, the number of images left out: it changes from batch to batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Geometry {
    /// Rows of an input map.
    pub(crate) height: usize,
    /// Columns of an input map.
    pub(crate) width: usize,
    /// Input channels.
    pub(crate) inputs: usize,
    /// Output channels.
    pub(crate) outputs: usize,
    /// Side of the kernel, in pixels.
    pub(crate) kernel: usize,
    /// Pixels from one window to the next.
    pub(crate) stride: usize,
    /// Rows of zeros above, and columns of zeros to the left.
    pub(crate) pad_before: usize,
    /// Rows of zeros below, and columns of zeros to the right.
    pub(crate) pad_after: usize,
    /// Whether ReLU follows.
    pub(crate) relu: bool,
    /// Whether 2x2 max-pooling follows.
    pub(crate) pooled: bool,
    /// Whether the pooled maps are laid out channel by channel.
    pub(crate) channels_first: bool,
}

impl Geometry {
    pub(crate) fn conv(shape: &ConvShape, relu: bool, pooled: Option<Layout>) -> Self {
        let ConvShape { height, width, inputs, outputs, kernel, stride, pad_before, pad_after, .. } = *shape;
        Self {
            height,
            width,
            inputs,
            outputs,
            kernel,
            stride,
            pad_before,
            pad_after,
            relu,
            pooled: pooled.is_some(),
            channels_first: pooled == Some(Layout::ChannelsFirst),
        }
    }

    pub(crate) fn dense(inputs: usize, outputs: usize, relu: bool) -> Self {
        Self {
            height: 1,
            width: 1,
            inputs,
            outputs,
            kernel: 1,
            stride: 1,
            pad_before: 0,
            pad_after: 0,
            relu,
            pooled: false,
            channels_first: false,
        }
    }

    pub(crate) fn output_height(self) -> usize {
        (self.height + self.pad_before + self.pad_after - self.kernel) / self.stride + 1
    }

    pub(crate) fn output_width(self) -> usize {
        (self.width + self.pad_before + self.pad_after - self.kernel) / self.stride + 1
    }

    /// Inputs that one output unit sums over.
    pub(crate) fn fan_in(self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    /// Output pixels of an image that count: with pooling, without an odd last row or column.
    pub(crate) fn pixels(self) -> usize {
        let (height, width) = (self.output_height(), self.output_width());
        if self.pooled { (height / 2) * (width / 2) * 4 } else { height * width }
    }
}

/// A pixel of a batch of maps.
#[derive(CubeType, Clone, Copy)]
pub(crate) struct Pixel {
    pub(crate) image: usize,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// The output pixel with this number: row by row, or, where pooling follows, window by window.
#[cube]
pub(crate) fn output_pixel(number: usize, #[comptime] geometry: Geometry) -> Pixel {
    let pixels = comptime!(geometry.pixels());
    let image = number / pixels;
    let rest = number % pixels;
    if comptime!(geometry.pooled) {
        let across = comptime!(geometry.output_width() / 2);
        let window = rest / 4;
        let place = rest % 4;
        Pixel { image, row: (window / across) * 2 + place / 2, column: (window % across) * 2 + place % 2 }
    } else {
        let across = comptime!(geometry.output_width());
        Pixel { image, row: rest / across, column: rest % across }
    }
}

/// Where the pooled maps hold this window's channel.
#[cube]
pub(crate) fn pooled_index(
    image: usize,
    row: usize,
    column: usize,
    channel: usize,
    #[comptime] geometry: Geometry,
) -> usize {
    let height = comptime!(geometry.output_height() / 2);
    let width = comptime!(geometry.output_width() / 2);
    let outputs = comptime!(geometry.outputs);
    if comptime!(geometry.channels_first) {
        ((image * outputs + channel) * height + row) * width + column
    } else {
        ((image * height + row) * width + column) * outputs + channel
    }
}

/// The input at a pixel and channel, 0 in the padding; row and column count from the padding's corner.
#[cube]
pub(crate) fn input_at(
    input: &[f32],
    image: usize,
    row: usize,
    column: usize,
    channel: usize,
    #[comptime] geometry: Geometry,
) -> f32 {
    let before = comptime!(geometry.pad_before);
    let height = comptime!(geometry.height);
    let width = comptime!(geometry.width);
    let mut value = 0.0f32;
    // One comparison: what lies before the map wraps round to a huge number.
    let row = row - before;
    let column = column - before;
    if row < height && column < width {
        value = input[((image * height + row) * width + column) * comptime!(geometry.inputs) + channel];
    }
    value
}
