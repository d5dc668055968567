//! The order in which an epoch sees the images.

use rand::seq::SliceRandom as _;
use rand_pcg::Pcg32;

/// A permutation of `0..count` that depends on the seed and on the epoch alone.
pub fn epoch_order(count: usize, seed: u64, epoch: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.shuffle(&mut Pcg32::new(seed, u64::from(epoch)));
    order
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_image_is_seen_once_in_an_order_of_its_own() {
        let order = epoch_order(100, 7, 0);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(order, epoch_order(100, 7, 0));
        assert_ne!(order, epoch_order(100, 7, 1));
        assert_ne!(order, epoch_order(100, 8, 0));
    }
}
