//! One-time codes (RFC 6238) and recovery codes, computed from values.

use stoa_kernel::{Error, Result, Time};
use totp_rs::{Builder, Secret, Totp};

/// Seconds of a time step.
const STEP: u64 = 30;
/// Recovery codes that one has.
pub const RECOVERY_CODES: usize = 10;
/// Wrong codes within [`LOCK_SECONDS`] after which none is looked at.
///
/// Whoever gets here knows the password, so this counts for the account, wherever the codes come from: six digits bear no
/// guessing from many machines. Recovery codes and passkeys are not guessed, and still work.
pub const FAILURES: i64 = 10;
/// Seconds for which wrong codes count.
pub const LOCK_SECONDS: i64 = 600;

/// The generator of a user's codes.
///
/// # Errors
/// Broken for a secret that is none.
pub fn generator(secret: &str, site: &str, username: &str) -> Result<Totp> {
    let secret = Secret::try_from_base32(secret).map_err(|_| Error::broken("a stored secret is not base32"))?;
    let plain = |text: &str| text.replace(':', " ").trim().to_owned();
    let issuer = Some(plain(site)).filter(|site| !site.is_empty()).unwrap_or_else(|| "Stoa".to_owned());
    Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .with_step_duration(STEP)
        .with_issuer(Some(issuer))
        .with_account_name(plain(username))
        .build()
        .map_err(Error::broken)
}

/// The time step of a code that is right now or one step away, and newer than the last one that was taken.
pub fn step_of(generator: &Totp, code: &str, last: i64, now: Time) -> Option<i64> {
    let plain: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if plain.len() != 6 || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now.0 / Time::SECOND).ok()?;
    let step = i64::try_from(generator.check(&plain, seconds)?).ok()?;
    (step > last).then_some(step)
}

/// A picture of an address for a camera.
///
/// # Errors
/// Broken if it is too long.
pub fn picture(address: &str) -> Result<String> {
    let code = qrcode::QrCode::new(address.as_bytes()).map_err(Error::broken)?;
    Ok(code.render::<qrcode::render::svg::Color>().min_dimensions(240, 240).build())
}

/// Bytes in the letters and digits that people don't confuse (RFC 4648, base32).
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        (held, bits) = (held << 8 | u32::from(*byte), bits + 8);
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(LETTERS[(held >> bits & 31) as usize]));
        }
        held &= 0xff;
    }
    if bits > 0 {
        text.push(char::from(LETTERS[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// A recovery code as it is shown, from ten random bytes: four groups of four.
pub fn recovery_code(bytes: [u8; 10]) -> String {
    let text = base32(&bytes).to_lowercase();
    let groups: Vec<&str> = [0..4, 4..8, 8..12, 12..16].into_iter().filter_map(|part| text.get(part)).collect();
    groups.join("-")
}

/// A recovery code as it is compared, however it was typed; `None` for what can't be one.
pub fn typed_recovery_code(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    (plain.len() == 16).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time(seconds * Time::SECOND)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1, the last six digits; the secret is "12345678901234567890".
        let generator = generator(&base32(b"12345678901234567890"), "Stoa: HPC", "ann").unwrap();
        assert_eq!(step_of(&generator, "287082", 0, at(59)), Some(1));
        assert_eq!(step_of(&generator, "081 804", 0, at(1_111_111_109)), Some(37_037_036));
        assert_eq!(step_of(&generator, "081804", 0, at(1_111_111_139)), Some(37_037_036), "one step late");
        assert_eq!(step_of(&generator, "081804", 0, at(1_111_111_170)), None, "two steps late");
        assert_eq!(step_of(&generator, "081804", 37_037_036, at(1_111_111_109)), None, "taken once");
        for wrong in ["", "08180", "0818045", "o81804", "००००००"] {
            assert_eq!(step_of(&generator, wrong, 0, at(1_111_111_109)), None, "{wrong}");
        }
        let address = generator.to_url().unwrap();
        assert!(address.starts_with("otpauth://totp/Stoa%20%20HPC:ann?secret=GEZDGNBV"), "{address}");
        assert!(picture(&address).unwrap().contains("<svg"));
    }

    #[test]
    fn recovery_codes_are_read_as_people_type_them() {
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        let code = recovery_code([0xff; 10]);
        assert_eq!(code, "7777-7777-7777-7777");
        assert_eq!(typed_recovery_code(" 7777 77777777-7777"), Some("7777777777777777".into()));
        assert_eq!(typed_recovery_code("777"), None);
    }
}
