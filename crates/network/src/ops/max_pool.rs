//! The largest value of each window.

use burn::tensor::{module::max_pool2d, ops::MaxPoolOptions};
use model_spec::layers::Pool2d;

use crate::value::{Layout, Value};

#[derive(Clone, Debug)]
pub(crate) struct MaxPool {
    kernel: usize,
    stride: usize,
}

impl MaxPool {
    pub(crate) fn new(spec: &Pool2d) -> Self {
        Self { kernel: spec.kernel_size, stride: spec.stride() }
    }

    pub(crate) fn stock(&self, value: Value) -> Value {
        let options = MaxPoolOptions::new([self.kernel; 2]).with_stride([self.stride; 2]);
        Value::Maps(max_pool2d(value.maps(Layout::ChannelsFirst), options), Layout::ChannelsFirst)
    }

    #[cfg(feature = "cpu")]
    pub(crate) fn fused(&self, value: Value) -> Value {
        let maps = value.maps(Layout::ChannelsLast);
        Value::Maps(fused::max_pool2d(maps, self.kernel, self.stride), Layout::ChannelsLast)
    }
}
