//! The crate `kernels` on Burn's CPU tensors.

use std::sync::Arc;

use burn::tensor::{Shape, TensorData};
use burn_flex::{Flex, FlexTensor};
use kernels::{ConvShape, DropoutMask, Layout, NormAffine, OutputGradient, SparseRows, Winners};

use crate::{
    batch_norm::{BatchNorm, BatchNormalized},
    computes::{AfterConv, Computes, LayerGradients},
    conv::output_dims,
    profile::measured,
};

/// What a convolution keeps.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Nothing,
    Output(FlexTensor),
    Winners(Winners, Layout),
}

fn conv_name(shape: &ConvShape, pass: &str) -> String {
    let ConvShape { inputs, outputs, kernel, stride, .. } = shape;
    let stride = if *stride == 1 { String::new() } else { format!(" stride {stride}") };
    format!("conv {kernel}x{kernel}{stride} {inputs} to {outputs}, {pass}")
}

impl Computes for Flex {
    type Kept = Kept;
    type KeptDense = Option<Arc<SparseRows>>;

    fn conv(
        shape: &ConvShape,
        input: &FlexTensor,
        offset: f32,
        weight: &FlexTensor,
        bias: &FlexTensor,
        then: AfterConv,
    ) -> (FlexTensor, Kept) {
        let (input, weight, bias) = (Values::new(input), Values::new(weight), Values::new(bias));
        let (input, weight) = (input.slice(), weight.slice());
        let bias = kernels::offset_bias(weight, bias.slice(), offset);
        let dims = output_dims(shape, then);
        let mut output = vec![0.0; dims.iter().product()];
        if let AfterConv::ReluPool(layout) = then {
            let winners = measured(
                || conv_name(shape, "and pooling forward"),
                || kernels::conv_relu_pool(shape, input, weight, &bias, layout, &mut output),
            );
            return (tensor(output, dims), Kept::Winners(winners, layout));
        }
        let relu = then == AfterConv::Relu;
        measured(
            || conv_name(shape, "forward"),
            || kernels::conv(shape, input, weight, &bias, relu, &mut output),
        );
        let output = tensor(output, dims);
        let kept = if relu { Kept::Output(output.clone()) } else { Kept::Nothing };
        (output, kept)
    }

    fn conv_backward(
        shape: &ConvShape,
        input: &FlexTensor,
        offset: f32,
        weight: &FlexTensor,
        kept: &Kept,
        gradient: &FlexTensor,
        wants_input: bool,
    ) -> LayerGradients<FlexTensor> {
        let (input, weight, gradient) = (Values::new(input), Values::new(weight), Values::new(gradient));
        let output;
        let arrived = match kept {
            Kept::Nothing => OutputGradient::Plain { output: None, gradient: gradient.slice() },
            Kept::Output(kept) => {
                output = Values::new(kept);
                OutputGradient::Plain { output: Some(output.slice()), gradient: gradient.slice() }
            }
            Kept::Winners(winners, layout) => {
                OutputGradient::Pooled { winners, gradient: gradient.slice(), layout: *layout }
            }
        };
        let mut got = measured(
            || conv_name(shape, "backward"),
            || kernels::conv_backward(shape, input.slice(), weight.slice(), arrived, wants_input),
        );
        kernels::add_offset_gradient(&mut got.weight, &got.bias, offset);
        let dims = [shape.images, shape.height, shape.width, shape.inputs];
        LayerGradients {
            input: got.input.map(|values| tensor(values, dims)),
            weight: tensor(got.weight, [shape.outputs, shape.inputs, shape.kernel, shape.kernel]),
            bias: tensor(got.bias, [shape.outputs]),
        }
    }

    fn dense(
        input: &FlexTensor,
        offset: f32,
        weight: &FlexTensor,
        bias: &FlexTensor,
        relu: bool,
    ) -> (FlexTensor, Self::KeptDense) {
        let (input, weight, bias) = (Values::new(input), Values::new(weight), Values::new(bias));
        let ([rows, inputs], [outputs, _]) = (input.dims(), weight.dims());
        let mut output = vec![0.0; rows * outputs];
        let list = measured(
            || format!("dense {inputs} to {outputs}, forward"),
            || {
                let bias = kernels::offset_bias(weight.slice(), bias.slice(), offset);
                kernels::dense(inputs, input.slice(), weight.slice(), &bias, relu, &mut output)
            },
        );
        (tensor(output, [rows, outputs]), list.map(Arc::new))
    }

    fn dense_backward(
        input: &FlexTensor,
        kept: &Self::KeptDense,
        offset: f32,
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
            || {
                let mut got = kernels::dense_backward(
                    inputs,
                    input,
                    kept.as_deref(),
                    weight,
                    output,
                    gradient,
                    wants_input,
                );
                kernels::add_offset_gradient(&mut got.weight, &got.bias, offset);
                got
            },
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

    fn norm(norm: BatchNorm<'_, FlexTensor>, epsilon: f32) -> BatchNormalized<FlexTensor> {
        let rows = Values::new(norm.rows);
        let [count, channels] = rows.dims();
        let (gamma, beta) = (norm.gamma.map(Values::new), norm.beta.map(Values::new));
        let affine = affine(gamma.as_ref(), beta.as_ref(), norm.relu);
        let got = measured(
            || "batch norm, forward".into(),
            || kernels::batch_norm(channels, rows.slice(), affine, epsilon),
        );
        BatchNormalized {
            values: tensor(got.values, [count, channels]),
            mean: tensor(got.mean, [channels]),
            variance: tensor(got.variance, [channels]),
            inverse_deviation: tensor(got.inverse_deviation, [channels]),
        }
    }

    fn norm_backward(
        norm: BatchNorm<'_, FlexTensor>,
        mean: &FlexTensor,
        inverse_deviation: &FlexTensor,
        gradient: &FlexTensor,
    ) -> [FlexTensor; 3] {
        let (rows, gradient) = (Values::new(norm.rows), Values::new(gradient));
        let (mean, inverse) = (Values::new(mean), Values::new(inverse_deviation));
        let (gamma, beta) = (norm.gamma.map(Values::new), norm.beta.map(Values::new));
        let affine = affine(gamma.as_ref(), beta.as_ref(), norm.relu);
        let [count, channels] = rows.dims();
        let (mean, inverse) = (mean.slice(), inverse.slice());
        let got = measured(
            || "batch norm, backward".into(),
            || kernels::batch_norm_backward(rows.slice(), affine, mean, inverse, gradient.slice()),
        );
        [tensor(got.input, [count, channels]), tensor(got.gamma, [channels]), tensor(got.beta, [channels])]
    }

    fn cross_entropy(
        logits: &FlexTensor,
        labels: &FlexTensor,
        label_smoothing: f32,
    ) -> (FlexTensor, FlexTensor) {
        let logits = Values::new(logits);
        let labels = labels.to_contiguous();
        let start = labels.layout().start_offset();
        let labels = &labels.storage::<i32>()[start..start + labels.layout().num_elements()];
        // What is beyond the classes stays so.
        let labels: Vec<u8> = labels.iter().map(|&label| u8::try_from(label).unwrap_or(u8::MAX)).collect();
        let dims: [usize; 2] = logits.dims();
        let got = measured(
            || "cross-entropy".into(),
            || kernels::cross_entropy(logits.slice(), &labels, label_smoothing),
        );
        (tensor(vec![got.loss, got.right as f32], [2]), tensor(got.gradient, dims))
    }

    fn scaled(values: &FlexTensor, factor: &FlexTensor, share: f32) -> FlexTensor {
        let (values, factor) = (Values::new(values), Values::new(factor).slice()[0] * share);
        let scaled = values.slice().iter().map(|value| value * factor).collect();
        tensor(scaled, values.dims::<2>())
    }
}

fn affine<'a>(gamma: Option<&'a Values>, beta: Option<&'a Values>, relu: bool) -> NormAffine<'a> {
    NormAffine { gamma: gamma.map(Values::slice), beta: beta.map(Values::slice), relu }
}

/// A tensor whose values lie in one piece, in order.
pub(crate) struct Values(FlexTensor);

impl Values {
    pub(crate) fn new(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    /// Of a tensor that nothing else need hold: it can then be changed in place.
    pub(crate) fn owned(tensor: FlexTensor) -> Self {
        Self(if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() })
    }

    pub(crate) fn slice(&self) -> &[f32] {
        let layout = self.0.layout();
        let start = layout.start_offset();
        &self.0.storage()[start..start + layout.num_elements()]
    }

    /// The same tensor; it may be a part of what is stored.
    pub(crate) fn into_tensor(self) -> FlexTensor {
        self.0
    }

    /// The values as a tensor that is all of what is stored, to be changed in place.
    pub(crate) fn into_whole_tensor(self) -> FlexTensor {
        let whole = self.0.layout().start_offset() == 0
            && self.0.layout().num_elements() == self.0.storage::<f32>().len();
        if whole {
            return self.0;
        }
        let values = self.slice().to_vec();
        let length = values.len();
        tensor(values, [length]).reshape(self.shape())
    }

    pub(crate) fn shape(&self) -> Shape {
        self.0.layout().shape().clone()
    }

    /// The dimensions.
    ///
    /// # Panics
    /// Where their number is another.
    pub(crate) fn dims<const D: usize>(&self) -> [usize; D] {
        self.0.layout().shape().dims()
    }
}

/// A tensor of these values.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, dims))
}
