//! The forward pass with fused operations: layers that follow each other become one.

use burn::tensor::Tensor;
use fused::Layout;
use recipe::{CLASSES, Layer, SIDE};

use crate::{Dropout, Network, forward::layer_mask, norm::Norm};

impl Network {
    pub(crate) fn fused_forward(
        &self,
        images: Tensor<4>,
        dropout: Dropout,
        norm: &mut Norm<'_>,
    ) -> Tensor<2> {
        let count = images.dims()[0];
        let (layers, shapes) = (self.architecture.layers(), self.architecture.shapes());
        let normalised = self.architecture.normalised();
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
                        let wanted = layout_for(&then[1..]);
                        // Channels are normalised where they lie last.
                        let layout = if norm.is_off() { wanted } else { Layout::ChannelsLast };
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
            position += done;
            activation = if normalised[position - 1] && !norm.is_off() {
                next.normalised(norm, layout_for(&layers[position..]))
            } else {
                next
            };
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

    /// Normalised; maps are laid out as is said then.
    fn normalised(self, norm: &mut Norm<'_>, wanted: Layout) -> Self {
        match self {
            Self::Rows(rows) => Self::Rows(norm.apply(rows, fused::batch_norm)),
            Self::Maps(maps, Layout::ChannelsFirst) => {
                unreachable!("what is to be normalised has its channels last: {:?}", maps.dims())
            }
            Self::Maps(maps, Layout::ChannelsLast) => {
                let [images, height, width, channels] = maps.dims();
                let rows = norm.apply(maps.reshape([images * height * width, channels]), fused::batch_norm);
                let maps = rows.reshape([images, height, width, channels]);
                match wanted {
                    Layout::ChannelsLast => Self::Maps(maps, wanted),
                    Layout::ChannelsFirst => Self::Maps(maps.permute([0, 3, 1, 2]), wanted),
                }
            }
        }
    }

    fn dropped(self, mask: kernels::DropoutMask) -> Self {
        match self {
            Self::Maps(maps, Layout::ChannelsFirst) => {
                Self::Maps(fused::dropout(maps, mask), Layout::ChannelsFirst)
            }
            // The mask would meet other values than in channel, row, column order.
            Self::Maps(_, Layout::ChannelsLast) => {
                unreachable!("no network drops values between convolutions")
            }
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

    use crate::{Batch, Dropout, Engine, Network, TrainPass};

    /// The last shows no digit.
    const LABELS: [u8; 6] = [3, 1, 4, 1, 5, recipe::NOT_A_DIGIT];
    /// For the loss's mean; another than the number of images.
    const BATCH_SIZE: usize = 8;

    fn levels() -> Vec<u8> {
        (0..LABELS.len() * PIXELS).map(|index| ((index * index / 7) % 256) as u8).collect()
    }

    /// Every network on offer, with and without dropout, `ours` on a device: loss, right answers and gradients as Burn's
    /// own operations give them on a CPU.
    fn check(device: &Device, tolerance: f32, ours: impl Fn(&Network, Dropout) -> TrainPass) {
        let levels = levels();
        for architecture in Architecture::ALL {
            let weights = Weights::initial(architecture, 3);
            let dropouts = [Dropout::Off, Dropout::Seeded { seed: 8, first_image: 2 }];
            for (dropout, batch_norm) in
                dropouts.into_iter().flat_map(|dropout| [(dropout, false), (dropout, true)])
            {
                let network = Network::with_engine(&weights, &device.clone().autodiff(), Engine::Fused)
                    .with_batch_norm(batch_norm);
                // Its differences of large numbers round more.
                let tolerance = if batch_norm { 10.0 * tolerance } else { tolerance };
                let pass = ours(&network, dropout);
                let sums: Vec<f32> = pass.sums.to_data().iter().collect();
                let gradients = block_on(network.read_gradients(pass.gradients)).unwrap();

                let stock = Network::with_engine(&weights, &Device::flex().autodiff(), Engine::Stock)
                    .with_batch_norm(batch_norm);
                let batch = Batch::Levels { levels: &levels, labels: &LABELS };
                let expected = stock.train_pass(batch, BATCH_SIZE, dropout);
                let expected_sums: Vec<f32> = expected.sums.to_data().iter().collect();
                let expected = block_on(stock.read_gradients(expected.gradients)).unwrap();
                assert!(
                    (sums[0] - expected_sums[0]).abs() < 5.0 * tolerance && sums[1] == expected_sums[1],
                    "{sums:?} {expected_sums:?}"
                );
                for ((parameter, got), (_, expected)) in
                    gradients.parameters().into_iter().zip(expected.parameters())
                {
                    let scale = expected.iter().fold(1e-6_f32, |scale, value| scale.max(value.abs()));
                    for (got, expected) in got.iter().zip(expected) {
                        assert!(
                            (got - expected).abs() < tolerance * scale,
                            "{architecture:?} {}: {got} is not {expected}",
                            parameter.name
                        );
                    }
                }
            }
        }
    }

    #[cfg(feature = "cpu")]
    #[test]
    fn every_network_trains_as_with_stock_operations() {
        let levels = levels();
        check(&Device::flex(), 2e-5, |network, dropout| {
            network.train_pass(Batch::Levels { levels: &levels, labels: &LABELS }, BATCH_SIZE, dropout)
        });
    }

    /// On whatever GPU, or software one, there is outside a browser: `cargo test -p network --features cpu,gpu`. The whole
    /// suite leaves it out, as Burn's GPU backend takes ten minutes to compile; there, every run in a browser compares them.
    #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
    #[test]
    fn every_network_trains_on_a_gpu_as_with_stock_operations() {
        let Ok(device) = Device::wgpu_options().init() else {
            return println!("there is no GPU, not even in software: not tried");
        };
        let levels = levels();
        check(&device, 1e-4, |network, dropout| {
            network.train_pass(Batch::Levels { levels: &levels, labels: &LABELS }, BATCH_SIZE, dropout)
        });
        // The same images from the device, where they lie in another order between others.
        let turned: Vec<u8> = levels.chunks(PIXELS).rev().flatten().copied().collect();
        let labels: Vec<u8> = LABELS.into_iter().rev().collect();
        let mut images = crate::KeptImages::new(&turned, &labels, &device);
        images.set_order(&[0, 5, 4, 3, 2, 1, 0]);
        check(&device, 1e-4, |network, dropout| {
            let batch = Batch::Kept { images: &images, start: 1, count: LABELS.len() };
            network.train_pass(batch, BATCH_SIZE, dropout)
        });
    }
}
