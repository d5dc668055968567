//! Death, silence, stop, pause, device loss, restarts and late answers.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::sync::Arc;

use evaluation::EpochScores;
use model_card::ModelCard;
use protocol::{
    Backend, Blobs, Delivery, JobError,
    train::{RunStart, Steering, TrainProgress, TrainStage, Trained},
};
use train_config::{LiveChange, StopReason, TrainConfig};

use crate::{
    Attempt, Device, DeviceReason, Effect, Event, Failure, Launch, Loss, Phase, Preparation, Restart,
    RunUpdate, SavedState, Timer, Trainer,
};

const CPU: Device = Device { backend: Backend::Cpu, reason: DeviceReason::ChosenCpu };
const GPU: Device = Device { backend: Backend::WebGpu, reason: DeviceReason::GpuFound };

fn card() -> ModelCard {
    ModelCard::unknown(TrainConfig::default().network)
}

fn started() -> TrainProgress {
    TrainProgress::Started(RunStart {
        workers: 2,
        train_images: 60,
        validation_images: 0,
        steps: 6,
        steps_done: 0,
        device_difference: None,
        is_exact: true,
        changes: Vec::new(),
    })
}

fn epoch_done(epoch: u32) -> Delivery<TrainProgress> {
    let mut blobs = Blobs::new();
    let (weights, checkpoint) = (blobs.add(vec![1]), blobs.add(vec![epoch as u8]));
    let content = TrainProgress::EpochDone {
        epoch,
        steps_done: 10 * epoch,
        scores: EpochScores::default(),
        best_epoch: None,
        card: Box::new(card()),
        weights,
        checkpoint,
    };
    Delivery { content, blobs }
}

fn trained(reason: StopReason) -> Delivery<Trained> {
    let mut blobs = Blobs::new();
    let weights = blobs.add(vec![7]);
    Delivery { content: Trained { reason, card: Box::new(card()), weights }, blobs }
}

/// A trainer and the attempt that is current.
struct Scene {
    trainer: Trainer,
    attempt: Attempt,
}

impl Scene {
    /// A run on this device, whose worker has been called.
    fn launched(device: Device) -> Self {
        let mut trainer = Trainer::default();
        let effects = trainer.on(Event::Start(None));
        assert_eq!(effects, [Effect::Report(RunUpdate::Begun), Effect::ChooseDevice(Attempt(1))]);
        let effects = trainer.on(Event::DeviceChosen(Attempt(1), device));
        let mut scene = Self { trainer, attempt: Attempt(1) };
        let launch = scene.launch_in(&effects);
        assert_eq!((launch.backend, launch.is_alone, launch.checkpoint), (device.backend, false, None));
        scene
    }

    /// The same, and the worker trains.
    fn running(device: Device) -> Self {
        let mut scene = Self::launched(device);
        let effects = scene.progress(started());
        assert!(effects.contains(&Effect::Watch(scene.attempt)), "{effects:?}");
        assert_eq!(scene.trainer.phase(), Phase::Running);
        scene
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        self.trainer.on(event)
    }

    fn progress(&mut self, progress: TrainProgress) -> Vec<Effect> {
        let event = Event::Progress(self.attempt, Delivery::bare(progress));
        self.on(event)
    }

    fn answer(&mut self, answer: Result<Delivery<Trained>, JobError>) -> Vec<Effect> {
        let event = Event::Answered(self.attempt, answer);
        self.on(event)
    }

    fn die(&mut self) -> Vec<Effect> {
        self.answer(Err(JobError::WorkerLost("unreachable".into())))
    }

    fn tick(&mut self, now_ms: f64, heard_ms: f64) -> Vec<Effect> {
        let attempt = self.attempt;
        self.on(Event::Tick { attempt, now_ms, heard_ms })
    }

    /// Follows the only launch among effects.
    #[track_caller]
    fn launch_in(&mut self, effects: &[Effect]) -> Launch {
        let launches: Vec<&Launch> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Launch(launch) => Some(launch),
                _ => None,
            })
            .collect();
        let [launch] = launches[..] else { panic!("{effects:?}") };
        assert!(launch.attempt > self.attempt);
        self.attempt = launch.attempt;
        launch.clone()
    }
}

#[test]
fn a_run_goes_through_its_phases() {
    let mut scene = Scene::launched(CPU);
    assert_eq!(scene.trainer.phase(), Phase::Preparing(Preparation::StartingWorker));
    scene.progress(TrainProgress::Stage(TrainStage::ReadingImages));
    let reading = Phase::Preparing(Preparation::Worker(TrainStage::ReadingImages));
    assert_eq!(scene.trainer.phase(), reading);
    scene.progress(started());
    scene.progress(TrainProgress::Testing { done: 1, total: 2 });
    assert_eq!(scene.trainer.phase(), Phase::Testing { done: 1, total: 2 });
    let effects = scene.on(Event::Progress(scene.attempt, epoch_done(1)));
    assert!(effects.contains(&Effect::Report(RunUpdate::Keep(vec![1], Box::new(card())))), "{effects:?}");
    assert_eq!(scene.trainer.phase(), Phase::Running);
    let effects = scene.answer(Ok(trained(StopReason::Epochs)));
    assert_eq!(effects, [Effect::Report(RunUpdate::Keep(vec![7], Box::new(card())))]);
    assert_eq!(scene.trainer.phase(), Phase::Done { reason: StopReason::Epochs });
    // The worker is idle: the next run may use it again.
    assert!(!scene.on(Event::Start(None)).contains(&Effect::EndWorker));
}

#[test]
fn a_pause_lasts_until_it_is_ended() {
    let mut scene = Scene::running(CPU);
    assert_eq!(scene.on(Event::Resume), []);
    assert_eq!(scene.on(Event::Pause), [Effect::Pause]);
    assert_eq!(scene.trainer.phase(), Phase::Running, "the worker has not confirmed it");
    scene.progress(TrainProgress::Paused);
    assert_eq!(scene.trainer.phase(), Phase::Paused);
    assert_eq!(scene.on(Event::Resume), [Effect::Report(RunUpdate::Resumed), Effect::Resume]);
    scene.progress(TrainProgress::Resumed);
    assert_eq!(scene.trainer.phase(), Phase::Running);
}

#[test]
fn a_stopped_run_ends_at_once_and_its_last_weights_are_kept() {
    let mut scene = Scene::running(CPU);
    let attempt = scene.attempt;
    let effects = scene.on(Event::Stop);
    assert_eq!(effects, [Effect::Cancel, Effect::StartTimer(attempt, Timer::Stop, 100)]);
    assert_eq!(scene.trainer.phase(), Phase::Stopping);
    // What the worker had said before it heard of the stop changes nothing.
    scene.progress(TrainProgress::Testing { done: 1, total: 2 });
    scene.progress(TrainProgress::Paused);
    assert_eq!(scene.trainer.phase(), Phase::Stopping);
    let effects = scene.on(Event::TimeUp(attempt, Timer::Stop));
    assert_eq!(effects, [Effect::StartTimer(attempt, Timer::LastWeights, 3_000)]);
    assert_eq!(scene.trainer.phase(), Phase::Done { reason: StopReason::Stopped });
    let effects = scene.answer(Ok(trained(StopReason::Stopped)));
    assert_eq!(effects, [Effect::Report(RunUpdate::Keep(vec![7], Box::new(card())))]);
    // The answer was in time, so the worker stays.
    assert_eq!(scene.on(Event::TimeUp(attempt, Timer::LastWeights)), []);
}

#[test]
fn a_worker_that_does_not_stop_is_ended() {
    let mut scene = Scene::running(CPU);
    let attempt = scene.attempt;
    scene.on(Event::Stop);
    scene.on(Event::TimeUp(attempt, Timer::Stop));
    assert_eq!(scene.on(Event::TimeUp(attempt, Timer::LastWeights)), [Effect::EndWorker]);
    assert_eq!(scene.trainer.phase(), Phase::Done { reason: StopReason::Stopped });
    assert_eq!(scene.answer(Ok(trained(StopReason::Stopped))), [], "too late");
}

#[test]
fn a_worker_that_still_owes_its_last_weights_does_not_hold_up_the_next_run() {
    let mut scene = Scene::running(CPU);
    let attempt = scene.attempt;
    scene.on(Event::Stop);
    scene.on(Event::TimeUp(attempt, Timer::Stop));
    assert_eq!(scene.on(Event::Start(None)).first(), Some(&Effect::EndWorker));
    assert_eq!(scene.answer(Ok(trained(StopReason::Stopped))), [], "the weights of the run before");
}

#[test]
fn a_run_that_is_stopped_before_it_starts_leaves_nothing() {
    let mut trainer = Trainer::default();
    trainer.on(Event::Start(None));
    assert_eq!(trainer.on(Event::Stop), [Effect::EndWorker]);
    assert_eq!(trainer.phase(), Phase::Idle);
    assert_eq!(trainer.on(Event::DeviceChosen(Attempt(1), CPU)), [], "the device was chosen too late");

    let mut scene = Scene::launched(CPU);
    assert_eq!(scene.on(Event::Stop), [Effect::EndWorker]);
    assert_eq!(scene.trainer.phase(), Phase::Idle);
    assert_eq!(scene.progress(started()), []);
    assert_eq!(scene.trainer.phase(), Phase::Idle);
}

#[test]
fn a_worker_that_dies_is_replaced_from_the_last_checkpoint() {
    let mut scene = Scene::running(CPU);
    scene.on(Event::Progress(scene.attempt, epoch_done(3)));
    let old = scene.attempt;
    let effects = scene.die();
    let launch = scene.launch_in(&effects);
    assert_eq!((launch.backend, launch.is_alone), (Backend::Cpu, true));
    assert_eq!(launch.checkpoint, Some(Arc::new(vec![3])));
    assert_eq!(effects[0], Effect::EndWorker);
    let restart = Restart {
        why: Loss::Worker("unreachable".into()),
        from: Backend::Cpu,
        epochs_done: 3,
        steps_done: 30,
    };
    assert_eq!(effects[1], Effect::Report(RunUpdate::Restarted(restart)));
    // What the dead worker had still sent is ignored.
    assert_eq!(scene.on(Event::Progress(old, epoch_done(4))), []);
    scene.progress(started());
    assert_eq!(scene.trainer.phase(), Phase::Running);
}

#[test]
fn a_paused_run_stays_paused_through_any_number_of_deaths() {
    let mut scene = Scene::running(CPU);
    scene.progress(TrainProgress::Paused);
    for _ in 0..2 {
        let effects = scene.die();
        scene.launch_in(&effects);
    }
    assert!(scene.progress(started()).contains(&Effect::Pause));
}

#[test]
fn a_run_is_given_up_after_losses_without_progress() {
    let mut scene = Scene::running(CPU);
    for _ in 0..2 {
        let effects = scene.die();
        scene.launch_in(&effects);
        scene.progress(started());
    }
    // An epoch is progress.
    scene.on(Event::Progress(scene.attempt, epoch_done(1)));
    for _ in 0..2 {
        let effects = scene.die();
        scene.launch_in(&effects);
    }
    assert_eq!(scene.die(), [Effect::EndWorker]);
    let why = Loss::Worker("unreachable".into());
    assert_eq!(scene.trainer.phase(), Phase::Failed(Failure::GaveUp { losses: 3, why }));
}

#[test]
fn a_lost_gpu_hands_its_run_to_the_cpu() {
    let mut scene = Scene::running(GPU);
    let effects = scene.answer(Err(JobError::DeviceLost("destroyed".into())));
    let launch = scene.launch_in(&effects);
    assert_eq!((launch.backend, launch.is_alone, launch.checkpoint), (Backend::Cpu, false, None));
    let restart = Restart {
        why: Loss::Device("destroyed".into()),
        from: Backend::WebGpu,
        epochs_done: 0,
        steps_done: 0,
    };
    assert!(effects.contains(&Effect::Report(RunUpdate::Restarted(restart))), "{effects:?}");
    let device = Device { backend: Backend::Cpu, reason: DeviceReason::GpuFailed };
    assert!(effects.contains(&Effect::Report(RunUpdate::Device(device))), "{effects:?}");
}

#[test]
fn silence_is_measured_from_the_question() {
    let mut scene = Scene::running(CPU);
    assert_eq!(scene.tick(1_000.0, 900.0), [Effect::Ping]);
    // Heard since: ask again.
    assert_eq!(scene.tick(60_000.0, 1_001.0), [Effect::Ping]);
    for now_ms in (62_000..=74_000).step_by(2_000) {
        assert_eq!(scene.tick(f64::from(now_ms), 1_001.0), []);
    }
    assert_eq!(scene.tick(75_000.0, 1_001.0), []);
    let effects = scene.tick(75_001.0, 1_001.0);
    scene.launch_in(&effects);
    let restart = Restart { why: Loss::Silence, from: Backend::Cpu, epochs_done: 0, steps_done: 0 };
    assert!(effects.contains(&Effect::Report(RunUpdate::Restarted(restart))), "{effects:?}");
    assert_eq!(scene.tick(80_000.0, 1_001.0), [], "the new worker has not started yet");
}

#[test]
fn a_gpu_may_be_silent_for_longer() {
    let mut scene = Scene::running(GPU);
    scene.tick(0.0, -1.0);
    assert_eq!(scene.tick(45_000.0, -1.0), []);
    assert_eq!(scene.tick(90_000.0, -1.0), []);
    assert!(!scene.tick(90_001.0, -1.0).is_empty());
}

#[test]
fn a_machine_that_sleeps_loses_no_worker() {
    let mut scene = Scene::running(CPU);
    scene.tick(0.0, -1.0);
    let hours_ms = 8.0 * 3_600_000.0;
    assert_eq!(scene.tick(hours_ms, -1.0), [], "the page may wake before its worker");
    assert_eq!(scene.tick(hours_ms + 2_000.0, hours_ms + 10.0), [Effect::Ping]);
    // A worker that did not wake is found out.
    assert_eq!(scene.tick(2.0 * hours_ms, hours_ms + 10.0), []);
    assert_eq!(scene.tick(2.0 * hours_ms + 7_500.0, hours_ms + 10.0), []);
    assert!(!scene.tick(2.0 * hours_ms + 7_501.0, hours_ms + 10.0).is_empty());
}

#[test]
fn a_worker_that_dies_while_it_is_stopped_is_not_replaced() {
    let mut scene = Scene::running(CPU);
    scene.on(Event::Stop);
    assert_eq!(scene.die(), [Effect::EndWorker]);
    assert_eq!(scene.trainer.phase(), Phase::Done { reason: StopReason::Stopped });
}

#[test]
fn a_request_that_cannot_be_followed_ends_the_run_with_its_reason() {
    let mut scene = Scene::launched(CPU);
    let error = JobError::BadInput("neither gzip nor IDX".into());
    assert_eq!(scene.answer(Err(error.clone())), []);
    assert_eq!(scene.trainer.phase(), Phase::Failed(Failure::Job(error)));
    scene.on(Event::Reject("99 workers".into()));
    assert_eq!(scene.trainer.phase(), Phase::Failed(Failure::Rejected("99 workers".into())));
}

#[test]
fn a_message_without_its_buffers_ends_the_run() {
    let mut scene = Scene::running(CPU);
    let Delivery { content, .. } = epoch_done(1);
    assert_eq!(scene.progress(content), [Effect::EndWorker]);
    assert!(matches!(scene.trainer.phase(), Phase::Failed(Failure::Job(JobError::Internal(_)))));
}

fn saved(steps_done: u32) -> SavedState {
    SavedState { epochs_done: 1, steps_done, bytes: Arc::new(vec![steps_done as u8]) }
}

#[test]
fn a_kept_run_goes_on_from_its_checkpoint() {
    let mut trainer = Trainer::default();
    trainer.on(Event::Start(Some(saved(15))));
    let effects = trainer.on(Event::DeviceChosen(Attempt(1), CPU));
    let mut scene = Scene { trainer, attempt: Attempt(1) };
    assert_eq!(scene.launch_in(&effects).checkpoint, Some(saved(15).bytes));
    // Its worker dies before the first step: nothing is lost.
    let effects = scene.die();
    assert_eq!(scene.launch_in(&effects).checkpoint, Some(saved(15).bytes));
    let why = Loss::Worker("unreachable".into());
    let restart = Restart { why, from: Backend::Cpu, epochs_done: 1, steps_done: 15 };
    assert_eq!(effects[1], Effect::Report(RunUpdate::Restarted(restart)));
}

#[test]
fn a_checkpoint_within_an_epoch_is_gone_on_from() {
    let mut scene = Scene::running(CPU);
    let mut blobs = Blobs::new();
    let checkpoint = blobs.add(vec![15]);
    let content = TrainProgress::Checkpoint { steps_done: 15, epochs_done: 1, checkpoint };
    let effects = scene.on(Event::Progress(scene.attempt, Delivery { content, blobs }));
    assert_eq!(effects, [Effect::Report(RunUpdate::Saved(saved(15)))]);
    let effects = scene.die();
    assert_eq!(scene.launch_in(&effects).checkpoint, Some(saved(15).bytes));
}

#[test]
fn a_run_is_steered_while_it_runs() {
    let change = LiveChange { learning_rate: Some(0.1), ..LiveChange::default() };
    let mut scene = Scene::launched(CPU);
    assert_eq!(scene.on(Event::Save), [], "there is nothing to save");
    scene.progress(started());
    assert_eq!(scene.on(Event::Save), [Effect::Steer(Steering::Save)]);
    assert_eq!(scene.on(Event::Change(change)), [Effect::Steer(Steering::Change(change))]);
    let effects = scene.progress(TrainProgress::Changed(vec![LiveChange { step: 4, ..change }]));
    assert_eq!(effects, [Effect::Report(RunUpdate::Changed(vec![LiveChange { step: 4, ..change }]))]);
}
