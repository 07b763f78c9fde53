import { readFile } from 'node:fs/promises'
import { readColumns } from '../data/read-test-set.js'
import type { TestRows } from '../data/test-rows.js'
import type { StoredColumn } from '../define/stored-definition.js'
import { customFigures, loadCustomModule, numbersOf, UnfitNumbers, unmeasurable, type CustomModule } from '../evaluation/custom-metric.js'
import type { CustomFigures, Scored } from '../evaluation/scored.js'
import { isTimeout, messageOf } from '../prepare/foreign-value.js'
import type { CustomBundle } from './check-candidate.js'

/** What is known of the rows besides what models say of them. */
interface Measurable {
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly classes: readonly string[]
  readonly weights: Float64Array | undefined
}

const LONGEST_CHUNK_MS = 30_000

/** One metric of one model while its rows pass by. */
interface Measuring {
  readonly scored: Scored
  readonly module: CustomModule
  width: number
  values: Float64Array
  broken: string | undefined
}

/**
 * Takes the rows of a set through metrics of the user's own: what each row adds for each of some models. The rows pass by
 * in chunks, and 8 bytes a row, model and number are kept. What throws, or gives no number, makes that metric of that model
 * undefined, with the reason.
 */
export async function measureRows(
  bundles: readonly CustomBundle[],
  source: TestRows,
  { columns, classes, weights }: Measurable,
  models: readonly (Scored | undefined)[],
): Promise<readonly (Scored | undefined)[]> {
  if (bundles.length === 0) return models
  const measured = models.map((): Record<string, CustomFigures> => ({}))
  const measuring: { readonly name: string; readonly model: number; readonly each: Measuring }[] = []
  for (const { name, path, bundle } of bundles) {
    try {
      const module = loadCustomModule(await readFile(bundle, 'utf8'), path)
      for (const [model, scored] of models.entries()) if (scored !== undefined) measuring.push({ name, model, each: { scored, module, width: 0, values: new Float64Array(), broken: undefined } })
    } catch (error) {
      for (const own of measured) own[name] = unmeasurable(messageOf(error))
    }
  }
  const given = Object.entries(columns).filter(([, { role }]) => role !== 'target' && role !== 'ignored')
  await readColumns(source, given, (values, rows, from) => {
    const rowOf = (index: number): object => Object.freeze(Object.fromEntries(given.map(([column], place) => [column, values[place]?.[index] ?? null])))
    const chunk = Array.from({ length: rows }, (_, index) => rowOf(index))
    for (const { each } of measuring) measureChunk(each, chunk, from, { rows: source.rows, classes, weights })
  })
  for (const { name, model, each } of measuring) {
    const own = measured[model]
    if (own !== undefined) own[name] = each.broken === undefined ? customFigures(each.module, each.width, each.values) : unmeasurable(each.broken)
  }
  return models.map((scored, model) => (scored === undefined ? undefined : { ...scored, custom: measured[model] ?? {} }))
}

function measureChunk(each: Measuring, chunk: readonly object[], from: number, { rows, classes, weights }: { rows: number; classes: readonly string[]; weights: Float64Array | undefined }): void {
  if (each.broken !== undefined) return
  const { scored, module } = each
  const hasTotal = module.total !== undefined
  let index = 0
  const work = (): void => {
    for (; index < chunk.length; index += 1) {
      const row = from + index
      if (weights?.[row] === 0) continue
      const numbers = numbersOf(module.row(...answersOf(scored, row, classes), chunk[index] ?? {}), hasTotal)
      if (each.width === 0) {
        each.width = numbers.length
        each.values = new Float64Array(rows * numbers.length)
      }
      if (numbers.length !== each.width) throw new UnfitNumbers(`row returns ${numbers.length} numbers, and returned ${each.width} before`)
      each.values.set(numbers, row * each.width)
    }
  }
  try {
    module.within(LONGEST_CHUNK_MS, work)
  } catch (error) {
    each.broken = isTimeout(error) ? `row takes longer than ${LONGEST_CHUNK_MS / 1000} seconds for ${chunk.length} rows` : `${error instanceof UnfitNumbers ? error.message : `row throws ${messageOf(error)}`} (row ${from + index + 1} of the set)`
  }
}

/** Truth and prediction of a row: numbers, or a class and the probabilities of all of them. */
function answersOf(scored: Scored, row: number, classes: readonly string[]): [truth: unknown, prediction: unknown] {
  if (scored.task === 'regression') return [scored.targets[row], scored.values[row]]
  const { labels, probabilities } = scored
  return [classes[labels[row] ?? -1], Object.freeze(Object.fromEntries(classes.map((label, index) => [label, probabilities[row * classes.length + index] ?? Number.NaN])))]
}

/** Why metrics of the user's own are undefined, for each model that some are of. */
export function customWarnings(models: readonly { readonly whose: string; readonly scored: Scored | undefined }[]): readonly string[] {
  return models.flatMap(({ whose, scored }) =>
    Object.entries(scored?.custom ?? {}).flatMap(([name, { reason }]) => {
      const words = reason()
      return words === undefined ? [] : [`${name} of ${whose} is undefined: ${words}.`]
    }),
  )
}
