//! Numbers that are too small to matter, and slow.
//!
//! A sum or product below 1.2e-38 ("subnormal") costs a processor a hundred cycles instead of one, and WebAssembly cannot have
//! it round them to zero. They come by themselves: the gradient of an image that a network is sure of, a moment that decays
//! where a pixel is no longer lit. Without this a step of the study's network takes three times as long after two thousand steps.

/// What is smaller, of gradients for the parameters and for logits, is taken for zero: seven orders below the `epsilon` of Adam, and
/// its square is still far from subnormal.
pub(crate) const NEGLIGIBLE: f32 = 1e-15;

/// The value, or zero where it is smaller than `limit` either way. What is not a number stays so.
#[inline(always)]
pub(crate) fn or_zero(value: f32, limit: f32) -> f32 {
    if value.abs() < limit { 0.0 } else { value }
}
