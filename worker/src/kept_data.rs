//! Data sets that the person keeps in the browser: written once, by their content.

use browser_storage::{
    DATA_SET_IMAGES, DATA_SETS, Fields, KeptDataSet, Record, Storage, StorageError, Writes,
};
use data_files::Duplicates;
use dataset::{Dataset, LabelledImages};
use model_spec::{Import, NOT_A_DIGIT, PIXELS};
use protocol::{
    JobError,
    data::{DataSummary, PartName, Relabel},
};
use sha2::{Digest as _, Sha256};
use train_config::DataHash;

/// The images of a data set.
struct Images {
    id: String,
    dataset: Dataset,
}

impl Record for Images {
    const STORE: &'static str = DATA_SET_IMAGES;

    fn id(&self) -> &str {
        &self.id
    }

    fn saved_ms(&self) -> f64 {
        0.0
    }

    fn to_fields(&self) -> Result<Fields, StorageError> {
        let Dataset { train, test, unlabelled, class_names, name, import, .. } = &self.dataset;
        Fields::new()
            .with("name", name.as_str())?
            .with_json("import", import)?
            .with_json("classNames", class_names)?
            .with_bytes("trainPixels", &train.pixels)?
            .with_bytes("trainLabels", &train.labels)?
            .with_bytes("testPixels", &test.pixels)?
            .with_bytes("testLabels", &test.labels)?
            .with_bytes("unlabelled", unlabelled)
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        let part = |pixels: &str, labels: &str| {
            let images = LabelledImages { pixels: fields.bytes(pixels)?, labels: fields.bytes(labels)? };
            (images.pixels.len() == PIXELS * images.len()).then_some(images)
        };
        let dataset = Dataset {
            train: part("trainPixels", "trainLabels")?,
            test: part("testPixels", "testLabels")?,
            unlabelled: fields.bytes("unlabelled")?,
            class_names: fields.json("classNames")?,
            name: fields.text("name")?,
            import: fields.json::<Import>("import")?,
            ..Dataset::default()
        };
        Some(Self { id: fields.text("id")?, dataset })
    }
}

/// Stores a data set and says what is known of it. What is stored already stays as it is, under its name.
pub(crate) async fn keep(dataset: Dataset) -> Result<DataSummary, JobError> {
    Ok(store(dataset, false, Writes::new()).await?.0)
}

/// The same, until the person says whether it is to be kept.
pub(crate) async fn offer(dataset: Dataset) -> Result<(DataSummary, Dataset), JobError> {
    store(dataset, true, Writes::new()).await
}

/// The same, with these writes or not at all.
async fn store(
    dataset: Dataset,
    is_offered: bool,
    writes: Writes,
) -> Result<(DataSummary, Dataset), JobError> {
    let summary = DataSummary { hash: hash(&dataset), ..summary(&dataset) };
    let images = Images { id: summary.hash.to_string(), dataset };
    let known = KeptDataSet::new(summary, is_offered);
    let stored = |before: Option<KeptDataSet>| match before {
        Some(before) if is_offered || !before.is_offered => Ok((writes, before)),
        _ => Ok((writes.put(&images)?.put(&known)?, known)),
    };
    let known = open().await?.change(&images.id, &[DATA_SET_IMAGES], stored).await.map_err(failed)?;
    Ok((known.summary, images.dataset))
}

/// Reads a data set.
pub(crate) async fn load(hash: DataHash) -> Result<Dataset, JobError> {
    let images = open().await?.get::<Images>(&hash.to_string()).await.map_err(failed)?;
    let missing = || {
        JobError::BadInput("This data set is no longer kept in this browser. Bring its files again.".into())
    };
    Ok(images.ok_or_else(missing)?.dataset)
}

/// Changes what an image shows. What is stored by its content is another data set then.
pub(crate) async fn relabel(call: Relabel) -> Result<DataSummary, JobError> {
    let Relabel { hash, part, number, label } = call;
    let mut dataset = load(hash).await?;
    let labels = match part {
        PartName::Train => &mut dataset.train.labels,
        PartName::Test => &mut dataset.test.labels,
        PartName::Unlabelled => &mut Vec::new(),
    };
    let missing = || JobError::BadInput("This image has no label to change.".into());
    *labels.get_mut(number as usize).ok_or_else(missing)? = label;
    if self::hash(&dataset) == hash {
        // It had this label before.
        return Ok(DataSummary { hash, ..summary(&dataset) });
    }
    let id = hash.to_string();
    let without = Writes::new().delete(DATA_SET_IMAGES, &id).delete(DATA_SETS, &id);
    Ok(store(dataset, false, without).await?.0)
}

/// What is known of a data set, but for its hash.
pub(crate) fn summary(dataset: &Dataset) -> DataSummary {
    let classes = dataset.classes() as usize;
    let counts = |images: &LabelledImages| {
        let mut counts = if images.is_empty() { Vec::new() } else { images.counts(classes) };
        counts.truncate(usize::from(NOT_A_DIGIT));
        counts
    };
    DataSummary {
        hash: DataHash::default(),
        name: dataset.name.clone(),
        class_names: dataset.class_names.clone(),
        train: counts(&dataset.train),
        test: counts(&dataset.test),
        unlabelled: (dataset.unlabelled.len() / PIXELS) as u32,
        duplicates: Duplicates::default(),
    }
}

fn hash(dataset: &Dataset) -> DataHash {
    let mut sum = Sha256::new();
    let Dataset { train, test, unlabelled, class_names, .. } = dataset;
    for bytes in [&train.pixels, &train.labels, &test.pixels, &test.labels, unlabelled] {
        sum.update((bytes.len() as u64).to_le_bytes());
        sum.update(bytes);
    }
    sum.update(class_names.join("\n").as_bytes());
    let word = sum.finalize().iter().take(8).fold(0, |word: u64, &byte| word << 8 | u64::from(byte));
    DataHash(word)
}

async fn open() -> Result<Storage, JobError> {
    let why = |error| {
        format!(
            "{error} No data set can be kept here. Where this window is private, another one may keep it."
        )
    };
    Storage::open(|| ()).await.map_err(|error| JobError::BadInput(why(error)))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that `map_err` wants")]
fn failed(error: StorageError) -> JobError {
    JobError::BadInput(format!("{error} Delete what you no longer need on the Data page, and try again."))
}
