//! Puts a filter on itself, as libseccomp or seccompiler makes it, so that `everycall filter capture` gets it.
//!
//! How this ends means nothing: under most of these filters a program cannot even exit.

mod by_libseccomp;
mod by_seccompiler;
mod sandbox;
mod sets;

use std::error::Error;

const USAGE: &str =
    "usage: everycall-peers libseccomp-linear|libseccomp-tree|seccompiler SET|sandbox
       everycall-peers libseccomp-linear forgotten
       everycall-peers names SET";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [maker, set] = args.as_slice() else {
        return Err(USAGE.into());
    };
    let names = || sets::names(set).ok_or_else(|| format!("there is no set '{set}'"));
    match (maker.as_str(), set.as_str()) {
        ("names", _) => {
            let names: Vec<&str> = names()?.into_iter().collect();
            println!("{}", names.join(","));
        }
        ("libseccomp-linear", "sandbox") => by_libseccomp::sandbox(1)?.load()?,
        ("libseccomp-tree", "sandbox") => by_libseccomp::sandbox(2)?.load()?,
        ("libseccomp-linear", "forgotten") => by_libseccomp::forgotten()?.load()?,
        ("libseccomp-linear", _) => by_libseccomp::trace(names()?, 1)?.load()?,
        ("libseccomp-tree", _) => by_libseccomp::trace(names()?, 2)?.load()?,
        ("seccompiler", "sandbox") => seccompiler::apply_filter(&by_seccompiler::sandbox()?)?,
        ("seccompiler", _) => seccompiler::apply_filter(&by_seccompiler::trace(names()?)?)?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
