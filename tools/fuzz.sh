#!/usr/bin/env bash
# Builds the fuzz targets of tests/fuzz (one program for each *_fuzz.cc) and runs them; called by ./dev fuzz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${1:-}
seconds=${2:-60}

cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target fuzz_targets -j "${LIMEN_JOBS:-$(nproc)}" -- --quiet
found=0
for program in build/fuzz/tests/fuzz/*_fuzz; do
  [[ -x $program ]] || continue
  name=$(basename "$program" _fuzz)
  [[ -z $target || $target == "$name" ]] || continue
  found=1
  corpus=tests/fuzz/corpus/$name
  work=.cache/fuzz/$name
  mkdir -p "$work"
  printf '==> %s for %s s\n' "$name" "$seconds"
  seeds=()
  [[ -d $corpus ]] && seeds=("$corpus")
  "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$work/crash-" "$work" "${seeds[@]}" 2>&1 | tail -8
done
[[ $found -eq 1 ]] || { echo "./dev fuzz: no target '${target:-any}' in tests/fuzz" >&2; exit 1; }
