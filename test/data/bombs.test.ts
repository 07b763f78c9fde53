import assert from 'node:assert/strict'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { dropFaults } from '../../src/data/drop-faults.js'
import { readDrops } from '../../src/data/read-drops.js'
import type { DropReading } from '../../src/data/snapshot.js'
import { processesWithToken } from '../../src/processes/proc.js'
import { otherForms } from './other-forms.js'
import { columns, csvLines, sales } from './season.js'

const LIMIT_BYTES = 600_000_000
const good = `${csvLines(sales(300)).join('\n')}\n`
const header = good.slice(0, good.indexOf('\n') + 1)

/** How a file is laid out on disk: a gigabyte need not be in memory to be there. */
type Bomb = (path: string) => Promise<void>

const write =
  (content: Buffer): Bomb =>
  (path) =>
    writeFile(path, content)

/** The beginning, then zeros, which take no room on disk. */
const sparse =
  (beginning: string, bytes: number): Bomb =>
  async (path) => {
    const file = await open(path, 'w')
    await file.write(beginning)
    await file.truncate(bytes)
    await file.close()
  }

/** A line, over and over. */
const repeated =
  (beginning: string, line: string, times: number): Bomb =>
  async (path) => {
    const file = await open(path, 'w')
    await file.write(beginning)
    const block = line.repeat(1000)
    for (let written = 0; written < times; written += 1000) await file.write(block)
    await file.close()
  }

/** Blocks that each stand for 128 kB of one byte (RFC 8878, section 3.1.1.2). */
function zstdBomb(blocks: number): Buffer {
  const block = (isLast: boolean): Buffer => {
    const bytes = Buffer.alloc(4, '1')
    bytes.writeUIntLE(((128 * 1024) << 3) | (1 << 1) | (isLast ? 1 : 0), 0, 3)
    return bytes
  }
  return Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), Buffer.concat(Array.from({ length: blocks - 1 }, () => block(false))), block(true)])
}

/** The Parquet file with another number of rows in its footer: field 3 of FileMetaData, a zigzag varint. */
function withRowCount(parquet: Buffer, from: number, to: bigint): Buffer {
  const length = parquet.readUInt32LE(parquet.length - 8)
  const footer = parquet.subarray(parquet.length - 8 - length, parquet.length - 8)
  const place = footer.indexOf(Buffer.concat([Buffer.from([0x16]), varint(BigInt(from) * 2n), Buffer.from([0x19])]))
  assert.ok(place >= 0, 'the footer says how many rows there are')
  const changed = Buffer.concat([footer.subarray(0, place + 1), varint(to * 2n), footer.subarray(place + 1 + varint(BigInt(from) * 2n).length)])
  const end = Buffer.alloc(4)
  end.writeUInt32LE(changed.length)
  return Buffer.concat([parquet.subarray(0, parquet.length - 8 - length), changed, end, Buffer.from('PAR1')])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

interface Outcome {
  readonly reading: (key: string) => DropReading
  /** The largest memory that a reader ever had, bytes. */
  readonly peak: number
}

/** Reads files under a limit, and watches the memory of whoever reads them. */
async function detonate(context: TestContext, bombs: Readonly<Record<string, Bomb>>): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-bombs-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const outputFolder = join(folder, 'parts')
  await mkdir(outputFolder)
  const drops = Object.keys(bombs).map((key, index) => ({ id: `d${index}`, key, path: join(folder, `raw-${index}`), released: false }))
  for (const { key, path } of drops) await bombs[key]?.(path)
  const token = `${folder}/read`
  const stopped = new AbortController()
  const watching = watchPeak(token, stopped.signal)
  const readings = await readDrops({ drops, columns, memoryBytes: LIMIT_BYTES, token, workingFolder: folder, outputFolder }, new AbortController().signal)
  stopped.abort()
  return {
    reading: (key) => {
      const found = readings.get(drops.find((drop) => drop.key === key)?.id ?? '')
      assert.ok(found !== undefined, `no reading of ${key}`)
      return found
    },
    peak: await watching,
  }
}

async function watchPeak(token: string, signal: AbortSignal): Promise<number> {
  let peak = 0
  while (!signal.aborted) {
    for (const pid of await processesWithToken((each) => each === token)) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024)
    }
    await delay(20)
  }
  return peak
}

function codeOf(reading: DropReading): string {
  return reading.accepted ? 'accepted' : (reading.faults[0]?.code ?? '')
}

test('files that would fill memory or disk are refused within the limits of their reader, and harm no other', async (context) => {
  const { parquet } = await otherForms(context, good)
  const expected: Readonly<Record<string, readonly [Bomb, code: string]>> = {
    'zeros.csv.gz': [write(gzipSync(Buffer.alloc(300 * 1024 ** 2, '0'))), 'damaged'],
    'thirteen-gigabytes.csv.zst': [write(zstdBomb(100_000)), 'damaged'],
    'one-line-of-a-gigabyte.csv': [sparse(`${header}h`, 1024 ** 3), 'too-long-line'],
    'a-last-line-of-100-megabytes.csv': [repeated(`${good}h`, 'h'.repeat(1000), 100_000), 'too-long-line'],
    'a-line-of-40-megabytes-between.csv': [async (path) => writeFile(path, `${good}${'h'.repeat(40_000_000)}\n${good.slice(header.length)}`), 'too-long-line'],
    'a-header-of-a-gigabyte.csv': [sparse('house,', 1024 ** 3), 'too-long-line'],
    'one-object-of-a-gigabyte.json': [sparse('{"house": "', 1024 ** 3), 'too-long-line'],
    'a-gigabyte-of-nothing.parquet': [sparse('PAR1', 1024 ** 3), 'unreadable'],
    'open-quote-of-100-megabytes.csv': [repeated(`${header}"`, 'h1,2026-01-02,100,3,08001,gas,true\n', 3_000_000), 'open-quote'],
    'two-trillion-rows.parquet': [write(withRowCount(parquet, 300, 2_000_000_000_000n)), 'damaged'],
    'four-billion-rows.parquet': [write(withRowCount(parquet, 300, 2n ** 32n)), 'damaged'],
  }
  const bombs = Object.fromEntries(Object.entries(expected).map(([key, [bomb]]) => [key, bomb]))
  const { reading, peak } = await detonate(context, { ...bombs, 'good.csv': write(Buffer.from(good)) })
  for (const [key, [, code]] of Object.entries(expected)) assert.equal(codeOf(reading(key)), code, `${key}: ${JSON.stringify(reading(key)).slice(0, 300)}`)
  assert.ok(reading('good.csv').accepted)
  context.diagnostic(`largest memory of a reader: ${Math.round(peak / 1e6)} MB`)
  assert.ok(peak < LIMIT_BYTES)
})

test('files damaged anywhere harm neither whoever asked nor the files beside them', async (context) => {
  const seed = Math.floor(Math.random() * 1_000_000)
  context.diagnostic(`seed ${seed}`)
  const random = randomFrom(seed)
  const { csvZstd, parquet } = await otherForms(context, good)
  const whole = { 'csv.gz': gzipSync(good), 'csv.zst': csvZstd, parquet, 'footer.parquet': parquet }
  const damaged: [string, Bomb][] = Object.entries(whole).flatMap(([ending, content]) =>
    Array.from({ length: 15 }, (_, index): [string, Bomb] => {
      const copy = Buffer.from(content)
      // What a header of gzip says of time and system may be anything.
      const from = ending === 'footer.parquet' ? copy.length - 8 - copy.readUInt32LE(copy.length - 8) : ending === 'csv.gz' ? 10 : 4
      const at = from + Math.floor(random() * (copy.length - from - 8))
      for (let place = at; place < Math.min(at + 1 + random() * 30, copy.length - 8); place += 1) copy[place] = Math.floor(random() * 256)
      return [`${index}.${ending}`, write(copy)]
    }),
  )
  const { reading, peak } = await detonate(context, { 'first.csv': write(Buffer.from(good)), ...Object.fromEntries(damaged), 'last.csv': write(Buffer.from(good)) })
  for (const [key] of damaged) {
    const found = reading(key)
    assert.ok(found.accepted || found.faults.every(({ code }) => Object.hasOwn(dropFaults, code)), key)
    // gzip has a checksum over all.
    if (key.endsWith('.gz')) assert.equal(codeOf(found), 'damaged', key)
  }
  for (const key of ['first.csv', 'last.csv']) assert.equal(codeOf(reading(key)), 'accepted', JSON.stringify(reading(key)).slice(0, 1000))
  assert.ok(peak < LIMIT_BYTES)
})

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
