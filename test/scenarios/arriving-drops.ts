import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { AcceptedDrop } from '../../src/data/plausibility/reference.js'
import type { DropFault } from '../../src/data/snapshot.js'
import { plainContract, type PlausibilityLevel, type StoredColumn } from '../../src/define/stored-definition.js'
import type { Drop } from '../../src/drops/drop.js'
import { judgeBeside } from '../../src/drops/judge.js'
import { decideDrops, type DropDecision } from '../../src/drops/settle.js'
import { read } from '../data/season.js'

/** A file that arrives, and what became of it. */
export interface Arrived {
  readonly key: string
  readonly state: DropDecision['state']
  readonly faults: readonly DropFault[]
}

export interface Season {
  /**
   * Lets the files arrive one after the other, each with an ingest of its own, as the lifecycle decides, without
   * training. `released` ones are let through by a person as soon as they are quarantined.
   */
  arrive(options?: { readonly level?: PlausibilityLevel; readonly released?: ReadonlySet<string> }): readonly Arrived[]
}

/** Reads files as the lifecycle does. */
export async function readSeason(
  context: TestContext,
  files: readonly { readonly key: string; readonly content: string }[],
  columns: Readonly<Record<string, StoredColumn>>,
): Promise<Season> {
  const { reading } = await read(context, Object.fromEntries(files.map(({ key, content }) => [key, content])), columns)
  return {
    arrive({ level = 'standard', released = new Set() } = {}) {
      const definition = { columns, contract: { ...plainContract, plausibility: { level, columns: {} } } }
      const known: AcceptedDrop[] = []
      const ingested: Drop[] = []
      return files.map(({ key, content }, index) => {
        const drop = arrivedDrop(`m-d${index + 1}`, key, content, index, released.has(key))
        const decisions = decideDrops([drop], ingested, new Map([[drop.id, reading(key)]]), 'append', judgeBeside(known, definition))
        const decided = decisions.find((decision) => decision.drop === drop)
        if (decided === undefined) throw new Error(`nothing was decided about ${key}`)
        if (decided.state === 'ingested' && decided.reading.accepted) {
          ingested.push({ ...drop, state: 'ingested', part: decided.reading.part })
          if (decided.reading.profile !== undefined) known.push({ id: drop.id, key, arrivedAt: drop.recordedAt, profile: decided.reading.profile })
        }
        return { key, state: decided.state, faults: decided.state === 'quarantined' && !decided.reading.accepted ? decided.reading.faults : [] }
      })
    },
  }
}

function arrivedDrop(id: string, key: string, content: string, minutes: number, released: boolean): Drop {
  const at = new Date(Date.UTC(2026, 0, 1) + minutes * 60_000)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const none = { objectVersion: undefined, files: undefined, watermark: undefined, part: undefined, supersededBy: undefined, run: undefined, decision: undefined }
  return { id, model: 'm', source: 'folder', key, sourceVersion: '1', sha256, object: `raw/${sha256}`, bytes: content.length, state: 'recorded', reason: {}, released, recordedAt: at, changedAt: at, ...none }
}
