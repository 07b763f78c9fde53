import { join } from 'node:path'
import { evaluatorOf } from '../../src/evaluation/metric.js'
import { valueOf } from '../../src/evaluation/evaluator.js'
import type { MetricName } from '../../src/define/stored-definition.js'
import { inClasses, type Scored } from '../../src/evaluation/scored.js'
import { unitsOf } from '../../src/evaluation/units.js'
import { fetchPackage } from '../../src/packages/store.js'
import type { Signature, SignatureColumn } from '../../src/packages/manifest.js'
import { openPackage } from '../../src/predictors/open-package.js'
import type { FeatureValue, Predictions, Predictor } from '../../src/predictors/predictor.js'
import { predictors } from '../../src/roles/adapters.js'
import { openObjects } from '../../src/roles/objects.js'
import type { WeeklyFile } from '../../test/scenarios/shared-data.js'
import { chosen } from './joined.js'

/** Ways of keeping a model: with Refit; with its first version for ever; with the newest candidate, whatever the check says of it. */
export const ways = ['maintained', 'neverRetrained', 'alwaysPromoted'] as const
export type Way = (typeof ways)[number]

export const wayWords: Readonly<Record<Way, string>> = { maintained: 'maintained', neverRetrained: 'never retrained', alwaysPromoted: 'always promoted' }

/** A week of one row would be all that one sees of a season: it counts, and is not drawn. */
export const FEWEST_DRAWN = 20

/** What the model of each way predicts for the rows of the file that comes next. All are of the same rows. */
export interface Following {
  readonly file: string
  readonly rows: number
  /** Rows that count for none of them, for one gives no number or their truth is none. */
  readonly unscored: number
  readonly scored: Readonly<Record<Way, Scored>>
}

/** How many packages stay open: those of three ways, and of another model's. */
const MOST_OPEN = 6

/** Asks packages of a project, rejected ones too. */
export interface Asking {
  /** What a package predicts for the rows of a file, and of which classes, by the code that serves. */
  predict(digest: string, file: WeeklyFile): Promise<{ readonly signature: Signature; readonly predictions: Predictions }>
  /** What the packages of the three ways, by digest, predict for a file. */
  score(digests: Readonly<Record<Way, string>>, file: WeeklyFile): Promise<Following>
  close(): Promise<void>
}

interface Opened {
  readonly signature: Signature
  readonly predictor: Predictor
}

/** Fetches packages from the project's object store into a folder. */
export function askPackages(stateFolder: string, folder: string): Asking {
  const objects = openObjects(undefined, stateFolder)
  const open = async (digest: string): Promise<Opened> => {
    const packageFolder = join(folder, digest)
    const manifest = await fetchPackage(objects, digest, packageFolder)
    return { signature: manifest.signature, predictor: await openPackage(predictors, packageFolder, manifest) }
  }
  // The first version is asked every week, and the champion for many: the least recently asked is closed.
  const opened = new Map<string, Promise<Opened>>()
  const openedOf = async (digest: string): Promise<Opened> => {
    const known = opened.get(digest) ?? open(digest)
    opened.delete(digest)
    opened.set(digest, known)
    return known
  }
  const closeBut = async (most: number): Promise<void> => {
    for (const digest of [...opened.keys()].slice(0, Math.max(0, opened.size - most))) {
      const closing = opened.get(digest)
      opened.delete(digest)
      await (await closing)?.predictor.close()
    }
  }
  const predict: Asking['predict'] = async (digest, file) => {
    const { signature, predictor } = await openedOf(digest)
    const columns = signature.inputs.map((input): [string, readonly FeatureValue[]] => [input.name, cellsOf(file, input.name).map((cell) => featureOf(input.type, cell))])
    const predictions = await predictor.predict({ rows: file.rows, columns: Object.fromEntries(columns) })
    await closeBut(MOST_OPEN)
    return { signature, predictions }
  }
  return {
    predict,
    close: () => closeBut(0),
    score: async (digests, file) => {
      const scoredOf = new Map<string, Scored>()
      for (const digest of new Set(Object.values(digests))) scoredOf.set(digest, scoredFor(file, await predict(digest, file)))
      const scored = (way: Way): Scored => {
        const found = scoredOf.get(digests[way])
        if (found === undefined) throw new Error(`${digests[way]} was not asked`)
        return found
      }
      const all = { maintained: scored('maintained'), neverRetrained: scored('neverRetrained'), alwaysPromoted: scored('alwaysPromoted') }
      const rows = Array.from({ length: file.rows }, (_, row) => row).filter((row) => ways.every((way) => isKnown(all[way], row)))
      const keep = (way: Way): Scored => (rows.length === file.rows ? all[way] : chosen(all[way], rows))
      return { file: file.name, rows: rows.length, unscored: file.rows - rows.length, scored: { maintained: keep('maintained'), neverRetrained: keep('neverRetrained'), alwaysPromoted: keep('alwaysPromoted') } }
    },
  }
}

/** A metric of one way on the rows of the file that followed; null where it is undefined. */
export function figureOf({ rows, scored }: Following, metric: MetricName, way: Way): number | null {
  const units = unitsOf(Int32Array.from({ length: rows }, (_, row) => row), new Int32Array(rows))
  return valueOf(evaluatorOf(metric, scored[way], units), units)
}

/** The files of the shared data have neither quotes nor blanks in their cells. */
export function cellsOf({ name, content }: WeeklyFile, column: string): readonly string[] {
  const [head = '', ...lines] = content.trim().split('\n')
  const at = head.split(',').indexOf(column)
  if (at === -1) throw new Error(`${name} has no column ${column}`)
  return lines.map((line) => line.split(',')[at] ?? '')
}

/** A cell as a predictor takes it. */
export function featureOf(type: SignatureColumn['type'], cell: string): FeatureValue {
  if (cell === '') return null
  return type === 'number' ? Number(cell) : type === 'boolean' ? cell === 'true' : cell
}

function scoredFor(file: WeeklyFile, { signature, predictions }: Awaited<ReturnType<Asking['predict']>>): Scored {
  const truths = cellsOf(file, signature.target)
  if (predictions.task === 'regression') return { task: 'regression', targets: Float64Array.from(truths, (truth) => (truth === '' ? Number.NaN : Number(truth))), values: predictions.values }
  // In sorted order: two models may have their classes in different ones.
  const classes = signature.classes.toSorted()
  return { task: 'classification', labels: Int32Array.from(truths, (truth) => classes.indexOf(truth)), probabilities: inClasses(predictions.probabilities, signature.classes, classes), classes: classes.length }
}

function isKnown(scored: Scored, row: number): boolean {
  if (scored.task === 'regression') return Number.isFinite(scored.targets[row]) && Number.isFinite(scored.values[row])
  const own = scored.probabilities.subarray(row * scored.classes, (row + 1) * scored.classes)
  return (scored.labels[row] ?? -1) >= 0 && own.length === scored.classes && own.every(Number.isFinite)
}
