#!/usr/bin/env bash
# recall.sh PROGRAM: over the seeds 1, 2, 3 its recall of what was hidden is at least five times that of chance and
# twice that of the untrained model; of ten titles that it lists, at least eight are of the listener's community.
set -u
program=$1
for seed in 1 2 3; do
  said=$("$program" "$seed")
  status=$?
  if [ $status = 2 ]; then exit 2; fi  # what it needs is missing: it has said what
  if [ $status != 0 ]; then
    echo "$program $seed failed"
    exit 1
  fi
  echo "seed $seed: $said"
  awk -v seed="$seed" '
    /^recall@10 of hidden/ {
      gsub(",", "")
      for (i = 1; i < NF; ++i) value[$i] = $(i + 1)
      measured = 1
    }
    /^book/ {
      ++listed
      if ($5 == "0:") ++right
    }
    END {
      if (!measured) { print "seed " seed ": no recall was printed"; exit 1 }
      if (!(value["random"] > 0)) { print "seed " seed ": the recall of chance is not positive"; exit 1 }
      if (value["trained"] < 5 * value["random"]) { print "seed " seed ": below five times chance"; exit 1 }
      if (value["trained"] < 2 * value["untrained"]) { print "seed " seed ": below twice the untrained model"; exit 1 }
      if (listed > 0 && (listed != 10 || right < 8)) { print "seed " seed ": " right " of " listed " titles"; exit 1 }
    }' <<< "$said" || exit 1
done
