import { Type, type Static } from 'typebox'
import { judge, type Case } from '../src/evaluation/judge.js'
import type { Scored } from '../src/evaluation/scored.js'
import type { Verdict } from '../src/evaluation/verdict.js'
import { marginSizeOf, ruleOf, simulatedMetrics, worseBy, type Model, type SimulatedMetric, type SimulatedTask } from '../test/evaluation/simulated-models.js'
import { designs, drawTestSet, normals, type Design, type TestSet } from '../test/evaluation/simulated-sets.js'

/** One design, judged whole: every metric, and both yardsticks, for the second half of each test set arrived after the champion. */
export interface Simulation {
  readonly task: SimulatedTask
  readonly design: Design
  readonly draws: number
  readonly seed: number
}

const SEED = 20_260_601
/** How many draws are simulated at a time, from a seed of their own. */
export const CHUNK = 250
/** How many test sets tell the difference that is stated on average. */
const STATING = 50

const twice = (design: Design): Design => ({ ...design, units: 2 * design.units, name: `twice ${design.name}` })
/** Models so much alike that fresh rows are enough in some of the sets. */
const alike: Design = { ...designs.equal, name: '60 groups, models much alike', units: 60, rowsOf: () => 4, correlation: 0.3, shared: 0.996 }

const plans: readonly Pick<Simulation, 'task' | 'design'>[] = [
  { task: 'regression', design: alike },
  { task: 'regression', design: twice(designs.unequal) },
  { task: 'regression', design: twice(designs.days) },
  { task: 'regression', design: twice(designs.scales) },
  { task: 'regression', design: designs.dayScales },
  { task: 'classification', design: alike },
  { task: 'classification', design: designs.rare },
]

/** Draws are what two processors judge in half an hour. */
export const simulations: readonly Simulation[] = plans.map((plan, index) => ({ ...plan, draws: 2000, seed: SEED + 1000 * index }))

/** Every piece of work there is, in the order in which it is taken. */
export const chunks = simulations.flatMap((simulation, index) => Array.from({ length: simulation.draws / CHUNK }, (_, number) => ({ simulation, index, number })))

export const Situation = Type.Union([Type.Literal('identical'), Type.Literal('equal'), Type.Literal('margin'), Type.Literal('better')])
export type Situation = Static<typeof Situation>

/** How many of a chunk's candidates were let through. */
export const Count = Type.Object({ simulation: Type.Integer(), metric: Type.String(), situation: Situation, passed: Type.Integer() })
export type Count = Static<typeof Count>

interface Entry {
  readonly situation: Situation
  readonly comparison: 'notWorse' | 'better'
  readonly metrics: readonly SimulatedMetric[]
  readonly model: Model
  readonly errors: 'champion' | 'candidate' | 'another'
}

export function simulate(index: number): readonly Count[] {
  const chunk = chunks[index]
  if (chunk === undefined) return []
  const { simulation, number } = chunk
  const { design, task, seed } = simulation
  const normal = normals(seed + 1 + number)
  const champion = championOf(simulation)
  const entries = entriesOf(simulation)
  const counts = new Map<string, { simulation: number; metric: string; situation: Situation; passed: number }>()
  for (let draw = 0; draw < CHUNK; draw += 1) {
    const set = drawTestSet(design, task, normal)
    for (const { situation, comparison, metrics, model, errors } of entries) {
      const verdict = judge(caseOf(simulation, set, model(set, set[errors]), champion(set, set.champion), metrics, comparison, number * CHUNK + draw))
      for (const metric of metrics) {
        const key = `${metric} ${situation}`
        const count = counts.get(key) ?? { simulation: chunk.index, metric, situation, passed: 0 }
        counts.set(key, count)
        if (isLetThrough(verdict, metric)) count.passed += 1
      }
    }
  }
  return [...counts.values()]
}

/** As if the rule about the metric were the only one. */
function isLetThrough({ rules, test }: Verdict, metric: SimulatedMetric): boolean {
  return test.tooSmall === undefined && rules.some(({ rule, answer }) => 'metric' in rule && rule.metric === metric && answer === 'passed')
}

function championOf({ task, design }: Simulation): Model {
  return worseBy(simulatedMetrics[task][0], 0, design)
}

const known = new Map<Simulation, readonly Entry[]>()

function entriesOf(simulation: Simulation): readonly Entry[] {
  const entries = known.get(simulation) ?? makeEntries(simulation)
  known.set(simulation, entries)
  return entries
}

function makeEntries(simulation: Simulation): readonly Entry[] {
  const { task, design } = simulation
  const metrics = simulatedMetrics[task]
  const champion = championOf(simulation)
  const stated = statedBy(simulation)
  const atMargin = (metric: SimulatedMetric): Pick<Entry, 'model' | 'situation' | 'comparison' | 'errors'> => ({ situation: 'margin', comparison: 'notWorse', model: worseBy(metric, marginSizeOf(metric), design), errors: 'another' })
  return [
    { situation: 'identical', comparison: 'better', metrics, model: champion, errors: 'champion' },
    { situation: 'equal', comparison: 'better', metrics, model: champion, errors: 'candidate' },
    // What makes one error metric so much worse makes the other.
    ...(task === 'regression' ? [{ ...atMargin('mae'), metrics }] : metrics.map((metric) => ({ ...atMargin(metric), metrics: [metric] }))),
    ...metrics.map((metric): Entry => ({ situation: 'better', comparison: 'better', metrics: [metric], model: worseBy(metric, -2 * (stated.get(metric) ?? Number.NaN), design), errors: 'another' })),
  ]
}

/** The smallest detectable difference that verdicts of such test sets state, on average. */
function statedBy(simulation: Simulation): ReadonlyMap<SimulatedMetric, number> {
  const { task, design, seed } = simulation
  const metrics = simulatedMetrics[task]
  const champion = championOf(simulation)
  const normal = normals(seed)
  const sums = new Map<SimulatedMetric, number>()
  for (let draw = 0; draw < STATING; draw += 1) {
    const set = drawTestSet(design, task, normal)
    const { rules } = judge(caseOf(simulation, set, champion(set, set.candidate), champion(set, set.champion), metrics, 'better', draw))
    for (const metric of metrics) {
      const found = rules.find(({ rule }) => 'metric' in rule && rule.metric === metric)?.smallestDetectable
      sums.set(metric, (sums.get(metric) ?? 0) + (found ?? Number.NaN) / STATING)
    }
  }
  return sums
}

function caseOf({ task, design }: Simulation, set: TestSet, candidate: Scored, champion: Scored, metrics: readonly SimulatedMetric[], comparison: 'notWorse' | 'better', seed: number): Case {
  const { unitOfRow } = set.units
  return {
    task,
    rules: metrics.map((metric) => ruleOf(metric, comparison)),
    candidate,
    baseline: baselineOf(task, set, design),
    champion: { version: 1, scored: champion, fresh: (row) => (unitOfRow[row] ?? 0) >= design.units / 2 },
    unitOfRow,
    unit: design.unit,
    split: design.runsOn ? 'time' : 'group',
    eligible: () => true,
    slices: {},
    seed,
  }
}

function baselineOf(task: SimulatedTask, { targets, labels }: TestSet, { positives }: Design): Scored {
  if (task === 'regression') return { task, targets, values: new Float64Array(targets.length).fill(104.5) }
  return { task, labels, probabilities: Float64Array.from({ length: labels.length * 2 }, (_, at) => (at % 2 === 1 ? positives : 1 - positives)), classes: 2 }
}
