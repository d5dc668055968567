//! A network from tensors alone.
//!
//! Tensors tell the layers that learn, not what lies between them. So every way to put them together that fits is offered, the usual
//! ones first; which one is right shows on digits that are known.

use model_spec::{
    LayerSpec, NAMED_NETWORKS, NamedNetwork, NetworkSpec, SIDE, Shape, TensorSpec, layers::LeakyRelu,
    with_classes,
};
use weights::{Reading, Weights};

use crate::{
    Candidate, ModelError, NamedTensor,
    blocks::{Block, blocks},
    stack::{Stack, same_pads},
};

/// Most readings of one file.
const MAX_CANDIDATES: usize = 24;
/// Values of all readings together: each has the weights anew.
const MAX_CANDIDATE_VALUES: usize = 8 << 20;
/// Steps of the search for an order in which sizes fit each other.
const MAX_ORDER_STEPS: usize = 10_000;

/// Every network that these tensors fit, the likeliest first.
///
/// # Errors
/// [`ModelError`] says what does not fit, beside the nearest that would.
pub(crate) fn candidates(
    format: &'static str,
    tensors: Vec<NamedTensor>,
) -> Result<Vec<Candidate>, ModelError> {
    if let Some(known) = by_name(&tensors)? {
        return Ok(vec![known]);
    }
    let blocks: Vec<(String, Block)> = blocks(format, tensors)?;
    if blocks.is_empty() {
        return Err(ModelError::NotAModel(format!("a {format} without any layer")));
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut failed = None;
    for layout in [Layout::PyTorch, Layout::ChannelsLast, Layout::Keras] {
        let Some(ordered) = ordered(&blocks, layout) else { continue };
        for plan in plans(&ordered) {
            let values: usize = candidates.iter().map(|known| known.reading.weights.values().len()).sum();
            if candidates.len() == MAX_CANDIDATES || values > MAX_CANDIDATE_VALUES {
                break;
            }
            match plan.build(format, &ordered, layout) {
                Ok(candidate)
                    if candidates.iter().any(|known| known.reading.weights == candidate.reading.weights) => {}
                Ok(candidate) => candidates.push(candidate),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
    }
    if candidates.is_empty() {
        return Err(nearest(&blocks).or(failed).unwrap_or_else(|| {
            ModelError::NoFit("the sizes of its layers do not follow from one another in any order".into())
        }));
    }
    Ok(candidates)
}

/// A network of the catalog whose tensors have these names and shapes.
fn by_name(tensors: &[NamedTensor]) -> Result<Option<Candidate>, ModelError> {
    let find = |wanted: &TensorSpec| {
        tensors.iter().find(|tensor| tensor.name == wanted.name && tensor.shape == wanted.shape)
    };
    let own: Vec<_> = tensors.iter().filter(|tensor| !tensor.name.ends_with("num_batches_tracked")).collect();
    // The last dense layer tells the number of classes.
    let classes =
        own.iter().rfind(|tensor| tensor.shape.len() == 2).map_or(10, |tensor| tensor.shape[0] as u32);
    let fits = |network: &NetworkSpec| {
        network.tensors().count() == own.len() && network.tensors().all(|wanted| find(wanted).is_some())
    };
    let networks = NAMED_NETWORKS
        .iter()
        .map(NamedNetwork::spec)
        .filter_map(|spec| with_classes(&spec.draft(), classes).check().ok());
    let Some(network) = networks.into_iter().find(fits) else { return Ok(None) };
    let values =
        network.tensors().filter_map(find).flat_map(|tensor| tensor.values.iter().copied()).collect();
    let assumes = network.title();
    let weights = Weights::from_values(network, values)
        .ok_or_else(|| ModelError::NoFit("its tensors have another number of values".into()))?;
    crate::finite(&weights)?;
    let reading = Reading { weights, preprocessing: None, is_unusual: false };
    Ok(Some(Candidate { reading, class_names: Vec::new(), assumes }))
}

/// How a file lays out what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Out, in, kernel, kernel; maps become a vector channel by channel.
    PyTorch,
    /// The same, but maps become a vector pixel by pixel.
    ChannelsLast,
    /// Kernel, kernel, in, out; in, out; pixel by pixel. As in Keras and TensorFlow.
    Keras,
}

impl Layout {
    fn turned(self, block: &Block) -> Block {
        match (self, block) {
            (Self::Keras, Block::Conv(weight, bias)) => {
                Block::Conv(weight.permuted(&[3, 2, 0, 1]), bias.clone())
            }
            (Self::Keras, Block::Dense(weight, bias)) => Block::Dense(weight.permuted(&[1, 0]), bias.clone()),
            _ => block.clone(),
        }
    }
}

/// Blocks in an order in which each takes what the one before gives: that of the file where it fits, else the first that does.
fn ordered(blocks: &[(String, Block)], layout: Layout) -> Option<Vec<Block>> {
    let turned: Vec<Block> = blocks.iter().map(|(_, block)| layout.turned(block)).collect();
    let mut by_name: Vec<usize> = (0..blocks.len()).collect();
    by_name.sort_by_key(|&index| natural(&blocks[index].0));
    let in_file: Vec<usize> = (0..blocks.len()).collect();
    for order in [&in_file, &by_name] {
        let mut at = Place::Start;
        if order.iter().all(|&index| at.take(&turned[index])) {
            return Some(order.iter().map(|&index| turned[index].clone()).collect());
        }
    }
    let (mut order, mut steps) = (Vec::new(), 0);
    search(&turned, &by_name, Place::Start, &mut order, &mut steps)
        .then(|| order.into_iter().map(|index| turned[index].clone()).collect())
}

fn search(blocks: &[Block], by_name: &[usize], at: Place, order: &mut Vec<usize>, steps: &mut usize) -> bool {
    if order.len() == blocks.len() {
        return true;
    }
    // A norm belongs to the layer before it: two in a row are tried last.
    let is_norm = |index: usize| matches!(blocks[index], Block::BatchNorm(..) | Block::LayerNorm(_));
    let after_norm = order.last().is_some_and(|&last| is_norm(last));
    let (first, last): (Vec<usize>, Vec<usize>) =
        by_name.iter().copied().partition(|&index| !(after_norm && is_norm(index)));
    for index in first.into_iter().chain(last) {
        *steps += 1;
        if *steps > MAX_ORDER_STEPS {
            return false;
        }
        let mut next = at;
        if !order.contains(&index) && next.take(&blocks[index]) {
            order.push(index);
            if search(blocks, by_name, next, order, steps) {
                return true;
            }
            order.pop();
        }
    }
    false
}

/// `fc10` behind `fc9`.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(letters);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        parts.push((text.to_owned(), number.parse().unwrap_or(0)));
        rest = after;
    }
    parts
}

/// What comes out so far.
#[derive(Clone, Copy, Debug)]
enum Place {
    Start,
    Channels(usize),
    Values(usize),
}

impl Place {
    /// Goes through a block; false where it does not fit.
    fn take(&mut self, block: &Block) -> bool {
        let fits = match (*self, block) {
            (Self::Start, Block::Conv(weight, _)) => weight.shape[1] == 1,
            (Self::Start, Block::Dense(..)) => block.input() == SIDE * SIDE,
            (Self::Start, _) => block.input() == 1 || block.input() == SIDE * SIDE,
            (Self::Channels(channels), Block::Conv(..) | Block::BatchNorm(..)) => block.input() == channels,
            (Self::Channels(channels), _) => block.input().is_multiple_of(channels) && block.input() > 0,
            (Self::Values(_), Block::Conv(..)) => false,
            (Self::Values(values), _) => block.input() == values,
        };
        let is_norm = matches!(block, Block::BatchNorm(..) | Block::LayerNorm(_));
        *self = match (*self, block) {
            (place, _) if is_norm => place,
            (_, Block::Conv(..)) => Self::Channels(block.output()),
            _ => Self::Values(block.output()),
        };
        fits
    }
}

/// What lies between the layers that learn.
#[derive(Clone, Debug)]
struct Plan {
    activation: LayerSpec,
    /// Behind each activation instead of before it.
    is_norm_last: bool,
    is_same: bool,
    stride: usize,
    /// Whether a window of two follows each convolution.
    pools: Vec<bool>,
    is_global: bool,
}

/// Everything that could lie between, the usual first.
fn plans(blocks: &[Block]) -> Vec<Plan> {
    let convs = blocks.iter().filter(|block| matches!(block, Block::Conv(..))).count();
    let has_norm = blocks.iter().any(|block| matches!(block, Block::BatchNorm(..) | Block::LayerNorm(_)));
    let mut shapes = Vec::new();
    for stride in 1..=2 {
        for is_same in [false, true] {
            for pools in pool_patterns(convs) {
                for is_global in [false, true] {
                    shapes.push((is_same, stride, pools.clone(), is_global));
                }
            }
        }
    }
    shapes.retain(|(is_same, stride, pools, is_global)| fits(blocks, *is_same, *stride, pools, *is_global));
    let orders: &[bool] = if has_norm { &[false, true] } else { &[false] };
    let others = [
        LayerSpec::Tanh,
        LayerSpec::Sigmoid,
        LayerSpec::Gelu,
        LayerSpec::Silu,
        LayerSpec::LeakyRelu(LeakyRelu { negative_slope: 0.01 }),
    ];
    let mut plans = Vec::new();
    let mut add = |activation: &LayerSpec, shape: &(bool, usize, Vec<bool>, bool), is_norm_last| {
        let (is_same, stride, pools, is_global) = shape.clone();
        plans.push(Plan { activation: activation.clone(), is_norm_last, is_same, stride, pools, is_global });
    };
    for shape in shapes.iter().take(8) {
        for &is_norm_last in orders {
            add(&LayerSpec::Relu, shape, is_norm_last);
        }
    }
    // One dense layer alone has nothing behind it.
    if blocks.len() > 1 {
        for shape in shapes.iter().take(2) {
            for other in &others {
                add(other, shape, false);
            }
        }
    }
    plans
}

/// Behind which convolutions a window of two may stand: behind all, behind every second, behind the last, behind none, and others.
fn pool_patterns(convs: usize) -> Vec<Vec<bool>> {
    if convs > 8 {
        return vec![vec![false; convs]];
    }
    let usual = [
        vec![true; convs],
        (0..convs).map(|index| index % 2 == 1).collect(),
        (0..convs).map(|index| index + 1 == convs).collect(),
        vec![false; convs],
    ];
    let all =
        (0..1_u32 << convs).map(|bits| (0..convs).map(|index| bits >> index & 1 == 1).collect::<Vec<bool>>());
    let mut patterns: Vec<Vec<bool>> = Vec::new();
    for pattern in usual.into_iter().chain(all) {
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

/// Whether maps end with as many values as the first dense layer reads.
fn fits(blocks: &[Block], is_same: bool, stride: usize, pools: &[bool], is_global: bool) -> bool {
    let (mut side, mut channels, mut pools) = (SIDE, 1, pools.iter());
    for block in blocks {
        match block {
            Block::Conv(weight, _) => {
                let kernel = weight.shape[2];
                if !is_same && kernel > side {
                    return false;
                }
                side = if is_same { side.div_ceil(stride) } else { (side - kernel) / stride + 1 };
                if pools.next() == Some(&true) {
                    side /= 2;
                }
                channels = block.output();
                if side == 0 {
                    return false;
                }
            }
            Block::Dense(..) => {
                let values = if is_global { channels } else { channels * side * side };
                // A single pixel needs no mean.
                return block.input() == values && !(is_global && (side == 1 || channels == 1));
            }
            Block::BatchNorm(..) | Block::LayerNorm(_) => {}
        }
    }
    false
}

impl Plan {
    fn build(&self, format: &'static str, blocks: &[Block], layout: Layout) -> Result<Candidate, ModelError> {
        let mut stack = Stack::new(format);
        let mut pools = self.pools.iter();
        let mut rest = blocks.iter().peekable();
        let epsilon = if layout == Layout::Keras { 1e-3 } else { 1e-5 };
        let is_channels_last = layout != Layout::PyTorch;
        let has_later = |rest: &mut core::iter::Peekable<core::slice::Iter<'_, Block>>| rest.peek().is_some();
        while let Some(block) = rest.next() {
            match block {
                Block::Conv(weight, bias) => {
                    let kernel = weight.shape[2];
                    let pads = match stack.shape() {
                        Shape::Maps { side, .. } if self.is_same => same_pads(side, kernel, self.stride),
                        _ => (0, 0),
                    };
                    let bias = bias.as_ref().map(|bias| bias.values.as_slice());
                    stack.conv(&weight.shape, &weight.values, bias, self.stride, pads)?;
                }
                Block::Dense(weight, bias) => {
                    if matches!(stack.shape(), Shape::Maps { .. }) {
                        if self.is_global {
                            stack.push(LayerSpec::GlobalAvgPool, &[])?;
                        } else {
                            stack.flatten(is_channels_last)?;
                        }
                    }
                    let bias = bias.as_ref().map(|bias| bias.values.as_slice());
                    stack.dense(&weight.shape, &weight.values, bias)?;
                    if !has_later(&mut rest) {
                        break;
                    }
                }
                norm => {
                    norm_of(&mut stack, norm, epsilon, is_channels_last)?;
                    continue;
                }
            }
            let norm = rest.next_if(|next| matches!(next, Block::BatchNorm(..) | Block::LayerNorm(_)));
            // Nothing stands behind the last layer but its own norm.
            if !has_later(&mut rest) {
                if let Some(norm) = norm {
                    norm_of(&mut stack, norm, epsilon, is_channels_last)?;
                }
                break;
            }
            if let Some(norm) = norm.filter(|_| !self.is_norm_last) {
                norm_of(&mut stack, norm, epsilon, is_channels_last)?;
            }
            stack.push(self.activation.clone(), &[])?;
            if matches!(block, Block::Conv(..)) && pools.next() == Some(&true) {
                stack.pool(true, 2, 2, false)?;
            }
            if let Some(norm) = norm.filter(|_| self.is_norm_last) {
                norm_of(&mut stack, norm, epsilon, is_channels_last)?;
            }
        }
        let mut candidate = stack.finish(Vec::new(), self.assumes(blocks, layout))?;
        candidate.reading.is_unusual = self.activation != LayerSpec::Relu;
        Ok(candidate)
    }

    /// What was assumed, for people.
    fn assumes(&self, blocks: &[Block], layout: Layout) -> String {
        let mut parts = Vec::new();
        if blocks.len() > 1 {
            parts.push(format!("{} between layers", self.activation.title()));
        }
        if !self.pools.is_empty() {
            let count = self.pools.iter().filter(|pool| **pool).count();
            parts.push(match count {
                0 => "no pooling".into(),
                _ if count == self.pools.len() => "max pooling behind each convolution".into(),
                1 => "max pooling behind one convolution".into(),
                _ => format!("max pooling behind {count} convolutions"),
            });
            parts.push(if self.is_same { "same padding".into() } else { "no padding".to_owned() });
            if self.stride > 1 {
                parts.push(format!("stride {}", self.stride));
            }
        }
        match layout {
            Layout::PyTorch => {}
            Layout::ChannelsLast => parts.push("maps flattened pixel by pixel".into()),
            Layout::Keras => parts.push("tensors laid out as in Keras".into()),
        }
        parts.join(", ")
    }
}

fn norm_of(stack: &mut Stack, block: &Block, epsilon: f64, is_channels_last: bool) -> Result<(), ModelError> {
    fn values(tensor: Option<&NamedTensor>) -> Option<&[f32]> {
        tensor.map(|tensor| tensor.values.as_slice())
    }
    match block {
        Block::BatchNorm([scale, shift], [mean, variance]) => stack.batch_norm(
            values(scale.as_ref()),
            values(shift.as_ref()),
            [&mean.values, &variance.values],
            epsilon,
        ),
        Block::LayerNorm([scale, shift]) => {
            let size = block.input();
            if matches!(stack.shape(), Shape::Maps { .. })
                && size == stack.shape().size()
                && scale.as_ref().is_some_and(|scale| scale.shape.len() == 1)
            {
                stack.flatten(is_channels_last)?;
            }
            stack.layer_norm(values(scale.as_ref()), values(shift.as_ref()), epsilon)
        }
        Block::Conv(..) | Block::Dense(..) => Ok(()),
    }
}

/// What kept the tensors from fitting, where it is one thing.
fn nearest(blocks: &[(String, Block)]) -> Option<ModelError> {
    let (name, first) = blocks.first()?;
    let input = first.input();
    let why = match first {
        Block::Conv(..) if input == 3 => {
            format!("its first convolution (\"{name}\") reads 3 channels, colours; images here have one")
        }
        Block::Dense(..) if input != SIDE * SIDE && first.output() != SIDE * SIDE => {
            format!(
                "its first dense layer (\"{name}\") reads {input} values; images here have 28 x 28 = 784 pixels"
            )
        }
        _ => {
            let (dense_name, dense) = blocks.iter().find(|(_, block)| matches!(block, Block::Dense(..)))?;
            let channels = blocks
                .iter()
                .rev()
                .find_map(|(_, block)| matches!(block, Block::Conv(..)).then(|| block.output()))?;
            format!(
                "its first dense layer (\"{dense_name}\") reads {} values; no padding, stride or pooling of its convolutions gives \
                 {channels} maps of as many from 28 x 28 pixels",
                dense.input()
            )
        }
    };
    Some(ModelError::NoFit(why))
}
