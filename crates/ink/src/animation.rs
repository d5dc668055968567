//! Whether a picture file moves: of such a file the first frame is read, and its person should hear of that.

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
