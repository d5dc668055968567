//! Data sets: where a worker finds them, brings them in, and what the page wants to see of them.

use data_files::{Choice, Duplicates, ImportOptions};
use serde::{Deserialize, Serialize};
use train_config::{DataChoice, DataHash};

use crate::{Blob, Call, NoProgress};

/// A file that a person chose. Its bytes never pass through the page's memory: the worker reads them at its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAddress {
    /// Its name, after the folders that hold it.
    pub path: String,
    /// A `blob:` address of this page.
    pub url: String,
}

/// Where a worker finds a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSource {
    /// Which images.
    pub choice: DataChoice,
    /// The absolute address of the folder with MNIST's files, ending in a slash.
    pub mnist_url: String,
}

/// Images with their labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelledBlobs {
    /// 784 grey levels an image.
    pub levels: Blob,
    /// One byte an image.
    pub labels: Blob,
}

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartName {
    /// To learn from, and to hold back for validation.
    Train,
    /// Never learned from.
    Test,
    /// Images of which nobody said what they show.
    Unlabelled,
}

impl PartName {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Train, Self::Test, Self::Unlabelled];

    /// What it is called, for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Train => "Train",
            Self::Test => "Test",
            Self::Unlabelled => "Without labels",
        }
    }
}

/// What is known of a data set without its images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Tells it from others, where it is kept.
    pub hash: DataHash,
    /// What it is called, for people.
    pub name: String,
    /// Names of the classes; empty where they are the ten digits.
    pub class_names: Vec<String>,
    /// Training images of each class.
    pub train: Vec<u32>,
    /// Test images of each class; empty where the files had none: a sixth of the training images is then tested on.
    pub test: Vec<u32>,
    /// Images without labels.
    pub unlabelled: u32,
    /// Test images that also stand among the training images.
    pub duplicates: Duplicates,
}

impl DataSummary {
    /// What a class is called.
    pub fn class_name(&self, class: usize) -> String {
        self.class_names.get(class).cloned().unwrap_or_else(|| class.to_string())
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        if self.class_names.is_empty() {
            self.train.len().max(self.test.len()).max(10)
        } else {
            self.class_names.len()
        }
    }

    /// Images of a part.
    pub fn images(&self, part: PartName) -> u32 {
        match part {
            PartName::Train => self.train.iter().sum(),
            PartName::Test => self.test.iter().sum(),
            PartName::Unlabelled => self.unlabelled,
        }
    }

    /// Bytes that it takes in the browser's storage.
    pub fn bytes(&self) -> u64 {
        let images: u64 = PartName::ALL.iter().map(|&part| u64::from(self.images(part))).sum();
        785 * images
    }
}

/// Read files of images, and keep the data set that they make until the page deletes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportData {
    /// The files.
    pub files: Vec<FileAddress>,
    /// What the person has said about them.
    pub options: ImportOptions,
}

/// What files make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataPreview {
    /// The data set, which is stored.
    pub summary: DataSummary,
    /// What was decided.
    pub choices: Vec<Choice>,
    /// What the person should know.
    pub notes: Vec<String>,
    /// Which images of the first part that has any it is shown by, counted from 0: of each class in turn.
    pub numbers: Vec<u32>,
    /// These images.
    pub samples: LabelledBlobs,
}

/// The share of an import that is done, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportProgress {
    /// 0 to 1.
    pub share: f64,
}

impl Call for ImportData {
    const NAME: &'static str = "import_data";
    type Reply = DataPreview;
    type Progress = ImportProgress;
}

/// In which order images are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As they lie in the data set.
    Number,
    /// Drawn by a seed.
    Shuffled(u32),
    /// The most like the mean image of their class first.
    Nearest,
    /// The least like it first.
    Strangest,
}

/// Look at a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookAtData {
    /// The data set.
    pub source: DataSource,
    /// Which images.
    pub images: Listed,
}

/// Images to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// A stretch of a list.
    Stretch {
        /// Of this part.
        part: PartName,
        /// Of this class; of all where there is none.
        class: Option<u8>,
        /// The order of the list.
        order: Order,
        /// Images of the list to leave out.
        offset: u32,
        /// Images to give.
        count: u32,
    },
    /// Those of these numbers.
    Numbers {
        /// Of this part.
        part: PartName,
        /// From 0.
        numbers: Vec<u32>,
    },
    /// The mean image of each class, then how far its images lie apart, pixel by pixel: twice as many images as classes.
    Means {
        /// Of this part.
        part: PartName,
    },
}

/// Images of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The data set.
    pub summary: DataSummary,
    /// Images of the whole list.
    pub total: u32,
    /// The numbers of the images in their part, from 0.
    pub numbers: Vec<u32>,
    /// The images.
    pub images: LabelledBlobs,
}

impl Call for LookAtData {
    const NAME: &'static str = "look_at_data";
    type Reply = Look;
    type Progress = NoProgress;
}

/// Store labelled images as a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepImages {
    /// What it is to be called.
    pub name: String,
    /// The images, made as drawings are.
    pub images: LabelledBlobs,
}

impl Call for KeepImages {
    const NAME: &'static str = "keep_images";
    type Reply = DataSummary;
    type Progress = NoProgress;
}

/// Show what the ink pipeline and each kind of augmentation make of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeImage {
    /// The data set.
    pub source: DataSource,
    /// A part of it.
    pub part: PartName,
    /// An image of the part, from 0.
    pub number: u32,
    /// Draws by how much each changes.
    pub seed: u32,
}

/// An image, changed in several ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedImages {
    /// What was done, for people.
    pub names: Vec<String>,
    /// What came of it.
    pub images: LabelledBlobs,
}

impl Call for ChangeImage {
    const NAME: &'static str = "change_image";
    type Reply = ChangedImages;
    type Progress = NoProgress;
}

/// Say what an image of a kept data set shows. The data set is then another one, and takes the place of the old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relabel {
    /// The data set.
    pub hash: DataHash,
    /// A part of it, with labels.
    pub part: PartName,
    /// An image of the part, from 0.
    pub number: u32,
    /// What it shows.
    pub label: u8,
}

impl Call for Relabel {
    const NAME: &'static str = "relabel";
    type Reply = DataSummary;
    type Progress = NoProgress;
}
