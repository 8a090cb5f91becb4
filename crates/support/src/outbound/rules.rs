//! Which addresses may be called: those of the Internet, and the internal networks that the operator allows.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The longest address.
pub const URL_MAX: usize = 2000;

/// What the operator allows besides https to the Internet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Internal networks that may be called.
    pub networks: Vec<IpNet>,
    /// Whether addresses may be http, without encryption.
    pub plain_http: bool,
}

/// Networks of IPv4 that are not the Internet: private, shared (CGNAT), loopback, link-local (where clouds keep their metadata),
/// documentation, benchmarks, multicast, reserved.
const NOT_PUBLIC_4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    // The one public address that answers with a cloud's metadata (Azure).
    (Ipv4Addr::new(168, 63, 129, 16), 32),
];

/// Networks inside 2000::/3, the part of IPv6 that is the Internet, that are not: protocols (Teredo and others), documentation, and
/// 6to4, which carries addresses of IPv4 inside.
const NOT_PUBLIC_6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address is one of the Internet. Everything outside 2000::/3 is not: loopback, link-local, unique local (fc00::/7),
/// IPv4 inside IPv6 (::ffff:0:0/96) and NAT64 (64:ff9b::/96) among it.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::from(v4);
            NOT_PUBLIC_4.iter().all(|(net, length)| bits >> (32 - length) != u32::from(*net) >> (32 - length))
        }
        IpAddr::V6(v6) => {
            let bits = u128::from(v6);
            bits >> 125 == 1
                && NOT_PUBLIC_6.iter().all(|(net, length)| bits >> (128 - length) != u128::from(*net) >> (128 - length))
        }
    }
}

impl Policy {
    /// Whether an address may be called.
    pub fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.iter().any(|net| net.contains(&address))
    }

    /// What is wrong with the form of an address, before any name is resolved; the address, read, if nothing is. Odd forms of
    /// numbers (`0x7f.1`, `2130706433`) are read as every client reads them, and then judged.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(&self, text: &str) -> Result<Url, String> {
        let no = |message: &str| Err(message.to_owned());
        if text.len() > URL_MAX || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return no("Enter a valid URL.");
        }
        let Ok(url) = Url::parse(text) else { return no("Enter a valid URL.") };
        match url.scheme() {
            "https" => {}
            "http" if self.plain_http => {}
            "http" => return no("The address must begin with https://."),
            _ => return no("Enter a valid URL."),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return no("An address with a user name or a password is not allowed.");
        }
        // Services that are no web servers listen below 1024; talking to them with crafted requests is an old trick.
        if url.port().is_some_and(|port| port < 1024 && port != 80 && port != 443) {
            return no("Of the ports below 1024 only 80 and 443 are allowed.");
        }
        let address = match url.host() {
            None => return no("Enter a valid URL."),
            Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
            Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
            Some(Host::Domain(name)) if is_local(name) && self.networks.is_empty() => return no(INTERNAL),
            Some(Host::Domain(_)) => return Ok(url),
        };
        if self.allows(address) { Ok(url) } else { no(INTERNAL) }
    }
}

/// What somebody is told whose address leads inside, by its form or by what its name resolves to.
pub const INTERNAL: &str = "The address does not lead to the Internet.";

/// Names that are local by convention; what they resolve to is checked besides.
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.') || ["localhost", "local", "internal", "localdomain", "home", "lan", "intranet"].contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internet_is_public() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "100::1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "193.40.0.1", "2a00:1450::1", "2606:4700::1"]
        {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn odd_forms_are_read_before_they_are_judged() {
        let policy = Policy { plain_http: true, ..Policy::default() };
        for wrong in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://017700000001/",
            "http://127.1/",
            "http://1２7.0.0.1/",
            "http://127。0。0。1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[fe80::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://printer/",
            "http://db.internal./",
            "http://169.254.169.254/latest/",
            "http://user@8.8.8.8/",
            "http://user:secret@8.8.8.8/",
            "http://8.8.8.8:22/",
            "http://8.8.8.8:25/",
            "ftp://8.8.8.8/",
            "file:///etc/passwd",
            "gopher://8.8.8.8/",
            "//8.8.8.8/",
            "http:/\\127.0.0.1/",
            "http://8.8.8.8\\@127.0.0.1/",
            "http://8.8.8.8 /",
            "http://8.8.8.8/\r\nHost: x",
            "http://",
            "http://0/",
            "http://①②⑦.0.0.1/",
            "",
        ] {
            assert!(policy.read(wrong).is_err(), "{wrong}");
        }
        for right in [
            "http://8.8.8.8/",
            "https://hooks.example.org/a?b=c",
            "https://example.org.:8443/",
            "https://[2606:4700::1]/",
        ] {
            assert!(policy.read(right).is_ok(), "{right}: {:?}", policy.read(right));
        }
        assert!(Policy::default().read("http://example.org/").is_err());
    }

    #[test]
    fn the_operator_can_allow_networks() {
        let policy = Policy { networks: vec!["10.20.0.0/16".parse().unwrap()], plain_http: false };
        assert!(policy.read("https://10.20.3.4/").is_ok() && policy.read("https://printer/").is_ok());
        assert!(policy.read("https://10.21.3.4/").is_err() && policy.read("https://[::ffff:10.20.3.4]/").is_err());
    }
}
