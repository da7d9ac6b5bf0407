"""Shuffle algorithms: pure functions of tracks, a random generator and parameters."""

from shuffify.algorithms.algorithm import SEED_LIMIT, Algorithm, new_seed
from shuffify.algorithms.errors import AlgorithmError, ParametersError, UnknownAlgorithmError
from shuffify.algorithms.parameters import Parameter
from shuffify.algorithms.registry import ALGORITHMS, get

__all__ = [
    "ALGORITHMS",
    "SEED_LIMIT",
    "Algorithm",
    "AlgorithmError",
    "Parameter",
    "ParametersError",
    "UnknownAlgorithmError",
    "get",
    "new_seed",
]
