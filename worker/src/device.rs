//! The one device of this build.

use burn::tensor::Device;
use model_spec::NetworkSpec;
use protocol::Backend;
use training::MicroBatch;

/// Which device this build opens.
pub(crate) const BACKEND: Backend = if cfg!(feature = "gpu") { Backend::WebGpu } else { Backend::Cpu };

/// Opens the device. The error is for people.
#[cfg(not(feature = "gpu"))]
#[expect(clippy::unused_async, reason = "the WebGPU build awaits its adapter here")]
pub(crate) async fn open() -> Result<Device, String> {
    Ok(Device::flex())
}

/// Opens the device. The error is for people.
#[cfg(feature = "gpu")]
pub(crate) async fn open() -> Result<Device, String> {
    use burn_wgpu as _;
    let device = Device::wgpu_options().init_async().await;
    device.map_err(|error| format!("WebGPU could not be opened: {error}."))
}

/// The sizes of the pieces of work that suit this device.
pub(crate) fn micro_batch(network: &NetworkSpec) -> MicroBatch {
    match BACKEND {
        Backend::Cpu => MicroBatch::cpu(network),
        Backend::WebGpu => MicroBatch::gpu(),
    }
}

/// Milliseconds between two snapshots of a run's weights. Reading them from a GPU takes longer.
pub(crate) const SNAPSHOT_MS: f64 = match BACKEND {
    Backend::Cpu => 1_000.0,
    Backend::WebGpu => 4_000.0,
};
