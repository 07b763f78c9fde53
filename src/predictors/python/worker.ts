import { spawn, type ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { RefitError, refitError } from '../../errors.js'
import { endGroup } from '../../processes/end.js'
import { residentBytes, TOKEN_VARIABLE } from '../../processes/proc.js'
import { basicEnvironment } from '../../processes/run-process.js'
import { SAME_EVERYWHERE } from '../../processes/same-everywhere.js'
import { frameOf, frameReader, type Frame } from './frames.js'
import { workerToken } from './orphans.js'
import { createOutput, type Output } from './output.js'
import { workerFile } from './worker-file.js'

export interface WorkerLimits {
  /** Longest time to load the model. */
  readonly loadMilliseconds: number
  /** Longest time of one answer. */
  readonly answerMilliseconds: number
  /** What it may take more than twice what it has when the model is loaded: a model brings its own measure. */
  readonly growthBytes: number
}

export interface WorkerStart {
  readonly interpreter: string
  /** What worker.py is told first. */
  readonly settings: object
  /** With what the model was made, for the words about one that cannot be loaded. */
  readonly made: Environment | undefined
  readonly limits: WorkerLimits
  /** The longest answer. */
  readonly mostBytes: number
}

const Environment = Type.Object({ python: Type.String(), libraries: Type.Record(Type.String(), Type.String()) })
type Environment = Static<typeof Environment>

const Loaded = Type.Object({
  ...Environment.properties,
  labels: Type.Union([Type.Array(Type.String()), Type.Null()]),
  names: Type.Union([Type.Array(Type.String()), Type.Null()]),
  width: Type.Union([Type.Integer(), Type.Null()]),
})
/** What a loaded model says of itself. */
export type Loaded = Static<typeof Loaded>

const NotLoaded = Type.Object({ ...Environment.properties, failed: Type.String(), library: Type.Union([Type.String(), Type.Null()]) })
const Answer = Type.Object({ error: Type.Optional(Type.String()) })

/** A process that has loaded a model. It is asked one thing after another. */
export interface Worker {
  readonly pid: number
  readonly loaded: Loaded
  /** The numbers that it answers to rows. @throws RefitError `prediction-invalid`; `predictor-died` when it is of no more use */
  ask(rows: Buffer): Promise<Float64Array>
  /** Whether it can be asked. */
  lives(): boolean
  /** Its resident memory, in bytes, when it was last looked at; undefined where that cannot be seen. */
  heldBytes(): number | undefined
  /** Comes when its process has ended, by itself or not. */
  readonly ended: Promise<void>
  whyEnded(): string
  /** Comes back when it has ended, with its children. */
  end(): Promise<void>
}

const MEMORY_POLL_MS = 250
/** Python takes a while to end; what its model does at its end need not be waited for. */
const GRACE_MS = 500
/** One thread adds up in one order. Workers are what answers at the same time. */
const ONE_THREAD = Object.fromEntries(['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMEXPR_NUM_THREADS'].map((name) => [name, '1']))

/**
 * Starts a worker and waits until it has loaded its model.
 * @throws RefitError `python-missing`, `python-library-missing`, `model-unreadable`
 */
export async function startWorker(start: WorkerStart, signal: AbortSignal): Promise<Worker> {
  const { interpreter, limits } = start
  const token = await workerToken()
  const child = spawn(interpreter, ['-u', workerFile(), String(process.pid)], {
    // Whatever a model writes beside itself must not come into its package.
    cwd: tmpdir(),
    // A package is never written to: no compiled modules beside those of the model.
    env: { ...basicEnvironment(), ...SAME_EVERYWHERE, ...ONE_THREAD, PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: '0', PYTHONUTF8: '1', [TOKEN_VARIABLE]: token },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = createOutput(child.stderr)
  const ended = endOf(child, output)
  const [, , , socket] = child.stdio
  if (child.pid === undefined || !(socket instanceof Socket)) throw refitError('python-missing', { interpreter, reason: await ended })
  const channel = createChannel(child, child.pid, socket, start.mostBytes, ended)
  const giveUp = (): void => channel.kill('it is not wanted any more')
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    const { header } = await channel.ask(frameOf(start.settings), limits.loadMilliseconds)
    const loaded = loadedOf(start, header)
    const watch = watchMemory(child.pid, limits.growthBytes, channel.kill)
    void ended.then(watch.stop)
    return {
      pid: child.pid,
      loaded,
      ask: async (rows) => answered(await channel.ask(rows, limits.answerMilliseconds)),
      lives: channel.lives,
      heldBytes: watch.heldBytes,
      ended: ended.then(() => undefined),
      whyEnded: channel.whyEnded,
      end: channel.end,
    }
  } catch (error) {
    await channel.end()
    if (error instanceof RefitError && error.code !== 'predictor-died') throw error
    const reason = error instanceof RefitError ? `its process ended while it loaded it: ${channel.whyEnded()}` : String(error)
    throw refitError('model-unreadable', { reason }, { cause: error })
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function loadedOf({ interpreter, made }: WorkerStart, header: unknown): Loaded {
  if (Value.Check(Loaded, header)) return header
  if (!Value.Check(NotLoaded, header)) throw new Error('worker.py does not say what it has loaded')
  const { failed, library } = header
  if (library !== null) throw refitError('python-library-missing', { library, interpreter })
  throw refitError('model-unreadable', { reason: `${failed}${differences(made, header, interpreter)}` })
}

/** Most of what cannot be loaded was made with something else. */
function differences(made: Environment | undefined, found: Environment, interpreter: string): string {
  if (made === undefined) return ''
  const known: readonly (readonly [string, string, string | undefined])[] = [['Python', made.python, found.python], ...Object.entries(made.libraries).map(([name, version]) => [name, version, found.libraries[name]] as const)]
  const other = known.filter(([, version, present]) => present !== undefined && present !== version)
  return other.length === 0 ? '' : ` (it was made with ${other.map(([name, version]) => `${name} ${version}`).join(', ')}; ${interpreter} has ${other.map(([, , present]) => present).join(', ')})`
}

function answered({ header, payload }: Frame): Float64Array {
  if (!Value.Check(Answer, header) || payload.length % 8 !== 0) throw refitError('prediction-invalid', { reason: 'its process sent something else than numbers' })
  if (header.error !== undefined) throw refitError('prediction-invalid', { reason: header.error })
  // Copied, for numbers have to lie at a multiple of their size.
  return new Float64Array(new Uint8Array(payload).buffer)
}

/** How a process ended, in words. */
function endOf(child: ChildProcess, output: Output): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => {
      // What it said last may still be on its way.
      void output.ended().then(() => resolve(`it ended ${signal === null ? `with exit code ${code ?? 'unknown'}` : `by ${signal}`}${output.lastWords()}`))
    })
  })
}

interface Channel {
  ask(message: Buffer, milliseconds: number): Promise<Frame>
  lives(): boolean
  whyEnded(): string
  kill(why: string): void
  end(): Promise<void>
}

/** Asks one thing after another; what is no answer in time, or none that can be understood, ends the process. */
function createChannel(child: ChildProcess, pid: number, socket: Socket, mostBytes: number, ended: Promise<string>): Channel {
  let waiting: { resolve(frame: Frame): void; reject(error: Error): void } | undefined
  let why: string | undefined
  let living = true
  const kill = (reason: string): void => {
    why ??= reason
    living = false
    void endGroup(pid)
  }
  const read = frameReader(mostBytes, (frame) => {
    const asker = waiting
    waiting = undefined
    if (asker === undefined) kill('it answered what nobody had asked')
    else asker.resolve(frame)
  })
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk)
    } catch (error) {
      kill(`it sent what is no answer: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  // A process that has ended closes it; how it ended is told by the process.
  socket.on('error', () => undefined)
  void ended.then((how) => {
    why ??= how
    living = false
    socket.destroy()
    waiting?.reject(refitError('predictor-died', { reason: why }))
    waiting = undefined
  })
  let ending: Promise<void> | undefined
  return {
    ask: (message, milliseconds) =>
      new Promise((resolve, reject) => {
        if (!living || waiting !== undefined) {
          reject(refitError('predictor-died', { reason: why ?? 'it has been asked something already' }))
          return
        }
        const timer = setTimeout(() => kill(`it did not answer within ${milliseconds / 1000} seconds`), milliseconds)
        const settled = <T>(settle: (value: T) => void) => (value: T): void => {
          clearTimeout(timer)
          settle(value)
        }
        waiting = { resolve: settled(resolve), reject: settled(reject) }
        socket.write(message)
      }),
    lives: () => living,
    whyEnded: () => why ?? 'it has not ended',
    kill,
    end: () =>
      (ending ??= (async () => {
        living = false
        socket.end()
        const grace = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
        await ended
        clearTimeout(grace)
        // What it has started ends with it.
        await endGroup(pid)
      })()),
  }
}

/** Ends a worker that grows without end: its model leaks, or what it was asked takes more than there should be. */
function watchMemory(pid: number, growthBytes: number, kill: (why: string) => void): { heldBytes(): number | undefined; stop(): void } {
  let most: number | undefined
  let held: number | undefined
  const look = async (): Promise<void> => {
    const bytes = await residentBytes([pid])
    if (bytes > 0) held = bytes
    most ??= 2 * bytes + growthBytes
    if (bytes > most) kill(`it took ${Math.round(bytes / 1_000_000)} MB of memory, ${Math.round(most / 1_000_000)} MB are allowed`)
  }
  void look()
  const timer = setInterval(() => void look(), MEMORY_POLL_MS)
  timer.unref()
  return { heldBytes: () => held, stop: () => clearInterval(timer) }
}
