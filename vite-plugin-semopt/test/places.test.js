import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { findCommand } from '../src/command.js'
import { Gallery, findConfig } from '../src/gallery.js'
import { placesOf } from '../src/places.js'

function folderOf(...files) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'places-')))
  for (const file of files) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    fs.writeFileSync(path.join(root, file), '')
  }
  return root
}

test('a URL leads to the public folder first, and its variants are named as it is', () => {
  const root = folderOf('public/a.jpg', 'a.jpg', 'src/b c.jpg', 'pages/x/index.html')
  const places = placesOf(root, path.join(root, 'public'))
  const page = path.join(root, 'pages/x/index.html')
  const at = (url, name) => {
    const place = places.ofUrl(url, page)
    return place && [path.relative(root, place.file), place.url(path.join(root, name))]
  }
  assert.deepEqual(at('/a.jpg?v=3', 'public/a.jpg.webp'), ['public/a.jpg', '/a.jpg.webp?v=3'])
  assert.deepEqual(at('%BASE_URL%a.jpg', 'public/a.jpg.webp'), ['public/a.jpg', '%BASE_URL%a.jpg.webp'])
  assert.deepEqual(at('%BASE_URL%src/b%20c.jpg', 'src/b.webp'), ['src/b c.jpg', '%BASE_URL%src/b.webp'])
  assert.deepEqual(at('../../src/b%20c.jpg', 'src/b c.jpg.webp'), ['src/b c.jpg', '../../src/b%20c.jpg.webp'])
  assert.deepEqual(at('/src/b%20c.jpg', 'small/b.webp'), ['src/b c.jpg', '/src/../small/b.webp'])
  assert.deepEqual(at('/src/b%20c.jpg', 'public/b.webp'), ['src/b c.jpg', '/b.webp'])
  for (const url of ['', '#a', '//x/a.jpg', 'https://x/a.jpg', 'data:,', '/a.jpg?inline', '/%', '/gone.jpg', '/%00']) {
    assert.equal(places.ofUrl(url, page), null, url)
  }
  assert.equal(placesOf(root, '').ofUrl('/a.jpg', page).isPublic, false)
})

test('the command is the option, else of the nearest .venv within the repository, else on PATH', () => {
  const file = process.platform === 'win32' ? '.venv/Scripts/semopt.exe' : '.venv/bin/semopt'
  const root = folderOf(file, 'repository/.git/HEAD', 'repository/front/package.json')
  assert.deepEqual(findCommand(['python', '-m', 'semopt'], root), ['python', '-m', 'semopt'])
  assert.deepEqual(findCommand('/x/semopt', root), ['/x/semopt'])
  assert.deepEqual(findCommand(undefined, root), [path.join(root, file)])
  assert.deepEqual(findCommand(undefined, path.join(root, 'repository/front')), ['semopt'])
})

test('the manifest is read, checked, and remembers what it told', () => {
  const root = folderOf('semopt.yaml', 'deep/er/cat.jpg', 'cat.avif', 'cat.webp', 'm.webp')
  assert.equal(findConfig(path.join(root, 'deep/er')), path.join(root, 'semopt.yaml'))
  const gallery = new Gallery(root)
  gallery.read()
  assert.equal(gallery.at(path.join(root, 'deep/er/cat.jpg')), undefined)
  const people = { for: 'people', width: 8 }
  const variants = [
    { path: 'cat.webp', media_type: 'image/webp', bytes: 9, ...people },
    { path: 'cat.avif', media_type: 'image/avif', bytes: 3, ...people },
    { path: 'gone.png', media_type: 'image/png', bytes: 1, ...people },
    { path: 'm.webp', media_type: 'image/webp', bytes: 1, for: 'machines', width: 8 },
  ]
  const write = (version) =>
    fs.writeFileSync(
      path.join(root, 'semopt-manifest.json'),
      JSON.stringify({ version, assets: { 'deep/er/cat.jpg': { width: 8, height: 6, variants } } }),
    )
  write(1)
  gallery.read()
  assert.equal(gallery.changed(), true)
  assert.equal(gallery.changed(), false)
  const entry = gallery.at(path.join(root, 'deep/er/cat.jpg'))
  const offer = gallery.offer(entry, (variant) => variant.path)
  assert.deepEqual(offer.sources, [
    { type: 'image/avif', urls: [['cat.avif', 8]] },
    { type: 'image/webp', urls: [['cat.webp', 8]] },
  ])
  assert.equal(offer.sized, false)
  assert.equal(gallery.within(path.join(root, 'deep')), 'deep/er/cat.jpg')
  write(2)
  assert.throws(() => gallery.read(), /of version 2/)
})
