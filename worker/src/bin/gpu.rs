//! The build that computes with WebGPU.

fn main() {
    worker::start();
}
