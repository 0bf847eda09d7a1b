# Sourced by tests/run and examples/run: which programs and headers are there, and how the missing ones are installed.

has_header() {  # has_header FILE: whether one of the usual include folders holds it
  local folder more=${CPLUS_INCLUDE_PATH:-}
  for folder in ${more//:/ } /usr/include /usr/local/include /usr/include/eigen3 /usr/local/include/eigen3; do
    if [ -e "$folder/$1" ]; then return 0; fi
  done
  return 1
}

has() {  # has NEED: whether a package of the list below is there, installed by whomever
  case $1 in
  g++) command -v g++ ;;
  cmake) command -v cmake ;;
  ninja-build) command -v ninja ;;
  ccache) command -v ccache ;;
  python3) command -v python3 ;;
  clang-14) command -v clang++-14 || command -v clang++ ;;
  g++-aarch64-linux-gnu) command -v aarch64-linux-gnu-g++ ;;
  libeigen3-dev) has_header Eigen/Core ;;
  catch2) has_header catch2/catch.hpp || has_header catch2/catch_all.hpp ;;
  nlohmann-json3-dev) has_header nlohmann/json.hpp ;;
  libcli11-dev) has_header CLI/CLI.hpp ;;
  *) dpkg -s "$1" ;;
  esac >/dev/null 2>&1
}

missing_of() {  # missing_of NEED...: those that are not there, on one line
  local need list=""
  for need in "$@"; do has "$need" || list="$list $need"; done
  echo $list
}

install_packages() {  # install_packages NEED...: with apt-get, as root
  export DEBIAN_FRONTEND=noninteractive
  echo "installing $* with apt-get"
  apt-get update -qq </dev/null && apt-get install -y -qq --no-install-recommends "$@" </dev/null
}

# require NEED...: installs what is missing; without root or apt-get it prints the list and leaves with 2.
require() {
  local missing
  missing=$(missing_of "$@")
  if [ -z "$missing" ]; then return 0; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing: $missing" >&2
    echo "Install these packages (names as in Debian) with the system's package manager, as root, then run this again." >&2
    exit 2
  fi
  if ! install_packages $missing >"${INSTALL_LOG:-/dev/stderr}" 2>&1 || [ -n "$(missing_of $missing)" ]; then
    echo "could not install: $(missing_of $missing). Install them by hand, then run this again." >&2
    exit 2
  fi
  echo "installed with apt-get: $missing"
}

# want NEED...: the same, but goes on without what cannot be had.
want() {
  local need
  for need in $(missing_of "$@"); do
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && install_packages "$need" >/dev/null 2>&1 && has "$need"; then
      echo "installed with apt-get: $need"
    fi
  done
}
