import type { StoredContract } from '../define/stored-definition.js'
import type { DropFault, Part } from './snapshot.js'

const HOUR = 3_600_000

/** What a drop as a whole does not keep: how many rows it has, and how old the newest is. */
export function limitFaults({ rows, newest }: Part, arrivedAt: Date, contract: Pick<StoredContract, 'rows' | 'freshnessMilliseconds'>): readonly DropFault[] {
  const faults: DropFault[] = []
  const { min, max } = contract.rows
  const has = `The drop has ${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`
  if (min !== undefined && rows < min) faults.push({ code: 'too-few-rows', message: `${has}; the contract asks for at least ${min.toLocaleString('en-US')}.` })
  if (max !== undefined && rows > max) faults.push({ code: 'too-many-rows', message: `${has}; the contract allows at most ${max.toLocaleString('en-US')}.` })
  const { freshnessMilliseconds } = contract
  if (freshnessMilliseconds === undefined || newest === undefined) return faults
  const age = arrivedAt.getTime() - new Date(newest).getTime()
  if (age > freshnessMilliseconds) {
    faults.push({ code: 'stale', message: `The newest row is of ${newest}, ${words(age)} before the drop arrived; the contract allows ${words(freshnessMilliseconds)}.` })
  }
  return faults
}

function words(milliseconds: number): string {
  const hours = Math.round(milliseconds / HOUR)
  return hours < 72 ? `${hours} hours` : `${Math.round(hours / 24).toLocaleString('en-US')} days`
}
