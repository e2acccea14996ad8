#!/usr/bin/env bash
# A build that ships nothing says nothing: builds sdist and wheel, installs the wheel into a fresh
# environment and uses it from another folder, where the source tree can't be imported.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

.venv/bin/python -m build --outdir "$work/dist" . >"$work/build.log" 2>&1 || {
    tail -n 30 "$work/build.log"
    exit 1
}
.venv/bin/python -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$work"/dist/*.whl

mkdir "$work/home"
cd "$work/home"
export HOME="$work/home"
unset PYTHONPATH PBXRETAIN_CONFIG CONFIGURATION_DIRECTORY STATE_DIRECTORY
pbxretain="$work/venv/bin/pbxretain"

run() {
    "$@" >"$work/out" 2>&1 || {
        echo "smoke: this failed: $*"
        cat "$work/out"
        exit 1
    }
}

run "$pbxretain" --version
run "$pbxretain" --help
run "$pbxretain" connector list
grep -q freepbx "$work/out"
run "$pbxretain" policy list --json
run "$pbxretain" schema policy
grep -q '"rules"' "$work/out"
run "$work/venv/bin/python" -m pbxretain.cli.demo --into "$work/demo"
run "$work/venv/bin/python" -c 'from pbxretain.templates import template_text; template_text("eu-90-days")'
grep -q "</html>" "$work/demo/state/demo/reports/verify.html"
# Pages come out of the wheel's own style sheet; a PDF needs the extra and says so.
report="$work/demo/state/demo/reports/000000-deletion-report.dsse.json"
run "$pbxretain" report render "$report" --out "$work/report.html"
grep -q "<style>:root" "$work/report.html"
"$pbxretain" report render "$report" --out "$work/report.pdf" >"$work/out" 2>&1 && exit 1
grep -q "pbxretain\[pdf\]" "$work/out"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$(echo "$work"/dist/*.whl)[pdf]"
run "$pbxretain" report render "$report" --out "$work/report.pdf"
grep -q "pdfaid:part>3" "$work/report.pdf"
echo "smoke: the wheel works in a fresh environment"
