import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const file = fileURLToPath(new URL('../../bench/RESULTS.md', import.meta.url))
const HEAD = '# Results\n\nWritten by the scripts named in each section; none of it by hand. Ratios are measured side by side in one run.\n'

/** Puts a section of bench/RESULTS.md in the place of the former one of its title, with machine and date. */
export function writeSection(title: string, command: string, lines: readonly string[]): void {
  const sections = existsSync(file) ? readFileSync(file, 'utf8').split(/^(?=## )/m).slice(1) : []
  const section = [`## ${title}`, '', `\`${command}\` on ${new Date().toISOString().slice(0, 10)}, ${machine()}, ${commit()}.`, '', ...lines, ''].join('\n')
  const at = sections.findIndex((each) => each.startsWith(`## ${title}\n`))
  const all = at === -1 ? [...sections, section] : sections.toSpliced(at, 1, section)
  writeFileSync(file, [HEAD, ...all.map((each) => `${each.trim()}\n`)].join('\n'))
}

/** Puts a file beside bench/RESULTS.md, for a section to show. */
export function writeBeside(name: string, content: string): void {
  writeFileSync(join(dirname(file), name), content)
}

function machine(): string {
  const processors = cpus()
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 1e9)} GB, ${process.platform}, Node ${process.versions.node}`
}

function commit(): string {
  try {
    return `commit ${execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: fileURLToPath(new URL('../../', import.meta.url)), encoding: 'utf8' }).trim()}`
  } catch {
    return 'outside a repository'
  }
}
