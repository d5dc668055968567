//! A step whose work several runs share.

use burn::tensor::{Device, Tensor, TensorData};
use model_spec::TensorSpec;
use network::{BatchMoments, DeviceError, Network, read_flat};

use crate::{
    Group, RunError,
    group::pieces_mut,
    optimizer::OptimizerState,
    step::{self, Batch},
};

/// What the first rank tells the others with every step. It travels in the sums that are exchanged anyway, as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Control {
    /// All collect their moments after this step, for a checkpoint.
    pub(crate) wants_checkpoint: bool,
    /// A change of the run follows, in so many bytes; 0 for none.
    pub(crate) change_bytes: usize,
}

impl Control {
    /// Whole numbers of this size survive as `f32`.
    pub(crate) const MAX_CHANGE_BYTES: usize = 1 << 20;

    fn to_value(self) -> f32 {
        (2 * self.change_bytes.min(Self::MAX_CHANGE_BYTES) + usize::from(self.wants_checkpoint)) as f32
    }

    fn from_value(value: f32) -> Self {
        let value = value as usize;
        Self { wants_checkpoint: value % 2 == 1, change_bytes: value / 2 }
    }
}

/// A place in a group, with the moments of the own part of the parameters.
#[derive(Debug)]
pub(crate) struct SharedSteps {
    pub(crate) group: Group,
    /// Taken over from the whole ones at the first step.
    moments: Option<Vec<Vec<f32>>>,
    /// Whether the optimizer has everyone's moments.
    pub(crate) is_whole: bool,
}

impl SharedSteps {
    pub(crate) fn new(group: Group) -> Self {
        Self { group, moments: None, is_whole: true }
    }

    /// Adds up everyone's gradients and takes the optimizer's step: the sums of the loss and of right answers, and what the first
    /// rank says.
    ///
    /// `batch` holds the own passes; `first_group` is the first of the own norm groups among `norm_groups` of the whole batch.
    /// After an error network and optimizer are no longer whole.
    pub(crate) async fn step(
        &mut self,
        network: &mut Network,
        optimizer: &mut OptimizerState,
        (learning_rate, gradient_clip): (f64, Option<f64>),
        batch: Batch,
        norms: &step::NormGroups,
        control: Control,
    ) -> Result<(Tensor<1>, Control), RunError> {
        let device = network.device().clone().without_autodiff();
        let mut lists = batch.gradients;
        lists.push(batch.sums);
        let own_norms = batch.moments.into_iter().flatten().flat_map(|own| [own.mean, own.variance]);
        let gradient_count = lists.len() - 1;
        let mut lists = read_flat(lists.into_iter().chain(own_norms).collect()).await?;
        let own_norms = lists.split_off(gradient_count + 1).concat();
        let mut sums = lists.pop().unwrap_or_default();
        sums.push(control.to_value());
        // Everyone's statistics at their places, zeros elsewhere: their sum is all of them.
        sums.extend(norms.at_their_places(&own_norms));
        let gradients = lists;
        let length = gradients.iter().map(Vec::len).sum();
        let own = self.group.share(length);
        let mut moments = if let Some(moments) = self.moments.take() {
            moments
        } else {
            let whole = whole_moments(optimizer, &sizes(network)).await?;
            whole.iter().map(|moment| moment[own.clone()].to_vec()).collect()
        };
        // The whole ones are out of date from here on, until they are collected.
        optimizer.moments = None;
        self.is_whole = false;
        let (gradient, mut sums) = self.group.reduce_scatter(&gradients, &sums).await?;
        let all_norms = sums.split_off(3);
        let control = Control::from_value(sums.pop().unwrap_or_default());
        let gradient_scale = match gradient_clip {
            None => 1.0,
            Some(longest) => {
                let squares = gradient.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>();
                let squares = self.group.all_reduce(vec![squares as f32]).await?;
                step::clipped_scale(f64::from(squares[0]), longest)
            }
        };
        let mut parameters = read_flat(network.take_parameters()).await?;
        let rule = optimizer.next_rule(learning_rate, gradient_scale);
        let mut start = 0;
        for piece in pieces_mut(&mut parameters, &own) {
            let end = start + piece.len();
            let mut moments: Vec<&mut [f32]> =
                moments.iter_mut().map(|moment| &mut moment[start..end]).collect();
            rule.apply(piece, &gradient[start..end], &mut moments);
            start = end;
        }
        self.moments = Some(moments);
        self.group.all_gather(&mut parameters).await?;
        network.set_parameters(parameters.into_iter().map(|values| flat(values, &device)).collect());
        for moments in norms.moments(&all_norms) {
            let on_device = |(mean, variance, count): (&[f32], &[f32], usize)| BatchMoments {
                mean: flat(mean.to_vec(), &device),
                variance: flat(variance.to_vec(), &device),
                count,
            };
            network.update_running(moments.into_iter().map(on_device).collect());
        }
        Ok((flat(sums, &device), control))
    }

    /// Hands the bytes that the first rank has to all.
    pub(crate) async fn broadcast(&mut self, own: &[u8], length: usize) -> Result<Vec<u8>, RunError> {
        let mut values: Vec<f32> = own.iter().copied().map(f32::from).collect();
        values.resize(length, 0.0);
        let values = self.group.all_reduce(values).await?;
        Ok(values.into_iter().map(|value| value as u8).collect())
    }

    /// Gives the optimizer everyone's moments, without which there is no checkpoint.
    pub(crate) async fn collect_moments(
        &mut self,
        network: &Network,
        optimizer: &mut OptimizerState,
    ) -> Result<(), RunError> {
        self.is_whole = true;
        let Some(parts) = &self.moments else { return Ok(()) };
        let sizes = sizes(network);
        let length = sizes.iter().sum();
        let mut whole = Vec::with_capacity(parts.len());
        for part in parts {
            let mut moment = [vec![0.0; length]];
            moment[0][self.group.share(length)].copy_from_slice(part);
            self.group.all_gather(&mut moment).await?;
            whole.extend(moment);
        }
        // Back to the optimizer's order: a parameter's moments lie together.
        let mut start = 0;
        let mut moments = Vec::with_capacity(length * whole.len());
        for size in sizes {
            moments.extend(whole.iter().flat_map(|moment| &moment[start..start + size]));
            start += size;
        }
        let device = network.device().clone().without_autodiff();
        optimizer.moments = (!moments.is_empty()).then(|| flat(moments, &device));
        Ok(())
    }
}

/// Values of each learned tensor.
fn sizes(network: &Network) -> Vec<usize> {
    network.spec().parameters().map(TensorSpec::size).collect()
}

/// Each moment over all parameters.
async fn whole_moments(optimizer: &OptimizerState, sizes: &[usize]) -> Result<Vec<Vec<f32>>, DeviceError> {
    let mut whole = vec![Vec::new(); optimizer.moment_count()];
    let Some(moments) = &optimizer.moments else {
        whole.fill(vec![0.0; sizes.iter().sum()]);
        return Ok(whole);
    };
    let values = read_flat(vec![moments.clone()]).await?.concat();
    let mut rest = &values[..];
    for &size in sizes {
        for moment in &mut whole {
            let own;
            (own, rest) = rest.split_at(size);
            moment.extend(own);
        }
    }
    Ok(whole)
}

fn flat(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}
