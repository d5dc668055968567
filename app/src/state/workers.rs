//! The page's workers: one recognizes what is drawn, one trains, and a pool does what else takes a while.

use std::rc::Rc;

use leptos::prelude::*;
use protocol::{
    Call, Delivery, JobError, Program,
    model_files::{ModelRead, ReadModel},
};
use worker_client::{Pool, Recognizer};

use crate::{
    engine::{BrowserHost, TrainerShell},
    saved_models::ModelFile,
};

/// The most workers for jobs beside drawing and training. Each takes memory for a data set.
const MAX_POOL_WORKERS: usize = 2;
/// What a call is told before the page has started its workers.
const STARTING: &str = "The page is still starting. Try again in a moment.";

/// The worker that recognizes what is drawn.
pub(crate) type OwnRecognizer = Recognizer<BrowserHost, ModelFile>;

/// The workers; copies share them.
#[derive(Clone, Copy)]
pub(crate) struct Workers {
    recognizer: StoredValue<Option<OwnRecognizer>, LocalStorage>,
    pool: StoredValue<Option<Pool<BrowserHost>>, LocalStorage>,
    reading: StoredValue<Option<Pool<BrowserHost>>, LocalStorage>,
    writing: StoredValue<Option<Pool<BrowserHost>>, LocalStorage>,
    trainer: StoredValue<Option<TrainerShell>, LocalStorage>,
}

impl Workers {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            recognizer: StoredValue::new_local(None),
            pool: StoredValue::new_local(None),
            reading: StoredValue::new_local(None),
            writing: StoredValue::new_local(None),
            trainer: StoredValue::new_local(None),
        }
    }

    /// Takes over those that were started.
    pub(crate) fn start(self, host: Rc<BrowserHost>, recognizer: OwnRecognizer, trainer: TrainerShell) {
        self.recognizer.set_value(Some(recognizer));
        self.trainer.set_value(Some(trainer));
        self.pool.set_value(Some(Pool::new(Rc::clone(&host), Program::Cpu, MAX_POOL_WORKERS)));
        self.reading.set_value(Some(Pool::new(Rc::clone(&host), Program::ReadFiles, 1)));
        self.writing.set_value(Some(Pool::new(host, Program::WriteFiles, 1)));
    }

    /// Workers for jobs that take a while.
    pub(crate) fn pool(self) -> Result<Pool<BrowserHost>, JobError> {
        self.pool.get_value().ok_or_else(|| JobError::NoWorker(STARTING.into()))
    }

    /// Has a file of a model read; the worker that does is loaded for it.
    pub(crate) async fn read_model(
        self,
        request: Delivery<ReadModel>,
    ) -> Result<Delivery<ModelRead>, JobError> {
        let reading = self.reading.get_value().ok_or_else(|| JobError::NoWorker(STARTING.into()))?;
        reading.call(request, |_| ()).await
    }

    /// Makes a call to the worker that writes files and links, which is loaded for it.
    pub(crate) async fn call_writing<C: Call>(
        self,
        request: Delivery<C>,
    ) -> Result<Delivery<C::Reply>, JobError> {
        let writing = self.writing.get_value().ok_or_else(|| JobError::NoWorker(STARTING.into()))?;
        writing.call(request, |_| ()).await
    }

    /// Makes a call that takes a moment.
    pub(crate) async fn call<C: Call>(self, request: Delivery<C>) -> Result<Delivery<C::Reply>, JobError> {
        let recognizer = self.recognizer.get_value();
        let recognizer = recognizer.ok_or_else(|| JobError::NoWorker(STARTING.into()))?;
        recognizer.call(request).await
    }

    /// Does something with the worker that trains.
    pub(crate) fn with_trainer(self, act: impl FnOnce(&TrainerShell)) {
        // Cloned, because what is done may come back to the page.
        if let Some(trainer) = self.trainer.get_value() {
            act(&trainer);
        }
    }

    /// Does something with the worker that recognizes.
    pub(crate) fn with_recognizer(self, act: impl FnOnce(&OwnRecognizer)) {
        if let Some(recognizer) = self.recognizer.get_value() {
            act(&recognizer);
        }
    }
}
