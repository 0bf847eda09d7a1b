#!/usr/bin/env bash
# Builds and runs a program that gets the library in one of three ways, or checks that a leak is noticed.
# Usage: run.sh find_package|add_subdirectory|fetch_content|leak FOLDER    FOLDER is emptied first
set -euo pipefail
way=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
rm -rf "$folder" && mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

configure() {  # configure WAY BUILD_FOLDER OPTION...
  local way=$1 build=$2
  shift 2
  cmake -S "$here/$way" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
    -DINTARSIA_SOURCE="$source" -DCMAKE_PREFIX_PATH="$folder/prefix" "$@"
}

install_library() {
  cmake -S "$source" -B "$folder/library" -G Ninja -DCMAKE_INSTALL_PREFIX="$folder/prefix" \
    -DINTARSIA_BUILD_TESTS=OFF -DINTARSIA_BUILD_EXAMPLES=OFF -DINTARSIA_BUILD_BENCHMARKS=OFF
  cmake --install "$folder/library"
}

configure plain "$folder/plain" >"$folder/log"
case $way in
leak)
  install_library >>"$folder/log"
  for leaking in add_subdirectory find_package; do
    for leak in option definition library folder; do
      build="$folder/$leaking-$leak"
      { configure $leaking "$build" -DINTARSIA_LEAK=$leak && python3 "$here/same_flags.py" "$build" "$folder/plain"; } \
        >"$build.log" 2>&1 || true
      if ! tr -s '\n ' ' ' <"$build.log" | grep -Eq '(intarsia::intarsia: INTERFACE_|same_flags: ).*(-mavx2|-mfma|EIGEN_DONT_PARALLELIZE|;m)'; then
        echo "package: nobody noticed the leak '$leak' by $leaking: see $build.log" >&2
        exit 1
      fi
    done
  done
  ;;
*)
  if [ "$way" = find_package ]; then install_library; fi
  configure "$way" "$folder/build"
  python3 "$here/same_flags.py" "$folder/build" "$folder/plain"
  cmake --build "$folder/build" --target consumer
  "$folder/build/consumer"
  if grep -q catch_main "$folder/build/build.ninja"; then
    echo "package: the library built its tests inside another project" >&2
    exit 1
  fi
  ;;
esac
