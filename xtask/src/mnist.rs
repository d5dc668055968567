//! MNIST on this machine: the folder that was named, the cache, or a mirror.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use data_files::mnist::{FILES, MIRRORS, MnistFile};

use crate::{places, process::step};

/// The folder with all four files, checked; `None` where they are not to be had, which is said.
pub(crate) fn folder() -> Option<PathBuf> {
    step("MNIST");
    if let Some(named) = env::var_os("INKLING_MNIST_DIR") {
        let named = PathBuf::from(named);
        // Relative to the project, however deep the caller stands.
        let named = if named.is_absolute() { named } else { places::root().join(named) };
        return said(complete(&named).map(|()| named));
    }
    let cache = places::cache().join("mnist");
    if complete(&cache).is_ok() {
        println!("    in the cache: {}", cache.display());
        return Some(cache);
    }
    said(FILES.iter().try_for_each(|file| fetch(file, &cache)).map(|()| cache))
}

fn said(result: anyhow::Result<PathBuf>) -> Option<PathBuf> {
    match result {
        Ok(folder) => {
            println!("    in {}", folder.display());
            Some(folder)
        }
        Err(error) => {
            println!("    MNIST is left out: {error:#}");
            println!("    The page will say so, and offer the built-in digits and your own files.");
            None
        }
    }
}

fn complete(folder: &Path) -> anyhow::Result<()> {
    for file in FILES {
        let path = folder.join(file.name);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(file.matches(&bytes), "{} is not the published file: its SHA-256 differs", path.display());
    }
    Ok(())
}

fn fetch(file: &MnistFile, folder: &Path) -> anyhow::Result<()> {
    let path = folder.join(file.name);
    if fs::read(&path).is_ok_and(|bytes| file.matches(&bytes)) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let part = folder.join(format!("{}.part", file.name));
    let mut failures = Vec::new();
    for mirror in MIRRORS {
        match download(file, &format!("{mirror}{}", file.name), &part) {
            Ok(()) => return fs::rename(&part, &path).context("cannot keep the file"),
            Err(error) => failures.push(format!("{mirror}: {error:#}")),
        }
    }
    bail!("{} could not be fetched ({})", file.name, failures.join("; "))
}

/// Fetches what the part file lacks, and checks the whole.
fn download(file: &MnistFile, url: &str, part: &Path) -> anyhow::Result<()> {
    let mut have = fs::metadata(part).map_or(0, |metadata| metadata.len());
    if have >= file.size_bytes {
        fs::remove_file(part)?;
        have = 0;
    }
    let request = ureq::get(url).header("Range", format!("bytes={have}-"));
    let mut response = request.call()?;
    // A mirror that does not resume sends the whole again.
    let resumes = response.status() == 206;
    let mut out =
        fs::OpenOptions::new().create(true).write(true).append(resumes).truncate(!resumes).open(part)?;
    let mut done = if resumes { have } else { 0 };
    let mut reader = response.body_mut().as_reader().take(file.size_bytes - done + 1);
    let mut block = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut block)?;
        if count == 0 {
            break;
        }
        out.write_all(&block[..count])?;
        done += count as u64;
        print!("\r    {}: {} %   ", file.name, 100 * done / file.size_bytes);
        std::io::stdout().flush()?;
    }
    println!();
    let bytes = fs::read(part)?;
    if !file.matches(&bytes) {
        if bytes.len() as u64 >= file.size_bytes {
            fs::remove_file(part)?;
        }
        bail!("what came is not the published file");
    }
    Ok(())
}
