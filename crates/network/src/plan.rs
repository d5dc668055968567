//! From layers to operations.

use core::{fmt, ops::Range};

use model_spec::{LayerSpec, NetworkSpec, TensorKind};

use crate::{
    ops::{
        Activate, AvgPool, BatchNorm, Conv, Dense, Dropout, Flatten, GlobalAvgPool, LayerNorm, MaxPool, Op,
        Relayout,
    },
    value::Layout,
};

/// Which layers become one operation, and who computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// None: every layer is one of Burn's own operations, on any device.
    None,
    /// The operations of the crate `fused` on a CPU.
    #[cfg(feature = "cpu")]
    Cpu,
    /// Those on a GPU, and Burn's own where there is no kernel of ours.
    #[cfg(feature = "gpu")]
    Gpu,
}

impl Fusion {
    /// The one that this build was made for.
    pub const fn of_this_build() -> Self {
        #[cfg(feature = "cpu")]
        return Self::Cpu;
        #[cfg(all(feature = "gpu", not(feature = "cpu")))]
        return Self::Gpu;
        #[cfg(not(any(feature = "cpu", feature = "gpu")))]
        Self::None
    }

    /// Whether every layer has an operation of ours: on a CPU alone.
    fn is_whole(self) -> bool {
        match self {
            #[cfg(feature = "cpu")]
            Self::Cpu => true,
            _ => false,
        }
    }

    /// Whether a convolution with ReLU is one operation.
    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only a GPU's kernels have limits"))]
    fn takes_conv_relu(self, conv: &Conv) -> bool {
        match self {
            Self::None => false,
            #[cfg(feature = "cpu")]
            Self::Cpu => true,
            #[cfg(feature = "gpu")]
            Self::Gpu => conv.suits_gpu(),
        }
    }
}

/// The operations of a network, in their order.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) steps: Vec<Step>,
    /// Whether the first operation adds the offset of the preprocessing itself, so that paper may be 0.
    pub(crate) takes_offset: bool,
}

/// One operation and the layers that it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) op: Op,
    pub(crate) layers: Range<usize>,
    pub(crate) is_fused: bool,
}

impl Plan {
    /// Lowers a network: the longest pattern first, then single operations, and a change of layout wherever two operations
    /// disagree.
    pub fn lower(network: &NetworkSpec, fusion: Fusion) -> Self {
        let lowering = Lowering { network, fusion, slots: slots(network) };
        let mut plan = Self { steps: Vec::new(), takes_offset: false };
        let (mut position, mut layout) = (0, None);
        while position < network.layers().len() {
            let (op, count, is_fused) = lowering.next(position);
            // The images have one channel: whatever the first operation wants, they have it.
            if let (Some(wanted), Some(has)) = (op.wants(is_fused), layout)
                && wanted != has
            {
                let relayout = Op::Relayout(Relayout { to: wanted });
                plan.steps.push(Step {
                    op: relayout,
                    layers: position..position,
                    is_fused: fusion.is_whole(),
                });
                layout = Some(wanted);
            }
            layout = op.gives(is_fused).or(layout);
            plan.steps.push(Step { op, layers: position..position + count, is_fused });
            position += count;
        }
        plan.takes_offset = fusion.is_whole() && plan.marks_offset();
        plan
    }

    /// Marks the first operation with weights as the one that adds the offset, where it can: a convolution without padding, or
    /// a dense layer.
    fn marks_offset(&mut self) -> bool {
        for step in &mut self.steps {
            match &mut step.op {
                Op::Flatten(_) | Op::Relayout(_) => {}
                Op::Conv(conv) if conv.has_no_padding() => {
                    conv.adds_offset = true;
                    return true;
                }
                Op::Dense(dense) => {
                    dense.adds_offset = true;
                    return true;
                }
                _ => return false,
            }
        }
        false
    }
}

/// A line for every operation, for people and for tests.
impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { op, layers, is_fused } in &self.steps {
            let by = if *is_fused { "fused" } else { "stock" };
            match layers.len() {
                0 => writeln!(formatter, "      {op}, {by}")?,
                1 => writeln!(formatter, "{:>4}  {op}, {by}", layers.end)?,
                _ => writeln!(formatter, "{:>2}-{:<2} {op}, {by}", layers.start + 1, layers.end)?,
            }
        }
        Ok(())
    }
}

/// Places of a layer's tensors among the network's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    /// Among the learned tensors: weight, then bias, where the layer has them.
    pub(crate) parameters: Vec<usize>,
    /// Among the buffers.
    pub(crate) buffers: Vec<usize>,
}

fn slots(network: &NetworkSpec) -> Vec<Slots> {
    let (mut parameters, mut buffers) = (0, 0);
    let own = |layer: usize| {
        let mut slots = Slots::default();
        for tensor in network.layer_tensors(layer) {
            let (list, next) = match tensor.kind {
                TensorKind::Parameter => (&mut slots.parameters, &mut parameters),
                TensorKind::Buffer => (&mut slots.buffers, &mut buffers),
            };
            list.push(*next);
            *next += 1;
        }
        slots
    };
    (0..network.layers().len()).map(own).collect()
}

struct Lowering<'a> {
    network: &'a NetworkSpec,
    fusion: Fusion,
    slots: Vec<Slots>,
}

impl Lowering<'_> {
    /// The operation that begins at this layer, how many layers it stands for, and whether it is ours.
    fn next(&self, position: usize) -> (Op, usize, bool) {
        let rest = &self.network.layers()[position..];
        let input = self.network.shapes()[position];
        let slots = &self.slots[position];
        let whole = self.fusion.is_whole();
        let pools_by_two = |layer: Option<&LayerSpec>| matches!(layer, Some(LayerSpec::MaxPool2d(pool)) if (pool.kernel_size, pool.stride()) == (2, 2));
        match &rest[0] {
            LayerSpec::Conv2d(spec) => {
                let mut conv = Conv::new(spec, input, slots);
                if rest.get(1) != Some(&LayerSpec::Relu) || !self.fusion.takes_conv_relu(&conv) {
                    return (Op::Conv(conv), 1, whole);
                }
                conv.relu = true;
                if pools_by_two(rest.get(2)) {
                    conv.pool = Some(layout_for(&rest[3..]));
                    return (Op::Conv(conv), 3, true);
                }
                (Op::Conv(conv), 2, true)
            }
            LayerSpec::Dense(spec) => {
                let relu = self.fusion != Fusion::None && rest.get(1) == Some(&LayerSpec::Relu);
                let dense = Dense::new(spec, input, slots, relu);
                (Op::Dense(dense), if relu { 2 } else { 1 }, self.fusion != Fusion::None)
            }
            LayerSpec::MaxPool2d(pool) => (Op::MaxPool(MaxPool::new(pool)), 1, whole),
            LayerSpec::AvgPool2d(pool) => (Op::AvgPool(AvgPool::new(pool)), 1, whole),
            LayerSpec::GlobalAvgPool => (Op::GlobalAvgPool(GlobalAvgPool), 1, whole),
            LayerSpec::Flatten => (Op::Flatten(Flatten { features: input.size() }), 1, whole),
            LayerSpec::BatchNorm(spec) => (Op::BatchNorm(BatchNorm::new(spec, slots)), 1, whole),
            LayerSpec::LayerNorm(spec) => (Op::LayerNorm(LayerNorm::new(spec, slots)), 1, whole),
            LayerSpec::Dropout(spec) => {
                let dropout = Dropout {
                    probability: spec.probability,
                    position,
                    order: layout_for(&rest[1..]),
                    size: input.size(),
                };
                (Op::Dropout(dropout), 1, self.fusion != Fusion::None)
            }
            activation => (Op::Activate(Activate::new(activation)), 1, whole),
        }
    }
}

/// The layout in which maps are read next: channels last for windows and channels, channels first to become a vector.
///
/// It depends on the layers alone. Dropout counts its values in this order, so that it drops the same ones whoever computes.
fn layout_for(rest: &[LayerSpec]) -> Layout {
    for layer in rest {
        match layer {
            LayerSpec::Conv2d(_)
            | LayerSpec::MaxPool2d(_)
            | LayerSpec::AvgPool2d(_)
            | LayerSpec::GlobalAvgPool
            | LayerSpec::BatchNorm(_) => return Layout::ChannelsLast,
            LayerSpec::Flatten | LayerSpec::Dense(_) | LayerSpec::LayerNorm(_) => {
                return Layout::ChannelsFirst;
            }
            _ => {}
        }
    }
    Layout::ChannelsFirst
}
