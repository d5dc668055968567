//! An optimizer's step in one pass over each parameter.

use burn::{
    backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};
#[cfg(feature = "gpu")]
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
#[cfg(feature = "cpu")]
use burn_flex::{Flex, FlexTensor};
use kernels::UpdateRule;

#[cfg(feature = "gpu")]
use crate::gpu::{buffer, own};
#[cfg(feature = "cpu")]
use crate::{cpu::Values, profile::measured};

/// A parameter's moments.
pub type Moments = Vec<Tensor<1>>;

/// Takes a step: the parameter and its moments (as many as the rule keeps) in, the same out.
///
/// All tensors are flat, whole (no views of others), of one length, and without autodiff. What nothing else holds is
/// changed in place.
///
/// # Panics
/// Where the number of moments is not [`UpdateRule::moment_count`].
pub fn update(
    rule: UpdateRule,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    moments: Moments,
) -> (Tensor<1>, Moments) {
    assert_eq!(moments.len(), rule.moment_count(), "the rule's moments");
    let mut moments = moments.into_iter().map(Tensor::into_dispatch);
    let (parameter, gradient) = (parameter.into_dispatch(), gradient.into_dispatch());
    match (moments.next(), moments.next()) {
        (Some(first), Some(second)) => {
            let (parameter, first, second) =
                <Dispatch as UpdateOps>::update_two(parameter, gradient, first, second, rule);
            (
                Tensor::from_dispatch(parameter),
                vec![Tensor::from_dispatch(first), Tensor::from_dispatch(second)],
            )
        }
        (Some(first), None) => {
            let (parameter, first) = <Dispatch as UpdateOps>::update_one(parameter, gradient, first, rule);
            (Tensor::from_dispatch(parameter), vec![Tensor::from_dispatch(first)])
        }
        (None, _) => unreachable!("every rule keeps a moment"),
    }
}

#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"))]
trait UpdateOps: Backend {
    fn update_one(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        rule: UpdateRule,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn update_two(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        rule: UpdateRule,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "cpu")]
impl UpdateOps for Flex {
    fn update_one(
        mut parameter: FlexTensor,
        gradient: FlexTensor,
        mut first: FlexTensor,
        rule: UpdateRule,
    ) -> (FlexTensor, FlexTensor) {
        let gradient = Values::new(&gradient);
        measured(
            || "optimizer".into(),
            || rule.apply(parameter.storage_mut(), gradient.slice(), &mut [first.storage_mut()]),
        );
        (parameter, first)
    }

    fn update_two(
        mut parameter: FlexTensor,
        gradient: FlexTensor,
        mut first: FlexTensor,
        mut second: FlexTensor,
        rule: UpdateRule,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let gradient = Values::new(&gradient);
        measured(
            || "optimizer".into(),
            || {
                let moments = &mut [first.storage_mut(), second.storage_mut()];
                rule.apply(parameter.storage_mut(), gradient.slice(), moments);
            },
        );
        (parameter, first, second)
    }
}

#[cfg(feature = "gpu")]
impl UpdateOps for CubeBackend {
    fn update_one(
        parameter: CubeTensor,
        gradient: CubeTensor,
        first: CubeTensor,
        rule: UpdateRule,
    ) -> (CubeTensor, CubeTensor) {
        let (parameter, first) = (own(parameter), own(first));
        let moments = [buffer(&first)];
        gpu_kernels::update(&parameter.client, rule, &buffer(&parameter), &buffer(&gradient), &moments);
        (parameter, first)
    }

    fn update_two(
        parameter: CubeTensor,
        gradient: CubeTensor,
        first: CubeTensor,
        second: CubeTensor,
        rule: UpdateRule,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let (parameter, first, second) = (own(parameter), own(first), own(second));
        let moments = [buffer(&first), buffer(&second)];
        gpu_kernels::update(&parameter.client, rule, &buffer(&parameter), &buffer(&gradient), &moments);
        (parameter, first, second)
    }
}
