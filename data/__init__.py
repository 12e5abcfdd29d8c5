"""Reading FER2013 in every form it circulates in, splitting, augmenting, drawn sample faces, writing CSVs."""
