//! The worker that trains: chosen for a run, followed through it, and replaced where it fails.

use std::{cell::RefCell, rc::Rc};

use gloo::timers::callback::Interval;
use leptos::prelude::*;
use port::Packet;
use protocol::{Backend, DataSource, FailureKind, FromWorker, JobId, ToWorker, TrainOrder};
use recipe::{DataChoice, DeviceChoice, ModelCard, TrainRecipe};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use super::{
    Reader, Site,
    link::{Link, LinkEvent},
    run_view::{Device, Phase, RunView, TestResult},
};
use crate::browser::{self, GpuProbe, now_ms};

/// A run counts as stopped after this, whether the worker has answered or not.
const STOP_MS: u32 = 100;
/// A worker that has not sent its last weights by then is ended.
const LAST_WEIGHTS_MS: u32 = 3_000;
/// Time between two questions whether the worker is alive.
const PING_MS: u32 = 2_000;
/// Workers lost in one epoch before the run is given up.
const MAX_LOSSES: u32 = 2;

/// Most that the files of a data set may have together: all of it passes through the page's memory.
const MAX_FILES_MIB: u32 = 256;

/// What the rest of the page hears of a run.
pub(crate) enum TrainerEvent {
    /// The newest weights, to draw with.
    Weights(Vec<u8>),
    /// Weights worth keeping: the end of an epoch or of the run.
    Keep(Vec<u8>, Box<ModelCard>),
    /// A sentence for people.
    Notice(String),
}

/// A run as it was asked for; enough to begin it again elsewhere.
#[derive(Clone)]
struct Request {
    recipe: TrainRecipe,
    data: DataSource,
    files: Vec<File>,
    workers: u32,
}

#[derive(Default)]
struct Inner {
    link: Option<Link>,
    backend: Option<Backend>,
    ready: bool,
    /// The order to send as soon as the worker is ready.
    pending: Option<Packet<ToWorker>>,
    /// Counts orders; what a worker says of an older one is not heard.
    job: JobId,
    request: Option<Request>,
    /// The end of the last epoch: epochs done and what is needed to go on.
    checkpoint: Option<(u32, Vec<u8>)>,
    losses: u32,
    /// Stop was sent and the last weights have not come yet.
    stopping: bool,
    /// The run was paused when its worker was lost: its successor pauses too.
    pause_when_started: bool,
    /// When the oldest question that is not answered was put, on the page's clock.
    asked_ms: Option<f64>,
    watchdog: Option<Interval>,
}

/// A handle to the training worker.
#[derive(Clone)]
pub(crate) struct Trainer {
    inner: Rc<RefCell<Inner>>,
    reader: Reader,
    run: RwSignal<RunView>,
    on_event: Rc<dyn Fn(TrainerEvent)>,
}

impl Trainer {
    pub(crate) fn new(
        reader: Reader,
        run: RwSignal<RunView>,
        on_event: impl Fn(TrainerEvent) + 'static,
    ) -> Self {
        Self { inner: Rc::default(), reader, run, on_event: Rc::new(on_event) }
    }

    /// Begins a run; the one before it is forgotten.
    pub(crate) fn start(
        &self,
        recipe: TrainRecipe,
        device: DeviceChoice,
        workers: u32,
        choice: DataChoice,
        files: Vec<File>,
    ) {
        if let Err(error) = recipe.check() {
            return self.set_phase(Phase::Failed(error.to_string()));
        }
        let data = DataSource {
            choice,
            mnist_url: browser::site_url("data/mnist/"),
            file_names: files.iter().map(File::name).collect(),
        };
        // A worker that still owes the last weights of another run is not waited for.
        if self.inner.borrow().stopping {
            self.end_worker();
        }
        let job = {
            let mut inner = self.inner.borrow_mut();
            inner.request = Some(Request { recipe, data, files, workers });
            inner.checkpoint = None;
            (inner.losses, inner.pause_when_started) = (0, false);
            inner.job += 1;
            inner.job
        };
        self.run.set(RunView {
            recipe,
            phase: Phase::Preparing("Looking for a device".into()),
            ..RunView::idle()
        });
        let trainer = self.clone();
        spawn_local(async move {
            let device = choose_device(device).await;
            if trainer.is_current(job) {
                trainer.launch(device).await;
            }
        });
    }

    pub(crate) fn pause(&self) {
        self.send(ToWorker::Pause);
    }

    pub(crate) fn resume(&self) {
        self.run.update(|run| run.rate.reset());
        self.send(ToWorker::Resume);
    }

    /// Ends the run within [`STOP_MS`]; its weights so far stay.
    pub(crate) fn stop(&self) {
        if matches!(self.run.with_untracked(|run| run.phase.clone()), Phase::Preparing(_)) {
            self.end_worker();
            let has_begun = self.run.with_untracked(|run| run.steps > 0);
            return self.set_phase(if has_begun { Phase::Done { stopped: true } } else { Phase::Idle });
        }
        self.inner.borrow_mut().stopping = true;
        self.set_phase(Phase::Stopping);
        self.send(ToWorker::Stop);
        let (trainer, job) = (self.clone(), self.inner.borrow().job);
        spawn_local(async move {
            browser::sleep(STOP_MS).await;
            if trainer.is_stopping(job) {
                trainer.set_phase(Phase::Done { stopped: true });
                browser::sleep(LAST_WEIGHTS_MS).await;
                // The worker's own answer would have counted up the job.
                if trainer.is_current(job) {
                    trainer.end_worker();
                }
            }
        });
    }

    fn is_current(&self, job: JobId) -> bool {
        self.inner.borrow().job == job
    }

    fn is_stopping(&self, job: JobId) -> bool {
        self.is_current(job) && self.run.with_untracked(|run| run.phase == Phase::Stopping)
    }

    fn set_phase(&self, phase: Phase) {
        self.run.update(|run| run.phase = phase);
    }

    fn send(&self, message: ToWorker) {
        if let Some(link) = &self.inner.borrow().link {
            link.send(message, Vec::new());
        }
    }

    fn notice(&self, text: String) {
        (self.on_event)(TrainerEvent::Notice(text));
    }

    fn fail(&self, text: String) {
        self.inner.borrow_mut().watchdog = None;
        self.set_phase(Phase::Failed(text));
    }

    /// Ends the worker; what it was doing is forgotten.
    fn end_worker(&self) {
        let mut inner = self.inner.borrow_mut();
        inner.job += 1;
        (inner.ready, inner.stopping) = (false, false);
        (inner.pending, inner.watchdog) = (None, None);
        if let Some(link) = inner.link.take() {
            // The link may be calling at this moment: it is dropped once it has returned.
            spawn_local(async move { drop(link) });
        }
    }

    /// Puts the request to a worker on this device, from the last checkpoint where there is one.
    async fn launch(&self, device: Device) {
        let (backend, job) = {
            let mut inner = self.inner.borrow_mut();
            inner.job += 1;
            (device.backend, inner.job)
        };
        self.run.update(|run| {
            run.device = Some(device);
            run.rate.reset();
            run.phase = Phase::Preparing("Starting the worker".into());
        });
        match self.order(backend, job).await {
            // Stopped meanwhile, or begun anew.
            _ if !self.is_current(job) => {}
            Ok(packet) => self.hand_over(backend, packet, job).await,
            Err(text) => self.fail(text),
        }
    }

    /// The order with its buffers; the error is for people.
    async fn order(&self, backend: Backend, job: JobId) -> Result<Packet<ToWorker>, String> {
        let (request, checkpoint) = {
            let inner = self.inner.borrow();
            (inner.request.clone(), inner.checkpoint.as_ref().map(|(_, bytes)| bytes.clone()))
        };
        let Request { recipe, data, files, workers } = request.ok_or("There is no run to begin.")?;
        let mut buffers: Vec<Vec<u8>> = checkpoint.into_iter().collect();
        let has_checkpoint = !buffers.is_empty();
        let has_reference = backend == Backend::WebGpu;
        if has_reference {
            self.set_phase(Phase::Preparing("Computing on the CPU what the GPU must agree with".into()));
            buffers.push(self.reader.reference(recipe).await?);
        }
        let total_mib = files.iter().map(|file| file.size()).sum::<f64>() / 1_048_576.0;
        if total_mib > f64::from(MAX_FILES_MIB) {
            return Err(format!(
                "The files have {total_mib:.0} MiB together: at most {MAX_FILES_MIB} MiB can be used."
            ));
        }
        for file in &files {
            buffers.push(browser::read_file(file, MAX_FILES_MIB).await?);
        }
        let order = TrainOrder { recipe, data, has_checkpoint, has_reference, workers };
        Ok(Packet { message: ToWorker::Train(job, Box::new(order)), buffers })
    }

    /// Sends the order to the worker that is there, or to a new one.
    async fn hand_over(&self, backend: Backend, packet: Packet<ToWorker>, job: JobId) {
        let reusable = {
            let inner = self.inner.borrow();
            inner.ready && inner.backend == Some(backend)
        };
        if reusable {
            if let Some(link) = &self.inner.borrow().link {
                link.send(packet.message, packet.buffers);
            }
            return;
        }
        // A worker of the other device ends first; a tab has no memory to spare.
        {
            let mut inner = self.inner.borrow_mut();
            inner.ready = false;
            drop(inner.link.take());
        }
        let started = async {
            let url =
                Site::fetch().await?.worker_url(backend).ok_or("The site does not have this worker.")?;
            let trainer = self.clone();
            Link::start(&url, move |event| trainer.hear(event))
        };
        match started.await {
            // Stopped meanwhile, or begun anew: this worker ends before it has begun.
            _ if !self.is_current(job) => {}
            Ok(link) => {
                let mut inner = self.inner.borrow_mut();
                (inner.link, inner.backend, inner.ready) = (Some(link), Some(backend), false);
                inner.pending = Some(packet);
            }
            Err(text) => self.fail(text),
        }
    }

    fn hear(&self, event: LinkEvent) {
        match event {
            LinkEvent::Ready => {
                let mut inner = self.inner.borrow_mut();
                inner.ready = true;
                if let (Some(packet), Some(link)) = (inner.pending.take(), &inner.link) {
                    link.send(packet.message, packet.buffers);
                }
            }
            LinkEvent::Said(packet) => self.take_news(packet),
            LinkEvent::OtherBuild => self.lose("it was of another version of this page"),
            LinkEvent::Lost(text) => self.lose(&text),
        }
    }

    fn take_news(&self, Packet { message, mut buffers }: Packet<FromWorker>) {
        let current = self.inner.borrow().job;
        match message {
            FromWorker::Doing(job, what) if job == current => self.set_phase(Phase::Preparing(what)),
            FromWorker::Started { job, workers, train_images, steps, steps_done, device_difference }
                if job == current =>
            {
                self.run.update(|run| {
                    (run.train_images, run.workers) = (train_images, workers);
                    (run.step, run.steps) = (steps_done, steps);
                    run.device_difference = device_difference;
                    run.phase = Phase::Running;
                });
                self.watch(job);
                if core::mem::take(&mut self.inner.borrow_mut().pause_when_started) {
                    self.pause();
                }
            }
            FromWorker::Points(job, points) if job == current => {
                self.run.update(|run| run.add(points, now_ms()));
            }
            FromWorker::Testing { job, done, total } if job == current => {
                self.set_phase_unless_stopping(Phase::Testing(done, total));
            }
            FromWorker::Snapshot(job) if job == current && !buffers.is_empty() => {
                (self.on_event)(TrainerEvent::Weights(buffers.swap_remove(0)));
            }
            FromWorker::EpochDone { job, epoch, test, test_loss, card }
                if job == current && buffers.len() == 2 =>
            {
                let checkpoint = buffers.swap_remove(1);
                {
                    let mut inner = self.inner.borrow_mut();
                    inner.checkpoint = Some((epoch, checkpoint));
                    inner.losses = 0;
                }
                self.run.update(|run| {
                    run.tests.push(TestResult { epoch, test, loss: test_loss });
                    // The time of the test is none of the training's.
                    run.rate.reset();
                });
                self.set_phase_unless_stopping(Phase::Running);
                (self.on_event)(TrainerEvent::Keep(buffers.swap_remove(0), card));
            }
            FromWorker::Paused(job) if job == current => self.set_phase_unless_stopping(Phase::Paused),
            FromWorker::Resumed(job) if job == current => self.set_phase_unless_stopping(Phase::Running),
            FromWorker::Finished { job, stopped, card } if job == current && !buffers.is_empty() => {
                let mut inner = self.inner.borrow_mut();
                inner.job += 1;
                (inner.stopping, inner.watchdog) = (false, None);
                drop(inner);
                self.set_phase(Phase::Done { stopped });
                (self.on_event)(TrainerEvent::Keep(buffers.swap_remove(0), card));
            }
            FromWorker::Failed(job, FailureKind::Order, text) if job == current => self.fail(text),
            FromWorker::Failed(job, FailureKind::Device, text) if job == current => self.lose(&text),
            _ => {}
        }
    }

    fn set_phase_unless_stopping(&self, phase: Phase) {
        self.run.update(|run| {
            if !matches!(run.phase, Phase::Stopping | Phase::Done { .. }) {
                run.phase = phase;
            }
        });
    }

    /// Asks the worker now and then whether it is alive, for as long as the job goes on.
    fn watch(&self, job: JobId) {
        let trainer = self.clone();
        self.inner.borrow_mut().asked_ms = None;
        let watchdog = Interval::new(PING_MS, move || {
            if trainer.is_current(job) && trainer.is_overdue() {
                trainer.lose("it does not answer");
            }
        });
        self.inner.borrow_mut().watchdog = Some(watchdog);
    }

    /// Asks again, unless an answer is due; true where it has been due for too long.
    ///
    /// Measured from the question: the timers of a hidden tab may be a minute apart.
    fn is_overdue(&self) -> bool {
        let mut inner = self.inner.borrow_mut();
        let Some(heard_ms) = inner.link.as_ref().map(Link::heard_ms) else { return false };
        // A GPU in software takes seconds for a step, and the worker hears nothing meanwhile.
        let limit_ms = if inner.backend == Some(Backend::WebGpu) { 90_000.0 } else { 15_000.0 };
        match inner.asked_ms {
            Some(asked_ms) if heard_ms < asked_ms => now_ms() - asked_ms > limit_ms,
            _ => {
                inner.asked_ms = Some(now_ms());
                drop(inner);
                self.send(ToWorker::Ping);
                false
            }
        }
    }

    /// The worker or its device is gone: the run goes on in another one, from the end of the last epoch.
    fn lose(&self, why: &str) {
        if !self.run.with_untracked(RunView::is_busy) {
            return self.end_worker();
        }
        if self.run.with_untracked(|run| run.phase == Phase::Stopping) {
            self.end_worker();
            return self.set_phase(Phase::Done { stopped: true });
        }
        let (backend, epochs_done, losses) = {
            let mut inner = self.inner.borrow_mut();
            inner.losses += 1;
            // What was lost may have been a helper, for want of memory: its successor works alone.
            if let Some(request) = &mut inner.request {
                request.workers = 1;
            }
            inner.pause_when_started = self.run.with_untracked(|run| run.phase == Phase::Paused);
            let epochs_done = inner.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.0);
            (inner.backend, epochs_done, inner.losses)
        };
        self.end_worker();
        let why = why.trim_end_matches('.');
        let from = match epochs_done {
            0 => "from the beginning".to_owned(),
            epochs => format!("from the end of epoch {epochs}"),
        };
        if losses > MAX_LOSSES {
            return self.fail(format!("Training was given up: its worker was lost {losses} times ({why})."));
        }
        let device = if backend == Some(Backend::WebGpu) {
            self.notice(format!("WebGPU failed ({why}). Training goes on on the CPU, {from}."));
            Device { backend: Backend::Cpu, why: "WebGPU failed in this run.".into() }
        } else {
            self.notice(format!("The training worker was lost ({why}). A new one goes on {from}."));
            let device = self.run.with_untracked(|run| run.device.clone());
            device.unwrap_or(Device { backend: Backend::Cpu, why: String::new() })
        };
        self.run.update(|run| run.forget_after(epochs_done));
        let trainer = self.clone();
        spawn_local(async move { trainer.launch(device).await });
    }
}

/// Chooses where to compute, and says why.
async fn choose_device(choice: DeviceChoice) -> Device {
    let cpu = |why: &str| Device { backend: Backend::Cpu, why: why.into() };
    if choice == DeviceChoice::Cpu {
        return cpu("You chose the CPU.");
    }
    let why = match (browser::probe_gpu().await, choice) {
        (GpuProbe::Hardware, _) => "Your browser offers a GPU.",
        (GpuProbe::Software, DeviceChoice::WebGpu) => {
            "You chose WebGPU; this browser computes it in software."
        }
        (GpuProbe::Software, _) => return cpu("WebGPU is only there in software, which is slower."),
        (GpuProbe::NoAdapter, _) => return cpu("WebGPU finds no GPU."),
        (GpuProbe::Missing, _) => return cpu("This browser does not have WebGPU."),
    };
    match Site::fetch().await {
        Ok(site) if site.worker_url(Backend::WebGpu).is_some() => {
            Device { backend: Backend::WebGpu, why: why.into() }
        }
        _ => cpu("The WebGPU worker is not on this site yet."),
    }
}
