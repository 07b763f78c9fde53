import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the project, with a slash at its end. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Paths of all Markdown pages at the root and in docs, relative to the root. */
export function pagePaths(): readonly string[] {
  const of = (folder: string): string[] => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => join(folder, name))
  return [...of('.'), ...of('docs')].toSorted()
}

/** The text of a page, by its path from the root. */
export function readPage(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A table of a page: the heading above it, and its cells without the row of names. */
export interface PageTable {
  readonly heading: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The tables of a page, in their order; cells as a reader sees them but with their backquotes. */
export function tablesOf(text: string): readonly PageTable[] {
  const tables: { heading: string; columns: readonly string[]; rows: (readonly string[])[] }[] = []
  let heading = ''
  let open: (typeof tables)[number] | undefined
  for (const line of withoutCode(text).split('\n')) {
    heading = /^#+ (.+)$/.exec(line)?.[1] ?? heading
    if (!line.startsWith('|')) open = undefined
    else if (open === undefined) tables.push((open = { heading, columns: cellsOf(line), rows: [] }))
    else if (!/^\|[-|: ]+\|$/.test(line)) open.rows.push(cellsOf(line))
  }
  return tables
}

/** A block of code of a page, with the line on which it begins. */
export interface CodeBlock {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly code: string
}

/** The fenced blocks of code of a page. */
export function codeBlocksOf(page: string, text: string): readonly CodeBlock[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[1] ?? '',
    code: match[2] ?? '',
  }))
}

/** A page without its fenced blocks of code. */
export function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '')
}

function cellsOf(line: string): readonly string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll(/\\([<|*_])/g, '$1'))
}
