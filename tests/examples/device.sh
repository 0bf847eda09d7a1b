#!/usr/bin/env bash
# device.sh PROGRAM CATALOGUE: with --device cuda a study runs on a device, or where there is none, or the program was
# built without CUDA, says so in one sentence before any work and leaves with 2.
set -u
place=$(mktemp -d)
trap 'rm -r "$place"' EXIT
said=$("$1" --catalogue "$2" --splits warm --steps 16 --device cuda --out "$place/out" 2>&1 >/dev/null)
status=$?
if [ $status = 0 ]; then
  grep -q '"cuda' "$place/out/results.json" && exit 0
  echo "the study does not say that it ran on a device"
  exit 1
fi
if [ $status != 2 ]; then
  echo "left with $status: $said"
  exit 1
fi
if [ "$(wc -l <<< "$said")" != 1 ] || ! grep -qi cuda <<< "$said"; then
  echo "not one sentence about CUDA: $said"
  exit 1
fi
if [ -e "$place/out" ]; then
  echo "left something behind"
  exit 1
fi
echo "$said"
