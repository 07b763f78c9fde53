import { rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { refitError } from '../../errors.js'
import { contextOf, runOrNewest } from '../context.js'
import { openFile } from '../open-file.js'

export function addReport(program: Command): void {
  program
    .command('report <run>')
    .description("the verdict of a run in words and pictures, as one HTML file; a model's name stands for its newest run")
    .option('--output <file>', 'where it is written; default: <run>.html in the present folder')
    .option('--open', 'show it in the browser')
    .action(async (named: string, options: { output?: string; open?: boolean }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const run = await runOrNewest(api, named)
      const path = resolve(options.output ?? `${run}.html`)
      await writeWhole(path, await api.report(run))
      const opened = options.open === true && (await openFile(path))
      if (terminal.json) terminal.document({ run, file: path, opened })
      else {
        terminal.line(`${terminal.paint.green('✓')} ${path}`)
        if (options.open === true && !opened) terminal.note(`There is no desktop here to open it with: ${pathToFileURL(path).href}`)
      }
    })
}

/** Appears whole: a browser may be looking at the former one. @throws RefitError `file-unwritable` */
async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`
  try {
    await writeFile(beside, text)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw refitError('file-unwritable', { file: path, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}
