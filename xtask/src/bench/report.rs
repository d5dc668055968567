//! Medians and ratios, as a table and as JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map, Value, json};

use super::contestant::Contestant;

/// What is shown of every turn: name in the turn's JSON, heading, digits behind the point.
const FIGURES: [(&str, &str, usize); 6] = [
    ("train_images_per_cpu_s", "images per CPU-s", 0),
    ("train_images_per_s", "images/s", 0),
    ("infer_ms_batch1", "batch 1, ms", 3),
    ("seconds", "seconds to the end", 1),
    ("peak_memory_bytes", "peak memory, MB", 0),
    ("library_bytes_brotli", "download, kB", 0),
];

/// Every turn of everyone, by network.
#[derive(Default)]
pub(crate) struct Results(BTreeMap<String, BTreeMap<Contestant, Vec<Value>>>);

impl Results {
    pub(crate) fn add(&mut self, contestant: Contestant, model: &str, figures: Value) {
        self.0.entry(model.to_owned()).or_default().entry(contestant).or_default().push(figures);
    }

    /// A Markdown table for every network.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for (model, turns) in &self.0 {
            let headings = FIGURES.map(|(_, heading, _)| heading).join(" | ");
            let _ = writeln!(
                text,
                "\n| {model} | {headings} | ours over theirs |\n|---|---|---|---|---|---|---|---|"
            );
            for (&contestant, turns) in turns {
                let cells = FIGURES.map(|figure| {
                    median(turns, figure.0).map_or_else(|| "-".into(), |value| shown(figure, value))
                });
                let ratio =
                    self.ratio(model, contestant).map_or_else(|| "-".into(), |ratio| format!("{ratio:.2}"));
                let _ = writeln!(text, "| {} | {} | {ratio} |", contestant.name(), cells.join(" | "));
            }
        }
        text
    }

    /// `{"ratios": {model: {peer: ours over theirs}}, "latency_ratios": ..., "turns": {model: {name: [figures]}}}`.
    pub(crate) fn json(&self) -> Value {
        let by = |figure: &dyn Fn(&str, Contestant) -> Option<f64>| -> Value {
            let models = self.0.iter().map(|(model, turns)| {
                let peers = turns.keys().filter(|&&peer| peer != Contestant::InklingPage);
                let own: Map<String, Value> = peers
                    .filter_map(|&peer| Some((peer.name().to_owned(), json!(figure(model, peer)?))))
                    .collect();
                (model.clone(), Value::Object(own))
            });
            Value::Object(models.collect())
        };
        let turns: BTreeMap<_, BTreeMap<_, _>> = self
            .0
            .iter()
            .map(|(model, turns)| (model, turns.iter().map(|(who, turns)| (who.name(), turns)).collect()))
            .collect();
        json!({
            "ratios": by(&|model, peer| self.ratio(model, peer)),
            "latency_ratios": by(&|model, peer| self.over(model, peer, "infer_ms_batch1")),
            "turns": turns,
        })
    }

    /// Our page's images per CPU-second over another's; for a whole run, our seconds over theirs.
    fn ratio(&self, model: &str, other: Contestant) -> Option<f64> {
        self.over(model, other, "train_images_per_cpu_s").or_else(|| self.over(model, other, "seconds"))
    }

    fn over(&self, model: &str, other: Contestant, key: &str) -> Option<f64> {
        let turns = self.0.get(model)?;
        Some(median(turns.get(&Contestant::InklingPage)?, key)? / median(turns.get(&other)?, key)?)
    }
}

/// The figures of one turn in a line.
pub(crate) fn short(figures: &Value) -> String {
    let told = FIGURES.iter().filter_map(|(key, heading, digits)| {
        let figure = (*key, *heading, *digits);
        Some(format!("{heading}: {}", shown(figure, figures[*key].as_f64()?)))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A figure in the unit of its heading.
fn shown((key, heading, digits): (&str, &str, usize), value: f64) -> String {
    let scale = match heading.rsplit(", ").next() {
        Some("MB") => 1e-6,
        Some("kB") => 1e-3,
        _ => 1.0,
    };
    debug_assert!(scale == 1.0 || key.contains("bytes"), "{key} is no size");
    format!("{:.digits$}", value * scale)
}

fn median(turns: &[Value], key: &str) -> Option<f64> {
    let mut values: Vec<f64> = turns.iter().filter_map(|turn| turn[key].as_f64()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_medians() {
        let mut results = Results::default();
        for (ours, theirs) in [(100.0, 50.0), (300.0, 1.0), (200.0, 400.0)] {
            let figures = |images: f64| json!({ "train_images_per_cpu_s": images });
            results.add(Contestant::InklingPage, "seed", figures(ours));
            results.add(Contestant::PyTorch, "seed", figures(theirs));
        }
        let json = results.json();
        assert_eq!(json["ratios"]["seed"]["pytorch"], 4.0);
        assert_eq!(short(&json!({ "peak_memory_bytes": 52_400_000 })), "peak memory, MB: 52");
        assert_eq!(json["turns"]["seed"]["inkling"].as_array().map(Vec::len), Some(3));
        assert!(
            results.table().contains("| pytorch | 50 | - | - | - | - | - | 4.00 |"),
            "{}",
            results.table()
        );
    }
}
