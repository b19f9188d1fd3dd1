"""Pages: `<img>` becomes `<picture>` with the variants that the manifest names. Pure: text in, text out."""

from semopt.markup.offer import Offer, Source, offer_of
from semopt.markup.rewrite import Options, rewrite

__all__ = ["Offer", "Options", "Source", "offer_of", "rewrite"]
