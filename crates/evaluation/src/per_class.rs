//! Precision, recall and F1 by class.

use crate::ClassificationReport;

/// How well one class is told from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassFigures {
    /// Images that show it.
    pub images: u32,
    /// Share of what was read as it that shows it, 0 to 1; none where nothing was read as it.
    pub precision: Option<f64>,
    /// Share of what shows it that was read as it, 0 to 1; none where nothing shows it.
    pub recall: Option<f64>,
    /// Harmonic mean of both, 0 to 1; none where the class neither stands there nor was read.
    pub f1: Option<f64>,
}

impl ClassificationReport {
    /// The figures of each class.
    ///
    /// Source: C. J. van Rijsbergen, "Information Retrieval" (1979); F1 as scikit-learn defines it, `2 TP / (2 TP + FP + FN)`.
    pub fn per_class(&self) -> Vec<ClassFigures> {
        let figures = |class: usize| {
            let right = self.confusion[class][class];
            let images: u32 = self.confusion[class].iter().sum();
            let read: u32 = self.confusion.iter().map(|row| row[class]).sum();
            let share = |part: u32, whole: u32| (whole > 0).then(|| f64::from(part) / f64::from(whole));
            ClassFigures {
                images,
                precision: share(right, read),
                recall: share(right, images),
                f1: share(2 * right, images + read),
            }
        };
        (0..self.confusion.len()).map(figures).collect()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Compared with `sklearn.metrics.precision_recall_fscore_support` on the same answers.
    #[test]
    fn figures_are_those_of_scikit_learn() {
        let mut report = ClassificationReport::new(4);
        report.confusion = vec![vec![5, 2, 0, 0], vec![1, 3, 0, 0], vec![0, 4, 0, 0], vec![0, 0, 0, 0]];
        let found = report.per_class();
        assert_eq!(found.iter().map(|class| class.images).collect::<Vec<_>>(), [7, 4, 4, 0]);
        let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-9;
        assert!(close(found[0].precision, 0.833_333_333_3) && close(found[0].recall, 0.714_285_714_3));
        assert!(close(found[0].f1, 0.769_230_769_2));
        assert!(close(found[1].precision, 0.333_333_333_3) && close(found[1].f1, 0.461_538_461_5));
        assert_eq!((found[2].precision, found[2].recall, found[2].f1), (None, Some(0.0), Some(0.0)));
        assert_eq!((found[3].precision, found[3].recall, found[3].f1), (None, None, None));
    }
}
