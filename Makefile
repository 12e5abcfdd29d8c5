# `make demo` and `make test` need Python 3.11 to 3.13 and make; they install the rest themselves.
PYTHON ?= python3
BIN := .venv/bin
DEMO := demo

.PHONY: demo report submissions test lint clean
.DEFAULT_GOAL := demo

# Faces are drawn, so this needs no data set: train both networks briefly, predict, measure, explain.
# They are less varied than the default, or the dense network would need far more of them to learn anything.
demo: .venv/ready
	rm -rf $(DEMO)
	$(BIN)/python draw_faces.py $(DEMO) --train 1600 --test 700 --variety 0.3
	$(BIN)/python train_cnn.py --data $(DEMO)/train.csv --run $(DEMO)/cnn --epochs 2 --batch-size 64
	$(BIN)/python train_dnn.py --data $(DEMO)/train.csv --run $(DEMO)/dnn --epochs 16 --batch-size 64
	$(BIN)/python predict.py --data $(DEMO)/test.csv --labels $(DEMO)/test_labels.csv --weights $(DEMO)/cnn --out $(DEMO)/submission_cnn.csv
	$(BIN)/python predict.py --data $(DEMO)/test.csv --labels $(DEMO)/test_labels.csv --weights $(DEMO)/dnn --out $(DEMO)/submission_dnn.csv
	$(BIN)/python report.py --quick --out $(DEMO)/report
	@echo
	@echo "The accuracies above are those of new drawn faces, which are simple and alike so that minutes of training"
	@echo "are enough (chance is 0.14). They say nothing about photographs: docs/results.md has the numbers of FER2013."
	@echo "Everything is in $(DEMO)/: the faces, two runs with their weights and curves, two submissions, and"
	@echo "the report with all figures. Open it in a browser: $(CURDIR)/$(DEMO)/report/report.html"

# The report on your data: make report DATA=FOLDER OUT=report, of the shipped CNN and DNN, or of RUNS="runs/cnn runs/dnn".
# Without DATA it uses the drawn faces and the runs of the demo, which is made first if it is missing.
report: .venv/ready
ifdef DATA
	$(BIN)/python report.py --data "$(DATA)" $(if $(RUNS),--runs $(RUNS)) --out "$(or $(OUT),report)" --overwrite
else
	test -f $(DEMO)/dnn/best.weights.h5 || $(MAKE) demo
	$(BIN)/python report.py --quick --out "$(or $(OUT),report)" --overwrite
endif

# The submissions of the CNN, the DNN, medium and the ensemble for test.csv in the folder DATA: make submissions DATA=FOLDER OUT=submissions.
submissions: .venv/ready
	test -n "$(DATA)" || { echo "error: name the folder of test.csv: make submissions DATA=FOLDER OUT=FOLDER" >&2; exit 2; }
	mkdir -p "$(or $(OUT),submissions)"
	for name in cnn dnn medium ensemble; do \
	  $(BIN)/python predict.py --data "$(DATA)/test.csv" --weights $$name --tta --out "$(or $(OUT),submissions)/$$name.csv" --overwrite || exit; \
	done

# Two at a time, each file in one process: half of the time is starts of TensorFlow, which use one core.
test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf .venv $(DEMO) .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# The stamp is touched last, so that an interrupted installation is repeated.
.venv/ready: requirements.txt requirements-optional.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "error: Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
