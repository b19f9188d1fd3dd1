import type { Plugin } from 'vite'

export interface Options {
  /** The command, or the command with arguments before its own. Default: of the nearest `.venv`, else on PATH. */
  command?: string | string[]
  /** The folder that semopt builds, relative to Vite's root. Default: Vite's root; the nearest `semopt.yaml` counts. */
  folder?: string
  /** The config, relative to Vite's root, instead of the nearest `semopt.yaml`. */
  config?: string
  /** Whether semopt is run; `false` uses the manifest and the variants as they lie there. Default: `true`. */
  run?: boolean
  /** Whether the `<img>` of pages are rewritten. Default: `true`. */
  html?: boolean
  /** Whether images of pages that say nothing of `loading` get `loading="lazy"`. Default: `true`. */
  lazy?: boolean
  /** How many images of a page are never made lazy, in sight as they are. Default: `1`. */
  eager?: number
}

export interface Source {
  /** A media type, as `image/avif`. */
  type: string
  srcset: string
  /** Only where there are several widths. */
  sizes?: string
}

/** What `import image from './cat.jpg?semopt'` gives. */
export interface Image {
  /** The original. */
  src: string
  /** The variants that people are shown, the smallest format first; none where the original is the best there is. */
  sources: Source[]
  /** Of the original, upright, in px; `undefined` where it could not be read. */
  width: number | undefined
  height: number | undefined
  /** A data URI, or `null`. */
  placeholder: string | null
}

export default function semopt(options?: Options): Plugin[]
