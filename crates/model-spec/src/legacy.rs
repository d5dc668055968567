//! Networks as files of before 2026-12 name them: by the name of a Rust variant.

use crate::{NetworkSpec, named_network};

/// The network of an old file; `None` where the name is unknown.
pub fn legacy_network(name: &str) -> Option<NetworkSpec> {
    let id = match name {
        "WorkshopCnn" => "workshop-cnn",
        "FastCnn" => "fast-cnn",
        "TfjsCnn" => "tfjs-cnn",
        "Mlp" => "mlp",
        "ReaderCnn" => "reader-cnn",
        "SmallCnn" => "small-cnn",
        _ => return None,
    };
    named_network(id).map(crate::NamedNetwork::spec)
}
