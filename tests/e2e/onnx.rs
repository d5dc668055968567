//! onnxruntime-web, in a page of its own, answers as we do.

use std::{
    env, fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use burn::tensor::Device;
use dataset::careful_digits;
use network::Network;
use pollster::block_on;

use crate::browser::{Browser, Options, out};

const IMAGES: usize = 200;

const PAGE: &str = r"<!DOCTYPE html><title>onnxruntime-web</title><link rel='icon' href='data:,'><script type='module'>
    import * as ort from './ort.wasm.bundle.min.js';
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = { wasm: new URL('./ort-wasm-simd-threaded.wasm', location).href };
    try {
        const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
        const levels = await bytes('./images.bin');
        const session = await ort.InferenceSession.create(await bytes('./model.onnx'));
        const pixels = new ort.Tensor('float32', Float32Array.from(levels), [levels.length / 784, 1, 28, 28]);
        const { probabilities } = await session.run({ pixels });
        window.found = Array.from(probabilities.data);
    } catch (error) { window.found = String(error); }
</script>";

#[tokio::test]
#[cfg_attr(not(has_node_packages), ignore = "INKLING_NODE_PACKAGES is not set")]
async fn onnxruntime_web_answers_as_we_do() {
    let file = fs::read(tests::root().join("public/models/small-cnn.safetensors")).unwrap();
    let (weights, card) = weights::read_safetensors(&file).unwrap();
    let images = careful_digits(IMAGES, 3);
    fs::write(out().join("model.onnx"), model_io::write_onnx(&weights, &card)).unwrap();
    fs::write(out().join("images.bin"), &images.pixels).unwrap();
    let packages = PathBuf::from(env::var_os("INKLING_NODE_PACKAGES").unwrap());
    let library = packages.join("node_modules/onnxruntime-web/dist");
    let instead = move |path: &str| match path.strip_prefix("ort/")? {
        "index.html" => Some(PAGE.into()),
        own @ ("model.onnx" | "images.bin") => fs::read(out().join(own)).ok(),
        // The server knows scripts by this ending.
        name => fs::read(library.join(name.replace(".min.js", ".min.mjs"))).ok(),
    };
    let browser = Browser::open(Options { instead: Some(Arc::new(instead)), ..Options::default() }).await;
    browser.visit("ort/index.html").await;
    let start = Instant::now();
    let found = loop {
        let found = browser.script("return window.found ?? null").await;
        if !found.is_null() {
            break found;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "it never answered");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let theirs: Vec<f32> = serde_json::from_value(found.clone()).unwrap_or_else(|_| panic!("{found}"));
    let network = Network::for_prediction(&weights, card.preprocessing, &Device::flex());
    let ours: Vec<f32> = block_on(network.predict(&images.pixels)).unwrap().concat();
    assert_eq!(ours.len(), theirs.len());
    let apart = ours.iter().zip(&theirs).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-5, "{apart} apart");
    browser.close().await;
}
