//! What is known of a data set that the person keeps: workers write it, the page lists it.

use protocol::data::DataSummary;

use crate::{DATA_SETS, Fields, Record, StorageError};

/// A kept data set, without its images.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptDataSet {
    id: String,
    saved_ms: f64,
    /// What it holds.
    pub summary: DataSummary,
    /// Whether it was brought, and the person has not said yet that it is to be kept.
    pub is_offered: bool,
}

impl KeptDataSet {
    /// One that is stored now, under its hash.
    pub fn new(summary: DataSummary, is_offered: bool) -> Self {
        Self { id: summary.hash.to_string(), saved_ms: js_sys::Date::now(), summary, is_offered }
    }
}

impl Record for KeptDataSet {
    const STORE: &'static str = DATA_SETS;

    fn id(&self) -> &str {
        &self.id
    }

    fn saved_ms(&self) -> f64 {
        self.saved_ms
    }

    fn to_fields(&self) -> Result<Fields, StorageError> {
        let fields = Fields::new().with("savedMs", self.saved_ms)?.with_json("summary", &self.summary)?;
        fields.with("isOffered", self.is_offered)
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        Some(Self {
            id: fields.text("id")?,
            saved_ms: fields.number("savedMs")?,
            summary: fields.json("summary")?,
            // Older versions kept at once.
            is_offered: fields.flag("isOffered").unwrap_or_default(),
        })
    }
}
