// node sharp.mjs SOURCE TARGET [JOBS]: WebP of quality 80 of every image of a folder.
import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, parse } from 'node:path'
import sharp from 'sharp'

const [source, target, jobs] = process.argv.slice(2)
if (jobs === '1') sharp.concurrency(1)
const files = (await readdir(source)).sort()

async function worker() {
  for (let file = files.shift(); file; file = files.shift()) {
    await sharp(join(source, file)).webp({ quality: 80 }).toFile(join(target, `${parse(file).name}.webp`))
  }
}

await Promise.all(Array.from({ length: Number(jobs) || availableParallelism() }, worker))
