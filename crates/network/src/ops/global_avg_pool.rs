//! The mean of each map.

use crate::value::{Layout, Value};

#[derive(Clone, Debug)]
pub(crate) struct GlobalAvgPool;

impl GlobalAvgPool {
    #[expect(clippy::unused_self, reason = "every operation is called alike")]
    pub(crate) fn stock(&self, value: Value) -> Value {
        let maps = value.maps(Layout::ChannelsFirst);
        let [images, channels, height, width] = maps.dims();
        let means = maps.reshape([images, channels, height * width]).mean_dim(2);
        Value::Rows(means.reshape([images, channels]))
    }

    #[cfg(feature = "cpu")]
    #[expect(clippy::unused_self, reason = "every operation is called alike")]
    pub(crate) fn fused(&self, value: Value) -> Value {
        Value::Rows(fused::global_avg_pool(value.maps(Layout::ChannelsLast)))
    }
}
