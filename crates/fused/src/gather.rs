//! Batches from images that stay on a GPU.

use burn::{
    backend::{
        Backend, Dispatch, backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{Int, Tensor},
};
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use crate::gpu::{buffer, int_tensor, tensor};

/// Images as values 0 to 1, `[count * pixels]`, and their labels, `[count]`.
///
/// `levels` holds the grey levels (0 to 255) of all images, four to an `i32`, the first in its lowest byte; `labels`
/// their classes; `order` the number of the image at each place. The batch begins at the place `start`. All tensors are
/// without autodiff.
pub fn gather(
    levels: Tensor<1, Int>,
    labels: Tensor<1, Int>,
    order: Tensor<1, Int>,
    start: usize,
    count: usize,
) -> (Tensor<1>, Tensor<1, Int>) {
    let (images, classes) = <Dispatch as GatherOps>::gather(
        levels.into_dispatch(),
        labels.into_dispatch(),
        order.into_dispatch(),
        start,
        count,
    );
    (Tensor::from_dispatch(images), Tensor::from_dispatch(classes))
}

#[backend_extension(Cube)]
trait GatherOps: Backend {
    fn gather(
        levels: IntTensor<Self>,
        labels: IntTensor<Self>,
        order: IntTensor<Self>,
        start: usize,
        count: usize,
    ) -> (FloatTensor<Self>, IntTensor<Self>);
}

impl GatherOps for CubeBackend {
    fn gather(
        levels: CubeTensor,
        labels: CubeTensor,
        order: CubeTensor,
        start: usize,
        count: usize,
    ) -> (CubeTensor, CubeTensor) {
        let (words, classes, places) = (buffer(&levels), buffer(&labels), buffer(&order));
        let (images, classes) = gpu_kernels::gather(&levels.client, &words, &classes, &places, start, count);
        let dims = [images.length];
        (tensor(&levels, images, dims), int_tensor(&levels, classes))
    }
}
