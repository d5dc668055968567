//! Figures of each class, and the worst mistakes.

use leptos::prelude::*;

use super::{
    answered::Answered,
    tested::{Tested, surest},
};
use crate::parts::image_grid::class_name;

/// Precision, recall and F1 of each class, and the mistakes that the model was surest of.
#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
#[component]
pub(super) fn PerClass(tested: Tested) -> impl IntoView {
    let percent =
        |share: Option<f64>| share.map_or_else(|| "–".into(), |share| format!("{:.2} %", 100.0 * share));
    let rows = tested.report.per_class().into_iter().enumerate().map(|(class, figures)| {
        view! {
            <tr><th scope="row">{class_name(&tested.class_names, class as u8)}</th><td>{metrics::grouped(figures.images)}</td>
                <td>{percent(figures.precision)}</td><td>{percent(figures.recall)}</td><td>{percent(figures.f1)}</td></tr>
        }
    });
    let rows = rows.collect_view();
    let mistakes = surest(&tested.answers, |answer| answer.label != answer.class);
    let title = format!("The mistakes it was surest of ({} in all)", metrics::grouped(mistakes.len() as u32));
    view! {
        <details class="per-class">
            <summary>"Each class"</summary>
            <div class="scroll"><table aria-label="Figures of each class">
                <thead><tr><th scope="col">"Class"</th><th scope="col">"Images"</th><th scope="col">"Precision"</th>
                    <th scope="col">"Recall"</th><th scope="col">"F1"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </details>
        {(!mistakes.is_empty()).then(|| view! { <Answered tested=tested.clone() numbers=mistakes title /> })}
    }
}
