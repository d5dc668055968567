//! The images of a job. The last data set is kept for the next job.

use std::sync::Arc;

use data_files::{ImportError, RawImages, mnist, to_train_on};
use dataset::{Dataset, LabelledImages, built_in_dataset};
use model_spec::{Import, PIXELS};
use protocol::{
    Blobs, JobError,
    data::{DataSource, LabelledBlobs},
};
use train_config::DataChoice;

use crate::{failure, kept_data, scope};

#[derive(Default)]
pub(crate) struct Data {
    /// The last data set as it lies in its files, and its source.
    last: Option<(DataSource, Arc<Dataset>)>,
    /// The same with a part to test on, once it was asked for.
    ready: Option<(DataSource, Arc<Dataset>)>,
}

impl Data {
    /// Gets the data set that the source describes, as it is.
    pub(crate) async fn as_is(&mut self, source: &DataSource) -> Result<Arc<Dataset>, JobError> {
        if let Some((last, dataset)) = &self.last
            && last == source
        {
            return Ok(Arc::clone(dataset));
        }
        // Two large ones at once are too much for a phone.
        (self.last, self.ready) = (None, None);
        let dataset = match source.choice {
            DataChoice::Mnist => {
                let mut files = Vec::new();
                for file in mnist::FILES {
                    let bytes = scope::fetch(&format!("{}{}", source.mnist_url, file.name)).await?;
                    files.push((file.name.to_owned(), bytes));
                }
                mnist::dataset(files).map_err(failure::of_input)?
            }
            // The seed of the data is fixed. The run's own seed determines weights and order, so two seeds can be
            // compared on the same data.
            DataChoice::BuiltIn { train_images } => built_in_dataset(train_images as usize, 1),
            DataChoice::Kept(hash) => kept_data::load(hash).await?,
        };
        let dataset = Arc::new(dataset);
        self.last = Some((source.clone(), Arc::clone(&dataset)));
        Ok(dataset)
    }

    /// Gets the data set that the source describes, with images to learn from and others to test on.
    pub(crate) async fn dataset(&mut self, source: &DataSource) -> Result<Arc<Dataset>, JobError> {
        if let Some((last, dataset)) = &self.ready
            && last == source
        {
            return Ok(Arc::clone(dataset));
        }
        let dataset = self.as_is(source).await?;
        if !matches!(source.choice, DataChoice::Kept(_)) {
            return Ok(dataset);
        }
        let (dataset, _) = to_train_on(Dataset::clone(&dataset)).map_err(failure::of_input)?;
        let dataset = Arc::new(dataset);
        self.ready = Some((source.clone(), Arc::clone(&dataset)));
        Ok(dataset)
    }

    /// The images of a source to test on, made as a model's training images were: its test part, else all that is labelled.
    pub(crate) async fn test_part(
        &mut self,
        source: &DataSource,
        import: Import,
    ) -> Result<LabelledImages, JobError> {
        let dataset = self.as_is(source).await?;
        let images = if dataset.test.is_empty() { &dataset.train } else { &dataset.test };
        if images.is_empty() {
            return Err(failure::of_input(ImportError::NoLabels));
        }
        Ok(LabelledImages {
            pixels: made_for(&dataset, &images.pixels, import),
            labels: images.labels.clone(),
        })
    }
}

/// Images of a data set as a model reads them, which finds ink in each where it learned so and the data set is as it was in files.
pub(crate) fn made_for(dataset: &Dataset, levels: &[u8], import: Import) -> Vec<u8> {
    if import == Import::Ink && dataset.import == Import::AsIs {
        let images = RawImages { width: ink::SIDE, height: ink::SIDE, values: levels.to_vec() };
        images.made(data_files::Making::FOUND)
    } else {
        levels.to_vec()
    }
}

/// Images with their labels.
pub(crate) fn labelled(blobs: &mut Blobs, images: LabelledBlobs) -> Result<LabelledImages, JobError> {
    let (pixels, labels) = (blobs.take(images.levels)?, blobs.take(images.labels)?);
    if pixels.len() == PIXELS * labels.len() {
        Ok(LabelledImages { pixels, labels })
    } else {
        Err(JobError::Internal(format!("{} grey levels are not {} images", pixels.len(), labels.len())))
    }
}

/// Attaches images to a reply.
pub(crate) fn attach(blobs: &mut Blobs, images: LabelledImages) -> LabelledBlobs {
    LabelledBlobs { levels: blobs.add(images.pixels), labels: blobs.add(images.labels) }
}
