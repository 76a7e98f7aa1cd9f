//! What a reader sees: maps and differences as text and as JSON.

mod build;

use build::{ALLOW, ARM, Block, ERRNO, I386, KILL, TRACE, X86_64, filter};
use everycall_filter::Action;
use everycall_filter::map::render::{self, Style};
use everycall_filter::map::{Field, Map, Masked, Set, Test, json};

const NARROW: Style = Style {
    width: 72,
    colour: false,
    numbers: false,
    names: None,
};

/// clone with some flags, socket but of one family, personality with some values, and a few plain calls.
fn profile() -> Map {
    let arch = || Test::equal(Field::Arch, X86_64.into());
    let nr = |nr| Test::equal(Field::Nr, nr);
    let arg0 = |value| Test::equal(Field::Arg(0), value);
    let flags = Test {
        field: Field::Arg(0),
        negated: false,
        set: Set::Masked(vec![Masked {
            mask: 0x7e02_0000,
            value: 0,
        }]),
    };
    let allow = |conditions: Vec<Test>| {
        let all = std::iter::once(arch()).chain(conditions).collect();
        (all, Action::Allow)
    };
    let rules = [
        allow(vec![Test::within(Field::Nr, 0, 3)]),
        allow(vec![Test::within(Field::Nr, 334, 424)]),
        allow(vec![nr(56), flags]),
        allow(vec![nr(41), arg0(40).negate()]),
        allow(vec![nr(135), arg0(0)]),
        allow(vec![nr(135), arg0(8)]),
        allow(vec![nr(135), arg0(0xffff_ffff)]),
        allow(vec![nr(16), Test::within(Field::Arg(1), 0, 4095), arg0(2)]),
        (vec![arch()], Action::Errno(1)),
    ];
    Map::of_rules(&rules, Action::KillProcess).unwrap()
}

/// How many calls there are is the tables' business.
fn without_counts(text: &str) -> String {
    let word = |word: &str| match word.parse::<usize>().is_ok() {
        true => "N".to_owned(),
        false => word.to_owned(),
    };
    let line = |line: &str| match line.contains(" more calls") {
        true => line.split(' ').map(word).collect::<Vec<_>>().join(" "),
        false => line.to_owned(),
    };
    text.lines().map(line).map(|line| line + "\n").collect()
}

#[test]
fn a_map_reads_as_a_table() {
    let style = Style {
        names: Some(3),
        ..NARROW
    };
    let text = render::map(&profile().sections().unwrap(), style);
    assert_eq!(
        without_counts(&text),
        "\
x86_64
  ALLOW
      read, write, open, 337-423, and N more calls
  ALLOW if arg0 == 2 && arg1 <= 4095
  ERRNO(EPERM) otherwise
      ioctl (arg0 is fd, arg1 is cmd)
  ERRNO(EPERM) if arg0 == 40
  ALLOW otherwise
      socket (arg0 is family)
  ALLOW if arg0 & 0x7e020000 == 0
  ERRNO(EPERM) otherwise
      clone (arg0 is clone_flags)
  ALLOW if arg0 in {0, 8, 0xffffffff}
  ERRNO(EPERM) otherwise
      personality (arg0 is personality)
  ERRNO(EPERM)
      all others: stat, fstat, lstat, 472-0x3fffffff,
      0x80000000-0xffffffff, and N more calls

x32
  ERRNO(EPERM)
      all numbers

i386, aarch64, arm, all other architectures
  KILL_PROCESS
      all numbers
"
    );
}

#[test]
fn a_difference_reads_as_what_was_and_what_is() {
    let before = filter(&[Block::new(X86_64, ERRNO).range(0, 10, ALLOW)], KILL);
    let after = filter(
        &[
            Block::new(X86_64, ERRNO)
                .range(0, 8, ALLOW)
                .range(101, 101, TRACE),
            Block::new(ARM, KILL).range(1, 2, ALLOW),
        ],
        KILL,
    );
    let [before, after] = [before, after].map(|program| Map::of(&program).unwrap());
    let difference = before.difference(&after).unwrap();
    let sections = difference.sections().unwrap();
    assert_eq!(
        render::difference(&sections, NARROW),
        "\
x86_64
  ALLOW -> ERRNO(EPERM)
      mmap, mprotect
  ERRNO(EPERM) -> TRACE(0x1)
      ptrace

arm
  KILL_PROCESS -> ALLOW
      exit, fork
"
    );
    let told = json::difference(&sections);
    assert_eq!(
        told[0]["regions"][0]["rules"][0]["then"]["from"]["action"],
        "allow"
    );
    assert_eq!(told[0]["regions"][0]["calls"][1]["name"], "mprotect");
    assert_eq!(told[1]["abi"], "arm");
    let none = before.difference(&before).unwrap();
    assert!(none.is_none() && none.sections().unwrap().is_empty() && none.example().is_none());
}

#[test]
fn alternatives_that_stand_alone_have_no_parentheses() {
    let two = |nr, more: Option<Test>| {
        let arch = Test::equal(Field::Arch, I386.into());
        let arg = |value| Test::equal(Field::Arg(1), value);
        let rule = |value| {
            let all = [arch.clone(), Test::equal(Field::Nr, nr), arg(value)];
            (all.into_iter().chain(more.clone()).collect(), Action::Allow)
        };
        let map = Map::of_rules(&[rule(16), rule(31)], Action::Errno(1)).unwrap();
        render::map(&map.sections().unwrap(), NARROW)
    };
    assert!(two(1, None).contains("\n  ALLOW if arg1 == 16 || arg1 == 31\n"));
    let more = Some(Test::equal(Field::Arg(0), 1));
    assert!(two(1, more).contains("\n  ALLOW if arg0 == 1 && (arg1 == 16 || arg1 == 31)\n"));
}

#[test]
fn numbers_are_told_by_a_condition_where_ranges_would_be_too_many() {
    let odd = vec![
        Test::equal(Field::Arch, I386.into()),
        Test::masked(Field::Nr, 1, 1),
    ];
    let map = Map::of_rules(&[(odd, Action::Allow)], Action::Errno(38)).unwrap();
    let style = Style {
        names: Some(2),
        ..NARROW
    };
    let text = render::map(&map.sections().unwrap(), style);
    for half in ["0: restart_syscall, fork, and ", "1: exit, read, and "] {
        let told = format!("      where nr & 0x1 == {half}");
        assert!(text.contains(&told), "{told} is not in\n{text}");
    }
}

#[test]
fn colours_and_numbers_are_for_those_who_want_them() {
    let style = Style {
        colour: true,
        numbers: true,
        ..NARROW
    };
    let text = render::map(&profile().sections().unwrap(), style);
    assert!(text.contains("\u{1b}[32mALLOW\u{1b}[0m"));
    assert!(text.contains("personality(135)"));
}

#[test]
fn json_has_words_of_64_bits_as_text() {
    let told = json::map(&profile().sections().unwrap());
    let x86_64 = &told[0];
    assert_eq!(
        (&x86_64["abi"], &x86_64["name"]),
        (&"x86_64".into(), &"x86_64".into())
    );
    let mut regions = x86_64["regions"].as_array().unwrap().iter();
    let ioctl = regions
        .find(|region| region["calls"][0]["name"] == "ioctl")
        .unwrap();
    assert_eq!(ioctl["calls"][0]["nr"], 16);
    let [when, otherwise] = [0, 1].map(|rule| &ioctl["rules"][rule]);
    assert_eq!(when["then"]["action"], "allow");
    assert_eq!(when["conditions"][0][1]["ranges"][0][1], "0xfff");
    assert_eq!(
        (&otherwise["when"], &otherwise["then"]["data"]),
        (&"otherwise".into(), &1.into())
    );
    let others = told
        .as_array()
        .and_then(|sections| sections.last())
        .unwrap();
    assert_eq!(
        (&others["abi"], &others["arch"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
}
