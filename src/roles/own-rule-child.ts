import { answerRule } from '../lifecycle/answer-rule.js'
import { predictors } from './adapters.js'

/** The child of a rule in TypeScript: it may ask the candidate by the predictors that serve it. */
answerRule(predictors, process.argv[2] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    // The reason comes last, for the end of the log is what is shown first.
    if (error instanceof Error) console.error(error.stack)
    console.error(error instanceof Error ? error.message : String(error))
    process.exit(1)
  },
)
