//! Addresses of passkeys, and what a browser's answer says beside its signature.

use serde_json::{Map, Value, json};
use stoa_kernel::{Error, Result, id};

/// The origin for which passkeys are made and used: the public address of the server. Without one, only a server on the own
/// machine has passkeys, as a browser then is told by nobody else where it is.
///
/// # Errors
/// Conflict where there is none.
pub fn origin(public_url: Option<&str>, base: &str) -> Result<String> {
    let own = |base: &&str| rp_id(base).as_deref() == Some("localhost");
    match public_url.or(Some(base).filter(own)) {
        Some(url) if rp_id(url).is_some() => Ok(url.trim_end_matches('/').to_owned()),
        _ => Err(Error::Conflict("Passkeys need an address: the operator sets public_url.".into())),
    }
}

/// The name for which passkeys of an address are: its host. Numbers are no names.
pub fn rp_id(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.domain().map(ToOwned::to_owned)
}

/// The model of the authenticator, from the answer to a registration: 32 digits of zero if it does not tell. Unsigned, and for
/// display only.
pub fn aaguid(attestation: &[u8]) -> String {
    // The attestation is a CBOR map; after the key `authData` come a head of two or three bytes, then 37 bytes, then the model.
    const KEY: &[u8] = b"\x68authData";
    let at = attestation.windows(KEY.len()).position(|window| window == KEY).map(|at| at + KEY.len());
    let head = at.and_then(|at| attestation.get(at)).map(|byte| if *byte == 0x59 { 3 } else { 2 });
    let bytes = at.zip(head).and_then(|(at, head)| attestation.get(at + head + 37..at + head + 53));
    let uuid = bytes.and_then(|bytes| id::Uuid::from_slice(bytes).ok()).unwrap_or_default();
    uuid.hyphenated().to_string()
}

/// How the authenticator is reached, as an object that says yes to each way: the official client reads no list here.
pub fn transports(credential: &Value) -> Value {
    let known = ["usb", "nfc", "ble", "internal", "hybrid", "smart-card"];
    let told = credential["response"]["transports"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let ways: Map<String, Value> =
        told.filter(|way| known.contains(way)).map(|way| (way.into(), json!(true))).collect();
    Value::Object(ways)
}

/// Whether the authenticator is part of the device: `platform`, `cross-platform`, or empty if the browser does not tell.
pub fn attachment(credential: &Value) -> &'static str {
    match credential["authenticatorAttachment"].as_str() {
        Some("platform") => "platform",
        Some("cross-platform") => "cross-platform",
        _ => "",
    }
}

/// Whether the passkey can be found without a name, as far as the browser knows.
pub fn is_discoverable(credential: &Value) -> bool {
    credential["clientExtensionResults"]["credProps"]["rk"].as_bool().unwrap_or(false)
}

/// Whether a counter says that there is a copy of the authenticator. One that stays at zero says nothing.
pub fn is_copy(stored: u32, told: u32) -> bool {
    (stored > 0 || told > 0) && told <= stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_the_public_address() {
        let of = |public, base| origin(public, base).ok();
        assert_eq!(of(Some("https://stoa.example/"), "http://evil"), Some("https://stoa.example".into()));
        assert_eq!(of(None, "http://localhost:8080"), Some("http://localhost:8080".into()));
        assert_eq!((of(None, "https://evil.example"), of(Some("http://127.0.0.1"), "http://localhost")), (None, None));
    }

    #[test]
    fn counters_that_run_backwards_are_copies() {
        assert!(!is_copy(0, 0) && !is_copy(3, 4) && is_copy(4, 4) && is_copy(4, 3) && is_copy(4, 0));
    }

    #[test]
    fn what_is_no_attestation_has_no_model() {
        assert_eq!(aaguid(b"\x68authData\x58"), "00000000-0000-0000-0000-000000000000");
        let mut answer = b"..\x68authData\x58\x94".to_vec();
        answer.extend([0; 37]);
        answer.extend([7; 16]);
        assert_eq!(aaguid(&answer), "07070707-0707-0707-0707-070707070707");
    }
}
