//! Socket addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use everycall_arch::{Ty, flags};

use super::scalar::hex;
use super::{Context, read};
use crate::config::HexStrings;
use crate::escape::quote;

/// The size of a `struct sockaddr_storage`: the kernel takes none that is longer.
const LONGEST: usize = 128;

/// The bytes of a Unix socket's path.
const SUN_PATH: usize = 108;

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..at + 2)?
        .try_into()
        .ok()
        .map(u16::from_be_bytes)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    be32(bytes, at).map(u32::swap_bytes)
}

/// Bytes as they stand in memory, always in hexadecimal.
fn as_bytes(bytes: &[u8]) -> String {
    let mut text = String::new();
    quote(&mut text, bytes, HexStrings::All);
    text
}

impl Context<'_> {
    /// `{sa_family=AF_INET, ...}`; `None` when it cannot be read, or is too short to be one.
    pub(super) fn sockaddr(&self, addr: u64, len: u64) -> Option<String> {
        let len = usize::try_from(len as u32 as i32)
            .ok()
            .filter(|&len| len >= 2)?;
        let bytes = read::exact(self.memory, addr, len.min(LONGEST))?;
        let family = u16::from_le_bytes([*bytes.first()?, *bytes.get(1)?]);
        let fields = match i32::from(family) {
            libc::AF_UNIX => Some(self.unix(&bytes)),
            libc::AF_INET => self.inet(&bytes),
            libc::AF_INET6 => self.inet6(&bytes),
            libc::AF_NETLINK => netlink(&bytes),
            _ => None,
        };
        let fields = fields.unwrap_or_else(|| match &bytes[2..] {
            [] => String::new(),
            data => format!(", sa_data={}", self.text(data)),
        });
        let family = self.scalar(Ty::Enum(&flags::AF), family.into());
        Some(format!("{{sa_family={family}{fields}}}"))
    }

    fn text(&self, bytes: &[u8]) -> String {
        let mut text = String::new();
        quote(&mut text, bytes, self.style.hex);
        text
    }

    fn unix(&self, bytes: &[u8]) -> String {
        let path = &bytes[2..bytes.len().min(2 + SUN_PATH)];
        match path.split_first() {
            None => String::new(),
            // An abstract name: all of it counts, NULs too.
            Some((0, name)) => format!(", sun_path=@{}", self.text(name)),
            Some(_) => {
                let end = path
                    .iter()
                    .position(|&byte| byte == 0)
                    .unwrap_or(path.len());
                format!(", sun_path={}", self.text(&path[..end]))
            }
        }
    }

    /// A port, in network order.
    fn port(&self, bytes: &[u8]) -> Option<String> {
        let port = be16(bytes, 2)?;
        Some(self.named(as_bytes(&bytes[2..4]), &format!("htons({port})")))
    }

    fn inet(&self, bytes: &[u8]) -> Option<String> {
        if bytes.len() < 16 {
            return None;
        }
        let port = self.port(bytes)?;
        let addr = Ipv4Addr::from(be32(bytes, 4)?).to_string();
        let addr = format!("inet_addr({})", self.text(addr.as_bytes()));
        let addr = self.named(as_bytes(&bytes[4..8]), &addr);
        Some(format!(", sin_port={port}, sin_addr={addr}"))
    }

    fn inet6(&self, bytes: &[u8]) -> Option<String> {
        if bytes.len() < 24 {
            return None;
        }
        let port = self.port(bytes)?;
        let flow = format!("htonl({})", be32(bytes, 4)?);
        let flow = self.named(as_bytes(&bytes[4..8]), &flow);
        let octets: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
        let addr = self.text(Ipv6Addr::from(octets).to_string().as_bytes());
        let addr = match self.style.names {
            crate::config::Names::Abbrev => format!("inet_pton(AF_INET6, {addr}, &sin6_addr)"),
            _ => {
                let call = format!("inet_pton(AF_INET6, {addr})");
                format!("sin6_addr={}", self.named(as_bytes(&octets), &call))
            }
        };
        // The name of the interface would be a guess: the tracee may be in another network namespace.
        let scope = le32(bytes, 24).map(|id| format!(", sin6_scope_id={id}"));
        let scope = scope.unwrap_or_default();
        Some(format!(
            ", sin6_port={port}, sin6_flowinfo={flow}, {addr}{scope}"
        ))
    }
}

fn netlink(bytes: &[u8]) -> Option<String> {
    let (pid, groups) = (le32(bytes, 4)?, le32(bytes, 8)?);
    let pad = match be16(bytes, 2)?.swap_bytes() {
        0 => String::new(),
        pad => format!(", nl_pad={}", hex(pad.into())),
    };
    let groups = if groups == 0 {
        "00000000".to_owned()
    } else {
        format!("{groups:#08x}")
    };
    Some(format!("{pad}, nl_pid={pid}, nl_groups={groups}"))
}
