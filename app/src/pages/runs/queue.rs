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
    let change = move |change: &dyn Fn(&mut Queue)| {
        queue.update(|queue| change(queue));
        lab.store_queue();
        lab.pump_queue();
    };
    let row = move |item: QueueItem| {
        let id = StoredValue::new(item.id);
        let act = move |act: fn(&mut Queue, &str) -> bool| {
            // At an end of the queue nothing moves.
            move |_| change(&|queue: &mut Queue| _ = id.with_value(|id| act(queue, id)))
        };
        let title = item.title;
        let remove = {
            let title = title.clone();
            move |_| {
                let mut removed = None;
                queue.update(|queue| removed = id.with_value(|id| queue.remove(id)));
                lab.store_queue();
                let Some((place, item)) = removed else { return };
                let undo = std::rc::Rc::new(move || {
                    queue.update(|queue| _ = queue.insert(place, item.clone()));
                    lab.store_queue();
                });
                lab.notify(format!("\"{title}\" no longer waits."), Some(("Undo", undo)));
            }
        };
        view! {
            <li>
                <span>{title.clone()}</span>
                <span class="buttons">
                    <button aria-label=format!("Earlier: {title}") on:click=act(Queue::move_up)>"↑"</button>
                    <button aria-label=format!("Later: {title}") on:click=act(Queue::move_down)>"↓"</button>
                    <button aria-label=format!("Remove: {title}") on:click=remove>"×"</button>
                </span>
            </li>
        }
    };
    let count = move || queue.with(|queue| metrics::counted(queue.items.len() as u32, "run"));
    view! {
        <Show when=move || !is_empty.get()>
            <section class="card queue" aria-label="Queue">
                <div class="heading"><h2>"Queue"</h2>
                    <div class="buttons">
                        <button aria-pressed=move || is_paused.get().to_string()
                            on:click=move |_| change(&|queue: &mut Queue| queue.is_paused = !queue.is_paused)>
                            {move || if is_paused.get() { "Let the queue go on" } else { "Pause the queue" }}
                        </button>
                        <button on:click=move |_| change(&|queue: &mut Queue| queue.items.clear())>"Empty the queue"</button>
                    </div>
                </div>
                <p class="hint">{move || {
                    let state = if is_paused.get() { "The queue is paused" } else { "Each starts when the one before has ended" };
                    format!("{} waiting. {state}; the queue goes on after a reload.", count())
                }}</p>
                <ol><For each=move || queue.with(|queue| queue.items.clone()) key=|item| item.id.clone() let:item>{row(item)}</For></ol>
            </section>
        </Show>
    }
}
