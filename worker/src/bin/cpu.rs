//! The build that computes with SIMD instructions.

fn main() {
    worker::start();
}
