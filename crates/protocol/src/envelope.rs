//! The outside of a message: which call it belongs to.

use serde::{Deserialize, Serialize};

use crate::{JobError, JobId};

/// Where a worker computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// The CPU, with SIMD instructions.
    Cpu,
    /// WebGPU.
    WebGpu,
}

/// What a worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Networks, on the CPU.
    Cpu,
    /// Networks, on WebGPU.
    WebGpu,
    /// Files of models in any format, in.
    ReadFiles,
    /// Files of models in other formats, out; links.
    WriteFiles,
}

impl From<Backend> for Program {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Cpu => Self::Cpu,
            Backend::WebGpu => Self::WebGpu,
        }
    }
}

/// The envelope of a message from the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToWorker {
    /// Do a job. The body is the [`Call`](crate::Call) of this name.
    Call {
        /// The job.
        job: JobId,
        /// The call's [`NAME`](crate::Call::NAME).
        name: String,
    },
    /// End a job as soon as possible. It still answers, with [`JobError::Cancelled`] or with what it has so far.
    Cancel {
        /// The job.
        job: JobId,
    },
    /// Hold a job until it is resumed.
    Pause {
        /// The job.
        job: JobId,
    },
    /// Let a paused job go on.
    Resume {
        /// The job.
        job: JobId,
    },
    /// Act on a job under way. The body is a [`Steering`](crate::train::Steering).
    Steer {
        /// The job.
        job: JobId,
    },
    /// Answer with [`FromWorker::Pong`].
    Ping,
}

/// The envelope of a message from a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromWorker {
    /// The worker takes calls from now on.
    Ready,
    /// The body is the call's [`Progress`](crate::Call::Progress).
    Progress {
        /// The job.
        job: JobId,
    },
    /// The job is done. The body is the call's [`Reply`](crate::Call::Reply).
    Reply {
        /// The job.
        job: JobId,
    },
    /// The job ended without a reply.
    Failed {
        /// The job.
        job: JobId,
        /// Why.
        error: JobError,
    },
    /// The answer to [`ToWorker::Ping`].
    Pong,
    /// The worker cannot go on and must be replaced.
    Fatal {
        /// Why, for people.
        reason: String,
    },
}
