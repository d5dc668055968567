//! Between Burn's CPU tensors and slices.

use burn::tensor::TensorData;
use burn_flex::FlexTensor;

/// A tensor whose values lie in one piece, in order.
#[derive(Clone, Debug)]
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
    pub(crate) fn dims<const D: usize>(&self) -> [usize; D] {
        self.0.layout().shape().dims()
    }
}

/// A tensor of these values.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, dims))
}
