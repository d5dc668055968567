//! Lines of charts made of runs' curves.

use std::rc::Rc;

use experiments::{Curve, CurvePoint, EpochRecord, RunRecord, alike_but_for_the_seed};
use metrics::Band;

use crate::parts::plot::{LineStyle, PlotLine, Smoothed};

/// What the charts are drawn over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Steps,
    Epochs,
    Seconds,
}

impl Over {
    pub(crate) const ALL: [Self; 3] = [Self::Steps, Self::Epochs, Self::Seconds];

    /// What it is called in a list of choices.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Epochs => "epochs",
            Self::Seconds => "time",
        }
    }

    /// What stands below the axis.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Steps => "Step",
            Self::Epochs => "Epoch",
            Self::Seconds => "Seconds",
        }
    }

    fn of_point(self, record: &RunRecord, point: &CurvePoint) -> f64 {
        self.place(record, point.step, point.elapsed_ms)
    }

    fn place(self, record: &RunRecord, step: u32, elapsed_ms: f64) -> f64 {
        match self {
            Self::Steps => f64::from(step),
            Self::Epochs => f64::from(step) / f64::from(record.steps_per_epoch().max(1)),
            Self::Seconds => elapsed_ms / 1_000.0,
        }
    }
}

/// What a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Loss,
    Accuracy,
    LearningRate,
    Speed,
}

/// The look of a run, wherever it is shown.
pub(crate) fn style(record: &RunRecord) -> LineStyle {
    LineStyle { colour: (record.style % 8) as u8, dash: (record.style / 8 % 4) as u8 }
}

/// A run's values step by step.
pub(crate) fn of_steps(
    record: &RunRecord,
    curve: &Curve,
    shown: Shown,
    over: Over,
    smoothing: f64,
) -> PlotLine {
    let points = curve.points();
    let values: Vec<f64> = match shown {
        Shown::Loss => points.iter().map(|point| f64::from(point.loss)).collect(),
        Shown::Accuracy => points.iter().map(|point| 100.0 * f64::from(point.accuracy)).collect(),
        Shown::LearningRate => points.iter().map(|point| point.learning_rate).collect(),
        Shown::Speed => speeds(record, points),
    };
    // A learning rate is never smoothed: it is what it is.
    let is_smoothed = smoothing > 0.0 && shown != Shown::LearningRate;
    let smooth = is_smoothed.then(|| Smoothed {
        what: "smoothed".into(),
        values: Rc::new(metrics::ema(values.iter().copied(), smoothing)),
    });
    let marks = record.config.changes.iter().map(|change| {
        let elapsed_ms = points
            .get(points.partition_point(|point| point.step <= change.step))
            .map_or(0.0, |point| point.elapsed_ms);
        over.place(record, change.step, elapsed_ms)
    });
    PlotLine {
        id: record.id.clone(),
        name: record.name.clone(),
        style: style(record),
        xs: Rc::new(points.iter().map(|point| over.of_point(record, point)).collect()),
        raw: Rc::new(values),
        smooth,
        band: None,
        has_dots: false,
        marks: marks.collect(),
    }
}

/// Images a second between a step and the one before.
fn speeds(record: &RunRecord, points: &[CurvePoint]) -> Vec<f64> {
    let mut before = (0, 0.0);
    let speed = |point: &CurvePoint| {
        let (steps, ms) = (f64::from(point.step - before.0), point.elapsed_ms - before.1);
        before = (point.step, point.elapsed_ms);
        // The clock of a browser may stand still between two steps.
        if ms > 0.0 { 1_000.0 * steps * f64::from(record.config.batch_size) / ms } else { f64::NAN }
    };
    points.iter().map(speed).collect()
}

/// A part of the data: its name, by how much its dash differs from the run's, and its figures among those of an epoch.
pub(crate) type PartOf = (&'static str, u8, fn(&EpochRecord) -> Option<evaluation::Score>);

/// The parts of the data.
pub(crate) const PARTS: [PartOf; 3] = [
    ("train", 3, |epoch| Some(epoch.scores.train)),
    ("validation", 1, |epoch| epoch.scores.validation),
    ("test", 2, |epoch| epoch.scores.test),
];

/// What was measured after each epoch; none where nothing was.
pub(crate) fn of_epochs(record: &RunRecord, part: PartOf, shown: Shown, over: Over) -> Option<PlotLine> {
    let (name, dash, score) = part;
    let all = record.epochs.iter().filter_map(|epoch| Some((epoch, score(epoch)?)));
    let (xs, raw): (Vec<f64>, Vec<f64>) = all
        .map(|(epoch, score)| {
            let value = match shown {
                Shown::Loss => f64::from(score.loss),
                _ => 100.0 * score.accuracy.share(),
            };
            (over.place(record, epoch.step, epoch.elapsed_ms), value)
        })
        .unzip();
    (!xs.is_empty()).then(|| PlotLine {
        id: format!("{} {name}", record.id),
        name: format!("{}, {name}", record.name),
        // Its colour is the run's; its dash tells the parts apart.
        style: LineStyle { dash: (style(record).dash + dash) % 4, ..style(record) },
        xs: Rc::new(xs),
        raw: Rc::new(raw),
        smooth: None,
        band: None,
        has_dots: true,
        marks: Vec::new(),
    })
}

/// Runs that differ in their seeds alone as their mean, with a band from the least to the greatest.
pub(crate) fn together(
    records: &[RunRecord],
    line: impl Fn(&RunRecord) -> Option<PlotLine>,
) -> Vec<PlotLine> {
    let all: Vec<&RunRecord> = records.iter().collect();
    let one = |group: &Vec<&RunRecord>| {
        let lines: Vec<PlotLine> = group.iter().filter_map(|record| line(record)).collect();
        if lines.len() < 2 {
            return lines.into_iter().next();
        }
        let series: Vec<(&[f64], &[f64])> = lines.iter().map(|line| (&line.xs[..], line.strong())).collect();
        let band = Band::of(&series);
        let first = lines.first()?;
        Some(PlotLine {
            id: format!("{} and {} more", first.id, lines.len() - 1),
            name: format!("{}: mean of {} runs", first.name, lines.len()),
            xs: Rc::new(band.x.clone()),
            raw: Rc::new(band.mean.clone()),
            smooth: None,
            band: Some(Rc::new(band)),
            ..first.clone()
        })
    };
    alike_but_for_the_seed(&all).iter().filter_map(one).collect()
}
