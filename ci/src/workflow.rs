//! The workflow that fans the rows out over machines, one job a row. It is made from the matrix, never by hand.

use std::fmt::Write;

use crate::CHECKS;
use crate::matrix::Matrix;

/// Where it lies.
pub(crate) const PLACE: &str = ".github/workflows/ci.yml";

/// The rows stand where `{rows}` does. Probes and tracers make namespaces of their own, so the container must not forbid
/// them; kernels and programs for the machines are kept between runs, by what the matrix asks for.
const TEXT: &str = r#"# Made from ci/matrix.toml by `cargo run -p everycall-ci -- workflow --write`: do not edit.
name: ci
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  row:
    name: ${{ matrix.row }}
    runs-on: ubuntu-latest
    timeout-minutes: 60
    container:
      image: rust:{rust}-bookworm
      options: --privileged
    strategy:
      fail-fast: false
      matrix:
        row:
{rows}
    env:
      CI: "true"
      EVERYCALL_CACHE: /var/cache/everycall
    steps:
      - uses: actions/checkout@v4
      - uses: actions/cache@v4
        with:
          path: /var/cache/everycall
          key: machines-${{ matrix.row }}-${{ hashFiles('ci/matrix.toml', 'qemu/src/kernels/table.rs') }}
      - run: ci/test --row ${{ matrix.row }}
      - if: failure()
        uses: actions/upload-artifact@v4
        with:
          name: log-${{ matrix.row }}
          path: target/ci
"#;

/// The workflow.
pub(crate) fn text(matrix: &Matrix) -> String {
    let mut rows = format!("          - {CHECKS}");
    for row in &matrix.row {
        // Writing to a string cannot fail.
        let _ = write!(rows, "\n          - {}", row.name);
    }
    TEXT.replace("{rows}", &rows)
        .replace("{rust}", env!("CARGO_PKG_RUST_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root;

    #[test]
    fn the_workflow_and_the_matrix_agree() {
        let matrix = Matrix::read(&root().join("ci/matrix.toml")).unwrap();
        let there = std::fs::read_to_string(root().join(PLACE)).unwrap();
        assert!(
            there == text(&matrix),
            "{PLACE} is not what ci/matrix.toml asks for: cargo run -p everycall-ci -- workflow --write"
        );
        for row in &matrix.row {
            let job = format!("\n          - {}\n", row.name);
            assert_eq!(there.matches(&job).count(), 1, "{}", row.name);
        }
    }
}
