//! The forward pass.

use burn::tensor::{
    Device, Tensor, TensorData, activation,
    module::{conv2d, linear, max_pool2d},
    ops::{ConvOptions, MaxPoolOptions},
};
use kernels::{DropoutMask, mix};
use recipe::{CLASSES, Layer, PIXELS, SIDE};

use crate::{
    DeviceError, Engine, Network,
    norm::{Norm, stock_batch_norm},
    parameters::read_flat,
};

/// Whether dropout acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropout {
    /// As in prediction: the identity.
    Off,
    /// As in training; the same values are dropped for the same seed, on every device.
    Seeded {
        /// Of the whole batch.
        seed: u64,
        /// Images of the batch that come before these: a batch may be divided.
        first_image: usize,
    },
}

/// Grey levels (0 to 255, image by image, 784 to an image) as a tensor `[images, 1, 28, 28]` of values 0 to 1.
pub fn image_tensor(levels: &[u8], device: &Device) -> Tensor<4> {
    let values: Vec<f32> = levels.iter().map(|&level| f32::from(level) * (1.0 / 255.0)).collect();
    Tensor::from_data(TensorData::new(values, [levels.len() / PIXELS, 1, SIDE, SIDE]), device)
}

impl Network {
    /// Logits `[images, 10]` of images `[images, 1, 28, 28]`, without batch normalisation.
    ///
    /// # Panics
    /// Never: the parameters were made for these layers.
    pub fn forward(&self, images: Tensor<4>, dropout: Dropout) -> Tensor<2> {
        self.forward_normed(images, dropout, &mut Norm::Off)
    }

    pub(crate) fn forward_normed(
        &self,
        images: Tensor<4>,
        dropout: Dropout,
        norm: &mut Norm<'_>,
    ) -> Tensor<2> {
        match self.engine {
            Engine::Stock => self.stock_forward(images, dropout, norm),
            #[cfg(feature = "fused")]
            Engine::Fused => self.fused_forward(images, dropout, norm),
        }
    }

    /// With Burn's own operations, on any device.
    fn stock_forward(&self, images: Tensor<4>, dropout: Dropout, norm: &mut Norm<'_>) -> Tensor<2> {
        let count = images.dims()[0];
        let mut flat = self.parameters.iter().cloned();
        let mut pair =
            || flat.next().zip(flat.next()).expect("every conv and dense layer has a weight and a bias");
        let mut shapes = self.architecture.shapes().into_iter();
        let mut activation = Activation::Maps(images);
        let layers = self.architecture.layers().into_iter().zip(self.architecture.normalised());
        for (position, (layer, normalised)) in layers.enumerate() {
            let input = shapes.next().expect("there is a shape before every layer");
            activation = match (layer, activation) {
                (Layer::Conv { channels, kernel }, Activation::Maps(maps)) => {
                    let (weight, bias) = pair();
                    let weight = weight.reshape([channels, maps.dims()[1], kernel, kernel]);
                    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
                    Activation::Maps(conv2d(maps, weight, Some(bias), options))
                }
                (Layer::Dense { units }, activation) => {
                    let (weight, bias) = pair();
                    let rows = activation.flattened([count, input.size()]);
                    let weight = weight.reshape([units, input.size()]).transpose();
                    Activation::Rows(linear(rows, weight, Some(bias)))
                }
                (Layer::Relu, activation) => activation.map(activation::relu, activation::relu),
                (Layer::MaxPool, Activation::Maps(maps)) => {
                    Activation::Maps(max_pool2d(maps, MaxPoolOptions::new([2, 2]).with_stride([2, 2])))
                }
                (Layer::Dropout(probability), activation) => match dropout {
                    Dropout::Off => activation,
                    Dropout::Seeded { seed, first_image } => {
                        let skipped = first_image * input.size();
                        let mask = layer_mask(probability, seed, position, skipped);
                        activation.map(|maps| masked(maps, mask), |rows| masked(rows, mask))
                    }
                },
                (layer, Activation::Rows(_)) => unreachable!("{layer:?} needs feature maps"),
            };
            if normalised && !norm.is_off() {
                let mut rows = |rows| norm.apply(rows, stock_batch_norm);
                activation = match activation {
                    Activation::Rows(values) => Activation::Rows(rows(values)),
                    Activation::Maps(maps) => {
                        let [images, channels, height, width] = maps.dims();
                        let last = maps.permute([0, 2, 3, 1]).reshape([images * height * width, channels]);
                        let last = rows(last).reshape([images, height, width, channels]);
                        Activation::Maps(last.permute([0, 3, 1, 2]))
                    }
                };
            }
        }
        activation.flattened([count, CLASSES])
    }

    /// Probabilities of the ten digits for each image; `levels` as in [`image_tensor`].
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn predict(&self, levels: &[u8]) -> Result<Vec<[f32; CLASSES]>, DeviceError> {
        let images = image_tensor(levels, &self.device);
        let logits: Tensor<1> = self
            .forward(images, Dropout::Off)
            .without_autodiff()
            .reshape([(levels.len() / PIXELS) * CLASSES]);
        let logits = read_flat(vec![logits]).await?;
        Ok(logits.iter().flat_map(|logits| logits.as_chunks().0.iter().map(softmax)).collect())
    }
}

/// Ten numbers are no work for a device.
fn softmax(logits: &[f32; CLASSES]) -> [f32; CLASSES] {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits.map(|logit| (logit - largest).exp());
    let sum: f32 = powers.iter().sum();
    powers.map(|power| power / sum)
}

/// The mask of the dropout layer at this position of the network.
pub(crate) fn layer_mask(probability: f64, seed: u64, position: usize, skipped: usize) -> DropoutMask {
    DropoutMask { probability, seed: mix(seed ^ (position as u64 + 1)), skipped }
}

fn masked<const D: usize>(values: Tensor<D>, mask: DropoutMask) -> Tensor<D> {
    let shape = values.shape();
    let mut factors = vec![1.0_f32; shape.num_elements()];
    mask.apply(&mut factors);
    let factors = Tensor::from_data(TensorData::new(factors, shape), &values.device());
    values * factors
}

/// Values between two layers.
enum Activation {
    Maps(Tensor<4>),
    Rows(Tensor<2>),
}

impl Activation {
    fn flattened(self, shape: [usize; 2]) -> Tensor<2> {
        match self {
            Self::Maps(maps) => maps.reshape(shape),
            Self::Rows(rows) => rows,
        }
    }

    fn map(
        self,
        maps: impl FnOnce(Tensor<4>) -> Tensor<4>,
        rows: impl FnOnce(Tensor<2>) -> Tensor<2>,
    ) -> Self {
        match self {
            Self::Maps(values) => Self::Maps(maps(values)),
            Self::Rows(values) => Self::Rows(rows(values)),
        }
    }
}
