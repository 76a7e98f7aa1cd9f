//! The sink of a caretaker, which shows nothing.

use std::io;
use std::time::SystemTime;

use crate::event::{Call, Memory, Outcome, Sink};

/// Shows nothing.
pub struct Silence;

impl Sink for Silence {
    fn call_entered(&mut self, _: &Call, _: &dyn Memory) {}
    fn call_ended(&mut self, _: &Call, _: Outcome, _: SystemTime, _: &dyn Memory) {}
    fn signal(&mut self, _: i32, _: i32, _: i32, _: &[u8; 128]) {}
    fn stopped(&mut self, _: i32, _: i32, _: i32) {}
    fn exited(&mut self, _: i32, _: i32, _: i32) {}
    fn killed(&mut self, _: i32, _: i32, _: i32, _: bool) {}
    fn superseded(&mut self, _: i32, _: i32) {}
    fn detached(&mut self, _: i32, _: i32) {}
    fn lost(&mut self, _: &str) {}
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
