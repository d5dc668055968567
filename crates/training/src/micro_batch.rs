//! How much work one call does.

use model_spec::NetworkSpec;

/// Sizes of the pieces that a run is cut into. They change how often the caller gets to act, and nothing else but the order in
/// which gradients are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MicroBatch {
    /// Images to a forward and backward pass at most; a larger batch takes several passes.
    pub train_images: usize,
    /// Images to a forward pass without training at most.
    pub test_images: usize,
    /// Steps between two readbacks of the loss. Reading makes a GPU's queue run dry, so there it is done rarely.
    pub readback_steps: u32,
    /// Whether the training images stay on the device; one built without GPUs keeps none.
    pub keeps_images: bool,
}

impl MicroBatch {
    /// Pieces of some 20 ms on a CPU: a worker answers between them.
    pub fn cpu(network: &NetworkSpec) -> Self {
        let train_images = network.cpu_micro_batch();
        Self { train_images, test_images: 2 * train_images, readback_steps: 1, keeps_images: false }
    }

    /// Whole batches on a GPU, of one shape, with a readback every fourth step: it bounds the work in flight.
    pub const fn gpu() -> Self {
        Self { train_images: usize::MAX, test_images: 250, readback_steps: 4, keeps_images: true }
    }
}
