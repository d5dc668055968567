//! What the fuzzers of our own formats begin with: `cargo run -p untrusted-bytes --example seeds`. Those of others come from
//! `fuzz/seeds.py`.

#![expect(clippy::unwrap_used, reason = "what it writes is valid, and nobody waits for it")]

use std::{collections::BTreeMap, fs, path::Path};

use backup::{Backup, StoredObject, Value};
use checkpoint::{Checkpoint, Progress};
use experiments::{Shared, encode};
use ink::{Point, drawing_link};
use model_card::ModelCard;
use model_io::{LinkWeights, Package};
use model_spec::NetworkSpec;
use train_config::{DataChoice, TrainConfig};
use weights::{Weights, write_safetensors};

fn main() {
    let write = |reader: &str, bytes: &[u8]| {
        let (reader, name) = reader.split_once('/').unwrap_or((reader, "own"));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(reader);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("seed-{name}")), bytes).unwrap();
    };
    let network = NetworkSpec::from_json(
        r#"{"layers":[{"kind":"conv2d","out_channels":2,"kernel_size":3},{"kind":"relu"},{"kind":"global_avg_pool"},{"kind":"dense","units":10}]}"#,
    )
    .unwrap();
    let config = TrainConfig { network: network.clone(), ..TrainConfig::default() };
    let data = DataChoice::BuiltIn { train_images: 600 };
    let run = Shared::Run { name: "a-run".into(), config: config.clone(), data, workers: 1 };
    write("run_link", encode(&run).unwrap().as_bytes());
    let stroke = [(1.0, 2.0), (3.0, 9.0), (20.0, 25.0)].map(|(x, y)| Point { x, y }).to_vec();
    let drawing = drawing_link(&[stroke]).unwrap();
    write("run_link/drawing", drawing.split("1.").last().unwrap().as_bytes());

    let fields =
        [("a", Value::Text("b".into())), ("c", Value::Number(1.5)), ("d", Value::Bytes(vec![1, 2, 3]))];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    let object = StoredObject { store: "runs".into(), id: "1".into(), fields: BTreeMap::from(fields) };
    let preferences = BTreeMap::from([("inkling.pen".to_owned(), "1".to_owned())]);
    write("backup", &Backup { objects: vec![object], preferences }.to_bytes().unwrap());

    let weights = Weights::initial(&network, 1);
    let card = ModelCard { config: Some(config.clone()), ..ModelCard::unknown(network.clone()) };
    write("link", LinkWeights::new("a", &weights, &card).unwrap().link("a", &card).as_bytes());
    write("safetensors", &write_safetensors(&weights, &card).unwrap());
    write("zip", &Package::new("a", &weights, &card).zip().unwrap());
    let moments = vec![0.5; 2 * network.parameter_count()];
    let progress = Progress {
        config,
        images_crc: 1,
        build: "b".into(),
        epoch: 0,
        step: 1,
        optimizer_steps: 1,
        stopped: None,
    };
    write("checkpoint", &Checkpoint { progress, weights, moments, best: None }.to_bytes().unwrap());
}
