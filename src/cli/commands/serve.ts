import { InvalidArgumentError, Option, type Command } from 'commander'
import { containerSettings, type ContainerFlags } from '../../roles/container-settings.js'

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve one model from its package, as the container of a serving platform; needs no project')
    .option('--model <folder>', 'where the package lies; default: where the platform says')
    .addOption(new Option('--platform <name>', 'whose container it is; default: by its variables').choices(['sagemaker', 'vertex']))
    .option('--bind <address>', 'address to listen on; default: 0.0.0.0')
    .option('--port <port>', 'in place of that of the platform; 0: any free one', port)
    .action(async (flags: ContainerFlags) => {
      const settings = containerSettings(
        {
          SAGEMAKER_BASE_DIR: process.env['SAGEMAKER_BASE_DIR'],
          SAGEMAKER_BIND_TO_PORT: process.env['SAGEMAKER_BIND_TO_PORT'],
          SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: process.env['SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT'],
          AIP_HTTP_PORT: process.env['AIP_HTTP_PORT'],
          AIP_HEALTH_ROUTE: process.env['AIP_HEALTH_ROUTE'],
          AIP_PREDICT_ROUTE: process.env['AIP_PREDICT_ROUTE'],
          AIP_STORAGE_URI: process.env['AIP_STORAGE_URI'],
        },
        flags,
      )
      const { runPackageServing } = await import('../../roles/package-serving-process.js')
      await runPackageServing(settings)
    })
}

function port(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.')
  return value
}
