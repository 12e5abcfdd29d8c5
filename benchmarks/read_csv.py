"""How long it takes to read a FER2013 CSV: the usual way, this suite's first read and its later reads.

    python benchmarks/read_csv.py --data data/train.csv
    python benchmarks/read_csv.py --data FOLDER_OF_PICTURES

Each way runs in a process of its own, so that its peak memory is its own; the time starts after the imports.
The first read checks every pixel and writes the cache (in a temporary folder here), later reads map it.
On a busy machine, compare the CPU seconds. For a folder of pictures there is no usual way.

Measured on the 240 MB train.csv (2 cores of an AMD EPYC, under load from elsewhere; Python 3.11, numpy 2.4):

    way                   seconds   ratio  processor s   ratio  peak MiB
    pandas and int(v)      14.581     1.0        9.150     1.0       566
    first read              1.639     8.9        1.129     8.1       164
    later read              0.024   609.7        0.017   542.8        95
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

MEASURE = """
import hashlib, json, resource, sys, time
{imports}
path = sys.argv[1]
start, start_processor = time.perf_counter(), time.process_time()
{read}
seconds, processor = time.perf_counter() - start, time.process_time() - start_processor
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
digest = hashlib.sha256(images).hexdigest()
print(json.dumps(dict(seconds=seconds, processor=processor, peak=peak, rows=len(images), digest=digest)))
"""

USUAL_WAY = MEASURE.format(
    imports="import numpy, pandas",
    read="""
frame = pandas.read_csv(path, skipinitialspace=True)
pixels = frame["feature" if "feature" in frame else "pixels"]
images = numpy.array([numpy.array([int(v) for v in row.split()], numpy.uint8) for row in pixels])
""",
)
THIS_SUITE = MEASURE.format(
    imports="import numpy; from data.cache import read_cached",
    read="images = read_cached(path).images",
)


def measure(program: str, path: Path) -> dict:
    """Seconds by the clock and of the processor, peak memory in MiB, rows and a digest of the images."""
    result = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if result.returncode:
        sys.exit(f"{path}: {result.stderr.strip().splitlines()[-1]}")
    return json.loads(result.stdout)


def main(argv: list[str] | None = None) -> None:
    """Measure the three ways and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, type=Path, help="a plain CSV or a folder of faces")
    path = parser.parse_args(argv).data.resolve()
    if not path.exists():
        parser.error(f"{path}: no such file; give a plain CSV or a folder of faces")
    # Every way finds the files in memory: no way is charged for the disk. In pieces, because on Linux a
    # process starts with the peak memory of its parent.
    files = (each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for each in files:
        with each.open("rb") as file:
            while file.read(1 << 20):
                pass
    with tempfile.TemporaryDirectory() as folder:
        # The cache is beside the path that is given, so a link keeps it apart from the user's own.
        link = Path(folder) / path.name
        link.symlink_to(path)
        first, later = measure(THIS_SUITE, link), measure(THIS_SUITE, link)
    ways = {} if path.is_dir() else {"pandas and int(v)": measure(USUAL_WAY, path)}
    ways |= {"first read": first, "later read": later}
    if len({way["digest"] for way in ways.values()}) > 1:
        sys.exit(f"{path}: the ways disagree about the images")
    slowest = next(iter(ways.values()))
    print(f"{path.name}: {first['rows']:,} rows, the same images in all ways")
    print(f"{'way':20}{'seconds':>9}{'ratio':>8}{'processor s':>13}{'ratio':>8}{'peak MiB':>10}")
    for name, result in ways.items():
        ratio, processor_ratio = (slowest[key] / result[key] for key in ("seconds", "processor"))
        print(
            f"{name:20}{result['seconds']:9.3f}{ratio:8.1f}{result['processor']:13.3f}{processor_ratio:8.1f}"
            f"{result['peak']:10.0f}"
        )


if __name__ == "__main__":
    main()
