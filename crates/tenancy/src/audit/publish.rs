//! Publishing: checkpoints are appended to a file, from which the operator takes them elsewhere.
//!
//! The file is the memory of what was published: its end is read, and what the database knows beyond it is appended. So a
//! checkpoint is there at least once, whatever ends in the middle, and each node keeps a whole file.

use super::{
    Settings,
    rules::{Checkpoint, Signature},
    store,
};
use std::{
    collections::HashSet,
    fs,
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use stoa_kernel::{Error, Result, Store};

/// Bytes at the end of the file that are looked at.
const TAIL: u64 = 64 * 1024;
/// Checkpoints that are read at a time.
const PAGE: i64 = 1000;

/// Appends the checkpoints that the file does not have.
///
/// # Errors
/// Unavailable, with a sentence, if the file can't be read or written.
pub async fn run(db: &Store, settings: &Settings) -> Result<()> {
    let (missing, continues) = compare(db, settings).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let path = &settings.published;
    if !continues {
        tracing::error!(
            file = %path.display(),
            "the last published checkpoint is not in the database: the record was set back, as by an old back-up"
        );
    }
    let mut text = String::new();
    for checkpoint in &missing {
        text.push_str(&serde_json::to_string(checkpoint).map_err(Error::broken)?);
        text.push('\n');
    }
    append(path, &text).map_err(|error| unpublished(path, &error))
}

/// How many checkpoints the file does not have.
///
/// # Errors
/// Unavailable, with a sentence, if the file can't be read.
pub async fn missing(db: &Store, settings: &Settings) -> Result<usize> {
    Ok(compare(db, settings).await?.0.len())
}

fn unpublished(path: &Path, error: &std::io::Error) -> Error {
    Error::Unavailable(format!("Checkpoints can't be published in {}: {error}", path.display()))
}

/// The checkpoints that the file does not have, and whether the database has the last one of the file.
async fn compare(db: &Store, settings: &Settings) -> Result<(Vec<Checkpoint>, bool)> {
    let known = tail(&settings.published).map_err(|error| unpublished(&settings.published, &error))?;
    let mut after = known.first().map_or(0, |first| first.number - 1);
    let newest = known.last().map(|last| last.signature);
    let known: HashSet<Signature> = known.iter().map(|known| known.signature).collect();
    let (mut missing, mut continues) = (Vec::new(), newest.is_none());
    loop {
        let page = store::checkpoints(db, after, PAGE).await?;
        let last = page.last().map(|last| last.number);
        let whole = (page.len() as i64) < PAGE;
        for checkpoint in page {
            continues |= Some(checkpoint.signature) == newest;
            if !known.contains(&checkpoint.signature) {
                missing.push(checkpoint);
            }
        }
        match last {
            Some(last) if !whole => after = last,
            _ => return Ok((missing, continues)),
        }
    }
}

/// The checkpoints at the end of the file.
fn tail(path: &Path) -> std::io::Result<Vec<Checkpoint>> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().append(true).read(true).create(true).mode(0o644).open(path)?;
    // A line that a crash has cut is left as it is, and the next one begins anew.
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let text = if last == [b'\n'] { text.to_owned() } else { format!("\n{text}") };
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
