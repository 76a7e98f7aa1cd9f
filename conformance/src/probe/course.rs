//! What a flow does between its calls: it waits, goes round, and makes calls that no ledger could hold.

use super::{Call, CallId, DATA, Data, Flow, LEDGER, Probe, ProbeError, Step};
use crate::ledger;

/// A counter that goes from a negative number to zero, by one with each call that is made aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Countdown {
    /// The counter, eight bytes.
    pub(super) cell: Data,
    /// Where the last call is noted, in the form of the ledger's records.
    pub(super) record: Data,
}

impl Probe {
    /// Waits, without any call, until another flow is about to make `call`, and some milliseconds
    /// more: between the note in the ledger and the call are but a few instructions.
    pub fn watch(&mut self, flow: Flow, call: CallId) {
        self.reach(flow, call);
        self.linger(flow);
    }

    /// Waits, without any call, until another flow is about to make `call`.
    pub fn reach(&mut self, flow: Flow, call: CallId) {
        self.flows[flow.0].push(Step::Watch(call));
    }

    /// Waits, without any call, until the suite has opened the gate. Untraced it is open.
    pub fn wait_at_gate(&mut self, flow: Flow) {
        self.flows[flow.0].push(Step::Gate);
    }

    /// Does nothing for some milliseconds.
    pub fn linger(&mut self, flow: Flow) {
        const ROUNDS: u32 = 1 << 19;
        self.flows[flow.0].push(Step::Spin(ROUNDS));
    }

    /// Steps that are carried out only when `call` has not failed: what needs its child, say.
    pub fn unless_failed(
        &mut self,
        flow: Flow,
        call: CallId,
        steps: impl FnOnce(&mut Probe) -> Result<(), ProbeError>,
    ) -> Result<(), ProbeError> {
        let at = self.flows[flow.0].len();
        self.flows[flow.0].push(Step::Skip(call, at));
        steps(self)?;
        self.flows[flow.0][at] = Step::Skip(call, self.flows[flow.0].len());
        Ok(())
    }

    /// A counter for so many calls. Whoever shares its memory must not share it.
    pub fn countdown(&mut self, calls: u32) -> Countdown {
        let cell = self.bytes(&(-i64::from(calls)).to_le_bytes());
        let record = self.bytes(&vec![0; ledger::record(1) - ledger::record(0)]);
        Countdown { cell, record }
    }

    /// A call that is not in the ledger, only counted; for a child that it makes, `child` goes on.
    pub fn aside(
        &mut self,
        flow: Flow,
        call: Call,
        child: Option<Flow>,
        count: Countdown,
    ) -> Result<(), ProbeError> {
        self.check(flow, call.via)?;
        self.flows[flow.0].push(Step::Aside { call, child, count });
        Ok(())
    }

    /// The place in a flow where its next step will stand.
    #[must_use]
    pub fn place(&self, flow: Flow) -> usize {
        self.flows[flow.0].len()
    }

    /// Goes back to a place in the flow until the counter has come to zero.
    pub fn until_counted(&mut self, flow: Flow, count: Countdown, to: usize) {
        self.while_negative(flow, count.cell, to);
    }

    /// Goes back to a place in the flow as long as the 32 bits there are negative.
    pub fn while_negative(&mut self, flow: Flow, at: Data, to: usize) {
        self.flows[flow.0].push(Step::Back(at, to));
    }

    /// Where the ledger has what a call returned, once it is mapped.
    #[must_use]
    pub fn result_of(&self, call: CallId) -> Data {
        let at = LEDGER + (ledger::record(call.0) + ledger::RESULT) as u64;
        Data((at - DATA) as u32)
    }

    /// Memory that a probe maps by itself, at an address above its data and below its ledger. It cannot be filled
    /// in beforehand.
    #[must_use]
    pub fn mapped(&self, address: u32) -> Data {
        Data(address - DATA as u32)
    }
}
