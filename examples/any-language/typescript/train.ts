import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrainingContext } from 'refit'

/** Nearest neighbours need no training: the rows are the model. */
export default async function train({ trainFolder, modelFolder, target, parameters, seed }: TrainingContext): Promise<void> {
  await copyFile(join(trainFolder, 'train.csv'), join(modelFolder, 'rows.csv'))
  await writeFile(join(modelFolder, 'settings.json'), JSON.stringify({ target, neighbours: parameters['neighbours'], seed }))
  console.log('kept the training rows')
}
