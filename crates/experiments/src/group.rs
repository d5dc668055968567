//! Several runs as one: what they reach together.

use train_config::TrainConfig;

use crate::RunRecord;

/// What a group of runs reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupSummary {
    /// Runs that have been measured.
    pub runs: u32,
    /// Mean accuracy, 0 to 1.
    pub mean: f64,
    /// Sample standard deviation (of n - 1), 0 to 1; none of one run.
    pub deviation: Option<f64>,
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// Name and accuracy of the best run.
    pub best: (String, f64),
    /// Name and accuracy of the worst run.
    pub worst: (String, f64),
}

impl GroupSummary {
    /// Of the runs that have this accuracy; none where no run has.
    pub fn of(records: &[&RunRecord], accuracy: impl Fn(&RunRecord) -> Option<f64>) -> Option<Self> {
        let mut all: Vec<(String, f64)> =
            records.iter().filter_map(|record| Some((record.name.clone(), accuracy(record)?))).collect();
        all.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (worst, best) = (all.first()?.clone(), all.last()?.clone());
        let count = all.len() as f64;
        let mean = all.iter().map(|(_, accuracy)| accuracy).sum::<f64>() / count;
        let squares: f64 = all.iter().map(|(_, accuracy)| (accuracy - mean).powi(2)).sum();
        let middle = all.len() / 2;
        let median =
            if all.len() % 2 == 1 { all[middle].1 } else { f64::midpoint(all[middle - 1].1, all[middle].1) };
        let deviation = (all.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        Some(Self { runs: all.len() as u32, mean, deviation, median, best, worst })
    }
}

/// Whether two configurations differ in their seed at most.
pub(crate) fn are_alike_but_for_the_seed(one: &TrainConfig, other: &TrainConfig) -> bool {
    TrainConfig { seed: other.seed, ..one.clone() } == *other
}

/// Runs that are alike but for their seed, put together; in the order of the first of each. A run that repeats another's seed is left
/// out: it says nothing new.
pub fn alike_but_for_the_seed<'a>(records: &[&'a RunRecord]) -> Vec<Vec<&'a RunRecord>> {
    let mut groups: Vec<Vec<&RunRecord>> = Vec::new();
    for record in records {
        let is_alike = |known: &&RunRecord| {
            are_alike_but_for_the_seed(&known.config, &record.config) && known.data == record.data
        };
        match groups.iter_mut().find(|group| group.first().is_some_and(is_alike)) {
            Some(group) if group.iter().any(|known| known.config.seed == record.config.seed) => {}
            Some(group) => group.push(record),
            None => groups.push(vec![record]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use train_config::DataChoice;

    use super::*;

    fn run(name: &str, seed: u64, learning_rate: f64) -> RunRecord {
        let config = TrainConfig { seed, learning_rate, ..TrainConfig::default() };
        RunRecord::new(name.into(), name.into(), 0.0, config, DataChoice::Mnist)
    }

    #[track_caller]
    fn check(values: &[f64], mean: f64, deviation: Option<f64>, median: f64) {
        let runs: Vec<RunRecord> = (0..values.len()).map(|index| run(&index.to_string(), 1, 0.1)).collect();
        let value = |record: &RunRecord| values[record.id.parse::<usize>().unwrap()];
        let found = GroupSummary::of(&runs.iter().collect::<Vec<_>>(), |record| Some(value(record))).unwrap();
        assert!((found.mean - mean).abs() < 1e-12, "{found:?}");
        assert!((found.deviation.unwrap_or(-1.0) - deviation.unwrap_or(-1.0)).abs() < 1e-12, "{found:?}");
        assert!((found.median - median).abs() < 1e-12, "{found:?}");
        assert_eq!(found.best.1, values.iter().copied().fold(f64::MIN, f64::max));
        assert_eq!(found.worst.1, values.iter().copied().fold(f64::MAX, f64::min));
    }

    #[test]
    fn groups_are_summed_up() {
        check(&[0.5], 0.5, None, 0.5);
        // By hand: mean 0.6, squares 0.01 + 0.01 + 0.04 + 0.04.
        check(&[0.5, 0.7, 0.4, 0.8], 0.6, Some((0.1_f64 / 3.0).sqrt()), 0.6);
        check(&[0.9, 0.1, 0.2], 0.4, Some((0.38_f64 / 2.0).sqrt()), 0.2);
        assert_eq!(GroupSummary::of(&[&run("a", 1, 0.1)], |_| None), None);
    }

    #[test]
    fn seeds_are_put_together() {
        let runs = [run("a", 1, 0.1), run("b", 1, 0.2), run("c", 2, 0.1), run("d", 3, 0.1), run("e", 2, 0.1)];
        let groups = alike_but_for_the_seed(&runs.iter().collect::<Vec<_>>());
        let names: Vec<String> =
            groups.iter().map(|group| group.iter().map(|run| run.name.as_str()).collect()).collect();
        assert_eq!(names, ["acd", "b"]);
    }
}
