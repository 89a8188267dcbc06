# 津档 jindang. Every target sets up its own environment in .venv from the locks; nothing else is needed but
# Python 3.11, make and a package registry.
PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --quiet
SOAK_ROUNDS ?= 200
FUZZ_EXAMPLES ?= 3000
FUZZ_SECONDS ?= 20
REPEAT ?= 3
WORKERS ?= 2

.PHONY: demo test check bench fuzz soak screenshots bundle lock clean
.DEFAULT_GOAL := demo

# ---- the environment: one stamp for what the programs need, one for what tests and checks add
$(VENV)/programs.stamp: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	@touch $@

$(VENV)/tools.stamp: tests/requirements.lock $(VENV)/programs.stamp
	$(PIP) install --no-deps --require-hashes -r tests/requirements.lock
	@touch $@

# ---- what people run
demo: $(VENV)/programs.stamp
	$(RUN) -m jindang demo

test: $(VENV)/tools.stamp
	$(RUN) -m pytest -n $(WORKERS) --dist loadfile

check: $(VENV)/tools.stamp
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(RUN) -m pytest -q tests/test_tidy.py

bench: $(VENV)/tools.stamp
	$(RUN) -m tests.bench --repeat $(REPEAT)

fuzz: $(VENV)/tools.stamp
	JINDANG_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(RUN) -m pytest -m fuzz --timeout 0
	PYTHONPATH=. $(RUN) tests/coverage_fuzz.py --seconds $(FUZZ_SECONDS)

soak: $(VENV)/tools.stamp
	JINDANG_SOAK_ROUNDS=$(SOAK_ROUNDS) $(RUN) -m pytest -m soak --timeout 0

screenshots: $(VENV)/tools.stamp
	$(RUN) tests/screenshots.py build/screenshots
	PYTHONPATH=.:tests $(RUN) tests/screenshots_console.py docs/pictures
	PYTHONPATH=.:tests $(RUN) tests/screenshots_hub.py docs/pictures

bundle: $(VENV)/tools.stamp
	PYTHON=$(RUN) deploy/bundle.sh dist

# ---- maintenance: the locks carry every hash of a release (x86-64 and aarch64 alike) and no address
# rapidocr asks for opencv-python, which needs a screen's libraries; opencv-python-headless gives the same module cv2.
# django-htmx and django-leaflet are carriers of static files: what they are made for is not needed.
COMPILE := $(VENV)/bin/pip-compile --quiet --generate-hashes --unsafe-package opencv-python --unsafe-package django --unsafe-package asgiref --unsafe-package sqlparse --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host
lock: $(VENV)/tools.stamp
	$(PIP) install pip-tools
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --output-file tests/requirements.lock --extra dev --constraint requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
