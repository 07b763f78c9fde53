import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { contextOf, runOrNewest } from '../context.js'
import { openFile } from '../open-file.js'
import { writeWhole } from '../write-whole.js'

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
