//! The version handshake.
//!
//! A worker's first words are a [`Hello`] of fixed layout: four letters and a fingerprint. The page listens to nothing
//! else from a worker before it has seen its own fingerprint.

/// Fingerprint of the sources that define the messages; page and worker must agree on it.
pub const FINGERPRINT: u64 = include!(concat!(env!("OUT_DIR"), "/fingerprint"));

const LETTERS: [u8; 4] = *b"INKL";

/// A worker's first words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The worker's [`FINGERPRINT`].
    pub fingerprint: u64,
}

/// A worker that must not be listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// Not a greeting at all.
    #[error("the worker did not say hello")]
    NotHello,
    /// A worker of another build of this page.
    #[error("the worker is of another version of this page")]
    OtherBuild,
}

impl Hello {
    /// The greeting of this build.
    pub const OURS: Self = Self { fingerprint: FINGERPRINT };

    /// The bytes of a greeting, the same in every version.
    pub fn to_bytes(self) -> Vec<u8> {
        [LETTERS.as_slice(), &self.fingerprint.to_le_bytes()].concat()
    }

    /// Checks a worker's first words.
    ///
    /// # Errors
    /// [`HelloError`] where they are not the greeting of this build.
    pub fn check(bytes: &[u8]) -> Result<(), HelloError> {
        let fingerprint =
            bytes.strip_prefix(&LETTERS).and_then(|rest| rest.try_into().ok()).map(u64::from_le_bytes);
        match fingerprint {
            None => Err(HelloError::NotHello),
            Some(FINGERPRINT) => Ok(()),
            Some(_) => Err(HelloError::OtherBuild),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn only_the_own_build_is_listened_to() {
        let mut bytes = Hello::OURS.to_bytes();
        assert_eq!(Hello::check(&bytes), Ok(()));
        bytes[5] ^= 1;
        assert_eq!(Hello::check(&bytes), Err(HelloError::OtherBuild));
        assert_eq!(Hello::check(&bytes[..11]), Err(HelloError::NotHello));
        assert_eq!(Hello::check(b"HELO"), Err(HelloError::NotHello));
        assert_eq!(Hello::check(&[]), Err(HelloError::NotHello));
    }
}
