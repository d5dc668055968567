//! A few workers that are reused from job to job.
//!
//! Modelled on the worker bridge of `GoogleChromeLabs/squoosh`: jobs queue, a worker that ignores a cancellation is
//! terminated, and one that has been idle for a while is let go. A worker keeps the data set it has read, so the next
//! job on the same images starts at once.

use core::cell::{Cell, RefCell};
use std::{collections::VecDeque, rc::Rc};

use futures_channel::oneshot;
use protocol::{Call, Delivery, JobError, Program};

use crate::{Host, WorkerHandle};

/// A worker that has had nothing to do for so long is let go.
const IDLE_MS: u32 = 10_000;
/// A worker that has not ended a cancelled job by then is terminated.
const CANCEL_MS: u32 = 1_000;

struct Inner<H: Host> {
    host: Rc<H>,
    program: Program,
    max_workers: usize,
    state: RefCell<State<H>>,
}

struct State<H: Host> {
    idle: Vec<IdleWorker<H>>,
    busy: usize,
    /// Jobs that wait for a worker, the oldest first.
    queue: VecDeque<oneshot::Sender<Lease<H>>>,
    /// Counts how often a worker became idle.
    idle_periods: u64,
}

struct IdleWorker<H: Host> {
    handle: WorkerHandle<H>,
    period: u64,
}

/// Workers of one program for jobs that are done one at a time.
pub struct Pool<H: Host> {
    inner: Rc<Inner<H>>,
}

impl<H: Host> Clone for Pool<H> {
    fn clone(&self) -> Self {
        Self { inner: Rc::clone(&self.inner) }
    }
}

impl<H: Host> Pool<H> {
    /// A pool of at most `max_workers` workers. None is started before there is a job.
    pub fn new(host: Rc<H>, program: Program, max_workers: usize) -> Self {
        let state = State { idle: Vec::new(), busy: 0, queue: VecDeque::new(), idle_periods: 0 };
        Self {
            inner: Rc::new(Inner {
                host,
                program,
                max_workers: max_workers.max(1),
                state: RefCell::new(state),
            }),
        }
    }

    /// Makes a call to a free worker, as soon as there is one. Dropping the future cancels the call.
    ///
    /// # Errors
    /// Why the call failed.
    pub async fn call<C: Call>(
        &self,
        request: Delivery<C>,
        on_progress: impl Fn(Delivery<C::Progress>) + 'static,
    ) -> Result<Delivery<C::Reply>, JobError> {
        let lease = self.lease().await?;
        // Dropped before the lease: a call that is given up is cancelled before its worker goes back.
        let job = lease.handle.call(request, on_progress);
        job.await
    }

    async fn lease(&self) -> Result<Lease<H>, JobError> {
        let receiver = {
            let mut state = self.inner.state.borrow_mut();
            state.idle.retain(|worker| worker.handle.is_alive());
            if let Some(worker) = state.idle.pop() {
                state.busy += 1;
                return Ok(Lease { inner: Rc::clone(&self.inner), handle: worker.handle });
            }
            if state.busy < self.inner.max_workers {
                state.busy += 1;
                drop(state);
                return Ok(Lease::on_new_worker(&self.inner));
            }
            let (sender, receiver) = oneshot::channel();
            state.queue.push_back(sender);
            receiver
        };
        receiver.await.map_err(|_| JobError::Cancelled)
    }

    /// Workers that are alive, idle or busy.
    pub fn workers(&self) -> usize {
        let state = self.inner.state.borrow();
        state.busy + state.idle.iter().filter(|worker| worker.handle.is_alive()).count()
    }
}

/// A worker that does one job. Dropping it gives the worker back.
struct Lease<H: Host> {
    inner: Rc<Inner<H>>,
    handle: WorkerHandle<H>,
}

impl<H: Host> Lease<H> {
    fn on_new_worker(inner: &Rc<Inner<H>>) -> Self {
        Self { inner: Rc::clone(inner), handle: WorkerHandle::start(&inner.host, inner.program) }
    }
}

impl<H: Host> Drop for Lease<H> {
    fn drop(&mut self) {
        if self.handle.is_idle() || !self.handle.is_alive() {
            return self.inner.take_back(&self.handle);
        }
        // The job was cancelled but has not ended: whichever comes first, its end or the time limit.
        let is_settled = Rc::new(Cell::new(false));
        let (inner, handle, first) = (Rc::clone(&self.inner), self.handle.clone(), Rc::clone(&is_settled));
        self.inner.host.spawn(Box::pin(async move {
            handle.idle().await;
            if !first.replace(true) {
                inner.take_back(&handle);
            }
        }));
        let (inner, handle) = (Rc::clone(&self.inner), self.handle.clone());
        let time_limit = self.inner.host.sleep(CANCEL_MS);
        self.inner.host.spawn(Box::pin(async move {
            time_limit.await;
            if !is_settled.replace(true) {
                handle.terminate();
                inner.take_back(&handle);
            }
        }));
    }
}

impl<H: Host> Inner<H> {
    /// Passes a worker on to the next job in the queue, or keeps it for a while.
    fn take_back(self: &Rc<Self>, handle: &WorkerHandle<H>) {
        let next = {
            let mut state = self.state.borrow_mut();
            let next = loop {
                match state.queue.pop_front() {
                    // Whoever waited may be gone.
                    Some(sender) if sender.is_canceled() => {}
                    next => break next,
                }
            };
            if next.is_none() {
                state.busy -= 1;
            }
            next
        };
        if let Some(sender) = next {
            let lease = if handle.is_alive() {
                Lease { inner: Rc::clone(self), handle: handle.clone() }
            } else {
                Lease::on_new_worker(self)
            };
            // Refused, the lease is dropped and comes back here.
            drop(sender.send(lease));
        } else if handle.is_alive() {
            self.keep(handle);
        }
    }

    fn keep(self: &Rc<Self>, handle: &WorkerHandle<H>) {
        let period = {
            let mut state = self.state.borrow_mut();
            state.idle_periods += 1;
            let period = state.idle_periods;
            state.idle.push(IdleWorker { handle: handle.clone(), period });
            period
        };
        let (weak, idle) = (Rc::downgrade(self), self.host.sleep(IDLE_MS));
        self.host.spawn(Box::pin(async move {
            idle.await;
            if let Some(inner) = weak.upgrade() {
                // Of a worker that was used meanwhile another period runs.
                inner.state.borrow_mut().idle.retain(|worker| worker.period != period);
            }
        }));
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use protocol::{FromWorker, JobId, ToWorker};

    use super::*;
    use crate::fake::{Echo, FakeHost};

    #[test]
    fn an_idle_worker_is_reused_and_let_go_after_a_while() {
        let host = FakeHost::new();
        let pool = Pool::new(Rc::clone(&host), Program::Cpu, 2);
        let first = host.start(pool.clone(), "a");
        host.run();
        host.worker(0).ready();
        host.worker(0).echo();
        host.run();
        assert_eq!(first.borrow_mut().take(), Some(Ok("a".to_owned())));
        host.pass(IDLE_MS - 1);
        let second = host.start(pool.clone(), "b");
        host.run();
        host.pass(IDLE_MS);
        assert_eq!(host.workers_started(), 1, "the idle worker was not reused");
        assert!(host.worker(0).is_running(), "a busy worker was let go");
        host.worker(0).echo();
        host.run();
        assert_eq!(second.borrow_mut().take(), Some(Ok("b".to_owned())));
        host.pass(IDLE_MS);
        assert!(!host.worker(0).is_running());
        assert_eq!(pool.workers(), 0);
    }

    #[test]
    fn jobs_queue_in_their_order() {
        let host = FakeHost::new();
        let pool = Pool::new(Rc::clone(&host), Program::Cpu, 1);
        let answers = ["a", "b", "c"].map(|text| host.start(pool.clone(), text));
        host.run();
        host.worker(0).ready();
        for (index, text) in ["a", "b", "c"].into_iter().enumerate() {
            host.run();
            assert_eq!(host.worker(0).calls_waiting(), 1);
            host.worker(0).echo();
            host.run();
            assert_eq!(answers[index].borrow_mut().take(), Some(Ok(text.to_owned())));
        }
        assert_eq!(host.workers_started(), 1);
    }

    #[test]
    fn a_worker_that_dies_fails_its_job_and_the_next_one_gets_another() {
        let host = FakeHost::new();
        let pool = Pool::new(Rc::clone(&host), Program::Cpu, 1);
        let (first, second) = (host.start(pool.clone(), "a"), host.start(pool.clone(), "b"));
        host.run();
        host.worker(0).ready();
        host.worker(0).lose("unreachable");
        host.run();
        assert_eq!(first.borrow_mut().take(), Some(Err(JobError::WorkerLost("unreachable".into()))));
        host.worker(1).ready();
        host.worker(1).echo();
        host.run();
        assert_eq!(second.borrow_mut().take(), Some(Ok("b".to_owned())));
        assert!(!host.worker(0).is_running());
    }

    #[test]
    fn a_cancelled_job_ends_and_its_worker_is_kept() {
        let host = FakeHost::new();
        let pool = Pool::new(Rc::clone(&host), Program::Cpu, 1);
        let job = host.start_cancellable(pool.clone(), "a");
        host.run();
        host.worker(0).ready();
        host.run();
        assert!(host.worker(0).take_call().is_some());
        job.cancel();
        host.run();
        assert_eq!(host.worker(0).last_control(), Some(ToWorker::Cancel { job: JobId(1) }));
        host.worker(0).answer(FromWorker::Failed { job: JobId(1), error: JobError::Cancelled });
        host.run();
        host.pass(CANCEL_MS);
        assert!(host.worker(0).is_running());
        let next = host.start(pool.clone(), "b");
        host.run();
        host.worker(0).echo();
        host.run();
        assert_eq!(next.borrow_mut().take(), Some(Ok("b".to_owned())));
    }

    #[test]
    fn a_worker_that_ignores_a_cancellation_is_terminated() {
        let host = FakeHost::new();
        let pool = Pool::new(Rc::clone(&host), Program::Cpu, 1);
        let job = host.start_cancellable(pool.clone(), "a");
        host.run();
        host.worker(0).ready();
        host.run();
        let next = host.start(pool.clone(), "b");
        job.cancel();
        host.pass(CANCEL_MS - 1);
        assert!(host.worker(0).is_running());
        host.pass(1);
        assert!(!host.worker(0).is_running());
        host.worker(1).ready();
        host.worker(1).echo();
        host.run();
        assert_eq!(next.borrow_mut().take(), Some(Ok("b".to_owned())));
    }

    #[test]
    fn a_job_that_is_cancelled_in_the_queue_is_never_sent() {
        let host = FakeHost::new();
        let pool = Pool::new(Rc::clone(&host), Program::Cpu, 1);
        let first = host.start(pool.clone(), "a");
        let queued = host.start_cancellable(pool.clone(), "b");
        host.run();
        queued.cancel();
        host.worker(0).ready();
        host.worker(0).echo();
        host.run();
        assert_eq!(first.borrow_mut().take(), Some(Ok("a".to_owned())));
        assert_eq!(host.worker(0).calls_waiting(), 0);
        assert!(pool.inner.state.borrow().idle.len() == 1);
    }

    #[test]
    fn a_worker_that_cannot_be_started_is_an_error_of_the_call() {
        let host = FakeHost::new();
        host.refuse_workers();
        let pool = Pool::new(Rc::clone(&host), Program::Cpu, 1);
        let answer = host.start(pool.clone(), "a");
        host.run();
        assert_eq!(answer.borrow_mut().take(), Some(Err(JobError::NoWorker("none here".into()))));
        assert_eq!(pool.workers(), 0);
    }

    #[test]
    fn progress_arrives_before_the_reply_and_a_late_reply_is_ignored() {
        let host = FakeHost::new();
        let handle = WorkerHandle::start(&host, Program::Cpu);
        let seen = Rc::new(RefCell::new(Vec::new()));
        let note = Rc::clone(&seen);
        let job = handle.call(Delivery::bare(Echo("a".into())), move |progress| {
            note.borrow_mut().push(progress.content);
        });
        host.run();
        host.worker(0).ready();
        host.worker(0).progress(job.id(), 1);
        host.worker(0).progress(job.id(), 2);
        host.worker(0).echo();
        let answer = host.block_on(job);
        assert_eq!(answer.map(|reply| reply.content), Ok("a".to_owned()));
        assert_eq!(*seen.borrow(), [1, 2]);
        host.worker(0).progress(JobId(1), 3);
        assert_eq!(*seen.borrow(), [1, 2]);
    }
}
