//! The training images in the order of an epoch.

use std::sync::Arc;

use augment::augmented;
use dataset::{Dataset, Split, epoch_order};
use model_spec::PIXELS;
#[cfg(feature = "gpu")]
use network::KeptImages;
use network::{Batch, Device};
use rand_pcg::Pcg32;
use train_config::{Augmentation, TrainConfig};

/// What every WebGPU device can read as one buffer, in bytes; more images than that are sent batch by batch.
#[cfg(feature = "gpu")]
const MAX_KEPT_BYTES: usize = 128 << 20;

/// Training images, shuffled and changed anew in every epoch.
#[derive(Clone, Debug)]
pub(crate) struct TrainImages {
    dataset: Arc<Dataset>,
    split: Arc<Split>,
    seed: u64,
    shuffles: bool,
    epochs: u32,
    epoch: u32,
    /// Indices of images, in the order of the epoch.
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
    pub(crate) fn new(
        dataset: Arc<Dataset>,
        split: Arc<Split>,
        config: &TrainConfig,
        device: &Device,
        keeps_images: bool,
    ) -> Self {
        #[cfg(feature = "gpu")]
        let kept =
            (keeps_images && config.augmentation.is_none() && dataset.train.pixels.len() <= MAX_KEPT_BYTES)
                .then(|| KeptImages::new(&dataset.train.pixels, &dataset.train.labels, device));
        let mut images = Self {
            dataset,
            split,
            seed: config.seed,
            shuffles: config.shuffle,
            epochs: config.epochs,
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

    /// Grey levels of all of them.
    pub(crate) fn levels(&self) -> impl Iterator<Item = u8> {
        self.split.train.iter().flat_map(|&index| self.dataset.train.image(index as usize)).copied()
    }

    /// Takes on the order of this epoch; the first is 0.
    pub(crate) fn shuffle(&mut self, epoch: u32) {
        self.epoch = epoch;
        self.order = if self.shuffles {
            let places = epoch_order(self.len(), self.seed, epoch);
            places.into_iter().map(|place| self.split.train[place as usize]).collect()
        } else {
            self.split.train.clone()
        };
        #[cfg(feature = "gpu")]
        if let Some(kept) = &mut self.kept {
            kept.set_order(&self.order);
        }
    }

    /// `count` images from this place of the order on, changed as much as this says.
    pub(crate) fn batch(&mut self, start: usize, count: usize, augmentation: Augmentation) -> Batch<'_> {
        #[cfg(feature = "gpu")]
        if augmentation.is_none()
            && let Some(images) = &self.kept
        {
            return Batch::Kept { images, start, count };
        }
        let augmentation = augmentation.in_epoch(self.epoch, self.epochs);
        self.levels.clear();
        self.labels.clear();
        for &index in &self.order[start..start + count] {
            let image = self.dataset.train.image(index as usize);
            match <&[u8; PIXELS]>::try_from(image) {
                Ok(image) if !augmentation.is_none() => {
                    // Of its own for each image and epoch, so that it is the same for whoever works on it.
                    let stream = u64::from(self.epoch) << 32 | u64::from(index);
                    let mut rng = Pcg32::new(self.seed, stream);
                    self.levels.extend(augmented(image, &augmentation, &mut rng));
                }
                _ => self.levels.extend_from_slice(image),
            }
            self.labels.push(self.dataset.train.labels[index as usize]);
        }
        debug_assert_eq!(self.levels.len(), count * PIXELS);
        Batch::Levels { levels: &self.levels, labels: &self.labels }
    }
}
