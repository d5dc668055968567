//! One worker and the calls to it.

use core::{
    cell::{Cell, RefCell},
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};
use std::{
    collections::BTreeMap,
    rc::{Rc, Weak},
};

use futures_channel::oneshot;
use protocol::{Call, Delivery, FromWorker, JobError, JobId, Message, Program, ToWorker, train::Steering};

use crate::{Host, Transport as _, WorkerEvent};

type Answer = Result<Message<FromWorker>, JobError>;

/// A call that has not been answered.
struct Pending {
    on_progress: Rc<dyn Fn(Message<FromWorker>) -> Result<(), JobError>>,
    answer: oneshot::Sender<Answer>,
}

enum Life {
    Starting,
    Ready,
    Dead(JobError),
}

struct State<T> {
    transport: Option<T>,
    life: Life,
    last_job: JobId,
    pending: BTreeMap<JobId, Pending>,
    /// Calls for a worker that is still starting.
    unsent: Vec<(JobId, Message<ToWorker>)>,
    /// Resolved when the worker is ready or dead.
    waiting_for_start: Vec<oneshot::Sender<()>>,
    /// Resolved when no call is pending.
    waiting_for_idle: Vec<oneshot::Sender<()>>,
    /// Resolved when the worker is dead.
    waiting_for_death: Vec<oneshot::Sender<()>>,
}

struct Inner<H: Host> {
    host: Rc<H>,
    state: RefCell<State<H::Transport>>,
    heard_ms: Cell<f64>,
}

/// A worker. It is terminated when the last clone is dropped.
pub struct WorkerHandle<H: Host> {
    inner: Rc<Inner<H>>,
}

impl<H: Host> Clone for WorkerHandle<H> {
    fn clone(&self) -> Self {
        Self { inner: Rc::clone(&self.inner) }
    }
}

impl<H: Host> WorkerHandle<H> {
    /// Starts a worker. Calls made before it is ready are sent as soon as it is.
    pub fn start(host: &Rc<H>, program: Program) -> Self {
        let state = State {
            transport: None,
            life: Life::Starting,
            last_job: JobId(0),
            pending: BTreeMap::new(),
            unsent: Vec::new(),
            waiting_for_start: Vec::new(),
            waiting_for_idle: Vec::new(),
            waiting_for_death: Vec::new(),
        };
        let heard_ms = Cell::new(host.now_ms());
        let inner = Rc::new(Inner { host: Rc::clone(host), state: RefCell::new(state), heard_ms });
        let weak = Rc::downgrade(&inner);
        let on_event = {
            let weak = Weak::clone(&weak);
            Box::new(move |event| {
                if let Some(inner) = weak.upgrade() {
                    inner.on_event(event);
                }
            })
        };
        let started = host.start_worker(program, on_event);
        host.spawn(Box::pin(async move {
            let started = started.await;
            // Nobody may want the worker any more: then it is dropped here.
            let Some(inner) = weak.upgrade() else { return };
            match started {
                Ok(transport) => inner.take_transport(transport),
                Err(error) => inner.die(&error),
            }
        }));
        Self { inner }
    }

    /// Makes a call. Dropping the [`Job`] before it is answered cancels it.
    pub fn call<C: Call>(
        &self,
        request: Delivery<C>,
        on_progress: impl Fn(Delivery<C::Progress>) + 'static,
    ) -> Job<H, C> {
        let (sender, receiver) = oneshot::channel();
        let id = self.inner.next_job();
        let on_progress = Rc::new(move |message: Message<FromWorker>| {
            on_progress(message.delivery()?);
            Ok(())
        });
        let envelope = ToWorker::Call { job: id, name: C::NAME.into() };
        match Message::with(envelope, request) {
            Ok(message) => self.inner.send_call(id, message, Pending { on_progress, answer: sender }),
            // The receiver is right below.
            Err(error) => drop(sender.send(Err(error.into()))),
        }
        Job { inner: Rc::downgrade(&self.inner), id, answer: receiver, is_done: false, call: PhantomData }
    }

    /// Cancels a job. A worker that has it still answers; one that does not have it yet never gets it.
    pub fn cancel(&self, job: JobId) {
        self.inner.cancel(job);
    }

    /// Holds a job.
    pub fn pause(&self, job: JobId) {
        self.inner.post(ToWorker::Pause { job });
    }

    /// Acts on a run under way.
    pub fn steer(&self, job: JobId, steering: Steering) {
        // A change that was checked can be written.
        if let Ok(message) = Message::with(ToWorker::Steer { job }, Delivery::bare(steering)) {
            self.inner.post_message(message);
        }
    }

    /// Lets a paused job go on.
    pub fn resume(&self, job: JobId) {
        self.inner.post(ToWorker::Resume { job });
    }

    /// Asks for a sign of life.
    pub fn ping(&self) {
        self.inner.post(ToWorker::Ping);
    }

    /// When the worker was last heard, or started, on the host's clock.
    pub fn heard_ms(&self) -> f64 {
        self.inner.heard_ms.get()
    }

    /// Ends the worker at once. Pending calls fail.
    pub fn terminate(&self) {
        self.inner.die(&JobError::WorkerLost("it was terminated".into()));
    }

    /// Whether the worker has not died.
    pub fn is_alive(&self) -> bool {
        !matches!(self.inner.state.borrow().life, Life::Dead(_))
    }

    /// Whether no call is pending.
    pub fn is_idle(&self) -> bool {
        self.inner.state.borrow().pending.is_empty()
    }

    /// Whether both handles are the same worker.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }

    /// Waits until the worker takes calls.
    ///
    /// # Errors
    /// Why it died before it did.
    pub async fn ready(&self) -> Result<(), JobError> {
        let receiver = {
            let mut state = self.inner.state.borrow_mut();
            matches!(state.life, Life::Starting).then(|| queue(&mut state.waiting_for_start))
        };
        wait(receiver).await;
        match &self.inner.state.borrow().life {
            Life::Dead(error) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Waits until no call is pending.
    pub async fn idle(&self) {
        let receiver = {
            let mut state = self.inner.state.borrow_mut();
            (!state.pending.is_empty()).then(|| queue(&mut state.waiting_for_idle))
        };
        wait(receiver).await;
    }

    /// Waits until the worker dies, and says why it did.
    pub async fn death(&self) -> JobError {
        loop {
            let receiver = {
                let mut state = self.inner.state.borrow_mut();
                if let Life::Dead(error) = &state.life {
                    return error.clone();
                }
                queue(&mut state.waiting_for_death)
            };
            wait(Some(receiver)).await;
        }
    }
}

fn queue(waiting: &mut Vec<oneshot::Sender<()>>) -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    waiting.push(sender);
    receiver
}

async fn wait(receiver: Option<oneshot::Receiver<()>>) {
    if let Some(receiver) = receiver {
        // A sender that is gone means the same as one that has spoken: look at the state again.
        let _ = receiver.await;
    }
}

fn wake(waiting: &mut Vec<oneshot::Sender<()>>) {
    for sender in waiting.drain(..) {
        // Whoever waited may be gone.
        let _ = sender.send(());
    }
}

impl<H: Host> Inner<H> {
    fn next_job(&self) -> JobId {
        let mut state = self.state.borrow_mut();
        state.last_job.0 += 1;
        state.last_job
    }

    fn send_call(&self, job: JobId, message: Message<ToWorker>, pending: Pending) {
        let mut state = self.state.borrow_mut();
        match &state.life {
            Life::Dead(error) => drop(pending.answer.send(Err(error.clone()))),
            Life::Starting => {
                state.pending.insert(job, pending);
                state.unsent.push((job, message));
            }
            Life::Ready => {
                state.pending.insert(job, pending);
                drop(state);
                self.post_call(job, message);
            }
        }
    }

    fn post_call(&self, job: JobId, message: Message<ToWorker>) {
        let posted = match &self.state.borrow().transport {
            Some(transport) => transport.post(message),
            None => Err(JobError::WorkerLost("it has not started".into())),
        };
        if let Err(error) = posted {
            self.answer(job, Err(error));
        }
    }

    fn post(&self, envelope: ToWorker) {
        self.post_message(Message::bare(envelope));
    }

    fn post_message(&self, message: Message<ToWorker>) {
        if let Some(transport) = &self.state.borrow().transport {
            // Such a message has no content that could be too large. A worker that misses it falls silent, and its
            // silence is noticed.
            let _ = transport.post(message);
        }
    }

    fn cancel(&self, job: JobId) {
        let was_unsent = {
            let mut state = self.state.borrow_mut();
            let count = state.unsent.len();
            state.unsent.retain(|(unsent, _)| *unsent != job);
            state.unsent.len() < count
        };
        if was_unsent {
            self.answer(job, Err(JobError::Cancelled));
        } else if self.state.borrow().pending.contains_key(&job) {
            self.post(ToWorker::Cancel { job });
        }
    }

    fn take_transport(&self, transport: H::Transport) {
        let is_dead = matches!(self.state.borrow().life, Life::Dead(_));
        if !is_dead {
            self.state.borrow_mut().transport = Some(transport);
            self.send_unsent();
        }
    }

    fn send_unsent(&self) {
        let unsent = {
            let mut state = self.state.borrow_mut();
            if !matches!(state.life, Life::Ready) || state.transport.is_none() {
                return;
            }
            wake(&mut state.waiting_for_start);
            core::mem::take(&mut state.unsent)
        };
        for (job, message) in unsent {
            self.post_call(job, message);
        }
    }

    fn on_event(&self, event: WorkerEvent) {
        self.heard_ms.set(self.host.now_ms());
        if matches!(self.state.borrow().life, Life::Dead(_)) {
            return;
        }
        match event {
            WorkerEvent::Ready => {
                self.state.borrow_mut().life = Life::Ready;
                self.send_unsent();
            }
            WorkerEvent::Message(message) => self.on_message(message),
            WorkerEvent::OtherBuild => {
                self.die(&JobError::WorkerLost("it was of another version of this page".into()));
            }
            WorkerEvent::Lost(why) => self.die(&JobError::WorkerLost(why)),
        }
    }

    fn on_message(&self, message: Message<FromWorker>) {
        match &message.envelope {
            FromWorker::Progress { job } => {
                let job = *job;
                let on_progress =
                    self.state.borrow().pending.get(&job).map(|pending| Rc::clone(&pending.on_progress));
                if let Some(Err(error)) = on_progress.map(|on_progress| on_progress(message)) {
                    self.answer(job, Err(error));
                }
            }
            FromWorker::Reply { job } => self.answer(*job, Ok(message)),
            FromWorker::Failed { job, error } => self.answer(*job, Err(error.clone())),
            FromWorker::Fatal { reason } => self.die(&JobError::WorkerLost(reason.clone())),
            // That it arrived is noted already. Being ready is an event of its own.
            FromWorker::Pong | FromWorker::Ready => {}
        }
    }

    fn answer(&self, job: JobId, answer: Answer) {
        let mut state = self.state.borrow_mut();
        let pending = state.pending.remove(&job);
        if state.pending.is_empty() {
            wake(&mut state.waiting_for_idle);
        }
        drop(state);
        if let Some(pending) = pending {
            // Whoever asked may be gone.
            let _ = pending.answer.send(answer);
        }
    }

    /// Every pending call fails, and so does every later one.
    fn die(&self, error: &JobError) {
        let (transport, pending) = {
            let mut state = self.state.borrow_mut();
            if matches!(state.life, Life::Dead(_)) {
                return;
            }
            state.life = Life::Dead(error.clone());
            state.unsent.clear();
            wake(&mut state.waiting_for_start);
            wake(&mut state.waiting_for_idle);
            wake(&mut state.waiting_for_death);
            (state.transport.take(), core::mem::take(&mut state.pending))
        };
        for pending in pending.into_values() {
            // Whoever asked may be gone.
            let _ = pending.answer.send(Err(error.clone()));
        }
        self.drop_later(transport);
    }

    /// The transport may be calling at this very moment: it is dropped once it has returned.
    fn drop_later(&self, transport: Option<H::Transport>) {
        if let Some(transport) = transport {
            self.host.spawn(Box::pin(async move { drop(transport) }));
        }
    }
}

impl<H: Host> Drop for Inner<H> {
    fn drop(&mut self) {
        let transport = self.state.borrow_mut().transport.take();
        self.drop_later(transport);
    }
}

/// A call under way: a future of its reply. Dropping it cancels the call.
pub struct Job<H: Host, C> {
    inner: Weak<Inner<H>>,
    id: JobId,
    answer: oneshot::Receiver<Answer>,
    is_done: bool,
    call: PhantomData<fn() -> C>,
}

impl<H: Host, C> Job<H, C> {
    /// Identifies the call, for [`WorkerHandle::pause`] and its like.
    pub const fn id(&self) -> JobId {
        self.id
    }
}

impl<H: Host, C: Call> Future for Job<H, C> {
    type Output = Result<Delivery<C::Reply>, JobError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer).poll(context).map(|answer| {
            self.is_done = true;
            let lost = || JobError::WorkerLost("it was dropped".into());
            Ok(answer.map_err(|_| lost())??.delivery()?)
        })
    }
}

impl<H: Host, C> Drop for Job<H, C> {
    fn drop(&mut self) {
        if let (false, Some(inner)) = (self.is_done, self.inner.upgrade()) {
            inner.cancel(self.id);
        }
    }
}
