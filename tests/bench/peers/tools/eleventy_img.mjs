// node eleventy_img.mjs SOURCE TARGET: a WebP of every image below a folder.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import Image from '@11ty/eleventy-img'

const [source, target] = process.argv.slice(2)
const files = readdirSync(source, { recursive: true }).filter((file) => file.endsWith('.jpg'))
const options = { formats: ['webp'], widths: ['auto'], outputDir: target }
await Promise.all(files.map((file) => Image(join(source, file), options)))
