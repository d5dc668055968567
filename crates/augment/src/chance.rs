//! Chance, in the forms that are needed here.

use rand::RngExt as _;
use rand_pcg::Pcg32;

pub(crate) struct Chance<'a>(pub(crate) &'a mut Pcg32);

impl Chance<'_> {
    /// Whether something happens that happens in this share of cases.
    pub(crate) fn is(&mut self, share: f32) -> bool {
        self.0.random::<f32>() < share
    }

    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.random::<f32>()
    }

    /// Anything up to `most`, either way.
    pub(crate) fn either_way(&mut self, most: f32) -> f32 {
        self.between(-most, most)
    }

    /// Nearly normal, mean 0: the sum of four uniform values, within 3.5 deviations.
    pub(crate) fn normal(&mut self, deviation: f32) -> f32 {
        let sum: f32 = (0..4).map(|_| self.0.random::<f32>() - 0.5).sum();
        sum * deviation * 3.0_f32.sqrt()
    }
}
