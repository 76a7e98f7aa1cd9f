//! What is said of a call: ABI, number, name, words, arguments, result.

use super::*;
#[test]
fn mis_decoded_number() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].nr = Some(660);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("the number 660"), "{observed}");
}

#[test]
fn mis_decoded_abi() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].abi = Some(AbiId::I386);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("a call of i386"), "{observed}");
}

#[test]
fn mis_decoded_name() {
    let mut calls = made();
    calls[1] = call(AbiId::X86_64, 257, [1, 2, 3, 4, 5, 6]);
    let mut trial = Trial::perfect(calls);
    trial.output.calls[1].name = Some("openat".into());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].name = Some("mkdirat".into());
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("by the name mkdirat"), "{observed}");
    // Without a number beside it, too.
    trial.output.calls[1].nr = None;
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn a_number_in_place_of_a_name_is_honest() {
    let mut calls = made();
    calls[1] = call(AbiId::X86_64, 257, [1, 2, 3, 4, 5, 6]);
    let mut trial = Trial::perfect(calls);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    // Nor has it arguments; but one that is there must be right.
    trial.output.calls[1].args = Some(Vec::new());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].args = Some(vec![SeenArg {
        name: "dfd".into(),
        words: vec![0],
        value: 7,
    }]);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn mis_decoded_words() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].words.swap(3, 4);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(
        observed.contains("word 3 is shown as 0x5, not 0x4"),
        "{observed}"
    );
}

#[test]
fn an_unknown_number_shows_all_its_words() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].words.pop();
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("5 words of 6"), "{observed}");
}

#[test]
fn words_are_compared_in_the_bits_that_the_abi_has() {
    let mut calls = made();
    calls[1] = call(AbiId::I386, 600, [0xdead_beef_0000_0001, 2, 3, 4, 5, 6]);
    let mut trial = Trial::perfect(calls);
    trial.output.calls[1].words[0] = Some(SeenWord { value: 1, bits: 64 });
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].words[0] = Some(SeenWord {
        value: 0x8000_0001,
        bits: 64,
    });
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn of_a_decoded_text_a_bare_numbers_words_are_compared_as_far_as_they_go() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].raw = false;
    trial.output.calls[1].words = vec![Some(SeenWord { value: 2, bits: 32 }), None];
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].words[0] = Some(SeenWord { value: 8, bits: 32 });
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
    trial.output.calls[1].name = Some("brand_new_call".into());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
}

#[test]
fn mis_decoded_results() {
    let wrong = [
        SeenResult::Error("ENOENT".into()),
        SeenResult::Error("39".into()),
        SeenResult::Value(0),
        SeenResult::None,
    ];
    for result in wrong {
        let mut trial = Trial::perfect(made());
        trial.output.calls[1].result = result.clone();
        let (verdict, observed) = trial.middle();
        assert_eq!(verdict, Verdict::MisDecoded, "{result:?}");
        assert!(observed.contains("its result is shown as"), "{observed}");
    }
    for result in [SeenResult::Error("38".into()), SeenResult::Value(ENOSYS)] {
        let mut trial = Trial::perfect(made());
        trial.output.calls[1].result = result.clone();
        assert_eq!(trial.verdicts(), [PASSED; 3], "{result:?}");
    }
}

#[test]
fn a_success_is_no_error_and_no_other_value() {
    let mut calls = made();
    calls[1].result = Some(5);
    let mut trial = Trial::perfect(calls);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    for wrong in [
        SeenResult::Value(6),
        SeenResult::Error("EIO".into()),
        SeenResult::None,
    ] {
        trial.output.calls[1].result = wrong;
        assert_eq!(trial.middle().0, Verdict::MisDecoded);
    }
}

#[test]
fn what_does_not_return_has_no_result() {
    let mut calls = made();
    calls[1] = Made {
        result: None,
        ..call(AbiId::X86_64, 231, [1, 2, 3, 4, 5, 6])
    };
    let mut trial = Trial::perfect(calls);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].result = SeenResult::Value(0);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn a_probe_that_was_killed_in_a_call_cannot_tell_its_result() {
    let mut calls = made();
    calls[1].result = None;
    let mut trial = Trial::perfect(calls);
    trial.output.calls[1].result = SeenResult::Error("EPERM".into());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
}

#[test]
fn a_negative_number_with_bit_30_is_of_either_abi() {
    let mut calls = made();
    calls[1] = call(AbiId::X86_64, 0xc000_0027, [1, 2, 3, 4, 5, 6]);
    let mut trial = Trial::perfect(calls);
    trial.output.calls[1].abi = Some(AbiId::X32);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].abi = Some(AbiId::I386);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn the_number_beside_an_error_is_that_error() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].raw_result = Some(-38);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].raw_result = Some(-2);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
    // JSON lines owe the error's name.
    trial.output.calls[1].raw_result = Some(-38);
    trial.output.calls[1].result = SeenResult::Value(ENOSYS);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

fn arg(name: &str, words: &[u8], value: u64) -> SeenArg {
    SeenArg {
        name: name.into(),
        words: words.to_vec(),
        value,
    }
}

#[test]
fn arguments_are_made_of_their_words() {
    let mut calls = made();
    // fadvise64: fd, offset (two words), len, advice.
    calls[1] = call(AbiId::I386, 250, [1, 2, 3, 4, 5, 6]);
    let trial_of = |args: Vec<SeenArg>| {
        let mut trial = Trial::perfect(calls.clone());
        trial.output.calls[1].args = Some(args);
        trial
    };
    let right = vec![
        arg("fd", &[0], 1),
        arg("offset", &[1, 2], 2 | 3 << 32),
        arg("len", &[3], 4),
        arg("advice", &[4], 5),
    ];
    assert_eq!(trial_of(right).verdicts(), [PASSED; 3]);
    let wrong = [
        (vec![arg("a", &[0], 2)], "shown as 0x2"),
        (vec![arg("a", &[1, 0], 1 | 2 << 32)], "cannot be made of"),
        (vec![arg("a", &[6], 0)], "cannot be made of"),
        (vec![arg("a", &[], 0)], "cannot be made of"),
        (vec![arg("a", &[255, 0], 0)], "cannot be made of"),
        (vec![arg("a", &[1], 2), arg("b", &[0], 1)], "do not ascend"),
        (
            vec![arg("a", &[0], 1)],
            "the kernel has (fd, offset, len, advice)",
        ),
    ];
    for (args, text) in wrong {
        let (verdict, observed) = trial_of(args).middle();
        assert_eq!(verdict, Verdict::MisDecoded);
        assert!(observed.contains(text), "{observed}");
    }
}

#[test]
fn an_unknown_number_has_no_name_of_another_call() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].name = Some("brand_new_call".into());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].name = Some("openat".into());
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn the_entry_points_of_x32s_own_block_take_half_words() {
    let mut calls = made();
    calls[1] = call(AbiId::X32, 0x4000_0202, [0x1_0000_0001, 2, 3, 4, 5, 6]);
    let mut trial = Trial::perfect(calls);
    trial.output.calls[1].words[0] = Some(SeenWord { value: 1, bits: 64 });
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].words[0] = Some(SeenWord { value: 2, bits: 64 });
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}
