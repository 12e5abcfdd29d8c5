"""Features of a network as points: neighbours stay neighbours, and pairs with two labels are found."""

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

import embedding
from analysis.embedding import features_of, in_two_dimensions, surprising_neighbours
from data import CLASS_NAMES
from data.faces import read_faces
from models.weights import find_weights, load_network


def test_features_are_what_the_last_layer_makes_logits_of(drawn):
    network = load_network(find_weights("compact"))
    features = features_of(network, drawn.images)
    kernel, bias = network.layers[-1].get_weights()
    np.testing.assert_allclose(features @ kernel + bias, network.predict_on_batch(drawn.images), atol=1e-4)


def test_clusters_stay_apart_and_a_seed_repeats_itself():
    generator = np.random.default_rng(0)
    cluster = np.arange(90) % 3
    features = 20 * np.eye(8)[cluster] + generator.normal(size=(90, 8))
    points = in_two_dimensions(features, seed=1)
    np.testing.assert_array_equal(points, in_two_dimensions(features, seed=1))
    nearest = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points)[1][:, 1]
    assert (cluster[nearest] == cluster).all()


def test_the_closest_neighbours_with_different_labels_come_first():
    angles = np.radians([0, 1, 40, 43, 90, 90.5, 150, 150.2])
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.arange(1, 9)[:, np.newaxis]
    labels, groups = np.array([0, 1, 2, 3, 4, 4, 5, 6]), np.array([0, 1, 2, 3, 4, 5, 6, 6])
    assert surprising_neighbours(features, labels, groups, 5).tolist() == [[0, 1], [2, 3]]
    assert surprising_neighbours(features, labels, groups, 1).tolist() == [[0, 1]]


def test_the_script_draws_held_out_faces_and_writes_their_points(csvs, tmp_path, capsys, failing):
    files = [tmp_path / "e.png", tmp_path / "e.csv"]
    arguments = ["--data", str(csvs / "fer2013.csv"), "--weights", "compact", "--out", str(files[0])]
    embedding.main(arguments)
    table, public = pd.read_csv(files[1]), read_faces(csvs / "fer2013.csv").of_usage("PublicTest")
    assert table["row"].tolist() == public.rows.tolist()
    assert table["true"].tolist() == [CLASS_NAMES[label] for label in public.labels]
    assert np.isfinite(table[["x", "y"]]).all(axis=None)
    assert capsys.readouterr().out.splitlines()[-2:] == [f"wrote {file}" for file in files]
    assert "e.png: exists already" in failing(embedding.main, *arguments)
