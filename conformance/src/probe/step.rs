//! How a step lies in memory: what the stubs read.
//!
//! | at  | what |
//! |-----|------|
//! | 0   | what to do: a call by an instruction (`via.rs`), [`COPY`], [`WATCH`], [`SPIN`], [`SKIP`]; bits [`FORKS`], [`OWN_STACK`] |
//! | 8   | address of the record |
//! | 16  | address of the counter of calls |
//! | 24  | address of the step where a child goes on |
//! | 32  | which words are loaded: bits 0 to 5 for 64 bits, 8 to 13 for 32 bits |
//! | 40  | the number |
//! | 48  | six words |
//! | 96  | address of the cell with the stack pointer; of the stack, for a call through the vDSO |
//!
//! Every field takes eight bytes on every target. Zeros, which end each flow, stop the program.

/// Bytes of a step.
pub(super) const BYTES: usize = 104;

/// Copy words\[2\] bytes from words\[0\] to words\[1\].
pub(super) const COPY: u64 = 3;
/// Wait until the 32 bits at words\[0\] are not zero.
pub(super) const WATCH: u64 = 4;
/// Go round words\[0\] times.
pub(super) const SPIN: u64 = 5;
/// Go on at words\[1\] when the 32 bits at words\[0\] are negative.
pub(super) const SKIP: u64 = 6;
/// Where the call returns 0, go on with the child's step.
pub(super) const FORKS: u64 = 1 << 8;
/// Make the call with the stack pointer that the cell has.
pub(super) const OWN_STACK: u64 = 1 << 9;

/// A step, ready to be written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Encoded {
    pub(super) op: u64,
    pub(super) record: u64,
    pub(super) counter: u64,
    pub(super) child: u64,
    pub(super) loads: u64,
    pub(super) nr: u64,
    pub(super) words: [u64; 6],
    pub(super) cell: u64,
}

impl Encoded {
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        let head = [
            self.op,
            self.record,
            self.counter,
            self.child,
            self.loads,
            self.nr,
        ];
        for field in head.iter().chain(&self.words).chain([&self.cell]) {
            to.extend_from_slice(&field.to_le_bytes());
        }
    }
}
