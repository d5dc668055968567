//! The training images in the order of an epoch.

use std::sync::Arc;

use dataset::{Split, epoch_order};
#[cfg(feature = "gpu")]
use network::KeptImages;
use network::{Batch, Device};
use recipe::PIXELS;

/// What every WebGPU device can read as one buffer, in bytes; more images than that are sent batch by batch.
#[cfg(feature = "gpu")]
const MOST_KEPT_BYTES: usize = 128 << 20;

/// Training images, shuffled anew in every epoch.
#[derive(Debug)]
pub(crate) struct TrainImages {
    split: Arc<Split>,
    seed: u64,
    order: Vec<u32>,
    /// On the device, where it keeps them.
    #[cfg(feature = "gpu")]
    kept: Option<KeptImages>,
    levels: Vec<u8>,
    labels: Vec<u8>,
}

impl TrainImages {
    /// In the order of the first epoch; with `keeps_images` they are put on the device once and for all, if it
    /// can hold them.
    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only GPUs keep images"))]
    pub(crate) fn new(split: Arc<Split>, seed: u64, device: &Device, keeps_images: bool) -> Self {
        #[cfg(feature = "gpu")]
        let kept = (keeps_images && split.train.pixels.len() <= MOST_KEPT_BYTES)
            .then(|| KeptImages::new(&split.train.pixels, &split.train.labels, device));
        let mut images = Self {
            split,
            seed,
            order: Vec::new(),
            #[cfg(feature = "gpu")]
            kept,
            levels: Vec::new(),
            labels: Vec::new(),
        };
        images.shuffle(0);
        images
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.split.train.len()
    }

    /// Takes on the order of this epoch; the first is 0.
    pub(crate) fn shuffle(&mut self, epoch: u32) {
        self.order = epoch_order(self.len(), self.seed, epoch);
        #[cfg(feature = "gpu")]
        if let Some(kept) = &mut self.kept {
            kept.set_order(&self.order);
        }
    }

    /// So many images from this place of the order on.
    pub(crate) fn batch(&mut self, start: usize, count: usize) -> Batch<'_> {
        #[cfg(feature = "gpu")]
        if let Some(images) = &self.kept {
            return Batch::Kept { images, start, count };
        }
        self.levels.clear();
        self.labels.clear();
        for &index in &self.order[start..start + count] {
            self.levels.extend_from_slice(self.split.train.image(index as usize));
            self.labels.push(self.split.train.labels[index as usize]);
        }
        debug_assert_eq!(self.levels.len(), count * PIXELS);
        Batch::Levels { levels: &self.levels, labels: &self.labels }
    }
}
