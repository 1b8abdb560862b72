"""Says what an exception raised while unpickling means to the user."""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlpack.core.errors import CorruptFileError, MissingLibraryError, MlpackError

DISTRIBUTIONS: dict[str, str] = {
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "imblearn": "imbalanced-learn",
}
"""Import packages whose distribution has another name."""

_ATTRIBUTE = re.compile(r"(?:Can't get attribute|has no attribute) '(?P<name>[^']+)'")


@contextmanager
def explained(path: Path, recorded: Callable[[], Mapping[str, str]]) -> Iterator[None]:
    """Turn what unpickling ``path`` raises into MissingLibraryError or CorruptFileError.

    ``recorded`` reads the versions that the file records, the ones to install; it is asked only when something failed.
    """
    try:
        yield
    except MlpackError:
        raise
    except ModuleNotFoundError as error:
        raise _missing_module(path, error, recorded()) from error
    except (AttributeError, ImportError) as error:
        raise _missing_name(path, error, recorded()) from error
    except (EOFError, pickle.UnpicklingError) as error:
        raise CorruptFileError(
            f"{path} is damaged or truncated", why=str(error), hint="copy or download the file again"
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # unpickling calls whatever the file names, and that may raise anything
        raise CorruptFileError(
            f"{path} cannot be unpickled",
            why=f"{type(error).__name__}: {str(error)[:500]}",
            hint=_install(recorded()) or "load it where it was saved, and save it again with the libraries used here",
        ) from error


def _missing_module(path: Path, error: ModuleNotFoundError, versions: Mapping[str, str]) -> MissingLibraryError:
    package = (error.name or "").partition(".")[0]
    distribution = DISTRIBUTIONS.get(package, package)
    wanted = _pinned(distribution, versions) if distribution in versions else distribution
    return MissingLibraryError(
        f"{path} needs the Python module {error.name}, which is not installed",
        why=f"an object in the file is of a class defined there: {error}",
        hint=f'pip install "{wanted}", or put the folder that holds {package} on PYTHONPATH if it is your own',
    )


def _missing_name(path: Path, error: Exception, versions: Mapping[str, str]) -> MissingLibraryError:
    text = str(error)
    name = _ATTRIBUTE.search(text)
    if name and ("'__main__'" in text or repr(sys.modules["__main__"]) in text):
        return MissingLibraryError(
            f"{path} needs the class {name['name']}, which was defined in a notebook or a script",
            why=f"a pickle holds only the name of a class, and this one lived in __main__: {text}",
            hint="move the class into a module of its own, import it from there, and save the model again",
        )
    return MissingLibraryError(
        f"{path} needs a class that the installed libraries do not have",
        why=text,
        hint=_install(versions) or "install the version of the library that saved the file",
    )


def _install(versions: Mapping[str, str]) -> str:
    return " ".join(f'pip install "{_pinned(name, versions)}"' for name in list(versions)[:1])


def _pinned(distribution: str, versions: Mapping[str, str]) -> str:
    minor = ".".join(versions[distribution].split(".")[:2])
    return f"{distribution}=={minor}.*"
