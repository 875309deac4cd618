"""Free memory stays with a training, and goes back after it; in a process of its own, which it changes."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from models.runs.code import PROJECT

_PROGRAM = """
import resource

import psutil

from models.engines.memory import give_back, keep_freed

def faults():
    "Of four blocks of 64 MB, one after another."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        b"\\1" * 2**26
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

usual = faults()
keep_freed()
faults()
kept, size = faults(), psutil.Process().memory_info().rss
give_back()
print(usual, kept, (size - psutil.Process().memory_info().rss) >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="told is glibc only")
def test_freed_blocks_are_used_again_and_given_back_at_the_end():
    """Pages are asked for once and not for every block; at the end the 64 MB that are free go back."""
    program = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True)
    usual, kept, returned = map(int, done.stdout.split())
    assert kept < usual / 10
    assert returned >= 60
