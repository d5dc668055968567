//! As much of Protocol Buffers as ONNX needs.
//!
//! Format: <https://protobuf.dev/programming-guides/encoding>. A reader borrows from the bytes and takes no memory for a length that
//! the bytes do not have.

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message in it is cut off or makes no sense")]
pub(crate) struct BrokenMessage;

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Value<'a> {
    pub(crate) const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    pub(crate) fn text(self) -> &'a str {
        core::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    pub(crate) const fn int(self) -> i64 {
        match self {
            Self::Number(number) => number as i64,
            _ => 0,
        }
    }

    pub(crate) const fn float(self) -> f32 {
        match self {
            Self::Fixed32(bits) => f32::from_bits(bits),
            _ => 0.0,
        }
    }

    /// Whole numbers, packed into one field or alone in this one.
    pub(crate) fn ints(self) -> Result<Vec<i64>, BrokenMessage> {
        let Self::Bytes(mut rest) = self else { return Ok(vec![self.int()]) };
        let mut numbers = Vec::new();
        while !rest.is_empty() {
            let (number, after) = varint(rest)?;
            numbers.push(number as i64);
            rest = after;
        }
        Ok(numbers)
    }

    /// Floats, packed or alone.
    pub(crate) fn floats(self) -> Vec<f32> {
        match self {
            Self::Bytes(bytes) => {
                bytes.as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()
            }
            _ => vec![self.float()],
        }
    }
}

fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), BrokenMessage> {
    let mut number = 0;
    for (index, &byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Ok((number, &bytes[index + 1..]));
        }
    }
    Err(BrokenMessage)
}

/// The fields of a message, one after the other.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), BrokenMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Value<'a>), BrokenMessage> {
        let (key, rest) = varint(self.0)?;
        let (value, rest) = match key & 7 {
            0 => {
                let (number, rest) = varint(rest)?;
                (Value::Number(number), rest)
            }
            1 => {
                let (word, rest) = rest.split_first_chunk::<8>().ok_or(BrokenMessage)?;
                (Value::Number(u64::from_le_bytes(*word)), rest)
            }
            2 => {
                let (length, rest) = varint(rest)?;
                let length = usize::try_from(length).map_err(|_| BrokenMessage)?;
                let (bytes, rest) = rest.split_at_checked(length).ok_or(BrokenMessage)?;
                (Value::Bytes(bytes), rest)
            }
            5 => {
                let (word, rest) = rest.split_first_chunk::<4>().ok_or(BrokenMessage)?;
                (Value::Fixed32(u32::from_le_bytes(*word)), rest)
            }
            _ => return Err(BrokenMessage),
        };
        self.0 = rest;
        Ok((key >> 3, value))
    }
}

/// A message that is being written.
#[derive(Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    #[must_use]
    pub(crate) fn number(mut self, field: u64, number: i64) -> Self {
        self.varint(field << 3);
        self.varint(number as u64);
        self
    }

    #[must_use]
    pub(crate) fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    #[must_use]
    pub(crate) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    #[must_use]
    pub(crate) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    #[must_use]
    pub(crate) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    #[must_use]
    pub(crate) fn messages(self, field: u64, messages: impl IntoIterator<Item = Self>) -> Self {
        messages.into_iter().fold(self, |all, message| all.message(field, &message))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn fields_come_back() {
        let bytes = Message::default().number(1, 300).number(2, -1).text(3, "a").float(4, 1.5).into_bytes();
        let fields: Vec<_> = Fields(&bytes).map(Result::unwrap).collect();
        assert_eq!(fields[0], (1, Value::Number(300)));
        assert_eq!((fields[1].1.int(), fields[2].1.text(), fields[3].1.float()), (-1, "a", 1.5));
        assert_eq!(Value::Bytes(&[0xac, 0x02, 0x07]).ints(), Ok(vec![300, 7]));
    }

    #[test]
    fn a_length_that_is_not_there_is_an_error() {
        assert_eq!(Fields(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]).next(), Some(Err(BrokenMessage)));
        assert_eq!(Fields(&[0xff; 11]).next(), Some(Err(BrokenMessage)));
    }
}
