import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { refit, type Finished } from '../cli/refit-process.js'
import { FORMULA, MODEL, rides, ridesProject } from '../support/rides.js'
import { createProject, until } from '../support/running-project.js'
import { compile } from './compiled.js'

const vehicle = "column.category({ values: ['bike', 'car'] })"

/** Uses the client as an application would; its wrong uses have to be refused by the compiler. */
const application = `
import { RideTimeClient, RideTimeError, type RideTimeRow } from './ride-time.js'

const client = new RideTimeClient({ url: process.argv[2] + '/' })
const row: RideTimeRow = { distance: 10, vehicle: 'bike', night: true }
const one: number = await client.predict(row)
const { version, id, predictions } = await client.predictAll([row, { distance: 4, vehicle: 'car' }, { distance: 4, vehicle: 'car', night: null }], { key: 'somebody', keys: ['first', 'second', 'third'] })

const failed = async (work: Promise<unknown>): Promise<object> => {
  try {
    await work
  } catch (error) {
    if (error instanceof RideTimeError) return { code: error.code, status: error.status, faults: error.faults, hasHint: error.hint !== '', isError: error instanceof Error && error.name === 'RideTimeError' }
    return { other: String(error) }
  }
  return { code: 'none' }
}

// @ts-expect-error a text is no number
const refused = await failed(client.predict({ distance: 'far', vehicle: 'bike' }))
// @ts-expect-error a category that the contract does not allow
await client.predict({ distance: 1, vehicle: 'zeppelin' })
// @ts-expect-error a required column is missing
await failed(client.predict({ distance: 1 }))
// @ts-expect-error a column that is no input
await failed(client.predict({ distance: 1, vehicle: 'car', colour: 'red' }))

const nobody = await failed(new RideTimeClient({ url: 'http://127.0.0.1:1' }).predict(row))
const stranger = await failed(new RideTimeClient({ url: 'data:text/html,hello#' }).predict(row))
const stopped = new AbortController()
stopped.abort(new Error('enough'))
const aborted = await failed(client.predict(row, { signal: stopped.signal }))
process.stdout.write(JSON.stringify({ one, version, id, predictions, refused, nobody, stranger, aborted }))
`

const Said = Type.Object({ one: Type.Number(), version: Type.Integer(), id: Type.String({ pattern: '^[\\w-]{60,}$' }), predictions: Type.Array(Type.Number()), refused: Type.Unknown(), nobody: Type.Object({ code: Type.String(), status: Type.Number() }), stranger: Type.Object({ code: Type.String() }), aborted: Type.Unknown() })

test('a typed client asks a real endpoint, and later versions are held to it until it is forgotten or the definition lets it go', async (context) => {
  const project = await createProject(ridesProject({ vehicle }))
  context.after(() => project.close())
  const { folder } = project
  const ran = (...words: readonly string[]): Promise<Finished> => refit(words, { folder })
  const done = async (...words: readonly string[]): Promise<string> => {
    const { code, out, error } = await ran(...words)
    assert.equal(code, 0, `${words.join(' ')}: ${out}${error}`)
    return out
  }
  await project.up()
  await project.put('week-1.csv', rides())
  await done('upload', MODEL, 'week-1.csv')
  await done('run')
  await until('version 1', async () => ((await project.serving(`/models/${MODEL}`))?.status === 200 ? true : undefined))

  const app = join(folder, 'app')
  await mkdir(app)
  assert.match(await done('clients'), /^No client of ride-time is recorded/)
  assert.match(await done('types', MODEL, '--no-record', '--output', 'app/unused.ts'), /It is not recorded/)
  assert.match(await done('clients'), /^No client of ride-time is recorded/)
  assert.match(await done('types', MODEL, '--output', 'app/ride-time.ts'), /app\/ride-time\.ts {2}version 1 of ride-time\n {2}Recorded as client 1/)
  assert.equal(await done('types', MODEL), await readFile(join(app, 'ride-time.ts'), 'utf8'))
  assert.match(await readFile(join(app, 'ride-time.ts'), 'utf8'), /readonly vehicle: 'bike' \| 'car'\n/)
  assert.match(await done('clients'), /^client .*\n1 +1 +cli:\S+ +\S.* goes on\n$/)

  await writeFile(join(app, 'use.ts'), application)
  await compile(app, ['ride-time.ts', 'use.ts'], 'node')
  const endpoint = (await project.api().model(MODEL)).endpoint ?? ''
  const { stdout } = await promisify(execFile)(process.execPath, [join(app, 'out', 'use.js'), new URL(endpoint).origin])
  const said = Value.Parse(Said, JSON.parse(stdout))
  assert.equal(said.one, FORMULA.of({ distance: 10, vehicle: 'bike', night: true }))
  assert.deepEqual([said.version, said.predictions], [1, [said.one, 13, 13]])
  assert.deepEqual(said.refused, { code: 'rows-invalid', status: 400, faults: [{ path: 'rows[0].distance', message: 'must be a number, is the text "far"' }], hasHint: true, isError: true })
  assert.deepEqual([said.nobody.code, said.nobody.status, said.stranger.code], ['unreachable', 0, 'answer-unexpected'])
  assert.deepEqual(said.aborted, { other: 'Error: enough' })

  const redefine = async (definition: Parameters<typeof ridesProject>[0]): Promise<void> => {
    await project.down()
    for (const [path, content] of Object.entries(ridesProject({ vehicle, ...definition }))) await project.put(path, content)
    await project.up()
  }
  const required = { night: 'column.boolean()' }
  await redefine(required)
  const broken = await ran('run')
  assert.equal(broken.code, exitCodes.rejected, broken.out + broken.error)
  assert.match(broken.out.replaceAll(/\s+/g, ' '), /It breaks 1 of 1 recorded client: client 1, of version 1 \(column night is required now\)\./)
  assert.equal((await project.api().model(MODEL)).champion?.version, 1)

  await redefine({ ...required, options: "brokenClients: 'allow'," })
  const allowed = await ran('run')
  assert.equal(allowed.code, 0, allowed.out + allowed.error)
  const champion = (await project.api().model(MODEL)).champion?.version ?? 0
  assert.ok(champion > 1)
  const { verdict } = await project.api().version(MODEL, champion)
  assert.match(verdict?.rules.find(({ rule }) => rule.kind === 'clients')?.explanation ?? '', /column night is required now\)\. The definition allows it\.$/)
  assert.match(await done('clients'), /broken by the champion: column night is required now/)

  await redefine(required)
  assert.equal((await ran('run', '--force')).code, exitCodes.rejected)
  assert.match(await done('clients', 'forget', MODEL, '1', '--reason', 'nobody uses it'), /^Client 1 of ride-time is forgotten/)
  assert.equal((await ran('clients', 'forget', MODEL, '1')).code, exitCodes.error)
  assert.equal((await ran('run', '--force')).code, 0)
  assert.match(await done('types', MODEL, '--output', 'app/anew.ts'), /Recorded as client 2/)
})
