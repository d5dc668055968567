//! The crate `kernels` on Burn's CPU tensors.

use burn::tensor::TensorData;
use burn_flex::{Flex, FlexTensor};
use kernels::{ConvShape, DropoutMask, Layout, OutputGradient, Winners};

use crate::{
    batch_norm::Normalised,
    computes::{Computes, LayerGradients},
    conv::output_dims,
    profile::measured,
};

/// What a convolution keeps.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Output(FlexTensor),
    Winners(Winners, Layout),
}

fn conv_name(shape: &ConvShape, pass: &str) -> String {
    let ConvShape { inputs, outputs, kernel, .. } = shape;
    format!("conv {kernel}x{kernel} {inputs} to {outputs}, {pass}")
}

impl Computes for Flex {
    type Kept = Kept;

    fn conv(
        shape: &ConvShape,
        input: &FlexTensor,
        weight: &FlexTensor,
        bias: &FlexTensor,
        pooled: Option<Layout>,
    ) -> (FlexTensor, Kept) {
        let (input, weight, bias) = (Values::new(input), Values::new(weight), Values::new(bias));
        let (input, weight, bias) = (input.slice(), weight.slice(), bias.slice());
        let dims = output_dims(shape, pooled);
        let mut output = vec![0.0; dims.iter().product()];
        let Some(layout) = pooled else {
            measured(
                || conv_name(shape, "forward"),
                || kernels::conv(shape, input, weight, bias, true, &mut output),
            );
            let output = tensor(output, dims);
            return (output.clone(), Kept::Output(output));
        };
        let winners = measured(
            || conv_name(shape, "and pooling forward"),
            || kernels::conv_relu_pool(shape, input, weight, bias, layout, &mut output),
        );
        (tensor(output, dims), Kept::Winners(winners, layout))
    }

    fn conv_backward(
        shape: &ConvShape,
        input: &FlexTensor,
        weight: &FlexTensor,
        kept: &Kept,
        gradient: &FlexTensor,
        wants_input: bool,
    ) -> LayerGradients<FlexTensor> {
        let (input, weight, gradient) = (Values::new(input), Values::new(weight), Values::new(gradient));
        let output;
        let arrived = match kept {
            Kept::Output(kept) => {
                output = Values::new(kept);
                OutputGradient::Plain { output: Some(output.slice()), gradient: gradient.slice() }
            }
            Kept::Winners(winners, layout) => {
                OutputGradient::Pooled { winners, gradient: gradient.slice(), layout: *layout }
            }
        };
        let got = measured(
            || conv_name(shape, "backward"),
            || kernels::conv_backward(shape, input.slice(), weight.slice(), arrived, wants_input),
        );
        let dims = [shape.images, shape.height, shape.width, shape.inputs];
        LayerGradients {
            input: got.input.map(|values| tensor(values, dims)),
            weight: tensor(got.weight, [shape.outputs, shape.inputs, shape.kernel, shape.kernel]),
            bias: tensor(got.bias, [shape.outputs]),
        }
    }

    fn dense(input: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor, relu: bool) -> FlexTensor {
        let (input, weight, bias) = (Values::new(input), Values::new(weight), Values::new(bias));
        let ([rows, inputs], [outputs, _]) = (input.dims(), weight.dims());
        let mut output = vec![0.0; rows * outputs];
        measured(
            || format!("dense {inputs} to {outputs}, forward"),
            || kernels::dense(inputs, input.slice(), weight.slice(), bias.slice(), relu, &mut output),
        );
        tensor(output, [rows, outputs])
    }

    fn dense_backward(
        input: &FlexTensor,
        weight: &FlexTensor,
        output: Option<&FlexTensor>,
        gradient: &FlexTensor,
        wants_input: bool,
    ) -> LayerGradients<FlexTensor> {
        let (input, weight, gradient) = (Values::new(input), Values::new(weight), Values::new(gradient));
        let output = output.map(Values::new);
        let output = output.as_ref().map(Values::slice);
        let ([rows, inputs], [outputs, _]) = (input.dims(), weight.dims());
        let (input, weight, gradient) = (input.slice(), weight.slice(), gradient.slice());
        let got = measured(
            || format!("dense {inputs} to {outputs}, backward"),
            || kernels::dense_backward(inputs, input, weight, output, gradient, wants_input),
        );
        LayerGradients {
            input: got.input.map(|values| tensor(values, [rows, inputs])),
            weight: tensor(got.weight, [outputs, inputs]),
            bias: tensor(got.bias, [outputs]),
        }
    }

    fn dropout(values: &FlexTensor, mask: &DropoutMask) -> FlexTensor {
        let values = Values::new(values);
        let mut output = values.slice().to_vec();
        measured(|| "dropout".into(), || mask.apply(&mut output));
        tensor(output, values.dims::<1>())
    }

    fn norm(values: &FlexTensor) -> Normalised<FlexTensor> {
        let values = Values::new(values);
        let [rows, channels] = values.dims();
        let got = measured(|| "batch norm, forward".into(), || kernels::batch_norm(channels, values.slice()));
        Normalised {
            values: tensor(got.values, [rows, channels]),
            inverse_deviation: tensor(got.inverse_deviation, [1, channels]),
        }
    }

    fn norm_backward(normalised: &Normalised<FlexTensor>, gradient: &FlexTensor) -> FlexTensor {
        let (values, gradient) = (Values::new(&normalised.values), Values::new(gradient));
        let inverse_deviation = Values::new(&normalised.inverse_deviation);
        let got = measured(
            || "batch norm, backward".into(),
            || kernels::batch_norm_backward(values.slice(), inverse_deviation.slice(), gradient.slice()),
        );
        tensor(got, values.dims::<2>())
    }

    fn cross_entropy(logits: &FlexTensor, labels: &FlexTensor) -> (FlexTensor, FlexTensor) {
        let logits = Values::new(logits);
        let labels: Vec<u8> =
            labels.to_contiguous().storage::<i32>().iter().map(|&label| label as u8).collect();
        let dims: [usize; 2] = logits.dims();
        let got = measured(|| "cross-entropy".into(), || kernels::cross_entropy(logits.slice(), &labels));
        (tensor(vec![got.loss, got.right as f32], [2]), tensor(got.gradient, dims))
    }

    fn scaled(values: &FlexTensor, factor: &FlexTensor, share: f32) -> FlexTensor {
        let (values, factor) = (Values::new(values), Values::new(factor).slice()[0] * share);
        let scaled = values.slice().iter().map(|value| value * factor).collect();
        tensor(scaled, values.dims::<2>())
    }
}

/// A tensor whose values lie in one piece, in order.
pub(crate) struct Values(FlexTensor);

impl Values {
    pub(crate) fn new(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    pub(crate) fn slice(&self) -> &[f32] {
        let layout = self.0.layout();
        let start = layout.start_offset();
        &self.0.storage()[start..start + layout.num_elements()]
    }

    /// The dimensions.
    ///
    /// # Panics
    /// Where their number is another.
    fn dims<const D: usize>(&self) -> [usize; D] {
        self.0.layout().shape().dims()
    }
}

/// A tensor of these values.
fn tensor<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, dims))
}
