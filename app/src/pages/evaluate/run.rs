//! Testing a model, and answering images without labels.

use std::sync::Arc;

use leptos::prelude::*;
use model_card::ModelCard;
use protocol::{
    Blobs, Delivery, JobError,
    evaluate::{Answer, Answers, Evaluate, EvaluateProgress, Evaluation, TestData},
};
use train_config::DataChoice;

use super::tested::{OneAnswer, Source, Tested};
use crate::{commands::data_source, lab::Lab, labelled_drawings};

/// Tests a model.
pub(super) async fn evaluate(
    lab: &Lab,
    source: Source,
    name: &str,
    model: Arc<Vec<u8>>,
    status: RwSignal<String>,
) -> Result<Tested, JobError> {
    let mut blobs = Blobs::new();
    let data = match source {
        Source::Data(choice) => TestData::Split(data_source(choice)),
        Source::Drawings => {
            if lab.drawings.all.with_untracked(Vec::is_empty) {
                let text = "You have kept no drawings yet: draw a digit and say what it is.";
                return Err(JobError::BadInput(text.into()));
            }
            let images = lab
                .drawings
                .all
                .with_untracked(|drawings| labelled_drawings::attach(drawings.iter(), &mut blobs));
            TestData::Images { name: "your drawings".into(), images }
        }
    };
    let content = Evaluate { model: blobs.add(model), data };
    let progress = shows_progress(status);
    let mut reply = lab.workers.pool()?.call(Delivery { content, blobs }, progress).await?;
    let answers = reply.content.answers;
    let answers = reply.take(answers)?;
    let each = answers.as_chunks::<3>().0.iter();
    let answers = each.map(|&[label, class, sureness]| OneAnswer { label, class, sureness }).collect();
    let Evaluation { report, images, class_names, .. } = reply.content;
    Ok(Tested { model: name.to_owned(), source, images, report, class_names, answers: Arc::new(answers) })
}

pub(super) fn shows_progress(status: RwSignal<String>) -> impl Fn(Delivery<EvaluateProgress>) + 'static {
    move |progress| {
        let EvaluateProgress { done, total } = progress.content;
        status.try_set(format!("{} of {} images", metrics::grouped(done), metrics::grouped(total)));
    }
}

/// Answers to images without labels.
#[derive(Clone)]
pub(crate) struct Answered {
    /// `submission.csv`.
    pub(super) file: Arc<Vec<u8>>,
    /// What was read in each, and how sure, 0 to 255.
    pub(super) answers: Arc<Vec<[u8; 2]>>,
    /// What score to expect.
    pub(super) expected: String,
}

/// Which model answers: its file and its card, once there is one.
pub(crate) type Answerer = fn(&Lab) -> Option<(Arc<Vec<u8>>, ModelCard)>;

/// The model in use.
pub(crate) fn in_use(lab: &Lab) -> Option<(Arc<Vec<u8>>, ModelCard)> {
    lab.models.active.get_untracked().map(|active| (active.file.bytes, active.card))
}

/// The newest weights of the run.
pub(crate) fn just_trained(lab: &Lab) -> Option<(Arc<Vec<u8>>, ModelCard)> {
    lab.training.trained.get_value()
}

/// Has a model answer a data set's images without labels.
pub(super) async fn answer(
    lab: &Lab,
    answerer: Answerer,
    choice: DataChoice,
    status: RwSignal<String>,
) -> Result<Answered, JobError> {
    let Some((file, card)) = answerer(lab) else {
        return Err(JobError::BadInput("The model is still loading. Try again in a moment.".into()));
    };
    let mut blobs = Blobs::new();
    let content = Answer { model: blobs.add(file), source: data_source(choice) };
    let mut reply = lab.workers.pool()?.call(Delivery { content, blobs }, shows_progress(status)).await?;
    let Answers { file, answers } = reply.content;
    let (file, answers) = (reply.take(file)?, reply.take(answers)?);
    // The part with more images says more.
    let known = card.validation.into_iter().chain(card.test).max_by_key(|accuracy| accuracy.total);
    let expected = known.map_or_else(
        || "Its accuracy is not known: evaluate it first.".to_owned(),
        |accuracy| format!("Expect a score near {}, if the images are alike.", accuracy.with_interval()),
    );
    Ok(Answered { file: Arc::new(file), answers: Arc::new(answers.as_chunks::<2>().0.to_vec()), expected })
}
