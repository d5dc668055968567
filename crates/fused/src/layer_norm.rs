//! Layer normalisation, on the CPU.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch,
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
use burn_flex::{Flex, FlexTensor};
use kernels::LayerNormalized;

use crate::{
    cpu::{Values, tensor},
    profile::measured,
};

/// `[rows, columns]` with mean 0 and variance 1 in every row, times `gamma`, plus `beta` (`[columns]` each, where they
/// are given).
///
/// `epsilon` is added to a variance before its root divides; PyTorch's default is 1e-5. On the CPU alone.
pub fn layer_norm(
    rows: Tensor<2>,
    gamma: Option<Tensor<1>>,
    beta: Option<Tensor<1>>,
    epsilon: f32,
) -> Tensor<2> {
    let given = (gamma.is_some(), beta.is_some());
    let device = rows.device();
    // The macro knows no optional tensors: one that is never read stands in the place of a parameter that is not given.
    let some = |parameter: Option<Tensor<1>>| parameter.unwrap_or_else(|| Tensor::zeros([1], &device));
    let output = <Dispatch as LayerNormOps>::layer_norm(
        rows.into_dispatch(),
        some(gamma).into_dispatch(),
        some(beta).into_dispatch(),
        given,
        epsilon,
    );
    Tensor::from_dispatch(output)
}

#[backend_extension(Flex, Autodiff)]
trait LayerNormOps: Backend {
    /// `given`: whether there is a scale, and whether there is a shift.
    fn layer_norm(
        rows: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        given: (bool, bool),
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

impl LayerNormOps for Flex {
    fn layer_norm(
        rows: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        given: (bool, bool),
        epsilon: f32,
    ) -> FlexTensor {
        forward(&rows, given.0.then_some(&gamma), given.1.then_some(&beta), epsilon).0
    }
}

/// The result, and for each row its mean and its inverse deviation, `[rows, 2]`.
fn forward(
    rows: &FlexTensor,
    gamma: Option<&FlexTensor>,
    beta: Option<&FlexTensor>,
    epsilon: f32,
) -> (FlexTensor, FlexTensor) {
    let rows = Values::new(rows);
    let (gamma, beta) = (gamma.map(Values::new), beta.map(Values::new));
    let (gamma, beta) = (gamma.as_ref().map(Values::slice), beta.as_ref().map(Values::slice));
    let [count, columns] = rows.dims();
    let LayerNormalized { values, statistics } = measured(
        || "layer norm, forward".into(),
        || kernels::layer_norm(columns, rows.slice(), gamma, beta, epsilon),
    );
    (tensor(values, [count, columns]), tensor(statistics, [count, 2]))
}

impl<C: CheckpointStrategy> LayerNormOps for Autodiff<Flex, C> {
    fn layer_norm(
        rows: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        given: (bool, bool),
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let nodes = [rows.node(), gamma.node(), beta.node()];
        let rows = rows.primitive();
        let (gamma, beta) = (given.0.then_some(gamma.primitive()), given.1.then_some(beta.primitive()));
        let (output, statistics) = forward(rows, gamma, beta, epsilon);
        match LayerNormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                step.finish(Kept { rows: rows.clone(), gamma: gamma.cloned(), statistics }, output)
            }
            OpsKind::UnTracked(step) => step.finish(output),
        }
    }
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
struct Kept {
    rows: FlexTensor,
    gamma: Option<FlexTensor>,
    statistics: FlexTensor,
}

#[derive(Debug)]
struct LayerNormBackward;

impl Backward<Flex, 3> for LayerNormBackward {
    type State = Kept;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = Values::new(&gradients.consume::<Flex>(&ops.node));
        let Kept { rows, gamma, statistics } = &ops.state;
        let (rows, statistics) = (Values::new(rows), Values::new(statistics));
        let gamma = gamma.as_ref().map(Values::new);
        let gamma = gamma.as_ref().map(Values::slice);
        let [count, columns] = rows.dims();
        let (values, statistics) = (rows.slice(), statistics.slice());
        let got = measured(
            || "layer norm, backward".into(),
            || kernels::layer_norm_backward(columns, values, gamma, statistics, gradient.slice()),
        );
        let all =
            [tensor(got.input, [count, columns]), tensor(got.gamma, [columns]), tensor(got.beta, [columns])];
        for (node, gradient) in ops.parents.into_iter().zip(all) {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}
