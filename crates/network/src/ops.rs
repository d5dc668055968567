//! One file for each operation: Burn's own way to compute it, and ours where there is one.

mod activate;
mod avg_pool;
mod batch_norm;
mod conv;
mod dense;
mod dropout;
mod flatten;
mod global_avg_pool;
mod layer_norm;
mod max_pool;
mod relayout;

use core::fmt;

pub(crate) use activate::Activate;
pub(crate) use avg_pool::AvgPool;
pub(crate) use batch_norm::BatchNorm;
pub(crate) use conv::Conv;
pub(crate) use dense::Dense;
pub(crate) use dropout::Dropout;
pub(crate) use flatten::Flatten;
pub(crate) use global_avg_pool::GlobalAvgPool;
pub(crate) use layer_norm::LayerNorm;
pub(crate) use max_pool::MaxPool;
pub(crate) use relayout::Relayout;

use crate::{
    forward::Pass,
    value::{Layout, Value},
};

/// An operation of a plan.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Conv(Conv),
    Dense(Dense),
    MaxPool(MaxPool),
    AvgPool(AvgPool),
    GlobalAvgPool(GlobalAvgPool),
    Flatten(Flatten),
    BatchNorm(BatchNorm),
    LayerNorm(LayerNorm),
    Dropout(Dropout),
    Activate(Activate),
    Relayout(Relayout),
}

impl Op {
    /// The layout that maps must have; `None` where any will do.
    pub(crate) fn wants(&self, is_fused: bool) -> Option<Layout> {
        match self {
            Self::Conv(_) | Self::MaxPool(_) | Self::AvgPool(_) | Self::GlobalAvgPool(_) => {
                Some(windows(is_fused))
            }
            Self::BatchNorm(_) => Some(Layout::ChannelsLast),
            Self::Flatten(_) | Self::LayerNorm(_) => Some(Layout::ChannelsFirst),
            Self::Dense(_) | Self::Dropout(_) | Self::Activate(_) | Self::Relayout(_) => None,
        }
    }

    /// The layout that maps have afterwards; `None` where it is that of before.
    pub(crate) fn gives(&self, is_fused: bool) -> Option<Layout> {
        match self {
            Self::Conv(Conv { pool: Some(layout), .. }) => Some(*layout),
            other => other.wants(is_fused),
        }
    }

    /// Computes it.
    pub(crate) fn run(&self, value: Value, pass: &mut Pass<'_>, is_fused: bool) -> Value {
        #[cfg(feature = "fused")]
        if is_fused {
            return match self {
                Self::Conv(op) => op.fused(value, pass),
                Self::Dense(op) => op.fused(value, pass),
                Self::Dropout(op) => op.run(value, pass, true),
                Self::Flatten(op) => op.run(value),
                #[cfg(feature = "cpu")]
                other => other.run_on_cpu(value, pass),
                #[cfg(not(feature = "cpu"))]
                other => unreachable!("a plan for a GPU leaves {other} to Burn"),
            };
        }
        debug_assert!(!is_fused, "a plan for fused operations needs them in the build");
        match self {
            Self::Conv(op) => op.stock(value, pass),
            Self::Dense(op) => op.stock(value, pass),
            Self::MaxPool(op) => op.stock(value),
            Self::AvgPool(op) => op.stock(value),
            Self::GlobalAvgPool(op) => op.stock(value),
            Self::Flatten(op) => op.run(value),
            Self::BatchNorm(op) => op.run(value, pass, BatchNorm::stock),
            Self::LayerNorm(op) => op.run(value, pass, LayerNorm::stock),
            Self::Dropout(op) => op.run(value, pass, false),
            Self::Activate(op) => op.stock(value),
            Self::Relayout(op) => op.stock(value),
        }
    }

    /// Those of ours that there are on a CPU alone.
    #[cfg(feature = "cpu")]
    fn run_on_cpu(&self, value: Value, pass: &mut Pass<'_>) -> Value {
        match self {
            Self::MaxPool(op) => op.fused(value),
            Self::AvgPool(op) => op.fused(value),
            Self::GlobalAvgPool(op) => op.fused(value),
            Self::BatchNorm(op) => op.run(value, pass, BatchNorm::fused),
            Self::LayerNorm(op) => op.run(value, pass, LayerNorm::fused),
            Self::Activate(op) => op.fused(value),
            Self::Relayout(op) => op.fused(value),
            Self::Conv(_) | Self::Dense(_) | Self::Dropout(_) | Self::Flatten(_) => {
                unreachable!("{self} runs on a GPU too")
            }
        }
    }
}

/// The layout of operations over windows: ours have channels last, Burn's first.
const fn windows(is_fused: bool) -> Layout {
    if is_fused { Layout::ChannelsLast } else { Layout::ChannelsFirst }
}

impl fmt::Display for Op {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |layout: &Layout| match layout {
            Layout::ChannelsFirst => "channels first",
            Layout::ChannelsLast => "channels last",
        };
        match self {
            Self::Conv(conv) => {
                formatter.write_str("conv")?;
                if conv.relu {
                    formatter.write_str("+relu")?;
                }
                if let Some(layout) = &conv.pool {
                    write!(formatter, "+max_pool to {}", name(layout))?;
                }
                formatter.write_str(if conv.adds_offset { ", adds offset" } else { "" })
            }
            Self::Dense(dense) => {
                formatter.write_str(if dense.relu { "dense+relu" } else { "dense" })?;
                formatter.write_str(if dense.adds_offset { ", adds offset" } else { "" })
            }
            Self::MaxPool(_) => formatter.write_str("max_pool"),
            Self::AvgPool(_) => formatter.write_str("avg_pool"),
            Self::GlobalAvgPool(_) => formatter.write_str("global_avg_pool"),
            Self::Flatten(_) => formatter.write_str("flatten"),
            Self::BatchNorm(_) => formatter.write_str("batch_norm"),
            Self::LayerNorm(_) => formatter.write_str("layer_norm"),
            Self::Dropout(dropout) => write!(formatter, "dropout, counted {}", name(&dropout.order)),
            Self::Activate(activate) => write!(formatter, "{activate}"),
            Self::Relayout(relayout) => write!(formatter, "relayout to {}", name(&relayout.to)),
        }
    }
}
