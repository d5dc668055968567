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

/// A place in a group, with the moments of the own part of the parameters.
#[derive(Debug)]
pub(crate) struct SharedSteps {
    pub(crate) group: Group,
    /// Taken over from the whole ones at the first step.
    moments: Option<Vec<Vec<f32>>>,
}

impl SharedSteps {
    pub(crate) fn new(group: Group) -> Self {
        Self { group, moments: None }
    }

    /// Adds up everyone's gradients and takes the optimizer's step: the sums of the loss and of right answers.
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
    ) -> Result<Tensor<1>, RunError> {
        let device = network.device().clone().without_autodiff();
        let mut lists = batch.gradients;
        lists.push(batch.sums);
        let own_norms = batch.moments.into_iter().flatten().flat_map(|own| [own.mean, own.variance]);
        let gradient_count = lists.len() - 1;
        let mut lists = read_flat(lists.into_iter().chain(own_norms).collect()).await?;
        let own_norms = lists.split_off(gradient_count + 1).concat();
        let mut sums = lists.pop().unwrap_or_default();
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
        let (gradient, mut sums) = self.group.reduce_scatter(&gradients, &sums).await?;
        let all_norms = sums.split_off(2);
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
        Ok(flat(sums, &device))
    }

    /// Gives the optimizer everyone's moments, without which there is no checkpoint.
    pub(crate) async fn collect_moments(
        &mut self,
        network: &Network,
        optimizer: &mut OptimizerState,
    ) -> Result<(), RunError> {
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
    let mut whole = vec![Vec::new(); optimizer.own_moment_count()];
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
