//! The web worker: a thin shell around `network` and `training` that answers the page's calls.
//!
//! One source, two builds: `worker-cpu` computes with SIMD instructions, `worker-gpu` with WebGPU. Both answer the same
//! calls, so the page can replace one by the other.

#[cfg(all(feature = "cpu", feature = "gpu"))]
compile_error!("build the worker with one of the features cpu and gpu, not with both");

mod changes;
mod data;
mod device;
mod evaluate;
mod failure;
mod files;
mod group;
mod import;
mod inbox;
mod job;
mod kept_data;
mod model;
mod personalize;
mod pictures;
mod predict;
mod scope;
mod serve;
mod train;

// Each binding crate and CubeCL's registry add constructors. Without this declaration the linker wraps every export in
// a call to all of them, and a training step on WebGPU takes 1.3 s instead of 6 ms. `cargo xtask` checks the result.
#[expect(unsafe_code, reason = "the linker's own constructor function can only be declared as foreign")]
unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Starts the worker: called once, by each build's `main`.
pub fn start() {
    #[expect(unsafe_code, reason = "constructors run once, before anything else, as on every other platform")]
    // SAFETY: the symbol is made by the linker; this is its only call, and it comes before any other code.
    unsafe {
        __wasm_call_ctors();
    }
    std::panic::set_hook(Box::new(|info| scope::post_fatal(&info.to_string())));
    wasm_bindgen_futures::spawn_local(serve::serve());
}
