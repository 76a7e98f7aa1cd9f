//! Writes the archive that a kernel unpacks as its first file system ("newc").

use std::io::{self, Write};

/// What a name in the archive is.
pub(crate) enum Entry<'a> {
    /// A directory.
    Dir,
    /// A file, with its permissions.
    File(&'a [u8], u32),
    /// A symbolic link.
    Link(&'a [u8]),
    /// A character device: major, minor.
    Device(u32, u32),
}

/// An archive being written.
pub(crate) struct Archive<W: Write> {
    out: W,
    count: u32,
}

impl<W: Write> Archive<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, count: 0 }
    }

    /// Adds a name, without its first slash. Its directory must be there already.
    pub(crate) fn add(&mut self, name: &[u8], entry: &Entry<'_>) -> io::Result<()> {
        let (mode, data, device): (u32, &[u8], (u32, u32)) = match *entry {
            Entry::Dir => (0o040_755, &[], (0, 0)),
            Entry::File(data, permissions) => (0o100_000 | permissions & 0o7777, data, (0, 0)),
            Entry::Link(target) => (0o120_777, target, (0, 0)),
            Entry::Device(major, minor) => (0o020_600, &[], (major, minor)),
        };
        self.put(name, mode, data, device)
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.put(b"TRAILER!!!", 0, &[], (0, 0))?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, name: &[u8], mode: u32, data: &[u8], device: (u32, u32)) -> io::Result<()> {
        let too_long = |_| io::Error::other("too long for the archive");
        let size = u32::try_from(data.len()).map_err(too_long)?;
        let name_size = u32::try_from(name.len() + 1).map_err(too_long)?;
        self.count += 1;
        // Inode, mode, user, group, links, time, size, device, device's own numbers, name, checksum.
        let fields = [
            self.count, mode, 0, 0, 1, 0, size, 0, 0, device.0, device.1, name_size, 0,
        ];
        let mut head = b"070701".to_vec();
        for field in fields {
            head.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        head.extend_from_slice(name);
        head.push(0);
        pad(&mut head);
        self.out.write_all(&head)?;
        self.out.write_all(data)?;
        let over = data.len() % 4;
        if over != 0 {
            self.out.write_all(&[0; 4][over..])?;
        }
        Ok(())
    }
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
