//! Arrays of numbers.

use super::scalar::pointer;
use super::{Context, read};

/// So many elements are shown when everything is asked for.
const MOST: usize = 1 << 16;

impl Context<'_> {
    /// `[3, 4]`: an array of `int`.
    pub(super) fn ints(&self, addr: u64, count: u64) -> String {
        let most = if self.style.whole {
            MOST
        } else {
            self.style.limit.min(MOST)
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut text = String::from("[");
        for index in 0..count {
            let separator = if index == 0 { "" } else { ", " };
            let at = addr.wrapping_add(4 * index as u64);
            if index >= most {
                text.push_str(&format!("{separator}..."));
                break;
            }
            match read::number(self.memory, at, 4) {
                Some(value) => text.push_str(&format!("{separator}{}", value as u32 as i32)),
                None if index == 0 => return pointer(addr),
                None => {
                    text.push_str(&format!("{separator}... /* {at:#x} */"));
                    break;
                }
            }
        }
        text.push(']');
        text
    }
}
