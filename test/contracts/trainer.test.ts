import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../../src/trainers/command/definition.js'
import { gradientBoostedTrees } from '../../src/trainers/gradient-boosted-trees/definition.js'
import { module } from '../../src/trainers/module/definition.js'
import { testTrainer } from './trainer.js'

testTrainer({ reference: gradientBoostedTrees(), prepare: () => Promise.resolve(), parameters: {}, ownVariables: [] })

const parameters = { rate: 0.5, 'learning-steps': 3, name: 'plain', nested: { a: [1] } }

// A slope through the origin, found by a program that knows of Refit no more than its variables.
const program = `
import { readFileSync, writeFileSync } from 'node:fs'
const rows = readFileSync(process.env.AIP_TRAINING_DATA_URI, 'utf8').trim().split('\\n').slice(1).map((line) => line.split(','))
const slope = rows.reduce((sum, row) => sum + Number(row[2]), 0) / rows.reduce((sum, row) => sum + Number(row[0]), 0)
console.log('slope ' + slope)
writeFileSync(process.env.SM_MODEL_DIR + '/predictor.mjs', 'export const load = () => ({ predict: (rows) => rows.map(({ area }) => area * ' + slope + ') })')
`
testTrainer({
  reference: command([process.execPath, 'train.mjs'], { parameters, environment: { PYTHONUNBUFFERED: '1' } }),
  prepare: (projectFolder) => writeFile(join(projectFolder, 'train.mjs'), program),
  parameters,
  ownVariables: ['PYTHONUNBUFFERED'],
})

const trainer = `
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrainingContext } from 'refit'
import { slopeOf, type Slope } from './slope.ts'

export default async function train({ trainFolder, modelFolder, target, parameters, seed }: TrainingContext): Promise<void> {
  if (target !== 'price' || parameters['rate'] !== 0.5 || !Number.isInteger(seed)) throw new Error('the context is not what it should be')
  const slope: Slope = slopeOf(await readFile(join(trainFolder, 'train.csv'), 'utf8'))
  await writeFile(join(modelFolder, 'slope.json'), JSON.stringify(slope))
}
`
const slope = `
export interface Slope { readonly perSquareMetre: number }
export function slopeOf(csv: string): Slope {
  const rows = csv.trim().split('\\n').slice(1).map((line) => line.split(','))
  const sum = (column: number): number => rows.reduce((sum, row) => sum + Number(row[column]), 0)
  return { perSquareMetre: sum(2) / sum(0) }
}
`
const predictor = `
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Slope } from './slope.ts'
export async function load(folder: string): Promise<{ predict(rows: readonly { area: number }[]): number[] }> {
  const { perSquareMetre }: Slope = JSON.parse(await readFile(join(folder, 'slope.json'), 'utf8'))
  return { predict: (rows) => rows.map(({ area }) => area * perSquareMetre) }
}
`
testTrainer({
  reference: module('./train.ts', { predictor: './predict.ts', parameters }),
  prepare: async (projectFolder) => {
    await writeFile(join(projectFolder, 'train.ts'), trainer)
    await writeFile(join(projectFolder, 'slope.ts'), slope)
    await writeFile(join(projectFolder, 'predict.ts'), predictor)
  },
  parameters,
  ownVariables: [],
})
