//! Which operations a network computes with.

/// The operations behind a network. Both give the same numbers, to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Burn's own, on any device.
    Stock,
    /// Those of the crate `fused`.
    #[cfg(feature = "fused")]
    Fused,
}

impl Engine {
    /// The fused operations where they were built in.
    pub const fn of_this_build() -> Self {
        #[cfg(feature = "fused")]
        return Self::Fused;
        #[cfg(not(feature = "fused"))]
        Self::Stock
    }
}
