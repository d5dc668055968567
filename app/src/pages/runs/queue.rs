//! What waits to be trained.

use experiments::{Queue, QueueItem};
use leptos::prelude::*;

use crate::lab::Lab;

/// The queue; nothing where it is empty.
#[component]
pub(super) fn QueueCard() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let queue = lab.queue.queue;
    let is_empty = Memo::new(move |_| queue.with(|queue| queue.items.is_empty()));
    let is_paused = Memo::new(move |_| queue.with(|queue| queue.is_paused));
    let row = move |item: QueueItem| {
        let id = StoredValue::new(item.id);
        let act = move |act: fn(&mut Queue, &str) -> bool| {
            // At an end of the queue nothing moves.
            move |_| {
                let id = id.get_value();
                lab.change_queue(move |queue| _ = act(queue, &id));
            }
        };
        let title = item.title;
        let remove = {
            let title = title.clone();
            move |_| {
                let id = id.get_value();
                let found = queue.with_untracked(|queue| {
                    let place = queue.place(&id)?;
                    Some((place, queue.items.get(place)?.clone()))
                });
                let Some((place, item)) = found else { return };
                lab.change_queue(move |queue| drop(queue.remove(&id)));
                let undo = std::rc::Rc::new(move || {
                    let item = item.clone();
                    lab.change_queue(move |queue| _ = queue.insert(place, item));
                });
                lab.notify(format!("Removed \"{title}\" from the queue."), Some(("Undo", undo)));
            }
        };
        view! {
            <li>
                <span>{title.clone()}</span>
                <span class="buttons">
                    <button aria-label=format!("Move up: {title}") on:click=act(Queue::move_up)>"↑"</button>
                    <button aria-label=format!("Move down: {title}") on:click=act(Queue::move_down)>"↓"</button>
                    <button aria-label=format!("Remove: {title}") on:click=remove>"×"</button>
                </span>
            </li>
        }
    };
    let clear = move |_| {
        let removed = queue.with_untracked(|queue| queue.items.clone());
        lab.change_queue(|queue| queue.items.clear());
        let text = format!("Removed {} from the queue.", metrics::counted(removed.len() as u32, "run"));
        let undo = std::rc::Rc::new(move || {
            let removed = removed.clone();
            lab.change_queue(move |queue| {
                for item in removed {
                    // One that is there already stays where it is.
                    let _ = queue.add(item);
                }
            });
        });
        lab.notify(text, Some(("Undo", undo)));
    };
    let count = move || queue.with(|queue| metrics::counted(queue.items.len() as u32, "run"));
    view! {
        <Show when=move || !is_empty.get()>
            <section class="card queue" aria-label="Queue">
                <div class="heading"><h2>"Queue"</h2>
                    <div class="buttons">
                        <button aria-pressed=move || is_paused.get().to_string()
                            on:click=move |_| lab.change_queue(|queue| queue.is_paused = !queue.is_paused)>
                            {move || if is_paused.get() { "Resume queue" } else { "Pause queue" }}
                        </button>
                        <button on:click=clear>"Clear queue"</button>
                    </div>
                </div>
                <p class="hint">{move || {
                    let state = if is_paused.get() {
                        "The queue is paused. Resume it to start the next run."
                    } else {
                        "They run one after another, and the queue continues after a reload."
                    };
                    format!("{} waiting. {state}", count())
                }}</p>
                <ol><For each=move || queue.with(|queue| queue.items.clone()) key=|item| item.id.clone() let:item>{row(item)}</For></ol>
            </section>
        </Show>
    }
}
