import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { refitError } from '../../errors.js'
import { contextOf } from '../context.js'
import { size } from '../figures.js'

export function addUpload(program: Command): void {
  program
    .command('upload <model> <files...>')
    .description('send files as drops; a model that starts on arrival runs by itself')
    .action(async (model: string, files: readonly string[], _options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const { paint } = terminal
      const api = await connect()
      for (const file of files) {
        const bytes = await sizeOf(file)
        const answer = await api.upload(model, basename(file), createReadStream(file))
        if (terminal.json) terminal.record(answer)
        else if (answer.isNew) terminal.line(`${paint.green('✓')} ${answer.drop.key} recorded as ${answer.drop.id}  ${paint.dim(size(bytes))}`)
        else terminal.line(`${paint.dim('=')} ${answer.drop.key} is known already as ${answer.drop.id} (${answer.drop.state})`)
      }
    })
}

async function sizeOf(file: string): Promise<number> {
  try {
    const { size: bytes } = await stat(file)
    return bytes
  } catch (error) {
    throw refitError('file-unreadable', { file, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}
