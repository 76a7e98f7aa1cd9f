//! A tracer that runs a program as another user: what it does between its filter and the program's execve are calls
//! of a tracee.

use serde::Deserialize;

use super::{Entry, Subject};

/// How a tracer runs a program as another user, and what is known of that.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherUser {
    /// The words that ask for it; `{user}` is the user's name.
    words: Vec<String>,
    /// Known failures. As the whole has no group of its own, the cases are named `abi::other-user::case`.
    #[serde(default)]
    pub expected: Vec<Entry>,
}

impl Subject {
    /// As it is started to run a program as this user, if it can.
    #[must_use]
    pub fn as_other_user(&self, user: &str) -> Option<Subject> {
        let words = &self.other_user.as_ref()?.words;
        let words = words.iter().map(|word| word.replace("{user}", user));
        Some(self.with_words(words))
    }
}
