import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { clientShape } from '../../src/clients/client-shape.js'
import { writeTypeScript } from '../../src/clients/write-typescript.js'
import type { Signature } from '../../src/packages/manifest.js'
import { compile } from './compiled.js'

/** Names as data may have them: what ends a text, a comment or a line, what objects have of themselves, and what is no name. */
const ODD = ["it's", '"quoted"', '*/ export const harm = 1 /*', 'line\nbreak', 'back\\slash', '\u2028', '`${1}`', 'Größe in m²', '__proto__', 'constructor', '0', '', ' ']

test('whatever columns and classes are called, the client compiles as strictly as can be, for browsers and for Node.js', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'refit-clients-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const signature: Signature = {
    task: 'classification',
    inputs: ODD.map((name, index) => ({ name, type: (['number', 'category', 'boolean'] as const)[index % 3] ?? 'number', optional: index % 2 === 0 })),
    target: '*/ the target',
    classes: ODD,
  }
  const columns = Object.fromEntries(ODD.slice(2).map((name) => [name, { type: 'category' as const, role: 'feature' as const, optional: false, values: ODD }]))
  const regression: Signature = { task: 'regression', inputs: [{ name: 'x', type: 'number', optional: false }], target: 'y', classes: [] }
  await writeFile(join(folder, 'odd.ts'), writeTypeScript({ model: 'odd-names-2', version: 3, signature, shape: clientShape(signature, columns), seen: new Map([['"quoted"', ODD]]), url: undefined }))
  await writeFile(join(folder, 'plain.ts'), writeTypeScript({ model: 'plain', version: 1, signature: regression, shape: clientShape(regression, {}), seen: new Map(), url: "http://127.0.0.1:7800/it's" }))
  await writeFile(
    join(folder, 'use.ts'),
    `
import { OddNames2Client, type OddNames2Label, type OddNames2Row } from './odd.js'
import { PlainClient, PlainError, type PlainPrediction } from './plain.js'
export const labels: readonly OddNames2Label[] = ${JSON.stringify(ODD)}
export const row: OddNames2Row = ${JSON.stringify(Object.fromEntries(signature.inputs.filter(({ optional }) => !optional).map(({ name, type }) => [name, type === 'number' ? 1 : type === 'boolean' ? true : ODD[0]])))}
export const plain = new PlainClient()
// @ts-expect-error an address is needed where none is known
export const nowhere = new OddNames2Client()
export const ask = async (): Promise<PlainPrediction | undefined> => {
  try {
    return await plain.predict({ x: 1 })
  } catch (error) {
    if (error instanceof PlainError && error.code === 'rows-invalid') return error.faults.length
    throw error
  }
}
`,
  )
  for (const platform of ['browser', 'node'] as const) await compile(folder, ['odd.ts', 'plain.ts', 'use.ts'], platform)
})

test('a client that is written twice of one version is the same to the byte', () => {
  const signature: Signature = { task: 'regression', inputs: [{ name: 'x', type: 'number', optional: false }], target: 'y', classes: [] }
  const write = (): string => writeTypeScript({ model: 'plain', version: 1, signature, shape: clientShape(signature, {}), seen: new Map([['x', ['a']]]), url: undefined })
  assert.equal(write(), write())
})
