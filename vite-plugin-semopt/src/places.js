// What a URL in a page, or a name in an import, means to Vite: a file of the public folder, or one of the source.

import fs from 'node:fs'
import path from 'node:path'

const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|\/\/|#|$)/i
const TAKEN = /[?&](?:inline|raw)\b/ // somebody asked Vite for something else than a file
const UNSAFE = /[#?,]/ // in a file's name: Vite does not find such a URL again in a srcset
const BASE = '%BASE_URL%'

/** @param {string} root @param {string} publicDir empty without one */
export function placesOf(root, publicDir) {
  const isPublic = (file) => publicDir !== '' && path.resolve(file).startsWith(publicDir + path.sep)

  /** The file of the public folder at a path like /cat.jpg; null where there is none. */
  function publicFile(name) {
    const file = path.join(publicDir, name)
    return publicDir && name.startsWith('/') && isFile(file) && isPublic(file) ? file : null
  }

  /** The image at a URL of a page: {file, isPublic, url}; null where the URL leads elsewhere. url: of another file. */
  function ofUrl(url, page) {
    if (ELSEWHERE.test(url)) return null
    const [, whole, rest] = /^([^?#]*)(.*)$/s.exec(url)
    const head = whole.startsWith(BASE) ? BASE : ''
    const name = decoded(head ? `/${whole.slice(head.length).replace(/^\//, '')}` : whole)
    if (name === null || TAKEN.test(rest)) return null
    const open = publicFile(name)
    const file = open ?? (name.startsWith('/') ? path.join(root, name) : path.resolve(path.dirname(page), name))
    if (UNSAFE.test(file) || !isFile(file)) return null
    const folder = head + whole.slice(head.length, whole.lastIndexOf('/') + 1)
    return { file, isPublic: open !== null, url: (other) => urlOf(file, open !== null, folder, other) + rest }
  }

  /** The URL of another file, in the form that the page gives to this one where both are of one kind. */
  function urlOf(file, open, folder, other) {
    if (isPublic(other) === open) return folder + encoded(path.relative(path.dirname(file), other))
    return `/${encoded(path.relative(open ? root : publicDir, other))}`
  }

  /** What to import for a file. */
  function toImport(file) {
    return isPublic(file) ? `/${path.relative(publicDir, file).replaceAll(path.sep, '/')}` : file.replaceAll(path.sep, '/')
  }

  return { isPublic, publicFile, ofUrl, toImport }
}

function encoded(file) {
  return encodeURI(file.replaceAll(path.sep, '/'))
}

function decoded(text) {
  try {
    const name = decodeURIComponent(text)
    return name.includes('\0') ? null : name
  } catch {
    return null
  }
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}
