//! JSON documents: which kind they are, and where they are wrong.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Fault, Place};
use super::rules::Rules;
use super::{Format, Options, oci, seccompiler};

/// What a document is by its keys: an OCI profile, a container's configuration that has one, or seccompiler's filters.
pub(super) fn read(text: &str, format: Format, options: &Options) -> Result<Rules, Fault> {
    let value: Value = parsed(text)?;
    if format == Format::Seccompiler {
        return seccompiler::read(parsed(text)?, options);
    }
    if value.get("defaultAction").is_some() {
        return oci::read(&parsed(text)?, options);
    }
    if let Some(seccomp) = value.get("linux").and_then(|linux| linux.get("seccomp")) {
        return oci::read(&of_value(seccomp.clone(), "linux.seccomp")?, options);
    }
    let filter = |value: &Value| value.get("filter").is_some();
    if value
        .as_object()
        .is_some_and(|all| all.values().any(filter))
    {
        return seccompiler::read(parsed(text)?, options);
    }
    Err(Fault::whole(
        "it is JSON, but neither an OCI profile (with `defaultAction`), nor a container's config.json, nor seccompiler's (an \
         object of objects with `filter`)",
    ))
}

/// A document of a known shape.
pub(super) fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| {
        let place = Place::Line(error.line().max(1), error.column().max(1));
        // The place stands before the message, not behind it.
        let told = error.to_string();
        let told = told.split(" at line ").next().unwrap_or_default();
        Fault::new(place, told.to_owned())
    })
}

/// A part of a document, of a known shape.
fn of_value<T: DeserializeOwned>(value: Value, path: &str) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| Fault::key(path, error.to_string()))
}
