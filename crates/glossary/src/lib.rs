//! The terms of the page in plain words: what each is, what happens when there is more or less of it, where it stands here.
//!
//! The field's own names are used, as PyTorch and Keras write them.

mod data;
mod machine;
mod measuring;
mod network;
mod training;

/// A term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Stable identifier, for links: lower case, words joined by hyphens.
    pub id: &'static str,
    /// Its name, as on the page.
    pub name: &'static str,
    /// Other names that a search finds it by.
    pub also: &'static [&'static str],
    /// What it is.
    pub what: &'static str,
    /// What happens when it is more or less; empty where there is no more and less of it.
    pub more_or_less: &'static str,
    /// Where it stands on this site.
    pub place: &'static str,
}

/// A group of terms that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// Its heading.
    pub title: &'static str,
    /// Its terms, each building on those before it.
    pub terms: &'static [Term],
}

/// Every topic, in the order in which one would learn them.
pub const TOPICS: [Topic; 5] = [
    Topic { title: "Data", terms: data::TERMS },
    Topic { title: "The network", terms: network::TERMS },
    Topic { title: "Training", terms: training::TERMS },
    Topic { title: "Measuring", terms: measuring::TERMS },
    Topic { title: "The machine", terms: machine::TERMS },
];

/// Every term.
pub fn terms() -> impl Iterator<Item = &'static Term> {
    TOPICS.iter().flat_map(|topic| topic.terms)
}

/// The term of this id.
pub fn term(id: &str) -> Option<&'static Term> {
    terms().find(|term| term.id == id)
}

impl Term {
    /// Whether a search for `words` finds it: each word stands somewhere in it, whatever the case.
    pub fn matches(&self, words: &str) -> bool {
        let own = [self.name, self.what, self.more_or_less, self.place]
            .into_iter()
            .chain(self.also.iter().copied());
        let text = own.collect::<Vec<_>>().join(" ").to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_term_is_explained_once() {
        let mut names = BTreeSet::new();
        for term in terms() {
            assert!(
                names.insert((true, term.id)) && names.insert((false, term.name)),
                "{} stands twice",
                term.name
            );
            assert!(
                term.id
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
            );
            for text in [term.what, term.place] {
                assert!(text.ends_with('.') && text.len() > 15, "{}: {text}", term.name);
            }
            assert!(term.more_or_less.is_empty() || term.more_or_less.ends_with('.'), "{}", term.name);
            assert!(term.what.len() + term.more_or_less.len() < 700, "{} takes too long to read", term.name);
        }
        assert!(names.len() > 100);
    }

    #[track_caller]
    fn check(words: &str, id: &str) {
        let found: Vec<_> = terms().filter(|term| term.matches(words)).map(|term| term.id).collect();
        assert!(found.contains(&id), "\"{words}\" finds {found:?}");
    }

    #[test]
    fn a_search_finds_other_names_too() {
        check("LEARNING rate", "learning-rate");
        check("fully connected", "dense");
        check("lr", "learning-rate");
        check("linear", "dense");
        check("by heart", "overfitting");
        assert!(terms().all(|term| !term.matches("xylophone")));
        assert!(terms().all(|term| term.matches(" ")));
    }
}
