//! An optimizer's step in one pass over each parameter.

use burn::{
    backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};
use burn_flex::FlexTensor;
use kernels::UpdateRule;

use crate::{profile::measured, values::Values};

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

#[backend_extension(Flex)]
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
