// The manifest that semopt wrote, looked up by the files that it names.

import fs from 'node:fs'
import path from 'node:path'

const CONFIG = 'semopt.yaml'
const MANIFEST = 'semopt-manifest.json'
const VERSION = 1

/** The semopt.yaml that counts for a folder: the nearest one upward; null without one. */
export function findConfig(folder) {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const file = path.join(at, CONFIG)
    if (fs.existsSync(file)) return file
    if (at === path.dirname(at)) return null
  }
}

/** A manifest, read when asked to; remembers what it has told, so that what became untrue is known. */
export class Gallery {
  /** @param {string} folder the config's folder, which holds the manifest */
  constructor(folder) {
    this.folder = real(path.resolve(folder))
    this.manifest = path.join(this.folder, MANIFEST)
    this.assets = {}
    this.told = new Map()
  }

  /** Read the manifest again. Throws an Error with a sentence where it is there and cannot be used. */
  read() {
    let value
    try {
      value = JSON.parse(fs.readFileSync(this.manifest, 'utf8'))
    } catch (error) {
      if (error.code !== 'ENOENT') throw new Error(`${this.manifest}: damaged (${error.message})`)
      value = { version: VERSION, assets: {} }
    }
    if (value.version !== VERSION) {
      throw new Error(`${this.manifest}: of version ${value.version}, which this plugin does not read; use a newer one`)
    }
    this.assets = value.assets
  }

  /** Whether what was told is no longer so; it is forgotten then. */
  changed() {
    const changed = [...this.told].some(([key, was]) => was !== JSON.stringify(this.assets[key]))
    if (changed) this.told.clear()
    return changed
  }

  /** The entry of an image by its file; undefined where the manifest has none. It counts as told. */
  at(file) {
    const entry = this.entry(file)
    this.told.set(this.key(file), JSON.stringify(entry))
    return entry
  }

  /** The same, and nobody is told. */
  entry(file) {
    const key = this.key(file)
    return Object.hasOwn(this.assets, key) ? this.assets[key] : undefined
  }

  /** The files of all variants. */
  files() {
    return Object.values(this.assets).flatMap((entry) => (entry.variants ?? []).map((one) => this.file(one)))
  }

  /** A file as the manifest names it. */
  key(file) {
    return path.relative(this.folder, real(file)).replaceAll(path.sep, '/')
  }

  /** The file of a variant. */
  file(variant) {
    return path.join(this.folder, variant.path)
  }

  /** The variants that people are shown and whose files are there: [{type, bytes, variants}], smallest format first. */
  shown(entry) {
    const groups = new Map()
    const variants = (entry?.variants ?? []).filter((one) => one.for === 'people' && fs.existsSync(this.file(one)))
    for (const one of variants.sort((a, b) => a.width - b.width)) {
      if (!groups.has(one.media_type)) groups.set(one.media_type, [])
      groups.get(one.media_type).push(one)
    }
    return [...groups]
      .map(([type, group]) => ({ type, bytes: group.at(-1).bytes, variants: group }))
      .sort((a, b) => a.bytes - b.bytes || (a.type < b.type ? -1 : 1))
  }

  /** What a page is offered for an entry: see semopt/markup/offer.py; null where it has nothing. url: of a variant. */
  offer(entry, url) {
    const groups = this.shown(entry)
    if (!groups.length || !entry.width || !entry.height) return null
    return {
      width: entry.width,
      height: entry.height,
      sources: groups.map(({ type, variants }) => ({ type, urls: variants.map((one) => [url(one), one.width]) })),
      sized: groups.some(({ variants }) => variants.some((one) => one.width !== entry.width)),
      placeholder: entry.placeholder ?? null,
    }
  }

  /** The first image of the manifest in a folder; undefined where there is none. */
  within(folder) {
    const below = `${this.key(folder)}/`
    return Object.keys(this.assets).find((key) => key.startsWith(below))
  }
}

/** A file by its real name; as it is where it is not there. */
function real(file) {
  try {
    return fs.realpathSync.native(file)
  } catch {
    return file
  }
}
