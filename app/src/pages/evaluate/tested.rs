//! What was tested on, and what a model answered.

use std::sync::Arc;

use evaluation::ClassificationReport;
use leptos::prelude::*;
use protocol::{
    JobError,
    data::{Listed, PartName},
};
use train_config::DataChoice;

use crate::{
    lab::Lab,
    parts::{data_select::BUILT_IN, image_grid::Shown},
};

/// What can be tested on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    Data(DataChoice),
    Drawings,
}

impl Source {
    pub(super) fn id(self) -> String {
        match self {
            Self::Data(DataChoice::Mnist) => "mnist".into(),
            Self::Data(DataChoice::BuiltIn { .. }) => "built-in".into(),
            Self::Data(DataChoice::Kept(hash)) => hash.to_string(),
            Self::Drawings => "drawings".into(),
        }
    }

    pub(super) fn of_id(id: &str) -> Self {
        match id {
            "mnist" => Self::Data(DataChoice::Mnist),
            "drawings" => Self::Drawings,
            "built-in" => Self::Data(BUILT_IN),
            hash => Self::Data(hash.parse().map_or(BUILT_IN, DataChoice::Kept)),
        }
    }
}

/// What a model answered to one image.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct OneAnswer {
    pub(super) label: u8,
    pub(super) class: u8,
    /// 0 to 255.
    pub(super) sureness: u8,
}

/// A finished test.
#[derive(Clone, PartialEq)]
pub(super) struct Tested {
    pub(super) model: String,
    pub(super) source: Source,
    pub(super) images: String,
    pub(super) report: ClassificationReport,
    pub(super) class_names: Vec<String>,
    pub(super) answers: Arc<Vec<OneAnswer>>,
}

/// The numbers of the answers that are wanted, the surest first.
pub(super) fn surest(answers: &[OneAnswer], wanted: impl Fn(&OneAnswer) -> bool) -> Vec<u32> {
    let mut numbers: Vec<u32> =
        (0..answers.len() as u32).filter(|&number| wanted(&answers[number as usize])).collect();
    numbers.sort_by_key(|&number| core::cmp::Reverse(answers[number as usize].sureness));
    numbers
}

/// The images of a test by their numbers.
pub(super) async fn images_of(lab: &Lab, source: Source, numbers: &[u32]) -> Result<Vec<Shown>, JobError> {
    Ok(match source {
        Source::Drawings => lab.drawings.all.with_untracked(|drawings| {
            let one = |&number: &u32| {
                let drawing = drawings.get(number as usize)?;
                Some(Shown { number, image: Box::new(drawing.image), label: Some(drawing.label) })
            };
            numbers.iter().filter_map(one).collect()
        }),
        Source::Data(choice) => {
            // A data set without a part to test on is tested on as a whole.
            let kept =
                if let DataChoice::Kept(hash) = choice { untrack(|| lab.data_sets.get(hash)) } else { None };
            let is_whole = kept.is_some_and(|summary| summary.images(PartName::Test) == 0);
            let part = if is_whole { PartName::Train } else { PartName::Test };
            lab.look(choice, Listed::Numbers { part, numbers: numbers.to_vec() }).await?.1
        }
    })
}
