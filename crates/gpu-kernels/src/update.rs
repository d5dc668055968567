//! An optimizer's step over all parameters in few launches.

use core::cmp::Reverse;

use cubecl::{client::Client, prelude::*};
use kernels::{UpdateKind, UpdateRule};

use crate::buffer::{Buffer, one_unit_each};

/// Changes parameters and their moments along the gradients, in place.
///
/// `moments` holds, for each parameter in order, as many lists of its length as the rule keeps; it is left alone where that is none.
///
/// A launch takes as many parameters as the device lets it bind memory: two on the least that WebGPU asks for.
///
/// # Panics
/// Where a length does not fit the others.
pub fn update(
    client: &Client,
    rule: UpdateRule,
    parameters: &[Buffer],
    gradients: &[Buffer],
    moments: &Buffer,
) {
    let lengths = |buffers: &[Buffer]| buffers.iter().map(|buffer| buffer.length).collect::<Vec<_>>();
    assert_eq!(lengths(parameters), lengths(gradients), "a gradient for each value");
    let total: usize = lengths(parameters).iter().sum();
    let kept = total * rule.moment_count();
    assert!(kept == 0 || moments.length == kept, "the rule's moments");

    let mut first_moment = 0;
    let mut all: Vec<_> = parameters
        .iter()
        .zip(gradients)
        .map(|(values, gradient)| {
            let own = (values, gradient, first_moment);
            first_moment += values.length * rule.moment_count();
            own
        })
        .collect();
    // Those of like lengths together: a launch has as many units as its longest parameter has values.
    all.sort_by_key(|(values, ..)| Reverse(values.length));
    for group in all.chunks(parameters_per_launch(client)) {
        launch(client, rule, group, moments);
    }
}

/// Two buffers for each parameter, beside the moments and the launch's own numbers.
fn parameters_per_launch(client: &Client) -> usize {
    let bindings = client.properties().hardware.max_bindings as usize;
    (bindings.saturating_sub(2) / 2).max(1)
}

/// Values, gradient, and the place of the first moment.
fn launch(client: &Client, rule: UpdateRule, group: &[(&Buffer, &Buffer, usize)], moments: &Buffer) {
    let longest = group.iter().map(|(values, ..)| values.length).max().unwrap_or(0);
    let (count, dim) = one_unit_each(longest);
    let mut parameters = SequenceArg::new();
    for (values, gradient, first_moment) in group {
        parameters.push(ParameterLaunch::new(
            values.argument(),
            gradient.argument(),
            values.length,
            *first_moment,
        ));
    }
    let kept = moments.argument();
    let decay = DecayLaunch::new(rule.l2, rule.keep, rule.gradient_scale);
    // SAFETY: every index is below a length that the caller compared.
    unsafe {
        match rule.kind {
            UpdateKind::Sgd { learning_rate, .. } if rule.moment_count() == 0 => {
                plain_sgd::launch_unchecked(client, count, dim, parameters, decay, learning_rate);
            }
            UpdateKind::Sgd { learning_rate, momentum, nesterov } => {
                sgd::launch_unchecked(
                    client,
                    count,
                    dim,
                    parameters,
                    kept,
                    decay,
                    learning_rate,
                    momentum,
                    nesterov,
                );
            }
            UpdateKind::RmsProp { learning_rate, alpha, epsilon, momentum } => {
                rms_prop::launch_unchecked(
                    client,
                    count,
                    dim,
                    parameters,
                    kept,
                    decay,
                    learning_rate,
                    alpha,
                    epsilon,
                    momentum,
                    rule.moment_count() == 2,
                );
            }
            UpdateKind::Adam { scale, beta_1, beta_2, epsilon } => {
                adam::launch_unchecked(
                    client, count, dim, parameters, kept, decay, scale, beta_1, beta_2, epsilon,
                );
            }
        }
    }
}

#[derive(CubeType, CubeLaunch)]
struct Parameter {
    values: Box<[f32]>,
    gradient: Box<[f32]>,
    length: usize,
    first_moment: usize,
}

/// What every optimizer does to gradients and parameters beside its own step.
#[derive(CubeType, CubeLaunch)]
struct Decay {
    l2: f32,
    keep: f32,
    gradient_scale: f32,
}

/// The gradient that counts.
#[cube]
fn slope(value: f32, gradient: f32, decay: &Decay) -> f32 {
    gradient * decay.gradient_scale + value * decay.l2
}

/// The parameter before its step.
#[cube]
fn decayed(value: f32, decay: &Decay) -> f32 {
    value * decay.keep
}

#[cube(launch_unchecked)]
fn plain_sgd(parameters: &mut Sequence<Parameter>, decay: &Decay, learning_rate: f32) {
    let place = ABSOLUTE_POS;
    #[unroll]
    for index in 0..parameters.len() {
        let parameter = parameters.index_mut(index);
        if place < parameter.length {
            let step = slope(parameter.values[place], parameter.gradient[place], decay) * learning_rate;
            parameter.values[place] = decayed(parameter.values[place], decay) - step;
        }
    }
}

#[cube(launch_unchecked)]
fn sgd(
    parameters: &mut Sequence<Parameter>,
    moments: &mut [f32],
    decay: &Decay,
    learning_rate: f32,
    momentum: f32,
    #[comptime] nesterov: bool,
) {
    let place = ABSOLUTE_POS;
    #[unroll]
    for index in 0..parameters.len() {
        let parameter = parameters.index_mut(index);
        if place < parameter.length {
            let at = parameter.first_moment + place;
            let slope = slope(parameter.values[place], parameter.gradient[place], decay);
            let velocity = moments[at] * momentum + slope;
            moments[at] = velocity;
            let mut step = velocity;
            if comptime!(nesterov) {
                step = slope + velocity * momentum;
            }
            parameter.values[place] = decayed(parameter.values[place], decay) - step * learning_rate;
        }
    }
}

#[cube(launch_unchecked)]
fn rms_prop(
    parameters: &mut Sequence<Parameter>,
    moments: &mut [f32],
    decay: &Decay,
    learning_rate: f32,
    alpha: f32,
    epsilon: f32,
    momentum: f32,
    #[comptime] has_velocity: bool,
) {
    let place = ABSOLUTE_POS;
    #[unroll]
    for index in 0..parameters.len() {
        let parameter = parameters.index_mut(index);
        if place < parameter.length {
            let at = parameter.first_moment + place;
            let slope = slope(parameter.values[place], parameter.gradient[place], decay);
            let square = moments[at] * alpha + slope * slope * (1.0 - alpha);
            moments[at] = square;
            let mut step = slope / (square.sqrt() + epsilon);
            if comptime!(has_velocity) {
                let at_velocity = at + parameter.length;
                step += moments[at_velocity] * momentum;
                moments[at_velocity] = step;
            }
            parameter.values[place] = decayed(parameter.values[place], decay) - step * learning_rate;
        }
    }
}

#[cube(launch_unchecked)]
fn adam(
    parameters: &mut Sequence<Parameter>,
    moments: &mut [f32],
    decay: &Decay,
    scale: f32,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
) {
    let place = ABSOLUTE_POS;
    #[unroll]
    for index in 0..parameters.len() {
        let parameter = parameters.index_mut(index);
        if place < parameter.length {
            let at_mean = parameter.first_moment + place;
            let at_square = at_mean + parameter.length;
            let slope = slope(parameter.values[place], parameter.gradient[place], decay);
            let mean = moments[at_mean] * beta_1 + slope * (1.0 - beta_1);
            let square = moments[at_square] * beta_2 + slope * slope * (1.0 - beta_2);
            moments[at_mean] = mean;
            moments[at_square] = square;
            parameter.values[place] =
                decayed(parameter.values[place], decay) - mean * scale / (square.sqrt() + epsilon);
        }
    }
}
