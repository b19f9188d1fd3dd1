// The command semopt: where it is, one build of it, and one watch that lasts as long as somebody uses it.

import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'

export const ADVICE =
  'semopt was not found. Install it with `python -m venv .venv` and `.venv/bin/pip install semopt` (Python 3.11 or ' +
  "later), or name it in vite.config: semopt({ command: '/path/to/semopt' }); with semopt({ run: false }) the manifest " +
  'is used as it lies there'

/** The command line: as the option says, else of the nearest .venv up to the repository's root, else on PATH. */
export function findCommand(option, root) {
  if (option) return [option].flat()
  const own = process.platform === 'win32' ? ['Scripts', 'semopt.exe'] : ['bin', 'semopt']
  for (let at = path.resolve(root); ; at = path.dirname(at)) {
    const file = path.join(at, '.venv', ...own)
    if (fs.existsSync(file)) return [file]
    if (fs.existsSync(path.join(at, '.git')) || at === path.dirname(at)) return ['semopt']
  }
}

/** Start semopt, and give `say` each line of JSON; ends with {code, stderr}. Throws nothing but what `say` throws. */
function start([program, ...before], args, cwd, say) {
  const child = spawn(program, [...before, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-20_000)))
  if (child.stdout) {
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      let value
      try {
        value = JSON.parse(line)
      } catch {
        return
      }
      say(value)
    })
  }
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ code: null, stderr: error.code === 'ENOENT' ? ADVICE : `${program}: ${error.message}` })
    })
    child.once('close', (code) => resolve({ code, stderr: stderr.trim() }))
  })
  return { child, ended }
}

/** One build; gives {failed: [{path, reason}], statuses}. Throws an Error with semopt's own message. */
export async function build(command, args, cwd) {
  const failed = []
  let statuses = {}
  const { ended } = start(command, ['build', ...args, '--json'], cwd, (value) => {
    if (value.type === 'outcome' && value.status === 'failed') failed.push({ path: value.path, reason: value.reason })
    if (value.type === 'summary') statuses = value.statuses
  })
  const { code, stderr } = await ended
  if (code !== 0 && code !== 1) throw new Error(stderr || `semopt build ended with ${code}`)
  if (code === 1 && !failed.length) throw new Error(stderr || 'semopt build failed')
  return { failed, statuses }
}

/** Watches that run, by their command line; a server that is started anew takes over that of the one before. */
const running = (globalThis[Symbol.for('vite-plugin-semopt')] ??= new Map())

/**
 * Use a watch: {ready, alive, release}. ready: a promise of the first build's end, or of the watch's.
 * say: called with each object of its stream, and with {type: 'ended', code, stderr} where it ends by itself.
 */
export function watch(command, args, cwd, say) {
  const key = JSON.stringify([command, args, cwd])
  const one = running.get(key) ?? begin(key, command, args, cwd)
  one.users.add(say)
  return {
    ready: one.ready,
    alive: () => running.get(key) === one,
    release() {
      if (one.users.delete(say) && !one.users.size) one.stop()
    },
  }
}

const SIGNALS = ['SIGINT', 'SIGHUP']

function begin(key, command, args, cwd) {
  const users = new Set()
  const tell = (value) => [...users].forEach((say) => say(value))
  let built
  const ready = new Promise((resolve) => (built = resolve))
  const { child, ended } = start(command, ['watch', ...args, '--json'], cwd, (value) => {
    tell(value)
    if (value.type === 'built') built()
  })
  const forget = () => {
    if (running.get(key) === one) running.delete(key)
    process.off('exit', stop)
    SIGNALS.forEach((name) => process.off(name, interrupted))
  }
  const stop = () => {
    forget()
    child.kill()
  }
  const interrupted = (name) => {
    stop()
    process.kill(process.pid, name) // as if nobody had listened
  }
  process.once('exit', stop)
  SIGNALS.forEach((name) => process.once(name, interrupted))
  const one = { users, ready, stop }
  running.set(key, one)
  ended.then(({ code, stderr }) => {
    const alone = running.get(key) === one
    forget()
    if (alone) tell({ type: 'ended', code, stderr })
    built()
  })
  return one
}
