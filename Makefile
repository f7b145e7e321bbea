# Two commands: `make app` and `make test`. GNU make 3.81 or newer and a POSIX shell.
#
# PYTHON=...       a Python (3.11 or newer) to build the environment from
# PORT=...         the app's port
# TORCH_INDEX=...  a package index for PyTorch alone, such as that of its CPU builds (see the README)
# CHROMIUM=...     the browser that the tests drive
# JOBS=...         the processes that the tests run in
# ARGS=...         for pytest, such as ARGS="-x tests/test_app.py"

PYTHON ?=
PORT ?= 8501
TORCH_INDEX ?=
CHROMIUM ?=
JOBS ?= 2
ARGS ?=

PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help app test models clean env env-dev

help:
	@echo 'make app     train on MovieLens-100K (once) and serve the app at http://localhost:8501 (PORT=... for another)'
	@echo 'make test    install what the tests need, check the style, run the tests (ARGS=... goes to pytest)'
	@echo 'make models  rebuild the bundles that ship, models/shop and models/shop-dot'
	@echo 'make clean   remove the environment, caches and unfinished trainings; keeps data and trained bundles'

app: env
	@$(PY) -c "$$MACRID_PORT" "$(PORT)"
	@sh -c "$$MACRID_FIRST_MODEL" train models/ml-100k
	@sh -c "$$MACRID_SERVE" serve "$(PORT)"

test: env-dev
	@$(PY) -m ruff check . --ignore ANN,C90,PLR0913
	@$(dir $(PY))lint-imports --no-cache >/dev/null || $(dir $(PY))lint-imports
	@MACRID_CHROMIUM=$$(sh tests/chromium.sh "$(CHROMIUM)"); export MACRID_CHROMIUM; \
	$(PY) -m pytest -n $(JOBS) --dist loadfile $(ARGS)

models: env
	@$(PY) -m macrid train --data shop --out models/shop --set embedding_size=16 --seed 0 --twin dot --overwrite

clean:
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis *.egg-info models/*.partial
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'Removed. What you trained is still in models/, what was fetched in data/.'

env:
	@sh -c "$$MACRID_ENV" env "$(PYTHON)" "$(TORCH_INDEX)" requirements.txt

env-dev:
	@sh -c "$$MACRID_ENV" env "$(PYTHON)" "$(TORCH_INDEX)" requirements.txt requirements-extra.txt requirements-dev.txt

export MACRID_ENV MACRID_PORT MACRID_FIRST_MODEL MACRID_SERVE

# The environment: made when there is none that runs, installed when a requirements file is not the one last installed.
# The stamps are copies of those files, written after pip has succeeded, so what was interrupted is taken up again.
# $1: the Python that is wished for, or nothing; $2: PyTorch's index, or nothing; then the requirements files.
define MACRID_ENV
trap 'exit 130' INT
wished=$$1 torch_index=$$2 py=.venv/bin/python
shift 2
say() { printf '%s\n' "$$*" >&2; }
fits='import sys; sys.exit(sys.version_info < (3, 11))'
kind='import sys; print(sys.base_prefix, sys.version_info[:2])'

fresh() { for file; do cmp -s "$$file" ".venv/installed-$$file" || return 1; done; }
same() { [ "$$("$$1" -c "$$kind" 2>/dev/null)" = "$$("$$py" -c "$$kind" 2>/dev/null)" ]; }

if "$$py" -c "$$fits" 2>/dev/null; then
    if [ -z "$$wished" ] || ! "$$wished" -c "$$fits" 2>/dev/null || same "$$wished"; then
        fresh "$$@" && exit 0
        { "$$py" -m pip --version || "$$py" -m ensurepip; } >/dev/null 2>&1 && usable=yes
    fi
fi

if [ -z "$${usable-}" ]; then
    python= found= bare=
    for name in "$$wished" python3 python3.13 python3.12 python3.11 python3.14 python; do
        [ -n "$$name" ] || continue
        version=$$("$$name" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue
        found="$${found:+$$found, }$$name is $$version"
        "$$name" -c "$$fits" 2>/dev/null || continue
        "$$name" -c 'import ensurepip, venv' 2>/dev/null || { bare="$$bare $$name"; continue; }
        python=$$name
        break
    done
    if [ -z "$$python" ] && [ -n "$$bare" ]; then
        say "Python without its venv module:$$bare. Install it (Debian, Ubuntu: apt-get install python3-venv)," \
            "or name another Python: make app PYTHON=/path/to/python3.11"
        exit 1
    elif [ -z "$$python" ]; then
        say "No Python 3.11 or newer here ($${found:-none found})." \
            "Install one, or name it: make app PYTHON=/path/to/python3.11"
        exit 1
    fi
    [ -z "$$wished" ] || [ "$$python" = "$$wished" ] || say "PYTHON=$$wished is not a fitting Python; taking $$python ($$version)."
    say "Making the environment .venv with $$python ($$version)."
    reason=$$("$$python" -m venv --clear .venv 2>&1) || {
        say "The environment .venv could not be made: $$(echo "$$reason" | tail -n 1)"
        exit 1
    }
fi

say "Installing the packages into .venv; the first time takes a few minutes (PyTorch is large: the README names a small build)."
# A package whose installation was cut off has files but no INSTALLER mark: pip must not take it for installed.
for info in .venv/lib/python3*/site-packages/*.dist-info; do
    [ ! -d "$$info" ] || [ -f "$$info/INSTALLER" ] || rm -rf "$$info"
done
install() { PIP_USER=0 "$$py" -m pip --disable-pip-version-check --no-input install -q "$$@" >>.venv/install.log 2>&1; }
files=
for file; do files="$$files -r $$file"; done
: >.venv/install.log
if [ -n "$$torch_index" ]; then
    install --no-deps --index-url "$$torch_index" "$$(grep '^torch==' requirements.txt)"
fi && install $$files || {
    offline='NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|Network is unreachable|Temporary failure in name'
    if grep -Eq "$$offline" .venv/install.log; then
        say "No network: the package index does not answer, and the packages are not all installed yet." \
            "Connect and run make again; it goes on where it stopped (details: .venv/install.log)."
    else
        reason=$$(grep '^ERROR' .venv/install.log || tail -n 1 .venv/install.log)
        say "The packages could not be installed: $$(echo "$$reason" | head -n 1)" \
            "(details: .venv/install.log; if this Python is too new for them, take another: make app PYTHON=/path/to/python3.11)"
    fi
    exit 1
}
for file; do cp "$$file" ".venv/installed-$$file"; done
endef

# A busy or impossible port is said before anything is trained.
define MACRID_PORT
import errno, socket, sys

text = sys.argv[1]
if not text.isdigit() or not 0 < int(text) < 65536:
    sys.exit(f"PORT={text} is no port; take a number from 1 to 65535: make app PORT=8502")
port = int(text)
remedy = f"Take another: make app PORT={port + 1 if port < 65535 else 8502}"
with socket.socket() as probe:
    probe.settimeout(1)
    if probe.connect_ex(("127.0.0.1", port)) == 0:
        sys.exit(f"Port {port} is busy (perhaps with this app: http://localhost:{port}). {remedy}")
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("", port))
    except OSError as error:
        why = "busy" if error.errno == errno.EADDRINUSE else f"not to be had ({error.strerror})"
        sys.exit(f"Port {port} is {why}. {remedy}")
endef

# MovieLens-100K, once. Ctrl-C stops make; any other failure leaves the bundle that ships.
# --overwrite: what is there without a bundle.json, or a twin without its bundle, is no reason to give up.
# $1: the folder of the bundle.
define MACRID_FIRST_MODEL
trap 'exit 130' INT
[ -f "$$1/bundle.json" ] && exit 0
resume=
[ -d "$$1.partial" ] && resume=--resume
echo "Training on MovieLens-100K, once (about a minute); Ctrl-C stops it, make app then goes on from there." >&2
.venv/bin/python -m macrid train --data ml-100k --out "$$1" --twin dot --seed 0 --overwrite $$resume
case $$? in
    0) ;;
    130 | 143) exit 130 ;;
    *) echo "MovieLens-100K could not be had; the app starts with the bundle that ships. The next make app tries again." >&2 ;;
esac
endef

# Where there is a screen, Streamlit opens the browser itself.
# $1: the port.
define MACRID_SERVE
headless=true
if [ -z "$${SSH_CONNECTION-}$${CI-}" ]; then
    [ -z "$${DISPLAY-}$${WAYLAND_DISPLAY-}" ] && [ "$$(uname)" != Darwin ] || headless=false
fi
echo "The app is at http://localhost:$$1 (Ctrl-C ends it)." >&2
exec .venv/bin/python -m streamlit run app.py --server.port "$$1" --server.headless "$$headless" --logger.hideWelcomeMessage true
endef
