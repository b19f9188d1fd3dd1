// The module behind `import cat from './cat.jpg?semopt'`. Every file is imported in turn, so that Vite emits it under a
// hashed name and gives its URL as everywhere else: with `base`, a relative one, or that of `renderBuiltUrl`.

import { moreOf, sizesOf } from './rewrite.js'
import { escape } from './tags.js'

/** In the page: a URL as it may stand in a srcset, and in an attribute. */
const HELPERS = `const inSet = (url) => url.replace(/\\s/g, encodeURIComponent);
const inText = (text) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
`

/**
 * The module's code. src: what to import for the original. offer: whose URLs are what to import; null for none.
 * entry: of the manifest, or undefined. query: of the import.
 */
export function moduleOf(src, offer, entry, query) {
  const files = [src, ...(offer?.sources ?? []).flatMap((source) => source.urls.map(([file]) => file))]
  const imports = files.map((file, index) => `import file${index} from ${JSON.stringify(file)};\n`).join('')
  const value = query.has('picture') ? picture(offer, entry, query) : image(offer, entry)
  return `${imports}${HELPERS}export default ${value};\n`
}

/** One source's srcset as an expression. first: the number of its first file. */
function setCode(source, offer, first) {
  const urls = source.urls.map(([, width], index) => [`inSet(file${first + index})`, width])
  if (!offer.sized) return urls.at(-1)[0]
  return urls.map(([url, width]) => `${url} + ' ${width}w'`).join(` + ', ' + `)
}

/** Each source with its srcset as an expression. */
function sets(offer) {
  let first = 1
  return (offer?.sources ?? []).map((source) => {
    const code = setCode(source, offer, first)
    first += source.urls.length
    return { type: source.type, code }
  })
}

function image(offer, entry) {
  const sizes = offer?.sized ? `, sizes: ${JSON.stringify(sizesOf(new Map(), offer, false))}` : ''
  const sources = sets(offer).map(({ type, code }) => `{ type: ${JSON.stringify(type)}, srcset: ${code}${sizes} }`)
  const [width, height] = [entry?.width, entry?.height].map((one) => one ?? 'undefined')
  const placeholder = JSON.stringify(entry?.placeholder ?? null)
  return `{ src: file0, sources: [${sources.join(', ')}], width: ${width}, height: ${height}, placeholder: ${placeholder} }`
}

/** Markup as `semopt html` writes it. What the query says beside (alt, class, sizes, loading) is the image's. */
function picture(offer, entry, query) {
  const attributes = new Map([['alt', query.get('alt') ?? '']])
  for (const name of ['class', 'width', 'height', 'sizes', 'loading']) {
    if (query.has(name)) attributes.set(name, query.get(name))
  }
  const own = [...attributes].map(([name, value]) => ` ${name}="${escape(value)}"`).join('')
  const size = offer ?? (entry?.width && entry.height ? entry : null)
  const more = size ? moreOf(attributes, size, true) : { plain: '', style: '' }
  const head = JSON.stringify(`<img${more.plain}${more.style} src="`)
  const img = `${head} + inText(file0) + ${JSON.stringify(`"${own}>`)}`
  if (!offer) return img
  const sizes = offer.sized || attributes.has('sizes') ? sizesOf(attributes, offer, true) : ''
  const tail = JSON.stringify(sizes ? `" sizes="${escape(sizes)}">` : '">')
  const lines = sets(offer).map(
    ({ type, code }) => `${JSON.stringify(`<source type="${type}" srcset="`)} + inText(${code}) + ${tail}`,
  )
  const mark = JSON.stringify(`<picture data-semopt="${more.plain.length + more.style.length}">`)
  return [mark, ...lines, img, JSON.stringify('</picture>')].join(' + ')
}
