//! The table of runs. It shows the settings in which the chosen ones differ, and no others.

use experiments::{RunRecord, SortKey};
use leptos::prelude::*;

use super::Choice;
use crate::{lab::Lab, parts::plot::swatch::Swatch, words};

/// Rows that are shown at once.
const PAGE_ROWS: usize = 50;

/// The table with its filter.
#[component]
pub(super) fn RunTable(choice: Choice) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let page = RwSignal::new(0_usize);
    let count = Memo::new(move |_| choice.listing.with(|listing| listing.rows.len()));
    let pages = move || count.get().div_ceil(PAGE_ROWS).max(1);
    let has_pages = move || pages() > 1;
    let first = Memo::new(move |_| page.get().min(pages() - 1) * PAGE_ROWS);
    let is_last_page = move || first.get() + PAGE_ROWS >= count.get();
    let columns = Memo::new(move |_| choice.listing.with(|listing| listing.columns.clone()));
    let ids = move || {
        choice.listing.with(|listing| {
            let rows = listing.rows.iter().skip(first.get()).take(PAGE_ROWS);
            rows.map(|row| row.id.clone()).collect::<Vec<_>>()
        })
    };
    let settings = move || {
        columns
            .get()
            .into_iter()
            .map(|name| view! { <Heading choice name=name.to_owned() sort=SortKey::Setting(name.to_owned()) /> })
            .collect_view()
    };
    let tick_all = move |wanted: bool| {
        move |_| {
            choice.listing.with_untracked(|listing| {
                choice.ticked.update(|ticked| {
                    for row in &listing.rows {
                        ticked.insert(row.id.clone(), wanted);
                    }
                });
            });
        }
    };
    let delete_compared = move |_| lab.delete_runs(choice.compared.get_untracked());
    view! {
        <section class="card" aria-label="All runs">
            <div class="pair">
                <label class="field"><span>"Filter"</span>
                    <input type="search" placeholder="name, note, data, network" prop:value=choice.filter
                        on:input=move |event| choice.filter.set(event_target_value(&event)) /></label>
                <label class="check">
                    <input type="checkbox" prop:checked=choice.with_hidden
                        on:change=move |event| choice.with_hidden.set(event_target_checked(&event)) />
                    "Show hidden runs"
                </label>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="Runs, table">
                <table class="runs-table" aria-label="Runs">
                    <thead><tr>
                        <th scope="col">"Compare"</th>
                        <Heading choice name="Run".to_owned() sort=SortKey::Name />
                        <Heading choice name="Started".to_owned() sort=SortKey::Begun />
                        {settings}
                        <Heading choice name="Validation".to_owned() sort=SortKey::Validation />
                        <Heading choice name="Test".to_owned() sort=SortKey::Test />
                        <Heading choice name="Time".to_owned() sort=SortKey::Time />
                        <th scope="col">"State"</th>
                    </tr></thead>
                    <tbody><For each=ids key=Clone::clone let:id><Row choice id columns /></For></tbody>
                </table>
            </div>
            <div class="buttons">
                <button on:click=tick_all(true)>"Compare all"</button>
                <button on:click=tick_all(false)>"Clear comparison"</button>
                <button on:click=delete_compared disabled=move || choice.compared.with(Vec::is_empty)>
                    {move || format!("Delete {}", metrics::counted(choice.compared.with(Vec::len) as u32, "compared run"))}
                </button>
                <Show when=has_pages>
                    <button disabled=move || first.get() == 0
                        on:click=move |_| page.set(first.get_untracked() / PAGE_ROWS - 1)>"Previous runs"</button>
                    <span>{move || format!("{} to {} of {}", first.get() + 1, (first.get() + PAGE_ROWS).min(count.get()), count.get())}</span>
                    <button disabled=is_last_page
                        on:click=move |_| page.set(first.get_untracked() / PAGE_ROWS + 1)>"Next runs"</button>
                </Show>
            </div>
        </section>
    }
}

/// A heading that sorts.
#[component]
fn Heading(choice: Choice, name: String, sort: SortKey) -> impl IntoView {
    let key = StoredValue::new(sort);
    let state = move || {
        let (current, is_descending) = choice.sort.get();
        match key.with_value(|own| *own == current) {
            false => "none",
            true if is_descending => "descending",
            true => "ascending",
        }
    };
    let press = move |_| {
        choice.sort.update(|(current, is_descending)| {
            let own = key.get_value();
            // What is best is wanted first.
            *is_descending = if *current == own { !*is_descending } else { own != SortKey::Name };
            *current = own;
        });
    };
    view! {
        <th scope="col" aria-sort=state><button class="heading" on:click=press>{name}</button></th>
    }
}

#[component]
fn Row(choice: Choice, id: String, columns: Memo<Vec<&'static str>>) -> impl IntoView {
    let lab = expect_context::<Lab>();
    let own = StoredValue::new(id);
    let own_cells = Memo::new(move |_| {
        own.with_value(|id| {
            choice.listing.with(|listing| {
                listing.rows.iter().find(|row| row.id == *id).map(|row| row.cells.clone()).unwrap_or_default()
            })
        })
    });
    let record = Memo::new(move |_| own.with_value(|id| lab.runs.get(id)));
    let record = move || record.get();
    let of = move |text: fn(&RunRecord) -> String| move || record().map(|record| text(&record));
    let name = Memo::new(move |_| record().map(|record| record.name).unwrap_or_default());
    let is_live = move || {
        own.with_value(|id| {
            lab.runs.live.with(|live| live.as_ref() == Some(id))
                || lab.runs.elsewhere.with(|ids| ids.contains(id))
        })
    };
    let state = move || record().map(|record| record.status_text(is_live()));
    let cells = move || {
        // With the columns, so that both change together.
        columns.with(|_| ());
        own_cells.get().into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()
    };
    let is_compared = move || own.with_value(|id| choice.is_compared(id));
    let tick = move |event| {
        choice.ticked.update(|ticked| _ = ticked.insert(own.get_value(), event_target_checked(&event)));
    };
    let is_open = move || own.with_value(|id| choice.open.with(|open| open.as_ref() == Some(id)));
    let open = move |_| {
        choice.open.set((!untrack(is_open)).then(|| own.get_value()));
    };
    let swatch = move || record().map(|record| view! { <Swatch style=super::lines::style(&record) /> });
    let star = move || record().filter(|record| record.is_starred).map(|_| "★ ");
    view! {
        <tr class:hidden-run=move || record().is_some_and(|record| record.is_hidden)>
            <td><input type="checkbox" aria-label=move || format!("Compare {}", name.get()) prop:checked=is_compared on:change=tick /></td>
            <th scope="row">
                <button class="name" aria-expanded=move || is_open().to_string() on:click=open>{swatch}{star}{name}</button>
            </th>
            <td>{of(|record| super::begun_text(record.begun_ms))}</td>
            {cells}
            <td>{of(|record| words::share_in_percent(record.validation_accuracy()))}</td>
            <td>{of(|record| words::share_in_percent(record.test_accuracy()))}</td>
            <td>{of(|record| metrics::duration_text(record.trained_ms / 1_000.0))}</td>
            <td>{state}</td>
        </tr>
    }
}
