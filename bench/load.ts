import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** What a load asks. */
export interface LoadTask {
  readonly url: string
  readonly path: string
  readonly body: string
  readonly connections: number
  /** Requests that are due a second; without it, as fast as the connections are answered. */
  readonly perSecond?: number | undefined
}

/** One answer: when its request was due (milliseconds since 1970), how long it took from then on, its status (0: none), and the version that answered. */
export interface LoadAnswer {
  readonly due: number
  readonly took: number
  readonly status: number
  readonly version: number
}

export interface RunningLoad {
  /** What was answered by neither 200 nor 429, in words. */
  readonly failures: readonly string[]
  /** Resolves to all answers, as they came. */
  stop(): Promise<readonly LoadAnswer[]>
}

const FIELDS = 4

/** Loads an address from a process of its own. */
export function startLoad(task: LoadTask): RunningLoad {
  const child = spawn(process.execPath, [fileURLToPath(new URL('load-child.js', import.meta.url))], { stdio: ['pipe', 'pipe', 'pipe'] })
  // A body of a thousand rows is more than an argument may have.
  child.stdin.write(`${JSON.stringify(task)}\n`)
  const failures: string[] = []
  createInterface(child.stderr).on('line', (line) => failures.push(line))
  const output = buffer(child.stdout)
  return {
    failures,
    stop: async () => {
      child.stdin.end()
      const bytes = await output
      const doubles = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
      return Array.from({ length: doubles.length / FIELDS }, (_, index) => {
        const [due = 0, took = 0, status = 0, version = 0] = doubles.subarray(index * FIELDS, (index + 1) * FIELDS)
        return { due, took, status, version }
      })
    },
  }
}

/** Loads an address for a while; gives all answers. @throws Error when one failed */
export async function loadFor(task: LoadTask, seconds: number): Promise<readonly LoadAnswer[]> {
  const { failures, stop } = startLoad(task)
  await delay(seconds * 1000)
  const answers = await stop()
  if (failures.length > 0 || answers.length === 0) throw new Error(`${task.url}${task.path}: ${failures.length} failed: ${failures[0] ?? 'no answer'}`)
  return answers
}

/** Answers a second, from the first request to the last answer: slow servers are asked little more than once a connection. */
export function perSecondOf(answers: readonly LoadAnswer[]): number {
  const milliseconds = answers.reduce((last, { due, took }) => Math.max(last, due + took), 0) - (answers[0]?.due ?? 0)
  return (answers.length / milliseconds) * 1000
}

/** The value below which this share of them lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
