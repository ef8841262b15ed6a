"""scikit-learn on one thread."""

import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from serve import labels, numbers, serve


def clusters():
    x = numbers(10_000 * 16, 1).reshape(10_000, 16)
    run = lambda: KMeans(10, init=x[:10], n_init=1, max_iter=20, tol=0, algorithm="lloyd").fit(x)
    return run, lambda: [run().inertia_ / len(x)]


def neighbours():
    x, y, asked = numbers(5000 * 64, 1).reshape(5000, 64), labels(5000, 2, 2), numbers(500 * 64, 3).reshape(500, 64)
    run = lambda: KNeighborsClassifier(5).fit(x, y).predict(asked)
    return run, lambda: run()[:20]


def digits(make):
    x, y = load_digits(return_X_y=True)
    run = lambda: make().fit(x, y)
    return run, lambda: [run().score(x, y)]


serve(
    {
        "k-means 10000×16, k = 10": clusters,
        "KNN 5000×64, 500 queries": neighbours,
        "decision tree, digits": lambda: digits(lambda: DecisionTreeClassifier(random_state=1)),
        "random forest, 100 trees, digits": lambda: digits(lambda: RandomForestClassifier(100, random_state=1, n_jobs=1)),
    },
    version=sklearn.__version__,
)
