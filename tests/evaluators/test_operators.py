"""Each in an interpreter of its own: what an import leaves behind is the point."""

import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
needs_torch = pytest.mark.skipif(find_spec("torchvision") is None, reason="torchvision is not installed")


def run(code: str, *paths: Path) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*paths, ROOT]))}
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_torch
def test_torchvision_is_imported_whole_without_a_warning_and_only_once():
    run("""
        import warnings
        before = list(warnings.filters)
        from semopt.evaluators import operators
        module = operators.import_torchvision()
        kept = list(operators._kept)
        assert operators.import_torchvision() is module
        assert operators._kept == kept, "a second call defined something"
        import sys, torchvision, torchvision.models, torchvision.ops
        assert sys.modules["torchvision"] is module is torchvision
        assert [f for f in warnings.filters if f not in before and "operators" in str(f)] == []
        module.models.squeezenet1_1()
    """)


@needs_torch
def test_a_failed_import_of_the_users_own_does_not_stand_in_the_way():
    run("""
        try:
            import torchvision
        except RuntimeError:
            pass
        from semopt.evaluators.operators import import_torchvision
        import_torchvision().models.squeezenet1_1()
    """)


@needs_torch
def test_the_compiler_is_not_imported_before_somebody_wants_it():
    run("""
        import sys
        from semopt.evaluators.operators import import_torchvision
        import_torchvision().models.squeezenet1_1()
        assert not [name for name in sys.modules if name.startswith("torch._dynamo")]
        import torch
        from torch._dynamo.utils import is_compile_supported
        kept = sys.modules["torchvision.ops.roi_align"].is_compile_supported
        assert kept is not is_compile_supported and kept("cpu") == is_compile_supported("cpu")
        assert torch._dynamo.is_compiling() is False
    """)


def test_a_compiler_that_is_wanted_in_the_midst_of_the_import_is_there(tmp_path):
    compiler = {"__init__": "answer = 42", "utils": "def supported(device): return device + '!'"}
    fake(tmp_path, "torch", "")
    fake(tmp_path / "torch", "_dynamo", compiler["__init__"])
    (tmp_path / "torch" / "_dynamo" / "utils.py").write_text(compiler["utils"])
    fake(
        tmp_path,
        "torchvision",
        """
        from torch._dynamo.utils import supported
        later = supported
        now = supported("cpu")
        import torch._dynamo
        answer = torch._dynamo.answer
        """,
    )
    code = """
        from semopt.evaluators.operators import import_torchvision
        module = import_torchvision()
        print(module.now, module.answer, module.later("cuda"))
    """
    assert run(code, tmp_path).strip() == "cpu! 42 cuda!"


@needs_torch
def test_operators_in_place_are_left_alone():
    run("""
        import torch
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        from semopt.evaluators import operators
        operators.import_torchvision()
        assert operators._kept == []
        assert "dets" in str(torch.ops.torchvision.nms.default._schema)
    """)


def fake(folder: Path, name: str, body: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(textwrap.dedent(body))


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("raise RuntimeError('a driver is missing')", "RuntimeError: a driver is missing"),
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("raise ImportError('libjpeg.so.8')", "ImportError: libjpeg.so.8"),
    ],
)
def test_any_other_error_is_the_callers_to_see(tmp_path, body, seen):
    fake(tmp_path, "torchvision", body)
    code = """
        from semopt.evaluators.operators import import_torchvision
        try:
            import_torchvision()
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    """
    assert run(code, tmp_path).strip() == seen


def test_missing_operators_are_counted_and_the_count_is_bounded(tmp_path):
    fake(tmp_path, "torch", "class library:\n  class Library:\n    def __init__(*a): pass\n    define = __init__")
    fake(
        tmp_path,
        "torchvision",
        """
        from . import extension
        raise RuntimeError(f"operator torchvision::one_{id(extension)} does not exist")
        """,
    )
    (tmp_path / "torchvision" / "extension.py").touch()
    code = """
        import sys
        from semopt.evaluators import operators
        try:
            operators.import_torchvision()
        except operators.EvaluatorError as error:
            print(len(operators._kept), [name for name in sys.modules if name.startswith("torchvision")], error)
    """
    count, left, _ = run(code, tmp_path).split(maxsplit=2)
    assert (count, left) == ("16", "[]")


@pytest.mark.parametrize("missing", ["torch", "torchvision"])
def test_an_absent_library_is_named_with_what_to_do(missing):
    code = f"""
        import sys
        sys.modules[{missing!r}] = None
        from semopt.evaluators.operators import EvaluatorError, import_torchvision
        try:
            import_torchvision()
        except EvaluatorError as error:
            print(error)
    """
    if missing == "torch" and find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    assert run(code).strip() == f"{missing} is not installed; pip install 'semopt[torch]'"
