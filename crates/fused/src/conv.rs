//! Convolution with ReLU, and with ReLU and max-pooling.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};
use burn_flex::FlexTensor;
use kernels::{ConvShape, Layout, OutputGradient, Winners, conv_backward};

use crate::{
    profile::measured,
    values::{Values, tensor},
};

/// Convolution with bias and ReLU, stride 1, `padding` zeros on every side.
///
/// `input` is `[images, height, width, inputs]`, `weight` `[outputs, inputs, kernel, kernel]`; the result is
/// `[images, output height, output width, outputs]`.
pub fn conv_relu(input: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, padding: usize) -> Tensor<4> {
    conv(input, weight, bias, padding, None)
}

/// As [`conv_relu`], then 2x2 max-pooling with stride 2; an odd last row or column is dropped.
///
/// The result is laid out as `layout` says: channels last for another convolution, channels first to be flattened as
/// PyTorch does.
pub fn conv_relu_pool(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    padding: usize,
    layout: Layout,
) -> Tensor<4> {
    conv(input, weight, bias, padding, Some(layout))
}

fn conv(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    padding: usize,
    pooled: Option<Layout>,
) -> Tensor<4> {
    let output = <Dispatch as ConvOps>::conv(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        padding,
        pooled,
    );
    Tensor::from_dispatch(output)
}

#[backend_extension(Flex, Autodiff)]
trait ConvOps: Backend {
    /// With ReLU; `pooled` is the layout of the result where it is max-pooled.
    fn conv(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        padding: usize,
        pooled: Option<Layout>,
    ) -> FloatTensor<Self>;
}

impl ConvOps for Flex {
    fn conv(
        input: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        padding: usize,
        pooled: Option<Layout>,
    ) -> FlexTensor {
        Conv::new(&input, &weight, padding).forward(&bias, pooled).0
    }
}

impl<C: CheckpointStrategy> ConvOps for Autodiff<Flex, C> {
    fn conv(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        padding: usize,
        pooled: Option<Layout>,
    ) -> FloatTensor<Self> {
        let conv = Conv::new(input.primitive(), weight.primitive(), padding);
        let (output, kept) = conv.forward(bias.primitive(), pooled);
        match ConvBackward.prepare::<C>([input.node(), weight.node(), bias.node()]).compute_bound().stateful()
        {
            OpsKind::Tracked(step) => step.finish((conv, kept), output),
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

/// What the forward and the backward pass share.
#[derive(Clone, Debug)]
struct Conv {
    input: Values,
    weight: Values,
    shape: ConvShape,
}

/// What the backward pass needs of the forward pass's result.
#[derive(Clone, Debug)]
enum Kept {
    Output(Values),
    Winners(Winners, Layout),
}

impl Conv {
    fn new(input: &FlexTensor, weight: &FlexTensor, padding: usize) -> Self {
        let (input, weight) = (Values::new(input), Values::new(weight));
        let [images, height, width, inputs] = input.dims();
        let [outputs, _, kernel, _] = weight.dims();
        let shape = ConvShape { images, height, width, inputs, outputs, kernel, padding };
        Self { input, weight, shape }
    }

    fn name(&self, pass: &str) -> String {
        let ConvShape { inputs, outputs, kernel, .. } = self.shape;
        format!("conv {kernel}x{kernel} {inputs} to {outputs}, {pass}")
    }

    fn forward(&self, bias: &FlexTensor, pooled: Option<Layout>) -> (FlexTensor, Kept) {
        match pooled {
            None => self.forward_plain(bias),
            Some(layout) => self.forward_pooled(bias, layout),
        }
    }

    fn forward_plain(&self, bias: &FlexTensor) -> (FlexTensor, Kept) {
        let shape = &self.shape;
        let dims = [shape.images, shape.output_height(), shape.output_width(), shape.outputs];
        let mut output = vec![0.0; dims.iter().product()];
        let bias = Values::new(bias);
        measured(
            || self.name("forward"),
            || {
                let (input, weight) = (self.input.slice(), self.weight.slice());
                kernels::conv(shape, input, weight, bias.slice(), true, &mut output);
            },
        );
        let output = tensor(output, dims);
        (output.clone(), Kept::Output(Values::new(&output)))
    }

    fn forward_pooled(&self, bias: &FlexTensor, layout: Layout) -> (FlexTensor, Kept) {
        let shape = &self.shape;
        let (height, width) = (shape.output_height() / 2, shape.output_width() / 2);
        let dims = match layout {
            Layout::ChannelsFirst => [shape.images, shape.outputs, height, width],
            Layout::ChannelsLast => [shape.images, height, width, shape.outputs],
        };
        let mut output = vec![0.0; dims.iter().product()];
        let (input, weight, bias) = (self.input.slice(), self.weight.slice(), Values::new(bias));
        let winners = measured(
            || self.name("and pooling forward"),
            || kernels::conv_relu_pool(shape, input, weight, bias.slice(), layout, &mut output),
        );
        (tensor(output, dims), Kept::Winners(winners, layout))
    }
}

#[derive(Debug)]
struct ConvBackward;

impl Backward<Flex, 3> for ConvBackward {
    type State = (Conv, Kept);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = Values::new(&gradients.consume::<Flex>(&ops.node));
        let (conv @ Conv { input, weight, shape }, kept) = &ops.state;
        let arrived = match kept {
            Kept::Output(output) => {
                OutputGradient::Plain { output: Some(output.slice()), gradient: gradient.slice() }
            }
            Kept::Winners(winners, layout) => {
                OutputGradient::Pooled { winners, gradient: gradient.slice(), layout: *layout }
            }
        };
        let [of_input, of_weight, of_bias] = ops.parents;
        let got = measured(
            || conv.name("backward"),
            || conv_backward(shape, input.slice(), weight.slice(), arrived, of_input.is_some()),
        );
        if let (Some(node), Some(values)) = (of_input, got.input) {
            let dims = [shape.images, shape.height, shape.width, shape.inputs];
            gradients.register::<Flex>(node.id, tensor(values, dims));
        }
        if let Some(node) = of_weight {
            let dims = [shape.outputs, shape.inputs, shape.kernel, shape.kernel];
            gradients.register::<Flex>(node.id, tensor(got.weight, dims));
        }
        if let Some(node) = of_bias {
            gradients.register::<Flex>(node.id, tensor(got.bias, [shape.outputs]));
        }
    }
}
