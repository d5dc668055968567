//! A drawing as a link: `#d=1.` and text, behind the `#` of an address, which no server sees.
//!
//! The text is base64url of a checksum and, for each stroke, the number of its places, the first place, and the way to each next one,
//! in whole units of the paper.

use link_text::{from_base64url, put_varint, take_varint, to_base64url};

use crate::{Drawing, Point, Stroke};

const PREFIX: &str = "#d=1.";
/// The shortest way between two places of a stroke, in units of the paper: finer ones make long links.
const LEAST_WAY: f32 = 4.0;
/// Places in a drawing at most.
const MAX_PLACES: usize = 4_000;
/// Characters of a link at most: more than that is cut by some programs.
const MAX_LENGTH: usize = 2_000;

/// A link that cannot be made or followed; the text is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant describes it")]
pub enum DrawingLinkError {
    #[error("There is nothing to share: draw something first.")]
    Blank,
    #[error(
        "The link would be {0} characters long; the limit is {MAX_LENGTH}. Draw with fewer or shorter strokes."
    )]
    TooLong(usize),
    #[error("This link is damaged or incomplete. Copy the whole link again.")]
    Damaged,
}

/// A link to these strokes.
///
/// # Errors
/// [`DrawingLinkError::Blank`] and [`DrawingLinkError::TooLong`].
pub fn drawing_link(strokes: &[Stroke]) -> Result<String, DrawingLinkError> {
    let mut body = Vec::new();
    for stroke in strokes.iter().filter(|stroke| !stroke.is_empty()) {
        let ways = ways(stroke);
        put_varint(&mut body, ways.len() as u32);
        for (x, y) in ways {
            put_varint(&mut body, zigzag(x));
            put_varint(&mut body, zigzag(y));
        }
    }
    if body.is_empty() {
        return Err(DrawingLinkError::Blank);
    }
    let bytes = [&crc32fast::hash(&body).to_le_bytes()[..], &body].concat();
    let link = format!("{PREFIX}{}", to_base64url(&bytes));
    if link.len() > MAX_LENGTH { Err(DrawingLinkError::TooLong(link.len())) } else { Ok(link) }
}

/// The strokes of a link; `None` where the text is no such link. What lies beyond the paper is brought back to its edge.
///
/// # Errors
/// [`DrawingLinkError::Damaged`].
pub fn linked_drawing(fragment: &str) -> Result<Option<Vec<Stroke>>, DrawingLinkError> {
    let Some(text) = fragment.strip_prefix(PREFIX) else { return Ok(None) };
    let bytes = from_base64url(text).ok_or(DrawingLinkError::Damaged)?;
    let (sum, body) = bytes.split_first_chunk::<4>().ok_or(DrawingLinkError::Damaged)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) || body.is_empty() {
        return Err(DrawingLinkError::Damaged);
    }
    let (mut rest, mut strokes, mut places_left) = (body, Vec::new(), MAX_PLACES);
    while !rest.is_empty() {
        let count = number(&mut rest)? as usize;
        places_left = places_left.checked_sub(count).ok_or(DrawingLinkError::Damaged)?;
        let (mut x, mut y) = (0_i32, 0_i32);
        let mut stroke = Stroke::new();
        for _ in 0..count {
            let side = Drawing::SIDE as i32;
            x = x.saturating_add(unzigzag(number(&mut rest)?)).clamp(0, side);
            y = y.saturating_add(unzigzag(number(&mut rest)?)).clamp(0, side);
            stroke.push(Point { x: x as f32, y: y as f32 });
        }
        strokes.push(stroke);
    }
    Ok(Some(strokes))
}

/// The first place of a stroke, then the way to each next one that is far enough, and to its end.
fn ways(stroke: &Stroke) -> Vec<(i32, i32)> {
    let (mut ways, mut at) = (Vec::new(), (0, 0));
    for (index, point) in stroke.iter().enumerate() {
        let place = (point.x.round() as i32, point.y.round() as i32);
        let way = (place.0 - at.0, place.1 - at.1);
        let is_end = index == 0 || index + 1 == stroke.len();
        if is_end || (way.0 as f32).hypot(way.1 as f32) >= LEAST_WAY {
            ways.push(way);
            at = place;
        }
    }
    ways
}

/// Small numbers of either sign as small ones without.
const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

const fn unzigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

fn number(rest: &mut &[u8]) -> Result<u32, DrawingLinkError> {
    take_varint(rest).ok_or(DrawingLinkError::Damaged)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn stroke(places: &[(f32, f32)]) -> Stroke {
        places.iter().map(|&(x, y)| Point { x, y }).collect()
    }

    #[test]
    fn strokes_come_back_without_places_that_nearly_touch() {
        let strokes = [
            stroke(&[(100.2, 80.0), (160.0, 80.0), (161.0, 81.0), (130.0, 120.0), (129.0, 120.0)]),
            stroke(&[(140.0, 150.0)]),
        ];
        let link = drawing_link(&strokes).unwrap();
        assert!(link.len() < 40, "{link}");
        let kept = stroke(&[(100.0, 80.0), (160.0, 80.0), (130.0, 120.0), (129.0, 120.0)]);
        assert_eq!(linked_drawing(&link), Ok(Some(vec![kept, strokes[1].clone()])));
    }

    #[test]
    fn what_is_beyond_the_paper_comes_back_to_its_edge() {
        let link = drawing_link(&[stroke(&[(-50.0, 400.0)])]).unwrap();
        assert_eq!(linked_drawing(&link), Ok(Some(vec![stroke(&[(0.0, 280.0)])])));
    }

    #[test]
    fn what_cannot_be_shared_or_followed_is_said() {
        assert_eq!(drawing_link(&[]), Err(DrawingLinkError::Blank));
        let long: Vec<(f32, f32)> = (0..3_000_u16).map(|index| (f32::from(index % 2) * 200.0, 5.0)).collect();
        assert!(matches!(drawing_link(&[stroke(&long)]), Err(DrawingLinkError::TooLong(_))));
        for other in ["", "#", "#x=1.abc", "#d=2.abc"] {
            assert_eq!(linked_drawing(other), Ok(None), "{other}");
        }
        let link = drawing_link(&[stroke(&[(1.0, 2.0), (30.0, 40.0)])]).unwrap();
        for end in PREFIX.len()..link.len() {
            assert_eq!(linked_drawing(&link[..end]), Err(DrawingLinkError::Damaged), "{end}");
        }
    }
}
