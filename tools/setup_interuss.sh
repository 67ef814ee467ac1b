#!/usr/bin/env bash
# Makes .tools/interuss, the environment of InterUSS's test suites, from its hash-locked list.
# They need Python 3.13 and collide with nothing of ours there; with an older Python the tests
# that ask for them say that they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then
  echo "setup: InterUSS's suites need Python 3.13; their tests will be skipped"
  exit 0
fi
echo "setup: installing what requirements/interuss.lock names"
[ -x .tools/interuss/bin/python ] || .tools/bin/uv venv --quiet --python .venv/bin/python .tools/interuss
.tools/bin/uv pip sync --quiet --python .tools/interuss/bin/python --require-hashes requirements/interuss.lock
