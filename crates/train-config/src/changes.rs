//! What a person changes while a run is under way.

use serde::{Deserialize, Serialize};

use crate::{Augmentation, ConfigError, TrainConfig};

/// A change of a run while it runs. The configuration keeps it, so that a repeat does the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiveChange {
    /// Steps that were done when it took effect.
    pub step: u32,
    /// New peak learning rate; the schedule goes on from where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// New probability of every dropout layer, 0 to 0.95.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// New augmentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augmentation: Option<Augmentation>,
}

impl LiveChange {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.learning_rate.is_none() && self.dropout.is_none() && self.augmentation.is_none()
    }

    /// What is changed, for people: `learning rate 0.001, dropout 0.2`.
    pub fn text(&self) -> String {
        let rate = self.learning_rate.map(|rate| format!("learning rate {rate}"));
        let dropout = self.dropout.map(|dropout| format!("dropout {dropout}"));
        let augmentation = self.augmentation.map(|augmentation| match augmentation {
            Augmentation { share: 0.0, .. } => "no augmentation".to_owned(),
            Augmentation { share, .. } => format!("{:.0} % of images augmented", 100.0 * share),
        });
        [rate, dropout, augmentation].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl TrainConfig {
    /// The peak learning rate at `step`, from 0.
    pub fn learning_rate_at(&self, step: u32) -> f64 {
        self.newest(step, |change| change.learning_rate).unwrap_or(self.learning_rate)
    }

    /// The probability that takes the place of every dropout layer's own at `step`, if one was chosen in mid-run.
    pub fn dropout_at(&self, step: u32) -> Option<f64> {
        self.newest(step, |change| change.dropout)
    }

    /// The augmentation at `step`.
    pub fn augmentation_at(&self, step: u32) -> Augmentation {
        self.newest(step, |change| change.augmentation).unwrap_or(self.augmentation)
    }

    fn newest<T>(&self, step: u32, value: impl Fn(&LiveChange) -> Option<T>) -> Option<T> {
        self.changes.iter().rev().filter(|change| change.step <= step).find_map(value)
    }

    /// The configuration with a change that takes effect after those it has.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn changed(&self, change: LiveChange) -> Result<Self, ConfigError> {
        let mut changed = self.clone();
        changed.changes.push(change);
        changed.check()?;
        Ok(changed)
    }

    /// What is changed in mid-run, for people; empty where nothing is.
    pub fn changes_text(&self) -> String {
        let text = |change: &LiveChange| format!("from step {}: {}", change.step + 1, change.text());
        self.changes.iter().map(text).collect::<Vec<_>>().join("; ")
    }

    /// Checks what was changed: each alone must be in range, and their steps must rise.
    pub(crate) fn check_changes(&self) -> Result<(), ConfigError> {
        if self.changes.windows(2).any(|pair| pair[0].step > pair[1].step) {
            return Err(ConfigError("Changes of a run must stand in the order of their steps.".into()));
        }
        for change in &self.changes {
            if let Some(dropout) = change.dropout
                && !(0.0..=0.95).contains(&dropout)
            {
                return Err(ConfigError::range("Dropout", dropout, "0 to 0.95"));
            }
            let as_begun = Self {
                learning_rate: change.learning_rate.unwrap_or(self.learning_rate),
                augmentation: change.augmentation.unwrap_or(self.augmentation),
                changes: Vec::new(),
                ..self.clone()
            };
            as_begun.check()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(changes: &[LiveChange], complaint: Option<&str>) {
        let config = TrainConfig { changes: changes.to_vec(), ..TrainConfig::default() };
        let got = config.check().err().map(|error| error.to_string());
        assert_eq!(got.is_some(), complaint.is_some(), "{got:?}");
        assert!(got.unwrap_or_default().starts_with(complaint.unwrap_or_default()));
    }

    #[test]
    fn changes_are_checked() {
        let rate = |step, learning_rate| LiveChange {
            step,
            learning_rate: Some(learning_rate),
            ..LiveChange::default()
        };
        check(&[rate(5, 0.1), rate(5, 0.2), rate(9, 0.3)], None);
        check(&[rate(9, 0.1), rate(5, 0.2)], Some("Changes of a run must stand"));
        check(&[rate(1, 11.0)], Some("Learning rate 11"));
        check(&[LiveChange { dropout: Some(1.0), ..LiveChange::default() }], Some("Dropout 1 is"));
        let wild = Augmentation { share: 2.0, ..Augmentation::NONE };
        check(
            &[LiveChange { augmentation: Some(wild), ..LiveChange::default() }],
            Some("Augmentation share 2 is"),
        );
    }

    #[test]
    fn the_newest_change_counts() {
        let config = TrainConfig {
            learning_rate: 0.5,
            changes: vec![
                LiveChange { step: 3, learning_rate: Some(0.1), ..LiveChange::default() },
                LiveChange { step: 6, dropout: Some(0.25), ..LiveChange::default() },
                LiveChange { step: 6, learning_rate: Some(0.2), ..LiveChange::default() },
            ],
            ..TrainConfig::default()
        };
        let rates: Vec<f64> = (0..8).map(|step| config.learning_rate_at(step)).collect();
        assert_eq!(rates, [0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.2, 0.2]);
        assert_eq!((config.dropout_at(5), config.dropout_at(6)), (None, Some(0.25)));
        assert_eq!(
            config.changes_text(),
            "from step 4: learning rate 0.1; from step 7: dropout 0.25; from step 7: learning rate 0.2"
        );
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<TrainConfig>(&json).unwrap(), config);
    }
}
