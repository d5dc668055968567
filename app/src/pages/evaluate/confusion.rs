//! The confusion matrix.

use leptos::prelude::*;

use super::{
    answered::Answered,
    tested::{OneAnswer, Tested, surest},
};
use crate::parts::image_grid::class_name;

/// The confusion matrix. A cell opens its images.
#[component]
pub(super) fn Confusion(tested: Tested) -> impl IntoView {
    let opened = RwSignal::new(None::<(u8, u8)>);
    let names = tested.class_names.clone();
    let name = |class: usize| class_name(&tested.class_names, class as u8);
    let rows = tested.report.confusion.iter().enumerate().map(|(label, row)| {
        let total = row.iter().sum::<u32>().max(1);
        let cell = |(read, &count): (usize, &u32)| {
            let share = (f64::from(count) / f64::from(total)).sqrt();
            let class = if read == label { "right" } else { "wrong" };
            let what =
                format!("{}: {} read as {}", metrics::counted(count, "image"), name(label), name(read));
            let open = move |_| opened.set(Some((label as u8, read as u8)));
            let inner = (count > 0).then(|| view! { <button aria-label=what on:click=open>{count}</button> });
            view! { <td class=class style=("--share", format!("{:.0}%", 100.0 * share))>{inner}</td> }
        };
        let cells = row.iter().enumerate().map(cell).collect_view();
        view! { <tr><th scope="row">{name(label)}</th>{cells}</tr> }
    });
    let heads = (0..tested.report.confusion.len())
        .map(|class| view! { <th scope="col">{name(class)}</th> })
        .collect_view();
    let rows = rows.collect_view();
    let images = move || {
        opened.get().map(|(label, class)| {
            let wanted = |answer: &OneAnswer| answer.label == label && answer.class == class;
            let title = format!("Shows {}, read as {}", class_name(&names, label), class_name(&names, class));
            view! { <Answered tested=tested.clone() numbers=surest(&tested.answers, wanted) title /> }
        })
    };
    view! {
        <figure class="chart confusion">
            <figcaption>"Confusion: what is written (rows), what is read (columns). Open a cell to see its images."</figcaption>
            <div class="scroll"><table aria-label="Confusion matrix">
                <thead><tr><th></th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            {images}
        </figure>
    }
}
