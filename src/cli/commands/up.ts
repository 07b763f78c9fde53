import { spawn } from 'node:child_process'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { InvalidArgumentError, type Command } from 'commander'
import { systemClock } from '../../clock.js'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { deserialiseError, refitError } from '../../errors.js'
import type { Control } from '../../roles/control.js'
import { readProcessNote } from '../../roles/state.js'
import { fileLog } from '../../telemetry/log.js'
import { createClient } from '../client.js'
import { contextOf } from '../context.js'
import { createProjectProgress } from '../project-progress.js'
import { refitVersion } from '../refit-version.js'
import type { Terminal } from '../terminal.js'

const START_DEADLINE_MS = 90_000
const POLL_MS = 50
/** What waits for a database that is away would wait for ever; shorter than `refit down` waits. */
const END_WITHIN_MS = 50_000

interface Options {
  readonly detach?: true
  readonly controlPort?: number
  readonly servingPort?: number
}

interface Place {
  readonly projectFolder: string
  readonly environment: string | undefined
  readonly stateFolder: string
}

export function addUp(program: Command): void {
  program
    .command('up')
    .description('start everything the project needs, and show what happens')
    .option('--detach', 'go on in the background and give the terminal back')
    .option('--control-port <port>', 'in place of server.controlPort; 0: any free one', port)
    .option('--serving-port <port>', 'in place of server.servingPort; 0: any free one', port)
    .action(async (options: Options, command: Command) => {
      const { terminal, project, environment, stateFolder } = contextOf(command)
      const place: Place = { projectFolder: project(), environment, stateFolder: await stateFolder() }
      if (options.detach === true) await startDetached(terminal, place, options)
      else await runInForeground(terminal, place, options)
    })
}

/** Runs until Ctrl-C, SIGTERM or `refit down`. */
async function runInForeground(terminal: Terminal, { projectFolder, environment, stateFolder }: Place, options: Options): Promise<void> {
  const ended = new AbortController()
  let keepServing = false
  const end = (): void => ended.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  const log = fileLog(join(stateFolder, 'logs', 'control.log'), 'control')
  // All of the server: other commands start without it.
  const { startControl } = await import('../../roles/control.js')
  const control = await startControl({
    projectFolder,
    environment,
    controlPort: options.controlPort,
    servingPort: options.servingPort,
    clock: systemClock,
    log,
    refitVersion: refitVersion(),
    onShutdown: (request) => {
      keepServing = request.keepServing
      end()
    },
  })
  announce(terminal, control)
  await Promise.all([showEvents(terminal, control, ended.signal), untilAborted(ended.signal)])
  if (!terminal.json) terminal.line(terminal.paint.dim('Ending; a run under way goes on at the next start.'))
  await Promise.race([control.stop({ keepServing }), delay(END_WITHIN_MS).then(() => log.warn('not everything ended in time; the next start goes on from what is kept'))])
  process.exit(0)
}

function announce(terminal: Terminal, { url, servingUrl, project }: Control): void {
  if (terminal.json) {
    terminal.record({ kind: 'up', url, servingUrl, ...(project.environment === undefined ? {} : { environment: project.environment }), models: Object.keys(project.models) })
    return
  }
  const { paint } = terminal
  terminal.line(`${paint.green('✓')} ${paint.bold(project.environment === undefined ? 'Refit runs.' : `Refit runs: ${project.environment}.`)}  ${paint.dim('control')} ${url}  ${paint.dim('serving')} ${servingUrl}`)
  for (const model of Object.values(project.models)) terminal.line(`  ${paint.bold(model.name)}  ${paint.dim(arrivalOf(model.source))}`)
  terminal.line(paint.dim('  Ctrl-C ends it. `refit status` in another terminal shows where it stands.'))
  terminal.line()
}

function arrivalOf({ kind, options }: { readonly kind: string; readonly options: Readonly<Record<string, unknown>> }): string {
  return kind === 'folder' ? `takes what arrives in ${String(options['path'])}` : `takes what is sent by \`refit upload\``
}

async function showEvents(terminal: Terminal, control: Control, signal: AbortSignal): Promise<void> {
  const progress = createProjectProgress(terminal)
  const client = createClient({ url: control.url, token: control.viewerToken, actor: 'cli:up' })
  let after = control.eventsBefore ?? 'start'
  while (!signal.aborted) {
    try {
      for await (const event of client.follow({ after }, signal)) {
        after = event.cursor
        progress.show(event)
      }
    } catch {
      // The database may be away for long; what happened meanwhile is in the event log.
      await delay(POLL_MS * 10, undefined, { signal }).catch(() => undefined)
    }
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function startDetached(terminal: Terminal, { projectFolder, environment, stateFolder }: Place, options: Options): Promise<void> {
  const running = await readProcessNote(stateFolder, 'control')
  if (running !== undefined) throw refitError('already-running', { url: running.url, pid: running.pid })
  await mkdir(join(stateFolder, 'logs'), { recursive: true })
  const logFile = join(stateFolder, 'logs', 'up.log')
  const output = await open(logFile, 'w')
  const ports = [
    ...(options.controlPort === undefined ? [] : ['--control-port', String(options.controlPort)]),
    ...(options.servingPort === undefined ? [] : ['--serving-port', String(options.servingPort)]),
  ]
  const named = environment === undefined ? [] : ['--environment', environment]
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'up', '--project', projectFolder, '--no-color', '--json', ...named, ...ports], {
    cwd: projectFolder,
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  })
  let ended: string | undefined
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `exit code ${code ?? 'unknown'}`}`
  })
  child.unref()
  await output.close()
  const deadline = Date.now() + START_DEADLINE_MS
  for (;;) {
    const note = await readProcessNote(stateFolder, 'control')
    if (note !== undefined) {
      if (terminal.json) terminal.document({ url: note.url, pid: note.pid })
      else terminal.line(`${terminal.paint.green('✓')} Refit runs at ${note.url} (process ${note.pid}). \`refit status\` shows it, \`refit down\` ends it.`)
      return
    }
    if (ended !== undefined) throw await reasonOf(logFile, ended)
    if (Date.now() > deadline) throw refitError('start-failed', { reason: `it was not up within ${START_DEADLINE_MS / 1000} seconds`, log: logFile })
    await delay(POLL_MS)
  }
}

/** The error that the background process told last, as it is; else where to look. */
async function reasonOf(logFile: string, otherwise: string): Promise<Error> {
  const last = (await readFile(logFile, 'utf8')).trim().split('\n').at(-1) ?? ''
  try {
    const told: unknown = JSON.parse(last)
    const known = Value.Check(SerialisedError, told) ? deserialiseError(told) : undefined
    if (known !== undefined) return known
  } catch {
    // It died in another way.
  }
  return refitError('start-failed', { reason: otherwise, log: logFile })
}

const SerialisedError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: Type.String(),
  status: Type.Number(),
  faults: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
})

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return value
}
