//! What a person sees of a run: a bar where there is a terminal, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Instant,
};

use evaluation::Score;
use training::{DataPart, EpochReport, TrainPoint};

/// Width of the bar, in characters.
const WIDTH: usize = 24;

pub(crate) struct Progress {
    start: Instant,
    /// Images seen before this run began, in an earlier session.
    images_before: u64,
    steps: u32,
    total_images: u64,
    is_terminal: bool,
    drawn: Option<Instant>,
}

impl Progress {
    /// For a run of so many steps and images.
    pub(crate) fn new(steps: u32, total_images: u64, images_before: u64) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self { start: Instant::now(), images_before, steps, total_images, is_terminal, drawn: None }
    }

    pub(crate) fn trained(&mut self, point: &TrainPoint) {
        let seconds = self.start.elapsed().as_secs_f64().max(1e-3);
        let images_per_s = point.images_seen.saturating_sub(self.images_before) as f64 / seconds;
        let TrainPoint { step, loss, accuracy, .. } = *point;
        if self.is_terminal {
            if self.drawn.is_some_and(|drawn| drawn.elapsed().as_millis() < 100) && step < self.steps {
                return;
            }
            let left_s = self.total_images.saturating_sub(point.images_seen) as f64 / images_per_s.max(1.0);
            let filled = WIDTH * step as usize / self.steps.max(1) as usize;
            let bar = "#".repeat(filled) + &"-".repeat(WIDTH - filled);
            self.draw(&format!(
                "[{bar}] step {step} of {}  loss {loss:.4}  accuracy {accuracy:.3}  {images_per_s:.0} images/s  {left_s:.0} s left",
                self.steps
            ));
        } else if step.is_multiple_of(100) || step == self.steps {
            println!(
                "step {step:>6} of {}  loss {loss:.4}  accuracy {accuracy:.3}  {images_per_s:.0} images/s",
                self.steps
            );
        }
    }

    pub(crate) fn measuring(&mut self, part: DataPart, done: u32, total: u32) {
        if self.is_terminal && self.drawn.is_none_or(|drawn| drawn.elapsed().as_millis() >= 100) {
            let part = match part {
                DataPart::Train => "training",
                DataPart::Validation => "validation",
                DataPart::Test => "test",
            };
            self.draw(&format!("measuring: {done} of {total} {part} images"));
        }
    }

    pub(crate) fn epoch_done(&mut self, report: &EpochReport) {
        self.clear();
        let score = |name: &str, score: Option<Score>| {
            score.map_or_else(String::new, |Score { accuracy, loss }| {
                format!("  {name} {:.2} % loss {loss:.4}", 100.0 * accuracy.share())
            })
        };
        let back = report
            .best_epoch
            .map_or_else(String::new, |best| format!("  (weights of epoch {best}, the best)"));
        println!(
            "epoch {}{}{}{}{back}",
            report.epoch,
            score("train", Some(report.train)),
            score("validation", report.validation),
            score("test", report.test),
        );
    }

    fn draw(&mut self, line: &str) {
        self.drawn = Some(Instant::now());
        // A bar that cannot be drawn is not missed.
        let _ = write!(io::stderr(), "\r{line:<110}");
    }

    fn clear(&mut self) {
        if self.is_terminal {
            self.draw("");
            let _ = write!(io::stderr(), "\r");
        }
    }
}
