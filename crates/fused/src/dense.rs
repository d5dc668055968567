//! Fully connected layers.

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
use kernels::dense_backward;

use crate::{
    profile::measured,
    values::{Values, tensor},
};

/// `input * weight^T + bias`, then ReLU where asked for.
///
/// `input` is `[rows, inputs]`, `weight` `[outputs, inputs]` as PyTorch keeps it; the result is `[rows, outputs]`.
pub fn dense(input: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, relu: bool) -> Tensor<2> {
    let output = <Dispatch as DenseOps>::dense(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        relu,
    );
    Tensor::from_dispatch(output)
}

#[backend_extension(Flex, Autodiff)]
trait DenseOps: Backend {
    fn dense(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;
}

impl DenseOps for Flex {
    fn dense(input: FlexTensor, weight: FlexTensor, bias: FlexTensor, relu: bool) -> FlexTensor {
        Dense { input: Values::new(&input), weight: Values::new(&weight) }.forward(&bias, relu)
    }
}

impl<C: CheckpointStrategy> DenseOps for Autodiff<Flex, C> {
    fn dense(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let dense = Dense { input: Values::new(input.primitive()), weight: Values::new(weight.primitive()) };
        let output = dense.forward(bias.primitive(), relu);
        match DenseBackward
            .prepare::<C>([input.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(step) => {
                let rectified = relu.then(|| Values::new(&output));
                step.finish((dense, rectified), output)
            }
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

#[derive(Clone, Debug)]
struct Dense {
    input: Values,
    weight: Values,
}

impl Dense {
    fn forward(&self, bias: &FlexTensor, relu: bool) -> FlexTensor {
        let ([rows, inputs], [outputs, _]) = (self.input.dims(), self.weight.dims());
        let mut output = vec![0.0; rows * outputs];
        let bias = Values::new(bias);
        measured(
            || format!("dense {inputs} to {outputs}, forward"),
            || {
                let (input, weight) = (self.input.slice(), self.weight.slice());
                kernels::dense(inputs, input, weight, bias.slice(), relu, &mut output);
            },
        );
        tensor(output, [rows, outputs])
    }
}

#[derive(Debug)]
struct DenseBackward;

impl Backward<Flex, 3> for DenseBackward {
    type State = (Dense, Option<Values>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = Values::new(&gradients.consume::<Flex>(&ops.node));
        let (Dense { input, weight }, rectified) = &ops.state;
        let ([rows, inputs], [outputs, _]) = (input.dims(), weight.dims());
        let [of_input, of_weight, of_bias] = ops.parents;
        let output = rectified.as_ref().map(Values::slice);
        let (input, weight) = (input.slice(), weight.slice());
        let got = measured(
            || format!("dense {inputs} to {outputs}, backward"),
            || dense_backward(inputs, input, weight, output, gradient.slice(), of_input.is_some()),
        );
        if let (Some(node), Some(values)) = (of_input, got.input) {
            gradients.register::<Flex>(node.id, tensor(values, [rows, inputs]));
        }
        if let Some(node) = of_weight {
            gradients.register::<Flex>(node.id, tensor(got.weight, [outputs, inputs]));
        }
        if let Some(node) = of_bias {
            gradients.register::<Flex>(node.id, tensor(got.bias, [outputs]));
        }
    }
}
