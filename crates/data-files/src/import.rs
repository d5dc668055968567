//! From files to a data set.

use std::collections::BTreeSet;

use dataset::{Dataset, LabelledImages, Split, WrittenDigit, drawn_digits};
use ink::{PIXELS, Picture, Polarity, found_ink, normalise};
use model_spec::Import;

use crate::{
    Choice, ImportError, ImportOptions, Making, Question, SourceFile,
    classes::Classes,
    formats::{csv, idx, label_list, npy, strokes},
    kind::{Kind, kind},
    making::lies_turned,
    options::{AS_THEY_ARE, BRIGHT_INK, DARK_INK, FOUND_INK, TURNED, UPRIGHT},
    pairing::{PairedSet, Parts, pair, parts},
    raw::{Label, RawImages, RawSet},
    source::{Role, name_of, stem_of},
    unpack::unpack,
};

/// Share of the only labelled set that is kept for the test.
const TEST_SHARE: f64 = 1.0 / 6.0;
/// The same files give the same test images.
const TEST_SEED: u64 = 1;

/// Files that were looked through. Pictures among them wait for whoever can decode them.
#[derive(Debug)]
pub struct Reading {
    options: ImportOptions,
    sets: Vec<RawSet>,
    written: Vec<WrittenDigit>,
    /// What the pictures show, by folder or list.
    pictures: Vec<Labelled>,
    /// The first that is not decoded yet.
    next: usize,
    choices: Vec<Choice>,
    notes: Vec<String>,
    names: String,
}

#[derive(Debug)]
struct Labelled {
    file: SourceFile,
    label: Option<Label>,
    role: Option<Role>,
    image: Option<[u8; PIXELS]>,
}

/// What files hold, made 28x28.
#[derive(Debug)]
pub struct Imported {
    /// To train on.
    pub train: LabelledImages,
    /// To test on; empty where the files have no part for that.
    pub test: LabelledImages,
    /// Images without labels, 784 grey levels each, in the order of their file.
    pub unlabelled: Vec<u8>,
    /// Names of the classes; empty where they are the ten digits.
    pub class_names: Vec<String>,
    /// How the images were made.
    pub import: Import,
    /// What was decided.
    pub choices: Vec<Choice>,
    /// What a person should know: what was left out, and what was taken for what.
    pub notes: Vec<String>,
    /// The names of the files.
    pub name: String,
}

impl Reading {
    /// Unpacks files and reads what is in them, but for pictures. `progress` is told the share that is done, 0 to 1.
    ///
    /// # Errors
    /// [`ImportError`] names the file, the row and the column, what stands there and what is needed.
    pub fn new(
        files: Vec<SourceFile>,
        options: &ImportOptions,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Self, ImportError> {
        let names: Vec<&str> = files.iter().map(|file| name_of(&file.path)).collect();
        let names = if names.len() > 3 { format!("{} files", names.len()) } else { names.join(", ") };
        let mut reading = Self {
            options: options.clone(),
            sets: Vec::new(),
            written: Vec::new(),
            pictures: Vec::new(),
            next: 0,
            choices: Vec::new(),
            notes: Vec::new(),
            names,
        };
        let files = unpack(files)?;
        let total: usize = files.iter().map(|file| file.bytes.len()).sum();
        let (mut done, mut lists, mut unusable) = (0, Vec::new(), Vec::new());
        let mut no_tables = Vec::new();
        let stems: BTreeSet<String> = files
            .iter()
            .filter(|file| kind(&file.bytes) == Kind::Picture)
            .map(|file| stem_of(name_of(&file.path)).to_lowercase())
            .collect();
        let has_pictures = !stems.is_empty();
        for file in files {
            let size = file.bytes.len();
            match kind(&file.bytes) {
                Kind::Idx => reading.sets.push(idx::read(&file)?),
                Kind::Npy => reading.sets.push(npy::read(&file)?),
                Kind::Strokes => reading.written.extend(strokes::read(&file)?),
                Kind::Picture => {
                    let role = file.role();
                    reading.pictures.push(Labelled { file, label: None, role, image: None });
                }
                Kind::Text if csv::is_answers(&file.bytes) && !has_pictures => {
                    reading
                        .notes
                        .push(format!("{} holds answers and no images; it was left out.", file.path));
                }
                Kind::Text if label_list::is_label_list(&file.bytes, &stems) => lists.push(file),
                Kind::Text if has_pictures && !file.path.to_lowercase().ends_with(".csv") => {
                    reading.notes.push(format!("{} was left out.", file.path));
                }
                Kind::Text => {
                    let mut part =
                        |share: f64| progress((done as f64 + share * size as f64) / total.max(1) as f64);
                    let found = match csv::read(&file, options, &mut part) {
                        Err(error) if !csv::may_hold_images(&file.bytes) => {
                            no_tables.push((file.path, error));
                            continue;
                        }
                        found => found?,
                    };
                    reading.sets.push(found.set);
                    reading.notes.extend(found.notes);
                    for choice in found.choices {
                        reading.add_choice(choice);
                    }
                }
                Kind::Unusable(why) => unusable.push((file.path, why)),
            }
            done += size;
            progress(done as f64 / total.max(1) as f64);
        }
        reading.label_pictures(&lists)?;
        let is_empty = reading.sets.is_empty() && reading.written.is_empty() && reading.pictures.is_empty();
        for (path, why) in unusable {
            if is_empty {
                return Err(ImportError::file(&path, why));
            }
            reading.notes.push(format!("{path} was left out: {why}."));
        }
        for (path, error) in no_tables {
            if is_empty {
                return Err(error);
            }
            reading.notes.push(format!("{path} holds no images and was left out."));
        }
        if is_empty {
            return Err(ImportError::NoImages(if reading.names.is_empty() {
                "nothing".into()
            } else {
                reading.names
            }));
        }
        Ok(reading)
    }

    fn add_choice(&mut self, choice: Choice) {
        if self.choices.iter().all(|other| other.question != choice.question) {
            self.choices.push(choice);
        }
    }

    /// By a list, else by the folder that each lies in.
    fn label_pictures(&mut self, lists: &[SourceFile]) -> Result<(), ImportError> {
        if self.pictures.is_empty() {
            return match lists.first() {
                Some(list) => {
                    Err(ImportError::file(&list.path, "it names pictures, which were not given with it"))
                }
                None => Ok(()),
            };
        }
        let paths: Vec<&str> = self.pictures.iter().map(|picture| picture.file.path.as_str()).collect();
        let mut found = Vec::new();
        for list in lists {
            let role = list.role();
            found.extend(
                label_list::read(list, &paths)?
                    .places(&list.path, &paths)?
                    .into_iter()
                    .map(|place| (place, role)),
            );
        }
        if lists.is_empty() {
            let folders: BTreeSet<&str> = self.pictures.iter().map(|picture| picture.file.folder()).collect();
            // Within a zip the zip itself is a folder; classes are folders of different names.
            // A folder that holds others, or that is called `test`, is no class.
            let holds = |folder: &str, other: &str| {
                other.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            };
            let classes: BTreeSet<String> = folders
                .iter()
                .filter(|folder| !folder.is_empty() && Role::of_path(name_of(folder)).is_none())
                .filter(|folder| !folders.iter().any(|other| holds(folder, other)))
                .map(|folder| (*folder).to_owned())
                .collect();
            let names: BTreeSet<&str> = classes.iter().map(|folder| name_of(folder)).collect();
            if names.len() > 1 {
                for picture in &mut self.pictures {
                    let folder = picture.file.folder();
                    if classes.contains(folder) {
                        picture.label = Some(Label::of(name_of(folder)));
                    }
                }
            }
            return Ok(());
        }
        for ((place, label), role) in found {
            self.pictures[place].label = Some(label);
            self.pictures[place].role = self.pictures[place].role.or(role);
        }
        let before = self.pictures.len();
        self.pictures.retain(|picture| picture.label.is_some());
        if self.pictures.len() < before {
            let missing = before - self.pictures.len();
            self.notes.push(format!("{missing} pictures that no list names were left out."));
        }
        Ok(())
    }

    /// The next picture to decode; whoever does so tells [`decoded`](Self::decoded).
    pub fn next_picture(&self) -> Option<&SourceFile> {
        self.pictures.get(self.next).map(|picture| &picture.file)
    }

    /// How many pictures there are, decoded or not.
    pub const fn pictures(&self) -> usize {
        self.pictures.len()
    }

    /// Takes the picture that [`next_picture`](Self::next_picture) gave, or why it cannot be decoded: it is named and left out.
    pub fn decoded(&mut self, picture: Result<Picture, String>) {
        let polarity = self.polarity();
        if let Some(labelled) = self.pictures.get_mut(self.next) {
            match picture {
                Ok(picture) => {
                    let image = normalise(&found_ink(&picture, polarity).raster);
                    labelled.image = Some(image.unwrap_or([0; PIXELS]));
                }
                Err(why) => self.notes.push(format!("{} was left out: {why}.", labelled.file.path)),
            }
            labelled.file.bytes = Vec::new();
            self.next += 1;
        }
    }

    fn polarity(&self) -> Option<Polarity> {
        match self.options.get(Question::Polarity) {
            Some(DARK_INK) => Some(Polarity::DarkInk),
            Some(BRIGHT_INK) => Some(Polarity::BrightInk),
            _ => None,
        }
    }

    /// Pairs, names and makes what was read; `import` where a model that is to read the images says how they are made.
    ///
    /// # Errors
    /// [`ImportError`] where images and labels do not fit each other.
    pub fn finish(mut self, import: Option<Import>) -> Result<Imported, ImportError> {
        let mut paired = pair(core::mem::take(&mut self.sets), &mut self.notes)?;
        self.take_pictures(&mut paired);
        let hint: Vec<&str> =
            paired.iter().map(|set| set.source.as_str()).chain([self.names.as_str()]).collect();
        let hint = hint.join(" ");
        let labels: BTreeSet<Label> =
            paired.iter().filter_map(|set| set.labels.as_ref()).flatten().cloned().collect();
        let classes = Classes::of(&labels, &hint)?;
        let Parts { train, test, unlabelled } = parts(paired)?;

        // One way for all: what is trained on and what is tested on are made alike.
        let as_is = train
            .iter()
            .chain(&test)
            .chain(&unlabelled)
            .all(|set| set.source == PICTURES || set.images.usual_import() == Import::AsIs);
        let usual = if as_is { Import::AsIs } else { Import::Ink };
        let import = import.unwrap_or_else(|| match self.options.get(Question::Images) {
            Some(AS_THEY_ARE) => Import::AsIs,
            Some(FOUND_INK) => Import::Ink,
            _ => usual,
        });
        let mut making = Making { import, polarity: self.polarity(), is_turned: false };
        if let Some(first) = train.iter().chain(&unlabelled).find(|set| set.source != PICTURES) {
            making.is_turned = self.orientation(first, &classes, &hint);
            self.say_making(first, making);
        }
        let made = |sets: Vec<PairedSet>| {
            let mut all = LabelledImages::default();
            for set in sets {
                let labels =
                    set.labels.map_or_else(|| vec![0; set.images.len()], |labels| classes.indices(&labels));
                // Pictures have gone through the pipeline.
                let pixels = if set.source == PICTURES { set.images.values } else { set.images.made(making) };
                all.append(&LabelledImages { pixels, labels });
            }
            all
        };
        let mut train = made(train);
        train.append(&drawn_digits(&self.written));
        let import = if train.is_empty() || !self.written.is_empty() { Import::Ink } else { import };
        Ok(Imported {
            train,
            test: made(test),
            unlabelled: made(unlabelled).pixels,
            class_names: classes.names,
            import,
            choices: self.choices,
            notes: self.notes,
            name: self.names,
        })
    }

    /// Decoded pictures are sets by what they are for.
    fn take_pictures(&mut self, paired: &mut Vec<PairedSet>) {
        let mut pictures: Vec<Labelled> = core::mem::take(&mut self.pictures);
        pictures.retain(|picture| picture.image.is_some());
        for role in [None, Some(Role::Train), Some(Role::Test)] {
            for is_labelled in [true, false] {
                let own = || {
                    pictures
                        .iter()
                        .filter(|picture| picture.role == role && picture.label.is_some() == is_labelled)
                };
                if own().next().is_none() {
                    continue;
                }
                let values = own().filter_map(|picture| picture.image).flatten().collect();
                let labels = is_labelled.then(|| own().filter_map(|picture| picture.label.clone()).collect());
                let images = RawImages { width: ink::SIDE, height: ink::SIDE, values };
                paired.push(PairedSet { source: PICTURES.into(), role, images, labels });
            }
        }
    }

    /// Whether images lie turned: as a person says, else as digits show, else as EMNIST's letters do.
    fn orientation(&self, set: &PairedSet, classes: &Classes, hint: &str) -> bool {
        const LOOKED_AT: usize = 3_000;
        match self.options.get(Question::Orientation) {
            Some(UPRIGHT) => return false,
            Some(TURNED) => return true,
            _ => {}
        }
        let is_square = set.images.width == set.images.height;
        let Some(labels) = set.labels.as_ref().filter(|_| is_square) else { return false };
        // Letters first have no digits to compare with.
        let has_digits = classes.names.is_empty() || classes.names.first().is_some_and(|name| name == "0");
        if !has_digits {
            return hint.to_lowercase().contains("emnist");
        }
        // Spread over all of them: a file may be sorted by class.
        let step = set.images.len().div_ceil(LOOKED_AT).max(1);
        let area = set.images.width * set.images.height;
        let values = set.images.values.chunks_exact(area).step_by(step).flatten().copied().collect();
        let some = RawImages { values, ..set.images };
        let labels: Vec<Label> = labels.iter().step_by(step).cloned().collect();
        let pixels = some.made(Making::FOUND);
        lies_turned(&LabelledImages { pixels, labels: classes.indices(&labels) }).unwrap_or(false)
    }

    /// What was decided about the images.
    fn say_making(&mut self, set: &PairedSet, making: Making) {
        if making.is_turned && self.options.get(Question::Orientation).is_none() {
            self.notes
                .push("The images lie turned and mirrored, as EMNIST's do: they were turned upright.".into());
        }
        let is_bright = set.images.usual_import() == Import::AsIs
            || 2 * set.images.values.iter().filter(|&&value| value < 128).count() >= set.images.values.len();
        let polarity = match making.polarity {
            Some(Polarity::DarkInk) => DARK_INK,
            None if !is_bright => DARK_INK,
            _ => BRIGHT_INK,
        };
        let choice = |question, chosen: &str, options: [&str; 2]| Choice {
            question,
            chosen: chosen.into(),
            options: options.map(String::from).to_vec(),
            is_certain: true,
        };
        self.add_choice(choice(Question::Polarity, polarity, [BRIGHT_INK, DARK_INK]));
        let orientation = if making.is_turned { TURNED } else { UPRIGHT };
        self.add_choice(choice(Question::Orientation, orientation, [UPRIGHT, TURNED]));
        let images = if making.import == Import::AsIs { AS_THEY_ARE } else { FOUND_INK };
        self.add_choice(choice(Question::Images, images, [AS_THEY_ARE, FOUND_INK]));
    }
}

/// The source of pictures, which are made when they are decoded.
const PICTURES: &str = "pictures";

impl Imported {
    /// What was read, as it lies in the files: perhaps without a part to test on, or without labels.
    pub fn into_parts(self) -> (Dataset, Vec<Choice>, Vec<String>) {
        let Self { train, test, unlabelled, class_names, import, choices, notes, name } = self;
        let dataset = Dataset { train, test, unlabelled, class_names, name, import, ..Dataset::default() };
        (dataset, choices, notes)
    }

    /// A data set to train on, as [`to_train_on`] makes it, and all notes.
    ///
    /// # Errors
    /// As [`to_train_on`].
    pub fn into_dataset(self) -> Result<(Dataset, Vec<String>), ImportError> {
        let (dataset, _, mut notes) = self.into_parts();
        let (dataset, more) = to_train_on(dataset)?;
        notes.extend(more);
        Ok((dataset, notes))
    }

    /// All labelled images, to test on, and what their classes are called: those that are named as a test, else all.
    ///
    /// # Errors
    /// [`ImportError`] where there are no labels.
    pub fn into_test_set(self) -> Result<(LabelledImages, Vec<String>), ImportError> {
        let (dataset, ..) = self.into_parts();
        let names = dataset.names_of_classes();
        let set = if dataset.test.is_empty() { dataset.train } else { dataset.test };
        if set.is_empty() { Err(ImportError::NoLabels) } else { Ok((set, names)) }
    }
}

/// Gives a data set a part to test on where it has none: a sixth of each class. Images that are to be tested on are not learned
/// from: what is the same as one of them, to the last pixel, is left out, with a note.
///
/// # Errors
/// [`ImportError`] where there are no labels, or too few images.
pub fn to_train_on(dataset: Dataset) -> Result<(Dataset, Vec<String>), ImportError> {
    let Dataset { mut train, mut test, .. } = dataset;
    let mut notes = Vec::new();
    if train.is_empty() {
        return Err(ImportError::NoLabels);
    }
    if train.len() < 10 {
        return Err(ImportError::TooFew(train.len()));
    }
    if test.is_empty() {
        let split = Split::of(&train, TEST_SHARE, TEST_SEED);
        test = train.subset(&split.validation);
        train = train.subset(&split.train);
    } else {
        let left_out = train.remove_all_of(&test);
        if left_out > 0 {
            notes.push(format!("{left_out} images to train on were left out: they are to be tested on."));
        }
    }
    Ok((Dataset { train, test, ..dataset }, notes))
}

#[cfg(test)]
mod tests;
