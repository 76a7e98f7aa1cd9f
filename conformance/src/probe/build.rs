//! From a description to an ELF file: addresses are given out, and words become numbers.

use super::step::{self, Encoded};
use super::stub::Stub;
use super::{
    Built, CELL, Call, CallId, DATA, Data, Flow, HandlerCode, LEDGER, Probe, ProbeError, Step,
    TEXT, Word,
};
use crate::elf::{Image, Segment};
use crate::ledger;

/// Where everything lies.
struct Layout<'a> {
    probe: &'a Probe,
    stub: &'static Stub,
    /// The first step of each flow.
    flows: Vec<u64>,
    /// The private ledger of the set-up calls.
    private: u64,
    /// Calls with an index below this are made before the ledger is mapped.
    adopted: usize,
    /// The code of the first handler.
    handlers: u64,
}

pub(super) fn build(probe: &Probe) -> Result<Built, ProbeError> {
    let layout = Layout::of(probe)?;
    let image = Image {
        machine: layout.stub.machine,
        is_64: layout.stub.is_64,
        flags: layout.stub.flags,
        page: layout.stub.page,
        entry: TEXT + layout.stub.run.len() as u64,
        segments: vec![
            Segment {
                address: TEXT,
                bytes: layout.text()?,
                executable: true,
            },
            Segment {
                address: DATA,
                bytes: layout.data(),
                executable: false,
            },
        ],
    };
    Ok(Built {
        elf: image.write()?,
        calls: probe.calls.clone(),
    })
}

/// The index behind the last call that is made before `Adopt`.
fn adopted(probe: &Probe) -> usize {
    let before = probe.flows[0]
        .iter()
        .take_while(|step| !matches!(step, Step::Adopt));
    before
        .filter(|step| matches!(step, Step::Call { .. }))
        .count()
}

fn low(address: u64) -> Result<u32, ProbeError> {
    u32::try_from(address).map_err(|_| ProbeError::TooLarge)
}

impl Layout<'_> {
    fn of(probe: &Probe) -> Result<Layout<'_>, ProbeError> {
        let stub = probe.target.stub();
        let mut next = DATA + (probe.data.len() as u64).next_multiple_of(16);
        let mut flows = Vec::new();
        for flow in &probe.flows {
            flows.push(next);
            // One more, of zeros, stops a flow that does not end by itself.
            next += ((flow.len() + 1) * step::BYTES) as u64;
        }
        let end = next + ledger::bytes(adopted(probe)) as u64;
        if end > DATA + (1 << 28) || ledger::bytes(probe.calls.len()) > ledger::MAX_BYTES {
            return Err(ProbeError::TooLarge);
        }
        Ok(Layout {
            probe,
            stub,
            flows,
            private: next,
            adopted: adopted(probe),
            handlers: TEXT + (stub.run.len() + stub.entry.len()) as u64,
        })
    }

    fn text(&self) -> Result<Vec<u8>, ProbeError> {
        let run = low(TEXT)?;
        let mut text = self.stub.run.to_vec();
        text.extend(self.stub.entry(low(self.flows[0])?, run));
        for &HandlerCode { flow, old_frame } in &self.probe.handlers {
            let step = low(self.flows[flow.0])?;
            let cell = low(self.address(CELL))?;
            text.extend(self.stub.handler(step, run, cell, old_frame));
        }
        if text.len() as u64 > DATA - TEXT {
            return Err(ProbeError::TooLarge);
        }
        Ok(text)
    }

    fn data(&self) -> Vec<u8> {
        let mut data = self.probe.data.clone();
        for patch in &self.probe.patches {
            let (value, _) = self.word(patch.word, 0, 0);
            let at = patch.at.0 as usize;
            let bytes = usize::from(patch.bytes);
            data[at..at + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
        }
        data.resize(data.len().next_multiple_of(16), 0);
        for flow in &self.probe.flows {
            let first = DATA + data.len() as u64;
            for step in flow {
                let here = DATA + data.len() as u64;
                self.encode(step, first, here).write(&mut data);
            }
            Encoded::default().write(&mut data);
        }
        data.extend(ledger::empty(self.adopted));
        data
    }

    fn encode(&self, step: &Step, first: u64, here: u64) -> Encoded {
        match *step {
            Step::Call {
                id,
                call,
                child,
                stack,
            } => self.encode_call(id, call, child, stack, here),
            Step::Adopt => Encoded {
                op: step::COPY,
                words: [
                    self.private,
                    LEDGER,
                    ledger::bytes(self.adopted) as u64,
                    0,
                    0,
                    0,
                ],
                ..Encoded::default()
            },
            Step::Watch(call) => Encoded {
                op: step::WATCH,
                words: [self.record(call, self.adopted), 0, 0, 0, 0, 0],
                ..Encoded::default()
            },
            Step::Skip(call, to) => Encoded {
                op: step::SKIP,
                words: [
                    self.record(call, self.adopted) + ledger::RESULT as u64,
                    first + (to * step::BYTES) as u64,
                    0,
                    0,
                    0,
                    0,
                ],
                ..Encoded::default()
            },
            Step::Spin(rounds) => Encoded {
                op: step::SPIN,
                words: [u64::from(rounds), 0, 0, 0, 0, 0],
                ..Encoded::default()
            },
        }
    }

    fn encode_call(
        &self,
        id: CallId,
        call: Call,
        child: Option<Flow>,
        stack: Option<Data>,
        here: u64,
    ) -> Encoded {
        let mut op = call.via.code();
        op |= if child.is_some() { step::FORKS } else { 0 };
        op |= if stack.is_some() { step::OWN_STACK } else { 0 };
        let base = if id.0 < self.adopted {
            self.private
        } else {
            LEDGER
        };
        let mut encoded = Encoded {
            op,
            record: self.record(id, id.0),
            counter: base + ledger::COUNTER as u64,
            child: child.map_or(0, |flow| self.flows[flow.0]),
            nr: call.nr,
            cell: stack.map_or(0, |cell| self.address(cell)),
            ..Encoded::default()
        };
        for (i, &word) in call.words.iter().enumerate() {
            let (value, load) = self.word(word, id.0, here);
            encoded.words[i] = value;
            encoded.loads |= load << i;
        }
        encoded
    }

    /// A word's value, or the address that it is loaded from with the bit that says so.
    fn word(&self, word: Word, reader: usize, here: u64) -> (u64, u64) {
        match word {
            Word::Value(value) => (value, 0),
            Word::Address(data) => (self.address(data), 0),
            Word::Result(call) => (self.record(call, reader) + ledger::RESULT as u64, 1),
            Word::Load32(data) => (self.address(data), 1 << 8),
            Word::Handler(handler) => {
                let bytes = self.stub.handler.len() * handler.0;
                (self.handlers + bytes as u64, 0)
            }
            Word::Here => (here, 0),
        }
    }

    fn address(&self, data: Data) -> u64 {
        DATA + u64::from(data.0)
    }

    /// Where the record of a call lies for who looks from the call `reader`.
    fn record(&self, call: CallId, reader: usize) -> u64 {
        let base = if reader < self.adopted {
            self.private
        } else {
            LEDGER
        };
        base + ledger::record(call.0) as u64
    }
}
