#!/bin/sh
# Stands before rustc (RUSTC_WRAPPER) in a build of the fuzzer: our own code, and the parsers that nobody but we depend on here, tell the fuzzer
# which branches they take; everything else is built as ever. What cargo-fuzz does to all crates takes ten times as long to build.
case " $* " in
  *" --crate-name pushbench "* | *" --crate-name csv "* | *" --crate-name csv_core "* | *" --crate-name hdrhistogram "* | \
  *" --crate-name quick_xml "* | *" --crate-name roaring "* | *" --crate-name toml_edit "* | *" --crate-name toml_parser "*)
    exec "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
      -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
esac
exec "$@"
