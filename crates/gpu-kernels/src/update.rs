//! An optimizer's step over all parameters in few launches.

use core::cmp::Reverse;

use cubecl::{client::Client, prelude::*};
use kernels::UpdateRule;

use crate::buffer::{Buffer, one_unit_each};

/// Changes parameters and their moments along the gradients, in place.
///
/// `moments` holds, for each parameter in order, as many lists of its length as the rule keeps.
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
    assert_eq!(moments.length, total * rule.moment_count(), "the rule's moments");

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
    let moments = moments.argument();
    // SAFETY: every index is below a length that the caller compared.
    unsafe {
        match rule {
            UpdateRule::Sgd { learning_rate, momentum, keep } => {
                sgd::launch_unchecked(client, count, dim, parameters, moments, learning_rate, momentum, keep);
            }
            UpdateRule::RmsProp { learning_rate, alpha, epsilon, keep } => {
                rms_prop::launch_unchecked(
                    client,
                    count,
                    dim,
                    parameters,
                    moments,
                    learning_rate,
                    alpha,
                    epsilon,
                    keep,
                );
            }
            UpdateRule::Adam { scale, beta_1, beta_2, epsilon, keep } => {
                adam::launch_unchecked(
                    client, count, dim, parameters, moments, scale, beta_1, beta_2, epsilon, keep,
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

#[cube(launch_unchecked)]
fn sgd(
    parameters: &mut Sequence<Parameter>,
    moments: &mut [f32],
    learning_rate: f32,
    momentum: f32,
    keep: f32,
) {
    let place = ABSOLUTE_POS;
    #[unroll]
    for index in 0..parameters.len() {
        let parameter = parameters.index_mut(index);
        if place < parameter.length {
            let at = parameter.first_moment + place;
            let velocity = moments[at] * momentum + parameter.gradient[place];
            moments[at] = velocity;
            parameter.values[place] = parameter.values[place] * keep - velocity * learning_rate;
        }
    }
}

#[cube(launch_unchecked)]
fn rms_prop(
    parameters: &mut Sequence<Parameter>,
    moments: &mut [f32],
    learning_rate: f32,
    alpha: f32,
    epsilon: f32,
    keep: f32,
) {
    let place = ABSOLUTE_POS;
    #[unroll]
    for index in 0..parameters.len() {
        let parameter = parameters.index_mut(index);
        if place < parameter.length {
            let at = parameter.first_moment + place;
            let slope = parameter.gradient[place];
            let square = moments[at] * alpha + slope * slope * (1.0 - alpha);
            moments[at] = square;
            parameter.values[place] =
                parameter.values[place] * keep - slope * learning_rate / (square.sqrt() + epsilon);
        }
    }
}

#[cube(launch_unchecked)]
fn adam(
    parameters: &mut Sequence<Parameter>,
    moments: &mut [f32],
    scale: f32,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    keep: f32,
) {
    let place = ABSOLUTE_POS;
    #[unroll]
    for index in 0..parameters.len() {
        let parameter = parameters.index_mut(index);
        if place < parameter.length {
            let at_mean = parameter.first_moment + place;
            let at_square = at_mean + parameter.length;
            let slope = parameter.gradient[place];
            let mean = moments[at_mean] * beta_1 + slope * (1.0 - beta_1);
            let square = moments[at_square] * beta_2 + slope * slope * (1.0 - beta_2);
            moments[at_mean] = mean;
            moments[at_square] = square;
            parameter.values[place] =
                parameter.values[place] * keep - mean * scale / (square.sqrt() + epsilon);
        }
    }
}
