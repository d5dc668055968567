//! The loss of a classifier.

use cubecl::{client::Client, prelude::*};

use crate::buffer::{Buffer, one_unit_each};

/// What [`cross_entropy`] gives.
#[derive(Debug)]
pub struct CrossEntropy {
    /// Sum of the losses (in nats), then the number of rows whose largest logit is the label's: `[2]`.
    pub sums: Buffer,
    /// Gradient of the sum of the losses: `[rows, classes]`.
    pub gradient: Buffer,
}

/// Units of the one cube that adds everything up.
const UNITS: usize = 256;

/// Cross-entropy of softmax: `logits` is `[rows, classes]`, `labels` one class to a row, or none of them, and
/// `label_smoothing` as for [`kernels::cross_entropy`].
///
/// # Panics
/// Where there are no rows, or they are not of one length.
pub fn cross_entropy(
    client: &Client,
    logits: &Buffer,
    labels: &Buffer,
    label_smoothing: f32,
) -> CrossEntropy {
    let rows = labels.length;
    assert!(logits.length.is_multiple_of(rows), "logits");
    let gradient = Buffer::empty(client, logits.length);
    let sums = Buffer::empty(client, 2);
    // SAFETY: rows and classes are those of the lengths asserted above.
    unsafe {
        loss::launch_unchecked(
            client,
            CubeCount::Static(1, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            logits.argument(),
            labels.argument(),
            gradient.argument(),
            sums.argument(),
            rows,
            label_smoothing,
            logits.length / rows,
        );
    }
    CrossEntropy { sums, gradient }
}

/// Values times `share` and the first of `factor`.
pub fn scaled(client: &Client, values: &Buffer, factor: &Buffer, share: f32) -> Buffer {
    let output = Buffer::empty(client, values.length);
    let (cubes, cube) = one_unit_each(values.length);
    // SAFETY: every index is guarded by the length of the buffers themselves.
    unsafe {
        scale::launch_unchecked(
            client,
            cubes,
            cube,
            values.argument(),
            factor.argument(),
            output.argument(),
            values.length,
            share,
        );
    }
    output
}

#[cube(launch_unchecked)]
fn loss(
    logits: &[f32],
    labels: &[u32],
    gradient: &mut [f32],
    sums: &mut [f32],
    rows: usize,
    label_smoothing: f32,
    #[comptime] classes: usize,
) {
    let mut losses = Shared::<[f32]>::new_slice(UNITS);
    let mut rights = Shared::<[f32]>::new_slice(UNITS);
    let unit = UNIT_POS as usize;
    let mut own_loss = 0.0f32;
    let mut own_right = 0.0f32;
    let mut row = unit;
    while row < rows {
        let first = row * classes;
        let label = labels[row] as usize;
        let is_class = label < classes;
        let even = comptime!(1.0 / classes as f32);
        // What the target gives to every class, and to the label beside.
        let to_all = select(is_class, label_smoothing * even, even);
        let to_label = select(is_class, 1.0 - label_smoothing, 0.0);
        let mut largest = logits[first];
        let mut answer = 0usize;
        for class in 1..classes {
            let logit = logits[first + class];
            if logit > largest {
                largest = logit;
                answer = class;
            }
        }
        let mut total = 0.0f32;
        for class in 0..classes {
            total += (logits[first + class] - largest).exp();
        }
        let mut expected_logit = 0.0f32;
        for class in 0..classes {
            let target = to_all + to_label * f32::cast_from(class == label);
            gradient[first + class] = (logits[first + class] - largest).exp() / total - target;
            expected_logit += logits[first + class] * target;
        }
        own_loss += largest + total.ln() - expected_logit;
        own_right += f32::cast_from(select(is_class, answer == label, total >= 2.0));
        row += UNITS;
    }
    losses[unit] = own_loss;
    rights[unit] = own_right;
    sync_cube();
    if unit == 0 {
        let mut loss = 0.0f32;
        let mut right = 0.0f32;
        for unit in 0..UNITS {
            loss += losses[unit];
            right += rights[unit];
        }
        sums[0] = loss;
        sums[1] = right;
    }
}

#[cube(launch_unchecked)]
fn scale(values: &[f32], factor: &[f32], output: &mut [f32], length: usize, share: f32) {
    let place = ABSOLUTE_POS;
    if place < length {
        output[place] = values[place] * factor[0] * share;
    }
}
