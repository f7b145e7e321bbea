#!/bin/sh
# The environment .venv: made when there is none that runs, installed when a requirements file is not the one last installed.
# The stamps are copies of those files, written after pip has succeeded, so what was interrupted is taken up again.
# $1: the Python that is wished for, or nothing; $2: PyTorch's index, "none", or nothing (see torch_index.sh); then the
# requirements files.
trap 'exit 130' INT
wished=$1 torch_wished=$2 py=.venv/bin/python
shift 2
say() { printf '%s\n' "$*" >&2; }
fits='import sys; sys.exit(sys.version_info < (3, 11))'
kind='import sys; print(sys.base_prefix, sys.version_info[:2])'

fresh() { for file; do cmp -s "$file" ".venv/installed-$file" || return 1; done; }
same() { [ "$("$1" -c "$kind" 2>/dev/null)" = "$("$py" -c "$kind" 2>/dev/null)" ]; }

if "$py" -c "$fits" 2>/dev/null; then
    if [ -z "$wished" ] || ! "$wished" -c "$fits" 2>/dev/null || same "$wished"; then
        fresh "$@" && exit 0
        { "$py" -m pip --version || "$py" -m ensurepip; } >/dev/null 2>&1 && usable=yes
    fi
fi

if [ -z "${usable-}" ]; then
    python= found= bare=
    for name in "$wished" python3 python3.13 python3.12 python3.11 python3.14 python; do
        [ -n "$name" ] || continue
        version=$("$name" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue
        found="${found:+$found, }$name is $version"
        "$name" -c "$fits" 2>/dev/null || continue
        "$name" -c 'import ensurepip, venv' 2>/dev/null || { bare="$bare $name"; continue; }
        python=$name
        break
    done
    if [ -z "$python" ] && [ -n "$bare" ]; then
        say "Python without its venv module:$bare. Install it (Debian, Ubuntu: apt-get install python3-venv)," \
            "or name another Python: make app PYTHON=/path/to/python3.11"
        exit 1
    elif [ -z "$python" ]; then
        say "No Python 3.11 or newer here (${found:-none found})." \
            "Install one, or name it: make app PYTHON=/path/to/python3.11"
        exit 1
    fi
    [ -z "$wished" ] || [ "$python" = "$wished" ] || say "PYTHON=$wished is not a fitting Python; taking $python ($version)."
    say "Making the environment .venv with $python ($version)."
    reason=$("$python" -m venv --clear .venv 2>&1) || {
        say "The environment .venv could not be made: $(echo "$reason" | tail -n 1)"
        exit 1
    }
fi

say "Installing the packages into .venv; the first time takes a few minutes (PyTorch is large)."
# A package whose installation was cut off has files but no INSTALLER mark: pip must not take it for installed.
for info in .venv/lib/python3*/site-packages/*.dist-info; do
    [ ! -d "$info" ] || [ -f "$info/INSTALLER" ] || rm -rf "$info"
done
install() { PIP_USER=0 "$py" -m pip --disable-pip-version-check --no-input install -q "$@" >>.venv/install.log 2>&1; }
files=
for file; do files="$files -r $file"; done
: >.venv/install.log
torch=$(grep '^torch==' requirements.txt)
has_torch="import importlib.metadata as m, sys; sys.exit(m.version('torch').split('+')[0] != '${torch#torch==}')"
"$py" -c "$has_torch" 2>/dev/null || torch_index=$(sh scripts/torch_index.sh "$torch_wished" "$py")
if [ -n "${torch_index-}" ]; then
    say "PyTorch comes from $torch_index (TORCH_INDEX=none takes the default build)."
    install --no-deps --index-url "$torch_index" "$torch" || [ -z "$torch_wished" ] # what was only found may fail
fi && install $files || {
    offline='NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|Network is unreachable|Temporary failure in name'
    if grep -Eq "$offline" .venv/install.log; then
        say "No network: the package index does not answer, and the packages are not all installed yet." \
            "Connect and run make again; it goes on where it stopped (details: .venv/install.log)."
    else
        reason=$(grep '^ERROR' .venv/install.log || tail -n 1 .venv/install.log)
        say "The packages could not be installed: $(echo "$reason" | head -n 1)" \
            "(details: .venv/install.log; if this Python is too new for them, take another: make app PYTHON=/path/to/python3.11)"
    fi
    exit 1
}
for file; do cp "$file" ".venv/installed-$file"; done
