//! The draft and its history.

use model_spec::{LayerSpec, NetworkDraft};

/// Edits that can be undone.
const MAX_HISTORY: usize = 200;

/// What a person does to a network. Layers are counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Puts a layer before the one at `at`, or at the end.
    Insert {
        /// At most the number of layers.
        at: usize,
        /// The new layer.
        layer: LayerSpec,
    },
    /// Takes a layer out.
    Remove(usize),
    /// Exchanges a layer with the one before it.
    MoveUp(usize),
    /// Exchanges a layer with the one behind it.
    MoveDown(usize),
    /// Puts a copy of a layer behind it.
    Duplicate(usize),
    /// Puts a layer in the place of another.
    Replace(usize, LayerSpec),
    /// Takes another network.
    Load(NetworkDraft),
}

/// A network that is being built, and how it came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkEditor {
    draft: NetworkDraft,
    past: Vec<NetworkDraft>,
    future: Vec<NetworkDraft>,
}

impl NetworkEditor {
    /// Begins with a network; there is nothing to undo yet.
    pub const fn new(draft: NetworkDraft) -> Self {
        Self { draft, past: Vec::new(), future: Vec::new() }
    }

    /// The network as it stands.
    pub const fn draft(&self) -> &NetworkDraft {
        &self.draft
    }

    /// Makes an edit. One that changes nothing, or names a layer that is not there, leaves no trace in the history.
    pub fn apply(&mut self, edit: Edit) {
        let mut next = self.draft.clone();
        edited(&mut next, edit);
        if next == self.draft {
            return;
        }
        self.past.push(core::mem::replace(&mut self.draft, next));
        if self.past.len() > MAX_HISTORY {
            self.past.remove(0);
        }
        self.future.clear();
    }

    /// Takes the last edit back. Does nothing where there is none.
    pub fn undo(&mut self) {
        if let Some(before) = self.past.pop() {
            self.future.push(core::mem::replace(&mut self.draft, before));
        }
    }

    /// Makes again what was taken back last. Does nothing where nothing was.
    pub fn redo(&mut self) {
        if let Some(after) = self.future.pop() {
            self.past.push(core::mem::replace(&mut self.draft, after));
        }
    }

    /// Whether there is an edit to take back.
    pub const fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether an edit was taken back and nothing was changed since.
    pub const fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Where a new layer goes if nobody says: before the output layer, so that the network stays one that can be trained.
    pub fn usual_place(&self) -> usize {
        let layers = &self.draft.layers;
        match layers.last() {
            Some(LayerSpec::Dense(_)) => layers.len() - 1,
            _ => layers.len(),
        }
    }
}

fn edited(draft: &mut NetworkDraft, edit: Edit) {
    let layers = &mut draft.layers;
    match edit {
        Edit::Insert { at, layer } if at <= layers.len() => layers.insert(at, layer),
        Edit::Remove(at) if at < layers.len() => drop(layers.remove(at)),
        Edit::MoveUp(at) if (1..layers.len()).contains(&at) => layers.swap(at - 1, at),
        Edit::MoveDown(at) if at + 1 < layers.len() => layers.swap(at, at + 1),
        Edit::Duplicate(at) if at < layers.len() => layers.insert(at + 1, layers[at].clone()),
        Edit::Replace(at, layer) if at < layers.len() => layers[at] = layer,
        Edit::Load(other) => *draft = other,
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::layers::Dense;

    use super::*;

    fn titles(editor: &NetworkEditor) -> Vec<String> {
        editor.draft().layers.iter().map(LayerSpec::title).collect()
    }

    fn editor() -> NetworkEditor {
        let layers = vec![LayerSpec::Flatten, LayerSpec::Relu, LayerSpec::Dense(Dense::new(10))];
        NetworkEditor::new(NetworkDraft::of_digits(layers))
    }

    #[track_caller]
    fn check(edit: Edit, expected: &[&str]) {
        let mut editor = editor();
        let before = titles(&editor);
        editor.apply(edit);
        assert_eq!(titles(&editor), expected);
        assert_eq!(editor.can_undo(), before != expected);
        editor.undo();
        assert_eq!(titles(&editor), before);
        editor.redo();
        assert_eq!(titles(&editor), expected);
    }

    #[test]
    fn edits_can_be_undone_and_made_again() {
        let (flatten, relu, dense) = ("Flatten", "ReLU", "Dense, 10 units");
        check(Edit::Insert { at: 2, layer: LayerSpec::Tanh }, &[flatten, relu, "Tanh", dense]);
        check(Edit::Insert { at: 3, layer: LayerSpec::Tanh }, &[flatten, relu, dense, "Tanh"]);
        check(Edit::Insert { at: 4, layer: LayerSpec::Tanh }, &[flatten, relu, dense]);
        check(Edit::Remove(0), &[relu, dense]);
        check(Edit::Remove(3), &[flatten, relu, dense]);
        check(Edit::MoveUp(1), &[relu, flatten, dense]);
        check(Edit::MoveUp(0), &[flatten, relu, dense]);
        check(Edit::MoveDown(1), &[flatten, dense, relu]);
        check(Edit::MoveDown(2), &[flatten, relu, dense]);
        check(Edit::Duplicate(1), &[flatten, relu, relu, dense]);
        check(Edit::Replace(1, LayerSpec::Gelu), &[flatten, "GELU", dense]);
        check(Edit::Replace(1, LayerSpec::Relu), &[flatten, relu, dense]);
        check(Edit::Load(NetworkDraft::of_digits(Vec::new())), &[]);
    }

    #[test]
    fn a_new_edit_ends_what_could_be_made_again() {
        let mut editor = editor();
        editor.apply(Edit::Remove(0));
        editor.undo();
        assert!(editor.can_redo());
        editor.apply(Edit::Remove(1));
        assert!(!editor.can_redo());
        editor.redo();
        assert_eq!(titles(&editor), ["Flatten", "Dense, 10 units"]);
    }

    #[test]
    fn a_new_layer_goes_before_the_output() {
        assert_eq!(editor().usual_place(), 2);
        assert_eq!(NetworkEditor::new(NetworkDraft::of_digits(vec![LayerSpec::Flatten])).usual_place(), 1);
        assert_eq!(NetworkEditor::new(NetworkDraft::of_digits(Vec::new())).usual_place(), 0);
    }
}
