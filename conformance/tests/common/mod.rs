//! What several of the tests need.

use std::path::{Path, PathBuf};

use everycall_conformance::subject::Ours;

/// Our own tracer: what the environment names, else what `cargo build` left beside this test.
pub(crate) fn ours() -> Option<Ours> {
    if let Some(program) = std::env::var_os(Ours::VARIABLE) {
        return Some(Ours(vec![program]));
    }
    let this = std::env::current_exe().ok()?;
    // target/<profile>/deps/<test>-<hash>
    let profile = this.parent()?.parent()?;
    let built = |name: &str| Some(profile.join(name)).filter(|path: &PathBuf| Path::exists(path));
    let ectrace = built("ectrace").map(|path| Ours(vec![path.into_os_string()]));
    ectrace.or_else(|| {
        Some(Ours(vec![
            built("everycall")?.into_os_string(),
            "trace".into(),
        ]))
    })
}
