//! What is wrong with a draft, and what mends it.

use model_spec::{
    LayerError, LayerSpec, NetworkDraft, Shape, SpecError,
    layers::{Dense, Pool2d},
};

use crate::{
    Edit, NetworkEditor,
    settings::{LAYER_KINDS, SettingValue, settings, with_setting},
};

/// Why a draft cannot be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The layer at fault, from 0; none where the network as a whole is.
    pub layer: Option<usize>,
    /// What is wrong, for people.
    pub text: String,
    /// Ways out, the likeliest first. Each leaves fewer layers behind the next problem, or no problem at all.
    pub mends: Vec<Mend>,
}

/// A way out of a problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Mend {
    /// What it does, as on a button.
    pub title: String,
    /// What does it.
    pub edit: Edit,
}

fn mend(title: impl Into<String>, edit: Edit) -> Mend {
    Mend { title: title.into(), edit }
}

/// The first problem of a draft, or `None` where it can be trained.
pub fn problem(draft: &NetworkDraft) -> Option<Problem> {
    let error = draft.clone().check().err()?;
    let unchecked = unfinished(draft);
    let helps = |mend: &Mend| {
        let mut editor = NetworkEditor::new(draft.clone());
        editor.apply(mend.edit.clone());
        unfinished(editor.draft()) < unchecked
    };
    let mends = candidates(draft, &error).into_iter().filter(helps).collect();
    Some(Problem { layer: error.layer(), text: error.to_string(), mends })
}

/// How much of a draft lies at and behind its first problem; 0 where it has none.
fn unfinished(draft: &NetworkDraft) -> usize {
    match draft.clone().check() {
        Ok(_) => 0,
        // What a network gives comes after all of its layers.
        Err(SpecError::Output { .. } | SpecError::Empty | SpecError::NothingToLearn) => 1,
        Err(error) => 1 + draft.layers.len() - error.layer().unwrap_or(0),
    }
}

/// What might help; not all of it does.
fn candidates(draft: &NetworkDraft, error: &SpecError) -> Vec<Mend> {
    let layers = &draft.layers;
    let output = LayerSpec::Dense(Dense::new(draft.classes as usize));
    match error {
        SpecError::Empty => vec![mend("Start with Flatten and a Dense layer", {
            let layers = vec![LayerSpec::Flatten, output];
            Edit::Load(NetworkDraft { layers, ..draft.clone() })
        })],
        SpecError::Output { layer, found, classes, .. } => {
            let mut all = Vec::new();
            if let LayerSpec::Dense(dense) = &layers[*layer] {
                let dense = LayerSpec::Dense(Dense { units: *classes as usize, ..dense.clone() });
                all.push(mend(format!("Give it {classes} units"), Edit::Replace(*layer, dense)));
            }
            let mut extended = layers.clone();
            let is_maps = matches!(found, Shape::Maps { .. });
            if is_maps {
                extended.push(LayerSpec::Flatten);
            }
            extended.push(output);
            let what = if is_maps { "Flatten and a Dense layer" } else { "a Dense layer" };
            let longer = NetworkDraft { layers: extended, ..draft.clone() };
            all.push(mend(format!("End with {what} of {classes} units"), Edit::Load(longer)));
            all
        }
        SpecError::Layer { layer, error, .. } => at_layer(draft, *layer, error),
        SpecError::TooManyParameters { layer, .. } | SpecError::TooMuchWork { layer, .. } => {
            let mut all = Vec::new();
            if let Some(smaller) = smaller(draft, *layer) {
                all.push(mend(
                    format!("Make it smaller: {}", smaller.title()),
                    Edit::Replace(*layer, smaller),
                ));
            }
            let pool = LayerSpec::MaxPool2d(Pool2d::new(2));
            all.push(mend("Put Max pool before it", Edit::Insert { at: *layer, layer: pool }));
            all.push(mend("Remove it", Edit::Remove(*layer)));
            all
        }
        SpecError::NothingToLearn => {
            vec![mend("End with a Dense layer", Edit::Insert { at: layers.len(), layer: output })]
        }
        _ => Vec::new(),
    }
}

fn at_layer(draft: &NetworkDraft, at: usize, error: &LayerError) -> Vec<Mend> {
    let layers = &draft.layers;
    let layer = &layers[at];
    let mut all = Vec::new();
    match error {
        LayerError::NeedsFeatures(_) => {
            all.push(mend("Put Flatten before it", Edit::Insert { at, layer: LayerSpec::Flatten }));
            let pool = LayerSpec::GlobalAvgPool;
            all.push(mend("Put Global average pool before it", Edit::Insert { at, layer: pool }));
        }
        LayerError::NeedsMaps => {
            let ends = |layer: &LayerSpec| matches!(layer, LayerSpec::Flatten | LayerSpec::GlobalAvgPool);
            if let Some(flat) = layers[..at].iter().rposition(ends) {
                let mut moved = layers.clone();
                let own = moved.remove(at);
                moved.insert(flat, own);
                let title = format!("Move it before layer {} ({})", flat + 1, layers[flat].title());
                all.push(mend(title, Edit::Load(NetworkDraft { layers: moved, ..draft.clone() })));
            }
        }
        LayerError::WindowTooLarge { side, .. } => {
            for setting in settings(layer) {
                let value = match setting.value {
                    SettingValue::Whole { range, .. } if setting.name.ends_with(" size") => {
                        SettingValue::Whole { value: *side, range }
                    }
                    SettingValue::Switch(false) if setting.name == "Same padding" => {
                        SettingValue::Switch(true)
                    }
                    _ => continue,
                };
                if let Some(other) = with_setting(layer, setting.name, &value) {
                    all.push(mend(format!("Make it {}", other.title()), Edit::Replace(at, other)));
                }
            }
        }
        LayerError::OutOfRange { .. } => {
            let kind = |layer: &LayerSpec| core::mem::discriminant(layer);
            let usual =
                LAYER_KINDS.iter().map(|known| (known.layer)()).find(|known| kind(known) == kind(layer));
            if let Some(usual) = usual {
                all.push(mend(format!("Use usual settings: {}", usual.title()), Edit::Replace(at, usual)));
            }
        }
    }
    all.push(mend("Remove it", Edit::Remove(at)));
    all
}

/// The layer with so few units or channels that the network can be built, if any number will do.
fn smaller(draft: &NetworkDraft, at: usize) -> Option<LayerSpec> {
    let setting = settings(&draft.layers[at])
        .into_iter()
        .find(|setting| matches!(setting.name, "Units" | "Channels"))?;
    let SettingValue::Whole { mut value, range } = setting.value else { return None };
    while value > 1 {
        value /= 2;
        let layer = with_setting(&draft.layers[at], setting.name, &SettingValue::Whole { value, range })?;
        let mut layers = draft.layers[..at].to_vec();
        layers.push(layer.clone());
        // Up to here it can be built if all that is missing comes behind.
        let upto = NetworkDraft { layers, ..draft.clone() };
        if upto.check().err().is_none_or(|error| matches!(error, SpecError::Output { .. })) {
            return Some(layer);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use model_spec::{Padding, layers::Conv2d};

    use super::*;

    const RELU: LayerSpec = LayerSpec::Relu;

    fn dense(units: usize) -> LayerSpec {
        LayerSpec::Dense(Dense::new(units))
    }

    fn conv(channels: usize, kernel: usize) -> LayerSpec {
        LayerSpec::Conv2d(Conv2d::new(channels, kernel))
    }

    fn pool(window: usize) -> LayerSpec {
        LayerSpec::MaxPool2d(Pool2d::new(window))
    }

    /// Takes the first mend of each problem until none is left.
    #[track_caller]
    fn check(layers: Vec<LayerSpec>, at: Option<usize>, mends: &[&str], mended: &[LayerSpec]) {
        let draft = NetworkDraft::of_digits(layers);
        let first = problem(&draft).unwrap();
        let titles: Vec<_> = first.mends.iter().map(|mend| mend.title.as_str()).collect();
        assert_eq!((first.layer, titles.as_slice()), (at, mends), "{}", first.text);
        let mut editor = NetworkEditor::new(draft);
        for _ in 0..4 {
            let Some(next) = problem(editor.draft()) else { break };
            editor.apply(next.mends[0].edit.clone());
        }
        assert_eq!(editor.draft().layers, mended);
        assert!(problem(editor.draft()).is_none());
    }

    #[test]
    fn a_mended_network_keeps_its_classes() {
        let layers = vec![LayerSpec::Flatten, pool(2), dense(26)];
        let draft = NetworkDraft { classes: 26, ..NetworkDraft::of_digits(layers) };
        let mend = problem(&draft).unwrap().mends.remove(0);
        let mut editor = NetworkEditor::new(draft);
        editor.apply(mend.edit);
        assert_eq!((editor.draft().classes, problem(editor.draft())), (26, None));
    }

    #[test]
    fn every_problem_has_a_way_out() {
        let flat = LayerSpec::Flatten;
        check(vec![], None, &["Start with Flatten and a Dense layer"], &[flat.clone(), dense(10)]);
        check(
            vec![dense(10)],
            Some(0),
            &["Put Flatten before it", "Put Global average pool before it", "Remove it"],
            &[flat.clone(), dense(10)],
        );
        check(
            vec![flat.clone(), dense(30)],
            Some(1),
            &["Give it 10 units", "End with a Dense layer of 10 units"],
            &[flat.clone(), dense(10)],
        );
        check(
            vec![conv(8, 3), RELU],
            Some(1),
            &["End with Flatten and a Dense layer of 10 units"],
            &[conv(8, 3), RELU, flat.clone(), dense(10)],
        );
        check(
            vec![flat.clone(), pool(2), dense(10)],
            Some(1),
            &["Move it before layer 1 (Flatten)", "Remove it"],
            &[pool(2), flat.clone(), dense(10)],
        );
        let tight = |last: LayerSpec| vec![pool(7), pool(2), last, flat.clone(), dense(10)];
        check(tight(pool(3)), Some(2), &["Make it Max pool 2x2", "Remove it"], &tight(pool(2)));
        let same = LayerSpec::Conv2d(Conv2d { padding: Padding::Same, ..Conv2d::new(4, 5) });
        check(
            vec![pool(7), pool(2), conv(4, 5), flat.clone(), dense(10)],
            Some(2),
            &[
                "Make it Convolution 2x2, 4 channels",
                "Make it Convolution 5x5, 4 channels, same padding",
                "Remove it",
            ],
            &tight(conv(4, 2)),
        );
        assert!(problem(&NetworkDraft::of_digits(tight(same))).is_none());
        check(
            vec![flat.clone(), dense(0), dense(10)],
            Some(1),
            &["Use usual settings: Dense, 100 units", "Remove it"],
            &[flat.clone(), dense(100), dense(10)],
        );
        check(
            vec![conv(64, 3), flat.clone(), dense(8_000), dense(10)],
            Some(2),
            &["Make it smaller: Dense, 250 units", "Remove it"],
            &[conv(64, 3), flat, dense(250), dense(10)],
        );
    }
}
