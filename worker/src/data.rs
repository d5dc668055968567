//! Images for a job, kept until another job needs others.

use std::sync::Arc;

use dataset::{Split, built_in_split, mnist, split_from_files};
use protocol::DataSource;
use recipe::DataChoice;

use crate::scope;

#[derive(Default)]
pub(crate) struct Data {
    /// The last split and what it was made from; user's files are always read anew.
    kept: Option<(DataSource, Arc<Split>)>,
}

impl Data {
    /// Makes the split that the source describes; the error is for people.
    pub(crate) async fn split(
        &mut self,
        source: &DataSource,
        files: Vec<Vec<u8>>,
    ) -> Result<Arc<Split>, String> {
        if let Some((kept, split)) = &self.kept
            && kept == source
            && source.choice != DataChoice::Files
        {
            return Ok(Arc::clone(split));
        }
        let split = match source.choice {
            DataChoice::Mnist => {
                let mut files = Vec::new();
                for file in mnist::FILES {
                    let bytes = scope::fetch(&format!("{}{}", source.mnist_url, file.name)).await?;
                    files.push((file.name.to_owned(), bytes));
                }
                mnist::split(&files).map_err(|error| error.to_string())?
            }
            // The seed of the data is fixed: the run's own seed sets weights and order, so that two seeds can be compared.
            DataChoice::BuiltIn { train_images } => built_in_split(train_images as usize, 1),
            DataChoice::Files => {
                let named: Vec<_> = source.file_names.iter().cloned().zip(files).collect();
                split_from_files(&named).map_err(|error| error.to_string())?
            }
        };
        let split = Arc::new(split.holding_back());
        self.kept = Some((source.clone(), Arc::clone(&split)));
        Ok(split)
    }
}
