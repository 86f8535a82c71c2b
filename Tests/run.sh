#!/usr/bin/env bash
# Builds and runs the tests (`make test`). Failures and suites that are done are shown as they come, then what was checked
# and what was skipped; the whole log stays in .build/tests.log.
#
#   KUBECHAINS_TESTS  brief (the default), full or soak; see TestSupport/TestSize.swift
#   KUBECHAINS_CASE   the name of the only recorded case to run, such as small-003
#   KUBECHAINS_ONLY   a regular expression for the only suites and tests to run, such as LintTests
#   SWIFT             the swift command
#   FLAGS             options of `swift build`, as the Makefile has them
set -euo pipefail
cd "$(dirname "$0")/.."

size=${KUBECHAINS_TESTS:-brief} case=${KUBECHAINS_CASE:-} only=${KUBECHAINS_ONLY:-} swift=${SWIFT:-swift} log=.build/tests.log
case $size in brief | full | soak) ;; *) echo "invalid TESTS '$size': expected brief, full or soak" >&2; exit 64 ;; esac
if [ -n "$case" ]; then
    ls -d Fixtures/conformance*/"$case"/options >/dev/null 2>&1 ||
        { echo "there is no recorded case '$case' in Fixtures/conformance or Fixtures/conformance-ipvs" >&2; exit 64; }
    only=${only:-'[rR]ecordedCase'}
fi

# What Swift Testing says of each test that starts, passes or is skipped, which may go over several lines, is left to the log.
failures_and_suites='
    /^(◇|✔ Test |➜)/ { hidden = 1 }
    !hidden && !/^(Skipped:|\[[0-9]+\/|Build complete|↳ Test|↳ Target)/ { print; fflush() }
    / (started|seconds|skipped)\.$|^➜/ { hidden = 0 }'

echo "Building the tests: about three minutes the first time."
# shellcheck disable=SC2086 # several options
"$swift" build --build-tests --quiet ${FLAGS:-}
echo "Running the tests, size $size."
bundle=$("$swift" build --show-bin-path)/kubechainsPackageTests.xctest

# Runs tests and keeps what they say: part LOG FILTER...
part() {
    "$bundle" --testing-library swift-testing "${@:2}" 2>&1 | sed -u 's/\x1b\[[0-9;]*m//g' | tee "$1" |
        awk "$failures_and_suites" && return
    local code=$?
    [ $code -lt 128 ] || echo "The tests were ended by signal $((code - 128)), see $1."
    return 1
}

status=0
if [ -n "$only" ]; then
    part "$log" --filter "$only" || status=1
else
    # Two processes: the tests of the commands wait for programs, and others use the processors meanwhile.
    part "$log.commands" --filter '^CommandLineTests\.' &
    part "$log.libraries" --skip '^CommandLineTests\.' || status=1
    wait $! || status=1
    cat "$log.libraries" "$log.commands" >"$log"
fi

grep -E '^(✔|✘) Test run ' "$log" || true
skipped=$(grep -E '^(➜|Skipped:)' "$log" | sed 's/^➜ *//' | sort -u || true)
if [ -n "$skipped" ]; then
    echo "Skipped on this machine:"
    sed 's/^Skipped: //; s/^/  /' <<<"$skipped"
fi
if [ "$size" = brief ] && [ -z "$only" ]; then
    echo "Brief: fewer random inputs, kernels and packets. All of them: make test TESTS=full"
fi
exit "$status"
