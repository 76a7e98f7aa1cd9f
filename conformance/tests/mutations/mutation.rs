//! Mutations as data: what is broken, and what must be found.

use std::path::Path;

use everycall_conformance::case::Verdict;
use serde::Deserialize;

/// One way to break the tracer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutation {
    /// The file's name, without its ending.
    #[serde(skip)]
    pub(crate) name: String,
    /// What the edits do, in words.
    #[expect(
        dead_code,
        reason = "for whoever reads the file; none may be without it"
    )]
    what: String,
    /// How it is done.
    #[serde(rename = "edit")]
    pub(crate) edits: Vec<Edit>,
    /// Which cases are run.
    pub(crate) slice: Slice,
    /// What must be found; nothing when the mutation must do no harm.
    #[serde(default)]
    pub(crate) expect: Vec<Expect>,
    /// Whether the tracer is right all the same: every case of the slice must pass.
    #[serde(default)]
    pub(crate) harmless: bool,
    /// A part of what the tracer must write of a call of the slice that the running kernel has.
    #[serde(default)]
    pub(crate) writes: Option<String>,
    /// A line that the tracer must say of itself, once a run.
    #[serde(default)]
    pub(crate) says: Option<String>,
}

/// A text that is replaced. It must be in the file exactly once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The file, from the root of the workspace.
    pub(crate) file: String,
    /// The text.
    pub(crate) find: String,
    /// What comes in its place.
    pub(crate) replace: String,
}

/// Some cases with one subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slice {
    /// The subject's id.
    pub(crate) tracer: String,
    /// Parts of `abi::group::case`, of which one suffices.
    pub(crate) cases: Vec<String>,
}

/// A verdict that some case of the slice must get.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// A part of what the judge says that it observed.
    pub(crate) observed: String,
}

/// Every mutation of the folder, by name.
pub(crate) fn all() -> Result<Vec<Mutation>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/mutations");
    let mut mutations = Vec::new();
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        let wrong = |what: String| format!("{}: {what}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
        let mut mutation: Mutation = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        let told = mutation.says.is_some() || mutation.writes.is_some();
        if mutation.edits.is_empty() || (mutation.expect.is_empty() && !told) {
            return Err(wrong("it changes nothing, or nothing comes of it".into()));
        }
        if mutation.harmless != mutation.expect.is_empty() {
            return Err(wrong(
                "what is harmless expects nothing, and what is not expects something".into(),
            ));
        }
        let name = path.file_stem().unwrap_or_default();
        mutation.name = name.to_string_lossy().into_owned();
        mutations.push(mutation);
    }
    mutations.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(mutations)
}
