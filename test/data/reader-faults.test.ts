import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readDrops } from '../../src/data/read-drops.js'
import { columns, csvLines, read, sales } from './season.js'

test('a drop at which the reader itself fails is quarantined with the stack, and holds up no other', async (context) => {
  const unlucky = csvLines(sales(50)).join('\n')
  const good = csvLines(sales(50, 50)).join('\n')
  const folder = await mkdtemp(join(tmpdir(), 'refit-reader-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  // Where its part belongs there is a folder: nothing that the reader foresees.
  const { parts } = await read(context, { 'unlucky.csv': unlucky })
  await mkdir(join(folder, 'parts', `${parts[0]?.sha256 ?? ''}.parquet`, 'in the way'), { recursive: true })
  const drops = await Promise.all(
    [unlucky, good].map(async (content, index) => {
      const path = join(folder, `raw-${index}`)
      await writeFile(path, content)
      return { id: `d${index}`, key: `${index}.csv`, path, released: false }
    }),
  )
  const readings = await readDrops({ drops, columns, memoryBytes: 1_000_000_000, token: `${folder}/read`, workingFolder: folder, outputFolder: join(folder, 'parts') }, new AbortController().signal)
  const refused = readings.get('d0')
  assert.ok(refused?.accepted === false)
  const [fault] = refused.faults
  assert.equal(fault?.code, 'reader-failed')
  assert.match(fault.message, /^Refit itself failed at it: /)
  assert.match(fault.stack ?? '', /\n\s+at /)
  assert.equal(readings.get('d1')?.accepted, true)
})
