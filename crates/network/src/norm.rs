//! Batch normalisation: by the batch in training, folded into the weights for everything else.

use burn::tensor::Tensor;
use kernels::{NORM_EPSILON, block_rows};
use weights::Normalisation;

use crate::{Batch, DeviceError, Dropout, Network, parameters::read_flat};

/// What happens where an architecture may be normalised.
#[derive(Debug)]
pub(crate) enum Norm<'a> {
    /// Nothing: the weights have it folded in, or there is none.
    Off,
    /// Each channel is normalised over the batch.
    Batch,
    /// That too, and each channel's mean, then its variance, then the mean's square are noted.
    Measured(&'a mut Vec<Tensor<1>>),
}

impl Norm<'_> {
    pub(crate) fn is_off(&self) -> bool {
        matches!(self, Self::Off)
    }

    /// `[rows, channels]`, normalised by what is given for it.
    pub(crate) fn apply(
        &mut self,
        rows: Tensor<2>,
        batch_norm: impl FnOnce(Tensor<2>) -> Tensor<2>,
    ) -> Tensor<2> {
        match self {
            Self::Off => rows,
            Self::Batch => batch_norm(rows),
            Self::Measured(moments) => {
                let plain = rows.clone().without_autodiff();
                let channels = plain.dims()[1];
                let mean = row_mean(plain.clone());
                // Of what is centred: squares of large values leave nothing of a small variance.
                let variance = row_mean((plain - mean.clone()).square()).reshape([channels]);
                let mean = mean.reshape([channels]);
                moments.push(Tensor::cat(vec![mean.clone(), variance, mean.square()], 0));
                batch_norm(rows)
            }
        }
    }
}

/// With Burn's own operations.
pub(crate) fn stock_batch_norm(rows: Tensor<2>) -> Tensor<2> {
    let centred = rows.clone() - row_mean(rows);
    let variance = row_mean(centred.clone().square());
    centred / (variance + NORM_EPSILON).sqrt()
}

/// The mean of `[rows, channels]` over the rows, `[1, channels]`, of means of blocks.
fn row_mean(values: Tensor<2>) -> Tensor<2> {
    let [rows, channels] = values.dims();
    let block = block_rows(rows);
    let means = values.reshape([rows / block, block, channels]).mean_dim(1);
    means.reshape([rows / block, channels]).mean_dim(0)
}

/// Means over several batches of what is normalised, for [`Weights::folded`](weights::Weights::folded).
///
/// These, and not averages kept while training goes on: they belong to the weights as they are, a run has nothing more
/// to carry along, and a team has nothing more to agree upon. (Y. Wu, J. Johnson, "Rethinking 'Batch' in `BatchNorm`",
/// arXiv 2105.07576, call it precise batch norm.)
#[derive(Debug, Default)]
pub struct NormStatistics {
    moments: Vec<Tensor<1>>,
    batches: usize,
}

impl NormStatistics {
    /// Takes the means over one more batch into account; all batches should be of one size. Dropout is off.
    pub fn add(&mut self, network: &Network, batch: Batch<'_>) {
        let mut measured = Vec::new();
        let (images, _) = batch.tensors(network.device());
        network.forward_normed(images, Dropout::Off, &mut Norm::Measured(&mut measured));
        self.moments = if self.batches == 0 {
            measured
        } else {
            self.moments.drain(..).zip(measured).map(|(sum, more)| sum + more).collect()
        };
        self.batches += 1;
    }

    /// Reads them; in the order of [`Architecture::normalised`](recipe::Architecture::normalised).
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn read(self) -> Result<Vec<Normalisation>, DeviceError> {
        let batches = self.batches.max(1) as f32;
        let moments = read_flat(self.moments).await?;
        let normalisation = |moments: Vec<f32>| {
            let channels = moments.len() / 3;
            let moments: Vec<f32> = moments.into_iter().map(|sum| sum / batches).collect();
            let mean = moments[..channels].to_vec();
            let inverse = |channel: usize| {
                let of_the_means = moments[2 * channels + channel] - mean[channel] * mean[channel];
                (moments[channels + channel] + of_the_means.max(0.0) + NORM_EPSILON).sqrt().recip()
            };
            let inverse_deviation = (0..channels).map(inverse).collect();
            Normalisation { mean, inverse_deviation }
        };
        Ok(moments.into_iter().map(normalisation).collect())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use pollster::block_on;
    use recipe::{Architecture, PIXELS};
    use weights::Weights;

    use super::*;
    use crate::{Device, image_tensor};

    fn logits(rows: Tensor<2>) -> Vec<f32> {
        rows.into_data().iter().collect()
    }

    /// On the very images of the statistics, folded weights answer what the batch's own normalisation answers.
    #[test]
    fn folded_weights_answer_as_the_normalised_network() {
        let (count, device) = (12, Device::flex());
        let levels: Vec<u8> = (0..count * PIXELS).map(|index| ((index * index / 7) % 256) as u8).collect();
        let batch = Batch::Levels { levels: &levels, labels: &[0; 12] };
        for architecture in Architecture::ALL {
            let network = Network::from_weights(&Weights::initial(architecture, 3), &device);
            let images = || image_tensor(&levels, &device);
            let expected = logits(network.forward_normed(images(), Dropout::Off, &mut Norm::Batch));

            let mut statistics = NormStatistics::default();
            statistics.add(&network, batch);
            let normalisations = block_on(statistics.read()).unwrap();
            let folded = block_on(network.to_weights()).unwrap().folded(&normalisations);
            let got = logits(Network::from_weights(&folded, &device).forward(images(), Dropout::Off));

            let plain = logits(network.forward(images(), Dropout::Off));
            let apart = |a: &[f32]| a.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart(&got) < 2e-3, "{architecture:?}: {}", apart(&got));
            assert!(apart(&plain) > 0.1, "{architecture:?}: {}", apart(&plain));
        }
    }

    #[test]
    fn statistics_of_several_batches_are_their_means() {
        let device = Device::flex();
        let network = Network::from_weights(&Weights::initial(Architecture::Mlp, 3), &device);
        let levels: Vec<u8> = (0..8 * PIXELS).map(|index| ((index * index / 7) % 256) as u8).collect();
        let measured = |parts: usize| {
            let mut statistics = NormStatistics::default();
            for levels in levels.chunks(levels.len() / parts) {
                statistics.add(&network, Batch::Levels { levels, labels: &vec![0; 8 / parts] });
            }
            block_on(statistics.read()).unwrap().swap_remove(0)
        };
        let (whole, parts) = (measured(1), measured(4));
        let close =
            |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4 * b.abs().max(1.0));
        assert!(close(&whole.mean, &parts.mean));
        assert!(close(&whole.inverse_deviation, &parts.inverse_deviation));
    }
}
