"""A dataset of class folders, shrunk into another one of the same structure: `semopt dataset`.

What is a sample and what its class is, follows torchvision's ImageFolder. The books lie in a folder of their own beside
the new dataset, for ImageFolder takes every folder in its root for a class, `.semopt` included.
"""

from semopt.imagefolder.run import Ways, preview, run
from semopt.imagefolder.wish import Wish

__all__ = ["Ways", "Wish", "preview", "run"]
