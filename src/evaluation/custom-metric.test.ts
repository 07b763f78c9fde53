import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { bundleForRealm } from '../prepare/bundle-for-realm.js'
import { customFigures, loadCustomModule, numbersOf, type CustomModule } from './custom-metric.js'

async function load(context: TestContext, source: string): Promise<CustomModule> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-metric-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'metric.ts'), source)
  await bundleForRealm(folder, './metric.ts', join(folder, 'metric.cjs'), 'measured')
  return loadCustomModule(await readFile(join(folder, 'metric.cjs'), 'utf8'), './metric.ts')
}

test('without `total` a metric is the weighted mean of what rows give', async (context) => {
  const module = await load(context, 'export const row = (truth: number, prediction: number) => (prediction - truth) ** 2')
  assert.deepEqual(numbersOf(module.row(3, 5, {}), module.total !== undefined), [4])
  assert.equal(customFigures(module, 1, Float64Array.of(4)).total([12], 8), 1.5)
})

test('`total` makes the metric of several sums and the weight', async (context) => {
  const module = await load(context, 'export const row = () => [1, 2]\nexport function total([a = 0, b = 0]: readonly number[], weight: number) { return a / b + weight }')
  assert.deepEqual(numbersOf(module.row(3, 5, {}), true), [1, 2])
  const figures = customFigures(module, 2, Float64Array.of(1, 2))
  assert.equal(figures.total([3, 4], 10), 10.75)
  assert.equal(figures.reason(), undefined)
})

for (const [what, source, reason] of [
  ['is no function', 'export const row = 1', /^it exports no function `row`$/],
  ['throws when it is loaded', "throw new Error('no licence')", /^it throws when it is loaded: no licence$/],
  ['has a `total` that is no function', 'export const row = () => 1\nexport const total = 1', /^the `total` that it exports is no function$/],
] as const) {
  test(`a module that ${what} is none, and says why`, async (context) => {
    await assert.rejects(load(context, source), (error: unknown) => error instanceof Error && reason.test(error.message))
  })
}

for (const [given, hasTotal, reason] of [
  [Number.NaN, false, 'row returns NaN, and must return a number, or an array of them'],
  [undefined, true, 'row returns undefined, and must return a number, or an array of them'],
  [[1, '2'], true, 'row returns "2", and must return numbers'],
  [[], true, 'row returns an empty array'],
  [[1, 2], false, 'row returns several numbers, and there is no `total` that makes one of their sums'],
] as const) {
  test(`what is no number fails by name: ${reason}`, () => {
    assert.throws(() => numbersOf(given, hasTotal), { message: reason })
  })
}

test('a total that throws, gives no number or never ends is undefined, with the reason', async (context) => {
  for (const [body, reason] of [
    ["throw new RangeError('too little')", 'total throws RangeError: too little'],
    ["return 'much'", 'total returns "much", and must return a number'],
    ['return Infinity', 'total returns Infinity, and must return a number'],
    ['for (;;) {}', 'total takes longer than 1000 milliseconds'],
    ['return Math.random()', 'total throws Math.random() is not there: a row is measured from its own values alone'],
  ] as const) {
    const module = await load(context, `export const row = () => 1\nexport function total() { ${body} }`)
    const figures = customFigures(module, 1, Float64Array.of(1))
    assert.ok(Number.isNaN(figures.total([1], 1)), body)
    assert.equal(figures.reason(), reason)
  }
})

test('a module that imports something of Node.js is refused with the place', async (context) => {
  await assert.rejects(load(context, "import { readFileSync } from 'node:fs'\nexport const row = () => readFileSync('x').length"), /metric\.ts:1:\d+: it imports node:fs: a row is measured from its own values alone/)
})
