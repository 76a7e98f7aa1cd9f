//! The page, taken apart by a reader of XML, against the JSON of the same report.

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

use crate::case::Verdict;
use crate::judge::Decision;
use crate::report::tests::{entry, report, written};
use crate::report::{Fault, Format, Outcome, Report, Taker};

fn page(report: &Report) -> String {
    written(report, Format::Html)
}

fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(page, options).expect("well-formed")
}

/// All text below a node.
fn text(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter_map(|n| n.is_text().then(|| n.text())?)
        .collect()
}

fn named<'a>(page: &'a Document<'_>, name: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    page.descendants().filter(move |n| n.has_tag_name(name))
}

fn of_class<'a>(page: &'a Document<'_>, class: &'a str) -> Vec<Node<'a, 'a>> {
    let is = |n: &Node<'_, '_>| {
        let own = n.attribute("class").unwrap_or_default();
        own.split(' ').any(|own| own == class)
    };
    page.descendants().filter(is).collect()
}

/// What a tracer might print to get at the reader.
const HOSTILE: &str =
    "</code><script>alert(1)</script><img src=x onerror=y> & ]]> \u{1b}[2J\u{202e}\u{0}\n\"'";

fn hostile() -> Report {
    let mut report = report();
    let bad = Decision {
        verdict: Verdict::Invented,
        expected: HOSTILE.into(),
        observed: HOSTILE.into(),
    };
    let mut known = entry(
        HOSTILE,
        Outcome::Known {
            decision: bad.clone(),
            reason: HOSTILE.into(),
        },
    );
    known.subject = HOSTILE.into();
    known.tracer = HOSTILE.into();
    report.entries.push(known);
    report.entries.push(entry(HOSTILE, Outcome::Failed(bad)));
    report.takers.push(Taker {
        tracer: HOSTILE.into(),
        version: Some(HOSTILE.into()),
        absent: None,
        command: Some(HOSTILE.into()),
    });
    report.stale.push((HOSTILE.into(), HOSTILE.into()));
    report.faults.push(Fault {
        case: HOSTILE.into(),
        what: HOSTILE.into(),
    });
    report
}

#[test]
fn every_number_of_the_page_is_that_of_the_json() {
    let report = hostile();
    let json: Value = serde_json::from_str(&written(&report, Format::Json)).expect("JSON");
    let rows = json["summary"].as_array().expect("rows");
    let page = page(&report);
    let page = parsed(&page);
    let sum = |key: &str| rows.iter().filter_map(|row| row[key].as_u64()).sum::<u64>();
    let total = text(of_class(&page, "verdict")[0]);
    for (key, word) in [
        ("passed", "passed"),
        ("failed", "failed"),
        ("expected_failures", "known failures"),
        ("skipped", "not run"),
    ] {
        assert!(total.contains(&format!("{} {word}", sum(key))), "{total}");
    }
    for (at, row) in rows.iter().enumerate() {
        let (passed, cases) = (&row["passed"], &row["cases"]);
        let href = format!("#row-{at}");
        let cell = named(&page, "a").find(|a| a.attribute("href") == Some(&href));
        match cell {
            Some(cell) => assert!(text(cell).starts_with(&format!("{passed} of {cases}"))),
            None => assert_eq!(passed, cases),
        }
    }
    for (key, class) in [("failures", "failed"), ("expected_failures", "known")] {
        let told = of_class(&page, class).into_iter();
        let told = told.filter(|n| n.has_tag_name("details"));
        let cases = told.flat_map(|kind| {
            let own = kind.descendants();
            own.filter(|n| n.attribute("class") == Some("case"))
                .collect::<Vec<_>>()
        });
        assert_eq!(
            Some(cases.count()),
            json[key].as_array().map(Vec::len),
            "{key}"
        );
    }
}

#[test]
fn each_case_tells_all_that_the_json_has_of_it() {
    let report = report();
    let json: Value = serde_json::from_str(&written(&report, Format::Json)).expect("JSON");
    let page = page(&report);
    let page = parsed(&page);
    let failure = &json["failures"][0];
    let own = of_class(&page, "case");
    let name = failure["case"].as_str().expect("a name");
    let case = own.iter().find(|case| text(**case).starts_with(name));
    let told: Vec<String> = case
        .expect("the case is there")
        .descendants()
        .filter(|n| n.has_tag_name("dd"))
        .map(text)
        .collect();
    let observed = failure["observed"]
        .as_str()
        .map(|text| text.replace('\u{1}', "\\u{1}"));
    assert_eq!(
        told,
        [
            "makes calls of x86_64; the tracer is asked for them alone, by name",
            failure["expected"].as_str().expect("text"),
            &observed.expect("text"),
            failure["reproduce"].as_str().expect("text")
        ]
    );
}

#[test]
fn what_a_tracer_prints_is_only_text() {
    let whole = page(&hostile());
    for raw in ["<script", "<img", "\u{1b}", "\u{202e}", "\u{0}"] {
        assert!(!whole.contains(raw), "{raw:?}");
    }
    let page = parsed(&whole);
    let tags = [
        "html", "head", "meta", "title", "style", "body", "header", "main", "section", "h1", "h2",
        "h3", "p", "b", "span", "small", "div", "dl", "dt", "dd", "ul", "li", "table", "thead",
        "tbody", "tr", "th", "td", "a", "code", "details", "summary",
    ];
    for node in page.descendants().filter(Node::is_element) {
        let tag = node.tag_name().name();
        assert!(tags.contains(&tag), "{tag}");
        for attribute in node.attributes() {
            assert!(!attribute.value().contains("alert"), "{attribute:?}");
            assert!(!attribute.name().starts_with("on") && attribute.name() != "src");
        }
    }
    let shown = text(page.root());
    for part in ["</code><script>alert(1)", "\\u{1b}[2J\\u{202e}\\u{0}\\n\"'"] {
        assert!(shown.contains(part), "{part}");
    }
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_its_links_lead_somewhere() {
    let page = page(&hostile());
    let page = parsed(&page);
    let ids: Vec<&str> = page
        .descendants()
        .filter_map(|n| n.attribute("id"))
        .collect();
    for link in page.descendants().filter_map(|n| n.attribute("href")) {
        let target = link.strip_prefix('#').expect("inside the page");
        assert!(ids.contains(&target), "{link}");
    }
    for label in page
        .descendants()
        .filter_map(|n| n.attribute("aria-labelledby"))
    {
        assert!(ids.contains(&label), "{label}");
    }
    let policy = named(&page, "meta").find(|n| n.has_attribute("http-equiv"));
    let policy = policy
        .and_then(|n| n.attribute("content"))
        .expect("a policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let style = named(&page, "style").next().map(text).expect("a style");
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn many_cases_stay_a_page_that_opens() {
    let mut large = report();
    let few = page(&large).len();
    for n in 0..30_000 {
        large
            .entries
            .push(entry(&format!("call-{n}/only"), Outcome::Passed));
    }
    assert!(
        page(&large).len() < few + 1000,
        "what passed is only counted"
    );
    let bad = Decision {
        verdict: Verdict::Missed,
        expected: "e".repeat(1000),
        observed: "o".repeat(1000),
    };
    for n in 0..30_000 {
        large.entries.push(entry(
            &format!("hole-{n}/only"),
            Outcome::Failed(bad.clone()),
        ));
    }
    let page = page(&large);
    assert!(page.len() < 8 << 20, "{}", page.len());
    for name in ["hole-0/only", "hole-29999/only"] {
        assert!(page.contains(name), "{name}");
    }
}
