//! Random networks for tests: those that fit, and those that cannot.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "for tests: what it does not expect should end them"
)]

use crate::{
    LayerSpec, NetworkDraft, NetworkSpec, Padding, Shape,
    layers::{BatchNorm, Conv2d, Dense, Dropout, LayerNorm, LeakyRelu, Pool2d},
};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// Makes networks, the same for the same seed.
#[derive(Debug)]
pub struct RandomNetworks(Pcg64Mcg);

impl RandomNetworks {
    /// Begins a row of networks.
    pub fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    fn below(&mut self, count: usize) -> usize {
        self.0.random_range(0..count)
    }

    fn between(&mut self, low: usize, high: usize) -> usize {
        self.0.random_range(low..=high)
    }

    fn flag(&mut self) -> bool {
        self.0.random_bool(0.5)
    }

    fn anywhere(&mut self) -> LayerSpec {
        match self.below(9) {
            1 => LayerSpec::LeakyRelu(LeakyRelu { negative_slope: 0.1 }),
            2 => LayerSpec::Gelu,
            3 => LayerSpec::Silu,
            4 => LayerSpec::Tanh,
            5 => LayerSpec::Sigmoid,
            6 => LayerSpec::Dropout(Dropout { probability: [0.0, 0.25, 0.5][self.below(3)] }),
            7 => LayerSpec::BatchNorm(BatchNorm { affine: self.flag(), ..BatchNorm::default() }),
            8 => LayerSpec::LayerNorm(LayerNorm { affine: self.flag(), ..LayerNorm::default() }),
            _ => LayerSpec::Relu,
        }
    }

    fn over_maps(&mut self, side: usize) -> LayerSpec {
        let window = self.between(1, side.min(7));
        match self.below(4) {
            0 => LayerSpec::MaxPool2d(Pool2d {
                kernel_size: window,
                stride: self.flag().then(|| self.between(1, 4)),
            }),
            1 => LayerSpec::AvgPool2d(Pool2d {
                kernel_size: window,
                stride: self.flag().then(|| self.between(1, 4)),
            }),
            _ => LayerSpec::Conv2d(Conv2d {
                out_channels: self.between(1, 12),
                kernel_size: window,
                stride: self.between(1, 3),
                padding: if self.flag() { Padding::Same } else { Padding::Valid },
                bias: self.flag(),
            }),
        }
    }

    /// A network that passes validation.
    pub fn valid(&mut self) -> NetworkSpec {
        let classes = self.between(2, 12) as u32;
        let mut layers = Vec::new();
        let mut shape = Shape::Maps { channels: 1, side: 28 };
        let push = |layers: &mut Vec<LayerSpec>, shape: &mut Shape, layer: LayerSpec| {
            *shape = layer.output(*shape).unwrap();
            layers.push(layer);
        };
        for _ in 0..self.below(7) {
            let Shape::Maps { side, .. } = shape else { break };
            let layer = if self.flag() { self.over_maps(side) } else { self.anywhere() };
            push(&mut layers, &mut shape, layer);
        }
        let flatten = if self.below(4) == 0 { LayerSpec::GlobalAvgPool } else { LayerSpec::Flatten };
        push(&mut layers, &mut shape, flatten);
        for _ in 0..self.below(4) {
            let layer = if self.flag() {
                LayerSpec::Dense(Dense { units: self.between(1, 40), bias: self.flag() })
            } else {
                self.anywhere()
            };
            push(&mut layers, &mut shape, layer);
        }
        layers.push(LayerSpec::Dense(Dense { units: classes as usize, bias: self.flag() }));
        NetworkDraft { classes, ..NetworkDraft::of_digits(layers) }.check().unwrap()
    }

    /// A network with one layer that cannot stand where it stands, and the place of that layer.
    pub fn invalid(&mut self) -> (NetworkDraft, usize) {
        let mut draft = self.valid().draft();
        let shapes = shapes_of(&draft);
        let place = self.below(draft.layers.len());
        let wrong = match (self.below(5), shapes[place]) {
            (0, _) => LayerSpec::Dropout(Dropout { probability: 1.5 }),
            (1, Shape::Maps { side, .. }) if side < 7 => LayerSpec::MaxPool2d(Pool2d::new(side + 1)),
            (_, Shape::Maps { .. }) => LayerSpec::Dense(Dense::new(5)),
            (1 | 2, Shape::Features(_)) => LayerSpec::Conv2d(Conv2d::new(4, 3)),
            (3, Shape::Features(_)) => LayerSpec::GlobalAvgPool,
            (_, Shape::Features(_)) => LayerSpec::Dense(Dense::new(0)),
        };
        draft.layers.insert(place, wrong);
        (draft, place)
    }
}

fn shapes_of(draft: &NetworkDraft) -> Vec<Shape> {
    draft.clone().check().unwrap().shapes().to_vec()
}
