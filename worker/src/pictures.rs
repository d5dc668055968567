//! Picture files, decoded by the browser.

use ink::Picture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use crate::scope;

/// Decodes a picture, turned as its EXIF data says. The error is for people.
pub(crate) async fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let no_picture = |_: JsValue| "it is no picture, or damaged".to_owned();
    let too_large = |error| format!("it {error}");
    ink::check_picture_file(bytes).map_err(too_large)?;
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence(&parts).map_err(no_picture)?;
    let bitmap = scope::scope().create_image_bitmap_with_blob(&blob).map_err(no_picture)?;
    let bitmap: ImageBitmap = JsFuture::from(bitmap).await.and_then(JsValue::dyn_into).map_err(no_picture)?;
    let (width, height) = (bitmap.width() as usize, bitmap.height() as usize);
    // The browser may know a format whose header is not read here.
    let rgba = ink::check_picture_size(width, height)
        .map_err(too_large)
        .and_then(|()| pixels(&bitmap).map_err(no_picture));
    bitmap.close();
    Picture::from_rgba(width, height, &rgba?).map_err(|error| error.to_string())
}

fn pixels(bitmap: &ImageBitmap) -> Result<Vec<u8>, JsValue> {
    let (width, height) = (bitmap.width(), bitmap.height());
    let canvas = OffscreenCanvas::new(width, height)?;
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    let context: OffscreenCanvasRenderingContext2d = context.dyn_into().map_err(JsValue::from)?;
    context.draw_image_with_image_bitmap(bitmap, 0.0, 0.0)?;
    Ok(context.get_image_data(0.0, 0.0, f64::from(width), f64::from(height))?.data().0)
}
