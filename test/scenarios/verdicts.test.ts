import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createProject, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

/** The small project with rules of its own, whose trainer spoils its model by the factor in `spoil.txt`. */
function projectWith(check: string, definition = ''): Readonly<Record<string, string>> {
  const files = smallProject({ definition })
  const trainer = (files['trainer.ts'] ?? '').replace("JSON.stringify({ slope, intercept: y - slope * x })", "JSON.stringify({ slope: slope * spoil, intercept: (y - slope * x) * spoil })")
  return {
    ...files,
    'refit.config.ts': withCheck(files['refit.config.ts'] ?? '', check),
    'trainer.ts': trainer.replace("const [head,", "const spoil = Number(readFileSync('spoil.txt', 'utf8'))\n  const [head,"),
    'spoil.txt': '1',
  }
}

function withCheck(project: string, check: string): string {
  return project.replace('(m) => [m.mape.atMost(0.25)]', `(m) => [${check}]`)
}

async function startedProject(t: TestContext, files: Readonly<Record<string, string>>): Promise<RunningProject> {
  const project = await createProject(files)
  t.after(() => project.close())
  await project.up()
  return project
}

/** Kinds of the model's events about its standard, in order. */
async function standardEvents(project: RunningProject): Promise<readonly string[]> {
  const connection = await project.sql()
  try {
    const { rows } = await connection.query<{ kind: string }>("select kind from events where kind like 'model.%-standard' order by transaction, id")
    return rows.map(({ kind }) => kind)
  } finally {
    await connection.end()
  }
}

test('a champion that cannot score the rows leaves the run to someone’s approval, which breaks the deadlock', async (t) => {
  const files = projectWith('m.mape.atMost(0.25), m.mae.notWorseThanChampion()')
  const project = await startedProject(t, files)
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')

  await project.down()
  const renamed = Object.fromEntries(Object.entries(files).map(([path, content]) => [path, content.replaceAll('distance_km', 'way_km')]))
  for (const [path, content] of Object.entries(renamed)) await project.put(path, content.replace(/source: (folder\([^)]*\)),/, "source: $1,\n  delivery: replace(),"))
  await project.up()
  await project.put(`${DROPS}/week-02.csv`, deliveries(2).replace('distance_km', 'way_km'))
  const run = await project.ended(`${MODEL}-2`)
  assert.equal(run.outcome, 'awaiting-approval', run.explanation)
  assert.deepEqual(run.verdict?.incomparable, { version: 1, reason: 'it needs distance_km, which the definition no longer has' })
  assert.deepEqual(run.rules.map(({ label, answer }) => [label.replace(/\([\d.]+\)$/, '(figure)'), answer]), [
    ['MAPE at most 25 %', 'passed'],
    ['MAE not worse than the champion by 3 %', 'inconclusive'],
    ['MAE better than the baseline (figure)', 'passed'],
  ])
  assert.match(run.nextSteps.join(' '), /refit approve delivery-time-2.*break the deadlock/)
  await project.api().approve(`${MODEL}-2`, { reason: 'the column was renamed' })
  await project.put(`${DROPS}/week-03.csv`, deliveries(3).replace('distance_km', 'way_km'))
  const next = await project.ended(`${MODEL}-3`)
  assert.equal(next.verdict?.champion?.version, 2, next.explanation)
})

test('a model below its standard is told of once, and the lesser evil replaces it where the definition says so', async (t) => {
  const files = projectWith('m.mape.atMost(0.25)', 'replaceIfBetter: true,')
  const project = await startedProject(t, files)
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')

  // Deliveries take twice as long from now on: the champion, which learned otherwise, falls short.
  const slow = (seed: number): string => deliveries(seed).replaceAll(/,([\d.]+)$/gm, (_, hours: string) => `,${(2 * Number(hours)).toFixed(2)}`)
  await project.down()
  await project.put('refit.config.ts', (files['refit.config.ts'] ?? '').replace('split:', 'delivery: replace(),\n  split:'))
  await project.put('spoil.txt', '0.4')
  await project.up()
  await project.put(`${DROPS}/week-02.csv`, slow(2))
  const worse = await project.ended(`${MODEL}-2`)
  assert.equal(worse.outcome, 'rejected', worse.explanation)
  assert.match(worse.explanation ?? '', /falls short as well\. The candidate is not proven better than it, so it is no lesser evil\./)
  assert.deepEqual(await standardEvents(project), ['model.below-standard'])

  await project.put('spoil.txt', '0.7')
  await project.put(`${DROPS}/week-03.csv`, slow(3))
  const lesser = await project.ended(`${MODEL}-3`)
  assert.equal(lesser.outcome, 'promoted', lesser.explanation)
  assert.match(lesser.explanation ?? '', /Passed as the lesser evil\./)
  assert.deepEqual(await standardEvents(project), ['model.below-standard'])

  await project.put('spoil.txt', '1')
  await project.put(`${DROPS}/week-04.csv`, slow(4))
  assert.equal((await project.ended(`${MODEL}-4`)).outcome, 'promoted')
  assert.deepEqual(await standardEvents(project), ['model.below-standard', 'model.meets-standard'])
})

test('a chain of versions that are each a little worse is stopped by what served before them', async (t) => {
  // An error of 10, 14 and 20 %: each is less than half as much again as the one before, the last is twice the first.
  const files = projectWith('m.mae.notWorseThanChampion({ relative: 0.5 })')
  const project = await startedProject(t, { ...files, 'spoil.txt': '1.1' })
  await project.put(`${DROPS}/week-01.csv`, deliveries(1, 2000))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  const outcomes: (string | undefined)[] = []
  for (const [index, spoil] of ['1.14', '1.2', '1.2'].entries()) {
    await project.put('spoil.txt', spoil)
    await project.put(`${DROPS}/week-0${index + 2}.csv`, deliveries(index + 2, 200))
    const run = await project.ended(`${MODEL}-${index + 2}`)
    outcomes.push(run.outcome)
    const creep = run.verdict?.rules.find(({ rule }) => rule.kind === 'creep')
    if (index === 0) assert.equal(creep, undefined, 'nothing served before the champion')
    else {
      assert.equal(run.rules.find(({ label }) => label === 'MAE not worse than the champion by 50 %')?.answer, 'passed', run.explanation)
      assert.equal(creep?.answer, 'failed')
      assert.match(run.explanation ?? '', /version 1, which was champion before, has .*, also in many small steps\. The champion stays\./)
      assert.ok(run.rules.some(({ label }) => label === 'MAE not worse than former champions by 50 %'))
    }
  }
  assert.deepEqual(outcomes, ['promoted', 'rejected', 'rejected'])

  await project.api().decideDrops({ kind: 'withdraw', drops: [`${MODEL}-d1`], reason: 'the scales were wrong' })
  await project.put(`${DROPS}/week-05.csv`, deliveries(5, 200))
  const after = await project.ended(`${MODEL}-5`)
  const creep = after.verdict?.rules.find(({ rule }) => rule.kind === 'creep')
  assert.deepEqual(creep?.former?.compared, [])
  assert.match(creep.former.skipped.map(({ version, reason }) => `${version}: ${reason}`).join(), /^\d: made from delivery-time-d1, withdrawn since$/)
})

test('latency and size of the package are measured on what will serve, champion beside', async (t) => {
  const files = projectWith("m.mape.atMost(0.25), m.latency.atMost('2 seconds'), m.latency.atMost('0.00001 milliseconds', { rows: 100, percentile: 50 }), m.packageSize.atMost('50 MB'), m.packageSize.atMost('1 kB')")
  const project = await startedProject(t, files)
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'rejected', run.explanation)
  assert.deepEqual(run.rules.map(({ label, answer }) => [label.replace(/baseline \([\d.]+\)$/, 'baseline (figure)'), answer]), [
    ['MAPE at most 25 %', 'passed'],
    ['one row within 2,000 ms at the 95th percentile', 'passed'],
    ['100 rows within 0.00001 ms at the 50th percentile', 'failed'],
    ['package at most 50 MB', 'passed'],
    ['package at most 1 kB', 'failed'],
    ['MAE better than the baseline (figure)', 'passed'],
  ])
  const [, latency] = run.verdict?.rules ?? []
  assert.ok(latency?.timing !== undefined && latency.timing.candidate > 0 && latency.timing.requests >= 200)
  assert.match(run.explanation ?? '', /A request of 100 rows takes [\d.]+ ms at the 50th percentile of [\d,]+, .* too long.*The package has [\d.]+ kB, .* too much; at most 1 kB is asked for\./)
})

test('a rule of the project’s own, as a module and as a program, decides with the rows, the predictions and the model in hand', async (t) => {
  const monotone = `
    import { readFileSync } from 'node:fs'
    import { join } from 'node:path'
    export default async function check({ rowsFolder, championFolder, predict, parameters, target, task }) {
      const [near, far] = await predict([{ distance_km: 10 }, { distance_km: 400 }])
      const [head, ...rows] = readFileSync(join(rowsFolder, 'rows.csv'), 'utf8').trim().split('\\n')
      const figures = { rows: rows.length, rise: far - near, columns: head.split(',').length }
      return { answer: far > near + parameters.least ? 'passed' : 'failed', explanation: [target, task, head.includes('refit_candidate'), head.includes('refit_champion'), championFolder !== undefined].join(' '), figures }
    }`
  const program = `
    import { readFileSync, writeFileSync } from 'node:fs'
    const facts = JSON.parse(readFileSync(process.env.REFIT_FACTS, 'utf8'))
    writeFileSync(process.env.REFIT_ANSWER, JSON.stringify({ answer: 'inconclusive', explanation: facts.model + ' has ' + facts.verdict.rules.length + ' other results.' }))`
  const files = projectWith("m.mape.atMost(0.25), rule('./checks/monotone.ts', { parameters: { least: 5 } }), rule(['node', 'checks/program.mjs'])")
  const project = await startedProject(t, { ...withRule(files), 'checks/monotone.ts': monotone, 'checks/program.mjs': program })
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'inconclusive', run.explanation)
  const [module, command] = run.verdict?.rules.filter(({ rule }) => rule.kind === 'own') ?? []
  assert.deepEqual([module?.answer, module?.explanation], ['passed', './checks/monotone.ts: hours regression true false false'])
  assert.equal(module?.figures?.['rows'], run.verdict?.test.rows)
  assert.ok((module?.figures?.['rise'] ?? 0) > 20)
  assert.match(run.explanation ?? '', /^Inconclusive\. node checks\/program\.mjs: delivery-time has 2 other results\./)
  assert.deepEqual([command?.answer, run.rules.map(({ label }) => label).at(-1)], ['inconclusive', 'own rule node checks/program.mjs'])

  // The module's bytes are part of what a run is made from: with the same data an edit is something new.
  await project.api().requestRun(MODEL, { force: false })
  assert.equal((await project.ended(`${MODEL}-2`)).outcome, 'unchanged')
})

test('a rule of the project’s own that throws, dies, does not start, answers nothing or nonsense fails closed with the reason', async (t) => {
  const rules = ['throws', 'dies', 'silent', 'nonsense'].map((name) => `rule('./checks/${name}.ts')`)
  const files = projectWith(`m.mape.atMost(0.25), ${rules.join(', ')}, rule(['/no/such/program']), rule(['sleep', '600'])`, "limits: { trainTime: '8 seconds' },")
  const module = (body: string): string => `export default async function check() { ${body} }`
  const project = await startedProject(t, {
    ...withRule(files),
    'checks/throws.ts': module("throw new Error('the table is empty')"),
    'checks/dies.ts': module("process.kill(process.pid, 'SIGKILL')"),
    'checks/silent.ts': module(''),
    'checks/nonsense.ts': module("return { answer: 'maybe', explanation: 'who knows' }"),
  })
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  const run = await project.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'rejected', run.explanation)
  const own = run.verdict?.rules.filter(({ rule }) => rule.kind === 'own') ?? []
  assert.deepEqual(own.map(({ answer }) => answer), Array.from({ length: 6 }, () => 'failed'))
  const expected = [/throws\.ts did not answer: it ended with code 1: .*the table is empty\.$/, /dies\.ts did not answer: it was killed by SIGKILL\.$/, /silent\.ts did not answer: its answer is not \{ answer, explanation, figures \}\.$/, /nonsense\.ts did not answer: its answer is not/, /^\/no\/such\/program did not answer: .*no\/such\/program/, /^sleep 600 did not answer: it took longer than 8 s\.$/]
  for (const [index, pattern] of expected.entries()) assert.match(own[index]?.explanation ?? '', pattern)
  assert.deepEqual(await project.processesOf(`${MODEL}-1`, 'check'), [])
})

function withRule(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...files, 'refit.config.ts': (files['refit.config.ts'] ?? '').replace('schedule,', 'rule, schedule,') }
}
