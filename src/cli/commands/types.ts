import { resolve } from 'node:path'
import type { Command } from 'commander'
import { contextOf } from '../context.js'
import { findVersion } from '../version-elsewhere.js'
import { writeWhole } from '../write-whole.js'

export function addTypes(program: Command): void {
  program
    .command('types <model>')
    .description('write a typed client of a model as one TypeScript file, and hold later versions to it; <model>@<version> names a version')
    .option('--output <file>', 'where it is written; default: standard output')
    .option('--no-record', 'do not record that it exists: no later version is held to it')
    .action(async (named: string, options: { output?: string; record: boolean }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const { model, number } = await findVersion(api, named)
      const { typescript, recorded } = options.record ? await api.recordClient(model, number) : await api.writeClient(model, number)
      const file = options.output === undefined ? undefined : resolve(options.output)
      if (file !== undefined) await writeWhole(file, typescript)
      if (terminal.json) {
        terminal.document({ model, version: number, ...(file === undefined ? { typescript } : { file }), ...(recorded === undefined ? {} : { client: recorded.number }) })
        return
      }
      if (file === undefined) terminal.write(typescript)
      const { paint } = terminal
      const held = recorded === undefined ? 'It is not recorded: later versions are not held to it.' : `Recorded as client ${recorded.number}: a version that breaks it fails the check. \`refit clients ${model}\` lists them.`
      if (file === undefined) terminal.note(paint.dim(held))
      else terminal.line(`${paint.green('✓')} ${file}  version ${number} of ${model}\n  ${paint.dim(held)}`)
    })
}
