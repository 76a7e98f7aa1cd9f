//! Which cases there are.

use everycall_arch::AbiId;

use super::CaseName;
use crate::case::Run;

/// The groups of cases.
pub const GROUPS: &[&str] = &["numbers"];

/// The ABIs whose calls this host can make.
pub const ABIS: &[AbiId] = &[AbiId::X86_64, AbiId::I386, AbiId::X32];

/// The cases of a group for an ABI.
pub fn cases(_abi: AbiId, _group: &'static str) -> Result<Vec<CaseName>, String> {
    Ok(Vec::new())
}

/// The runs that decide these cases.
pub fn runs(_cases: &[CaseName]) -> Result<Vec<Run>, String> {
    Err("not there yet".into())
}
