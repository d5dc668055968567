//! A host without a browser: workers that do what a test says, and a clock that a test moves.

use core::{cell::Cell, cell::RefCell, future::Future, pin::Pin, task::Poll};
use std::rc::Rc;

use futures_channel::oneshot;
use protocol::{Call, Delivery, FromWorker, JobError, JobId, Message, Program, ToWorker, decode};
use serde::{Deserialize, Serialize};

use crate::{Host, LocalFuture, Pool, Transport, WorkerEvent};

/// A call whose reply is its own text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Echo(pub(crate) String);

impl Call for Echo {
    const NAME: &'static str = "echo";
    type Reply = String;
    type Progress = u32;
}

/// What a test sees of a worker.
pub(crate) struct FakeWorker {
    pub(crate) program: Program,
    on_event: Box<dyn Fn(WorkerEvent)>,
    posted: RefCell<Vec<Message<ToWorker>>>,
    is_running: Cell<bool>,
}

impl FakeWorker {
    pub(crate) fn ready(&self) {
        (self.on_event)(WorkerEvent::Ready);
    }

    pub(crate) fn lose(&self, why: &str) {
        (self.on_event)(WorkerEvent::Lost(why.into()));
    }

    pub(crate) fn other_build(&self) {
        (self.on_event)(WorkerEvent::OtherBuild);
    }

    pub(crate) fn is_running(&self) -> bool {
        self.is_running.get()
    }

    pub(crate) fn answer(&self, envelope: FromWorker) {
        (self.on_event)(WorkerEvent::Message(Message::bare(envelope)));
    }

    pub(crate) fn reply<T: Serialize>(&self, job: JobId, content: T) {
        let message = Message::with(FromWorker::Reply { job }, Delivery::bare(content)).unwrap();
        (self.on_event)(WorkerEvent::Message(message));
    }

    pub(crate) fn progress(&self, job: JobId, content: u32) {
        let message = Message::with(FromWorker::Progress { job }, Delivery::bare(content)).unwrap();
        (self.on_event)(WorkerEvent::Message(message));
    }

    /// The oldest call that was posted and not taken yet: its job, its name and its message.
    pub(crate) fn take_call(&self) -> Option<(JobId, String, Message<ToWorker>)> {
        let mut posted = self.posted.borrow_mut();
        let index = posted.iter().position(|message| matches!(message.envelope, ToWorker::Call { .. }))?;
        let message = posted.remove(index);
        let ToWorker::Call { job, name } = message.envelope.clone() else { return None };
        Some((job, name, message))
    }

    pub(crate) fn calls_waiting(&self) -> usize {
        let posted = self.posted.borrow();
        posted.iter().filter(|message| matches!(message.envelope, ToWorker::Call { .. })).count()
    }

    /// Answers the oldest call, an [`Echo`].
    pub(crate) fn echo(&self) {
        let (job, _, message) = self.take_call().unwrap();
        let Echo(text) = decode(&message.body).unwrap();
        self.reply(job, text);
    }

    pub(crate) fn last_control(&self) -> Option<ToWorker> {
        let posted = self.posted.borrow();
        let mut envelopes = posted.iter().map(|message| message.envelope.clone());
        envelopes.rfind(|envelope| !matches!(envelope, ToWorker::Call { .. }))
    }
}

pub(crate) struct FakeTransport(Rc<FakeWorker>);

impl Transport for FakeTransport {
    fn post(&self, message: Message<ToWorker>) -> Result<(), JobError> {
        self.0.posted.borrow_mut().push(message);
        Ok(())
    }
}

impl Drop for FakeTransport {
    fn drop(&mut self) {
        self.0.is_running.set(false);
    }
}

#[derive(Default)]
pub(crate) struct FakeHost {
    workers: RefCell<Vec<Rc<FakeWorker>>>,
    tasks: RefCell<Vec<LocalFuture<()>>>,
    timers: RefCell<Vec<(u64, oneshot::Sender<()>)>>,
    now_ms: Cell<u64>,
    refuses: Cell<bool>,
}

impl Host for FakeHost {
    type Transport = FakeTransport;

    fn start_worker(
        &self,
        program: Program,
        on_event: Box<dyn Fn(WorkerEvent)>,
    ) -> LocalFuture<Result<FakeTransport, JobError>> {
        if self.refuses.get() {
            return Box::pin(async { Err(JobError::NoWorker("none here".into())) });
        }
        let worker =
            FakeWorker { program, on_event, posted: RefCell::default(), is_running: Cell::new(true) };
        let worker = Rc::new(worker);
        self.workers.borrow_mut().push(Rc::clone(&worker));
        Box::pin(async move { Ok(FakeTransport(worker)) })
    }

    fn spawn(&self, task: LocalFuture<()>) {
        self.tasks.borrow_mut().push(task);
    }

    fn sleep(&self, duration_ms: u32) -> LocalFuture<()> {
        let (sender, receiver) = oneshot::channel();
        self.timers.borrow_mut().push((self.now_ms.get() + u64::from(duration_ms), sender));
        Box::pin(async move {
            let _ = receiver.await;
        })
    }

    fn now_ms(&self) -> f64 {
        self.now_ms.get() as f64
    }
}

/// The answer to a call, once it is there.
pub(crate) type Answer = Rc<RefCell<Option<Result<String, JobError>>>>;

/// A call that a test can give up.
pub(crate) struct Cancellable(Rc<Cell<bool>>);

impl Cancellable {
    pub(crate) fn cancel(&self) {
        self.0.set(true);
    }
}

impl FakeHost {
    pub(crate) fn new() -> Rc<Self> {
        Rc::default()
    }

    pub(crate) fn refuse_workers(&self) {
        self.refuses.set(true);
    }

    pub(crate) fn worker(&self, index: usize) -> Rc<FakeWorker> {
        Rc::clone(&self.workers.borrow()[index])
    }

    pub(crate) fn workers_started(&self) -> usize {
        self.workers.borrow().len()
    }

    /// Polls every task until none gets any further.
    pub(crate) fn run(&self) {
        // Tasks are few and cheap to poll: often enough is more than enough.
        for _ in 0..20 {
            let tasks = self.tasks.take();
            for mut task in tasks {
                if poll(task.as_mut()).is_pending() {
                    self.tasks.borrow_mut().push(task);
                }
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, duration_ms: u32) {
        self.run();
        self.now_ms.set(self.now_ms.get() + u64::from(duration_ms));
        let (due, later): (Vec<_>, Vec<_>) =
            self.timers.take().into_iter().partition(|(due_ms, _)| *due_ms <= self.now_ms.get());
        self.timers.borrow_mut().extend(later);
        for (_, sender) in due {
            let _ = sender.send(());
        }
        self.run();
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = Box::pin(future);
        for _ in 0..20 {
            self.run();
            if let Poll::Ready(value) = poll(future.as_mut()) {
                return value;
            }
        }
        panic!("the future does not end");
    }

    pub(crate) fn start(&self, pool: Pool<Self>, text: &str) -> Answer {
        let (answer, request) = (Answer::default(), Delivery::bare(Echo(text.into())));
        let slot = Rc::clone(&answer);
        self.spawn(Box::pin(async move {
            let reply = pool.call(request, |_| ()).await;
            *slot.borrow_mut() = Some(reply.map(|reply| reply.content));
        }));
        answer
    }

    pub(crate) fn start_cancellable(&self, pool: Pool<Self>, text: &str) -> Cancellable {
        let request = Delivery::bare(Echo(text.into()));
        let is_cancelled = Rc::new(Cell::new(false));
        let flag = Rc::clone(&is_cancelled);
        let mut call = Some(Box::pin(async move { pool.call(request, |_| ()).await.map(drop) }));
        self.spawn(Box::pin(core::future::poll_fn(move |context| {
            if flag.get() {
                call = None;
            }
            match &mut call {
                Some(running) => running.as_mut().poll(context).map(drop),
                None => Poll::Ready(()),
            }
        })));
        Cancellable(is_cancelled)
    }
}

fn poll<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    future.poll(&mut context)
}
