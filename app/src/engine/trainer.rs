//! Carries out what the state of a run asks for: workers, timers, files.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use gloo::timers::callback::Interval;
use leptos::prelude::*;
use protocol::{
    Backend, Blobs, Delivery, JobError, JobId, Program,
    train::{ComputeReference, Train},
};
use train_config::{DataChoice, DeviceChoice, LiveChange, TrainConfig};
use wasm_bindgen_futures::spawn_local;
use worker_client::{
    Attempt, Effect, Event, GpuProbe, Launch, Preparation, Recognizer, RunUpdate, RunView, SavedState, Timer,
    Trainer, WorkerHandle, choose_device,
};

use super::{BrowserHost, Site};
use crate::{browser, commands::data_source, saved_models::ModelFile};

/// Time between two looks at whether the worker is alive.
const TICK_MS: u32 = 2_000;

/// A run as the user wants it.
#[derive(Clone)]
pub(crate) struct RunRequest {
    pub(crate) config: TrainConfig,
    pub(crate) data: DataChoice,
    pub(crate) device: DeviceChoice,
    pub(crate) workers: u32,
    /// Parts between which the run is written to a checkpoint and read back.
    pub(crate) sessions: u32,
    /// Where it goes on, if it was begun before.
    pub(crate) saved: Option<SavedState>,
    /// What is shown of it before its first step.
    pub(crate) view: RunView,
}

#[derive(Default)]
struct Inner {
    trainer: Trainer,
    request: Option<RunRequest>,
    worker: Option<(Backend, WorkerHandle<BrowserHost>)>,
    job: Option<JobId>,
    watchdog: Option<Interval>,
}

/// The training worker. Clones share it.
#[derive(Clone)]
pub(crate) struct TrainerShell {
    inner: Rc<RefCell<Inner>>,
    host: Rc<BrowserHost>,
    recognizer: Recognizer<BrowserHost, ModelFile>,
    run: RwSignal<RunView>,
    on_update: Rc<dyn Fn(RunUpdate)>,
}

impl TrainerShell {
    pub(crate) fn new(
        host: Rc<BrowserHost>,
        recognizer: Recognizer<BrowserHost, ModelFile>,
        run: RwSignal<RunView>,
        on_update: impl Fn(RunUpdate) + 'static,
    ) -> Self {
        Self { inner: Rc::default(), host, recognizer, run, on_update: Rc::new(on_update) }
    }

    /// Begins a run in place of the one before.
    pub(crate) fn start(&self, request: RunRequest) {
        let saved = request.saved.clone();
        self.inner.borrow_mut().request = Some(request);
        self.dispatch(Event::Start(saved));
    }

    /// Says that no run can begin, and why.
    pub(crate) fn reject(&self, text: String) {
        self.dispatch(Event::Reject(text));
    }

    pub(crate) fn pause(&self) {
        self.dispatch(Event::Pause);
    }

    pub(crate) fn resume(&self) {
        self.dispatch(Event::Resume);
    }

    /// Ends the run; its weights so far stay.
    pub(crate) fn stop(&self) {
        self.dispatch(Event::Stop);
    }

    /// Changes the run while it runs.
    pub(crate) fn change(&self, change: LiveChange) {
        self.dispatch(Event::Change(change));
    }

    /// Asks for a checkpoint: the page may be gone soon.
    pub(crate) fn save(&self) {
        self.dispatch(Event::Save);
    }

    fn is_current(&self, attempt: Attempt) -> bool {
        self.inner.borrow().trainer.is_current(attempt)
    }

    fn dispatch(&self, event: Event) {
        let (effects, phase) = {
            let mut inner = self.inner.borrow_mut();
            let effects = inner.trainer.on(event);
            let phase = inner.trainer.phase();
            if !phase.is_busy() {
                inner.watchdog = None;
            }
            (effects, phase)
        };
        if self.run.with_untracked(|run| run.phase != phase) {
            self.run.update(|run| run.phase = phase);
        }
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::ChooseDevice(attempt) => {
                let shell = self.clone();
                spawn_local(async move { shell.choose_device(attempt).await });
            }
            Effect::Launch(launch) => {
                let shell = self.clone();
                spawn_local(async move { shell.launch(launch).await });
            }
            Effect::EndWorker => {
                let worker = self.inner.borrow_mut().worker.take();
                if let Some((_, worker)) = worker {
                    worker.terminate();
                }
            }
            Effect::Pause => self.with_job(WorkerHandle::pause),
            Effect::Resume => self.with_job(WorkerHandle::resume),
            Effect::Cancel => self.with_job(WorkerHandle::cancel),
            Effect::Steer(steering) => self.with_job(|worker, job| worker.steer(job, steering)),
            Effect::Ping => self.with_job(|worker, _| worker.ping()),
            Effect::StartTimer(attempt, timer, duration_ms) => self.start_timer(attempt, timer, duration_ms),
            Effect::Watch(attempt) => self.watch(attempt),
            Effect::Report(update) => self.report(update),
        }
    }

    fn with_job(&self, act: impl FnOnce(&WorkerHandle<BrowserHost>, JobId)) {
        let inner = self.inner.borrow();
        if let (Some((_, worker)), Some(job)) = (&inner.worker, inner.job) {
            act(worker, job);
        }
    }

    fn report(&self, update: RunUpdate) {
        if update == RunUpdate::Begun {
            let inner = self.inner.borrow();
            let view = inner.request.as_ref().map(|request| request.view.clone());
            let view = view.unwrap_or_else(|| RunView::new(TrainConfig::default()));
            let view = RunView { phase: inner.trainer.phase(), ..view };
            drop(inner);
            self.run.set(view);
        } else if !matches!(update, RunUpdate::Snapshot(_) | RunUpdate::Keep(..) | RunUpdate::Saved(_)) {
            self.run.update(|run| run.apply(&update, browser::now_ms()));
        }
        (self.on_update)(update);
    }

    fn start_timer(&self, attempt: Attempt, timer: Timer, duration_ms: u32) {
        let shell = self.clone();
        spawn_local(async move {
            browser::sleep(duration_ms).await;
            shell.dispatch(Event::TimeUp(attempt, timer));
        });
    }

    fn watch(&self, attempt: Attempt) {
        let shell = self.clone();
        let watchdog = Interval::new(TICK_MS, move || {
            let heard_ms = shell.inner.borrow().worker.as_ref().map(|(_, worker)| worker.heard_ms());
            if let Some(heard_ms) = heard_ms {
                shell.dispatch(Event::Tick { attempt, now_ms: browser::now_ms(), heard_ms });
            }
        });
        self.inner.borrow_mut().watchdog = Some(watchdog);
    }

    async fn choose_device(&self, attempt: Attempt) {
        let choice = self.inner.borrow().request.as_ref().map_or(DeviceChoice::Cpu, |request| request.device);
        let probe = match choice {
            DeviceChoice::Cpu => GpuProbe::Missing,
            DeviceChoice::Auto | DeviceChoice::WebGpu => browser::probe_gpu().await,
        };
        let has_gpu_worker = match probe {
            GpuProbe::Hardware | GpuProbe::Software => {
                // A site that cannot be read has none; the CPU worker then says what is wrong.
                Site::fetch().await.is_ok_and(|site| site.worker_url(Program::WebGpu).is_some())
            }
            GpuProbe::NoAdapter | GpuProbe::Missing => false,
        };
        self.dispatch(Event::DeviceChosen(attempt, choose_device(choice, probe, has_gpu_worker)));
    }

    async fn launch(&self, launch: Launch) {
        let attempt = launch.attempt;
        let result = match self.call(&launch).await {
            // The user may have stopped the run meanwhile.
            Ok(_) if !self.is_current(attempt) => return,
            Ok(request) => {
                self.dispatch(Event::Preparing(attempt, Preparation::StartingWorker));
                let worker = self.worker_on(launch.backend);
                let shell = self.clone();
                let job = worker.call(request, move |progress| {
                    shell.dispatch(Event::Progress(attempt, progress));
                });
                self.inner.borrow_mut().job = Some(job.id());
                // Held no longer than the shell itself holds it: only then can a run that is over end it.
                drop(worker);
                job.await
            }
            Err(error) => Err(error),
        };
        self.dispatch(Event::Answered(attempt, result));
    }

    /// The call to make.
    async fn call(&self, launch: &Launch) -> Result<Delivery<Train>, JobError> {
        let request = self.inner.borrow().request.clone();
        let RunRequest { config, data, workers, sessions, .. } =
            request.ok_or_else(|| JobError::Internal("there is no run to begin".into()))?;
        let mut blobs = Blobs::new();
        let checkpoint = launch.checkpoint.as_ref().map(|checkpoint| blobs.add(Arc::clone(checkpoint)));
        let reference = match launch.backend {
            Backend::Cpu => None,
            Backend::WebGpu => {
                self.dispatch(Event::Preparing(launch.attempt, Preparation::ComputingReference));
                let request = Delivery::bare(ComputeReference { config: config.clone() });
                let mut reply = self.recognizer.call(request).await?;
                let values = reply.content.values;
                Some(blobs.add(reply.take(values)?))
            }
        };
        let data = data_source(data);
        let workers = if launch.is_alone { 1 } else { workers };
        Ok(Delivery { content: Train { config, data, checkpoint, reference, workers, sessions }, blobs })
    }

    /// The worker that is there, or a new one.
    fn worker_on(&self, backend: Backend) -> WorkerHandle<BrowserHost> {
        let mut inner = self.inner.borrow_mut();
        if let Some((own, worker)) = &inner.worker {
            if *own == backend && worker.is_alive() && worker.is_idle() {
                return worker.clone();
            }
            // A tab has no memory to spare for two.
            worker.terminate();
        }
        let worker = WorkerHandle::start(&self.host, backend.into());
        inner.worker = Some((backend, worker.clone()));
        worker
    }
}
