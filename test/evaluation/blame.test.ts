import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cutBy } from '../../src/define/comparability.js'
import { checkCandidate, type ChampionFacts, type Judged } from '../../src/lifecycle/check-candidate.js'
import { salesModel, salesPackage, testSetOf } from '../support/judged-models.js'

const folder = await mkdtemp(join(tmpdir(), 'refit-blame-'))
after(() => rm(folder, { recursive: true, force: true }))

/** Of one that hangs all of it passes; of the others a small part, on any machine. */
const LIMIT_MS = 20_000
const rows = `select 's' || i as sale, 100 + (hash(i, 1) % 200)::double as area, 1.0::double as age, 10.0 * (100 + (hash(i, 1) % 200)) as price, 's' || i as refit_unit, 'd' || (i % 2) as refit_drop from range(300) t(i)`
const sets = await testSetOf(join(folder, 'sets'), rows, 300)
const packageOf = (name: string, before = '', answer = '10.2 * area'): Promise<string> => salesPackage(folder, name, answer, before)
const sound = { candidate: await packageOf('sound-candidate'), champion: await packageOf('sound-champion', '', '10.3 * area') }
const hanging = 'for (;;) {}'
const dying = "console.error('out of luck'); process.exit(3)"
const growing = 'const kept = [], wait = new Int32Array(new SharedArrayBuffer(4)); for (;;) { kept.push(Buffer.alloc(5e7, 1)); Atomics.wait(wait, 0, 0, 50) }'

function versionOf(version: number, at: string): ChampionFacts {
  return { version, folder: at, drops: ['d0', 'd1'], parts: [], lostDrops: false, split: salesModel.split, cutBy: cutBy(salesModel) }
}

let checks = 0
function checked(candidateFolder: string, { champion, more = {}, formers = [], rules = salesModel.check, milliseconds = LIMIT_MS }: { readonly champion?: string; readonly more?: Partial<ChampionFacts>; readonly formers?: readonly ChampionFacts[]; readonly rules?: typeof salesModel.check; readonly milliseconds?: number } = {}): Promise<Judged> {
  checks += 1
  return checkCandidate(
    {
      definition: { ...salesModel, check: rules },
      projectFolder: folder,
      sets,
      candidateFolder,
      candidate: undefined,
      metrics: [],
      champion: { ...versionOf(9, champion ?? sound.champion), ...more },
      formers,
      rowsFolder: undefined,
      seed: 7,
      memoryBytes: 1.2e9,
      milliseconds,
      token: `${folder}/check-${checks}`,
      workingFolder: folder,
      logFile: join(folder, 'check.log'),
      entry: new URL('../../src/roles/check-child.bundle.js', import.meta.url),
    },
    new AbortController().signal,
  )
}

test('a candidate that hangs, dies or takes all memory is rejected with what it did', async () => {
  for (const [name, before, says] of [
    ['hangs', hanging, /^Rejected\. The candidate cannot be served: it had not answered for all rows within 20 s\. The champion stays\.$/],
    ['dies', dying, /^Rejected\. The candidate cannot be served: it ended the process that asked it \(check ended with exit code 3 and no usable answer\): out of luck\. The champion stays\.$/],
    ['grows', growing, /^Rejected\. The candidate cannot be served: it took more than 1,200 MB of memory\. The champion stays\.$/],
  ] as const) {
    const { verdict, isServable } = await checked(await packageOf(name, before))
    assert.deepEqual([verdict.answer, isServable], ['failed', false], name)
    assert.match(verdict.summary, says)
  }
})

test('a champion that hangs cannot score the rows, one before it that dies is passed over, and neither is held against the candidate', async () => {
  const champion = await packageOf('hanging-champion', hanging)
  const formers = [versionOf(8, await packageOf('dying-former', dying)), versionOf(7, sound.champion)]
  const { verdict, isServable } = await checked(sound.candidate, { champion, formers })
  assert.ok(isServable)
  assert.equal(verdict.answer, 'inconclusive', verdict.summary)
  assert.deepEqual(verdict.incomparable, { version: 9, reason: 'it had not answered for all rows within 20 s' })
  const former = verdict.rules.find(({ rule }) => rule.kind === 'creep')?.former
  assert.deepEqual(former?.compared.map(({ version }) => version), [7])
  assert.match(former.skipped.find(({ version }) => version === 8)?.reason ?? '', /^it ended the process that asked it \(.*\): out of luck$/)
})

test('of a champion that knows every row, the package that was checked for it dies for itself: the champion is asked all the same', async () => {
  const known = versionOf(9, sound.champion)
  const { verdict } = await checked(sound.candidate, { more: { drops: ['d0'], everyRow: true, proxy: { folder: await packageOf('dying-checked', dying), seen: known } } })
  assert.equal(verdict.incomparable, undefined)
  const beside = verdict.rules.find(({ rule }) => rule.kind === 'champion')
  assert.equal(beside?.answer, 'inconclusive', verdict.summary)
  assert.match(beside.explanation, /version 9 has .* on the same rows: .* the package that was checked for it cannot score them: it ended the process that asked it \(.*\): out of luck\./)
})

test('a champion that throws on a single row keeps no candidate from being measured', async () => {
  const rules = [...salesModel.check, { kind: 'latency' as const, percentile: 99, rows: 1, bound: 'atMost' as const, milliseconds: 10_000 }]
  const { verdict } = await checked(sound.candidate, { champion: await packageOf('row-shy-champion', "if (rows.length === 1) throw new Error('one is too few')", '10.3 * area'), rules })
  const latency = verdict.rules.find(({ rule }) => rule.kind === 'latency')
  assert.deepEqual([verdict.answer, latency?.answer], ['passed', 'passed'], verdict.summary)
  const own = await checked(await packageOf('row-shy-candidate', "if (rows.length === 1) throw new Error('one is too few')"), { rules })
  assert.equal(own.verdict.answer, 'failed')
  assert.match(own.verdict.rules.find(({ rule }) => rule.kind === 'latency')?.explanation ?? '', /could not be measured: .*one is too few/)
})

test('what comes once, from outside, is no doing of the candidate: it is asked again by itself', async () => {
  const marker = JSON.stringify(join(folder, 'killed-once'))
  const once = await packageOf('killed-once-candidate', `const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs'); if (!existsSync(${marker})) { writeFileSync(${marker}, ''); process.kill(process.pid, 'SIGKILL'); for (;;) {} }`)
  const { verdict } = await checked(once)
  assert.equal(verdict.answer, 'passed', verdict.summary)
})

test('a check that ends before a model was asked is no verdict', async () => {
  await assert.rejects(checked(sound.candidate, { milliseconds: 1 }), { code: 'process-timeout' })
})
