// The plugin: which of Vite's hooks does what. See README.md for what a user sees.

import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as command from './src/command.js'
import { Gallery, findConfig } from './src/gallery.js'
import { moduleOf } from './src/module.js'
import { placesOf } from './src/places.js'
import { rewrite } from './src/rewrite.js'

const NAME = 'vite-plugin-semopt'
const VARIANT = /\.semopt\.[^/\\]*$/
const DEFAULT_LIMIT = 4096 // Vite's own build.assetsInlineLimit
const ASKED = /[?&]semopt\b/
const STYLE = 'data-semopt-style'
const SETTLE_MS = 50 // until Vite has taken note of new files in the public folder

/** @param {import('./index.d.ts').Options} options */
export default function semopt(options = {}) {
  const run = options.run ?? !process.env.VITEST
  const styles = [] // of placeholders: Vite would make a style sheet of a style that holds a URL
  let config, line, args, gallery, places, watching
  let settled = Promise.resolve()

  const failed = ({ path: name, reason }) => `semopt: ${name}: ${reason}; the original is served`

  /** What a page gets for a URL in it; null where the image is to be left. */
  function look(page, url, attributes) {
    const place = attributes.has('vite-ignore') ? null : places.ofUrl(url, page)
    const entry = place && gallery.at(place.file)
    if (!entry || isInlined(place.file)) return null
    return gallery.offer(entry, (variant) => place.url(gallery.file(variant)))
  }

  /** Whether Vite puts a file itself into what it writes: then nothing is left to choose. */
  function isInlined(file) {
    if (places.isPublic(file)) return false
    const { assetsInlineLimit: limit } = config.build // a function: see the hook `config`
    const content = fs.readFileSync(file)
    return limit(file, content) ?? content.length < DEFAULT_LIMIT
  }

  /** Read the manifest; gives whether that worked. */
  function read() {
    try {
      gallery.read()
      return true
    } catch (error) {
      config.logger.error(`${NAME}: ${error.message}`)
      return false
    }
  }

  /** After a build of the watch: pages and modules that were told something else are made anew. */
  async function refresh(server, known) {
    if (!read()) return
    const fresh = gallery.files().filter((file) => places.isPublic(file) && !known.has(file))
    fresh.forEach((file) => server.watcher.emit('add', known.add(file) && file)) // Vite serves what it knows of only
    if (fresh.length) await pause(SETTLE_MS)
    if (!gallery.changed()) return
    for (const [id, module] of server.moduleGraph.idToModuleMap) {
      if (queryOf(id)) server.moduleGraph.invalidateModule(module)
    }
    server.ws.send({ type: 'full-reload' })
  }

  /** What the watch says of its work. */
  function hear(server, known, event) {
    const { logger } = config
    if (event.type === 'built') settled = refresh(server, known)
    else if (event.type === 'outcome' && event.status === 'failed') logger.warn(failed(event))
    else if (event.type === 'notice') logger.warn(`semopt: ${event.text}`)
    else if (event.type === 'config' && event.error) logger.error(`semopt: ${event.error}`)
    else if (event.type === 'ended') {
      const said = event.stderr || `semopt watch ended with ${event.code}`
      logger.error(`${NAME}: ${said}\nVariants are as they were; restart Vite when this is mended.`)
    }
  }

  const main = {
    name: NAME,
    enforce: 'pre',

    config(user) {
      const limit = user.build?.assetsInlineLimit ?? DEFAULT_LIMIT
      // Of the public folder Vite must hear, or it would not serve a new file there; nothing reloads because of it.
      const ignored = ['**/.semopt/**', '**/semopt-manifest.json', (file) => VARIANT.test(file) && !places.isPublic(file)]
      return {
        build: { assetsInlineLimit: (file, content) => (VARIANT.test(file) ? false : inlines(limit, file, content)) },
        ...(user.server?.watch === null ? {} : { server: { watch: { ignored } } }),
      }
    },

    configResolved(resolved) {
      config = resolved
      const folder = path.resolve(config.root, options.folder ?? '.')
      const file = options.config ? path.resolve(config.root, options.config) : findConfig(folder)
      line = command.findCommand(options.command, config.root)
      args = [folder, ...(options.config ? ['--config', file] : [])]
      gallery = new Gallery(file ? path.dirname(file) : folder)
      places = placesOf(config.root, config.publicDir && path.resolve(config.publicDir))
      if (run && !file) throw new Error(withoutConfig(folder, path.resolve(config.root, config.build.outDir)))
    },

    async buildStart() {
      if (config.command !== 'build') return
      try {
        const { failed: broken, statuses } = run ? await command.build(line, args, config.root) : { failed: [] }
        const said = Object.entries(statuses ?? {}).map(([status, count]) => `${count} ${status}`)
        if (said.length) config.logger.info(`semopt: ${said.join(', ')}`)
        broken.forEach((one) => this.warn(failed(one)))
        gallery.read()
      } catch (error) {
        this.error(error.message)
      }
      const bred = gallery.within(path.resolve(config.root, config.build.outDir))
      if (bred) this.warn(`semopt optimises what Vite has written (${bred}): name its folder in semopt.yaml's exclude:`)
    },

    configureServer(server) {
      read()
      if (!run) return
      const known = new Set(gallery.files())
      watching = command.watch(line, args, config.root, (event) => hear(server, known, event))
      const { release } = watching
      const close = server.close
      server.close = async (...given) => {
        release()
        return close.apply(server, given)
      }
    },

    /** A changed image is news once its variants are there; the watch says so then. */
    handleHotUpdate({ file }) {
      return watching?.alive() && gallery.entry(file)?.variants?.length ? [] : undefined
    },

    resolveId: {
      filter: { id: ASKED },
      async handler(id, importer) {
        if (!queryOf(id)) return null
        const [name, query] = split(id)
        if (places.publicFile(name)) return id
        const found = await this.resolve(name, importer, { skipSelf: true })
        return found && `${split(found.id)[0]}?${query}`
      },
    },

    load: {
      filter: { id: ASKED },
      async handler(id) {
        const query = queryOf(id)
        if (!query) return null
        const [name] = split(id)
        const file = places.publicFile(name) ?? name
        if (watching && !gallery.entry(file)) await watching.ready.then(() => settled) // the first build is under way
        const entry = gallery.at(file)
        if (!entry) this.warn(`semopt: ${file} is none of the images in ${gallery.folder}; the original is served`)
        this.addWatchFile(file)
        const shown = entry && !isInlined(file)
        const offer = shown ? gallery.offer(entry, (one) => places.toImport(gallery.file(one))) : null
        return { code: moduleOf(places.toImport(file), offer, entry, query), map: null, moduleType: 'js' }
      },
    },

    /** Under `vite build --watch` pages are kept while they are the same; what they are told may have changed. */
    transform: {
      filter: { id: /\.html$/ },
      handler(_, id) {
        if (config.command === 'build' && id.endsWith('.html')) this.addWatchFile(gallery.manifest)
        return null
      },
    },
  }

  if (options.html === false) return [main]
  const { lazy, eager } = options
  const mask = (style) => style && ` ${STYLE}="${styles.push(style) - 1}"`
  // Before Vite's own work on a page, so that it treats the variants' URLs like any other; and after it.
  const before = (html, { filename }) => rewrite(html, (url, _, own) => look(filename, url, own), { lazy, eager, mask })
  const after = (html) => html.replace(new RegExp(` ${STYLE}="(\\d+)"`, 'g'), (_, number) => styles[number])
  return [
    { ...main, transformIndexHtml: { order: 'pre', handler: before } },
    { name: `${NAME}:styles`, transformIndexHtml: { order: 'post', handler: after } },
  ]
}

/** What is asked of the plugin by an import; null where nothing is. */
function queryOf(id) {
  const query = id.startsWith('\0') ? null : new URLSearchParams(split(id)[1])
  return query?.has('semopt') ? query : null
}

/** An id without and with what stands behind its `?`. */
function split(id) {
  const at = id.indexOf('?')
  return at < 0 ? [id, ''] : [id.slice(0, at), id.slice(at + 1)]
}

/** The user's own build.assetsInlineLimit, as an answer for one file; undefined leaves it to Vite's default. */
function inlines(limit, file, content) {
  if (typeof limit === 'function') return limit(file, content)
  if (content.length >= Number(limit)) return false
  return content.length < DEFAULT_LIMIT || file.endsWith('.svg') ? undefined : true
}

function withoutConfig(folder, outDir) {
  const out = path.relative(folder, outDir).replaceAll(path.sep, '/')
  return (
    `${NAME}: there is no semopt.yaml for ${folder}, and without one semopt would also optimise what Vite writes. ` +
    `Put this there, or let \`semopt init\` propose more:\n\nversion: 1\nexclude: [${JSON.stringify(`${out}/**`)}]\n`
  )
}
