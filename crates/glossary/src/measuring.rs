//! Terms of measuring.

use crate::Term;

pub(crate) const TERMS: &[Term] = &[
    Term {
        id: "loss",
        name: "Loss",
        also: &["cross-entropy", "nll", "nats", "negative log likelihood"],
        what: "How wrong the answers are, in one number: the mean of minus the logarithm of the probability that the right digit got (cross-entropy). Training \
               makes it small.",
        more_or_less: "Guessing among ten gives 2.30, half a probability 0.69, 99 % gives 0.01. It still falls when accuracy no longer rises.",
        place: "The chart \"Loss\", for every step.",
    },
    Term {
        id: "accuracy",
        name: "Accuracy",
        also: &["error rate"],
        what: "The share of images that are answered rightly.",
        more_or_less: "Guessing among ten gives 10 %. Beyond 99 % count the errors instead: 99.0 to 99.5 % halves them.",
        place: "The chart \"Accuracy\"; of train, validation and test after every epoch.",
    },
    Term {
        id: "interval",
        name: "95 % interval",
        also: &["confidence interval", "wilson", "error bar"],
        what: "Where the accuracy would most likely lie if it were measured on endlessly many images of the same kind (Wilson's interval).",
        more_or_less: "It narrows with the root of the number of images. Two figures whose intervals overlap widely may differ by chance.",
        place: "Beside every accuracy here.",
    },
    Term {
        id: "moving-average",
        name: "Moving average",
        also: &["smoothing", "window"],
        what: "At each step the mean of the last few values. The loss of single batches jumps; the average shows where it goes.",
        more_or_less: "A wider window is smoother and lags further behind.",
        place: "The strong line in the charts; the values themselves stand pale behind it. The window is 10 steps unless you change it.",
    },
    Term {
        id: "smoothing",
        name: "Smoothing",
        also: &["exponential moving average", "ema"],
        what: "At each step a mean in which older values count less and less. It is computed over every step, before points are thinned out for display, so it does not change when you zoom.",
        more_or_less: "Near 1 only the slow trend remains, and it lags behind. At 0 there is no smoothing.",
        place: "The strong line on the Runs page; the values themselves stand pale behind it. The learning rate is never smoothed.",
    },
    Term {
        id: "run",
        name: "Run",
        also: &["experiment", "trial"],
        what: "One training from start to finish: its settings, data and seed, and its results.",
        more_or_less: "",
        place: "The Runs page keeps every run from its first step. The same settings, data, seed and workers give the same run again, to the last bit, on the CPU.",
    },
    Term {
        id: "sweep",
        name: "Sweep",
        also: &["grid search", "random search", "hyperparameter search"],
        what: "Many runs that differ in chosen settings: every combination of the values (grid search), or a random sample of them (random search).",
        more_or_less: "More combinations find better settings and take longer. With many settings, random combinations find good ones sooner than a grid.",
        place: "At the bottom of the Runs page. The runs wait in a queue, which continues after a reload.",
    },
    Term {
        id: "log-scale",
        name: "Log scale",
        also: &["logarithmic"],
        what: "Equal distances stand for equal factors: from 1 to 0.1 is as far as from 0.1 to 0.01.",
        more_or_less: "",
        place: "A switch at each chart. It shows how a small loss still falls.",
    },
    Term {
        id: "confusion-matrix",
        name: "Confusion table",
        also: &["confusion matrix", "precision", "recall"],
        what: "For each digit, how often it was taken for each other one.",
        more_or_less: "",
        place: "The Evaluate page.",
    },
    Term {
        id: "calibration",
        name: "Calibration",
        also: &["temperature", "reliability", "calibration error", "confidence"],
        what: "Whether a network that says \"90 %\" is right nine times in ten. Most are too sure; dividing the logits by one number, the temperature, mends \
               that.",
        more_or_less: "",
        place: "Done after every epoch on the validation part. The Evaluate page draws it.",
    },
    Term {
        id: "standard-error",
        name: "Standard error",
        also: &["deviation", "median", "seeds"],
        what: "How far the mean of several runs is likely to be off. With five seeds it is the standard deviation divided by the root of five.",
        more_or_less: "Where single runs fail altogether, compare medians: a mean says little.",
        place: "The table of the tutorials.",
    },
];
