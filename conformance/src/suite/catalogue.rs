//! Which cases there are.

use std::collections::BTreeMap;

use everycall_arch::AbiId;

use super::CaseName;
use crate::case::Run;
use crate::hazards;
use crate::host;
use crate::numbers;
use crate::probe::Target;

/// The groups of cases.
pub const GROUPS: &[&str] = &[
    numbers::GROUP,
    hazards::GROUPS[0],
    hazards::GROUPS[1],
    hazards::GROUPS[2],
];

/// The ABIs whose calls this machine can make.
#[must_use]
pub fn abis() -> Vec<AbiId> {
    let mut abis = AbiId::ALL.to_vec();
    abis.retain(|abi| {
        Target::ALL
            .into_iter()
            .any(|target| host::makes(*abi, target))
    });
    abis
}

/// The cases of a group for an ABI.
#[must_use]
pub fn cases(abi: AbiId, group: &'static str) -> Vec<CaseName> {
    let names = match group {
        numbers::GROUP => numbers::cases(abi, |target| host::makes(abi, target)),
        _ => hazards::cases(group, abi, |target| host::makes(abi, target)),
    };
    let name = |case| CaseName { abi, group, case };
    names.into_iter().map(name).collect()
}

/// Every case of every group and ABI.
#[must_use]
pub fn all() -> Vec<CaseName> {
    let abis = abis().into_iter();
    abis.flat_map(|abi| GROUPS.iter().flat_map(move |group| cases(abi, group)))
        .collect()
}

/// The runs that decide these cases.
///
/// # Errors
/// When a probe cannot be built.
pub fn runs(wanted: &[CaseName]) -> Result<Vec<Run>, String> {
    let mut parts: BTreeMap<(AbiId, &'static str), Vec<&str>> = BTreeMap::new();
    for case in wanted {
        let part = parts.entry((case.abi, case.group)).or_default();
        part.push(&case.case);
    }
    let mut runs = Vec::new();
    for ((abi, group), names) in parts {
        match group {
            numbers::GROUP => {
                runs.extend(numbers::runs(abi, &names).map_err(|error| error.to_string())?);
            }
            _ => {
                let own = hazards::runs(group, abi, &names);
                runs.extend(own.map_err(|error| error.to_string())?);
            }
        }
    }
    Ok(runs)
}
