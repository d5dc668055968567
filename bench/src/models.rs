//! What is measured: networks, and the settings that every peer trains them with.

use model_spec::{NetworkSpec, named_network};
use train_config::{PreprocessingChoice, TrainConfig};

/// Images of MNIST that the models for it train on, in the order of the file.
pub const MNIST_IMAGES: usize = 12_800;

/// Five stacks that nobody tuned for, as JSON.
const STACKS: [(&str, &str); 5] = [
    (
        "strided",
        r#"{"layers":[{"kind":"conv2d","out_channels":16,"kernel_size":3,"stride":2},{"kind":"relu"},
        {"kind":"conv2d","out_channels":32,"kernel_size":3,"stride":2},{"kind":"relu"},{"kind":"flatten"},
        {"kind":"dense","units":64},{"kind":"relu"},{"kind":"dense","units":10}]}"#,
    ),
    (
        "conv-norm",
        r#"{"layers":[{"kind":"conv2d","out_channels":16,"kernel_size":3,"bias":false},{"kind":"batch_norm"},{"kind":"relu"},
        {"kind":"conv2d","out_channels":32,"kernel_size":3,"bias":false},{"kind":"batch_norm"},{"kind":"relu"},
        {"kind":"max_pool2d"},{"kind":"flatten"},{"kind":"dense","units":10}]}"#,
    ),
    (
        "average-pool",
        r#"{"layers":[{"kind":"conv2d","out_channels":8,"kernel_size":5},{"kind":"relu"},{"kind":"avg_pool2d"},
        {"kind":"conv2d","out_channels":16,"kernel_size":5},{"kind":"relu"},{"kind":"avg_pool2d"},{"kind":"flatten"},
        {"kind":"dense","units":10}]}"#,
    ),
    (
        "tanh-mlp",
        r#"{"layers":[{"kind":"flatten"},{"kind":"dense","units":128},{"kind":"tanh"},{"kind":"dense","units":128},
        {"kind":"tanh"},{"kind":"dense","units":10}]}"#,
    ),
    (
        "same-padding",
        r#"{"layers":[{"kind":"conv2d","out_channels":16,"kernel_size":5,"padding":"same"},{"kind":"relu"},
        {"kind":"max_pool2d"},{"kind":"conv2d","out_channels":32,"kernel_size":5,"padding":"same"},{"kind":"relu"},
        {"kind":"max_pool2d"},{"kind":"flatten"},{"kind":"dense","units":10}]}"#,
    ),
];

/// Adam at 0.001 in batches of 64, without end; the study's at 0.01 in batches of 512, standardized. `None` for a model that
/// no peer knows.
pub fn config(model: &str) -> Option<TrainConfig> {
    let named = |id: &str| named_network(id).map(model_spec::NamedNetwork::spec);
    let network = match model {
        "seed" => named("workshop-cnn"),
        "tfjs" => named("tfjs-cnn"),
        "mlp" | "mlp-mnist" => named("mlp"),
        "fast" => named("fast-cnn"),
        "study-mnist" => named("mlp-100-50"),
        "study-norm-mnist" => named("norm-mlp-50"),
        other => {
            STACKS.iter().find(|(id, _)| *id == other).and_then(|(_, json)| NetworkSpec::from_json(json).ok())
        }
    };
    let config = TrainConfig { epochs: 1_000, ..TrainConfig::new(network?) };
    Some(if model.starts_with("study-") {
        TrainConfig {
            batch_size: 512,
            learning_rate: 0.01,
            preprocessing: PreprocessingChoice::Standardized,
            ..config
        }
    } else {
        config
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_can_be_trained() {
        for id in
            STACKS.map(|(id, _)| id).into_iter().chain(["seed", "tfjs", "mlp-mnist", "study-norm-mnist"])
        {
            assert_eq!(config(id).unwrap().check(), Ok(()), "{id}");
        }
        assert!(config("lenet").is_none());
    }
}
