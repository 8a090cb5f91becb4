//! The signing key: a file of its own, readable by the program's user only, in the form that `openssl genpkey -algorithm
//! ed25519` writes. It is read whenever something is signed, so that a new one counts at once, and never kept.

use super::rules::{Hex, PublicKey, Signature};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::{
    fmt, fs,
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use stoa_kernel::{Error, Result, clock::Clock};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A signing key.
pub struct Key(Ed25519KeyPair);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Key({})", self.public())
    }
}

impl Key {
    /// Reads a key; `None` if there is no such file.
    ///
    /// # Errors
    /// Unavailable, with a sentence that repeats nothing of the file, if it can't be read, is no key, or can be read by others.
    pub fn read(path: &Path) -> Result<Option<Key>> {
        let shown = path.display();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Error::Unavailable(format!("The key of the audit {shown} can't be read: {error}")));
            }
        };
        let mode = fs::metadata(path).map(|meta| meta.permissions().mode()).unwrap_or_default();
        if mode & 0o077 != 0 {
            let words = format!("The key of the audit {shown} can be read by others: make its mode 0600.");
            return Err(Error::Unavailable(words));
        }
        let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let bytes = body.and_then(|body| STANDARD.decode(body.split_whitespace().collect::<String>()).ok());
        let pair = bytes.and_then(|bytes| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes).ok());
        match pair {
            Some(pair) => Ok(Some(Key(pair))),
            None => Err(Error::Unavailable(format!("The key of the audit {shown} is no Ed25519 key (PKCS #8, PEM)."))),
        }
    }

    /// Makes a key in a file that must not exist yet, and reads it.
    ///
    /// # Errors
    /// Unavailable, with a sentence, if the file is there or can't be written.
    pub fn make(path: &Path, clock: &Clock) -> Result<Key> {
        let der = [&PKCS8[..], &clock.secret::<32>()].concat();
        let text = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der));
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        let done: std::io::Result<()> = write();
        done.map_err(|error| {
            Error::Unavailable(format!("The key of the audit {} can't be made: {error}", path.display()))
        })?;
        Key::read(path)?.ok_or_else(|| Error::broken("the key that was made is not there"))
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        Hex::of(self.0.public_key().as_ref()).unwrap_or_default()
    }

    /// Signs a text.
    pub fn sign(&self, text: &str) -> Signature {
        Hex::of(self.0.sign(text.as_bytes()).as_ref()).unwrap_or_default()
    }
}

/// Where a key waits that is named in a checkpoint but not in its place yet.
pub fn waiting(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

/// The key that must sign next, if it is here. After a rotation that was interrupted, the new key is put in its place.
///
/// # Errors
/// As [`Key::read`].
pub fn find(path: &Path, wanted: &PublicKey) -> Result<Option<Key>> {
    if let Some(key) = Key::read(path)?
        && key.public() == *wanted
    {
        return Ok(Some(key));
    }
    let next = waiting(path);
    match Key::read(&next)? {
        Some(key) if key.public() == *wanted => {
            replace(&next, path)?;
            Ok(Some(key))
        }
        _ => Ok(None),
    }
}

/// Puts a key in the place of another.
///
/// # Errors
/// Unavailable, with a sentence.
pub fn replace(next: &Path, path: &Path) -> Result<()> {
    fs::rename(next, path).map_err(|error| {
        Error::Unavailable(format!("The new key {} can't be put in its place: {error}", next.display()))
    })
}
