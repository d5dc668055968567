//! A network while a person builds it: it may be impossible for a while, and every edit can be undone.
//!
//! [`NetworkEditor`] holds the draft, [`Edit`] is what a person does to it. [`rows`] says what each layer makes,
//! [`problem`] what is wrong and which edits mend it, [`settings`] which numbers of a layer can be changed.

mod editor;
mod mend;
mod rows;
mod settings;

pub use editor::{Edit, NetworkEditor};
pub use mend::{Mend, Problem, problem};
pub use rows::{Row, rows};
pub use settings::{LAYER_KINDS, LayerKind, Setting, SettingValue, settings, with_setting};
