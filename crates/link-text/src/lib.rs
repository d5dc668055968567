//! Bytes as text that a link can carry: letters, digits, `-` and `_`, which no browser and no chat escapes. And short numbers.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648, section 5, without padding.
pub fn to_base64url(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .enumerate()
            .fold(0_u32, |bits, (place, byte)| bits | u32::from(*byte) << (16 - 8 * place));
        let digits =
            (0..=group.len()).map(|place| ALPHABET[(bits >> (18 - 6 * place)) as usize % 64] as char);
        text.extend(digits);
    }
    text
}

/// Undoes [`to_base64url`]; `None` where the text is not of that form.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for (place, letter) in group.iter().enumerate() {
            let digit = ALPHABET.iter().position(|known| known == letter)?;
            bits |= (digit as u32) << (18 - 6 * place);
        }
        let [_, triple @ ..] = bits.to_be_bytes();
        let (whole, rest) = triple.split_at(group.len() - 1);
        // A single letter holds no byte, and bits that are left over are 0.
        if group.len() == 1 || rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend(whole);
    }
    Some(bytes)
}

/// Writes a number, seven bits to a byte, the lowest first.
pub fn put_varint(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number of at most 28 bits from the front; `None` where there is none.
pub fn take_varint(rest: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for (index, &byte) in rest.iter().enumerate().take(4) {
        number |= u32::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *rest = &rest[index + 1..];
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[track_caller]
    fn check_base64url(bytes: &[u8], text: &str) {
        assert_eq!(to_base64url(bytes), text);
        assert_eq!(from_base64url(text).as_deref(), Some(bytes));
    }

    #[test]
    fn base64url_is_that_of_the_standard() {
        // RFC 4648, section 10, and the two letters that are not in base64.
        for (bytes, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")]
        {
            check_base64url(bytes.as_bytes(), text);
        }
        check_base64url(&[0xfb, 0xff, 0xfe], "-__-");
        for wrong in ["Z", "Zh", "Zm9", "Zg==", "Zm+/", "Zm 9"] {
            assert_eq!(from_base64url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_come_back() {
        let mut bytes = Vec::new();
        for number in [0, 127, 128, 16_383, 16_384, 200_000_000] {
            bytes.clear();
            put_varint(&mut bytes, number);
            let mut rest = bytes.as_slice();
            assert_eq!((take_varint(&mut rest), rest), (Some(number), &[][..]));
        }
        for broken in [&[][..], &[0x80], &[0xff; 5]] {
            assert_eq!(take_varint(&mut &broken[..]), None);
        }
    }
}
