//! The images that every peer trains on: those of `peers/web/protocol.js`, as grey levels.

const PIXELS: usize = 784;
const IMAGES: usize = 1_280;

/// 1,280 images, a fifth of their pixels lit, and labels, a tenth of them random: learnable, so that a falling loss
/// shows that the training is real.
pub fn synthetic_images() -> (Vec<u8>, Vec<u8>) {
    let mut random = Mulberry(12_345);
    let prototypes: Vec<Vec<(usize, f64)>> = (0..10)
        .map(|_| (0..150).map(|_| ((random.next() * 784.0) as usize, 0.5 + 0.5 * random.next())).collect())
        .collect();
    let (mut pixels, mut labels) = (Vec::with_capacity(IMAGES * PIXELS), Vec::with_capacity(IMAGES));
    for _ in 0..IMAGES {
        let digit = (random.next() * 10.0) as u8;
        let mut image = [0; PIXELS];
        for &(at, value) in &prototypes[usize::from(digit)] {
            image[at] = level(value * (0.5 + 0.5 * random.next()));
        }
        for _ in 0..10 {
            let at = (random.next() * 784.0) as usize;
            image[at] = level(random.next());
        }
        pixels.extend(image);
        let is_random = random.next() < 0.1;
        labels.push(if is_random { (random.next() * 10.0) as u8 } else { digit });
    }
    (pixels, labels)
}

fn level(value: f64) -> u8 {
    (255.0 * value).round() as u8
}

/// T. Ettinger's mulberry32, as `protocol.js` has it.
struct Mulberry(u32);

impl Mulberry {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mut t = (self.0 ^ (self.0 >> 15)).wrapping_mul(1 | self.0);
        t = t.wrapping_add((t ^ (t >> 7)).wrapping_mul(0x3d | t)) ^ t;
        f64::from(t ^ (t >> 14)) / 4_294_967_296.0
    }
}
