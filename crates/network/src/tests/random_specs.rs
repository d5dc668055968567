#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use model_spec::{NetworkSpec, RandomNetworks, SpecError};
#[cfg(feature = "cpu")]
use weights::Weights;

#[cfg(feature = "cpu")]
use super::compare::{DROPOUTS, PREPROCESSINGS, check_step, difference, expected, got};
#[cfg(feature = "cpu")]
use crate::Fusion;

#[cfg(feature = "cpu")]
#[test]
fn random_networks_train_a_step_as_with_stock_operations() {
    for seed in 0..200 {
        let network = RandomNetworks::new(seed).valid();
        let (preprocessing, dropout) = (PREPROCESSINGS[seed as usize % 4], DROPOUTS[seed as usize % 2]);
        // Norms over few and nearly equal values magnify rounding.
        let has_norm = network.to_json().contains("_norm");
        let weights = Weights::initial(&network, seed);
        let fused = got(&weights, preprocessing, dropout, Fusion::Cpu);
        let stock = expected(&weights, preprocessing, dropout);
        let found = difference(&fused, &stock, if has_norm { 5e-3 } else { 1e-4 });
        assert_eq!(found, Ok(()), "seed {seed}, {preprocessing:?}, {dropout:?}\n{}", network.to_json());
        if !has_norm {
            check_step(&network, preprocessing, dropout, 2e-5, |weights| {
                got(weights, preprocessing, dropout, Fusion::Cpu)
            });
        }
    }
}

#[test]
fn random_impossible_networks_are_refused_with_the_layer_named() {
    for seed in 0..300 {
        let (draft, place) = RandomNetworks::new(seed).invalid();
        let json = serde_json::to_string(&draft).unwrap();
        let error = draft.check().unwrap_err();
        assert_eq!(error.layer(), Some(place), "{error}\n{json}");
        assert!(error.to_string().starts_with(&format!("Layer {} (", place + 1)), "{error}");
        assert!(matches!(error, SpecError::Layer { .. }));
        assert_eq!(NetworkSpec::from_json(&json), Err(error));
    }
}
