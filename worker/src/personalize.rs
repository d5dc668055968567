//! Fine-tuning a trained network on one person's handwriting.

use std::sync::Arc;

use burn::tensor::Device;
use dataset::{Dataset, LabelledImages, Part};
use evaluation::{Accuracy, Calibration};
use model_card::ModelCard;
use network::Network;
use protocol::{
    Blobs, Delivery, JobError,
    personalize::{
        Change, PersonalizationReport, Personalize, PersonalizeProgress, PersonalizeStage, Personalized,
    },
};
use training::{Event, Run, personalization_config, personalization_images};
use weights::Weights;

use crate::{
    data::labelled,
    device, failure,
    job::{Interrupt, Job},
    model,
    serve::Worker,
};

/// Fixed: the same drawings always give the same model.
const SEED: u64 = 1;

/// Handles [`Personalize`].
pub(crate) async fn personalize(
    worker: &mut Worker,
    request: Delivery<Personalize>,
    job: &Job<Personalize>,
) -> Result<Delivery<Personalized>, JobError> {
    let Delivery { content, mut blobs } = request;
    let (weights, mut card) = model::read(&blobs.take(content.model)?)?;
    let learn = labelled(&mut blobs, content.learn)?;
    let held_back = labelled(&mut blobs, content.held_back)?;
    job.report(PersonalizeProgress::Stage(PersonalizeStage::ReadingImages))?;
    let rehearsed = worker.data.dataset(&content.rehearsal).await?;

    job.report(PersonalizeProgress::Stage(PersonalizeStage::FineTuning))?;
    let tuned = fine_tune((&weights, &card), &learn, &rehearsed.train, &worker.device, job).await?;

    job.report(PersonalizeProgress::Stage(PersonalizeStage::Measuring))?;
    let sets = [&learn, &held_back, &rehearsed.test];
    // A shipped model's card states its accuracy on the same test images.
    let stated = card.test.filter(|test| {
        content.is_shipped && card.tested_on == rehearsed.name && test.total as usize == rehearsed.test.len()
    });
    let measured = if stated.is_some() { &sets[..2] } else { &sets };
    let mut before = test((&weights, &card), measured, &worker.device, job).await?;
    before.extend(stated);
    let after = test((&tuned, &card), &sets, &worker.device, job).await?;
    let change = |set: usize| Change { before: before[set], after: after[set] };
    let report = PersonalizationReport {
        learned: change(0),
        held_back: change(1),
        rehearsed: change(2),
        rehearsed_name: rehearsed.name.clone(),
    };
    card.validation = None;
    // Not fitted on these weights, but small steps leave it nearly right.
    card.calibration = card.calibration.map(|before| Calibration { is_inherited: true, ..before });
    card.test = Some(after[2]);
    card.tested_on.clone_from(&rehearsed.name);
    let before = if card.trained_on.is_empty() { "unknown images" } else { &card.trained_on };
    card.trained_on = format!("{before}, then {} drawings by one person", learn.len());
    card.fine_tuned_from.clone_from(&content.name);
    let mut blobs = Blobs::new();
    let weights = blobs.add(model::write(&tuned, &card)?);
    Ok(Delivery { content: Personalized { report, card, weights }, blobs })
}

async fn fine_tune(
    (weights, card): (&Weights, &ModelCard),
    drawings: &LabelledImages,
    known: &LabelledImages,
    device: &Device,
    job: &Job<Personalize>,
) -> Result<Weights, JobError> {
    // No test images: the report measures more than the run would.
    let data = Dataset { train: personalization_images(drawings, known, SEED), ..Dataset::default() };
    let mut config = personalization_config(weights.network().clone(), SEED);
    config.preprocessing = card.preprocessing.into();
    let micro_batch = device::micro_batch(weights.network());
    let mut run = Run::from_weights(config, weights, Arc::new(data), device, micro_batch)
        .map_err(|error| failure::of_run(&error, 0))?;
    let total = run.steps();
    loop {
        match run.advance().await {
            Ok(Event::Finished(_)) => break,
            Ok(Event::Trained(point)) => {
                job.report(PersonalizeProgress::Steps { done: point.step, total })?;
            }
            Ok(_) => {}
            Err(error) => return Err(failure::of_run(&error, run.steps_done())),
        }
        job.checkpoint().await?;
    }
    run.weights().await.map_err(failure::of_device)
}

async fn test(
    (weights, card): (&Weights, &ModelCard),
    sets: &[&LabelledImages],
    device: &Device,
    job: &Job<Personalize>,
) -> Result<Vec<Accuracy>, JobError> {
    let network = Network::for_prediction(weights, card.preprocessing, device);
    let micro_batch = device::micro_batch(network.spec()).test_images;
    let mut accuracies = Vec::new();
    for set in sets {
        let interrupt = Interrupt::default();
        let progress = async |_| interrupt.check(job.checkpoint().await).await;
        let accuracy = training::measure(&network, Part::from(*set), micro_batch, progress);
        accuracies.push(interrupt.run(accuracy).await?.map_err(failure::of_device)?.accuracy);
    }
    Ok(accuracies)
}
