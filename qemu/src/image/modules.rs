//! Which of a kernel's modules a machine loads, and in which order.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};

use super::ImageError;

/// What a machine cannot do without: the port to the host, and the host's directories. A module that is not
/// there is part of the kernel itself; if it is not, PID 1 finds no device and says so.
const WANTED: [&str; 6] = [
    "virtio_pci",
    "virtio_mmio",
    "virtio_console",
    "9pnet_virtio",
    "9p",
    "virtio_rng",
];

/// No module is longer.
const LONGEST: u64 = 64 << 20;

/// A module, unpacked.
pub(super) struct Module {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// The modules that a machine loads, each after those that it needs.
pub(super) fn collect(dir: &Path) -> Result<Vec<Module>, ImageError> {
    let mut files = HashMap::new();
    find(&dir.join("kernel"), &mut files)?;
    let mut done = Vec::new();
    let mut modules = Vec::new();
    for name in WANTED {
        add(name, &files, &mut done, &mut modules)?;
    }
    Ok(modules)
}

/// Adds a module after those that it needs. The kernel's build refuses circles; so does `done`.
fn add(
    name: &str,
    files: &HashMap<String, PathBuf>,
    done: &mut Vec<String>,
    modules: &mut Vec<Module>,
) -> Result<(), ImageError> {
    let name = name.replace('-', "_");
    let Some(path) = files.get(&name).filter(|_| !done.contains(&name)) else {
        return Ok(());
    };
    done.push(name.clone());
    let bytes = unpack(path)?;
    let needs = needs(&bytes).ok_or_else(|| ImageError::Module(path.clone()))?;
    for needed in needs.split(',').filter(|needed| !needed.is_empty()) {
        add(needed, files, done, modules)?;
    }
    modules.push(Module { name, bytes });
    Ok(())
}

/// All modules below a directory, by the name that the kernel knows them by.
fn find(dir: &Path, files: &mut HashMap<String, PathBuf>) -> Result<(), ImageError> {
    let entries = fs::read_dir(dir).map_err(ImageError::read(dir))?;
    for entry in entries {
        let entry = entry.map_err(ImageError::read(dir))?;
        let kind = entry.file_type().map_err(ImageError::read(dir))?;
        let path = entry.path();
        if kind.is_dir() {
            find(&path, files)?;
            continue;
        }
        let file = entry.file_name();
        if let Some((name, _)) = file.to_string_lossy().split_once(".ko") {
            files.insert(name.replace('-', "_"), path);
        }
    }
    Ok(())
}

fn unpack(path: &Path) -> Result<Vec<u8>, ImageError> {
    let file = fs::File::open(path).map_err(ImageError::read(path))?;
    let mut bytes = Vec::new();
    let read = match path.extension().and_then(|extension| extension.to_str()) {
        Some("ko") => file.take(LONGEST).read_to_end(&mut bytes),
        Some("xz") => lzma_rust2::XzReader::new(std::io::BufReader::new(file), true)
            .take(LONGEST)
            .read_to_end(&mut bytes),
        _ => return Err(ImageError::Packed(path.to_owned())),
    };
    read.map_err(ImageError::read(path))?;
    Ok(bytes)
}

/// The modules that one needs, as its own text says it.
fn needs(bytes: &[u8]) -> Option<String> {
    let file = object::File::parse(bytes).ok()?;
    let info = file.section_by_name(".modinfo")?;
    let text = info.data().ok()?;
    let mut lines = text.split(|byte| *byte == 0);
    let needs = lines.find_map(|line| line.strip_prefix(b"depends="));
    String::from_utf8(needs.unwrap_or_default().to_vec()).ok()
}
