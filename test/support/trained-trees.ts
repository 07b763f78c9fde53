import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoredColumn, StoredModel } from '../../src/define/stored-definition.js'
import type { SignatureColumn } from '../../src/packages/manifest.js'
import { gradientBoostedTrees } from '../../src/trainers/gradient-boosted-trees/definition.js'
import { cutSets } from './cut-sets.js'
import { modelNamed } from './stored-models.js'
import { startTraining } from './train-model.js'

const columns: Readonly<Record<string, StoredColumn>> = {
  house: { type: 'text', role: 'group', optional: false },
  district: { type: 'category', role: 'feature', optional: true },
  area: { type: 'number', role: 'feature', optional: false },
  garden: { type: 'boolean', role: 'feature', optional: true },
  bathrooms: { type: 'number', role: 'feature', optional: true },
  'sold, in €': { type: 'number', role: 'feature', optional: true },
}
export const districts = ['01', 'north, "east"', 'line\nbreak', 'line\u2028separator', 'süd']

/** Houses whose price follows from their district and area. Numbers that happen to be 0 and 1 only, or always missing, are numbers still. */
const houses = Array.from({ length: 600 }, (_, index) => {
  const at = index % districts.length
  const area = 50 + ((index * 37) % 101)
  return {
    house: `house ${index}`,
    district: index % 11 === 0 ? null : (districts[at] ?? null),
    area,
    garden: index % 7 === 0 ? null : index % 3 === 0,
    bathrooms: index % 2,
    'sold, in €': null,
    price: 100_000 * (at + 1) + 1000 * area,
    worth: area > 100 ? 'dear' : 'cheap',
    direction: districts[at] ?? '',
  }
})

/** Trains Yggdrasil on the houses, and leaves its model in a folder. */
export async function leaveTrees(folder: string, task: StoredModel['task'], target: string): Promise<void> {
  const definition = modelNamed('house-price', { task, columns: { ...columns, [target]: { type: task === 'regression' ? 'number' : 'category', role: 'target', optional: false } } })
  const projectFolder = await mkdtemp(join(tmpdir(), 'refit-predictor-'))
  try {
    const rows = houses.map((house) => Object.fromEntries(Object.entries(house).filter(([name]) => name === target || name in columns)))
    const training = startTraining({ projectFolder, definition, sets: await cutSets(projectFolder, definition, rows), trainer: gradientBoostedTrees() })
    await training.done
    await cp(join(training.modelFolder, 'model.ydf.zip'), join(folder, 'model.ydf.zip'))
  } finally {
    await rm(projectFolder, { recursive: true, force: true })
  }
}

/** What such a model takes. */
export const houseInputs: SignatureColumn[] = Object.entries(columns).flatMap(([name, { type, role, optional }]) => (role === 'feature' && type !== 'text' && type !== 'time' ? [{ name, type, optional }] : []))
