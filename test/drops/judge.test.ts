import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import type { AcceptedDrop } from '../../src/data/plausibility/reference.js'
import type { DropProfile } from '../../src/data/drop-profile-format.js'
import type { DropReading } from '../../src/data/snapshot.js'
import type { StoredColumn } from '../../src/define/stored-definition.js'
import type { Drop } from '../../src/drops/drop.js'
import { judgeBeside, type Judgements } from '../../src/drops/judge.js'
import { decideDrops, decideInTurns } from '../../src/drops/settle.js'

const columns: Readonly<Record<string, StoredColumn>> = { x: { type: 'category', role: 'feature', optional: false }, y: { type: 'number', role: 'target', optional: false } }
const at = new Date(Date.UTC(2026, 0, 1))

function profileOf(category: string): DropProfile {
  return {
    formatVersion: 1,
    rows: 100,
    columns: { x: { kind: 'category', missing: 0, counted: 100, distinct: 1, values: [[category, 100]] } },
    sketch: { of: 'test', hashes: [], below: 1 },
  }
}

const known: readonly AcceptedDrop[] = Array.from({ length: 6 }, (_, index) => ({ id: `k${index}`, key: `k${index}`, arrivedAt: at, profile: profileOf('a') }))

function arrived(index: number): Drop {
  const none = { objectVersion: undefined, files: undefined, watermark: undefined, part: undefined, supersededBy: undefined, run: undefined, decision: undefined }
  return { id: `m-d${index}`, model: 'm', source: 'folder', key: `${index}.csv`, sourceVersion: '1', sha256: `${index}`, object: '', bytes: 1, state: 'recorded', reason: {}, released: false, recordedAt: at, changedAt: at, ...none }
}

function readingOf(drop: Drop, category: string): DropReading {
  return { accepted: true, part: { drop: drop.id, object: '', sha256: drop.sha256, rows: 100, bytes: 1 }, profile: profileOf(category) }
}

const waiting = Array.from({ length: 8 }, (_, index) => arrived(index + 1))
const readings = new Map(waiting.map((drop, index) => [drop.id, readingOf(drop, index === 3 ? 'b' : 'a')]))

test('what is decided in turns is what is decided at once, and others work meanwhile', async () => {
  let turns = 0
  const done = new AbortController()
  const others = (async () => {
    while (!done.signal.aborted) {
      await setImmediate()
      turns += 1
    }
  })()
  const inTurns = await decideInTurns(waiting, [], readings, 'append', judgeBeside(known, { columns }))
  done.abort()
  await others
  assert.ok(turns >= waiting.length, `${turns} turns`)
  assert.deepEqual(inTurns, decideDrops(waiting, [], readings, 'append', judgeBeside(known, { columns })))
  assert.deepEqual(inTurns.map(({ state }) => state), waiting.map((_, index) => (index === 3 ? 'quarantined' : 'ingested')))
})

test('a judgement is kept while the drops that it was made beside are the same, and made anew when they are not', async () => {
  const judgements: Judgements = new Map()
  await decideInTurns(waiting, [], readings, 'append', judgeBeside(known, { columns }, judgements))
  // So that it shows whether a judgement was taken from here.
  for (const [id, { beside }] of judgements) judgements.set(id, { beside, implausible: [{ code: 'implausible-values', message: 'as it was judged before' }] })
  const judged = (beside: readonly AcceptedDrop[]): readonly string[] => {
    const [first] = waiting
    assert.ok(first !== undefined)
    const reading = judgeBeside(beside, { columns }, new Map(judgements)).judged(first, readingOf(first, 'a'), undefined)
    return reading.accepted ? [] : reading.faults.map(({ message }) => message)
  }
  assert.deepEqual(judged(known), ['as it was judged before'])
  assert.deepEqual(judged(known.slice(1)), [])
  assert.deepEqual(judged(known.map((drop, index) => (index === 0 ? { ...drop, profile: { ...drop.profile, rows: 101 } } : drop))), [])
})
