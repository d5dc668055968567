//! Messages as byte buffers.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Blobs, Delivery, JobError};

/// A message: its envelope, its encoded body and its buffers.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<E> {
    /// Which call it belongs to.
    pub envelope: E,
    /// The call, reply or progress report, encoded; empty if the envelope says everything.
    pub body: Vec<u8>,
    /// The buffers that the body refers to.
    pub blobs: Blobs,
}

/// A value that cannot be written as JSON: a defect of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message could not be written: {0}")]
pub struct EncodeError(String);

impl From<EncodeError> for JobError {
    fn from(error: EncodeError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// Bytes that are not a message of this build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message could not be read: {0}")]
pub struct DecodeError(String);

impl From<DecodeError> for JobError {
    fn from(error: DecodeError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// [`EncodeError`] if the type cannot be written as JSON.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, EncodeError> {
    serde_json::to_vec(value).map_err(|error| EncodeError(error.to_string()))
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`DecodeError`] if the bytes are not such a value, or if anything follows it.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(bytes).map_err(|error| DecodeError(error.to_string()))
}

impl<E> Message<E> {
    /// A message whose envelope says everything.
    pub const fn bare(envelope: E) -> Self {
        Self { envelope, body: Vec::new(), blobs: Blobs::new() }
    }

    /// A message with content.
    ///
    /// # Errors
    /// [`EncodeError`] if the content cannot be written as JSON.
    pub fn with<T: Serialize>(envelope: E, delivery: Delivery<T>) -> Result<Self, EncodeError> {
        let Delivery { content, blobs } = delivery;
        Ok(Self { envelope, body: encode(&content)?, blobs })
    }

    /// Reads the content.
    ///
    /// # Errors
    /// [`DecodeError`] if it is of another type.
    pub fn delivery<T: DeserializeOwned>(self) -> Result<Delivery<T>, DecodeError> {
        Ok(Delivery { content: decode(&self.body)?, blobs: self.blobs })
    }
}

impl<E: Serialize> Message<E> {
    /// The buffers to send: the envelope, the body, then the attached buffers.
    ///
    /// # Errors
    /// [`EncodeError`] if the envelope cannot be written as JSON.
    pub fn into_buffers(self) -> Result<Vec<Arc<Vec<u8>>>, EncodeError> {
        let mut buffers = vec![Arc::new(encode(&self.envelope)?), Arc::new(self.body)];
        buffers.extend(self.blobs.into_buffers());
        Ok(buffers)
    }
}

impl<E: DeserializeOwned> Message<E> {
    /// Reads what [`into_buffers`](Self::into_buffers) made.
    ///
    /// # Errors
    /// [`DecodeError`] if the buffers are not a message of this build.
    pub fn from_buffers(buffers: Vec<Vec<u8>>) -> Result<Self, DecodeError> {
        let mut buffers = buffers.into_iter();
        let (Some(envelope), Some(body)) = (buffers.next(), buffers.next()) else {
            return Err(DecodeError("it has no envelope or no body".into()));
        };
        Ok(Self { envelope: decode(&envelope)?, body, blobs: Blobs::from_buffers(buffers) })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use core::fmt::Debug;

    use data_files::ImportOptions;
    use evaluation::{Accuracy, Calibration, ClassificationReport, EpochScores, Score};
    use model_card::ModelCard;
    use train_config::{DataChoice, StopReason, TrainConfig};

    use super::*;
    use crate::{
        Blob, Call, FromWorker, JobId, ToWorker,
        data::{DataSource, FileAddress, ImportData, LabelledBlobs, Listed, LookAtData, Order, PartName},
        evaluate::{Evaluate, Evaluation, TestData},
        personalize::{Change, PersonalizationReport, Personalize, Personalized},
        predict::Predict,
        train::{Help, RunPoint, Train, TrainProgress, TrainStage, Trained},
    };

    /// Sends content through a message and checks that it arrives whole or not at all.
    #[track_caller]
    fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(content: T) {
        let mut blobs = Blobs::new();
        blobs.add(vec![1, 2, 3]);
        let sent = Delivery { content, blobs };
        let envelope = FromWorker::Reply { job: JobId(7) };
        let message = Message::with(envelope, Delivery { content: &sent.content, blobs: sent.blobs.clone() });
        let buffers: Vec<Vec<u8>> =
            message.unwrap().into_buffers().unwrap().into_iter().map(Arc::unwrap_or_clone).collect();
        let arrived = Message::<FromWorker>::from_buffers(buffers.clone()).unwrap();
        assert_eq!(arrived.envelope, FromWorker::Reply { job: JobId(7) });
        assert_eq!(arrived.delivery().as_ref(), Ok(&sent));
        let body = &buffers[1];
        assert!(decode::<T>(&[body.as_slice(), b"0"].concat()).is_err());
        for length in 0..body.len() {
            assert_ne!(decode::<T>(&body[..length]).as_ref(), Ok(&sent.content));
        }
    }

    fn blob() -> Blob {
        Blobs::new().add(Vec::new())
    }

    fn train() -> Train {
        let choice = DataChoice::BuiltIn { train_images: 640 };
        Train {
            config: TrainConfig::default(),
            data: DataSource { choice, mnist_url: "http://localhost/data/".into() },
            checkpoint: None,
            reference: Some(blob()),
            workers: 2,
            sessions: 1,
        }
    }

    #[test]
    fn calls_arrive_whole_or_not_at_all() {
        check(train());
        check(Help { rank: 1, train: train() });
        check(Evaluate { model: blob(), data: TestData::Split(train().data) });
        let images = LabelledBlobs { levels: blob(), labels: blob() };
        check(Evaluate { model: blob(), data: TestData::Images { name: "mine".into(), images } });
        let learn = LabelledBlobs { levels: blob(), labels: blob() };
        let calibration = LabelledBlobs { levels: blob(), labels: blob() };
        let rehearsal = train().data;
        let name = String::from("a model");
        check(Personalize {
            model: blob(),
            learn,
            held_back: calibration,
            rehearsal,
            name,
            is_shipped: true,
        });
        check(Predict { levels: blob() });
        let files = vec![FileAddress { path: "a/b.csv".into(), url: "blob:x".into() }];
        check(ImportData { files, options: ImportOptions::default() });
        let images = Listed::Stretch {
            part: PartName::Train,
            class: Some(3),
            order: Order::Shuffled(7),
            offset: 0,
            count: 64,
        };
        check(LookAtData { source: train().data, images });
    }

    #[test]
    fn replies_and_progress_arrive_whole_or_not_at_all() {
        check(vec![Calibration::NONE.read(&[0.1; 10])]);
        let mut report = ClassificationReport::new(10);
        report.add(&Calibration::NONE.read(&[0.1; 10]), 0);
        check(Evaluation { report, images: "MNIST".into(), class_names: Vec::new(), answers: blob() });
        let card = ModelCard::unknown(TrainConfig::default().network);
        let test = Accuracy { correct: 9, total: 10 };
        let change = Change { before: test, after: test };
        let report = PersonalizationReport {
            learned: change,
            held_back: change,
            rehearsed: change,
            rehearsed_name: "MNIST".into(),
        };
        check(Personalized { report, card: card.clone(), weights: blob() });
        check(TrainProgress::Stage(TrainStage::ReadingImages));
        check(TrainProgress::EpochDone {
            epoch: 2,
            steps_done: 9,
            scores: EpochScores { test: Some(Score { accuracy: test, loss: 0.5 }), ..EpochScores::default() },
            best_epoch: Some(1),
            card: Box::new(card.clone()),
            weights: blob(),
            checkpoint: blob(),
        });
        check(Trained { reason: StopReason::EarlyStopping, card: Box::new(card), weights: blob() });
    }

    /// JSON has no NaN; a curve leaves such a point out.
    #[test]
    fn a_loss_that_is_not_a_number_arrives_as_one() {
        let point = RunPoint {
            step: 1,
            steps: 2,
            images_seen: 3,
            loss: f32::NAN,
            accuracy: 0.5,
            learning_rate: 0.1,
            elapsed_ms: 4.0,
        };
        let body = encode(&TrainProgress::Points(vec![point])).unwrap();
        let Ok(TrainProgress::Points(points)) = decode(&body) else { panic!("{body:?}") };
        assert!(points[0].loss.is_nan());
    }

    #[test]
    fn names_are_unique() {
        let mut names = vec![
            crate::predict::Load::NAME,
            Predict::NAME,
            crate::inspect::Inspect::NAME,
            crate::files::Export::NAME,
            crate::model_files::ReadModel::NAME,
            crate::model_files::TryReadings::NAME,
            crate::model_files::WriteModel::NAME,
            crate::model_files::MakeLink::NAME,
            crate::model_files::OpenLink::NAME,
            crate::model_files::Summarize::NAME,
            crate::model_files::SetCard::NAME,
            crate::model_files::DrawQr::NAME,
            Evaluate::NAME,
            Personalize::NAME,
            Train::NAME,
            Help::NAME,
            crate::train::ComputeReference::NAME,
            ImportData::NAME,
            LookAtData::NAME,
            crate::data::KeepImages::NAME,
            crate::data::ChangeImage::NAME,
            crate::data::Relabel::NAME,
            crate::evaluate::Answer::NAME,
        ];
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn what_is_not_a_message_is_refused() {
        assert!(Message::<ToWorker>::from_buffers(Vec::new()).is_err());
        assert!(Message::<ToWorker>::from_buffers(vec![b"{\"type\":\"ping\"}".to_vec()]).is_err());
        assert!(
            Message::<ToWorker>::from_buffers(vec![b"{\"type\":\"sing\"}".to_vec(), Vec::new()]).is_err()
        );
        let ping = Message::<ToWorker>::from_buffers(vec![b"{\"type\":\"ping\"}".to_vec(), Vec::new()]);
        assert_eq!(ping, Ok(Message::bare(ToWorker::Ping)));
    }
}
