//! What no tracee may do, whatever its words and its memory are.

use everycall_arch::{AbiId, table};
use proptest::prelude::*;

use super::{X, line};
use crate::config::{HexStrings, Names, Style};
use crate::decode::Decoder;
use crate::event::{Memory, Outcome};
use crate::select::Selection;
use crate::testing::{Pieces, call, numbered};

#[test]
fn an_enormous_vector_is_cut() {
    struct Same;
    impl Memory for Same {
        fn read(&self, _addr: u64, buf: &mut [u8]) -> usize {
            buf.fill(1);
            buf.len()
        }
    }
    let style = Style {
        whole: true,
        limit: 1,
        ..Style::default()
    };
    let rendered = Decoder::new(style).enter(&call(X, "execve", &[1, 1, 1]), &Same);
    assert!(
        rendered.parts[1]
            .text
            .as_deref()
            .unwrap()
            .ends_with(", ...]")
    );
    let rendered = Decoder::default().enter(&call(X, "execve", &[1, 1, 1]), &Same);
    assert_eq!(
        rendered.parts[2].text.as_deref(),
        Some("0x1 /* 65536 vars or more */")
    );
}

fn styles() -> impl Strategy<Value = Style> {
    let hex = prop_oneof![
        Just(HexStrings::Never),
        Just(HexStrings::Escapes),
        Just(HexStrings::NonAscii),
        Just(HexStrings::All)
    ];
    let names = prop_oneof![Just(Names::Abbrev), Just(Names::Raw), Just(Names::Verbose)];
    (hex, names, any::<bool>(), 0..100_usize, any::<bool>()).prop_map(
        |(hex, names, whole, limit, raw)| Style {
            hex,
            names,
            whole,
            limit,
            raw: raw.then_some(Selection::All),
        },
    )
}

/// Words that are likely to hit something: small, near the pieces of memory, at the edges.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0..300_u64,
        0xff0..0x1200_u64,
        u64::MAX - 300..=u64::MAX,
        0xffff_ff00..=0x1_0000_0100_u64
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// No call with any words, any memory and any end makes more than one printable line.
    #[test]
    fn nothing_breaks_a_line(
        style in styles(),
        abi in prop::sample::select(AbiId::ALL.to_vec()),
        at in any::<prop::sample::Index>(),
        words in prop::array::uniform6(word()),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        value in prop_oneof![any::<i64>(), -5000..300_i64],
        error: bool,
    ) {
        let all = table::all(abi);
        let nr = if all.is_empty() { 0 } else { at.get(all).nr };
        let high = u64::MAX - bytes.len() as u64 / 2;
        let memory = Pieces::default().with(0x1000, &bytes).with(high, &bytes).with(0xffff_ff80, &bytes);
        let call = numbered(abi, nr, &words);
        for outcome in [Outcome::Returned { value, error }, Outcome::Unknown("why")] {
            let text = line(&style, &call, outcome, &memory, &memory);
            prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{text}");
        }
    }
}
