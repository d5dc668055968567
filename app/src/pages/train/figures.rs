//! The numbers behind the curves.

use evaluation::Score;
use leptos::prelude::*;
use worker_client::EpochResult;

use crate::lab::Lab;

/// The numbers behind the curves.
#[component]
pub(crate) fn Figures() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let tests = move || {
        let row = |EpochResult { epoch, scores, .. }: &EpochResult| {
            let interval = |score: Option<Score>| {
                score.map_or_else(|| "-".into(), |score| score.accuracy.with_interval())
            };
            let loss =
                |score: Option<Score>| score.map_or_else(|| "-".into(), |score| format!("{:.4}", score.loss));
            let (train, validation, test) = (Some(scores.train), scores.validation, scores.test);
            view! {
                <tr>
                    <td>{*epoch}</td><td>{interval(test)}</td><td>{loss(test)}</td>
                    <td>{interval(train)}</td><td>{loss(train)}</td>
                    <td>{interval(validation)}</td><td>{loss(validation)}</td>
                </tr>
            }
        };
        lab.training.view.with(|run| run.epochs.iter().map(row).collect_view())
    };
    let steps = move || {
        lab.training.view.with(|run| run.recent.iter().map(|point| view! {
        <tr><td>{point.step}</td><td>{format!("{:.5}", point.loss)}</td><td>{format!("{:.1} %", 100.0 * point.accuracy)}</td></tr>
    }).collect_view())
    };
    view! {
        <details class="figures" hidden=move || lab.training.view.with(|run| run.recent.is_empty())>
            <summary>"Figures"</summary>
            <table aria-label="Test after each epoch">
                <thead><tr>
                    <th>"Epoch"</th><th>"Test accuracy (95 % interval)"</th><th>"Test loss"</th>
                    <th>"Training accuracy"</th><th>"Training loss"</th>
                    <th>"Validation accuracy"</th><th>"Validation loss"</th>
                </tr></thead>
                <tbody>{tests}</tbody>
            </table>
            <table aria-label="Newest steps">
                <thead><tr><th>"Step"</th><th>"Loss"</th><th>"Accuracy"</th></tr></thead>
                <tbody>{steps}</tbody>
            </table>
        </details>
    }
}
