import { smallProject } from '../support/small-project.js'

/** A trainer that leaves the line that stands in the file `line.json` of the project: its owner's idea of a model. */
const trainer = `
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export default async function train({ modelFolder }) {
  while (existsSync('hold-training')) await delay(20)
  copyFileSync('line.json', join(modelFolder, 'line.json'))
}
`

/** The small project with a trainer that does what it is told, and a comparison with the champion. */
export function toldProject(definition: string): Readonly<Record<string, string>> {
  const files = smallProject({ definition: `contract: { plausibility: 'off' }, ${definition}` })
  const config = (files['refit.config.ts'] ?? '').replace('m.mape.atMost(0.25)', 'm.mape.atMost(0.25), m.mape.notWorseThanChampion({ relative: 0.03 })')
  return { ...files, 'refit.config.ts': config, 'trainer.ts': trainer, 'line.json': line(0.08) }
}

/** The model of a delivery that takes so many hours a kilometre, and 12 before it leaves. */
export function line(slope: number): string {
  return JSON.stringify({ slope, intercept: 12 })
}

/** A drop of deliveries that take so many hours a kilometre, off by up to a tenth. Keys do not repeat over weeks. */
export function week(number: number, slope: number, rows = 400): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    // Spread evenly and without a generator: what is off follows from the row.
    const distance = 10 + ((row * 37) % rows) * (500 / rows)
    const off = 0.9 + 0.2 * (((row * 61 + number * 17) % 101) / 100)
    return `${key(number, row)},${distance.toFixed(1)},${((12 + slope * distance) * off).toFixed(2)}`
  })
  return `order_id,distance_km,hours\n${lines.join('\n')}\n`
}

/** The key of a delivery. */
export function key(week: number, row: number): string {
  return `w${week}-${row}`
}
