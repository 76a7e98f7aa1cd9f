//! Where events go: strace's text, JSON lines, or a table at the end.

mod json;
mod log;
mod siginfo;
mod silence;
mod summary;
#[cfg(test)]
mod tests;
mod text;

use std::io;
use std::path::PathBuf;

use crate::config::{Config, Format};
use crate::decode::Decoder;
use crate::escape::plain_text;
use crate::event::Sink;

pub use json::Json;
pub use log::{Log, message};
pub use siginfo::has_address;
pub use silence::Silence;
pub use summary::Summary;
pub use text::Text;

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
#[error("Can't fopen '{}': {}", plain_text(.path.as_os_str().as_encoded_bytes()), reason(.error))]
pub struct OpenError {
    path: PathBuf,
    error: io::Error,
}

/// What the system says of an error, without the number that `io::Error` puts behind it.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The sink that the configuration asks for, its file created.
pub fn open(config: &Config) -> Result<Box<dyn Sink>, OpenError> {
    let log = match &config.output.path {
        None => Log::stderr(),
        Some(path) => Log::file(path).map_err(|error| OpenError {
            path: path.clone(),
            error,
        })?,
    };
    let decoder = Decoder::new(config.output.style.clone());
    Ok(match (config.output.summary, config.output.format) {
        (true, _) => Box::new(Summary::new(log, config)),
        (false, Format::Text) => Box::new(Text::new(log, decoder, config)),
        (false, Format::Json) => Box::new(Json::new(log, decoder, config)),
    })
}
