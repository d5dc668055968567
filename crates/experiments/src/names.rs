//! Names for runs that a person can remember and say aloud.

/// A name such as `quiet-heron`: the same for the same seed, as long as the same names are taken.
///
/// Where a name is taken others are tried, and at last a number is appended.
pub fn memorable_name(seed: u64, taken: &dyn Fn(&str) -> bool) -> String {
    const TRIES: usize = 100;
    let mut draws = Draws::new(seed);
    let mut pair = || format!("{}-{}", draws.one_of(&ADJECTIVES), draws.one_of(&NOUNS));
    let first = pair();
    if !taken(&first) {
        return first;
    }
    let other = (1..TRIES).map(|_| pair()).find(|name| !taken(name));
    let numbered = || (2..=1_000_000).map(|number| format!("{first}-{number}")).find(|name| !taken(name));
    other.or_else(numbered).unwrap_or(first)
}

/// Numbers that look random and follow from a seed: `SplitMix64`.
///
/// G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from 0, less than `end`; 0 where `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len() as u64) as usize]
    }
}

/// What goes before.
const ADJECTIVES: [&str; 103] = [
    "able", "airy", "amber", "ample", "azure", "balanced", "bold", "brave", "breezy", "bright", "brisk",
    "bronze", "calm", "candid", "careful", "cheerful", "clear", "clever", "coastal", "cosy", "crisp",
    "curious", "daring", "eager", "early", "earnest", "faithful", "famous", "fancy", "fearless", "festive",
    "fine", "floral", "fluent", "frank", "fresh", "friendly", "frosty", "gentle", "genuine", "glad",
    "gleaming", "golden", "graceful", "grand", "happy", "hardy", "honest", "humble", "ideal", "jolly",
    "joyful", "keen", "kind", "leafy", "lively", "loyal", "lucky", "mellow", "merry", "mighty", "mild",
    "misty", "modest", "neat", "nimble", "noble", "patient", "playful", "polite", "proud", "quick", "quiet",
    "radiant", "rapid", "ready", "rosy", "rustic", "serene", "silver", "simple", "sincere", "smooth",
    "snowy", "soft", "speedy", "spirited", "steady", "sturdy", "sunny", "swift", "tender", "tidy",
    "tranquil", "trusty", "upbeat", "velvet", "vivid", "warm", "wise", "witty", "woven", "zesty",
];

/// Animals, plants, places and things.
const NOUNS: [&str; 119] = [
    "acorn", "alder", "anchor", "apple", "aspen", "badger", "bamboo", "banjo", "basil", "beacon", "beaver",
    "birch", "bison", "bluebell", "breeze", "bridge", "brook", "canoe", "canyon", "cedar", "cello", "cherry",
    "clover", "comet", "compass", "copper", "coral", "cricket", "crocus", "daisy", "delta", "dolphin",
    "dune", "falcon", "fern", "finch", "fjord", "flute", "forest", "fountain", "garden", "gecko", "glacier",
    "grove", "harbor", "harp", "hazel", "heron", "hill", "iris", "island", "ivy", "jasmine", "juniper",
    "kestrel", "kite", "koala", "lagoon", "lantern", "lark", "lemon", "lily", "linden", "lotus", "lynx",
    "magpie", "maple", "marble", "meadow", "melon", "mesa", "moose", "mountain", "nutmeg", "oasis", "olive",
    "orchard", "orchid", "osprey", "otter", "owl", "panda", "pebble", "pelican", "penguin", "pepper", "pine",
    "planet", "plum", "poplar", "poppy", "prairie", "puffin", "quartz", "rabbit", "raven", "reef", "river",
    "robin", "saffron", "salmon", "sparrow", "spruce", "squirrel", "starling", "stream", "summit", "swan",
    "thistle", "thrush", "tulip", "turtle", "valley", "violet", "walnut", "whale", "willow", "wombat",
    "zebra",
];

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_are_plain_and_there_once() {
        let words: Vec<_> = ADJECTIVES.into_iter().chain(NOUNS).collect();
        assert!(ADJECTIVES.len() >= 95 && NOUNS.len() >= 95);
        assert!(
            words.iter().all(|word| word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        );
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
    }

    #[track_caller]
    fn check(seed: u64, taken: &dyn Fn(&str) -> bool, expected: &str) {
        assert_eq!(memorable_name(seed, taken), expected);
    }

    #[test]
    fn names_follow_from_the_seed_and_what_is_taken() {
        check(1, &|_| false, "mellow-plum");
        check(2, &|_| false, "mighty-poplar");
        check(1, &|name| name == "mellow-plum", "witty-jasmine");
        check(1, &|name| !name.ends_with(char::is_numeric), "mellow-plum-2");
        check(1, &|name| !name.ends_with('4'), "mellow-plum-4");
    }

    #[test]
    fn a_hundred_runs_have_a_hundred_names() {
        let mut names = BTreeSet::new();
        for seed in 0..100 {
            let name = memorable_name(seed, &|name| names.contains(name));
            assert!(names.insert(name));
        }
        assert!(names.iter().all(|name| name.split('-').count() == 2), "{names:?}");
    }

    #[test]
    fn draws_are_those_of_the_published_generator() {
        // The first outputs for seed 1234567, as in the reference implementation's tests.
        let mut draws = Draws::new(1_234_567);
        assert_eq!([draws.next(), draws.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert!((0..1_000).all(|_| draws.below(3) < 3));
    }
}
