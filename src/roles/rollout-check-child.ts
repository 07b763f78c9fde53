import { answerCheck } from '../lifecycle/rollout/answer-check.js'

/** The child of a rollout's check in TypeScript. */
answerCheck(process.argv[2] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    // The reason comes last, for the end of the log is what is shown first.
    if (error instanceof Error) console.error(error.stack)
    console.error(error instanceof Error ? error.message : String(error))
    process.exit(1)
  },
)
