//! The forward pass with fused operations: layers that follow each other become one.

use burn::tensor::Tensor;
use fused::Layout;
use recipe::{CLASSES, Layer, SIDE};

use crate::{Dropout, Network, forward::layer_mask};

impl Network {
    pub(crate) fn fused_forward(&self, images: Tensor<4>, dropout: Dropout) -> Tensor<2> {
        let count = images.dims()[0];
        let (layers, shapes) = (self.architecture.layers(), self.architecture.shapes());
        let mut flat = self.parameters.iter().cloned();
        let mut pair =
            || flat.next().zip(flat.next()).expect("every conv and dense layer has a weight and a bias");
        // One channel: both layouts are the same.
        let mut activation = Activation::Maps(images.reshape([count, SIDE, SIDE, 1]), Layout::ChannelsLast);
        let mut position = 0;
        while position < layers.len() {
            let rest = &layers[position..];
            let (next, done) = match (rest, activation) {
                ([Layer::Conv { channels, kernel }, Layer::Relu, then @ ..], Activation::Maps(maps, _)) => {
                    let (weight, bias) = pair();
                    let weight = weight.reshape([*channels, maps.dims()[3], *kernel, *kernel]);
                    if then.first() == Some(&Layer::MaxPool) {
                        let layout = layout_for(&then[1..]);
                        let maps = fused::conv_relu_pool(maps, weight, bias, 0, layout);
                        (Activation::Maps(maps, layout), 3)
                    } else {
                        let maps = fused::conv_relu(maps, weight, bias, 0);
                        (Activation::Maps(maps, Layout::ChannelsLast), 2)
                    }
                }
                ([Layer::Dense { units }, then @ ..], activation) => {
                    let (weight, bias) = pair();
                    let inputs = shapes[position].size();
                    let relu = then.first() == Some(&Layer::Relu);
                    let rows = activation.flattened([count, inputs]);
                    let rows = fused::dense(rows, weight.reshape([*units, inputs]), bias, relu);
                    (Activation::Rows(rows), if relu { 2 } else { 1 })
                }
                ([Layer::Dropout(probability), ..], activation) => match dropout {
                    Dropout::Off => (activation, 1),
                    Dropout::Seeded { seed, first_image } => {
                        let skipped = first_image * shapes[position].size();
                        (activation.dropped(layer_mask(*probability, seed, position, skipped)), 1)
                    }
                },
                (rest, _) => {
                    unreachable!("no fused operation for {rest:?}: a test holds every network to them")
                }
            };
            activation = next;
            position += done;
        }
        activation.flattened([count, CLASSES])
    }
}

/// Channels last where another convolution reads the maps, else first, as a dense layer's weights expect.
fn layout_for(rest: &[Layer]) -> Layout {
    let convolves = rest.iter().any(|layer| matches!(layer, Layer::Conv { .. }));
    if convolves { Layout::ChannelsLast } else { Layout::ChannelsFirst }
}

/// Values between two layers.
enum Activation {
    Maps(Tensor<4>, Layout),
    Rows(Tensor<2>),
}

impl Activation {
    fn flattened(self, shape: [usize; 2]) -> Tensor<2> {
        match self {
            Self::Maps(maps, Layout::ChannelsFirst) => maps.reshape(shape),
            Self::Maps(maps, Layout::ChannelsLast) => maps.permute([0, 3, 1, 2]).reshape(shape),
            Self::Rows(rows) => rows,
        }
    }

    fn dropped(self, mask: kernels::DropoutMask) -> Self {
        match self {
            Self::Maps(maps, layout) => Self::Maps(fused::dropout(maps, mask), layout),
            Self::Rows(rows) => Self::Rows(fused::dropout(rows, mask)),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use burn::tensor::Device;
    use pollster::block_on;
    use recipe::{Architecture, PIXELS};
    use weights::Weights;

    use crate::{Dropout, Engine, Network};

    /// Every network on offer, with and without dropout: loss, right answers and gradients as Burn's own operations
    /// give them.
    #[test]
    fn every_network_trains_as_with_stock_operations() {
        let levels: Vec<u8> = (0..6 * PIXELS).map(|index| ((index * index / 7) % 256) as u8).collect();
        let labels = [3, 1, 4, 1, 5, 9];
        for architecture in Architecture::ALL {
            let weights = Weights::initial(architecture, 3);
            for dropout in [Dropout::Off, Dropout::Seeded { seed: 8, first_image: 2 }] {
                let pass = |engine| {
                    let device = Device::flex().autodiff();
                    let network = Network::with_engine(&weights, &device, engine);
                    let pass = network.train_pass(&levels, &labels, 8, dropout);
                    let sums: Vec<f32> = pass.sums.to_data().iter().collect();
                    (sums, block_on(network.read_gradients(pass.gradients)).unwrap())
                };
                let ((sums, gradients), (stock_sums, stock)) = (pass(Engine::Fused), pass(Engine::Stock));
                assert!(
                    (sums[0] - stock_sums[0]).abs() < 1e-4 && sums[1] == stock_sums[1],
                    "{sums:?} {stock_sums:?}"
                );
                for ((parameter, got), (_, expected)) in
                    gradients.parameters().into_iter().zip(stock.parameters())
                {
                    let scale = expected.iter().fold(1e-6_f32, |scale, value| scale.max(value.abs()));
                    for (got, expected) in got.iter().zip(expected) {
                        assert!(
                            (got - expected).abs() < 2e-5 * scale,
                            "{architecture:?} {}: {got} is not {expected}",
                            parameter.name
                        );
                    }
                }
            }
        }
    }
}
