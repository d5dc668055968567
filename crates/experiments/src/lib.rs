//! Experiments as plain state: runs that are kept, their curves, repeats over seeds, sweeps, the queue in which they wait, and
//! links to them. No browser, no clock, no chance: whoever uses it says what time it is and gives a seed.

mod axis;
mod coordinates;
mod curve;
mod group;
mod link;
mod listing;
mod names;
mod queue;
mod record;
mod sweep;
mod table;
mod values;

pub use axis::sweep_settings;
pub use coordinates::Coordinate;
pub use curve::{Curve, CurvePoint};
pub use group::{GroupSummary, alike_but_for_the_seed};
pub use link::{LinkError, Shared, decode, encode};
pub use listing::{Listing, ListingQuery, Row, SortKey, filtered};
pub use names::memorable_name;
pub use queue::{Queue, QueueItem};
pub use record::{EpochRecord, RunGroup, RunRecord, RunStatus, SavedStep};
pub use sweep::{SweepAxis, SweepError, SweepKind, SweepSpec, Trial};
pub use table::{Column, differing_columns};
pub use values::parse_values;
