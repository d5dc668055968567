//! Telling the person something.

use browser_storage::StorageError;

use crate::{lab::Lab, state::notifications::Action};

impl Lab {
    /// Tells the user something.
    pub(crate) fn notify(self, text: String, action: Option<Action>) {
        if action.is_some() {
            self.notifications.push(text, false, action);
        } else {
            self.notifications.confirm(text);
        }
    }

    /// Tells the user what stays until it has been read.
    pub(crate) fn inform(self, text: String) {
        self.notifications.push(text, false, None);
    }

    /// Tells the user that something went wrong.
    pub(crate) fn report_trouble(self, text: String) {
        self.notifications.push(text, true, None);
    }

    pub(crate) fn report_error<T>(self, result: Result<T, StorageError>) -> Option<T> {
        result.map_err(|error| self.report_trouble(error.to_string())).ok()
    }
}
