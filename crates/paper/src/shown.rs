//! Ink on a canvas.

use ink::Drawing;
use wasm_bindgen::{Clamped, JsCast as _};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

/// Shows a drawing in the canvas's text colour, with as many pixels as the screen has there.
pub fn show_drawing(canvas: &HtmlCanvasElement, drawing: &Drawing) {
    let Some(window) = web_sys::window() else { return };
    let side = (f64::from(canvas.client_width()) * window.device_pixel_ratio()).round() as u32;
    if canvas.width() != side || canvas.height() != side {
        canvas.set_width(side);
        canvas.set_height(side);
    }
    let Some(context) = context(canvas) else { return };
    let style = window.get_computed_style(canvas).ok().flatten();
    let colour = style.and_then(|style| style.get_property_value("color").ok()).unwrap_or_default();
    context.clear_rect(0.0, 0.0, f64::from(side), f64::from(side));
    let scale = f64::from(side) / f64::from(Drawing::SIDE);
    context.set_stroke_style_str(&colour);
    context.set_line_cap("round");
    context.set_line_join("round");
    context.set_line_width(2.0 * f64::from(drawing.pen_radius()) * scale);
    for stroke in drawing.strokes() {
        let mut points = stroke.iter().map(|point| (scale * f64::from(point.x), scale * f64::from(point.y)));
        let Some((x, y)) = points.next() else { continue };
        context.begin_path();
        context.move_to(x, y);
        // A line to itself makes a dot.
        context.line_to(x, y);
        points.for_each(|(x, y)| context.line_to(x, y));
        context.stroke();
    }
}

/// Shows grey levels, of which 255 is ink, on a canvas of their size.
pub fn show_levels(canvas: &HtmlCanvasElement, width: usize, levels: &[u8]) {
    let Some(context) = context(canvas) else { return };
    // Ink is opacity, so that the page's colours show through.
    let pixels: Vec<u8> = levels.iter().flat_map(|&level| [0, 0, 0, level]).collect();
    if let Ok(data) = ImageData::new_with_u8_clamped_array(Clamped(&pixels), width as u32) {
        // Pixels of the right size are always accepted.
        let _ = context.put_image_data(&data, 0.0, 0.0);
    }
}
