"""Bayward: software for smart lockers whose claims can be checked."""

__version__ = "0.1.0"
