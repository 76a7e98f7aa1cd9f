//! The shape of a policy's TOML, and places in it.

use serde::Deserialize;
use toml::Spanned;

use super::super::error::{Fault, Place};

/// A policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Policy {
    pub(super) abis: Option<Vec<Spanned<String>>>,
    pub(super) default: Spanned<String>,
    pub(super) other_abis: Option<Spanned<String>>,
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) action: Spanned<String>,
    pub(super) calls: Spanned<Vec<Spanned<Calls>>>,
    #[serde(rename = "not")]
    pub(super) except: Option<Vec<Spanned<Calls>>>,
    pub(super) abis: Option<Vec<Spanned<String>>>,
    pub(super) when: Option<Vec<Spanned<String>>>,
}

/// Some calls.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Calls {
    Number(i64),
    Name(String),
}

/// The policy that a text is.
pub(super) fn parsed(text: &str) -> Result<Policy, Fault> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Fault::new(place(text, at), error.message().to_owned())
    })
}

/// Where a byte of a text stands.
pub(super) fn place(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).map_or(0, |line| line.chars().count());
    Place::Line(line, column + 1)
}
