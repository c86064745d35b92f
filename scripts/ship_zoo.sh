#!/usr/bin/env bash
# Puts the models of a finished `llmx run recipe=zoo_gsm` into the package, with their cards.
#
#   scripts/ship_zoo.sh runs/zoo_gsm-1234abcd
set -euo pipefail
run=${1:?usage: scripts/ship_zoo.sh RUN_FOLDER}
zoo=$(dirname "$0")/../llmx/zoo
for about in "$run"/card/*.json; do
  name=$(basename "$about" .json)
  rm -rf "${zoo:?}/$name"
  cp -r "$run/card/$name" "$zoo/$name"
  cp "$about" "$zoo/$name/about.json"
done
du -sh "$zoo"
