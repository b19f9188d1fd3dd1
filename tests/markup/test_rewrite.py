"""`<img>` to `<picture>`: what is said of each image, and that nothing else of a page changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semopt.markup import Offer, Options, Source, rewrite
from semopt.markup.rewrite import restore

PLAIN = Options(lazy=False)
CAT = Offer(
    800, 600, (Source("image/avif", (("cat.avif", 800),), 10), Source("image/webp", (("cat.webp", 800),), 20)), False
)
DOG = Offer(800, 600, (Source("image/webp", (("dog.webp", 800),), 20),), False)
WIDE = Offer(1600, 900, (Source("image/webp", (("wide.480.webp", 480), ("wide.960.webp", 960)), 20),), True)
OFFERS = {"cat.jpg": CAT, "dog.jpg": DOG, "wide.jpg": WIDE}


def look(url: str, base: str) -> Offer | None:
    return OFFERS.get(url)


def test_a_picture_with_the_smallest_format_first_and_the_originals_size() -> None:
    assert rewrite('<p><img src="cat.jpg" alt="a cat"></p>', look, PLAIN) == (
        '<p><picture data-semopt="25"><source type="image/avif" srcset="cat.avif">'
        '<source type="image/webp" srcset="cat.webp">'
        '<img width="800" height="600" src="cat.jpg" alt="a cat"></picture></p>'
    )


def test_a_size_that_the_author_gave_is_the_authors() -> None:
    page = rewrite('<img src="cat.jpg" width="400">', look, PLAIN)
    assert '<img src="cat.jpg" width="400"></picture>' in page


def test_all_but_the_first_images_are_lazy() -> None:
    page = rewrite('<img src="cat.jpg"><img src="other.jpg"><img src="dog.jpg"><img src="cat.jpg" loading=eager>', look)
    assert page.count("loading=") == 2
    assert page.index('loading="lazy"') > page.index("other.jpg")


def test_widths_come_with_sizes() -> None:
    page = rewrite('<img src="wide.jpg">', look, PLAIN)
    assert 'srcset="wide.480.webp 480w, wide.960.webp 960w" sizes="(max-width: 1600px) 100vw, 1600px"' in page
    assert 'sizes="50vw"' in rewrite('<img src="wide.jpg" sizes="50vw">', look, PLAIN)
    assert "(max-width: 300px) 100vw, 300px" in rewrite('<img src="wide.jpg" width=300>', look, PLAIN)


def test_a_set_of_sizes_is_offered_where_every_one_has_the_format() -> None:
    page = rewrite('<img src="cat.jpg" srcset="cat.jpg 1x, dog.jpg 2x">', look, PLAIN)
    assert "avif" not in page
    assert '<source type="image/webp" srcset="cat.webp 1x, dog.webp 2x">' in page
    left = '<img src="cat.jpg" srcset="cat.jpg 1x, other.jpg 2x">'
    assert rewrite(left, look) == left
    left = '<img src="cat.jpg" srcset="wide.jpg 1x">'
    assert rewrite(left, look) == left


def test_a_placeholder_lies_behind_the_image() -> None:
    offer = Offer(4, 3, DOG.sources, False, "data:image/webp;base64,AA==")
    page = rewrite('<img src="x">', lambda url, base: offer, PLAIN)
    assert 'style="background:url(data:image/webp;base64,AA==) center/cover no-repeat"' in page
    assert "background" not in rewrite('<img src="x" style="a:b">', lambda url, base: offer, PLAIN)


def test_a_mark_that_is_somebody_elses_hides_none_of_ours() -> None:
    page = '<picture data-semopt="3"></picture><img src=cat.jpg><img src=cat.jpg>'
    once = rewrite(page, look)
    assert rewrite(once, look) == once
    assert restore(once) == page


@pytest.mark.parametrize("around", ["<picture>{}</picture>", "<svg>{}</svg>", "<template>{}</template>", "<!--{}-->"])
def test_what_is_chosen_already_or_somebodys_code_is_left(around: str) -> None:
    page = around.format('<img src="cat.jpg">')
    assert rewrite(page, look) == page


def test_the_base_is_told() -> None:
    told = []
    rewrite('<base href="/x/"><img src="cat.jpg">', lambda url, base: told.append((url, base)))
    assert told == [("cat.jpg", "/x/")]


def test_urls_are_escaped() -> None:
    offer = Offer(4, 3, (Source("image/webp", (('a"b&c', 4),), 1),), False)
    assert 'srcset="a&quot;b&amp;c"' in rewrite("<img src=x>", lambda url, base: offer, PLAIN)


PIECES = st.sampled_from(
    (
        *("<img src=cat.jpg>", "<IMG SRC='dog.jpg' alt=\"a > b\"/>", "<img src=wide.jpg loading=lazy>", "<img src=no>"),
        *("<img srcset='cat.jpg 1x,dog.jpg 2x' src=cat.jpg>", "<picture>", "</picture>", "<source srcset=x>", "<!--"),
        *("-->", "<script>", "</script>", "<svg>", "</svg>", "text & more", "\r\n", "<", '"', ">", "é\U0001f600", "\0"),
        *("<template>", "</template>", "<%", "%>", "{{ x }}", '<picture data-semopt="3">', "<img "),
    )
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_nothing_else_changes_and_twice_is_once(page: str) -> None:
    once = rewrite(page, look)
    assert rewrite(once, look) == once
    if "data-semopt" not in page:
        assert restore(once) == page
    assert rewrite(once, lambda url, base: None) == restore(page)
