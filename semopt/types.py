"""The nouns of semopt: frozen records and the protocols that plug into it. Imports nothing of semopt."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from PIL import Image

Status = Literal["optimized", "cached", "kept", "skipped", "failed"]
Audience = Literal["people", "machines"]
Label = Literal["same", "top5", "family"]
Phase = Literal["search", "confirm", "reference", "placeholder"]
Look = Literal["plain", "mirror", "shift", "resample"]
Domain = Literal["photos", "graphics", "any"]


class SemoptError(Exception):
    """A fault that the person who runs semopt can mend; its text is a sentence for that person."""


class ConfigError(SemoptError):
    """Every fault of a config at once: one line each, `FILE:LINE: KEY PATH: what was found; what would be right`."""


class PluginError(ConfigError):
    """What another package adds cannot be used; the text names that package."""


class ImageError(SemoptError):
    """This image cannot be read or encoded; the text says why, without the path."""


class KeptError(SemoptError):
    """This image is best left as it is; the text says why, without the path."""


class EvaluatorError(SemoptError):
    """A judge cannot be made or asked; the text says what is missing and what to do."""


class ClusterError(SemoptError):
    """The cluster that was to search cannot be had, or was lost; the text says why. What was finished is kept."""


# --- what the config says ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keep:
    """What must survive, for one judge. A field that is None is not asked for.

    similarity: calibrated similarity, 0 to 1. kept: share of the original's top probability that is left.
    kl: nats, at most. cosine: of the features, at least. family_height: for label "family", edges in WordNet up to the
    common ancestor, at most; None for the default, 2. See `semopt.evaluators.families`. cer: characters read wrongly,
    as a share of the original's, at most.
    """

    similarity: float | None = None
    label: Label | None = None
    family_height: int | None = None
    kept: float | None = None
    kl: float | None = None
    cosine: float | None = None
    cer: float | None = None


@dataclass(frozen=True, slots=True)
class EvaluatorSpec:
    """A judge as the config names it. `options` are the keys beside `kind`, paths made absolute."""

    name: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()

    def option(self, key: str) -> str | None:
        """The value of an option, or None."""
        return dict(self.options).get(key)


BUILT_IN = (EvaluatorSpec("embedded", "embedded"), EvaluatorSpec("text", "text"))
"""The judges that every config may name without declaring them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A rule with every default filled in: all that an answer depends on beside the image and the versions.

    strategy None: the default, photographs `both` and graphics `lossless`. formats None: the strategy's own.
    write None: the strategy's own. keep: per judge by name, "*" for every other judge. floor: metric to least figure.
    widths: px, one set of variants for each; empty for the original's own. min_width, max_width: px of any variant.
    seed: of the random numbers of `jpeg`. confirm: judges that take no part in the search. serve: "semantic" where
    the variants made for machines are to be shown to people. placeholder: whether to make one. max_side: px of a
    variant's longer side. below: whether trials that are less than asked for are made too, as the image shares bytes
    of `spend` with others. background: what formats without transparency show in its place; None: such formats are left
    out for an image that has some, and white where there is no other.
    """

    strategy: str | None = None
    formats: tuple[str, ...] | None = None
    write: Literal["smallest", "each"] | None = None
    evaluators: tuple[str, ...] = ("embedded",)
    confirm: tuple[str, ...] = ()
    agree: int | None = None
    keep: tuple[tuple[str, Keep], ...] = ()
    floor: tuple[tuple[str, float], ...] = ()
    metadata: Literal["strip", "copyright", "keep"] = "strip"
    background: tuple[int, int, int] | None = None
    widths: tuple[int, ...] = ()
    min_width: int | None = None
    max_width: int | None = None
    seed: int = 0
    serve: Literal["semantic"] | None = None
    placeholder: bool = False
    max_side: int | None = None
    below: bool = False

    @property
    def ground(self) -> tuple[int, int, int]:
        """The colour under transparency for judges, and for formats that have none."""
        return self.background or (255, 255, 255)

    def keep_for(self, evaluator: str) -> Keep:
        """What must survive in the eyes of this judge."""
        wanted = dict(self.keep)
        return wanted.get(evaluator, wanted.get("*", Keep()))


@dataclass(frozen=True, slots=True)
class Rule:
    """What the user wants for the images that match one of `match`. `name` is "rules[0]" and so on, or "default"."""

    name: str
    match: tuple[str, ...]
    settings: Settings
    line: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Images beyond the first four are refused: pixels of one frame, bytes of the file, frames, seconds of work.

    variant, folder, tree: what `check` allows, in bytes: of one variant, of all variants that lie in one folder (not
    below it), of all variants of the tree. None: any number.
    """

    max_pixels: int = 50_000_000
    max_bytes: int = 100_000_000
    max_frames: int | None = None
    seconds: float = 600.0
    variant: int | None = None
    folder: int | None = None
    tree: int | None = None

    def too_heavy(self, size: int) -> str:
        """Why a file of this many bytes is not read; empty where it may be."""
        return f"has {size:,} bytes, over limits.max_bytes ({self.max_bytes:,})" if size > self.max_bytes else ""

    @property
    def too_slow(self) -> str:
        """Why an image on which a worker spent more than its seconds is given up."""
        return f"took longer than {self.seconds:g} s (limits.seconds)"


@dataclass(frozen=True, slots=True)
class Executor:
    """Where images are searched. address: of a Ray cluster; None for the one that Ray finds."""

    kind: Literal["local", "ray"] = "local"
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A parsed `semopt.yaml`.

    root: the folder that holds the config; the manifest and `.semopt/` lie there. assets: the tree, absolute.
    file: the config's path, None where there is none. output: template of variants' paths. cache: absolute folder.
    shared: URL of a cache for several machines, behind that in the state folder. remote: URL of the tree; `root` and
    `assets` are then its mirror.
    target: a folder of its own for variants, absolute. Paths of images are then relative to the tree, those of variants
    to the target; an image that has a place there gets a file, a copy where nothing smaller was found. None: beside the
    originals. spend: bytes that the variants of a folder's images share, by the folder relative to the tree, sorted;
    empty for the tree itself.
    """

    root: Path
    assets: Path
    file: Path | None = None
    rules: tuple[Rule, ...] = ()
    default: Rule = field(default_factory=lambda: Rule("default", ("**",), Settings()))
    evaluators: tuple[EvaluatorSpec, ...] = BUILT_IN
    exclude: tuple[str, ...] = ()
    limits: Limits = Limits()
    output: str = "{dir}/{name}.semopt.{ext}"
    cache: Path | None = None
    shared: str | None = None
    remote: str | None = None
    target: Path | None = None
    spend: tuple[tuple[str, int], ...] = ()
    executor: Executor = Executor()


# --- what the plan says -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stat:
    """What tells an unchanged file without reading it, as git's index does. Times in nanoseconds."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where the file of an image goes in a config's target. copy: the path of a copy of the original.

    stem: a variant's path without its suffix; None where a variant takes the path of a copy.
    """

    copy: str
    stem: str | None


@dataclass(frozen=True, slots=True)
class Asset:
    """One source image. path: relative to the config's folder, POSIX, undecodable bytes surrogate-escaped.

    place: where the config has a target.
    """

    path: str
    file: Path
    stat: Stat
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """An asset with its fully resolved rule."""

    asset: Asset
    rule: Rule


@dataclass(frozen=True, slots=True)
class Skipped:
    """An image file that no search will see. status is "skipped" (by wish) or "failed" (cannot be done)."""

    path: str
    reason: str
    status: Literal["skipped", "failed"] = "skipped"
    rule: str | None = None
    strategy: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All tasks and every skipped file with the reason, each sorted by path; warnings are sentences.

    unreadable: folders that could not be listed, relative to the tree, each with a slash at its end; what is below
    them is not known to be gone.
    """

    tasks: tuple[Task, ...]
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


# --- what the search says ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """One encoding of the image. width, height in px; quality in the encoder's own range, None for lossless.

    chain: the qualities at which it was saved and opened again before, oldest first; their damage is in it.
    """

    encoder: str
    width: int
    height: int
    quality: int | None
    chain: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """How far one sighting is from the original's.

    similarity: calibrated, 1 for the original itself; the same threshold means the same for every judge.
    The raw figures are None where the judge has none. kl: nats. cosine: of the features. kept: share of the
    probability of the original's top class that is left. label_before, label: top class of the original and of
    this sighting. rank: place of label_before in this sighting, 0 for the top. sure: probability of label_before in
    the original, 0 to 1. family: the two labels' height in the hierarchy of classes, 0 for one
    and the same, 99 for no relation; None where the classes are not ImageNet's. cer: character error rate.
    silent: why the judge has no say on this original, as none of text on one without; its similarity then is 1.
    """

    similarity: float
    kl: float | None = None
    cosine: float | None = None
    kept: float | None = None
    label_before: str | None = None
    label: str | None = None
    rank: int | None = None
    sure: float | None = None
    family: int | None = None
    cer: float | None = None
    silent: str | None = None


Scores = Mapping[str, Score]
"""Scores by the judge's name."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a strategy knows of an image. width, height: upright px. graphic: a drawing or screenshot, not a photograph.

    exact: its pixels fit 8 bits a channel, so a lossless copy is possible.
    """

    width: int
    height: int
    bytes: int
    alpha: bool = False
    graphic: bool = False
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Encode:
    """Request: encode these. Answer: a list of `int | None`, bytes of each, None where the encoder cannot."""

    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Observe:
    """Request: show these to judges. Answer: a list of Scores, in order, by those judges.

    A candidate is compared with the original in the same look; None is the original itself, compared with its plain
    look. judges: names; empty for all of the rule's.
    """

    candidates: tuple[Candidate | None, ...]
    phase: Phase = "search"
    look: Look = "plain"
    judges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """Request: compare these with the original at their size. Answer: a list of float, in order.

    metric: "ssimulacra2" (100 for the original), or "identical" (1.0 where every pixel is the same, else 0.0).
    """

    candidates: tuple[Candidate, ...]
    metric: str


Request = Encode | Observe | Measure


class Halt(Exception):
    """Thrown into a search that must end now; it answers with its best so far."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate and all that was learnt of it. measured: figure of the perceptual metric.

    scores: of the plain look; of fewer judges than the rule has where those refused it. refused: what it failed at
    after it had passed: a look or "confirm".
    """

    candidate: Candidate
    bytes: int
    scores: Scores | None = None
    measured: float | None = None
    passed: bool | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """accepted: to be written, smallest first; empty with a reason where nothing was found. trials: all of them.

    complete: False where the search was halted before its end. strategy: the one that was followed instead of that
    which the rule names, None for that; why: the reason. placeholder: what stands in a page until the picture comes.
    """

    accepted: tuple[Trial, ...]
    trials: tuple[Trial, ...]
    reason: str = ""
    complete: bool = True
    strategy: str | None = None
    why: str = ""
    placeholder: Trial | None = None


Search = Generator[Request, Any, SearchResult]


@dataclass(frozen=True, slots=True)
class Verdict:
    """passed, and by how much: margin is on a log-odds scale, 0 at the threshold, positive is better.

    settled: False where judges are missing whose scores may still make it pass.
    """

    passed: bool
    margin: float
    settled: bool = True


class Criterion(Protocol):
    """Which scores still count as recognised."""

    def __call__(self, scores: Scores) -> Verdict:
        """Judge one sighting; judges may be missing, and then nothing passes that they could still prevent."""
        ...


@dataclass(frozen=True, slots=True)
class Juror:
    """What a search knows of a judge; see `Evaluator`."""

    name: str
    cost: float = 10.0
    labels: bool = False
    mirrors: bool = True


@dataclass(frozen=True, slots=True)
class Jury:
    """Judges in the order in which they are asked, and what they must say together.

    judges: without any, all of the rule's are asked at once. agree: how many must accept, None for all. absent: names
    of judges that do not judge such images.
    """

    criterion: Criterion
    judges: tuple[Juror, ...] = ()
    agree: int | None = None
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """All that a strategy is handed. encoders: those of the rule's formats, in table order. The rest as in Settings.

    judges, agree, absent: as in Jury, for `criterion`. confirm: those that take no part in the search. silent: of those
    that have no say on this original, who are not asked, what is said by that. looks: what judges said of the original
    in altered looks, compared with its plain one, of those who were asked.
    """

    source: Source
    encoders: tuple[Encoder, ...]
    write: Literal["smallest", "each"]
    criterion: Criterion
    floor: Mapping[str, float]
    widths: tuple[int, ...] = ()
    min_width: int | None = None
    max_width: int | None = None
    seed: int = 0
    judges: tuple[Juror, ...] = ()
    agree: int | None = None
    absent: tuple[str, ...] = ()
    confirm: Jury | None = None
    silent: Scores = field(default_factory=dict)
    looks: Mapping[str, tuple[Score, ...]] = field(default_factory=dict)
    below: bool = False


# --- what plugs in ----------------------------------------------------------------------------------------------


class Encoder(Protocol):
    """Pixels to bytes. One row of the table in `encoders/`.

    support: 0 where every reader opens it, more for newer formats. ladder: about six qualities, worst to best,
    empty where it has no lossy mode. max_side, max_pixels: what the format can hold.

    >>> from PIL import Image
    >>> from semopt.encoders import ENCODERS
    >>> webp: Encoder = ENCODERS["webp"]
    >>> webp.encode(Image.radial_gradient("L"), webp.ladder[0], Metadata())[8:12]
    b'WEBP'
    """

    @property
    def name(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def support(self) -> int: ...
    @property
    def worst(self) -> int: ...
    @property
    def best(self) -> int: ...
    @property
    def ladder(self) -> tuple[int, ...]: ...
    @property
    def lossless(self) -> bool: ...
    @property
    def alpha(self) -> bool: ...
    @property
    def max_side(self) -> int: ...
    @property
    def max_pixels(self) -> int: ...

    def encode(self, image: Image.Image, quality: int | None, metadata: Metadata) -> bytes:
        """Encode an upright sRGB image of mode RGB, RGBA, L or LA. quality None is lossless. Raises ImageError."""
        ...

    def fingerprint(self) -> str:
        """Changes whenever the same pixels may give other bytes: settings and library versions."""
        ...


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a variant carries beside its pixels: whole blobs, or None."""

    exif: bytes | None = None
    xmp: bytes | None = None


@dataclass(frozen=True, slots=True)
class Canvas:
    """The size to which a judge squashes what it is shown, so that workers can do it. filter, gap: Pillow's."""

    width: int
    height: int
    filter: int
    gap: float

    def squashed(self, view: Image.Image) -> Image.Image:
        """An RGB image, or itself where it has that size."""
        size = self.width, self.height
        return view if view.size == size else view.resize(size, self.filter, reducing_gap=self.gap)


ViewSize = int | Canvas | None
"""Of the views that a judge wants: at most so many pixels; on a canvas; None as in `images.view_size`."""


class Evaluator(Protocol):
    """A judge. Preprocessing is its own affair. labels: whether its scores name classes.

    It may have five attributes more. cost: of one pass, 10 by default and 1 for `embedded`; dear judges are not shown
    what cheap ones refuse. mirrors: False where a mirrored picture says something else to it, as to one that reads.
    domain: "photos" or "graphics" where the others are not its affair, "any" by default. pixels: an int; the judge is
    shown images as they are, made smaller only beyond so many pixels (without it, none has a side over 1,024 px).
    threads: an int, which is set to the number of cores that the judge may use.

    >>> class Brightness:
    ...     name, labels = "brightness", False
    ...     def observe(self, images):
    ...         return [image.convert("L").resize((1, 1)).getpixel((0, 0)) for image in images]
    ...     def compare(self, reference, observed):
    ...         return Score(similarity=1 - abs(reference - observed) / 255)
    >>> from PIL import Image
    >>> import semopt
    >>> found = semopt.compress(Image.radial_gradient("L"), evaluator=Brightness(), formats=["webp"])
    >>> dict(found.scores)["brightness"].similarity >= 0.9
    True
    """

    name: str
    labels: bool

    def observe(self, images: Sequence[Image.Image]) -> Sequence[Any]:
        """Look at RGB images of any size; one observation each, opaque to everybody else.

        An observation does not depend, to the bit, on the other images of the call.
        """
        ...

    def compare(self, reference: Any, observed: Any) -> Score:
        """How far `observed` is from `reference`. Pure."""
        ...


class Judges(Protocol):
    """Judges by name, each made when it is first asked for."""

    def __getitem__(self, name: str) -> Evaluator: ...


class EvaluatorKind(Protocol):
    """What `kind:` names in the config: how judges of this kind are checked, fingerprinted and made."""

    keys: Mapping[str, Any]
    labels: bool

    def fingerprint(self, spec: EvaluatorSpec) -> str:
        """Changes whenever the same image may get another score. Imports no torch. Raises EvaluatorError."""
        ...

    def load(self, spec: EvaluatorSpec, progress: bool) -> Evaluator:
        """Make the judge; slow. progress: a bar on stderr for downloads. Raises EvaluatorError."""
        ...


class Strategy(Protocol):
    """How a rule's variants are found. judged: whether its search ever asks the judges.

    Its search is a generator; whoever runs it answers its requests:

    >>> from semopt.encoders import ENCODERS
    >>> from semopt.strategies import strategies
    >>> problem = Problem(Source(80, 60, 5000), (ENCODERS["webp"],), "each", lambda scores: Verdict(True, 1.0), {})
    >>> search = strategies()["lossless"].search(problem)
    >>> next(search)
    Encode(candidates=(Candidate(encoder='webp', width=80, height=60, quality=None, chain=()),))
    >>> search.send([1234])
    Measure(candidates=(Candidate(encoder='webp', width=80, height=60, quality=None, chain=()),), metric='identical')
    >>> try:
    ...     search.send([1.0])
    ... except StopIteration as stop:
    ...     [trial.bytes for trial in stop.value.accepted]
    [1234]
    """

    @property
    def name(self) -> str: ...
    @property
    def audience(self) -> Audience: ...
    @property
    def formats(self) -> tuple[str, ...]: ...
    @property
    def write(self) -> Literal["smallest", "each"]: ...
    @property
    def judged(self) -> bool: ...

    def search(self, problem: Problem) -> Search:
        """A generator of requests; see `semopt.search`."""
        ...


# --- what came of it --------------------------------------------------------------------------------------------


COPY = "copy"
"""What stands for the format of a variant that is a copy of its original, in a target."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A file written beside its original. path as in Asset. audience: for whom it is good enough."""

    path: str
    format: str
    media_type: str
    width: int
    height: int
    quality: int | None
    bytes: int
    sha256: str
    audience: Audience
    scores: tuple[tuple[str, Score], ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """What became of an image whose variants are not those that its search found, but its share of `spend`.

    folder: whose bytes they are, relative to the tree, empty for the tree itself. by: the judge, or the metric, that is
    nearest to its threshold, or farthest below. figure: its similarity, or the metric's; wanted: the least asked for,
    None where another figure is. met: whether all that the rule asks for still holds.
    """

    folder: str
    by: str
    figure: float
    wanted: float | None
    met: bool


@dataclass(frozen=True, slots=True)
class Passes:
    """Images through one network, or through all: of the original, in the search, of what was found, beside it."""

    reference: int = 0
    search: int = 0
    confirm: int = 0
    placeholder: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What a search cost, in counts that repeat. The first four as in Passes, of all judges; judges: those of each."""

    reference: int = 0
    search: int = 0
    confirm: int = 0
    placeholder: int = 0
    encodes: int = 0
    measures: int = 0
    judges: tuple[tuple[str, Passes], ...] = ()


@dataclass(frozen=True, slots=True)
class Compressed:
    """What `semopt.compress` found for one image.

    content: the bytes of the smallest file accepted, None where there is none smaller than the original; reason then
    says why, and media_type and quality are None, width and height (upright px) the original's. quality: in the
    encoder's own range, None for lossless. scores: by judge. trials: every candidate that was made, in order. strategy:
    the one followed; reason also says why, where that is not the one asked for.
    """

    content: bytes | None
    media_type: str | None
    width: int | None
    height: int | None
    quality: int | None = None
    strategy: str | None = None
    scores: tuple[tuple[str, Score], ...] = ()
    trials: tuple[Trial, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What became of one sample of a dataset. path: in the source; target: of its file in the other folder, if any.

    Both are relative and POSIX. split: such as "train", empty where the tree has no such level. class_name: empty for
    a file in no folder. status: "optimized", "copied" (the original's bytes) or "failed" (no file). bytes, bytes_after:
    of the original and of its file. strategy: what was followed, "semantic" unless the judge could not decide; scores:
    by judge. agrees: whether the judge answers as before, True where the pixels are the same, None where there is no
    file, or the judge has no say on it. similarity: in that judge's eyes. margin: log odds from the threshold, for what
    it searched itself. same: the pixels are those of the original. fresh: written in this run.
    """

    path: str
    target: str | None
    split: str
    class_name: str
    status: Literal["optimized", "copied", "failed"]
    reason: str = ""
    bytes: int | None = None
    bytes_after: int | None = None
    strategy: str | None = None
    scores: tuple[tuple[str, Score], ...] = ()
    agrees: bool | None = None
    similarity: float | None = None
    margin: float | None = None
    same: bool = False
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one asset in this run. width, height: upright px of the original, None where unknown.

    placeholder: a data URI of about a kilobyte, None where the rule wants none. share: None where the variants are
    those that the search found.
    """

    path: str
    status: Status
    reason: str = ""
    rule: str | None = None
    strategy: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    variants: tuple[Variant, ...] = ()
    work: Work = Work()
    trials: tuple[Trial, ...] = ()
    placeholder: str | None = None
    share: Share | None = None

    def lacks(self, settings: Settings) -> tuple[int, ...]:
        """The widths in px, below the original's, that its rule wants and no variant has, though others do."""
        made = {variant.width for variant in self.variants}
        wanted = {min(width, settings.max_width or width) for width in settings.widths}
        return tuple(sorted(width for width in wanted - made if width < (self.width or 0))) if made else ()
