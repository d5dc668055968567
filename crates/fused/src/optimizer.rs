//! An optimizer's step over all parameters.

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

/// Takes a step along the gradients: parameters and moments in, the same out.
///
/// `moments` holds, for each parameter in order, as many lists of its length as the rule keeps; where that is none, it is one value
/// that is left alone, since a GPU binds no memory of length 0. All tensors are flat,
/// whole (no views of others), on one device, and without autodiff. What nothing else holds is changed in place.
///
/// # Panics
/// Where a length does not fit the others.
pub fn update(
    rule: UpdateRule,
    mut parameters: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    moments: Tensor<1>,
) -> (Vec<Tensor<1>>, Tensor<1>) {
    let moments = <Dispatch as UpdateOps>::update(moments.into_dispatch(), &mut parameters, gradients, rule);
    (parameters, Tensor::from_dispatch(moments))
}

/// The backend is that of the moments; the macro knows no lists of tensors, so these keep their general type.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"))]
trait UpdateOps: Backend {
    fn update(
        moments: FloatTensor<Self>,
        parameters: &mut Vec<Tensor<1>>,
        gradients: Vec<Tensor<1>>,
        rule: UpdateRule,
    ) -> FloatTensor<Self>;
}

/// Why a tensor of a list is on the backend of the moments.
const ONE_DEVICE: &str = "all tensors are on one device, without autodiff";

#[cfg(feature = "cpu")]
impl UpdateOps for Flex {
    fn update(
        mut moments: FlexTensor,
        parameters: &mut Vec<Tensor<1>>,
        gradients: Vec<Tensor<1>>,
        rule: UpdateRule,
    ) -> FlexTensor {
        let mut rest: &mut [f32] = moments.storage_mut();
        for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
            let gradient = gradient.try_into_primitive::<Self>().expect(ONE_DEVICE);
            let gradient = Values::new(&gradient);
            let own;
            let length = gradient.slice().len();
            (own, rest) = rest.split_at_mut(length * rule.moment_count());
            let mut own: Vec<&mut [f32]> = own.chunks_exact_mut(length.max(1)).collect();
            let empty = Tensor::empty([0], &parameter.device());
            let values = core::mem::replace(parameter, empty);
            let mut values = values.try_into_primitive::<Self>().expect(ONE_DEVICE);
            measured(|| "optimizer".into(), || rule.apply(values.storage_mut(), gradient.slice(), &mut own));
            *parameter = Tensor::from_primitive::<Self>(values);
        }
        moments
    }
}

#[cfg(feature = "gpu")]
impl UpdateOps for CubeBackend {
    fn update(
        moments: CubeTensor,
        parameters: &mut Vec<Tensor<1>>,
        gradients: Vec<Tensor<1>>,
        rule: UpdateRule,
    ) -> CubeTensor {
        let primitive = |tensor: Tensor<1>| tensor.try_into_primitive::<Self>().expect(ONE_DEVICE);
        let moments = own(moments);
        let values: Vec<_> = core::mem::take(parameters).into_iter().map(|p| own(primitive(p))).collect();
        let on_values: Vec<_> = values.iter().map(buffer).collect();
        let on_gradients: Vec<_> = gradients.into_iter().map(|g| buffer(&primitive(g))).collect();
        gpu_kernels::update(&moments.client, rule, &on_values, &on_gradients, &buffer(&moments));
        *parameters = values.into_iter().map(Tensor::from_primitive::<Self>).collect();
        moments
    }
}
