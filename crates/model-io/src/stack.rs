//! A network put together layer by layer, as a file describes it.

use model_spec::{
    LayerSpec, NetworkDraft, Padding, Preprocessing, SIDE, Shape, SpecError, TensorSpec,
    layers::{BatchNorm, Conv2d, Dense, LayerNorm, Pool2d},
};
use weights::{Reading, Weights};

use crate::{Candidate, ModelError};

/// What a file's layers become. Tensors come in PyTorch's layout.
pub(crate) struct Stack {
    format: &'static str,
    layers: Vec<LayerSpec>,
    values: Vec<f32>,
    shape: Shape,
    /// Where the file counts a vector in another order than channel, row, column: for each place in ours, the place in the file's.
    columns: Option<Vec<usize>>,
    /// What the file does to pixels before the first layer.
    pub(crate) preprocessing: Option<Preprocessing>,
    /// Whether softmax has come.
    is_over: bool,
}

/// Zeros with which a window gives `side / stride` values, rounded up.
pub(crate) fn same_pads(side: usize, kernel_size: usize, stride: usize) -> Pads {
    // No stride is refused where the layer is added.
    Conv2d { stride: stride.max(1), padding: Padding::Same, ..Conv2d::new(1, kernel_size) }.pads(side)
}

/// Zeros around maps, as files say it: before and behind, along one axis.
pub(crate) type Pads = (usize, usize);

impl Stack {
    pub(crate) const fn new(format: &'static str) -> Self {
        Self {
            format,
            layers: Vec::new(),
            values: Vec::new(),
            shape: Shape::Maps { channels: 1, side: SIDE },
            columns: None,
            preprocessing: None,
            is_over: false,
        }
    }

    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether nothing has come yet but what lays pixels out as a vector.
    pub(crate) fn is_before_layers(&self) -> bool {
        self.layers.iter().all(|layer| matches!(layer, LayerSpec::Flatten))
    }

    /// Gives the last layer, where it is a dense one without bias, this one.
    pub(crate) fn take_bias(&mut self, bias: Option<&[f32]>) -> bool {
        let (Some(bias), Some(LayerSpec::Dense(dense))) = (bias, self.layers.last_mut()) else {
            return false;
        };
        let fits = !dense.bias && dense.units == bias.len();
        if fits {
            dense.bias = true;
            self.values.extend_from_slice(bias);
        }
        fits
    }

    fn unsupported(&self, what: impl Into<String>) -> ModelError {
        ModelError::unsupported(self.format, what)
    }

    /// Adds a layer and the values of its tensors, one list each.
    pub(crate) fn push(&mut self, layer: LayerSpec, tensors: &[&[f32]]) -> Result<(), ModelError> {
        if self.is_over {
            return Err(self.unsupported("a layer behind softmax"));
        }
        let shape = layer.output(self.shape).map_err(|error| SpecError::Layer {
            layer: self.layers.len(),
            title: layer.title(),
            error,
        })?;
        let wanted: Vec<usize> = layer.tensors("", self.shape).iter().map(TensorSpec::size).collect();
        let found: Vec<usize> = tensors.iter().map(|values| values.len()).collect();
        if found != wanted {
            return Err(ModelError::NoFit(format!(
                "layer {} ({}) needs {wanted:?} values, and the file has {found:?}",
                self.layers.len() + 1,
                layer.title()
            )));
        }
        for values in tensors {
            self.values.extend_from_slice(values);
        }
        self.layers.push(layer);
        self.shape = shape;
        Ok(())
    }

    /// A convolution; `shape` is that of the weight: out, in, kernel, kernel.
    pub(crate) fn conv(
        &mut self,
        shape: &[usize],
        weight: &[f32],
        bias: Option<&[f32]>,
        stride: usize,
        pads: Pads,
    ) -> Result<(), ModelError> {
        let &[out_channels, channels, kernel_size, width] = shape else {
            return Err(self.unsupported(format!("a convolution whose kernel has the shape {shape:?}")));
        };
        if kernel_size != width {
            return Err(
                self.unsupported(format!("a kernel of {kernel_size} x {width}; kernels here are square"))
            );
        }
        let Shape::Maps { channels: own, side } = self.shape else {
            return Err(self.unsupported("a convolution behind a flat vector"));
        };
        if channels != own {
            return Err(ModelError::NoFit(format!(
                "a convolution reads {channels} channels, and {own} come in: images here have one"
            )));
        }
        if stride == 0 {
            return Err(self.unsupported("a convolution of stride 0"));
        }
        let mut layer =
            Conv2d { out_channels, kernel_size, stride, padding: Padding::Valid, bias: bias.is_some() };
        if pads != (0, 0) {
            layer.padding = Padding::Same;
            if layer.pads(side) != pads {
                return Err(self.unsupported(format!(
                    "a convolution {kernel_size}x{kernel_size} of stride {stride} with {} and {} zeros around; none, or as many as \
                     keep the size, are possible",
                    pads.0, pads.1
                )));
            }
        }
        let tensors: Vec<&[f32]> = core::iter::once(weight).chain(bias).collect();
        self.push(LayerSpec::Conv2d(layer), &tensors)
    }

    /// A dense layer; `shape` is that of the weight: out, in. Maps are flattened first.
    pub(crate) fn dense(
        &mut self,
        shape: &[usize],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<(), ModelError> {
        let &[units, inputs] = shape else {
            return Err(self.unsupported(format!("a dense layer whose weight has the shape {shape:?}")));
        };
        if matches!(self.shape, Shape::Maps { .. }) {
            self.push(LayerSpec::Flatten, &[])?;
        }
        if inputs != self.shape.size() || weight.len() != units * inputs {
            return Err(ModelError::NoFit(format!(
                "a dense layer reads {inputs} values, and {} come in{}",
                self.shape.size(),
                if self.layers.len() < 2 { ": images here have 28 x 28 pixels" } else { "" }
            )));
        }
        let turned = self.columns.take().map(|columns| {
            let rows = weight.chunks_exact(inputs);
            rows.flat_map(|row| columns.iter().map(|&column| row[column])).collect::<Vec<f32>>()
        });
        let weight = turned.as_deref().unwrap_or(weight);
        let tensors: Vec<&[f32]> = core::iter::once(weight).chain(bias).collect();
        self.push(LayerSpec::Dense(Dense { units, bias: bias.is_some() }), &tensors)
    }

    /// Batch norm. A missing scale or shift is 1 or 0.
    pub(crate) fn batch_norm(
        &mut self,
        scale: Option<&[f32]>,
        shift: Option<&[f32]>,
        [mean, variance]: [&[f32]; 2],
        epsilon: f64,
    ) -> Result<(), ModelError> {
        let affine = scale.is_some() || shift.is_some();
        let layer =
            LayerSpec::BatchNorm(BatchNorm { epsilon: tidy(epsilon), affine, ..BatchNorm::default() });
        let (scale, shift) = (or_all(scale, 1.0, mean.len()), or_all(shift, 0.0, mean.len()));
        let mut tensors = if affine { vec![scale, shift] } else { Vec::new() };
        tensors.extend([mean.to_vec(), variance.to_vec()]);
        self.push_by_column(layer, tensors)
    }

    /// Layer norm over everything that comes in. A missing scale or shift is 1 or 0.
    pub(crate) fn layer_norm(
        &mut self,
        scale: Option<&[f32]>,
        shift: Option<&[f32]>,
        epsilon: f64,
    ) -> Result<(), ModelError> {
        let affine = scale.is_some() || shift.is_some();
        let size = self.shape.size();
        let tensors =
            if affine { vec![or_all(scale, 1.0, size), or_all(shift, 0.0, size)] } else { Vec::new() };
        self.push_by_column(LayerSpec::LayerNorm(LayerNorm { epsilon: tidy(epsilon), affine }), tensors)
    }

    /// As [`push`](Self::push), for tensors with a value for each of a vector.
    fn push_by_column(&mut self, layer: LayerSpec, mut tensors: Vec<Vec<f32>>) -> Result<(), ModelError> {
        if let Some(columns) = &self.columns {
            for values in tensors.iter_mut().filter(|values| values.len() == columns.len()) {
                *values = columns.iter().map(|&column| values[column]).collect();
            }
        }
        let tensors: Vec<&[f32]> = tensors.iter().map(Vec::as_slice).collect();
        self.push(layer, &tensors)
    }

    /// A pooling window without zeros around. Where `is_ceil`, the last windows may hang over, which is possible only where none does.
    pub(crate) fn pool(
        &mut self,
        is_max: bool,
        kernel_size: usize,
        stride: usize,
        is_ceil: bool,
    ) -> Result<(), ModelError> {
        if let Shape::Maps { side, .. } = self.shape
            && is_ceil
            && (stride == 0 || kernel_size > side || !(side - kernel_size).is_multiple_of(stride))
        {
            return Err(self.unsupported(format!(
                "pooling {kernel_size}x{kernel_size} whose windows hang over the maps of {side} x {side}"
            )));
        }
        let layer = Pool2d { kernel_size, stride: (stride != kernel_size).then_some(stride) };
        self.push(if is_max { LayerSpec::MaxPool2d(layer) } else { LayerSpec::AvgPool2d(layer) }, &[])
    }

    /// Softmax, which ends a network: answers are given without it.
    pub(crate) fn softmax(&mut self) {
        self.is_over = true;
    }

    /// What becomes of a pixel before the first layer: `scale * pixel + offset`, where pixels are 0 to 255; whoever hardly scales them
    /// expects 0 to 1.
    pub(crate) fn set_preprocessing(&mut self, scale: f64, offset: f64) -> Result<(), ModelError> {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6 * b.abs().max(1.0);
        let scale = if scale > 0.1 { scale } else { 255.0 * scale };
        self.preprocessing = Some(if near(scale, 1.0) && near(offset, 0.0) {
            Preprocessing::ZeroToOne
        } else if near(scale, 2.0) && near(offset, -1.0) {
            Preprocessing::MinusOneToOne
        } else if scale > 0.0 {
            let mean = tidy(f64::from((-offset / scale) as f32)) as f32;
            Preprocessing::MeanStd { mean, std: (1.0 / scale) as f32 }
        } else {
            return Err(self.unsupported("pixels that are turned from dark to light before the first layer"));
        });
        Ok(())
    }

    /// Maps become a vector, in PyTorch's order or, where `is_channels_last`, in row, column, channel order.
    pub(crate) fn flatten(&mut self, is_channels_last: bool) -> Result<(), ModelError> {
        let Shape::Maps { channels, side } = self.shape else { return Ok(()) };
        if is_channels_last && channels > 1 && side > 1 {
            let of_channel = |channel| (0..side * side).map(move |pixel| pixel * channels + channel);
            self.columns = Some((0..channels).flat_map(of_channel).collect());
        }
        self.push(LayerSpec::Flatten, &[])
    }

    /// The whole network, whose last layer gives one value for each class.
    pub(crate) fn finish(
        self,
        class_names: Vec<String>,
        assumes: impl Into<String>,
    ) -> Result<Candidate, ModelError> {
        let classes = self.shape.size();
        let draft = NetworkDraft {
            classes: u32::try_from(classes).unwrap_or(u32::MAX),
            ..NetworkDraft::of_digits(self.layers)
        };
        let network = draft.check()?;
        let named = class_names.len() == classes;
        let weights = Weights::from_values(network, self.values)
            .ok_or_else(|| ModelError::NoFit("its tensors have another number of values".into()))?;
        crate::finite(&weights)?;
        Ok(Candidate {
            reading: Reading { weights, preprocessing: self.preprocessing, is_unusual: false },
            class_names: if named { class_names } else { Vec::new() },
            assumes: assumes.into(),
        })
    }
}

fn or_all(values: Option<&[f32]>, value: f32, size: usize) -> Vec<f32> {
    values.map_or_else(|| vec![value; size], <[f32]>::to_vec)
}

/// A number that was stored with 32 bits, as a person would write it: 0.00001, not 0.000009999999747.
pub(crate) fn tidy(value: f64) -> f64 {
    let short = value as f32;
    if f64::from(short) == value { short.to_string().parse().unwrap_or(value) } else { value }
}
