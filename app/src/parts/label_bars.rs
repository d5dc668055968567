//! How many images each class has.

use leptos::prelude::*;
use protocol::data::{DataSummary, PartName};

/// A bar for each class and part, with its count.
#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
#[component]
pub(crate) fn LabelBars(summary: DataSummary) -> impl IntoView {
    let most = summary.train.iter().chain(&summary.test).copied().max().unwrap_or(0).max(1);
    let parts = [(PartName::Train, summary.train.clone()), (PartName::Test, summary.test.clone())];
    let parts: Vec<_> = parts.into_iter().filter(|(_, counts)| !counts.is_empty()).collect();
    let heads = parts.iter().map(|(part, _)| view! { <th scope="col">{part.title()}</th> }).collect_view();
    let rows = (0..summary.classes()).map(|class| {
        let cells = parts.iter().map(|(_, counts)| {
            let count = counts.get(class).copied().unwrap_or(0);
            let share = 100.0 * f64::from(count) / f64::from(most);
            view! { <td><span class="count-bar" style:width=format!("{share:.1}%")></span><span>{metrics::grouped(count)}</span></td> }
        });
        view! { <tr><th scope="row">{summary.class_name(class)}</th>{cells.collect_view()}</tr> }
    });
    view! {
        <table class="label-bars" aria-label="Images of each class">
            <thead><tr><th scope="col">"Class"</th>{heads}</tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
