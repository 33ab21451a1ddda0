//! Which processes are meant.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_link, read_to_string};

use super::stat::Stat;

/// Linux keeps so much of a command's name.
const NAME_BYTES_MAX: usize = 15;

/// All processes there are.
fn all() -> Result<Vec<u32>, String> {
    let entries = read_dir("/proc").map_err(|e| format!("/proc cannot be read: {e}"))?;
    Ok(entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// Those with this command name, in order.
pub(super) fn named(name: &str) -> Result<Vec<u32>, String> {
    let kept = &name.as_bytes()[..name.len().min(NAME_BYTES_MAX)];
    let is_meant = |pid: &u32| {
        read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|comm| comm.trim_end_matches('\n').as_bytes() == kept)
            && Stat::read(*pid).is_ok()
    };
    let mut found: Vec<_> = all()?.into_iter().filter(is_meant).collect();
    found.sort_unstable();
    Ok(found)
}

/// Those that listen on this port.
pub(super) fn listening(port: u16) -> Result<Vec<u32>, String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| read_to_string(path).unwrap_or_default());
    let sockets: BTreeSet<String> = tables.iter().flat_map(|table| listeners(table, port)).collect();
    if sockets.is_empty() {
        return Err(format!("nobody listens on port {port} of this machine"));
    }
    let links: BTreeSet<String> = sockets.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let holds = |pid: &u32| {
        let open = read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| read_link(entry.path()).ok())
            .any(|link| link.to_str().is_some_and(|link| links.contains(link)))
    };
    let found: Vec<_> = all()?.into_iter().filter(holds).collect();
    if found.is_empty() {
        return Err(format!("who listens on port {port} is told to its own user only"));
    }
    Ok(found)
}

/// Inodes of the sockets that listen on a port, in a table of the kernel's.
fn listeners(table: &str, port: u16) -> Vec<String> {
    const LISTENS: &str = "0A";
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let own = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
        (own == port && *state == LISTENS).then(|| (*inode).to_owned())
    };
    table.lines().skip(1).filter_map(row).collect()
}

/// The same with their children, and the children of these.
pub(super) fn with_children(roots: Vec<u32>) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = all()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|pid| Some((pid, Stat::read(pid).ok()?.parent)))
        .collect();
    let mut family = roots;
    let mut at = 0;
    while at < family.len() {
        let children = parents.iter().filter(|(pid, parent)| *parent == family[at] && !family.contains(pid));
        let children: Vec<u32> = children.map(|(pid, _)| *pid).collect();
        family.extend(children);
        at += 1;
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_of_a_port_are_found_in_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 54321 1 0000000000000000 100 0 0 10 0\n\
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 54399 1 0000000000000000 20 4 30 10 -1\n\
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 100 0 0 10 0\n";
        assert_eq!(listeners(table, 8080), ["54321"]);
        assert_eq!(listeners(table, 80), Vec::<String>::new());
    }
}
