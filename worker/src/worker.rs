//! The loop: orders in, answers out, and a pass of training in between.

use burn::tensor::Device;
use network::Network;
use port::Packet;
use protocol::{FailureKind, FromWorker, JobId, MOST_IMAGES, ToWorker};
use recipe::{Calibration, ModelCard, PIXELS, TrainRecipe};
use training::DeviceReference;
use weights::{Precision, write_safetensors_as};

use crate::{
    data::Data,
    device, evaluate, hand,
    inbox::{Inbox, Received},
    job::{self, Job, Progress},
    scope::{self, Yielder, post, post_with},
};

/// Images to a pass when a page of digits is read.
const PREDICT_IMAGES: usize = 64;

/// Greets the page, opens the device and works until the page ends the worker.
pub(crate) async fn serve() {
    let inbox = Inbox::open();
    scope::post_hello();
    let device = match device::open().await {
        Ok(device) => device,
        Err(text) => return scope::post_fatal(&text),
    };
    post(FromWorker::Ready(device::BACKEND));
    let mut worker = Worker { device, network: None, data: Data::default(), job: None };
    let yielder = Yielder::new();
    loop {
        let running = worker.job.as_ref().is_some_and(Job::is_running);
        if !running {
            let packet = inbox.next().await;
            worker.handle(packet).await;
            continue;
        }
        while let Some(packet) = inbox.try_next() {
            worker.handle(packet).await;
        }
        // A message may have paused or ended the job.
        if worker.job.as_ref().is_some_and(Job::is_running) {
            worker.train().await;
            yielder.pass().await;
        }
    }
}

struct Worker {
    device: Device,
    /// What predictions are made with, and how they are to be read.
    network: Option<(Network, Calibration)>,
    data: Data,
    /// The training job, paused or not.
    job: Option<Job>,
}

impl Worker {
    async fn handle(&mut self, (Packet { message, buffers }, ports): Received) {
        match message {
            ToWorker::Load(job) => match read_model(buffers) {
                Ok((weights, card, _)) => {
                    let calibration = card.calibration.unwrap_or(Calibration::NONE);
                    self.network = Some((Network::from_weights(&weights, &self.device), calibration));
                    post(FromWorker::Loaded(job, Box::new(card)));
                }
                Err(text) => refuse(job, text),
            },
            ToWorker::Inspect(job) => match read_model(buffers) {
                Ok((_, card, file)) => post_with(FromWorker::Inspected(job, Box::new(card)), vec![file]),
                Err(text) => refuse(job, text),
            },
            ToWorker::Predict(job) => self.predict(job, &buffers).await,
            ToWorker::Reference(job, recipe) => self.reference(job, &recipe).await,
            ToWorker::Train(job, order) => {
                self.job = None;
                match Job::begin(job, *order, buffers, &self.device, &mut self.data).await {
                    Ok(begun) => self.job = Some(begun),
                    Err((kind, text)) => post(FromWorker::Failed(job, kind, text)),
                }
            }
            ToWorker::Help(helper) => {
                // The worker that asked for help hears of a failure, and the page from it.
                if let Err((_, text)) = job::help(helper, buffers, ports, &self.device, &mut self.data).await
                {
                    scope::post_fatal(&text);
                }
            }
            ToWorker::Evaluate(job, source) => {
                match evaluate::evaluate(job, source, buffers, &self.device, &mut self.data).await {
                    Ok(answer) => post(answer),
                    Err(text) => refuse(job, text),
                }
            }
            ToWorker::LearnHand(job, order) => {
                match hand::learn(job, &order, buffers, &self.device, &mut self.data).await {
                    Ok((report, card, file)) => {
                        post_with(FromWorker::HandLearned(job, Box::new(report), Box::new(card)), vec![file]);
                    }
                    Err(text) => refuse(job, text),
                }
            }
            ToWorker::Export(job, format) => answer_file(job, evaluate::export(format, buffers)),
            ToWorker::Halve(job) => answer_file(job, halve(buffers)),
            ToWorker::Pause => self.job.iter_mut().for_each(Job::pause),
            ToWorker::Resume => self.job.iter_mut().for_each(Job::resume),
            ToWorker::Stop => {
                if let Some(job) = self.job.take() {
                    job.finish(true).await;
                }
            }
            ToWorker::Ping => post(FromWorker::Pong),
        }
    }

    async fn train(&mut self) {
        if let Some(job) = &mut self.job {
            match job.advance().await {
                Progress::Going => {}
                Progress::Done => {
                    if let Some(job) = self.job.take() {
                        job.finish(false).await;
                    }
                }
                Progress::Failed => self.job = None,
            }
        }
    }

    async fn predict(&self, job: JobId, buffers: &[Vec<u8>]) {
        let (Some((network, calibration)), [levels]) = (&self.network, buffers) else {
            return refuse(job, "No weights are loaded yet.".into());
        };
        if !levels.len().is_multiple_of(PIXELS) || !(1..=MOST_IMAGES).contains(&(levels.len() / PIXELS)) {
            let length = levels.len();
            return refuse(job, format!("Images have {PIXELS} grey levels each; these are {length} in all."));
        }
        let mut readings = Vec::new();
        for levels in levels.chunks(PREDICT_IMAGES * PIXELS) {
            match network.predict(levels).await {
                Ok(probabilities) => {
                    let each = levels.chunks_exact(PIXELS).zip(&probabilities);
                    readings.extend(each.map(|(image, all)| calibration.read_image(image, all)));
                }
                Err(error) => {
                    return post(FromWorker::Failed(job, FailureKind::Device, error.to_string()));
                }
            }
        }
        post(FromWorker::Predicted(job, readings));
    }

    async fn reference(&self, job: JobId, recipe: &TrainRecipe) {
        match DeviceReference::compute(recipe, &self.device).await {
            Ok(reference) => post_with(FromWorker::Reference(job), vec![reference.to_bytes()]),
            Err(error) => post(FromWorker::Failed(job, FailureKind::Device, error.to_string())),
        }
    }
}

/// Reads the first buffer as a model; the error is for people.
pub(crate) fn read_model(buffers: Vec<Vec<u8>>) -> Result<(weights::Weights, ModelCard, Vec<u8>), String> {
    let file = buffers.into_iter().next().ok_or("The weights did not arrive.")?;
    let (weights, card) = weights::read_safetensors(&file)
        .map_err(|error| format!("These weights cannot be used: {error}."))?;
    Ok((weights, card, file))
}

/// Weights and card as they came, with 16 bits to a weight; the error is for people.
fn halve(buffers: Vec<Vec<u8>>) -> Result<Vec<u8>, String> {
    let (weights, mut card, _) = read_model(buffers)?;
    // What was measured was measured on other weights.
    if weights.rounded_to_half() != weights {
        card.test = None;
        card.tested_on.clear();
    }
    write_safetensors_as(Precision::Half, &weights, &card).map_err(|error| error.to_string())
}

fn answer_file(job: JobId, file: Result<Vec<u8>, String>) {
    match file {
        Ok(file) => post_with(FromWorker::Written(job), vec![file]),
        Err(text) => refuse(job, text),
    }
}

fn refuse(job: JobId, text: String) {
    post(FromWorker::Failed(job, FailureKind::Order, text));
}
