//! Maps with their channels in another place.

use crate::value::{Layout, Value};

#[derive(Clone, Debug)]
pub(crate) struct Relayout {
    pub(crate) to: Layout,
}

impl Relayout {
    pub(crate) fn stock(&self, value: Value) -> Value {
        match value {
            Value::Maps(maps, from) if from != self.to => {
                let order = match self.to {
                    Layout::ChannelsFirst => [0, 3, 1, 2],
                    Layout::ChannelsLast => [0, 2, 3, 1],
                };
                Value::Maps(maps.permute(order), self.to)
            }
            same => same,
        }
    }

    #[cfg(feature = "cpu")]
    pub(crate) fn fused(&self, value: Value) -> Value {
        match value {
            Value::Maps(maps, from) if from != self.to => {
                let maps = match self.to {
                    Layout::ChannelsFirst => fused::to_channels_first(maps),
                    Layout::ChannelsLast => fused::to_channels_last(maps),
                };
                Value::Maps(maps, self.to)
            }
            same => same,
        }
    }
}
