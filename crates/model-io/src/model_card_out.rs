//! The card of a model as text: Markdown, with the lines at its head that Hugging Face reads.

use core::fmt::Write as _;

use model_card::ModelCard;

/// A `README.md`; `optimizer_file` holds an optimizer's state, where there is one.
pub(crate) fn readme(name: &str, card: &ModelCard, optimizer_file: Option<&str>) -> String {
    let network = &card.network;
    let mut head = String::from("---\nlibrary_name: pytorch\npipeline_tag: image-classification\n");
    // Writing to a text cannot fail.
    if !card.license.is_empty() {
        let _ = writeln!(head, "license: {}", yaml(&card.license.to_lowercase()));
    }
    let mut tags = vec!["handwriting".to_owned(), "inkling".into()];
    tags.extend(card.tags.iter().cloned());
    let tags: Vec<String> = tags.iter().map(|tag| yaml(tag)).collect();
    let _ = writeln!(head, "tags: [{}]", tags.join(", "));
    if card.trained_on == "MNIST" {
        head.push_str("datasets: [ylecun/mnist]\n");
    }
    if let Some(test) = card.test {
        let _ = write!(
            head,
            "metrics: [accuracy]\nmodel-index:\n- name: {name}\n  results:\n  - task:\n      type: image-classification\n    \
             dataset:\n      name: {data}\n      type: {data}\n    metrics:\n    - type: accuracy\n      value: {value:.4}\n",
            name = yaml(name),
            data = yaml(&card.tested_on),
            value = test.share(),
        );
    }
    head.push_str("---\n");
    let mut text = format!(
        "{head}\n# {name}\n\n{title}, {parameters} parameters{trained}.\n\n| | |\n|---|---|\n",
        title = network.title(),
        parameters = network.parameter_count(),
        trained = if card.config.is_some() { ", trained in a browser with Inkling" } else { "" },
    );
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "| {name} | {} |", value.replace('|', "\\|").replace('\n', " "));
        }
    };
    row("Reads", "28 x 28 images of grey levels, 0 is paper and 255 is ink");
    row(
        "Answers",
        &(0..network.classes()).map(|class| card.class_name(class)).collect::<Vec<_>>().join(", "),
    );
    row("Preprocessing", &card.preprocessing.title());
    row("Trained on", &card.trained_on);
    if card.epochs_done > 0 {
        row("Epochs", &card.epochs_done.to_string());
    }
    if let Some(validation) = card.validation {
        row("Validation accuracy", &validation.with_interval());
    }
    if let Some(test) = card.test {
        row("Test accuracy", &format!("{} of {}", test.with_interval(), card.tested_on));
    }
    row("Fine-tuned from", &card.fine_tuned_from);
    row("Run", &card.run);
    if let Some(config) = &card.config {
        row("Optimizer", &format!("{}, learning rate {}", config.optimizer.id(), config.learning_rate));
        row("Seed", &config.seed.to_string());
    }
    if card.trained_on.is_empty() && card.epochs_done == 0 {
        row("Note", "nothing is known of its training: it may be untrained");
    }
    if !card.notes.is_empty() {
        let _ = write!(text, "\n{}\n", card.notes);
    }
    text.push_str(
        "\n## Files\n\n\
         - `model.safetensors`: the weights; Inkling opens it too.\n\
         - `model.py`: the network in PyTorch. `train.py` goes on training it: `python train.py --data FOLDER`.\n\
         - `model.onnx`: grey levels in, probabilities out, for onnxruntime and others.\n",
    );
    if let Some(file) = optimizer_file {
        let _ = writeln!(text, "- `{file}`: what the optimizer remembered. `train.py` begins with it.");
    }
    text.push_str(
        "\n```python\n\
         import torch\n\
         from model import CLASSES, load, preprocess\n\n\
         network = load(\"model.safetensors\")\n\
         levels = torch.zeros(1, 28, 28, dtype=torch.uint8)  # 0 is paper, 255 is ink\n\
         print(CLASSES[network(preprocess(levels)).argmax()])\n\
         ```\n",
    );
    text
}

/// A text that YAML takes for nothing else.
fn yaml(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ['-', '.', '_'].contains(&c));
    if is_plain { text.to_owned() } else { serde_json::to_string(text).unwrap_or_default() }
}
