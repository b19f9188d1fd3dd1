// A page with its images offered in better formats. Outside the tags that are changed no character differs.
// The same markup as semopt/markup/rewrite.py writes; a test compares the two.

import { escape, tags } from './tags.js'

const ASIDE = new Set(['picture', 'svg', 'template', 'math']) // images in these are chosen already, or somebody's code
const MARK = 'data-semopt' // how many characters were put into the <img>, behind the name
const NAME = '<img'.length

/**
 * The page with each `<img>` that has an offer in a `<picture>`; one that was rewritten before is told anew.
 * look: (url, base, attributes) => offer or null. mask: what stands for a style until Vite has seen the page.
 */
export function rewrite(page, look, { lazy = true, eager = 1, mask = (style) => style } = {}) {
  page = restore(page)
  const parts = []
  let at = 0
  let met = 0
  for (const [tag, base] of images(page)) {
    met += 1
    const found = sourcesOf(tag, base, look)
    if (!found) continue
    const more = moreOf(tag.attributes, found.offer, lazy && met > eager)
    parts.push(page.slice(at, tag.start), picture(page.slice(tag.start, tag.end), tag, found, more, mask))
    at = tag.end
  }
  return parts.join('') + page.slice(at)
}

/** The page as it was before it was rewritten. */
export function restore(page) {
  const parts = []
  let at = 0
  const found = [...tags(page)]
  for (const [index, tag] of found.entries()) {
    const count = tag.name === 'picture' && !tag.closes ? tag.attributes.get(MARK) : undefined
    if (!count || !/^\d+$/.test(count)) continue
    let inner = index + 1
    while (found[inner]?.name === 'source') inner += 1
    const [image, end] = [found[inner], found[inner + 1]]
    if (image?.name !== 'img' || end?.name !== 'picture' || !end.closes) continue // somebody's own
    const name = image.start + NAME
    parts.push(page.slice(at, tag.start), page.slice(image.start, name), page.slice(name + Number(count), image.end))
    at = end.end
  }
  return parts.join('') + page.slice(at)
}

/** The srcset of one source of an offer. */
export function setOf(source, offer) {
  if (!offer.sized) return source.urls.at(-1)[0]
  return source.urls.map(([url, width]) => `${url} ${width}w`).join(', ')
}

/** How wide an image is shown: as its author says, else as wide as it is, within the window. */
export function sizesOf(attributes, offer, lazy) {
  if (attributes.has('sizes')) return attributes.get('sizes')
  const width = (attributes.get('width') ?? '').trim()
  const shown = /^[0-9]+$/.test(width) && Number(width) ? width : String(offer.width)
  const guess = `(max-width: ${shown}px) 100vw, ${shown}px`
  return lazy || attributes.get('loading') === 'lazy' ? `auto, ${guess}` : guess
}

/** Attributes for the image itself, and its style: its size, so that the page does not jump when it comes. */
export function moreOf(attributes, offer, lazy) {
  let plain = ''
  if (!attributes.has('width') && !attributes.has('height')) {
    plain += ` width="${offer.width}" height="${offer.height}"`
  }
  if (lazy && !attributes.has('loading')) plain += ' loading="lazy"'
  const styled = offer.placeholder && !attributes.has('style')
  const style = styled ? ` style="background:url(${escape(offer.placeholder)}) center/cover no-repeat"` : ''
  return { lazy, plain, style }
}

/** Every `<img>` that may be changed, with the base that counts for it. */
function* images(page) {
  let base = ''
  const inside = new Map()
  for (const tag of tags(page)) {
    if (ASIDE.has(tag.name) && !tag.own) {
      inside.set(tag.name, Math.max(0, (inside.get(tag.name) ?? 0) + (tag.closes ? -1 : 1)))
    } else if (tag.name === 'base' && !tag.closes) {
      base ||= tag.attributes.get('href') ?? ''
    } else if (tag.name === 'img' && !tag.closes && ![...inside.values()].some(Boolean)) {
      yield [tag, base]
    }
  }
}

/** The offer for an image's `src`, and what to say of each format; null where the image is to be left. */
function sourcesOf(tag, base, look) {
  const ask = (url) => look(url, base, tag.attributes)
  const offer = ask((tag.attributes.get('src') ?? '').trim())
  const srcset = (tag.attributes.get('srcset') ?? '').trim()
  if (!offer) return null
  if (!srcset) return { offer, sets: offer.sources.map((one) => ({ type: one.type, srcset: setOf(one, offer) })) }
  const candidates = candidatesOf(srcset).map(([url, rest]) => ({ rest, offer: ask(url) }))
  // A mixture of what is offered and what is not would choose by format, not by size.
  if (!candidates.length || candidates.some((one) => !one.offer || one.offer.sized)) return null
  return { offer, sets: offer.sources.map((source) => shared(source.type, candidates)).filter(Boolean) }
}

/** The author's own set of sizes in another format; null where it has not all of them. */
function shared(type, candidates) {
  const pieces = candidates.map(({ rest, offer }) => {
    const source = offer.sources.find((one) => one.type === type)
    return source && `${source.urls.at(-1)[0]} ${rest}`.trim()
  })
  return pieces.every(Boolean) ? { type, srcset: pieces.join(', ') } : null
}

/** URLs with their descriptors, as the standard splits them: a comma at a URL's end ends it. */
function candidatesOf(srcset) {
  const found = []
  let rest = srcset
  while ((rest = rest.replace(/^[, \t\n\r\f]+/, ''))) {
    const [url, , after] = partition(rest.replaceAll('\n', ' ').replaceAll('\t', ' '), ' ')
    if (url.endsWith(',')) {
      found.push([url.replace(/,+$/, ''), ''])
      rest = after
      continue
    }
    const [descriptor, , more] = partition(after, ',')
    found.push([url, descriptor.trim()])
    rest = more
  }
  return found
}

function partition(text, mark) {
  const at = text.indexOf(mark)
  return at < 0 ? [text, '', ''] : [text.slice(0, at), mark, text.slice(at + mark.length)]
}

function picture(text, tag, { offer, sets }, more, mask) {
  if (!sets.length) return text
  const end = tag.own ? ' />' : '>'
  const sizes = offer.sized || tag.attributes.has('sizes') ? sizesOf(tag.attributes, offer, more.lazy) : ''
  const lines = sets.map(
    (one) =>
      `<source type="${one.type}" srcset="${escape(one.srcset)}"` + (sizes ? ` sizes="${escape(sizes)}"` : '') + end,
  )
  const count = more.plain.length + more.style.length
  const inner = text.slice(0, NAME) + more.plain + mask(more.style) + text.slice(NAME)
  return `<picture ${MARK}="${count}">${lines.join('')}${inner}</picture>`
}
