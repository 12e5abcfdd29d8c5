"""Regions of the face, and means of maps over classes."""

import numpy as np
import pytest

from analysis.facial_parts import REGION_NAMES, average_parts, mean_saliency, region_shares
from data import IMAGE_SIZE

MOUTH = (slice(36, 40), slice(20, 28))


def test_parts_are_symmetric_and_do_not_overlap() -> None:
    parts = average_parts()
    assert parts.sum(axis=0).max() == 1
    np.testing.assert_array_equal(parts, parts[:, :, ::-1])
    rows = {name: np.argwhere(part)[:, 0].mean() for name, part in zip(REGION_NAMES, parts, strict=False)}
    assert rows["brows"] < rows["eyes"] < rows["nose"] < rows["mouth"]


def test_shares_are_of_the_map_and_those_of_an_empty_map_of_the_area() -> None:
    maps = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE))
    maps[0][MOUTH] = 3
    shares = region_shares(maps)
    np.testing.assert_allclose(shares[0], np.array(REGION_NAMES) == "mouth")
    areas = [*average_parts().mean(axis=(1, 2)), 1 - average_parts().mean(axis=(1, 2)).sum()]
    np.testing.assert_allclose(shares[1], areas)


def test_mean_counts_each_face_alike() -> None:
    maps = np.zeros((3, IMAGE_SIZE, IMAGE_SIZE))
    maps[0][MOUTH] = 1000
    maps[1:, 0, 0] = 0.001
    images = np.stack([np.full((IMAGE_SIZE, IMAGE_SIZE), grey) for grey in (10, 30, 50)])
    names = np.array(["surprise", "surprise", "angry"], object)
    mean = mean_saliency(images, names, {"gradient": maps})
    assert mean.counts == {"angry": 1, "surprise": 2, "all": 3}
    assert mean.faces[:, 0, 0].tolist() == [50, 20, 30]
    np.testing.assert_allclose(mean.maps["gradient"].sum(axis=(1, 2)), 1)
    record = mean.record()
    assert record["saliency"]["gradient"]["surprise"] == pytest.approx(
        dict.fromkeys(REGION_NAMES, 0) | {"mouth": 0.5, "outside": 0.5}
    )
    assert sum(record["area"].values()) == pytest.approx(1)
    assert f"{0.5 / record['area']['mouth']:.2f}" in str(mean)
