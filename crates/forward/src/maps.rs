//! Layers that slide a window over maps. Maps lie channel by channel, row by row.

use model_spec::{
    Shape,
    layers::{Conv2d, Pool2d},
};

/// Side of square maps.
const fn side(shape: Shape) -> usize {
    match shape {
        Shape::Maps { side, .. } => side,
        Shape::Features(_) => 1,
    }
}

/// A convolution: whole rows at a time, so that the compiler finds vectors in them.
pub(crate) fn conv(conv: &Conv2d, input: Shape, tensors: &[&[f32]], values: &[f32]) -> Vec<f32> {
    let [weight, rest @ ..] = tensors else { return Vec::new() };
    let (inputs, side, kernel, stride) = (input.channels(), side(input), conv.kernel_size, conv.stride);
    let (before, behind) = conv.pads(side);
    let padded = before + side + behind;
    let framed = framed(values, side, before, padded);
    let out = (padded - kernel) / stride + 1;
    let mut outputs = vec![0.0; conv.out_channels * out * out];
    for (channel, map) in outputs.chunks_exact_mut(out * out).enumerate() {
        if let [bias] = rest {
            map.fill(bias[channel]);
        }
        let kernels = &weight[channel * inputs * kernel * kernel..][..inputs * kernel * kernel];
        for (place, &weight) in kernels.iter().enumerate() {
            let (from, ky, kx) = (place / (kernel * kernel), place / kernel % kernel, place % kernel);
            for (y, row) in map.chunks_exact_mut(out).enumerate() {
                let begin = (from * padded + y * stride + ky) * padded + kx;
                let own = &framed[begin..=begin + (out - 1) * stride];
                if stride == 1 {
                    row.iter_mut().zip(own).for_each(|(sum, value)| *sum += weight * value);
                } else {
                    row.iter_mut()
                        .zip(own.iter().step_by(stride))
                        .for_each(|(sum, value)| *sum += weight * value);
                }
            }
        }
    }
    outputs
}

/// Maps with zeros around them.
fn framed(values: &[f32], side: usize, before: usize, padded: usize) -> Vec<f32> {
    if padded == side {
        return values.to_vec();
    }
    let maps = values.len() / (side * side);
    let mut framed = vec![0.0; maps * padded * padded];
    for (index, row) in values.chunks_exact(side).enumerate() {
        let (map, y) = (index / side, index % side);
        framed[(map * padded + y + before) * padded + before..][..side].copy_from_slice(row);
    }
    framed
}

/// What `of` makes of the values of each window.
pub(crate) fn pool(
    pool: &Pool2d,
    input: Shape,
    values: &[f32],
    of: impl Fn(&mut dyn Iterator<Item = f32>) -> f32,
) -> Vec<f32> {
    let (side, window, stride) = (side(input), pool.kernel_size, pool.stride());
    let out = (side - window) / stride + 1;
    let mut outputs = Vec::with_capacity(input.channels() * out * out);
    for map in values.chunks_exact(side * side) {
        for (y, x) in (0..out).flat_map(|y| (0..out).map(move |x| (y, x))) {
            let row = |dy: usize| map[(y * stride + dy) * side + x * stride..][..window].iter().copied();
            outputs.push(of(&mut (0..window).flat_map(row)));
        }
    }
    outputs
}
