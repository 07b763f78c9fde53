import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { AdapterReference } from '../../src/define/stored-definition.js'
import { RefitError, type ErrorCode } from '../../src/errors.js'
import { executor } from '../../src/roles/adapters.js'
import { command } from '../../src/trainers/command/definition.js'
import { gradientBoostedTrees } from '../../src/trainers/gradient-boosted-trees/definition.js'
import { module } from '../../src/trainers/module/definition.js'
import { definition, newDesk } from '../contracts/trainer.js'
import { startTraining, type Training, type TrainingAttempt } from '../support/train-model.js'

const modules: Readonly<Record<string, string>> = {
  'throws.ts': `export default () => { throw new TypeError('it was not to be') }`,
  'rejects.ts': `export default async () => { throw new Error('first line\\nlast line') }`,
  'without-default.ts': `export const train = () => undefined`,
  'broken.ts': `export default (`,
  'lost.ts': `import './nowhere.ts'; export default () => undefined`,
  'leaves-nothing.ts': `export default () => undefined`,
}
const desk = newDesk(async (projectFolder) => {
  for (const [file, content] of Object.entries(modules)) await writeFile(join(projectFolder, file), content)
})
let attempts = 0

async function start(trainer: AdapterReference, more: Partial<Training> = {}, signal?: AbortSignal): Promise<TrainingAttempt> {
  attempts += 1
  return startTraining({ ...(await desk.open()), definition, trainer, attempt: attempts, ...more }, signal)
}

const shell = (script: string): AdapterReference => command(['/bin/sh', '-c', script])

/** Fails unless training ends with this error, and leaves no process. */
async function fails(training: TrainingAttempt, code: ErrorCode, words: RegExp = /./): Promise<void> {
  await assert.rejects(training.done, (error) => {
    assert.ok(error instanceof RefitError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, words)
    return true
  })
  assert.equal(await executor.endAll(training.token), 0)
}

test('a trainer that ends well and leaves nothing is told that its model is missing', async () => {
  await fails(await start(shell('exit 0')), 'model-missing', /it left nothing/)
  await fails(await start(module('./leaves-nothing.ts')), 'model-missing', /it left nothing/)
})

test('files that are no model are named', async () => {
  await fails(await start(shell('echo 1 > "$REFIT_MODEL_DIR/weights.pkl"')), 'model-missing', /weights\.pkl/)
})

test('models of two formats are refused, and both are named', async () => {
  await fails(await start(shell('touch "$REFIT_MODEL_DIR/model.onnx" "$REFIT_MODEL_DIR/predictor.mjs"')), 'model-ambiguous', /onnx and module/)
})

test('a model that cannot be opened is refused before it is a candidate', async () => {
  await fails(await start(shell('echo rubbish > "$REFIT_MODEL_DIR/model.onnx"')), 'model-unreadable', /onnxruntime/)
})

test('a link that leads out of the model folder is not packaged', async () => {
  await fails(await start(shell('echo "export const load = () => ({ predict: () => [] })" > "$REFIT_MODEL_DIR/predictor.mjs"; ln -s /etc/passwd "$REFIT_MODEL_DIR/notes"')), 'package-unfit', /notes/)
})

test('a trainer that fails is told with its exit code and its last words', async () => {
  await fails(await start(shell('echo epoch 1; echo "no rows for class b" >&2; exit 3')), 'training-failed', /exit code 3: .*no rows for class b$/)
  await fails(await start(shell('exit 1')), 'training-failed', /exit code 1: it printed nothing/)
})

test('of a trainer that says a great deal the end is told, and all of it kept', async () => {
  const training = await start(shell('i=0; while [ $i -lt 3000 ]; do echo "line $i is a long line of a log"; i=$((i+1)); done; echo the end; exit 1'))
  await fails(training, 'training-failed', /\| the end$/)
  await assert.rejects(training.done, (error) => error instanceof RefitError && error.message.length < 1000)
  assert.match(await training.log(), /^line 0 is/)
})

test('a module that throws is told by its message', async () => {
  await fails(await start(module('./throws.ts')), 'training-failed', /it was not to be$/)
  await fails(await start(module('./rejects.ts')), 'training-failed', /first line \| last line$/)
  await fails(await start(module('./without-default.ts')), 'training-failed', /no function as its default export$/)
})

test('a module that cannot be bundled is refused with the reason', async () => {
  await fails(await start(module('./broken.ts')), 'module-not-bundled', /broken\.ts/)
  await fails(await start(module('./lost.ts')), 'module-not-bundled', /nowhere\.ts/)
  await fails(await start(module('./missing.ts')), 'module-not-bundled', /missing\.ts/)
  await fails(await start(module('./leaves-nothing.ts', { predictor: './missing.ts' })), 'module-not-bundled', /missing\.ts/)
})

test('a program that is not there is refused', async () => {
  await fails(await start(command(['refit-no-such-program'])), 'command-not-started', /refit-no-such-program/)
})

test('a trainer that is killed is told by the signal', async () => {
  await fails(await start(shell('echo so far; kill -9 $$')), 'training-killed', /SIGKILL: so far/)
})

test('a trainer that hangs is ended in time, with children that have left its session and ignore the request', async () => {
  const stubborn = `trap '' TERM; echo $$ >> "$REFIT_MODEL_DIR/pids"; while :; do sleep 1; done`
  const training = await start(shell(`setsid sh -c '${stubborn.replaceAll("'", `'\\''`)}' & ${stubborn}`), { limits: { trainMilliseconds: 3000 } })
  await fails(training, 'training-timeout', /3 seconds/)
  const pids = (await readFile(join(training.modelFolder, 'pids'), 'utf8')).trim().split('\n')
  assert.equal(pids.length, 2)
  for (const pid of pids) assert.ok(!(await isRunning(Number(pid))), `process ${pid} is still running`)
})

test('a trainer that takes more memory than it may is ended', async () => {
  const greedy = `globalThis.kept = []; setInterval(() => globalThis.kept.push(Buffer.alloc(50_000_000, 1)), 50)`
  await fails(await start(command([process.execPath, '-e', greedy]), { limits: { trainMemoryBytes: 300_000_000 } }), 'training-memory', /300 MB are allowed/)
})

test('a trainer whose run is cancelled is ended', async () => {
  const cancel = new AbortController()
  const training = await start(shell('echo $$ > "$REFIT_MODEL_DIR/pid"; sleep 600'), {}, cancel.signal)
  const pid = await eventually(() => readFile(join(training.modelFolder, 'pid'), 'utf8').catch(() => ''))
  cancel.abort()
  await assert.rejects(training.done, /cancelled/)
  assert.ok(!(await isRunning(Number(pid))))
})

test('more rows than the trees can take are refused before anything starts, with what to do', async () => {
  const { sets } = await desk.open()
  await fails(await start(gradientBoostedTrees(), { sets: { ...sets, rows: { ...sets.rows, train: 500_000, validation: 1 } } }), 'training-set-too-large', /500001 rows/)
})

/** Asks until there is an answer. */
async function eventually(ask: () => Promise<string>): Promise<string> {
  for (;;) {
    const answer = await ask()
    if (answer.trim() !== '') return answer
    await delay(10)
  }
}

/** A process that has ended may wait for somebody to take its exit code. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX')
  return !/^State:\s+[ZX]/m.test(status)
}
