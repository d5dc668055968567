//! Personalization: learning one person's handwriting without forgetting the rest.
//!
//! A trained network goes on learning for a second or two from a person's drawings and, in every batch, from images that it
//! knew before: rehearsal, the oldest remedy for forgetting. A. Robins, "Catastrophic forgetting, rehearsal and
//! pseudorehearsal", Connection Science 7 (1995).

use dataset::{LabelledImages, epoch_order, not_digits};
use model_spec::NetworkSpec;
use train_config::{Augmentation, Schedule, TrainConfig};

/// Images that fine-tuning takes: 60 steps.
const TUNING_IMAGES: usize = 3_840;
/// Of these the share that is the person's own.
const OWN_SHARE: f64 = 0.25;
/// Of these the images of no digit, so that doubt is not forgotten.
const NOT_DIGITS: usize = 300;

/// What to learn from: the person's drawings, each many times, among images that are known; the same for the same seed.
pub fn personalization_images(own: &LabelledImages, known: &LabelledImages, seed: u64) -> LabelledImages {
    let mut images = LabelledImages::default();
    if own.is_empty() {
        return images;
    }
    let mut take = |from: &LabelledImages, count: usize| {
        let order = epoch_order(from.len(), seed, 0);
        for &index in order.iter().cycle().take(count) {
            let index = index as usize;
            images.pixels.extend_from_slice(from.image(index));
            images.labels.push(from.labels[index]);
        }
    };
    let own_images = (OWN_SHARE * TUNING_IMAGES as f64) as usize;
    take(own, own_images);
    if !known.is_empty() {
        take(known, TUNING_IMAGES - own_images - NOT_DIGITS);
    }
    images.append(&not_digits(NOT_DIGITS, seed));
    images
}

/// How to learn it: few small steps, each drawing bent and turned anew every time it comes by.
pub fn personalization_config(network: NetworkSpec, seed: u64) -> TrainConfig {
    TrainConfig {
        learning_rate: 4e-4,
        schedule: Schedule::OneCycle,
        seed,
        augmentation: OWN_HAND,
        ..TrainConfig::new(network)
    }
}

/// About as much as a person's digits differ from each other.
const OWN_HAND: Augmentation = Augmentation {
    share: 0.7,
    rotation_degrees: 8.0,
    shear: 0.12,
    stretch: 0.1,
    bend_px: 0.5,
    stroke_width_px: 0.8,
    size_px: 0.5,
    shift_px: 0.5,
    ..Augmentation::NONE
};

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use dataset::built_in_digits;
    use model_spec::NOT_A_DIGIT;

    use super::*;

    #[test]
    fn own_drawings_known_digits_and_what_is_no_digit_come_together() {
        let own = built_in_digits(20, 9);
        let images = personalization_images(&own, &built_in_digits(500, 1), 1);
        assert_eq!(images.len(), TUNING_IMAGES);
        let own_images = (0..images.len())
            .filter(|&index| (0..own.len()).any(|other| own.image(other) == images.image(index)))
            .count();
        assert_eq!(own_images, 960);
        assert!(images.labels[TUNING_IMAGES - NOT_DIGITS..].iter().all(|&label| label == NOT_A_DIGIT));
        assert!(personalization_images(&LabelledImages::default(), &own, 1).is_empty());
    }
}
