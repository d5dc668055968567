//! The geometry of a convolution and of what follows it.

use std::borrow::Cow;

/// A convolution over a batch of images, with a square kernel and the same stride down and across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Images in the batch.
    pub images: usize,
    /// Rows of an input map.
    pub height: usize,
    /// Columns of an input map.
    pub width: usize,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Side of the kernel, in pixels: 1 to 7.
    pub kernel: usize,
    /// Pixels from one window to the next, down and across: 1 to 3.
    pub stride: usize,
    /// Rows of zeros above the input, and columns of zeros to its left.
    pub pad_before: usize,
    /// Rows of zeros below the input, and columns of zeros to its right.
    pub pad_after: usize,
}

/// Where the channel stands among the dimensions of feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[images, channels, height, width]`, as PyTorch flattens maps.
    ChannelsFirst,
    /// `[images, height, width, channels]`: what the kernels read.
    ChannelsLast,
}

impl ConvShape {
    /// Rows of an output map.
    pub const fn output_height(&self) -> usize {
        (self.height + self.pad_before + self.pad_after - self.kernel) / self.stride + 1
    }

    /// Columns of an output map.
    pub const fn output_width(&self) -> usize {
        (self.width + self.pad_before + self.pad_after - self.kernel) / self.stride + 1
    }

    /// Pixels of an output map.
    pub const fn output_pixels(&self) -> usize {
        self.output_height() * self.output_width()
    }

    /// Pixels of an output map after 2x2 max-pooling.
    pub const fn pooled_pixels(&self) -> usize {
        (self.output_height() / 2) * (self.output_width() / 2)
    }

    /// Values of the whole input.
    pub const fn input_size(&self) -> usize {
        self.images * self.height * self.width * self.inputs
    }

    /// Values of the weight, `[outputs, inputs, kernel, kernel]`.
    pub const fn weight_size(&self) -> usize {
        self.outputs * self.taps()
    }

    /// Products that one output value sums.
    pub(crate) const fn taps(&self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    /// Floats of one input row.
    pub(crate) const fn row(&self) -> usize {
        self.width * self.inputs
    }

    /// Floats of one input image.
    pub(crate) const fn image(&self) -> usize {
        self.height * self.row()
    }

    /// Panics where the kernel or the stride is out of range, or the kernel does not fit into the padded input.
    pub(crate) fn check(&self) {
        assert!((1..=7).contains(&self.kernel) && (1..=3).contains(&self.stride), "{self:?}");
        assert!(self.height.min(self.width) + self.pad_before + self.pad_after >= self.kernel, "{self:?}");
    }

    /// The same convolution over an input whose padding has been written out.
    pub(crate) const fn without_padding(&self) -> Self {
        Self {
            height: self.height + self.pad_before + self.pad_after,
            width: self.width + self.pad_before + self.pad_after,
            pad_before: 0,
            pad_after: 0,
            ..*self
        }
    }

    /// The input with its padding written out, and `slack` readable floats behind it.
    pub(crate) fn padded<'a>(&self, input: &'a [f32], slack: usize) -> Cow<'a, [f32]> {
        if self.pad_before + self.pad_after + slack == 0 {
            return Cow::Borrowed(input);
        }
        let wide = self.without_padding();
        let mut padded = vec![0.0; wide.input_size() + slack];
        let rows = input.chunks_exact(self.row().max(1)).enumerate();
        for (index, row) in rows {
            let (image, y) = (index / self.height, index % self.height);
            let (down, across) = (y + self.pad_before, self.pad_before * self.inputs);
            let start = image * wide.image() + down * wide.row() + across;
            padded[start..start + row.len()].copy_from_slice(row);
        }
        Cow::Owned(padded)
    }
}
