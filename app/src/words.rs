//! The sentences that the page makes of what workers report.

use model_spec::{NetworkSpec, Preprocessing};
use protocol::{Backend, JobError, model_files::Tried, personalize::PersonalizeStage, train::TrainStage};
use worker_client::{DeviceReason, Failure, Loss, Preparation, Restart};

/// What people call a device.
pub(crate) const fn backend(backend: Backend) -> &'static str {
    match backend {
        Backend::Cpu => "CPU",
        Backend::WebGpu => "WebGPU",
    }
}

/// Why a run computes where it does.
pub(crate) const fn device_reason(reason: DeviceReason) -> &'static str {
    match reason {
        DeviceReason::ChosenCpu => "You chose the CPU.",
        DeviceReason::GpuFound => "Your browser offers a GPU.",
        DeviceReason::ChosenSoftwareGpu => "You chose WebGPU; this browser computes it in software.",
        DeviceReason::OnlySoftwareGpu => "WebGPU is only there in software, which is slower.",
        DeviceReason::NoAdapter => "WebGPU finds no GPU.",
        DeviceReason::NoWebGpu => "This browser does not have WebGPU.",
        DeviceReason::NoGpuWorker => "The WebGPU worker is not on this site yet.",
        DeviceReason::GpuFailed => "WebGPU failed in this run.",
    }
}

/// What is being prepared.
pub(crate) const fn preparation(preparation: Preparation) -> &'static str {
    match preparation {
        Preparation::ChoosingDevice => "Looking for a device",
        Preparation::StartingWorker => "Starting the worker",
        Preparation::ComputingReference => "Computing on the CPU what the GPU must agree with",
        Preparation::Worker(TrainStage::ReadingImages) => "Reading the images",
        Preparation::Worker(TrainStage::CheckingDevice) => {
            "Compiling shaders and checking the GPU against the CPU"
        }
        Preparation::Worker(TrainStage::WaitingForGroup) => "Waiting for the helping workers",
    }
}

/// What fine-tuning is doing.
pub(crate) const fn personalize_stage(stage: PersonalizeStage) -> &'static str {
    match stage {
        PersonalizeStage::ReadingImages => "Reading the images to rehearse",
        PersonalizeStage::FineTuning => "Learning your handwriting",
        PersonalizeStage::Measuring => "Measuring what has changed",
    }
}

/// What a network is, and how many parameters it has, which the names of some say.
pub(crate) fn network(network: &NetworkSpec) -> String {
    let title = network.title();
    if title.ends_with("parameters") {
        return title;
    }
    format!("{title}, {} parameters", metrics::grouped(network.parameter_count() as u32))
}

/// What a model reads of digits that are known.
pub(crate) fn measured_here(tried: &Tried) -> String {
    let untrained = if tried.accuracy < 0.2 { " Is it untrained?" } else { "" };
    format!("Measured here: it reads {:.1} % of 1,500 built-in digits.{untrained}", 100.0 * tried.accuracy)
}

/// What trying weights on known digits has shown, after a space.
pub(crate) fn tried(tried: &Tried, scale: &Preprocessing) -> String {
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let untrained = if tried.accuracy < 0.2 { " Is it untrained?" } else { "" };
    let known = format!(
        " The file has no card, so it was tried: it reads {} of 1,500 built-in digits.{untrained}",
        percent(tried.accuracy)
    );
    let scale = match scale {
        Preprocessing::ZeroToOne => return known,
        Preprocessing::MinusOneToOne => "-1 to 1".to_owned(),
        Preprocessing::MeanStd { mean, std } => format!("a mean of {mean} and a deviation of {std}"),
        Preprocessing::L2Columns => "columns of length 1".to_owned(),
    };
    // What the file says itself needs no reason.
    let Some(otherwise) = tried.accuracy_at_zero_to_one else { return known };
    format!("{known} It learned from pixels of {scale}: taken for 0 to 1 it reads {}.", percent(otherwise))
}

/// Why a call failed.
pub(crate) fn job_error(error: &JobError) -> String {
    match error {
        JobError::Cancelled => "This was cancelled.".into(),
        JobError::BadInput(text) | JobError::NoWorker(text) => text.clone(),
        JobError::DeviceLost(why) => format!("The device failed ({}). Try again.", without_stop(why)),
        JobError::OutOfMemory => {
            "There is not enough memory. Close other tabs, or choose something smaller.".into()
        }
        JobError::Diverged { step } => format!(
            "The loss is no longer a number at step {step}: the learning rate is too high for this network. Lower it \
             and start again."
        ),
        JobError::Internal(what) => {
            format!("Inkling made a mistake ({}). Reload the page and try again.", without_stop(what))
        }
        JobError::WorkerLost(why) => format!("The worker was lost ({}). Try again.", without_stop(why)),
    }
}

/// Why there is no worker to read what is drawn.
pub(crate) fn no_recognizer(error: &JobError) -> String {
    match error {
        JobError::WorkerLost(why) => {
            let why = without_stop(why);
            format!("The worker that reads digits does not start ({why}). Reload the page to try again.")
        }
        error => job_error(error),
    }
}

/// Why a run ended early.
pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Rejected(text) => text.clone(),
        Failure::Job(error) => job_error(error),
        Failure::GaveUp { losses, why } => {
            format!("Training was given up: its worker was lost {losses} times ({}).", loss(why))
        }
    }
}

/// A lost worker is replaced.
pub(crate) fn restart(restart: &Restart) -> String {
    let why = loss(&restart.why);
    let from = match restart.steps_done {
        0 => "from the beginning".to_owned(),
        steps => format!("from step {steps}"),
    };
    match restart.from {
        Backend::WebGpu => format!("WebGPU failed ({why}). Training goes on on the CPU, {from}."),
        Backend::Cpu => format!("The training worker was lost ({why}). A new one goes on {from}."),
    }
}

fn loss(loss: &Loss) -> &str {
    match loss {
        Loss::Worker(why) | Loss::Device(why) => without_stop(why),
        Loss::Silence => "it does not answer",
    }
}

/// A reason that stands within a sentence.
fn without_stop(text: &str) -> &str {
    text.trim_end_matches('.')
}

/// A learning rate: three digits, however small.
pub(crate) fn learning_rate(rate: f64) -> String {
    if rate >= 1e-3 { format!("{rate:.5}") } else { format!("{rate:.2e}") }
}

/// An accuracy; a dash where there is none.
pub(crate) fn share_in_percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".into(), |share| format!("{:.2} %", 100.0 * share))
}
