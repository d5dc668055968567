//! Each file compressed beside itself, as hosts serve them that compress nothing by themselves.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

use crate::{
    places,
    worker_build::{files_below, short_hex},
};

/// Endings of files that are worth it; models are numbers, and images are compressed already.
const ENDINGS: [&str; 8] = ["html", "js", "css", "wasm", "json", "svg", "txt", "webmanifest"];

/// Writes `.br` and `.gz` beside each file of the site, and removes those of files that are gone.
pub(super) fn write(site: &Path) -> anyhow::Result<()> {
    for path in files_below(site)? {
        let name = path.to_string_lossy().into_owned();
        if let Some(plain) = name.strip_suffix(".br").or_else(|| name.strip_suffix(".gz"))
            && ENDINGS.iter().any(|ending| plain.ends_with(&format!(".{ending}")))
            && !Path::new(plain).exists()
        {
            fs::remove_file(&path)?;
        }
        if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
            let bytes = fs::read(&path)?;
            fs::write(format!("{name}.br"), brotli(&bytes)?)?;
            let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
            gzip.write_all(&bytes)?;
            fs::write(format!("{name}.gz"), gzip.finish()?)?;
        }
    }
    Ok(())
}

/// A file by brotli. What takes long is kept by its content.
pub(crate) fn brotli(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    // Quality 11 takes a minute for the larger worker; 9 is within 4 % of it.
    let quality = if bytes.len() > 4 << 20 { 9 } else { 11 };
    let folder = places::cache().join("brotli");
    let kept: PathBuf = folder.join(format!("{}-{quality}.br", short_hex(&Sha256::digest(bytes))));
    if let Ok(packed) = fs::read(&kept) {
        return Ok(packed);
    }
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, quality, 24);
    writer.write_all(bytes)?;
    writer.flush()?;
    let packed = writer.into_inner();
    fs::create_dir_all(&folder)?;
    // Under a name of its own first: another build may write the same.
    let own = folder.join(format!("{}.part", std::process::id()));
    fs::write(&own, &packed)?;
    fs::rename(&own, &kept)?;
    Ok(packed)
}
