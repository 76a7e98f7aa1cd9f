//! Which calls are said: missed and invented ones.

use super::*;

#[test]
fn a_perfect_tracer_passes() {
    assert_eq!(Trial::perfect(made()).verdicts(), [PASSED; 3]);
}

#[test]
fn missed() {
    let mut trial = Trial::perfect(made());
    trial.output.calls.remove(1);
    assert_eq!(trial.middle(), (Verdict::Missed, "no line for it".into()));
    let all = trial.decide();
    let expected = &all[1].as_ref().expect("decided").expected;
    assert!(
        expected.contains("601") && expected.contains("ENOSYS"),
        "{expected}"
    );
}

#[test]
fn all_missed() {
    let mut trial = Trial::perfect(made());
    trial.output.calls.clear();
    assert_eq!(trial.verdicts(), [Some(Verdict::Missed); 3]);
}

#[test]
fn invented_for_no_call() {
    let mut trial = Trial::perfect(made());
    let other = line(&call(AbiId::X86_64, 777, [9; 6]));
    trial.output.calls.insert(2, other);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::Invented);
    assert!(observed.contains("777"), "{observed}");
}

#[test]
fn invented_twice_the_same() {
    let mut trial = Trial::perfect(made());
    let again = trial.output.calls[1].clone();
    trial.output.calls.insert(2, again);
    assert_eq!(trial.middle().0, Verdict::Invented);
}

#[test]
fn invented_though_not_asked_for() {
    let mut trial = Trial::perfect(made());
    trial.run.shown[1] = false;
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::Invented);
    assert!(observed.contains("not asked for"), "{observed}");
    trial.output.calls.remove(1);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
}

#[test]
fn the_start_of_the_probe_is_nobodys_call() {
    let mut trial = Trial::perfect(made());
    let mut start = line(&Made {
        result: Some(0),
        ..call(AbiId::X86_64, 59, [1, 2, 3, 0, 0, 0])
    });
    trial.output.calls.insert(0, start.clone());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    start.result = SeenResult::Error("ENOENT".into());
    trial.output.calls[0] = start;
    assert_eq!(trial.verdicts()[0], Some(Verdict::Invented));
}

#[test]
fn an_old_tracer_shows_new_numbers_whatever_it_is_asked_for() {
    let mut trial = Trial::perfect(made());
    trial.run.shown[1] = false;
    trial.traits.shows_unknown = true;
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].name = Some("brand_new_call".into());
    assert_eq!(trial.middle().0, Verdict::Invented, "it knows that name");
}

#[test]
fn what_the_kernel_hides_may_be_missed_but_not_told_wrongly() {
    let mut trial = Trial::perfect(made());
    trial.traits.unseen = vec![(AbiId::X86_64, 601)];
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    let line = trial.output.calls.remove(1);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls.insert(1, line);
    trial.output.calls[1].words.swap(3, 4);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
    trial.output.calls.clear();
    let missed = Some(Verdict::Missed);
    assert_eq!(trial.verdicts(), [missed, PASSED, missed]);
}
