import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { refitError } from '../../src/errors.js'
import type { PackageManifest } from '../../src/packages/manifest.js'
import type { Predictions, Predictor } from '../../src/predictors/predictor.js'
import { openInThread } from '../../src/predictors/threaded.js'
import { createWant } from '../../src/predictors/want.js'

const HANGS_AFTER_MS = 2000
/** Together they take longer than one of them may. */
const CROWD = 40
const ONE_TAKES_MS = 100

const manifest: PackageManifest = { formatVersion: 1, format: 'module', signature: { task: 'regression', inputs: [{ name: 'x', type: 'number', optional: false }], target: 'y', classes: [] }, files: [] }

interface Stage {
  readonly predictor: Predictor
  /** The rows that the model has been asked for, in that order. */
  readonly asked: () => Promise<readonly number[]>
  /** What became of its thread. */
  readonly ends: readonly string[]
}

/** Opens a module that notes each row it is asked for, x, and then does this. */
async function stageOf(context: TestContext, predict: string): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-thread-'))
  const notes = join(folder, 'notes')
  await writeFile(notes, '')
  const compute = `const compute = () => { const end = performance.now() + ${ONE_TAKES_MS}; while (performance.now() < end); }`
  await writeFile(
    join(folder, 'predictor.mjs'),
    `import { appendFileSync } from 'node:fs'\n${compute}\nexport const load = () => ({ predict: async ([{ x }]) => { appendFileSync(${JSON.stringify(notes)}, x + '\\n'); ${predict}; return [x] } })`,
  )
  const ends: string[] = []
  const entry = new URL('../../src/roles/predict-thread.bundle.js', import.meta.url)
  const predictor = await openInThread({ entry, folder, manifest, hangsAfterMs: HANGS_AFTER_MS, memoryBytes: 1_000_000_000, environment: {}, onOutput: () => undefined, onEnd: (text) => ends.push(text) })
  context.after(async () => {
    await predictor.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { predictor, ends, asked: async () => (await readFile(notes, 'utf8')).split('\n').slice(0, -1).map(Number) }
}

function batchOf(x: number): { readonly rows: 1; readonly columns: { readonly x: readonly number[] } } {
  return { rows: 1, columns: { x: [x] } }
}

function valueOf(predictions: Predictions): number {
  assert.equal(predictions.task, 'regression')
  return predictions.values[0] ?? Number.NaN
}

for (const [what, predict] of [
  ['computes', 'compute()'],
  ['waits for something and then computes', 'await new Promise((resolve) => setTimeout(resolve, 20)); compute()'],
] as const) {
  test(`a burst on a model that ${what} is answered to the last of it, each as soon as it can be, and is not taken for a hang`, async (context) => {
    const { predictor, asked, ends } = await stageOf(context, predict)
    const order: number[] = []
    const numbers = Array.from({ length: CROWD }, (_, x) => x)
    const answers = numbers.map(async (x) => {
      const value = valueOf(await predictor.predict(batchOf(x)))
      order.push(x)
      return { value, begunByThen: (await asked()).length, answeredByThen: order.length }
    })
    assert.deepEqual((await Promise.all(answers)).map(({ value }) => value), numbers)
    assert.deepEqual(order, numbers)
    const [first] = await Promise.all(answers)
    assert.equal(first?.answeredByThen, 1)
    if (what === 'computes') assert.ok(first.begunByThen < CROWD, 'the first answer was held back until the last')
    assert.deepEqual(ends, [])
  })
}

test('what nobody waits for any more is not begun, whether it has crossed to the thread or not', async (context) => {
  const { predictor, asked, ends } = await stageOf(context, 'compute()')
  const gone = refitError('caller-left', { model: 'it' })
  const ask = (x: number): { readonly giveUp: () => void; readonly answer: Promise<PromiseSettledResult<Predictions>> } => {
    const want = createWant()
    const answer = Promise.allSettled([predictor.predict(batchOf(x), want)]).then(([settled]) => settled)
    return { giveUp: () => want.giveUp(gone), answer }
  }
  const asks = Array.from({ length: CROWD }, (_, x) => ask(x))
  // Before anything has crossed.
  for (const { giveUp } of asks.slice(20, 25)) giveUp()
  await asks[0]?.answer
  for (const { giveUp } of asks.slice(25)) giveUp()
  const settled = await Promise.all(asks.map(({ answer }) => answer))
  assert.deepEqual(settled.map(({ status }) => status), settled.map((_, x) => (x < 20 ? 'fulfilled' : 'rejected')))
  for (const each of settled.slice(20)) assert.equal(each.status === 'rejected' && each.reason instanceof Error && 'code' in each.reason ? each.reason.code : '', 'caller-left')
  assert.deepEqual(await asked(), Array.from({ length: 20 }, (_, x) => x))
  // What has been given up before it is asked is not asked either.
  const late = createWant()
  late.giveUp(gone)
  await assert.rejects(predictor.predict(batchOf(99), late), { code: 'caller-left' })
  assert.equal(valueOf(await predictor.predict(batchOf(100))), 100)
  assert.equal((await asked()).length, 21)
  assert.deepEqual(ends, [])
})

test('one answer that takes too long ends the thread, and what it held comes to an end', async (context) => {
  const { predictor, ends } = await stageOf(context, 'if (x === 13) for (;;)')
  assert.equal(valueOf(await predictor.predict(batchOf(1))), 1)
  for (const each of await Promise.allSettled([13, 2].map((x) => predictor.predict(batchOf(x))))) assert.equal(each.status, 'rejected')
  assert.match(ends[0] ?? '', /did not answer for 2 seconds/)
})

test('an answer that never comes from a thread that turns costs nobody else an answer: another thread takes its place, and nothing of it is under way', async (context) => {
  const { predictor, ends } = await stageOf(context, 'if (x === 13) await new Promise(() => undefined)')
  const want = createWant()
  const never = Promise.allSettled([predictor.predict(batchOf(13), want)])
  const over = new AbortController()
  void never.then(() => over.abort())
  setTimeout(() => want.giveUp(refitError('prediction-timeout', { model: 'it', seconds: 2 })), HANGS_AFTER_MS)
  let answered = 0
  while (!over.signal.aborted) {
    assert.equal(valueOf(await predictor.predict(batchOf(answered % 13))), answered % 13)
    answered += 1
    await delay(5)
  }
  const [settled] = await never
  assert.equal(settled.status, 'rejected')
  assert.equal(ends.length, 1)
  assert.match(ends[0] ?? '', /has not answered a request for 2 seconds; it is loaded again/)
  assert.equal(valueOf(await predictor.predict(batchOf(7))), 7)
})
