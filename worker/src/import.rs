//! Bringing data sets in, and looking at them.

use std::{borrow::Cow, cell::Cell};

use data_files::{Duplicates, Reading, SourceFile};
use dataset::{Dataset, LabelledImages};
use model_spec::{Import, PIXELS};
use protocol::{
    Blobs, Delivery, JobError,
    data::{
        DataPreview, DataSummary, ImportData, ImportProgress, KeepImages, Listed, Look, LookAtData, Order,
        PartName,
    },
};

use crate::{
    data::{attach, labelled},
    failure,
    job::Job,
    kept_data, pictures, scope,
    serve::Worker,
};

/// The most images of one look.
const MAX_IMAGES: usize = 1_000;
/// Images of a preview.
const SAMPLES: usize = 24;

/// Handles [`ImportData`].
pub(crate) async fn import(
    request: Delivery<ImportData>,
    job: &Job<ImportData>,
) -> Result<Delivery<DataPreview>, JobError> {
    let ImportData { files, options } = request.content;
    let mut sources = Vec::with_capacity(files.len());
    for file in files {
        sources.push(SourceFile::new(&file.path, scope::fetch(&file.url).await?));
        if sources.len() % 64 == 0 {
            job.checkpoint().await?;
        }
    }
    let failed = Cell::new(None);
    let mut progress = |share: f64| {
        if let Err(error) = job.report(ImportProgress { share }) {
            failed.set(Some(error));
        }
    };
    let mut reading = Reading::new(sources, &options, &mut progress).map_err(failure::of_input)?;
    let pictures = reading.pictures();
    let mut decoded = 0;
    while let Some(file) = reading.next_picture() {
        let picture = pictures::decode(&file.bytes).await;
        reading.decoded(picture);
        decoded += 1;
        if decoded % 32 == 0 {
            progress(f64::from(decoded) / pictures as f64);
            job.checkpoint().await?;
        }
    }
    if let Some(error) = failed.into_inner() {
        return Err(error);
    }
    let (dataset, choices, notes) = reading.finish(None).map_err(failure::of_input)?.into_parts();
    let duplicates = Duplicates::between(&dataset.train, &dataset.test);
    let (summary, dataset) = kept_data::offer(dataset).await?;
    let (numbers, samples) = if dataset.train.is_empty() {
        let samples = unlabelled(&dataset.unlabelled[..dataset.unlabelled.len().min(SAMPLES * PIXELS)]);
        ((0..samples.len() as u32).collect(), samples)
    } else {
        let numbers = dataset.train.samples(SAMPLES);
        let samples = dataset.train.subset(&numbers);
        (numbers, samples)
    };
    let mut blobs = Blobs::new();
    let samples = attach(&mut blobs, samples);
    let summary = DataSummary { duplicates, ..summary };
    Ok(Delivery { content: DataPreview { summary, choices, notes, numbers, samples }, blobs })
}

/// Images of which nobody said what they show, as labelled ones, whose labels mean nothing.
fn unlabelled(levels: &[u8]) -> LabelledImages {
    LabelledImages { labels: vec![0; levels.len() / PIXELS], pixels: levels.to_vec() }
}

/// Handles [`KeepImages`].
pub(crate) async fn keep_images(
    mut request: Delivery<KeepImages>,
) -> Result<Delivery<DataSummary>, JobError> {
    let KeepImages { name, images } = request.content;
    let train = labelled(&mut request.blobs, images)?;
    let dataset = Dataset { train, name, import: Import::Ink, ..Dataset::default() };
    Ok(Delivery::bare(kept_data::keep(dataset).await?))
}

/// Handles [`LookAtData`].
pub(crate) async fn look(
    worker: &mut Worker,
    request: Delivery<LookAtData>,
) -> Result<Delivery<Look>, JobError> {
    let LookAtData { source, images } = request.content;
    let dataset = worker.data.as_is(&source).await?;
    let part = |part: PartName| -> Cow<'_, LabelledImages> {
        match part {
            PartName::Train => Cow::Borrowed(&dataset.train),
            PartName::Test => Cow::Borrowed(&dataset.test),
            PartName::Unlabelled => Cow::Owned(unlabelled(&dataset.unlabelled)),
        }
    };
    let (total, numbers, found) = match images {
        Listed::Stretch { part: name, class, order, offset, count } => {
            let set = part(name);
            let all = match order {
                Order::Number => set.numbers(class),
                Order::Shuffled(seed) => set.shuffled(class, u64::from(seed)),
                Order::Nearest => set.by_likeness(class),
                Order::Strangest => set.by_likeness(class).into_iter().rev().collect(),
            };
            let count = (count as usize).min(MAX_IMAGES);
            let numbers: Vec<u32> = all.iter().copied().skip(offset as usize).take(count).collect();
            (all.len(), numbers.clone(), set.subset(&numbers))
        }
        Listed::Numbers { part: name, numbers } => {
            let set = part(name);
            let is_there = |number: &u32| (*number as usize) < set.len();
            let numbers: Vec<u32> = numbers.into_iter().filter(is_there).take(MAX_IMAGES).collect();
            (numbers.len(), numbers.clone(), set.subset(&numbers))
        }
        Listed::Means { part: name } => (0, Vec::new(), means(&part(name))),
    };
    let mut blobs = Blobs::new();
    let images = attach(&mut blobs, found);
    let content = Look { summary: kept_data::summary(&dataset), total: total as u32, numbers, images };
    Ok(Delivery { content, blobs })
}

/// Means and spreads as images, one after the other for each class.
fn means(set: &LabelledImages) -> LabelledImages {
    let mut images = LabelledImages::default();
    for (class, of_class) in set.means().into_iter().enumerate().take(254) {
        let level = |value: f64| value.round().clamp(0.0, 255.0) as u8;
        images.pixels.extend(of_class.mean.iter().map(|&mean| level(mean)));
        images.pixels.extend(of_class.spread.iter().map(|&spread| level(2.0 * spread)));
        images.labels.extend([class as u8; 2]);
    }
    images
}
