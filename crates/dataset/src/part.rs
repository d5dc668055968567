//! A part of a set of images, without a copy.

use core::ops::Range;
use std::borrow::Cow;

use ink::PIXELS;

use crate::LabelledImages;

/// All images of a set, or those of some indices.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    images: &'a LabelledImages,
    indices: Option<&'a [u32]>,
}

impl<'a> From<&'a LabelledImages> for Part<'a> {
    fn from(images: &'a LabelledImages) -> Self {
        Self { images, indices: None }
    }
}

impl<'a> Part<'a> {
    /// The images of these indices, in their order.
    pub const fn of(images: &'a LabelledImages, indices: &'a [u32]) -> Self {
        Self { images, indices: Some(indices) }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.indices.map_or(self.images.len(), <[u32]>::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Grey levels and labels of some of the images, by their places in the part.
    ///
    /// # Panics
    /// Where the range reaches beyond [`len`](Self::len).
    pub fn range(&self, range: Range<usize>) -> (Cow<'a, [u8]>, Cow<'a, [u8]>) {
        match self.indices {
            None => {
                let levels = &self.images.pixels[range.start * PIXELS..range.end * PIXELS];
                (levels.into(), (&self.images.labels[range]).into())
            }
            Some(indices) => {
                let LabelledImages { pixels, labels } = self.images.subset(&indices[range]);
                (pixels.into(), labels.into())
            }
        }
    }
}
