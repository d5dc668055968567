//! One call while it is carried out.

use core::{
    cell::RefCell,
    future::{Future, pending, poll_fn},
    marker::PhantomData,
    pin::pin,
    task::Poll,
};
use std::rc::Rc;

use protocol::{Call, Delivery, FromWorker, JobError, JobId, Message, train::Steering};

use crate::{
    inbox::Inbox,
    scope::{self, Yielder},
};

/// A call while it is carried out: reports progress, and knows whether the page has cancelled it.
pub(crate) struct Job<C> {
    id: JobId,
    inbox: Inbox,
    yielder: Rc<Yielder>,
    call: PhantomData<fn() -> C>,
}

impl<C: Call> Job<C> {
    pub(crate) fn new(id: JobId, inbox: Inbox, yielder: Rc<Yielder>) -> Self {
        Self { id, inbox, yielder, call: PhantomData }
    }

    /// Reports progress without buffers.
    pub(crate) fn report(&self, progress: C::Progress) -> Result<(), JobError> {
        self.report_with(Delivery::bare(progress))
    }

    /// Reports progress.
    pub(crate) fn report_with(&self, progress: Delivery<C::Progress>) -> Result<(), JobError> {
        scope::post(Message::with(FromWorker::Progress { job: self.id }, progress)?)
    }

    /// Lets messages in.
    pub(crate) async fn pass(&self) {
        self.yielder.pass().await;
    }

    /// Lets messages in.
    ///
    /// # Errors
    /// [`JobError::Cancelled`] if the page has cancelled the job.
    pub(crate) async fn checkpoint(&self) -> Result<(), JobError> {
        self.pass().await;
        if self.is_cancelled() { Err(JobError::Cancelled) } else { Ok(()) }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.inbox.is_cancelled(self.id)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.inbox.is_paused(self.id)
    }

    /// What the page asked of the job since this was called last.
    pub(crate) fn take_steering(&self) -> Vec<Steering> {
        self.inbox.take_steering(self.id)
    }

    /// Waits until the job is resumed or cancelled.
    pub(crate) async fn resumed(&self) {
        while self.is_paused() && !self.is_cancelled() {
            self.inbox.next_message().await;
        }
    }
}

/// Ends work whose own loop knows only a callback.
#[derive(Default)]
pub(crate) struct Interrupt(RefCell<Option<JobError>>);

impl Interrupt {
    /// In the callback: goes on, or has [`run`](Self::run) return the error.
    pub(crate) async fn check(&self, step: Result<(), JobError>) {
        if let Err(error) = step {
            *self.0.borrow_mut() = Some(error);
            pending::<()>().await;
        }
    }

    /// Does the work unless a check fails.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, JobError> {
        let mut work = pin!(work);
        poll_fn(|context| match (work.as_mut().poll(context), self.0.take()) {
            (Poll::Ready(done), _) => Poll::Ready(Ok(done)),
            (Poll::Pending, Some(error)) => Poll::Ready(Err(error)),
            (Poll::Pending, None) => Poll::Pending,
        })
        .await
    }
}
