//! Which labels belong to which images, and what each set is for.

use crate::{
    ImportError,
    raw::{Label, RawImages, RawSet},
    source::{Role, name_of},
};

/// Images of one file or folder, with their labels where they have some.
pub(crate) struct PairedSet {
    pub(crate) source: String,
    pub(crate) role: Option<Role>,
    pub(crate) images: RawImages,
    pub(crate) labels: Option<Vec<Label>>,
}

/// Pairs files of images with files of labels: by their number, then by what their names say.
pub(crate) fn pair(sets: Vec<RawSet>, notes: &mut Vec<String>) -> Result<Vec<PairedSet>, ImportError> {
    let mut labels: Vec<RawSet> = Vec::new();
    let mut images: Vec<RawSet> = Vec::new();
    for set in sets {
        if set.images.is_some() { images.push(set) } else { labels.push(set) }
    }
    let lone_labels = !labels.is_empty();
    let mut paired = Vec::new();
    for set in images {
        let RawSet { source, role, images, labels: own } = set;
        let Some(images) = images else { continue };
        let count = images.len();
        if let Some(own) = own {
            paired.push(PairedSet { source, role, images, labels: Some(own) });
            continue;
        }
        let found = if lone_labels { find(&source, role, count, &labels)? } else { None };
        match found {
            Some(index) => {
                let labels = labels.swap_remove(index);
                let role = role.or(labels.role);
                paired.push(PairedSet { source, role, images, labels: labels.labels });
            }
            None if lone_labels && paired.is_empty() => {
                return Err(ImportError::Pairing(format!(
                    "{source} has {count} images, but no file has {count} labels."
                )));
            }
            None => paired.push(PairedSet { source, role, images, labels: None }),
        }
    }
    for set in labels {
        notes.push(format!("{} holds {} labels, for which there are no images.", set.source, set.len()));
    }
    Ok(paired)
}

/// The labels of a file of images, where there are as many.
fn find(
    source: &str,
    role: Option<Role>,
    count: usize,
    labels: &[RawSet],
) -> Result<Option<usize>, ImportError> {
    let mut fitting: Vec<usize> = (0..labels.len()).filter(|&index| labels[index].len() == count).collect();
    let mut narrow = |keep: &dyn Fn(&RawSet) -> bool| {
        let kept: Vec<usize> = fitting.iter().copied().filter(|&index| keep(&labels[index])).collect();
        if !kept.is_empty() {
            fitting = kept;
        }
    };
    narrow(&|set| role.is_some() && set.role == role);
    narrow(&|set| name_without_kind(&set.source) == name_without_kind(source));
    match &fitting[..] {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        [first, rest @ ..] if rest.iter().all(|&other| labels[other].labels == labels[*first].labels) => {
            Ok(Some(*first))
        }
        several => {
            let text = format!(
                "{} files have {count} labels each, so nothing says which belongs to {}. Give one pair only, or names with `train` and `test`.",
                several.len(),
                name_of(source)
            );
            Err(ImportError::Pairing(text))
        }
    }
}

/// A name without what says that it holds images or labels: equal for the two files of a pair.
fn name_without_kind(path: &str) -> String {
    const KINDS: [&str; 16] = [
        "images", "image", "labels", "label", "idx1", "idx2", "idx3", "idx4", "x", "y", "img", "lbl",
        "ubyte", "int", "npy", "targets",
    ];
    let lower = path.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| !KINDS.contains(word)).collect::<Vec<_>>().join("-")
}

/// Sets by what they are for.
pub(crate) struct Parts {
    pub(crate) train: Vec<PairedSet>,
    pub(crate) test: Vec<PairedSet>,
    pub(crate) unlabelled: Vec<PairedSet>,
}

/// The larger of two trains and the smaller tests, unless their names say otherwise.
pub(crate) fn parts(sets: Vec<PairedSet>) -> Result<Parts, ImportError> {
    let mut parts = Parts { train: Vec::new(), test: Vec::new(), unlabelled: Vec::new() };
    let mut open = Vec::new();
    for set in sets {
        match (&set.labels, set.role) {
            (None, _) => parts.unlabelled.push(set),
            (Some(_), Some(Role::Train)) => parts.train.push(set),
            (Some(_), Some(Role::Test)) => parts.test.push(set),
            (Some(_), None) => open.push(set),
        }
    }
    open.sort_by_key(|set| core::cmp::Reverse(set.images.len()));
    match (parts.train.is_empty(), parts.test.is_empty(), open.len()) {
        (_, _, 0) => {}
        (true, _, 1) => parts.train.append(&mut open),
        (false, true, 1) => parts.test.append(&mut open),
        (true, true, 2) if open[0].images.len() != open[1].images.len() => {
            parts.test.extend(open.pop());
            parts.train.append(&mut open);
        }
        _ => {
            let all: Vec<String> =
                open.iter().map(|set| format!("{} ({})", set.source, set.images.len())).collect();
            return Err(ImportError::Pairing(format!(
                "Nothing says which of these is to train on and which to test on: {}. Give names with `train` and `test`, or fewer files.",
                all.join(", ")
            )));
        }
    }
    // A test set alone can be trained on: it is all there is.
    if parts.train.is_empty() {
        parts.train.append(&mut parts.test);
    }
    Ok(parts)
}
