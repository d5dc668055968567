//! A network with its tensors on a device; host and device lay them out as PyTorch does.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData, Transaction};
use model_spec::{LayerSpec, NetworkSpec, Preprocessing, TensorKind};
use weights::Weights;

use crate::{Fusion, Plan, loss::BatchMoments};

/// A device that no longer answers: lost, out of memory or broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device stopped answering: {0}")]
pub struct DeviceError(pub String);

/// A network on a device.
#[derive(Clone, Debug)]
pub struct Network {
    spec: NetworkSpec,
    preprocessing: Preprocessing,
    pub(crate) plan: Arc<Plan>,
    fusion: Fusion,
    device: Device,
    /// One flat tensor for each of [`NetworkSpec::parameters`].
    pub(crate) parameters: Vec<Tensor<1>>,
    /// One flat tensor for each buffer, in the order of [`NetworkSpec::tensors`], without autodiff.
    pub(crate) buffers: Vec<Tensor<1>>,
}

impl Network {
    /// Puts weights on a device. On an autodiff device the network can be trained.
    pub fn from_weights(weights: &Weights, preprocessing: Preprocessing, device: &Device) -> Self {
        Self::with_fusion(weights, preprocessing, device, Fusion::of_this_build())
    }

    /// A network that answers: batch norms are folded into the layers before them where that is possible.
    pub fn for_prediction(weights: &Weights, preprocessing: Preprocessing, device: &Device) -> Self {
        Self::from_weights(&weights.folded(), preprocessing, device)
    }

    /// As [`from_weights`](Self::from_weights), with the operations that are asked for.
    pub fn with_fusion(
        weights: &Weights,
        preprocessing: Preprocessing,
        device: &Device,
        fusion: Fusion,
    ) -> Self {
        let spec = weights.network().clone();
        let plain = device.clone().without_autodiff();
        let (mut parameters, mut buffers) = (Vec::new(), Vec::new());
        for (tensor, values) in weights.tensors() {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            match tensor.kind {
                TensorKind::Parameter => parameters.push(track(Tensor::from_data(data, device))),
                TensorKind::Buffer => buffers.push(Tensor::from_data(data, &plain)),
            }
        }
        let plan = Arc::new(Plan::lower(&spec, fusion));
        Self { spec, preprocessing, plan, fusion, device: device.clone(), parameters, buffers }
    }

    /// Which layers it has.
    pub fn spec(&self) -> &NetworkSpec {
        &self.spec
    }

    /// The same network where nothing is kept for a backward pass; both share their tensors.
    ///
    /// With autodiff, what a forward pass keeps is not let go of before the next backward pass: gigabytes, where many images are
    /// only asked about.
    pub(crate) fn without_autodiff(&self) -> Self {
        Self {
            device: self.device.clone().without_autodiff(),
            parameters: self.parameters(),
            plan: Arc::clone(&self.plan),
            spec: self.spec.clone(),
            buffers: self.buffers.clone(),
            ..*self
        }
    }

    /// What it does to grey levels first.
    pub fn preprocessing(&self) -> Preprocessing {
        self.preprocessing
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Whose operations it computes with.
    pub fn fusion(&self) -> Fusion {
        self.fusion
    }

    /// Whether the first operation adds the offset of the preprocessing.
    pub(crate) fn adds_offset(&self) -> bool {
        self.plan.takes_offset && self.preprocessing.affine().is_some()
    }

    /// The offset that the first operation adds.
    pub(crate) fn fused_offset(&self) -> f32 {
        let offset = self.preprocessing.affine().map_or(0.0, |(_, offset)| offset);
        if self.adds_offset() { offset } else { 0.0 }
    }

    /// The flat learned tensors, without gradients.
    pub fn parameters(&self) -> Vec<Tensor<1>> {
        self.parameters.iter().map(|parameter| parameter.clone().without_autodiff()).collect()
    }

    /// Takes the learned tensors out, without gradients, so that a step can change them in place.
    ///
    /// The network is empty until [`set_parameters`](Self::set_parameters).
    pub fn take_parameters(&mut self) -> Vec<Tensor<1>> {
        core::mem::take(&mut self.parameters).into_iter().map(Tensor::without_autodiff).collect()
    }

    /// Replaces every learned tensor; order and sizes are those of [`Network::parameters`].
    ///
    /// # Panics
    /// Where their number is another: the caller computed them from this network's own.
    pub fn set_parameters(&mut self, parameters: Vec<Tensor<1>>) {
        assert_eq!(parameters.len(), self.spec.parameters().count(), "one tensor for each parameter");
        let autodiff = self.device.is_autodiff();
        self.parameters =
            parameters.into_iter().map(|p| track(if autodiff { p.autodiff() } else { p })).collect();
    }

    /// Takes the statistics of one pass into the running ones, as PyTorch does: the variance without bias.
    ///
    /// `moments` has one entry for each batch norm, in the order of the layers.
    pub fn update_running(&mut self, moments: Vec<BatchMoments>) {
        let momenta = self.spec.layers().iter().filter_map(|layer| match layer {
            LayerSpec::BatchNorm(norm) => Some(norm.momentum as f32),
            _ => None,
        });
        for ((pair, own), momentum) in self.buffers.chunks_exact_mut(2).zip(moments).zip(momenta) {
            let unbiased = own.variance * (own.count as f32 / own.count.saturating_sub(1).max(1) as f32);
            for (running, new) in pair.iter_mut().zip([own.mean, unbiased]) {
                *running = running.clone() * (1.0 - momentum) + new * momentum;
            }
        }
    }

    /// Reads the weights back, in one transfer.
    ///
    /// # Errors
    /// [`DeviceError`] where the device is lost.
    pub async fn to_weights(&self) -> Result<Weights, DeviceError> {
        let all = self.parameters().into_iter().chain(self.buffers.iter().cloned());
        let mut parameters = read_flat(all.collect()).await?;
        let buffers = parameters.split_off(self.parameters.len());
        self.weights_of(&parameters, &buffers)
    }

    fn weights_of(&self, parameters: &[Vec<f32>], buffers: &[Vec<f32>]) -> Result<Weights, DeviceError> {
        Weights::from_lists(self.spec.clone(), parameters, buffers)
            .ok_or_else(|| DeviceError("it returned the wrong number of values".into()))
    }
}

/// Reads flat tensors back in one transfer, as one list of values each.
///
/// # Errors
/// [`DeviceError`] where the device is lost.
pub async fn read_flat(tensors: Vec<Tensor<1>>) -> Result<Vec<Vec<f32>>, DeviceError> {
    let transaction = tensors.into_iter().fold(Transaction::default(), Transaction::register);
    let data = transaction.execute_async().await.map_err(|error| DeviceError(format!("{error:?}")))?;
    data.into_iter()
        .map(|data| data.try_into_vec::<f32>().map_err(|error| DeviceError(format!("{error:?}"))))
        .collect()
}

/// Makes a tensor a leaf whose gradient is kept, on a device that keeps gradients.
fn track(parameter: Tensor<1>) -> Tensor<1> {
    if parameter.is_autodiff() { parameter.require_grad() } else { parameter }
}
