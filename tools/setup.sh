#!/usr/bin/env bash
# Makes .venv from the hash-locked requirements: any Python with venv starts it, uv does the rest.
# Works again without a network once it has run; `make setup` calls it when the lock changes.
set -euo pipefail
cd "$(dirname "$0")/.."

# A Python 3.12 or newer; 3.13 first. Version managers keep some that are not on PATH.
find_python() {
  local candidate
  for candidate in python3.13 python3.14 python3.12 python3 \
      "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3 \
      "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python3 \
      "$HOME"/.local/share/uv/python/cpython-3.1[23]*/bin/python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info < (3, 15))' 2>/dev/null; then
      echo "$candidate"; return
    fi
  done
  echo "Truceline needs Python 3.12 or newer (3.13 is what we test on). Install one and run again." >&2
  return 1
}

python=$(find_python)
if [ ! -x .tools/bin/uv ]; then
  echo "setup: making .tools (uv)"
  "$python" -m venv .tools
  .tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock
fi
if [ ! -x .venv/bin/python ]; then
  .tools/bin/uv venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
fi
echo "setup: installing what requirements/dev.lock names"
.tools/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements/dev.lock
.tools/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
