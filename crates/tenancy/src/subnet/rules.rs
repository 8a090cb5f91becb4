//! Decisions about access subnets, from values alone.

use ipnet::IpNet;
use std::net::IpAddr;

/// Whether an address lies in a network (or is the address, where no mask is given). An unknown address lies in none.
pub fn contains(inet: &str, address: Option<IpAddr>) -> bool {
    match (network(inet), address) {
        (Some(net), Some(address)) => net.contains(&address.to_canonical()),
        _ => false,
    }
}

/// Whether an address lies in one of several networks, separated by commas.
pub fn contains_any(inets: &str, address: Option<IpAddr>) -> bool {
    inets.split(',').any(|inet| contains(inet, address))
}

/// A network from its text; one address is a network of its own.
pub fn network(inet: &str) -> Option<IpNet> {
    let inet = inet.trim();
    inet.parse().ok().or_else(|| inet.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The one spelling in which a network is stored, so that no two rows mean the same: no bits beyond the mask, always a mask.
pub fn spelled(inet: &str) -> Option<String> {
    network(inet).map(|net| net.trunc().to_string())
}

/// What is wrong with a network.
pub fn check(inet: &str) -> Option<String> {
    network(inet).is_none().then(|| "Enter a valid IPv4 or IPv6 address or network, such as 192.0.2.1/32.".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_networks() {
        let address: Option<IpAddr> = "192.0.2.7".parse().ok();
        assert!(contains("192.0.2.0/24", address) && contains("192.0.2.7", address));
        assert!(!contains("192.0.3.0/24", address) && !contains("nonsense", address) && !contains("0.0.0.0/0", None));
        assert!(contains_any("10.0.0.0/8, 192.0.2.0/24", address) && !contains_any("", address));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.7".parse().ok()));
    }

    #[test]
    fn a_network_has_one_spelling() {
        assert_eq!(spelled("192.0.2.7/24").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(spelled(" 192.0.2.7 ").as_deref(), Some("192.0.2.7/32"));
        assert_eq!(spelled("2001:DB8::1").as_deref(), Some("2001:db8::1/128"));
        assert!(check("192.0.2.0/33").is_some() && check("192.0.2.0/24").is_none());
    }
}
