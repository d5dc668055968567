//! Where the digits of a number may begin and end.
//!
//! Ink is divided into atoms, smaller rather than larger than digits: components, strokes above each other joined, wide ones
//! cut where little ink is. A digit is one atom or some that follow each other; which, a network decides by how well it
//! reads them. Such over-segmentation is the classical way to read numbers: Y. LeCun et al., "Gradient-based learning
//! applied to document recognition", Proc. IEEE 86 (1998), section VI.

use core::ops::Range;

use crate::{
    Image, Raster,
    atoms::{Atom, cut},
    components::{Bounds, Component, components, ink_alone},
    normalise,
};

/// Atoms that one digit may be made of: a wide one, drawn with a fine pen, can be cut in six places.
const MOST_ATOMS: usize = 7;
/// The width of a digit that is not all connected ink, in heights of its line.
const WIDEST: f32 = 1.35;
/// What is smaller than this share of the line's height, both ways, is a speck.
const SPECK: f32 = 0.12;
/// Two rings with so much paper between them at most, of what they are high together, are an eight.
const NEARLY_TOUCHING: f32 = 0.05;
/// A ring is at least so wide, in its height.
const LEAST_ROUND: f32 = 0.4;

/// A line of digits.
#[derive(Clone, Debug)]
pub struct Line {
    /// Atoms from left to right.
    pub atoms: usize,
    /// What may be a digit.
    pub candidates: Vec<Candidate>,
}

/// Ink that may be a digit.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its first atom.
    pub first: usize,
    /// The atom after its last.
    pub end: usize,
    /// Where it lies.
    pub bounds: Bounds,
    /// Cuts through connected ink at its left end: 0 or 1.
    pub cuts: usize,
    /// What a network reads.
    pub image: Image,
}

/// The lines of a drawing or a page, from top to bottom; none where there is no ink.
pub fn lines(raster: &Raster) -> Vec<Line> {
    grouped(raster, components(raster)).into_iter().filter_map(|line| line_of(raster, line)).collect()
}

/// The candidates of one reading of a line, from left to right, by their places: those which together are all atoms, each
/// once, are at most so many, and whose `costs`, one to a candidate, are the least in sum. None where so few cannot be all.
pub fn cheapest(line: &Line, costs: &[f32], most: usize) -> Vec<usize> {
    let most = most.min(line.atoms);
    // For each number of digits and each atom: the least cost to have read everything before it in so many digits, and the
    // candidate that ends there.
    let mut best = vec![vec![(f32::INFINITY, usize::MAX); line.atoms + 1]; most + 1];
    best[0][0].0 = 0.0;
    for count in 1..=most {
        for (place, candidate) in line.candidates.iter().enumerate() {
            let cost = best[count - 1][candidate.first].0 + costs[place];
            let known = &mut best[count][candidate.end];
            if cost < known.0 {
                *known = (cost, place);
            }
        }
    }
    let (mut end, mut path) = (line.atoms, Vec::new());
    let Some(count) = (1..=most).min_by(|&a, &b| best[a][end].0.total_cmp(&best[b][end].0)) else {
        return path;
    };
    for row in best[..=count].iter().skip(1).rev() {
        let Some(candidate) = line.candidates.get(row[end].1) else { return Vec::new() };
        path.push(row[end].1);
        end = candidate.first;
    }
    path.reverse();
    path
}

/// Components of each line, which reaches as far up and down as its highest component; specks are left out where they stand
/// alone.
fn grouped(raster: &Raster, mut components: Vec<Component>) -> Vec<Vec<Component>> {
    let highest = components.iter().map(|own| own.bounds.height.max(own.bounds.width)).max().unwrap_or(0);
    components.retain(|own| own.bounds.height.max(own.bounds.width) as f32 > SPECK * highest as f32);
    // Highest first: lower ones belong to the line at their middle.
    components.sort_by_key(|own| core::cmp::Reverse(own.bounds.height));
    let mut lines: Vec<(usize, usize, Vec<Component>)> = Vec::new();
    for component in components {
        let (height, middle) = (component.bounds.height, component.bounds.top + component.bounds.height / 2);
        // A bar or a dot above or below a line still belongs to it.
        let belongs = |top: usize, bottom: usize| {
            let reach = if 2 * height < bottom - top { (bottom - top) / 4 } else { 0 };
            (top.saturating_sub(reach)..bottom + reach).contains(&middle)
        };
        match lines.iter_mut().find(|(top, bottom, _)| belongs(*top, *bottom)) {
            Some((_, _, line)) => line.push(component),
            None => lines.push((component.bounds.top, component.bounds.bottom(), vec![component])),
        }
    }
    lines.sort_by_key(|(top, ..)| *top);
    let mut stacked: Vec<Vec<Component>> = Vec::new();
    for (.., line) in lines {
        match stacked.last_mut().filter(|above| are_an_eight(raster, above, &line)) {
            Some(above) => above.extend(line),
            None => stacked.push(line),
        }
    }
    stacked
}

/// Whether two lines are one piece each, both round and at least one of them closed, with next to no paper between.
fn are_an_eight(raster: &Raster, above: &[Component], below: &[Component]) -> bool {
    let ([above], [below]) = (above, below) else { return false };
    let (upper, lower) = (&above.bounds, &below.bounds);
    let gap = lower.top.saturating_sub(upper.bottom()) as f32;
    let (left, right) = if upper.left <= lower.left { (upper, lower) } else { (lower, upper) };
    let is_round = |bounds: &Bounds| bounds.width as f32 >= LEAST_ROUND * bounds.height as f32;
    gap <= NEARLY_TOUCHING * (upper.height + lower.height) as f32
        && is_above(left, right)
        && is_round(upper)
        && is_round(lower)
        && (above.has_hole(raster) || below.has_hole(raster))
}

fn line_of(raster: &Raster, mut line: Vec<Component>) -> Option<Line> {
    line.sort_by_key(|own| own.bounds.left);
    // With the number of components that each is made of.
    let mut joined: Vec<(Component, usize)> = Vec::new();
    for component in line {
        match joined.last_mut().filter(|(last, _)| is_above(&last.bounds, &component.bounds)) {
            Some((last, count)) => {
                last.bounds = last.bounds.with(&component.bounds);
                last.places.extend(component.places);
                *count += 1;
            }
            None => joined.push((component, 1)),
        }
    }
    // A digit is as high as its strokes together.
    let height = joined.iter().map(|(own, _)| own.bounds.height).max()? as f32;
    let (mut atoms, mut whole): (Vec<Atom>, Vec<Range<usize>>) = Default::default();
    for (piece, components) in joined {
        let first = atoms.len();
        atoms.extend(cut(raster, piece, height));
        // Not the digits above a line that underlines them.
        if components == 1 {
            whole.push(first..atoms.len());
        }
    }
    let mut candidates = Vec::new();
    for span in spans(&atoms, height, whole) {
        let own = &atoms[span.clone()];
        let bounds = own.iter().fold(own[0].bounds, |all, atom| all.with(&atom.bounds));
        let places = own.iter().flat_map(|atom| atom.places.iter().copied());
        if let Some(image) = normalise(&ink_alone(raster, places, &bounds)) {
            let cuts = usize::from(own[0].is_cut);
            candidates.push(Candidate { first: span.start, end: span.end, bounds, cuts, image });
        }
    }
    Some(Line { atoms: atoms.len(), candidates })
}

/// Atoms that may be a digit together: no more, and no wider, than a digit is, or all that is connected, however wide it is. A
/// flat zero is such a one, and a two with a long tail.
fn spans(atoms: &[Atom], height: f32, mut whole: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for first in 0..atoms.len() {
        let mut bounds = atoms[first].bounds;
        for end in first + 1..=(first + MOST_ATOMS).min(atoms.len()) {
            bounds = bounds.with(&atoms[end - 1].bounds);
            if end > first + 1 && bounds.width as f32 > WIDEST * height {
                break;
            }
            spans.push(first..end);
        }
    }
    whole.retain(|piece| !spans.contains(piece));
    spans.extend(whole);
    spans
}

/// Whether of two pieces, the first not to the right of the second, one lies over the other for the most part.
fn is_above(one: &Bounds, other: &Bounds) -> bool {
    let shared = one.right().min(other.right()).saturating_sub(other.left);
    2 * shared > one.width.min(other.width)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::Point;

    type Segment = [(f32, f32); 2];

    fn drawn(segments: &[Segment]) -> Raster {
        let mut raster = Raster::blank(600, 300);
        for segment in segments {
            let [from, to] = segment.map(|(x, y)| Point { x, y });
            raster.ink_segment(from, to, 6.0);
        }
        raster
    }

    /// Lines with their atoms.
    #[track_caller]
    fn check(segments: &[Segment], expected: &[usize]) {
        let lines = lines(&drawn(segments));
        let atoms: Vec<usize> = lines.iter().map(|line| line.atoms).collect();
        assert_eq!(atoms, expected);
        for line in lines {
            // Whatever the costs, there is a reading of everything.
            let path = cheapest(&line, &vec![1.0; line.candidates.len()], usize::MAX);
            let (first, last) = (path[0], path[path.len() - 1]);
            assert_eq!((line.candidates[first].first, line.candidates[last].end), (0, line.atoms));
        }
    }

    const ONE: Segment = [(50.0, 50.0), (50.0, 250.0)];
    const OTHER: Segment = [(150.0, 50.0), (150.0, 250.0)];

    #[test]
    fn digits_apart_are_atoms_and_strokes_above_each_other_are_one() {
        check(&[], &[]);
        check(&[ONE], &[1]);
        check(&[ONE, OTHER], &[2]);
        check(&[ONE, [(30.0, 20.0), (80.0, 20.0)], OTHER], &[2]);
        // A dot beside them is a speck.
        check(&[ONE, OTHER, [(300.0, 150.0), (300.0, 150.0)]], &[2]);
        // What lies wholly above a digit belongs to it, as a 5's bar.
        check(&[[(50.0, 90.0), (50.0, 250.0)], [(40.0, 50.0), (110.0, 50.0)], OTHER], &[2]);
    }

    #[test]
    fn lines_lie_above_each_other() {
        check(
            &[[(50.0, 20.0), (50.0, 120.0)], [(150.0, 25.0), (150.0, 110.0)], [(60.0, 180.0), (60.0, 280.0)]],
            &[2, 1],
        );
    }

    #[test]
    fn two_rings_that_nearly_touch_are_an_eight() {
        let ring = |left: f32, top: f32| -> Vec<Segment> {
            let corners = [(0.0, 0.0), (50.0, 0.0), (50.0, 90.0), (0.0, 90.0), (0.0, 0.0)];
            let corners = corners.map(|(x, y)| (left + x, top + y));
            corners.windows(2).map(|pair| [pair[0], pair[1]]).collect()
        };
        let bar = |left: f32, top: f32| vec![[(left, top), (left + 5.0, top + 90.0)]];
        let upper = || ring(100.0, 40.0);
        check(&[upper(), ring(90.0, 148.0)].concat(), &[1]);
        check(&[upper(), ring(90.0, 170.0)].concat(), &[1, 1]);
        check(&[upper(), ring(200.0, 148.0)].concat(), &[1, 1]);
        check(&[upper(), bar(120.0, 148.0)].concat(), &[1, 1]);
        // Two that are open at the top are no rings.
        let open = |left: f32, top: f32| ring(left, top)[1..].to_vec();
        check(&[open(100.0, 40.0), ring(90.0, 148.0)].concat(), &[1]);
        check(&[open(100.0, 40.0), open(90.0, 148.0)].concat(), &[1, 1]);
        // Of several digits each, lines may stand as close as they will.
        check(&[upper(), ring(300.0, 40.0), ring(90.0, 148.0), ring(300.0, 148.0)].concat(), &[2, 2]);
    }

    #[test]
    fn what_is_connected_may_be_one_digit_however_flat() {
        let flat = [(50.0, 100.0), (50.0, 180.0), (450.0, 180.0), (450.0, 100.0)];
        let lines = lines(&drawn(&[[flat[0], flat[1]], [flat[1], flat[2]], [flat[2], flat[3]]]));
        assert!(lines[0].atoms > 1, "{}", lines[0].atoms);
        assert_eq!(cheapest(&lines[0], &vec![1.0; lines[0].candidates.len()], 1).len(), 1);
    }

    #[test]
    fn an_underlined_number_is_no_one_digit() {
        let line = [(30.0, 280.0), (380.0, 280.0)];
        let lines = lines(&drawn(&[
            line,
            ONE,
            OTHER,
            [(250.0, 50.0), (250.0, 250.0)],
            [(350.0, 50.0), (350.0, 250.0)],
        ]));
        assert!(lines[0].candidates.iter().all(|own| own.end - own.first < lines[0].atoms));
    }

    #[test]
    fn digits_that_touch_are_cut_between_them() {
        // At both ends of what joins them; the network decides.
        check(&[ONE, [(50.0, 150.0), (200.0, 150.0)], [(200.0, 50.0), (200.0, 250.0)]], &[3]);
    }

    #[test]
    fn the_cheapest_reading_is_taken() {
        let lines = lines(&drawn(&[ONE, OTHER]));
        let cost = |alone: f32, both: f32| -> Vec<f32> {
            lines[0]
                .candidates
                .iter()
                .map(|own| if own.end - own.first == 1 { alone } else { both })
                .collect()
        };
        assert_eq!(cheapest(&lines[0], &cost(1.0, 3.0), usize::MAX).len(), 2);
        assert_eq!(cheapest(&lines[0], &cost(1.0, 1.5), usize::MAX).len(), 1);
        // However much better two would read.
        assert_eq!(cheapest(&lines[0], &cost(0.0, 9.0), 1).len(), 1);
        assert!(cheapest(&lines[0], &cost(1.0, 1.0), 0).is_empty());
    }
}
