//! The worker that reads what is drawn: always there, never busy with training, replaced when it dies.

use core::cell::RefCell;
use std::{rc::Rc, sync::Arc};

use evaluation::Prediction;
use futures_channel::oneshot;
use model_card::ModelCard;
use protocol::{
    Blobs, Call, Delivery, JobError, Program,
    predict::{Load, Predict},
};

use crate::{Host, WorkerHandle};

/// Workers that may die in a row, without an answer in between, before there is no further one.
const MAX_RESTARTS: u32 = 3;

/// What a recognizer reports. `M` is whatever the page calls a model.
#[derive(Clone, Debug, PartialEq)]
pub enum RecognizerEvent<M> {
    /// This model is used from now on.
    Loaded {
        /// The model, as it was given to [`Recognizer::load`].
        model: M,
        /// Its card.
        card: Box<ModelCard>,
    },
    /// This model cannot be used; the one before it still is.
    LoadFailed {
        /// The model, as it was given to [`Recognizer::load`].
        model: M,
        /// Why.
        error: JobError,
    },
    /// The predictions for the images that were given under this number.
    Predicted {
        /// The number given to [`Recognizer::predict`].
        number: u32,
        /// One an image.
        predictions: Vec<Prediction>,
    },
    /// A prediction failed.
    PredictFailed(JobError),
    /// There is no worker, and there will be none until the page is reloaded.
    GaveUp(JobError),
}

/// Predictions for images of 784 grey levels each, at once and without a worker; nothing where it cannot read.
pub type FirstReader = Rc<dyn Fn(&[u8]) -> Vec<Prediction>>;

struct State<H: Host, M> {
    handle: WorkerHandle<H>,
    is_ready: bool,
    has_model: bool,
    is_predicting: bool,
    /// What reads until the first model is loaded.
    first: Option<FirstReader>,
    restarts: u32,
    gave_up: Option<JobError>,
    /// The newest model, to be loaded by the next worker too.
    model: Option<(M, Arc<Vec<u8>>)>,
    /// The newest model that was loaded.
    loaded: Option<(M, Arc<Vec<u8>>)>,
    /// Calls that wait for a worker that takes calls.
    waiting: Vec<oneshot::Sender<()>>,
}

struct Inner<H: Host, M> {
    host: Rc<H>,
    state: RefCell<State<H, M>>,
    on_event: Box<dyn Fn(RecognizerEvent<M>)>,
}

/// A handle to the recognizing worker. Clones share it.
pub struct Recognizer<H: Host, M> {
    inner: Rc<Inner<H, M>>,
}

impl<H: Host, M> Clone for Recognizer<H, M> {
    fn clone(&self) -> Self {
        Self { inner: Rc::clone(&self.inner) }
    }
}

impl<H: Host, M: Clone + 'static> Recognizer<H, M> {
    /// Starts the worker. Until the first model is loaded, `first` reads in its place, if there is one.
    pub fn start(
        host: Rc<H>,
        first: Option<FirstReader>,
        on_event: impl Fn(RecognizerEvent<M>) + 'static,
    ) -> Self {
        let state = State {
            handle: WorkerHandle::start(&host, Program::Cpu),
            is_ready: false,
            has_model: false,
            is_predicting: false,
            first,
            restarts: 0,
            gave_up: None,
            model: None,
            loaded: None,
            waiting: Vec::new(),
        };
        let inner = Inner { host, state: RefCell::new(state), on_event: Box::new(on_event) };
        let recognizer = Self { inner: Rc::new(inner) };
        recognizer.follow_worker();
        recognizer
    }

    /// Uses this model from now on.
    pub fn load(&self, model: M, file: Arc<Vec<u8>>) {
        self.inner.state.borrow_mut().model = Some((model, file));
        self.send_model();
    }

    /// Whether [`predict`](Self::predict) would start at once.
    pub fn is_free(&self) -> bool {
        let state = self.inner.state.borrow();
        state.first.is_some() || (state.is_ready && state.has_model && !state.is_predicting)
    }

    /// Classifies images of 784 grey levels each. Does nothing unless the recognizer [is free](Self::is_free).
    pub fn predict(&self, number: u32, levels: Vec<u8>) {
        if !self.is_free() {
            return;
        }
        let first = self.inner.state.borrow().first.clone();
        if let Some(read) = first {
            let recognizer = self.clone();
            // Answered later, as a worker would.
            return self.inner.host.spawn(Box::pin(async move {
                recognizer.report(RecognizerEvent::Predicted { number, predictions: read(&levels) });
            }));
        }
        let mut blobs = Blobs::new();
        let content = Predict { levels: blobs.add(levels) };
        let (job, handle) = {
            let mut state = self.inner.state.borrow_mut();
            state.is_predicting = true;
            (state.handle.call(Delivery { content, blobs }, |_| ()), state.handle.clone())
        };
        let recognizer = self.clone();
        self.inner.host.spawn(Box::pin(async move {
            let result = job.await;
            if !recognizer.is_current(&handle) {
                return;
            }
            recognizer.inner.state.borrow_mut().is_predicting = false;
            match result {
                Ok(reply) => {
                    recognizer.inner.state.borrow_mut().restarts = 0;
                    recognizer.report(RecognizerEvent::Predicted { number, predictions: reply.content });
                }
                // The next worker is on its way.
                Err(JobError::WorkerLost(_)) => {}
                Err(error) => recognizer.report(RecognizerEvent::PredictFailed(error)),
            }
        }));
    }

    /// Makes another call to the same worker: one that takes no longer than a moment.
    ///
    /// # Errors
    /// Why the call failed.
    pub async fn call<C: Call>(&self, request: Delivery<C>) -> Result<Delivery<C::Reply>, JobError> {
        loop {
            let receiver = {
                let mut state = self.inner.state.borrow_mut();
                if let Some(error) = &state.gave_up {
                    return Err(error.clone());
                }
                if state.is_ready {
                    None
                } else {
                    let (sender, receiver) = oneshot::channel();
                    state.waiting.push(sender);
                    Some(receiver)
                }
            };
            let Some(receiver) = receiver else { break };
            // A sender that is gone means the same as one that has spoken: look at the state again.
            let _ = receiver.await;
        }
        let job = self.inner.state.borrow().handle.call(request, |_| ());
        job.await
    }

    fn is_current(&self, handle: &WorkerHandle<H>) -> bool {
        self.inner.state.borrow().handle.is_same(handle)
    }

    fn report(&self, event: RecognizerEvent<M>) {
        (self.inner.on_event)(event);
    }

    fn wake_waiting(&self) {
        for sender in core::mem::take(&mut self.inner.state.borrow_mut().waiting) {
            // Whoever waited may be gone.
            let _ = sender.send(());
        }
    }

    /// Follows the present worker from its start to its death.
    fn follow_worker(&self) {
        let (recognizer, handle) = (self.clone(), self.inner.state.borrow().handle.clone());
        self.inner.host.spawn(Box::pin(async move {
            if handle.ready().await.is_ok() {
                recognizer.inner.state.borrow_mut().is_ready = true;
                recognizer.send_model();
                recognizer.wake_waiting();
            }
            let why = handle.death().await;
            recognizer.replace_worker(why);
        }));
    }

    fn send_model(&self) {
        let (job, (model, file), handle) = {
            let state = self.inner.state.borrow();
            let (true, Some((model, file))) = (state.is_ready, &state.model) else { return };
            let mut blobs = Blobs::new();
            let content = Load { model: blobs.add(Arc::clone(file)) };
            let job = state.handle.call(Delivery { content, blobs }, |_| ());
            (job, (model.clone(), Arc::clone(file)), state.handle.clone())
        };
        let recognizer = self.clone();
        self.inner.host.spawn(Box::pin(async move {
            let result = job.await;
            if !recognizer.is_current(&handle) {
                return;
            }
            match result {
                Ok(reply) => {
                    {
                        let mut state = recognizer.inner.state.borrow_mut();
                        (state.has_model, state.first) = (true, None);
                        state.loaded = Some((model.clone(), file));
                    }
                    recognizer.report(RecognizerEvent::Loaded { model, card: Box::new(reply.content) });
                }
                // The next worker is on its way.
                Err(JobError::WorkerLost(_)) => {}
                Err(error) => {
                    recognizer.fall_back_from(&file);
                    recognizer.report(RecognizerEvent::LoadFailed { model, error });
                }
            }
        }));
    }

    /// After a refusal, the next worker is given the model that works, unless a newer one was requested meanwhile.
    fn fall_back_from(&self, refused: &Arc<Vec<u8>>) {
        let State { model, loaded, .. } = &mut *self.inner.state.borrow_mut();
        if model.as_ref().is_some_and(|(_, newest)| Arc::ptr_eq(newest, refused)) {
            model.clone_from(loaded);
        }
    }

    fn replace_worker(&self, why: JobError) {
        let gives_up = {
            let mut state = self.inner.state.borrow_mut();
            (state.is_ready, state.has_model, state.is_predicting) = (false, false, false);
            state.restarts += 1;
            let gives_up = state.restarts > MAX_RESTARTS || matches!(why, JobError::NoWorker(_));
            if gives_up {
                state.gave_up = Some(why.clone());
            } else {
                state.handle = WorkerHandle::start(&self.inner.host, Program::Cpu);
            }
            gives_up
        };
        if gives_up {
            self.wake_waiting();
            self.report(RecognizerEvent::GaveUp(why));
        } else {
            self.follow_worker();
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use protocol::{FromWorker, inspect::Inspect};

    use super::*;
    use crate::fake::FakeHost;

    type Events = Rc<RefCell<Vec<RecognizerEvent<&'static str>>>>;

    fn start(host: &Rc<FakeHost>) -> (Recognizer<FakeHost, &'static str>, Events) {
        let events = Events::default();
        let log = Rc::clone(&events);
        (Recognizer::start(Rc::clone(host), None, move |event| log.borrow_mut().push(event)), events)
    }

    fn load(recognizer: &Recognizer<FakeHost, &'static str>, name: &'static str) {
        recognizer.load(name, Arc::new(name.as_bytes().to_vec()));
    }

    /// Answers every call: a load with a card of the architecture that its file names, a prediction with nothing.
    fn serve(host: &FakeHost, worker: usize) {
        host.run();
        while let Some((job, name, message)) = host.worker(worker).take_call() {
            match name.as_str() {
                Load::NAME => {
                    let mut request = message.delivery::<Load>().unwrap();
                    let file = request.content.model;
                    host.worker(worker).reply(job, card(&request.take(file).unwrap()));
                }
                Predict::NAME => host.worker(worker).reply(job, Vec::<Prediction>::new()),
                Inspect::NAME => host.worker(worker).reply(job, card(b"mlp")),
                other => panic!("{other}"),
            }
            host.run();
        }
    }

    fn card(file: &[u8]) -> ModelCard {
        let id = if file == b"mlp" { "mlp" } else { "fast-cnn" };
        ModelCard::unknown(model_spec::named_network(id).unwrap().spec())
    }

    fn loaded(name: &'static str) -> RecognizerEvent<&'static str> {
        RecognizerEvent::Loaded { model: name, card: Box::new(card(name.as_bytes())) }
    }

    /// One model loaded right after another must not appear under the other's name.
    #[test]
    fn each_card_is_reported_with_its_own_model() {
        let host = FakeHost::new();
        let (recognizer, events) = start(&host);
        load(&recognizer, "cnn");
        host.run();
        host.worker(0).ready();
        host.run();
        load(&recognizer, "mlp");
        load(&recognizer, "cnn");
        serve(&host, 0);
        assert_eq!(*events.borrow(), [loaded("cnn"), loaded("mlp"), loaded("cnn")]);
    }

    #[test]
    fn it_is_free_once_it_has_a_model_and_nothing_to_predict() {
        let host = FakeHost::new();
        let (recognizer, events) = start(&host);
        host.run();
        host.worker(0).ready();
        host.run();
        recognizer.predict(1, vec![0; 784]);
        assert!(!recognizer.is_free() && host.worker(0).calls_waiting() == 0);
        load(&recognizer, "mlp");
        serve(&host, 0);
        assert!(recognizer.is_free());
        recognizer.predict(2, vec![0; 784]);
        assert!(!recognizer.is_free());
        recognizer.predict(3, vec![0; 784]);
        serve(&host, 0);
        assert!(recognizer.is_free());
        let predicted = RecognizerEvent::Predicted { number: 2, predictions: Vec::new() };
        assert_eq!(*events.borrow(), [loaded("mlp"), predicted]);
    }

    #[test]
    fn another_reads_until_the_first_model_is_loaded() {
        let host = FakeHost::new();
        let (events, asked) = (Events::default(), Rc::new(RefCell::new(0)));
        let (log, count) = (Rc::clone(&events), Rc::clone(&asked));
        let first: FirstReader = Rc::new(move |levels: &[u8]| {
            *count.borrow_mut() += levels.len();
            Vec::new()
        });
        let recognizer =
            Recognizer::start(Rc::clone(&host), Some(first), move |event| log.borrow_mut().push(event));
        assert!(recognizer.is_free());
        recognizer.predict(1, vec![0; 784]);
        host.run();
        let predicted = |number| RecognizerEvent::Predicted { number, predictions: Vec::new() };
        assert_eq!((*asked.borrow(), &*events.borrow()), (784, &vec![predicted(1)]));
        load(&recognizer, "mlp");
        host.run();
        host.worker(0).ready();
        serve(&host, 0);
        recognizer.predict(2, vec![0; 784]);
        serve(&host, 0);
        assert_eq!((*asked.borrow(), events.borrow().last()), (784, Some(&predicted(2))));
    }

    #[test]
    fn a_worker_that_dies_is_replaced_and_given_the_model() {
        let host = FakeHost::new();
        let (recognizer, events) = start(&host);
        load(&recognizer, "mlp");
        host.run();
        host.worker(0).ready();
        serve(&host, 0);
        recognizer.predict(1, vec![0; 784]);
        host.run();
        host.worker(0).lose("unreachable");
        host.run();
        assert!(!host.worker(0).is_running() && !recognizer.is_free());
        assert_eq!(host.worker(1).program, Program::Cpu);
        host.worker(1).ready();
        serve(&host, 1);
        assert!(recognizer.is_free());
        assert_eq!(*events.borrow(), [loaded("mlp"), loaded("mlp")]);
    }

    #[test]
    fn a_model_that_is_refused_leaves_the_one_before() {
        let host = FakeHost::new();
        let (recognizer, events) = start(&host);
        load(&recognizer, "mlp");
        host.run();
        host.worker(0).ready();
        serve(&host, 0);
        load(&recognizer, "bad");
        host.run();
        let (job, ..) = host.worker(0).take_call().unwrap();
        let error = JobError::BadInput("it is cut off".into());
        host.worker(0).answer(FromWorker::Failed { job, error: error.clone() });
        host.run();
        assert!(recognizer.is_free());
        // The next worker is not given it either.
        host.worker(0).lose("unreachable");
        host.run();
        host.worker(1).ready();
        serve(&host, 1);
        let refused = RecognizerEvent::LoadFailed { model: "bad", error };
        assert_eq!(*events.borrow(), [loaded("mlp"), refused, loaded("mlp")]);
    }

    #[test]
    fn it_gives_up_after_a_few_workers_and_tells_whoever_asks() {
        let host = FakeHost::new();
        let (recognizer, events) = start(&host);
        let asks = recognizer.clone();
        let answer = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&answer);
        host.spawn(Box::pin(async move {
            let inspect = Inspect { model: Blobs::new().add(Vec::new()) };
            *slot.borrow_mut() = Some(asks.call(Delivery::bare(inspect)).await);
        }));
        for worker in 0..=MAX_RESTARTS {
            host.run();
            host.worker(worker as usize).other_build();
        }
        host.run();
        assert_eq!(host.workers_started() as u32, MAX_RESTARTS + 1);
        let error = JobError::WorkerLost("it was of another version of this page".into());
        assert_eq!(*events.borrow(), [RecognizerEvent::GaveUp(error.clone())]);
        assert_eq!(answer.borrow_mut().take(), Some(Err(error)));
    }

    /// The page asks again about the same ink as soon as the model has loaded.
    #[test]
    fn it_gives_up_where_every_prediction_kills_its_worker() {
        let host = FakeHost::new();
        let (recognizer, events) = start(&host);
        load(&recognizer, "mlp");
        for worker in 0..=MAX_RESTARTS as usize {
            host.run();
            host.worker(worker).ready();
            serve(&host, worker);
            recognizer.predict(1, vec![0; 784]);
            host.run();
            host.worker(worker).lose("unreachable");
            host.run();
        }
        assert_eq!(host.workers_started() as u32, MAX_RESTARTS + 1);
        assert!(matches!(events.borrow().last(), Some(RecognizerEvent::GaveUp(_))), "{events:?}");
    }

    #[test]
    fn a_call_that_was_never_sent_goes_to_the_next_worker() {
        let host = FakeHost::new();
        let (recognizer, _) = start(&host);
        let answer = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&answer);
        host.spawn(Box::pin(async move {
            let inspect = Inspect { model: Blobs::new().add(Vec::new()) };
            *slot.borrow_mut() = Some(recognizer.call(Delivery::bare(inspect)).await);
        }));
        host.run();
        host.worker(0).other_build();
        host.run();
        host.worker(1).ready();
        serve(&host, 1);
        assert_eq!(answer.borrow_mut().take(), Some(Ok(Delivery::bare(card(b"mlp")))));
    }
}
