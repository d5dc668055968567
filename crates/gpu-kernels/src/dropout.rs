//! Dropout with the masks of `kernels`.

use cubecl::{client::Client, prelude::*};
use kernels::DropoutMask;

use crate::buffer::{Buffer, one_unit_each};

/// Values times the mask.
pub fn dropout(client: &Client, values: &Buffer, mask: &DropoutMask) -> Buffer {
    let output = Buffer::empty(client, values.length);
    let (cubes, cube) = one_unit_each((values.length + mask.skipped % 4).div_ceil(4));
    // SAFETY: every index is guarded by the lengths of the buffers themselves.
    unsafe {
        drop_some::launch_unchecked(
            client,
            cubes,
            cube,
            values.argument(),
            output.argument(),
            mask.first_state() as u32,
            (mask.first_state() >> 32) as u32,
            mask.skipped % 4,
            values.length,
            mask.threshold(),
            mask.factor(),
        );
    }
    output
}

/// A number of 64 bits in two halves: WGSL has none.
#[derive(CubeType, Clone, Copy)]
struct Wide {
    low: u32,
    high: u32,
}

#[cube]
fn times(value: Wide, #[comptime] factor: u64) -> Wide {
    let low = comptime!(factor as u32);
    let high = comptime!((factor >> 32) as u32);
    Wide { low: value.low * low, high: u32::mul_hi(value.low, low) + value.low * high + value.high * low }
}

/// `value ^ (value >> bits)`.
#[cube]
fn fold(value: Wide, #[comptime] bits: u32) -> Wide {
    Wide {
        low: value.low ^ ((value.low >> bits) | (value.high << comptime!(32 - bits))),
        high: value.high ^ (value.high >> bits),
    }
}

/// One unit to each word of the generator, which serves four values.
#[cube(launch_unchecked)]
fn drop_some(
    values: &[f32],
    output: &mut [f32],
    state_low: u32,
    state_high: u32,
    skipped: usize,
    length: usize,
    threshold: u32,
    factor: f32,
) {
    let number = ABSOLUTE_POS;
    let step = times(Wide { low: number as u32 + 1, high: 0 }, kernels::GOLDEN);
    let low = state_low + step.low;
    let carry = u32::cast_from(low < step.low);
    let state = Wide { low, high: state_high + step.high + carry };
    let word = times(fold(state, 30u32), kernels::MIX_1);
    let word = times(fold(word, 27u32), kernels::MIX_2);
    let word = fold(word, 31u32);
    #[unroll]
    for place in 0..4usize {
        let half = if comptime!(place < 2) { word.low } else { word.high };
        let bits = (half >> comptime!(16 * (place as u32 % 2))) & 0xffff;
        // What was skipped wraps round to a huge number.
        let at = number * 4 + place - skipped;
        if at < length {
            let kept = values[at] * factor;
            output[at] = select(bits < threshold, 0.0f32, kept);
        }
    }
}
