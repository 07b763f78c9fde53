import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openDuckDb, text } from '../../src/data/duckdb.js'
import type { Sets } from '../../src/data/snapshot.js'
import { canonicalJson } from '../../src/define/canonical-json.js'
import { cutBy } from '../../src/define/comparability.js'
import type { StoredModel, StoredRule } from '../../src/define/stored-definition.js'
import type { Verdict } from '../../src/evaluation/verdict.js'
import { checkCandidate, type CheckInput } from '../../src/lifecycle/check-candidate.js'
import { judgeCandidate } from '../../src/lifecycle/judge-candidate.js'
import { buildPackage } from '../../src/packages/build.js'
import type { Signature } from '../../src/packages/manifest.js'
import { predictors } from '../../src/roles/adapters.js'
import { modelNamed } from '../support/stored-models.js'

/** More groups than are drawn singly, and enough to do for a second thread. */
const ROWS = 25_000
const SEED = 20_260_501

const folder = await mkdtemp(join(tmpdir(), 'refit-bits-'))
after(() => rm(folder, { recursive: true, force: true }))

const slice = { column: 'district', minimumRows: 30 }
const definitions: Readonly<Record<StoredModel['task'], StoredModel>> = {
  regression: definitionOf('regression', 'price', 'number', [
    { kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.5, confidence: 0.95 },
    { kind: 'champion', metric: 'medianAbsoluteError', comparison: 'notWorse', margin: { relative: 0.03 } },
    { kind: 'threshold', metric: 'rmse', bound: 'atMost', value: 60, slice },
  ]),
  classification: definitionOf('classification', 'class', 'category', [
    { kind: 'threshold', metric: 'f1', bound: 'atLeast', value: 0.5, confidence: 0.95 },
    { kind: 'champion', metric: 'rocAuc', comparison: 'notWorse', margin: { absolute: 0.01 } },
    { kind: 'threshold', metric: 'rocAuc', bound: 'atLeast', value: 0.6, slice },
  ]),
}

function definitionOf(task: StoredModel['task'], target: string, type: 'number' | 'category', check: readonly StoredRule[]): StoredModel {
  return modelNamed('house', {
    task,
    columns: {
      house: { type: 'text', role: 'group', optional: false },
      area: { type: 'number', role: 'feature', optional: false },
      district: { type: 'category', role: 'feature', optional: false },
      [target]: { type, role: 'target', optional: false },
    },
    check: [...check],
  })
}

/** A package whose answers stray from the truth by a factor of their own. */
async function packageOf(name: string, task: StoredModel['task'], stray: number): Promise<string> {
  const at = join(folder, `${task}-${name}`)
  await mkdir(at, { recursive: true })
  const noise = `(Math.imul(Math.round(area * 1000) + ${Math.round(stray * 1000)}, 2654435761) >>> 8) / 16777216 - 0.5`
  const answer = task === 'regression' ? `10 * area + ${stray} * 100 * noise` : `{ cheap: 1 - likely(area + ${stray} * 100 * noise), dear: likely(area + ${stray} * 100 * noise) }`
  const lines = ['const likely = (x) => 1 / (1 + Math.exp((75 - x) / 10))', `export const load = () => ({ predict: (rows) => rows.map(({ area }) => { const noise = ${noise}; return ${answer} }) })`]
  await writeFile(join(at, 'predictor.mjs'), lines.join('\n'))
  const signature: Signature = {
    task,
    inputs: [{ name: 'area', type: 'number', optional: false }, { name: 'district', type: 'category', optional: false }],
    target: task === 'regression' ? 'price' : 'class',
    classes: task === 'regression' ? [] : ['cheap', 'dear'],
  }
  await buildPackage(at, { format: 'module', signature, prepare: undefined })
  return at
}

async function testSet(task: StoredModel['task']): Promise<Sets> {
  const at = join(folder, `${task}-sets`)
  await mkdir(join(at, 'test'), { recursive: true })
  const connection = await openDuckDb({ memoryBytes: 5e8, spillFolder: join(at, 'spill') })
  const noise = '((hash(i, 3) % 1000 + hash(i, 4) % 1000)::int - 1000) / 50.0'
  const target = task === 'regression' ? `10 * area + ${noise} as price` : `if(area + ${noise} > 75, 'dear', 'cheap') as class`
  const rows = `select *, ${target} from (select i, 'h' || (i // 3) as house, 50 + (hash(i, 1) % 50000) / 1000.0 as area, 'd' || (hash(i, 2) % 70) as district from range(${ROWS}) t(i))`
  await connection.run(`copy (select *, house as refit_unit, 'drop-' || (hash(house) % 3) as refit_drop from (${rows})) to ${text(join(at, 'test', 'test.parquet'))} (format parquet)`)
  connection.closeSync()
  return {
    folder: at,
    rows: { train: 1000, validation: 100, test: ROWS },
    units: { train: 300, test: Math.ceil(ROWS / 3) },
    leakage: { groupsOnBothSides: 0, duplicateRowsAcrossSides: 0, warnings: [] },
    baseline: task === 'regression' ? { kind: 'mean', value: 750 } : { kind: 'shares', shares: { cheap: 0.5, dear: 0.5 } },
  }
}

async function inChild(input: CheckInput): Promise<Verdict> {
  const { verdict } = await checkCandidate(
    {
      ...input,
      candidate: undefined,
      rowsFolder: undefined,
      champion: input.champion,
      memoryBytes: 2e9,
      milliseconds: 300_000,
      projectFolder: folder,
      token: `${folder}/check`,
      workingFolder: folder,
      logFile: join(folder, 'check.log'),
      entry: new URL('../../src/roles/check-child.bundle.js', import.meta.url),
    },
    new AbortController().signal,
  )
  return verdict
}

async function here(input: CheckInput, threads: number): Promise<Verdict> {
  const output = await judgeCandidate(predictors, input, { threads, tell: () => undefined })
  assert.ok('verdict' in output, JSON.stringify(output))
  return output.verdict
}

for (const task of ['regression', 'classification'] as const) {
  test(`${task}: a verdict is the same to the last bit on one thread, on two, and from one process to another`, async () => {
    const definition = definitions[task]
    const input: CheckInput = {
      definition,
      sets: await testSet(task),
      candidateFolder: await packageOf('candidate', task, 0.3),
      champion: { version: 1, folder: await packageOf('champion', task, 0.4), drops: ['drop-0', 'drop-1'], parts: [], lostDrops: false, split: definition.split, cutBy: cutBy(definition) },
      metrics: [],
      formers: [],
      seed: SEED,
    }
    const first = await here(input, 1)
    assert.ok(first.test.bundles !== undefined && first.test.freshRows > 0 && first.test.freshRows < first.test.rows)
    assert.deepEqual(first.rules.map(({ rule }) => rule.kind), ['threshold', 'champion', 'threshold'])
    assert.equal(first.rules[2]?.slices?.judged.length, 70)
    for (const again of [await here(input, 2), await inChild(input), await inChild(input)]) {
      assert.deepEqual(again, first)
      assert.equal(canonicalJson(again), canonicalJson(first))
    }
  })
}
