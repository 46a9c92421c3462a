"""What a metric accepts: arrays of the stated shape, not empty, in range."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError

__all__ = ["Floats", "Ints", "finite", "indices", "probabilities", "same_length", "truths"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _array(name: str, values: npt.ArrayLike, dims: tuple[int, ...]) -> npt.NDArray[np.generic]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name} has rows of different lengths", fix="Give a full array.") from error
    if array.ndim not in dims:
        wanted = " or ".join(map(str, dims))
        raise InputError(f"{name} has {array.ndim} dimensions", fix=f"Give an array of {wanted}.")
    if array.size == 0:
        raise InputError(f"{name} is empty", fix="Give at least one sample.")
    return array


def indices(name: str, values: npt.ArrayLike) -> Ints:
    """A list of class indices, [n] from 0."""
    array = _array(name, values, (1,))
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{name} is of type {array.dtype}", fix="Give integers, the indices of classes.")
    if (lowest := array.min()) < 0:
        raise InputError(f"{name} holds {lowest}", fix="Give indices from 0.")
    return array.astype(np.int64)


def truths(name: str, values: npt.ArrayLike, dims: tuple[int, ...] = (1,)) -> npt.NDArray[np.bool_]:
    """Yes or no: booleans, or the numbers 0 and 1."""
    numbers = finite(name, values, dims)
    if not np.isin(numbers, (0, 1)).all():
        raise InputError(f"{name} holds more than 0 and 1", fix="Give booleans.")
    return numbers.astype(np.bool_)


def finite(name: str, values: npt.ArrayLike, dims: tuple[int, ...] = (1,)) -> Floats:
    """Real numbers, none of them NaN or infinite."""
    array = _array(name, values, dims)
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_) or np.iscomplexobj(array):
        raise InputError(f"{name} is of type {array.dtype}", fix="Give real numbers.")
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise InputError(f"{name} holds NaN or infinity", fix="Give finite numbers.")
    return numbers


def probabilities(name: str, values: npt.ArrayLike, dims: tuple[int, ...] = (1,)) -> Floats:
    """Real numbers from 0 to 1."""
    numbers = finite(name, values, dims)
    if numbers.min() < 0 or numbers.max() > 1:
        raise InputError(f"{name} reaches from {numbers.min():g} to {numbers.max():g}", fix="Give values from 0 to 1.")
    return numbers


def same_length(**arrays: npt.NDArray[np.generic]) -> None:
    """Refuses arrays that do not hold one entry, or one row, a sample."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InputError(f"numbers of samples differ: {told}", fix="Give one entry a sample in each.")
