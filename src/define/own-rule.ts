import type { OwnRule } from './stored-definition.js'

/** What a rule of the user's own answers; anything else fails the candidate. */
export interface RuleAnswer {
  readonly answer: 'passed' | 'failed' | 'inconclusive'
  /** One sentence that stands alone: it is shown in the verdict. */
  readonly explanation: string
  /** What it has measured, to be kept with the verdict. */
  readonly figures?: Readonly<Record<string, number>>
}

type Value = number | string | boolean | null

/** What the default export of a rule's module is called with. */
export interface RuleContext {
  /** Folder with `rows.parquet` and `rows.csv`: the test rows that are judged, with the truth and the predictions. */
  readonly rowsFolder: string
  /** The package of the candidate, and that of the champion where there is one that could be asked. */
  readonly candidateFolder: string
  readonly championFolder: string | undefined
  readonly task: 'regression' | 'classification'
  readonly target: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** Asks the candidate, by the code that will serve it: a number for each row, or the probability of each class. */
  predict(rows: readonly Readonly<Record<string, Value>>[]): Promise<readonly (number | Readonly<Record<string, number>>)[]>
}

/**
 * A rule of your own: a TypeScript module of the project whose default export is
 * `(context: RuleContext) => RuleAnswer | Promise<RuleAnswer>`, or a program and its arguments in any language.
 */
export function rule(run: string | readonly [string, ...string[]], { parameters = {} }: { readonly parameters?: Readonly<Record<string, unknown>> } = {}): OwnRule {
  return { kind: 'own', run: typeof run === 'string' ? { module: run } : { command: [...run] }, parameters: { ...parameters } }
}

/** How people know it: by its path, or its words. */
export function ownRuleName({ run }: OwnRule): string {
  return 'module' in run ? run.module : run.command.join(' ')
}
