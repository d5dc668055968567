//! The table of runs: which are listed, in which order, and with which columns.

use core::cmp::Ordering;

use train_config::TrainConfig;

use crate::{
    RunRecord, RunStatus,
    table::{differing_settings, setting},
};

/// What the table is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// When it began.
    Begun,
    /// Its name.
    Name,
    /// Accuracy on the validation part.
    Validation,
    /// Accuracy on the test images.
    Test,
    /// Time of training.
    Time,
    /// A setting, by the name of its column.
    Setting(String),
}

/// A row: a run, and what it has in each of the listing's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The run.
    pub id: String,
    /// In the order of [`Listing::columns`].
    pub cells: Vec<String>,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The settings in which the chosen runs differ.
    pub columns: Vec<&'static str>,
    /// The runs.
    pub rows: Vec<Row>,
}

/// What to list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListingQuery<'a> {
    /// Words that a run must have in its name, its note, its data, its group or its network; all of them.
    pub filter: &'a str,
    /// Whether hidden runs are listed too.
    pub with_hidden: bool,
    /// The order.
    pub sort: &'a SortKey,
    /// Whether the order is turned round.
    pub is_descending: bool,
    /// Ids of the runs whose differences make the columns; all that are listed where there are fewer than two.
    pub chosen: &'a [String],
}

impl Listing {
    /// Lists runs; starred ones come first.
    pub fn of(records: &[RunRecord], query: &ListingQuery<'_>) -> Self {
        let mut listed = filtered(records, query.filter, query.with_hidden);
        let chosen: Vec<&RunRecord> =
            listed.iter().copied().filter(|record| query.chosen.contains(&record.id)).collect();
        let columns = differing(if chosen.len() < 2 { &listed } else { &chosen });
        listed.sort_by(|a, b| {
            let order = compare(a, b, query.sort);
            let order = if query.is_descending { order.reverse() } else { order };
            b.is_starred.cmp(&a.is_starred).then(order)
        });
        let row = |record: &&RunRecord| Row {
            id: record.id.clone(),
            cells: columns.iter().map(|column| cell(record, column)).collect(),
        };
        Self { rows: listed.iter().map(row).collect(), columns }
    }
}

/// The runs that have all these words, the newest first as they come; hidden ones only where they are wanted.
pub fn filtered<'a>(records: &'a [RunRecord], filter: &str, with_hidden: bool) -> Vec<&'a RunRecord> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let is_listed = |record: &&RunRecord| {
        (with_hidden || !record.is_hidden) && (words.is_empty() || fits(record, &words))
    };
    records.iter().filter(is_listed).collect()
}

/// Columns that are no settings.
const OTHER_COLUMNS: [&str; 3] = ["Data", "Device", "Workers"];

/// The names of what is not the same in all: settings, data, and where it computes.
fn differing(records: &[&RunRecord]) -> Vec<&'static str> {
    let configs: Vec<&TrainConfig> = records.iter().map(|record| &record.config).collect();
    let others = OTHER_COLUMNS.into_iter().filter(|name| {
        let first = records.first().map(|record| cell(record, name));
        records.iter().skip(1).any(|record| Some(cell(record, name)) != first)
    });
    differing_settings(&configs).chain(others).collect()
}

fn cell(record: &RunRecord, column: &str) -> String {
    match column {
        "Data" => record.data_name.clone(),
        "Device" => record.computed_on.clone(),
        "Workers" => record.workers.to_string(),
        name => setting(&record.config, name),
    }
}

fn fits(record: &RunRecord, words: &[String]) -> bool {
    let group =
        record.group.as_ref().map_or(String::new(), |group| format!("{} {}", group.title, group.member));
    let text = format!(
        "{} {} {} {group} {}",
        record.name,
        record.note,
        record.data_name,
        record.config.network.title()
    )
    .to_lowercase();
    words.iter().all(|word| text.contains(word))
}

fn compare(a: &RunRecord, b: &RunRecord, key: &SortKey) -> Ordering {
    let number = |value: fn(&RunRecord) -> Option<f64>| {
        // What has no value stands below everything.
        let of = |record: &RunRecord| value(record).unwrap_or(f64::NEG_INFINITY);
        of(a).total_cmp(&of(b))
    };
    match key {
        SortKey::Begun => number(|record| Some(record.begun_ms)),
        SortKey::Name => a.name.cmp(&b.name),
        SortKey::Validation => number(RunRecord::validation_accuracy),
        SortKey::Test => number(RunRecord::test_accuracy),
        SortKey::Time => number(|record| Some(record.trained_ms)),
        SortKey::Setting(name) => {
            let (a, b) = (cell(a, name), cell(b, name));
            match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(a), Ok(b)) => a.total_cmp(&b),
                _ => a.cmp(&b),
            }
        }
    }
}

impl RunRecord {
    /// How it stands, for people. `is_live` says whether it is trained now, here or in another tab.
    pub fn status_text(&self, is_live: bool) -> String {
        use train_config::StopReason;
        let place = match self.steps {
            0 => String::new(),
            steps => format!(" {:.0} %", 100.0 * f64::from(self.steps_done) / f64::from(steps)),
        };
        match &self.status {
            RunStatus::Open if is_live => format!("running{place}"),
            RunStatus::Open => format!("interrupted{place}"),
            RunStatus::Done(StopReason::Stopped) => format!("stopped{place}"),
            RunStatus::Done(StopReason::Epochs) => "done".into(),
            RunStatus::Done(StopReason::TrainAccuracy) => "done, accuracy reached".into(),
            RunStatus::Done(StopReason::EarlyStopping) => "done, stopped early".into(),
            RunStatus::Failed(_) => "failed".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use evaluation::{Accuracy, EpochScores, Score};
    use train_config::DataChoice;

    use super::*;
    use crate::EpochRecord;

    /// Three runs, the newest first.
    fn runs() -> Vec<RunRecord> {
        let run = |number: u32, name: &str, learning_rate: f64, correct: u32| {
            let config = TrainConfig { learning_rate, ..TrainConfig::default() };
            let id = number.to_string();
            let mut record = RunRecord::new(id, name.into(), f64::from(number), config, DataChoice::Mnist);
            record.data_name = "MNIST".into();
            let accuracy = Accuracy { correct, total: 100 };
            let test = Some(Score { accuracy, loss: 0.5 });
            let scores = EpochScores { test, ..EpochScores::default() };
            record.epochs =
                vec![EpochRecord { epoch: 1, step: 9, elapsed_ms: 1.0, scores, best_epoch: None }];
            record
        };
        let mut all =
            vec![run(3, "calm-otter", 0.1, 90), run(2, "brave-fox", 0.02, 95), run(1, "wise-owl", 0.1, 80)];
        all[1].config.batch_size = 32;
        all[2].note = "too slow".into();
        all
    }

    #[track_caller]
    fn check(
        change: impl FnOnce(&mut ListingQuery<'_>, &mut Vec<RunRecord>),
        names: &[&str],
        columns: &[&str],
    ) {
        let mut records = runs();
        let mut query = ListingQuery {
            filter: "",
            with_hidden: false,
            sort: &SortKey::Begun,
            is_descending: true,
            chosen: &[],
        };
        change(&mut query, &mut records);
        let listing = Listing::of(&records, &query);
        let name = |row: &Row| records.iter().find(|record| record.id == row.id).unwrap().name.as_str();
        let got: Vec<&str> = listing.rows.iter().map(name).collect();
        assert_eq!((got.as_slice(), listing.columns.as_slice()), (names, columns));
    }

    #[test]
    fn runs_are_sorted_filtered_and_compared() {
        let both = ["Learning rate", "Batch size"];
        check(|_, _| (), &["calm-otter", "brave-fox", "wise-owl"], &both);
        check(|query, _| query.sort = &SortKey::Test, &["brave-fox", "calm-otter", "wise-owl"], &both);
        check(
            |query, _| (query.sort, query.is_descending) = (&SortKey::Name, false),
            &["brave-fox", "calm-otter", "wise-owl"],
            &both,
        );
        check(|query, _| query.filter = "SLOW owl", &["wise-owl"], &[]);
        check(|_, records| records[0].is_hidden = true, &["brave-fox", "wise-owl"], &both);
        check(
            |query, records| (query.with_hidden, records[0].is_hidden) = (true, true),
            &["calm-otter", "brave-fox", "wise-owl"],
            &both,
        );
        check(|_, records| records[2].is_starred = true, &["wise-owl", "calm-otter", "brave-fox"], &both);
    }

    #[test]
    fn only_what_differs_among_the_chosen_is_a_column() {
        let chosen = ["3".to_owned(), "1".to_owned()];
        let records = runs();
        let query = |chosen| ListingQuery {
            filter: "",
            with_hidden: false,
            sort: &SortKey::Begun,
            is_descending: true,
            chosen,
        };
        assert_eq!(Listing::of(&records, &query(&chosen)).columns, Vec::<&str>::new());
        let chosen = ["3".to_owned(), "2".to_owned()];
        let listing = Listing::of(&records, &query(&chosen));
        assert_eq!(listing.columns, ["Learning rate", "Batch size"]);
        assert_eq!(listing.rows[2].cells, ["0.1", "64"]);
    }
}
