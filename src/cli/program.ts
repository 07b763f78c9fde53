import { Command, Option } from 'commander'
import { addAdopt } from './commands/adopt.js'
import { addApprove } from './commands/approve.js'
import { addBatch } from './commands/batch.js'
import { addCancel } from './commands/cancel.js'
import { addClients } from './commands/clients.js'
import { addContract } from './commands/contract.js'
import { addData } from './commands/data.js'
import { addDiff } from './commands/diff.js'
import { addDoctor } from './commands/doctor.js'
import { addDown } from './commands/down.js'
import { addDrops } from './commands/drops.js'
import { addExplain } from './commands/explain.js'
import { addFeedback } from './commands/feedback.js'
import { addImport } from './commands/import.js'
import { addInit } from './commands/init.js'
import { addLogs } from './commands/logs.js'
import { addMlflow } from './commands/mlflow.js'
import { addNotify } from './commands/notify.js'
import { addPredictions } from './commands/predictions.js'
import { addPredict } from './commands/predict.js'
import { addPromote } from './commands/promote.js'
import { addReport } from './commands/report.js'
import { addRetire } from './commands/retire.js'
import { addRollback } from './commands/rollback.js'
import { addRollout } from './commands/rollout.js'
import { addRun } from './commands/run.js'
import { addRuns } from './commands/runs.js'
import { addServe } from './commands/serve.js'
import { addShow } from './commands/show.js'
import { addStatus } from './commands/status.js'
import { addTypes } from './commands/types.js'
import { addUpload } from './commands/upload.js'
import { addUp } from './commands/up.js'
import { addVersions } from './commands/versions.js'
import { exitCodes } from './exit-codes.js'

/** The tree of commands; docs/cli.md is checked against it. */
export function createProgram(version: string): Command {
  const program = new Command('refit')
    .description('Automates the lifecycle of machine-learning models: ingest, split, train, check, version, deploy, again and again.')
    .version(version)
    .option('--project <folder>', 'folder of the project; default: the one here or above')
    .addOption(new Option('--url <url>', 'address of the control server; default: REFIT_URL, else the one that runs the project'))
    .addOption(new Option('--environment <name>', 'one of the environments of the project; default: REFIT_ENVIRONMENT, else none'))
    .option('--json', 'results as JSON: one document, or one a line for what goes on')
    .option('--no-color', 'no colours, as with NO_COLOR')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .showHelpAfterError('(`refit --help` lists the commands)')
  for (const add of [addInit, addUp, addDown, addUpload, addRun, addStatus, addRuns, addShow, addReport, addVersions, addExplain, addDrops, addData, addContract, addLogs, addPredict, addBatch, addPredictions, addFeedback, addTypes, addClients, addServe, addPromote, addAdopt, addImport, addApprove, addRollout, addRollback, addRetire, addCancel, addDiff, addNotify, addMlflow, addDoctor]) add(program)
  program.addHelpText('after', `\nExit codes: ${exitCodes.ok} done, ${exitCodes.error} an error, ${exitCodes.usage} wrong usage; \`refit run\`, \`promote\`, \`adopt\` and \`import\` also tell the outcome by their code, see docs/cli.md.`)
  return program
}
