//! "Learn my hand".

use std::{sync::Arc, time::Instant};

use burn::tensor::Device;
use dataset::{LabelledImages, Split, drawn_digits};
use pollster::block_on;
use tests::UNSEEN;
use training::{Event, Pace, Run, hand_lesson, hand_recipe};

use super::{assess, model};

/// Of the unseen writers the one who is read worst teaches with two drawings of each digit.
#[test]
fn twenty_drawings_halve_the_error_and_nothing_is_forgotten() {
    let (Some(written), Some(mnist)) = (tests::strokes(), tests::mnist()) else { return };
    let reader = model("reader-cnn.safetensors");
    let own = |writer: &str| -> LabelledImages {
        let digits: Vec<_> = written.iter().filter(|digit| digit.writer == writer).cloned().collect();
        drawn_digits(&digits)
    };
    let sets = UNSEEN.map(own);
    let worst = sets.iter().min_by_key(|set| assess(&reader, set).accuracy().correct).unwrap();
    let (mut learned, mut held_back) = (LabelledImages::default(), LabelledImages::default());
    let mut known = [0; 10];
    for index in 0..worst.len() {
        let (image, label) = (worst.image(index).try_into().unwrap(), worst.labels[index]);
        let known = &mut known[usize::from(label)];
        *known += 1;
        if *known <= 2 { &mut learned } else { &mut held_back }.push(image, label);
    }
    assert_eq!(learned.len(), 20);

    let (weights, card) = &reader;
    let start = Instant::now();
    let train = hand_lesson(&learned, &mnist.train, 1);
    let lesson = Split { train, ..Split::default() };
    let architecture = weights.architecture();
    let recipe = hand_recipe(architecture, 1);
    let pace = Pace::cpu(architecture);
    let mut run = Run::from_weights(recipe, weights, Arc::new(lesson), &Device::flex(), pace).unwrap();
    while block_on(run.advance()).unwrap() != Event::Finished {}
    let taught = (block_on(run.weights()).unwrap(), card.clone());
    let seconds = start.elapsed().as_secs_f64();

    let change = |set| [&reader, &taught].map(|model| assess(model, set).accuracy());
    let ([before, after], [mnist_before, mnist_after]) = (change(&held_back), change(&mnist.test));
    println!(
        "the hand that is read worst: {} before, {} after {seconds:.1} s; MNIST {} before, {} after",
        before.with_interval(),
        after.with_interval(),
        mnist_before.with_interval(),
        mnist_after.with_interval()
    );
    let errors = |accuracy: recipe::Accuracy| accuracy.total - accuracy.correct;
    // Half the errors, and a tenth of a point; another CPU's vectors move an image or two across the line.
    assert!(2 * errors(after) <= errors(before) + 2, "{before:?} {after:?}");
    assert!(mnist_after.correct + 13 >= mnist_before.correct, "{mnist_before:?} {mnist_after:?}");
}
