//! What the passes of one batch add up to, and how batch norm divides it.

use core::ops::Range;

use burn::tensor::Tensor;
use model_spec::{LayerSpec, NetworkSpec};
use network::{BatchMoments, DeviceError, Gradients, TrainPass};

use crate::measure::read_sums;

/// The passes of a batch so far.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Loss and right answers.
    pub(crate) sums: Tensor<1>,
    pub(crate) gradients: Gradients,
    /// Statistics of the batch norms, one entry for each pass.
    pub(crate) moments: Vec<Vec<BatchMoments>>,
}

impl Batch {
    /// The first pass, or one more.
    pub(crate) fn with(before: Option<Self>, pass: TrainPass) -> Self {
        let TrainPass { sums, gradients, moments } = pass;
        let Some(before) = before else {
            return Self { sums, gradients, moments: vec![moments] };
        };
        let mut all = before.moments;
        all.push(moments);
        Self {
            sums: before.sums + sums,
            gradients: before.gradients.into_iter().zip(gradients).map(|(sum, own)| sum + own).collect(),
            moments: all,
        }
    }
}

/// What a gradient is multiplied by so that it is no longer than `longest`, as PyTorch's `clip_grad_norm_` does.
pub(crate) fn clipped_scale(squares: f64, longest: f64) -> f32 {
    (longest / (squares.sqrt() + 1e-6)).min(1.0) as f32
}

/// As [`clipped_scale`], for gradients on a device.
pub(crate) async fn gradient_scale(
    gradients: &[Tensor<1>],
    gradient_clip: Option<f64>,
) -> Result<f32, DeviceError> {
    let Some(longest) = gradient_clip else { return Ok(1.0) };
    let squares =
        gradients.iter().map(|gradient| gradient.clone().square().sum()).reduce(|sum, own| sum + own);
    let Some(squares) = squares else { return Ok(1.0) };
    let [squares, _] = read_sums(squares).await?;
    Ok(clipped_scale(f64::from(squares), longest))
}

/// Mean and variance of one batch norm's channels, and of how many values each is.
type Statistics<'a> = (&'a [f32], &'a [f32], usize);

/// How a batch falls into the groups that batch norm normalizes over.
#[derive(Clone, Debug)]
pub(crate) struct NormGroups {
    /// Images of the batch.
    images: usize,
    /// Images of a group; the last may have fewer.
    group: usize,
    /// Of each batch norm: channels, and values of each channel in an image.
    layers: Vec<(usize, usize)>,
    /// The own groups.
    own: Range<usize>,
}

impl NormGroups {
    /// For a network without batch norm `group` is `None`, and there is nothing to keep together.
    pub(crate) fn new(
        network: &NetworkSpec,
        images: usize,
        group: Option<usize>,
        share: impl FnOnce(usize) -> Range<usize>,
    ) -> Self {
        let layers = network.layers().iter().zip(network.shapes());
        let layers = layers.filter(|(layer, _)| matches!(layer, LayerSpec::BatchNorm(_)));
        let layers = layers.map(|(_, shape)| (shape.channels(), shape.size() / shape.channels())).collect();
        let group = group.unwrap_or(1).max(1);
        Self { images, group, layers, own: share(images.div_ceil(group)) }
    }

    /// The own images of the batch.
    pub(crate) fn own_images(&self) -> Range<usize> {
        let end = |group: usize| (group * self.group).min(self.images);
        end(self.own.start)..end(self.own.end)
    }

    fn values_per_group(&self) -> usize {
        self.layers.iter().map(|(channels, _)| 2 * channels).sum()
    }

    /// The own statistics among zeros for everybody else's.
    pub(crate) fn at_their_places(&self, own: &[f32]) -> Vec<f32> {
        let each = self.values_per_group();
        if each == 0 {
            return Vec::new();
        }
        let mut all = vec![0.0; each * self.images.div_ceil(self.group)];
        all[self.own.start * each..][..own.len()].copy_from_slice(own);
        all
    }

    /// Mean, variance and count of each batch norm in each group of the batch.
    pub(crate) fn moments<'a>(&self, all: &'a [f32]) -> Vec<Vec<Statistics<'a>>> {
        let each = self.values_per_group();
        if each == 0 {
            return Vec::new();
        }
        let of_group = |(group, values): (usize, &'a [f32])| {
            let images = self.group.min(self.images - group * self.group);
            let mut rest = values;
            let of_layer = |&(channels, pixels): &(usize, usize)| {
                let (mean, after) = rest.split_at(channels);
                let (variance, after) = after.split_at(channels);
                rest = after;
                (mean, variance, images * pixels)
            };
            self.layers.iter().map(of_layer).collect()
        };
        all.chunks_exact(each).enumerate().map(of_group).collect()
    }
}
