"""A network of one's own takes one file and one line, as docs/design.md says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def test_one_file_and_one_entry_make_a_network(csvs, tmp_path):
    text = (PROJECT / "docs" / "design.md").read_text()
    (source,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ((entry, name),) = re.findall(r'`("(\w+)": \("train_cnn",\s"[\w.]+"\))`', text)
    for folder in ("analysis", "command_line", "data", "models", "training"):
        ignored = shutil.ignore_patterns("*.h5", "*.csv", "__pycache__", "train", "test")
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=ignored)
    for script in ("train_cnn.py", "confusion.py"):
        shutil.copy(PROJECT / script, tmp_path)
    (tmp_path / "models" / f"{name}.py").write_text(source)
    models = tmp_path / "models" / "__init__.py"
    models.write_text(models.read_text().replace("NETWORKS = {\n", f"NETWORKS = {{\n    {entry},\n"))
    data = ["--data", str(csvs / "fer2013.csv")]
    small = ["--epochs", "1", "--batch-size", "28", "--limit", "56", "--precision", "float32"]
    for command in (
        ["train_cnn.py", "--network", name, *data, *small, "--run", "run"],
        ["confusion.py", "--weights", "run", *data],
    ):
        run = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
    assert re.search(r"^accuracy 0\.\d{4} .*, all 35 faces$", run.stdout, re.MULTILINE)
