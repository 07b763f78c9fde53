import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { createClient, type Client } from '../../src/cli/client.js'
import { explainReport } from '../../src/cli/explain-report.js'
import { openTerminal } from '../../src/cli/terminal.js'
import { claimRun, endRun } from '../../src/runs/execution.js'
import { startApi, type RunningApi } from './running-api.js'
import { addVersionIn, awaitingRun, failedVerdict, promotedRun, startedRun, throughCheck } from './seeded-runs.js'

let api: RunningApi
let client: Client
let first: { run: string; version: number }
let second: { run: string; version: number }
before(async () => {
  api = await startApi()
  client = createClient({ url: api.url, token: undefined, actor: 'cli:tester' })
  first = await promotedRun(api.database, 'house-price')
  second = await awaitingRun(api.database, 'house-price')
})
after(() => api.stop())

async function told(model: string, version: number): Promise<string> {
  const terminal = { ...openTerminal({ json: false, colour: false }), width: 200 }
  return explainReport(terminal, await client.explanation(model, version), Date.now()).join('\n')
}

test('a version that serves is explained by its check, one that waits by what it waits for', async () => {
  const serving = await client.explanation('house-price', first.version)
  assert.match(serving.answer, new RegExp(`^Version 1 serves since .* UTC: it was trained by ${first.run} and passed the check beside version 3 \\(MAPE 12\\.7 % vs 13 %\\)\\.$`))
  assert.deepEqual(serving.verdicts.map(({ run, answer, comparedWith, rules }) => [run?.id, answer, comparedWith, rules.length]), [[first.run, 'passed', 3, 1]])
  const waiting = await client.explanation('house-price', second.version)
  assert.equal(waiting.answer, `Version 2 has never served: it awaits an approval, see \`refit show ${second.run}\`.`)
  assert.deepEqual([waiting.serves, waiting.moves, waiting.answers], [false, [], []])
})

test('who approved a version and why, what took its place, and who went back are told in order', async () => {
  await client.approve(second.run, { reason: 'looked at the north', anyway: true })
  assert.match((await client.explanation('house-price', 2)).answer, /^Version 2 serves since .*: cli:tester approved it \(“looked at the north”\), although its check was outdated by then, after it was left open by the check/)
  assert.match((await client.explanation('house-price', 1)).answer, /^Version 1 served from .* until .*, for it was trained by house-price-1 .*; then cli:tester approved version 2 \(“looked at the north”\)\.$/)
  await client.rollback('house-price', { reason: 'complaints' })
  const back = await client.explanation('house-price', 1)
  assert.match(back.answer, /^Version 1 serves since .*: cli:tester went back to it from version 2 \(“complaints”\)\.$/)
  assert.deepEqual(back.moves.map(({ version, cause }) => [version, cause]), [[1, 'run'], [2, 'approve'], [1, 'rollback']])
  await client.forcePromotion('house-price', 2, 'the fair')
  assert.match((await client.explanation('house-price', 2)).answer, /cli:tester made it champion by force, whatever a check would say \(“the fair”\)\.$/)
  const page = await told('house-price', 2)
  assert.match(page, /● serves {2}house-price@2/)
  assert.match(page, /Answers {1,2}\d{4}-\d\d-\d\d \d\d:\d\d UTC approved by cli:tester anyway, house-price-2: looked at\s+the north/)
  assert.match(page, /out of service for version 1: rollback by cli:tester: complaints/)
  assert.match(page, /split unknown, seed 1/)
})

test('who declined a version stands in the first sentence', async () => {
  const third = await awaitingRun(api.database, 'house-price')
  await client.decline(third.run, 'too few rows')
  assert.equal((await client.explanation('house-price', third.version)).answer, 'Version 3 has never served: cli:tester declined it (“too few rows”).')
  assert.match(await told('house-price', third.version), /○ declined {2}house-price@3/)
})

test('what a version was made from is told with its split in words, and drops that are withdrawn since', async () => {
  const { drop } = await client.upload('price-direction', 'week-1.csv', Readable.from(['id,price,rooms\n1,2,3\n']))
  await api.database.updateTable('drops').set({ state: 'withdrawn' }).where('id', '=', drop.id).execute()
  const claim = await startedRun(api.database, 'price-direction')
  const drops = [{ id: drop.id, key: 'week-1.csv', sha256: 'e'.repeat(64) }]
  const number = await api.database.transaction().execute((transaction) => addVersionIn(transaction, claim, 'passed', { snapshot: 'b'.repeat(64), drops, split: { kind: 'group', test: 0.2, validation: 0.1 } }))
  const explanation = await client.explanation('price-direction', number)
  assert.deepEqual([explanation.madeFrom.split, explanation.madeFrom.drops[0]?.withdrawn], ['group (test 20 %, validation 10 %)', true])
  assert.equal(explanation.verdicts.length, 1, 'the verdict that is kept with the version stands for a run without one')
  const page = await told('price-direction', number)
  assert.match(page, /1 drop, week-1\.csv \(price-direction-d1, withdrawn since\)/)
  assert.match(page, /may not come into service\s+again but by force/)
})

test('a promotion that was rejected is told among the verdicts on the version, though it moved nothing', async () => {
  const { run } = await client.requestPromotion('house-price', first.version, 'it was steadier')
  const claim = await claimRun(api.database, systemClock, run.id)
  assert.ok(claim !== undefined)
  await throughCheck(api.database, claim, failedVerdict)
  await endRun(api.database, systemClock, claim, { outcome: 'rejected', explanation: failedVerdict.summary })
  const { verdicts, moves } = await client.explanation('house-price', first.version)
  assert.deepEqual(verdicts.map(({ run: looked, answer }) => [looked?.id, answer, looked?.outcome]), [[first.run, 'passed', 'promoted'], [run.id, 'failed', 'rejected']])
  assert.ok(!moves.some(({ run: moving }) => moving === run.id))
  assert.match(await told('house-price', first.version), new RegExp(`✗ rejected {2}${run.id}, .*; promote by cli:tester: version 1: it was steadier`))
  const others = await client.explanation('house-price', second.version)
  assert.ok(!others.verdicts.some(({ run: looked }) => looked?.id === run.id), 'and not among those on another')
})
