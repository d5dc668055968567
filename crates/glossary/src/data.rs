//! Terms of the data.

use crate::Term;

pub(crate) const TERMS: &[Term] = &[
    Term {
        id: "mnist",
        name: "MNIST",
        also: &["data set", "dataset"],
        what: "70,000 handwritten digits, scanned from forms that clerks and pupils filled in, each a grey image of 28 x 28 pixels: \
               60,000 to learn from and 10,000 to test on. Since 1998 nearly everyone has learned on them.",
        more_or_less: "",
        place: "Choose it under Data on the Train page. It comes with this site; nothing is fetched from elsewhere.",
    },
    Term {
        id: "image",
        name: "Image",
        also: &["pixel", "28 x 28", "input"],
        what: "What a network sees of your drawing: 28 rows of 28 numbers, 0 for paper and 255 for full ink. The ink is scaled to 20 \
               pixels and centred by its weight, as in MNIST.",
        more_or_less: "",
        place: "The Draw page shows it beside your drawing.",
    },
    Term {
        id: "label",
        name: "Label",
        also: &["class", "target", "y"],
        what: "The right answer to an image: which digit it shows. A network learns from pairs of an image and its label.",
        more_or_less: "A few wrong labels do little harm while training, but they spoil a test.",
        place: "One click below your drawing says what it is.",
    },
    Term {
        id: "class-balance",
        name: "Class balance",
        also: &["distribution", "label distribution", "stratified"],
        what: "How many images there are of each digit. A split that is stratified keeps these shares in each of its parts.",
        more_or_less: "A digit that is rare is learned badly, and accuracy hardly shows it: look at the confusion table.",
        place: "Every split here is stratified.",
    },
    Term {
        id: "training-part",
        name: "Training part",
        also: &["training set", "train"],
        what: "The images that the network learns from.",
        more_or_less: "More images help nearly always, and the more so the more varied they are.",
        place: "Its accuracy is measured after every epoch on all of it, without dropout.",
    },
    Term {
        id: "validation-part",
        name: "Validation part",
        also: &["validation set", "validation share", "held back", "hold-out", "80/20"],
        what: "Images held back from training to see, after each epoch, how well the network does on what it never learned from. You \
               choose settings by it.",
        more_or_less: "A larger part measures more exactly and leaves less to learn from. A fifth is usual: 12,000 of MNIST's 60,000.",
        place: "\"Held back\" on the Train page. It also calibrates how sure the network says it is.",
    },
    Term {
        id: "test-images",
        name: "Test images",
        also: &["test set", "test part"],
        what: "Images that neither training nor the choice of settings has seen. They are asked at the end, to learn what the network is \
               worth.",
        more_or_less: "Whoever looks at the test accuracy to choose settings has made a validation part of it, and the figure flatters.",
        place: "MNIST's own 10,000; of your files, those named as test files.",
    },
    Term {
        id: "preprocessing",
        name: "Pixel values",
        also: &[
            "normalization",
            "normalisation",
            "scaling",
            "preprocessing",
            "standardize",
            "mean",
            "standard deviation",
            "l2",
        ],
        what: "How grey levels from 0 to 255 become the numbers that the network reads: 0 to 1, -1 to 1, or with mean 0 and deviation 1 over \
               the training part. Keras's normalize scales each column of pixels to length 1.",
        more_or_less: "Numbers around 0 of size 1 suit the usual initial weights. A network reads well only images that are scaled as \
                       they were in training, so the scaling is saved with it.",
        place: "\"Pixel values\" on the Train page.",
    },
    Term {
        id: "augmentation",
        name: "Augmentation",
        also: &["data augmentation", "rotation", "shift", "zoom"],
        what: "Each epoch sees the images a little changed: turned, moved, bent, thicker or thinner. The label stays.",
        more_or_less: "More of it makes a network read more kinds of hands and learn more slowly. Too much, and a 6 turns into a 0.",
        place: "\"Augmentation\" on the Train page.",
    },
    Term {
        id: "shuffling",
        name: "Shuffling",
        also: &["shuffle", "order"],
        what: "Every epoch takes the images in another random order, set by the seed.",
        more_or_less: "Without it, images that stand together are always learned together, and learning suffers where a file is sorted by digit.",
        place: "On the Train page under \"More settings\".",
    },
];
