"""A scikit-learn script: fit a forest to examples drawn anew, and print its accuracy as JSON."""

import argparse
import json

from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--trees", type=int, default=10)
chosen = parser.parse_args()

inputs, targets = make_classification(600, 20, n_informative=8, random_state=chosen.seed)
train_x, test_x, train_y, test_y = train_test_split(inputs, targets, random_state=chosen.seed)
forest = RandomForestClassifier(chosen.trees, random_state=chosen.seed).fit(train_x, train_y)
print(json.dumps({"accuracy": forest.score(test_x, test_y)}))
