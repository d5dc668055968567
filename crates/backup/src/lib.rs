//! Everything that a person keeps, as one file.
//!
//! The file is a magic, a version, the length of a readable index, the index as JSON, the bytes that it refers to, and a checksum
//! over all of it. A file that is damaged anywhere is refused as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 8] = b"INKLINGB";
const VERSION: u32 = 1;

/// A value of a stored object.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, JSON among it.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// An object of a store, by the names of its fields.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    /// The store that holds it.
    pub store: String,
    /// Its id within the store.
    pub id: String,
    /// Everything else.
    pub fields: BTreeMap<String, Value>,
}

/// Everything that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backup {
    /// What the stores hold.
    pub objects: Vec<StoredObject>,
    /// Preferences by their keys.
    pub preferences: BTreeMap<String, String>,
}

/// A file that is no backup, or not a whole one; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum BackupError {
    #[error("This is not an Inkling backup. Choose a file made with \"Back up everything\".")]
    NoBackup,
    #[error("This backup was made by a newer version of Inkling. Reload the page to get it, then try again.")]
    Version,
    #[error("This backup is damaged or cut off. Nothing was restored.")]
    Damaged,
}

#[derive(Serialize, Deserialize)]
struct Index {
    objects: Vec<IndexObject>,
    preferences: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct IndexObject {
    store: String,
    id: String,
    fields: BTreeMap<String, IndexValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IndexValue {
    Text(String),
    Number(f64),
    Flag(bool),
    /// That many, after those of the values before it.
    Bytes(u64),
}

impl Backup {
    /// The file.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] where a number cannot be written as JSON; none that is kept cannot.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BackupError> {
        let mut content = Vec::new();
        let objects = self.objects.iter().map(|object| {
            let fields = object.fields.iter().map(|(name, value)| {
                let value = match value {
                    Value::Text(text) => IndexValue::Text(text.clone()),
                    Value::Number(number) => IndexValue::Number(*number),
                    Value::Flag(flag) => IndexValue::Flag(*flag),
                    Value::Bytes(bytes) => {
                        content.extend_from_slice(bytes);
                        IndexValue::Bytes(bytes.len() as u64)
                    }
                };
                (name.clone(), value)
            });
            IndexObject { store: object.store.clone(), id: object.id.clone(), fields: fields.collect() }
        });
        let index = Index { objects: objects.collect(), preferences: self.preferences.clone() };
        let index = serde_json::to_vec(&index).map_err(|_| BackupError::Damaged)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((index.len() as u64).to_le_bytes());
        bytes.extend(index);
        bytes.extend(content);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`BackupError`] where it is something else, of a newer version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BackupError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BackupError::NoBackup)?;
        let (version, _) = rest.split_first_chunk().ok_or(BackupError::Damaged)?;
        if u32::from_le_bytes(*version) > VERSION {
            return Err(BackupError::Version);
        }
        let (whole, own_sum) = bytes.split_last_chunk().ok_or(BackupError::Damaged)?;
        if u32::from_le_bytes(*own_sum) != crc32fast::hash(whole) {
            return Err(BackupError::Damaged);
        }
        let rest = whole.get(MAGIC.len() + 4..).ok_or(BackupError::Damaged)?;
        let (length, rest) = rest.split_first_chunk().ok_or(BackupError::Damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| BackupError::Damaged)?;
        let (index, mut content) = rest.split_at_checked(length).ok_or(BackupError::Damaged)?;
        let index: Index = serde_json::from_slice(index).map_err(|_| BackupError::Damaged)?;
        let mut take = |length: u64| {
            let length = usize::try_from(length).ok()?;
            let (own, rest) = content.split_at_checked(length)?;
            content = rest;
            Some(own.to_vec())
        };
        let mut objects = Vec::with_capacity(index.objects.len());
        for IndexObject { store, id, fields } in index.objects {
            let mut read = BTreeMap::new();
            for (name, value) in fields {
                let value = match value {
                    IndexValue::Text(text) => Value::Text(text),
                    IndexValue::Number(number) => Value::Number(number),
                    IndexValue::Flag(flag) => Value::Flag(flag),
                    IndexValue::Bytes(length) => Value::Bytes(take(length).ok_or(BackupError::Damaged)?),
                };
                read.insert(name, value);
            }
            objects.push(StoredObject { store, id, fields: read });
        }
        if content.is_empty() {
            Ok(Self { objects, preferences: index.preferences })
        } else {
            Err(BackupError::Damaged)
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn backup() -> Backup {
        let object = |store: &str, id: &str, length: usize| StoredObject {
            store: store.into(),
            id: id.into(),
            fields: BTreeMap::from([
                ("name".to_owned(), Value::Text("a \"name\"".into())),
                ("savedMs".to_owned(), Value::Number(1.5e12)),
                ("isHeldBack".to_owned(), Value::Flag(true)),
                ("file".to_owned(), Value::Bytes((0..length).map(|byte| byte as u8).collect())),
            ]),
        };
        Backup {
            objects: vec![object("models", "1", 300), object("runs", "2/3", 0), object("models", "4", 7)],
            preferences: BTreeMap::from([("inkling.pen".to_owned(), "0.1".to_owned())]),
        }
    }

    #[test]
    fn a_backup_comes_back_as_it_went() {
        for backup in [backup(), Backup::default()] {
            assert_eq!(Backup::from_bytes(&backup.to_bytes().unwrap()), Ok(backup));
        }
    }

    #[test]
    fn damage_anywhere_is_seen() {
        let whole = backup().to_bytes().unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            assert!(Backup::from_bytes(&damaged).is_err(), "byte {place}");
            assert!(Backup::from_bytes(&whole[..place]).is_err(), "cut off at {place}");
        }
        assert_eq!(Backup::from_bytes(b"PK\x03\x04"), Err(BackupError::NoBackup));
        let mut newer = whole.clone();
        newer[8] = 9;
        assert_eq!(Backup::from_bytes(&newer), Err(BackupError::Version));
        let longer = [&whole[..], &[0]].concat();
        assert_eq!(Backup::from_bytes(&longer), Err(BackupError::Damaged));
    }
}
