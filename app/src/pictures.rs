//! Picture files, decoded by the browser.

use ink::{Picture, is_animated};
use js_sys::Promise;
use wasm_bindgen::{JsCast as _, JsValue, UnwrapThrowExt as _};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, File, HtmlCanvasElement, ImageBitmap};

use crate::browser;

/// Larger files are refused.
const MAX_MIB: u32 = 64;
/// Some phones refuse a canvas with a longer side.
const MAX_SIDE: u32 = 4_000;

/// A picture from a file.
pub(crate) struct Decoded {
    pub(crate) picture: Picture,
    /// Whether the file has further pictures, which are ignored.
    pub(crate) is_first_of_several: bool,
}

/// Decodes a picture, rotated as its EXIF data says. The error is for people.
pub(crate) async fn decode(file: &File) -> Result<Decoded, String> {
    let name = file.name();
    if file.size() == 0.0 {
        return Err(format!("{name} is empty. Choose another picture."));
    }
    let bytes = browser::read_file(file, MAX_MIB).await?;
    ink::check_picture_file(&bytes)
        .map_err(|error| format!("{name} {error}. Make it smaller and try again."))?;
    let no_picture =
        || format!("{name} could not be read: it is no picture, or damaged. PNG, JPEG and WebP work.");
    let bitmap: Result<Promise, JsValue> = browser::window().create_image_bitmap_with_blob(file);
    let bitmap = JsFuture::from(bitmap.map_err(|_| no_picture())?).await.map_err(|_| no_picture())?;
    let bitmap: ImageBitmap = bitmap.dyn_into().map_err(|_| no_picture())?;
    let picture = pixels(&bitmap)
        .and_then(|(width, height, rgba)| Picture::from_rgba(width as usize, height as usize, &rgba).ok());
    bitmap.close();
    let picture = picture.ok_or_else(no_picture)?;
    Ok(Decoded { picture, is_first_of_several: is_animated(&bytes) })
}

/// The picture on a canvas, scaled down if it is too large for one.
fn pixels(bitmap: &ImageBitmap) -> Option<(u32, u32, Vec<u8>)> {
    let (width, height) = (bitmap.width(), bitmap.height());
    let scale = (f64::from(MAX_SIDE) / f64::from(width.max(height).max(1))).min(1.0);
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let (width, height) = (scaled(width), scaled(height));
    let document = browser::window().document().expect_throw("a page has a document");
    let canvas: HtmlCanvasElement =
        document.create_element("canvas").expect_throw("a canvas can be made").unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    context
        .draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, f64::from(width), f64::from(height))
        .ok()?;
    let data = context.get_image_data(0.0, 0.0, f64::from(width), f64::from(height)).ok()?;
    Some((width, height, data.data().0))
}
