//! A run on several threads: a team over channels.

use std::{sync::Arc, thread};

use burn::tensor::Device;
use dataset::Split;
use pollster::block_on;
use recipe::TrainRecipe;
use training::{Event, Pace, Run, RunError, Team, channels};
use weights::Weights;

/// A run whose steps are shared with so many threads, this one among them; they end with it.
///
/// # Errors
/// [`RunError`] where the recipe is out of range or there is nothing to train on.
pub(crate) fn begin(
    recipe: TrainRecipe,
    from: &Weights,
    split: &Arc<Split>,
    threads: usize,
) -> Result<Run, RunError> {
    let begin = move |from: &Weights, split| {
        Run::from_weights(recipe, from, split, &Device::flex(), Pace::cpu(from.architecture()))
    };
    let mut run = begin(from, Arc::clone(split))?;
    if threads > 1 {
        for (rank, channels) in channels(threads).into_iter().enumerate() {
            let team = move || Team::new(rank, threads, Box::new(channels));
            if rank == 0 {
                run.join(team());
                continue;
            }
            let (from, split) = (from.clone(), Arc::clone(split));
            // What goes wrong here is heard by the others as a channel that has ended.
            thread::spawn(move || -> Result<(), RunError> {
                let mut run = begin(&from, split)?;
                run.join(team());
                while block_on(run.advance())? != Event::Finished {}
                Ok(())
            });
        }
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataset::built_in_split;
    use recipe::Architecture;

    fn trained(threads: usize) -> Weights {
        let recipe =
            TrainRecipe { architecture: Architecture::Mlp, batch_size: 20, ..TrainRecipe::default() };
        let from = Weights::initial(recipe.architecture, 1);
        let mut run = begin(recipe, &from, &Arc::new(built_in_split(200, 1)), threads).unwrap();
        while block_on(run.advance()).unwrap() != Event::Finished {}
        block_on(run.weights()).unwrap()
    }

    /// To rounding the same whatever their number, to the bit for the same.
    #[test]
    fn threads_share_the_steps_of_one() {
        let (one, three) = (trained(1), trained(3));
        assert!(three == trained(3));
        let apart = one.values().iter().zip(three.values()).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-2);
    }
}
