//! Writes models as files and links.

fn main() {
    files_worker::start_writing();
}
