//! The one device of this build.

use burn::tensor::Device;
use protocol::Backend;
use recipe::Architecture;
use training::Pace;

/// Which device this build opens.
pub(crate) const BACKEND: Backend = if cfg!(feature = "gpu") { Backend::WebGpu } else { Backend::Cpu };

/// Opens the device; the error is for people.
#[cfg(not(feature = "gpu"))]
#[expect(clippy::unused_async, reason = "the WebGPU build awaits its adapter here")]
pub(crate) async fn open() -> Result<Device, String> {
    Ok(Device::flex())
}

/// Opens the device; the error is for people.
#[cfg(feature = "gpu")]
pub(crate) async fn open() -> Result<Device, String> {
    use burn_wgpu as _;
    let device = Device::wgpu_options().init_async().await;
    device.map_err(|error| format!("WebGPU could not be opened: {error}."))
}

/// The sizes of the pieces that suit this device.
pub(crate) fn pace(architecture: Architecture) -> Pace {
    match BACKEND {
        Backend::Cpu => Pace::cpu(architecture),
        Backend::WebGpu => Pace::gpu(),
    }
}

/// Milliseconds between two snapshots of a run's weights: reading them from a GPU takes longer.
pub(crate) const SNAPSHOT_MS: f64 = match BACKEND {
    Backend::Cpu => 1_000.0,
    Backend::WebGpu => 4_000.0,
};
