//! Shapes of what flows between two layers.

use serde::{Deserialize, Serialize};

use crate::SIDE;

/// Shape of the images that a network reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageShape {
    /// Grey images have one.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Default for ImageShape {
    fn default() -> Self {
        Self { channels: 1, height: SIDE, width: SIDE }
    }
}

/// Shape of an activation, without the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Feature maps of `side` x `side` pixels.
    Maps {
        /// Number of maps.
        channels: usize,
        /// Rows, and columns, of each.
        side: usize,
    },
    /// A vector of this many values.
    Features(usize),
}

impl Shape {
    /// Number of values.
    pub const fn size(self) -> usize {
        match self {
            Self::Maps { channels, side } => channels * side * side,
            Self::Features(features) => features,
        }
    }

    /// Number of channels of maps, or of values of a vector.
    pub const fn channels(self) -> usize {
        match self {
            Self::Maps { channels, .. } => channels,
            Self::Features(features) => features,
        }
    }
}

impl core::fmt::Display for Shape {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Maps { channels, side } => write!(formatter, "{channels} x {side} x {side}"),
            Self::Features(features) => write!(formatter, "{features}"),
        }
    }
}
