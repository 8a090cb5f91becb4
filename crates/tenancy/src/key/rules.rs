//! Reading a public key: whether it is one, its type, and its fingerprints.

use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::STANDARD_NO_PAD};
use md5::Md5;
use sha2::{Digest, Sha256, Sha512};

/// The types of keys that OpenSSH makes.
const TYPES: &[&str] = &[
    "ssh-rsa",
    "ssh-dss",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A public key in OpenSSH's form, `type base64 comment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its type.
    pub kind: String,
    /// The words after it; empty for none.
    pub comment: String,
    body: Vec<u8>,
}

/// Reads a public key; says what is wrong with a text that is none.
pub fn parse(text: &str) -> Result<PublicKey, &'static str> {
    let text = text.trim();
    if text.lines().count() != 1 {
        return Err("Key is not valid: it should be single line.");
    }
    let wrong = "Key is not valid: cannot generate fingerprint from it.";
    let mut parts = text.splitn(3, [' ', '\t']);
    let (kind, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let comment = parts.next().unwrap_or_default().trim();
    let body = STANDARD.decode(body).or_else(|_| STANDARD_NO_PAD.decode(body)).map_err(|_| wrong)?;
    // The body begins with the type again, after its length in four bytes.
    let named = body.get(4..4 + kind.len()).filter(|_| body.len() > 4 + kind.len());
    let length = body.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes) as usize);
    if !TYPES.contains(&kind) || named != Some(kind.as_bytes()) || length != Some(kind.len()) {
        return Err(wrong);
    }
    Ok(PublicKey { kind: kind.to_owned(), comment: comment.to_owned(), body })
}

impl PublicKey {
    /// `16:27:ac:a5:…`, as older programs show it.
    pub fn md5(&self) -> String {
        let bytes: Vec<String> =
            <Md5 as md5::Digest>::digest(&self.body).iter().map(|byte| format!("{byte:02x}")).collect();
        bytes.join(":")
    }

    /// `SHA256:` and base64 without padding, as `ssh-keygen -l` shows it.
    pub fn sha256(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.body)))
    }

    /// The SHA-512 of the key, in the same form.
    pub fn sha512(&self) -> String {
        format!("SHA512:{}", STANDARD_NO_PAD.encode(Sha512::digest(&self.body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ann@example.org";

    #[test]
    fn fingerprints_are_those_of_ssh_keygen() {
        let key = parse(KEY).unwrap();
        assert_eq!((key.kind.as_str(), key.comment.as_str()), ("ssh-ed25519", "ann@example.org"));
        assert_eq!(key.sha256(), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
        assert_eq!(key.md5(), "65:96:2d:fc:e8:d5:a9:11:64:0c:0f:ea:00:6e:5b:bd");
        assert_eq!(key.sha512().len(), 93);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let (kind, rest) = KEY.split_once(' ').unwrap();
        for wrong in [
            String::new(),
            "ssh-ed25519".into(),
            format!("ssh-rsa {rest}"),
            format!("{kind} !{rest}"),
            format!("{KEY}\n{KEY}"),
            "-----BEGIN OPENSSH PRIVATE KEY-----".into(),
            format!("{kind} AAAA"),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
        assert!(parse(&format!("  {KEY}\n")).is_ok());
    }
}
