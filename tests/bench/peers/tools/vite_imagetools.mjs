// node vite_imagetools.mjs ROOT: a build of ROOT/main.js, which imports the images.
import { join } from 'node:path'
import { build } from 'vite'
import { imagetools } from 'vite-imagetools'

const root = process.argv[2]
await build({
  root,
  configFile: false,
  logLevel: 'error',
  resolve: { preserveSymlinks: true },
  plugins: [imagetools({ cache: { dir: join(root, 'cache') } })],
  build: { outDir: join(root, 'dist'), emptyOutDir: true, assetsInlineLimit: 0, rollupOptions: { input: join(root, 'main.js') } },
})
