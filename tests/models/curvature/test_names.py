"""The package's public names lead to what they say, without torch until one of them needs it."""

import subprocess
import sys
from pathlib import Path

import pytest

import models.curvature as curvature

ROOT = Path(__file__).resolve().parents[3]


def test_every_public_name_is_there():
    """Each is a function or a class of the module it comes from."""
    for name in curvature.__all__:
        assert callable(getattr(curvature, name)), name
        assert getattr(curvature, name).__name__ == name
    assert set(dir(curvature)) == set(curvature.__all__)


def test_bounds_on_matrices_need_no_torch():
    """The dense bounds come without torch."""
    code = (
        "import sys; from models.curvature import symmetric_eigenvalues; "
        "print(symmetric_eigenvalues([[2.0, 0.0], [0.0, -1.0]])[0].tolist(), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["[-1.0,", "2.0]", "False"], done.stderr


def test_an_unknown_name_is_an_error():
    """A misspelt name is an AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="has no attribute 'classifi'"):
        curvature.classifi  # noqa: B018
