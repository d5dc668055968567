//! What a file holds, from its first bytes.

/// What can be read here, or what it is that cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Idx,
    Npy,
    Picture,
    Strokes,
    /// Rows of cells.
    Text,
    /// The reason, after "cannot be used: ".
    Unusable(&'static str),
}

/// What begins so is of no use here; the offset, the bytes, and why.
const UNUSABLE: [(usize, &[u8], &str); 21] = [
    (0, b"version https:", "it is a Git LFS pointer, not the file itself: fetch it with `git lfs pull`"),
    (4, b"ftypheic", HEIC),
    (4, b"ftypheix", HEIC),
    (4, b"ftypmif1", HEIC),
    (4, b"ftypavif", "it is an AVIF picture: save it as PNG or JPEG"),
    (0, b"II*\0", TIFF),
    (0, b"MM\0*", TIFF),
    (0, b"%PDF", "it is a PDF: save its pages as PNG or JPEG"),
    (0, b"\x89HDF\r\n\x1a\n", "it is an HDF5 file: write its arrays as .npz with NumPy"),
    (0, b"PAR1", "it is a Parquet file: write it as CSV with pandas"),
    (0, b"ARROW1", "it is an Arrow file: write it as CSV with pandas"),
    (0, b"\xd0\xcf\x11\xe0", "it is an old Excel or Word file: save the sheet as CSV"),
    (0, b"MATLAB 5.0", "it is a MATLAB file: write its arrays as .npz with SciPy and NumPy"),
    (0, b"7z\xbc\xaf\x27\x1c", "it is packed as 7z: unpack it first"),
    (0, b"Rar!", "it is packed as RAR: unpack it first"),
    (0, b"\xfd7zXZ", "it is packed as xz: unpack it first"),
    (0, b"BZh", "it is packed as bzip2: unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "it is packed as zstd: unpack it first"),
    (257, b"ustar", "it is a tar archive: unpack it, or pack it as zip"),
    (0, b"\x80\x02", PICKLE),
    (0, b"\x80\x04", PICKLE),
];
const HEIC: &str = "it is a HEIC picture, which browsers cannot open: save it as JPEG or PNG";
const TIFF: &str = "it is a TIFF picture, which browsers cannot open: save it as PNG";
const PICKLE: &str = "it is a Python pickle, which is never run here: write the arrays as .npz with NumPy";

pub(crate) fn kind(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return Kind::Unusable("it is empty");
    }
    let unusable =
        UNUSABLE.iter().find(|(at, start, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(start)));
    if let Some((_, _, why)) = unusable {
        return Kind::Unusable(why);
    }
    let pictures: [&[u8]; 5] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF"];
    if bytes.starts_with(b"\x93NUMPY") {
        Kind::Npy
    } else if pictures.iter().any(|start| bytes.starts_with(start)) {
        Kind::Picture
    } else if is_idx(bytes) {
        Kind::Idx
    } else {
        text(bytes)
    }
}

/// Two zeros, a type and a number of sizes.
fn is_idx(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, 8 | 9 | 0xb..=0xe, 1..=4, ..])
}

fn text(bytes: &[u8]) -> Kind {
    const LOOKED_AT: usize = 4_096;
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let lower = start[..start.len().min(256)].to_ascii_lowercase();
    if lower.starts_with(b"<!doctype") || lower.starts_with(b"<html") || lower.starts_with(b"<head") {
        return Kind::Unusable(
            "it is a web page, perhaps one that asks to sign in, not the file itself: download it again",
        );
    }
    if lower.starts_with(b"<?xml") || lower.starts_with(b"<svg") {
        return Kind::Unusable("it is XML, which holds no images here");
    }
    if start.starts_with(b"{") {
        let has = |word: &[u8]| start.windows(word.len()).any(|window| window == word);
        return if has(b"\"strokes\"") {
            Kind::Strokes
        } else {
            Kind::Unusable("it is JSON without a label and strokes")
        };
    }
    // UTF-16 has a mark, or a zero beside each letter.
    let utf16 = start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]);
    let zeros = start.split(|&byte| byte == 0).count() - 1;
    let signs = start.iter().filter(|&&byte| byte < 32 && !matches!(byte, 0 | 9 | 10 | 13)).count();
    if utf16 || signs == 0 && (zeros == 0 || (2 * zeros).abs_diff(start.len()) <= start.len() / 8) {
        Kind::Text
    } else {
        Kind::Unusable("it is of no kind that is read here: IDX, CSV, NPZ, pictures or pen strokes")
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn first_bytes_say_what_a_file_is() {
        for (bytes, expected) in [
            (&b"label,pixel0\n"[..], Kind::Text),
            (b"\xff\xfel\0a\0", Kind::Text),
            (b"7\0;\x001\0\n\0", Kind::Text),
            (b"\0\0\x08\x03\0\0\0\x01", Kind::Idx),
            (b"\0\0\x0c\x02\0\0", Kind::Idx),
            (b"\x93NUMPY\x01\0", Kind::Npy),
            (b"\x89PNG\r\n\x1a\n", Kind::Picture),
            (b" {\"label\":1,\"strokes\":[]}", Kind::Strokes),
        ] {
            assert_eq!(kind(bytes), expected);
        }
        for (bytes, why) in [
            (&b""[..], "it is empty"),
            (b"version https:\x2f\x2fgit-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
            (b"\n<!DOCTYPE html><html>", "web page"),
            (b"\0\0\0\x18ftypheic", "HEIC"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
            (b"\x80\x04\x95", "pickle"),
            (b"{\"a\":1}", "JSON without"),
            (b"\x01\x02\x03\x04", "of no kind"),
        ] {
            let Kind::Unusable(found) = kind(bytes) else { panic!("{bytes:?}") };
            assert!(found.contains(why), "{found}");
        }
    }
}
