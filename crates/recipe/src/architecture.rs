//! The networks on offer: the one definition from which parameters, shapes and costs are derived.

use serde::{Deserialize, Serialize};

use crate::{CLASSES, SIDE};

/// A network on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Architecture {
    /// The workshop's CNN: conv 32, conv 64, pool, dropout 0.25, dense 128, dropout 0.5, dense 10.
    WorkshopCnn,
    /// A CNN that learns far quicker: conv 5x5 24, pool, conv 3x3 32, pool, dense 256, dense 10.
    ///
    /// The shape is that of tuomaso's `train_mnist_fast`.
    FastCnn,
    /// The CNN of the tfjs-examples: conv 5x5 8, pool, conv 5x5 16, pool, dense 10.
    TfjsCnn,
    /// A multilayer perceptron: dense 128, dense 128, dense 10.
    Mlp,
    /// The network that the page ships: conv 32, conv 32, pool, conv 64, conv 64, pool, dense 256, dense 10, with dropout.
    ReaderCnn,
    /// One of fewer than 10,000 parameters: conv 8, conv 12, pool, conv 16, conv 16, conv 20, pool, dense 10.
    SmallCnn,
}

/// One step of a network, in the order of the forward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layer {
    /// Convolution, stride 1, no padding, square `kernel`, with bias.
    Conv {
        /// Output channels.
        channels: usize,
        /// Side of the kernel, in pixels.
        kernel: usize,
    },
    /// Rectified linear unit.
    Relu,
    /// 2x2 max-pooling, stride 2, remainder dropped.
    MaxPool,
    /// Dropout with this probability; the identity outside training.
    Dropout(f64),
    /// Fully connected layer with bias; its input is flattened in channel, row, column order.
    Dense {
        /// Output units.
        units: usize,
    },
}

/// Shape of an activation, batch left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Feature maps of `side` x `side` pixels.
    Maps {
        /// Number of maps.
        channels: usize,
        /// Rows, and columns, of each.
        side: usize,
    },
    /// A vector of this many units.
    Units(usize),
}

impl Shape {
    /// Number of values.
    pub const fn size(self) -> usize {
        match self {
            Self::Maps { channels, side } => channels * side * side,
            Self::Units(units) => units,
        }
    }
}

/// A trainable tensor as PyTorch names and lays it out (a dense weight is `[out, in]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `conv1.weight`, `fc2.bias`, ...
    pub name: String,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Inputs that one output unit sums over; sets the range of the initial values.
    pub fan_in: usize,
}

impl Parameter {
    /// Number of values.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Architecture {
    /// Every architecture on offer, the recommended one first.
    pub const ALL: [Self; 6] =
        [Self::FastCnn, Self::ReaderCnn, Self::SmallCnn, Self::WorkshopCnn, Self::TfjsCnn, Self::Mlp];

    /// Stable identifier, used in files, links and on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::WorkshopCnn => "workshop-cnn",
            Self::FastCnn => "fast-cnn",
            Self::TfjsCnn => "tfjs-cnn",
            Self::Mlp => "mlp",
            Self::ReaderCnn => "reader-cnn",
            Self::SmallCnn => "small-cnn",
        }
    }

    /// Name shown to people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::WorkshopCnn => "Workshop CNN",
            Self::FastCnn => "Fast CNN",
            Self::TfjsCnn => "tfjs-examples CNN",
            Self::Mlp => "MLP 784-128-128-10",
            Self::ReaderCnn => "Reader CNN",
            Self::SmallCnn => "Small CNN",
        }
    }

    /// The architecture of this [`id`](Self::id), if there is one.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.id() == id)
    }

    /// The layers, in the order of the forward pass.
    pub fn layers(self) -> Vec<Layer> {
        use Layer::{Conv, Dense, Dropout, MaxPool, Relu};
        match self {
            Self::WorkshopCnn => vec![
                Conv { channels: 32, kernel: 3 },
                Relu,
                Conv { channels: 64, kernel: 3 },
                Relu,
                MaxPool,
                Dropout(0.25),
                Dense { units: 128 },
                Relu,
                Dropout(0.5),
                Dense { units: CLASSES },
            ],
            Self::FastCnn => vec![
                Conv { channels: 24, kernel: 5 },
                Relu,
                MaxPool,
                Conv { channels: 32, kernel: 3 },
                Relu,
                MaxPool,
                Dense { units: 256 },
                Relu,
                Dense { units: CLASSES },
            ],
            Self::TfjsCnn => vec![
                Conv { channels: 8, kernel: 5 },
                Relu,
                MaxPool,
                Conv { channels: 16, kernel: 5 },
                Relu,
                MaxPool,
                Dense { units: CLASSES },
            ],
            Self::Mlp => {
                vec![Dense { units: 128 }, Relu, Dense { units: 128 }, Relu, Dense { units: CLASSES }]
            }
            Self::ReaderCnn => vec![
                Conv { channels: 32, kernel: 3 },
                Relu,
                Conv { channels: 32, kernel: 3 },
                Relu,
                MaxPool,
                Conv { channels: 64, kernel: 3 },
                Relu,
                Conv { channels: 64, kernel: 3 },
                Relu,
                MaxPool,
                Dropout(0.2),
                Dense { units: 256 },
                Relu,
                Dropout(0.4),
                Dense { units: CLASSES },
            ],
            Self::SmallCnn => vec![
                Conv { channels: 8, kernel: 3 },
                Relu,
                Conv { channels: 12, kernel: 3 },
                Relu,
                MaxPool,
                Conv { channels: 16, kernel: 3 },
                Relu,
                Conv { channels: 16, kernel: 3 },
                Relu,
                Conv { channels: 20, kernel: 3 },
                Relu,
                MaxPool,
                Dense { units: CLASSES },
            ],
        }
    }

    /// Whether batch normalisation, where a recipe asks for it, follows the layer at each position.
    ///
    /// It stands behind each ReLU and its pooling. What comes next is linear, so that it can be folded into that layer's
    /// weights: a network has the same layers and parameters with and without it.
    pub fn normalised(self) -> Vec<bool> {
        let layers = self.layers();
        let behind = |position: usize| match (layers[position], layers.get(position + 1)) {
            (Layer::Relu, next) => next != Some(&Layer::MaxPool),
            (Layer::MaxPool, _) => true,
            _ => false,
        };
        (0..layers.len()).map(behind).collect()
    }

    /// Shape before the first layer and after each one: one entry more than there are layers.
    pub fn shapes(self) -> Vec<Shape> {
        let mut shape = Shape::Maps { channels: 1, side: SIDE };
        let mut shapes = vec![shape];
        for layer in self.layers() {
            shape = match (layer, shape) {
                (Layer::Conv { channels, kernel }, Shape::Maps { side, .. }) => {
                    Shape::Maps { channels, side: side + 1 - kernel }
                }
                (Layer::MaxPool, Shape::Maps { channels, side }) => Shape::Maps { channels, side: side / 2 },
                (Layer::Dense { units }, _) => Shape::Units(units),
                (_, same) => same,
            };
            shapes.push(shape);
        }
        shapes
    }

    /// The trainable tensors, in the order of the forward pass, weight before bias.
    pub fn parameters(self) -> Vec<Parameter> {
        let (mut convs, mut denses) = (0, 0);
        let mut parameters = Vec::new();
        for (layer, input) in self.layers().into_iter().zip(self.shapes()) {
            let (name, weight_shape, fan_in) = match (layer, input) {
                (Layer::Conv { channels, kernel }, Shape::Maps { channels: input_channels, .. }) => {
                    convs += 1;
                    let shape = vec![channels, input_channels, kernel, kernel];
                    (format!("conv{convs}"), shape, input_channels * kernel * kernel)
                }
                (Layer::Dense { units }, _) => {
                    denses += 1;
                    (format!("fc{denses}"), vec![units, input.size()], input.size())
                }
                _ => continue,
            };
            let bias_shape = vec![weight_shape[0]];
            parameters.push(Parameter { name: format!("{name}.weight"), shape: weight_shape, fan_in });
            parameters.push(Parameter { name: format!("{name}.bias"), shape: bias_shape, fan_in });
        }
        parameters
    }

    /// Number of trainable values.
    pub fn parameter_count(self) -> usize {
        self.parameters().iter().map(Parameter::size).sum()
    }

    /// Floating-point operations of one forward pass over one image, two to a multiply-add.
    pub fn forward_flop(self) -> usize {
        let shapes = self.shapes();
        let weights = self.parameters().into_iter().filter(|parameter| parameter.shape.len() > 1);
        let outputs = self
            .layers()
            .into_iter()
            .zip(&shapes[1..])
            .filter(|(layer, _)| matches!(layer, Layer::Conv { .. } | Layer::Dense { .. }));
        weights.zip(outputs).map(|(weight, (_, output))| 2 * weight.fan_in * output.size()).sum()
    }

    /// Images that one forward and backward pass may hold on a CPU, so that a tab can answer between passes.
    ///
    /// A batch is split into passes of this size and their gradients are added. It depends on the architecture
    /// alone: a run gives the same numbers on a slow machine and on a fast one.
    pub fn cpu_pass_images(self) -> usize {
        // Some 50 ms of WebAssembly on a laptop of 2024 (backward costs twice forward).
        const PASS_FLOP: u64 = 4_700_000_000;
        (PASS_FLOP / (3 * self.forward_flop() as u64)).next_power_of_two().clamp(8, 64) as usize
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn workshop_cnn_is_the_one_that_was_measured() {
        let architecture = Architecture::WorkshopCnn;
        assert_eq!(architecture.parameter_count(), 1_199_882);
        assert_eq!(architecture.forward_flop(), 23_984_896);
    }

    #[test]
    fn the_other_networks_are_those_that_are_known_elsewhere() {
        assert_eq!(Architecture::FastCnn.parameter_count(), 215_194);
        assert_eq!(Architecture::TfjsCnn.parameter_count(), 5_994);
        assert_eq!(Architecture::Mlp.parameter_count(), 118_282);
        assert!(Architecture::ReaderCnn.parameter_count() <= 400_000);
        assert!(Architecture::SmallCnn.parameter_count() < 10_000);
    }

    #[test]
    fn parameters_are_named_as_pytorch_names_them() {
        let names: Vec<_> = Architecture::WorkshopCnn.parameters().into_iter().map(|p| p.name).collect();
        let expected = [
            "conv1.weight",
            "conv1.bias",
            "conv2.weight",
            "conv2.bias",
            "fc1.weight",
            "fc1.bias",
            "fc2.weight",
            "fc2.bias",
        ];
        assert_eq!(names, expected);
        assert_eq!(Architecture::WorkshopCnn.parameters()[4].shape, [128, 9216]);
    }

    /// Else there is nothing to fold it into.
    #[test]
    fn what_is_normalised_is_read_by_a_linear_layer() {
        for architecture in Architecture::ALL {
            let (layers, normalised) = (architecture.layers(), architecture.normalised());
            assert_eq!(normalised.len(), layers.len());
            assert!(normalised.contains(&true));
            for (position, _) in normalised.iter().enumerate().filter(|(_, normalised)| **normalised) {
                let mut rest =
                    layers[position + 1..].iter().filter(|layer| !matches!(layer, Layer::Dropout(_)));
                let next = rest.next();
                assert!(matches!(next, Some(Layer::Conv { .. } | Layer::Dense { .. })), "{next:?}");
            }
        }
    }

    #[test]
    fn ids_find_their_architecture() {
        for architecture in Architecture::ALL {
            assert_eq!(Architecture::from_id(architecture.id()), Some(architecture));
            assert!(architecture.cpu_pass_images() >= 8);
        }
        assert_eq!(Architecture::from_id("lenet"), None);
    }
}
