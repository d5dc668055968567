//! onnxruntime, PyTorch and safetensors open what is written here, and answer the same.

use std::fs;

use model_card::ModelCard;
use model_io::Package;
use model_spec::{NAMED_NETWORKS, NamedNetwork, NetworkSpec, Preprocessing, RandomNetworks, TensorKind};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use serde_json::Value;
use weights::Weights;

use crate::{apart, floats, folder, images, probabilities, python};

/// How many random networks.
const RANDOM: u64 = 20;

/// Initial weights whose norms have met data.
fn weights(network: &NetworkSpec, seed: u64) -> Weights {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let initial = Weights::initial(network, seed);
    let each = initial.tensors().flat_map(|(tensor, values)| {
        let range = match tensor.kind {
            TensorKind::Buffer if tensor.name.ends_with("var") => Some(0.5..1.5),
            TensorKind::Buffer => Some(-0.2..0.2),
            TensorKind::Parameter if tensor.name.starts_with("bn") || tensor.name.starts_with("ln") => {
                Some(0.5..1.5)
            }
            TensorKind::Parameter => None,
        };
        let value = |&value: &f32| range.clone().map_or(value, |range| random.random_range(range));
        values.iter().map(value).collect::<Vec<f32>>()
    });
    Weights::from_values(network.clone(), each.collect()).unwrap()
}

#[test]
#[cfg_attr(not(has_python), ignore = "INKLING_PYTHON is not set")]
fn others_answer_as_we_do() {
    let folder = folder("written");
    let [_, images] = images();
    fs::write(folder.join("images.bin"), &images.pixels).unwrap();
    let named = NAMED_NETWORKS.iter().map(NamedNetwork::spec);
    let networks: Vec<NetworkSpec> =
        named.chain((0..RANDOM).map(|seed| RandomNetworks::new(seed).valid())).collect();
    let preprocessings = [
        Preprocessing::ZeroToOne,
        Preprocessing::MinusOneToOne,
        Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 },
        Preprocessing::L2Columns,
    ];
    let mut cases = Vec::new();
    for (index, network) in networks.into_iter().enumerate() {
        let weights = weights(&network, index as u64);
        let card = ModelCard {
            preprocessing: preprocessings[index % 4],
            class_names: (0..network.classes()).map(|class| format!("class \"{class}\"")).collect(),
            ..ModelCard::unknown(network)
        };
        let own = folder.join(format!("{index:02}"));
        fs::create_dir(&own).unwrap();
        for (name, bytes) in Package::new("A model", &weights, &card).files().unwrap() {
            fs::write(own.join(name), bytes).unwrap();
        }
        cases.push((own, weights, card));
    }
    let said = python("check_written.py", &[&folder]);
    let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.len(), cases.len(), "{said:?}");
    let mut largest = [0.0_f32; 2];
    for ((own, weights, card), said) in cases.iter().zip(&said) {
        let ours = probabilities(weights, card.preprocessing, &images.pixels);
        for (largest, file) in largest.iter_mut().zip(["onnx-logits.bin", "torch-logits.bin"]) {
            let apart = apart(&ours, &floats(&own.join(file)));
            assert!(apart < 1e-4, "{file} is {apart} apart: {}", card.network.to_json());
            *largest = largest.max(apart);
        }
        let theirs = floats(&own.join("onnx-probabilities.bin"));
        let same = ours.iter().flatten().zip(&theirs).all(|(one, other)| (one - other).abs() < 1e-5);
        assert!(same, "other probabilities: {}", card.network.to_json());
        let has_layer_norm = card.network.to_json().contains("layer_norm");
        assert_eq!(said["opset"], if has_layer_norm { 17 } else { 13 });
        assert_eq!(said["classes"][1], "class \"1\"");
        let names: Vec<String> =
            serde_json::from_str(said["metadata"]["class_names"].as_str().unwrap()).unwrap();
        assert_eq!(names, card.class_names);
        let mut tensors: Vec<&str> = card.network.tensors().map(|tensor| tensor.name.as_str()).collect();
        tensors.sort_unstable();
        assert_eq!(said["tensors"], serde_json::json!(tensors));
    }
    println!(
        "{} networks: onnxruntime {:e} apart at most, PyTorch {:e}",
        cases.len(),
        largest[0],
        largest[1]
    );
    fs::remove_dir_all(folder).unwrap();
}
