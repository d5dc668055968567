//! A batch from images that stay on the device.

use cubecl::{client::Client, prelude::*};

use crate::buffer::{Buffer, one_unit_each};

/// Pixels whose grey levels share a word.
const TO_A_WORD: usize = 4;

/// Images as values 0 to 1, `[count, pixels]`, and their labels, `[count]`.
///
/// `levels` holds the grey levels (0 to 255) of all images, four to a word, `labels` their classes, `order` the number
/// of the image at each place; the batch begins at the place `start`.
///
/// # Panics
/// Where there are no images, an image is not a whole number of words, or the batch goes beyond the order.
pub fn gather(
    client: &Client,
    levels: &Buffer,
    labels: &Buffer,
    order: &Buffer,
    start: usize,
    count: usize,
) -> (Buffer, Buffer) {
    assert!(levels.length.is_multiple_of(labels.length), "levels");
    assert!(start + count <= order.length, "order");
    let words = levels.length / labels.length;
    let pixels = words * TO_A_WORD;
    let (images, classes) = (Buffer::empty(client, count * pixels), Buffer::empty(client, count));
    let (cubes, cube) = one_unit_each(count * words);
    // SAFETY: places are below the lengths asserted above, images below the number of labels.
    unsafe {
        take::launch_unchecked(
            client,
            cubes,
            cube,
            levels.argument(),
            labels.argument(),
            order.argument(),
            images.argument(),
            classes.argument(),
            start,
            count,
            labels.length,
            words,
        );
    }
    (images, classes)
}

#[cube(launch_unchecked)]
fn take(
    levels: &[u32],
    labels: &[u32],
    order: &[u32],
    images: &mut [f32],
    classes: &mut [u32],
    start: usize,
    count: usize,
    all: usize,
    #[comptime] words: usize,
) {
    let place = ABSOLUTE_POS;
    let row = place / words;
    if row < count {
        let image = min(order[start + row] as usize, all - 1);
        let word = levels[image * words + place % words];
        #[unroll]
        for byte in 0..TO_A_WORD {
            let level = (word >> comptime!(8 * byte as u32)) & 0xff;
            images[place * TO_A_WORD + byte] = f32::cast_from(level) * comptime!(1.0f32 / 255.0);
        }
        if place.is_multiple_of(words) {
            classes[row] = labels[image];
        }
    }
}
