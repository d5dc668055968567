//! Confidence against accuracy.

use evaluation::ClassificationReport;
use leptos::prelude::*;

/// Confidence against accuracy. Bars on the diagonal are calibrated.
#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
#[component]
pub(super) fn Reliability(report: ClassificationReport) -> impl IntoView {
    const SIDE: f64 = 300.0;
    let width = SIDE / report.bins.len() as f64;
    let filled = || report.bins.iter().enumerate().filter(|(_, bin)| bin.accuracy.total > 0);
    let bars = filled().map(|(index, bin)| {
        let height = SIDE * bin.accuracy.share();
        let mean = 100.0 * bin.confidence_sum / f64::from(bin.accuracy.total);
        let title = format!(
            "{} answers, {mean:.1} % sure in the mean: {:.1} % right",
            metrics::grouped(bin.accuracy.total),
            100.0 * bin.accuracy.share()
        );
        view! {
            <rect x=index as f64 * width + 1.0 y=SIDE - height width=width - 2.0 height=height><title>{title}</title></rect>
        }
    });
    let summary = filled()
        .map(|(_, bin)| {
            let mean = 100.0 * bin.confidence_sum / f64::from(bin.accuracy.total);
            format!("{mean:.0} % sure: {:.0} % right of {}", 100.0 * bin.accuracy.share(), bin.accuracy.total)
        })
        .collect::<Vec<_>>()
        .join("; ");
    let bars = bars.collect_view();
    view! {
        <figure class="chart reliability">
            <figcaption>"Reliability: share of right answers by confidence"</figcaption>
            <svg viewBox=format!("-1 -1 {0} {0}", SIDE + 2.0) role="img" aria-label=format!("Reliability diagram. {summary}")>
                {bars}
                <path d=format!("M0 {SIDE}L{SIDE} 0") />
            </svg>
            <p class="hint">"0 to 100 % sure, from left to right. A bar below the line: too sure; above it: not sure enough."</p>
        </figure>
    }
}
