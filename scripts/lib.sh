# Shared by the scripts here. They run on a bare Debian 12, as root or with sudo, and may be run again at any time.
# shellcheck shell=bash disable=SC2034

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build_packages=(
  clang-16 lld cmake ninja-build ccache pkg-config
  libboost1.81-dev libboost-json1.81-dev libcurl4-openssl-dev libmicrohttpd-dev libpq-dev libfyaml-dev libcli11-dev
  libspdlog-dev libfmt-dev libexpected-dev libhowardhinnant-date-dev libssl-dev ca-certificates tzdata
)
test_packages=(libclang-rt-16-dev llvm-16 libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev pgbouncer)

say() { printf '\033[1m==> %s\033[0m\n' "$*" | if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# as_root COMMAND...: directly, or by sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else
    fail "this needs root, and sudo is not there. As root run: $*"
  fi
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# need PACKAGES...: installs those that are missing, and says which.
need() {
  local missing=() package
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "this system has no apt-get. Install by hand what stands for: ${missing[*]}"
  say "installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if [ -z "${rowpage_lists_fresh:-}" ]; then
    as_root apt-get update -q
    rowpage_lists_fresh=1
  fi
  as_root apt-get install -y -q --no-install-recommends "${missing[@]}"
}

has_postgres_server() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }

# The server's programs, for private clusters. No system cluster is made, started or touched: where PostgreSQL is there already,
# nothing is changed.
need_postgres_server() {
  ! has_postgres_server || return 0
  need postgresql-common
  say "telling postgresql-common not to create a system cluster (/etc/postgresql-common/createcluster.conf)"
  as_root sed -i -E 's/^#?[[:space:]]*create_main_cluster[[:space:]]*=.*/create_main_cluster = false/' \
    /etc/postgresql-common/createcluster.conf
  grep -q '^create_main_cluster = false' /etc/postgresql-common/createcluster.conf ||
    echo 'create_main_cluster = false' | as_root tee -a /etc/postgresql-common/createcluster.conf >/dev/null
  need postgresql-15
}

# From npm, for the tests: Notion's official SDK as a client, and of its MCP server the OpenAPI document. Without the network
# the tests that use them are skipped and say so.
need_npm_packages() {
  command -v node >/dev/null && command -v npm >/dev/null || need nodejs npm
  local folder mcp=@notionhq/notion-mcp-server@2.5.2
  for folder in tests/contract/sdk tests/cli/supabase-js; do  # the official clients of both services
    [ ! "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] || continue
    say "installing the npm packages of $folder"
    npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error ||
      say "they could not be installed (no network?): the test that uses them will be skipped"
  done
  if [ ! -f build/notion-openapi/package/scripts/notion-openapi.json ]; then
    say "fetching the OpenAPI document of $mcp"
    mkdir -p build/notion-openapi
    (cd build/notion-openapi && npm pack --silent --loglevel=error "$mcp" >/dev/null &&
      tar -xzf notionhq-notion-mcp-server-*.tgz package/scripts/notion-openapi.json) ||
      say "it could not be fetched (no network?): without the larger one beside the repository, exchanges are not judged"
  fi
}

# configure_and_build PRESET TARGETS...: into build/PRESET.
configure_and_build() {
  local preset=$1
  shift
  # Always from a configure step: it is quick, and a changed list of files is seen.
  say "configuring build/$preset"
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 || {
    cat "build/$preset.configure.log" >&2
    fail "configuring build/$preset failed"
  }
  say "building build/$preset"
  cmake --build "build/$preset" --parallel "${ROWPAGE_JOBS:-$(nproc)}" ${1:+--target "$@"}
}

mkdir -p build
