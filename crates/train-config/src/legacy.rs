//! Configurations as cards of before 2026-12 hold them.

use model_spec::{layers::BatchNorm, legacy_network, normalized};
use serde::Deserialize;

use crate::{Augmentation, Optimizer, Schedule, TrainConfig};

#[derive(Deserialize)]
struct Recipe {
    architecture: String,
    optimizer: String,
    learning_rate: f64,
    #[serde(default)]
    weight_decay: f64,
    schedule: String,
    batch_size: u32,
    epochs: u32,
    seed: u64,
    #[serde(default)]
    batch_norm: bool,
    #[serde(default)]
    augmentation: Augmentation,
}

/// Reads the `recipe` of an old card; `None` where it is something else.
///
/// Old runs normalized, where they were told to, without learned scales and shifts, and with Keras's epsilon; files hold their
/// networks with the norms folded in.
pub fn legacy_config(recipe: &serde_json::Value) -> Option<TrainConfig> {
    let recipe = Recipe::deserialize(recipe).ok()?;
    let mut network = legacy_network(&recipe.architecture)?;
    if recipe.batch_norm {
        let norm = BatchNorm { epsilon: 1e-3, affine: false, ..BatchNorm::default() };
        network = normalized(&network.draft(), &norm).check().ok()?;
    }
    let optimizer = match recipe.optimizer.as_str() {
        "Sgd" => Optimizer::MOMENTUM,
        "RmsProp" => Optimizer::RMSPROP,
        "Adam" => Optimizer::ADAM,
        _ => return None,
    };
    let schedule = match recipe.schedule.as_str() {
        "Constant" => Schedule::Constant,
        "OneCycle" => Schedule::OneCycle,
        _ => return None,
    };
    Some(TrainConfig {
        optimizer,
        learning_rate: recipe.learning_rate,
        weight_decay: recipe.weight_decay,
        decoupled_decay: recipe.weight_decay > 0.0,
        schedule,
        batch_size: recipe.batch_size,
        epochs: recipe.epochs,
        seed: recipe.seed,
        augmentation: recipe.augmentation,
        test_every_epoch: true,
        ..TrainConfig::new(network)
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    #[test]
    fn an_old_recipe_is_read() {
        let mut old = json!({
            "architecture": "ReaderCnn", "optimizer": "Adam", "learning_rate": 0.002, "schedule": "OneCycle",
            "batch_size": 64, "epochs": 84, "seed": 1, "batch_norm": true, "augmentation": { "share": 0.9 },
        });
        let config = legacy_config(&old).unwrap();
        assert_eq!((config.epochs, config.schedule), (84, Schedule::OneCycle));
        assert!(config.network.has_batch_norm() && config.augmentation.share == 0.9);
        assert_eq!(config.check(), Ok(()));
        old["optimizer"] = json!("Lion");
        assert!(legacy_config(&old).is_none());
    }
}
