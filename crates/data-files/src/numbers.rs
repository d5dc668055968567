//! An array of numbers, as IDX and NumPy write them, as images or labels.

use crate::{
    ImportError,
    raw::{Label, RawImages, RawSet},
    source::SourceFile,
};

/// Largest side of an image, in pixels.
const MAX_SIDE: u64 = 4_096;
/// Rows of fewer numbers are labels, as one-hot vectors or with more beside them; 8x8 pixels are the smallest flat image.
const FEWEST_PIXELS: u64 = 64;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    I64,
    F16,
    F32,
    F64,
}

impl ValueType {
    pub(crate) const fn bytes(self) -> u64 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    fn number(self, bytes: &[u8], is_big_endian: bool) -> f64 {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        let length = bytes.len().min(8);
        if is_big_endian {
            word[..length].reverse();
        }
        let whole = u64::from_le_bytes(word);
        match self {
            Self::U8 | Self::U16 | Self::U32 => whole as f64,
            Self::I8 => f64::from(whole as i8),
            Self::I16 => f64::from(whole as i16),
            Self::I32 => f64::from(whole as i32),
            Self::I64 => whole as i64 as f64,
            Self::F16 => {
                let (sign, exponent, fraction) = (whole >> 15 & 1, whole >> 10 & 31, (whole & 1023) as f64);
                let size = match exponent {
                    0 => fraction / 16_777_216.0,
                    31 => f64::NAN,
                    _ => (1024.0 + fraction) * 2.0_f64.powi(exponent as i32 - 25),
                };
                if sign == 1 { -size } else { size }
            }
            Self::F32 => f64::from(f32::from_bits(whole as u32)),
            Self::F64 => f64::from_bits(whole),
        }
    }

    const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32 | Self::F64)
    }
}

/// An array as it lies in a file.
pub(crate) struct Numbers<'a> {
    pub(crate) value: ValueType,
    pub(crate) is_big_endian: bool,
    pub(crate) sizes: Vec<u64>,
    pub(crate) bytes: &'a [u8],
}

impl Numbers<'_> {
    /// Images where a row has two sides or a square number of values, else labels.
    pub(crate) fn into_set(self, file: &SourceFile) -> Result<RawSet, ImportError> {
        let wrong = |why: String| ImportError::file(&file.path, why);
        let promised =
            self.sizes.iter().try_fold(self.value.bytes(), |product, &size| product.checked_mul(size));
        let promised =
            promised.ok_or_else(|| wrong("its header promises more than can be counted".into()))?;
        if promised != self.bytes.len() as u64 {
            let found = self.bytes.len();
            return Err(wrong(format!("its header promises {promised} bytes of values, but {found} follow")));
        }
        let set =
            |images, labels| Ok(RawSet { source: file.path.clone(), role: file.role(), images, labels });
        let image = |height: u64, width: u64| {
            if [width, height].iter().any(|side| !(1..=MAX_SIDE).contains(side)) {
                let why = format!(
                    "its images are {height}x{width} pixels; 1x1 to {MAX_SIDE}x{MAX_SIDE} are possible"
                );
                return Err(wrong(why));
            }
            let values = self.levels().map_err(wrong)?;
            Ok(RawImages { width: width as usize, height: height as usize, values })
        };
        match self.sizes[..] {
            [_] => set(None, Some(self.labels(1, &wrong)?)),
            [_, columns] if columns >= FEWEST_PIXELS => {
                let side = columns.isqrt();
                if side * side != columns {
                    return Err(wrong(format!("its rows have {columns} values, which make no square image")));
                }
                set(Some(image(side, side)?), None)
            }
            [_, 16] if self.value == ValueType::U8 => set(Some(image(4, 4)?), None),
            [_, columns] => set(None, Some(self.labels(columns as usize, &wrong)?)),
            [_, height, width] | [_, 1, height, width] | [_, height, width, 1] => {
                set(Some(image(height, width)?), None)
            }
            _ => Err(wrong(format!("its sizes are {:?}; images in grey have three, labels one", self.sizes))),
        }
    }

    fn each(&self) -> impl Iterator<Item = f64> {
        let value = self.value;
        self.bytes
            .chunks_exact(value.bytes() as usize)
            .map(move |bytes| value.number(bytes, self.is_big_endian))
    }

    /// Values as grey levels of 0 to 255: as they are, from 0 to 1, or from 0 to the largest of their kind.
    fn levels(&self) -> Result<Vec<u8>, String> {
        if self.value == ValueType::U8 {
            return Ok(self.bytes.to_vec());
        }
        let (mut least, mut most) = (0.0_f64, 0.0_f64);
        for number in self.each() {
            if !number.is_finite() {
                return Err("one of its values is not a number".into());
            }
            (least, most) = (least.min(number), most.max(number));
        }
        let (from, scale) = match (least, most) {
            (_, most) if (-1.0..0.0).contains(&least) && most <= 1.0 && self.value.is_float() => {
                (-1.0, 127.5)
            }
            (..0.0, _) => {
                return Err(format!("its values go from {least} to {most}; 0 to 255 or 0 to 1 are needed"));
            }
            (_, most) if most <= 1.0 && self.value.is_float() => (0.0, 255.0),
            (_, ..=255.0) => (0.0, 1.0),
            (_, ..=32_767.0) => (0.0, 255.0 / 32_767.0),
            (_, ..=65_535.0) => (0.0, 255.0 / 65_535.0),
            _ => return Err(format!("its values go up to {most}; 0 to 255 or 0 to 1 are needed")),
        };
        Ok(self.each().map(|number| ((number - from) * scale).round() as u8).collect())
    }

    /// One label a row: its only value, the place of its only 1, or its first value.
    fn labels(
        &self,
        columns: usize,
        wrong: &dyn Fn(String) -> ImportError,
    ) -> Result<Vec<Label>, ImportError> {
        const MOST_LABELS: usize = 4 << 20;
        if self.bytes.len() / (columns.max(1) * self.value.bytes() as usize) > MOST_LABELS {
            return Err(wrong(format!("it holds more than {MOST_LABELS} labels")));
        }
        let numbers: Vec<f64> = self.each().collect();
        if columns == 0 {
            return Err(wrong("its rows are empty".into()));
        }
        let is_one_hot = |row: &[f64]| {
            row.iter().all(|&value| value == 0.0 || value == 1.0) && row.iter().sum::<f64>() == 1.0
        };
        let rows = || numbers.chunks_exact(columns);
        let is_one_hot = columns > 1 && rows().all(is_one_hot);
        let label = |(index, row): (usize, &[f64])| {
            if is_one_hot {
                return Ok(Label::Number(row.iter().position(|&value| value == 1.0).unwrap_or(0) as i64));
            }
            let number = row[0];
            if number.fract() == 0.0 && number.abs() < 1e15 {
                Ok(Label::Number(number as i64))
            } else {
                Err(wrong(format!("its label number {index} is {number}; whole numbers are needed")))
            }
        };
        rows().enumerate().map(label).collect()
    }
}
