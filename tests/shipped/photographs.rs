//! Photographs of pen on paper, made here of unseen writers' strokes: light that falls off, hard shadows, rules, a table beside
//! the sheet; single digits, and a page of them.

use dataset::{LabelledImages, WrittenDigit};
use evaluation::Accuracy;
use ink::{PIXELS, Picture, Raster, found_ink, normalise};
use rand::RngExt as _;
use rand_pcg::Pcg32;
use tests::UNSEEN;

use super::{
    assess, model,
    strokes::{Reader, ink_at, unseen},
};

/// What lies under and over the ink.
#[derive(Clone, Copy, Debug)]
enum Scene {
    Plain,
    Lined,
    Squared,
    Form,
    Shadow,
    Table,
    Board,
}

const SCENES: [Scene; 7] =
    [Scene::Plain, Scene::Lined, Scene::Squared, Scene::Form, Scene::Shadow, Scene::Table, Scene::Board];

/// The share of a pixel at this place that lies on lines of this thickness, one in `every` pixels.
fn lined(place: f32, every: f32, thick: f32) -> f32 {
    let place = (place + 1.0).rem_euclid(every) - 1.0;
    ((place + 1.0).min(thick) - place.max(0.0)).clamp(0.0, 1.0)
}

/// Ink as a camera sees it in a scene.
fn photographed(ink: &Raster, scene: Scene, rng: &mut Pcg32) -> Picture {
    let (width, height) = (ink.width(), ink.height());
    let mut between = |low: f32, high: f32| low + (high - low) * rng.random::<f32>();
    let (paper, pen, rule) = (between(190.0, 245.0), between(30.0, 110.0), between(120.0, 170.0));
    let (fall_x, fall_y) = (between(-0.3, 0.3), between(-0.3, 0.3));
    let every = between(0.12, 0.3) * width as f32;
    let (tilt, curl) = (between(-0.05, 0.05), between(0.0, 0.012) * width as f32);
    let thick = between(0.003, 0.012) * width as f32;
    let (shadow_at, shadow_tilt, shade) = (between(0.3, 0.7), between(-0.5, 0.5), between(0.45, 0.75));
    let edge = between(0.02, 0.08) * width as f32;
    let (left, top, ink_width, ink_height) = ink.ink_bounds().unwrap();
    let margin = between(0.08, 0.4) * ink_width.max(ink_height) as f32 + thick;
    let (left, top) = (left as f32 - margin, top as f32 - margin);
    let (cell_width, cell_height) = (ink_width as f32 + 2.0 * margin, ink_height as f32 + 2.0 * margin);
    let (before, after) = (between(0.0, 2.0).floor(), between(0.0, 2.0).floor());
    let mut brightness = Vec::with_capacity(width * height);
    for row in 0..height {
        for column in 0..width {
            let (x, y) = (column as f32, row as f32);
            let (along, down) = (x / width as f32, y / height as f32);
            // The sheet lies a little askew and curls.
            let across_at = lined(y + tilt * x + curl * (3.0 * along).sin(), every, thick);
            let down_at = lined(x - tilt * y + curl * (3.0 * down).sin(), every, thick);
            // A row of boxes for one digit each, one of them around the ink.
            let (across, below) = (x - left + tilt * (y - top), y - top - tilt * (x - left));
            let is_in_row = (-thick..cell_height + thick).contains(&below)
                && (-1.0 - cell_width * before..cell_width * (1.0 + after) + thick).contains(&across);
            let box_at = lined(across, cell_width, thick).max(lined(below, cell_height, thick));
            let ruled = match scene {
                Scene::Form => box_at * f32::from(u8::from(is_in_row)),
                Scene::Lined => across_at,
                Scene::Squared => across_at.max(down_at),
                _ => 0.0,
            };
            let under = paper * (1.0 - ruled) + rule * ruled;
            let level = f32::from(ink.levels()[row * width + column]) / 255.0;
            let mut value = under * (1.0 - level) + pen * level;
            let is_beside = [x, y, width as f32 - x, height as f32 - y].iter().any(|&own| own < edge);
            if matches!(scene, Scene::Table) && is_beside {
                value = 60.0 + 12.0 * (0.05 * x + 0.3 * y).sin();
            }
            let is_shaded = along + shadow_tilt * (down - 0.5) > shadow_at;
            let shade = if matches!(scene, Scene::Shadow) && is_shaded { shade } else { 1.0 };
            let light = (1.0 + fall_x * (along - 0.5) + fall_y * (down - 0.5)) * shade;
            value = value * light + 6.0 * (rng.random::<f32>() - 0.5);
            if matches!(scene, Scene::Board) {
                value = 255.0 - value;
            }
            brightness.push(value.clamp(0.0, 255.0) as u8);
        }
    }
    Picture::from_brightness(width, height, brightness).unwrap()
}

#[test]
#[cfg_attr(not(has_strokes), ignore = "INKLING_STROKES is not set")]
fn photographed_digits_of_unseen_writers_are_read() {
    let unseen = unseen();
    let reader = model("reader-cnn.safetensors");
    let mut right = Accuracy::default();
    for scene in SCENES {
        let mut set = LabelledImages::default();
        for (index, digit) in unseen.iter().step_by(15).enumerate() {
            let mut rng = Pcg32::new(21, index as u64);
            let mut between = |low: f32, high: f32| low + (high - low) * rng.random::<f32>();
            let scale = if index % 2 == 0 { 1.0 } else { 0.5 };
            let (width, height, size) = (320.0 * scale, 280.0 * scale, scale * between(70.0, 180.0));
            let margin = 40.0 * scale;
            let place = (between(margin, width - margin - size), between(margin, height - margin - size));
            let mut ink = Raster::blank(width as usize, height as usize);
            ink_at(&mut ink, digit, place, size, size * between(0.015, 0.05));
            let picture = photographed(&ink, scene, &mut rng);
            let image = normalise(&found_ink(&picture, None).raster).unwrap_or([0; PIXELS]);
            set.push(&image, digit.label);
        }
        let found = assess(&reader, &set).accuracy();
        println!("photographs, {scene:?}: {}", found.with_interval());
        assert!(found.share() >= 0.95, "{scene:?}: {found:?}");
        right.correct += found.correct;
        right.total += found.total;
    }
    println!("photographed digits of unseen writers: {}", right.with_interval());
    assert!(right.share() >= 0.975, "{right:?}");
}

/// Six lines of six digits, each line by one writer.
#[test]
#[cfg_attr(not(has_strokes), ignore = "INKLING_STROKES is not set")]
fn a_photographed_page_of_digits_is_read_line_by_line() {
    let unseen = unseen();
    let reader = Reader::shipped();
    let (mut right, mut lines) = (Accuracy::default(), 0);
    for (page, scene) in SCENES.into_iter().enumerate() {
        let mut ink = Raster::blank(620, 620);
        let mut expected = Vec::new();
        for (line, writer) in UNSEEN.iter().enumerate() {
            let own = unseen.iter().filter(|digit| digit.writer == *writer).skip(10 * page).take(6);
            let digits: Vec<&WrittenDigit> = own.collect();
            for (place, digit) in digits.iter().enumerate() {
                let left = 70.0 + 80.0 * place as f32;
                ink_at(&mut ink, digit, (left, 70.0 + 85.0 * line as f32), 50.0, 2.2);
            }
            expected.push(digits.iter().map(|digit| digit.label).collect::<Vec<_>>());
        }
        let picture = photographed(&ink, scene, &mut Pcg32::new(5, page as u64));
        let found = reader.read(&found_ink(&picture, None).raster);
        lines += found.len();
        for (found, expected) in found.iter().zip(&expected) {
            let found: Vec<u8> = found.iter().map(|digit| digit.prediction.class).collect();
            right.total += expected.len() as u32;
            right.correct += found.iter().zip(expected).filter(|(a, b)| a == b).count() as u32;
        }
    }
    println!("digits on photographed pages: {}", right.with_interval());
    assert_eq!(lines, SCENES.len() * UNSEEN.len(), "lines are missing or taken apart");
    assert!(right.share() >= 0.95, "{right:?}");
}
