//! Testing a model on labelled images.

use data_files::submission;
use dataset::Dataset;
use evaluation::Calibration;
use model_spec::PIXELS;
use network::Network;
use protocol::{
    Blobs, Delivery, JobError,
    evaluate::{Answer, Answers, Evaluate, EvaluateProgress, Evaluation, TestData},
};

use crate::{
    data::{labelled, made_for},
    device, failure,
    job::{Interrupt, Job},
    model,
    serve::Worker,
};

/// Handles [`Evaluate`].
pub(crate) async fn evaluate(
    worker: &mut Worker,
    request: Delivery<Evaluate>,
    job: &Job<Evaluate>,
) -> Result<Delivery<Evaluation>, JobError> {
    let Delivery { content: Evaluate { model, data }, mut blobs } = request;
    let (weights, card) = model::read(&blobs.take(model)?)?;
    let (set, images, class_names) = match data {
        TestData::Split(source) => {
            let set = worker.data.test_part(&source, card.import).await?;
            let dataset = worker.data.as_is(&source).await?;
            (set, dataset.name.clone(), dataset.names_of_classes())
        }
        TestData::Images { name, images } => {
            (labelled(&mut blobs, images)?, name, Dataset::default().names_of_classes())
        }
    };
    card.check_classes(&class_names).map_err(failure::of_input)?;
    if set.is_empty() {
        return Err(JobError::BadInput("There are no images to test on.".into()));
    }
    let network = Network::for_prediction(&weights, card.preprocessing, &worker.device);
    let micro_batch = device::micro_batch(network.spec()).test_images;
    let total = set.len() as u32;
    let interrupt = Interrupt::default();
    let progress = async |done: u32| {
        interrupt.check(job.report(EvaluateProgress { done, total })).await;
        interrupt.check(job.checkpoint().await).await;
    };
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let found = training::classification_answers(&network, calibration, &set, micro_batch, progress);
    let (report, answers) = interrupt.run(found).await?.map_err(failure::of_device)?;
    let each = set.labels.iter().zip(&answers);
    let sure = |confidence: f32| (255.0 * confidence).round() as u8;
    let bytes: Vec<u8> =
        each.flat_map(|(&label, answer)| [label, answer.class, sure(answer.confidence)]).collect();
    let mut blobs = Blobs::new();
    let content = Evaluation { report, images, class_names: card.class_names, answers: blobs.add(bytes) };
    Ok(Delivery { content, blobs })
}

/// Handles [`Answer`].
pub(crate) async fn answer(
    worker: &mut Worker,
    request: Delivery<Answer>,
    job: &Job<Answer>,
) -> Result<Delivery<Answers>, JobError> {
    let Delivery { content: Answer { model, source }, mut blobs } = request;
    let (weights, card) = model::read(&blobs.take(model)?)?;
    let dataset = worker.data.as_is(&source).await?;
    let levels = made_for(&dataset, &dataset.unlabelled, card.import);
    let total = (levels.len() / PIXELS) as u32;
    if total == 0 {
        return Err(JobError::BadInput("This data set has no images without labels.".into()));
    }
    let network = Network::for_prediction(&weights, card.preprocessing, &worker.device);
    let batch = device::micro_batch(network.spec()).test_images;
    let calibration = card.calibration.unwrap_or(Calibration::NONE);
    let (mut names, mut answers) = (Vec::with_capacity(total as usize), Vec::new());
    for levels in levels.chunks(batch * PIXELS) {
        let probabilities = network.predict(levels).await.map_err(failure::of_device)?;
        for each in &probabilities {
            let read = calibration.read(each);
            names.push(card.class_name(usize::from(read.class)));
            answers.extend([read.class, (255.0 * read.confidence).round() as u8]);
        }
        job.report(EvaluateProgress { done: names.len() as u32, total })?;
        job.checkpoint().await?;
    }
    let mut blobs = Blobs::new();
    let content = Answers { file: blobs.add(submission(&names).into_bytes()), answers: blobs.add(answers) };
    Ok(Delivery { content, blobs })
}
