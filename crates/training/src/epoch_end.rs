//! The end of an epoch: what is measured, and whether the run stops.

use core::ops::Range;

use checkpoint::{Best, Measured};
use dataset::Part;
use evaluation::Calibration;
use network::{DeviceError, Network};
use train_config::{EarlyStopping, StopReason};

use crate::{DataPart, EpochReport, Group, GroupError, Run, measure::Sums};

/// Fewer images say nothing of confidence.
const MIN_CALIBRATION_IMAGES: usize = 100;

/// Measurements under way.
#[derive(Debug, Default)]
pub(crate) struct EpochEnd {
    /// Of the part that is answered now.
    pub(crate) sums: Sums,
    /// What was answered to the validation part, by this rank.
    probabilities: Vec<Vec<f32>>,
    done: Vec<DataPart>,
    measured: Measured,
    /// Why the run ends with this epoch.
    pub(crate) stop: Option<StopReason>,
    pub(crate) is_best: bool,
    /// The epoch that early stopping goes back to.
    restored: Option<u32>,
}

impl EpochEnd {
    /// The part to answer next.
    pub(crate) fn next_part(&self, run: &Run) -> Option<DataPart> {
        let is_due = |part: &DataPart| match part {
            DataPart::Train => true,
            DataPart::Validation => !run.split.validation.is_empty(),
            DataPart::Test => {
                let asked = run.config.test_every_epoch || self.stop.is_some();
                asked && self.measured.test.is_none() && !run.dataset.test.is_empty()
            }
        };
        let all = [DataPart::Train, DataPart::Validation, DataPart::Test];
        all.into_iter().find(|part| !self.done.contains(part) && is_due(part))
    }

    /// Answers the next images of the own share.
    pub(crate) async fn answer(
        &mut self,
        part: DataPart,
        network: &Network,
        images: Part<'_>,
        own: Range<usize>,
        micro_batch: usize,
    ) -> Result<(), DeviceError> {
        if part == DataPart::Validation {
            let start = own.start + self.sums.done;
            let (levels, _) = images.range(start..own.end.min(start + micro_batch));
            self.probabilities.extend(network.predict(&levels).await?);
        }
        self.sums.add(network, images, own, micro_batch).await
    }

    /// Hands the probabilities of the validation part to every rank.
    pub(crate) async fn share_probabilities(
        &mut self,
        group: &mut Group,
        classes: usize,
        total: usize,
    ) -> Result<(), GroupError> {
        let own = group.share(total);
        let mut all = vec![0.0; total * classes];
        for (row, own) in all[own.start * classes..].chunks_exact_mut(classes).zip(&self.probabilities) {
            row.copy_from_slice(own);
        }
        let all = group.all_reduce(all).await?;
        self.probabilities = all.chunks_exact(classes).map(<[f32]>::to_vec).collect();
        Ok(())
    }

    /// Takes the figures of a part that is answered.
    pub(crate) fn complete(&mut self, part: DataPart, total: usize, labels: impl FnOnce() -> Vec<u8>) {
        let score = core::mem::take(&mut self.sums).score(total);
        match part {
            DataPart::Train => self.measured.train = score,
            DataPart::Validation => {
                self.measured.validation = Some(score);
                let probabilities = core::mem::take(&mut self.probabilities);
                self.measured.calibration = (total >= MIN_CALIBRATION_IMAGES)
                    .then(|| Calibration::fitted(&probabilities, &labels(), Calibration::REJECTED_SHARE));
            }
            DataPart::Test => self.measured.test = Some(score),
        }
        self.done.push(part);
    }

    /// Decides, once train and validation are measured, whether the run ends here; returns what to go back to.
    pub(crate) fn decide(&mut self, run: &Run) -> Option<Best> {
        let is_measured = self.done.last() == Some(&DataPart::Validation)
            || (self.done == [DataPart::Train] && run.split.validation.is_empty());
        if !is_measured {
            return None;
        }
        let epoch = run.epoch + 1;
        let stop = run.config.stop;
        let mut reason = None;
        if let (Some(rule), Some(validation)) = (stop.early_stopping, self.measured.validation) {
            let EarlyStopping { patience, min_delta } = rule;
            let before = run.best_measured();
            let best_loss = before.and_then(|(_, best)| best.validation).map(|score| f64::from(score.loss));
            // A loss that is no number is never better.
            self.is_best = match best_loss {
                None => true,
                Some(best) => f64::from(validation.loss) < best - min_delta,
            };
            let since = before.map_or(0, |(best, _)| epoch - best);
            if !self.is_best && since >= patience {
                reason = Some(StopReason::EarlyStopping);
            }
        }
        if stop.train_accuracy.is_some_and(|wanted| self.measured.train.accuracy.share() >= wanted) {
            reason = Some(StopReason::TrainAccuracy);
        }
        if reason.is_none() && epoch >= run.config.epochs {
            reason = Some(StopReason::Epochs);
        }
        self.stop = reason;
        let best = run.best.clone().filter(|_| reason.is_some() && !self.is_best)?;
        self.measured = best.measured;
        self.restored = Some(best.epoch);
        Some(best)
    }

    /// The end of this epoch.
    pub(crate) fn report(self, epoch: u32) -> (EpochReport, Measured) {
        let Measured { train, validation, test, calibration } = self.measured;
        let report = EpochReport { epoch, train, validation, test, calibration, best_epoch: self.restored };
        (report, self.measured)
    }
}
