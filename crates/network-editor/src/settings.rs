//! The kinds of layers, and what can be set in each.

use model_spec::{
    LayerSpec, Padding,
    layers::{BatchNorm, Conv2d, Dense, Dropout, LayerNorm, LeakyRelu, Pool2d},
};

/// A kind of layer that can be added.
#[derive(Clone, Copy, Debug)]
pub struct LayerKind {
    /// Its name in a list.
    pub title: &'static str,
    /// A layer of this kind with usual settings.
    pub layer: fn() -> LayerSpec,
}

/// Every kind, the most used ones first.
pub const LAYER_KINDS: &[LayerKind] = &[
    LayerKind { title: "Dense", layer: || LayerSpec::Dense(Dense::new(100)) },
    LayerKind { title: "ReLU", layer: || LayerSpec::Relu },
    LayerKind { title: "Convolution", layer: || LayerSpec::Conv2d(Conv2d::new(16, 3)) },
    LayerKind { title: "Max pool", layer: || LayerSpec::MaxPool2d(Pool2d::new(2)) },
    LayerKind { title: "Flatten", layer: || LayerSpec::Flatten },
    LayerKind { title: "Dropout", layer: || LayerSpec::Dropout(Dropout { probability: 0.25 }) },
    LayerKind { title: "Batch norm", layer: || LayerSpec::BatchNorm(BatchNorm::default()) },
    LayerKind { title: "Layer norm", layer: || LayerSpec::LayerNorm(LayerNorm::default()) },
    LayerKind { title: "Average pool", layer: || LayerSpec::AvgPool2d(Pool2d::new(2)) },
    LayerKind { title: "Global average pool", layer: || LayerSpec::GlobalAvgPool },
    LayerKind { title: "Leaky ReLU", layer: || LayerSpec::LeakyRelu(LeakyRelu { negative_slope: 0.01 }) },
    LayerKind { title: "GELU", layer: || LayerSpec::Gelu },
    LayerKind { title: "SiLU", layer: || LayerSpec::Silu },
    LayerKind { title: "Tanh", layer: || LayerSpec::Tanh },
    LayerKind { title: "Sigmoid", layer: || LayerSpec::Sigmoid },
];

/// Something that can be set in a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name, unique in the layer.
    pub name: &'static str,
    /// Id of the term that explains it.
    pub term: &'static str,
    /// What it is now, and can be.
    pub value: SettingValue,
}

/// What a setting is, and can be.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    /// A whole number.
    Whole {
        /// Now.
        value: usize,
        /// Smallest and largest.
        range: (usize, usize),
    },
    /// A number.
    Number {
        /// Now.
        value: f64,
        /// Smallest and largest.
        range: (f64, f64),
    },
    /// Yes or no.
    Switch(bool),
}

impl SettingValue {
    /// As it stands in a field; nothing for a switch.
    pub fn text(&self) -> String {
        match self {
            Self::Whole { value, .. } => value.to_string(),
            Self::Number { value, .. } => value.to_string(),
            Self::Switch(_) => String::new(),
        }
    }

    /// The same setting as somebody typed it; `None` where that is no such number.
    pub fn typed(&self, text: &str) -> Option<Self> {
        let text = text.trim();
        match *self {
            Self::Whole { range, .. } => Some(Self::Whole { value: whole_number(text)?, range }),
            Self::Number { range, .. } => Some(Self::Number { value: text.parse().ok()?, range }),
            Self::Switch(_) => None,
        }
    }

    /// Smallest and largest as text, and the step between two values as a field takes it; nothing for a switch.
    pub fn limits(&self) -> Option<(String, String, &'static str)> {
        match self {
            Self::Whole { range: (least, most), .. } => Some((least.to_string(), most.to_string(), "1")),
            Self::Number { range: (least, most), .. } => Some((least.to_string(), most.to_string(), "any")),
            Self::Switch(_) => None,
        }
    }
}

/// A whole number, which may be written as `1e2`.
fn whole_number(text: &str) -> Option<usize> {
    let written = || {
        let number: f64 = text.parse().ok()?;
        let is_whole = number.fract() == 0.0 && (0.0..=1e9).contains(&number);
        is_whole.then_some(number as usize)
    };
    text.parse().ok().or_else(written)
}

const fn whole(name: &'static str, term: &'static str, value: usize, least: usize, most: usize) -> Setting {
    Setting { name, term, value: SettingValue::Whole { value, range: (least, most) } }
}

const fn number(name: &'static str, term: &'static str, value: f64, least: f64, most: f64) -> Setting {
    Setting { name, term, value: SettingValue::Number { value, range: (least, most) } }
}

const fn switch(name: &'static str, term: &'static str, value: bool) -> Setting {
    Setting { name, term, value: SettingValue::Switch(value) }
}

const CHANNELS: &str = "Channels";
const KERNEL: &str = "Kernel size";
const WINDOW: &str = "Window size";
const STRIDE: &str = "Stride";
const SAME: &str = "Same padding";
const BIAS: &str = "Bias";
const UNITS: &str = "Units";
const PROBABILITY: &str = "Probability";
const SLOPE: &str = "Slope below zero";
const MOMENTUM: &str = "Momentum";
const EPSILON: &str = "Epsilon";
const AFFINE: &str = "Scale and shift";

/// What can be set in a layer; nothing for most.
pub fn settings(layer: &LayerSpec) -> Vec<Setting> {
    match layer {
        LayerSpec::Conv2d(conv) => vec![
            whole(CHANNELS, "channels", conv.out_channels, 1, 1_024),
            whole(KERNEL, "kernel-size", conv.kernel_size, 1, 7),
            whole(STRIDE, "stride", conv.stride, 1, 3),
            switch(SAME, "padding", conv.padding == Padding::Same),
            switch(BIAS, "parameters", conv.bias),
        ],
        LayerSpec::MaxPool2d(pool) | LayerSpec::AvgPool2d(pool) => {
            vec![
                whole(WINDOW, "pooling", pool.kernel_size, 1, 7),
                whole(STRIDE, "stride", pool.stride(), 1, 7),
            ]
        }
        LayerSpec::Dense(dense) => {
            vec![whole(UNITS, "units", dense.units, 1, 8_192), switch(BIAS, "parameters", dense.bias)]
        }
        LayerSpec::BatchNorm(norm) => vec![
            number(MOMENTUM, "batch-norm", norm.momentum, 0.001, 1.0),
            number(EPSILON, "batch-norm", norm.epsilon, 1e-12, 1.0),
            switch(AFFINE, "batch-norm", norm.affine),
        ],
        LayerSpec::LayerNorm(norm) => {
            vec![
                number(EPSILON, "layer-norm", norm.epsilon, 1e-12, 1.0),
                switch(AFFINE, "layer-norm", norm.affine),
            ]
        }
        LayerSpec::Dropout(dropout) => vec![number(PROBABILITY, "dropout", dropout.probability, 0.0, 0.95)],
        LayerSpec::LeakyRelu(relu) => vec![number(SLOPE, "relu", relu.negative_slope, 0.0, 1.0)],
        _ => Vec::new(),
    }
}

/// The layer with one setting as given; `None` where the layer has no such setting, or one of another type.
///
/// Ranges are not checked here: checking the network says what is wrong, and at which layer.
pub fn with_setting(layer: &LayerSpec, name: &str, value: &SettingValue) -> Option<LayerSpec> {
    use SettingValue::{Number, Switch, Whole};
    let mut layer = layer.clone();
    match (&mut layer, name, value) {
        (LayerSpec::Conv2d(conv), CHANNELS, Whole { value, .. }) => conv.out_channels = *value,
        (LayerSpec::Conv2d(conv), KERNEL, Whole { value, .. }) => conv.kernel_size = *value,
        (LayerSpec::Conv2d(conv), STRIDE, Whole { value, .. }) => conv.stride = *value,
        (LayerSpec::Conv2d(conv), SAME, Switch(same)) => {
            conv.padding = if *same { Padding::Same } else { Padding::Valid };
        }
        (LayerSpec::Conv2d(conv), BIAS, Switch(bias)) => conv.bias = *bias,
        (LayerSpec::MaxPool2d(pool) | LayerSpec::AvgPool2d(pool), WINDOW, Whole { value, .. }) => {
            // Windows that lay side by side still do.
            if pool.stride == Some(pool.kernel_size) {
                pool.stride = None;
            }
            pool.kernel_size = *value;
        }
        (LayerSpec::MaxPool2d(pool) | LayerSpec::AvgPool2d(pool), STRIDE, Whole { value, .. }) => {
            pool.stride = (*value != pool.kernel_size).then_some(*value);
        }
        (LayerSpec::Dense(dense), UNITS, Whole { value, .. }) => dense.units = *value,
        (LayerSpec::Dense(dense), BIAS, Switch(bias)) => dense.bias = *bias,
        (LayerSpec::BatchNorm(norm), MOMENTUM, Number { value, .. }) => norm.momentum = *value,
        (LayerSpec::BatchNorm(norm), EPSILON, Number { value, .. }) => norm.epsilon = *value,
        (LayerSpec::BatchNorm(norm), AFFINE, Switch(affine)) => norm.affine = *affine,
        (LayerSpec::LayerNorm(norm), EPSILON, Number { value, .. }) => norm.epsilon = *value,
        (LayerSpec::LayerNorm(norm), AFFINE, Switch(affine)) => norm.affine = *affine,
        (LayerSpec::Dropout(dropout), PROBABILITY, Number { value, .. }) => dropout.probability = *value,
        (LayerSpec::LeakyRelu(relu), SLOPE, Number { value, .. }) => relu.negative_slope = *value,
        _ => return None,
    }
    Some(layer)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Another value of the same type, within its range.
    fn changed(value: &SettingValue) -> SettingValue {
        match *value {
            SettingValue::Whole { value, range } => {
                SettingValue::Whole { value: if value == range.1 { range.0 } else { range.1 }, range }
            }
            SettingValue::Number { value, range } => {
                SettingValue::Number { value: if value == range.1 { range.0 } else { range.1 }, range }
            }
            SettingValue::Switch(on) => SettingValue::Switch(!on),
        }
    }

    #[test]
    fn every_setting_of_every_kind_can_be_changed() {
        for kind in LAYER_KINDS {
            let layer = (kind.layer)();
            for setting in settings(&layer) {
                let value = changed(&setting.value);
                let after = with_setting(&layer, setting.name, &value).unwrap();
                let found = settings(&after).into_iter().find(|after| after.name == setting.name).unwrap();
                assert_eq!(found.value, value, "{}: {}", kind.title, setting.name);
                assert_eq!(with_setting(&layer, "no such setting", &value), None);
                let typed = (value.limits().is_some()).then(|| value.clone());
                assert_eq!(setting.value.typed(&format!(" {} ", value.text())), typed);
                assert_eq!(setting.value.typed("many"), None);
            }
        }
    }

    #[test]
    fn a_larger_window_stays_beside_its_neighbour() {
        let pool = LayerSpec::MaxPool2d(Pool2d::new(2));
        let three = SettingValue::Whole { value: 3, range: (1, 7) };
        assert_eq!(with_setting(&pool, WINDOW, &three), Some(LayerSpec::MaxPool2d(Pool2d::new(3))));
        let apart = with_setting(&pool, STRIDE, &three);
        assert_eq!(apart, Some(LayerSpec::MaxPool2d(Pool2d { kernel_size: 2, stride: Some(3) })));
    }
}
