import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../errors.js'

/** For formats that do not tell it themselves: class labels in the order of the probabilities, an array of text. */
export const CLASSES_FILE = 'classes.json'

const Labels = Type.Array(Type.String(), { minItems: 2, uniqueItems: true })

/** The class labels that a trainer left beside its model. @throws RefitError `model-unreadable` */
export async function readClassLabels(folder: string): Promise<readonly string[]> {
  try {
    return Value.Parse(Labels, JSON.parse(await readFile(join(folder, CLASSES_FILE), 'utf8')))
  } catch (error) {
    const reason = `a classifier must leave its labels in ${CLASSES_FILE}, an array of at least two different texts in the order of the probabilities`
    throw refitError('model-unreadable', { reason }, { cause: error })
  }
}
