import { createProject, type RunningProject } from './running-project.js'

/** The model of the project. */
export const MODEL = 'ride-time'
/** Distances of which it does not take a row: that its `prepare` throws at, that its predictor throws at, that it answers no number to, that it hangs at. */
export const STRANGE = { prepare: 666, predict: 999, answer: 998, hang: 997 }

/** What the model answers, as an expression of SQL and of JavaScript alike: the same operations in the same order. */
export const FORMULA = { sql: "5 + 2 * distance + (case when vehicle = 'bike' then 3 else 0 end) + (case when night then 1 else 0 end)", of: ({ distance, vehicle, night }: Ride): number => 5 + 2 * distance + (vehicle === 'bike' ? 3 : 0) + (night === true ? 1 : 0) }

export interface Ride {
  readonly distance: number
  readonly vehicle: string
  readonly night: boolean | null
}

/** What differs from one definition to another, as it would be written. */
export interface RidesDefinition {
  readonly vehicle?: string
  readonly night?: string
  readonly options?: string
  readonly server?: string
}

/** The files of a project with one model, of every kind of column, whose rows are prepared. */
export function ridesProject({ vehicle = 'column.category()', night = 'column.boolean({ optional: true })', options = '', server = '{}' }: RidesDefinition = {}): Readonly<Record<string, string>> {
  return {
    'refit.config.ts': `
import { byGroup, column, defineModel, defineProject, module, upload } from 'refit'
export default defineProject({
  server: ${server},
  models: {
    '${MODEL}': defineModel({
      task: 'regression',
      columns: { ride: column.key(), distance: column.number(), vehicle: ${vehicle}, night: ${night}, minutes: column.target() },
      source: upload(),
      split: byGroup({ test: '30%' }),
      prepare: './prepare.ts',
      prepared: { distance: column.number() },
      train: module('trainer.ts', { predictor: 'predictor.ts' }),
      check: (m) => [m.mape.atMost(0.2)],
      ${options}
    }),
  },
})
`,
    'prepare.ts': `
export default function prepare(row) {
  if (row.distance === ${STRANGE.prepare}) throw new Error('no ride is so long')
  return { distance: row.distance }
}
`,
    'trainer.ts': `
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
export default async function train({ modelFolder }) {
  writeFileSync(join(modelFolder, 'model.json'), '{}')
}
`,
    'predictor.ts': `
export function load() {
  return {
    predict: (rows) =>
      rows.map(({ distance, vehicle, night }) => {
        if (distance === ${STRANGE.predict}) throw new Error('too far')
        while (distance === ${STRANGE.hang});
        return distance === ${STRANGE.answer} ? Number.NaN : 5 + 2 * distance + (vehicle === 'bike' ? 3 : 0) + (night === true ? 1 : 0)
      }),
  }
}
`,
  }
}

/** A project in which such a model can be run; its drop lies in `rides.csv`. */
export async function startRides(definition: RidesDefinition = {}): Promise<RunningProject> {
  const project = await createProject(ridesProject(definition))
  await project.up()
  await project.put('rides.csv', rides())
  return project
}

/** A drop. */
export function rides(): string {
  const lines = Array.from({ length: 400 }, (_, index) => {
    const ride = { distance: 1 + (index % 57), vehicle: index % 3 === 0 ? 'bike' : 'car', night: index % 2 === 0 }
    return `r${index},${ride.distance},${ride.vehicle},${ride.night},${FORMULA.of(ride)}`
  })
  return `ride,distance,vehicle,night,minutes\n${lines.join('\n')}\n`
}
