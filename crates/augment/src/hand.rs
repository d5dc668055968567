//! Pen strokes as another hand, or a mouse, would have made them.

use ink::{Point, Stroke};
use rand_pcg::Pcg32;

use crate::chance::Chance;

/// Slant, either way: columns moved for each row.
const SLANT: f32 = 0.25;
/// Width to height, either way, as a natural logarithm.
const STRETCH: f32 = 0.2;
/// How far a mouse's points stray, in shares of the longer side.
const STRAY: f32 = 0.02;

/// The strokes, slanted and stretched; every third time with straying points, every third time with fewer points than the pen
/// gave, as a slow mouse does. The same for the same state of the generator.
pub fn restroked(strokes: &[Stroke], rng: &mut Pcg32) -> Vec<Stroke> {
    let mut chance = Chance(rng);
    let (slant, stretch) = (chance.either_way(SLANT), chance.either_way(STRETCH).exp());
    let stray = if chance.is(1.0 / 3.0) { STRAY * longer_side(strokes) } else { 0.0 };
    let every = if chance.is(1.0 / 3.0) { 2 + usize::from(chance.is(0.5)) } else { 1 };
    let mut moved = |point: &Point| Point {
        x: stretch * point.x - slant * point.y + chance.either_way(stray),
        y: point.y + chance.either_way(stray),
    };
    strokes
        .iter()
        .map(|stroke| {
            let last = stroke.len().saturating_sub(1);
            let kept = stroke.iter().enumerate().filter(|(place, _)| place % every == 0 || *place == last);
            kept.map(|(_, point)| moved(point)).collect()
        })
        .collect()
}

fn longer_side(strokes: &[Stroke]) -> f32 {
    let extent = |axis: fn(&Point) -> f32| {
        let values = strokes.iter().flatten().map(axis);
        values.clone().fold(f32::NEG_INFINITY, f32::max) - values.fold(f32::INFINITY, f32::min)
    };
    extent(|point| point.x).max(extent(|point| point.y)).max(0.0)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn strokes_keep_their_ends_and_about_their_place() {
        let line: Stroke = (0..=10).map(|step| Point { x: 50.0, y: 10.0 * step as f32 }).collect();
        let strokes = [line, vec![Point { x: 0.0, y: 100.0 }]];
        let mut rng = Pcg32::new(4, 1);
        let mut lengths = [0; 12];
        for _ in 0..300 {
            let changed = restroked(&strokes, &mut rng);
            assert_eq!(changed.len(), 2);
            assert_eq!(changed[1].len(), 1);
            lengths[changed[0].len()] += 1;
            let (first, last) = (changed[0][0], changed[0][changed[0].len() - 1]);
            assert!(first.y.abs() < 3.0 && (last.y - 100.0).abs() < 3.0, "{first:?} {last:?}");
            assert!(((first.x - last.x) / 100.0).abs() < SLANT + 0.06, "{first:?} {last:?}");
        }
        // All points, every second, every third and the last.
        assert!(lengths[11] > 150 && lengths[6] > 20 && lengths[5] > 20, "{lengths:?}");
        assert_eq!(restroked(&[], &mut rng), Vec::<Stroke>::new());
    }

    #[test]
    fn the_same_state_gives_the_same_strokes() {
        let strokes = [vec![Point { x: 0.0, y: 0.0 }, Point { x: 5.0, y: 9.0 }]];
        let once = |stream| restroked(&strokes, &mut Pcg32::new(1, stream));
        assert_eq!(once(2), once(2));
        assert_ne!(once(2), once(3));
    }
}
