"""Whether counts are what equal chances give."""

from __future__ import annotations

import math
from typing import Sequence


def chi_square_tail(statistic: float, degrees: int) -> float:
    """The chance of a chi-square statistic of at least this size.

    It is the regularized upper gamma function Q(degrees/2, statistic/2). As Q(1/2, x) = erfc(sqrt x), Q(1, x) = exp(-x)
    and Q(a + 1, x) = Q(a, x) + x^a exp(-x) / gamma(a + 1), the sum is finite and exact for whole degrees of freedom.
    """
    x = statistic / 2
    a, tail = (0.5, math.erfc(math.sqrt(x))) if degrees % 2 else (1.0, math.exp(-x))
    while a < degrees / 2:
        tail += x**a * math.exp(-x) / math.gamma(a + 1)
        a += 1
    return tail


def chance_of_equal_shares(counts: Sequence[int]) -> float:
    """The p-value of Pearson's test that all of these had the same chance."""
    expected = sum(counts) / len(counts)
    return chi_square_tail(sum((count - expected) ** 2 for count in counts) / expected, len(counts) - 1)


def attempts_to_see_all(number: int, risk: float = 1e-9) -> int:
    """How many attempts show each of so many equally likely outcomes at least once, but for this risk."""
    return 2 if number <= 1 else math.ceil(math.log(risk / number) / math.log(1 - 1 / number))


def check_against_tables() -> None:
    """Critical values as printed in tables of the chi-square distribution."""
    table = [
        (1, 3.841, 0.05), (1, 10.828, 0.001), (2, 5.991, 0.05), (2, 13.816, 0.001), (3, 7.815, 0.05), (4, 9.488, 0.05),
        (9, 16.919, 0.05), (9, 27.877, 0.001), (10, 18.307, 0.05), (10, 3.940, 0.95), (9, 2.088, 0.99),
    ]  # fmt: skip
    for degrees, statistic, probability in table:
        tail = chi_square_tail(statistic, degrees)
        if abs(tail - probability) > 0.001 * probability:
            raise AssertionError(f"chi-square({degrees}) above {statistic}: {tail}, in tables {probability}")
