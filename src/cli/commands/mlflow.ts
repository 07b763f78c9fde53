import { join, resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { systemClock } from '../../clock.js'
import { parseTokens } from '../../http/access.js'
import { makeStateFolder } from '../../roles/state.js'
import { fileLog } from '../../telemetry/log.js'
import { contextOf } from '../context.js'

const DEFAULT_PORT = 5000

interface Options {
  readonly port: number
  readonly state: string
  readonly bind: string
  readonly hostName: readonly string[]
  readonly database?: string
}

export function addMlflow(program: Command): void {
  program
    .command('mlflow')
    .description("run MLflow's API alone, in place of `mlflow server`")
    .option('--port <port>', 'port to listen on; 0: any free one', port, DEFAULT_PORT)
    .option('--state <folder>', 'folder that everything is kept in', '.refit-mlflow')
    .option('--bind <address>', 'address to listen on; others than loopback need REFIT_TOKENS', '127.0.0.1')
    .option('--host-name <name...>', 'further names of this server', [])
    .option('--database <url>', 'a PostgreSQL server, in place of its own')
    .action(async (options: Options, command: Command) => {
      const { terminal } = contextOf(command)
      const ended = new AbortController()
      const end = (): void => ended.abort()
      process.once('SIGINT', end)
      process.once('SIGTERM', end)
      const stateFolder = resolve(options.state)
      const { startMlflow } = await import('../../roles/mlflow.js')
      await makeStateFolder(stateFolder)
      const server = await startMlflow({
        stateFolder,
        bind: options.bind,
        port: options.port,
        hosts: options.hostName,
        tokens: parseTokens(process.env['REFIT_TOKENS'] ?? ''),
        databaseUrl: options.database,
        clock: systemClock,
        log: fileLog(join(stateFolder, 'logs', 'mlflow.log'), 'mlflow'),
      })
      if (terminal.json) terminal.record({ kind: 'up', url: server.url })
      else terminal.line(`${terminal.paint.green('✓')} MLflow's API at ${server.url}: set MLFLOW_TRACKING_URI to it. Ctrl-C ends it.`)
      await untilAborted(ended.signal)
      await server.stop()
      process.exit(0)
    })
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return value
}
