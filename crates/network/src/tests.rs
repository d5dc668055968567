//! Fused operations against Burn's own: named networks, random ones, and the plans of both.

mod compare;
#[cfg(target_arch = "wasm32")]
mod memory;
mod plans;
mod random_specs;
