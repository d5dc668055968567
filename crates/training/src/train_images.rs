//! The training images in the order of an epoch.

use std::sync::Arc;

use augment::augmented;
use dataset::{Split, epoch_order};
#[cfg(feature = "gpu")]
use network::KeptImages;
use network::{Batch, Device};
use rand_pcg::Pcg32;
use recipe::{Augmentation, PIXELS, TrainRecipe};

/// What every WebGPU device can read as one buffer, in bytes; more images than that are sent batch by batch.
#[cfg(feature = "gpu")]
const MOST_KEPT_BYTES: usize = 128 << 20;

/// Training images, shuffled and changed anew in every epoch.
#[derive(Clone, Debug)]
pub(crate) struct TrainImages {
    split: Arc<Split>,
    seed: u64,
    augmentation: Augmentation,
    epochs: u32,
    epoch: u32,
    order: Vec<u32>,
    /// On the device, where it keeps them.
    #[cfg(feature = "gpu")]
    kept: Option<KeptImages>,
    levels: Vec<u8>,
    labels: Vec<u8>,
}

impl TrainImages {
    /// In the order of the first epoch; with `keeps_images` they are put on the device once and for all, if it
    /// can hold them and they stay what they are.
    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only GPUs keep images"))]
    pub(crate) fn new(split: Arc<Split>, recipe: &TrainRecipe, device: &Device, keeps_images: bool) -> Self {
        let augmentation = recipe.augmentation;
        #[cfg(feature = "gpu")]
        let kept = (keeps_images && augmentation.is_none() && split.train.pixels.len() <= MOST_KEPT_BYTES)
            .then(|| KeptImages::new(&split.train.pixels, &split.train.labels, device));
        let mut images = Self {
            split,
            seed: recipe.seed,
            augmentation,
            epochs: recipe.epochs,
            epoch: 0,
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
        self.epoch = epoch;
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
        let augmentation = self.augmentation.in_epoch(self.epoch, self.epochs);
        self.levels.clear();
        self.labels.clear();
        for &index in &self.order[start..start + count] {
            let image = self.split.train.image(index as usize);
            match <&[u8; PIXELS]>::try_from(image) {
                Ok(image) if !augmentation.is_none() => {
                    // Of its own for each image and epoch, so that it is the same for whoever works on it.
                    let stream = u64::from(self.epoch) << 32 | u64::from(index);
                    let mut rng = Pcg32::new(self.seed, stream);
                    self.levels.extend(augmented(image, &augmentation, &mut rng));
                }
                _ => self.levels.extend_from_slice(image),
            }
            self.labels.push(self.split.train.labels[index as usize]);
        }
        debug_assert_eq!(self.levels.len(), count * PIXELS);
        Batch::Levels { levels: &self.levels, labels: &self.labels }
    }
}
