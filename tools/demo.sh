#!/usr/bin/env bash
# Show the whole way from a notebook to a finished run: tools/demo.sh BIN
#
# Everything that is recorded goes to ./.demo, made anew; nothing of the user's own is read or written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$(cd "$1" && pwd):$PATH"
flow=penguins
place=$PWD/.demo
export PATH JUPYTER_DATA_DIR=$place/data JUPYTER_CONFIG_DIR=$place/config JUPYTER_RUNTIME_DIR=$place/runtime
export IPYTHONDIR=$place/ipython MPLCONFIGDIR=$place/matplotlib
unset JUPYTER_FLOWS_REGISTRY
mkdir -p -m 700 "$place"
rm -rf "$place"/{data,config,runtime,ipython,agent.log,quickstart-run.ipynb}

step() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@"; }

step jupyter flows register notebooks/quickstart.ipynb --project demo
jupyter flows agent start >"$place/agent.log" 2>&1 &
agent=$!
trap 'kill "$agent" 2>/dev/null || true; wait "$agent" 2>/dev/null || true' EXIT
printf '\n\033[1m$ jupyter flows agent start &\033[0m\n'
until grep -q takes "$place/agent.log"; do
  kill -0 "$agent" 2>/dev/null || { cat "$place/agent.log" >&2; exit 1; }
  sleep 0.1
done
cat "$place/agent.log"

status=0
step jupyter flows run "$flow" --project demo --wait --timeout 300 || status=$?
run=$(jupyter flows runs --flow "$flow" --json | python -c 'import json, sys; print(json.load(sys.stdin)[0]["run_id"])')
if [ "$status" != 0 ]; then
  cat "$place/agent.log" >&2
fi
step jupyter flows tasks "$run"
step jupyter flows notebook "$run" -o "$place/quickstart-run.ipynb"
printf '\nThe executed notebook: %s\n' "$place/quickstart-run.ipynb"
printf 'Open the quick start yourself: make lab\n'
exit "$status"
