//! From a description to an ELF file: addresses are given out, and words become numbers.

use super::step::{self, Encoded};
use super::stub::Stub;
use super::{
    ALWAYS, Built, CELL, Call, CallId, Countdown, DATA, Data, Flow, HandlerCode, Image as Life,
    LEDGER, OTHER, OTHER_BYTES, Probe, ProbeError, Step, TEXT, Target, Word,
};
use crate::elf::{Image, Segment};
use crate::ledger;

/// Where everything lies.
struct Layout<'a> {
    probe: &'a Probe,
    stub: &'static Stub,
    /// By image: a step that goes on with its flow.
    table: u64,
    /// The first step of each flow.
    flows: Vec<u64>,
    /// By image: the private ledger of its set-up calls.
    privates: Vec<u64>,
    /// The code of the first handler.
    handlers: u64,
}

pub(super) fn build(probe: &Probe) -> Result<Built, ProbeError> {
    let mut kinds = probe.images.iter().map(|image| image.target);
    let other = kinds.find(|kind| *kind != probe.target);
    let other = other.map(|kind| program(probe, kind, None)).transpose()?;
    Ok(Built {
        elf: program(probe, probe.target, other)?,
        calls: probe.calls.clone(),
    })
}

/// The ELF file of the probe as a program of this kind. Where steps and data lie is the same for all kinds.
fn program(probe: &Probe, target: Target, other: Option<Vec<u8>>) -> Result<Vec<u8>, ProbeError> {
    let layout = Layout::of(probe, target.stub())?;
    let mut segments = vec![
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
    ];
    if let Some(mut bytes) = other {
        let room = usize::try_from(OTHER_BYTES).unwrap_or(0);
        if bytes.len() > room {
            return Err(ProbeError::TooLarge);
        }
        bytes.resize(room, 0);
        segments.push(Segment {
            address: OTHER,
            bytes,
            executable: false,
        });
    }
    let image = Image {
        machine: layout.stub.machine,
        is_64: layout.stub.is_64,
        flags: layout.stub.flags,
        page: layout.stub.page,
        entry: TEXT + layout.stub.run.len() as u64,
        segments,
    };
    Ok(image.write()?)
}

fn low(address: u64) -> Result<u32, ProbeError> {
    u32::try_from(address).map_err(|_| ProbeError::TooLarge)
}

impl<'a> Layout<'a> {
    fn of(probe: &'a Probe, stub: &'static Stub) -> Result<Layout<'a>, ProbeError> {
        let table = DATA + (probe.data.len() as u64).next_multiple_of(16);
        let mut next = table + ((probe.images.len() + 1) * step::BYTES) as u64;
        let mut flows = Vec::new();
        for flow in &probe.flows {
            flows.push(next);
            // One more, of zeros, stops a flow that does not end by itself.
            let steps = flow.iter().map(width).sum::<usize>() + 1;
            next += (steps * step::BYTES) as u64;
        }
        let mut privates = Vec::new();
        for image in &probe.images {
            privates.push(next);
            next += ledger::bytes(image.count) as u64;
        }
        if next > DATA + (1 << 28) || ledger::bytes(probe.calls.len()) > ledger::MAX_BYTES {
            return Err(ProbeError::TooLarge);
        }
        Ok(Layout {
            probe,
            stub,
            table,
            flows,
            privates,
            handlers: TEXT + (stub.run.len() + stub.entry.len()) as u64,
        })
    }

    fn text(&self) -> Result<Vec<u8>, ProbeError> {
        let run = low(TEXT)?;
        let mut text = self.stub.run.to_vec();
        // There is always one argument.
        let first = low(self.table - step::BYTES as u64)?;
        // Where nobody wants to know, what is to be kept there comes later.
        let vdso = low(self.address(self.probe.vdso.unwrap_or(CELL)))?;
        text.extend(self.stub.entry(first, run, vdso));
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
            let (value, _) = self.word(patch.word, CallId(0), 0);
            let at = patch.at.0 as usize;
            let bytes = usize::from(patch.bytes);
            data[at..at + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
        }
        data.resize(data.len().next_multiple_of(16), 0);
        for image in &self.probe.images {
            go_on(self.address(ALWAYS), self.flows[image.flow.0]).write(&mut data);
        }
        Encoded::default().write(&mut data);
        for (at, flow) in self.probe.flows.iter().enumerate() {
            for step in flow {
                let here = DATA + data.len() as u64;
                for encoded in self.encode(step, Flow(at), here) {
                    encoded.write(&mut data);
                }
            }
            Encoded::default().write(&mut data);
        }
        for (at, image) in self.probe.images.iter().enumerate() {
            data.extend(ledger::empty(image.count, at));
        }
        data
    }

    fn encode(&self, step: &Step, flow: Flow, here: u64) -> Vec<Encoded> {
        let encoded = match *step {
            Step::Call {
                id,
                call,
                child,
                stack,
            } => self.encode_call(id, call, child, stack, here),
            Step::Adopt(image) => return self.adopt(image).to_vec(),
            Step::Watch(call) => Encoded {
                op: step::WATCH,
                words: [LEDGER + ledger::record(call.0) as u64, 0, 0, 0, 0, 0],
                ..Encoded::default()
            },
            Step::Aside { call, child, count } => self.encode_aside(call, child, count, here),
            Step::Back(when, to) => go_on(self.address(when), self.at(flow, to)),
            Step::Gate => Encoded {
                op: step::WATCH,
                words: [LEDGER + ledger::GATE as u64, 0, 0, 0, 0, 0],
                ..Encoded::default()
            },
            Step::Skip(call, to) => go_on(
                LEDGER + (ledger::record(call.0) + ledger::RESULT) as u64,
                self.at(flow, to),
            ),
            Step::Copy(from, to, bytes) => Encoded {
                op: step::COPY,
                words: [
                    self.address(from),
                    self.address(to),
                    u64::from(bytes),
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
        };
        vec![encoded]
    }

    /// Where the step of this index in its flow lies.
    fn at(&self, flow: Flow, index: usize) -> u64 {
        let before = &self.probe.flows[flow.0][..index];
        self.flows[flow.0] + (before.iter().map(width).sum::<usize>() * step::BYTES) as u64
    }

    /// The header of the first image's ledger is that of the shared one; of the others only the counter.
    fn adopt(&self, at: usize) -> [Encoded; 2] {
        let Life { first, count, .. } = self.probe.images[at];
        let private = self.privates[at];
        let copy = |from: usize, to: usize, bytes: usize| Encoded {
            op: step::COPY,
            words: [
                private + from as u64,
                LEDGER + to as u64,
                bytes as u64,
                0,
                0,
                0,
            ],
            ..Encoded::default()
        };
        let (counter, records) = (ledger::counter(at), ledger::record(0));
        let head = match at {
            0 => copy(0, 0, ledger::OWN_HEADER),
            _ => copy(counter, counter, 8),
        };
        let bytes = ledger::bytes(count) - records;
        [head, copy(records, ledger::record(first), bytes)]
    }

    /// The image whose set-up calls this is one of.
    fn set_up(&self, call: CallId) -> Option<usize> {
        let is = |image: &Life| (image.first..image.first + image.count).contains(&call.0);
        self.probe.images.iter().position(is)
    }

    fn encode_call(
        &self,
        id: CallId,
        call: Call,
        child: Option<Flow>,
        stack: Option<Data>,
        here: u64,
    ) -> Encoded {
        let base = self.set_up(id).map_or(LEDGER, |image| self.privates[image]);
        let image = self.probe.in_image[self.probe.calls[id.0].flow.0];
        let own_stack = if stack.is_some() { step::OWN_STACK } else { 0 };
        let made = self.encode_words(call, child, id, here);
        Encoded {
            op: made.op | own_stack,
            record: self.record(id, id),
            counter: base + ledger::counter(image) as u64,
            cell: stack.map_or(0, |cell| self.address(cell)),
            ..made
        }
    }

    fn encode_aside(
        &self,
        call: Call,
        child: Option<Flow>,
        count: Countdown,
        here: u64,
    ) -> Encoded {
        // It has no record in any image's ledger.
        let nobody = CallId(usize::MAX);
        Encoded {
            record: self.address(count.record),
            counter: self.address(count.cell),
            ..self.encode_words(call, child, nobody, here)
        }
    }

    /// What a call is, but for where it is noted.
    fn encode_words(&self, call: Call, child: Option<Flow>, id: CallId, here: u64) -> Encoded {
        let forks = if child.is_some() { step::FORKS } else { 0 };
        let mut encoded = Encoded {
            op: call.via.code() | forks,
            child: child.map_or(0, |flow| self.flows[flow.0]),
            nr: call.nr,
            ..Encoded::default()
        };
        for (i, &word) in call.words.iter().enumerate() {
            let (value, load) = self.word(word, id, here);
            encoded.words[i] = value;
            encoded.loads |= load << i;
        }
        encoded
    }

    /// A word's value, or the address that it is loaded from with the bit that says so.
    fn word(&self, word: Word, reader: CallId, here: u64) -> (u64, u64) {
        match word {
            Word::Value(value) => (value, 0),
            Word::Address(data) => (self.address(data), 0),
            Word::Result(call) => (self.record(call, reader) + ledger::RESULT as u64, 1),
            Word::Load32(data) => (self.address(data), 1 << 8),
            Word::Load(data) => (self.address(data), 1),
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
    fn record(&self, call: CallId, reader: CallId) -> u64 {
        match self.set_up(reader) {
            Some(image) => {
                let index = call.0.saturating_sub(self.probe.images[image].first);
                self.privates[image] + ledger::record(index) as u64
            }
            None => LEDGER + ledger::record(call.0) as u64,
        }
    }
}

/// How many steps it becomes.
fn width(step: &Step) -> usize {
    match step {
        Step::Adopt(_) => 2,
        Step::Call { .. }
        | Step::Aside { .. }
        | Step::Back(..)
        | Step::Watch(_)
        | Step::Gate
        | Step::Spin(_)
        | Step::Skip(..)
        | Step::Copy(..) => 1,
    }
}

/// Goes on at an address when the 32 bits at another are negative.
fn go_on(when: u64, at: u64) -> Encoded {
    Encoded {
        op: step::SKIP,
        words: [when, at, 0, 0, 0, 0],
        ..Encoded::default()
    }
}
