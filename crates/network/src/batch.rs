//! The images of a pass, wherever they are.

use burn::tensor::{Device, Int, Tensor, TensorData};
use model_spec::PIXELS;
#[cfg(feature = "gpu")]
use model_spec::{Preprocessing, SIDE};

use crate::Network;

/// Labelled images for one pass.
#[derive(Clone, Copy, Debug)]
pub enum Batch<'a> {
    /// In the host's memory.
    Levels {
        /// Grey levels (0 to 255), image by image, 784 to an image.
        levels: &'a [u8],
        /// One class to an image; one that the network does not have stands for none.
        labels: &'a [u8],
    },
    /// On the device, by their places in its order.
    #[cfg(feature = "gpu")]
    Kept {
        /// The images.
        images: &'a KeptImages,
        /// First place.
        start: usize,
        /// Places.
        count: usize,
    },
}

impl Batch<'_> {
    pub(crate) const fn count(&self) -> usize {
        match self {
            Self::Levels { labels, .. } => labels.len(),
            #[cfg(feature = "gpu")]
            Self::Kept { count, .. } => *count,
        }
    }

    /// The images as the network's first operation reads them, `[count, 784]`, and their labels, which never have autodiff.
    pub(crate) fn tensors(&self, network: &Network) -> (Tensor<2>, Tensor<1, Int>) {
        match self {
            Self::Levels { levels, labels } => {
                (network.images(levels), label_tensor(labels, network.device()))
            }
            #[cfg(feature = "gpu")]
            Self::Kept { images: KeptImages { levels, labels, order }, start, count } => {
                let (images, labels) =
                    fused::gather(levels.clone(), labels.clone(), order.clone(), *start, *count);
                let images = on_device(images.reshape([*count, PIXELS]), network.preprocessing());
                (if network.device().is_autodiff() { images.autodiff() } else { images }, labels)
            }
        }
    }
}

impl Network {
    /// Images of 784 grey levels each as the first operation reads them, `[images, 784]`.
    pub(crate) fn images(&self, levels: &[u8]) -> Tensor<2> {
        let preprocessing = self.preprocessing();
        let values =
            if self.adds_offset() { preprocessing.scaled(levels) } else { preprocessing.apply(levels) };
        Tensor::from_data(TensorData::new(values, [levels.len() / PIXELS, PIXELS]), self.device())
    }
}

/// Preprocesses values from 0 to 1 where they lie.
#[cfg(feature = "gpu")]
fn on_device(images: Tensor<2>, preprocessing: Preprocessing) -> Tensor<2> {
    match preprocessing.affine() {
        Some((_, offset)) if preprocessing == Preprocessing::ZeroToOne => {
            debug_assert!(offset == 0.0, "0 to 1 begins at 0");
            images
        }
        Some((scale, offset)) => images * (255.0 * scale) + offset,
        None => {
            let [count, _] = images.dims();
            let images = images.reshape([count, SIDE, SIDE]);
            let squares = images.clone().square().sum_dim(1);
            // An empty column is 0 over something.
            let length = squares.clone().sqrt() + squares.equal_elem(0.0).float();
            (images / length).reshape([count, PIXELS])
        }
    }
}

fn label_tensor(labels: &[u8], device: &Device) -> Tensor<1, Int> {
    int_tensor(labels.iter().map(|&label| i32::from(label)).collect(), device)
}

fn int_tensor(values: Vec<i32>, device: &Device) -> Tensor<1, Int> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), &device.clone().without_autodiff())
}

/// Labelled images that stay on a GPU, as bytes: a batch of them costs no upload.
#[cfg(feature = "gpu")]
#[derive(Clone, Debug)]
pub struct KeptImages {
    levels: Tensor<1, Int>,
    labels: Tensor<1, Int>,
    order: Tensor<1, Int>,
}

#[cfg(feature = "gpu")]
impl KeptImages {
    /// Puts images on a device, in their own order; `levels` and `labels` as in [`Batch::Levels`].
    pub fn new(levels: &[u8], labels: &[u8], device: &Device) -> Self {
        const { assert!(PIXELS.is_multiple_of(4), "four levels share a word") };
        let words = levels.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect();
        let order = (0..labels.len() as i32).collect();
        Self {
            levels: int_tensor(words, device),
            labels: label_tensor(labels, device),
            order: int_tensor(order, device),
        }
    }

    /// Puts the images in another order: at each place the number of an image.
    pub fn set_order(&mut self, order: &[u32]) {
        let device = self.order.device();
        self.order = int_tensor(order.iter().map(|&image| image as i32).collect(), &device);
    }
}
