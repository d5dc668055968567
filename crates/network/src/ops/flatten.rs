//! Maps as one vector, in channel, row, column order.

use crate::value::{Layout, Value};

#[derive(Clone, Debug)]
pub(crate) struct Flatten {
    pub(crate) features: usize,
}

impl Flatten {
    pub(crate) fn run(&self, value: Value) -> Value {
        match value {
            rows @ Value::Rows(_) => rows,
            maps @ Value::Maps(..) => {
                let maps = maps.maps(Layout::ChannelsFirst);
                let images = maps.dims()[0];
                Value::Rows(maps.reshape([images, self.features]))
            }
        }
    }
}
