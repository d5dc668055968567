//! Every point of a run's curves, column by column, and as bytes to keep.

/// A step of a run, as it was measured while it ran.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Steps completed.
    pub step: u32,
    /// Mean cross-entropy, in nats.
    pub loss: f32,
    /// Share of right answers, 0 to 1.
    pub accuracy: f32,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Milliseconds of training so far, pauses and interruptions left out.
    pub elapsed_ms: f64,
}

/// Bytes of a point.
const POINT_BYTES: usize = 28;

/// The points of a run, in the order of their steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    points: Vec<CurvePoint>,
}

impl Curve {
    /// Adds a point. One that does not come after the last one is ignored.
    pub fn push(&mut self, point: CurvePoint) {
        if self.points.last().is_none_or(|last| last.step < point.step) {
            self.points.push(point);
        }
    }

    /// The points.
    pub fn points(&self) -> &[CurvePoint] {
        &self.points
    }

    /// Drops what comes after a step: the run went back to it.
    pub fn forget_after(&mut self, step: u32) {
        self.points.truncate(self.points.partition_point(|point| point.step <= step));
    }

    /// The points after a step, as bytes.
    pub fn bytes_after(&self, step: u32) -> Vec<u8> {
        let first = self.points.partition_point(|point| point.step <= step);
        let mut bytes = Vec::with_capacity(POINT_BYTES * (self.points.len() - first));
        for point in &self.points[first..] {
            bytes.extend(point.step.to_le_bytes());
            bytes.extend(point.loss.to_le_bytes());
            bytes.extend(point.accuracy.to_le_bytes());
            bytes.extend(point.learning_rate.to_le_bytes());
            bytes.extend(point.elapsed_ms.to_le_bytes());
        }
        bytes
    }

    /// Adds points that [`bytes_after`](Self::bytes_after) wrote, in place of those from their first step on: a run that was stopped and
    /// resumed from an earlier checkpoint has some steps twice. What is cut off is left out.
    pub fn extend_from_bytes(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<4>() {
            self.forget_after(u32::from_le_bytes(*first).saturating_sub(1));
        }
        for point in bytes.as_chunks::<POINT_BYTES>().0 {
            let &[a, b, c, d, e, f, g] = point.as_chunks::<4>().0 else { continue };
            let wide = |low: [u8; 4], high: [u8; 4]| {
                f64::from_bits(u64::from(u32::from_le_bytes(high)) << 32 | u64::from(u32::from_le_bytes(low)))
            };
            self.push(CurvePoint {
                step: u32::from_le_bytes(a),
                loss: f32::from_le_bytes(b),
                accuracy: f32::from_le_bytes(c),
                learning_rate: wide(d, e),
                elapsed_ms: wide(f, g),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn curve(steps: core::ops::RangeInclusive<u32>) -> Curve {
        let mut curve = Curve::default();
        for step in steps {
            let value = f64::from(step);
            curve.push(CurvePoint {
                step,
                loss: 1.0 / step as f32,
                accuracy: 0.5,
                learning_rate: 0.1 / value,
                elapsed_ms: 12.5 * value,
            });
        }
        curve
    }

    #[track_caller]
    fn check(cuts: &[u32], last: u32) {
        let whole = curve(1..=last);
        let mut read = Curve::default();
        for pair in cuts.windows(2) {
            let mut part = whole.clone();
            part.forget_after(pair[1]);
            read.extend_from_bytes(&part.bytes_after(pair[0]));
        }
        assert_eq!(read, whole);
    }

    #[test]
    fn pieces_add_up_to_the_curve() {
        check(&[0, 1], 1);
        check(&[0, 3, 3, 100, 250], 250);
        let mut read = curve(1..=4);
        read.extend_from_bytes(&curve(1..=6).bytes_after(2));
        assert_eq!(read, curve(1..=6), "what overlaps is taken once");
        let mut other = curve(1..=6);
        other.points[4].loss = 9.0;
        read.extend_from_bytes(&other.bytes_after(4));
        assert_eq!(read, other, "the newer piece counts");
        read.extend_from_bytes(&curve(5..=6).bytes_after(0));
        read.extend_from_bytes(&curve(7..=8).bytes_after(0)[..30]);
        assert_eq!(read, curve(1..=7), "what is cut off is left out");
    }
}
