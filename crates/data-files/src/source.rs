//! Files as a person gives them.

/// A file by its path: `train.csv`, or `digits/7/a.png` where a folder was given.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Name, after the folders that hold it, divided by `/`.
    pub path: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

impl core::fmt::Debug for SourceFile {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{} ({} bytes)", self.path, self.bytes.len())
    }
}

impl SourceFile {
    /// A file in memory; `\` in its path is read as `/`.
    pub fn new(path: &str, bytes: Vec<u8>) -> Self {
        Self { path: path.replace('\\', "/"), bytes }
    }

    /// What its folders and its name say it is for.
    pub(crate) fn role(&self) -> Option<Role> {
        Role::of_path(&self.path)
    }

    /// The folder that holds it; empty where none does.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The name of a file, without its folders.
pub(crate) fn name_of(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A name without its ending, where it has one.
pub(crate) fn stem_of(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 5 => stem,
        _ => name,
    }
}

/// Whether a system wrote the file beside what a person wanted to give.
pub(crate) fn is_litter(path: &str) -> bool {
    const NAMES: [&str; 4] = [".ds_store", "thumbs.db", "desktop.ini", "icon\r"];
    let name = name_of(path);
    name.is_empty()
        || name.starts_with("._")
        || NAMES.contains(&name.to_lowercase().as_str())
        || path.split('/').any(|part| part == "__MACOSX" || part == ".ipynb_checkpoints" || part == ".git")
}

/// What images are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Train,
    Test,
}

impl Role {
    /// Looks for words such as `train` and `t10k`, from the name of the file outwards.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        const TRAIN: [&str; 8] =
            ["train", "training", "trn", "tr", "trainset", "trainingset", "xtrain", "ytrain"];
        const TEST: [&str; 12] = [
            "test",
            "testing",
            "t10k",
            "tst",
            "val",
            "valid",
            "validation",
            "eval",
            "testset",
            "testingset",
            "xtest",
            "ytest",
        ];
        path.rsplit('/').find_map(|part| {
            let part = part.to_lowercase();
            let mut words = part.split(|letter: char| !letter.is_ascii_alphanumeric());
            words.find_map(|word| {
                let word =
                    if word == "t10k" { word } else { word.trim_end_matches(|c: char| c.is_ascii_digit()) };
                if TRAIN.contains(&word) {
                    Some(Self::Train)
                } else {
                    TEST.contains(&word).then_some(Self::Test)
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn names_say_what_images_are_for() {
        for (path, role) in [
            ("train-images-idx3-ubyte.gz", Some(Role::Train)),
            ("t10k-labels-idx1-ubyte", Some(Role::Test)),
            ("mnist.npz/x_test.npy", Some(Role::Test)),
            ("emnist-letters-train-images-idx3-ubyte", Some(Role::Train)),
            ("set/test/7/1.png", Some(Role::Test)),
            ("mnist_train_100.csv", Some(Role::Train)),
            ("restrain.csv", None),
            ("digits.csv", None),
        ] {
            assert_eq!(Role::of_path(path), role, "{path}");
        }
    }

    #[test]
    fn what_systems_leave_behind_is_litter() {
        for path in ["a/.DS_Store", "__MACOSX/a.png", "0/._7.png", "Thumbs.db", "a/"] {
            assert!(is_litter(path), "{path}");
        }
        assert!(!is_litter("0/7.png"));
        assert_eq!((stem_of("a.b.png"), stem_of("a"), stem_of(".png")), ("a.b", "a", ".png"));
    }
}
