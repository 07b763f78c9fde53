import assert from 'node:assert/strict'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { dropFaults } from '../../src/data/drop-faults.js'
import type { DropFault, DropReading } from '../../src/data/snapshot.js'
import { sendSignal } from '../../src/processes/end.js'
import { childrenOf } from '../support/living-processes.js'
import { badFiles } from './bad-files.js'
import { otherForms } from './other-forms.js'
import { csvLines, read, sales } from './season.js'

const rows = sales(300)
const lines = csvLines(rows)
const good = csvOf(lines)

function csvOf(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}

test('every kind of bad drop is refused in words that name its place, and good ones beside them are accepted', async (context) => {
  const contents = Object.fromEntries(Object.entries(badFiles).map(([key, { content }]) => [key, content]))
  assert.ok(Object.keys(contents).length >= 60)
  const { reading, parts, outputFolder, raw } = await read(context, { 'first.csv': good, ...contents, 'last.csv': good })
  for (const [key, expected] of Object.entries(badFiles)) {
    const found = reading(key)
    assert.ok(!found.accepted, key)
    const [fault] = found.faults
    assert.ok(fault !== undefined)
    const place = { code: fault.code, column: fault.column, row: fault.samples?.[0]?.row }
    assert.deepEqual(place, { code: expected.code, column: expected.column, row: expected.row }, `${key}: ${JSON.stringify(fault)}`)
    assert.match(fault.message, expected.says, key)
    assert.doesNotMatch(fault.message, /\/(tmp|var)\//, key)
    assert.ok(Object.hasOwn(dropFaults, fault.code), `${fault.code} is in the catalogue`)
    assert.deepEqual(await readFile(raw(key)), Buffer.from(expected.content), `${key} is kept as it came`)
  }
  assert.equal(parts.length, 2)
  for (const key of ['first.csv', 'last.csv']) {
    const accepted = reading(key)
    assert.ok(accepted.accepted)
    assert.equal(accepted.part.rows, 300)
  }
  assert.deepEqual((await readdir(outputFolder)).filter((name) => name !== 'spill'), [`${parts[0]?.sha256}.parquet`])
})

test('every code of the catalogue that is about files has a kind of bad file', () => {
  const shown = new Set(Object.values(badFiles).map(({ code }) => code))
  const elsewhere = ['other-content', 'lost', 'reader-failed', 'unsupported-type', 'too-short', 'too-long', 'pattern-mismatch', 'negative-weight']
  const ofTheWhole = ['not-unique', 'too-few-rows', 'too-many-rows', 'stale']
  const isElsewhere = (code: string): boolean => [...elsewhere, ...ofTheWhole].includes(code) || code.startsWith('implausible-')
  assert.deepEqual(Object.keys(dropFaults).filter((code) => !shown.has(code) && !isElsewhere(code)), [])
})

test('all faults of a drop are told at once, each with its rows and the first few of them', async (context) => {
  const content = csvOf(lines.map((line, index) => (index === 0 || index > 8 ? line : line.replace(/,\d+,\d,/, ',cheap,,').replace('gas', 'coal'))))
  const { reading } = await read(context, { 'many.csv': content })
  const found = reading('many.csv')
  assert.ok(!found.accepted)
  const told = found.faults.map(({ code, column, rows: count, samples }: DropFault) => [code, column, count, samples?.map(({ row }) => row)])
  assert.deepEqual(told, [
    ['wrong-type', 'price', 8, [1, 2, 3, 4, 5]],
    ['category-not-allowed', 'heating', 4, [1, 3, 5, 7]],
  ])
})

test('a compressed or Parquet file that was cut off anywhere is refused', async (context) => {
  const { csvZstd, parquet } = await otherForms(context, good)
  const whole = { 'csv.gz': gzipSync(good), 'csv.zst': csvZstd, parquet }
  const cut = Object.entries(whole).flatMap(([ending, content]) => [1, 4, 9, 100, content.length / 2, content.length - 6].map((less) => [`less-${less}.${ending}`, content.subarray(0, content.length - less)] as const))
  const { parts } = await read(context, Object.fromEntries(cut))
  assert.deepEqual(parts, [])
})

test('a gzip file that holds far more than its size is refused before it fills the disk', async (context) => {
  const { reading } = await read(context, { 'bomb.csv.gz': gzipSync(Buffer.alloc(300 * 1024 ** 2, '0')), 'good.csv': good })
  assert.ok(reading('good.csv').accepted)
  assert.match(faultOf(reading('bomb.csv.gz')), /holds more than 200 times its size/)
})

test('a drop that takes its reader down is refused, and holds up no other', async (context) => {
  const killer = killWhoeverReads('raw-0')
  context.after(() => killer.stop())
  const { reading } = await read(context, { 'deadly.csv': csvOf(csvLines(sales(300_000))), 'good.csv': good })
  assert.ok(killer.killed() >= 3, 'once with the other, twice alone')
  assert.ok(reading('good.csv').accepted)
  assert.match(faultOf(reading('deadly.csv')), /^It cannot be read: read-drops ended by SIGKILL\./)
})

/** Kills every reader of this test's, and of no other that runs beside it, that has a file of this name open. */
function killWhoeverReads(name: string): { killed(): number; stop(): Promise<void> } {
  const killed = new Set<number>()
  const stopped = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      for (const pid of await childrenOf(process.pid)) {
        const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
        const targets = await Promise.all(files.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
        if (!targets.some((target) => target.endsWith(`/${name}`))) continue
        killed.add(pid)
        sendSignal(pid, 'SIGKILL')
      }
      await delay(2)
    }
  }
  const done = loop()
  return {
    killed: () => killed.size,
    stop: async () => {
      stopped.abort()
      await done
    },
  }
}

function faultOf(reading: DropReading): string {
  assert.ok(!reading.accepted)
  return reading.faults[0]?.message ?? ''
}
