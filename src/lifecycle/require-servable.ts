import { canonicalJson } from '../define/canonical-json.js'
import type { StoredModel } from '../define/stored-definition.js'
import { refitError, RefitError } from '../errors.js'
import type { RuleResult } from '../evaluation/verdict.js'
import type { Signature } from '../packages/manifest.js'
import { readManifest } from '../packages/read.js'
import { predictorEnvironment } from '../predictors/predictor-environment.js'
import { runChildJob } from '../processes/child-job.js'
import { AskedRefitted, type RefittedInput } from './ask-refitted.js'

export interface ServableRequest {
  readonly definition: StoredModel
  /** Of the first training: with its test set the package is asked. */
  readonly setsFolder: string
  /** Of the package, verified. */
  readonly folder: string
  /** What the candidate takes and gives, and what the check has found of it. */
  readonly checked: { readonly signature: Signature; readonly rules: readonly RuleResult[] }
  readonly projectFolder: string
  readonly token: string
  readonly workingFolder: string
  readonly logFile: string
  /** The compiled child: it belongs to the composition root, which knows the predictors. */
  readonly entry: URL
}

/**
 * Makes sure that a package which was not judged can serve in place of the one that was: it takes and gives the same, is
 * loaded by the code that serves it, answers every test row by finite numbers, and keeps the rules on latency and size.
 * @throws RefitError `refit-failed`
 */
export async function requireServable(request: ServableRequest, signal: AbortSignal): Promise<void> {
  const { signature } = await readManifest(request.folder)
  const other = otherSignature(request.checked.signature, signature)
  if (other !== undefined) throw refitError('refit-failed', { reason: `what it gave is another model than the one that was checked: ${other}.` })
  const found = await ask(request, signal)
  if ('unservable' in found) throw refitError('refit-failed', { reason: `what it gave cannot be served: ${found.unservable.replace(/\.?$/, '.')}` })
  const broken = found.rules.filter((result) => isWorse(result, request.checked.rules))
  if (broken.length > 0) throw refitError('refit-failed', { reason: broken.map(({ explanation }) => explanation).join(' ') })
}

/** How a signature is none that callers of the other could go on with; it may know more classes. */
function otherSignature(checked: Signature, made: Signature): string | undefined {
  const inputs = ({ inputs: columns }: Signature): string => columns.map(({ name, type }) => `${name} as a ${type}`).join(', ')
  if (inputs(checked) !== inputs(made)) return `it takes ${inputs(made)}, and the other ${inputs(checked)}`
  const lost = checked.classes.filter((label) => !made.classes.includes(label))
  return lost.length === 0 ? undefined : `it does not know ${lost.join(', ')}`
}

/** Whether a rule that does not look at the test rows is broken, or left open where the candidate kept it. */
function isWorse({ rule, answer }: RuleResult, checked: readonly RuleResult[]): boolean {
  const before = checked.find((other) => canonicalJson(other.rule) === canonicalJson(rule))
  return answer === 'failed' || (answer === 'inconclusive' && before?.answer === 'passed')
}

/** In a child with limits, and twice where it dies: what comes from outside comes once. */
async function ask({ definition, setsFolder, folder, projectFolder, token, workingFolder, logFile, entry }: ServableRequest, signal: AbortSignal): Promise<AskedRefitted> {
  const { trainMilliseconds: milliseconds, trainMemoryBytes: memoryBytes } = definition.limits
  for (let tried = 1; ; tried += 1) {
    try {
      return await runChildJob(
        { entry, input: { definition, setsFolder, folder } satisfies RefittedInput, output: AskedRefitted, token, limits: { milliseconds, memoryBytes }, workingFolder, environment: predictorEnvironment(projectFolder), logFile },
        signal,
      )
    } catch (error) {
      if (!(error instanceof RefitError)) throw error
      if (error.code === 'process-timeout' || error.code === 'process-memory' || (error.code === 'process-died' && tried > 1)) return { unservable: error.message }
      if (error.code !== 'process-died') throw error
    }
  }
}
