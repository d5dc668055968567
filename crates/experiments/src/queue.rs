//! Runs that wait to be trained, one after another.

use serde::{Deserialize, Serialize};
use train_config::{DataChoice, DeviceChoice, TrainConfig};

use crate::RunGroup;

/// A run that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueItem {
    /// Tells it apart from every other.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// What to do.
    pub config: TrainConfig,
    /// The images to learn from.
    pub data: DataChoice,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Workers that share each step.
    pub workers: u32,
    /// Parts that the run is cut into.
    pub sessions: u32,
    /// The sweep, or the repeats over seeds, that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<RunGroup>,
}

/// Runs in the order in which they will be trained; no two have the same id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The runs, the next one first.
    pub items: Vec<QueueItem>,
    /// Whether no run is handed out.
    #[serde(default)]
    pub is_paused: bool,
}

impl Queue {
    /// Puts a run at the end. `false`, and nothing is changed, where its id is there already.
    pub fn add(&mut self, item: QueueItem) -> bool {
        self.insert(self.items.len(), item)
    }

    /// Puts a run at a place, from 0, or at the end where that is nearer: undoes [`remove`](Self::remove). `false`, and nothing
    /// is changed, where its id is there already.
    pub fn insert(&mut self, place: usize, item: QueueItem) -> bool {
        let is_new = self.place(&item.id).is_none();
        if is_new {
            self.items.insert(place.min(self.items.len()), item);
        }
        is_new
    }

    /// Takes a run out; the place is the one it had.
    pub fn remove(&mut self, id: &str) -> Option<(usize, QueueItem)> {
        let place = self.place(id)?;
        Some((place, self.items.remove(place)))
    }

    /// Takes out all runs of a group, with the places they had. Inserted again in this order, each is where it was.
    pub fn remove_group(&mut self, group: &str) -> Vec<(usize, QueueItem)> {
        let all = core::mem::take(&mut self.items).into_iter().enumerate();
        let (removed, kept): (Vec<_>, Vec<_>) =
            all.partition(|(_, item)| item.group.as_ref().is_some_and(|own| own.id == group));
        self.items = kept.into_iter().map(|(_, item)| item).collect();
        removed
    }

    /// Puts a run one place earlier; `false` where it is the first or is not there.
    pub fn move_up(&mut self, id: &str) -> bool {
        self.place(id).and_then(|place| place.checked_sub(1)).is_some_and(|place| self.move_to(id, place))
    }

    /// Puts a run one place later; `false` where it is the last or is not there.
    pub fn move_down(&mut self, id: &str) -> bool {
        self.place(id).is_some_and(|place| self.move_to(id, place + 1))
    }

    /// Puts a run at a place, from 0, or at the end where that is nearer. `false` where it stays or is not there.
    pub fn move_to(&mut self, id: &str, place: usize) -> bool {
        let Some((before, item)) = self.remove(id) else { return false };
        let place = place.min(self.items.len());
        self.items.insert(place, item);
        place != before
    }

    /// Hands out no run from now on.
    pub const fn pause(&mut self) {
        self.is_paused = true;
    }

    /// Hands out runs again.
    pub const fn resume(&mut self) {
        self.is_paused = false;
    }

    /// Takes out the first run, to be trained now; none while the queue is paused.
    #[expect(clippy::should_implement_trait, reason = "a queue that is paused or empty has not ended")]
    pub fn next(&mut self) -> Option<QueueItem> {
        (!self.is_paused && !self.items.is_empty()).then(|| self.items.remove(0))
    }

    /// Where a run is, from 0.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::names::Draws;

    fn item(id: &str) -> QueueItem {
        QueueItem {
            id: id.into(),
            title: format!("Run {id}"),
            config: TrainConfig::default(),
            data: DataChoice::BuiltIn { train_images: 6_000 },
            device: DeviceChoice::Auto,
            workers: 2,
            sessions: 1,
            group: id.contains('g').then(|| RunGroup {
                id: "sweep".into(),
                title: "A sweep".into(),
                member: id.into(),
            }),
        }
    }

    fn queue(ids: &str) -> Queue {
        Queue { items: ids.split_whitespace().map(item).collect(), is_paused: false }
    }

    fn ids(queue: &Queue) -> String {
        queue.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check<T: core::fmt::Debug + PartialEq>(
        before: &str,
        operation: impl FnOnce(&mut Queue) -> T,
        answer: T,
        after: &str,
    ) {
        let mut queue = queue(before);
        assert_eq!((operation(&mut queue), ids(&queue)), (answer, after.to_owned()));
    }

    #[test]
    fn each_operation_does_what_it_says() {
        check("", |queue| queue.add(item("a")), true, "a");
        check("a", |queue| queue.add(item("b")), true, "a b");
        check("a b", |queue| queue.add(item("a")), false, "a b");
        check("a b", |queue| queue.insert(1, item("c")), true, "a c b");
        check("a b", |queue| queue.insert(9, item("c")), true, "a b c");
        check("a b", |queue| queue.remove("b"), Some((1, item("b"))), "a");
        check("a b", |queue| queue.remove("c"), None, "a b");
        check("a b c", |queue| queue.move_up("c"), true, "a c b");
        check("a b c", |queue| queue.move_up("a"), false, "a b c");
        check("a b c", |queue| queue.move_up("d"), false, "a b c");
        check("a b c", |queue| queue.move_down("a"), true, "b a c");
        check("a b c", |queue| queue.move_down("c"), false, "a b c");
        check("a b c", |queue| queue.move_to("a", 2), true, "b c a");
        check("a b c", |queue| queue.move_to("c", 0), true, "c a b");
        check("a b c", |queue| queue.move_to("a", 99), true, "b c a");
        check("a b c", |queue| queue.move_to("b", 1), false, "a b c");
        check("a b", Queue::next, Some(item("a")), "b");
        check("", Queue::next, None, "");
        check("a1 g1 a2 g2", |queue| queue.remove_group("sweep").len(), 2, "a1 a2");
        check("a1 a2", |queue| queue.remove_group("sweep").len(), 0, "a1 a2");
    }

    #[test]
    fn a_paused_queue_hands_out_nothing() {
        let mut queue = queue("a b");
        queue.pause();
        assert_eq!((queue.next(), queue.items.len()), (None, 2));
        queue.resume();
        assert_eq!(queue.next(), Some(item("a")));
    }

    #[test]
    fn a_removed_group_comes_back_where_it_was() {
        let before = queue("g1 a g2 g3 b g4");
        let mut after = before.clone();
        for (place, item) in after.remove_group("sweep") {
            assert!(after.insert(place, item));
        }
        assert_eq!(after, before);
    }

    #[test]
    fn json_comes_back_as_it_went() {
        let before = Queue { is_paused: true, ..queue("a g") };
        let json = serde_json::to_string(&before).unwrap();
        assert_eq!(serde_json::from_str::<Queue>(&json).unwrap(), before);
    }

    #[test]
    fn no_sequence_of_operations_loses_or_doubles_a_run() {
        for seed in 0..50 {
            let mut draws = Draws::new(seed);
            let mut queue = Queue::default();
            // Every run is either here or in the queue.
            let mut outside: Vec<_> = (0..8)
                .map(|number| item(&format!("{}{number}", if number < 3 { "g" } else { "a" })))
                .collect();
            for _ in 0..200 {
                let id = format!("{}{}", if draws.below(2) == 0 { "g" } else { "a" }, draws.below(8));
                let place = draws.below(10) as usize;
                match draws.below(10) {
                    0..=2 if !outside.is_empty() => {
                        let item = outside.remove(place % outside.len());
                        assert!(queue.insert(place, item.clone()));
                        assert!(!queue.add(item));
                    }
                    3 => outside.extend(queue.remove(&id).map(|(_, item)| item)),
                    4 if draws.below(5) == 0 => {
                        outside.extend(queue.remove_group("sweep").into_iter().map(|(_, item)| item));
                    }
                    5 => outside.extend(queue.next()),
                    6 => _ = queue.move_up(&id),
                    7 => _ = queue.move_down(&id),
                    8 => _ = queue.move_to(&id, place),
                    _ if place < 5 => queue.pause(),
                    _ => queue.resume(),
                }
                let mut all: Vec<_> =
                    queue.items.iter().chain(&outside).map(|item| item.id.as_str()).collect();
                all.sort_unstable();
                assert_eq!(all, ["a3", "a4", "a5", "a6", "a7", "g0", "g1", "g2"], "seed {seed}");
            }
        }
    }
}
