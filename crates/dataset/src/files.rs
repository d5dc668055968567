//! A split from the IDX files that a user gives, in any order and under any name.

use ink::PIXELS;

use crate::{IdxError, IdxFile, LabelledImages, Split, parse_idx};

/// Files that make no data set; the text is for the person who gave them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum FilesError {
    #[error("{name} cannot be used: {error}.")]
    File { name: String, error: IdxError },
    #[error("No images were found: give at least one IDX file of images and the one with its labels.")]
    NoImages,
    #[error("{name} has {images} images, but no file has {images} labels.")]
    NoLabels { name: String, images: usize },
    #[error(
        "{images} files of images and {labels} of labels were found: give one pair of files to split, or two to train and to test."
    )]
    TooMany { images: usize, labels: usize },
    #[error(
        "Two files have {0} labels each, so nothing says which belongs to which images. Give one pair only."
    )]
    Ambiguous(usize),
    #[error("Too few images: {0}. At least 10 are needed to train and to test.")]
    TooFew(usize),
}

/// Makes a split from named files.
///
/// Images and labels are paired by their number. With two pairs the larger is trained on and the smaller tested on;
/// with one, its last sixth is kept for the test.
///
/// # Errors
/// [`FilesError`] names the file and what is wrong with it.
pub fn split_from_files(files: &[(String, Vec<u8>)]) -> Result<Split, FilesError> {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        match parse_idx(bytes).map_err(|error| FilesError::File { name: name.clone(), error })? {
            IdxFile::Images(found) => images.push((name, found.into_pixels())),
            IdxFile::Labels(digits) => labels.push(digits),
        }
    }
    if images.is_empty() {
        return Err(FilesError::NoImages);
    }
    if images.len() > 2 || labels.len() > 2 {
        return Err(FilesError::TooMany { images: images.len(), labels: labels.len() });
    }
    if let [first, second] = &labels[..]
        && first.len() == second.len()
    {
        return Err(FilesError::Ambiguous(first.len()));
    }
    let mut sets = Vec::new();
    for (name, pixels) in images {
        let count = pixels.len() / PIXELS;
        let position = labels.iter().position(|labels| labels.len() == count);
        let position = position.ok_or_else(|| FilesError::NoLabels { name: name.clone(), images: count })?;
        sets.push(LabelledImages { pixels, labels: labels.swap_remove(position) });
    }
    sets.sort_by_key(LabelledImages::len);
    let mut train = sets.pop().ok_or(FilesError::NoImages)?;
    if train.len() < 10 {
        return Err(FilesError::TooFew(train.len()));
    }
    let test = match sets.pop() {
        Some(test) if !test.is_empty() => test,
        _ => {
            let kept = train.len() - train.len() / 6;
            LabelledImages {
                pixels: train.pixels.split_off(kept * PIXELS),
                labels: train.labels.split_off(kept),
            }
        }
    };
    Ok(Split { train, test, name: "your files".into(), ..Split::default() })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn images(count: usize) -> (String, Vec<u8>) {
        let header = [2051, count as u32, 28, 28].into_iter().flat_map(u32::to_be_bytes);
        (format!("images-{count}"), header.chain(std::iter::repeat_n(1, count * PIXELS)).collect())
    }

    fn labels(count: usize) -> (String, Vec<u8>) {
        let header = [2049, count as u32].into_iter().flat_map(u32::to_be_bytes);
        (format!("labels-{count}"), header.chain((0..count).map(|index| (index % 10) as u8)).collect())
    }

    #[track_caller]
    fn check(files: &[(String, Vec<u8>)], expected: Result<(usize, usize), &str>) {
        match (split_from_files(files), expected) {
            (Ok(split), Ok(sizes)) => assert_eq!((split.train.len(), split.test.len()), sizes),
            (Err(error), Err(text)) => assert_eq!(error.to_string(), text),
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn pairs_are_found_by_their_number() {
        check(&[labels(12), images(60), images(12), labels(60)], Ok((60, 12)));
        check(&[images(60), labels(60)], Ok((50, 10)));
    }

    #[test]
    fn what_cannot_be_told_apart_is_not_guessed() {
        check(
            &[labels(5), labels(5), labels(5)],
            Err("No images were found: give at least one IDX file of images and the one with its labels."),
        );
        check(
            &[images(60), images(60), labels(60), labels(60)],
            Err(
                "Two files have 60 labels each, so nothing says which belongs to which images. Give one pair only.",
            ),
        );
        check(
            &[images(60), labels(60), images(12), labels(12), images(20), labels(20)],
            Err(
                "3 files of images and 3 of labels were found: give one pair of files to split, or two to train and to test.",
            ),
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        check(
            &[],
            Err("No images were found: give at least one IDX file of images and the one with its labels."),
        );
        check(&[images(60), labels(59)], Err("images-60 has 60 images, but no file has 60 labels."));
        check(
            &[images(4), labels(4)],
            Err("Too few images: 4. At least 10 are needed to train and to test."),
        );
        let zip = ("a.zip".to_owned(), b"PK\x03\x04".to_vec());
        check(
            &[zip],
            Err(
                "a.zip cannot be used: it is neither gzip nor IDX: it begins with the bytes [50, 4b, 03, 04].",
            ),
        );
    }
}
