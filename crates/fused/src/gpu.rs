//! The crate `gpu-kernels` on Burn's GPU tensors.

use burn::{
    backend::{TensorMetadata as _, ops::FloatTensorOps as _},
    tensor::{DType, Shape},
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};
use gpu_kernels::{Buffer, Kept};
use kernels::{ConvShape, DropoutMask};

use crate::{
    computes::{AfterConv, Computes, LayerGradients},
    conv::output_dims,
};

/// Why an offset is refused.
const NO_OFFSET: &str = "the GPU's kernels know no offset of the input";

impl Computes for CubeBackend {
    type Kept = Kept;
    type KeptDense = ();

    fn conv(
        shape: &ConvShape,
        input: &CubeTensor,
        offset: f32,
        weight: &CubeTensor,
        bias: &CubeTensor,
        then: AfterConv,
    ) -> (CubeTensor, Kept) {
        assert!(offset == 0.0, "{NO_OFFSET}");
        let (like, client) = (input, &input.client);
        let (input, weight, bias) = (buffer(input), buffer(weight), buffer(bias));
        let (output, kept) = match then {
            AfterConv::ReluPool(layout) => {
                gpu_kernels::conv_relu_pool(client, shape, &input, &weight, &bias, layout)
            }
            AfterConv::Nothing | AfterConv::Relu => {
                gpu_kernels::conv(client, shape, &input, &weight, &bias, then == AfterConv::Relu)
            }
        };
        (tensor(like, output, output_dims(shape, then)), kept)
    }

    fn conv_backward(
        shape: &ConvShape,
        input: &CubeTensor,
        _offset: f32,
        weight: &CubeTensor,
        kept: &Kept,
        gradient: &CubeTensor,
        wants_input: bool,
    ) -> LayerGradients<CubeTensor> {
        let like = input;
        let (input, weight, gradient) = (buffer(input), buffer(weight), buffer(gradient));
        let got =
            gpu_kernels::conv_backward(&like.client, shape, &input, &weight, kept, &gradient, wants_input);
        let dims = [shape.images, shape.height, shape.width, shape.inputs];
        let weight_dims = [shape.outputs, shape.inputs, shape.kernel, shape.kernel];
        LayerGradients {
            input: got.input.map(|values| tensor(like, values, dims)),
            weight: tensor(like, got.weight, weight_dims),
            bias: tensor(like, got.bias, [shape.outputs]),
        }
    }

    fn dense(
        input: &CubeTensor,
        offset: f32,
        weight: &CubeTensor,
        bias: &CubeTensor,
        relu: bool,
    ) -> (CubeTensor, ()) {
        assert!(offset == 0.0, "{NO_OFFSET}");
        let dims = [input.shape().dims::<2>()[0], bias.shape().dims::<1>()[0]];
        let output = gpu_kernels::dense(&input.client, &buffer(input), &buffer(weight), &buffer(bias), relu);
        (tensor(input, output, dims), ())
    }

    fn dense_backward(
        input: &CubeTensor,
        (): &(),
        _offset: f32,
        weight: &CubeTensor,
        output: Option<&CubeTensor>,
        gradient: &CubeTensor,
        wants_input: bool,
    ) -> LayerGradients<CubeTensor> {
        let like = input;
        let ([rows, inputs], [outputs, _]) = (input.shape().dims(), weight.shape().dims());
        let output = output.map(buffer);
        let (input, weight, gradient) = (buffer(input), buffer(weight), buffer(gradient));
        let client = &like.client;
        let got = gpu_kernels::dense_backward(
            client,
            &input,
            &weight,
            output.as_ref(),
            &gradient,
            outputs,
            wants_input,
        );
        LayerGradients {
            input: got.input.map(|values| tensor(like, values, [rows, inputs])),
            weight: tensor(like, got.weight, [outputs, inputs]),
            bias: tensor(like, got.bias, [outputs]),
        }
    }

    fn dropout(values: &CubeTensor, mask: &DropoutMask) -> CubeTensor {
        let output = gpu_kernels::dropout(&values.client, &buffer(values), mask);
        tensor(values, output, values.shape().dims::<1>())
    }

    fn cross_entropy(
        logits: &CubeTensor,
        labels: &CubeTensor,
        label_smoothing: f32,
    ) -> (CubeTensor, CubeTensor) {
        let (client, on_logits) = (&logits.client, buffer(logits));
        let got = gpu_kernels::cross_entropy(client, &on_logits, &buffer(labels), label_smoothing);
        (tensor(logits, got.sums, [2]), tensor(logits, got.gradient, logits.shape().dims::<2>()))
    }

    fn scaled(values: &CubeTensor, factor: &CubeTensor, share: f32) -> CubeTensor {
        let output = gpu_kernels::scaled(&values.client, &buffer(values), &buffer(factor), share);
        tensor(values, output, values.shape().dims::<2>())
    }
}

/// The memory of a tensor, its values in one piece and in order; of four bytes each, as all of the kernels'. Whole numbers
/// are `i32` here and `u32` there: none is negative.
pub(crate) fn buffer(tensor: &CubeTensor) -> Buffer {
    let length = tensor.shape().num_elements();
    Buffer { handle: into_contiguous(tensor.clone()).handle, length }
}

/// A tensor of these values, on the same device as another.
pub(crate) fn tensor<const D: usize>(like: &CubeTensor, values: Buffer, dims: [usize; D]) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    CubeTensor::new_contiguous(client, device, Shape::from(dims), values.handle, DType::F32)
}

/// The tensor, for changes in place: a copy where something else holds it too.
pub(crate) fn own(tensor: CubeTensor) -> CubeTensor {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() { tensor } else { CubeBackend::float_mul_scalar(tensor, 1.0.into()) }
}

/// A tensor of these whole numbers, on the same device as another.
pub(crate) fn int_tensor(like: &CubeTensor, values: Buffer) -> CubeTensor {
    let (client, device, shape) = (like.client.clone(), like.device.clone(), Shape::from([values.length]));
    CubeTensor::new_contiguous(client, device, shape, values.handle, DType::I32)
}
