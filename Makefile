# The two commands: `make demo` and `make test`. Everything happens in .venv, which they create.
# Without make, README.md has the same commands one by one.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test lint bench soak train prior clean bench-peers

demo: $(VENV)/.demo
	$(BIN)/semopt build example_site
	$(BIN)/python example_site/build_pages.py
	@echo
	@echo "Before and after, side by side: open example_site/compare.html"

# Compiled once: where PYTHONDONTWRITEBYTECODE is set, each of a thousand processes would compile semopt anew (0.3 s).
# Two at a time, as most tests wait for such a process; modules stay whole, as their fixtures are dear.
test: $(VENV)/.test
	$(BIN)/python -m compileall -q semopt tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Figures on your own photographs: make bench PHOTOS=folder [WEIGHTS=mobilenet_v2.pth]
# With JUDGES="other.tflite another.onnx" the frontier too (docs/frontier.md); OUT=page writes page.md and page.svg.
bench: $(VENV)/.test
	$(BIN)/python -m tests.bench $(if $(PHOTOS),--photos $(PHOTOS)) $(if $(WEIGHTS),--weights $(WEIGHTS))
ifneq ($(and $(PHOTOS),$(JUDGES)),)
	$(BIN)/python -m tests.bench.frontier --photos $(PHOTOS) $(foreach judge,$(JUDGES),--judge '$(judge)') \
	  $(if $(WEIGHTS),--weights $(WEIGHTS)) $(if $(OUT),--out $(OUT))
else
	@echo "frontier: left out; it needs PHOTOS= and JUDGES="
endif

# Beside other image optimisers, which are installed into PEERS (a cache folder of yours): docs/peers.md
# make bench-peers PHOTOS=folder WEIGHTS=mobilenet_v2.pth JUDGES="a.tflite b.onnx" [PEERS=folder] [PARTS="files times"]
bench-peers: $(VENV)/.test
	$(BIN)/python -m tests.bench.peers --photos $(PHOTOS) --weights $(WEIGHTS) \
	  $(foreach judge,$(JUDGES),--judge '$(judge)') $(if $(PEERS),--peers $(PEERS)) \
	  $(if $(PARTS),--only $(PARTS)) $(if $(OUT),--out $(OUT))

# Long runs that try to break what semopt promises: make soak [PARTS="kills watching"] [ROUNDS=n] [CORPORA="a b"]
soak: $(VENV)/.test
	$(BIN)/python -m tests.soak $(PARTS) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(foreach corpus,$(CORPORA),--corpus '$(corpus)')

# The weights of the embedded network: make train PHOTOS=folder WEIGHTS=mobilenet_v2.pth [TEACHERS="a.onnx b.onnx"]
# [STORE=folder] [OUT=file.npz]; without OUT those in the package are replaced.
train: $(VENV)/.test
	$(BIN)/python -m tests.bench.train --photos $(PHOTOS) $(if $(WEIGHTS),--teacher $(WEIGHTS)) \
	  $(if $(TEACHERS),--teacher-onnx $(foreach teacher,$(TEACHERS),'$(teacher)')) $(if $(STORE),--store $(STORE)) \
	  --out $(or $(OUT),semopt/evaluators/embedded.npz)

# The numbers from which the search starts, printed for semopt/search/prior.py: make prior PHOTOS=folder
# WEIGHTS=mobilenet_v2.pth [STORE=tables.jsonl]
prior: $(VENV)/.test
	$(BIN)/python -m tests.bench.fit_prior --photos $(PHOTOS) --weights $(WEIGHTS) $(if $(STORE),--store $(STORE))

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# Stamps, so that a second run does not ask the registry again.
$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e '.[torch,test]'
	@touch $@ $(VENV)/.demo
