#!/bin/sh
# Prints the package index to take PyTorch from; nothing: from where the other packages come.
# $1: what the person asked for: an index, "none", or nothing; then the index of PyTorch's CPU builds is taken where it
#     answers, on Linux without an NVIDIA GPU: the default build there brings gigabytes for GPUs that would lie idle.
# $2: a Python. $3: the index of PyTorch's CPU builds, if it is another.
wished=${1-} python=$2 cpu=${3:-https://download.pytorch.org/whl/cpu}

case $wished in
    none) exit ;;
    ?*) printf '%s\n' "$wished"; exit ;;
esac
[ "$(uname)" = Linux ] || exit 0 # elsewhere the default build is the small one
nvidia-smi >/dev/null 2>&1 && exit
ask='import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)'
"$python" -c "$ask" "$cpu/torch/" >/dev/null 2>&1 && printf '%s\n' "$cpu"
exit 0
