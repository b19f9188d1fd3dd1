import pytest

from semopt.evaluators.names import TORCHVISION_MODELS
from semopt.evaluators.operators import import_torchvision


def test_names_are_those_of_the_installed_torchvision():
    pytest.importorskip("torch", reason="torch is not installed")
    models = import_torchvision().models
    assert tuple(models.list_models(module=models)) == TORCHVISION_MODELS


def test_names_are_sorted():
    assert tuple(sorted(TORCHVISION_MODELS)) == TORCHVISION_MODELS
