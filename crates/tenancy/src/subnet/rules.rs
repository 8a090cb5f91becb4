//! Decisions about access subnets, from values alone.

use ipnet::IpNet;
use std::net::IpAddr;

/// Whether an address lies in a network (or is the address, where no mask is given). An unknown address lies in none.
pub fn contains(inet: &str, address: Option<IpAddr>) -> bool {
    let net = inet.parse::<IpNet>().ok().or_else(|| inet.parse::<IpAddr>().ok().map(IpNet::from));
    match (net, address) {
        (Some(net), Some(address)) => net.contains(&address.to_canonical()),
        _ => false,
    }
}
