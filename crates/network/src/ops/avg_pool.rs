//! The mean of each window.

use burn::tensor::{module::avg_pool2d, ops::AvgPoolOptions};
use model_spec::layers::Pool2d;

use crate::value::{Layout, Value};

#[derive(Clone, Debug)]
pub(crate) struct AvgPool {
    kernel: usize,
    stride: usize,
}

impl AvgPool {
    pub(crate) fn new(spec: &Pool2d) -> Self {
        Self { kernel: spec.kernel_size, stride: spec.stride() }
    }

    pub(crate) fn stock(&self, value: Value) -> Value {
        let options = AvgPoolOptions::new([self.kernel; 2]).with_stride([self.stride; 2]);
        Value::Maps(avg_pool2d(value.maps(Layout::ChannelsFirst), options), Layout::ChannelsFirst)
    }

    #[cfg(feature = "cpu")]
    pub(crate) fn fused(&self, value: Value) -> Value {
        let maps = value.maps(Layout::ChannelsLast);
        Value::Maps(fused::avg_pool2d(maps, self.kernel, self.stride), Layout::ChannelsLast)
    }
}
