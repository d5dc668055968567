//! Fused operations against Burn's own: named networks, random ones, and the plans of both.

mod compare;
mod plans;
mod random_specs;
