//! Tracers in trouble: what each kind of trouble excuses, and what none does.

use super::*;
use crate::case::Claim;
use crate::terms::{Denied, Trouble, Whom};

const KILLED: Trouble = Trouble::Killed {
    after: 1,
    whom: Whom::Front,
    attached: false,
};

/// A trial of one case that is in this trouble.
fn trial(trouble: Trouble) -> Trial {
    let mut trial = Trial::perfect(made());
    trial.run.cases.truncate(1);
    trial.run.terms.trouble = Some(trouble);
    trial
}

fn verdict(trial: &Trial, stderr: &str, left_behind: u32) -> Verdict {
    let (native, traced) = (ledger(&trial.native), ledger(&trial.traced));
    let execution = |ledger, end, left_behind| Execution {
        ledger,
        end,
        stderr,
        left_behind,
    };
    let decisions = judge(
        &trial.run,
        execution(&native, trial.native_end, 0),
        execution(&traced, trial.end, left_behind),
        &trial.output,
        &trial.traits,
    );
    decisions[0].as_ref().expect("it is decided").verdict
}

#[test]
fn who_stands_it_as_if_nothing_were_passes() {
    for trouble in [
        Trouble::Stopped { every: 1 },
        Trouble::SlowPipe,
        Trouble::FullDisk,
        Trouble::Files(3),
        Trouble::Memory(3),
        Trouble::NoMoreMemory { after: 3 },
        Trouble::Denied(Denied::Ptrace),
    ] {
        assert_eq!(verdict(&trial(trouble), "", 0), Verdict::Passed);
    }
}

#[test]
fn nothing_excuses_harm() {
    for trouble in [KILLED, Trouble::Memory(3), Trouble::FullDisk] {
        let mut enosys = trial(trouble.clone());
        for call in &mut enosys.native {
            call.result = Some(7);
        }
        enosys.end = End::Killed(9);
        assert_eq!(verdict(&enosys, "gone", 0), Verdict::Altered, "{trouble:?}");
        let mut claimed = trial(trouble.clone());
        claimed.run.notes = vec![Note::default(); 3];
        claimed.run.notes[1].claim = Some(Claim::Succeeds);
        assert_eq!(
            verdict(&claimed, "gone", 0),
            Verdict::Altered,
            "{trouble:?}"
        );
        let stopped = trial(trouble.clone());
        assert_eq!(verdict(&stopped, "gone", 2), Verdict::Hung, "{trouble:?}");
    }
}

#[test]
fn what_is_killed_owes_nothing_more() {
    let mut gone = trial(KILLED);
    gone.end = End::Killed(9);
    gone.output.calls.clear();
    gone.traced.truncate(1);
    gone.traced[0].result = None;
    assert_eq!(verdict(&gone, "", 0), Verdict::Passed);
}

#[test]
fn a_refusal_is_said_and_comes_before_the_program() {
    let mut refused = trial(Trouble::Files(3));
    refused.end = End::Exited(1);
    refused.output.calls.clear();
    refused.traced.clear();
    assert_eq!(verdict(&refused, "no files", 0), Verdict::Passed);
    assert_ne!(verdict(&refused, " ", 0), Verdict::Passed);
    let mut late = trial(Trouble::Files(3));
    late.end = End::Exited(1);
    assert_ne!(verdict(&late, "no files", 0), Verdict::Passed);
}

#[test]
fn what_is_lost_is_said_and_the_program_runs() {
    let mut lost = trial(Trouble::FullDisk);
    lost.output.calls.clear();
    assert_eq!(verdict(&lost, "no room", 0), Verdict::Passed);
    assert_eq!(verdict(&lost, "", 0), Verdict::Missed);
    lost.end = End::Exited(1);
    assert_eq!(verdict(&lost, "no room", 0), Verdict::Passed);
    lost.traced.truncate(1);
    assert_eq!(verdict(&lost, "no room", 0), Verdict::Altered);
    lost.run.terms.trouble = Some(Trouble::Memory(3));
    assert_eq!(verdict(&lost, "no memory", 0), Verdict::Passed);
    lost.run.terms.trouble = Some(Trouble::SlowPipe);
    assert_ne!(verdict(&lost, "no patience", 0), Verdict::Passed);
}
