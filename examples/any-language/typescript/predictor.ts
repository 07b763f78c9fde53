import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Row = Readonly<Record<string, string | number | boolean | null>>

interface Neighbour {
  readonly place: readonly number[]
  readonly hours: number
}

const carriers = ['northpost', 'quickship', 'parcelline']

/** Where an order lies among the others; the divisors bring all directions to about the same length. */
function placeOf(row: Row): readonly number[] {
  const number = (name: string): number => Number(row[name] ?? 0)
  const express = row['express'] === true || row['express'] === 'true' ? 1 : 0
  return [number('distance_km') / 300, number('weight_kg') / 20, express * 2, number('weekday') / 4, ...carriers.map((carrier) => (row['carrier'] === carrier ? 1 : 0))]
}

interface Settings {
  readonly target: string
  readonly neighbours: number
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && 'target' in value && typeof value.target === 'string' && 'neighbours' in value && typeof value.neighbours === 'number'
}

/** Loads what `train.ts` has left. */
export function load(folder: string): { predict(rows: readonly Row[]): number[] } {
  const settings: unknown = JSON.parse(readFileSync(join(folder, 'settings.json'), 'utf8'))
  if (!isSettings(settings)) throw new Error('settings.json is not what train.ts writes')
  const [head = '', ...lines] = readFileSync(join(folder, 'rows.csv'), 'utf8').trim().split('\n')
  const names = head.split(',')
  const known = lines.map((line): Neighbour => {
    const row = Object.fromEntries(line.split(',').map((value, index) => [names[index] ?? '', value]))
    return { place: placeOf(row), hours: Number(row[settings.target]) }
  })
  const predictOne = (row: Row): number => {
    const place = placeOf(row)
    const nearest = known
      .map(({ place: other, hours }) => ({ hours, distance: other.reduce((sum, value, index) => sum + (value - (place[index] ?? 0)) ** 2, 0) }))
      .toSorted((a, b) => a.distance - b.distance)
      .slice(0, settings.neighbours)
    return nearest.reduce((sum, { hours }) => sum + hours, 0) / nearest.length
  }
  return { predict: (rows) => rows.map(predictOne) }
}
