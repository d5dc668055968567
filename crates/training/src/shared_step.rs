//! A step whose work several runs share.

use burn::tensor::{Device, Tensor, TensorData};
use network::{DeviceError, Network, TrainPass, read_flat};
use recipe::Parameter;

use crate::{RunError, Team, optimizer::OptimizerState, team::pieces_mut};

/// A place in a team, with the moments of the own part of the parameters.
#[derive(Debug)]
pub(crate) struct SharedSteps {
    pub(crate) team: Team,
    /// Taken over from the whole ones at the first step.
    moments: Option<Vec<Vec<f32>>>,
}

impl SharedSteps {
    pub(crate) fn new(team: Team) -> Self {
        Self { team, moments: None }
    }

    /// Adds up everyone's gradients and takes the optimizer's step: the sums of the loss and of right answers.
    ///
    /// After an error network and optimizer are no longer whole.
    pub(crate) async fn step(
        &mut self,
        network: &mut Network,
        optimizer: &mut OptimizerState,
        learning_rate: f64,
        pass: TrainPass,
    ) -> Result<Tensor<1>, RunError> {
        let device = network.device().clone().without_autodiff();
        let mut gradients = read_flat(pass.gradients.into_iter().chain([pass.sums]).collect()).await?;
        let sums = gradients.pop().unwrap_or_default();
        let length = gradients.iter().map(Vec::len).sum();
        let own = self.team.share(length);
        let mut moments = if let Some(moments) = self.moments.take() {
            moments
        } else {
            let whole = whole_moments(optimizer, &sizes(network)).await?;
            whole.iter().map(|moment| moment[own.clone()].to_vec()).collect()
        };
        // The whole ones are out of date from here on, until they are collected.
        optimizer.moments = None;
        let (gradient, sums) = self.team.reduce(&gradients, &sums).await?;
        let mut parameters = read_flat(network.take_parameters()).await?;
        let rule = optimizer.next_rule(learning_rate);
        let mut start = 0;
        for piece in pieces_mut(&mut parameters, &own) {
            let end = start + piece.len();
            let mut moments: Vec<&mut [f32]> =
                moments.iter_mut().map(|moment| &mut moment[start..end]).collect();
            rule.apply(piece, &gradient[start..end], &mut moments);
            start = end;
        }
        self.moments = Some(moments);
        self.team.spread(&mut parameters).await?;
        network.set_parameters(parameters.into_iter().map(|values| flat(values, &device)).collect());
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
            moment[0][self.team.share(length)].copy_from_slice(part);
            self.team.spread(&mut moment).await?;
            whole.extend(moment);
        }
        // Back to the optimizer's order: a parameter's moments lie together.
        let mut start = 0;
        let mut moments = Vec::with_capacity(length * whole.len());
        for size in sizes {
            moments.extend(whole.iter().flat_map(|moment| &moment[start..start + size]));
            start += size;
        }
        optimizer.moments = Some(flat(moments, &network.device().clone().without_autodiff()));
        Ok(())
    }
}

/// Values of each parameter.
fn sizes(network: &Network) -> Vec<usize> {
    network.architecture().parameters().iter().map(Parameter::size).collect()
}

/// Each moment over all parameters.
async fn whole_moments(optimizer: &OptimizerState, sizes: &[usize]) -> Result<Vec<Vec<f32>>, DeviceError> {
    let count = OptimizerState::moment_count(optimizer.kind);
    let mut whole = vec![Vec::new(); count];
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
