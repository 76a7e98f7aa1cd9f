//! How long the maps of the corpus (fixtures/filters) take: `cargo bench -p everycall-filter --bench corpus`.
//!
//! `map` is the map itself, `table` what is told of it by numbers and conditions, `findings` all of both and what is to be said.
//! Each is the least of some times: whatever else the machine does only adds.

mod common;

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use everycall_filter::map::{self, Map};
use everycall_filter::{ByteOrder, Program};

use common::least;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/filters");
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&root)? {
        let inside = fs::read_dir(entry?.path()).into_iter().flatten().flatten();
        files.extend(inside.map(|entry| entry.path()));
    }
    files.retain(|file| file.extension().is_some_and(|end| end == "bpf"));
    files.sort();
    println!(
        "{:<36} {:>6} {:>9} {:>9} {:>9}  milliseconds",
        "filter", "length", "map", "table", "findings"
    );
    let mut most = Duration::ZERO;
    for file in &files {
        let program = Program::from_bytes(&fs::read(file)?, ByteOrder::Little)?;
        let map = Map::of(&program)?;
        let times = [
            least(|| drop(black_box(Map::of(&program)))),
            least(|| drop(black_box(map.sections()))),
            least(|| drop(black_box(map::findings(&program)))),
        ];
        most = most.max(times[0] + times[1]);
        let [made, told, found] = times.map(|time| time.as_secs_f64() * 1e3);
        let name = file.strip_prefix(&root)?.with_extension("");
        println!(
            "{:<36} {:>6} {made:>9.3} {told:>9.3} {found:>9.3}",
            name.display(),
            program.len()
        );
    }
    let most = most.as_secs_f64() * 1e3;
    println!(
        "{} filters; the longest map with its table: {most:.1} ms",
        files.len()
    );
    Ok(())
}
