"""All algorithms, in the order of the menu; the first is the default."""

from shuffify.algorithms.album_sequence import ALBUM_SEQUENCE
from shuffify.algorithms.algorithm import Algorithm
from shuffify.algorithms.artist_spacing import ARTIST_SPACING
from shuffify.algorithms.balanced import BALANCED
from shuffify.algorithms.basic import BASIC
from shuffify.algorithms.errors import UnknownAlgorithmError
from shuffify.algorithms.percentage import PERCENTAGE
from shuffify.algorithms.stratified import STRATIFIED

ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (BASIC, PERCENTAGE, BALANCED, STRATIFIED, ARTIST_SPACING, ALBUM_SEQUENCE)
}


def get(name: str) -> Algorithm:
    """Look an algorithm up by its name; raise UnknownAlgorithmError."""
    try:
        return ALGORITHMS[name]
    except KeyError:
        raise UnknownAlgorithmError(name, ALGORITHMS) from None
