// Makes a fresh clone ready: dependencies as locked, then the build. Runs before every npm script that needs them.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const lockHash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
const stamp = join(root, 'node_modules', '.refit-lock-hash')
const guard = join(root, '.setup-in-progress')
const STALE_GUARD_MS = 10 * 60_000

/** Whether the installed tree is the locked one: by hash, for a killed install leaves plausible times. */
function installed() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash
}

/** Two terminals may set up the same clone at once: the second waits for the first. */
async function acquireGuard() {
  for (;;) {
    try {
      mkdirSync(guard)
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      try {
        if (Date.now() - statSync(guard).mtimeMs > STALE_GUARD_MS) rmdirSync(guard)
      } catch {
        // The other one has just finished.
      }
      await sleep(200)
    }
  }
}

function run(args) {
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (result.status !== 0) {
    rmdirSync(guard)
    process.exit(result.status ?? 1)
  }
}

await acquireGuard()
try {
  if (!installed()) {
    const npm = process.env.npm_execpath
    if (npm === undefined) {
      console.error('Run this through npm: npm run setup')
      process.exitCode = 1
    } else {
      run([npm, 'ci'])
      writeFileSync(stamp, lockHash)
    }
  }
  if (process.exitCode === undefined) run([join(root, 'scripts', 'build.mjs')])
} finally {
  if (existsSync(guard)) rmdirSync(guard)
}
