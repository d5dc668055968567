//! What a picture file says of itself, before it is decoded.

/// Larger pictures are refused: decoded they take four bytes a pixel.
const MAX_PIXELS: usize = 64_000_000;

/// A picture that is too large to be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has {width} x {height} pixels; at most {} million can be read", MAX_PIXELS / 1_000_000)]
pub struct PictureTooLarge {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// Checks the size that a file names in its header; one whose header is not known here is left to whoever decodes it.
///
/// # Errors
/// [`PictureTooLarge`] where it has more than 64 million pixels.
pub fn check_picture_file(file: &[u8]) -> Result<(), PictureTooLarge> {
    imagesize::blob_size(file).map_or(Ok(()), |size| check_picture_size(size.width, size.height))
}

/// Checks the size of a picture.
///
/// # Errors
/// [`PictureTooLarge`] where it has more than 64 million pixels.
pub fn check_picture_size(width: usize, height: usize) -> Result<(), PictureTooLarge> {
    let is_small = width.saturating_mul(height) <= MAX_PIXELS;
    is_small.then_some(()).ok_or(PictureTooLarge { width, height })
}

/// Whether these bytes are a GIF, PNG or WebP file of more than one frame.
///
/// `GIF89a`; PNG (third edition, `acTL`); WebP container specification, `VP8X`.
pub fn is_animated(file: &[u8]) -> bool {
    if file.starts_with(b"GIF8") {
        frames_of_gif(file) > 1
    } else if let Some(chunks) = file.strip_prefix(b"\x89PNG\r\n\x1a\n") {
        is_animated_png(chunks)
    } else {
        let is_webp = file.starts_with(b"RIFF") && file.get(8..16) == Some(b"WEBPVP8X");
        is_webp && file.get(20).is_some_and(|flags| flags & 2 != 0)
    }
}

/// A chunk `acTL` before the first `IDAT`.
fn is_animated_png(mut chunks: &[u8]) -> bool {
    while let Some((length, rest)) = chunks.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        match rest.get(..4) {
            Some(b"acTL") => return true,
            Some(b"IDAT") | None => return false,
            // Name, contents, checksum.
            Some(_) => chunks = rest.get(length.saturating_add(8)..).unwrap_or_default(),
        }
    }
    false
}

/// Image descriptors, as far as the file is whole.
fn frames_of_gif(file: &[u8]) -> usize {
    let colours = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut place = 13 + file.get(10).map_or(0, |&flags| colours(flags));
    let mut frames = 0;
    loop {
        match file.get(place) {
            // An extension: its label, then its blocks.
            Some(0x21) => place += 2,
            Some(0x2c) => {
                frames += 1;
                // Place and size, a table of colours, the size of codes.
                place += 11 + file.get(place + 9).map_or(0, |&flags| colours(flags));
            }
            _ => return frames,
        }
        while let Some(&length @ 1..) = file.get(place) {
            place += 1 + usize::from(length);
        }
        place += 1;
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check(parts: &[&[u8]], expected: bool) {
        let file = parts.concat();
        assert_eq!(is_animated(&file), expected);
        // Cut off anywhere, it is no reason to panic.
        for length in 0..file.len() {
            is_animated(&file[..length]);
        }
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x02IHDR..sums";
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0......";
    /// A comment, then a frame with a table of two colours.
    const FRAME: &[u8] = b"\x21\xfe\x02hi\0\x2c\0\0\0\0\x01\0\x01\0\x80......\x02\x01D\0";

    #[test]
    fn a_header_is_believed_before_anything_is_decoded() {
        let png = |side: u32| {
            let begin: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
            [begin, &side.to_be_bytes(), &side.to_be_bytes(), &[8, 0, 0, 0, 0]].concat()
        };
        assert_eq!(check_picture_file(&png(8_000)), Ok(()));
        let too_large = PictureTooLarge { width: 20_000, height: 20_000 };
        assert_eq!(check_picture_file(&png(20_000)), Err(too_large));
        assert_eq!(too_large.to_string(), "has 20000 x 20000 pixels; at most 64 million can be read");
        assert_eq!(check_picture_file(b"no picture"), Ok(()));
    }

    #[test]
    fn files_of_several_frames_are_known() {
        check(&[PNG, b"\0\0\0\x01acTL.sums\0\0\0\x01IDAT.sums"], true);
        check(&[PNG, b"\0\0\0\x01IDAT.sums\0\0\0\x01acTL.sums"], false);
        check(&[GIF, FRAME, b"\x3b"], false);
        check(&[GIF, FRAME, FRAME, b"\x3b"], true);
        check(&[b"RIFF....WEBPVP8X....", &[2]], true);
        check(&[b"RIFF....WEBPVP8X....", &[16]], false);
        check(&[b"RIFF....WEBPVP8L....", &[2]], false);
        check(&[b"\xff\xd8\xff\xe0"], false);
    }
}
