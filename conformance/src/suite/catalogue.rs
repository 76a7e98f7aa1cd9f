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
pub static GROUPS: [&str; 1 + hazards::GROUPS.len()] = {
    let mut groups = [numbers::GROUP; 1 + hazards::GROUPS.len()];
    let mut at = 0;
    while at < hazards::GROUPS.len() {
        groups[at + 1] = hazards::GROUPS[at];
        at += 1;
    }
    groups
};

/// Whether a group is run when nobody asks for a group by name.
#[must_use]
pub fn is_usual(group: &str) -> bool {
    group != hazards::ON_REQUEST
}

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

/// Why a case cannot be judged on this system, whoever is under test; `None` where it can.
#[must_use]
pub fn lacking(case: &CaseName) -> Option<String> {
    match case.group {
        numbers::GROUP => None,
        group => hazards::lacking(group, case.abi, &case.case),
    }
}

/// Every case of every usual group and of every ABI.
#[must_use]
pub fn all() -> Vec<CaseName> {
    let abis = abis().into_iter();
    let groups = || GROUPS.iter().filter(|group| is_usual(group));
    abis.flat_map(|abi| groups().flat_map(move |group| cases(abi, group)))
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
