//! The version handshake.
//!
//! A worker first posts a [`Hello`] of fixed layout: four letters and a fingerprint. The page ignores everything from
//! a worker until it has seen its own fingerprint.

/// The SHA-256 of the sources that define the messages; page and worker must agree on it.
pub const FINGERPRINT: [u8; 32] = include!(concat!(env!("OUT_DIR"), "/fingerprint"));

const LETTERS: [u8; 4] = *b"INKL";

/// A worker's first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The worker's [`FINGERPRINT`].
    pub fingerprint: [u8; 32],
}

/// A worker that must be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// The first message is not a greeting.
    #[error("the worker did not say hello")]
    NotHello,
    /// A worker of another build of this page.
    #[error("the worker is of another version of this page")]
    OtherBuild,
}

impl Hello {
    /// This build's greeting.
    pub const OURS: Self = Self { fingerprint: FINGERPRINT };

    /// The bytes of the greeting. Their layout is the same in every version.
    pub fn to_bytes(self) -> Vec<u8> {
        [LETTERS.as_slice(), &self.fingerprint].concat()
    }

    /// Checks a worker's first message.
    ///
    /// # Errors
    /// [`HelloError`] if it is not the greeting of this build.
    pub fn check(bytes: &[u8]) -> Result<(), HelloError> {
        match bytes.strip_prefix(&LETTERS) {
            None => Err(HelloError::NotHello),
            Some(fingerprint) if fingerprint == FINGERPRINT => Ok(()),
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
    fn only_the_same_build_is_accepted() {
        let mut bytes = Hello::OURS.to_bytes();
        assert_eq!(Hello::check(&bytes), Ok(()));
        bytes[5] ^= 1;
        assert_eq!(Hello::check(&bytes), Err(HelloError::OtherBuild));
        assert_eq!(Hello::check(&bytes[..11]), Err(HelloError::OtherBuild));
        assert_eq!(Hello::check(b"HELO"), Err(HelloError::NotHello));
        assert_eq!(Hello::check(&[]), Err(HelloError::NotHello));
    }
}
