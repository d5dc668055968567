//! Where a run computes, and why there.

use protocol::Backend;
use train_config::DeviceChoice;

/// What the browser offers in terms of WebGPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuProbe {
    /// A GPU.
    Hardware,
    /// WebGPU computed by the CPU.
    Software,
    /// WebGPU without an adapter.
    NoAdapter,
    /// No WebGPU.
    Missing,
}

/// Why a run computes where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceReason {
    /// The user chose the CPU.
    ChosenCpu,
    /// There is a GPU.
    GpuFound,
    /// The user chose WebGPU, which is computed in software here.
    ChosenSoftwareGpu,
    /// WebGPU is only available in software, which is slower than the CPU worker.
    OnlySoftwareGpu,
    /// WebGPU finds no GPU.
    NoAdapter,
    /// The browser has no WebGPU.
    NoWebGpu,
    /// The site has no WebGPU worker yet.
    NoGpuWorker,
    /// WebGPU failed in this run.
    GpuFailed,
}

/// Where a run computes, and why there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Where.
    pub backend: Backend,
    /// Why.
    pub reason: DeviceReason,
}

/// Chooses a device.
pub const fn choose_device(choice: DeviceChoice, probe: GpuProbe, has_gpu_worker: bool) -> Device {
    let reason = match (choice, probe) {
        (DeviceChoice::Cpu, _) => DeviceReason::ChosenCpu,
        (_, GpuProbe::Missing) => DeviceReason::NoWebGpu,
        (_, GpuProbe::NoAdapter) => DeviceReason::NoAdapter,
        (DeviceChoice::Auto, GpuProbe::Software) => DeviceReason::OnlySoftwareGpu,
        _ if !has_gpu_worker => DeviceReason::NoGpuWorker,
        (DeviceChoice::WebGpu, GpuProbe::Software) => DeviceReason::ChosenSoftwareGpu,
        (_, GpuProbe::Hardware) => DeviceReason::GpuFound,
    };
    let backend = match reason {
        DeviceReason::GpuFound | DeviceReason::ChosenSoftwareGpu => Backend::WebGpu,
        _ => Backend::Cpu,
    };
    Device { backend, reason }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_gpu_is_used_if_there_is_one_and_the_site_has_its_worker() {
        for (choice, probe, has_worker, backend, reason) in [
            (DeviceChoice::Cpu, GpuProbe::Hardware, true, Backend::Cpu, DeviceReason::ChosenCpu),
            (DeviceChoice::Auto, GpuProbe::Hardware, true, Backend::WebGpu, DeviceReason::GpuFound),
            (DeviceChoice::Auto, GpuProbe::Hardware, false, Backend::Cpu, DeviceReason::NoGpuWorker),
            (DeviceChoice::Auto, GpuProbe::Software, true, Backend::Cpu, DeviceReason::OnlySoftwareGpu),
            (
                DeviceChoice::WebGpu,
                GpuProbe::Software,
                true,
                Backend::WebGpu,
                DeviceReason::ChosenSoftwareGpu,
            ),
            (DeviceChoice::WebGpu, GpuProbe::NoAdapter, true, Backend::Cpu, DeviceReason::NoAdapter),
            (DeviceChoice::WebGpu, GpuProbe::Missing, true, Backend::Cpu, DeviceReason::NoWebGpu),
        ] {
            assert_eq!(choose_device(choice, probe, has_worker), Device { backend, reason });
        }
    }
}
