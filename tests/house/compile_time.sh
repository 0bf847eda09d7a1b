#!/usr/bin/env bash
# Seconds that g++ -O2 takes on one core for a source file, without a cache; each file three times, the median counts.
# Usage: compile_time.sh [--limit SECONDS] [SOURCE...]     left out: the umbrella header, and the worked example's training
set -euo pipefail
cd "$(dirname "$0")/../.."
limit=""
if [ "${1:-}" = --limit ]; then limit=$2 && shift 2; fi
if [ $# = 0 ]; then
  set -- include/intarsia/intarsia.hpp tests/package/consumer.cpp
  if [ -d examples/personalization ]; then
    # The sources that include the library's models are the training program.
    while read -r file; do set -- "$@" "$file"; done < <(grep -lE 'intarsia/(intarsia|models)' examples/personalization/*.cpp || true)
  fi
fi
slow=0 total=0
for source in "$@"; do
  times=()
  for _ in 1 2 3; do
    start=$(date +%s%N)
    taskset -c 0 g++ -std=c++20 -O2 -c -x c++ -I include -I examples/personalization -isystem /usr/include/eigen3 \
      -DPERSONALIZATION_CATALOGUE='"data"' -o /dev/null "$source" 2>/dev/null || { echo "$source does not compile" >&2; exit 1; }
    times+=($((($(date +%s%N) - start) / 10000000)))
  done
  median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n 2p)
  printf '%7s s  %s\n' "$((median / 100)).$(printf %02d $((median % 100)))" "$source"
  case $source in examples/*) total=$((total + median)) ;; esac
done
if [ $total != 0 ]; then printf '%7s s  all of examples/personalization\n' "$((total / 100)).$(printf %02d $((total % 100)))"; fi
if [ -n "$limit" ] && [ $total -gt $((limit * 100)) ]; then slow=1 && echo "that is more than $limit s" >&2; fi
exit $slow
