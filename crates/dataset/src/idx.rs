//! The IDX format of MNIST's files, gzipped or not.
//!
//! A big-endian header (magic 2051 and three sizes for images, 2049 and one size for labels), then one byte a value.
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".

use std::io::{Read, copy, sink};

use flate2::read::GzDecoder;
use ink::{PIXELS, Picture, Polarity, SIDE, found_ink, normalise};

/// Largest file that is unpacked, in bytes: five times MNIST's training images.
pub const MAX_FILE_BYTES: usize = 256 << 20;

/// Largest side of an image, in pixels.
const MAX_SIDE: usize = 4_096;

const IMAGES_MAGIC: u32 = 2051;
const LABELS_MAGIC: u32 = 2049;

/// What an IDX file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdxFile {
    /// Images.
    Images(IdxImages),
    /// Digits, 0 to 9.
    Labels(Vec<u8>),
}

/// Images of one size, as they lie in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxImages {
    /// Columns of each.
    pub width: usize,
    /// Rows of each.
    pub height: usize,
    /// Values, image by image, row by row.
    pub values: Vec<u8>,
}

impl IdxImages {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() / (self.width * self.height)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// 28x28 images, 784 values each: as they are where they are made as MNIST's are (of that size, bright on dark), else
    /// what a network reads in each. Blank ones stay blank.
    pub fn into_pixels(self) -> Vec<u8> {
        let dark = self.values.iter().filter(|&&value| value < 128).count();
        if (self.width, self.height) == (SIDE, SIDE) && 2 * dark >= self.values.len() {
            return self.values;
        }
        self.through_pipeline()
    }

    /// What a network reads in each image, 784 values each, whatever its size and polarity. Blank ones stay blank.
    ///
    /// Where nearly all images of a file are of one polarity, the few that seem to be of the other are broad digits that fill
    /// their image: they are read as the rest.
    pub fn through_pipeline(&self) -> Vec<u8> {
        const FEW: usize = 5;
        let each = self.values.chunks_exact(self.width * self.height);
        let read = |values: &[u8], polarity| {
            let picture = Picture::from_brightness(self.width, self.height, values.to_vec()).ok()?;
            let found = found_ink(&picture, polarity);
            Some((normalise(&found.raster), found.polarity))
        };
        let mut all: Vec<_> = each.clone().map(|values| read(values, None)).collect();
        let bright = all.iter().flatten().filter(|(_, polarity)| *polarity == Polarity::BrightInk).count();
        let (usual, others) = if 2 * bright >= all.len() {
            (Polarity::BrightInk, all.len() - bright)
        } else {
            (Polarity::DarkInk, bright)
        };
        if FEW * others < all.len() {
            for (values, found) in each.zip(&mut all) {
                if found.as_ref().is_some_and(|(_, polarity)| *polarity != usual) {
                    *found = read(values, Some(usual));
                }
            }
        }
        all.into_iter().flat_map(|found| found.and_then(|(image, _)| image).unwrap_or([0; PIXELS])).collect()
    }
}

/// A file that is not what it should be; the text says what is wrong, for the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum IdxError {
    #[error("the gzip data is damaged or cut off: {0}")]
    Gzip(String),
    #[error("it unpacks to more than {} MiB", MAX_FILE_BYTES >> 20)]
    TooLarge,
    #[error("it is neither gzip nor IDX: it begins with the bytes {0:02x?}")]
    Unknown(Vec<u8>),
    #[error("its header is cut off after {0} bytes")]
    HeaderCutOff(usize),
    #[error("its magic number is {0}; IDX images have 2051, labels 2049")]
    Magic(u32),
    #[error("its images are {rows}x{columns} pixels; 1x1 to {MAX_SIDE}x{MAX_SIDE} are possible")]
    ImageSize { rows: u32, columns: u32 },
    #[error("its header promises {promised} bytes of values, but {found} follow")]
    Length { promised: u64, found: usize },
    #[error("its label number {index} is {label}; labels go from 0 to 9")]
    Label { index: usize, label: u8 },
}

/// Reads an IDX file of images or of labels, gzipped or not.
///
/// # Errors
/// One [`IdxError`] for each way in which a file can be wrong. The header is read first: values take memory only as far
/// as it promises them and they are there.
pub fn parse_idx(bytes: &[u8]) -> Result<IdxFile, IdxError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        read_idx(GzDecoder::new(bytes))
    } else if bytes.is_empty() || bytes.starts_with(&[0, 0]) {
        read_idx(bytes)
    } else {
        Err(IdxError::Unknown(bytes[..bytes.len().min(4)].to_vec()))
    }
}

fn read_idx(mut source: impl Read) -> Result<IdxFile, IdxError> {
    let mut taken = 0;
    let mut word = |source: &mut dyn Read| {
        let field = read_up_to(source, 4)?;
        taken += field.len();
        let field = field.try_into().map_err(|_| IdxError::HeaderCutOff(taken))?;
        Ok(u32::from_be_bytes(field))
    };
    let (magic, count) = (word(&mut source)?, word(&mut source));
    match magic {
        IMAGES_MAGIC => {
            let (count, rows, columns) = (count?, word(&mut source)?, word(&mut source)?);
            let (width, height) = (columns as usize, rows as usize);
            if [width, height].iter().any(|side| !(1..=MAX_SIDE).contains(side)) {
                return Err(IdxError::ImageSize { rows, columns });
            }
            let mut values = read_values(source, u64::from(count) * (width * height) as u64)?;
            spread(&mut values);
            Ok(IdxFile::Images(IdxImages { width, height, values }))
        }
        LABELS_MAGIC => {
            let labels = read_values(source, u64::from(count?))?;
            match labels.iter().position(|&label| label > 9) {
                Some(index) => Err(IdxError::Label { index, label: labels[index] }),
                None => Ok(IdxFile::Labels(labels)),
            }
        }
        magic => Err(IdxError::Magic(magic)),
    }
}

/// Bitmaps (0 and 1) and scans of few levels (0 to 16), over all levels: the ink of such files would be taken for dust.
fn spread(values: &mut [u8]) {
    const FEW_LEVELS: u8 = 32;
    let most = values.iter().copied().max().unwrap_or(0);
    if (1..FEW_LEVELS).contains(&most) {
        for value in values {
            *value = (u32::from(*value) * 255 / u32::from(most)) as u8;
        }
    }
}

/// The values after the header: as many as were promised, and nothing behind them.
fn read_values(mut source: impl Read, promised: u64) -> Result<Vec<u8>, IdxError> {
    let values = read_up_to(&mut source, promised.min(MAX_FILE_BYTES as u64))?;
    let more = source.take(MAX_FILE_BYTES as u64);
    let extra = copy(&mut { more }, &mut sink()).map_err(|error| IdxError::Gzip(error.to_string()))?;
    if values.len() == MAX_FILE_BYTES && extra > 0 {
        return Err(IdxError::TooLarge);
    }
    let found = values.len() + extra as usize;
    if found as u64 == promised { Ok(values) } else { Err(IdxError::Length { promised, found }) }
}

fn read_up_to(source: &mut dyn Read, most: u64) -> Result<Vec<u8>, IdxError> {
    let mut bytes = Vec::new();
    source.take(most).read_to_end(&mut bytes).map_err(|error| IdxError::Gzip(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn idx(words: &[u32], values: &[u8]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).chain(values.iter().copied()).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &Result<IdxFile, IdxError>) {
        assert_eq!(&parse_idx(bytes), expected);
    }

    #[test]
    fn good_files_are_read_gzipped_or_not() {
        let labels = idx(&[2049, 3], &[7, 0, 9]);
        let images = idx(&[2051, 2, 28, 28], &[50; 2 * PIXELS]);
        for pack in [<[u8]>::to_vec, gzip] {
            check(&pack(&labels), &Ok(IdxFile::Labels(vec![7, 0, 9])));
            let expected = IdxImages { width: 28, height: 28, values: vec![50; 2 * PIXELS] };
            check(&pack(&images), &Ok(IdxFile::Images(expected)));
        }
    }

    #[test]
    fn files_of_few_levels_are_spread_over_all() {
        for (values, spread) in [([0, 1, 1, 0], [0, 255, 255, 0]), ([0, 8, 16, 1], [0, 127, 255, 15])] {
            let expected = IdxImages { width: 2, height: 2, values: spread.to_vec() };
            check(&idx(&[2051, 1, 2, 2], &values), &Ok(IdxFile::Images(expected)));
        }
    }

    #[test]
    fn images_of_any_size_and_polarity_become_what_a_network_reads() {
        // A bar of 2x8 pixels, dark on light.
        let values: Vec<u8> = (0..256)
            .map(|place| if place % 16 / 2 == 3 && (64..192).contains(&place) { 0 } else { 255 })
            .collect();
        let images = IdxImages { width: 16, height: 16, values };
        let pixels = images.into_pixels();
        assert_eq!((pixels.len(), pixels[14 * SIDE + 14], pixels[0]), (PIXELS, 255, 0));
        // MNIST's own stay as they are.
        let made = IdxImages { width: 28, height: 28, values: pixels.clone() };
        assert_eq!(made.through_pipeline(), pixels);
        assert_eq!(made.into_pixels(), pixels);
    }

    #[test]
    fn what_nearly_all_images_are_the_rest_is_too() {
        // Nine bright bars on dark, and a frame so broad that it leaves more ink than paper.
        let bar = |place: usize| if place % 8 == 3 { 250 } else { 0 };
        let frame = |place: usize| {
            if (2..6).contains(&(place % 8)) && (3..5).contains(&(place / 8)) { 0 } else { 250 }
        };
        let mut values: Vec<u8> = (0..9 * 64).map(|place| bar(place % 64)).collect();
        values.extend((0..64).map(frame));
        let pixels = IdxImages { width: 8, height: 8, values: values.clone() }.through_pipeline();
        let ink = |pixels: &[u8]| pixels.iter().filter(|&&level| level > 127).count();
        assert!(ink(&pixels[9 * PIXELS..]) > 300, "{}", ink(&pixels[9 * PIXELS..]));
        // Alone it is taken for a dark spot.
        let alone = IdxImages { width: 8, height: 8, values: values.split_off(9 * 64) };
        assert!(ink(&alone.through_pipeline()) < 300);
    }

    #[test]
    fn each_fault_has_its_own_answer() {
        check(b"", &Err(IdxError::HeaderCutOff(0)));
        check(b"PNG?", &Err(IdxError::Unknown(b"PNG?".to_vec())));
        check(&idx(&[2052, 3], &[7, 0, 9]), &Err(IdxError::Magic(2052)));
        check(&idx(&[2049], &[]), &Err(IdxError::HeaderCutOff(4)));
        check(&idx(&[2051, 1, 0, 16], &[]), &Err(IdxError::ImageSize { rows: 0, columns: 16 }));
        check(&idx(&[2051, 1, 16, 9_999], &[]), &Err(IdxError::ImageSize { rows: 16, columns: 9_999 }));
        check(&idx(&[2049, 3], &[7, 0]), &Err(IdxError::Length { promised: 3, found: 2 }));
        check(&idx(&[2049, 1], &[7, 0]), &Err(IdxError::Length { promised: 1, found: 2 }));
        check(&idx(&[2049, 2], &[7, 10]), &Err(IdxError::Label { index: 1, label: 10 }));
        // A header that promises 3.4 TB takes no memory at all.
        let promised = u64::from(u32::MAX) * PIXELS as u64;
        check(&idx(&[2051, u32::MAX, 28, 28], &[0]), &Err(IdxError::Length { promised, found: 1 }));
        let cut = gzip(&idx(&[2049, 3], &[7, 0, 9]));
        assert!(matches!(parse_idx(&cut[..cut.len() - 9]), Err(IdxError::Gzip(_))));
        let bomb = gzip(&idx(&[2051, 400_000, 28, 28], &vec![0; MAX_FILE_BYTES + 1]));
        assert!(matches!(parse_idx(&bomb), Err(IdxError::TooLarge)));
        let longer = gzip(&idx(&[2051, 1, 28, 28], &vec![0; 100 << 20]));
        check(&longer, &Err(IdxError::Length { promised: PIXELS as u64, found: 100 << 20 }));
    }
}
