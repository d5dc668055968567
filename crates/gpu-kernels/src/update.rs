//! An optimizer's step in one pass over a parameter.

use cubecl::{client::Client, prelude::*};
use kernels::UpdateRule;

use crate::buffer::{Buffer, one_unit_each};

/// Changes values and their moments along a gradient, in place; all are of one length.
///
/// # Panics
/// Where the number of moments is not [`UpdateRule::moment_count`], or a length differs.
pub fn update(client: &Client, rule: UpdateRule, values: &Buffer, gradient: &Buffer, moments: &[Buffer]) {
    let same = |other: &Buffer| other.length == values.length;
    assert!(same(gradient) && moments.iter().all(same), "lengths");
    let (count, dim) = one_unit_each(values.length);
    let (length, values, gradient) = (values.length, values.argument(), gradient.argument());
    // SAFETY: every index is below the one length, asserted above.
    unsafe {
        match (rule, moments) {
            (UpdateRule::Sgd { learning_rate, momentum }, [velocity]) => {
                let velocity = velocity.argument();
                sgd::launch_unchecked(
                    client,
                    count,
                    dim,
                    values,
                    gradient,
                    velocity,
                    length,
                    learning_rate,
                    momentum,
                );
            }
            (UpdateRule::RmsProp { learning_rate, alpha, epsilon }, [squares]) => {
                let squares = squares.argument();
                rms_prop::launch_unchecked(
                    client,
                    count,
                    dim,
                    values,
                    gradient,
                    squares,
                    length,
                    learning_rate,
                    alpha,
                    epsilon,
                );
            }
            (UpdateRule::Adam { scale, beta_1, beta_2, epsilon }, [mean, squares]) => {
                let (mean, squares) = (mean.argument(), squares.argument());
                adam::launch_unchecked(
                    client, count, dim, values, gradient, mean, squares, length, scale, beta_1, beta_2,
                    epsilon,
                );
            }
            (rule, moments) => panic!("{rule:?} does not keep {} moments", moments.len()),
        }
    }
}

#[cube(launch_unchecked)]
fn sgd(
    values: &mut [f32],
    gradient: &[f32],
    velocities: &mut [f32],
    length: usize,
    learning_rate: f32,
    momentum: f32,
) {
    let place = ABSOLUTE_POS;
    if place < length {
        let velocity = velocities[place] * momentum + gradient[place];
        velocities[place] = velocity;
        values[place] -= velocity * learning_rate;
    }
}

#[cube(launch_unchecked)]
fn rms_prop(
    values: &mut [f32],
    gradient: &[f32],
    squares: &mut [f32],
    length: usize,
    learning_rate: f32,
    alpha: f32,
    epsilon: f32,
) {
    let place = ABSOLUTE_POS;
    if place < length {
        let slope = gradient[place];
        let square = squares[place] * alpha + slope * slope * (1.0 - alpha);
        squares[place] = square;
        values[place] -= slope * learning_rate / (square.sqrt() + epsilon);
    }
}

#[cube(launch_unchecked)]
fn adam(
    values: &mut [f32],
    gradient: &[f32],
    means: &mut [f32],
    squares: &mut [f32],
    length: usize,
    scale: f32,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
) {
    let place = ABSOLUTE_POS;
    if place < length {
        let slope = gradient[place];
        let mean = means[place] * beta_1 + slope * (1.0 - beta_1);
        let square = squares[place] * beta_2 + slope * slope * (1.0 - beta_2);
        means[place] = mean;
        squares[place] = square;
        values[place] -= mean * scale / (square.sqrt() + epsilon);
    }
}
