//! Networks with a name: those of the tutorials and those that this project ships.

use crate::{
    LayerSpec, NetworkDraft, NetworkSpec, Padding,
    layers::{BatchNorm, Conv2d, Dense, Dropout, LayerNorm, Pool2d},
    normalized,
};

/// A network with a name.
#[derive(Clone, Copy, Debug)]
pub struct NamedNetwork {
    /// Stable identifier, for files, links and the command line.
    pub id: &'static str,
    /// Name for people.
    pub title: &'static str,
    layers: fn() -> Vec<LayerSpec>,
}

/// Every named network, the recommended one first.
pub const NAMED_NETWORKS: &[NamedNetwork] = &[
    // The shape is that of tuomaso's `train_mnist_fast`.
    NamedNetwork { id: "fast-cnn", title: "Fast CNN", layers: fast_cnn },
    // What the page reads with.
    NamedNetwork { id: "reader-cnn", title: "Reader CNN", layers: reader_cnn },
    // Fewer than 10,000 parameters.
    NamedNetwork { id: "small-cnn", title: "Small CNN", layers: small_cnn },
    NamedNetwork { id: "workshop-cnn", title: "Workshop CNN", layers: workshop_cnn },
    NamedNetwork { id: "kaggle-cnn", title: "Kaggle CNN", layers: || kaggle_cnn(false) },
    NamedNetwork { id: "kaggle-cnn-deeper", title: "Kaggle CNN, a layer more", layers: || kaggle_cnn(true) },
    NamedNetwork { id: "tfjs-cnn", title: "tfjs-examples CNN", layers: tfjs_cnn },
    NamedNetwork { id: "mlp", title: "MLP 784-128-128-10", layers: || mlp(&[128, 128]) },
    NamedNetwork { id: "mlp-128-64", title: "MLP 784-128-64-10", layers: || mlp(&[128, 64]) },
    NamedNetwork { id: "mlp-100-50", title: "MLP 784-100-50-10", layers: || mlp(&[100, 50]) },
    NamedNetwork { id: "mlp-30-5", title: "MLP 784-30-5-10", layers: || mlp(&[30, 5]) },
    NamedNetwork {
        id: "norm-mlp-20",
        title: "MLP 784-30-5-10, layer norm, dropout 20 %",
        layers: || norm_mlp(0.2),
    },
    NamedNetwork {
        id: "norm-mlp-40",
        title: "MLP 784-30-5-10, layer norm, dropout 40 %",
        layers: || norm_mlp(0.4),
    },
    NamedNetwork {
        id: "norm-mlp-50",
        title: "MLP 784-30-5-10, layer norm, dropout 50 %",
        layers: || norm_mlp(0.5),
    },
    NamedNetwork {
        id: "norm-mlp-60",
        title: "MLP 784-30-5-10, layer norm, dropout 60 %",
        layers: || norm_mlp(0.6),
    },
];

impl NamedNetwork {
    /// The network itself.
    ///
    /// # Panics
    /// Never: a test checks every network of the catalog.
    pub fn spec(&self) -> NetworkSpec {
        NetworkDraft::of_digits((self.layers)()).check().expect("a test checks every network of the catalog")
    }
}

/// The named network of this id, if there is one.
pub fn named_network(id: &str) -> Option<&'static NamedNetwork> {
    NAMED_NETWORKS.iter().find(|named| named.id == id)
}

/// The name of a network of the catalog, for any number of classes, and with batch norm added.
pub(crate) fn title_of(spec: &NetworkSpec) -> Option<String> {
    let (last, rest) = spec.layers().split_last()?;
    let same = |layers: &[LayerSpec]| match layers.split_last() {
        Some((other, others)) => {
            others == rest && matches!((last, other), (LayerSpec::Dense(_), LayerSpec::Dense(_)))
        }
        None => false,
    };
    let plain = NAMED_NETWORKS.iter().find(|named| same(&(named.layers)()));
    let with_norm = |named: &&NamedNetwork| {
        let draft = NetworkDraft::of_digits((named.layers)());
        same(&normalized(&draft, &BatchNorm::default()).layers)
    };
    plain.map(|named| named.title.to_owned()).or_else(|| {
        let named = NAMED_NETWORKS.iter().filter(|_| spec.has_batch_norm()).find(with_norm);
        named.map(|named| format!("{}, batch norm", named.title))
    })
}

fn conv(out_channels: usize, kernel_size: usize) -> LayerSpec {
    LayerSpec::Conv2d(Conv2d::new(out_channels, kernel_size))
}

fn same_conv(out_channels: usize, kernel_size: usize) -> LayerSpec {
    LayerSpec::Conv2d(Conv2d { padding: Padding::Same, ..Conv2d::new(out_channels, kernel_size) })
}

fn pool() -> LayerSpec {
    LayerSpec::MaxPool2d(Pool2d::new(2))
}

fn dense(units: usize) -> LayerSpec {
    LayerSpec::Dense(Dense::new(units))
}

fn dropout(probability: f64) -> LayerSpec {
    LayerSpec::Dropout(Dropout { probability })
}

use LayerSpec::{Flatten, Relu};

fn fast_cnn() -> Vec<LayerSpec> {
    vec![conv(24, 5), Relu, pool(), conv(32, 3), Relu, pool(), Flatten, dense(256), Relu, dense(10)]
}

fn reader_cnn() -> Vec<LayerSpec> {
    vec![
        conv(32, 3),
        Relu,
        conv(32, 3),
        Relu,
        pool(),
        conv(64, 3),
        Relu,
        conv(64, 3),
        Relu,
        pool(),
        dropout(0.2),
        Flatten,
        dense(256),
        Relu,
        dropout(0.4),
        dense(10),
    ]
}

fn small_cnn() -> Vec<LayerSpec> {
    vec![
        conv(8, 3),
        Relu,
        conv(12, 3),
        Relu,
        pool(),
        conv(16, 3),
        Relu,
        conv(16, 3),
        Relu,
        conv(20, 3),
        Relu,
        pool(),
        Flatten,
        dense(10),
    ]
}

fn workshop_cnn() -> Vec<LayerSpec> {
    vec![
        conv(32, 3),
        Relu,
        conv(64, 3),
        Relu,
        pool(),
        dropout(0.25),
        Flatten,
        dense(128),
        Relu,
        dropout(0.5),
        dense(10),
    ]
}

fn kaggle_cnn(deeper: bool) -> Vec<LayerSpec> {
    let mut layers = vec![same_conv(32, 5), Relu, same_conv(32, 5), Relu, pool(), dropout(0.25)];
    for _ in 0..if deeper { 3 } else { 2 } {
        layers.extend([same_conv(64, 3), Relu]);
    }
    layers.extend([pool(), dropout(0.25), Flatten, dense(256), Relu, dropout(0.5), dense(10)]);
    layers
}

fn tfjs_cnn() -> Vec<LayerSpec> {
    vec![conv(8, 5), Relu, pool(), conv(16, 5), Relu, pool(), Flatten, dense(10)]
}

fn mlp(hidden: &[usize]) -> Vec<LayerSpec> {
    let mut layers = vec![Flatten];
    for &units in hidden {
        layers.extend([dense(units), Relu]);
    }
    layers.push(dense(10));
    layers
}

/// The study's: layer norm behind each hidden layer, dropout behind the second, between the linear part and ReLU.
fn norm_mlp(probability: f64) -> Vec<LayerSpec> {
    let norm = || LayerSpec::LayerNorm(LayerNorm::default());
    vec![Flatten, dense(30), norm(), Relu, dense(5), norm(), dropout(probability), Relu, dense(10)]
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(id: &str, parameters: usize) {
        assert_eq!(named_network(id).unwrap().spec().parameter_count(), parameters, "{id}");
    }

    #[test]
    fn networks_are_those_that_are_known_elsewhere() {
        check("workshop-cnn", 1_199_882);
        check("fast-cnn", 215_194);
        check("tfjs-cnn", 5_994);
        check("mlp", 118_282);
        check("reader-cnn", 329_962);
        check("mlp-128-64", 109_386);
        check("mlp-100-50", 84_060);
        check("mlp-30-5", 23_765);
        check("norm-mlp-50", 23_835);
        check("kaggle-cnn", 887_530);
        assert_eq!(named_network("workshop-cnn").unwrap().spec().forward_flop(), 23_984_896);
        assert!(named_network("small-cnn").unwrap().spec().parameter_count() < 10_000);
        assert!(named_network("lenet").is_none());
    }

    #[test]
    fn names_are_found_again() {
        for named in NAMED_NETWORKS {
            assert_eq!(named.spec().title(), named.title);
            let with_norm = normalized(&named.spec().draft(), &BatchNorm::default()).check().unwrap();
            assert_eq!(with_norm.title(), format!("{}, batch norm", named.title));
        }
        let mut draft = named_network("mlp").unwrap().spec().draft();
        draft.classes = 26;
        draft.layers.pop();
        draft.layers.push(dense(26));
        assert_eq!(draft.check().unwrap().title(), "MLP 784-128-128-10");
    }
}
