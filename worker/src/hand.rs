//! "Learn my hand": a trained network learns from a person's drawings.

use std::sync::Arc;

use burn::tensor::Device;
use dataset::{LabelledImages, Split};
use network::Network;
use protocol::{Change, FromWorker, HandOrder, HandReport, JobId};
use recipe::{Accuracy, ModelCard};
use training::{Event, Run, hand_lesson, hand_recipe};
use weights::{Weights, write_safetensors};

use crate::{
    data::Data,
    device,
    evaluate::labelled,
    scope::{Yielder, post},
    worker::read_model,
};

/// The same drawings teach the same.
const SEED: u64 = 1;

/// Learns and measures before and after; the error is for people.
pub(crate) async fn learn(
    job: JobId,
    order: &HandOrder,
    mut buffers: Vec<Vec<u8>>,
    device: &Device,
    data: &mut Data,
) -> Result<(HandReport, ModelCard, Vec<u8>), String> {
    let files = buffers.split_off(5.min(buffers.len()));
    let held_back = labelled(buffers.split_off(3.min(buffers.len())))?;
    let own = labelled(buffers.split_off(1.min(buffers.len())))?;
    let (weights, mut card, _) = read_model(buffers)?;
    post(FromWorker::Doing(job, "Reading what is to be rehearsed".into()));
    let known = data.split(&order.known, files).await?;

    post(FromWorker::Doing(job, "Learning your hand".into()));
    let recipe = hand_recipe(weights.architecture(), SEED);
    // Nothing is tested within the run: the report below is.
    let lesson = Split { train: hand_lesson(&own, &known.train, SEED), ..Split::default() };
    let pace = device::pace(weights.architecture());
    let yielder = Yielder::new();
    let mut run = Run::from_weights(recipe, &weights, Arc::new(lesson), device, pace)
        .map_err(|error| error.to_string())?;
    let total = run.steps();
    loop {
        match run.advance().await.map_err(|error| error.to_string())? {
            Event::Finished => break,
            Event::Trained(point) => post(FromWorker::Testing { job, done: point.step, total }),
            _ => {}
        }
        yielder.pass().await;
    }
    let learned = run.weights().await.map_err(|error| error.to_string())?;

    post(FromWorker::Doing(job, "Measuring what has changed".into()));
    let sets = [&own, &held_back, &known.test];
    let said = card.test.filter(|test| {
        order.is_shipped && card.tested_on == known.name && test.total as usize == known.test.len()
    });
    let mut before = test(&weights, if said.is_some() { &sets[..2] } else { &sets }, device).await?;
    before.extend(said);
    let after = test(&learned, &sets, device).await?;
    let change = |place: usize| Change { before: before[place], after: after[place] };
    let report = HandReport {
        learned: change(0),
        held_back: change(1),
        known: change(2),
        known_name: known.name.clone(),
    };
    card.test = Some(after[2]);
    card.tested_on.clone_from(&known.name);
    let before = if card.trained_on.is_empty() { "what is not known" } else { &card.trained_on };
    card.trained_on = format!("{before}, then {} drawings of one hand", own.len());
    let file = write_safetensors(&learned, &card).map_err(|error| error.to_string())?;
    Ok((report, card, file))
}

async fn test(weights: &Weights, sets: &[&LabelledImages], device: &Device) -> Result<Vec<Accuracy>, String> {
    let network = Network::from_weights(weights, device);
    let pass_images = device::pace(weights.architecture()).test_images;
    let yielder = Yielder::new();
    let mut found = Vec::new();
    for set in sets {
        let accuracy = training::evaluate(&network, set, pass_images, async |_| yielder.pass().await).await;
        found.push(accuracy.map_err(|error| error.to_string())?);
    }
    Ok(found)
}
