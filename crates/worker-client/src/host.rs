//! What workers need from their surroundings.

use core::{future::Future, pin::Pin};

use protocol::{FromWorker, JobError, Message, Program, ToWorker};

/// A future that stays on its thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// What happens to a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerEvent {
    /// It takes calls from now on.
    Ready,
    /// It sent a message.
    Message(Message<FromWorker>),
    /// It belongs to another build and must be ignored.
    OtherBuild,
    /// It died; the text says why.
    Lost(String),
}

/// A started worker. Dropping it terminates the worker at once, whatever it is doing.
pub trait Transport: 'static {
    /// Posts a message.
    ///
    /// # Errors
    /// [`JobError`] if the message cannot be written or there is no memory for it.
    fn post(&self, message: Message<ToWorker>) -> Result<(), JobError>;
}

/// Supplies workers, timers and tasks.
pub trait Host: 'static {
    /// Its workers.
    type Transport: Transport;

    /// Starts a worker. Nothing may be posted before [`WorkerEvent::Ready`].
    fn start_worker(
        &self,
        program: Program,
        on_event: Box<dyn Fn(WorkerEvent)>,
    ) -> LocalFuture<Result<Self::Transport, JobError>>;

    /// Runs a task, soon but never within this call.
    fn spawn(&self, task: LocalFuture<()>);

    /// Waits.
    fn sleep(&self, duration_ms: u32) -> LocalFuture<()>;

    /// Milliseconds on a clock that never goes back.
    fn now_ms(&self) -> f64;
}
