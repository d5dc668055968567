//! Tells the tests which data they will find, so that those without are reported as ignored.

use std::env;

fn main() {
    for (variable, flag) in [
        ("INKLING_MNIST_DIR", "has_mnist"),
        ("INKLING_STROKES", "has_strokes"),
        ("INKLING_CASES", "has_cases"),
        ("INKLING_PYTHON", "has_python"),
        ("INKLING_NODE_PACKAGES", "has_node_packages"),
    ] {
        println!("cargo::rerun-if-env-changed={variable}");
        println!("cargo::rustc-check-cfg=cfg({flag})");
        if env::var_os(variable).is_some() {
            println!("cargo::rustc-cfg={flag}");
        }
    }
}
