import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Value } from 'typebox/value'
import { digestOf } from '../define/canonical-json.js'
import { refitError } from '../errors.js'
import { chosenPython, predictorEnvironment } from '../predictors/predictor-environment.js'
import { sendSignal } from '../processes/end.js'
import { SAME_EVERYWHERE } from '../processes/same-everywhere.js'
import { deadlineOf, ServingSettings } from './serving-settings.js'
import { readProcessNote, removeProcessNote, type ProcessNote } from './state.js'

const START_DEADLINE_MS = 30_000
/** More than it takes to end when the last request has been answered. */
const END_MARGIN_MS = 10_000
const POLL_MS = 25

/**
 * The serving process of a project: the one that runs already, also if whoever started it has died, or a new one. It is
 * not a child that ends with us. One with other settings, or of another release, is replaced.
 * @throws RefitError `serving-not-started`
 */
export async function ensureServing(settings: ServingSettings, refitVersion: string): Promise<ProcessNote> {
  const wanted = digestOf({ settings, refitVersion, environment: SAME_EVERYWHERE, tokens: process.env['REFIT_TOKENS'] ?? '', python: chosenPython() ?? '', traces: tracesAskedFor() })
  const running = await readProcessNote(settings.stateFolder, 'serving')
  if (running !== undefined) {
    const present = await settingsOf(running.pid)
    if (present === undefined || present === wanted) return running
    await endServing(settings.stateFolder)
  }
  return startServingProcess(settings, wanted)
}

/** What the environment says of traces. */
function tracesAskedFor(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (name.startsWith('OTEL_') && value !== undefined ? [[name, value]] : [])))
}

/** Ends the serving process of a state folder, when its requests have ended. Returns whether one was running. */
export async function endServing(stateFolder: string): Promise<boolean> {
  const running = await readProcessNote(stateFolder, 'serving')
  if (running === undefined) return false
  sendSignal(running.pid, 'SIGTERM')
  const deadline = Date.now() + (await answersWithin(running.pid)) + END_MARGIN_MS
  while ((await readProcessNote(stateFolder, 'serving')) !== undefined) {
    if (Date.now() > deadline) {
      sendSignal(running.pid, 'SIGKILL')
      break
    }
    await delay(POLL_MS)
  }
  await removeProcessNote(stateFolder, 'serving')
  return true
}

async function startServingProcess(settings: ServingSettings, digest: string): Promise<ProcessNote> {
  const { stateFolder } = settings
  const logFile = join(stateFolder, 'logs', 'serving.log')
  await mkdir(join(stateFolder, 'logs'), { recursive: true })
  const log = await open(logFile, 'a')
  try {
    const child = spawn(process.execPath, ['--enable-source-maps', fileURLToPath(new URL('./serve-main.js', import.meta.url))], {
      cwd: stateFolder,
      env: { ...process.env, ...SAME_EVERYWHERE, ...(settings.projectFolder === undefined ? {} : predictorEnvironment(settings.projectFolder)), REFIT_SERVING: JSON.stringify(settings), REFIT_SERVING_DIGEST: digest },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    let ended: string | undefined
    child.once('error', (error) => {
      ended = error.message
    })
    child.once('exit', (code, signal) => {
      ended = `it ended with ${signal ?? `exit code ${code ?? 'unknown'}`}; ${ended ?? ''}`
    })
    child.unref()
    const deadline = Date.now() + START_DEADLINE_MS
    for (;;) {
      const note = await readProcessNote(stateFolder, 'serving')
      if (note !== undefined && note.pid === child.pid) return note
      if (ended !== undefined) throw refitError('serving-not-started', { reason: await lastWords(logFile, ended) })
      if (Date.now() > deadline) {
        child.kill('SIGKILL')
        throw refitError('serving-not-started', { reason: `it was not ready within ${START_DEADLINE_MS / 1000} seconds` })
      }
      await delay(POLL_MS)
    }
  } finally {
    await log.close()
  }
}

/** What the process was started with. Where /proc tells nothing, it is taken for the right one. */
async function settingsOf(pid: number): Promise<string | undefined> {
  const file = `/proc/${pid}/environ`
  return existsSync(file) ? variableOf(file, 'REFIT_SERVING_DIGEST') : undefined
}

/** How long a request may be under way there, milliseconds. */
async function answersWithin(pid: number): Promise<number> {
  const settings = await variableOf(`/proc/${pid}/environ`, 'REFIT_SERVING')
  const known: unknown = settings === undefined ? undefined : JSON.parse(settings)
  return deadlineOf(Value.Check(ServingSettings, known) ? known : {})
}

async function variableOf(file: string, name: string): Promise<string | undefined> {
  const entry = (await readFile(file, 'utf8').catch(() => '')).split('\0').find((text) => text.startsWith(`${name}=`))
  return entry?.slice(name.length + 1)
}

async function lastWords(logFile: string, otherwise: string): Promise<string> {
  const last = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').at(-1) ?? ''
  try {
    const line: unknown = JSON.parse(last)
    if (typeof line === 'object' && line !== null && 'msg' in line) return String(line.msg)
  } catch {
    // It died before it could write a line of its own.
  }
  return last === '' ? otherwise : last
}
