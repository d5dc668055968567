//! A run on several threads: a data-parallel group over channels.

use std::{sync::Arc, thread};

use burn::tensor::Device;
use dataset::Dataset;
use pollster::block_on;
use train_config::TrainConfig;
use training::{Checkpoint, Event, Group, MicroBatch, Run, RunError, channels};
use weights::Weights;

/// Where a run begins.
#[derive(Clone)]
pub(crate) enum Start {
    /// From weights.
    Weights(Box<TrainConfig>, Weights),
    /// From where another one was.
    Checkpoint(Box<Checkpoint>),
}

impl Start {
    fn begin(&self, dataset: Arc<Dataset>) -> Result<Run, RunError> {
        let device = Device::flex();
        match self {
            Self::Weights(config, from) => {
                let micro_batch = MicroBatch::cpu(from.network());
                Run::from_weights((**config).clone(), from, dataset, &device, micro_batch)
            }
            Self::Checkpoint(checkpoint) => {
                let micro_batch = MicroBatch::cpu(&checkpoint.progress.config.network);
                Run::resume(checkpoint, dataset, &device, micro_batch)
            }
        }
    }
}

/// A run whose steps are shared with so many threads, this one among them; they end with it.
///
/// # Errors
/// [`RunError`] where the configuration is out of range or does not fit the images.
pub(crate) fn begin(start: &Start, dataset: &Arc<Dataset>, threads: usize) -> Result<Run, RunError> {
    let mut run = start.begin(Arc::clone(dataset))?;
    if threads > 1 {
        for (rank, channels) in channels(threads).into_iter().enumerate() {
            let group = move || Group::new(rank, threads, Box::new(channels));
            if rank == 0 {
                run.join(group());
                continue;
            }
            let (start, dataset) = (start.clone(), Arc::clone(dataset));
            // What goes wrong here reaches the others as a channel that has ended.
            thread::spawn(move || -> Result<(), RunError> {
                let mut run = start.begin(dataset)?;
                run.join(group());
                while !matches!(block_on(run.advance())?, Event::Finished(_)) {}
                Ok(())
            });
        }
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataset::built_in_dataset;
    use model_spec::named_network;

    fn trained(threads: usize) -> Weights {
        let config = TrainConfig {
            network: named_network("mlp").unwrap().spec(),
            batch_size: 20,
            ..TrainConfig::default()
        };
        let from = Weights::initial(&config.network, 1);
        let start = Start::Weights(Box::new(config), from);
        let mut run = begin(&start, &Arc::new(built_in_dataset(200, 1)), threads).unwrap();
        while !matches!(block_on(run.advance()).unwrap(), Event::Finished(_)) {}
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
