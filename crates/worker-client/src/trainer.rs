//! The state of a training run as the page sees it: events go in, effects come out.
//!
//! Nothing here waits or touches a worker. Whoever owns a [`Trainer`] carries out its [`Effect`]s and reports back what
//! came of them. Each try to run somewhere is an [`Attempt`] of its own, and whatever still arrives from an earlier
//! attempt is ignored.

use std::sync::Arc;

use model_card::ModelCard;
use protocol::{
    Backend, Delivery, JobError,
    train::{Reload, RunPoint, RunStart, Steering, TrainProgress, TrainStage, Trained},
};
use train_config::{LiveChange, StopReason};

use crate::{Device, DeviceReason, EpochResult};

/// A run counts as stopped after this, whether the worker has answered or not.
const STOP_MS: u32 = 100;
/// A worker that has not sent its last weights by then is ended.
const LAST_WEIGHTS_MS: u32 = 3_000;
/// Workers lost within one epoch before the run is given up.
const MAX_LOSSES: u32 = 2;
/// How long a CPU worker may be silent.
const CPU_SILENCE_MS: f64 = 15_000.0;
/// How long a WebGPU worker may be silent: a GPU in software takes seconds for a step.
const GPU_SILENCE_MS: f64 = 90_000.0;

/// One try to run somewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt(pub u32);

/// What is being prepared before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preparation {
    /// Choosing between CPU and GPU.
    ChoosingDevice,
    /// Starting the worker.
    StartingWorker,
    /// Computing on the CPU what the GPU must agree with.
    ComputingReference,
    /// What the worker says it is doing.
    Worker(TrainStage),
}

/// Why a worker is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It died.
    Worker(String),
    /// Its device failed.
    Device(String),
    /// It does not answer.
    Silence,
}

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The form holds something that cannot be used; the text is for people.
    Rejected(String),
    /// The job failed.
    Job(JobError),
    /// Too many workers were lost.
    GaveUp {
        /// How many.
        losses: u32,
        /// Why the last one was.
        why: Loss,
    },
}

/// Where a run is, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been trained yet.
    Idle,
    /// The first step is yet to come.
    Preparing(Preparation),
    /// Steps are taken.
    Running,
    /// The network is measured after an epoch.
    Testing {
        /// Images answered.
        done: u32,
        /// All of them.
        total: u32,
    },
    /// The run waits for the user.
    Paused,
    /// The user stopped the run, and the worker has not answered yet.
    Stopping,
    /// The run is over.
    Done {
        /// Why it ended.
        reason: StopReason,
    },
    /// The run ended early.
    Failed(Failure),
}

impl Phase {
    /// Whether a run is under way.
    pub const fn is_busy(&self) -> bool {
        !matches!(self, Self::Idle | Self::Done { .. } | Self::Failed(_))
    }
}

/// What limits the wait after a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Until the run counts as stopped.
    Stop,
    /// Until the worker is ended.
    LastWeights,
}

/// What happens to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The user starts a run, or one that was kept goes on from its checkpoint.
    Start(Option<SavedState>),
    /// The user wants a run that cannot be; the text says why.
    Reject(String),
    /// The user pauses the run.
    Pause,
    /// The user lets the run go on.
    Resume,
    /// The user stops the run.
    Stop,
    /// The user changes the run while it runs.
    Change(LiveChange),
    /// The page may be gone soon: a checkpoint is wanted.
    Save,
    /// A device was chosen.
    DeviceChosen(Attempt, Device),
    /// The page prepares something else for the worker.
    Preparing(Attempt, Preparation),
    /// The worker reports progress.
    Progress(Attempt, Delivery<TrainProgress>),
    /// The worker has answered, or will not answer.
    Answered(Attempt, Result<Delivery<Trained>, JobError>),
    /// A timer has run out.
    TimeUp(Attempt, Timer),
    /// Time to look whether the worker is alive.
    Tick {
        /// The attempt.
        attempt: Attempt,
        /// The present time.
        now_ms: f64,
        /// When the worker was last heard.
        heard_ms: f64,
    },
}

impl Event {
    const fn attempt(&self) -> Option<Attempt> {
        match self {
            Self::Start(_)
            | Self::Reject(_)
            | Self::Pause
            | Self::Resume
            | Self::Stop
            | Self::Change(_)
            | Self::Save => None,
            Self::DeviceChosen(attempt, _)
            | Self::Preparing(attempt, _)
            | Self::Progress(attempt, _)
            | Self::Answered(attempt, _)
            | Self::TimeUp(attempt, _)
            | Self::Tick { attempt, .. } => Some(*attempt),
        }
    }
}

/// How to call a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// For the events that come of it.
    pub attempt: Attempt,
    /// Where to run.
    pub backend: Backend,
    /// Whether the worker must train without helpers.
    pub is_alone: bool,
    /// The state to resume from.
    pub checkpoint: Option<Arc<Vec<u8>>>,
}

/// A lost worker is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart {
    /// Why it is gone.
    pub why: Loss,
    /// Where it computed.
    pub from: Backend,
    /// Epochs that the successor need not repeat.
    pub epochs_done: u32,
    /// Steps that it need not repeat.
    pub steps_done: u32,
}

/// What the rest of the page learns of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunUpdate {
    /// A new run has begun.
    Begun,
    /// It computes here.
    Device(Device),
    /// Its first step is next.
    Started(RunStart),
    /// New points of the curves.
    Points(Vec<RunPoint>),
    /// An epoch is complete.
    EpochDone(EpochResult),
    /// The run goes on in a new one, read from its checkpoint.
    Reloaded(Reload),
    /// What is needed to go on from here. All points before it were reported.
    Saved(SavedState),
    /// The run was changed while it runs: all changes that it has now.
    Changed(Vec<LiveChange>),
    /// The newest weights, to draw with.
    Snapshot(Vec<u8>),
    /// Weights worth keeping: the end of an epoch or of the run.
    Keep(Vec<u8>, Box<ModelCard>),
    /// The run resumes after a pause.
    Resumed,
    /// The run goes on in another worker, from its last checkpoint.
    Restarted(Restart),
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Choose a device, then report [`Event::DeviceChosen`].
    ChooseDevice(Attempt),
    /// Call a worker and report what comes of it.
    Launch(Launch),
    /// End the worker, if there is one.
    EndWorker,
    /// Pause the job.
    Pause,
    /// Resume the job.
    Resume,
    /// Cancel the job.
    Cancel,
    /// Act on the job.
    Steer(Steering),
    /// Ask the worker for a sign of life.
    Ping,
    /// Report [`Event::TimeUp`] after a while.
    StartTimer(Attempt, Timer, u32),
    /// Report [`Event::Tick`] now and then, for as long as the attempt is current.
    Watch(Attempt),
    /// Tell the rest of the page.
    Report(RunUpdate),
}

/// A state of a run to go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedState {
    /// Epochs completed.
    pub epochs_done: u32,
    /// Steps completed.
    pub steps_done: u32,
    /// The checkpoint.
    pub bytes: Arc<Vec<u8>>,
}

/// What outlives a worker.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    device: Device,
    checkpoint: Option<SavedState>,
    /// Workers lost since the last checkpoint.
    losses: u32,
    /// What was lost may have been a helper, for lack of memory: its successor trains alone.
    is_alone: bool,
    /// Whether a worker has started to train.
    has_begun: bool,
    /// The run was paused when its worker was lost.
    pause_when_started: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Activity {
    Training,
    Testing { done: u32, total: u32 },
    Paused,
}

/// A ping that is not answered.
#[expect(clippy::struct_field_names, reason = "names carry their unit")]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Question {
    asked_ms: f64,
    /// The last look at it.
    ticked_ms: f64,
    /// For how long the worker has been silent since, as far as anybody was awake.
    silent_ms: f64,
}

/// The state of a run. Only what a state can need is there.
#[derive(Clone, Debug, PartialEq)]
enum TrainerState {
    /// No run yet.
    Idle,
    /// CPU or GPU?
    Choosing { attempt: Attempt, checkpoint: Option<SavedState> },
    /// A worker is called, starts and gets the images.
    Preparing { attempt: Attempt, run: Run, step: Preparation },
    /// The worker trains. `question` is the oldest ping that is not answered.
    Running { attempt: Attempt, run: Run, activity: Activity, question: Option<Question> },
    /// The user stopped the run a moment ago.
    Stopping { attempt: Attempt },
    /// The run counts as stopped, and the worker still owes its last weights.
    Owing { attempt: Attempt },
    /// The run is over.
    Done { reason: StopReason },
    /// The run ended early.
    Failed(Failure),
}

impl TrainerState {
    const fn attempt(&self) -> Option<Attempt> {
        match self {
            Self::Choosing { attempt, .. }
            | Self::Preparing { attempt, .. }
            | Self::Running { attempt, .. }
            | Self::Stopping { attempt }
            | Self::Owing { attempt } => Some(*attempt),
            Self::Idle | Self::Done { .. } | Self::Failed(_) => None,
        }
    }

    fn phase(&self) -> Phase {
        match self {
            Self::Idle => Phase::Idle,
            Self::Choosing { .. } => Phase::Preparing(Preparation::ChoosingDevice),
            Self::Preparing { step, .. } => Phase::Preparing(*step),
            Self::Running { activity: Activity::Training, .. } => Phase::Running,
            Self::Running { activity: Activity::Testing { done, total }, .. } => {
                Phase::Testing { done: *done, total: *total }
            }
            Self::Running { activity: Activity::Paused, .. } => Phase::Paused,
            Self::Stopping { .. } => Phase::Stopping,
            Self::Owing { .. } => Phase::Done { reason: StopReason::Stopped },
            Self::Done { reason } => Phase::Done { reason: *reason },
            Self::Failed(failure) => Phase::Failed(failure.clone()),
        }
    }
}

/// A training run, from its start to its end.
#[derive(Debug)]
pub struct Trainer {
    state: TrainerState,
    /// The newest attempt there has been.
    last_attempt: Attempt,
}

impl Default for Trainer {
    fn default() -> Self {
        Self { state: TrainerState::Idle, last_attempt: Attempt(0) }
    }
}

type Step = (TrainerState, Vec<Effect>);

impl Trainer {
    /// Where the run is.
    pub fn phase(&self) -> Phase {
        self.state.phase()
    }

    /// Whether events of this attempt still count.
    pub fn is_current(&self, attempt: Attempt) -> bool {
        self.state.attempt() == Some(attempt)
    }

    /// Takes an event; returns what to do, in this order.
    pub fn on(&mut self, event: Event) -> Vec<Effect> {
        // Whatever still comes from an earlier attempt is too late.
        if event.attempt().is_some_and(|attempt| !self.is_current(attempt)) {
            return Vec::new();
        }
        let next = Attempt(self.last_attempt.0 + 1);
        let state = core::mem::replace(&mut self.state, TrainerState::Idle);
        let (state, effects) = step(state, event, next);
        self.last_attempt = self.last_attempt.max(state.attempt().unwrap_or_default());
        self.state = state;
        effects
    }
}

/// The transition: the state after an event, and what to do. `next` is the attempt to begin, if one begins.
fn step(state: TrainerState, event: Event, next: Attempt) -> Step {
    match event {
        Event::Start(checkpoint) => start(&state, next, checkpoint),
        Event::Reject(text) if !state.phase().is_busy() => {
            (TrainerState::Failed(Failure::Rejected(text)), Vec::new())
        }
        Event::DeviceChosen(_, device) => match state {
            TrainerState::Choosing { checkpoint, .. } => {
                let run = Run {
                    device,
                    checkpoint,
                    losses: 0,
                    is_alone: false,
                    has_begun: false,
                    pause_when_started: false,
                };
                let (state, launch) = launch(run, next);
                (state, vec![Effect::Report(RunUpdate::Device(device)), launch])
            }
            other => (other, Vec::new()),
        },
        Event::Preparing(_, new) => match state {
            TrainerState::Preparing { attempt, run, .. } => {
                (TrainerState::Preparing { attempt, run, step: new }, Vec::new())
            }
            other => (other, Vec::new()),
        },
        Event::Pause if matches!(state, TrainerState::Running { .. }) => (state, vec![Effect::Pause]),
        Event::Resume if matches!(state, TrainerState::Running { activity: Activity::Paused, .. }) => {
            (state, vec![Effect::Report(RunUpdate::Resumed), Effect::Resume])
        }
        Event::Stop => stop(state),
        Event::Change(change) => steer(state, Steering::Change(change)),
        Event::Save => steer(state, Steering::Save),
        Event::TimeUp(_, timer) => time_up(state, timer),
        Event::Progress(_, delivery) => progress(state, delivery),
        Event::Answered(_, Ok(delivery)) => finish(state, delivery),
        Event::Answered(_, Err(error)) => failed(state, error, next),
        Event::Tick { now_ms, heard_ms, .. } => tick(state, now_ms, heard_ms, next),
        Event::Reject(_) | Event::Pause | Event::Resume => (state, Vec::new()),
    }
}

fn steer(state: TrainerState, steering: Steering) -> Step {
    let effects = match state {
        TrainerState::Running { .. } => vec![Effect::Steer(steering)],
        _ => Vec::new(),
    };
    (state, effects)
}

fn start(state: &TrainerState, next: Attempt, checkpoint: Option<SavedState>) -> Step {
    let mut effects = Vec::new();
    // A worker that is idle is used again; one that still works for another run is not waited for.
    if state.attempt().is_some() {
        effects.push(Effect::EndWorker);
    }
    effects.extend([Effect::Report(RunUpdate::Begun), Effect::ChooseDevice(next)]);
    (TrainerState::Choosing { attempt: next, checkpoint }, effects)
}

fn launch(run: Run, attempt: Attempt) -> (TrainerState, Effect) {
    let launch = Launch {
        attempt,
        backend: run.device.backend,
        is_alone: run.is_alone,
        checkpoint: run.checkpoint.as_ref().map(|checkpoint| Arc::clone(&checkpoint.bytes)),
    };
    (TrainerState::Preparing { attempt, run, step: Preparation::StartingWorker }, Effect::Launch(launch))
}

fn stop(state: TrainerState) -> Step {
    match state {
        TrainerState::Choosing { .. } => (TrainerState::Idle, vec![Effect::EndWorker]),
        TrainerState::Preparing { run, .. } => {
            let state = if run.has_begun {
                TrainerState::Done { reason: StopReason::Stopped }
            } else {
                TrainerState::Idle
            };
            (state, vec![Effect::EndWorker])
        }
        TrainerState::Running { attempt, .. } => {
            let timer = Effect::StartTimer(attempt, Timer::Stop, STOP_MS);
            (TrainerState::Stopping { attempt }, vec![Effect::Cancel, timer])
        }
        other => (other, Vec::new()),
    }
}

fn time_up(state: TrainerState, timer: Timer) -> Step {
    match (state, timer) {
        (TrainerState::Stopping { attempt }, Timer::Stop) => {
            let timer = Effect::StartTimer(attempt, Timer::LastWeights, LAST_WEIGHTS_MS);
            (TrainerState::Owing { attempt }, vec![timer])
        }
        (TrainerState::Owing { .. }, Timer::LastWeights) => {
            (TrainerState::Done { reason: StopReason::Stopped }, vec![Effect::EndWorker])
        }
        (other, _) => (other, Vec::new()),
    }
}

fn progress(state: TrainerState, mut delivery: Delivery<TrainProgress>) -> Step {
    let report = |update| vec![Effect::Report(update)];
    let content = core::mem::replace(&mut delivery.content, TrainProgress::Resumed);
    match content {
        TrainProgress::Stage(stage) => match state {
            TrainerState::Preparing { attempt, run, .. } => {
                let step = Preparation::Worker(stage);
                (TrainerState::Preparing { attempt, run, step }, Vec::new())
            }
            other => (other, Vec::new()),
        },
        TrainProgress::Started(start) => match state {
            TrainerState::Preparing { attempt, mut run, .. } => {
                let update = RunUpdate::Started(start);
                let mut effects = vec![Effect::Report(update), Effect::Watch(attempt)];
                if core::mem::take(&mut run.pause_when_started) {
                    effects.push(Effect::Pause);
                }
                run.has_begun = true;
                let activity = Activity::Training;
                (TrainerState::Running { attempt, run, activity, question: None }, effects)
            }
            other => (other, Vec::new()),
        },
        TrainProgress::Points(points) => (state, report(RunUpdate::Points(points))),
        TrainProgress::Changed(changes) => (state, report(RunUpdate::Changed(changes))),
        TrainProgress::Checkpoint { steps_done, epochs_done, checkpoint } => {
            match delivery.take(checkpoint) {
                Ok(bytes) => {
                    let saved = SavedState { epochs_done, steps_done, bytes: Arc::new(bytes) };
                    (with_checkpoint(state, saved.clone()), report(RunUpdate::Saved(saved)))
                }
                Err(missing) => broken(missing.into()),
            }
        }
        TrainProgress::Testing { done, total } => {
            (with_activity(state, Activity::Testing { done, total }), Vec::new())
        }
        TrainProgress::Reloaded(reload) => {
            (with_activity(state, Activity::Training), report(RunUpdate::Reloaded(reload)))
        }
        TrainProgress::Paused => (with_activity(state, Activity::Paused), Vec::new()),
        TrainProgress::Resumed => (with_activity(state, Activity::Training), Vec::new()),
        TrainProgress::Snapshot { weights } => match delivery.take(weights) {
            Ok(weights) => (state, report(RunUpdate::Snapshot(weights))),
            Err(missing) => broken(missing.into()),
        },
        TrainProgress::EpochDone { epoch, steps_done, scores, best_epoch, card, weights, checkpoint } => {
            match (delivery.take(weights), delivery.take(checkpoint)) {
                (Ok(weights), Ok(checkpoint)) => {
                    let saved = SavedState { epochs_done: epoch, steps_done, bytes: Arc::new(checkpoint) };
                    let effects = vec![
                        Effect::Report(RunUpdate::EpochDone(EpochResult { epoch, scores, best_epoch })),
                        Effect::Report(RunUpdate::Keep(weights, card)),
                        Effect::Report(RunUpdate::Saved(saved.clone())),
                    ];
                    (training(with_checkpoint(state, saved)), effects)
                }
                (Err(missing), _) | (_, Err(missing)) => broken(missing.into()),
            }
        }
    }
}

/// The worker said something that makes no sense.
fn broken(error: JobError) -> Step {
    (TrainerState::Failed(Failure::Job(error)), vec![Effect::EndWorker])
}

fn with_activity(state: TrainerState, activity: Activity) -> TrainerState {
    match state {
        TrainerState::Running { attempt, run, question, .. } => {
            TrainerState::Running { attempt, run, activity, question }
        }
        other => other,
    }
}

/// A state to go on from. That it is further than the last one is progress.
fn with_checkpoint(state: TrainerState, saved: SavedState) -> TrainerState {
    match state {
        TrainerState::Running { attempt, run, activity, question } => {
            let run = Run { checkpoint: Some(saved), losses: 0, ..run };
            TrainerState::Running { attempt, run, activity, question }
        }
        other => other,
    }
}

fn training(state: TrainerState) -> TrainerState {
    with_activity(state, Activity::Training)
}

fn finish(state: TrainerState, mut delivery: Delivery<Trained>) -> Step {
    let blob = delivery.content.weights;
    match delivery.take(blob) {
        Ok(weights) => {
            let Trained { reason, card, .. } = delivery.content;
            // Stopped by the user at its very end, a run is still complete.
            (TrainerState::Done { reason }, vec![Effect::Report(RunUpdate::Keep(weights, card))])
        }
        Err(missing) => {
            drop(state);
            broken(missing.into())
        }
    }
}

fn failed(state: TrainerState, error: JobError, next: Attempt) -> Step {
    match error {
        JobError::WorkerLost(why) => lose(state, Loss::Worker(why), next),
        JobError::DeviceLost(why) => lose(state, Loss::Device(why), next),
        JobError::Cancelled => (TrainerState::Done { reason: StopReason::Stopped }, Vec::new()),
        error => (TrainerState::Failed(Failure::Job(error)), Vec::new()),
    }
}

/// The worker or its device is gone: the run goes on in another worker, from its last checkpoint.
fn lose(state: TrainerState, why: Loss, next: Attempt) -> Step {
    let (run, was_paused) = match state {
        TrainerState::Preparing { run, .. } => (run, false),
        TrainerState::Running { run, activity, .. } => (run, activity == Activity::Paused),
        TrainerState::Stopping { .. } | TrainerState::Owing { .. } => {
            return (TrainerState::Done { reason: StopReason::Stopped }, vec![Effect::EndWorker]);
        }
        other => return (other, vec![Effect::EndWorker]),
    };
    let losses = run.losses + 1;
    if losses > MAX_LOSSES {
        return (TrainerState::Failed(Failure::GaveUp { losses, why }), vec![Effect::EndWorker]);
    }
    let from = run.device.backend;
    let device = match from {
        Backend::WebGpu => Device { backend: Backend::Cpu, reason: DeviceReason::GpuFailed },
        Backend::Cpu => run.device,
    };
    let (epochs_done, steps_done) =
        run.checkpoint.as_ref().map_or((0, 0), |saved| (saved.epochs_done, saved.steps_done));
    let pause_when_started = run.pause_when_started || was_paused;
    // A run on a GPU has no helpers.
    let is_alone = run.is_alone || from == Backend::Cpu;
    let run = Run { device, losses, is_alone, pause_when_started, ..run };
    let (state, launch) = launch(run, next);
    let restart = Restart { why, from, epochs_done, steps_done };
    let effects = vec![
        Effect::EndWorker,
        Effect::Report(RunUpdate::Restarted(restart)),
        Effect::Report(RunUpdate::Device(device)),
        launch,
    ];
    (state, effects)
}

/// Asks again, unless an answer is due. Silence is measured from the question: the timers of a hidden tab may be a
/// minute apart. What passes between two ticks counts for half of the limit at most, for the machine may have been
/// asleep, the worker with it.
fn tick(state: TrainerState, now_ms: f64, heard_ms: f64, next: Attempt) -> Step {
    let TrainerState::Running { attempt, run, activity, question } = state else {
        return (state, Vec::new());
    };
    let limit_ms = match run.device.backend {
        Backend::Cpu => CPU_SILENCE_MS,
        Backend::WebGpu => GPU_SILENCE_MS,
    };
    let (question, effects) = match question {
        Some(Question { asked_ms, ticked_ms, silent_ms }) if heard_ms < asked_ms => {
            let silent_ms = silent_ms + (now_ms - ticked_ms).min(limit_ms / 2.0);
            (Question { asked_ms, ticked_ms: now_ms, silent_ms }, Vec::new())
        }
        _ => (Question { asked_ms: now_ms, ticked_ms: now_ms, silent_ms: 0.0 }, vec![Effect::Ping]),
    };
    let is_lost = question.silent_ms > limit_ms;
    let state = TrainerState::Running { attempt, run, activity, question: Some(question) };
    if is_lost { lose(state, Loss::Silence, next) } else { (state, effects) }
}
