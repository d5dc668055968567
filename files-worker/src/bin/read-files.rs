//! Reads files of models.

fn main() {
    files_worker::start_reading();
}
