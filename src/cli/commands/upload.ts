import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
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
        const { content, bytes } = await opened(file)
        const answer = await api.upload(model, basename(file), content)
        if (terminal.json) terminal.record(answer)
        else if (answer.isNew) terminal.line(`${paint.green('✓')} ${answer.drop.key} recorded as ${answer.drop.id}  ${paint.dim(size(bytes))}`)
        else terminal.line(`${paint.dim('=')} ${answer.drop.key} is known already as ${answer.drop.id} (${answer.drop.state})`)
      }
    })
}

/** Opened before anything is sent: what cannot be read is no trouble of the network. */
async function opened(file: string): Promise<{ readonly content: Readable; readonly bytes: number }> {
  const unreadable = (reason: string, cause?: unknown): Error => refitError('file-unreadable', { file, reason }, { cause })
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(error instanceof Error ? error.message : String(error), error)
  })
  const found = await handle.stat()
  if (found.isFile()) return { content: handle.createReadStream(), bytes: found.size }
  await handle.close()
  throw unreadable('it is no file')
}
