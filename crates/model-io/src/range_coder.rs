//! An adaptive binary range coder.
//!
//! The carry and the renormalization are those of LZMA's (I. Pavlov, "LZMA specification"); a bit's probability is the mean of a fast and
//! a slow estimate. Whole numbers only: an encoder and a decoder on other machines stay in step.

const TOP: u32 = 1 << 24;
const ONE: i32 = 1 << 16;

/// How likely a zero is, learned from the bits so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    fast: i32,
    slow: i32,
}

impl Chance {
    pub(crate) const EVEN: Self = Self { fast: ONE / 2, slow: ONE / 2 };

    /// The part of 32,768 that a zero gets; never nothing, never all.
    fn of_zero(self) -> u32 {
        ((self.fast + self.slow) >> 2).clamp(32, 32_768 - 32) as u32
    }

    fn learn(&mut self, bit: bool) {
        let target = if bit { 0 } else { ONE };
        self.fast += (target - self.fast) >> 4;
        self.slow += (target - self.slow) >> 7;
    }
}

pub(crate) struct Encoder {
    low: u64,
    range: u32,
    /// The last byte, which a carry may still change, and how many bytes of 255 follow it.
    held: Option<u8>,
    full: usize,
    bytes: Vec<u8>,
}

impl Encoder {
    pub(crate) const fn new() -> Self {
        Self { low: 0, range: u32::MAX, held: None, full: 0, bytes: Vec::new() }
    }

    pub(crate) fn bit(&mut self, chance: &mut Chance, bit: bool) {
        let bound = (self.range >> 15) * chance.of_zero();
        if bit {
            self.low += u64::from(bound);
            self.range -= bound;
        } else {
            self.range = bound;
        }
        chance.learn(bit);
        self.renormalize();
    }

    /// The lowest `count` bits of a number, highest first, each as likely as not.
    pub(crate) fn bits(&mut self, value: u32, count: u32) {
        for place in (0..count).rev() {
            self.range >>= 1;
            if value >> place & 1 == 1 {
                self.low += u64::from(self.range);
            }
            self.renormalize();
        }
    }

    fn renormalize(&mut self) {
        while self.range < TOP {
            self.range <<= 8;
            self.shift();
        }
    }

    fn shift(&mut self) {
        if self.low < 0xff00_0000 || self.low > u64::from(u32::MAX) {
            let carry = (self.low >> 32) as u8;
            if let Some(held) = self.held {
                self.bytes.push(held.wrapping_add(carry));
            }
            self.bytes.extend(core::iter::repeat_n(0xff_u8.wrapping_add(carry), self.full));
            self.full = 0;
            self.held = Some((self.low >> 24) as u8);
        } else {
            self.full += 1;
        }
        self.low = (self.low & 0x00ff_ffff) << 8;
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        for _ in 0..5 {
            self.shift();
        }
        // A decoder reads zeros behind the end.
        while self.bytes.last() == Some(&0) {
            self.bytes.pop();
        }
        self.bytes
    }
}

pub(crate) struct Decoder<'a> {
    code: u32,
    range: u32,
    rest: core::slice::Iter<'a, u8>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self { code: 0, range: u32::MAX, rest: bytes.iter() };
        for _ in 0..4 {
            decoder.code = decoder.code << 8 | decoder.byte();
        }
        decoder
    }

    fn byte(&mut self) -> u32 {
        self.rest.next().copied().map_or(0, u32::from)
    }

    pub(crate) fn bit(&mut self, chance: &mut Chance) -> bool {
        let bound = (self.range >> 15) * chance.of_zero();
        let bit = self.code >= bound;
        if bit {
            self.code -= bound;
            self.range -= bound;
        } else {
            self.range = bound;
        }
        chance.learn(bit);
        self.renormalize();
        bit
    }

    pub(crate) fn bits(&mut self, count: u32) -> u32 {
        let mut value = 0;
        for _ in 0..count {
            self.range >>= 1;
            let bit = self.code >= self.range;
            if bit {
                self.code -= self.range;
            }
            value = value << 1 | u32::from(bit);
            self.renormalize();
        }
        value
    }

    fn renormalize(&mut self) {
        while self.range < TOP {
            self.range <<= 8;
            self.code = self.code << 8 | self.byte();
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Bits of which one in `rarity` is set, by a small generator.
    fn sequence(rarity: u32) -> Vec<bool> {
        let mut state = 12_345_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16).is_multiple_of(rarity)
        };
        (0..20_000).map(next).collect()
    }

    #[track_caller]
    fn check(rarity: u32, most_bytes: usize) {
        let bits = sequence(rarity);
        let (mut encoder, mut chance) = (Encoder::new(), Chance::EVEN);
        for (index, &bit) in bits.iter().enumerate() {
            encoder.bit(&mut chance, bit);
            if index % 100 == 0 {
                encoder.bits(index as u32, 15);
            }
        }
        let bytes = encoder.finish();
        assert!(bytes.len() <= most_bytes, "{} bytes", bytes.len());
        let (mut decoder, mut chance) = (Decoder::new(&bytes), Chance::EVEN);
        for (index, &bit) in bits.iter().enumerate() {
            assert_eq!(decoder.bit(&mut chance), bit, "bit {index}");
            if index % 100 == 0 {
                assert_eq!(decoder.bits(15), index as u32);
            }
        }
    }

    #[test]
    fn bits_come_back_and_take_little_more_than_they_must() {
        // 375 bytes of plain bits, and little more than the entropy of 20,000 bits of which one in two, ten, a hundred is set.
        check(2, 375 + 2_560);
        check(10, 375 + 1_240);
        check(100, 375 + 260);
        // Nothing but ones: long rows of bytes that a carry may change.
        check(1, 375 + 40);
    }
}
