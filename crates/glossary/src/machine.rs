//! Terms of the machine.

use crate::Term;

pub(crate) const TERMS: &[Term] = &[
    Term {
        id: "device",
        name: "Device",
        also: &["gpu", "cpu", "webgpu"],
        what: "What computes: the CPU, or by WebGPU the graphics processor.",
        more_or_less: "Small networks are often faster on the CPU; large ones gain from a GPU. Before each run on a GPU its results are compared with the CPU's.",
        place: "On the Train page. \"Auto\" takes a GPU where there is a real one.",
    },
    Term {
        id: "workers",
        name: "Workers",
        also: &["threads", "parallel", "data parallel"],
        what: "Background programs of this page. Several can share every step: each takes a part of the batch, and they add up their gradients.",
        more_or_less: "With more of them large networks train faster, up to the number of your processor's cores. Small ones do not.",
        place: "On the Train page.",
    },
    Term {
        id: "webassembly",
        name: "WebAssembly",
        also: &["wasm", "simd"],
        what: "The form in which this site's Rust code reaches your browser. It runs nearly as fast as a program of your own machine, and cannot leave the tab.",
        more_or_less: "",
        place: "All of this page: nothing is computed elsewhere, and nothing you draw or train is sent anywhere.",
    },
    Term {
        id: "safetensors",
        name: "safetensors",
        also: &["file", "export", "pytorch"],
        what: "A simple file format for weights that cannot contain programs. PyTorch opens it.",
        more_or_less: "Weights of 16 bits take half the space and cost next to no accuracy.",
        place: "Export and import on the Models page.",
    },
];
