#!/usr/bin/env node
import { reportFailure } from './failure.js'
import { createProgram } from './program.js'
import { refitVersion } from './refit-version.js'
import { openTerminal } from './terminal.js'

// A reader that has gone, as in `refit runs | head -1`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await createProgram(refitVersion()).parseAsync()
} catch (error) {
  const options = process.argv.slice(2)
  process.exitCode = reportFailure(error, openTerminal({ json: options.includes('--json'), colour: !options.includes('--no-color') }))
}
