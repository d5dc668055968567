//! What the ink pipeline and each kind of augmentation make of one image.

use augment::augmented;
use data_files::{Making, RawImages};
use dataset::LabelledImages;
use ink::{Image, PIXELS, SIDE};
use protocol::{
    Blobs, Delivery, JobError,
    data::{ChangeImage, ChangedImages, PartName},
};
use rand_pcg::Pcg32;
use train_config::Augmentation;

use crate::{data::attach, serve::Worker};

/// Stream of the generator that draws by how much an image changes.
const STREAM: u64 = 0xc4a6;

/// Each kind of augmentation alone, as strong as learners usually choose it.
fn kinds() -> Vec<(&'static str, Augmentation)> {
    let none = Augmentation { share: 1.0, ..Augmentation::NONE };
    vec![
        ("Rotated", Augmentation { rotation_degrees: 15.0, ..none }),
        ("Slanted", Augmentation { shear: 0.3, ..none }),
        ("Stretched", Augmentation { stretch: 0.2, ..none }),
        ("Bent", Augmentation { bend_px: 1.5, ..none }),
        ("Thicker or thinner", Augmentation { stroke_width_px: 1.5, ..none }),
        ("Larger or smaller", Augmentation { size_px: 3.0, ..none }),
        ("Moved", Augmentation { shift_px: 2.0, ..none }),
    ]
}

/// Handles [`ChangeImage`].
pub(crate) async fn change(
    worker: &mut Worker,
    request: Delivery<ChangeImage>,
) -> Result<Delivery<ChangedImages>, JobError> {
    let ChangeImage { source, part, number, seed } = request.content;
    let dataset = worker.data.as_is(&source).await?;
    let pixels = match part {
        PartName::Train => &dataset.train.pixels,
        PartName::Test => &dataset.test.pixels,
        PartName::Unlabelled => &dataset.unlabelled,
    };
    let missing = || JobError::BadInput("There is no image of this number.".into());
    let image: Image = *pixels.as_chunks::<PIXELS>().0.get(number as usize).ok_or_else(missing)?;
    let mut names = vec!["As it is".to_owned(), "Through the ink pipeline".to_owned()];
    let through = RawImages { width: SIDE, height: SIDE, values: image.to_vec() }.made(Making::FOUND);
    let mut images = LabelledImages::default();
    images.push(&image, 0);
    images.pixels.extend(through);
    images.labels.push(0);
    for (index, (name, augmentation)) in kinds().into_iter().enumerate() {
        let mut rng = Pcg32::new(u64::from(seed), STREAM + index as u64);
        names.push(name.to_owned());
        images.push(&augmented(&image, &augmentation, &mut rng), 0);
    }
    let mut blobs = Blobs::new();
    let images = attach(&mut blobs, images);
    Ok(Delivery { content: ChangedImages { names, images }, blobs })
}
