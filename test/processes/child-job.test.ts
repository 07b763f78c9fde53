import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { RefitError } from '../../src/errors.js'
import { runChildJob } from '../../src/processes/child-job.js'
import { processesWithToken } from '../../src/processes/proc.js'

const never = new AbortController().signal

test('a job is answered, what it prints is logged, and nothing is left in its folder', async (context) => {
  const desk = await newDesk(context)
  assert.deepEqual(await desk.run({ act: 'answer', words: 'grüße "東京"\n' }), { words: 'grüße "東京"\n', length: 11 })
  assert.equal(await readFile(desk.logFile, 'utf8'), 'working\n')
  assert.deepEqual(await readdir(desk.folder), ['job.log'])
})

test('jobs may run at once in one folder', async (context) => {
  const desk = await newDesk(context)
  const answers = await Promise.all(['a', 'b', 'c'].map((words, index) => desk.run({ act: 'answer', words }, { token: `${desk.token}/${index}` })))
  assert.deepEqual(answers, ['a', 'b', 'c'].map((words) => ({ words, length: 1 })))
})

test('a refusal crosses the process whole: code, message, hint, status and faults', async (context) => {
  const desk = await newDesk(context)
  await assert.rejects(desk.run({ act: 'refuse' }), (error) => {
    assert.ok(error instanceof RefitError)
    assert.deepEqual([error.code, error.status, error.faults], ['definition-invalid', 422, [{ path: 'models.a', message: 'is odd' }]])
    assert.equal(error.message, 'refit.config.ts is not a valid definition (faults: 1).')
    assert.match(error.hint, /Each fault names its path/)
    return true
  })
})

test('a bug in the child is told with its stack, and is no refusal', async (context) => {
  const desk = await newDesk(context)
  await assert.rejects(desk.run({ act: 'bug' }), (error) => error instanceof Error && !(error instanceof RefitError) && /undefined is not a house[^]*deepBug[^]*odd-child/.test(error.message))
})

test('a child that ends without an answer is told as it ended', async (context) => {
  const desk = await newDesk(context)
  await assert.rejects(desk.run({ act: 'exit' }), refusal('process-died', /odd ended with exit code 3/))
  await assert.rejects(desk.run({ act: 'die' }), refusal('process-died', /odd ended by SIGKILL/))
  await assert.rejects(desk.run({ act: 'garble' }), refusal('process-died', /exit code 0 and no usable answer/))
})

test('an answer of another shape than agreed is no answer', async (context) => {
  const desk = await newDesk(context)
  await assert.rejects(runChildJob({ ...desk.job({ act: 'answer' }), output: Type.Object({ rows: Type.Integer() }) }, never))
})

test('however much a child prints, it is answered', async (context) => {
  const desk = await newDesk(context)
  assert.deepEqual(await desk.run({ act: 'flood', words: 'done' }), { words: 'done' })
})

test('a child that hangs is ended at its limit', async (context) => {
  const desk = await newDesk(context)
  await assert.rejects(desk.run({ act: 'hang' }, { limits: { milliseconds: 500, memoryBytes: 1e9 } }), refusal('process-timeout', /longer than 0.5 seconds/))
  assert.equal(await desk.left(), 0)
})

test('a child that takes too much memory is ended', async (context) => {
  const desk = await newDesk(context)
  await assert.rejects(desk.run({ act: 'grow' }, { limits: { milliseconds: 60_000, memoryBytes: 200_000_000 } }), refusal('process-memory', /more than 200 MB/))
  assert.equal(await desk.left(), 0)
})

test('a cancelled job ends, and its child with it', async (context) => {
  const desk = await newDesk(context)
  const cancel = new AbortController()
  const running = desk.run({ act: 'hang' }, {}, cancel.signal)
  while (!existsSync(join(desk.folder, 'started'))) await delay(10)
  cancel.abort()
  await assert.rejects(running, /odd was cancelled/)
  assert.equal(await desk.left(), 0)
})

test('what a child leaves running is ended before its answer is given', async (context) => {
  const desk = await newDesk(context)
  assert.deepEqual(await desk.run({ act: 'answer-with-child', words: 'done' }), { words: 'done' })
  assert.equal(await desk.left(), 0)
})

interface Desk {
  readonly folder: string
  readonly logFile: string
  readonly token: string
  job(input: unknown): Omit<Parameters<typeof runChildJob>[0], 'output'>
  run(input: unknown, other?: { readonly limits?: { readonly milliseconds: number; readonly memoryBytes: number }; readonly token?: string }, signal?: AbortSignal): Promise<unknown>
  /** How many processes of its jobs are running. */
  left(): Promise<number>
}

async function newDesk(context: TestContext): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-job-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const token = `${randomUUID()}/job`
  const logFile = join(folder, 'job.log')
  const entry = new URL('./odd-child.js', import.meta.url)
  const job: Desk['job'] = (input) => ({ entry, input, token, limits: { milliseconds: 60_000, memoryBytes: 1e9 }, workingFolder: folder, logFile })
  return {
    folder,
    logFile,
    token,
    job,
    run: (input, other = {}, signal = never) => runChildJob({ ...job(input), output: Type.Unknown(), ...other }, signal),
    left: async () => (await processesWithToken((each) => each.startsWith(token))).length,
  }
}

function refusal(code: string, words: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof RefitError && error.code === code && words.test(error.message)
}
