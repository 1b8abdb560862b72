"""Numbers as people read them."""

from __future__ import annotations

import math


def money(value: float) -> str:
    """Two digits behind the point, and two that say something where it is less than 1: ``2.40``, ``0.0049``."""
    if value >= 1 or value <= 0:
        return f"{value:,.2f}"
    return f"{value:.{1 - math.floor(math.log10(value))}f}"


def count(value: float) -> str:
    """A whole number, or two digits of a small one."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def about(value: float) -> str:
    """A large number, of which two digits are known: ``4,000,000,000``."""
    return f"{float(f'{value:.2g}'):,.0f}"


def milliseconds(seconds: float) -> str:
    """``seconds`` in milliseconds, three digits of them."""
    thousandths = 1000 * seconds
    return f"{thousandths:,.0f}" if thousandths >= 100 else f"{thousandths:.3g}"


def duration(hours: float) -> str:
    """Hours as hours, minutes or seconds."""
    if hours >= 1:
        return f"{hours:,.1f} h"
    return f"{60 * hours:.0f} min" if hours >= 1 / 30 else f"{3600 * hours:.1f} s"
