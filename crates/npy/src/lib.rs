//! NumPy's `.npy` files, taken apart: what their header says, and their values as bytes.
//!
//! Format: "numpy.lib.format", versions 1 to 3: a magic word, a header as a Python literal, the values. The header is read as text and
//! never run.

/// What a file of an array begins with.
pub const MAGIC: &[u8] = b"\x93NUMPY";

/// An array as its file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array<'a> {
    /// The type of its values, such as `<f4`; none where they are records.
    pub kind: Option<String>,
    /// Whether the first index runs fastest, as in Fortran.
    pub is_turned: bool,
    /// Its sides, the outermost first.
    pub sizes: Vec<u64>,
    /// Its values.
    pub bytes: &'a [u8],
}

/// A header that cannot be read; the text says why, for the person who gave the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum HeaderError {
    #[error("it is no array of NumPy's")]
    NoArray,
    #[error("its header is cut off")]
    CutOff,
    #[error("its header has no shape")]
    NoShape,
    #[error("the sizes in its header are no numbers")]
    Sizes,
}

/// Takes a file apart.
///
/// # Errors
/// [`HeaderError`] says what is wrong with its header. Whether the values are as many as the shape says is not looked at.
pub fn array(bytes: &[u8]) -> Result<Array<'_>, HeaderError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(HeaderError::NoArray)?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or(HeaderError::CutOff)?;
    let (length, rest) = if version[0] == 1 {
        let (word, rest) = rest.split_first_chunk::<2>().ok_or(HeaderError::CutOff)?;
        (usize::from(u16::from_le_bytes(*word)), rest)
    } else {
        let (word, rest) = rest.split_first_chunk::<4>().ok_or(HeaderError::CutOff)?;
        (u32::from_le_bytes(*word) as usize, rest)
    };
    let (header, bytes) = rest.split_at_checked(length).ok_or(HeaderError::CutOff)?;
    let header = String::from_utf8_lossy(header);
    let field = |name: &str| header.split_once(&format!("'{name}':")).map(|(_, rest)| rest.trim_start());
    let kind = field("descr").and_then(|text| text.strip_prefix('\'')?.split('\'').next()).map(str::to_owned);
    let is_turned = field("fortran_order").is_some_and(|text| text.starts_with("True"));
    let shape = field("shape").and_then(|text| text.strip_prefix('(')?.split(')').next());
    let sizes = shape.ok_or(HeaderError::NoShape)?.split(',').map(str::trim).filter(|size| !size.is_empty());
    let sizes = sizes.map(str::parse).collect::<Result<_, _>>().map_err(|_| HeaderError::Sizes)?;
    Ok(Array { kind, is_turned, sizes, bytes })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn file(header: &str) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [MAGIC, &[1, 0], &length, header.as_bytes(), &[7; 6]].concat()
    }

    #[test]
    fn a_header_says_type_order_and_shape() {
        let file = file("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }");
        let found = array(&file).unwrap();
        assert_eq!((found.kind.as_deref(), found.is_turned), (Some("<f4"), true));
        assert_eq!((found.sizes, found.bytes), (vec![3, 2], &[7; 6][..]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (bytes, error) in [
            (b"PK".to_vec(), HeaderError::NoArray),
            (MAGIC.to_vec(), HeaderError::CutOff),
            ([MAGIC, &[2, 0, 255, 255, 255, 255]].concat(), HeaderError::CutOff),
            (file("{'descr': '<f4'}"), HeaderError::NoShape),
            (file("{'descr': '<f4', 'shape': (a,)}"), HeaderError::Sizes),
        ] {
            assert_eq!(array(&bytes), Err(error));
        }
    }
}
