"""Measurements, as ratios against a limit or a peer measured in the same run.

`python -m bench [NAME…] [--quick]`. Machines are slow and noisy, so a number alone says little;
each table names its yardstick.
"""
