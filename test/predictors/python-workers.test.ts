import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RefitError, refitError } from '../../src/errors.js'
import type { Signature } from '../../src/packages/manifest.js'
import type { Predictor } from '../../src/predictors/predictor.js'
import { pythonModel } from '../../src/predictors/python/adapter.js'
import { endOrphans } from '../../src/predictors/python/orphans.js'
import { createWant } from '../../src/predictors/want.js'
import { startTimeOf } from '../../src/processes/proc.js'
import { answerOf } from '../../src/serving/answer.js'
import { childrenOf, killNow } from '../support/living-processes.js'
import { until } from '../support/running-project.js'

/** Any Python will do: the models need no library. */
const skip = spawnSync('python3', ['--version']).status === 0 ? false : 'there is no python3 on the path'
delete process.env['REFIT_PYTHON']

const signature: Signature = { task: 'regression', inputs: [{ name: 'area', type: 'number', optional: false }], target: 'price', classes: [] }

/** A model that answers twice the area, and does what it is told by areas below 0. Of an area of 0 it says how many were asked together. */
const model = `
import os, signal, subprocess, threading, time

class Model:
    def predict(self, rows):
        areas = rows["area"].tolist() if hasattr(rows, "columns") else [row["area"] for row in rows]
        return [self.answer(area, len(areas)) for area in areas]

    @staticmethod
    def keep():
        Model.kept = bytearray(os.urandom(1000)) * 400_000

    def answer(self, area, together):
        if area == -1:
            time.sleep(600)
        if area == -2:
            held = []
            while True:
                held.append(bytearray(os.urandom(1000)) * 20_000)
                time.sleep(0.01)
        if area == -3:
            os.kill(os.getpid(), signal.SIGSEGV)
        if area == -7:
            threading.Timer(0.2, Model.keep).start()
            return 1
        if area == -4:
            raise ValueError("no such area")
        if area == -5:
            time.sleep(0.3)
        if area == -6:
            return float("nan")
        return together if area == 0 else 2 * area

def load(folder):
    if os.path.exists(os.path.join(folder, "with-child")):
        subprocess.Popen(["sleep", "600"])
    return Model()
`

async function folderOf(context: TestContext, code = model): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-python-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'load.py'), code)
  await writeFile(join(folder, 'refit-model.json'), '{ "loader": "python", "path": "load.py" }')
  return folder
}

async function open(context: TestContext, limits: Parameters<typeof pythonModel>[0] = {}): Promise<Predictor> {
  const predictor = await pythonModel({ workers: 1, ...limits }).load(await folderOf(context), signature)
  context.after(() => predictor.close())
  return predictor
}

async function ask(predictor: Predictor, ...area: readonly number[]): Promise<readonly unknown[]> {
  return answerOf(signature, await predictor.predict({ rows: area.length, columns: { area } }))
}

const died = (reason: RegExp) => (error: unknown): boolean => error instanceof RefitError && error.code === 'predictor-died' && error.status === 500 && reason.test(error.message)

test('a worker that is killed under requests fails those it was asked, and the next ones are answered', { skip }, async (context) => {
  const before = new Set(await childrenOf(process.pid))
  const predictor = await open(context)
  const [worker] = (await childrenOf(process.pid)).filter((pid) => !before.has(pid))
  assert.ok(worker !== undefined)
  let failed = 0
  let answered = 0
  const stopping = new AbortController()
  const callers = Array.from({ length: 20 }, async (_, caller) => {
    while (!stopping.signal.aborted) {
      try {
        assert.deepEqual(await ask(predictor, caller + 1), [2 * (caller + 1)])
        answered += 1
      } catch (error) {
        assert.ok(died(/SIGKILL/)(error), String(error))
        failed += 1
      }
    }
  })
  await until('answers', () => Promise.resolve(answered > 100 ? true : undefined))
  await killNow([worker])
  const then = answered
  await until('answers of another worker', () => Promise.resolve(answered > then + 100 ? true : undefined))
  stopping.abort()
  await Promise.all(callers)
  assert.ok(failed <= 20, `${failed} of 20 callers met the end`)
})

test('a worker that is ended for its memory while nobody asks it is replaced, and it is told why', { skip }, async (context) => {
  const predictor = await open(context, { growthBytes: 100_000_000 })
  assert.equal(predictor.whyEnded?.(), undefined)
  await until('word of its memory', () => Promise.resolve(predictor.heldBytes?.()))
  assert.deepEqual(await ask(predictor, -7), [1])
  const why = await until('its end', () => Promise.resolve(predictor.whyEnded?.()))
  assert.match(why, /it took \d+ MB of memory, \d+ MB are allowed/)
  assert.deepEqual(await ask(predictor, 3), [6])
})

test('a question that hangs is ended at its deadline, and so is one that takes memory without end or kills the process', { skip }, async (context) => {
  const predictor = await open(context, { answerMilliseconds: 1500, growthBytes: 100_000_000 })
  await assert.rejects(ask(predictor, -1), died(/did not answer within 1\.5 seconds/))
  assert.deepEqual(await ask(predictor, 3), [6])
  await assert.rejects(ask(predictor, -3), died(/by SIGSEGV/))
  assert.deepEqual(await ask(predictor, 3), [6])
  const patient = await open(context, { growthBytes: 100_000_000 })
  await assert.rejects(ask(patient, -2), died(/MB of memory, \d+ MB are allowed/))
  assert.deepEqual(await ask(patient, 4), [8])
})

test('a model that dies again and again is away between, and answers again', { skip }, async (context) => {
  const predictor = await open(context)
  const codes = new Set<string>()
  for (let tries = 0; tries < 6; tries += 1) {
    await ask(predictor, -3).catch((error: unknown) => codes.add(error instanceof RefitError ? error.code : String(error)))
  }
  assert.deepEqual(codes, new Set(['predictor-died', 'predictor-away']))
  await until('an answer', () => ask(predictor, 5).then(() => true, () => undefined))
})

test('requests that wait are asked together, each gets its own answer, and one that fails fails alone', { skip }, async (context) => {
  const predictor = await open(context)
  const busy = ask(predictor, -5)
  const [counts, doubled, wrong] = await Promise.all([
    Promise.all(Array.from({ length: 10 }, () => ask(predictor, 0))),
    Promise.all(Array.from({ length: 10 }, (_, area) => ask(predictor, area + 1, area + 0.5))),
    Promise.allSettled([ask(predictor, -6), ask(predictor, 7)]),
  ])
  assert.deepEqual(await busy, [-10])
  assert.deepEqual(counts, counts.map(() => [32]))
  assert.deepEqual(doubled, doubled.map((_, area) => [2 * area + 2, 2 * area + 1]))
  assert.deepEqual(wrong.map(({ status }) => status), ['rejected', 'fulfilled'])
  const again = ask(predictor, -5)
  const wordsOf = (error: unknown): readonly unknown[] => (error instanceof RefitError ? [error.code, error.message] : [error])
  const mixed = await Promise.all([-4, 8, 9].map((area) => ask(predictor, area).catch(wordsOf)))
  await again
  assert.deepEqual(mixed, [['prediction-invalid', 'The model gave no usable prediction: ValueError: no such area'], [16], [18]])
})

test('no more than so many requests wait, and none longer than so long', { skip }, async (context) => {
  const predictor = await open(context, { waiting: 2, waitMilliseconds: 100 })
  const [busy, ...others] = await Promise.allSettled([ask(predictor, -5), ask(predictor, 1), ask(predictor, 2), ask(predictor, 3)])
  assert.equal(busy.status, 'fulfilled')
  assert.deepEqual(others.map((each) => (each.status === 'rejected' && each.reason instanceof RefitError ? [each.reason.code, each.reason.status] : each)), others.map(() => ['predictor-busy', 503]))
  assert.deepEqual(await ask(predictor, 4), [8])
})

test('more rows than one question takes are answered in pieces, in their order', { skip }, async (context) => {
  const predictor = await open(context, { rows: 100 })
  const areas = Array.from({ length: 1234 }, (_, row) => row + 1)
  assert.deepEqual(await ask(predictor, ...areas), areas.map((area) => 2 * area))
})

test('requests that wait bring another worker, and closing leaves none, nor what they have started', { skip }, async (context) => {
  const before = new Set(await childrenOf(process.pid))
  const folder = await folderOf(context)
  await writeFile(join(folder, 'with-child'), '')
  const predictor = await pythonModel({ workers: 2, rows: 1 }).load(folder, signature)
  const mine = async (): Promise<readonly number[]> => (await childrenOf(process.pid)).filter((pid) => !before.has(pid))
  assert.equal((await mine()).length, 1)
  await Promise.all([ask(predictor, -5), ask(predictor, -5), ask(predictor, -5), ask(predictor, -5)])
  const workers = await until('a second worker', async () => ((await mine()).length === 2 ? mine() : undefined))
  const children = await until('what the workers have started', async () => {
    const found = (await Promise.all(workers.map(childrenOf))).flat()
    return found.length === 2 ? found : undefined
  })
  const waiting = Promise.allSettled([ask(predictor, -5), ask(predictor, -5), ask(predictor, -5)])
  await predictor.close()
  await waiting
  assert.deepEqual(await Promise.all([...workers, ...children].map(startTimeOf)), [undefined, undefined, undefined, undefined])
})

test('when Refit is killed its workers end, and what they have started is found and ended', { skip }, async (context) => {
  const folder = await folderOf(context)
  await writeFile(join(folder, 'with-child'), '')
  const owner = spawn(process.execPath, [fileURLToPath(new URL('./python-owner.js', import.meta.url)), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => owner.kill('SIGKILL'))
  await new Promise<void>((resolve) => owner.stdout.once('data', () => resolve()))
  const [worker = 0] = await childrenOf(owner.pid ?? 0)
  const [child = 0] = await childrenOf(worker)
  assert.ok((await startTimeOf(worker)) !== undefined && (await startTimeOf(child)) !== undefined)
  assert.equal(await endOrphans(), 0, 'a Refit that lives keeps its workers')
  await killNow([owner.pid ?? 0])
  await until('the end of the worker', async () => ((await startTimeOf(worker)) === undefined ? true : undefined))
  assert.ok((await startTimeOf(child)) !== undefined)
  assert.equal(await endOrphans(), 1)
  assert.equal(await startTimeOf(child), undefined)
})

test('a missing interpreter, a missing library and a model that does not load are told as such', { skip }, async (context) => {
  const folder = await folderOf(context)
  const declare = (declared: object): Promise<void> => writeFile(join(folder, 'refit-model.json'), JSON.stringify({ loader: 'python', path: 'load.py', ...declared }))
  const loading = async (): Promise<void> => (await pythonModel().load(folder, signature)).close()
  await declare({ python: './nowhere/python' })
  await assert.rejects(loading(), { code: 'python-missing', message: /\/nowhere\/python cannot be started/ })
  await declare({})
  await writeFile(join(folder, 'load.py'), 'import sklearn_that_nobody_has')
  await assert.rejects(loading(), { code: 'python-library-missing', message: 'The model needs sklearn_that_nobody_has, which python3 does not have.' })
  for (const [code, reason] of [['raise ValueError("spoilt")', /ValueError: spoilt/], ['', /load/], ['def load(folder):\n    import os\n    os._exit(3)', /ended while it loaded it: it ended with exit code 3/]] as const) {
    await writeFile(join(folder, 'load.py'), code)
    await assert.rejects(loading(), { code: 'model-unreadable', message: reason })
  }
  await writeFile(join(folder, 'load.py'), 'raise ValueError("spoilt")')
  await declare({ made: { python: '3.1.4', libraries: {} } })
  await assert.rejects(loading(), { code: 'model-unreadable', message: /it was made with Python 3\.1\.4; python3 has 3\.\d+/ })
  for (const declared of [{ path: '../load.py' }, { path: '/etc/passwd' }, { loader: 'dill' }, { pyton: 'python3' }]) {
    await declare(declared)
    await assert.rejects(loading(), { code: 'model-unreadable', message: /refit-model\.json/ }, JSON.stringify(declared))
  }
})

test('a model is asked by its own interpreter, from the folder of the project, unless whoever runs Refit names another', { skip }, async (context) => {
  const folder = await folderOf(context, 'import os\nclass Model:\n    def predict(self, rows):\n        return [float(os.environ.get("REFIT_TEST_WHICH", "0"))] * len(rows)\ndef load(folder):\n    return Model()\n')
  for (const which of [1, 2]) await writeFile(join(folder, `python${which}`), `#!/bin/sh\nREFIT_TEST_WHICH=${which} exec python3 "$@"\n`, { mode: 0o755 })
  await writeFile(join(folder, 'refit-model.json'), '{ "loader": "python", "path": "load.py", "python": "./python1" }')
  const before = { ...process.env }
  context.after(() => Object.assign(process.env, { REFIT_PYTHON: before['REFIT_PYTHON'] ?? '', REFIT_PROJECT: before['REFIT_PROJECT'] ?? '' }))
  for (const [environment, expected] of [[{ REFIT_PROJECT: folder }, 1], [{ REFIT_PROJECT: folder, REFIT_PYTHON: './python2' }, 2], [{ REFIT_PROJECT: folder, REFIT_PYTHON: 'python3' }, 0]] as const) {
    Object.assign(process.env, environment)
    const predictor = await pythonModel({ workers: 1 }).load(folder, signature)
    assert.deepEqual(await ask(predictor, 1), [expected])
    await predictor.close()
  }
})

test('requests that nobody waits for any more are not asked', { skip }, async (context) => {
  const predictor = await open(context)
  const busy = ask(predictor, -5)
  const want = createWant()
  const gone = refitError('caller-left', { model: 'it' })
  const given = Promise.allSettled([0, 0].map((area) => predictor.predict({ rows: 1, columns: { area: [area] } }, want)))
  // How many were asked together, when the worker is free.
  const stays = ask(predictor, 0)
  want.giveUp(gone)
  for (const each of await given) assert.equal(each.status === 'rejected' ? each.reason : 'answered', gone)
  await busy
  assert.deepEqual(await stays, [1])
})
