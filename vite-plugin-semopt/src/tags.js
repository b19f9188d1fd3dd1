// Finds the tags of a page that a browser would see as such, with the places of their attributes.
// The same as semopt/markup/tags.py, which says by what part of the HTML standard; a test compares the two.

const RAW = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes'])
const TAG = /<\/?([a-zA-Z][^\s/>]*)/y
const ATTRIBUTE = /[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?/y
const OPEN = /\s*=\s*(["']|$)/y // behind an attribute's name: a value that the page does not end
const END = /[\s/]*>/y
const COMMENT_END = /--!?>/g
const SCRIPT = /<!---*>|<!--|-->|<\/?script(?=[\s/>])/gi
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

/**
 * Every tag in order: {name, start, end, closes, own, attributes}.
 * name: in lower case. attributes: a Map; the first of each name counts, values without entities. own: `/` before `>`.
 * @param {string} page
 */
export function* tags(page) {
  let at = 0
  let foreign = 0
  while ((at = page.indexOf('<', at)) >= 0) {
    const tag = tagAt(page, at)
    if (!tag) {
      at = beyond(page, at, foreign > 0)
      continue
    }
    yield tag
    at = tag.end
    if ((tag.name === 'svg' || tag.name === 'math') && !(tag.own && !tag.closes)) {
      foreign = Math.max(0, foreign + (tag.closes ? -1 : 1))
    }
    if (!tag.closes && !foreign && RAW.has(tag.name)) at = rawEnd(page, at, tag.name)
    if (!tag.closes && tag.name === 'plaintext') return
  }
}

/** An attribute's value without entities: those with numbers, and the few names that URLs and sizes hold. */
export function unescape(text) {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos|nbsp));/g, (all, ten, hex, name) => {
    if (name) return NAMED[name]
    const code = ten ? Number(ten) : parseInt(hex, 16)
    return code && code <= 0x10ffff ? String.fromCodePoint(code) : all
  })
}

/** Text as it may stand in an attribute. */
export function escape(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#x27;')
}

function match(pattern, page, at) {
  pattern.lastIndex = at
  return pattern.exec(page)
}

function tagAt(page, start) {
  const head = match(TAG, page, start)
  if (!head) return null
  const attributes = new Map()
  let place = TAG.lastIndex
  while (!match(END, page, place)) {
    const found = match(ATTRIBUTE, page, place)
    const after = ATTRIBUTE.lastIndex
    const value = found && (found[2] ?? found[3] ?? found[4])
    if (!found || (value === undefined && match(OPEN, page, after))) return null // the page ends in the tag
    const name = found[1].toLowerCase()
    if (!attributes.has(name)) attributes.set(name, unescape(value ?? ''))
    place = after
  }
  const end = END.lastIndex
  const name = head[1].toLowerCase()
  return { name, start, end, closes: page[start + 1] === '/', own: page[end - 2] === '/', attributes }
}

/** Where to go on after a `<` that begins no tag: behind a comment and the like, or one character on. */
function beyond(page, at, foreign) {
  if (page.startsWith('<!--', at)) {
    if (page.startsWith('>', at + 4) || page.startsWith('->', at + 4)) return page.indexOf('>', at) + 1
    return match(COMMENT_END, page, at + 4) ? COMMENT_END.lastIndex : page.length
  }
  if (page.startsWith('<%', at)) return after(page, '%>', at, at + 2) // of a template language: code, not markup
  if (foreign && page.startsWith('<![CDATA[', at)) return after(page, ']]>', at, page.length)
  if (page.startsWith('<?php', at)) return after(page, '?>', at, page.length)
  if (['<!', '<?', '</'].some((mark) => page.startsWith(mark, at))) return after(page, '>', at, page.length)
  return at + 1
}

function after(page, mark, at, otherwise) {
  const found = page.indexOf(mark, at)
  return found >= 0 ? found + mark.length : otherwise
}

/** Where the end tag of an element with text in it begins; the page's end where there is none. */
function rawEnd(page, at, name) {
  if (name !== 'script') {
    const found = match(new RegExp(`</${name}(?=[\\s/>])`, 'gi'), page, at)
    return found ? found.index : page.length
  }
  let escaped = false
  let doubled = false
  for (const found of page.slice(at).matchAll(SCRIPT)) {
    const text = found[0].toLowerCase()
    if (text === '<!--') escaped = true
    else if (text.endsWith('->')) escaped = doubled = false
    else if (text === '<script') doubled ||= escaped
    else if (doubled) doubled = false
    else return at + found.index
  }
  return page.length
}
