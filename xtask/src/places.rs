//! Where things lie.

use std::{
    env,
    fs::{self, File},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The project's root.
pub(crate) fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or_else(|| manifest.clone(), PathBuf::from)
}

/// The user's cache of this project: tools, compiled dependencies, MNIST.
pub(crate) fn cache() -> PathBuf {
    let base = env::var_os("XDG_CACHE_HOME").or_else(|| env::var_os("LOCALAPPDATA")).map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    base.or_else(home).unwrap_or_else(env::temp_dir).join("inkling")
}

/// Cargo's target folder: outside the clone, so that a second clone does not compile Burn again.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache().join("target"), PathBuf::from)
}

/// Keeps the target folder for this clone until the file is dropped.
///
/// Cargo tells the packages of two clones apart by nothing, and what has changed by the time of the change alone: what
/// one clone compiled last would pass for the code of the other. So one clone builds at a time, and the next one
/// marks its own sources as changed.
pub(crate) fn claim_target() -> anyhow::Result<File> {
    claim(&target(), &root())
}

fn claim(folder: &Path, root: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(folder)?;
    // Marks cost a build of this very program, and nothing that is not there can pass for something else.
    let is_empty = fs::read_dir(folder)?.next().is_none();
    let mut claim =
        File::options().create(true).read(true).write(true).truncate(false).open(folder.join("built-by"))?;
    if claim.try_lock().is_err() {
        println!("    Another build is using {}: waiting for it.", folder.display());
        claim.lock()?;
    }
    let mut last = String::new();
    claim.read_to_string(&mut last)?;
    if Path::new(&last) != root {
        if !is_empty {
            mark_sources(root)?;
        }
        claim.set_len(0)?;
        claim.rewind()?;
        claim.write_all(root.to_string_lossy().as_bytes())?;
    }
    Ok(claim)
}

fn mark_sources(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && !["target", "dist", "node_modules"].contains(&&*name) {
            mark_sources(&path)?;
        } else if name.ends_with(".rs") || name == "Cargo.toml" {
            File::options().write(true).open(&path)?.set_modified(SystemTime::now())?;
        }
    }
    Ok(())
}

/// The site that the tests look at: built below a path of its own, and not for anybody's host.
pub(crate) fn test_site() -> PathBuf {
    root().join("target/test-site")
}

/// The finished site.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_clone_compiled_does_not_pass_for_this_one() {
        let folder = env::temp_dir().join(format!("inkling-claim-{}", std::process::id()));
        let (here, there, target) = (folder.join("here"), folder.join("there"), folder.join("target"));
        let source = here.join("crates/a.rs");
        fs::create_dir_all(here.join("crates")).unwrap();
        fs::create_dir_all(&there).unwrap();
        fs::write(&source, "").unwrap();
        let is_marked_by = |root: &Path| {
            let file = File::options().write(true).open(&source).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            drop(claim(&target, root).unwrap());
            file.metadata().unwrap().modified().unwrap() > SystemTime::UNIX_EPOCH
        };
        assert!(!is_marked_by(&here), "nothing is compiled yet");
        fs::remove_file(target.join("built-by")).unwrap();
        fs::write(target.join("compiled"), "").unwrap();
        assert!(is_marked_by(&here), "nobody knows by whom");
        assert!(!is_marked_by(&here), "nobody came between");
        assert!(!is_marked_by(&there), "another clone's sources are its own");
        assert!(is_marked_by(&here), "another clone came between");
        fs::remove_dir_all(&folder).unwrap();
    }
}
