//! What is written comes back, for every named network and for random ones.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use checkpoint::{Best, Checkpoint, Measured, Progress};
use evaluation::Accuracy;
use model_card::ModelCard;
use model_spec::{LayerSpec, NAMED_NETWORKS, NamedNetwork, NetworkSpec, Preprocessing, RandomNetworks};
use safetensors::SafeTensors;
use train_config::TrainConfig;
use weights::Weights;

use crate::{Found, ModelFile, Package, read, write_onnx};

const PREPROCESSINGS: [Preprocessing; 4] = [
    Preprocessing::ZeroToOne,
    Preprocessing::MinusOneToOne,
    Preprocessing::MeanStd { mean: 0.1307, std: 0.3081 },
    Preprocessing::L2Columns,
];

fn networks() -> Vec<NetworkSpec> {
    let named = NAMED_NETWORKS.iter().map(NamedNetwork::spec);
    named.chain((0..60).map(|seed| RandomNetworks::new(seed).valid())).collect()
}

fn read_one(name: &str, bytes: Vec<u8>) -> Found {
    read(&[ModelFile { name: name.into(), bytes }]).unwrap()
}

/// The layers that matter once a network is trained: a file of answers need not keep the others.
fn lasting(network: &NetworkSpec) -> Vec<LayerSpec> {
    let lasting = network.layers().iter().filter(|layer| !matches!(layer, LayerSpec::Dropout(_)));
    lasting
        .map(|layer| match layer {
            // How fast running statistics follow is for training alone.
            LayerSpec::BatchNorm(norm) => LayerSpec::BatchNorm(model_spec::layers::BatchNorm {
                momentum: 0.1,
                affine: true,
                ..norm.clone()
            }),
            LayerSpec::LayerNorm(norm) => {
                LayerSpec::LayerNorm(model_spec::layers::LayerNorm { affine: true, ..norm.clone() })
            }
            // A window that moves by its own size is one without a stride.
            LayerSpec::MaxPool2d(pool) => LayerSpec::MaxPool2d(model_spec::layers::Pool2d {
                stride: Some(pool.stride()),
                ..pool.clone()
            }),
            LayerSpec::AvgPool2d(pool) => LayerSpec::AvgPool2d(model_spec::layers::Pool2d {
                stride: Some(pool.stride()),
                ..pool.clone()
            }),
            // Nothing is padded where a window fits.
            LayerSpec::Conv2d(conv) if conv.kernel_size == 1 && conv.stride == 1 => {
                LayerSpec::Conv2d(model_spec::layers::Conv2d {
                    padding: model_spec::Padding::Valid,
                    ..conv.clone()
                })
            }
            other => other.clone(),
        })
        .collect()
}

#[test]
fn onnx_comes_back_to_the_last_bit() {
    for (index, network) in networks().into_iter().enumerate() {
        let weights = Weights::initial(&network, 7);
        let preprocessing = PREPROCESSINGS[index % 4];
        let card = ModelCard { preprocessing, ..ModelCard::unknown(network.clone()) };
        let found = read_one("model.onnx", write_onnx(&weights, &card));
        let [candidate] = found.candidates.as_slice() else {
            panic!("{} candidates", found.candidates.len())
        };
        assert_eq!(
            (found.format, candidate.reading.preprocessing),
            ("ONNX", Some(preprocessing)),
            "{}",
            network.to_json()
        );
        let (read, written) = (lasting(candidate.reading.weights.network()), lasting(&network));
        assert_eq!(read.len(), written.len(), "{}", network.to_json());
        let same_values = candidate.reading.weights.values().len() != weights.values().len()
            || candidate.reading.weights.values() == weights.values();
        assert!(same_values, "{}", network.to_json());
        for (read, written) in read.iter().zip(&written) {
            let same_padding = matches!((read, written), (LayerSpec::Conv2d(a), LayerSpec::Conv2d(b)) if a.kernel_size == b.kernel_size && a.stride == b.stride);
            assert!(read == written || same_padding, "{read:?} for {written:?}");
        }
        assert_eq!(candidate.reading.weights.network().shapes().last(), network.shapes().last());
    }
}

#[test]
fn a_package_is_opened_again() {
    let network = model_spec::named_network("small-cnn").unwrap().spec();
    let weights = Weights::initial(&network, 7);
    let card = ModelCard {
        trained_on: "MNIST".into(),
        epochs_done: 3,
        notes: "Mine.".into(),
        ..ModelCard::unknown(network)
    };
    let package = Package::new("Small", &weights, &card).zip().unwrap();
    assert_eq!(package, Package::new("Small", &weights, &card).zip().unwrap());
    let found = read_one("small.zip", package);
    assert_eq!((found.card, &found.candidates[0].reading.weights), (Some(card), &weights));
}

/// A run of two weights and two biases in the middle of its second epoch.
#[test]
fn a_run_is_packed_as_it_stood_with_its_optimizer() {
    let network = NetworkSpec::from_json(
        r#"{"classes":2,"layers":[{"kind":"global_avg_pool"},{"kind":"dense","units":2}]}"#,
    )
    .unwrap();
    let weights = |values: [f32; 4]| Weights::from_values(network.clone(), values.to_vec()).unwrap();
    let config = TrainConfig { network: network.clone(), ..TrainConfig::default() };
    let progress = Progress {
        config,
        images_crc: 0,
        build: String::new(),
        epoch: 1,
        step: 5,
        optimizer_steps: 15,
        stopped: None,
    };
    let (now, before) = (weights([1.0, 2.0, 3.0, 4.0]), weights([0.0; 4]));
    let moments = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let checkpoint = Checkpoint { progress, weights: now.clone(), moments, best: None };
    let measured = Accuracy { correct: 1, total: 2 };
    let card = ModelCard { test: Some(measured), epochs_done: 1, ..ModelCard::unknown(network.clone()) };

    let package = Package::of_run("Run", &checkpoint, &before, &card).unwrap();
    assert_eq!((package.weights, package.card.test), (&now, None), "figures of other weights are gone");
    let package = Package::of_run("Run", &checkpoint, &now, &card).unwrap();
    assert_eq!(package.card.test, Some(measured), "figures of these weights stay");

    let files = package.files().unwrap();
    let (_, state) = files.iter().find(|(name, _)| *name == "optimizer.safetensors").unwrap();
    let (_, header) = SafeTensors::read_metadata(state).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["steps"], "15");
    let tensors = SafeTensors::deserialize(state).unwrap();
    let second = tensors.tensor("fc1.weight.exp_avg_sq").unwrap();
    assert_eq!((second.shape(), second.data()), (&[2, 1][..], &[0, 0, 64, 64, 0, 0, 128, 64][..]));
    assert_eq!(tensors.len(), 4);
    // The state is no model: zip and folder are opened as the weights beside it.
    let found = read_one("run.zip", package.zip().unwrap());
    assert_eq!(found.candidates[0].reading.weights, now);
    let folder: Vec<ModelFile> =
        files.iter().map(|(name, bytes)| ModelFile { name: (*name).into(), bytes: bytes.clone() }).collect();
    assert!(folder.iter().any(|file| file.name == "optimizer.safetensors"));
    assert_eq!(read(&folder).unwrap().candidates[0].reading.weights.network().title(), network.title());

    // Early stopping went back to weights that the optimizer has long left behind.
    let progress = Progress { epoch: 3, ..checkpoint.progress.clone() };
    let best = Some(Best { epoch: 1, measured: Measured::default(), weights: now.clone() });
    let stopped = Checkpoint { progress, best, ..checkpoint.clone() };
    let package = Package::of_run("Run", &stopped, &now, &card).unwrap();
    assert!(package.files().unwrap().iter().all(|(name, _)| *name != "optimizer.safetensors"));

    let other = ModelCard::unknown(model_spec::named_network("mlp").unwrap().spec());
    assert!(Package::of_run("Run", &checkpoint, &now, &other).is_err());
}

const KERAS_H5: &[u8] = include_bytes!("../../../tests/models/keras.h5");
const KERAS: &[u8] = include_bytes!("../../../tests/models/keras.keras");
const PYTORCH: &[u8] = include_bytes!("../../../tests/models/pytorch-checkpoint.pth");

#[test]
fn both_files_of_keras_hold_the_same_network() {
    let (newer, older) = (read_one("keras.keras", KERAS.to_vec()), read_one("keras.h5", KERAS_H5.to_vec()));
    assert_eq!(newer, older);
    let candidate = &newer.candidates[0];
    assert_eq!(candidate.reading.preprocessing, Some(Preprocessing::ZeroToOne));
    assert_eq!(candidate.reading.weights.network().title(), "CNN, 2,230 parameters");
}

#[test]
fn a_checkpoint_gives_every_network_that_its_tensors_fit() {
    let found = read_one("pytorch-checkpoint.pth", PYTORCH.to_vec());
    assert_eq!(found.format, "PyTorch");
    let first = &found.candidates[0];
    assert_eq!(first.assumes, "ReLU between layers, max pooling behind each convolution, no padding");
    let kinds: Vec<String> = first.reading.weights.network().layers().iter().map(LayerSpec::title).collect();
    assert_eq!(kinds[..4], ["Convolution 5x5, 6 channels", "Batch norm", "ReLU", "Max pool 2x2"]);
    assert!(
        found.candidates.len() > 1
            && found.candidates.iter().all(|other| other.reading.preprocessing.is_none())
    );
}

/// Safetensors lie in the order of their names: norms first. Each is found to stand behind its own layer.
#[test]
fn layers_are_ordered_by_what_fits() {
    let json = r#"{"layers":[{"kind":"conv2d","out_channels":8,"kernel_size":3},{"kind":"batch_norm"},{"kind":"relu"},
        {"kind":"conv2d","out_channels":8,"kernel_size":3},{"kind":"batch_norm"},{"kind":"relu"},{"kind":"flatten"},
        {"kind":"dense","units":10}]}"#;
    let network = NetworkSpec::from_json(json).unwrap();
    let weights = Weights::initial(&network, 4);
    let mut tensors: Vec<_> = weights.tensors().collect();
    tensors.sort_by_key(|(tensor, _)| tensor.name.clone());
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(tensor, values)| {
            (
                tensor.name.clone(),
                tensor.shape.clone(),
                values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            )
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (
            name.as_str(),
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).unwrap(),
        )
    });
    let file = safetensors::serialize(views, None).unwrap();
    let found = read_one("a.safetensors", file);
    assert!(found.candidates.iter().any(|candidate| candidate.reading.weights == weights));
}

/// What is refused, and with which words.
#[track_caller]
fn check_refused(name: &str, bytes: &[u8], complaint: &str) {
    let error = read(&[ModelFile { name: name.into(), bytes: bytes.to_vec() }]).unwrap_err().to_string();
    assert!(error.contains(complaint), "{error}");
}

#[test]
fn what_is_no_model_is_named() {
    check_refused("a.pt", b"", "it is empty");
    check_refused(
        "a.pt",
        b"version https:\x2f/git-lfs.github.com/spec/v1\noid sha256:0",
        "a Git LFS pointer",
    );
    check_refused("a.onnx", b"<!DOCTYPE html><html>", "a web page");
    check_refused("a.pt", b"\x89PNG\r\n\x1a\n", "a picture");
    check_refused("a.json", b"{\"layers\":[]}", "JSON that describes no model");
    check_refused("a.tflite", b"\x1c\0\0\0TFL3", "TensorFlow Lite");
    check_refused("a.bin", b"what is this", "of no kind that is known here");
    check_refused("a.pkl", b"\x80\x02csklearn.svm\nSVC\nq\x00.", "a Python pickle of sklearn");
}

/// A zip of one entry that unpacks to a lot.
fn bomb(name: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file(name, options).unwrap();
    for _ in 0..80 {
        zip.write_all(&vec![0; 1 << 20]).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn files_that_mean_harm_are_refused_in_a_sentence() {
    check_refused("a.pt", b"\x80\x02cos\nsystem\nq\x00U\x04evilq\x01\x85R.", "would call os.system");
    check_refused(
        "a.pt",
        b"\x80\x02c__builtin__\neval\nq\x00U\x04evilq\x01\x85R.",
        "would call __builtin__.eval",
    );
    for name in ["archive/data.pkl", "model.weights.h5", "arr_0.npy"] {
        let bomb = bomb(name);
        assert!(bomb.len() < 200_000);
        let error = read(&[ModelFile { name: "bomb.zip".into(), bytes: bomb }]).unwrap_err().to_string();
        assert!(error.contains("more than 64 MiB") || error.contains("config.json"), "{error}");
    }
    // Dictionaries that hold the one before twice: 2^60 ways to its end.
    let mut doubling = b"\x80\x02}q\x00".to_vec();
    for depth in 0..60_u8 {
        doubling.extend([
            b'}',
            b'q',
            depth + 1,
            b'(',
            0x8c,
            1,
            b'a',
            b'h',
            depth,
            0x8c,
            1,
            b'b',
            b'h',
            depth,
            b'u',
        ]);
    }
    doubling.push(b'.');
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("archive/data.pkl", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, &doubling).unwrap();
    check_refused("a.pt", &zip.finish().unwrap().into_inner(), "stand in too many places");
    // A header of 2 GB, which is not there.
    let header = [&(2_u64 << 30).to_le_bytes()[..], b"{\"a\":1}"].concat();
    check_refused("a.safetensors", &header, "of no kind that is known here");
    check_refused("a.safetensors", &[&1_000_u64.to_le_bytes()[..], b"{\"a\":1}"].concat(), "cut off");
    // Graphs within graphs within graphs.
    let mut graph = Vec::new();
    for _ in 0..10_000 {
        let attribute = [&[0x32][..], &length(graph.len()), &graph].concat();
        let node = [&[0x2a][..], &length(attribute.len()), &attribute].concat();
        graph = [&[0x0a][..], &length(node.len()), &node].concat();
    }
    let nested = [&[0x08, 0x07, 0x3a][..], &length(graph.len()), &graph].concat();
    check_refused("a.onnx", &nested, "a branch or a loop");
    // Cut anywhere, none of them panics.
    for (name, whole) in [("a.pth", PYTORCH), ("a.keras", KERAS), ("a.h5", KERAS_H5)] {
        for end in (0..whole.len()).step_by(997) {
            let _ = read(&[ModelFile { name: name.into(), bytes: whole[..end].to_vec() }]);
        }
    }
}

fn length(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes
}

/// Every corpus of the fuzzers, with no more than the fuzzers ask: no panic.
#[test]
fn changed_bytes_never_panic() {
    let network = model_spec::named_network("small-cnn").unwrap().spec();
    let weights = Weights::initial(&network, 1);
    let card = ModelCard::unknown(network);
    let onnx = write_onnx(&weights, &card);
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for (name, whole) in [("a.pth", PYTORCH), ("a.keras", KERAS), ("a.h5", KERAS_H5), ("a.onnx", &onnx)] {
        for _ in 0..150 {
            let mut bytes = whole.to_vec();
            for _ in 0..=random() % 4 {
                // Where lengths and names stand: at both ends.
                let place = random() % bytes.len().min(2_048);
                let place = if random() % 2 == 0 { place } else { bytes.len() - 1 - place };
                bytes[place] = [0, 0xff, random() as u8][random() % 3];
            }
            let _ = read(&[ModelFile { name: name.into(), bytes }]);
        }
    }
}
